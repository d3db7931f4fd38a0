/* SPDX-License-Identifier: MIT */
/* Faults on demand (swcxl_fault_add()), as the files see it whose work goes wrong. */
#ifndef SWCXL_CORE_FAULTS_H
#define SWCXL_CORE_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "swcxl/swcxl.h"

struct faults {
	struct swcxl_fault list[SWCXL_FAULTS_MAX];
	unsigned count;
};

/* Does this befall the command that runs now? *value: of the fault. Counts as one hit. */
bool fault_hits(struct swcxl_dev *dev, enum swcxl_fault_kind kind, unsigned opcode,
		uint64_t *value);
/* Is the device in this state? (For the kinds that are states.) */
bool fault_is(const struct swcxl_dev *dev, enum swcxl_fault_kind kind);
/* A cold reset ends what the device has asked it for. */
void faults_reset(struct swcxl_dev *dev, enum swcxl_reset type);

#endif
