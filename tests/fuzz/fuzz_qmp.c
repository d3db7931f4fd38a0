/* SPDX-License-Identifier: MIT */
/*
 * The control protocol: a whole conversation with a fresh device, without sockets.
 *
 * The first byte says in pieces of how many bytes the rest arrives: of so many, 0 for all at once;
 * from 128 on of random sizes. The rest is what the client sends after negotiation. Whatever it
 * is, the process lives, and its output is lines of JSON.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "front/qmp/session.h"
#include "loop/loop.h"
#include "swcxl/swcxl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *on_realloc(void *ctx, void *old, size_t size)
{
	(void)ctx;
	if (size)
		return realloc(old, size);
	free(old);
	return NULL;
}

static void on_trace(void *ctx, const struct swcxl_trace *trace)
{
	struct qmp *qmp = ctx;

	stats_count(&qmp->stats, trace);
}

/* As the server does it, with an event for every kind of news. */
static void on_notice(void *ctx, const struct swcxl_notice *notice)
{
	struct out data = {0};

	out_uint(&data, "kind", notice->kind);
	qmp_event(ctx, "NOTICE", &data);
	out_free(&data);
}

static void on_qmp_trace(void *ctx, const char *line)
{
	(void)ctx;
	assert(line[0] == '{' && line[strlen(line) - 1] == '}' && !strchr(line, '\n'));
}

static void on_wake(void *ctx)
{
	(void)ctx;
}

/* The client reads all there is: lines, each of them an object. */
static void fetch(struct qmp_session *session)
{
	const char *bytes;
	size_t len = qmp_session_pending(session, &bytes);

	assert(!session->out.failed);
	if (!len)
		return;
	assert(bytes[0] == '{' && len > 3 && !memcmp(bytes + len - 3, "}\r\n", 3));
	for (size_t i = 0; i < len; i++)
		assert((unsigned char)bytes[i] >= ' ' || bytes[i] == '\r' || bytes[i] == '\n');
#ifdef FUZZ_CANARY /* a defect to be found: an object with the same key twice */
	assert(!memmem(bytes, len, "duplicate key", 13));
#endif
	qmp_session_sent(session, len);
}

/* Sizes that look random, and are the same every time. */
static size_t next_size(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return 1 + (*seed >> 24) % ((*seed >> 16 & 1) ? 4 : 64);
}

static void feed(struct qmp_session *session, const char *bytes, size_t len, uint8_t choice)
{
	uint32_t seed = choice;

	while (len && !session->qmp->quit) {
		size_t piece = !choice ? len : choice < 128 ? choice : next_size(&seed);
		size_t n = qmp_session_feed(session, bytes, piece < len ? piece : len);

		assert(n || session->qmp->quit);
		bytes += n;
		len -= n;
		fetch(session);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char hello[] = "{'execute': 'qmp_capabilities'}";
	struct loop *loop = loop_new(true);
	struct swcxl_config config;
	struct swcxl_dev *dev;
	struct qmp_session *session;
	struct qmp qmp = {0};
	const struct swcxl_host host = {
		.ctx = &qmp, .realloc = on_realloc, .trace = on_trace, .notice = on_notice};
	const struct qmp_host qmp_host = {.name = "mem0", .trace = on_qmp_trace};

	swcxl_config_init(&config);
	config.volatile_size = config.persistent_size = SWCXL_CAPACITY_UNIT;
	config.serial = 1;
	config.poison_list_max = 4;
	config.event_log_max = 4;
	config.ranges_max = 64;
	config.media_memory_max = 1 << 20;
	if (!loop || swcxl_new(&config, &host, &dev))
		abort();
	loop_attach(loop, dev);
	if (qmp_init(&qmp, loop, dev, &qmp_host))
		abort();
	session = qmp_session_new(&qmp, on_wake, NULL);
	if (!session)
		abort();
	feed(session, hello, strlen(hello), 0);
	if (size)
		feed(session, (const char *)data + 1, size - 1, data[0]);
	qmp_fini(&qmp);
	loop_free(loop);
	swcxl_free(dev);
	return 0;
}
