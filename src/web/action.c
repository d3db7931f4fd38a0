// SPDX-License-Identifier: MIT
/*
 * What a person with the token can do: each a POST with a small JSON object, which becomes one
 * command of the device. The device checks what it is given; its refusal is the answer. While it
 * has not answered the connection is suspended.
 */
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "client/json.h"
#include "client/names.h"
#include "swcxl/swcxl.h"
#include "view/view.h"
#include "web/guard.h"
#include "web/web.h"
#include "wire/media.h"

struct action_call {
	struct web *web; /* NULL: the device's answer is not waited for any more */
	struct MHD_Connection *connection;
	const struct action *action;
	char body[WEB_BODY_MAX + 1];
	size_t len;
	enum { READING, ASKED, ANSWERED } state;
	bool suspended;
	unsigned status;
	char error[256]; /* "": it is done */
};

/* ---- what they send -------------------------------------------------------------------------- */

#define PLANT 0 /* no command of the command interface */

static const struct action {
	const char *path;
	unsigned opcode;
} actions[] = {
	{"/api/plant", PLANT},
	{"/api/inject", OP_inject_poison},
	{"/api/clear", OP_clear_poison},
	{"/api/scan", OP_scan_media},
	{"/api/abort", OP_request_abort_background_operation},
};

static struct json_object *plant_args(struct json_object *body)
{
	static const char *const keys[] = {"start", "length", "source", "known", "permanent"};
	struct json_object *args = json_object_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (get_member(body, keys[i]))
			json_object_object_add(args, keys[i],
					       json_object_get(get_member(body, keys[i])));
	return args;
}

/* The payload of a command; its length. */
static size_t payload(unsigned opcode, struct json_object *body, uint8_t *out)
{
	uint64_t start = get_number(body, "start"), length = get_number(body, "length");
	struct inject_poison_in inject = {0};
	struct clear_poison_in clear = {0};
	struct scan_media_in scan = {0};

	switch (opcode) {
	case OP_inject_poison:
		wr(&inject.address, start);
		memcpy(out, &inject, sizeof(inject));
		return sizeof(inject);
	case OP_clear_poison:
		wr(&clear.address, start);
		memcpy(out, &clear, sizeof(clear));
		return sizeof(clear);
	case OP_scan_media:
		wr(&scan.address, start);
		wr(&scan.lines, length / SWCXL_LINE);
		memcpy(out, &scan, sizeof(scan));
		return sizeof(scan);
	default:
		return 0;
	}
}

static struct json_object *cci_args(unsigned opcode, struct json_object *body)
{
	struct json_object *args = json_object_new_object();
	uint8_t bytes[128];
	size_t len = payload(opcode, body, bytes);
	char hex[2 * sizeof(bytes) + 1] = "";

	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	add_number(args, "opcode", opcode);
	add_string(args, "payload", hex);
	return args;
}

/* ---- asking the device ----------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void say(struct action_call *call, unsigned status,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(call->error, sizeof(call->error), format, args);
	va_end(args);
	call->status = status;
	call->state = ANSWERED;
}

static void answered(void *ctx, struct json_object *value, const char *error)
{
	struct action_call *call = ctx;
	unsigned rc = (unsigned)get_number(value, "return-code");
	const char *name = rc_name(rc);

	if (!call->web) {
		free(call);
		return;
	}
	if (!value)
		say(call, MHD_HTTP_CONFLICT, "%s", error);
	else if (rc != SWCXL_SUCCESS && rc != SWCXL_BACKGROUND_STARTED)
		say(call, MHD_HTTP_CONFLICT, "%s: %s", opcode_name(call->action->opcode),
		    name ? name : "refused");
	else
		say(call, MHD_HTTP_OK, "%s", "");
	view_hurry(call->web->view);
	if (call->suspended) {
		call->suspended = false;
		MHD_resume_connection(call->connection);
	}
}

/* A place or a length that is no whole line would be cut to one without a word. */
static bool is_whole_lines(struct json_object *body, const char *key)
{
	struct json_object *value = get_member(body, key);

	return !value ||
	       (json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0 &&
		get_number(body, key) % SWCXL_LINE == 0);
}

static void ask(struct action_call *call)
{
	struct json_object *body;
	unsigned opcode = call->action->opcode;

	call->body[call->len] = '\0';
	body = json_tokener_parse(call->body);
	if (!json_object_is_type(body, json_type_object)) {
		say(call, MHD_HTTP_BAD_REQUEST, "The body is no JSON object");
	} else if (!is_whole_lines(body, "start") || !is_whole_lines(body, "length")) {
		say(call, MHD_HTTP_BAD_REQUEST, "start and length are multiples of 64");
	} else {
		call->state = ASKED;
		if (!view_execute(call->web->view,
				  opcode == PLANT ? "swcxl-plant-poison" : "swcxl-cci",
				  opcode == PLANT ? plant_args(body) : cci_args(opcode, body),
				  answered, call))
			say(call, MHD_HTTP_SERVICE_UNAVAILABLE,
			    "There is no connection to the device");
	}
	json_object_put(body);
}

/* ---- requests -------------------------------------------------------------------------------- */

static const struct action *find(const char *url)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].path, url) == 0)
			return &actions[i];
	return NULL;
}

bool action_exists(const char *url)
{
	return find(url) != NULL;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result ask_for_token(struct MHD_Connection *connection)
{
	static char text[] = "{\"error\": \"This needs the token\"}";
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	return web_answer(connection, MHD_HTTP_UNAUTHORIZED, response);
}

struct action_call *action_begin(struct web *web, struct MHD_Connection *connection,
				 const char *url, enum MHD_Result *result)
{
	const char *type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
	struct action_call *call;

	if (!guard_origin(header(connection, MHD_HTTP_HEADER_ORIGIN),
			  header(connection, MHD_HTTP_HEADER_HOST))) {
		*result = web_refuse(connection, MHD_HTTP_FORBIDDEN,
				     "Another page than this server's may not ask");
		return NULL;
	}
	if (!web->token) {
		*result = web_refuse(connection, MHD_HTTP_FORBIDDEN,
				     "This server is read-only: start it with --token-file");
		return NULL;
	}
	if (!guard_token(header(connection, MHD_HTTP_HEADER_AUTHORIZATION), web->token)) {
		*result = ask_for_token(connection);
		return NULL;
	}
	if (!type || strncmp(type, "application/json", strlen("application/json")) != 0) {
		*result = web_refuse(connection, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
				     "The body has to be application/json");
		return NULL;
	}
	*result = MHD_NO;
	call = calloc(1, sizeof(*call));
	if (call)
		*call = (struct action_call){
			.web = web, .connection = connection, .action = find(url)};
	return call;
}

void action_body(struct action_call *call, const char *bytes, size_t len)
{
	if (len > WEB_BODY_MAX - call->len) {
		say(call, MHD_HTTP_CONTENT_TOO_LARGE, "The body is longer than %u bytes",
		    WEB_BODY_MAX);
		return;
	}
	memcpy(call->body + call->len, bytes, len);
	call->len += len;
}

enum MHD_Result action_go_on(struct action_call *call)
{
	static char done[] = "{}";
	struct MHD_Response *response;

	if (call->state == READING)
		ask(call);
	if (call->state == ASKED) {
		call->suspended = true;
		MHD_suspend_connection(call->connection);
		return MHD_YES;
	}
	if (call->error[0])
		return web_refuse(call->connection, call->status, call->error);
	response = MHD_create_response_from_buffer(strlen(done), done, MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	return web_answer(call->connection, MHD_HTTP_OK, response);
}

void action_free(struct action_call *call)
{
	if (call && call->state == ASKED)
		call->web = NULL; /* its answer comes to nobody, who frees it */
	else
		free(call);
}
