/* SPDX-License-Identifier: MIT */
/* What somebody may have meant: the name that is closest to a word. */
#ifndef SWCXL_CLI_NEAREST_H
#define SWCXL_CLI_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word, *name; /* name: NULL as long as none is near enough */
	unsigned distance;
};

/* Offers a name: it is kept when it is nearer than those before. */
void nearest_offer(struct nearest *nearest, const char *name);

#endif
