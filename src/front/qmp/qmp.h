/* SPDX-License-Identifier: MIT */
/*
 * The control server: QEMU's machine protocol, QEMU's CXL commands, and our own (swcxl-*).
 * Up to 64 clients at once, each with a CCI channel of its own.
 */
#ifndef SWCXL_FRONT_QMP_H
#define SWCXL_FRONT_QMP_H

#include <stdbool.h>
#include <stdint.h>

struct swcxl_dev;
struct swcxl_notice;
struct swcxl_trace;
struct state_stats;
struct vfio_stats;
struct loop;
struct qmp_server;

/* What a control client can ask for beyond the device. */
struct qmp_host {
	void *ctx;
	const char *name;				   /* --name */
	const struct vfio_stats *(*vfio_stats)(void *ctx); /* NULL: no vfio-user front end */
	const char *trace_path;				   /* NULL: no trace */
	/* An effective control command, for --trace: arguments and return value as JSON. */
	void (*trace)(void *ctx, const char *name, const char *arguments, const char *ret);
	void (*quit)(void *ctx); /* "quit" was asked for, its reply is on its way */
	/* Durable state; all NULL without. Has all that was changed become durable (or will it not
	 * soon)? Why can nothing be written, for the end of a sentence (NULL: it can)? */
	bool (*settled)(void *ctx);
	const char *(*unwritable)(void *ctx);
	const struct state_stats *(*state_stats)(void *ctx);
	/* The device has another state altogether. NULL without durable state. */
	void (*renewed)(void *ctx);
};

/* Serves on a listening unix socket, which it owns from now on. 0 and *server, or -errno. */
int qmp_server_new(struct loop *loop, struct swcxl_dev *dev, int fd, const struct qmp_host *host,
		   struct qmp_server **server);

/* Sends SHUTDOWN to every client, flushes what goes without blocking, closes. */
void qmp_server_free(struct qmp_server *server);

/* To be called from swcxl_host.notice and .trace (the latter counts commands for
 * swcxl-query-stats). */
void qmp_server_notice(struct qmp_server *server, const struct swcxl_notice *notice);
void qmp_server_count(struct qmp_server *server, const struct swcxl_trace *trace);

/*
 * While host.settled says no, what clients are to be told waits: replies and events alike, in
 * their order, for they may show what a power loss would undo. Requests go on being executed.
 * A commit that begins now will cover what waits so far; and that commit is done.
 */
void qmp_server_commit_begins(struct qmp_server *server);
void qmp_server_commit_done(struct qmp_server *server);
/* It has failed: replies that wait, to commands that changed something, become errors, since
 * nobody knows what will become of the change; and everything goes. */
void qmp_server_commit_failed(struct qmp_server *server, const char *why);

/* Takes no more requests, until false. */
void qmp_server_pause(struct qmp_server *server, bool pause);

/*
 * The same without sockets or clients, for a replay: requests one by one, whose effects host.trace
 * tells. NULL: no memory. The device and the loop have to outlive it.
 */
struct qmp_offline;
struct qmp_offline *qmp_offline_new(struct loop *loop, struct swcxl_dev *dev,
				    const struct qmp_host *host);
void qmp_offline_free(struct qmp_offline *offline);
void qmp_offline_execute(struct qmp_offline *offline, const char *request);

#endif
