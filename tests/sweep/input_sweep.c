/* SPDX-License-Identifier: MIT */
/*
 * Inputs at their edges. Every reserved bit, set alone in a valid message: it is ignored, or with
 * --strict refused (D-2). Every offset, length and count at which something ends or a sum no longer
 * fits its field, held against what a few lines say of it. Dynamic capacity is in dc_sweep.c.
 */
#include "sweep.h"

#define PAYLOAD 1024u
#define LSA 4096u
#define LINES (2 * UNIT / 64)

static struct test_device t;

static void begin(bool strict)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.volatile_size = c.persistent_size = c.partitionable_size = UNIT;
	c.payload_size = PAYLOAD;
	c.lsa_size = LSA;
	c.dc_regions = 1;
	c.dc_region_size = UNIT;
	c.strict = strict;
	test_device_open(&t, &c);
}

/* ---- reserved bits ---- */

/* Bytes of an input, and which of their bits are reserved. The specification's tables, again. */
static const struct field {
	uint16_t opcode, from, to;
	uint8_t bits;
} reserved_fields[] = {
	{0x0101, 1, 2, 0xfe},	    {0x0101, 3, 6, 0xff},	/* flags; 3 bytes */
	{0x0103, 0, 5, 0x0c},					/* each log's settings */
	{0x0201, 2, 4, 0xff},	    {0x0201, 8, 0x80, 0xff},	/* on both sides of the offset */
	{0x0500, 6, 8, 0xff},					/* 2 bytes */
	{0x0502, 0x10, 0x11, 0xf0}, {0x0502, 0x11, 0x14, 0xff}, /* flags */
	{0x0502, 0x17, 0x20, 0xff}, {0x0502, 0x21, 0x22, 0xfe}, /* 9 bytes; scrub flags */
	{0x0600, 2, 3, 0xfe},					/* flags of a PPR query */
	{0x4101, 8, 9, 0xfe},					/* flags */
	{0x4103, 4, 8, 0xff},					/* 4 bytes */
	{0x4202, 0, 2, 0xe0},	    {0x4202, 3, 4, 0xff},	/* actions; 1 byte */
	{0x4204, 0, 1, 0xfe},					/* state */
	{0x4304, 0x10, 0x11, 0xfe},				/* flags */
	{0x4402, 2, 4, 0xff},					/* 2 bytes */
	{0x4501, 1, 0x20, 0xff},				/* 31 bytes */
	{0x4502, 1, 0x20, 0xff},    {0x4505, 1, 0x20, 0xff},	/* likewise */
	{0x4601, 3, 8, 0xff},					/* 5 bytes */
	{0x4701, 0, 1, 0xfc},					/* control */
	{0x4802, 4, 5, 0xfe},	    {0x4802, 5, 8, 0xff},	/* flags; 3 bytes */
	{0x4803, 4, 5, 0xfe},	    {0x4803, 5, 8, 0xff},
	{0x4803, 0x18, 0x20, 0xff}, /* of its entry */
};

/* What has to be there for the message to succeed; 2 MiB from its address on for a release. */
static void prepare(unsigned opcode, uint8_t *in)
{
	uint8_t passphrase[0x60] = {1};
	const uint64_t top = 3 * UNIT;

	if (opcode == 0x4502 || opcode == 0x4505)
		CHECK(!run_on(&t, CHANNEL_CONTROL, 0x4501, passphrase, sizeof(passphrase)));
	if (opcode == 0x4802 || opcode == 0x4803)
		offer_blocks(&t, 0, 0, 1);
	if (opcode != 0x4803)
		return;
	CHECK(!answer_blocks(&t, CHANNEL_CONTROL, 0x4802, top, 2 << 20));
	memcpy(in + 8, &top, sizeof(top));
}

static void one_bit(const struct field *f, unsigned byte, unsigned bit, bool strict)
{
	const struct row *row = row_of(f->opcode);
	uint8_t in[ROW_INPUT_MAX];
	uint32_t len = row_input(row, in);
	uint64_t before;
	unsigned rc;

	begin(strict);
	prepare(f->opcode, in);
	CHECK(byte < len && !(in[byte] & bit));
	in[byte] |= (uint8_t)bit;
	before = fingerprint(t.dev);
	rc = run_on(&t, CHANNEL_CONTROL, f->opcode, in, len);
	if (strict ? rc != SWCXL_INVALID_INPUT : rc > SWCXL_BACKGROUND_STARTED) {
		fprintf(stderr, "%s, byte %#x, bit %#x%s: %04xh\n", row->name, byte, bit,
			strict ? ", strict" : "", rc);
		CHECK(false); /* reserved bits are ignored, or refused */
	}
	CHECK(!strict || fingerprint(t.dev) == before);
	test_device_close(&t);
}

static void every_reserved_bit(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(reserved_fields); i++) {
		const struct field *f = &reserved_fields[i];

		for (unsigned byte = f->from; byte < f->to; byte++)
			for (unsigned bit = 1; bit < 0x100; bit *= 2)
				if (f->bits & bit)
					for (unsigned strict = 0; strict < 2; strict++)
						one_bit(f, byte, bit, strict);
	}
}

/* D-1: bits 5:0 of an address are no reserved bits like others. */
static void low_bits_of_addresses(void)
{
	static const uint16_t opcodes[] = {0x4300, 0x4301, 0x4302, 0x4303, 0x4304};

	begin(false);
	for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++) {
		unsigned want =
			opcodes[i] == 0x4301 ? SWCXL_INVALID_PHYSICAL_ADDRESS : SWCXL_INVALID_INPUT;

		for (unsigned bit = opcodes[i] == 0x4300; bit < 6; bit++) {
			uint8_t in[ROW_INPUT_MAX];
			uint32_t len = row_input(row_of(opcodes[i]), in);

			in[0] |= (uint8_t)(1u << bit);
			CHECK(run_on(&t, CHANNEL_CONTROL, opcodes[i], in, len) == want);
		}
	}
	test_device_close(&t);
}

/* ---- edges ---- */

/* Around where something ends, where a field does, and where a sum wraps. */
static const uint64_t edges[] = {
	0,
	1,
	2,
	63,
	64,
	PAYLOAD - 8,
	PAYLOAD - 1,
	PAYLOAD,
	PAYLOAD + 1,
	LSA - 1,
	LSA,
	LSA + 1,
	UINT16_MAX,
	0x10000,
	LINES - 1,
	LINES,
	LINES + 1,
	UNIT,
	UINT32_MAX,
	1ull << 32,
	1ull << 57,
	1ull << 58,
	(1ull << 58) - 1,
	1ull << 63,
	UINT64_MAX / 64,
	UINT64_MAX - 63,
	UINT64_MAX - 1,
	UINT64_MAX,
};

/* The static capacity of begin() is three units; what is dynamic behind it is no host's. */
#define TOP (4 * UNIT / 64)

static unsigned of_range(unsigned opcode, uint64_t address, uint64_t lines)
{
	if (address & 63)
		return SWCXL_INVALID_INPUT;
	if (!lines && opcode != 0x4300)
		return SWCXL_INVALID_INPUT; /* D-3 */
	if (address / 64 > TOP || lines > TOP - address / 64)
		return SWCXL_INVALID_PHYSICAL_ADDRESS; /* D-4 */
	return opcode == 0x4304 ? SWCXL_BACKGROUND_STARTED : SWCXL_SUCCESS;
}

static void one_range(uint64_t address, uint64_t lines)
{
	static const uint16_t opcodes[] = {0x4300, 0x4303, 0x4304};
	uint8_t in[17] = {0};

	le_store(in, 8, address);
	le_store(in + 8, 8, lines);
	for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++) {
		unsigned want = of_range(opcodes[i], address, lines), rc;

		rc = run_on(&t, CHANNEL_CONTROL, opcodes[i], in, opcodes[i] == 0x4304 ? 17 : 16);
		if (rc != want)
			fprintf(stderr, "%04x, %#lx, %#lx lines: %04xh, not %04xh\n", opcodes[i],
				(unsigned long)address, (unsigned long)lines, rc, want);
		CHECK(rc == want);
		if (rc == SWCXL_BACKGROUND_STARTED)
			CHECK(!run_on(&t, CHANNEL_CONTROL, 0x0005, NULL, 0));
	}
}

static void ranges_of_addresses(void)
{
	begin(false);
	for (unsigned i = 0; i < ARRAY_SIZE(edges); i++)
		for (unsigned k = 0; k < ARRAY_SIZE(edges); k++) {
			one_range(edges[i] & ~63ull, edges[k]);
			one_range(TOP * 64 - (edges[i] & ~63ull), edges[k]);
			one_range(edges[i] & ~63ull, TOP - edges[k]);
			one_range((uint64_t)0 - (edges[i] & ~63ull), edges[k]);
		}
	test_device_close(&t);
}

static void one_line(uint64_t address)
{
	bool ok = address < 3 * UNIT;
	uint8_t in[72] = {0};

	le_store(in, 8, address);
	for (unsigned opcode = 0x4301; opcode <= 0x4302; opcode++)
		CHECK(run_on(&t, CHANNEL_CONTROL, opcode, in, opcode == 0x4301 ? 8 : 72) ==
		      (ok ? SWCXL_SUCCESS : SWCXL_INVALID_PHYSICAL_ADDRESS));
}

static void lines_to_poison(void)
{
	begin(false);
	for (unsigned i = 0; i < ARRAY_SIZE(edges); i++) {
		one_line(edges[i] & ~63ull);
		one_line(3 * UNIT - (edges[i] & ~63ull));
		one_line(3 * UNIT + (edges[i] & ~63ull));
	}
	test_device_close(&t);
}

/* Get LSA, Set LSA: offsets and lengths of 32 bits, whose sum has 33. */
static void parts_of_labels(void)
{
	static uint8_t in[PAYLOAD];

	begin(false);
	for (unsigned i = 0; i < ARRAY_SIZE(edges); i++) {
		for (unsigned k = 0; k < ARRAY_SIZE(edges); k++) {
			uint64_t offset = edges[i], len = edges[k];

			if (offset > UINT32_MAX || len > UINT32_MAX)
				continue;
			le_store(in, 4, offset);
			le_store(in + 4, 4, len);
			CHECK(run_on(&t, CHANNEL_CONTROL, 0x4102, in, 8) ==
			      (offset + len <= LSA && len <= PAYLOAD ? SWCXL_SUCCESS
								     : SWCXL_INVALID_INPUT));
			if (len + 8 > PAYLOAD)
				continue;
			le_store(in + 4, 4, 0);
			CHECK(run_on(&t, CHANNEL_CONTROL, 0x4103, in, (uint32_t)len + 8) ==
			      (offset + len <= LSA ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT));
		}
	}
	test_device_close(&t);
}

/* Get Log of each log, whose size Get Supported Logs tells. */
static void parts_of_logs(void)
{
	uint8_t supported[1024], in[24];
	unsigned n;

	begin(false);
	CHECK(!run_on(&t, CHANNEL_CONTROL, 0x0400, NULL, 0));
	memcpy(supported, sweep_out, sweep_len);
	n = (unsigned)le_load(supported, 2);
	CHECK(n && sweep_len == 8 + 20 * n);
	for (unsigned i = 0; i < n * ARRAY_SIZE(edges) * ARRAY_SIZE(edges); i++) {
		const uint8_t *log = supported + 8 + i % n * 20;
		uint64_t offset = edges[i / n % ARRAY_SIZE(edges)];
		uint64_t len = edges[i / n / ARRAY_SIZE(edges)], size = le_load(log + 16, 4);
		unsigned rc;

		if (offset > UINT32_MAX || len > UINT32_MAX)
			continue;
		memcpy(in, log, 16);
		le_store(in + 16, 4, offset);
		le_store(in + 20, 4, len);
		rc = run_on(&t, CHANNEL_CONTROL, 0x0401, in, sizeof(in));
		if (offset + len > size || len > PAYLOAD)
			CHECK(rc == SWCXL_INVALID_INPUT ||
			      (rc == SWCXL_SUCCESS && sweep_len <= len));
		else
			CHECK(rc == SWCXL_SUCCESS && sweep_len == len);
	}
	test_device_close(&t);
}

/* Get Supported Logs Sub-List: every count and start of 8 bits. */
static void pages_of_logs(void)
{
	begin(false);
	CHECK(!run_on(&t, CHANNEL_CONTROL, 0x0400, NULL, 0));
	for (unsigned total = (unsigned)le_load(sweep_out, 2), i = 0; i < 0x10000; i++) {
		const uint8_t in[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
		unsigned rc = run_on(&t, CHANNEL_CONTROL, 0x0405, in, sizeof(in)), n;

		CHECK(rc == (in[0] && in[1] <= total ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT));
		if (rc)
			continue;
		n = MIN(in[0], total - in[1]);
		CHECK(sweep_out[0] == n && le_load(sweep_out + 2, 2) == total);
		CHECK(sweep_out[4] == in[1] && sweep_len == 8 + 20 * n);
	}
	test_device_close(&t);
}

/* Get Supported Features: a count of bytes of 32 bits, a start of 16. */
static void pages_of_features(void)
{
	uint8_t in[8] = {0xff, 0xff};
	unsigned total;

	begin(false);
	CHECK(!run_on(&t, CHANNEL_CONTROL, 0x0500, in, sizeof(in)));
	total = (unsigned)le_load(sweep_out + 2, 2);
	for (unsigned i = 0; i < ARRAY_SIZE(edges) * ARRAY_SIZE(edges); i++) {
		uint64_t count = edges[i % ARRAY_SIZE(edges)], start = edges[i / ARRAY_SIZE(edges)];
		unsigned rc, n;

		if (count > UINT32_MAX || start > UINT16_MAX)
			continue;
		le_store(in, 4, count);
		le_store(in + 4, 2, start);
		rc = run_on(&t, CHANNEL_CONTROL, 0x0500, in, sizeof(in));
		CHECK(rc == (start <= total ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT));
		if (rc)
			continue;
		n = (unsigned)MIN(MIN(count, PAYLOAD - 8) / 48, total - start);
		CHECK(sweep_len == 8 + 48 * n && le_load(sweep_out, 2) == n);
	}
	test_device_close(&t);
}

/* Get Feature, Set Feature: 16 bits each, of a feature of 4 and 2 bytes. */
static void parts_of_features(void)
{
	uint8_t in[0x20 + 64];
	uint64_t before;

	begin(false);
	memset(in, 0, sizeof(in));
	memcpy(in, row_patrol_scrub, 16);
	in[0x16] = 1; /* version */
	in[0x20] = 24;
	in[0x21] = 1;
	for (unsigned i = 0; i < ARRAY_SIZE(edges); i++) {
		for (unsigned k = 0; k < ARRAY_SIZE(edges); k++) {
			uint64_t offset = edges[i], len = edges[k];
			uint8_t get[21] = {0};
			unsigned rc;

			if (offset > UINT16_MAX || len > UINT16_MAX)
				continue;
			memcpy(get, row_patrol_scrub, 16);
			le_store(get + 16, 2, offset);
			le_store(get + 18, 2, len);
			rc = run_on(&t, CHANNEL_CONTROL, 0x0501, get, sizeof(get));
			CHECK(rc == (offset < 4 ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT));
			CHECK(rc || sweep_len == MIN(len, 4 - offset));
			if (len > 64)
				continue;
			before = fingerprint(t.dev);
			le_store(in + 0x14, 2, offset);
			rc = run_on(&t, CHANNEL_CONTROL, 0x0502, in, 0x20 + (uint32_t)len);
			CHECK(rc == (!offset && len == 2 ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT));
			CHECK(!rc || fingerprint(t.dev) == before);
		}
	}
	test_device_close(&t);
}

/* Transfer FW: an offset in units of 128 bytes, of a package that begins at 0. */
static void parts_of_firmware(void)
{
	uint8_t in[0x100];
	uint64_t before;

	for (unsigned i = 0; i < ARRAY_SIZE(edges); i++) {
		for (unsigned action = 0; action < 8; action++) {
			uint64_t offset = edges[i];
			unsigned rc;

			if (offset > UINT32_MAX)
				continue;
			begin(false);
			memset(in, 0, sizeof(in));
			in[0] = 1;
			in[1] = 2;
			if (action >= 2) /* a first part of 128 bytes is there */
				CHECK(!run_on(&t, CHANNEL_CONTROL, 0x0201, in, sizeof(in)));
			in[0] = (uint8_t)action;
			le_store(in + 4, 4, offset);
			before = fingerprint(t.dev);
			rc = run_on(&t, CHANNEL_CONTROL, 0x0201, in, sizeof(in));
			if (action > 4)
				CHECK(rc == SWCXL_INVALID_INPUT);
			if (action == 2 || action == 3) /* the next part, or the last one again */
				CHECK((rc <= SWCXL_BACKGROUND_STARTED) == (offset <= 1));
			if (action > 4)
				CHECK(fingerprint(t.dev) == before);
			test_device_close(&t);
		}
	}
}

/* Media Operations: so many ranges as the payload has, each within the capacity. */
static void ranges_to_overwrite(void)
{
	uint8_t in[8 + 16] = {1, 1, 0, 0, 1};

	for (unsigned i = 0; i < ARRAY_SIZE(edges); i++) {
		for (unsigned k = 0; k < ARRAY_SIZE(edges); k++) {
			uint64_t start = edges[i], len = edges[k];
			bool ok = !(start & 63) && len && !(len & 63) && start < 3 * UNIT &&
				  len <= 3 * UNIT - start;
			unsigned rc;

			begin(false);
			le_store(in + 8, 8, start);
			le_store(in + 16, 8, len);
			rc = run_on(&t, CHANNEL_CONTROL, 0x4402, in, sizeof(in));
			CHECK(rc == (ok ? SWCXL_BACKGROUND_STARTED : SWCXL_INVALID_INPUT));
			test_device_close(&t);
		}
	}
	begin(false);
	for (unsigned i = 0; i < ARRAY_SIZE(edges); i++) {
		if (edges[i] > UINT32_MAX || edges[i] == 1)
			continue;
		le_store(in + 4, 4, edges[i]);
		le_store(in + 8, 8, 0);
		le_store(in + 16, 8, 64);
		CHECK(run_on(&t, CHANNEL_CONTROL, 0x4402, in, sizeof(in)) ==
		      SWCXL_INVALID_PAYLOAD_LENGTH);
	}
	test_device_close(&t);
}

int main(void)
{
	RUN(every_reserved_bit);
	RUN(low_bits_of_addresses);
	RUN(ranges_of_addresses);
	RUN(lines_to_poison);
	RUN(parts_of_labels);
	RUN(parts_of_logs);
	RUN(pages_of_logs);
	RUN(pages_of_features);
	RUN(parts_of_features);
	RUN(parts_of_firmware);
	RUN(ranges_to_overwrite);
	return test_done();
}
