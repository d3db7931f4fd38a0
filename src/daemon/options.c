// SPDX-License-Identifier: MIT
/*
 * The table of options becomes rows that say where an option's value goes and what it may be; the
 * rest is one parser for each kind.
 *
 * getopt_long() is not used because it accepts any unambiguous beginning of a name: a script that
 * relies on one would break when an option is added. Both `--name value` and `--name=value` are
 * understood, and when an option is repeated the last one counts.
 */
#include "daemon/options.h"

#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/hex.h"
#include "base/util.h"
#include "base/width.h"
#include "daemon/entry.h"
#include "daemon/listen.h"
#include "daemon/log.h"

#define USAGE 2
#define NAME_MAX_CHARS 64	   /* as long as anybody types, and no longer than a log line */
#define POLL_NS (1900 * NS_PER_US) /* the first command after idle within 2 ms */
#define DC_REGION_DEFAULT (256 * MiB)
#define LSA_NOT_GIVEN UINT32_MAX
#define LSA_DEFAULT (128 * KiB) /* with persistent capacity: what Linux needs for labels */

enum kind { SIZE, TIME, NUMBER, HEX, CHOICE, ONOFF, FLAG, REGIONS, TEXT, PRINT };

struct row {
	const char *name;
	enum kind kind;
	bool device;
	const char *argument;
	size_t offset, size;
	uint64_t min, max;
	const char *preset, *help;
	void (*print)(void);
};

static void print_help(void);
static void print_version(void);
static void print_long_options(void);
static void print_capabilities(void);

/* clang-format off */
static const struct row rows[] = {
#define PLACE_(field) offsetof(struct options, field), sizeof(((struct options *)0)->field)
#define DEVICE_OPTION(name, field, kind, argument, min, max, preset, help) \
	{name, kind, true, argument, PLACE_(config.field), min, max, preset, help, NULL},
#define PROCESS_OPTION(name, field, kind, argument, min, max, preset, help) \
	{name, kind, false, argument, PLACE_(field), min, max, preset, help, NULL},
#define ACTION(name, id, help) \
	{name, PRINT, false, "", 0, 0, 0, 0, NULL, help, print_##id},
#include "tbl/options.tbl.h"
};
/* clang-format on */

/* ---- what the actions print ------------------------------------------------------------------ */

static bool has_argument(const struct row *row)
{
	return row->kind != FLAG && row->kind != PRINT;
}

static void print_help(void)
{
	printf("Usage: swcxl OPTION...\n"
	       "A CXL memory device as a process. One of --socket-path, --fd, --qmp and --run is "
	       "needed.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s %s", rows[i].name, rows[i].argument);
		printf("  %-42s %s", left, rows[i].help);
		if (has_argument(&rows[i]) && strcmp(rows[i].preset, "none") != 0)
			printf(" [%s]", rows[i].preset);
		printf("\n");
	}
	printf("\nSizes take K, M, G or T; times ns, us, ms, s, m or h. See swcxl(1), and "
	       "swcxl-qmp(7) for the control "
	       "protocol.\n");
}

static void print_version(void)
{
	printf("swcxl %s\n", SWCXL_VERSION);
}

static void print_long_options(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		printf("--%s\n", rows[i].name);
}

static void print_capabilities(void)
{
	printf("{\n  \"type\": \"cxl-type3\",\n  \"version\": \"%s\",\n  \"features\": "
	       "[\"vfio-user\", \"qmp\", \"fd\", \"run\", \"virtual-clock\", \"trace\", "
	       "\"replay\", "
	       "\"state\", \"dynamic-capacity\", \"sandbox\"],\n"
	       "  \"options\": [",
	       SWCXL_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		printf("%s\"%s\"", i ? ", " : "", rows[i].name);
	printf("]\n}\n");
}

/* ---- values: OPTIONS_GO, or USAGE after a line that says why not ----------------------------- */

#define bad(...) (log_line(SWCXL_LOG_ERR, __VA_ARGS__), USAGE)

/* Digits to the end of the text, or to *end when that is not NULL. */
static bool to_number(const char *text, unsigned base, const char **end, uint64_t *value)
{
	const char *start = text;

	for (*value = 0;; text++) {
		int digit = hex_digit(*text);

		if (digit < 0 || (unsigned)digit >= base)
			break;
		if (__builtin_mul_overflow(*value, base, value) ||
		    __builtin_add_overflow(*value, (unsigned)digit, value))
			return false;
	}
	if (end)
		*end = text;
	return text > start && (end || !*text);
}

static bool to_size(const char *text, uint64_t *value)
{
	static const char suffixes[] = "KMGT";
	const char *end, *suffix;

	if (!to_number(text, 10, &end, value))
		return false;
	if (!*end)
		return true;
	suffix = strchr(suffixes, *end & ~0x20);
	return suffix && *suffix && !end[1] &&
	       !__builtin_mul_overflow(*value, 1ull << 10 * (suffix - suffixes + 1), value);
}

/* A number without a unit is one of seconds, as with sleep(1). */
static bool to_time(const char *text, uint64_t *value)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"ns", 1},	     {"us", 1000},	   {"ms", NS_PER_MS},	  {"s", NS_PER_S},
		     {"", NS_PER_S}, {"m", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}};
	const char *end;

	if (!to_number(text, 10, &end, value))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].name))
			return !__builtin_mul_overflow(*value, units[i].ns, value);
	return false;
}

/* The index of a word in "one|two|three", or -1. */
static int to_choice(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (int i = 0;; i++) {
		size_t word = strcspn(words, "|");

		if (word == len && !memcmp(words, text, len))
			return i;
		if (!words[word])
			return -1;
		words += word + 1;
	}
}

/* Bounds of times are told in seconds, the unit of a number without one. */
static int take_number(const struct row *row, const char *text, void *p)
{
	uint64_t value, unit = row->kind == TIME ? NS_PER_S : 1;
	const char *suffix = row->kind == TIME ? "s" : "";
	bool ok;

	if (row->kind == SIZE)
		ok = to_size(text, &value);
	else if (row->kind == TIME)
		ok = to_time(text, &value);
	else if (row->kind == HEX)
		ok = to_number(!strncasecmp(text, "0x", 2) ? text + 2 : text, 16, NULL, &value);
	else
		ok = to_number(text, 10, NULL, &value);
	if (!ok)
		return bad("--%s: '%s' is not a %s", row->name, text,
			   row->kind == SIZE ? "size (a number, then K, M, G, T or nothing)"
			   : row->kind == TIME
				   ? "time (a number, then ns, us, ms, s, m, h or nothing: seconds)"
			   : row->kind == HEX ? "hexadecimal number of up to 64 bits"
					      : "number");
	if (value < row->min || value > row->max)
		return bad("--%s: %s is not within %" PRIu64 "%s to %" PRIu64 "%s", row->name, text,
			   row->min / unit, suffix, row->max / unit, suffix);
	store_width(p, row->size, value);
	return OPTIONS_GO;
}

/* ---- N=FLAGS: a number, or words ---- */

static const struct {
	const char *word;
	unsigned bit;
} dc_flags[] = {
#define DC_FLAG_ROW(word, bit) {word, bit},
	SWCXL_DC_FLAG_WORDS(DC_FLAG_ROW)};

/* The bit of a word, or 0. */
static unsigned dc_flag(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(dc_flags); i++)
		if (strlen(dc_flags[i].word) == len && !memcmp(dc_flags[i].word, word, len))
			return 1u << dc_flags[i].bit;
	return 0;
}

static int take_bits(const struct row *row, const char *text, uint8_t *flags)
{
	uint64_t bits;

	if (!to_number(text + 2, 16, NULL, &bits) || bits & ~(uint64_t)SWCXL_DC_FLAGS)
		return bad("--%s: '%s' is not a hexadecimal number, or has bits that are no flags: "
			   "those that are make 0x%x",
			   row->name, text, SWCXL_DC_FLAGS);
	*flags = (uint8_t)bits;
	return OPTIONS_GO;
}

static int take_regions(const struct row *row, const char *text, uint8_t *flags)
{
	const char *word;
	uint64_t region;
	unsigned set = 0;

	if (!to_number(text, 10, &word, &region) || *word++ != '=')
		return bad("--%s: '%s' is not N=FLAGS, as in 0=sharable,read-only or 0=0x48",
			   row->name, text);
	if (region > row->max)
		return bad("--%s: region %" PRIu64 " is not within %" PRIu64 " to %" PRIu64,
			   row->name, region, row->min, row->max);
	if (!strncasecmp(word, "0x", 2))
		return take_bits(row, word, &flags[region]);
	for (;; word++) {
		size_t len = strcspn(word, ",");
		unsigned bit = dc_flag(word, len);

		if (!bit)
			return bad("--%s: '%.*s' is not one of sanitize, non-volatile, sharable, "
				   "hw-coherency, read-only",
				   row->name, (int)len, word);
		set |= bit;
		word += len;
		if (!*word)
			break;
	}
	flags[region] = (uint8_t)set;
	return OPTIONS_GO;
}

static void print_regions(FILE *file, const struct row *row, const uint8_t *flags)
{
	for (unsigned n = 0; n <= row->max; n++) {
		const char *comma = "";

		if (!flags[n])
			continue;
		fprintf(file, " --%s=%u=", row->name, n);
		for (size_t i = 0; i < ARRAY_SIZE(dc_flags); i++) {
			if (!(flags[n] >> dc_flags[i].bit & 1))
				continue;
			fprintf(file, "%s%s", comma, dc_flags[i].word);
			comma = ",";
		}
	}
}

static int take(struct options *options, const struct row *row, const char *text)
{
	void *p = (char *)options + row->offset;
	int choice;

	switch (row->kind) {
	case SIZE:
	case TIME:
	case NUMBER:
	case HEX:
		return take_number(row, text, p);
	case CHOICE:
	case ONOFF:
		choice = to_choice(row->argument, text);
		if (choice < 0)
			return bad("--%s: '%s' is not one of %s", row->name, text, row->argument);
		store_width(p, row->size, (uint64_t)(row->kind == ONOFF ? choice == 0 : choice));
		return OPTIONS_GO;
	case FLAG:
		store_width(p, row->size, true);
		return OPTIONS_GO;
	case REGIONS:
		return take_regions(row, text, p);
	case TEXT:
		*(const char **)p = text;
		return *text ? OPTIONS_GO : bad("--%s: the argument is empty", row->name);
	case PRINT:
		break;
	}
	return OPTIONS_GO;
}

/* ---- the command line ------------------------------------------------------------------------ */

static const struct row *find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strlen(rows[i].name) == len && !memcmp(rows[i].name, name, len))
			return &rows[i];
	return NULL;
}

static bool is_name(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				  "._-");

	return len && !name[len] && len <= NAME_MAX_CHARS;
}

/* A group by its name, or by its number, which need not have one. */
static int find_group(const char *text, gid_t *gid)
{
	const struct group *group = getgrnam(text);
	const char *end;
	uint64_t number;

	if (group)
		*gid = group->gr_gid;
	else if (to_number(text, 10, &end, &number) && !*end && number < NO_GROUP)
		*gid = (gid_t)number;
	else
		return bad("--socket-group: there is no group '%s'", text);
	return OPTIONS_GO;
}

static int check_socket_path(const char *option, const char *path)
{
	const struct sockaddr_un *address = NULL;

	if (!path || strlen(path) < sizeof(address->sun_path))
		return OPTIONS_GO;
	return bad("--%s: a socket's path has at most %zu bytes, and this one %zu", option,
		   sizeof(address->sun_path) - 1, strlen(path));
}

/* A serial number for devices that were given none: FNV-1a of the name, so that each name has its
 * own, and the same one every time. 0 means "no serial number" to hosts. */
static uint64_t serial_of(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
	return hash ? hash : 1;
}

/* What no single option can tell: combinations, and defaults that depend on others. */
static int settle(struct options *options)
{
	struct swcxl_config *config = &options->config;
	const char *error;

	if (!is_name(options->name))
		return bad("--name: up to %d letters, digits, dots, dashes and underscores, please",
			   NAME_MAX_CHARS);
	options->serial_given = config->serial;
	if (!config->serial)
		config->serial = serial_of(options->name);
	if (config->lsa_size == LSA_NOT_GIVEN)
		config->lsa_size =
			config->persistent_size | config->partitionable_size ? LSA_DEFAULT : 0;
	if (!config->dc_regions)
		config->dc_region_size = 0;
	error = swcxl_config_error(config);
	if (error)
		return bad("%s", error);
	if (options->replay && (options->socket_path || options->fd >= 0 || options->qmp ||
				options->run || options->trace || options->pid_file))
		return bad("--replay serves nobody: --socket-path, --fd, --qmp, --run, --trace and "
			   "--pid-file do not go with it");
	if (!options->socket_path && options->fd < 0 && !options->qmp && !options->run &&
	    !options->replay)
		return bad("nothing to serve on: give one of --socket-path, --fd, --qmp and --run "
			   "(--help lists all options)");
	if (options->socket_path && options->fd >= 0)
		return bad("--socket-path and --fd exclude each other");
	if (options->socket_path && options->qmp && entry_same(options->socket_path, options->qmp))
		return bad("--socket-path and --qmp name the same socket");
	if (options->state &&
	    ((options->trace && entry_same(options->state, options->trace)) ||
	     (options->pid_file && entry_same(options->state, options->pid_file))))
		return bad("--state names a file that --trace or --pid-file would write");
	if (options->socket_group &&
	    find_group(options->socket_group, &options->socket_gid) != OPTIONS_GO)
		return USAGE;
	if (check_socket_path("socket-path", options->socket_path) != OPTIONS_GO)
		return USAGE;
	return check_socket_path("qmp", options->qmp);
}

bool options_in_trace(const char *word)
{
	const struct row *row = find(word + 2, strcspn(word + 2, "="));

	return row && (row->device || !strcmp(row->name, "name")) &&
	       has_argument(row) == !!strchr(word, '=');
}

static void set_defaults(struct options *options)
{
	*options = (struct options){.name = "mem0",
				    .fd = -1,
				    .poll_ns = POLL_NS,
				    .log_level = SWCXL_LOG_WARN,
				    .socket_gid = NO_GROUP};
	swcxl_config_init(&options->config);
	options->config.serial = 0;
	options->config.lsa_size = LSA_NOT_GIVEN;
	options->config.dc_region_size = DC_REGION_DEFAULT;
}

/* One option at *arg, which moves past its argument: OPTIONS_GO, or a status. */
static int parse_one(struct options *options, char ***arg)
{
	char *name = **arg + 2, *value = strchr(name, '=');
	const struct row *row = find(name, value ? (size_t)(value - name) : strlen(name));

	if (!row)
		return bad("unknown option '%.*s' (--help lists all of them)",
			   (int)strcspn(**arg, "="), **arg);
	if (value && !has_argument(row))
		return bad("--%s takes no argument", row->name);
	if (row->kind == PRINT) {
		row->print();
		return 0;
	}
	if (value)
		value++;
	else if (has_argument(row))
		value = *++*arg;
	if (!value && has_argument(row))
		return bad("--%s needs an argument: %s", row->name, row->argument);
	return take(options, row, value);
}

int options_parse(struct options *options, int argc, char **argv)
{
	set_defaults(options);
	if (argc > 1 && !strcmp(argv[1], "--complete")) { /* for shells, and not in --help */
		options_complete(argc - 2, argv + 2);
		return 0;
	}
	for (char **arg = argv + 1; arg < argv + argc; arg++) {
		int status;

		if (strncmp(*arg, "--", 2) != 0 || !(*arg)[2])
			return bad("unexpected argument '%s': options begin with --", *arg);
		status = parse_one(options, &arg);
		if (status != OPTIONS_GO)
			return status;
	}
	return settle(options);
}

void options_print_device(FILE *file, const struct options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		const char *words = row->argument;
		uint64_t value;

		if (!row->device)
			continue;
		if (row->kind == REGIONS) {
			print_regions(file, row, (const uint8_t *)options + row->offset);
			continue;
		}
		value = load_width((const char *)options + row->offset, row->size);
		if (row->kind == ONOFF)
			value = !value;
		if (row->kind == FLAG && value)
			fprintf(file, " --%s", row->name);
		else if (row->kind == HEX)
			fprintf(file, " --%s=0x%016" PRIx64, row->name, value);
		else if (row->kind == TIME)
			fprintf(file, " --%s=%" PRIu64 "ns", row->name, value);
		else if (row->kind == SIZE || row->kind == NUMBER)
			fprintf(file, " --%s=%" PRIu64, row->name, value);
		if (row->kind != CHOICE && row->kind != ONOFF)
			continue;
		while (value--)
			words = strchr(words, '|') + 1;
		fprintf(file, " --%s=%.*s", row->name, (int)strcspn(words, "|"), words);
	}
}
