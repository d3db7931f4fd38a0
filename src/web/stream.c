// SPDX-License-Identifier: MIT
/*
 * Server-sent events. A stream sends the newest state, waits for another one, and so on: one that
 * reads slowly skips states, and holds up nobody. One that reads nothing is ended by the server's
 * time-out, since there is always something to be sent: where states are rare, a comment. That also
 * tells of pages that were closed meanwhile, whose places others need.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/util.h"
#include "web/document.h"
#include "web/web.h"

#define BLOCK 16384

struct stream {
	struct web *web;
	struct MHD_Connection *connection;
	struct document *document; /* that is being sent; NULL: none yet */
	size_t sent;
	bool waiting; /* for a newer one: suspended */
	bool beat;    /* a comment is due */
	struct stream *next;
};

static const char comment[] = ":\n\n";

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / (int64_t)NS_PER_MS;
}

static bool next_document(struct stream *stream)
{
	struct document *newest = web_document(stream->web);

	if (!newest || (stream->document && stream->document->number == newest->number))
		return false;
	document_drop(stream->document);
	stream->document = document_use(newest);
	stream->sent = 0;
	return true;
}

static ssize_t read_stream(void *ctx, uint64_t pos, char *buf, size_t max)
{
	struct stream *stream = ctx;
	size_t n;

	(void)pos;
	if (stream->web->ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if ((!stream->document || stream->sent == stream->document->len) &&
	    !next_document(stream)) {
		if (stream->beat && max >= strlen(comment)) {
			stream->beat = false;
			n = strlen(comment);
			memcpy(buf, comment, n);
			return (ssize_t)n;
		}
		stream->waiting = true;
		MHD_suspend_connection(stream->connection);
		return 0;
	}
	n = MIN(max, stream->document->len - stream->sent);
	memcpy(buf, stream->document->text + stream->sent, n);
	stream->sent += n;
	return (ssize_t)n;
}

static void free_stream(void *ctx)
{
	struct stream *stream = ctx, **at = &stream->web->streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	stream->web->stream_count--;
	document_drop(stream->document);
	free(stream);
}

enum MHD_Result stream_open(struct web *web, struct MHD_Connection *connection)
{
	struct MHD_Response *response;
	struct stream *stream;

	if (web->stream_count >= WEB_STREAMS_MAX)
		return web_refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
				  "As many pages as this server serves are open already");
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return MHD_NO;
	*stream = (struct stream){.web = web, .connection = connection, .next = web->streams};
	web->streams = stream;
	web->stream_count++;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, stream,
						     free_stream);
	if (!response) {
		free_stream(stream);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
	return web_answer(connection, MHD_HTTP_OK, response);
}

static void wake(struct web *web, bool beat)
{
	web->beat = now_ms();
	for (struct stream *stream = web->streams; stream; stream = stream->next) {
		if (!stream->waiting)
			continue;
		stream->waiting = false;
		stream->beat = beat;
		MHD_resume_connection(stream->connection);
	}
}

void stream_news(struct web *web)
{
	wake(web, false);
}

void stream_beat(struct web *web)
{
	if (stream_timeout_ms(web) == 0)
		wake(web, true);
}

int stream_timeout_ms(const struct web *web)
{
	int64_t left = web->beat + WEB_BEAT_MS - now_ms();

	return web->streams ? (int)MAX(left, 0) : -1;
}
