// SPDX-License-Identifier: MIT
/*
 * On a terminal the child stays in our process group, so that it can be a shell or a test runner as
 * well as a VMM, and ^C and ^Z are for both of us. Elsewhere it leads a group of its own, so that
 * when we end first all that the shell has started can be told, not just the shell. The kernel
 * tells the shell whichever way we go.
 *
 * It is forked before anything else is done, so that nothing we give up (sandbox.h) is taken from
 * it, and waits at a pipe until there are sockets. When we end before that, so does it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/run.h"

#define CANNOT_RUN 127 /* what a shell reports for a command that is not there */
#define SIGNAL_BASE 128
#define SOCKETS PIPE_BUF /* two paths of sockets: they go through the pipe in one piece */

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static bool has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Waits to be told where the sockets are; false: there will be none. */
static bool wait_to_go(int go)
{
	char names[SOCKETS];
	ssize_t n = read(go, names, sizeof(names)); /* what was written at once comes at once */

	if (n <= 0)
		return false;
	set("SWCXL_SOCKET", *names ? names : NULL);
	set("SWCXL_QMP", names + strlen(names) + 1);
	return true;
}

static noreturn void child(const char *command, int go, pid_t parent, const sigset_t *mask)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || !wait_to_go(go))
		_exit(SIGNAL_BASE + SIGTERM);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(CANNOT_RUN);
}

bool run_fork(struct run *run, const char *command, const sigset_t *mask)
{
	bool group = !has_terminal();
	pid_t parent = getpid();
	int ends[2] = {-1, -1};

	if (pipe2(ends, O_CLOEXEC) == 0)
		run->child = fork();
	if (ends[0] < 0 || run->child < 0) {
		log_line(SWCXL_LOG_ERR, "cannot start %s: %s", command, strerror(errno));
		run->child = 0;
		return false;
	}
	if (group)
		setpgid(run->child, run->child); /* both do, since either may be first */
	if (!run->child) {
		close(ends[1]);
		child(command, ends[0], parent, mask);
	}
	close(ends[0]);
	run->go = ends[1];
	return true;
}

bool run_go(struct run *run, const char *socket, const char *qmp)
{
	char names[SOCKETS];
	int len = snprintf(names, sizeof(names), "%s%c%s", socket, '\0', qmp) + 1;
	bool ok = write(run->go, names, (size_t)len) == len;

	close(run->go);
	run->go = -1;
	return ok;
}

void run_stop(struct run *run)
{
	pid_t child = run->child;

	if (run->go >= 0)
		close(run->go); /* it was not told to go, and ends */
	else if (child > 0)
		kill(getpgid(child) == child ? -child : child, SIGTERM);
}

bool run_ended(struct run *run, int *status)
{
	int wait_status;

	if (run->child <= 0 || waitpid(run->child, &wait_status, WNOHANG) != run->child)
		return false;
	run->child = 0;
	*status = WIFSIGNALED(wait_status) ? SIGNAL_BASE + WTERMSIG(wait_status)
					   : WEXITSTATUS(wait_status);
	return true;
}
