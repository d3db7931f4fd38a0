/* SPDX-License-Identifier: MIT */
/*
 * Command lines: the input is words, each ended by a zero byte. All of them together are a command
 * line of swcxl; each is also what swcxlctl may be given as a size, a range, an opcode, bytes or a
 * duration.
 *
 * A command line is refused with one line, or makes a device; and the options that swcxl writes
 * into the header of a trace make the same one.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "cli/parse.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "input.h"

#define WORDS_MAX 64
#define LITTLE (1u << 20) /* bytes that a device may take at once here */

static unsigned lines; /* said on stderr */
static char name[] = "swcxl", serve[] = "--fd=0";

/* In the place of daemon/log.c. */
void log_line(enum swcxl_log_level level, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	MUST(level == SWCXL_LOG_ERR && *text);
	lines++;
}

/* ---- swcxl ---- */

static void *on_realloc(void *ctx, void *old, size_t size)
{
	(void)ctx;
	if (size)
		return realloc(old, size);
	free(old);
	return NULL;
}

static void make_device(const struct swcxl_config *c)
{
	const struct swcxl_host host = {.realloc = on_realloc};
	struct swcxl_dev *dev;

	if (c->payload_size > LITTLE || c->lsa_size > LITTLE)
		return;
	MUST(!swcxl_new(c, &host, &dev));
	MUST(swcxl_capacity(dev) == c->volatile_size + c->persistent_size + c->partitionable_size +
					    c->dc_regions * c->dc_region_size);
	swcxl_free(dev);
}

/* The options that make a device, as words: "swcxl", and one for each. Returns their text. */
static char *describe(const struct options *o, char *argv[static WORDS_MAX], int *argc)
{
	char *text = NULL, *rest;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	MUST(f);
	options_print_device(f, o);
	MUST(!fclose(f) && strlen(text) == len);
	argv[0] = name;
	*argc = 1;
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		MUST(*argc < WORDS_MAX - 1);
		argv[(*argc)++] = word;
	}
	return text;
}

/* What has been described makes the same device, and so the same words. */
static void again(const struct options *o)
{
	char *argv[WORDS_MAX], *argv2[WORDS_MAX], *text, *text2;
	struct options same;
	int argc, argc2;

	text = describe(o, argv, &argc);
	argv[argc] = serve;
	MUST(options_parse(&same, argc + 1, argv) == OPTIONS_GO && !lines);
	MUST(same.config.serial == o->config.serial && same.config.lsa_size == o->config.lsa_size);
	text2 = describe(&same, argv2, &argc2);
	MUST(argc2 == argc);
	for (int i = 0; i < argc; i++)
		MUST(!strcmp(argv[i], argv2[i]));
	free(text);
	free(text2);
}

static void command_line(int argc, char **argv)
{
	struct options o;
	int status = options_parse(&o, argc, argv);

	MUST(status == OPTIONS_GO || status == 0 || status == 2);
	MUST(lines == (status == 2));
	lines = 0;
	if (status != OPTIONS_GO)
		return;
	MUST(!swcxl_config_error(&o.config) && o.config.serial && *o.name);
	MUST(o.socket_path || o.fd >= 0 || o.qmp || o.run);
	MUST(o.poll_ns <= NS_PER_S && o.log_level <= SWCXL_LOG_DEBUG);
	make_device(&o.config);
	again(&o);
}

/* ---- swcxlctl ---- */

static void sizes(const char *word)
{
	uint64_t value, same;
	char text[32];

	if (parse_size(word, &value)) {
		MUST(isdigit((unsigned char)*word));
#ifdef FUZZ_CANARY /* a defect to be found: a size of some PiB */
		MUST(!(value >> 56) || value >> 60);
#endif
		snprintf(text, sizeof(text), "%#" PRIx64, value);
		MUST(value ? parse_size(text, &same) && same == value : *word == '0');
	}
	if (parse_duration(word, &value)) {
		snprintf(text, sizeof(text), "%" PRIu64 "ns", value);
		MUST(parse_duration(text, &same) && same == value);
	}
}

static void ranges(const char *word)
{
	struct range range = {0}, same;
	bool length_given, again;
	char text[64];

	if (!parse_range(word, &range, &length_given))
		return;
	MUST(length_given == (strpbrk(word, "+-") != NULL));
	snprintf(text, sizeof(text), "%" PRIu64 "+%" PRIu64, range.start, range.length);
	MUST(parse_range(text, &same, &again) && again);
	MUST(same.start == range.start && (!length_given || same.length == range.length));
}

static void bytes(const char *word)
{
	uint8_t some[16];
	size_t len = 0, digits = 0;
	unsigned opcode;
	bool all = parse_hex(word, some, sizeof(some), &len);

	MUST(len <= sizeof(some));
	for (const char *c = word; *c; c++)
		digits += isxdigit((unsigned char)*c) != 0;
	MUST(!all || 2 * len == digits - (word[0] == '0' && (word[1] | 0x20) == 'x'));
	MUST(!parse_opcode(word, &opcode) || opcode <= UINT16_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *argv[WORDS_MAX + 1] = {name};
	static FILE *nowhere;
	FILE *saved = stdout;
	int argc = 1;

	MUST(text);
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	nowhere = nowhere ? nowhere : fopen("/dev/null", "w");
	MUST(nowhere);
	stdout = nowhere; /* for what actions print */
	lines = 0;
	for (size_t at = 0; at < size && argc < WORDS_MAX; at += strlen(text + at) + 1) {
		sizes(text + at);
		ranges(text + at);
		bytes(text + at);
		argv[argc++] = text + at;
	}
	command_line(argc, argv);
	stdout = saved;
	free(text);
	return 0;
}
