// SPDX-License-Identifier: MIT
/*
 * HTTP, by libmicrohttpd without threads: main's loop waits for its descriptor. Requests are found
 * in few places: the files of the page, the state, the stream of states, and the actions.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "client/json.h"
#include "view/view.h"
#include "web/document.h"
#include "web/guard.h"
#include "web/web.h"

/* With every answer: nothing but what this server gives can run or be shown, nobody else's page
 * can hold it in a frame or read it, and nothing is kept. */
static const struct {
	const char *name, *value;
} headers[] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	 "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cache-Control", "no-store"},
};

enum MHD_Result web_answer(struct MHD_Connection *connection, unsigned status,
			   struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result web_refuse(struct MHD_Connection *connection, unsigned status, const char *text)
{
	struct json_object *object = json_object_new_object();
	struct MHD_Response *response;
	const char *json;

	add_string(object, "error", text);
	json = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	response = MHD_create_response_from_buffer(strlen(json), (void *)(uintptr_t)json,
						   MHD_RESPMEM_MUST_COPY);
	json_object_put(object);
	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	return web_answer(connection, status, response);
}

static enum MHD_Result answer_file(struct MHD_Connection *connection, const struct web_file *file)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		file->len, (void *)(uintptr_t)file->bytes, MHD_RESPMEM_PERSISTENT);

	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, file->type);
	return web_answer(connection, MHD_HTTP_OK, response);
}

static enum MHD_Result answer_state(struct web *web, struct MHD_Connection *connection)
{
	struct document *document = web_document(web);
	struct MHD_Response *response;

	if (!document)
		return MHD_NO;
	response = MHD_create_response_from_buffer(
		document->json_len, document->text + document->json, MHD_RESPMEM_MUST_COPY);
	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	return web_answer(connection, MHD_HTTP_OK, response);
}

/* ---- requests -------------------------------------------------------------------------------- */

static const struct web_file *find_file(const char *url)
{
	for (size_t i = 0; i < web_file_count; i++)
		if (strcmp(web_files[i].path, url) == 0)
			return &web_files[i];
	return NULL;
}

static enum MHD_Result refuse_method(struct MHD_Connection *connection, const char *allowed)
{
	static char text[] = "{\"error\": \"Not with this method\"}";
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);

	if (response) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allowed);
	}
	return web_answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, response);
}

static enum MHD_Result answer_read(struct web *web, struct MHD_Connection *connection,
				   const char *url, const char *method)
{
	const struct web_file *file = find_file(url);
	bool stream = strcmp(url, "/api/events") == 0, state = strcmp(url, "/api/state") == 0;
	bool head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;

	if (!file && !stream && !state)
		return web_refuse(connection, MHD_HTTP_NOT_FOUND, "There is no such page");
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && (!head || stream))
		return refuse_method(connection, stream ? "GET" : "GET, HEAD");
	if (stream)
		return stream_open(web, connection);
	return state ? answer_state(web, connection) : answer_file(connection, file);
}

/* What a request that only reads has as its own, so that it is known when it is whole. */
static char reads;

/* Called when the headers of a request have come, for each piece of its body, and when that is
 * whole; *ctx is the request's. */
static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **ctx)
{
	struct web *web = arg;
	enum MHD_Result result;

	(void)version;
	if (web->ending)
		return MHD_NO;
	if (*ctx == &reads && *upload_len) { /* a body that nobody asked for */
		*upload_len = 0;
		return MHD_YES;
	}
	if (*ctx == &reads)
		return answer_read(web, connection, url, method);
	if (*ctx && *upload_len) {
		action_body(*ctx, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	if (*ctx)
		return action_go_on(*ctx);
	if (!guard_host(
		    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST),
		    web->names, web->name_count))
		return web_refuse(connection, MHD_HTTP_MISDIRECTED_REQUEST,
				  "This server is not known by that name: --name allows it");
	if (!action_exists(url)) {
		*ctx = &reads;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		return refuse_method(connection, "POST");
	*ctx = action_begin(web, connection, url, &result);
	return *ctx ? MHD_YES : result;
}

static void completed(void *arg, struct MHD_Connection *connection, void **ctx,
		      enum MHD_RequestTerminationCode how)
{
	(void)arg;
	(void)connection;
	(void)how;
	if (*ctx != &reads)
		action_free(*ctx);
	*ctx = NULL;
}

/* ---- the server ------------------------------------------------------------------------------ */

struct document *web_document(struct web *web)
{
	if (!web->document)
		web->document =
			document_make(view_state(web->view), web->number, web->token != NULL);
	return web->document;
}

void web_news(struct web *web)
{
	web->number++;
	document_drop(web->document);
	web->document = NULL;
	stream_news(web);
}

/* Paths are what was sent: none of ours has anything to unescape. */
static size_t as_it_is(void *arg, struct MHD_Connection *connection, char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

bool web_start(struct web *web, int listener, bool v6)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (v6 ? MHD_USE_IPv6 : 0);

	web->http = MHD_start_daemon(flags, 0, NULL, NULL, handle, web, MHD_OPTION_LISTEN_SOCKET,
				     listener, MHD_OPTION_CONNECTION_LIMIT, WEB_CONNECTIONS_MAX,
				     MHD_OPTION_CONNECTION_TIMEOUT, WEB_IDLE_S,
				     MHD_OPTION_UNESCAPE_CALLBACK, as_it_is, NULL,
				     MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	return web->http != NULL;
}

void web_stop(struct web *web)
{
	web->ending = true;
	stream_news(web);
	MHD_run(web->http);
	MHD_stop_daemon(web->http);
	document_drop(web->document);
}
