/* SPDX-License-Identifier: MIT */
/*
 * The model test against a real process, for hours: see remote.c. Devices come and go, each with
 * limits, modes and a seed of its own; some live on without a restart, so that what they lose shows
 * in their size, others are killed all the time. The size of a process may not grow once it has
 * seen what there is to see.
 *
 *	soak SECONDS [SEED [DEVICES]]
 *
 * A failure says the seed of its device: with that as SEED, the run begins with it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../model/model_test.h"
#include "base/util.h"
#include "remote.h"

#define DEVICES 12    /* lives that a run is divided into */
#define LOOK 100u     /* steps from one look at the size to the next */
#define GROWTH_FDS 2u /* of a process since the first look at it: the state file's come and go */
#define GROWTH_KIB 2048ul /* of the last half of a life over its first */
#define RECORDS 60u

static double began, born, ends, half;
static uint64_t steps;
static struct peer_size run_first, run_middle, run_last; /* of the whole run */
static unsigned long run_most;
static struct {
	struct peer_size first, last, most[2]; /* in each half of the device's life */
	uint64_t looks;
} life;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void look(bool second_half)
{
	struct peer_size s = peer_size(&peer), *most = &life.most[second_half];

	if (!life.looks++)
		life.first = s;
	CHECK(s.fds <= life.first.fds + GROWTH_FDS);
	if (!run_first.rss)
		run_first = s;
	if (now() < half)
		run_middle = s;
	life.last = run_last = s;
	most->rss = MAX(most->rss, s.rss);
	run_most = MAX(run_most, s.rss);
}

static bool goes_on(uint64_t step)
{
	double left = ends - now();

	if (step > 1)
		remote_extras();
	if (step > 1 && step % LOOK == 0)
		look(left < (ends - born) / 2);
	steps++;
	return left > 0;
}

static void report(unsigned number, uint64_t seed)
{
	printf("%8.0f s: device %u, seed %" PRIu64 ", %s: %" PRIu64 " steps, %" PRIu64
	       " requests, %" PRIu64 " mailbox commands, %" PRIu64 " restarts, %" PRIu64
	       " attaches; RSS %lu, %lu, %lu KiB, %u to %u descriptors\n",
	       now() - began, number, seed,
	       !remote_kill_one_in	? "never killed"
	       : remote_kill_one_in > 1 ? "killed at times"
					: "killed often",
	       steps, peer.requests, peer.commands, remote_restarts, remote_attaches,
	       life.first.rss, life.most[0].rss, life.last.rss, life.first.fds, life.last.fds);
	fflush(stdout);
}

/* Of a process that has lived as long as its device, and long enough. */
static void check_size(void)
{
	if (!remote_kill_one_in && life.looks >= 20)
		CHECK(life.most[1].rss <= life.most[0].rss + GROWTH_KIB);
}

/* The seed of the next device. */
static uint64_t after(uint64_t seed)
{
	return seed * 6364136223846793005u + 1442695040888963407u;
}

static void tell_what_is_left(void)
{
	if (t.dev)
		fprintf(stderr, "what it kept is in %s\n", peer.dir);
}

int main(int argc, char **argv)
{
	static const unsigned kills[] = {1, 0, 20};
	const struct model_run run = {.goes_on = goes_on, .records = RECORDS};
	double seconds = argc > 1 ? atof(argv[1]) : 3600;
	int devices = argc > 3 ? MAX(atoi(argv[3]), 1) : DEVICES;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL) * 2654435761u;

	began = now();
	half = began + seconds / 2;
	atexit(tell_what_is_left);
	printf("seed %" PRIu64 "\n", seed);
	fflush(stdout);
	for (unsigned i = 0; now() < began + seconds; i++, seed = after(seed)) {
		born = now();
		ends = MIN(began + seconds, born + seconds / devices);
		remote_kill_one_in = kills[(seed >> 32) % ARRAY_SIZE(kills)];
		memset(&life, 0, sizeof(life));
		model_run(seed, &run);
		report(i, seed);
		check_size();
	}
	printf("%" PRIu64
	       " steps in %.0f s, %.0f a second; RSS at the start %lu, in the middle %lu, "
	       "at the end %lu, at most %lu KiB; descriptors %u, %u, %u\n",
	       steps, now() - began, (double)steps / (now() - began), run_first.rss, run_middle.rss,
	       run_last.rss, run_most, run_first.fds, run_middle.fds, run_last.fds);
	return 0;
}
