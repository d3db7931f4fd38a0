// SPDX-License-Identifier: MIT
/*
 * seccomp. The first filter is there before libuv makes a loop: it would batch by a ring what it
 * has to tell epoll, and a ring takes calls past any filter. The second one has a rule for each row
 * of the table.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/util.h"
#include "daemon/layers.h"

#define NAME_MEMORY 0x53564d41 /* PR_SET_VMA: some versions of malloc() name what they map */

static uint32_t forbidden(enum sandbox_mode mode)
{
	return mode == SANDBOX_LOG ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS;
}

static scmp_filter_ctx new_filter(uint32_t by_default, enum sandbox_mode mode)
{
	scmp_filter_ctx filter = seccomp_init(by_default);

	if (filter)
		seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, forbidden(mode));
	return filter;
}

static int load(scmp_filter_ctx filter, int error)
{
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

int filter_early(enum sandbox_mode mode)
{
	static const int rings[] = {SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
				    SCMP_SYS(io_uring_register)};
	static const int exec[] = {SCMP_SYS(execve), SCMP_SYS(execveat)};
	scmp_filter_ctx filter = new_filter(SCMP_ACT_ALLOW, mode);
	int error = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(rings) && !error; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), rings[i], 0);
	for (size_t i = 0; i < ARRAY_SIZE(exec) && !error; i++)
		error = seccomp_rule_add(filter, forbidden(mode), exec[i], 0);
	return load(filter, error);
}

struct rule {
	bool wanted;
	uint32_t action;
	const char *name;
	unsigned n; /* of conditions */
	struct scmp_arg_cmp condition;
};

static int add(scmp_filter_ctx filter, const struct rule *rule)
{
	int number = rule->wanted ? seccomp_syscall_resolve_name(rule->name) : __NR_SCMP_ERROR;

	if (number == __NR_SCMP_ERROR || number < 0)
		return 0;
	return seccomp_rule_add_array(filter, rule->action, number, rule->n, &rule->condition);
}

int filter_enter(const struct sandbox *sandbox)
{
	const pid_t CHILD = sandbox->child, SELF = getpid();
	const bool ALWAYS = true, CHECKED = CHECKED_BUILD;
	const bool RUN = CHILD > 0, STATE = sandbox->state, NO_STATE = !STATE;
	/* clang-format off */
	const struct rule rules[] = {
#define WHERE_(n, mask, value) SCMP_CMP64(n, SCMP_CMP_MASKED_EQ, (mask), (uint64_t)(value) & (mask))
#define CALL(when, call) {when, SCMP_ACT_ALLOW, #call, 0, {0}},
#define CALL_IF(when, call, n, mask, value) \
	{when, SCMP_ACT_ALLOW, #call, 1, WHERE_(n, mask, value)},
#define REFUSE(when, call, error) {when, SCMP_ACT_ERRNO(error), #call, 0, {0}},
#define REFUSE_IF(when, call, n, mask, value, error) \
	{when, SCMP_ACT_ERRNO(error), #call, 1, WHERE_(n, mask, value)},
#include "tbl/syscalls.tbl.h"
	};
	/* clang-format on */
	scmp_filter_ctx filter = new_filter(forbidden(sandbox->mode), sandbox->mode);
	int error = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(rules) && !error; i++)
		error = add(filter, &rules[i]);
	return load(filter, error);
}
