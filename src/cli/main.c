/* SPDX-License-Identifier: MIT */
/*
 * swcxlctl: the person's tool. One command line, one subcommand, one exit status.
 *
 * commands.tbl.h and options.tbl.h say which subcommands and options there are, which belong
 * together and what each is for; parsing, --help and the checks below come from these rows.
 * Options may stand anywhere, and have to be written out: getopt_long() would take any beginning
 * of a name, and a script that used one would break with the next option. A subcommand's name may
 * have two words, and the longest name that fits wins: "scan results" is not "scan" with an
 * argument.
 *
 * The device is connected to when a subcommand first asks for the link, which is after it has
 * looked at its arguments: what is wrong with them is said whether or not a device is there.
 */
#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/complete.h"
#include "cli/ctl.h"
#include "cli/event.h"
#include "cli/nearest.h"
#include "cli/terminal.h"
#include "swcxl/swcxl.h"

#define ARGS_MAX 1000000u
#define NAMES_WIDTH 28 /* of commands in --help */
#define OPT(id) (1ull << OPT_##id)

enum where { ANYWHERE, CONTROL, FUNCTION };

struct command {
	const char *name, *arguments;
	unsigned min, max;
	uint64_t options;
	enum where where;
	const char *help;
	enum status (*run)(struct ctl *ctl);
};

static const struct command commands[] = {
#define COMMAND(id, name, arguments, min, max, options, where, help) \
	{name, arguments, min, max, options, where, help, cmd_##id},
#include "cli/commands.tbl.h"
};

static const struct {
	const char *name, *argument, *help;
} options[OPTIONS] = {
#define OPTION(id, name, argument, help) [OPT_##id] = {name, argument, help},
#include "cli/options.tbl.h"
};

#define GLOBAL (OPT(qmp) | OPT(pci) | OPT(json) | OPT(color) | OPT(help) | OPT(version))

/* ---- help ---- */

static void print_options(uint64_t which)
{
	for (unsigned i = 0; i < OPTIONS; i++)
		if (which >> i & 1)
			printf("  --%s%s%-*s  %s\n", options[i].name,
			       options[i].argument ? " " : "",
			       18 - (int)strlen(options[i].name) - (options[i].argument ? 1 : 0),
			       options[i].argument ? options[i].argument : "", options[i].help);
}

static void print_help(void)
{
	printf("Usage: swcxlctl [--qmp SOCK | --pci BDF] [--json] [--color WHEN] COMMAND "
	       "[ARGUMENTS]\n\n"
	       "Drives a CXL memory device: an swcxl process, or a PCI function.\n\nCommands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		int left = NAMES_WIDTH - 1 - (int)strlen(commands[i].name);

		printf("  %s %-*s", commands[i].name, left, commands[i].arguments);
		if ((int)strlen(commands[i].arguments) > left)
			printf("\n  %-*s", NAMES_WIDTH, "");
		printf("  %s\n", commands[i].help);
	}
	printf("\nOptions:\n");
	print_options(GLOBAL);
	printf("\nRANGE is START LENGTH, START+LENGTH or START-END (END is the first address "
	       "beyond);"
	       "\nwithout one, the whole device. LINES is a RANGE in one word, or the address of "
	       "one"
	       "\nline. Numbers are decimal or 0x hexadecimal bytes and take K, M, G and T.\n"
	       "\nExit status: 0 done, 1 refused by the device, 2 a wrong command line, 3 no "
	       "device.\n"
	       "\n'swcxlctl COMMAND --help' shows the options of a command; see also "
	       "swcxlctl(1).\n");
}

static void print_command_help(const struct command *command)
{
	printf("Usage: swcxlctl %s%s%s%s\n\n%s\n", command->name,
	       command->options ? " [OPTIONS]" : "", *command->arguments ? " " : "",
	       command->arguments, command->help);
	if (command->where == CONTROL)
		printf("Needs the control socket (--qmp).\n");
	if (command->where == FUNCTION)
		printf("Needs a PCI function (--pci).\n");
	if (command->options) {
		printf("\nOptions:\n");
		print_options(command->options);
	}
}

/* ---- command line ---- */

void ctl_usage(const struct ctl *ctl, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	die(USAGE, "%s. See 'swcxlctl %s%s--help'", text, ctl->command ? ctl->command->name : "",
	    ctl->command ? " " : "");
}

/* Is it "--name" or "--name=..." of an option? */
static bool names_option(const char *word)
{
	size_t len = strcspn(word, "=");

	for (unsigned i = 0; i < OPTIONS; i++)
		if (strlen(options[i].name) + 2 == len &&
		    memcmp(word + 2, options[i].name, len - 2) == 0)
			return true;
	return false;
}

static _Noreturn void die_no_option(const struct ctl *ctl, const char *word)
{
	struct nearest nearest = {.word = word + MIN(strlen(word), 2)};
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(nearest.word, "="), nearest.word);
	nearest.word = name;
	for (unsigned i = 0; i < OPTIONS; i++)
		nearest_offer(&nearest, options[i].name);
	if (!nearest.name)
		ctl_usage(ctl, "There is no option %.*s", (int)strcspn(word, "="), word);
	ctl_usage(ctl, "There is no option %.*s; the nearest is --%s", (int)strcspn(word, "="),
		  word, nearest.name);
}

/* Names what getopt_long() could not take: word is the last one that it has finished with, and
 * letter the option in it, or in the next one (or NULL), when it was a short one. */
static _Noreturn void die_option(const struct ctl *ctl, const char *word, const char *next,
				 int letter)
{
	if (!letter && names_option(word))
		ctl_usage(ctl, "%.*s takes no argument", (int)strcspn(word, "="), word);
	if (!letter)
		die_no_option(ctl, word);
	if (word[0] != '-' || word[1] != letter || word[2])
		word = next;
	if (letter < '0' || letter > '9' || !word || word[0] != '-' || word[1] != letter)
		ctl_usage(ctl, "There is no option -%c", letter);
	ctl_usage(ctl, "'%s' is negative, which no number here can be", word);
}

/* An option that getopt_long() has found: its value, or NULL when its argument is missing. The last
 * word that it has read is the option or, separately, its argument. */
static void take_option(const struct ctl *ctl, const char **value, char *const *last)
{
	const char *word = value && optarg && optarg == *last ? last[-1] : *last;

	if (!names_option(word))
		die_no_option(ctl, word);
	if (!value)
		ctl_usage(ctl, "%s needs an argument", word);
	*value = optarg ? optarg : "";
}

/* Sorts the words into options and the rest, which keeps its order and moves to the front: there
 * are never more of them than words that have been read. */
static void parse_options(struct ctl *ctl, int argc, char **argv)
{
	struct option table[OPTIONS + 1] = {{0}};
	int c, index = 0;

	for (unsigned i = 0; i < OPTIONS; i++)
		table[i] = (struct option){
			.name = options[i].name,
			.has_arg = options[i].argument ? required_argument : no_argument,
		};
	/* Before the first error, wherever it stands. */
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			report_as_json();
	opterr = 0;
	while ((c = getopt_long(argc, argv, "-:h", table, &index)) != -1) {
		if (c == 1)
			ctl->args[ctl->nargs++] = optarg;
		else if (c == 'h')
			ctl->options[OPT_help] = "";
		else if (c == 0 || c == ':')
			take_option(ctl, c == 0 ? &ctl->options[index] : NULL, argv + optind - 1);
		else
			die_option(ctl, argv[optind - 1], argv[optind], optopt);
	}
	ctl->json = ctl_has(ctl, OPT_json);
	while (optind < argc)
		ctl->args[ctl->nargs++] = argv[optind++];
}

/* How many of the words make up the command's name; 0: it is not this one. */
static unsigned match(const struct command *command, char **words, unsigned count)
{
	size_t first = strcspn(command->name, " ");
	const char *second = command->name[first] ? command->name + first + 1 : NULL;

	if (count < 1 || strlen(words[0]) != first || memcmp(words[0], command->name, first) != 0)
		return 0;
	if (!second)
		return 1;
	return count > 1 && strcmp(words[1], second) == 0 ? 2 : 0;
}

static void find_command(struct ctl *ctl)
{
	unsigned best = 0;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		unsigned words = match(&commands[i], ctl->args, ctl->nargs);

		if (words > best) {
			best = words;
			ctl->command = &commands[i];
		}
	}
	ctl->args += best;
	ctl->nargs -= best;
}

static _Noreturn void die_unknown_command(const struct ctl *ctl)
{
	char two[64];
	struct nearest one = {.word = ctl->args[0]}, both = {.word = two};
	const char *name;

	snprintf(two, sizeof(two), "%s%s%s", ctl->args[0], ctl->nargs > 1 ? " " : "",
		 ctl->nargs > 1 ? ctl->args[1] : "");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		nearest_offer(strchr(commands[i].name, ' ') ? &both : &one, commands[i].name);
	name = both.name ? both.name : one.name;
	if (!name)
		ctl_usage(ctl, "There is no command '%s'", ctl->args[0]);
	ctl_usage(ctl, "There is no command '%s'; the nearest is '%s'",
		  both.name ? two : ctl->args[0], name);
}

static _Noreturn void die_no_command(const struct ctl *ctl)
{
	size_t first = strlen(ctl->args[0]);
	char second[128] = "";

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *name = commands[i].name;
		size_t len = strlen(second);

		if (strncmp(name, ctl->args[0], first) == 0 && name[first] == ' ')
			snprintf(second + len, sizeof(second) - len, "%s'%s'", len ? ", " : "",
				 name);
	}
	if (*second)
		ctl_usage(ctl, "'%s' needs a subcommand: %s", ctl->args[0], second);
	die_unknown_command(ctl);
}

static _Noreturn void die_foreign_option(const struct ctl *ctl, unsigned option)
{
	char owners[256] = "";

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		size_t len = strlen(owners);

		if (commands[i].options >> option & 1)
			snprintf(owners + len, sizeof(owners) - len, "%s'%s'", len ? ", " : "",
				 commands[i].name);
	}
	ctl_usage(ctl, "'%s' has no option --%s: it belongs to %s", ctl->command->name,
		  options[option].name, owners);
}

static void check_command(const struct ctl *ctl)
{
	const struct command *command = ctl->command;

	if (!command && ctl->nargs)
		die_no_command(ctl);
	if (!command)
		ctl_usage(ctl, "Say what to do");
	for (unsigned i = 0; i < OPTIONS; i++)
		if (ctl->options[i] && !((command->options | GLOBAL) >> i & 1))
			die_foreign_option(ctl, i);
	if (ctl->nargs && !command->max)
		ctl_usage(ctl, "'%s' takes no arguments", command->name);
	if (ctl->nargs < command->min || ctl->nargs > command->max)
		die(USAGE, "Usage: swcxlctl %s %s (see 'swcxlctl %s --help')", command->name,
		    command->arguments, command->name);
	if (ctl_has(ctl, OPT_qmp) && ctl_has(ctl, OPT_pci))
		ctl_usage(ctl, "Choose one of --qmp and --pci");
	if (ctl_has(ctl, OPT_pci) && command->where == CONTROL)
		ctl_usage(ctl,
			  "'%s' needs the control socket of an swcxl process (--qmp): no PCI "
			  "function can do that",
			  command->name);
	if (!ctl_has(ctl, OPT_pci) && command->where == FUNCTION)
		ctl_usage(ctl, "'%s' needs a PCI function (--pci)", command->name);
}

static struct link *open_link(const struct ctl *ctl)
{
	const char *path = ctl->options[OPT_qmp];
	char bdf[16];

	if (ctl_has(ctl, OPT_pci)) {
		if (!pci_normalise(ctl->options[OPT_pci], bdf))
			ctl_usage(ctl, "'%s' is no PCI function; one looks like 0000:35:00.0",
				  ctl->options[OPT_pci]);
		return pci_open(bdf);
	}
	if (!path)
		path = getenv("SWCXL_QMP");
	if (!path || !*path)
		ctl_usage(ctl, "Say which device: --qmp SOCK (or set SWCXL_QMP), or --pci BDF");
	return qmp_open(path, ctl_has(ctl, OPT_qmp) ? "" : " ($SWCXL_QMP)");
}

struct link *ctl_link(struct ctl *ctl)
{
	if (!ctl->link)
		ctl->link = open_link(ctl);
	return ctl->link;
}

/* ---- arguments and options, for the subcommands ---- */

uint64_t ctl_number(const struct ctl *ctl, enum opt option, uint64_t value)
{
	if (ctl_has(ctl, option) && !parse_size(ctl->options[option], &value))
		ctl_usage(ctl,
			  "--%s needs a number, and '%s' is none: decimal, or 0x and "
			  "hexadecimal, with K, M, G or T if need be",
			  options[option].name, ctl->options[option]);
	return value;
}

static void check_lines(const struct ctl *ctl, const struct range *range)
{
	if (range->start % SWCXL_LINE || range->length % SWCXL_LINE)
		ctl_usage(ctl, "Addresses and lengths are multiples of 64 here, a line of memory "
			       "('swcxlctl cci' sends anything)");
}

static void check_not_empty(const struct ctl *ctl, const struct range *range)
{
	if (!range->length)
		ctl_usage(ctl, "The range at 0x%llx is empty: a LENGTH is at least 64, one line",
			  (unsigned long long)range->start);
}

bool ctl_range_or_empty(const struct ctl *ctl, struct range *range)
{
	bool length_given;

	if (ctl->nargs == 0)
		return false;
	if (!parse_range(ctl->args[0], range, &length_given))
		ctl_usage(ctl, "'%s' is neither START+LENGTH nor START-END, as in 1M+4K",
			  ctl->args[0]);
	if (length_given != (ctl->nargs == 1))
		ctl_usage(ctl,
			  length_given ? "'%s' is a whole range: nothing can follow it"
				       : "A LENGTH must follow START %s",
			  ctl->args[0]);
	if (!length_given && !parse_size(ctl->args[1], &range->length))
		ctl_usage(ctl, "'%s' is no length: bytes, as in 64, 0x40 or 4K", ctl->args[1]);
	check_lines(ctl, range);
	return true;
}

bool ctl_range(const struct ctl *ctl, struct range *range)
{
	if (!ctl_range_or_empty(ctl, range))
		return false;
	check_not_empty(ctl, range);
	return true;
}

struct range ctl_lines(const struct ctl *ctl, const char *text)
{
	struct range range;
	bool length_given;

	if (!parse_range(text, &range, &length_given))
		ctl_usage(ctl,
			  "'%s' is no address, START+LENGTH or START-END, as in 0x1000 or 1M+4K",
			  text);
	if (!length_given)
		range.length = SWCXL_LINE;
	check_lines(ctl, &range);
	check_not_empty(ctl, &range);
	return range;
}

int ctl_log(const struct ctl *ctl)
{
	const char *name = ctl->options[OPT_log];

	if (!name)
		return -1;
	for (int log = 0; log < LOGS; log++)
		if (strcmp(name, log_key((unsigned)log)) == 0)
			return log;
	ctl_usage(ctl, "There is no log '%s': %s", name, options[OPT_log].help);
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.args = argv + 1};
	enum status status = DONE;

	if (argc > 1 && !strcmp(argv[1], "--complete")) { /* for shells, and not in --help */
		complete(argc - 2, argv + 2);
		return DONE;
	}
	parse_options(&ctl, argc, argv);
	find_command(&ctl);
	if (ctl_has(&ctl, OPT_color) && !colours_choose(ctl.options[OPT_color]))
		ctl_usage(&ctl, "--color takes auto, always or never, not '%s'",
			  ctl.options[OPT_color]);
	if (!ctl.json)
		terminal_wrap();
	if (ctl_has(&ctl, OPT_version)) {
		puts("swcxlctl " SWCXL_VERSION);
	} else if (ctl_has(&ctl, OPT_help) && (ctl.command || !ctl.nargs)) {
		ctl.command ? print_command_help(ctl.command) : print_help();
	} else {
		check_command(&ctl);
		assert(ctl.command);
		status = ctl.command->run(&ctl);
	}
	if (ctl.link)
		link_close(ctl.link);
	flush_output();
	return (int)status;
}
