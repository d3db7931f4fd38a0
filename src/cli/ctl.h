/* SPDX-License-Identifier: MIT */
/* What a subcommand gets: the link, its arguments and options. */
#ifndef SWCXL_CLI_CTL_H
#define SWCXL_CLI_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cci.h"
#include "cli/link.h"
#include "cli/parse.h"
#include "cli/report.h"

enum opt {
#define OPTION(id, name, argument, help) OPT_##id,
#include "cli/options.tbl.h"
	OPTIONS
};

struct command;

struct ctl {
	const struct command *command;
	struct link *link; /* NULL until ctl_link() */
	bool json;
	const char *options[OPTIONS]; /* argument, or "" for an option without; NULL: not given */
	char **args;		      /* without the command's own name */
	unsigned nargs;
};

static inline bool ctl_has(const struct ctl *ctl, enum opt option)
{
	return ctl->options[option] != NULL;
}

/* Ends the program: the command line is wrong, and this is how. */
__attribute__((format(printf, 2, 3))) _Noreturn void ctl_usage(const struct ctl *ctl,
							       const char *text, ...);

/* The link; connects at the first call. Look at arguments and options before that. */
struct link *ctl_link(struct ctl *ctl);

/* The number that an option has, or what it is by default. */
uint64_t ctl_number(const struct ctl *ctl, enum opt option, uint64_t by_default);

/* The RANGE in the arguments; false when there is none. Multiples of a line, and not empty. */
bool ctl_range(const struct ctl *ctl, struct range *range);
/* The same, but an empty one is not refused. */
bool ctl_range_or_empty(const struct ctl *ctl, struct range *range);

/* LINES, one argument: an address (one line) or a range. Multiples of a line, and not empty. */
struct range ctl_lines(const struct ctl *ctl, const char *text);

/* The event log that --log names, or -1. */
int ctl_log(const struct ctl *ctl);

/* Every subcommand: returns the exit status. */
#define COMMAND(id, ...) enum status cmd_##id(struct ctl *ctl);
#include "cli/commands.tbl.h"

#endif
