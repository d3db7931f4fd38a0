/* SPDX-License-Identifier: MIT */
/*
 * plant: errors in the media, from the command line, from a file, or at random places.
 *
 * All errors are known and checked before the first is planted, against the capacity too, so a
 * mistake in line 100 of a file plants nothing. Random errors are spread: the range is cut into
 * as many equal slots as there are errors and each gets one line of its slot, never the first, so
 * that no two of them touch and the device cannot merge them into one record. The generator is
 * SplitMix64, and the same range, number and seed give the same errors for ever.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/format.h"
#include "swcxl/swcxl.h"

#define RANGES_MAX 21840 /* in a request: swcxl-qmp(7) */

struct plant {
	struct range range;
	unsigned source;
	bool latent, permanent;
	unsigned line; /* of the file, or 0 */
};

struct plants {
	struct plant *rows;
	size_t count, room;
};

static void add(struct plants *plants, struct plant plant)
{
	if (plants->count == plants->room) {
		plants->room = MAX(2 * plants->room, 64);
		plants->rows = xalloc(plants->rows, plants->room * sizeof(*plants->rows));
	}
	plants->rows[plants->count++] = plant;
}

/* ---- from a file ---- */

/* NULL, or what is wrong with the line. */
static const char *parse_line(char *line, struct plant *plant)
{
	static const char form[] = "this is not 'start length [source] [latent] [permanent]'";
	const char *separators = " \t\r\n";
	char *rest, *word = strtok_r(line, separators, &rest);

	if (!word || !parse_size(word, &plant->range.start))
		return form;
	word = strtok_r(NULL, separators, &rest);
	if (!word || !parse_size(word, &plant->range.length))
		return form;
	while ((word = strtok_r(NULL, separators, &rest))) {
		if (strcmp(word, "latent") == 0)
			plant->latent = true;
		else if (strcmp(word, "permanent") == 0)
			plant->permanent = true;
		else if (!source_from_key(word, &plant->source))
			return form;
	}
	if (plant->range.start % SWCXL_LINE || plant->range.length % SWCXL_LINE)
		return "start and length are multiples of 64";
	return plant->range.length ? NULL : "the length is 0";
}

static void add_file(struct plants *plants, const char *path, struct plant by_default)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	size_t size = 0;
	char *line = NULL;

	if (!file)
		die(USAGE, "Cannot open %s: %s", path, strerror(errno));
	for (unsigned n = 1; getline(&line, &size, file) >= 0; n++) {
		struct plant plant = by_default;
		const char *wrong;

		plant.line = n;
		line[strcspn(line, "#")] = '\0';
		if (line[strspn(line, " \t\r\n")] == '\0')
			continue;
		wrong = parse_line(line, &plant);
		if (wrong)
			die(USAGE, "%s, line %u: %s. Nothing was planted", path, n, wrong);
		add(plants, plant);
	}
	if (ferror(file))
		die(USAGE, "Cannot read %s: %s. Nothing was planted", path, strerror(errno));
	free(line);
	if (file != stdin)
		fclose(file);
}

/* ---- at random ---- */

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Errors do not come in the order of their addresses. */
static void shuffle(struct plants *plants, uint64_t *state)
{
	for (size_t i = plants->count; i > 1; i--) {
		size_t j = (size_t)(next_random(state) % i);
		struct plant swap = plants->rows[j];

		plants->rows[j] = plants->rows[i - 1];
		plants->rows[i - 1] = swap;
	}
}

static void add_random(struct plants *plants, const struct ctl *ctl, struct range range,
		       uint64_t count, struct plant like)
{
	static const unsigned sources[] = {SWCXL_SOURCE_EXTERNAL, SWCXL_SOURCE_INTERNAL,
					   SWCXL_SOURCE_INJECTED, SWCXL_SOURCE_VENDOR,
					   SWCXL_SOURCE_UNKNOWN};
	uint64_t state = ctl_number(ctl, OPT_seed, 1);
	uint64_t slot = count ? range.length / SWCXL_LINE / count : 0;

	if (slot < 2)
		ctl_usage(ctl, "%s has room for 1 to %llu errors apart from each other",
			  size_text(range.length).s,
			  (unsigned long long)(range.length / SWCXL_LINE / 2));
	for (uint64_t i = 0; i < count; i++) {
		uint64_t line = i * slot + 1 + next_random(&state) % (slot - 1);
		unsigned source = sources[next_random(&state) % ARRAY_SIZE(sources)];

		like.range = (struct range){range.start + line * SWCXL_LINE, SWCXL_LINE};
		if (!ctl_has(ctl, OPT_source))
			like.source = source;
		add(plants, like);
	}
	shuffle(plants, &state);
}

/* ---- the command ---- */

/* Of several errors none is planted when one lies outside the device; whether a single one does
 * is for the device to say. */
static void check_capacity(struct ctl *ctl, const struct plants *plants)
{
	struct identity id;

	if (plants->count < 2 && !ctl_has(ctl, OPT_from))
		return;
	cci_identify(ctl_link(ctl), &id);
	for (size_t i = 0; i < plants->count; i++) {
		const struct plant *plant = &plants->rows[i];
		char where[32] = "";

		if (range_fits(plant->range.start, plant->range.length, id.capacity))
			continue;
		if (plant->line)
			snprintf(where, sizeof(where), ", line %u: ", plant->line);
		die(USAGE,
		    "%s%s%s from %s on is not all in the device, which has %s. Nothing was planted",
		    plant->line ? ctl->options[OPT_from] : "", where,
		    length_text(plant->range.length).s, dpa_text(plant->range.start).s,
		    size_text(id.capacity).s);
	}
}

/* Errors that differ in nothing but their place, from index on: as many as go with one command. */
static size_t alike(const struct plants *plants, size_t index)
{
	const struct plant *first = &plants->rows[index];
	size_t n = 1;

	while (index + n < plants->count && n < RANGES_MAX && first[n].source == first->source &&
	       first[n].latent == first->latent && first[n].permanent == first->permanent)
		n++;
	return n;
}

/* Which errors the device refused, and what it has planted before; NULL for one that the command
 * line gave: whoever wrote that knows. */
static const char *name_errors(const struct ctl *ctl, const struct plants *plants, size_t index,
			       size_t count, char *text, size_t size)
{
	const struct plant *first = &plants->rows[index];
	int len;

	if (!first->line && plants->count == 1)
		return NULL;
	if (first->line && count > 1)
		len = snprintf(text, size, "%.200s, lines %u to %u", ctl->options[OPT_from],
			       first->line, first[count - 1].line);
	else if (first->line)
		len = snprintf(text, size, "%.200s, line %u", ctl->options[OPT_from], first->line);
	else
		len = snprintf(text, size, "%zu from %s on", count, dpa_text(first->range.start).s);
	if (count == 1 ? plants->count > 1 : index > 0)
		snprintf(text + len, size - (size_t)len, ", after %zu of %zu errors were planted",
			 index, plants->count);
	return text;
}

static struct json_object *pair(const struct range *range)
{
	struct json_object *array = json_object_new_array();

	json_object_array_add(array, json_object_new_uint64(range->start));
	json_object_array_add(array, json_object_new_uint64(range->length));
	return array;
}

/* One command for as many errors as are alike, since a command each is slow for thousands. */
static size_t plant_alike(struct ctl *ctl, const struct plants *plants, size_t index)
{
	struct json_object *args = json_object_new_object();
	const struct plant *plant = &plants->rows[index];
	size_t count = alike(plants, index);
	char text[320];

	if (count == 1) {
		add_number(args, "start", plant->range.start);
		add_number(args, "length", plant->range.length);
	} else {
		struct json_object *ranges = json_object_new_array();

		for (size_t i = 0; i < count; i++)
			json_object_array_add(ranges, pair(&plant[i].range));
		json_object_object_add(args, "ranges", ranges);
	}
	add_string(args, "source", source_key(plant->source));
	add_bool(args, "known", !plant->latent);
	add_bool(args, "permanent", plant->permanent);
	json_object_put(qmp_call(ctl_link(ctl), "swcxl-plant-poison", args,
				 name_errors(ctl, plants, index, count, text, sizeof(text))));
	return count;
}

static struct json_object *plants_json(const struct plants *plants)
{
	struct json_object *array = json_object_new_array();
	struct json_object *document = json_object_new_object();

	for (size_t i = 0; i < plants->count; i++) {
		struct json_object *row = json_object_new_object();

		add_number(row, "start", plants->rows[i].range.start);
		add_number(row, "length", plants->rows[i].range.length);
		add_string(row, "source", source_key(plants->rows[i].source));
		add_bool(row, "known", !plants->rows[i].latent);
		add_bool(row, "permanent", plants->rows[i].permanent);
		json_object_array_add(array, row);
	}
	json_object_object_add(document, "planted", array);
	return document;
}

static void print_plants(const struct plants *plants)
{
	uint64_t bytes = 0, latent = 0;

	for (size_t i = 0; i < plants->count; i++) {
		bytes += plants->rows[i].range.length;
		latent += plants->rows[i].latent;
	}
	printf("Planted %zu error%s, %s", plants->count, plural(plants->count),
	       length_text(bytes).s);
	if (latent)
		printf(", %llu of them latent", (unsigned long long)latent);
	printf(".\n");
}

/* What the command line asks for; ends the program when that makes no sense. */
static void collect(struct ctl *ctl, struct plants *plants)
{
	struct plant plant = {.source = SWCXL_SOURCE_INTERNAL,
			      .latent = ctl_has(ctl, OPT_latent),
			      .permanent = ctl_has(ctl, OPT_permanent)};
	bool ranged = ctl_range(ctl, &plant.range);
	uint64_t count = ctl_number(ctl, OPT_random, 0);

	if (ctl_has(ctl, OPT_source) && !source_from_key(ctl->options[OPT_source], &plant.source))
		ctl_usage(
			ctl,
			"There is no source '%s': external, internal, injected, vendor or unknown",
			ctl->options[OPT_source]);
	if (ctl_has(ctl, OPT_from) ? ranged || ctl_has(ctl, OPT_random)
				   : !ranged && !ctl_has(ctl, OPT_random))
		ctl_usage(ctl, "Say where: a RANGE, --from FILE, or --random N with or without a "
			       "RANGE");
	if (ctl_has(ctl, OPT_seed) && !ctl_has(ctl, OPT_random))
		ctl_usage(ctl, "--seed belongs to --random");
	if (ctl_has(ctl, OPT_from)) {
		add_file(plants, ctl->options[OPT_from], plant);
	} else if (ctl_has(ctl, OPT_random)) {
		struct identity id = {.capacity = 0};

		if (!ranged)
			cci_identify(ctl_link(ctl), &id);
		add_random(plants, ctl, ranged ? plant.range : (struct range){0, id.capacity},
			   count, plant);
	} else {
		add(plants, plant);
	}
}

enum status cmd_plant(struct ctl *ctl)
{
	struct plants plants = {0};

	collect(ctl, &plants);
	check_capacity(ctl, &plants);
	for (size_t i = 0; i < plants.count;)
		i += plant_alike(ctl, &plants, i);
	if (ctl->json)
		print_json(plants_json(&plants));
	else
		print_plants(&plants);
	free(plants.rows);
	return DONE;
}
