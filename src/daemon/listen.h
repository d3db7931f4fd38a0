/* SPDX-License-Identifier: MIT */
/* Listening unix sockets with a path. */
#ifndef SWCXL_DAEMON_LISTEN_H
#define SWCXL_DAEMON_LISTEN_H

#include <sys/types.h>

struct entry;

#define NO_GROUP ((gid_t)-1)

/*
 * Listens on a path that only our user may connect to, and a group unless that is NO_GROUP. A
 * socket that a dead process has left there is replaced; one that somebody serves, or anything
 * else, is an error. The descriptor, or -1 after a line that says why. The entry removes the path
 * again.
 */
int listen_on(const char *path, gid_t group, struct entry *entry);

#endif
