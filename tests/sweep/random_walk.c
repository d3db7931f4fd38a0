/* SPDX-License-Identifier: MIT */
/*
 * A host that writes anything anywhere at any width and time, over BARs and configuration space.
 * The device must neither fall over nor grow, and after each step must make sense.
 *
 *	random_walk [ACCESSES [SEED]]
 */
#include <inttypes.h>
#include <time.h>

#include "sweep.h"

/* Blocks of memory that a device of these limits may ever hold. */
#define BLOCKS_MAX 400u

static struct test_device t;
static unsigned long accesses;

static struct swcxl_config some_config(void)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.volatile_size = c.persistent_size = UNIT;
	c.partitionable_size = below(3) * UNIT;
	c.payload_size = 256u << below(5);
	c.lsa_size = below(2) ? 1280 : 0;
	c.poison_list_max = 1 + (uint32_t)below(20);
	c.event_log_max = 1 + (uint16_t)below(20);
	c.scan_results_max = 50;
	c.ranges_max = 50;
	c.media_memory_max = 64 * 50;
	c.scan_ns_per_line = 1 + below(3);
	c.revision = (enum swcxl_revision)below(4);
	c.strict = below(2);
	c.span_reject = below(2);
	c.during_scan = (enum swcxl_during_scan)below(3);
	if (c.revision >= SWCXL_CXL_3_0 && below(3)) {
		c.dc_regions = below(2) ? 1 : 8;
		c.dc_region_size = UNIT;
		c.dc_block_size = below(2) ? 64 : 2ull << 20;
		c.dc_host_timeout_ns = below(2) * (1 << 20);
		for (unsigned i = 0; i < c.dc_regions; i++)
			c.dc_flags[i] = (uint8_t)(next_random() & SWCXL_DC_FLAGS);
	}
	return c;
}

/* Half of all accesses go where there is something. */
static uint64_t some_offset(int bar)
{
	static const uint32_t device[] = {0, 0x80, 0x100, 0x1fe0};
	static const uint32_t component[] = {0x1000, 0x1080, 0x1140, 0x1150,
					     0x1170, 0x1190, 0x11b0};

	if (below(16) == 0)
		return next_random();
	if (bar < 0)
		return below(below(8) ? 0x200 : 0x1100);
	if (bar == SWCXL_BAR_COMPONENT)
		return below(8) ? component[below(ARRAY_SIZE(component))] + below(40)
				: below(0x10100);
	if (below(4) == 0)
		return 0x10000 + device[below(ARRAY_SIZE(device))] + below(40);
	return swcxl_payload_offset(t.dev, (enum swcxl_mailbox)below(2)) - 40 + below(160);
}

static void fill(uint8_t *buf, uint32_t len)
{
	switch (below(4)) {
	case 0:
		memset(buf, 0, len);
		break;
	case 1:
		memset(buf, 0xff, len);
		break;
	default:
		for (uint32_t i = 0; i < len; i++)
			buf[i] = (uint8_t)(next_random() & (below(2) ? 0xff : 0x03));
	}
}

/* A few blocks of a region, offered, asked for, taken or kept. */
static void manage_capacity(void)
{
	const struct swcxl_config *c = swcxl_get_config(t.dev);
	struct swcxl_dc_range r = {below(12) * c->dc_block_size, below(6) * c->dc_block_size};
	struct swcxl_dc_add add = {
		.region = (unsigned)below(c->dc_regions + 1),
		.selection = (enum swcxl_dc_selection)below(4),
		.tag = {(uint8_t)below(4)},
		.length = r.length,
		.range = &r,
		.ranges = 1,
	};
	struct swcxl_dc_release release = {
		.region = add.region,
		.removal = (enum swcxl_dc_removal)below(2),
		.forced = below(2),
		.sanitize = below(2),
		.tag = {(uint8_t)below(4)},
		.range = &r,
		.ranges = 1,
	};

	switch (below(4)) {
	case 0:
		swcxl_dc_release(t.dev, &release);
		break;
	case 1:
		swcxl_dc_reference(t.dev, add.tag, below(2));
		break;
	default:
		swcxl_dc_add(t.dev, &add);
	}
}

/* 4802h or 4803h of an extent, whole or in part, in one payload or in two. */
static void answer_capacity(void)
{
	uint64_t block = swcxl_get_config(t.dev)->dc_block_size;
	unsigned box = (unsigned)below(2), opcode = 0x4802 + (unsigned)below(2);
	uint8_t in[8 + 24] = {(uint8_t)(below(8) > 0), 0, 0, 0, below(4) == 0};
	struct swcxl_dc_extent e = {.length = block};

	for (unsigned n = (unsigned)below(8); !swcxl_dc_extent_get(t.dev, n, &e) && n > 0; n /= 2)
		;
	if (e.length > block && below(2)) {
		e.start += block;
		e.length -= block;
	}
	wr((le64 *)(void *)(in + 8), e.start);
	wr((le64 *)(void *)(in + 16), e.length);
	run_mailbox(t.dev, box, opcode, in, in[0] ? sizeof(in) : 8);
}

/* A command that is nearly right, by way of the registers. */
static void nearly_a_command(void)
{
	const struct row *row = &rows[below(ARRAY_SIZE(rows))];
	uint8_t in[ROW_INPUT_MAX];
	uint32_t len = row_input(row, in);

	for (uint64_t n = below(4); n > 0; n--)
		in[below(below(2) ? 4 : len + 1)] = (uint8_t)next_random();
	if (below(8) == 0)
		len = (uint32_t)below(ROW_INPUT_MAX);
	run_mailbox(t.dev, (unsigned)below(2), row->opcode, in, len);
}

static void one_access(void)
{
	static const int bars[] = {-1, SWCXL_BAR_COMPONENT, SWCXL_BAR_DEVICE, SWCXL_BAR_DEVICE, 7};
	int bar = bars[below(ARRAY_SIZE(bars))];
	uint32_t len = below(8) ? 1u << below(4) : (uint32_t)below(300);
	uint64_t offset = some_offset(bar);
	uint8_t *buf = malloc(len ? len : 1);
	bool write = below(4) > 0;

	CHECK(buf);
	if (write)
		fill(buf, len);
	if (bar < 0 && write)
		swcxl_config_write(t.dev, (uint32_t)offset, buf, len);
	else if (bar < 0)
		swcxl_config_read(t.dev, (uint32_t)offset, buf, len);
	else if (write)
		swcxl_bar_write(t.dev, (unsigned)bar, offset, buf, len);
	else
		swcxl_bar_read(t.dev, (unsigned)bar, offset, buf, len);
	free(buf);
}

static void check_extents(const struct swcxl_status *st)
{
	const struct swcxl_config *c = swcxl_get_config(t.dev);
	uint64_t at = c->volatile_size + c->persistent_size + c->partitionable_size;
	struct swcxl_dc_extent e;
	unsigned n;

	for (n = 0; swcxl_dc_extent_get(t.dev, n, &e); n++) {
		CHECK(e.start >= at && e.length && !((e.start | e.length) % c->dc_block_size));
		CHECK(e.region < c->dc_regions);
		at = e.start + e.length;
		CHECK(swcxl_in_range(t.dev, e.start, e.length));
	}
	CHECK(n + st->dc.extents_available <= st->dc.extents_max);
}

static void check_sense(void)
{
	const struct swcxl_config *c = swcxl_get_config(t.dev);
	struct swcxl_status st;

	swcxl_query(t.dev, &st);
	CHECK(t.allocated <= BLOCKS_MAX);
	CHECK(st.list.count <= c->poison_list_max && st.content_bytes <= c->media_memory_max);
	CHECK(st.ranges <= c->ranges_max + 2 * c->scan_results_max);
	CHECK(st.scan.results <= c->scan_results_max);
	CHECK(st.list.overflow || !st.list.overflow_timestamp);
	CHECK(st.background.percent <= 100);
	CHECK(st.scan.running == (st.background.running && st.background.opcode == 0x4304));
	check_extents(&st);
}

static void walk(void)
{
	while (accesses) {
		struct swcxl_config c = some_config();

		test_device_open(&t, &c);
		for (unsigned i = 0; i < 4; i++)
			CHECK(!swcxl_plant(t.dev, below(64) * 64, 64, SWCXL_SOURCE_INTERNAL,
					   below(2), below(4) == 0));
		for (unsigned i = 0; i < 5000 && accesses; i++, accesses--) {
			if (below(8) == 0)
				nearly_a_command();
			else if (below(8) == 0)
				manage_capacity();
			else if (below(8) == 0)
				answer_capacity();
			else
				one_access();
			if (below(8) == 0)
				swcxl_advance(t.dev, swcxl_now(t.dev) + (1ull << below(30)));
			if (below(500) == 0)
				swcxl_reset(t.dev, (enum swcxl_reset)below(5));
			check_sense();
		}
		test_device_close(&t);
	}
}

int main(int argc, char **argv)
{
	uint64_t seed;

	accesses = argc > 1 ? strtoul(argv[1], NULL, 0) : 600000;
	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	printf("seed %" PRIu64 "\n", seed);
	test_rng = seed * 2654435761u | 1;
	RUN(walk);
	return test_done();
}
