/* SPDX-License-Identifier: MIT */
/*
 * How fast the model of the device is by itself, without any transport. Each figure comes with
 * something to hold it against, taken in the same run, since machines differ.
 *
 *	core_bench [RANGES]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/le.h"
#include "swcxl/swcxl.h"

#define GIB (1ull << 30)

static size_t resident;

static void *bench_realloc(void *ctx, void *old, size_t size)
{
	(void)ctx;
	if (!size) {
		free(old);
		return NULL;
	}
	return realloc(old, size);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t rng = 88172645463325252ull;

static uint64_t next(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

/* kB of resident memory. */
static size_t rss(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	size_t pages = 0;

	if (!f || fscanf(f, "%*s %zu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * 4;
}

static struct swcxl_dev *open_device(void)
{
	struct swcxl_host host = {.realloc = bench_realloc};
	struct swcxl_config c;
	struct swcxl_dev *dev;

	swcxl_config_init(&c);
	c.volatile_size = 16384 * GIB;
	c.poison_list_max = 16777215;
	c.payload_size = 1 << 20;
	c.ranges_max = 1ull << 32;
	c.event_log_max = 1;
	c.scan_ns_per_line = 1;
	if (swcxl_new(&c, &host, &dev))
		exit(1);
	return dev;
}

static void plant(struct swcxl_dev *dev, uint64_t n)
{
	double t0 = now(), t;

	resident = rss();
	for (uint64_t i = 0; i < n; i++)
		swcxl_plant(dev, (next() % (16384 * GIB / 128)) * 128, 64, SWCXL_SOURCE_INTERNAL,
			    false, false);
	t = now() - t0;
	printf("plant random latent lines    %8.2f M/s   %5.1f bytes resident each (%" PRIu64 ")\n",
	       (double)n / t / 1e6, (double)(rss() - resident) * 1024 / (double)n, n);
}

static void scan(struct swcxl_dev *dev, struct swcxl_cci *cci, uint8_t *out)
{
	uint8_t in[17] = {0};
	struct swcxl_status st;
	size_t len;
	double t0;

	le_store(in + 8, 8, 16384 * GIB / 64);
	in[16] = 1;
	swcxl_execute(cci, 0x4304, in, sizeof(in), out, &len);
	t0 = now();
	while (swcxl_advance(dev, swcxl_now(dev) + 1000000000) != SWCXL_NO_DEADLINE)
		;
	swcxl_query(dev, &st);
	printf("scan of 16 TiB, virtual time %8.2f s     %" PRIu64 " records found\n", now() - t0,
	       st.scan.results);
}

static void list(struct swcxl_cci *cci, uint8_t *out)
{
	uint8_t in[16] = {1}, *copy = malloc(1 << 20);
	uint64_t records = 0, pages = 0;
	double t0 = now(), t, c;
	size_t len;

	le_store(in + 8, 8, 16384 * GIB / 64);
	do {
		swcxl_execute(cci, 0x4300, in, sizeof(in), out, &len);
		in[0] = 0;
		records += le_load(out + 10, 2);
		pages++;
	} while (out[0] & 1);
	t = now() - t0;
	t0 = now();
	for (uint64_t i = 0; i < pages; i++) {
		memcpy(copy, out, 1 << 20);
		__asm__ volatile("" : : "r"(copy) : "memory");
	}
	c = now() - t0;
	printf("Get Poison List, 1 MiB pages %8.2f ns/record   %5.1f x memcpy of the same bytes\n",
	       t * 1e9 / (double)records, t / c);
	free(copy);
}

static void commands(struct swcxl_cci *cci, uint8_t *out)
{
	double t0 = now();
	size_t len;

	for (int i = 0; i < 1000000; i++)
		swcxl_execute(cci, 0x4000, NULL, 0, out, &len);
	printf("Identify Memory Device       %8.2f M/s\n", 1 / (now() - t0));
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;
	struct swcxl_dev *dev = open_device();
	struct swcxl_cci *cci = swcxl_cci_new(dev);
	uint8_t *out = malloc(1 << 20);

	if (!cci || !out)
		return 1;
	plant(dev, n);
	scan(dev, cci, out);
	list(cci, out);
	commands(cci, out);
	free(out);
	swcxl_free(dev);
	return 0;
}
