/* SPDX-License-Identifier: MIT */
/* Protocol errors: what the RAS, AER and PCI Express capabilities show, and how hosts clear it. */
#include <errno.h>

#include "rig.h"
#include "wire/registers.h"

#define RAS 0x1080u
#define AER 0x200u
#define DEVICE_STATUS 0x6au
#define KEPT 32u /* errors whose headers are kept */
#define NO_ERROR 63u

static struct test_device t;

static uint32_t get(unsigned reg)
{
	uint8_t b[4];

	swcxl_bar_read(t.dev, SWCXL_BAR_COMPONENT, RAS + reg, b, 4);
	return (uint32_t)le_load(b, 4);
}

static void put(unsigned reg, uint32_t value)
{
	uint8_t b[4];

	le_store(b, 4, value);
	swcxl_bar_write(t.dev, SWCXL_BAR_COMPONENT, RAS + reg, b, 4);
}

static uint32_t get_config(unsigned reg)
{
	uint8_t b[4];

	swcxl_config_read(t.dev, reg, b, 4);
	return (uint32_t)le_load(b, 4);
}

static void put_config(unsigned reg, uint32_t value, unsigned width)
{
	uint8_t b[4];

	le_store(b, 4, value);
	swcxl_config_write(t.dev, reg, b, width);
}

static unsigned status(void)
{
	return get(RAS_UNCORRECTABLE_STATUS);
}

static unsigned first(void)
{
	CHECK((get(RAS_CONTROL) & ~RAS_CONTROL_FIRST) == 0x2200);
	return get(RAS_CONTROL) & RAS_CONTROL_FIRST;
}

static void open_device(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, 0);

	test_device_open(&t, &c);
}

static void unmask(void)
{
	put(RAS_UNCORRECTABLE_MASK, 0);
	put(RAS_CORRECTABLE_MASK, 0);
}

/* An error whose header can be told from others. */
static int make(unsigned bit, uint32_t mark)
{
	uint32_t header[SWCXL_RAS_HEADER];

	for (unsigned i = 0; i < SWCXL_RAS_HEADER; i++)
		header[i] = mark * 0x01010101 + i;
	return swcxl_ras_uncorrectable(t.dev, bit, header);
}

static bool shows(uint32_t mark)
{
	for (unsigned i = 0; i < SWCXL_RAS_HEADER; i++)
		if (get(RAS_HEADER_LOG + 4 * i) != (mark ? mark * 0x01010101 + i : 0))
			return false;
	return true;
}

static void check_nothing(void)
{
	CHECK(!status() && !get(RAS_CORRECTABLE_STATUS) && shows(0));
	CHECK(!get_config(AER + AER_UNCORRECTABLE_STATUS) && !get_config(AER + AER_CONTROL));
	CHECK(!get_config(AER + AER_CORRECTABLE_STATUS));
	CHECK(!(get_config(DEVICE_STATUS) & 0xffff));
}

/* ---- what happens ---- */

static void masked_errors_leave_no_trace(void)
{
	open_device();
	for (unsigned bit = 0; bit < 64; bit++) {
		bool uncorrectable = bit < 18 && bit != 12 && bit != 13;

		CHECK(make(bit, 1) == (uncorrectable ? 0 : -EINVAL));
		CHECK(swcxl_ras_correctable(t.dev, bit) == (bit < 7 ? 0 : -EINVAL));
	}
	check_nothing();
	put(RAS_UNCORRECTABLE_MASK, RAS_UNCORRECTABLE_BITS & ~1u);
	put(RAS_CORRECTABLE_MASK, RAS_CORRECTABLE_BITS & ~1u);
	CHECK(make(1, 1) == 0 && swcxl_ras_correctable(t.dev, 1) == 0);
	check_nothing();
	CHECK(make(0, 1) == 1 && swcxl_ras_correctable(t.dev, 0) == 1);
	CHECK(status() == 1 && get(RAS_CORRECTABLE_STATUS) == 1);
	test_device_close(&t);
}

static void an_error_shows_in_every_capability(void)
{
	for (unsigned bit = 0; bit < 18; bit++) {
		if (bit == 12 || bit == 13)
			continue;
		open_device();
		unmask();
		CHECK(first() == 0 && make(bit, 0x5a) == 1);
		CHECK(status() == 1u << bit && first() == bit && shows(0x5a));
		CHECK(get_config(AER + AER_UNCORRECTABLE_STATUS) == 1u << 22);
		CHECK((get_config(DEVICE_STATUS) & 0xffff) == DEVICE_STATUS_FATAL);
		CHECK(!get_config(AER + AER_CONTROL)); /* masked: not recorded as the first */
		CHECK(!get_config(AER + 0x1c) && !get(RAS_CORRECTABLE_STATUS));
		put(RAS_UNCORRECTABLE_STATUS, 1u << bit);
		CHECK(!status() && first() == NO_ERROR && shows(0));
		test_device_close(&t);
	}
}

static void aer_has_a_mask_and_a_severity_of_its_own(void)
{
	open_device();
	unmask();
	put_config(AER + AER_UNCORRECTABLE_MASK, 0, 4);
	put_config(AER + AER_UNCORRECTABLE_SEVERITY, 0, 4);
	CHECK(make(0, 1) == 1 && get_config(AER + AER_CONTROL) == 22);
	CHECK((get_config(DEVICE_STATUS) & 0xffff) == DEVICE_STATUS_NON_FATAL);
	put_config(AER + AER_UNCORRECTABLE_STATUS, 1u << 22, 4);
	CHECK(!get_config(AER + AER_UNCORRECTABLE_STATUS) && status() == 1);
	CHECK(swcxl_ras_correctable(t.dev, SWCXL_CE_PHYSICAL) == 1);
	CHECK((get_config(DEVICE_STATUS) & 0xffff) == 3);
	CHECK(get_config(AER + AER_CORRECTABLE_STATUS) == 1u << 14);
	put_config(DEVICE_STATUS, 1, 2);
	CHECK((get_config(DEVICE_STATUS) & 0xffff) == 2);
	test_device_close(&t);
}

static void corrected_errors_add_up_and_are_cleared_by_ones(void)
{
	open_device();
	unmask();
	for (unsigned bit = 0; bit < 7; bit++)
		CHECK(swcxl_ras_correctable(t.dev, bit) == 1);
	CHECK(get(RAS_CORRECTABLE_STATUS) == RAS_CORRECTABLE_BITS && !status());
	put(RAS_CORRECTABLE_STATUS, 0x15);
	CHECK(get(RAS_CORRECTABLE_STATUS) == 0x6a);
	put(RAS_CORRECTABLE_STATUS, UINT32_MAX);
	CHECK(!get(RAS_CORRECTABLE_STATUS));
	test_device_close(&t);
}

/* ---- several headers ---- */

static void the_first_makes_way_for_the_next(void)
{
	static const unsigned bits[] = {5, 0, 17, 5, 14};

	open_device();
	unmask();
	for (unsigned i = 0; i < ARRAY_SIZE(bits); i++)
		CHECK(make(bits[i], i + 1) == 1 && first() == 5 && shows(1));
	CHECK(status() == (1u << 5 | 1 | 1u << 17 | 1u << 14));
	for (unsigned i = 0; i < ARRAY_SIZE(bits); i++) {
		CHECK(first() == bits[i] && shows(i + 1));
		CHECK(status() >> bits[i] & 1);
		/* the byte that has it, alone */
		swcxl_bar_write(t.dev, SWCXL_BAR_COMPONENT, RAS + bits[i] / 8,
				&(uint8_t){(uint8_t)(1u << bits[i] % 8)}, 1);
	}
	CHECK(!status() && first() == NO_ERROR && shows(0));
	test_device_close(&t);
}

static void other_writes_clear_all_of_their_types(void)
{
	open_device();
	unmask();
	for (unsigned i = 0; i < 9; i++)
		CHECK(make(i % 3, i + 1) == 1);
	put(RAS_UNCORRECTABLE_STATUS, 0);
	put(RAS_UNCORRECTABLE_STATUS, ~7u);
	CHECK(status() == 7 && first() == 0 && shows(1));
	put(RAS_UNCORRECTABLE_STATUS, 2); /* not the first: both that wait, and a third, go */
	CHECK(status() == 5 && first() == 0 && shows(1));
	put(RAS_UNCORRECTABLE_STATUS, 1);
	CHECK(status() == 5 && first() == 2 && shows(3));
	put(RAS_UNCORRECTABLE_STATUS, 5); /* as Linux: all that it has seen */
	CHECK(!status() && first() == NO_ERROR);
	CHECK(make(4, 7) == 1 && first() == 4 && shows(7));
	test_device_close(&t);
}

static void headers_beyond_the_room_are_lost_but_no_error_is(void)
{
	open_device();
	unmask();
	for (unsigned i = 0; i < KEPT; i++)
		CHECK(make(1, i + 1) == 1);
	for (unsigned i = 0; i < 1000; i++)
		CHECK(make(i & 1 ? 3 : 1, 200) == 1);
	CHECK(status() == 0xa);
	for (unsigned i = 0; i < KEPT; i++) {
		CHECK(first() == 1 && shows(i + 1) && status() == 0xa);
		put(RAS_UNCORRECTABLE_STATUS, 2);
	}
	CHECK(first() == NO_ERROR && shows(0) && status() == 0xa);
	put(RAS_UNCORRECTABLE_STATUS, 2);
	CHECK(status() == 8);
	put(RAS_UNCORRECTABLE_STATUS, 8);
	CHECK(!status());
	test_device_close(&t);
}

/* ---- resets ---- */

static void sticky_bits_survive_what_is_not_conventional(void)
{
	open_device();
	for (unsigned kind = 0; kind <= SWCXL_RESET_FUNCTION; kind++) {
		bool kept = kind == SWCXL_RESET_CXL || kind == SWCXL_RESET_FUNCTION;

		unmask();
		CHECK(make(2, 1) == 1 && make(3, 2) == 1);
		CHECK(swcxl_ras_correctable(t.dev, 2) == 1);
		swcxl_reset(t.dev, (enum swcxl_reset)kind);
		if (!kept)
			check_nothing();
		CHECK(status() == (kept ? 0xc : 0) && shows(kept ? 1 : 0));
		CHECK(get(RAS_CORRECTABLE_STATUS) == (kept ? 4 : 0));
		CHECK(get(RAS_UNCORRECTABLE_MASK) == (kept ? 0 : RAS_UNCORRECTABLE_BITS));
		CHECK(!get_config(AER + AER_UNCORRECTABLE_STATUS) == !kept);
		put(RAS_UNCORRECTABLE_STATUS, 4);
		CHECK(shows(kept ? 2 : 0) && first() == (kept ? 3 : 0));
		swcxl_reset(t.dev, SWCXL_RESET_CONVENTIONAL);
		CHECK(!first() && !status());
	}
	test_device_close(&t);
}

int main(void)
{
	RUN(masked_errors_leave_no_trace);
	RUN(an_error_shows_in_every_capability);
	RUN(aer_has_a_mask_and_a_severity_of_its_own);
	RUN(corrected_errors_add_up_and_are_cleared_by_ones);
	RUN(the_first_makes_way_for_the_next);
	RUN(other_writes_clear_all_of_their_types);
	RUN(headers_beyond_the_room_are_lost_but_no_error_is);
	RUN(sticky_bits_survive_what_is_not_conventional);
	return test_done();
}
