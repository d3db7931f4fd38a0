// SPDX-License-Identifier: MIT
/*
 * A unix socket's path outlives the process that bound it, when that was killed. Whether anybody
 * still listens is what connect() tells: refused means nobody. Only then is the path unlinked.
 */
#include "daemon/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/entry.h"
#include "daemon/log.h"

#define BACKLOG 64 /* as many as may be clients at once */

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Removes the socket at address when nobody serves it. False after a line that says why not. */
static bool remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int fd, error;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT; /* gone meanwhile: just as well */
	if (!S_ISSOCK(st.st_mode)) {
		log_line(SWCXL_LOG_ERR, "%s exists and is not a socket", address->sun_path);
		return false;
	}
	fd = unix_socket();
	error = fd < 0 || connect(fd, (const void *)address, sizeof(*address)) < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (error == ECONNREFUSED && !unlink(address->sun_path)) {
		log_line(SWCXL_LOG_INFO, "%s was left by a process that is gone",
			 address->sun_path);
		return true;
	}
	if (!error || error == EAGAIN)
		log_line(SWCXL_LOG_ERR, "%s is in use by a running process", address->sun_path);
	else
		log_line(SWCXL_LOG_ERR, "%s cannot be replaced: %s", address->sun_path,
			 strerror(error == ECONNREFUSED ? errno : error));
	return false;
}

/*
 * Gives the socket that we have just made to a group. Its mode is right from the start, and nobody
 * can connect before it listens. What the name leads to by now is opened without following links,
 * and has to be a socket of ours with no other name: nothing else in the system can be given away
 * by whoever may write to the directory.
 */
static int give(const struct entry *entry, gid_t group)
{
	int fd = openat(entry->dir, entry->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int error = 0;

	if (fd < 0 || fstat(fd, &st))
		error = -errno;
	else if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)
		error = -EEXIST;
	if (!error && fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH))
		error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

int listen_on(const char *path, gid_t group, struct entry *entry)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	/* the socket is made with mode 0600 or 0660 */
	mode_t mask = umask(group == NO_GROUP ? 0177 : 0117);
	int fd = unix_socket();
	int error = entry_open(entry, path);

	memcpy(address.sun_path, path, strlen(path)); /* options_parse() has seen that it fits */
	if (!error)
		error = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	if (error == -EADDRINUSE) {
		if (!remove_stale(&address))
			goto fail;
		error = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	}
	if (!error)
		error = entry_made(entry);
	if (!error && group != NO_GROUP)
		error = give(entry, group);
	if (!error)
		error = listen(fd, BACKLOG) ? -errno : 0;
	if (error) {
		log_line(SWCXL_LOG_ERR, "cannot listen on %s: %s", path, strerror(-error));
		goto fail;
	}
	umask(mask);
	return fd;
fail:
	umask(mask);
	if (fd >= 0)
		close(fd);
	return -1;
}
