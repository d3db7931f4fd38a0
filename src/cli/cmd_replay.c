// SPDX-License-Identifier: MIT
/*
 * replay: swcxl --replay does all of it. What is left is to find the program: $SWCXL, beside this
 * one, or wherever programs are.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ctl.h"

/* The path of what is beside this program, if there is such a program. */
static bool beside(char path[static PATH_MAX + 8])
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;

	if (len <= 0)
		return false;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	strcpy(slash + 1, "swcxl");
	return access(path, X_OK) == 0;
}

enum status cmd_replay(struct ctl *ctl)
{
	const char *file = ctl->args[0];
	char found[PATH_MAX + 8];
	const char *given = getenv("SWCXL");
	const char *program = given && *given ? given : beside(found) ? found : "swcxl";
	const char *state = ctl->options[OPT_state];

	if (ctl->json)
		ctl_usage(ctl, "'replay' has no --json: its exit status says what came of it");
	execlp(program, "swcxl", "--replay", file, state ? "--state" : NULL, state, NULL);
	die(NO_CONNECTION,
	    "Cannot run %s: %s. Replaying takes swcxl as well: set SWCXL to its path", program,
	    strerror(errno));
}
