/* SPDX-License-Identifier: MIT */
/*
 * Dynamic capacity in the model test: a fabric manager that offers, asks back and takes, a host
 * that answers, both with good and bad arguments, and the comparison of everything that they are
 * told. The host has a channel of its own, so that its answers in several payloads go on while
 * others use theirs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/le.h"
#include "model_test.h"

#define ENTRIES ((PAYLOAD - 8) / 24) /* of one payload */
#define MANY (EXTENTS + 100)
#define EVENT_ADD 0x30 /* in a record: what follows the header */

/* What the host is about to answer, payload by payload. */
struct plan {
	struct naive_entry entry[2 * MANY];
	uint32_t n, at;
};

static struct swcxl_cci *host;
static struct plan response, returned;
static uint32_t next_tag;

/* ---- the device ---- */

void choose_dc(struct swcxl_config *c)
{
	static const uint64_t blocks[] = {64, 64, 128, 1024};
	static const uint64_t timeouts[] = {0, 0, 0, 60, 2000, 50000, 40000000};

	c->dc_regions = 1 + (uint32_t)below(3);
	c->dc_region_size = 256ull << 20;
	c->dc_block_size = blocks[below(4)];
	c->dc_host_timeout_ns = timeouts[below(7)];
	for (unsigned i = 0; i < c->dc_regions; i++) {
		c->dc_flags[i] = (uint8_t)((one_in(2) ? SWCXL_DC_NON_VOLATILE : 0) |
					   (one_in(3) ? SWCXL_DC_SHARABLE : 0) |
					   (one_in(3) ? SWCXL_DC_SANITIZE : 0));
		if (one_in(8))
			c->dc_flags[i] |= SWCXL_DC_READ_ONLY;
	}
	if (one_in(5))
		c->revision = SWCXL_CXL_3_0;
	if (one_in(4))
		c->event_log_max = 600;
	if (one_in(5))
		c->volatile_size = 0;
	if (one_in(5))
		c->persistent_size = 0;
}

void open_dc(void)
{
	struct swcxl_dc_add add = {0};
	uint8_t in[8] = {0}, out[PAYLOAD];
	size_t len;

	host = swcxl_cci_new(t.dev);
	response.n = returned.n = 0;
	next_tag = 100;
	if (model.dc.regions)
		return;
	CHECK(swcxl_dc_add(t.dev, &add) == SWCXL_DC_E_NO_REGIONS);
	CHECK(test_execute(&t, 0x4801, in, 8, out, &len) == UNSUP);
}

/* ---- comparing ---- */

static bool same_place(const struct naive_extent *e, const struct swcxl_dc_extent *got)
{
	return got->start == e->start * 64 && got->length == (e->end - e->start) * 64 &&
	       got->region == naive_region(&model, e->start) && got->sequence == e->sequence &&
	       memcmp(got->tag, e->tag, 16) == 0;
}

static unsigned place_of(uint32_t group)
{
	unsigned place = 1;

	while (model.dc.group[place - 1].number != group)
		place++;
	return place;
}

static void check_extents(void)
{
	uint64_t free[SWCXL_DC_REGIONS];
	struct swcxl_dc_region region;
	struct swcxl_dc_extent got;

	for (unsigned i = 0; i < model.dc.regions; i++)
		free[i] = model.dc.region_lines;
	for (uint32_t i = 0; i < model.dc.table.n; i++) {
		const struct naive_extent *e = &model.dc.table.extent[i];
		bool pending = e->state == SWCXL_DC_PENDING, sanitize, releasing;

		releasing = naive_releasing(&model, e, &sanitize);
		CHECK(swcxl_dc_extent_get(t.dev, i, &got));
		CHECK(same_place(e, &got) && got.state == e->state);
		CHECK(got.referenced == e->referenced);
		CHECK(got.offer == (pending ? place_of(e->group) : 0));
		CHECK(got.releasing == releasing && got.sanitize == sanitize);
		free[got.region] -= e->end - e->start;
	}
	CHECK(!swcxl_dc_extent_get(t.dev, model.dc.table.n, &got));
	for (unsigned i = 0; i < model.dc.regions; i++) {
		CHECK(swcxl_dc_region_get(t.dev, i, &region));
		CHECK(region.free == free[i] * 64);
	}
}

/* 4801h, in pages of any size (DC-4). */
static void check_extent_list(void)
{
	uint32_t want[EXTENTS + 1], total = 0, at = 0, page = 1 + (uint32_t)below(12);
	uint8_t in[8], out[PAYLOAD];
	size_t len;

	for (uint32_t i = 0; i < model.dc.table.n; i++)
		if (model.dc.table.extent[i].state == SWCXL_DC_ADDED)
			want[total++] = i;
	do {
		uint32_t count;

		le_store(in, 4, page);
		le_store(in + 4, 4, at);
		CHECK(test_execute(&t, 0x4801, in, 8, out, &len) == OK);
		count = (uint32_t)le_load(out, 4);
		CHECK(len == 16 + 40 * count && count <= page && count <= total - at);
		CHECK(count || at == total);
		CHECK(le_load(out + 4, 4) == total);
		CHECK(le_load(out + 8, 4) == model.dc.generation);
		for (uint32_t i = 0; i < count; i++, at++) {
			const struct naive_extent *e = &model.dc.table.extent[want[at]];
			const uint8_t *r = out + 16 + 40 * i;

			CHECK(le_load(r, 8) == e->start * 64);
			CHECK(le_load(r + 8, 8) == (e->end - e->start) * 64);
			CHECK(memcmp(r + 16, e->tag, 16) == 0);
			CHECK(le_load(r + 32, 2) == e->sequence);
		}
	} while (at < total);
	le_store(in + 4, 4, total + 1);
	CHECK(test_execute(&t, 0x4801, in, 8, out, &len) == INVALID);
}

static void check_counters(void)
{
	unsigned alive = 0, dead = 0;
	struct swcxl_status st;
	uint8_t in[2] = {8, 0}, out[PAYLOAD];
	size_t len;

	for (uint32_t i = 0; i < model.dc.groups; i++)
		++*(model.dc.group[i].dead ? &dead : &alive);
	swcxl_query(t.dev, &st);
	CHECK(st.dc.generation == model.dc.generation);
	CHECK(st.dc.offers == alive && st.dc.dead_offers == dead);
	CHECK(st.dc.extents_available == naive_extents_available(&model));
	CHECK(st.dc.tags_available == naive_tags_available(&model));
	CHECK(test_execute(&t, 0x4800, in, 2, out, &len) == OK);
	CHECK(out[1] == model.dc.regions);
	CHECK(len == 8 + 40 * model.dc.regions + (model.before_3_1 ? 0 : 16));
	if (model.before_3_1)
		return;
	CHECK(le_load(out + len - 16, 4) == EXTENTS && le_load(out + len - 8, 4) == TAGS);
	CHECK(le_load(out + len - 12, 4) == naive_extents_available(&model));
	CHECK(le_load(out + len - 4, 4) == naive_tags_available(&model));
}

static void check_refusals(void)
{
	struct swcxl_dc_refusal got;

	for (uint32_t i = 0; i < model.dc.refusals; i++) {
		const struct swcxl_dc_refusal *want = &model.dc.refused[i];

		CHECK(swcxl_dc_refusal_get(t.dev, i, &got) && got.reason == want->reason);
		CHECK(got.extent.start == want->extent.start);
		CHECK(got.extent.length == want->extent.length);
		CHECK(got.extent.sequence == want->extent.sequence);
		CHECK(memcmp(got.extent.tag, want->extent.tag, 16) == 0);
	}
	CHECK(!swcxl_dc_refusal_get(t.dev, model.dc.refusals, &got));
	CHECK(t.notices[SWCXL_NOTICE_DC_EXTENT] == model.dc.told);
	if (!model.dc.told)
		return;
	CHECK(t.last_extent.change == model.dc.last_change);
	CHECK(same_place(&model.dc.last_told, &t.last_extent.extent));
}

static void check_record(const uint8_t *r, const struct naive_dc_record *want)
{
	const uint8_t *data = r + EVENT_ADD, *extent = data + 8;

	CHECK(r[0] == 0xca && r[0x10] == 0x80 && le_load(r + 0x11, 3) == 0);
	CHECK(le_load(r + 0x18, 8) == want->ts);
	CHECK(data[0] == want->type && data[1] == !model.before_3_1);
	CHECK(le_load(data + 2, 2) == 0 && data[4] == want->region && data[5] == want->more);
	CHECK(le_load(extent, 8) == want->extent.start * 64);
	CHECK(le_load(extent + 8, 8) == (want->extent.end - want->extent.start) * 64);
	CHECK(memcmp(extent + 16, want->extent.tag, 16) == 0);
	CHECK(le_load(extent + 32, 2) == want->extent.sequence);
	CHECK(le_load(data + 0x48, 4) == want->extents_available);
	CHECK(le_load(data + 0x4c, 4) == want->tags_available);
}

/* The log, and the records that are new in it. */
static void check_log(void)
{
	struct swcxl_log_status st;
	uint32_t first = model.dc.records - model.dc.fresh;

	swcxl_query_log(t.dev, SWCXL_LOG_DYNAMIC_CAPACITY, &st);
	CHECK(st.count == model.dc.records && st.overflow == (model.dc.lost > 0));
	CHECK(st.lost == model.dc.lost);
	for (uint32_t i = 0; i < model.dc.fresh; i++)
		check_record(swcxl_log_record(t.dev, SWCXL_LOG_DYNAMIC_CAPACITY, first + i),
			     &model.dc.news[i]);
	model.dc.fresh = 0;
}

void check_dc(void)
{
	if (!model.dc.regions)
		return;
	check_extents();
	check_extent_list();
	check_counters();
	check_refusals();
	check_log();
}

/* ---- the fabric manager ---- */

static void put_tag(uint8_t tag[16], uint32_t number)
{
	memset(tag, 0, 16);
	le_store(tag + 12, 4, number);
}

static uint64_t block(void)
{
	return model.dc.block * 64;
}

static unsigned some_region(void)
{
	return (unsigned)below(model.dc.regions);
}

static const struct naive_extent *some_extent(void)
{
	return model.dc.table.n ? &model.dc.table.extent[below(model.dc.table.n)] : NULL;
}

/* Blocks of a region about lines in play, mostly. */
static struct swcxl_dc_range some_blocks(unsigned region)
{
	uint64_t start = model.static_top + region * model.dc.region_lines, line = 0;
	struct swcxl_dc_range r = {.length = (1 + below(one_in(4) ? 24 : 4)) * block()};

	for (unsigned i = 0; i < 40; i++) {
		line = some_line();
		if (line >= start && line < start + model.dc.region_lines)
			break;
		line = start + below(model.dc.region_lines);
	}
	r.offset = (line - start) / model.dc.block * block();
	if (r.length > model.dc.region_lines * 64 - r.offset)
		r.length = block();
	return r;
}

/* An extent of the region, or a part of it. */
static struct swcxl_dc_range some_of(unsigned region, const struct naive_extent *e)
{
	uint64_t start = model.static_top + region * model.dc.region_lines;
	struct swcxl_dc_range r = {(e->start - start) * 64, (e->end - e->start) * 64};
	uint64_t blocks = r.length / block(), skip = below(blocks);

	if (one_in(2))
		return r;
	r.offset += skip * block();
	r.length = (1 + below(blocks - skip)) * block();
	return r;
}

static void spoil_range(struct swcxl_dc_range *r)
{
	switch (below(5)) {
	case 0:
		r->length = 0;
		break;
	case 1:
		r->length += block() / 2;
		break;
	case 2:
		r->offset += 32;
		break;
	case 3:
		r->length = model.dc.region_lines * 64;
		break;
	default:
		r->offset = UINT64_MAX - block() + 1;
	}
}

static void spoil_target(unsigned *to_host, unsigned *region, int *policy)
{
	switch (below(3)) {
	case 0:
		*to_host = 1;
		break;
	case 1:
		*region = model.dc.regions + (unsigned)below(9);
		break;
	default:
		*policy = 4 + (int)below(12);
	}
}

static uint64_t some_length(unsigned region)
{
	struct swcxl_dc_region r;

	if (!one_in(10))
		return (1 + below(6)) * block();
	swcxl_dc_region_get(t.dev, region, &r);
	switch (below(4)) {
	case 0:
		return 0;
	case 1:
		return block() + 32;
	case 2:
		return r.free;
	default:
		return r.free + block();
	}
}

static void op_add(void)
{
	struct swcxl_dc_range range[6];
	struct swcxl_dc_add add = {.region = some_region(), .range = range, .ranges = below(6)};
	uint32_t tag = one_in(3) ? 0 : (uint32_t)below(8);
	int selection = (int)below(4);

	if (selection == SWCXL_DC_SELECT_PRESCRIPTIVE || one_in(3))
		selection = SWCXL_DC_SELECT_PRESCRIPTIVE;
	for (unsigned i = 0; i < 6; i++)
		range[i] = some_blocks(add.region);
	if (one_in(2) && add.ranges > 1) /* neighbours */
		range[1] = (struct swcxl_dc_range){range[0].offset + range[0].length, block()};
	if (one_in(12))
		spoil_range(&range[0]);
	add.length = some_length(add.region);
	put_tag(add.tag, tag);
	if (selection == SWCXL_DC_SELECT_SHARED && some_extent() && !one_in(4))
		memcpy(add.tag, some_extent()->tag, 16);
	if (one_in(20))
		spoil_target(&add.host, &add.region, &selection);
	add.selection = (enum swcxl_dc_selection)selection;
	snprintf(what, sizeof(what), "add to %u by %d, tag %u, %zu ranges from %" PRIx64,
		 add.region, selection, tag, add.ranges, range[0].offset);
	CHECK(swcxl_dc_add(t.dev, &add) == naive_dc_add(&model, &add));
}

static void op_release(void)
{
	struct swcxl_dc_range range[4];
	struct swcxl_dc_release release = {
		.region = some_region(),
		.forced = one_in(3),
		.sanitize = one_in(3),
		.range = range,
		.ranges = one_in(8) ? below(5) : 1,
	};
	const struct naive_extent *e = some_extent();
	int removal = (int)below(2);

	for (unsigned i = 0; i < 4; i++)
		range[i] = some_blocks(release.region);
	put_tag(release.tag, (uint32_t)below(8));
	if (e && !one_in(5)) {
		release.region = naive_region(&model, e->start);
		range[0] = some_of(release.region, e);
		memcpy(release.tag, e->tag, 16);
	}
	if (one_in(5)) /* beyond that extent */
		range[0].length += (1 + below(4)) * block();
	if (one_in(12))
		spoil_range(&range[below(4)]);
	release.length = one_in(2) ? 0 : some_length(release.region);
	if (one_in(20))
		spoil_target(&release.host, &release.region, &removal);
	release.removal = (enum swcxl_dc_removal)removal;
	snprintf(what, sizeof(what), "%s%s release from %u by %d, %zu ranges from %" PRIx64,
		 release.forced ? "forced" : "", release.sanitize ? " sanitizing" : "",
		 release.region, removal, release.ranges, range[0].offset);
	CHECK(swcxl_dc_release(t.dev, &release) == naive_dc_release(&model, &release));
}

static void op_reference(void)
{
	const struct naive_extent *e = some_extent();
	bool hold = !one_in(3);
	uint8_t tag[16];

	snprintf(what, sizeof(what), "reference %d", hold);
	put_tag(tag, (uint32_t)below(8));
	if (e && !one_in(4))
		memcpy(tag, e->tag, 16);
	CHECK(swcxl_dc_reference(t.dev, tag, hold) == naive_dc_reference(&model, tag, hold));
}

/* A region is taken as a whole. */
static void op_take_all(void)
{
	struct swcxl_dc_range range = {0, model.dc.region_lines * 64};
	struct swcxl_dc_release release = {.region = some_region(),
					   .removal = SWCXL_DC_REMOVE_PRESCRIPTIVE,
					   .forced = true,
					   .range = &range,
					   .ranges = 1};

	snprintf(what, sizeof(what), "take all of %u", release.region);
	CHECK(swcxl_dc_release(t.dev, &release) == naive_dc_release(&model, &release));
}

/* ---- more than the device can keep track of ---- */

/* Every other block from the middle of a region on: an offer, or a request. */
static void op_many_extents(void)
{
	static struct swcxl_dc_range range[MANY];
	struct swcxl_dc_add add = {.region = some_region(),
				   .selection = SWCXL_DC_SELECT_PRESCRIPTIVE,
				   .range = range,
				   .ranges = 1 + below(MANY)};
	struct swcxl_dc_release release = {.region = add.region,
					   .removal = SWCXL_DC_REMOVE_PRESCRIPTIVE,
					   .forced = one_in(2),
					   .range = range,
					   .ranges = add.ranges};

	for (unsigned i = 0; i < MANY; i++)
		range[i] = (struct swcxl_dc_range){(128ull << 20) + 2 * i * block(), block()};
	put_tag(add.tag, (uint32_t)below(4));
	snprintf(what, sizeof(what), "add %zu extents to %u", add.ranges, add.region);
	if (one_in(3))
		CHECK(swcxl_dc_release(t.dev, &release) == naive_dc_release(&model, &release));
	else
		CHECK(swcxl_dc_add(t.dev, &add) == naive_dc_add(&model, &add));
}

/* One of so many blocks: answers can make it many. */
static void op_long_extent(void)
{
	struct swcxl_dc_range range = {64ull << 20, 3 * MANY * block()};
	struct swcxl_dc_add add = {.region = some_region(),
				   .selection = SWCXL_DC_SELECT_PRESCRIPTIVE,
				   .range = &range,
				   .ranges = 1};

	put_tag(add.tag, (uint32_t)below(4));
	snprintf(what, sizeof(what), "add a long extent to %u", add.region);
	CHECK(swcxl_dc_add(t.dev, &add) == naive_dc_add(&model, &add));
}

static void op_many_tags(void)
{
	struct swcxl_dc_add add = {
		.region = some_region(), .selection = SWCXL_DC_SELECT_FREE, .length = block()};

	snprintf(what, sizeof(what), "add many tags to %u", add.region);
	for (uint64_t n = below(TAGS + 20); n--;) {
		put_tag(add.tag, next_tag++);
		CHECK(swcxl_dc_add(t.dev, &add) == naive_dc_add(&model, &add));
	}
}

/* ---- the host ---- */

static void plan_put(struct plan *plan, uint64_t start, uint64_t lines)
{
	if (plan->n < 2 * MANY)
		plan->entry[plan->n++] = (struct naive_entry){start * 64, lines * 64};
}

/* Blocks of an extent, some of them, in pieces. */
static void plan_part(struct plan *plan, const struct naive_extent *e)
{
	uint64_t blocks = (e->end - e->start) / model.dc.block, n;
	bool many = blocks > 64 && one_in(2);
	uint32_t pieces = many ? 1 + (uint32_t)below(MANY) : 4;

	for (uint64_t at = many || one_in(2) ? 0 : below(blocks); at < blocks && pieces--;
	     at += n) {
		n = 1 + (many ? 0 : below(blocks - at));
		plan_put(plan, e->start + at * model.dc.block, n * model.dc.block);
		n += many || !one_in(4);
	}
}

static void plan_extents(struct plan *plan, bool (*wanted)(const struct naive_extent *e))
{
	unsigned how = (unsigned)below(4);

	plan->n = plan->at = 0;
	for (uint32_t i = 0; i < model.dc.table.n; i++) {
		const struct naive_extent *e = &model.dc.table.extent[i];
		unsigned whole = how == 3 ? (unsigned)below(2) : how;

		if (!wanted(e))
			continue;
		if (whole == 0)
			plan_put(plan, e->start, e->end - e->start);
		else if (whole == 1 && one_in(2))
			plan_part(plan, e);
		else if (whole == 1 && one_in(2))
			plan_put(plan, e->start, e->end - e->start);
	}
}

/* As if the host's list had holes, or its capacity another shape. */
static void spoil_plan(struct plan *plan)
{
	struct naive_entry *e = &plan->entry[below(plan->n + 1)];

	if (e == &plan->entry[plan->n])
		plan_put(plan, model.static_top + below(64) * model.dc.block, model.dc.block);
	switch (below(7)) {
	case 0:
		e->length = 0;
		break;
	case 1:
		e->length += 32;
		break;
	case 2:
		e->start += 32;
		break;
	case 3:
		e->start = below(model.static_top / model.dc.block + 1) * block();
		break;
	case 4:
		e->start = model.top * 64 - below(2) * block();
		break;
	case 5:
		e->length += block() * (1 + below(3));
		break;
	default:
		*e = plan->entry[0];
	}
}

static void shuffle(struct plan *plan)
{
	for (uint32_t i = plan->n; i > 1; i--) {
		uint32_t k = (uint32_t)below(i);
		struct naive_entry e = plan->entry[k];

		plan->entry[k] = plan->entry[i - 1];
		plan->entry[i - 1] = e;
	}
}

/* One payload. Returns how many entries of the plan it took. */
static uint32_t send(unsigned opcode, struct plan *plan)
{
	uint32_t left = plan->n - plan->at, n = left < ENTRIES ? left : ENTRIES;
	bool more, odd = one_in(24), bad = one_in(60);
	uint8_t in[8 + 24 * (ENTRIES + 1)] = {0}, out[PAYLOAD];
	unsigned want;
	size_t len;

	if (one_in(3) && n)
		n = (uint32_t)below(n + 1);
	more = n < left || one_in(20);
	le_store(in, 4, n + bad);
	in[4] = (uint8_t)(more | (odd ? 2 : 0));
	for (uint32_t i = 0; i < n; i++) {
		le_store(in + 8 + 24 * i, 8, plan->entry[plan->at + i].start);
		le_store(in + 16 + 24 * i, 8, plan->entry[plan->at + i].length);
	}
	snprintf(what, sizeof(what), "%x: %u of %u%s, from %" PRIx64, opcode, n, left,
		 more ? ", more" : "", n ? plan->entry[plan->at].start : 0);
	want = swcxl_execute(host, opcode, in, 8 + 24 * n, out, &len);
	if (bad) {
		naive_end_answer(&model);
		CHECK(want == BAD_LENGTH);
	} else if (opcode == 0x4802) {
		CHECK(want == naive_respond(&model, plan->entry + plan->at, n, more, odd));
	} else {
		CHECK(want == naive_give_back(&model, plan->entry + plan->at, n, more, odd));
	}
	plan->at += n;
	if (want || !more)
		plan->n = plan->at = 0;
	return n;
}

/* Some payloads of a plan. */
static void go_on(unsigned opcode, struct plan *plan)
{
	unsigned payloads = 1 + (unsigned)below(plan->n > 4 * ENTRIES ? 40 : 3);

	do
		send(opcode, plan);
	while (plan->at < plan->n && --payloads);
}

static bool is_next(const struct naive_extent *e)
{
	return e->state == SWCXL_DC_PENDING && model.dc.groups &&
	       e->group == model.dc.group[0].number;
}

static bool is_pending(const struct naive_extent *e)
{
	return e->state == SWCXL_DC_PENDING;
}

static bool is_added(const struct naive_extent *e)
{
	return e->state == SWCXL_DC_ADDED && one_in(3);
}

static bool has_tag(const struct naive_extent *e)
{
	static uint8_t tag[16];

	if (e == &model.dc.table.extent[0])
		memcpy(tag, some_extent()->tag, 16);
	return e->state == SWCXL_DC_ADDED && !memcmp(e->tag, tag, 16);
}

static void op_respond(void)
{
	if (!response.n || one_in(10)) {
		plan_extents(&response, one_in(12) ? is_pending : is_next);
		if (one_in(3))
			shuffle(&response);
		if (one_in(10))
			spoil_plan(&response);
	}
	go_on(0x4802, &response);
}

static void op_give_back(void)
{
	if (!returned.n || one_in(10)) {
		plan_extents(&returned, one_in(2) ? has_tag : is_added);
		if (one_in(3))
			shuffle(&returned);
		if (one_in(6) && returned.n) /* over what comes next, perhaps another extent */
			returned.entry[0].length += block() * (1 + below(4));
		if (one_in(10))
			spoil_plan(&returned);
	}
	go_on(0x4803, &returned);
}

/* The host refuses everything that waits. */
static void op_refuse_all(void)
{
	snprintf(what, sizeof(what), "refuse all");
	while (model.dc.groups) {
		response.n = response.at = 0;
		send(0x4802, &response);
	}
}

/* Between the payloads of an answer: that ends it. */
static void op_other_command(void)
{
	uint8_t in[8] = {0}, out[PAYLOAD];
	size_t len;

	snprintf(what, sizeof(what), "another command of the host");
	CHECK(swcxl_execute(host, 0x4801, in, 8, out, &len) == SWCXL_SUCCESS);
	naive_end_answer(&model);
}

void op_drain_dc(void)
{
	snprintf(what, sizeof(what), "drain the log of dynamic capacity");
	if (model.dc.records)
		model.dc.lost = 0;
	drain(SWCXL_LOG_DYNAMIC_CAPACITY, &model.dc.records);
}

void op_dc(void)
{
	static const struct {
		void (*op)(void);
		unsigned weight;
	} ops[] = {{op_add, 120},     {op_release, 60},	   {op_reference, 20},
		   {op_respond, 200}, {op_give_back, 60},  {op_other_command, 4},
		   {op_drain_dc, 5},  {op_take_all, 4},	   {op_refuse_all, 4},
		   {op_many_tags, 1}, {op_long_extent, 2}, {op_many_extents, 1}};
	unsigned sum = 0, pick;

	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		sum += ops[i].weight;
	pick = (unsigned)below(sum);
	for (unsigned i = 0;; pick -= ops[i++].weight) {
		if (pick < ops[i].weight) {
			ops[i].op();
			return;
		}
	}
}
