/* SPDX-License-Identifier: MIT */
/*
 * How fast the model of the device is by itself, without any transport: 16 TiB with so many lines
 * in error. What only copies is held against memcpy() of the same bytes, in the same run.
 *
 *	core_bench [RANGES]
 */
#include "bench.h"

#include "base/le.h"
#include "swcxl/swcxl.h"

#define CAPACITY (16ull << 40)
#define PAYLOAD (1u << 20)
#define COMMANDS 300000
#define SHORT_LIST 100u

static uint8_t out[PAYLOAD], copy[PAYLOAD];

struct rig {
	struct swcxl_dev *dev;
	struct swcxl_cci *cci;
};

static struct rig open_rig(void)
{
	struct swcxl_host host = {.realloc = bench_realloc};
	struct swcxl_config c;
	struct rig rig;

	swcxl_config_init(&c);
	c.volatile_size = CAPACITY;
	c.poison_list_max = 16777215;
	c.payload_size = PAYLOAD;
	c.event_log_max = 1;
	c.scan_ns_per_line = 1;
	if (swcxl_new(&c, &host, &rig.dev) || !(rig.cci = swcxl_cci_new(rig.dev)))
		abort();
	return rig;
}

/* Never beside each other, so that each stays a range. */
static uint64_t random_start(void)
{
	return next_random() % (CAPACITY / 128) * 128;
}

static double plant_singly(size_t n, double *bytes)
{
	struct rig rig = open_rig();
	size_t before = allocated();
	double t0 = seconds(), t;

	for (size_t i = 0; i < n; i++)
		swcxl_plant(rig.dev, random_start(), 64, SWCXL_SOURCE_INTERNAL, false, false);
	t = seconds() - t0;
	*bytes = (double)(allocated() - before) / (double)n;
	swcxl_free(rig.dev);
	return (double)n / t;
}

static double plant_many(struct swcxl_dev *dev, size_t n)
{
	struct swcxl_range *range = malloc(n * sizeof(*range));
	double t0, t;

	if (!range)
		abort();
	for (size_t i = 0; i < n; i++)
		range[i] = (struct swcxl_range){random_start(), 64};
	t0 = seconds();
	if (swcxl_plant_many(dev, range, n, SWCXL_SOURCE_INTERNAL, false, false))
		abort();
	t = seconds() - t0;
	free(range);
	return (double)n / t;
}

static double scan(struct rig *rig)
{
	uint8_t in[17] = {0};
	double t0 = seconds();
	size_t len;

	le_store(in + 8, 8, CAPACITY / 64);
	in[16] = 1;
	if (swcxl_execute(rig->cci, 0x4304, in, sizeof(in), out, &len) != SWCXL_BACKGROUND_STARTED)
		abort();
	while (swcxl_advance(rig->dev, swcxl_now(rig->dev) + 1000000000) != SWCXL_NO_DEADLINE)
		;
	return seconds() - t0;
}

/* All pages; after each the same bytes are copied. ns per record. */
static double list(struct rig *rig, double *floor)
{
	uint8_t in[16] = {1};
	uint64_t records = 0;
	double t = 0, c = 0;
	size_t len;

	le_store(in + 8, 8, CAPACITY / 64);
	do {
		double t0 = seconds(), t1;

		swcxl_execute(rig->cci, 0x4300, in, sizeof(in), out, &len);
		t1 = seconds();
		memcpy(copy, out, len);
		__asm__ volatile("" : : "r"(copy) : "memory");
		c += seconds() - t1;
		t += t1 - t0;
		in[0] = 0;
		records += le_load(out + 10, 2);
	} while (out[0] & 1);
	*floor = c * 1e9 / (double)records;
	return t * 1e9 / (double)records;
}

/* All poison goes with the power. ns per range. */
static double reset(struct rig *rig)
{
	struct swcxl_status status;
	double t0;

	swcxl_query(rig->dev, &status);
	t0 = seconds();
	swcxl_reset(rig->dev, SWCXL_RESET_COLD);
	return (seconds() - t0) * 1e9 / (double)status.ranges;
}

/* Commands per second. */
static double commands(struct rig *rig, unsigned opcode, const uint8_t *in, size_t in_len)
{
	double t0 = seconds();
	size_t len;

	for (int i = 0; i < COMMANDS; i++)
		if (swcxl_execute(rig->cci, opcode, in, in_len, out, &len))
			abort();
	return COMMANDS / (seconds() - t0);
}

static double short_list(double *floor)
{
	struct rig rig = open_rig();
	uint8_t in[16] = {1};
	double rate, t0;

	le_store(in + 8, 8, CAPACITY / 64);
	for (unsigned i = 0; i < SHORT_LIST; i++)
		swcxl_plant(rig.dev, i * 4096, 64, SWCXL_SOURCE_INTERNAL, true, false);
	rate = commands(&rig, 0x4300, in, sizeof(in));
	t0 = seconds();
	for (int i = 0; i < COMMANDS; i++) {
		memcpy(copy, out, 32 + 16 * SHORT_LIST);
		__asm__ volatile("" : : "r"(copy) : "memory");
	}
	*floor = COMMANDS / (seconds() - t0);
	swcxl_free(rig.dev);
	return rate;
}

enum { PLANT, BYTES, SCAN, LIST, IDENTIFY, SHORT, RESET, FIGURES };

static struct figure figures[FIGURES] = {
	[PLANT] = {"core.plant",
		   "plant random lines: many at once, and singly",
		   "ranges/s",
		   "more",
		   "swcxl_plant_many",
		   "swcxl_plant, one by one",
		   false,
		   "{\"of\":\"value\",\"min\":3000000}",
		   "one by one it is a fifth as many ranges",
		   {0},
		   {0}},
	[BYTES] = {"core.bytes",
		   "memory of a range",
		   "bytes",
		   "less",
		   "swcxl",
		   NULL,
		   false,
		   "{\"of\":\"value\",\"max\":32}",
		   "planted one by one at random",
		   {0},
		   {0}},
	[SCAN] = {"core.scan",
		  "scan of 16 TiB, every error found and listed",
		  "s",
		  "less",
		  "swcxl",
		  NULL,
		  false,
		  "{\"of\":\"value\",\"max\":2}",
		  "in virtual time; as many errors as were planted at once",
		  {0},
		  {0}},
	[LIST] = {"core.list",
		  "Get Poison List, 1 MiB payload",
		  "ns per record",
		  "less",
		  "swcxl",
		  "memcpy of the same bytes",
		  true,
		  "{\"of\":\"value\",\"max\":3}",
		  "all records of the scan, page by page",
		  {0},
		  {0}},
	[IDENTIFY] = {"core.identify",
		      "Identify Memory Device",
		      "commands/s",
		      "more",
		      "swcxl",
		      NULL,
		      false,
		      "null",
		      "through the dispatcher, without transport",
		      {0},
		      {0}},
	[RESET] = {"core.reset",
		   "reset that loses all poison",
		   "ns per range",
		   "less",
		   "swcxl_reset",
		   NULL,
		   false,
		   "null",
		   "in one piece: others wait meanwhile",
		   {0},
		   {0}},
	[SHORT] = {"core.short_list",
		   "Get Poison List, 100 records",
		   "commands/s",
		   "more",
		   "swcxl",
		   "memcpy of the same bytes",
		   true,
		   "null",
		   "through the dispatcher, without transport",
		   {0},
		   {0}},
};

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 10000000;

	for (unsigned i = 0; i < RUNS; i++) {
		struct rig rig = open_rig();

		figures[PLANT].others[i] = plant_singly(n / 5 + 1, &figures[BYTES].our[i]);
		figures[PLANT].our[i] = plant_many(rig.dev, n);
		figures[SCAN].our[i] = scan(&rig);
		figures[LIST].our[i] = list(&rig, &figures[LIST].others[i]);
		figures[IDENTIFY].our[i] = commands(&rig, 0x4000, NULL, 0);
		figures[SHORT].our[i] = short_list(&figures[SHORT].others[i]);
		figures[RESET].our[i] = reset(&rig);
		swcxl_free(rig.dev);
	}
	for (unsigned i = 0; i < FIGURES; i++)
		print_figure(&figures[i]);
	return 0;
}
