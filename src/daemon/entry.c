// SPDX-License-Identifier: MIT
/*
 * Identity of a directory entry is its device and inode. Between looking and removing somebody
 * could still replace it, but nobody does that to a name that is in use, and then it is they who
 * lose a race.
 */
#include "daemon/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

#define DRAFT ".new" /* what a file is called until all of it is there */

int entry_open(struct entry *entry, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");

	*entry = (struct entry)NO_ENTRY;
	entry->name = strdup(slash ? slash + 1 : path);
	if (!dir || !entry->name) {
		free(dir);
		return -ENOMEM;
	}
	entry->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	return entry->dir < 0 ? -errno : 0;
}

bool entry_same(const char *path, const char *other)
{
	struct entry a = NO_ENTRY, b = NO_ENTRY;
	struct stat in_a, in_b;
	bool same = !strcmp(path, other);

	if (!entry_open(&a, path) && !entry_open(&b, other) && !fstat(a.dir, &in_a) &&
	    !fstat(b.dir, &in_b) && !strcmp(a.name, b.name))
		same |= in_a.st_dev == in_b.st_dev && in_a.st_ino == in_b.st_ino;
	entry_remove(&a);
	entry_remove(&b);
	return same;
}

int entry_writable(const struct entry *entry)
{
	struct stat st;

	if (!*entry->name)
		return -EISDIR;
	if (strlen(entry->name) + strlen(DRAFT) > NAME_MAX)
		return -ENAMETOOLONG;
	if (faccessat(entry->dir, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return -errno;
	if (fstatat(entry->dir, entry->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? 0 : -EEXIST;
}

/* One that has ended and that nobody has waited for yet is not running. */
static bool is_running(pid_t pid)
{
	struct pollfd end = {.events = POLLIN};
	bool ended;

	if (kill(pid, 0) < 0 && errno == ESRCH)
		return false;
	end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (end.fd < 0)
		return true; /* an old kernel cannot tell */
	ended = poll(&end, 1, 0) > 0;
	close(end.fd);
	return !ended;
}

pid_t entry_owner(const struct entry *entry)
{
	int fd = openat(entry->dir, entry->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char text[24];
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	long pid;

	if (fd >= 0)
		close(fd);
	text[MAX(len, 0)] = '\0';
	pid = strtol(text, NULL, 10);
	if (pid <= 0 || pid > INT_MAX || pid == getpid())
		return 0;
	return is_running((pid_t)pid) ? (pid_t)pid : 0;
}

int entry_made(struct entry *entry)
{
	struct stat st;

	if (fstatat(entry->dir, entry->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	entry->made = true;
	entry->dev = st.st_dev;
	entry->ino = st.st_ino;
	return 0;
}

static void draft_name(const struct entry *entry, char name[static NAME_MAX + 1])
{
	snprintf(name, NAME_MAX + 1, "%.*s" DRAFT, (int)(NAME_MAX - strlen(DRAFT)), entry->name);
}

static void drop_draft(struct entry *entry)
{
	char name[NAME_MAX + 1];

	if (entry->draft < 0)
		return;
	close(entry->draft);
	entry->draft = -1;
	draft_name(entry, name);
	unlinkat(entry->dir, name, 0);
}

void entry_remove(struct entry *entry)
{
	struct stat st;

	drop_draft(entry);
	if (entry->made && !fstatat(entry->dir, entry->name, &st, AT_SYMLINK_NOFOLLOW) &&
	    st.st_dev == entry->dev && st.st_ino == entry->ino)
		unlinkat(entry->dir, entry->name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
	if (entry->dir >= 0)
		close(entry->dir);
	free(entry->name);
	*entry = (struct entry)NO_ENTRY;
}

int entry_draft(struct entry *entry)
{
	char name[NAME_MAX + 1];

	draft_name(entry, name);
	unlinkat(entry->dir, name, 0); /* of a process that was killed */
	entry->draft = openat(entry->dir, name,
			      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return entry->draft < 0 ? -errno : 0;
}

int entry_publish(struct entry *entry, const char *text)
{
	char name[NAME_MAX + 1];
	int error = 0;
	ssize_t len;

	do
		len = write(entry->draft, text, strlen(text));
	while (len < 0 && errno == EINTR);
	if (len != (ssize_t)strlen(text))
		error = len < 0 ? -errno : -ENOSPC;
	draft_name(entry, name);
	if (!error && renameat(entry->dir, name, entry->dir, entry->name) < 0)
		error = -errno;
	if (error)
		return error; /* entry_remove() drops the draft */
	close(entry->draft);
	entry->draft = -1;
	return entry_made(entry);
}
