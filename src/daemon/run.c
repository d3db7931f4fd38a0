// SPDX-License-Identifier: MIT
/*
 * On a terminal the child stays in our process group, so that it can be a shell or a test runner as
 * well as a VMM, and ^C and ^Z are for both of us. Elsewhere it leads a group of its own, so that
 * when we end first all that the shell has started can be told, not just the shell. The kernel
 * tells the shell whichever way we go.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/run.h"

#define CANNOT_RUN 127 /* what a shell reports for a command that is not there */
#define SIGNAL_BASE 128

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

pid_t run_start(const char *command, const char *socket, const char *qmp, const sigset_t *mask)
{
	bool group = !has_terminal();
	pid_t parent = getpid();
	pid_t child = fork();

	if (child < 0)
		log_line(SWCXL_LOG_ERR, "cannot start %s: %s", command, strerror(errno));
	if (child >= 0 && group)
		setpgid(child, child); /* both do, since either may be first */
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(SIGNAL_BASE + SIGTERM);
	set("SWCXL_SOCKET", socket);
	set("SWCXL_QMP", qmp);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(CANNOT_RUN);
}

void run_stop(pid_t child)
{
	if (child > 0)
		kill(getpgid(child) == child ? -child : child, SIGTERM);
}

bool run_ended(pid_t child, int *status)
{
	int wait_status;

	if (child <= 0 || waitpid(child, &wait_status, WNOHANG) != child)
		return false;
	*status = WIFSIGNALED(wait_status) ? SIGNAL_BASE + WTERMSIG(wait_status)
					   : WEXITSTATUS(wait_status);
	return true;
}
