/* SPDX-License-Identifier: MIT */
/*
 * swcxlctl beside a device that lies: any command line, and answers that are true, changed on the
 * way, cut off or made up. The program ends with a status, its output is text, or with --json
 * documents, and no control character of the device's reaches the terminal.
 *
 * The program is as it is but for its links (pci.c, qmp.c), whose part is played here. It
 * ends by _exit() and leaves its memory to the system: here that is a jump, and leaks are not
 * looked for.
 */
#include <json-c/json.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../model/device.h"
#include "base/le.h"
#include "base/util.h"
#include "cli/ctl.h"
#include "ctl_script.h"
#include "input.h"

_Noreturn void fuzz_ctl_exit(int status);
#define _exit fuzz_ctl_exit
#include "cli/report.c" /* for its one piece of state, too */

#define PAYLOAD_MAX 4096u
#define COMMANDS_MAX 400u
#define SLEEPS_MAX 100u
#define GONE 99 /* the status of a program that was stopped */

__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int ctl_main(int argc, char **argv);
int fuzz_ctl_sleep(useconds_t us);

static struct test_device t;
static struct input in;
static unsigned executed, sleeps;
static uint8_t answer[UINT16_MAX];
static jmp_buf end_of_program;

int __lsan_is_turned_off(void)
{
	return 1;
}

/* ---- the process ----------------------------------------------------------------------------- */

void fuzz_ctl_exit(int status)
{
	longjmp(end_of_program, 1 + status);
}

int fuzz_ctl_sleep(useconds_t us)
{
	if (++sleeps > SLEEPS_MAX)
		fuzz_ctl_exit(GONE);
	swcxl_advance(t.dev, swcxl_now(t.dev) + us * 1000ull + 1);
	return 0;
}

int64_t now_ns(void)
{
	return (int64_t)(swcxl_now(t.dev) & INT64_MAX);
}

int64_t now_ms(void)
{
	return now_ns() / 1000000;
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

struct link *qmp_open(const char *path, const char *origin)
{
	(void)origin;
	die(NO_CONNECTION, "Nobody answers at %s", path);
}

bool link_is_qmp(const struct link *link)
{
	(void)link;
	return false;
}

struct json_object *qmp_call(struct link *link, const char *command, struct json_object *args,
			     const char *what)
{
	(void)link, (void)command, (void)args, (void)what;
	abort(); /* without a control socket nobody calls that */
}

struct json_object *qmp_wait(struct link *link, const char *event, int64_t timeout_ms)
{
	(void)link, (void)event, (void)timeout_ms;
	abort();
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
	swcxl_advance(t.dev, 1ull << 32);
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

static void check_output(const char *text, size_t len, int status)
{
	for (size_t i = 0; i < len; i++) /* a log may be text, with tabs */
		MUST((unsigned char)text[i] >= ' ' || text[i] == '\n' || text[i] == '\t');
	if (as_json && status != GONE && (status == DONE || len) && !strstr(text, "Usage") &&
	    strncmp(text, "swcxlctl ", 9) != 0)
		check_json(text, len);
#ifdef FUZZ_CANARY /* a defect to be found: a device of so many bytes */
	MUST(!strstr(text, "EiB"));
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[CTL_WORDS_MAX + 5] = {strdup("swcxlctl"), strdup("--pci"), strdup("x")};
	char *words[CTL_WORDS_MAX + 5], *text = NULL;
	FILE *saved[] = {stdout, stderr}, *nowhere = fopen("/dev/null", "w");
	int argc = 3, status;
	uint8_t flags;
	size_t len;

	setenv("NO_COLOR", "1", 1);
	in = (struct input){data, size};
	executed = sleeps = 0;
	as_json = false;
	flags = (uint8_t)take(&in, 1);
	open_device(flags);
	if (flags & CTL_JSON)
		argv[argc++] = strdup("--json");
	for (unsigned n = (unsigned)take(&in, 1) % (CTL_WORDS_MAX + 1); n > 0; n--)
		argv[argc++] = take_word();
	memcpy(words, argv, sizeof(words));
	stdout = open_memstream(&text, &len);
	MUST(stdout && nowhere);
	stderr = nowhere;
	status = run(argc, argv);
	stderr = saved[1];
	fclose(stdout);
	stdout = saved[0];
	fclose(nowhere);
	MUST((status >= DONE && status <= NO_CONNECTION) || status == GONE);
	check_output(text, len, status);
	free(text);
	for (int i = 0; i < argc; i++)
		free(words[i]);
	test_device_close(&t);
	return 0;
}
