/* SPDX-License-Identifier: MIT */
/*
 * A conversation with one control client, without its socket: bytes in, bytes out.
 *
 * What all conversations share is struct qmp. Input is taken only while little output is pending;
 * what a client does not fetch is bounded by QMP_OUTPUT_MAX and one reply.
 */
#ifndef SWCXL_FRONT_QMP_SESSION_H
#define SWCXL_FRONT_QMP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "front/qmp/frame.h"
#include "front/qmp/out.h"
#include "front/qmp/qmp.h"
#include "front/qmp/stats.h"
#include "front/qmp/table.h"
#include "swcxl/swcxl.h"

struct json_object;
struct json_tokener;
struct qmp_session;

/* The QEMU whose protocol we speak, and who we are. */
#define QMP_VERSION                                                \
	"{\"qemu\": {\"micro\": 0, \"minor\": 1, \"major\": 11}, " \
	"\"package\": \"swcxl " SWCXL_VERSION "\"}"

struct qmp {
	struct loop *loop;
	struct swcxl_dev *dev;
	struct qmp_host host;
	struct json_tokener *tokener;
	uint8_t *payload; /* room for a command's output */
	struct qmp_session *sessions;
	struct qmp_stats stats;
	bool quit;   /* was asked for: no more commands */
	bool paused; /* no more commands for now */
};

struct qmp_session {
	struct qmp *qmp;
	struct qmp_session *next;
	struct swcxl_cci *cci;
	struct state_import *import; /* under way, or NULL */
	bool import_gone; /* it gave way to another one, which its client does not know */
	bool negotiated;
	struct frame frame;
	struct out out;
	/* Of out, in this order: has been sent; may be sent; may be, once the commit under way is
	 * done. What follows needs a later commit. */
	size_t sent, ready, sealed;
	/* Replies behind `ready` that say that something was changed. */
	struct doubt {
		size_t start, tail; /* tail: where what is behind the result begins, the id */
	} * doubts;
	size_t doubts_count, doubts_cap;
	/* Output has come up outside of qmp_session_feed(). */
	void (*wake)(void *ctx);
	void *ctx;
};

/* 0, or -ENOMEM. host may be NULL. */
int qmp_init(struct qmp *qmp, struct loop *loop, struct swcxl_dev *dev,
	     const struct qmp_host *host);
void qmp_fini(struct qmp *qmp);

/* Begins with the greeting in out; NULL: no memory. */
struct qmp_session *qmp_session_new(struct qmp *qmp, void (*wake)(void *ctx), void *ctx);
void qmp_session_free(struct qmp_session *session);

/* Takes input and executes what it says. Returns how much was taken: less than len when the
 * client has to fetch output first, when its turn is over, or when the process is about to end. */
size_t qmp_session_feed(struct qmp_session *session, const char *bytes, size_t len);

/* Is there room for more input? */
bool qmp_session_ready(const struct qmp_session *session);

/* Drops an import that has not come to its end (cmd_state.c). NULL is accepted. */
void qmp_import_free(struct state_import *import);

/* ---- output that waits (held.c) -------------------------------------------------------------- */

/* Output that may be sent; and that so much of it has been. */
size_t qmp_session_pending(struct qmp_session *session, const char **bytes);
void qmp_session_sent(struct qmp_session *session, size_t len);

/* Has all output been sent? Some may have to wait for a commit. */
bool qmp_session_is_empty(const struct qmp_session *session);

/* A reply has been added that says that something was changed. */
void qmp_session_doubt(struct qmp_session *session, size_t start, size_t tail);

/* Of all sessions: see qmp_server_commit_begins(). */
void qmp_commit_begins(struct qmp *qmp);
void qmp_commit_done(struct qmp *qmp);
void qmp_commit_failed(struct qmp *qmp, const char *why);

/* What a command is told that cannot be made durable; why: as host.unwritable says. */
#define QMP_UNWRITABLE "The state file %s"

/* Queues an event for every client that has negotiated. data: the members of its data, as JSON;
 * NULL: none. */
void qmp_event(struct qmp *qmp, const char *name, const struct out *data);

/* The value of query-qmp-schema (schema.c). */
void qmp_schema(struct out *out);

/* ---- for the handlers of commands ------------------------------------------------------------ */

struct qmp_call {
	struct qmp_session *session;
	struct qmp *qmp;
	const struct qmp_command *command; /* NULL until it is known */
	struct out ret;			   /* what it returns; nothing: {} */
	bool changed;			   /* it changed what is to be durable */
	bool failed;
	const char *class;
	char desc[512];
};

/* Is a range within the device? Otherwise the reply is an error, and the result false. */
bool qmp_in_range(struct qmp_call *call, uint64_t start, uint64_t length);

/* Does a path name the device: its name, or a path that ends in it? Likewise, with this text. */
bool qmp_is_path(struct qmp_call *call, const char *path, const char *error);

/* The object health of swcxl-query-device. */
void qmp_out_health(struct out *out, const struct swcxl_status *status);
/* The object dynamic-capacity, and what its extents have in common. */
void qmp_out_dc(struct out *out, const struct swcxl_dev *dev, const struct swcxl_status *status);
void qmp_out_extent(struct out *out, const struct swcxl_dc_extent *extent);

/* A UUID's bytes as text. */
#define QMP_UUID_TEXT 37
/* A UUID in its text form, of either case. False: it is none. */
bool qmp_parse_uuid(const char *text, uint8_t bytes[static 16]);
void qmp_uuid_text(const uint8_t bytes[static 16], char text[static QMP_UUID_TEXT]);

/* Makes the reply an error, of class GenericError. Always false. */
__attribute__((format(printf, 2, 3))) bool qmp_error(struct qmp_call *call, const char *format,
						     ...);

#endif
