/* SPDX-License-Identifier: MIT */
/*
 * Small things that the device keeps over power loss, beside poison, content, labels and events:
 * each is a struct of bytes in the device, dev->kept.NAME, and goes out whole as one setting
 * whenever it changes (kept_changed()). A row here is all that saving and restoring needs, and
 * NAME_restore(), in the file that the row names, which judges what comes back and takes it.
 *
 * Numbers and layouts (wire/kept.h) are for ever: a layout that changes gets a new number.
 */
#ifndef SWCXL_CORE_KEPT_H
#define SWCXL_CORE_KEPT_H

#include "swcxl/swcxl.h"
#include "wire/kept.h"

struct swcxl_dev;

_Static_assert(sizeof(((struct kept_firmware *)0)->slot) / sizeof(struct kept_fw_slot) ==
		       SWCXL_FW_SLOTS,
	       "a place for each slot");

enum kept_number {
#define KEPT(number, name) KEPT_##name = (number),
	KEPT_ROWS(KEPT)
#undef KEPT
};

struct kept {
#define KEPT(number, name) struct kept_##name name;
	KEPT_ROWS(KEPT)
#undef KEPT
};

/* What is there has changed: it goes out. */
void kept_changed(struct swcxl_dev *dev, enum kept_number number);

/* Takes what was kept: 0; -EINVAL when this device cannot have kept that; -ENOMEM. */
#define KEPT(number, name) \
	int name##_restore(struct swcxl_dev *dev, const struct kept_##name *kept);
KEPT_ROWS(KEPT)
#undef KEPT

#endif
