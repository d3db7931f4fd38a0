// SPDX-License-Identifier: MIT
/* The window of swcxl-top: where it can be, what it asks for, and which answers it takes. The test
 * is the device. */
#include "top/picture.h"

#include <json-c/json.h>
#include <string.h>

#include "base/util.h"
#include "client/json.h"
#include "test.h"
#include "view/view.h"

static struct picture picture;
static struct {
	bool connected;
	unsigned count; /* of what was asked */
	uint64_t cell, start, length;
	view_done *done; /* it waits for its answer */
} asked;

bool view_execute(struct view *view, const char *command, struct json_object *args, view_done *done,
		  void *ctx)
{
	CHECK(!view && strcmp(command, "swcxl-query-map") == 0 && ctx == &picture && !asked.done);
	if (asked.connected) {
		asked.count++;
		asked.done = done;
		asked.cell = get_number(args, "cell");
		asked.start = get_number(args, "start");
		asked.length = get_number(args, "length");
	}
	json_object_put(args);
	return asked.connected;
}

/* One poisoned line at that address, and where to go on. */
static void answer(uint64_t address, uint64_t next)
{
	struct json_object *map = json_object_new_object(), *cells = json_object_new_array();
	struct json_object *cell = json_object_new_object();
	view_done *done = asked.done;

	add_number(cell, "start", address);
	add_number(cell, "lines", 1);
	json_object_array_add(cells, cell);
	json_object_object_add(map, "cells", cells);
	add_number(map, "next", next);
	CHECK(done);
	asked.done = NULL;
	done(&picture, map, NULL);
	json_object_put(map);
}

static void refuse(void)
{
	view_done *done = asked.done;

	asked.done = NULL;
	done(&picture, NULL, "gone");
}

static uint64_t lines(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PICTURE_CELLS; i++)
		sum += picture.cells[i].n[CELL_LINES];
	return sum;
}

/* 64 columns and 8 rows over 256 MiB: cells of 512 KiB. */
static void begin(void)
{
	memset(&picture, 0, sizeof(picture));
	memset(&asked, 0, sizeof(asked));
	asked.connected = true;
	picture_fit(&picture, 64, 8, 256 * MiB);
}

static void the_whole_device_first(void)
{
	begin();
	CHECK(picture.count == 512 && picture.cell == 512 * KiB && !picture.length);
	CHECK(asked.cell == 512 * KiB && asked.start == 0 && asked.length == 256 * MiB);
	answer(1 * MiB, 256 * MiB);
	CHECK(picture.ready && picture.changed && picture.cells[2].n[CELL_LINES] == 1);
	picture_fit(&picture, 64, 8, 256 * MiB); /* the same: nothing to do */
	CHECK(!asked.done && picture.ready);
	picture_refresh(&picture);
	CHECK(asked.done && lines() == 1);
}

static void parts_are_put_together(void)
{
	begin();
	answer(0, 100 * MiB);
	CHECK(!picture.ready && lines() == 1); /* shown as they come */
	CHECK(asked.start == 100 * MiB && asked.length == 156 * MiB);
	answer(100 * MiB, 256 * MiB);
	CHECK(picture.ready && lines() == 2);
	picture_refresh(&picture);
	picture_refresh(&picture); /* one at a time */
	answer(0, 100 * MiB);
	CHECK(picture.ready && lines() == 2); /* until all have come */
	answer(0, 256 * MiB);
	CHECK(lines() == 2 && picture.cells[0].n[CELL_LINES] == 2);
}

static void answers_about_another_window_are_dropped(void)
{
	begin();
	picture_zoom(&picture, true);
	CHECK(asked.count == 1 && picture.length == 64 * MiB && picture.cell == 128 * KiB);
	answer(1 * MiB, 256 * MiB);
	CHECK(!picture.ready && !picture.changed && lines() == 0);
	CHECK(asked.count == 2 && asked.start == 0 && asked.length == 64 * MiB);
	answer(1 * MiB, 64 * MiB);
	CHECK(picture.ready && picture.cells[8].n[CELL_LINES] == 1);
}

static void a_device_that_goes(void)
{
	begin();
	refuse();
	CHECK(!asked.done && !picture.ready);
	asked.connected = false;
	picture_refresh(&picture);
	asked.connected = true;
	picture_refresh(&picture);
	answer(0, 256 * MiB);
	CHECK(picture.ready);
}

static void zoom_has_ends(void)
{
	begin();
	picture_zoom(&picture, false);
	CHECK(!picture.length);
	picture.cursor = 100 * MiB + 64;
	for (int i = 0; i < 20; i++) {
		picture_zoom(&picture, true);
		CHECK(picture.start <= picture.cursor && picture.cell >= 64);
		CHECK(picture_index(&picture, picture.cursor) < picture.count);
		CHECK(picture.start + picture.count * picture.cell <= 256 * MiB);
	}
	CHECK(picture.cell == 64 && picture.length == 32 * KiB && picture.count == 512);
	for (int i = 0; i < 20; i++)
		picture_zoom(&picture, false);
	CHECK(!picture.length && picture.start == 0 && picture.count == 512);
	picture_zoom(&picture, true);
	picture_whole(&picture);
	CHECK(!picture.length);
}

static void the_cursor_stays_in_the_device(void)
{
	begin();
	picture_move(&picture, -1, 0);
	CHECK(picture.cursor == 0);
	picture_move(&picture, 0, 7);
	picture_move(&picture, 63, 0);
	CHECK(picture.cursor == 256 * MiB - 512 * KiB);
	picture_move(&picture, 1, 0);
	picture_move(&picture, 0, 1);
	CHECK(picture.cursor == 256 * MiB - 512 * KiB);
	picture_zoom(&picture, true);
	for (int i = 0; i < 100; i++) {
		picture_move(&picture, 0, i < 50 ? -1 : 1);
		CHECK(picture_index(&picture, picture.cursor) < picture.count);
	}
	memset(&picture, 0, sizeof(picture));
	picture_move(&picture, 1, 1); /* nothing is known yet */
	picture_zoom(&picture, true);
	picture_next(&picture);
	CHECK(picture_index(&picture, 0) == SIZE_MAX);
}

static void devices_of_odd_sizes(void)
{
	static const uint64_t sizes[] = {64 * KiB, 256 * MiB, 768 * MiB, 16 * 1024 * GiB, 17 * GiB};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (unsigned columns = 16; columns <= 256; columns *= 2) {
			begin();
			picture_fit(&picture, columns, 4096 / columns, sizes[i]);
			CHECK(picture.count <= PICTURE_CELLS &&
			      picture.count * picture.cell >= sizes[i]);
			picture.cursor = sizes[i] - 64;
			while (picture.cell > 64) {
				picture_zoom(&picture, true);
				CHECK(picture_index(&picture, picture.cursor) < picture.count);
			}
		}
}

static void next_goes_around(void)
{
	begin();
	answer(3 * MiB, 256 * MiB);
	picture.cells[6].n[CELL_RANGES] = picture.cells[500].n[CELL_RANGES] = 1;
	picture_next(&picture);
	CHECK(picture.cursor == 3 * MiB);
	picture_next(&picture);
	CHECK(picture.cursor == 250 * MiB);
	picture_next(&picture);
	CHECK(picture.cursor == 3 * MiB);
}

int main(void)
{
	RUN(the_whole_device_first);
	RUN(parts_are_put_together);
	RUN(answers_about_another_window_are_dropped);
	RUN(a_device_that_goes);
	RUN(zoom_has_ends);
	RUN(the_cursor_stays_in_the_device);
	RUN(devices_of_odd_sizes);
	RUN(next_goes_around);
	return test_done();
}
