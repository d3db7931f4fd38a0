/* SPDX-License-Identifier: MIT */
/* What the lines hold, against an array; and that the limit and memory are respected. */
#include <string.h>

#include "base/util.h"
#include "media/media.h"
#include "test.h"

#define LINES 64u

static struct media media;
static uint8_t want[LINES][64];

static void begin(uint64_t max)
{
	media = (struct media){.content_max = max, .ranges_max = 10};
	media_init(&media, &test_mem, (struct bounds){0});
	memset(want, 0, sizeof(want));
}

static void end(void)
{
	media_fini(&media);
	CHECK(memory.blocks == 0);
}

static bool zeros(const uint8_t data[64])
{
	for (unsigned i = 0; i < 64; i++)
		if (data[i])
			return false;
	return true;
}

static void check_content(void)
{
	uint64_t held = 0, line = 0;
	uint8_t data[64];

	for (unsigned i = 0; i < LINES; i++) {
		content_read(&media, i, data);
		CHECK(!memcmp(data, want[i], 64));
		if (zeros(want[i]))
			continue;
		CHECK(content_next(&media, line, &line) && line == i);
		line = i + 1;
		held++;
	}
	CHECK(!content_next(&media, line, &line) && held == media.content.count);
}

static void random_writes_match_an_array(void)
{
	uint8_t data[8 * 64];

	begin(UINT64_MAX);
	for (unsigned step = 0; step < 20000; step++) {
		uint64_t start = below(LINES), n = 1 + below(MIN(8, LINES - start));

		if (below(16) == 0) {
			content_erase(&media, start, n);
			memset(want[start], 0, n * 64);
		} else {
			memset(data, 0, sizeof(data));
			for (uint64_t i = 0; i < n; i++)
				data[64 * i + below(64)] = (uint8_t)below(3);
			CHECK(content_reserve(&media, start, data, n));
			memory.left = 0;
			for (uint64_t i = 0; i < n; i++)
				content_write(&media, start + i, data + 64 * i);
			memory.left = -1;
			memcpy(want[start], data, n * 64);
		}
		check_content();
	}
	end();
}

static void zeros_cost_nothing(void)
{
	static const uint8_t nothing[64 * 4];

	begin(0);
	memory.left = 8; /* a reservation may set some nodes aside, and no more */
	for (uint64_t line = 0; line < 1ull << 38; line += 1ull << 28) {
		CHECK(content_reserve(&media, line, nothing, 4));
		content_write(&media, line, nothing);
	}
	memory.left = -1;
	CHECK(media.content.count == 0);
	end();
}

/* Writing what is held already is always possible; a line more is not. */
static void the_limit_holds(void)
{
	uint8_t ones[3 * 64];

	begin(2);
	memset(ones, 1, sizeof(ones));
	CHECK(content_reserve(&media, 10, ones, 2));
	content_write(&media, 10, ones);
	content_write(&media, 11, ones);
	CHECK(!content_reserve(&media, 9, ones, 1) && !content_reserve(&media, 10, ones, 3));
	CHECK(content_reserve(&media, 10, ones, 2));
	memset(ones, 0, 64);
	CHECK(content_reserve(&media, 10, ones, 1));
	content_write(&media, 10, ones);
	CHECK(media.content.count == 1);
	CHECK(content_reserve(&media, 9, ones + 64, 1));
	end();
}

int main(void)
{
	RUN(random_writes_match_an_array);
	RUN(zeros_cost_nothing);
	RUN(the_limit_holds);
	return test_done();
}
