/* SPDX-License-Identifier: MIT */
/*
 * The smallest of harnesses. A test is a function; a CHECK that does not hold ends it, is printed,
 * and the next one runs. Random numbers are the same everywhere.
 */
#ifndef SWCXL_TESTS_TEST_H
#define SWCXL_TESTS_TEST_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* Memory that counts its blocks, and can come to an end. Every test begins with all of it. */
struct test_mem {
	long blocks;
	long left; /* allocations until they fail; < 0: they never do */
};

static jmp_buf test_end;
static unsigned test_failures;
static struct test_mem memory;

#define CHECK(cond)                                                                \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			longjmp(test_end, 1);                                      \
		}                                                                  \
	} while (0)

#define RUN(fn) test_run(#fn, fn)

static inline void test_run(const char *name, void (*fn)(void))
{
	int failed = setjmp(test_end);

	memory = (struct test_mem){.left = -1};
	if (!failed)
		fn();
	else
		test_failures++;
	printf("%s %s\n", failed ? "FAIL" : "ok  ", name);
	fflush(stdout);
}

/* The end of main(). A test that failed has not cleaned up: no leaks are looked for then. */
static inline int test_done(void)
{
	if (test_failures)
		_Exit(1);
	return 0;
}

/* xorshift64* */
static uint64_t test_rng = 88172645463325252u;

static inline uint64_t next_random(void)
{
	test_rng ^= test_rng >> 12;
	test_rng ^= test_rng << 25;
	test_rng ^= test_rng >> 27;
	return test_rng * 2685821657736338717u;
}

static inline uint64_t below(uint64_t n)
{
	return (next_random() >> 11) % n;
}

static inline void *test_mem_realloc(void *ctx, void *old, size_t size)
{
	struct test_mem *m = ctx;

	if (size == 0) {
		m->blocks -= old != NULL;
		free(old);
		return NULL;
	}
	if (m->left == 0)
		return NULL;
	m->left -= m->left > 0;
	m->blocks += old == NULL;
	return realloc(old, size);
}

static const struct mem test_mem __attribute__((unused)) = {&memory, test_mem_realloc};

#endif
