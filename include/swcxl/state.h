/* SPDX-License-Identifier: MIT */
/*
 * The whole state of a device, taken out piece by piece and put in at once. What it is made of are
 * the changes of swcxl.h.
 */
#ifndef SWCXL_STATE_ALL_H
#define SWCXL_STATE_ALL_H

#include "swcxl/swcxl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a walk over the state is: numbers that can be kept and given back, zeros in the beginning,
 * and room for the data of a change. */
#define SWCXL_SAVE_DATA_MAX 1024u
struct swcxl_cursor {
	uint64_t section, at;
	uint8_t data[SWCXL_SAVE_DATA_MAX];
};

/*
 * The next change of those that swcxl_save() emits, in the same order. False: that was the last.
 * change->data lies in the cursor or in the device, and is valid until the next call. If the
 * device changes in between (swcxl_changes() tells), what comes out is of no single moment.
 */
bool swcxl_save_next(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
		     struct swcxl_change *change);

/* How many changes the device has emitted so far. */
uint64_t swcxl_changes(const struct swcxl_dev *dev);

/* Makes a fresh device of the same configuration, which calls nothing of the host but realloc. To
 * be freed. -ENOMEM. */
int swcxl_twin(const struct swcxl_dev *dev, struct swcxl_dev **twin);

/*
 * The device loses its power, and comes back with the state of its twin, exactly, volatile capacity
 * included. The twin has another one then and should be freed. It cannot fail, and emits no
 * changes: all of the state is another one.
 */
void swcxl_adopt(struct swcxl_dev *dev, struct swcxl_dev *from);

#ifdef __cplusplus
}
#endif
#endif
