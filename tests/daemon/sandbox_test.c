// SPDX-License-Identifier: MIT
/*
 * Enters the daemon's sandbox, as a daemon with a state file does, and tries what somebody would
 * who had taken the daemon over. Says on stdout what came of it: "done" or an error's name; a
 * system call that the filter ends the process for leaves nothing but the signal.
 *
 * Status 3: the first stage has left what it was to take.
 *
 * usage: sandbox_test on|log|off DIRECTORY ATTEMPT [nostate]
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "daemon/log.h"
#include "daemon/sandbox.h"

/* The pace of the log: nothing here goes on for long. */
uint64_t loop_elapsed_ns(void);
uint64_t loop_elapsed_ns(void)
{
	return 0;
}

static const char *dir;
static int dir_fd = -1, file_fd = -1;
static pid_t child;

static const char *in_dir(const char *name)
{
	static char path[4200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static long read_passwd(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long read_beyond(void)
{
	return openat(dir_fd, "../../../../../../../etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long see_beyond(void)
{
	struct stat st;

	return fstatat(dir_fd, "../../../../../../../etc/passwd", &st, 0);
}

static long see_passwd(void)
{
	struct stat st;

	return fstatat(AT_FDCWD, "/etc/passwd", &st, 0);
}

static long open_inherited(void)
{
	struct stat st;

	return fstat(100, &st);
}

static long write_elsewhere(void)
{
	return open("/tmp/swcxl-sandbox-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long write_within(void)
{
	return open(in_dir("new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long write_open_file(void)
{
	return write(file_fd, "x", 1);
}

static long list_dir(void)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static long remove_within(void)
{
	return unlink(in_dir("file"));
}

static long remove_by_descriptor(void)
{
	return unlinkat(dir_fd, "file", 0);
}

static long remove_beyond(void)
{
	return unlinkat(dir_fd, "../precious", 0);
}

static long run_program(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static long new_process(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid;
}

static void *nothing(void *ctx)
{
	return ctx;
}

static long new_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, nothing, NULL);

	errno = error;
	return error ? -1 : pthread_join(thread, NULL);
}

static long inet_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long trace_child(void)
{
	return ptrace(PTRACE_ATTACH, child, NULL, NULL);
}

static long mount_something(void)
{
	return mount("none", dir, "tmpfs", 0, NULL);
}

static long kill_parent(void)
{
	return kill(getppid(), 0);
}

static long kill_child(void)
{
	return kill(child, SIGTERM);
}

static long kill_all(void)
{
	return kill(-1, 0);
}

static long ring(void)
{
	return syscall(425 /* io_uring_setup */, 1, NULL);
}

static long map_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static long become_root(void)
{
	return setresuid(0, 0, 0);
}

static long new_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long raise_limit(void)
{
	const struct rlimit limit = {1 << 20, 1 << 20};

	return setrlimit(RLIMIT_CORE, &limit);
}

static long modern_open(void)
{
	const uint64_t how[3] = {O_RDONLY, 0, 0};

	return syscall(437 /* openat2 */, AT_FDCWD, "/etc/passwd", how, sizeof(how));
}

/* What is left that is nothing bad: its end. */
static long abort_it(void)
{
	abort();
}

static const struct attempt {
	const char *name;
	long (*fn)(void);
} attempts[] = {
#define ATTEMPT(fn)     \
	{               \
#fn, fn \
	}
	ATTEMPT(read_passwd),
	ATTEMPT(read_beyond),
	ATTEMPT(see_beyond),
	ATTEMPT(see_passwd),
	ATTEMPT(open_inherited),
	ATTEMPT(write_elsewhere),
	ATTEMPT(write_within),
	ATTEMPT(write_open_file),
	ATTEMPT(list_dir),
	ATTEMPT(remove_within),
	ATTEMPT(remove_by_descriptor),
	ATTEMPT(remove_beyond),
	ATTEMPT(run_program),
	ATTEMPT(new_process),
	ATTEMPT(new_thread),
	ATTEMPT(inet_socket),
	ATTEMPT(unix_socket),
	ATTEMPT(trace_child),
	ATTEMPT(mount_something),
	ATTEMPT(kill_parent),
	ATTEMPT(kill_child),
	ATTEMPT(kill_all),
	ATTEMPT(ring),
	ATTEMPT(map_code),
	ATTEMPT(become_root),
	ATTEMPT(new_namespace),
	ATTEMPT(raise_limit),
	ATTEMPT(modern_open),
	ATTEMPT(abort_it),
};

static const struct attempt *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++)
		if (!strcmp(attempts[i].name, name))
			return &attempts[i];
	return NULL;
}

/* One that lives until it is told, or we are gone. */
static pid_t start_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		pause();
	_exit(0);
}

static enum sandbox_mode mode_of(const char *word)
{
	return !strcmp(word, "on") ? SANDBOX_ON : !strcmp(word, "log") ? SANDBOX_LOG : SANDBOX_OFF;
}

int main(int argc, char **argv)
{
	const struct sandbox_dir dirs[] = {{SANDBOX_STATE, &dir_fd}};
	struct sandbox sandbox = {.dirs = dirs, .n_dirs = 1, .state = true};
	const struct attempt *attempt = argc > 3 ? find(argv[3]) : NULL;
	char said[64];
	int n;

	if (!attempt)
		return 2;
	log_set_level(SWCXL_LOG_DEBUG);
	sandbox.mode = mode_of(argv[1]);
	dir = argv[2];
	dup2(STDERR_FILENO, 100);
	sandbox.child = child = start_child();
	if (!sandbox_begin(sandbox.mode, NULL, 0))
		return 1;
	/* a loop that is made now must find that there are no rings, and do without */
	if (sandbox.mode != SANDBOX_OFF && (ring() != -1 || errno != ENOSYS))
		return 3;
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	file_fd = open(in_dir("open"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (argc > 4) { /* nothing of the file system is needed */
		sandbox.n_dirs = 0;
		sandbox.state = false;
	}
	if (dir_fd < 0 || file_fd < 0 || !sandbox_enter(&sandbox))
		return 1;
	n = attempt->fn() < 0 ? snprintf(said, sizeof(said), "%s", strerrorname_np(errno))
			      : snprintf(said, sizeof(said), "done");
	kill(child, SIGKILL); /* it may have been stopped */
	_exit(write(STDOUT_FILENO, said, (size_t)n) == n ? 0 : 1);
}
