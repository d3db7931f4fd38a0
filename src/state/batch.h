/* SPDX-License-Identifier: MIT */
/* Changes on their way to disk: copies, in the order in which they happened. */
#ifndef SWCXL_STATE_BATCH_H
#define SWCXL_STATE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "swcxl/swcxl.h"

struct batch {
	uint8_t *bytes;
	size_t len, cap;
	uint64_t changes;
	/* 1 + where it was last said what each log has lost; 0: nowhere */
	size_t lost_at[SWCXL_LOGS];
	bool whole; /* they are all of a device's state: what was there before goes */
	bool lost;  /* some were not taken: what there is says nothing */
};

/* Adds a copy. No memory: everything is lost. */
void batch_add(struct batch *batch, const struct swcxl_change *change);

/* Gives everything up, and takes no more. */
void batch_lose(struct batch *batch);

/* The change at *at, which moves to the next one: begin with 0. False: there is none. The data
 * of a change stays valid as long as the batch does not change. */
bool batch_next(const struct batch *batch, size_t *at, struct swcxl_change *change);

/* Is there nothing to write? */
static inline bool batch_is_empty(const struct batch *batch)
{
	return !batch->changes && !batch->whole && !batch->lost;
}

/* Empties it; a large buffer is given back. */
void batch_clear(struct batch *batch);
void batch_free(struct batch *batch);

#endif
