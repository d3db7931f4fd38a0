/* SPDX-License-Identifier: MIT */
/*
 * Dynamic capacity at its edges: 4800h to 4803h with every count, offset and address at which
 * something ends or a sum no longer fits its 64 bits, held against what a few lines say of them.
 */
#include "sweep.h"

#define BLOCK (2ull << 20)
#define BOTTOM (2 * UNIT)

static struct test_device t;

/* Two extents of four blocks, with four between them, and two offers of four behind. */
static void begin(uint32_t payload, uint32_t regions)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.volatile_size = c.persistent_size = UNIT;
	c.payload_size = payload;
	c.dc_regions = regions;
	c.dc_region_size = UNIT;
	test_device_open(&t, &c);
	for (unsigned i = 0; i < 2; i++) {
		offer_blocks(&t, 0, 8 * i, 4);
		CHECK(!answer_blocks(&t, CHANNEL_CONTROL, 0x4802, BOTTOM + 8 * i * BLOCK,
				     4 * BLOCK));
	}
	for (unsigned i = 2; i < 4; i++)
		offer_blocks(&t, 0, 8 * i, 4);
}

/* ---- 4800h ---- */

static void all_counts_of_regions(uint32_t payload, uint32_t regions)
{
	unsigned fit = (payload - 8 - 16) / 40;

	begin(payload, regions);
	for (unsigned count = 0; count < 256; count++)
		for (unsigned start = 0; start < 256; start++) {
			const uint8_t in[2] = {(uint8_t)count, (uint8_t)start};
			unsigned rc = run_on(&t, CHANNEL_CONTROL, 0x4800, in, 2), n;

			CHECK(rc == (start < regions ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT));
			if (rc)
				continue;
			n = MIN(MIN(count, regions - start), fit);
			CHECK(sweep_len == 8 + 40 * n + 16);
			CHECK(sweep_out[0] == regions && sweep_out[1] == n);
			for (unsigned i = 0; i < n; i++)
				CHECK(le_load(sweep_out + 8 + 40 * i, 8) ==
				      BOTTOM + (start + i) * UNIT);
			/* extents: two added, two pending; tags: four */
			CHECK(le_load(sweep_out + 8 + 40 * n, 4) ==
			      le_load(sweep_out + 12 + 40 * n, 4) + 4);
			CHECK(le_load(sweep_out + 16 + 40 * n, 4) ==
			      le_load(sweep_out + 20 + 40 * n, 4) + 4);
		}
	test_device_close(&t);
}

static void every_count_of_regions(void)
{
	all_counts_of_regions(256, 8);
	all_counts_of_regions(512, 8);
	all_counts_of_regions(256, 1);
}

/* ---- 4801h ---- */

static void counts_of_extents(void)
{
	static const uint32_t edges[] = {0,  1,	 5,	     6,		 7,	     19,
					 20, 21, 0x7fffffff, 0x80000000, 0xfffffffa, 0xffffffff};
	enum { EXTENTS = 20, FIT = (256 - 16) / 40 };

	begin(256, 2);
	while (!run_on(&t, CHANNEL_CONTROL, 0x4802, (uint8_t[8]){0}, 8)) /* offers are no extents */
		;
	for (unsigned i = 2; i < EXTENTS; i++) {
		offer_blocks(&t, 1, 2 * i, 1);
		CHECK(!answer_blocks(&t, CHANNEL_PRIMARY, 0x4802, BOTTOM + UNIT + 2 * i * BLOCK,
				     BLOCK));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(edges) * ARRAY_SIZE(edges); i++) {
		uint32_t count = edges[i / ARRAY_SIZE(edges)], start = edges[i % ARRAY_SIZE(edges)];
		uint8_t in[8];
		unsigned rc, n;

		le_store(in, 4, count);
		le_store(in + 4, 4, start);
		rc = run_on(&t, i % 3, 0x4801, in, 8);
		CHECK(rc == (start <= EXTENTS ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT));
		if (rc)
			continue;
		n = MIN(MIN(count, EXTENTS - start), FIT);
		CHECK(sweep_len == 16 + 40 * n && le_load(sweep_out, 4) == n);
		CHECK(le_load(sweep_out + 4, 4) == EXTENTS);
		CHECK(!n ||
		      le_load(sweep_out + 16, 8) ==
			      BOTTOM + (start < 2 ? 8 * start * BLOCK : UNIT + 2 * start * BLOCK));
	}
	test_device_close(&t);
}

/* ---- 4802h, 4803h ---- */

static const uint64_t addresses[] = {
	0,
	BOTTOM - BLOCK,
	BOTTOM - 64,
	BOTTOM,
	BOTTOM + 64,
	BOTTOM + BLOCK,
	BOTTOM + 4 * BLOCK,
	BOTTOM + 8 * BLOCK,
	BOTTOM + 15 * BLOCK,
	BOTTOM + 16 * BLOCK,
	BOTTOM + 19 * BLOCK,
	BOTTOM + 20 * BLOCK,
	BOTTOM + 24 * BLOCK,
	BOTTOM + UNIT - BLOCK,
	BOTTOM + UNIT,
	BOTTOM + 2 * UNIT - BLOCK,
	BOTTOM + 2 * UNIT,
	BOTTOM + 2 * UNIT + BLOCK,
	1ull << 52,
	1ull << 63,
	0 - BLOCK,
	0 - 64ull,
	UINT64_MAX,
};

static const uint64_t lengths[] = {
	0,
	1,
	64,
	BLOCK - 64,
	BLOCK,
	BLOCK + 1,
	2 * BLOCK,
	3 * BLOCK,
	4 * BLOCK,
	5 * BLOCK,
	12 * BLOCK,
	UNIT,
	4 * UNIT,
	4 * UNIT + BLOCK,
	1ull << 63,
	0 - 2 * UNIT,
	0 - 4 * BLOCK,
	0 - BLOCK,
	0 - 64ull,
	UINT64_MAX,
};

/* In a stretch of four blocks, the first of which is this one of the region? */
static bool within(uint64_t start, uint64_t length, unsigned first)
{
	uint64_t at = start - (BOTTOM + first * BLOCK);

	return at < 4 * BLOCK && length <= 4 * BLOCK - at;
}

static unsigned expected(unsigned opcode, uint64_t start, uint64_t length)
{
	bool ok = opcode == 0x4802 ? within(start, length, 16)
				   : within(start, length, 0) || within(start, length, 8);

	if (!length || start % BLOCK || length % BLOCK)
		return SWCXL_INVALID_EXTENT_LIST;
	return ok ? SWCXL_SUCCESS : SWCXL_INVALID_PHYSICAL_ADDRESS;
}

/* Also where start and length wrap together: the length that leads back to 0, and beyond. */
static void an_entry_at_every_edge(void)
{
	for (unsigned opcode = 0x4802; opcode <= 0x4803; opcode++) {
		begin(256, 2);
		for (unsigned i = 0; i < ARRAY_SIZE(addresses); i++)
			for (unsigned n = 0; n < ARRAY_SIZE(lengths) + 2; n++) {
				uint64_t start = addresses[i];
				uint64_t length = n < ARRAY_SIZE(lengths) ? lengths[n]
						  : n & 1		  ? 0 - start
							  : BOTTOM + 4 * BLOCK - start;
				unsigned want = expected(opcode, start, length);
				uint64_t before = fingerprint(t.dev);
				unsigned rc =
					answer_blocks(&t, CHANNEL_CONTROL, opcode, start, length);

				if (rc != want)
					fprintf(stderr, "%04xh %#llx %#llx: %04xh, not %04xh\n",
						opcode, (unsigned long long)start,
						(unsigned long long)length, rc, want);
				CHECK(rc == want && (rc != 0) == (before == fingerprint(t.dev)));
				if (rc)
					continue;
				test_device_close(&t);
				begin(256, 2);
			}
		test_device_close(&t);
	}
}

/* A count and what comes with it; one whose entries' length wraps 32 bits is none of 8 bytes. */
static void counts_of_entries(void)
{
	static const uint32_t counts[] = {0,	      1,	  2,	      0x0aaaaaab,
					  0x15555555, 0x80000000, 0xffffffff, 10};

	begin(256, 2);
	for (unsigned opcode = 0x4802; opcode <= 0x4803; opcode++)
		for (unsigned i = 0; i < ARRAY_SIZE(counts); i++)
			for (uint32_t len = 8; len <= 256; len += 8) {
				uint8_t in[256] = {0};
				unsigned rc;

				le_store(in, 4, counts[i]);
				if (len == 8 && !counts[i] && opcode == 0x4802)
					continue; /* that accepts nothing */
				rc = run_on(&t, len / 8 % 2 ? CHANNEL_PRIMARY : CHANNEL_CONTROL,
					    opcode, in, len);
				if (len != 8 + 24 * (uint64_t)counts[i])
					CHECK(rc == SWCXL_INVALID_PAYLOAD_LENGTH);
				else
					CHECK(rc == (counts[i] ? SWCXL_INVALID_EXTENT_LIST
							       : SWCXL_INVALID_INPUT));
			}
	test_device_close(&t);
}

int main(void)
{
	RUN(every_count_of_regions);
	RUN(counts_of_extents);
	RUN(an_entry_at_every_edge);
	RUN(counts_of_entries);
	return test_done();
}
