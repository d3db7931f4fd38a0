// SPDX-License-Identifier: MIT
#include "client/why.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void why_unconnected(char text[static WHY_SIZE], const char *path, const char *origin, int error)
{
	struct stat st;

	if (error == EACCES || error == EPERM)
		snprintf(
			text, WHY_SIZE,
			"No permission to connect to %.120s%s: it is for the user who started "
			"swcxl. Be that user, or have swcxl started with '--socket-group GROUP', a "
			"group of yours",
			path, origin);
	else if (error == ECONNREFUSED && stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		snprintf(text, WHY_SIZE,
			 "%.120s%s is no socket: give the path that swcxl got as --qmp", path,
			 origin);
	else if (error == ENOENT || error == ECONNREFUSED)
		snprintf(text, WHY_SIZE,
			 "Cannot connect to %.120s%s: %s. Start a device there: 'swcxl --volatile "
			 "256M "
			 "--qmp %.120s &'; or give the path that a running one got as --qmp",
			 path, origin,
			 error == ENOENT ? "nothing is there"
					 : "no process listens any more, it has ended",
			 path);
	else if (error == EAGAIN)
		snprintf(
			text, WHY_SIZE,
			"Cannot connect to %.120s%s: too many clients wait there already. Try once "
			"more; is the process stopped?",
			path, origin);
	else
		snprintf(text, WHY_SIZE, "Cannot connect to %.120s%s: %s", path, origin,
			 strerror(error));
}
