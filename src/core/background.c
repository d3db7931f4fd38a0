/* SPDX-License-Identifier: MIT */
/*
 * The background engine (CXL r3.2 8.2.9.4.6): one operation at a time in the whole device (D-54).
 * Each channel shows only what it started itself; the management side sees any.
 *
 * Scan Media is the only operation so far. A second one adds its advance and abort here, beside
 * the scan's.
 */
#include "core/device.h"

static unsigned percent(const struct swcxl_dev *dev)
{
	const struct scan *scan = &dev->scan;

	return (unsigned)((scan->position - scan->start) * 100 / (scan->end - scan->start));
}

static struct background status(const struct swcxl_dev *dev, struct background b)
{
	if (b.running)
		b.percent = (uint8_t)MIN(percent(dev), 99u); /* 100 is for the end */
	return b;
}

struct background background_status(const struct swcxl_cci *cci)
{
	return status(cci->dev, cci->background);
}

struct background background_of(const struct swcxl_dev *dev)
{
	return status(dev, dev->background);
}

void background_start(struct swcxl_cci *cci, uint16_t opcode)
{
	struct swcxl_dev *dev = cci->dev;

	dev->background = (struct background){.opcode = opcode, .running = true};
	dev->background_owner = cci;
	cci->background = dev->background;
	device_notice(dev, &(struct swcxl_notice){.kind = SWCXL_NOTICE_BACKGROUND_STARTED,
						  .opcode = opcode});
	device_deadline(dev);
}

/* The operation has ended, and all its effects are done. Aborted ones stay below 100 % (X-1). */
void background_end(struct swcxl_dev *dev, enum swcxl_rc rc)
{
	struct background b = background_of(dev);
	struct swcxl_cci *owner = dev->background_owner;

	b.running = false;
	b.rc = rc;
	if (rc != SWCXL_ABORTED)
		b.percent = 100;
	dev->background = b;
	dev->background_owner = NULL;
	if (owner) {
		owner->background = b;
		mailbox_background_done(dev, owner);
	}
	device_notice(dev, &(struct swcxl_notice){.kind = SWCXL_NOTICE_BACKGROUND_COMPLETED,
						  .opcode = b.opcode,
						  .rc = rc,
						  .percent = b.percent});
	device_deadline(dev);
}

void background_abort(struct swcxl_dev *dev)
{
	if (dev->background.running)
		scan_abort(dev);
}

/* A channel goes away; its operation runs on without an owner. */
void background_disown(struct swcxl_cci *cci)
{
	if (cci->dev->background_owner == cci)
		cci->dev->background_owner = NULL;
}

/* Conventional reset: as if nothing had ever run (8.2.9.4.6). */
void background_forget(struct swcxl_dev *dev)
{
	dev->background = (struct background){0};
	for (struct swcxl_cci *cci = dev->ccis; cci; cci = cci->next)
		cci->background = (struct background){0};
}

void background_advance(struct swcxl_dev *dev, uint64_t now_ns)
{
	if (dev->background.running)
		scan_advance(dev, now_ns);
}

uint64_t background_deadline(const struct swcxl_dev *dev)
{
	return dev->background.running ? scan_deadline(dev) : SWCXL_NO_DEADLINE;
}
