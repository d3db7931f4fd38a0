/* SPDX-License-Identifier: MIT */
/*
 * What is linked into the program so that a test can let its world fail while it runs. The test
 * shares a file of this layout with it, whose name is in CHAOS; all zero, the world is in order.
 */
#ifndef CHAOS_H
#define CHAOS_H

#include <stdint.h>

struct chaos {
	uint64_t fail_in;     /* the n-th allocation from now on fails (1: the next); 0: none */
	uint64_t fail_for;    /* ... and so many after it */
	uint64_t failed;      /* how many have */
	uint64_t allocations; /* asked for so far */
	uint64_t io_percent;  /* of calls that move bytes are interrupted, and as many cut short */
	uint64_t io_hits;     /* how many were */
	int64_t wall_s;	      /* the clock on the wall is wrong by so much */
	uint64_t no_threads;  /* none can be started */
};

#endif
