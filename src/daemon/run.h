/* SPDX-License-Identifier: MIT */
/* --run: the command whose device this is. */
#ifndef SWCXL_DAEMON_RUN_H
#define SWCXL_DAEMON_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Starts `sh -c command` with the paths of the sockets in its environment (NULL: not there) and
 * with the signal mask given. It gets a SIGTERM when this process ends, however that ends. Its
 * process id, or -1 after a line that says why not. */
pid_t run_start(const char *command, const char *socket, const char *qmp, const sigset_t *mask);

/* Tells it to end, and all of its children too when they are a process group. 0: there is none. */
void run_stop(pid_t child);

/* Has it ended? Then true and *status, as a shell would report it. */
bool run_ended(pid_t child, int *status);

#endif
