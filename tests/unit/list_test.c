/* SPDX-License-Identifier: MIT */
/* Poison list and scan results at their sizes: more records than a page, longer than a record. */
#include "rig.h"

#define RECORDS 70000u
#define PAGE_MAX 65534u /* records behind 32 bytes in 1 MiB */
#define M ((1ull << 26) - 1)

static struct test_device t;

static unsigned count_at(unsigned offset)
{
	return (unsigned)le_load(rig_out + offset, 2);
}

/* Records from number `first` on: every other line. */
static void check_page(unsigned first, unsigned n)
{
	CHECK(rig_len == 32 + 16ul * n);
	for (unsigned i = 0; i < n; i++)
		CHECK(rig_line(i) == (first + i) * 2 && rig_lines(i) == 1);
}

static void pages_of_a_mebibyte(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, 0);

	c.payload_size = PAYLOAD_MAX;
	c.poison_list_max = 100000;
	test_device_open(&t, &c);
	for (unsigned i = 0; i < RECORDS; i++)
		CHECK(!rig_plant(&t, i * 2ull, 1, true));
	CHECK(rig_list(&t, 0, 200000, true) == SWCXL_SUCCESS);
	CHECK(count_at(10) == PAGE_MAX && (rig_out[0] & 1));
	check_page(0, PAGE_MAX);
	CHECK(rig_list(&t, 0, 200000, false) == SWCXL_SUCCESS);
	CHECK(count_at(10) == RECORDS - PAGE_MAX && !(rig_out[0] & 1));
	check_page(PAGE_MAX, RECORDS - PAGE_MAX);

	CHECK(rig_scan(&t, 0, 200000, true) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t.dev, 200000 * 500);
	CHECK(rig_run(&t, 0x4305, NULL, 0) == SWCXL_SUCCESS);
	CHECK(count_at(18) == PAGE_MAX && (rig_out[16] & 1));
	check_page(0, PAGE_MAX);
	CHECK(rig_run(&t, 0x4305, NULL, 0) == SWCXL_SUCCESS);
	CHECK(count_at(18) == RECORDS - PAGE_MAX && !(rig_out[16] & 1));
	check_page(PAGE_MAX, RECORDS - PAGE_MAX);
	test_device_close(&t);
}

static void pages_of_the_smallest_payload(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, 0);
	unsigned got = 0;

	c.payload_size = 256;
	test_device_open(&t, &c);
	for (unsigned i = 0; i < 200; i++)
		CHECK(!rig_plant(&t, i * 2ull, 1, true));
	do {
		CHECK(rig_list(&t, 0, 1000, false) == SWCXL_SUCCESS && rig_len <= 256);
		check_page(got, count_at(10));
		got += count_at(10);
	} while (rig_out[0] & 1);
	CHECK(got == 200);
	test_device_close(&t);
}

/* D-11: a record ends after 2^26 - 1 lines, in the list and in the results. */
static void long_ranges_are_cut(void)
{
	struct swcxl_poison_row row;
	unsigned n;

	for (unsigned known = 0; known < 2; known++) {
		struct swcxl_config c = rig_config(32 * GiB, 0);

		c.scan_ns_per_line = 1;
		test_device_open(&t, &c);
		CHECK(!rig_plant(&t, 10, 3 * M + 7, known));
		CHECK(rig_scan(&t, 0, 4 * M, false) == SWCXL_BACKGROUND_STARTED);
		swcxl_advance(t.dev, 4 * M);
		for (unsigned pass = 0; pass < 2; pass++) {
			uint64_t line = 10;

			CHECK((pass ? rig_run(&t, 0x4305, NULL, 0)
				    : rig_list(&t, 0, 4 * M, true)) == SWCXL_SUCCESS);
			n = count_at(pass ? 18 : 10);
			CHECK(n == 4);
			for (unsigned i = 0; i < n; i++) {
				CHECK(rig_line(i) == line && rig_lines(i) <= M);
				line += rig_lines(i);
			}
			CHECK(line == 10 + 3 * M + 7);
		}
		CHECK(swcxl_poison_next(t.dev, 0, UINT64_MAX, &row));
		CHECK(row.length == (3 * M + 7) * 64 && row.listed);
		CHECK(!swcxl_poison_next(t.dev, row.start + row.length, UINT64_MAX, &row));
		test_device_close(&t);
	}
}

/* A long record that is cut by clears, and made whole again. */
static void long_ranges_change(void)
{
	struct swcxl_config c = rig_config(32 * GiB, 0);

	test_device_open(&t, &c);
	CHECK(!rig_plant(&t, 0, 3 * M, true) && rig_status(&t).list.count == 3);
	CHECK(rig_clear(&t, M + 5, 0) == SWCXL_SUCCESS && rig_status(&t).list.count == 4);
	CHECK(rig_clear(&t, 0, 0) == SWCXL_SUCCESS && rig_clear(&t, 3 * M - 1, 0) == SWCXL_SUCCESS);
	CHECK(rig_status(&t).poisoned_lines == 3 * M - 3);
	CHECK(!rig_plant(&t, 0, 3 * M, true));
	CHECK(rig_status(&t).poisoned_lines == 3 * M && rig_status(&t).ranges == 1);
	CHECK(rig_status(&t).list.count <= 4 && !rig_status(&t).list.overflow);
	test_device_close(&t);
}

int main(void)
{
	RUN(pages_of_a_mebibyte);
	RUN(pages_of_the_smallest_payload);
	RUN(long_ranges_are_cut);
	RUN(long_ranges_change);
	return test_done();
}
