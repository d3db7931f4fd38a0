/* SPDX-License-Identifier: MIT */
#include "cci_dc.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/le.h"
#include "base/util.h"

#define RANGES 8u

void fuzz_dc_config(struct swcxl_config *c, const uint8_t b[2])
{
	static const uint8_t regions[] = {0, 1, 2, 8};
	static const uint64_t block[] = {2ull << 20, 64, SWCXL_CAPACITY_UNIT, 4096};
	static const uint64_t timeout[] = {0, 1000, 1ull << 40, 1};
	static const uint8_t flags[] = {
		0,
		SWCXL_DC_SHARABLE,
		SWCXL_DC_NON_VOLATILE,
		SWCXL_DC_NON_VOLATILE | SWCXL_DC_SHARABLE | SWCXL_DC_SANITIZE,
		SWCXL_DC_READ_ONLY,
		SWCXL_DC_SHARABLE | SWCXL_DC_SANITIZE,
		SWCXL_DC_NON_VOLATILE | SWCXL_DC_READ_ONLY,
		SWCXL_DC_SANITIZE,
	};

	c->dc_regions = c->revision < SWCXL_CXL_3_0 ? 0 : regions[b[0] & 3];
	if (!c->dc_regions)
		return;
	c->dc_region_size = (1 + (b[0] >> 4 & 1)) * SWCXL_CAPACITY_UNIT;
	c->dc_block_size = block[b[0] >> 2 & 3];
	c->dc_decode_bytes = b[0] & 0x20;
	c->dc_host_timeout_ns = timeout[b[0] >> 6];
	for (unsigned i = 0; i < c->dc_regions; i++)
		c->dc_flags[i] = flags[(i + b[1]) % ARRAY_SIZE(flags)];
}

/* ---- steps ---- */

/* One of a few tags, or none. */
static void take_tag(struct input *in, uint8_t tag[static 16])
{
	uint8_t n = (uint8_t)take(in, 1);

	memset(tag, 0, 16);
	tag[n & 16 ? 15 : 0] = n & 3;
}

/* Whole blocks, mostly: from the bottom of a region on, or at its top; a few that cannot be. */
static struct swcxl_dc_range take_range(struct swcxl_dev *dev, struct input *in)
{
	const struct swcxl_config *c = swcxl_get_config(dev);
	uint64_t at = take(in, 1), n = take(in, 1), block = c->dc_block_size;
	struct swcxl_dc_range r = {at % 64 * block, n % 32 * block};

	if (at & 64)
		r.offset = c->dc_region_size - r.offset;
	if (at & 128)
		r.offset += take(in, 1);
	if (n & 32)
		r.length = c->dc_region_size;
	if (n & 64)
		r.length += take(in, 1);
	if (n & 128)
		r.length = take(in, 8);
	return r;
}

static size_t take_ranges(struct swcxl_dev *dev, struct input *in,
			  struct swcxl_dc_range r[static RANGES])
{
	size_t n = take(in, 1) % (RANGES + 1);

	for (size_t i = 0; i < n; i++)
		r[i] = take_range(dev, in);
	return n;
}

void fuzz_dc_add(struct swcxl_dev *dev, struct input *in)
{
	uint8_t where = (uint8_t)take(in, 1), policy = (uint8_t)take(in, 1);
	struct swcxl_dc_add add = {
		.host = policy >> 7,
		.region = where % 9,
		.selection = (enum swcxl_dc_selection)(policy % 5),
	};
	struct swcxl_dc_range r[RANGES];
	uint64_t before, after;
	enum swcxl_dc_error error;
	struct swcxl_status st;

	take_tag(in, add.tag);
	add.ranges = take_ranges(dev, in, r);
	add.range = r;
	for (size_t i = 0; i < add.ranges; i++)
		add.length += r[i].length;
	swcxl_query(dev, &st);
	before = st.dc.offers;
	error = swcxl_dc_add(dev, &add);
	swcxl_query(dev, &st);
	after = st.dc.offers;
	MUST(!error == !swcxl_dc_error_text(error));
	MUST(error ? after == before : after >= before);
}

void fuzz_dc_release(struct swcxl_dev *dev, struct input *in)
{
	uint8_t where = (uint8_t)take(in, 1), policy = (uint8_t)take(in, 1);
	struct swcxl_dc_release release = {
		.host = policy >> 7,
		.region = where % 9,
		.removal = (enum swcxl_dc_removal)(policy & 3),
		.forced = policy & 4,
		.sanitize = policy & 8,
	};
	struct swcxl_dc_range r[RANGES];

	take_tag(in, release.tag);
	release.ranges = take_ranges(dev, in, r);
	release.range = r;
	for (size_t i = 0; i < release.ranges; i++)
		release.length += r[i].length;
	swcxl_dc_release(dev, &release);
}

void fuzz_dc_reference(struct swcxl_dev *dev, struct input *in)
{
	uint8_t tag[16];

	take_tag(in, tag);
	swcxl_dc_reference(dev, tag, take(in, 1) & 1);
}

/* An entry: an extent, a half of it, or of what lies beside it. */
static void put_entry(struct swcxl_dev *dev, struct input *in, uint8_t *out)
{
	uint64_t block = swcxl_get_config(dev)->dc_block_size;
	uint8_t which = (uint8_t)take(in, 1), how = (uint8_t)take(in, 1);
	struct swcxl_dc_extent e = {.start = 0};
	uint64_t half;

	for (unsigned i = which; !swcxl_dc_extent_get(dev, i, &e) && i > 0; i /= 2)
		;
	half = e.length / 2 / block * block;
	switch (how % 8) {
	case 4:
		e.length = half;
		break;
	case 5:
		e.start += half;
		e.length -= half;
		break;
	case 6:
		e.length += block;
		break;
	case 7:
		e.start += take(in, 1) << (how >> 3);
		e.length = take(in, how & 8 ? 8 : 1) << (how >> 4);
		break;
	default:
		break;
	}
	le_store(out, 8, e.start);
	le_store(out + 8, 8, e.length);
	out[16] = how == 0xff;
}

uint32_t fuzz_dc_answer(struct swcxl_dev *dev, struct input *in, uint8_t *out)
{
	uint8_t shape = (uint8_t)take(in, 1);
	uint32_t n = shape % 8;

	memset(out, 0, FUZZ_DC_ANSWER_MAX);
	out[0] = (uint8_t)n;
	out[4] = shape >> 3 & 1; /* More */
	for (uint32_t i = 0; i < n; i++)
		put_entry(dev, in, out + 8 + 24 * i);
	return 8 + 24 * n;
}

bool fuzz_dc_address(struct swcxl_dev *dev, unsigned where, uint64_t line, uint64_t *address)
{
	struct swcxl_dc_region region;

	if (!swcxl_dc_region_get(dev, where % SWCXL_DC_REGIONS, &region))
		return false;
	*address = region.start + line / 12 * region.block_size + line % 12 * SWCXL_LINE;
	return *address < region.start + region.length;
}

/* ---- what must hold ---- */

static bool is_tag(const uint8_t tag[static 16])
{
	static const uint8_t none[16];

	return memcmp(tag, none, 16) != 0;
}

static void check_extent(struct swcxl_dev *dev, const struct swcxl_dc_extent *e,
			 const struct swcxl_status *st)
{
	struct swcxl_dc_region r;
	bool sharable;

	MUST(swcxl_dc_region_get(dev, e->region, &r));
	sharable = r.flags & SWCXL_DC_SHARABLE;
	MUST(e->length && e->start >= r.start && e->start + e->length <= r.start + r.length);
	MUST(!((e->start - r.start) % r.block_size) && !(e->length % r.block_size));
	MUST(sharable ? is_tag(e->tag)
		      : !e->sequence && !e->referenced && e->state != SWCXL_DC_HELD);
	MUST(e->state != SWCXL_DC_HELD || e->referenced);
	MUST(e->state == SWCXL_DC_PENDING
		     ? e->offer >= 1 && e->offer <= st->dc.offers + st->dc.dead_offers
		     : !e->offer);
}

/* Sequence numbers of shared capacity are 0 .. n-1, and its extents have one fate; but in the
 * offers of a 3.0 device, one for each extent, some may be missing. */
static void check_shared(struct swcxl_dev *dev, const struct swcxl_dc_extent *of)
{
	bool whole = swcxl_get_config(dev)->revision > SWCXL_CXL_3_0;
	unsigned others = 0, same = 0;
	struct swcxl_dc_extent e;

	for (unsigned i = 0; swcxl_dc_extent_get(dev, i, &e); i++) {
		if (memcmp(e.tag, of->tag, 16) != 0)
			continue;
		MUST(e.region == of->region && e.referenced == of->referenced);
		others++;
		same += e.sequence == of->sequence;
	}
	MUST(same == 1 && (of->sequence < others || !whole));
}

/* One that has a tag which none before it had. */
static bool is_new_tag(struct swcxl_dev *dev, unsigned index, const uint8_t tag[static 16])
{
	struct swcxl_dc_extent e;

	for (unsigned i = 0; i < index && swcxl_dc_extent_get(dev, i, &e); i++)
		if (!memcmp(e.tag, tag, 16))
			return false;
	return is_tag(tag);
}

static void check_regions(struct swcxl_dev *dev)
{
	uint64_t taken[SWCXL_DC_REGIONS] = {0};
	struct swcxl_dc_extent e;
	struct swcxl_dc_region r;

	for (unsigned i = 0; swcxl_dc_extent_get(dev, i, &e); i++)
		taken[e.region] += e.length;
	for (unsigned i = 0; swcxl_dc_region_get(dev, i, &r); i++)
		MUST(r.free == r.length - taken[i]);
}

/* Every page says the same. Returns how many extents there are. */
static unsigned check_4801(struct swcxl_dev *dev, struct swcxl_cci *cci, uint8_t *out,
			   const struct swcxl_status *st)
{
	unsigned seen = 0, i = 0;
	uint8_t in[8] = {0xff, 0xff, 0xff, 0xff};
	size_t len;

	for (;; in[4] = (uint8_t)seen, in[5] = (uint8_t)(seen >> 8)) {
		struct swcxl_dc_extent e;
		uint64_t n;

		MUST(!swcxl_execute(cci, 0x4801, in, 8, out, &len));
		n = le_load(out, 4);
		MUST(len == 16 + 40 * n && le_load(out + 8, 4) == st->dc.generation);
		for (size_t at = 16; at < len; at += 40, i++, seen++) {
			while (swcxl_dc_extent_get(dev, i, &e) && e.state != SWCXL_DC_ADDED)
				i++;
			MUST(swcxl_dc_extent_get(dev, i, &e));
			MUST(le_load(out + at, 8) == e.start &&
			     le_load(out + at + 8, 8) == e.length);
			MUST(!memcmp(out + at + 16, e.tag, 16));
			MUST(le_load(out + at + 32, 8) == e.sequence);
		}
		MUST(seen <= le_load(out + 4, 4) && (n || seen == le_load(out + 4, 4)));
		if (!n)
			return seen;
	}
}

void fuzz_dc_check(struct swcxl_dev *dev, struct swcxl_cci *cci, uint8_t *out)
{
	unsigned n, tags = 0, added = 0, pending = 0;
	struct swcxl_dc_extent e;
	struct swcxl_status st;
	uint64_t at = 0;

	swcxl_query(dev, &st);
	for (n = 0; swcxl_dc_extent_get(dev, n, &e); n++) {
		MUST(e.start >= at); /* by address, none overlaps */
		at = e.start + e.length;
		check_extent(dev, &e, &st);
		added += e.state == SWCXL_DC_ADDED;
		pending += e.state == SWCXL_DC_PENDING;
		if (n >= 64) /* it takes the square of that */
			continue;
		tags += is_new_tag(dev, n, e.tag);
		if (e.sequence || (n < 8 && e.state == SWCXL_DC_HELD))
			check_shared(dev, &e);
	}
	MUST(n <= st.dc.extents_max && st.dc.extents_available <= st.dc.extents_max - n);
	MUST(st.dc.dead_offers || st.dc.extents_available == st.dc.extents_max - n);
	MUST(n > 64 || st.dc.tags_available == st.dc.tags_max - tags);
	MUST(!pending == !st.dc.offers && st.dc.offers <= pending);
	check_regions(dev);
	if (swcxl_get_config(dev)->dc_regions)
		MUST(check_4801(dev, cci, out, &st) == added);
	else
		MUST(!n && !st.dc.extents_max);
}

bool fuzz_dc_knows(struct swcxl_dev *dev, uint64_t start, uint64_t length)
{
	uint64_t at = start, end = start + length;
	struct swcxl_dc_region first;
	struct swcxl_dc_extent e;

	if (!swcxl_dc_region_get(dev, 0, &first))
		return true;
	at = at < first.start ? MIN(first.start, end) : at;
	for (unsigned i = 0; at < end && swcxl_dc_extent_get(dev, i, &e); i++)
		if (e.state != SWCXL_DC_HELD && e.start <= at && at < e.start + e.length)
			at = e.start + e.length;
	return at >= end;
}
