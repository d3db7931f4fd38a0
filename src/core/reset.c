/* SPDX-License-Identifier: MIT */
/*
 * Resets (CXL r3.2 9.1.1). What each keeps is a table, docs/RESETS.md, of which a test tries every
 * cell.
 *
 * An attach or device reset by the VMM is a conventional reset, but leaves media, list, overflow
 * and logs alone when no mailbox command has run since the last reset (D-39): plant first, boot
 * then, must work. A cold reset is a conventional one after which also that is gone which only
 * power keeps. A Function Level Reset is about the function's own registers, mailboxes and
 * cursors, and nothing else.
 *
 * What belongs to one command set alone is reset in its own file, by a row of resets[].
 */
#include "core/cci.h"

static uint8_t keep_not_injected(uint8_t attr, void *arg)
{
	return poison_is_permanent(attr, arg) ||
	       (attr & SWCXL_ATTR_SOURCE) != SWCXL_SOURCE_INJECTED;
}

static void lose_volatile(struct swcxl_dev *dev)
{
	poison_sweep(dev, DPA_VOLATILE, poison_is_permanent);
	erase_kind(dev, DPA_VOLATILE);
}

/* The shutdown state is judged at the reset, and begins clean (8.2.10.9.3.5). */
static void judge_shutdown(struct swcxl_dev *dev)
{
	if (!(dev->kept.shutdown.state & SHUTDOWN_DIRTY))
		return;
	dev->kept.shutdown.state = 0;
	wr(&dev->kept.shutdown.dirty_count, (rd(dev->kept.shutdown.dirty_count) + 1) & UINT32_MAX);
	kept_changed(dev, KEPT_shutdown);
}

static void lose_power(struct swcxl_dev *dev)
{
	lose_volatile(dev);
	if (!dev->config.injected_persists)
		poison_sweep(dev, DPA_PERSISTENT, keep_not_injected);
	dc_lose_power(dev);
	poison_settle(dev);
	if (dev->list.overflowed && !dpa_has(&dev->dpa, DPA_PERSISTENT))
		list_rebuild(dev); /* what is left is all that there is to know */
}

/* Coverage first: the end of the scan must not complete it. No interrupts from here on. */
static void stop_everything(struct swcxl_dev *dev)
{
	scan_drop_coverage(dev);
	mailbox_reset(dev);
	doe_reset(dev);
	background_stop(dev);
	cci_drop_cursors(dev);
}

/* An attach is a conventional reset to them. */
/* clang-format off */
static void (*const resets[])(struct swcxl_dev *dev, enum swcxl_reset type) = {
	partition_reset,
	fw_reset,
	faults_reset,
	cci_reset,
	health_reset,
	qos_reset,
	security_reset,
	features_reset,
};
/* clang-format on */

static void reset_command_sets(struct swcxl_dev *dev, enum swcxl_reset type)
{
	for (unsigned i = 0; i < ARRAY_SIZE(resets); i++)
		resets[i](dev, type == SWCXL_RESET_ATTACH ? SWCXL_RESET_CONVENTIONAL : type);
}

static void note(struct swcxl_dev *dev, enum swcxl_reset type)
{
	dev->counters.resets++;
	debug_reset(dev, type);
}

static void conventional_reset(struct swcxl_dev *dev, enum swcxl_reset type, bool media)
{
	note(dev, type);
	stop_everything(dev);
	reset_command_sets(dev, type);
	background_forget(dev);
	dev->clock_set = false;
	if (media)
		lose_power(dev);
	judge_shutdown(dev);
	dev->scan.called = false;
	dev->scan.start = dev->scan.end = dev->scan.position = 0;
	scan_drop_results(dev);
	memset(dev->event_policy, 0, sizeof(dev->event_policy));
	config_space_reset(dev);
	component_reset(dev, true);
	dev->mailbox_used = false;
	if (type == SWCXL_RESET_COLD)
		repair_power_lost(dev);
	health_update(dev);
}

void device_cxl_reset(struct swcxl_dev *dev, bool mem_clear)
{
	note(dev, SWCXL_RESET_CXL);
	stop_everything(dev);
	reset_command_sets(dev, SWCXL_RESET_CXL);
	if (mem_clear)
		lose_volatile(dev);
	if (!dev->config.injected_persists) {
		poison_sweep(dev, DPA_VOLATILE, keep_not_injected);
		poison_sweep(dev, DPA_PERSISTENT, keep_not_injected);
	}
	if (mem_clear || !dev->config.injected_persists)
		poison_settle(dev);
	component_reset(dev, false);
	health_update(dev);
	device_deadline(dev);
}

/* FLR (9.5): the function's own registers and mailboxes; what they work on goes on. */
void device_function_reset(struct swcxl_dev *dev)
{
	note(dev, SWCXL_RESET_FUNCTION);
	mailbox_reset(dev);
	doe_reset(dev);
	cci_drop_cursors(dev);
	config_space_function_reset(dev);
	device_deadline(dev);
}

void swcxl_reset(struct swcxl_dev *dev, enum swcxl_reset type)
{
	switch (type) {
	case SWCXL_RESET_FUNCTION:
		device_function_reset(dev);
		break;
	case SWCXL_RESET_CXL:
		device_cxl_reset(dev, false);
		break;
	case SWCXL_RESET_CONVENTIONAL:
	case SWCXL_RESET_COLD:
		conventional_reset(dev, type, true);
		break;
	case SWCXL_RESET_ATTACH:
		device_trace(dev, SWCXL_TRACE_RESET, "attach", 0, NULL, 0);
		conventional_reset(dev, type, dev->mailbox_used);
		break;
	}
	device_deadline(dev);
}
