/* SPDX-License-Identifier: MIT */
#include "client/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/util.h"

#define LINE_MAX_BYTES (256 * MiB) /* the longest answer is 65536 rows of poison: 8 MiB */
#define READ_BYTES (64 * KiB)

/* `swcxl ... &` comes back before there is a socket, and the next line of a script is a client. */
#define START_MS 1000
#define LOOK_MS 20

size_t conn_path_len(void)
{
	return sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
}

static bool conn_try(struct conn *conn, const struct sockaddr_un *address, bool wait)
{
	conn->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0);
	if (conn->fd >= 0 &&
	    connect(conn->fd, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
	    fcntl(conn->fd, F_SETFL, O_NONBLOCK) == 0)
		return true;
	conn->error = errno;
	if (conn->fd >= 0)
		close(conn->fd);
	conn->fd = -1;
	return false;
}

bool conn_open(struct conn *conn, const char *path, bool wait)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*conn = (struct conn){.fd = -1, .error = ENAMETOOLONG};
	if (strlen(path) > conn_path_len())
		return false;
	strcpy(address.sun_path, path);
	for (int ms = 0; !conn_try(conn, &address, wait); ms += LOOK_MS) {
		if (!wait || ms >= START_MS ||
		    (conn->error != ENOENT && conn->error != ECONNREFUSED))
			return false;
		poll(NULL, 0, LOOK_MS);
	}
	return true;
}

void conn_close(struct conn *conn)
{
	int error = conn->error;

	if (conn->fd >= 0)
		close(conn->fd);
	free(conn->in);
	free(conn->out);
	*conn = (struct conn){.fd = -1, .error = error};
}

static enum conn_status failed(struct conn *conn)
{
	conn->error = errno;
	if (errno == EAGAIN || errno == EINTR)
		return CONN_WAIT;
	return errno == EPIPE || errno == ECONNRESET ? CONN_CLOSED : CONN_ERROR;
}

enum conn_status conn_flush(struct conn *conn)
{
	while (conn->unsent) {
		ssize_t n = send(conn->fd, conn->out, conn->unsent, MSG_NOSIGNAL);

		if (n < 0)
			return failed(conn);
		conn->unsent -= (size_t)n;
		memmove(conn->out, conn->out + n, conn->unsent);
	}
	return CONN_OK;
}

enum conn_status conn_send(struct conn *conn, struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	size_t len = text ? strlen(text) : 0;
	char *out = len ? realloc(conn->out, conn->unsent + len + 1) : NULL;

	if (out) {
		conn->out = out;
		memcpy(out + conn->unsent, text, len + 1);
		out[conn->unsent + len] = '\n'; /* where its NUL was */
		conn->unsent += len + 1;
	}
	json_object_put(object);
	return out ? conn_flush(conn) : CONN_NO_MEMORY;
}

/* Takes the line that is there. */
static enum conn_status take_line(struct conn *conn, char *end, struct json_object **object)
{
	size_t line = (size_t)(end + 1 - conn->in);

	*end = '\0';
	*object = json_tokener_parse(conn->in);
	conn->len -= line;
	memmove(conn->in, end + 1, conn->len);
	conn->searched = 0;
	if (json_object_is_type(*object, json_type_object))
		return CONN_OK;
	json_object_put(*object);
	*object = NULL;
	return CONN_NO_JSON;
}

static enum conn_status read_more(struct conn *conn)
{
	ssize_t n;

	if (conn->len > LINE_MAX_BYTES)
		return CONN_NO_LINES;
	if (conn->cap - conn->len < READ_BYTES) {
		size_t cap = MAX(2 * conn->cap, 2 * READ_BYTES);
		char *in = realloc(conn->in, cap);

		if (!in)
			return CONN_NO_MEMORY;
		conn->in = in;
		conn->cap = cap;
	}
	n = read(conn->fd, conn->in + conn->len, conn->cap - conn->len);
	if (n < 0)
		return failed(conn);
	conn->len += (size_t)n;
	return n ? CONN_OK : CONN_CLOSED;
}

enum conn_status conn_receive(struct conn *conn, struct json_object **object)
{
	for (bool again = true;; again = false) {
		size_t rest = conn->len - conn->searched;
		char *end = rest ? memchr(conn->in + conn->searched, '\n', rest) : NULL;
		enum conn_status status;

		if (end)
			return take_line(conn, end, object);
		conn->searched = conn->len;
		status = again ? read_more(conn) : CONN_WAIT;
		if (status != CONN_OK)
			return status;
	}
}
