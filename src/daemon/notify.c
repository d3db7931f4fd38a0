// SPDX-License-Identifier: MIT
/*
 * The socket is opened before the sandbox, which has no way to it, and used after it. An address
 * that begins with @ is an abstract one.
 */
#include "daemon/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"

int notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd, error = EINVAL;

	if (!len)
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (len < sizeof(address.sun_path)) {
		memcpy(address.sun_path, path, len);
		if (*path == '@')
			address.sun_path[0] = '\0';
		len += offsetof(struct sockaddr_un, sun_path);
		error = connect(fd, (void *)&address, (socklen_t)len) ? errno : 0;
	}
	if (!error)
		return fd;
	log_line(SWCXL_LOG_WARN, "NOTIFY_SOCKET %s: %s", path, strerror(error));
	if (fd >= 0)
		close(fd);
	return -1;
}

void notify_ready(int fd)
{
	static const char ready[] = "READY=1";

	if (fd < 0)
		return;
	if (send(fd, ready, strlen(ready), MSG_NOSIGNAL) < 0)
		log_line(SWCXL_LOG_WARN, "NOTIFY_SOCKET: %s", strerror(errno));
	close(fd);
}
