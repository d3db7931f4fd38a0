/* SPDX-License-Identifier: MIT */
/* The command line, checked: what is wrong with it is said before anything is touched. */
#ifndef SWCXL_DAEMON_OPTIONS_H
#define SWCXL_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "daemon/sandbox.h"
#include "swcxl/swcxl.h"

struct options {
	struct swcxl_config config;
	const char *name;
	bool serial_given; /* and not made of the name */
	bool virtual_clock;
	uint64_t poll_ns;
	const char *socket_path; /* this and all below that are pointers: NULL when not given */
	int fd;			 /* -1 when not given */
	const char *qmp;
	const char *run;
	const char *state;
	bool exit_with_parent;
	const char *pid_file;
	enum swcxl_log_level log_level;
	const char *trace;
	const char *replay;
	enum sandbox_mode sandbox;
	const char *socket_group;
	gid_t socket_gid; /* NO_GROUP when not given */
};

enum { OPTIONS_GO = -1 };

/* OPTIONS_GO, or the status to end with at once: 0 when an option has printed what it was asked
 * for, 2 after one line on stderr. Strings are lent by argv. */
int options_parse(struct options *options, int argc, char **argv);

/* swcxl --complete: prints what could stand in the place of the last of these words. */
void options_complete(int count, char **words);

/* Writes the options that make this device, defaults included, as a command line: each of them
 * preceded by a blank. */
void options_print_device(FILE *file, const struct options *options);

/* Is this option (--name=value, or one without a value) one of those in the header of a trace? */
bool options_in_trace(const char *word);

#endif
