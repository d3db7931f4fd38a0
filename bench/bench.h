/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks share: time, chance, memory, and results. A result is a line of JSON on
 * stdout; what people read is on stderr. Times are of the processor: nothing here waits.
 */
#ifndef SWCXL_BENCH_H
#define SWCXL_BENCH_H

#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS 3

static inline double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t bench_rng = 88172645463325252u;

static inline uint64_t next_random(void)
{
	bench_rng ^= bench_rng << 13;
	bench_rng ^= bench_rng >> 7;
	bench_rng ^= bench_rng << 17;
	return bench_rng;
}

/* Bytes that are allocated. */
static inline size_t allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static inline void *bench_realloc(void *ctx, void *old, size_t size)
{
	void *p;

	(void)ctx;
	if (!size) {
		free(old);
		return NULL;
	}
	p = realloc(old, size);
	if (!p)
		abort();
	return p;
}

/* One figure of each run; other: what ours is held against, or NULL. */
struct figure {
	const char *id, *name, *unit, *better, *ours, *other;
	bool other_is_floor; /* else a peer */
	const char *target;  /* JSON */
	const char *notes;
	double our[RUNS], others[RUNS];
};

static inline void print_runs(const char *key, const double *value)
{
	printf("\"%s\":[", key);
	for (unsigned i = 0; i < RUNS; i++)
		printf("%s%.6g", i ? "," : "", value[i]);
	printf("]");
}

static inline void print_figure(const struct figure *f)
{
	char quoted[100] = "null";

	if (f->other)
		snprintf(quoted, sizeof(quoted), "\"%s\"", f->other);
	printf("{\"group\":\"core\",\"id\":\"%s\",\"name\":\"%s\",\"unit\":\"%s\",", f->id, f->name,
	       f->unit);
	printf("\"better\":\"%s\",\"series\":{", f->better);
	print_runs(f->ours, f->our);
	if (f->other) {
		printf(",");
		print_runs(f->other, f->others);
	}
	printf("},\"ours\":\"%s\",\"peer\":%s,\"floor\":%s,\"target\":%s,\"notes\":\"%s\"}\n",
	       f->ours, f->other_is_floor ? "null" : quoted, f->other_is_floor ? quoted : "null",
	       f->target, f->notes);
	fflush(stdout);
	fprintf(stderr, "%-44s", f->name);
	for (unsigned i = 0; i < RUNS; i++)
		fprintf(stderr, " %10.6g", f->our[i]);
	fprintf(stderr, " %s", f->unit);
	for (unsigned i = 0; i < RUNS && f->other; i++)
		fprintf(stderr, "%s %.6g",
			i		    ? ""
			: f->other_is_floor ? ", floor"
					    : ", peer",
			f->others[i]);
	fprintf(stderr, "\n");
}

#endif
