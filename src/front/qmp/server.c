// SPDX-License-Identifier: MIT
/*
 * Sockets around the conversations: accepting clients, moving their bytes, telling all of them
 * what happens to the device.
 *
 * A wake-up reads at most IN_BYTES of one client and stops when the bound of its output is reached,
 * or its time is over, so none of them can keep the others waiting. A client whose output is
 * pending beyond the bound is not read until it has fetched some; what it has already sent waits in
 * `in`. At the end of its input a client still gets its replies: programs in a shell's pipe close
 * their half early.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "front/qmp/session.h"
#include "loop/loop.h"

#define IN_BYTES (64u << 10) /* enough to have what was sent at once in one commit */
#define SILENT_S 5	     /* then who has not negotiated gives way to another client */

struct client {
	struct qmp_server *server;
	struct client *next;
	struct qmp_session *session;
	struct loop_watch *watch;
	int fd;
	bool end_of_input;
	uint64_t since_ns; /* when it came */
	size_t in_len;	   /* read and not yet taken */
	char in[IN_BYTES];
};

struct qmp_server {
	struct qmp qmp;
	struct loop_watch *watch;
	int fd;
	int spare_fd; /* given up to refuse a client when there are no descriptors left */
	struct client *clients;
};

/* ---- one client ------------------------------------------------------------------------------ */

static void client_free(struct client *client)
{
	struct client **link = &client->server->clients;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	loop_unwatch(client->watch);
	qmp_session_free(client->session);
	close(client->fd);
	free(client);
}

/* Something that can wait for its turn in the loop. */
static void on_wake(void *ctx)
{
	struct client *client = ctx;

	loop_want(client->watch, LOOP_READABLE | LOOP_WRITABLE);
}

/* Sends what goes without blocking; false when the client is gone. */
static bool flush(struct client *client)
{
	const char *bytes;
	size_t len;

	while ((len = qmp_session_pending(client->session, &bytes)) > 0) {
		ssize_t n = send(client->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		qmp_session_sent(client->session, (size_t)n);
	}
	return true;
}

/* Takes what has been read as far as it goes. */
static void feed(struct client *client)
{
	size_t n = qmp_session_feed(client->session, client->in, client->in_len);

	client->in_len -= n;
	memmove(client->in, client->in + n, client->in_len);
}

/* Reads once; false when the client is gone. */
static bool receive(struct client *client)
{
	ssize_t n;

	if (client->in_len || client->end_of_input)
		return true;
	n = recv(client->fd, client->in, sizeof(client->in), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	client->end_of_input = n == 0;
	client->in_len = (size_t)n;
	return true;
}

static void on_client(void *ctx, int events)
{
	struct client *client = ctx;
	struct qmp_session *session = client->session;
	struct qmp *qmp = &client->server->qmp;
	const char *bytes;
	int want = 0;

	if ((events & LOOP_READABLE) && qmp_session_ready(session) && !receive(client))
		goto gone;
	feed(client);
	if (session->out.failed || !flush(client))
		goto gone;
	/* Input that is left goes on in another turn of the loop: a client that asks for much and
	 * reads fast does not keep the others waiting either. Output that has to wait for a commit
	 * comes by on_wake(). */
	if (client->in_len && qmp_session_ready(session))
		loop_soon(client->watch);
	if (qmp_session_pending(session, &bytes))
		want |= LOOP_WRITABLE;
	else if (client->end_of_input && !client->in_len && qmp_session_is_empty(session))
		goto gone;
	if (!client->in_len && !client->end_of_input && qmp_session_ready(session))
		want |= LOOP_READABLE;
	loop_want(client->watch, want);
	if (qmp->quit && qmp->host.quit)
		qmp->host.quit(qmp->host.ctx);
	return;
gone:
	client_free(client);
}

static bool client_new(struct qmp_server *server, int fd)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return false;
	client->server = server;
	client->fd = fd;
	client->since_ns = loop_elapsed_ns();
	client->session = qmp_session_new(&server->qmp, on_wake, client);
	if (client->session)
		client->watch = loop_watch(server->qmp.loop, fd, LOOP_READABLE | LOOP_WRITABLE,
					   on_client, client);
	if (!client->watch) {
		if (client->session)
			qmp_session_free(client->session);
		free(client);
		return false;
	}
	client->next = server->clients;
	server->clients = client;
	return true;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Without a descriptor to accept with, the listener would stay readable for ever. */
static void refuse_without_descriptor(struct qmp_server *server)
{
	int fd;

	close(server->spare_fd);
	fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	server->spare_fd = fcntl(server->fd, F_DUPFD_CLOEXEC, 0);
	server->qmp.stats.refused++;
}

/* Some of the clients may have gone, only their turn has not come yet. */
static void look_for_gone(struct qmp_server *server)
{
	struct client *next;

	for (struct client *client = server->clients; client; client = next) {
		struct pollfd pollfd = {.fd = client->fd};

		next = client->next;
		if (poll(&pollfd, 1, 0) > 0 && (pollfd.revents & POLLHUP))
			on_client(client, LOOP_READABLE);
	}
}

/* Whoever has come to talk has begun long ago: those who have not are kept while there is room. */
static void end_silent(struct qmp_server *server)
{
	struct client *oldest = NULL; /* the last of the list that it is true of */

	for (struct client *client = server->clients; client; client = client->next)
		if (!client->session->negotiated)
			oldest = client;
	if (oldest && loop_elapsed_ns() - oldest->since_ns > SILENT_S * NS_PER_S)
		client_free(oldest);
}

static void on_listener(void *ctx, int events)
{
	struct qmp_server *server = ctx;
	struct qmp_stats *stats = &server->qmp.stats;
	int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			refuse_without_descriptor(server);
		return;
	}
	if (stats->clients == QMP_CLIENTS_MAX)
		look_for_gone(server);
	if (stats->clients == QMP_CLIENTS_MAX)
		end_silent(server);
	if (stats->clients == QMP_CLIENTS_MAX || !client_new(server, fd)) {
		stats->refused++;
		close(fd);
		return;
	}
	stats->connections++;
}

int qmp_server_new(struct loop *loop, struct swcxl_dev *dev, int fd, const struct qmp_host *host,
		   struct qmp_server **result)
{
	struct qmp_server *server = calloc(1, sizeof(*server));
	int error = -ENOMEM;

	if (!server)
		goto fail;
	error = qmp_init(&server->qmp, loop, dev, host);
	if (error)
		goto fail;
	server->fd = fd;
	server->spare_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	/* A client that vanishes between the wake-up and accept() must not block the loop. */
	if (server->spare_fd < 0 || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0) {
		error = -errno;
		goto fail_server;
	}
	server->watch = loop_watch(loop, fd, LOOP_READABLE, on_listener, server);
	if (!server->watch) {
		error = -ENOMEM;
		goto fail_server;
	}
	*result = server;
	return 0;

fail_server:
	if (server->spare_fd >= 0)
		close(server->spare_fd);
	qmp_fini(&server->qmp);
fail:
	free(server);
	close(fd);
	return error;
}

void qmp_server_free(struct qmp_server *server)
{
	struct out data = {0};

	if (!server)
		return;
	out_bool(&data, "guest", false);
	out_enum(&data, "reason", &qmp_enum_shutdown_reason, server->qmp.quit);
	qmp_event(&server->qmp, "SHUTDOWN", &data);
	out_free(&data);
	while (server->clients) {
		flush(server->clients); /* NOLINT(*-unix.Malloc): who is freed leaves the list */
		client_free(server->clients);
	}
	loop_unwatch(server->watch);
	close(server->fd);
	close(server->spare_fd);
	qmp_fini(&server->qmp);
	free(server);
}

void qmp_server_commit_begins(struct qmp_server *server)
{
	qmp_commit_begins(&server->qmp);
}

void qmp_server_commit_done(struct qmp_server *server)
{
	qmp_commit_done(&server->qmp);
}

void qmp_server_commit_failed(struct qmp_server *server, const char *why)
{
	qmp_commit_failed(&server->qmp, why);
}

void qmp_server_pause(struct qmp_server *server, bool pause)
{
	server->qmp.paused = pause;
	for (struct client *client = server->clients; client && !pause; client = client->next)
		on_wake(client);
}

/* ---- news of the device: inside its calls, so nothing here may call it ----------------------- */

void qmp_server_notice(struct qmp_server *server, const struct swcxl_notice *notice)
{
	char uuid_text[QMP_UUID_TEXT];
	struct out data = {0};

	switch (notice->kind) {
	case SWCXL_NOTICE_OVERFLOW:
		qmp_event(&server->qmp, "SWCXL_POISON_LIST_OVERFLOW", NULL);
		break;
	case SWCXL_NOTICE_BACKGROUND_STARTED:
		break;
	case SWCXL_NOTICE_BACKGROUND_COMPLETED:
		out_uint(&data, "opcode", notice->opcode);
		out_uint(&data, "return-code", notice->rc);
		out_uint(&data, "percent", notice->percent);
		qmp_event(&server->qmp, "SWCXL_BACKGROUND_COMPLETED", &data);
		break;
	case SWCXL_NOTICE_EVENT_RECORD:
		qmp_uuid_text(notice->uuid, uuid_text);
		out_enum(&data, "log", &qmp_enum_event_log, notice->log);
		out_uint(&data, "handle", notice->handle);
		out_string(&data, "type", uuid_text);
		qmp_event(&server->qmp, "SWCXL_EVENT_RECORD", &data);
		break;
	case SWCXL_NOTICE_DC_EXTENT:
		out_enum(&data, "change", &qmp_enum_dc_change, notice->change);
		qmp_out_extent(&data, &notice->extent);
		qmp_event(&server->qmp, "SWCXL_DC_EXTENT", &data);
		break;
	case SWCXL_NOTICES:
		break;
	}
	out_free(&data);
}

void qmp_server_count(struct qmp_server *server, const struct swcxl_trace *trace)
{
	stats_count(&server->qmp.stats, trace);
}
