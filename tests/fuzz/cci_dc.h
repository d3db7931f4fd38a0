/* SPDX-License-Identifier: MIT */
/* Dynamic capacity in a life of the device: the fabric manager's steps, and what must hold. */
#ifndef SWCXL_TESTS_CCI_DC_H
#define SWCXL_TESTS_CCI_DC_H

#include "input.h"
#include "swcxl/swcxl.h"

/* Two bytes choose the regions; zeros: none. */
void fuzz_dc_config(struct swcxl_config *c, const uint8_t b[2]);

void fuzz_dc_add(struct swcxl_dev *dev, struct input *in);
void fuzz_dc_release(struct swcxl_dev *dev, struct input *in);
void fuzz_dc_reference(struct swcxl_dev *dev, struct input *in);
/* A payload for 4802h or 4803h about extents that there are, or nearly. Returns its length. */
#define FUZZ_DC_ANSWER_MAX (8 + 24 * 8)
uint32_t fuzz_dc_answer(struct swcxl_dev *dev, struct input *in, uint8_t *out);

/* An address near a block of dynamic capacity. False: there is none. */
bool fuzz_dc_address(struct swcxl_dev *dev, unsigned where, uint64_t line, uint64_t *address);

/* Of the extents, of their counters, and of what 4801h says on a channel of its own. */
void fuzz_dc_check(struct swcxl_dev *dev, struct swcxl_cci *cci, uint8_t *out);
/* May the host be told of all of these bytes? */
bool fuzz_dc_knows(struct swcxl_dev *dev, uint64_t start, uint64_t length);

#endif
