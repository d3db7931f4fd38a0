/* SPDX-License-Identifier: MIT */
/*
 * swcxlctl beside a device that lies: any command line, and answers that are true, changed on the
 * way, cut off or made up. The program ends with a status, its output is text, or with --json
 * documents, and no control character of the device's reaches the terminal.
 *
 * The program is as it is but for what it gets from the system (ctl_fakes.h) and one of its links:
 * that to a PCI function is played here, that to a control socket is its own (ctl_socket.c). It
 * ends by _exit() and leaves its memory to the system: here that is a jump, and leaks are not
 * looked for, but what is large is freed.
 */
#include <errno.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../model/device.h"
#include "base/le.h"
#include "base/util.h"
#include "cli/ctl.h"
#include "cli/terminal.h"
#include "ctl_fakes.h"
#include "ctl_script.h"
#include "ctl_socket.h"
#include "input.h"

#undef realloc
#undef free
#undef fopen
#undef fclose
#define _exit fuzz_ctl_exit
#include "cli/report.c" /* for its one piece of state, too */

#define PAYLOAD_MAX 4096u
#define COMMANDS_MAX 400u
#define SLEEPS_MAX 100u
#define BLOCKS_MAX 4096u
#define FILES_MAX 8u

__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

static struct test_device t;
static struct input in;
static unsigned executed, sleeps;
static uint8_t answer[UINT16_MAX];
static jmp_buf end_of_program;
static bool control;
static void *blocks[BLOCKS_MAX]; /* of the program; NULL: free */
static FILE *files[FILES_MAX];	 /* likewise */

int __lsan_is_turned_off(void)
{
	return 1;
}

/* ---- the process ----------------------------------------------------------------------------- */

static void pass(uint64_t ns)
{
	if (control)
		ctl_socket_pass(ns);
	else
		swcxl_advance(t.dev, swcxl_now(t.dev) + ns);
}

void fuzz_ctl_exit(int status)
{
	longjmp(end_of_program, 1 + status);
}

int fuzz_ctl_sleep(useconds_t us)
{
	if (++sleeps > SLEEPS_MAX)
		fuzz_ctl_exit(GONE);
	pass(us * 1000ull + 1);
	return 0;
}

int fuzz_ctl_clock(clockid_t id, struct timespec *now)
{
	uint64_t ns = swcxl_now(t.dev) & INT64_MAX;

	MUST(id == CLOCK_MONOTONIC);
	*now = (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S),
				 .tv_nsec = (long)(ns % NS_PER_S)};
	return 0;
}

/* There are no other programs. */
int fuzz_ctl_exec(const char *program, ...)
{
	MUST(program);
	errno = ENOENT;
	return -1;
}

/* What is kept a record of; more than that leaks. */
void *fuzz_ctl_realloc(void *old, size_t size)
{
	void *p = realloc(old, size);

	MUST(p);
	for (size_t i = 0; i < BLOCKS_MAX; i++)
		if (blocks[i] == old) {
			blocks[i] = p;
			break;
		}
	return p;
}

void fuzz_ctl_free(void *p)
{
	for (size_t i = 0; i < BLOCKS_MAX && p; i++)
		if (blocks[i] == p)
			blocks[i] = NULL;
	free(p);
}

/* No file can be written. With a control socket the input has what can be read, whatever the name;
 * otherwise there is nothing. */
FILE *fuzz_ctl_fopen(const char *path, const char *mode)
{
	size_t len, slot = 0;
	uint8_t *bytes;

	MUST(path);
	while (slot < FILES_MAX && files[slot])
		slot++;
	if (*mode != 'r' || !control || slot == FILES_MAX) {
		errno = *mode != 'r' ? EACCES : ENOENT;
		return NULL;
	}
	len = take(&in, 2);
	len = MIN(len, in.len);
	bytes = fuzz_ctl_realloc(NULL, len + 1);
	take_bytes(&in, bytes, len);
	files[slot] = fmemopen(bytes, len, "r");
	return files[slot];
}

int fuzz_ctl_fclose(FILE *file)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (files[i] == file)
			files[i] = NULL;
	return fclose(file);
}

/* What a program that has ended leaves. */
static void clean_up(void)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (files[i])
			fuzz_ctl_fclose(files[i]);
	for (size_t i = 0; i < BLOCKS_MAX; i++) {
		free(blocks[i]);
		blocks[i] = NULL;
	}
}

/* ---- the link -------------------------------------------------------------------------------- */

static void change(struct reply *reply, uint8_t *bytes)
{
	unsigned payload = swcxl_get_config(t.dev)->payload_size;

	switch (take(&in, 1) % CTL_ANSWERS) {
	case CTL_PATCH:
		for (unsigned n = (unsigned)take(&in, 1) % 32; n > 0; n--) {
			size_t at = take(&in, 2);

			if (reply->len)
				bytes[at % reply->len] = (uint8_t)take(&in, 1);
		}
		break;
	case CTL_CUT:
		reply->len = take(&in, 2) % (payload + 1);
		break;
	case CTL_REFUSE:
		reply->rc = (unsigned)take(&in, 1);
		reply->len = 0;
		break;
	case CTL_BYTES:
		reply->len = take(&in, 2) % (payload + 1);
		take_bytes(&in, bytes, MIN(reply->len, in.len));
		break;
	case CTL_FILL:
		reply->len = take(&in, 2) % (payload + 1);
		memset(bytes, (int)take(&in, 1), reply->len);
		break;
	default:
		break;
	}
}

/* The answer lies in memory of exactly its size. */
static struct reply fake_execute(struct link *link, unsigned opcode, const void *p, size_t len)
{
	static uint8_t *copy;
	struct reply reply = {.len = 0};

	MUST(len <= link->payload && opcode <= UINT16_MAX);
	if (++executed > COMMANDS_MAX)
		fuzz_ctl_exit(GONE);
	memset(answer, 0, PAYLOAD_MAX);
	reply.rc = test_execute(&t, opcode, p, len, answer, &reply.len);
	change(&reply, answer);
	free(copy);
	copy = malloc(reply.len ? reply.len : 1);
	MUST(copy);
	memcpy(copy, answer, reply.len);
	reply.p = copy;
	return reply;
}

static void fake_background(struct link *link, struct background *background)
{
	struct swcxl_status st;

	(void)link;
	swcxl_query(t.dev, &st);
	*background = (struct background){.running = st.background.running,
					  .opcode = st.background.opcode,
					  .percent = st.background.percent,
					  .rc = st.background.rc};
	if (take(&in, 1) % 8 != 7)
		return;
	background->running = take(&in, 1) & 1; /* registers of a mailbox: so wide, and no more */
	background->opcode = (unsigned)take(&in, 2);
	background->percent = (unsigned)take(&in, 1) & 0x7f;
	background->rc = (unsigned)take(&in, 2);
}

static void fake_close(struct link *link)
{
	(void)link;
}

static const struct link_ops fake = {
	.execute = fake_execute, .background = fake_background, .close = fake_close};
static struct link the_link = {.ops = &fake};

struct link *pci_open(const char *bdf)
{
	MUST(!strcmp(bdf, "x"));
	return &the_link;
}

bool pci_normalise(const char *text, char bdf[static 16])
{
	strcpy(bdf, "x");
	return *text;
}

/* Measures real time: nothing for a fuzzer. */
enum status cmd_bench(struct ctl *ctl)
{
	(void)ctl;
	return DONE;
}

/* ---- one program ----------------------------------------------------------------------------- */

static void live(void)
{
	const struct swcxl_dc_add add = {.region = 0, .length = 4 * MiB};
	const struct swcxl_dc_release release = {
		.region = 0, .length = 2 * MiB, .tag = {0}, .removal = SWCXL_DC_REMOVE_TAG};
	uint8_t bytes[32] = {1};
	struct swcxl_dc_region region;
	size_t len;

	for (unsigned i = 0; i < 12; i++)
		swcxl_plant(t.dev, i * 192, SWCXL_LINE, (enum swcxl_source)(i % 4), i & 1, i == 5);
	swcxl_dc_region_get(t.dev, 0, &region);
	swcxl_dc_add(t.dev, &add);
	le_store(bytes + 8, 8, region.start);
	le_store(bytes + 16, 8, add.length);
	test_execute(&t, 0x4802, bytes, sizeof(bytes), answer, &len);
	swcxl_dc_add(t.dev, &add);
	swcxl_dc_release(t.dev, &release);
	for (unsigned log = 0; log < SWCXL_LOGS; log++)
		swcxl_event_inject(t.dev, log, &(struct swcxl_event_header){.uuid = {1}}, bytes, 8);
	pass(1ull << 32);
}

static void open_device(uint8_t flags)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.volatile_size = c.persistent_size = SWCXL_CAPACITY_UNIT;
	c.lsa_size = 1280;
	c.payload_size = flags & CTL_SMALL ? 512 : PAYLOAD_MAX;
	c.dc_regions = 2;
	c.dc_region_size = SWCXL_CAPACITY_UNIT;
	c.media_memory_max = 1 << 16;
	c.event_log_max = 8;
	c.poison_list_max = 8;
	test_device_open(&t, &c);
	the_link.shared = flags & CTL_SHARED;
	the_link.payload = c.payload_size;
	if (control)
		ctl_socket_open(&t, &in);
	if (!(flags & CTL_IDLE))
		live();
}

/* Text of the input, which the program may change. */
static char *take_word(void)
{
	size_t len = take(&in, 1);
	char *word = malloc(len + 1);

	MUST(word);
	take_bytes(&in, word, len);
	word[len] = 0;
	return word;
}

static int run(int argc, char **argv)
{
	int status = setjmp(end_of_program);

	if (status)
		return status - 1;
	optind = 0;
	return ctl_main(argc, argv);
}

static void check_json(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(64);

	while (len) {
		size_t n = strspn(text, "\n");
		struct json_object *document;

		text += n;
		len -= n;
		if (!len)
			break;
		document = json_tokener_parse_ex(tokener, text, (int)len);
		MUST(document && json_tokener_get_error(tokener) == json_tokener_success);
		n = json_tokener_get_parse_end(tokener);
		text += n;
		len -= n;
		json_object_put(document);
	}
	json_tokener_free(tokener);
}

/* Text without control characters, but for blank ones (a log may be text, with tabs) and the
 * program's own colours if there are any. */
static void check_text(const char *text, size_t len)
{
	bool colours = *colour(BOLD);

	for (size_t i = 0; i < len; i++) {
		if (colours && text[i] == '\033' && text[i + 1] == '[') {
			i += 2 + strspn(text + i + 2, "0123456789;");
			MUST(text[i] == 'm');
			continue;
		}
		if (text[i] == '\n' || text[i] == '\t')
			continue;
		MUST((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
		MUST((unsigned char)text[i] != 0xc2 || (unsigned char)text[i + 1] < 0x80 ||
		     (unsigned char)text[i + 1] > 0x9f);
	}
}

static void check_output(const char *text, size_t len, int status)
{
	check_text(text, len);
	if (as_json && status != GONE && (status == DONE || len) && !strstr(text, "Usage") &&
	    strncmp(text, "swcxlctl ", 9) != 0)
		check_json(text, len);
	MUST(!len || status == GONE || text[len - 1] == '\n');
#ifdef FUZZ_CANARY /* a defect to be found: a size that is so large, in status */
	MUST(!strstr(text, "PiB volatile"));
#endif
}

/* Its output, and what it says of errors. */
static void run_and_check(int argc, char **argv)
{
	FILE *saved[] = {stdin, stdout, stderr};
	char *text = NULL, *errors = NULL;
	size_t len, errors_len;
	int status;

	stdin = fopen("/dev/null", "r");
	stdout = open_memstream(&text, &len);
	stderr = open_memstream(&errors, &errors_len);
	MUST(stdin && stdout && stderr);
	status = run(argc, argv);
	fclose(stdin);
	fclose(stdout);
	fclose(stderr);
	stdin = saved[0];
	stdout = saved[1];
	stderr = saved[2];
	MUST((status >= DONE && status <= NO_CONNECTION) || status == GONE);
	check_output(text, len, status);
	check_text(errors, errors_len);
	free(text);
	free(errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[CTL_WORDS_MAX + 5] = {strdup("swcxlctl")}, *words[CTL_WORDS_MAX + 5];
	uint8_t flags;
	int argc = 3;

	setenv("NO_COLOR", "1", 1);
	colours_choose("auto");
	in = (struct input){data, size};
	executed = sleeps = 0;
	as_json = false;
	flags = (uint8_t)take(&in, 1);
	control = flags & CTL_CONTROL;
	argv[1] = strdup(control ? "--qmp" : "--pci");
	argv[2] = strdup("x");
	open_device(flags);
	if (flags & CTL_JSON)
		argv[argc++] = strdup("--json");
	for (unsigned n = (unsigned)take(&in, 1) % (CTL_WORDS_MAX + 1); n > 0; n--)
		argv[argc++] = take_word();
	memcpy(words, argv, sizeof(words));
	run_and_check(argc, argv);
	clean_up();
	for (int i = 0; i < argc; i++)
		free(words[i]);
	ctl_socket_close();
	test_device_close(&t);
	return 0;
}
