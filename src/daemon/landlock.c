// SPDX-License-Identifier: MIT
/*
 * Landlock asks for nothing but a kernel that has it: no root, no namespaces. Files that are open
 * stay usable; rules are only needed for what happens to names later. The interface is declared
 * here, since headers are often older than the kernel that a program meets.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "daemon/layers.h"

#ifndef SYS_landlock_create_ruleset /* the same on all processors */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define GIVE_VERSION 1u
#define PATH_BENEATH 1

struct ruleset {
	uint64_t files, net, scoped;
};

struct beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* Kinds of access to files. */
#define READ_FILE (1u << 2)
#define READ_DIR (1u << 3)
#define REMOVE_DIR (1u << 4)
#define REMOVE_FILE (1u << 5)
#define MAKE_REG (1u << 8)

/* Of versions. */
#define ALL_FILES_1 ((1u << 13) - 1)
#define REFER_2 (1u << 13)
#define TRUNCATE_3 (1u << 14)
#define BIND_CONNECT_4 3u
#define IOCTL_DEV_5 (1u << 15)
#define SCOPE_ABSTRACT_SOCKET_6 1u
#define SCOPE_SIGNAL_6 2u

/* A socket is removed like a file. */
static const uint64_t allowed[] = {
	[SANDBOX_SOCKET] = REMOVE_FILE,
	[SANDBOX_FILE] = REMOVE_FILE | MAKE_REG,
	[SANDBOX_DIR] = REMOVE_DIR,
	[SANDBOX_STATE] = REMOVE_FILE | READ_DIR,
};

static int make_ruleset(long version, bool child)
{
	struct ruleset set = {.files = ALL_FILES_1};
	size_t size = sizeof(set.files);

	if (version >= 2)
		set.files |= REFER_2;
	if (version >= 3)
		set.files |= TRUNCATE_3;
	if (version >= 4) {
		set.net = BIND_CONNECT_4;
		size = offsetof(struct ruleset, scoped);
	}
	if (version >= 5)
		set.files |= IOCTL_DEV_5;
	if (version >= 6) { /* the child is not in our domain, and shall be told to end */
		set.scoped = SCOPE_ABSTRACT_SOCKET_6 | (child ? 0 : SCOPE_SIGNAL_6);
		size = sizeof(set);
	}
	return (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
}

static int allow(int rules, int dir, uint64_t access)
{
	const struct beneath rule = {.allowed = access, .parent = dir};

	return syscall(SYS_landlock_add_rule, rules, PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

static int allow_checks(int rules)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int error = proc < 0 ? -errno : allow(rules, proc, READ_FILE | READ_DIR);

	if (proc >= 0)
		close(proc);
	return error;
}

int landlock_enter(const struct sandbox *sandbox)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, GIVE_VERSION);
	int rules = version < 0 ? -1 : make_ruleset(version, sandbox->child > 0);
	int error = rules < 0 ? -errno : 0;

	for (size_t i = 0; i < sandbox->n_dirs && !error; i++)
		error = allow(rules, *sandbox->dirs[i].fd, allowed[sandbox->dirs[i].use]);
	if (CHECKED_BUILD && !error)
		error = allow_checks(rules);
	if (!error && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		error = -errno;
	if (rules >= 0)
		close(rules);
	return error ? error : (int)version;
}
