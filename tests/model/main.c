/* SPDX-License-Identifier: MIT */
/*
 * The model test: so many steps, with a new device every thousand.
 *
 *	model_test [STEPS [SEED]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model_test.h"

static uint64_t steps;

static bool goes_on(uint64_t step)
{
	return step <= steps;
}

int main(int argc, char **argv)
{
	const struct model_run run = {.goes_on = goes_on, .life = 1000, .records = UINT32_MAX};
	uint64_t seed;

	steps = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000;
	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
	printf("seed %" PRIu64 "\n", seed);
	fflush(stdout);
	model_run(seed, &run);
	printf("%" PRIu64 " steps\n", steps);
	return 0;
}
