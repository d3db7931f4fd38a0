/* SPDX-License-Identifier: MIT */
/*
 * map: the address space as a picture. Each character stands for a cell of addresses and says how
 * many errors touch it; the layers lie below each other, so that a column compares what is true,
 * what the device lists and what its last scan found in the same place:
 *
 *	  0 B   poison  1.2..1*
 *	        latent  ....1..     true, and nobody has noticed
 *	        listed  1.2..9.
 *	        found   1.2.11*
 *
 * A cell without errors in which the host has nothing (of dynamic capacity) is a dash.
 * What is true is only known over a control socket; through a mailbox there are two layers.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/dc.h"
#include "cli/format.h"
#include "cli/table.h"
#include "swcxl/swcxl.h"

#define COLUMNS 64 /* as 80 columns of a terminal have them, and JSON always */
#define NARROWEST 16
#define WIDEST 256
#define NAMES 10 /* columns before the cells */
#define BANDS 4
#define CELLS (WIDEST * BANDS)

enum layer { POISON, LATENT, LISTED, FOUND, LAYERS };

struct map {
	struct range range;
	uint64_t cell; /* bytes */
	unsigned cells, columns;
	struct {
		bool known; /* it could be looked at */
		uint64_t errors, count[CELLS];
	} layers[LAYERS];
	bool overflow;
	bool dynamic;		     /* has dynamic capacity */
	uint64_t unallocated[CELLS]; /* bytes of it that the host has not */
};

static const struct {
	const char *name;
	enum colour colour;
} layers[LAYERS] = {
	[POISON] = {"poison", RED},
	[LATENT] = {"latent", YELLOW},
	[LISTED] = {"listed", BLUE},
	[FOUND] = {"found", GREEN},
};

/* An error touches every cell that it reaches into. */
static void add(struct map *map, enum layer layer, uint64_t start, uint64_t length)
{
	uint64_t from = MAX(start, map->range.start);
	uint64_t to = MIN(start + length, map->range.start + map->range.length);

	if (from >= to)
		return;
	map->layers[layer].errors++;
	for (uint64_t i = (from - map->range.start) / map->cell;
	     i <= (to - 1 - map->range.start) / map->cell && i < map->cells; i++)
		map->layers[layer].count[i]++;
}

static void add_records(struct map *map, enum layer layer, const struct records *records)
{
	for (size_t i = 0; i < records->count; i++)
		add(map, layer, records->rows[i].start, records->rows[i].length);
}

static void look_at_media(struct link *link, struct map *map)
{
	struct json_object *rows = media_rows(link, map->range);

	map->layers[POISON].known = map->layers[LATENT].known = true;
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		uint64_t start = get_number(row, "start"), length = get_number(row, "length");

		add(map, POISON, start, length);
		if (!get_bool(row, "known"))
			add(map, LATENT, start, length);
	}
	json_object_put(rows);
}

/* What two ranges have in common. */
static uint64_t common(const struct range *a, const struct range *b)
{
	uint64_t from = MAX(a->start, b->start);
	uint64_t to = MIN(a->start + a->length, b->start + b->length);

	return from < to ? to - from : 0;
}

static void look_at_extents(struct link *link, struct map *map, const struct identity *id)
{
	struct extents have = {.count = 0};
	uint32_t generation;

	map->dynamic = true;
	dc_list_read(link, &have, &generation);
	for (unsigned i = 0; i < map->cells; i++) {
		struct range cell = {map->range.start + i * map->cell, map->cell};

		cell.length = MIN(cell.length, map->range.length - i * map->cell);
		for (unsigned n = 0; n < id->regions; n++)
			map->unallocated[i] += common(&cell, &id->region[n]);
		map->unallocated[i] -= MIN(map->unallocated[i], dc_held(&have, cell));
	}
	free(have.rows);
}

static void look(struct link *link, struct map *map, const struct identity *id)
{
	struct poison_list list = {.overflow = false};
	struct scan_results results = {.stopped = false};
	struct range areas[AREAS];
	unsigned count = identity_areas(id, areas);

	if (link_is_qmp(link))
		look_at_media(link, map);
	for (unsigned i = 0; i < count; i++)
		if (!cci_poison_list(link, id, areas[i], &list))
			map->layers[LISTED].known = true;
	add_records(map, LISTED, &list.records);
	map->overflow = list.overflow;
	map->layers[FOUND].known = !cci_scan_results(link, &results);
	add_records(map, FOUND, &results.records);
	records_free(&list.records);
	records_free(&results.records);
	if (id->regions)
		look_at_extents(link, map, id);
}

/* As many cells in a row as there is room for, but a power of two, so that cells begin at round
 * addresses. */
static unsigned columns_of(unsigned width)
{
	unsigned columns = NARROWEST;

	while (columns < WIDEST && 2 * columns + NAMES <= width)
		columns *= 2;
	return columns;
}

/* A device may say that it has a part of a line, and a range end at the top of all addresses. */
static void set_range(struct map *map, struct range range)
{
	uint64_t lines = range.length / SWCXL_LINE + (range.length % SWCXL_LINE != 0);
	uint64_t cells = BANDS * map->columns, cell = MAX((lines + cells - 1) / cells, 1u);

	map->range = range;
	map->cell = cell * SWCXL_LINE;
	map->cells = (unsigned)((lines + cell - 1) / cell);
}

/* ---- text ---- */

/* Is there nothing but capacity that the host has not? */
static bool is_unallocated(const struct map *map, unsigned i)
{
	return map->unallocated[i] &&
	       map->unallocated[i] == MIN(map->cell, map->range.length - i * map->cell);
}

static void print_cells(const struct map *map, enum layer layer, unsigned from)
{
	for (unsigned i = from; i < MIN(from + map->columns, map->cells); i++) {
		uint64_t count = map->layers[layer].count[i];

		if (!count && is_unallocated(map, i))
			printf("%s-%s", colour(DIM), colour(PLAIN));
		else if (!count)
			putchar('.');
		else
			printf("%s%c%s", colour(layers[layer].colour),
			       count < 10 ? (char)('0' + count) : '*', colour(PLAIN));
	}
	putchar('\n');
}

static void print_legend(const struct map *map)
{
	static const char *const meaning[LAYERS] = {
		[POISON] = "on the media",
		[LATENT] = "of these, unknown to the device",
		[LISTED] = "in the poison list",
		[FOUND] = "by the last scan",
	};

	printf("\nA character is %s: . without errors, %s1 to 9 errors, * more. Errors:\n",
	       size_text(map->cell).s, map->dynamic ? "- likewise and not the host's, " : "");
	for (int i = 0; i < LAYERS; i++)
		if (map->layers[i].known)
			printf("%s%-6s%s  %5" PRIu64 " %s%s\n", colour(layers[i].colour),
			       layers[i].name, colour(PLAIN), map->layers[i].errors, meaning[i],
			       i == LISTED && map->overflow ? ", which has overflowed" : "");
	if (!map->layers[FOUND].known)
		printf("There are no scan results now.\n");
}

static void print_map(const struct map *map)
{
	for (unsigned from = 0; from < map->cells; from += map->columns) {
		printf("%s%s%s\n", colour(BOLD), dpa_text(map->range.start + from * map->cell).s,
		       colour(PLAIN));
		for (int i = 0; i < LAYERS; i++)
			if (map->layers[i].known) {
				printf("  %-6s  ", layers[i].name);
				print_cells(map, (enum layer)i, from);
			}
	}
	print_legend(map);
}

/* ---- JSON ---- */

static struct json_object *unallocated_json(const struct map *map)
{
	struct json_object *bytes = map->dynamic ? json_object_new_array() : NULL;

	for (unsigned i = 0; bytes && i < map->cells; i++)
		json_object_array_add(bytes, json_object_new_uint64(map->unallocated[i]));
	return bytes;
}

static struct json_object *map_json(const struct map *map)
{
	struct json_object *document = json_object_new_object();
	struct json_object *object = json_object_new_object();

	add_number(document, "start", map->range.start);
	add_number(document, "length", map->range.length);
	add_number(document, "cell", map->cell);
	add_bool(document, "overflow", map->overflow);
	json_object_object_add(document, "unallocated", unallocated_json(map));
	for (int layer = 0; layer < LAYERS; layer++) {
		struct json_object *counts = NULL;

		if (map->layers[layer].known)
			counts = json_object_new_array();
		for (unsigned i = 0; counts && i < map->cells; i++)
			json_object_array_add(counts,
					      json_object_new_uint64(map->layers[layer].count[i]));
		json_object_object_add(object, layers[layer].name, counts);
	}
	json_object_object_add(document, "layers", object);
	return document;
}

enum status cmd_map(struct ctl *ctl)
{
	struct map *map = xalloc(NULL, sizeof(*map));
	struct range range = {0};
	bool ranged = ctl_range(ctl, &range);
	struct identity id;

	*map = (struct map){.overflow = false};
	map->columns = ctl->json ? COLUMNS : columns_of(terminal_width(STDOUT_FILENO));
	cci_identify(ctl_link(ctl), &id);
	set_range(map, ranged ? range : (struct range){0, id.capacity});
	look(ctl->link, map, &id);
	if (ctl->json)
		print_json(map_json(map));
	else
		print_map(map);
	free(map);
	return DONE;
}
