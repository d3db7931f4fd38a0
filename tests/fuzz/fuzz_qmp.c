/* SPDX-License-Identifier: MIT */
/*
 * The control protocol: a whole conversation with a fresh device, without sockets.
 *
 * Whatever a client sends, the process lives, its output is lines of JSON, and each request gets a
 * reply. What it imports comes out again as it went in.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/qmp/session.h"
#include "front/qmp/state_json.h"
#include "loop/loop.h"
#include "qmp_script.h"
#include "state/state.h"
#include "swcxl/swcxl.h"

#define IMPORT "{'execute': 'swcxl-import-state', 'arguments': {'state': "

/* A disk, as far as the control socket knows of one. */
static struct disk {
	struct state_stats stats;
	uint64_t durable, begun; /* changes that are; that a commit under way covers */
	bool committing, broken;
} disk;
static size_t replies;

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

static void on_qmp_trace(void *ctx, const char *name, const char *arguments, const char *ret)
{
	(void)ctx;
	assert(*name && !strchr(name, ' '));
	assert(arguments[0] == '{' && !strchr(arguments, '\n'));
	assert(ret[0] == '{' && ret[strlen(ret) - 1] == '}' && !strchr(ret, '\n'));
}

static void on_wake(void *ctx)
{
	(void)ctx;
}

/* ---- durable state --------------------------------------------------------------------------- */

static void on_change(void *ctx, const struct swcxl_change *change)
{
	(void)ctx, (void)change;
	disk.stats.changes++;
}

static bool on_settled(void *ctx)
{
	(void)ctx;
	return disk.broken || (disk.durable == disk.stats.changes && !disk.committing);
}

static const char *on_unwritable(void *ctx)
{
	(void)ctx;
	return disk.broken ? "is broken \"here\"\r\n" : NULL;
}

static const struct state_stats *on_state_stats(void *ctx)
{
	(void)ctx;
	return &disk.stats;
}

/* One of the things that may happen on the way to the disk. */
static void turn(struct qmp *qmp, unsigned choice)
{
	if (!disk.committing) {
		disk.committing = choice % 2;
		disk.begun = disk.stats.changes;
		if (disk.committing)
			qmp_commit_begins(qmp);
	} else if (choice % 4 == 1) {
		disk.committing = false;
		if (!disk.broken)
			qmp_commit_failed(qmp, "is broken");
		disk.broken = true;
	} else if (choice % 4 > 1) {
		disk.committing = disk.broken = false;
		disk.durable = disk.begun;
		qmp_commit_done(qmp);
	}
}

/* ---- the client ------------------------------------------------------------------------------ */

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
	for (size_t i = 0; i < len; i++)
		replies += bytes[i] == '\n';
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
		bool random = choice >= QMP_RANDOM_PIECES;
		size_t piece = !choice ? len : random ? next_size(&seed) : choice;
		size_t n = qmp_session_feed(session, bytes, piece < len ? piece : len);

		assert(n || session->qmp->quit || choice >= QMP_DURABLE);
		bytes += n;
		len -= n;
		if (choice >= QMP_DURABLE)
			turn(session->qmp, seed >> 9);
		fetch(session);
	}
	if (choice >= QMP_DURABLE) {
		disk = (struct disk){.durable = disk.stats.changes,
				     .stats.changes = disk.stats.changes};
		qmp_commit_done(session->qmp);
		fetch(session);
	}
}

/* ---- a state ------------------------------------------------------------------------------- */

/* All of what the device says of its state: parts, without what is of the moment. */
static void export(const struct qmp *qmp, struct out *out)
{
	struct swcxl_cursor cursor = {0};
	struct swcxl_change change;

	out_begin(out, NULL, '[');
	while (swcxl_save_next(qmp->dev, &cursor, &change))
		state_out(out, &change, true);
	out_end(out, ']');
}

static void begin_import(struct qmp_session *session, uint8_t choice)
{
	char head[512];

	snprintf(head, sizeof(head),
		 IMPORT
		 "{'swcxl-state': 1, 'device': {'volatile': %llu, 'persistent': %llu, "
		 "'partitionable': 0, 'lsa': 1280, 'dc-regions': 2, 'dc-region-size': %llu}, "
		 "'records': ",
		 SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT);
	feed(session, head, strlen(head), choice);
}

/* Records that a device has taken are a state that it can give, and take again. */
static void import(struct qmp_session *session, const char *records, size_t len, uint8_t choice)
{
	struct out once = {0}, again = {0};

	begin_import(session, choice);
	feed(session, "[", 1, choice);
	feed(session, records, len, choice);
	feed(session, "]}}}\n", 5, choice);
	export(session->qmp, &once);
	begin_import(session, 0);
	feed(session, once.p, once.len, 0);
	feed(session, "}}}\n", 4, 0);
	export(session->qmp, &again);
	assert(session->qmp->quit || (once.len == again.len && !memcmp(once.p, again.p, once.len)));
	out_free(&once);
	out_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char hello[] = "{'execute': 'qmp_capabilities'}";
	struct loop *loop = loop_new(true);
	const struct swcxl_config config = qmp_script_config();
	struct swcxl_dev *dev;
	struct qmp_session *session;
	struct qmp qmp = {0};
	const struct swcxl_host host = {
		.ctx = &qmp,
		.realloc = on_realloc,
		.trace = on_trace,
		.notice = on_notice,
		.changed = on_change,
	};
	struct qmp_host qmp_host = {.name = "mem0", .trace = on_qmp_trace};

	if (size && data[0] >= QMP_DURABLE) {
		qmp_host.settled = on_settled;
		qmp_host.unwritable = on_unwritable;
		qmp_host.state_stats = on_state_stats;
	}
	disk = (struct disk){0};
	replies = 0;

	if (!loop || swcxl_new(&config, &host, &dev))
		abort();
	loop_attach(loop, dev);
	if (qmp_init(&qmp, loop, dev, &qmp_host))
		abort();
	session = qmp_session_new(&qmp, on_wake, NULL);
	if (!session)
		abort();
	feed(session, hello, strlen(hello), 0);
	if (size > 1 && data[1] == QMP_RECORDS)
		import(session, (const char *)data + 2, size - 2, data[0]);
	else if (size)
		feed(session, (const char *)data + 1, size - 1, data[0]);
	/* the greeting, a reply each, and what events there were */
	assert(replies == 1 + qmp.stats.requests + qmp.stats.events);
	qmp_fini(&qmp);
	loop_free(loop);
	swcxl_free(dev);
	return 0;
}
