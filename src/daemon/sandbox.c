// SPDX-License-Identifier: MIT
/*
 * Layers, from the one that takes privileges to the one that takes the system itself away; each is
 * of use without the others, since few are allowed everywhere:
 *
 *   namespaces    no network, no System V objects, no host name; no file system (mounts.c)
 *   Landlock      directories: names can be removed there, and nothing else
 *   capabilities  none are left, nor can be got back
 *   seccomp       system calls: those of the table
 *
 * Only the last one is insisted on.
 */
#include "daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "daemon/layers.h"
#include "daemon/log.h"

/* ---- capabilities ---------------------------------------------------------------------------- */

static void set_capabilities(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
		{.effective = (uint32_t)(effective >> 32),
		 .permitted = (uint32_t)(permitted >> 32)},
	};

	syscall(SYS_capset, &header, data);
}

static uint64_t get_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	syscall(SYS_capget, &header, data);
	return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

/*
 * Root that works in somebody else's directory can do so by one capability. It is kept where names
 * could not be removed otherwise; what else it would be good for, the other layers prevent.
 */
static uint64_t needed(const struct sandbox *sandbox)
{
	const uint64_t override = 1u << CAP_DAC_OVERRIDE;
	uint64_t have = get_capabilities(), need = 0;

	if (!(have & override))
		return 0;
	set_capabilities(0, have);
	for (size_t i = 0; i < sandbox->n_dirs; i++)
		if (faccessat(*sandbox->dirs[i].fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
			need = override;
	set_capabilities(have, have);
	return need;
}

static void drop_capabilities(uint64_t but)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	set_capabilities(but, but);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool failed(const char *what, int error)
{
	log_line(SWCXL_LOG_ERR, "cannot be confined (--sandbox off does without): %s: %s", what,
		 strerror(-error));
	return false;
}

/* All from 3 on but a few: gaps between those that are kept, in their order. */
static void close_inherited(const int keep[], size_t n)
{
	unsigned from = 3, next;

	do {
		next = UINT_MAX;
		for (size_t i = 0; i < n; i++)
			if (keep[i] >= 0 && (unsigned)keep[i] >= from)
				next = MIN(next, (unsigned)keep[i]);
		if (next > from)
			close_range(from, next == UINT_MAX ? next : next - 1, 0);
		from = next + 1;
	} while (next != UINT_MAX);
}

bool sandbox_begin(enum sandbox_mode mode, const int keep[], size_t n_keep)
{
	int error;

	if (mode == SANDBOX_OFF)
		return true;
	close_inherited(keep, n_keep);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	error = filter_early(mode);
	return !error || failed("seccomp", error);
}

/* What there is, for those who ask; a warning where the file system is open. */
static void report(int spaces, bool users, int hidden, int landlock, uint64_t kept)
{
	char text[256];
	size_t n = (size_t)snprintf(text, sizeof(text), "confined: ");

#define SAY(...) n += (size_t)snprintf(text + n, sizeof(text) - n, __VA_ARGS__)
	if (spaces)
		SAY("no namespaces (%s), ", strerror(-spaces));
	else
		SAY("namespaces%s, ", users ? " as a user" : "");
	if (!spaces && hidden)
		SAY("file system not hidden (%s), ", strerror(-hidden));
	if (landlock < 0)
		SAY("no Landlock (%s), ", strerror(-landlock));
	else
		SAY("Landlock %d, ", landlock);
	SAY("%sseccomp", kept ? "capability dac_override, " : "");
#undef SAY
	log_line(hidden && landlock < 0 ? SWCXL_LOG_WARN : SWCXL_LOG_INFO, "%s", text);
}

bool sandbox_enter(const struct sandbox *sandbox)
{
	const struct rlimit none = {0, 0};
	bool users = false;
	int left, spaces, hidden, landlock, error, death = 0;
	uint64_t keep;

	if (sandbox->mode == SANDBOX_OFF)
		return true;
	prctl(PR_GET_PDEATHSIG, &death);
	keep = needed(sandbox);
	left = namespaces_hold();
	spaces = namespaces_enter(!keep, &users);
	hidden = spaces ? spaces : mounts_hide(sandbox->dirs, sandbox->n_dirs);
	if (left >= 0)
		close(left);
	landlock = landlock_enter(sandbox);
	drop_capabilities(keep);
	setrlimit(RLIMIT_CORE, &none); /* a core has what is in the device, passphrases included */
	prctl(PR_SET_DUMPABLE, 0);
	if (death) /* some changes of who we are take it away */
		prctl(PR_SET_PDEATHSIG, death);
	report(spaces, users, hidden, landlock, keep);
	error = filter_enter(sandbox);
	return !error || failed("seccomp", error);
}
