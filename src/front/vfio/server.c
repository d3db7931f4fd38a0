/* SPDX-License-Identifier: MIT */
/*
 * Sockets around the protocol: accepting one client at a time, putting its messages together,
 * sending replies.
 *
 * A message is read whole, header and then exactly its body, before it is judged; so an error
 * reply leaves the stream in step. Descriptors may come with any part of it. A reply goes out in
 * one sendmsg() with its descriptor, since clients read it in one piece; when a client does not
 * read, the rest of that one reply waits and nothing more is read from the client: what it can
 * make us hold is one message each way. It may sit there until another client wants its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/util.h"
#include "front/vfio/session.h"
#include "loop/loop.h"

#define TURN 256	    /* pieces of messages before other clients of the loop get theirs */
#define LAST_TURN (1 << 16) /* ... and before a client that waits for the place is refused */
#define STUCK_S 5	    /* QEMU's limit for a reply */
#define ROOM 64		    /* descriptors that one recvmsg() may bring; the rest is cut off */

struct conn {
	int fd; /* -1: nobody is connected */
	struct loop_watch *watch;
	struct vfio_session session;

	struct vfio_header header; /* of the message being read */
	uint8_t *body;
	size_t in; /* bytes of header and body read */
	struct vfio_message message;

	struct vfio_reply reply; /* being sent */
	size_t out;		 /* bytes of it gone; all of it: no reply waits */
	uint64_t waits_ns;	 /* since when we wait for the client: its version, its reading */
};

struct vfio_server {
	struct loop *loop;
	struct swcxl_dev *dev;
	int listener; /* -1: we were given a connection */
	struct loop_watch *listen_watch;
	int spare;	    /* given up to accept a client when no other descriptor is left */
	unsigned last_turn; /* pieces of the first client that another one has waited for */
	struct conn conn;
	struct vfio_irqs irqs;
	struct vfio_payload payload;
	struct vfio_stats stats;
	uint64_t poll_ns; /* 0: registers are not mapped */
	bool looking;
	bool paused;
};

/* ---- mapped registers ---- */

/* Most looks find nothing and have to cost nothing. Once in a while there is more to see than
 * doorbells: enables that were written, the progress of a background operation to be shown. */
static bool look(void *ctx, bool due)
{
	struct vfio_server *s = ctx;
	unsigned commands;

	if (s->paused || !(due || swcxl_rung(s->dev)))
		return false;
	loop_tick(s->loop);
	commands = swcxl_poll(s->dev);
	s->stats.doorbells += commands;
	return commands;
}

static void look_or_not(struct vfio_server *s)
{
	bool should = s->conn.fd >= 0 && s->payload.lent && s->poll_ns;

	if (should != s->looking)
		s->looking = loop_look(s->loop, s->poll_ns, should ? look : NULL, s) && should;
}

/* ---- one connection ---- */

static void start_message(struct conn *c)
{
	for (unsigned i = 0; i < c->message.fds; i++)
		if (c->message.fd[i] >= 0)
			close(c->message.fd[i]);
	c->message = (struct vfio_message){.header = &c->header, .body = c->body};
	c->in = 0;
}

/* The client has gone, or has to: its interrupts and its memory end, the device stays (D-39). */
static void conn_close(struct vfio_server *s)
{
	struct conn *c = &s->conn;

	if (c->fd < 0)
		return;
	loop_unwatch(c->watch);
	close(c->fd);
	c->fd = -1;
	start_message(c);
	loop_tick(s->loop);
	if (c->session.versioned)
		swcxl_reset(s->dev, SWCXL_RESET_ATTACH);
	vfio_irqs_detach(&s->irqs);
	vfio_payload_close(&s->payload, s->dev);
	look_or_not(s);
	if (s->listener < 0)
		loop_stop(s->loop, 0);
}

/* Keeps what descriptors came with a piece of a message. */
static void collect_fds(struct vfio_message *m, struct msghdr *msg)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		unsigned n = (unsigned)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (unsigned i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			if (m->fds < VFIO_FDS_MAX) {
				m->fd[m->fds++] = fd;
			} else {
				close(fd);
				m->fds_lost = true;
			}
		}
	}
	if (msg->msg_flags & MSG_CTRUNC)
		m->fds_lost = true;
}

/* Reads up to want bytes. > 0: how many; 0: the end; -1: none now, or an error in errno. */
static ssize_t receive(struct conn *c, void *p, size_t want)
{
	union {
		char bytes[CMSG_SPACE(ROOM * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {p, want};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n;

	do
		n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		collect_fds(&c->message, &msg);
	return n;
}

/* Sends what is left of the reply. False: the connection is of no more use. */
static bool flush(struct conn *c)
{
	size_t head = sizeof(c->reply.header), all = head + c->reply.len;

	while (c->out < all) {
		union {
			char bytes[CMSG_SPACE(sizeof(int))];
			struct cmsghdr align;
		} control = {{0}};
		struct iovec iov[2] = {
			{(char *)&c->reply.header + (c->out < head ? c->out : head),
			 c->out < head ? head - c->out : 0},
			{c->reply.body + (c->out < head ? 0 : c->out - head),
			 c->out < head ? c->reply.len : all - c->out},
		};
		struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
		ssize_t n;

		if (c->out == 0 && c->reply.fd >= 0) {
			struct cmsghdr *h = &control.align;

			h->cmsg_level = SOL_SOCKET;
			h->cmsg_type = SCM_RIGHTS;
			h->cmsg_len = CMSG_LEN(sizeof(int));
			memcpy(CMSG_DATA(h), &c->reply.fd, sizeof(int));
			msg.msg_control = control.bytes;
			msg.msg_controllen = sizeof(control.bytes);
		}
		n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		c->out += (size_t)n;
	}
	return true;
}

static bool reply_waits(const struct conn *c)
{
	return c->out < sizeof(c->reply.header) + c->reply.len;
}

static void no_reply(struct conn *c)
{
	c->reply.len = 0;
	c->out = sizeof(c->reply.header);
}

/* A header that cannot be followed: say so where that makes sense, then give up. */
static void refuse_header(struct conn *c)
{
	uint32_t flags = rd(c->header.flags);

	if ((flags & VFIO_TYPE) != VFIO_TYPE_COMMAND || flags & VFIO_NO_REPLY)
		return;
	c->reply.header = c->header;
	c->reply.len = 0;
	c->reply.fd = -1;
	wr(&c->reply.header.size, sizeof(c->reply.header));
	wr(&c->reply.header.flags, VFIO_TYPE_REPLY | VFIO_ERROR);
	wr(&c->reply.header.error, EINVAL);
	c->out = 0;
	flush(c);
}

/* A whole message is here. False: the connection has to end. */
static bool handle(struct vfio_server *s)
{
	struct conn *c = &s->conn;
	enum vfio_verdict verdict;

	loop_tick(s->loop);
	c->message.len = rd(c->header.size) - (uint32_t)sizeof(c->header);
	verdict = vfio_session_handle(&c->session, &c->message, &c->reply);
	start_message(c);
	look_or_not(s);
	loop_hot(s->loop);
	if (verdict == VFIO_SILENT || verdict == VFIO_CLOSE_SILENT) {
		no_reply(c);
		return verdict == VFIO_SILENT;
	}
	c->out = 0;
	c->waits_ns = loop_elapsed_ns();
	return flush(c) && verdict == VFIO_SEND;
}

/* One piece of input. 1: go on; 0: nothing more for now; -1: the connection has to end. */
static int step(struct vfio_server *s)
{
	struct conn *c = &s->conn;
	size_t head = sizeof(c->header), size = c->in < head ? head : rd(c->header.size);
	uint8_t *to = c->in < head ? (uint8_t *)&c->header + c->in : c->body + (c->in - head);
	ssize_t n = receive(c, to, size - c->in);

	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -1;
	c->in += (size_t)n;
	if (c->in < size)
		return 1;
	if (size == head && !vfio_header_ok(&c->header)) {
		refuse_header(c);
		return -1;
	}
	if (c->in < rd(c->header.size))
		return 1;
	return handle(s) ? 1 : -1;
}

static void listen_to_conn(struct vfio_server *s)
{
	int input = s->paused ? 0 : LOOP_READABLE;

	loop_want(s->conn.watch, reply_waits(&s->conn) ? LOOP_WRITABLE : input);
}

/* Handles what has come, for one turn. Returns how many pieces that was: as many as fit, or all
 * there was (*more is false). */
static unsigned conn_run(struct vfio_server *s, bool *more)
{
	uint64_t end = loop_elapsed_ns() + LOOP_TURN_NS;
	struct conn *c = &s->conn;
	unsigned pieces = 0;
	int next = 1;

	if (reply_waits(c) && !flush(c))
		next = -1;
	while (next > 0 && pieces < TURN && !reply_waits(c) && !s->paused &&
	       (!pieces || loop_elapsed_ns() < end)) {
		next = step(s);
		pieces++;
	}
	*more = next > 0 && !reply_waits(c) && !s->paused;
	if (next < 0)
		conn_close(s);
	else
		listen_to_conn(s);
	return pieces;
}

static void on_conn(void *ctx, int events)
{
	bool more;

	(void)events;
	conn_run(ctx, &more);
}

static int conn_open(struct vfio_server *s, int fd)
{
	struct conn *c = &s->conn;

	c->watch = loop_watch(s->loop, fd, LOOP_READABLE, on_conn, s);
	if (!c->watch)
		return -ENOMEM;
	c->fd = fd;
	c->waits_ns = loop_elapsed_ns();
	no_reply(c);
	start_message(c);
	vfio_payload_open(&s->payload, s->dev, s->poll_ns);
	c->session = (struct vfio_session){
		.dev = s->dev,
		.irqs = &s->irqs,
		.payload = &s->payload,
		.stats = &s->stats,
	};
	s->stats.connections++;
	return 0;
}

/* ---- the server ---- */

/* A client that has sent something already would see a reset, not an end, if we closed over it. */
static void drain(int fd)
{
	char bytes[512];

	(void)!recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
}

/* A client that has not taken a reply, or has not even said its version, for as long as clients
 * themselves wait for a reply is gone. One that is connected and silent is not. */
static bool is_stuck(const struct vfio_server *s)
{
	return (reply_waits(&s->conn) || !s->conn.session.versioned) &&
	       loop_elapsed_ns() - s->conn.waits_ns > STUCK_S * NS_PER_S;
}

static void refuse(struct vfio_server *s, int fd)
{
	s->stats.refused++;
	drain(fd);
	close(fd);
}

static int accept_client(const struct vfio_server *s)
{
	return accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* No descriptor is left: a client that stayed in the backlog would hang, and wake us for ever. */
static void refuse_with_spare(struct vfio_server *s)
{
	int fd;

	close(s->spare);
	fd = accept_client(s);
	if (fd >= 0)
		refuse(s, fd);
	s->spare = fcntl(s->listener, F_DUPFD_CLOEXEC, 0);
}

/* The end of the first connection may be waiting behind its last messages: those come first, in
 * as many turns of the loop as they need. */
static void on_listener(void *ctx, int events)
{
	struct vfio_server *s = ctx;
	bool more = false;
	int fd;

	(void)events;
	if (s->conn.fd >= 0)
		s->last_turn += conn_run(s, &more);
	if (more && s->last_turn < LAST_TURN)
		return;
	s->last_turn = 0;
	if (s->conn.fd >= 0 && is_stuck(s))
		conn_close(s);
	fd = accept_client(s);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE) && s->spare >= 0)
		refuse_with_spare(s);
	else if (fd >= 0 && s->conn.fd >= 0)
		refuse(s, fd);
	else if (fd >= 0 && conn_open(s, fd))
		close(fd);
}

static int option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) ? -errno : value;
}

/* A unix stream socket, listening or connected (its peer may have gone again), is what we serve. */
static int start(struct vfio_server *s, int fd)
{
	struct sockaddr_un peer;
	socklen_t len = sizeof(peer);
	int domain = option(fd, SO_DOMAIN);

	if (domain < 0)
		return domain;
	if (domain != AF_UNIX || option(fd, SO_TYPE) != SOCK_STREAM)
		return -EPROTONOSUPPORT;
	if (option(fd, SO_ACCEPTCONN) != 1) {
		if (getpeername(fd, (struct sockaddr *)&peer, &len) && errno == ENOTCONN)
			return -ENOTCONN;
		return conn_open(s, fd);
	}
	s->listen_watch = loop_watch(s->loop, fd, LOOP_READABLE, on_listener, s);
	if (!s->listen_watch)
		return -ENOMEM;
	s->listener = fd;
	s->spare = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

int vfio_server_new(struct loop *loop, struct swcxl_dev *dev, int fd, uint64_t poll_ns,
		    struct vfio_server **server)
{
	struct vfio_server *s = calloc(1, sizeof(*s));
	int err = -ENOMEM;

	if (s) {
		s->loop = loop;
		s->dev = dev;
		s->poll_ns = poll_ns;
		s->listener = s->spare = s->conn.fd = s->payload.fd = -1;
		vfio_irqs_init(&s->irqs);
		s->conn.body = malloc(VFIO_MESSAGE_MAX);
		s->conn.reply.body = malloc(VFIO_MESSAGE_MAX);
		if (s->conn.body && s->conn.reply.body)
			err = start(s, fd);
	}
	if (err) {
		close(fd);
		vfio_server_free(s);
		return err;
	}
	*server = s;
	return 0;
}

void vfio_server_free(struct vfio_server *s)
{
	if (!s)
		return;
	conn_close(s);
	if (s->listener >= 0) {
		loop_unwatch(s->listen_watch);
		close(s->listener);
	}
	if (s->spare >= 0)
		close(s->spare);
	free(s->conn.body);
	free(s->conn.reply.body);
	free(s);
}

void vfio_server_irq(struct vfio_server *s, unsigned vector)
{
	s->stats.interrupts++;
	vfio_irqs_fire(&s->irqs, vector);
}

void vfio_server_pause(struct vfio_server *s, bool pause)
{
	s->paused = pause;
	if (s->conn.fd >= 0)
		listen_to_conn(s);
	if (!pause && s->looking)
		loop_hot(s->loop); /* to what has rung meanwhile */
}

const struct vfio_stats *vfio_server_stats(const struct vfio_server *s)
{
	return &s->stats;
}
