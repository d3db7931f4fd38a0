/* SPDX-License-Identifier: MIT */
/* --run: the command whose device this is. */
#ifndef SWCXL_DAEMON_RUN_H
#define SWCXL_DAEMON_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stdbool.h>
#include <sys/types.h>

struct run {
	pid_t child; /* 0: there is none, or no longer */
	int go;	     /* what it waits for; -1: it goes */
};

#define NO_RUN           \
	{                \
		.go = -1 \
	}

/* Makes a process for `sh -c command`, with the signal mask given, which waits. It gets a SIGTERM
 * when this process ends, however that ends. False after a line that says why not. */
bool run_fork(struct run *run, const char *command, const sigset_t *mask);

/* Lets it go, with the paths of the sockets in its environment ("": not there). */
bool run_go(struct run *run, const char *socket, const char *qmp);

/* Tells it to end, and all of its children too when they are a process group. */
void run_stop(struct run *run);

/* Has it ended? Then true and *status, as a shell would report it. */
bool run_ended(struct run *run, int *status);

#endif
