/* SPDX-License-Identifier: MIT */
/*
 * The control socket: one JSON object a line. Requests are strictly one at a time, so the next
 * object that is not an event answers the last request; events that come in between are kept for
 * qmp_wait(). Since they are kept from the moment the capabilities are negotiated, nothing that
 * happens between a look at the device's state and the wait for a change is missed.
 *
 * Every wait for the device is bounded, so that a socket of some other program, or a stopped
 * process, is an error and not a hang.
 */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/util.h"
#include "cli/format.h"
#include "cli/link.h"
#include "cli/parse.h"
#include "cli/report.h"
#include "client/conn.h"
#include "client/why.h"

#define GREETING_MS 5000
#define PAYLOAD 4096 /* as mailboxes mostly have it: what is longer comes in parts */
#define REPLY_MS 30000
#define OUTPUT_MAX (1 * MiB) /* the largest mailbox payload */

struct qmp {
	struct link link;
	const char *path;
	struct conn conn;
	bool greeted;
	struct json_object *events;
	uint8_t *out;
};

static const struct link_ops qmp_ops;

bool link_is_qmp(const struct link *link)
{
	return link->ops == &qmp_ops;
}

static struct qmp *to_qmp(struct link *link)
{
	if (!link_is_qmp(link))
		die(USAGE, "This needs the control socket of the device: use --qmp instead of "
			   "--pci");
	return (struct qmp *)link; /* link is its first member */
}

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * (int64_t)NS_PER_S + now.tv_nsec;
}

int64_t now_ms(void)
{
	return now_ns() / (int64_t)NS_PER_MS;
}

/* The connection is of no more use. */
static _Noreturn void die_conn(const struct qmp *q, enum conn_status status)
{
	switch (status) {
	case CONN_CLOSED:
		die(NO_CONNECTION,
		    "The device at %s closed the connection: it has ended, or has too many "
		    "control clients%s",
		    q->path,
		    q->greeted ? ". Start it again, or end some of them"
			       : ", or this is its --socket-path, which is for the VMM, not its "
				 "--qmp");
	case CONN_NO_LINES:
		die(NO_CONNECTION, "%s sends no lines: is it a control socket?", q->path);
	case CONN_NO_JSON:
		die(NO_CONNECTION, "%s does not talk QMP: give the path that swcxl got as --qmp",
		    q->path);
	case CONN_NO_MEMORY:
		die(REFUSED, "Out of memory");
	default:
		die(NO_CONNECTION, "The connection to %s failed: %s", q->path,
		    strerror(q->conn.error));
	}
}

/* Waits until the device sends, or takes, more; false: not until the deadline (< 0: none). */
static bool wait_for(struct qmp *q, short events, int64_t deadline)
{
	struct pollfd pollfd = {.fd = q->conn.fd, .events = events};
	int64_t left = deadline < 0 ? -1 : MAX(deadline - now_ms(), 0);
	int ready = poll(&pollfd, 1, (int)MIN(left, INT32_MAX));

	return ready != 0 || left > INT32_MAX;
}

/* The next JSON object, or NULL when none came until the deadline. */
static struct json_object *receive_object(struct qmp *q, int64_t deadline)
{
	struct json_object *object;
	enum conn_status status;

	while ((status = conn_receive(&q->conn, &object)) != CONN_OK) {
		if (status != CONN_WAIT)
			die_conn(q, status);
		if (!wait_for(q, POLLIN, deadline))
			return NULL;
	}
	return object;
}

static void send_object(struct qmp *q, struct json_object *object)
{
	enum conn_status status = conn_send(&q->conn, object);

	while (status == CONN_WAIT) {
		wait_for(q, POLLOUT, -1);
		status = conn_flush(&q->conn);
	}
	if (status != CONN_OK)
		die_conn(q, status);
}

/* The answer to the last request, an object with "return" or "error". */
static struct json_object *receive_answer(struct qmp *q)
{
	int64_t deadline = now_ms() + REPLY_MS;

	for (;;) {
		struct json_object *object = receive_object(q, deadline);

		if (!object)
			die(NO_CONNECTION,
			    "The device at %s has not answered for %d seconds: is the process "
			    "stopped?",
			    q->path, REPLY_MS / 1000);
		if (!get_member(object, "event"))
			return object;
		json_object_array_add(q->events, object);
	}
}

/* What a person can do about the refusal of a command. */
static const struct {
	const char *command, *text;
} advice[] = {
	{"swcxl-plant-poison", "'swcxlctl status' shows which addresses the device has"},
	{"swcxl-query-poison", "'swcxlctl status' shows which addresses the device has"},
	{"swcxl-set-health", "swcxl-qmp(7) has the names and values, under swcxl-set-health"},
	{"swcxl-fault", "swcxl-qmp(7) tells what each kind needs, under swcxl-fault; a value is "
			"given with --value"},
	{"cxl-add-dynamic-capacity", "'swcxlctl dc config' shows the regions and their blocks, "
				     "'swcxlctl dc extents' what the host has"},
	{"cxl-release-dynamic-capacity", "'swcxlctl dc extents' shows what the host has"},
};

/* Ends the program with the error of an answer. */
static _Noreturn void die_error(const char *command, struct json_object *error, const char *what)
{
	const char *next = NULL;

	if (strcmp(get_string(error, "class"), "CommandNotFound") == 0)
		die(NO_CONNECTION,
		    "This socket has no command %s: it is not the control socket "
		    "of an swcxl process that matches this swcxlctl",
		    command);
	for (size_t i = 0; i < ARRAY_SIZE(advice) && !next; i++)
		if (strcmp(advice[i].command, command) == 0)
			next = advice[i].text;
	die(REFUSED, "%s%s%s%s%s%s", what ? what : "", what ? ": " : "", get_string(error, "desc"),
	    next ? ". " : "", next ? next : "", next ? "." : "");
}

/* What a command returns, which is of this type or the end. */
static struct json_object *call(struct link *link, const char *command, struct json_object *args,
				const char *what, enum json_type type)
{
	struct json_object *request = json_object_new_object();
	struct json_object *answer, *value;
	struct qmp *q = to_qmp(link);

	add_string(request, "execute", command);
	if (args)
		json_object_object_add(request, "arguments", args);
	send_object(q, request);
	answer = receive_answer(q);
	value = get_member(answer, "error");
	if (value)
		die_error(command, value, what);
	value = json_object_get(get_member(answer, "return"));
	if (!json_object_is_type(value, type))
		die(NO_CONNECTION,
		    "The device at %s returns what %s does not: it is no swcxl process that "
		    "matches this swcxlctl",
		    q->path, command);
	json_object_put(answer);
	return value;
}

struct json_object *qmp_call(struct link *link, const char *command, struct json_object *args,
			     const char *what)
{
	return call(link, command, args, what, json_type_object);
}

struct json_object *qmp_call_list(struct link *link, const char *command, struct json_object *args)
{
	return call(link, command, args, NULL, json_type_array);
}

struct json_object *qmp_wait(struct link *link, const char *name, int64_t timeout_ms)
{
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	struct qmp *q = to_qmp(link);

	for (;;) {
		struct json_object *event = NULL;

		if (json_object_array_length(q->events)) {
			event = json_object_get(json_object_array_get_idx(q->events, 0));
			json_object_array_del_idx(q->events, 0, 1);
		} else {
			event = receive_object(q, deadline);
		}
		if (!event || strcmp(get_string(event, "event"), name) == 0)
			return event;
		json_object_put(event);
	}
}

static struct reply qmp_execute(struct link *link, unsigned opcode, const void *in, size_t len)
{
	struct json_object *args = json_object_new_object();
	struct qmp *q = to_qmp(link);
	struct json_object *value;
	struct reply reply = {.p = q->out};

	add_number(args, "opcode", opcode);
	if (len)
		add_hex(args, "payload", in, len);
	value = qmp_call(link, "swcxl-cci", args, opcode_text(opcode));
	reply.rc = (unsigned)get_number(value, "return-code");
	if (!parse_hex(get_string(value, "payload"), q->out, OUTPUT_MAX, &reply.len))
		die(NO_CONNECTION, "The device at %s sent a payload that is not hexadecimal",
		    q->path);
	json_object_put(value);
	return reply;
}

static void qmp_background(struct link *link, struct background *background)
{
	struct json_object *device = qmp_call(link, "swcxl-query-device", NULL, NULL);
	struct json_object *object = get_member(device, "background");

	*background = (struct background){
		.running = get_bool(object, "running"),
		.opcode = (unsigned)get_number(object, "opcode"),
		.percent = (unsigned)get_number(object, "percent"),
		.rc = (unsigned)get_number(object, "return-code"),
	};
	json_object_put(device);
}

static void qmp_close(struct link *link)
{
	struct qmp *q = to_qmp(link);

	conn_close(&q->conn);
	json_object_put(q->events);
	free(q->out);
	free(q);
}

static const struct link_ops qmp_ops = {
	.execute = qmp_execute,
	.background = qmp_background,
	.close = qmp_close,
};

static void connect_to(struct qmp *q, const char *path, const char *origin)
{
	char why[WHY_SIZE];

	if (conn_open(&q->conn, path, true))
		return;
	if (q->conn.error == ENAMETOOLONG)
		die(USAGE,
		    "The socket path %s is longer than the %zu characters that a unix socket "
		    "may have",
		    path, conn_path_len());
	why_unconnected(why, path, origin, q->conn.error);
	die(NO_CONNECTION, "%s", why);
}

struct link *qmp_open(const char *path, const char *origin)
{
	struct qmp *q = xalloc(NULL, sizeof(*q));
	struct json_object *greeting;

	*q = (struct qmp){.link = {.ops = &qmp_ops, .payload = PAYLOAD}, .path = path};
	connect_to(q, path, origin);
	q->events = json_object_new_array();
	q->out = xalloc(NULL, OUTPUT_MAX);
	greeting = receive_object(q, now_ms() + GREETING_MS);
	if (!greeting || !get_member(greeting, "QMP"))
		die(NO_CONNECTION,
		    "%s%s does not greet as a control socket: give the path that swcxl got as "
		    "--qmp and not its --socket-path, which is for the VMM",
		    path, origin);
	json_object_put(greeting);
	q->greeted = true;
	json_object_put(qmp_call(&q->link, "qmp_capabilities", NULL, NULL));
	return &q->link;
}
