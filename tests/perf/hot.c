/* SPDX-License-Identifier: MIT */
/*
 * The hot paths, for test_hot.py to count their instructions: prepares, then does something so
 * many times in measured(), and nothing else there.
 *
 *	hot WHAT TIMES
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "base/ranges.h"
#include "swcxl/swcxl.h"

#define CAPACITY (16ull << 40)
#define PAYLOAD (1u << 20)

static uint64_t rng = 88172645463325252u;
static uint8_t out[PAYLOAD];
static struct swcxl_range *range;
static struct swcxl_dev *dev;
static struct swcxl_cci *cci;
static struct ranges map;

static void *hot_realloc(void *ctx, void *old, size_t size)
{
	(void)ctx;
	if (size)
		return realloc(old, size);
	free(old);
	return NULL;
}

static void need(bool ok)
{
	if (!ok)
		abort();
}

/* No two are beside each other. */
static uint64_t random_start(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng % (CAPACITY / 128) * 128;
}

static void device(size_t n)
{
	struct swcxl_host host = {.realloc = hot_realloc};
	struct swcxl_config c;

	(void)n;
	swcxl_config_init(&c);
	c.volatile_size = CAPACITY;
	c.poison_list_max = 16777215;
	c.payload_size = PAYLOAD;
	c.scan_ns_per_line = 1;
	need(!swcxl_new(&c, &host, &dev) && (cci = swcxl_cci_new(dev)));
}

static void choose(size_t n)
{
	range = malloc(n * sizeof(*range));
	need(range);
	for (size_t i = 0; i < n; i++)
		range[i] = (struct swcxl_range){random_start(), 64};
}

static void plant_many(size_t n)
{
	need(!swcxl_plant_many(dev, range, n, SWCXL_SOURCE_INTERNAL, false, false));
}

static void plant(size_t n)
{
	for (size_t i = 0; i < n; i++)
		need(!swcxl_plant(dev, range[i].start, 64, SWCXL_SOURCE_INTERNAL, false, false));
}

static void planted(size_t n)
{
	device(n);
	choose(n);
	plant_many(n);
	free(range);
	choose(n); /* others */
}

static void scan(size_t n)
{
	struct swcxl_status status;
	uint8_t in[17] = {0};
	size_t len;

	le_store(in + 8, 8, CAPACITY / 64);
	in[16] = 1;
	need(swcxl_execute(cci, 0x4304, in, sizeof(in), out, &len) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(dev, CAPACITY / 64);
	swcxl_query(dev, &status);
	need(status.scan.results >= n - n / 100);
}

static void scanned(size_t n)
{
	planted(n);
	scan(n);
}

static void list(size_t n)
{
	uint8_t in[16] = {1};
	size_t len, records = 0;

	le_store(in + 8, 8, CAPACITY / 64);
	do {
		need(!swcxl_execute(cci, 0x4300, in, sizeof(in), out, &len));
		in[0] = 0;
		records += le_load(out + 10, 2);
	} while (out[0] & 1);
	need(records >= n - n / 100);
}

static void results(size_t n)
{
	size_t len, records = 0;

	do {
		need(!swcxl_execute(cci, 0x4305, NULL, 0, out, &len));
		records += le_load(out + 18, 2);
	} while (out[16] & 1);
	need(records >= n - n / 100);
}

static void identify(size_t n)
{
	size_t len;

	for (size_t i = 0; i < n; i++)
		need(!swcxl_execute(cci, 0x4000, NULL, 0, out, &len));
}

static void fill(size_t n)
{
	static const struct mem mem = {NULL, hot_realloc};

	ranges_init(&map, &mem, (struct bounds){0}, UINT64_MAX >> 8);
	for (size_t i = 0; i < n; i++) {
		need(ranges_reserve(&map, 3));
		ranges_put(&map, i * 2, 1, 1);
	}
}

static void find(size_t n)
{
	struct range r;

	for (size_t i = 0; i < n; i++)
		need(ranges_find(&map, i * 7919 % n * 2, &r));
}

static struct swcxl_change content(size_t line, size_t lines, const uint8_t *data)
{
	return (struct swcxl_change){.kind = SWCXL_CHANGE_CONTENT,
				     .start = line * 64,
				     .length = lines * 64,
				     .data = data};
}

static void written(size_t n)
{
	static const uint8_t data[64] = {1};

	device(n);
	for (size_t i = 0; i < n; i++) {
		struct swcxl_change change = content(2 * i, 1, data);

		need(!swcxl_apply(dev, &change));
	}
}

/* A hundred at once, as a guest may choose. */
static void erase(size_t n)
{
	for (size_t i = 0; i < n; i += 100) {
		struct swcxl_change change = content(2 * i, 200, NULL);

		need(!swcxl_apply(dev, &change));
	}
}

static void ignore(void *ctx, const struct swcxl_change *change)
{
	(void)ctx, (void)change;
}

static void save(size_t n)
{
	(void)n;
	swcxl_save(dev, ignore, NULL);
}

static const struct path {
	const char *name;
	void (*prepare)(size_t n), (*measure)(size_t n);
} paths[] = {
	{"list", scanned, list},
	{"results", scanned, results},
	{"scan", planted, scan},
	{"plant", planted, plant},
	{"find", fill, find},
	{"identify", device, identify},
	{"plant_many", planted, plant_many},
	{"erase", written, erase},
	{"save", planted, save},
};

__attribute__((noinline)) void measured(const struct path *path, size_t n);

void measured(const struct path *path, size_t n)
{
	path->measure(n);
}

int main(int argc, char **argv)
{
	size_t n = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;

	for (size_t i = 0; n && i < sizeof(paths) / sizeof(*paths); i++) {
		if (strcmp(argv[1], paths[i].name) != 0)
			continue;
		paths[i].prepare(n);
		measured(&paths[i], n);
		return 0;
	}
	fprintf(stderr, "usage: hot WHAT TIMES\n");
	return 2;
}
