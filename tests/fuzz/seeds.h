/* SPDX-License-Identifier: MIT */
/* What writes seeds: bytes are gathered, and saved under a name. */
#ifndef SWCXL_TESTS_SEEDS_H
#define SWCXL_TESTS_SEEDS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"

void add_bytes(const void *p, size_t n);
/* So many bytes; ADD() counts them. */
void add(unsigned n, ...);
#define COUNT_(...) (sizeof((int[]){__VA_ARGS__}) / sizeof(int))
#define ADD(...) add(COUNT_(__VA_ARGS__), __VA_ARGS__)
void say_more(const char *text);

/* What was gathered becomes a seed of that target; no two have the same name. */
void save(const char *target, const char *name);

/* A word for the target's dictionary. */
__attribute__((format(printf, 2, 3))) void word(const char *target, const char *format, ...);

/* Each in a file of its own. */
#define SEED_SETS(SEEDS) \
	SEEDS(cci)       \
	SEEDS(ctl) SEEDS(options) SEEDS(pci) SEEDS(qmp) SEEDS(replay) SEEDS(state) SEEDS(vfio)
#define SEEDS(target) void seeds_##target(void);
SEED_SETS(SEEDS)
#undef SEEDS

#endif
