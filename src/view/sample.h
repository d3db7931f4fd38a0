/* SPDX-License-Identifier: MIT */
/* From a device's answers to a view's state: no input or output here. */
#ifndef SWCXL_VIEW_SAMPLE_H
#define SWCXL_VIEW_SAMPLE_H

#include "view/view.h"

struct json_object;

/* Each takes the answer to the command of that name. */
void sample_device(struct view_state *state, struct json_object *device);
void sample_poison(struct view_state *state, struct json_object *rows);
void sample_events(struct view_state *state, unsigned log, struct json_object *records);
/* elapsed_ms: since the sample before, or 0. */
void sample_stats(struct view_state *state, struct json_object *stats, int64_t elapsed_ms);

/* Adds the sums of an answer of swcxl-query-map to the cells, of which the first begins at base;
 * where to go on. */
uint64_t sample_map(struct cell *cells, size_t count, uint64_t base, uint64_t cell_size,
		    struct json_object *map);

#endif
