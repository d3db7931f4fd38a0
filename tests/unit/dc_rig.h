/* SPDX-License-Identifier: MIT */
/*
 * Dynamic capacity in words. Blocks are counted from the bottom of region 0, and tags are numbers:
 *
 *	extents		"P0+2 A8+4/7:1"	pending, two blocks from block 0 on; added, with tag 7 and
 *			sequence 1. * referenced, ? to be released, ! to be sanitized then. H: held
 *	records		"A0+2> A8+4"	type (Add, Release, Forced release); > more follow
 *	notices		"+0+2 -8+4"	accepted, refused; ~ offer timed out; ^ released; = kept
 */
#ifndef SWCXL_TESTS_DC_RIG_H
#define SWCXL_TESTS_DC_RIG_H

#include <stdarg.h>

#include "rig.h"
#include "wire/dc.h"
#include "wire/events.h"

#define BLOCK 65536u
#define BLOCK_LINES (BLOCK / SWCXL_LINE)
#define REGION ((unsigned)(SWCXL_CAPACITY_UNIT / BLOCK)) /* blocks of one */
#define UNIT_LINES (SWCXL_CAPACITY_UNIT / SWCXL_LINE)
#define BOTTOM (2 * UNIT_LINES) /* lines */
#define ENTRIES_MAX 170u	/* in a payload of 4 KiB */

struct part {
	uint64_t block, blocks;
};
#define PARTS(...) \
	(const struct part[]){__VA_ARGS__}, ARRAY_SIZE(((const struct part[]){__VA_ARGS__}))

static char heard[65536];

struct dc_text {
	char text[65536];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static inline void say(struct dc_text *s, const char *format,
							     ...)
{
	va_list args;

	va_start(args, format);
	s->len += (size_t)vsnprintf(s->text + s->len, sizeof(s->text) - s->len, format, args);
	va_end(args);
	CHECK(s->len < sizeof(s->text));
}

static inline void say_extent(struct dc_text *s, char what, uint64_t start, uint64_t length,
			      const uint8_t *tag, unsigned sequence)
{
	if (s->len)
		say(s, " ");
	if (what)
		say(s, "%c", what);
	say(s, "%u+%u", (unsigned)((start - BOTTOM * 64) / BLOCK), (unsigned)(length / BLOCK));
	if (le_load(tag, 4))
		say(s, "/%u", (unsigned)le_load(tag, 4));
	if (sequence)
		say(s, ":%u", sequence);
}

static inline bool dc_same(const struct dc_text *s, const char *want)
{
	bool same = !strcmp(s->text, want);

	if (!same)
		fprintf(stderr, "is    \"%.2000s\"\nnot   \"%.2000s\"\n", s->text, want);
	return same;
}

/* Two partitions of a unit each, and regions of a unit. */
static inline struct swcxl_config dc_config(unsigned regions)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT);

	c.dc_regions = regions;
	c.dc_region_size = SWCXL_CAPACITY_UNIT;
	c.dc_block_size = BLOCK;
	c.event_log_max = 4000;
	return c;
}

static inline void hear(const struct swcxl_notice *n)
{
	static struct dc_text s;

	if (n->kind != SWCXL_NOTICE_DC_EXTENT)
		return;
	s.len = strlen(heard);
	memcpy(s.text, heard, s.len + 1);
	say_extent(&s, "+-~^="[n->change], n -> extent.start, n->extent.length, n->extent.tag,
		   n->extent.sequence);
	memcpy(heard, s.text, s.len + 1);
}

static inline void dc_open(struct test_device *t, const struct swcxl_config *c)
{
	test_device_open(t, c);
	t->hear = hear;
	heard[0] = 0;
}

/* ---- what there is ---- */

static inline bool extents_are(const struct test_device *t, const char *want)
{
	static struct dc_text s;
	struct swcxl_dc_extent e;

	s.len = 0, s.text[0] = 0;
	for (unsigned i = 0; swcxl_dc_extent_get(t->dev, i, &e); i++) {
		say_extent(&s, "PAH"[e.state], e.start, e.length, e.tag, e.sequence);
		say(&s, "%s%s%s", e.referenced ? "*" : "", e.releasing ? "?" : "",
		    e.sanitize ? "!" : "");
		CHECK(!e.offer == (e.state != SWCXL_DC_PENDING));
		CHECK(e.region == (e.start - BOTTOM * 64) / SWCXL_CAPACITY_UNIT);
	}
	return dc_same(&s, want);
}

static inline bool heard_is(const char *want)
{
	static struct dc_text s;

	s.len = strlen(heard);
	memcpy(s.text, heard, s.len + 1);
	heard[0] = 0;
	return dc_same(&s, want);
}

static inline uint32_t log_count(const struct test_device *t)
{
	struct swcxl_log_status st;

	swcxl_query_log(t->dev, SWCXL_LOG_DYNAMIC_CAPACITY, &st);
	return st.count;
}

static inline const struct dc_event *log_event(const struct test_device *t, uint32_t i)
{
	const uint8_t *record = swcxl_log_record(t->dev, SWCXL_LOG_DYNAMIC_CAPACITY, i);

	CHECK(record);
	return (const void *)(record + EVENT_DATA_OFFSET);
}

/* The host takes all records. */
static inline void log_clear(struct test_device *t)
{
	while (log_count(t)) {
		const struct event_header *h =
			(const void *)swcxl_log_record(t->dev, SWCXL_LOG_DYNAMIC_CAPACITY, 0);
		uint8_t in[8] = {SWCXL_LOG_DYNAMIC_CAPACITY, 0, 1};

		le_store(in + 6, 2, rd(h->handle));
		CHECK(rig_run(t, 0x0101, in, sizeof(in)) == SWCXL_SUCCESS);
	}
}

/* What records there are; they are cleared. */
static inline bool log_is(struct test_device *t, const char *want)
{
	static struct dc_text s;

	s.len = 0, s.text[0] = 0;
	for (uint32_t i = 0; i < log_count(t); i++) {
		const struct dc_event *e = log_event(t, i);

		say_extent(&s, "ARF"[e->type], rd(e->extent.start), rd(e->extent.length),
			   e -> extent.tag, rd(e->extent.sequence));
		say(&s, "%s", e->flags & DC_EVENT_MORE ? ">" : "");
		CHECK(e->region == (rd(e->extent.start) - BOTTOM * 64) / SWCXL_CAPACITY_UNIT);
		CHECK(!rd(e->host));
	}
	log_clear(t);
	return dc_same(&s, want);
}

/* Available extents and tags. */
static inline bool left_are(const struct test_device *t, unsigned extents, unsigned tags)
{
	struct swcxl_status st = rig_status(t);

	return st.dc.extents_available == extents && st.dc.tags_available == tags;
}

static inline bool offers_are(const struct test_device *t, unsigned alive, unsigned dead)
{
	struct swcxl_status st = rig_status(t);

	return st.dc.offers == alive && st.dc.dead_offers == dead;
}

/* ---- the fabric manager ---- */

/* Named blocks, of the region in which the first lies. */
static inline const struct swcxl_dc_range *named(const struct part *part, size_t n,
						 unsigned *region)
{
	static struct swcxl_dc_range range[2048];

	*region = n ? (unsigned)(part[0].block / REGION) : 0;
	for (size_t i = 0; i < n; i++)
		range[i] = (struct swcxl_dc_range){.offset = part[i].block * BLOCK -
							     *region * SWCXL_CAPACITY_UNIT,
						   .length = part[i].blocks * BLOCK};
	return range;
}

static inline enum swcxl_dc_error offer(struct test_device *t, unsigned tag,
					const struct part *part, size_t n)
{
	struct swcxl_dc_add add = {.selection = SWCXL_DC_SELECT_PRESCRIPTIVE, .ranges = n};

	le_store(add.tag, 4, tag);
	add.range = named(part, n, &add.region);
	return swcxl_dc_add(t->dev, &add);
}

static inline enum swcxl_dc_error choose(struct test_device *t, unsigned region,
					 enum swcxl_dc_selection selection, unsigned tag,
					 uint64_t blocks)
{
	struct swcxl_dc_add add = {
		.region = region, .selection = selection, .length = blocks * BLOCK};

	le_store(add.tag, 4, tag);
	return swcxl_dc_add(t->dev, &add);
}

enum { ASK = 0, FORCED = 1, SANITIZE = 2 };

static inline enum swcxl_dc_error take(struct test_device *t, unsigned how, const struct part *part,
				       size_t n)
{
	struct swcxl_dc_release r = {.removal = SWCXL_DC_REMOVE_PRESCRIPTIVE,
				     .forced = how & FORCED,
				     .sanitize = how & SANITIZE,
				     .ranges = n};

	r.range = named(part, n, &r.region);
	return swcxl_dc_release(t->dev, &r);
}

static inline enum swcxl_dc_error take_tag(struct test_device *t, unsigned how, unsigned region,
					   unsigned tag, uint64_t blocks)
{
	struct swcxl_dc_release r = {.region = region,
				     .removal = SWCXL_DC_REMOVE_TAG,
				     .forced = how & FORCED,
				     .sanitize = how & SANITIZE,
				     .length = blocks * BLOCK};

	le_store(r.tag, 4, tag);
	return swcxl_dc_release(t->dev, &r);
}

static inline enum swcxl_dc_error refer(struct test_device *t, unsigned tag, bool hold)
{
	uint8_t bytes[16] = {0};

	le_store(bytes, 4, tag);
	return swcxl_dc_reference(t->dev, bytes, hold);
}

/* ---- the host ---- */

enum { RESPOND = 0x4802, RELEASE = 0x4803, MORE = 1 << 16 };

struct raw { /* bytes */
	uint64_t start, length;
};

static inline unsigned update_raw(struct test_device *t, unsigned opcode, const struct raw *e,
				  size_t n)
{
	static uint8_t in[8 + 2048 * 24];

	CHECK(n <= 2048);
	memset(in, 0, 8 + n * 24);
	le_store(in, 4, n);
	in[4] = opcode & MORE ? DC_UPDATE_MORE : 0;
	for (size_t i = 0; i < n; i++) {
		wr((le64 *)(void *)(in + 8 + i * 24), e[i].start);
		wr((le64 *)(void *)(in + 16 + i * 24), e[i].length);
	}
	return rig_run(t, opcode & 0xffff, in, 8 + n * 24);
}

/* opcode: of one payload, MORE than which is to follow. */
static inline unsigned update(struct test_device *t, unsigned opcode, const struct part *part,
			      size_t n)
{
	static struct raw raw[2048];

	for (size_t i = 0; i < n; i++)
		raw[i] = (struct raw){BOTTOM * 64 + part[i].block * BLOCK, part[i].blocks * BLOCK};
	return update_raw(t, opcode, raw, n);
}

/* In as many payloads as it takes: the code of the first that is not taken, or of the last. */
static inline unsigned update_all(struct test_device *t, unsigned opcode, const struct part *part,
				  size_t n)
{
	unsigned rc = SWCXL_SUCCESS;

	do {
		size_t now = MIN(n, ENTRIES_MAX);

		rc = update(t, opcode | (now < n ? MORE : 0), part, now);
		part += now, n -= now;
	} while (n && !rc);
	return rc;
}

/* Offers blocks, and the host takes them all. */
static inline void give(struct test_device *t, unsigned tag, const struct part *part, size_t n)
{
	CHECK(!offer(t, tag, part, n));
	CHECK(update_all(t, RESPOND, part, n) == SWCXL_SUCCESS);
	log_clear(t);
	heard[0] = 0;
}

#endif
