/* SPDX-License-Identifier: MIT */
/*
 * The background engine (CXL r3.2 8.2.9.4.6): one operation at a time in the whole device (D-54).
 * Each channel shows only what it started itself; the management side sees any.
 *
 * What runs is a struct background_op: Scan Media has one of its own, which walks the media. All
 * others are timed: they take so long, and at the end their finish() does what there is to do.
 *
 * An operation has ended for the world when all that it did is durable: until then it is shown at
 * 99 %, and another one is refused. Without durable state that is at once.
 */
#include "core/device.h"

/* ---- timed operations ---- */

static unsigned timed_percent(const struct swcxl_dev *dev)
{
	const struct timed *timed = &dev->job.timed;
	uint64_t elapsed = MIN(dev->now_ns - timed->began_ns, timed->duration_ns);

	return (unsigned)(elapsed * 100 / timed->duration_ns); /* DURATION_MAX_NS lets it fit */
}

static uint64_t timed_deadline(const struct swcxl_dev *dev)
{
	return dev->job.timed.end_ns;
}

static void timed_advance(struct swcxl_dev *dev, uint64_t now_ns)
{
	struct timed *timed = &dev->job.timed;

	if (now_ns < timed->end_ns)
		return;
	dev->now_ns = MAX(dev->now_ns, timed->end_ns);
	background_end(dev, timed->finish(dev));
}

static void timed_abort(struct swcxl_dev *dev)
{
	struct timed *timed = &dev->job.timed;

	if (timed->cancel)
		timed->cancel(dev);
	background_end(dev, SWCXL_ABORTED);
}

static const struct background_op timed_op = {
	.percent = timed_percent,
	.deadline = timed_deadline,
	.advance = timed_advance,
	.abort = timed_abort,
};

void background_start_timed(struct swcxl_cci *cci, uint16_t opcode, uint64_t duration_ns,
			    enum swcxl_rc (*finish)(struct swcxl_dev *dev),
			    void (*cancel)(struct swcxl_dev *dev))
{
	struct swcxl_dev *dev = cci->dev;

	/* the shortest is seen running too, as with scans (D-34) */
	duration_ns = MAX(duration_ns, 1);
	dev->job.timed = (struct timed){
		.began_ns = dev->now_ns,
		.end_ns = time_add(dev->now_ns, duration_ns),
		.duration_ns = duration_ns,
		.finish = finish,
		.cancel = cancel,
	};
	background_start(cci, opcode, &timed_op);
}

/* ---- status ---- */

static struct background status(const struct swcxl_dev *dev, struct background b)
{
	if (b.running) /* 100 is for the end */
		b.percent = dev->job.ending ? MIN(dev->job.ended.percent, 99)
					    : (uint8_t)MIN(dev->job.op->percent(dev), 99u);
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

/* ---- begin and end ---- */

void background_start(struct swcxl_cci *cci, uint16_t opcode, const struct background_op *op)
{
	struct swcxl_dev *dev = cci->dev;
	uint64_t value;

	dev->job.op = op;
	dev->job.owner = cci;
	dev->job.ending = false;
	dev->job.stuck = fault_hits(dev, SWCXL_FAULT_STUCK_BACKGROUND, opcode, &value);
	dev->background = (struct background){.opcode = opcode, .running = true};
	cci->background = dev->background;
	device_notice(dev, &(struct swcxl_notice){.kind = SWCXL_NOTICE_BACKGROUND_STARTED,
						  .opcode = opcode});
	device_deadline(dev);
}

/* The world learns of the end. */
static void publish(struct swcxl_dev *dev)
{
	struct background b = dev->job.ended;
	struct swcxl_cci *owner = dev->job.owner;

	dev->job.ending = false;
	dev->job.owner = NULL;
	dev->background = b;
	if (owner) {
		owner->background = b;
		mailbox_background_done(dev, owner);
	}
	device_notice(dev, &(struct swcxl_notice){.kind = SWCXL_NOTICE_BACKGROUND_COMPLETED,
						  .opcode = b.opcode,
						  .rc = b.rc,
						  .percent = b.percent});
	device_deadline(dev);
}

/* The operation has ended, and all its effects are done. Aborted ones stay below 100 % (X-1). */
void background_end(struct swcxl_dev *dev, enum swcxl_rc rc)
{
	struct background b = background_of(dev);

	b.running = false;
	b.rc = rc;
	if (rc != SWCXL_ABORTED)
		b.percent = 100;
	dev->job.ended = b;
	dev->job.ending = true;
	dev->job.ticket = device_ticket(dev);
	if (!dev->job.ticket)
		publish(dev);
	else
		device_deadline(dev);
}

void background_settled(struct swcxl_dev *dev, uint64_t ticket)
{
	if (dev->job.ending && dev->job.ticket <= ticket)
		publish(dev);
}

void background_abort(struct swcxl_dev *dev)
{
	if (dev->background.running && !dev->job.ending)
		dev->job.op->abort(dev);
}

/* A reset waits for nothing: what has ended is said to have. */
void background_stop(struct swcxl_dev *dev)
{
	background_abort(dev);
	if (dev->job.ending)
		publish(dev);
}

/* A channel goes away; its operation runs on without an owner. */
void background_disown(struct swcxl_cci *cci)
{
	if (cci->dev->job.owner == cci)
		cci->dev->job.owner = NULL;
}

/* Conventional reset: as if nothing had ever run (8.2.9.4.6). */
void background_forget(struct swcxl_dev *dev)
{
	dev->background = (struct background){0};
	for (struct swcxl_cci *cci = dev->ccis; cci; cci = cci->next)
		cci->background = (struct background){0};
}

/* ---- time ---- */

static bool is_working(const struct swcxl_dev *dev)
{
	return dev->background.running && !dev->job.ending && !dev->job.stuck &&
	       !fault_is(dev, SWCXL_FAULT_FIRMWARE_HALT);
}

void background_advance(struct swcxl_dev *dev, uint64_t now_ns)
{
	if (is_working(dev))
		dev->job.op->advance(dev, now_ns);
}

uint64_t background_deadline(const struct swcxl_dev *dev)
{
	return is_working(dev) ? dev->job.op->deadline(dev) : SWCXL_NO_DEADLINE;
}
