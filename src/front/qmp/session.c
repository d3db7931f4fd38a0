// SPDX-License-Identifier: MIT
/*
 * Requests and replies. Every value that the framer cuts out of the stream becomes one call: it is
 * parsed, its envelope checked as QEMU does, its command looked up, its arguments taken, its
 * handler run; whatever fails on the way makes the reply an error, and there is exactly one reply
 * to every value.
 *
 * Events go straight to the clients' output, so those that a command causes stand before its
 * reply, in the order in which they happened. When output may be sent is held.c's business.
 */
#include "front/qmp/session.h"

#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "loop/loop.h"
#include "state/state.h"

#define GREETING "{\"QMP\": {\"version\": " QMP_VERSION ", \"capabilities\": []}}\r\n"

/* How json-c prints what came from a client. */
#define PLAIN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

bool qmp_error(struct qmp_call *call, const char *format, ...)
{
	va_list args;
	size_t len;

	va_start(args, format);
	vsnprintf(call->desc, sizeof(call->desc), format, args);
	va_end(args);
	/* A text that was cut must not end inside a character. */
	len = strlen(call->desc);
	if (len == sizeof(call->desc) - 1) {
		while (len && (call->desc[len - 1] & 0xc0) == 0x80)
			len--;
		if (len && (call->desc[len - 1] & 0x80))
			len--;
		call->desc[len] = '\0';
	}
	call->failed = true;
	call->class = "GenericError";
	return false;
}

/* The other error class that QEMU has: the command is not there, or not now. */
static bool not_found(struct qmp_call *call)
{
	call->class = "CommandNotFound";
	return false;
}

/* ---- out ------------------------------------------------------------------------------------- */

/* Sends the reply to a call: all of it is known, and nothing of it has been sent. */
static void reply(struct qmp_call *call, struct json_object *id, bool has_id)
{
	struct out *out = &call->session->out;
	size_t start = out->len;

	out_add(out, "{", 1);
	if (call->failed) {
		out_begin(out, "error", '{');
		out_string(out, "class", call->class);
		out_string(out, "desc", call->desc);
		out_end(out, '}');
	} else {
		out_raw(out, "return", "");
		if (call->ret.len)
			out_add(out, call->ret.p, call->ret.len);
		else
			out_add(out, "{}", 2);
	}
	if (call->changed && !call->failed)
		qmp_session_doubt(call->session, start, out->len);
	if (has_id)
		out_raw(out, "id", json_object_to_json_string_ext(id, PLAIN));
	out_add(out, "}\r\n", 3);
}

void qmp_event(struct qmp *qmp, const char *name, const struct out *data)
{
	uint64_t now = loop_wall_us();
	struct out text = {0};

	out_begin(&text, NULL, '{');
	out_begin(&text, "timestamp", '{');
	out_uint(&text, "seconds", now / 1000000);
	out_uint(&text, "microseconds", now % 1000000);
	out_end(&text, '}');
	out_string(&text, "event", name);
	if (data) {
		out_begin(&text, "data", '{');
		out_add(&text, data->p, data->len);
		out_end(&text, '}');
	}
	out_add(&text, "}\r\n", 3);
	for (struct qmp_session *s = qmp->sessions; s; s = s->next) {
		if (!s->negotiated)
			continue;
		if (text.failed || (data && data->failed) || !qmp_session_ready(s)) {
			qmp->stats.events_dropped++;
			continue;
		}
		out_add(&s->out, text.p, text.len);
		qmp->stats.events++;
		s->wake(s->ctx);
	}
	out_free(&text);
}

/* ---- in -------------------------------------------------------------------------------------- */

/* Members of all objects in a value. *finite becomes false when a number is not. */
static size_t count_members(struct json_object *value, bool *finite)
{
	size_t n = 0;

	if (json_object_is_type(value, json_type_double))
		*finite &= isfinite(json_object_get_double(value));
	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach (value, key, member) {
			(void)key;
			n += 1 + count_members(member, finite);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			n += count_members(json_object_array_get_idx(value, i), finite);
	}
	return n;
}

/* json-c does not look at what it gets. In a tree that is as large as it can be each object has a
 * table of 16 entries: nothing that one bracket, comma or colon makes it ask for is more. */
static bool has_room(const struct frame *frame)
{
	return !frame->text.failed &&
	       loop_has_room(4096 + 4 * frame->text.len + 1024 * frame->tokens);
}

/* The value that a frame holds, which the caller puts, or NULL and an error. */
static struct json_object *parse(struct qmp_call *call, const struct frame *frame)
{
	struct json_tokener *tokener = call->qmp->tokener;
	struct json_object *value;
	enum json_tokener_error error;
	bool finite = true;

	if (!has_room(frame)) {
		qmp_error(call, "Out of memory");
		return NULL;
	}
	json_tokener_reset(tokener);
	value = json_tokener_parse_ex(tokener, frame->text.p, (int)frame->text.len);
	error = json_tokener_get_error(tokener);
	if (error != json_tokener_success) {
		json_object_put(value);
		qmp_error(call, "JSON parse error, %s",
			  error == json_tokener_continue ? "value is incomplete"
							 : json_tokener_error_desc(error));
		return NULL;
	}
	/* A key that comes twice leaves fewer members than there were colons. And NaN is something
	 * that json-c reads, but no JSON. */
	if (count_members(value, &finite) != frame->colons)
		qmp_error(call, "JSON parse error, duplicate key");
	else if (!finite)
		qmp_error(call, "JSON parse error, number out of range");
	if (!call->failed)
		return value;
	json_object_put(value);
	return NULL;
}

/* Checks a request's envelope: the name of its command, or NULL and an error. */
static const char *envelope(struct qmp_call *call, struct json_object *request)
{
	const char *execute = NULL;

	if (!json_object_is_type(request, json_type_object)) {
		qmp_error(call, "QMP input must be a JSON object");
		return NULL;
	}
	json_object_object_foreach (request, key, member) {
		if (!strcmp(key, "execute")) {
			execute = qmp_text(member);
			if (!execute)
				qmp_error(call, "QMP input member 'execute' must be a string");
		} else if (!strcmp(key, "arguments")) {
			if (!json_object_is_type(member, json_type_object))
				qmp_error(call, "QMP input member 'arguments' must be an object");
		} else if (strcmp(key, "id") != 0) {
			qmp_error(call, "QMP input member '%s' is unexpected", key);
		}
		if (call->failed)
			return NULL;
	}
	if (!execute)
		qmp_error(call, "QMP input lacks member 'execute'");
	return execute;
}

/* Sets call->command, or an error. */
static bool look_up(struct qmp_call *call, const char *name)
{
	bool first = !strcmp(name, "qmp_capabilities");

	if (!first && !call->session->negotiated) {
		qmp_error(call, "Expecting capabilities negotiation with 'qmp_capabilities'");
		return not_found(call);
	}
	if (first && call->session->negotiated) {
		qmp_error(call, "Capabilities negotiation is already complete, command ignored");
		return not_found(call);
	}
	for (size_t i = 0; i < QMP_COMMANDS && !call->command; i++)
		if (!strcmp(name, qmp_commands[i].name))
			call->command = &qmp_commands[i];
	if (!call->command) {
		qmp_error(call, "The command %s has not been found", name);
		return not_found(call);
	}
	return true;
}

static void trace(struct qmp_call *call, struct json_object *arguments)
{
	const struct qmp_command *command = call->command;
	const struct qmp_host *host = &call->qmp->host;
	const char *text = arguments ? json_object_to_json_string_ext(arguments, PLAIN) : "{}";
	struct out ret = {0};

	if (call->failed || !command->effect || command->time || !host->trace)
		return;
	out_add(&ret, call->ret.len ? call->ret.p : "{}", call->ret.len ? call->ret.len : 2);
	out_add(&ret, "", 1);
	if (text && !ret.failed)
		host->trace(host->ctx, command->name, text, ret.p);
	out_free(&ret);
}

/* Effects have to be made durable, if anything has; that time passes is nobody's doing. */
static bool check_writable(struct qmp_call *call)
{
	const struct qmp_host *host = &call->qmp->host;
	const char *why = host->unwritable ? host->unwritable(host->ctx) : NULL;
	const struct qmp_command *command = call->command;

	if (why && command->effect && !command->time && !command->not_kept)
		return qmp_error(call, QMP_UNWRITABLE, why);
	return true;
}

static uint64_t count_changes(const struct qmp_call *call)
{
	const struct qmp_host *host = &call->qmp->host;

	return host->state_stats ? host->state_stats(host->ctx)->changes : 0;
}

static void run(struct qmp_call *call, struct json_object *arguments)
{
	const struct qmp_command *command = call->command;
	struct stats_count *n = &call->qmp->stats.commands[command - qmp_commands];
	union qmp_args args;
	uint64_t changes;

	loop_tick(call->qmp->loop);
	changes = count_changes(call);
	if (qmp_args_take(call, command, arguments, &args) && check_writable(call) &&
	    command->run(call, &args) && call->ret.failed)
		qmp_error(call, "Out of memory");
	qmp_args_free(command, &args);
	call->changed = !command->time && count_changes(call) != changes;
	trace(call, arguments);
	n->count++;
	n->errors += call->failed;
}

/* One value of the input stream, or what was wrong with it, and the reply to it. */
static void request(struct qmp_session *session, const char *error)
{
	struct qmp_call call = {.session = session, .qmp = session->qmp};
	struct json_object *value = NULL, *id = NULL, *arguments = NULL;
	bool has_id = false;
	const char *name;

	session->qmp->stats.requests++;
	if (error) {
		qmp_error(&call, "%s", error);
	} else {
		value = parse(&call, &session->frame);
		has_id = json_object_is_type(value, json_type_object) &&
			 json_object_object_get_ex(value, "id", &id);
		name = call.failed ? NULL : envelope(&call, value);
		if (name && look_up(&call, name)) {
			json_object_object_get_ex(value, "arguments", &arguments);
			run(&call, arguments);
		}
	}
	session->qmp->stats.errors += call.failed;
	reply(&call, id, has_id);
	out_free(&call.ret);
	json_object_put(value);
}

bool qmp_session_ready(const struct qmp_session *session)
{
	return session->out.len - session->sent < QMP_OUTPUT_MAX && !session->qmp->paused;
}

size_t qmp_session_feed(struct qmp_session *session, const char *bytes, size_t len)
{
	uint64_t end = loop_elapsed_ns() + LOOP_TURN_NS;
	size_t n = 0;

	while (n < len && qmp_session_ready(session) && !session->qmp->quit &&
	       (!n || loop_elapsed_ns() < end)) {
		const char *error;
		bool complete;

		n += frame_feed(&session->frame, bytes + n, len - n, &complete, &error);
		if (complete || error)
			request(session, error);
	}
	return n;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct qmp_session *qmp_session_new(struct qmp *qmp, void (*wake)(void *ctx), void *ctx)
{
	struct qmp_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->cci = swcxl_cci_new(qmp->dev);
	out_add(&session->out, GREETING, strlen(GREETING));
	if (!session->cci || session->out.failed) {
		swcxl_cci_free(session->cci);
		out_free(&session->out);
		free(session);
		return NULL;
	}
	session->qmp = qmp;
	session->wake = wake;
	session->ctx = ctx;
	session->next = qmp->sessions;
	qmp->sessions = session;
	qmp->stats.clients++;
	return session;
}

void qmp_session_free(struct qmp_session *session)
{
	struct qmp_session **link = &session->qmp->sessions;

	while (*link != session)
		link = &(*link)->next;
	*link = session->next;
	session->qmp->stats.clients--;
	swcxl_cci_free(session->cci);
	qmp_import_free(session->import);
	out_free(&session->frame.text);
	out_free(&session->out);
	free(session->doubts);
	free(session);
}

int qmp_init(struct qmp *qmp, struct loop *loop, struct swcxl_dev *dev, const struct qmp_host *host)
{
	*qmp = (struct qmp){.loop = loop, .dev = dev};
	if (host)
		qmp->host = *host;
	if (!qmp->host.name)
		qmp->host.name = "";
	/* The framer keeps to QMP_DEPTH_MAX; the parser counts the innermost value too. */
	qmp->tokener = json_tokener_new_ex((int)QMP_DEPTH_MAX + 2);
	qmp->payload = malloc(swcxl_get_config(dev)->payload_size);
	if (!qmp->tokener || !qmp->payload) {
		qmp_fini(qmp);
		return -ENOMEM;
	}
	json_tokener_set_flags(qmp->tokener, JSON_TOKENER_STRICT);
	return 0;
}

void qmp_fini(struct qmp *qmp)
{
	while (qmp->sessions)
		qmp_session_free(qmp->sessions); /* NOLINT(*-unix.Malloc): it leaves the list */
	if (qmp->tokener)
		json_tokener_free(qmp->tokener);
	free(qmp->payload);
}
