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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

void entry_remove(struct entry *entry)
{
	struct stat st;

	if (entry->made && !fstatat(entry->dir, entry->name, &st, AT_SYMLINK_NOFOLLOW) &&
	    st.st_dev == entry->dev && st.st_ino == entry->ino)
		unlinkat(entry->dir, entry->name, 0);
	if (entry->dir >= 0)
		close(entry->dir);
	free(entry->name);
	*entry = (struct entry)NO_ENTRY;
}

int entry_write(struct entry *entry, const char *text)
{
	char draft[NAME_MAX + 1];
	int fd, error = 0;

	if (snprintf(draft, sizeof(draft), "%s.new", entry->name) >= (int)sizeof(draft))
		return -ENAMETOOLONG;
	fd = openat(entry->dir, draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		error = errno ? -errno : -EIO;
	close(fd);
	if (!error && renameat(entry->dir, draft, entry->dir, entry->name) < 0)
		error = -errno;
	if (error)
		unlinkat(entry->dir, draft, 0);
	return error ? error : entry_made(entry);
}
