/* SPDX-License-Identifier: MIT */
/*
 * Faults on demand: what authors of drivers need, and hardware shows rarely. A fault of a command
 * waits for its opcode and befalls it so many times; the device looks here where it could go
 * wrong (cci.c, mailbox.c, background.c) and does the rest there. The others are states of the
 * device, which last.
 */
#include <errno.h>

#include "core/device.h"

static bool is_state(enum swcxl_fault_kind kind)
{
	return kind >= SWCXL_FAULT_STATES;
}

static void drop(struct faults *faults, unsigned i)
{
	faults->count--;
	memmove(&faults->list[i], &faults->list[i + 1],
		(faults->count - i) * sizeof(faults->list[0]));
}

bool fault_hits(struct swcxl_dev *dev, enum swcxl_fault_kind kind, unsigned opcode, uint64_t *value)
{
	for (unsigned i = 0; i < dev->faults.count; i++) {
		struct swcxl_fault *fault = &dev->faults.list[i];

		if (fault->kind != kind || fault->opcode != opcode)
			continue;
		*value = fault->value;
		fault->hits++;
		if (fault->count && --fault->count == 0)
			drop(&dev->faults, i);
		return true;
	}
	return false;
}

bool fault_is(const struct swcxl_dev *dev, enum swcxl_fault_kind kind)
{
	for (unsigned i = 0; i < dev->faults.count; i++)
		if (dev->faults.list[i].kind == kind)
			return true;
	return false;
}

void faults_reset(struct swcxl_dev *dev, enum swcxl_reset type)
{
	for (unsigned i = dev->faults.count; type == SWCXL_RESET_COLD && i-- > 0;)
		if (dev->faults.list[i].kind == SWCXL_FAULT_FATAL ||
		    dev->faults.list[i].kind == SWCXL_FAULT_FIRMWARE_HALT)
			drop(&dev->faults, i);
}

/* ---- the management face ---- */

int swcxl_fault_add(struct swcxl_dev *dev, const struct swcxl_fault *fault)
{
	struct faults *faults = &dev->faults;

	if ((unsigned)fault->kind >= SWCXL_FAULT_KINDS || fault->opcode > UINT16_MAX)
		return -EINVAL;
	if (fault->kind == SWCXL_FAULT_RETURN_CODE && fault->value > UINT16_MAX)
		return -EINVAL;
	if (is_state(fault->kind) && fault_is(dev, fault->kind))
		return 0;
	if (faults->count == SWCXL_FAULTS_MAX)
		return -ENOSPC;
	faults->list[faults->count] = *fault;
	faults->list[faults->count++].hits = 0;
	health_update(dev);
	device_deadline(dev);
	return 0;
}

bool swcxl_fault_get(const struct swcxl_dev *dev, unsigned index, struct swcxl_fault *fault)
{
	if (index >= dev->faults.count)
		return false;
	*fault = dev->faults.list[index];
	return true;
}

void swcxl_faults_clear(struct swcxl_dev *dev)
{
	dev->faults.count = 0;
	dev->job.stuck = false;
	mailbox_recover(dev);
	health_update(dev);
	device_catch_up(dev);
}
