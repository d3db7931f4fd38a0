/* SPDX-License-Identifier: MIT */
/* What the parts of swcxl-web share. */
#ifndef SWCXL_WEB_WEB_H
#define SWCXL_WEB_WEB_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */

/* Bounds, and why. */
#define WEB_CONNECTIONS_MAX 64		/* a browser has up to six */
#define WEB_STREAMS_MAX     32		/* pages that are open: they leave connections for others */
#define WEB_BODY_MAX        4096u	/* the longest request has five short members */
#define WEB_IDLE_S          5u		/* no byte sent or read: it is gone, or does not read */
#define WEB_BEAT_MS         2000	/* without a state: a write tells who is gone */

/* clang-format on */

struct view;
struct document;

struct web {
	struct view *view;
	const char *token; /* NULL: read only */
	char *const *names;
	size_t name_count; /* that this server may be asked by */
	struct MHD_Daemon *http;
	uint64_t number;	   /* of states */
	struct document *document; /* of this state, or NULL */
	struct stream *streams;
	unsigned stream_count;
	int64_t beat; /* when streams were written to last, in ms */
	bool ending;
};

/* ---- server.c: requests ---------------------------------------------------------------------- */

/* listener: a listening socket, which is taken. False: it could not be started. */
bool web_start(struct web *web, int listener, bool v6);
void web_stop(struct web *web);
/* The state has changed. */
void web_news(struct web *web);
/* The document of the state as it is; NULL: no memory. */
struct document *web_document(struct web *web);

enum MHD_Result web_answer(struct MHD_Connection *connection, unsigned status,
			   struct MHD_Response *response);
/* An answer of {"error": text}. */
enum MHD_Result web_refuse(struct MHD_Connection *connection, unsigned status, const char *text);

/* ---- stream.c: the state as it changes ------------------------------------------------------- */

enum MHD_Result stream_open(struct web *web, struct MHD_Connection *connection);
void stream_news(struct web *web);
/* Lets streams that wait for long say that they do; and when to call it, -1: there are none. */
void stream_beat(struct web *web);
int stream_timeout_ms(const struct web *web);

/* ---- action.c: what changes the device ------------------------------------------------------- */

struct action_call;

/* Is there such a path? And, before any of the body has come, the call; or NULL, and an answer. */
bool action_exists(const char *url);
struct action_call *action_begin(struct web *web, struct MHD_Connection *connection,
				 const char *url, enum MHD_Result *result);
void action_body(struct action_call *call, const char *bytes, size_t len);
/* The body is whole, or the device has answered. */
enum MHD_Result action_go_on(struct action_call *call);
void action_free(struct action_call *call);

/* ---- files, made at build time --------------------------------------------------------------- */

struct web_file {
	const char *path, *type;
	const unsigned char *bytes;
	size_t len;
};
extern const struct web_file web_files[];
extern const size_t web_file_count;

#endif
