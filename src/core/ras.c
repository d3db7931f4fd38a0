/* SPDX-License-Identifier: MIT */
/*
 * Protocol errors: the RAS capability (CXL r3.2 8.2.4.17), and what they are to PCIe (12.2): an
 * uncorrectable or a corrected internal error, in the AER capability and the device status.
 *
 * Several headers are recorded, as PCIe 6.2.4.2 describes it: uncorrectable errors queue up, the
 * first shows in first error pointer and header log, and a write of its status bit alone makes way
 * for the next. A write of anything else clears all errors of the types that it names. The status
 * register is what is in the queue, and errors that found it full.
 */
#include <errno.h>

#include "core/device.h"

#define RAS (CACHEMEM_BASE + 0x80u) /* as src/tbl/component.tbl.h has it */
#define AER 0x200u		    /* and these src/tbl/config_space.tbl.h */
#define DEVICE_STATUS 0x6au
#define NO_ERROR 0x3fu /* a first error pointer to a bit that is never set */

static uint32_t get(const struct regs *r, uint32_t reg)
{
	return (uint32_t)regs_get(r, reg, 4);
}

static void set_bits(struct regs *r, uint32_t reg, uint32_t bits)
{
	regs_set(r, reg, 4, get(r, reg) | bits);
}

static void show(struct swcxl_dev *dev)
{
	static const struct ras_error none = {.bit = NO_ERROR};
	const struct ras *ras = &dev->ras;
	const struct ras_error *first = ras->count ? &ras->error[0] : &none;
	struct regs *r = &dev->component;
	uint32_t status = ras->unlogged;

	for (unsigned i = 0; i < ras->count; i++)
		status |= 1u << ras->error[i].bit;
	regs_set(r, RAS + RAS_UNCORRECTABLE_STATUS, 4, status);
	regs_set(r, RAS + RAS_CONTROL, 4,
		 (get(r, RAS + RAS_CONTROL) & ~RAS_CONTROL_FIRST) | first->bit);
	for (unsigned i = 0; i < SWCXL_RAS_HEADER; i++)
		regs_set(r, RAS + RAS_HEADER_LOG + 4 * i, 4, first->header[i]);
}

void ras_reset(struct swcxl_dev *dev)
{
	dev->ras.count = 0;
	dev->ras.unlogged = 0;
}

/* ---- what a host does about them ---- */

/* Removes the first error, or all errors whose bits are set. */
static void clear(struct ras *ras, uint32_t bits)
{
	bool first = ras->count && bits == 1u << ras->error[0].bit;
	unsigned kept = 0;

	for (unsigned i = 0; i < ras->count; i++)
		if (first ? i > 0 : !(bits >> ras->error[i].bit & 1))
			ras->error[kept++] = ras->error[i];
	ras->count = kept;
	if (!first)
		ras->unlogged &= ~bits;
}

void ras_write(struct swcxl_dev *dev, uint64_t offset, const void *buf, uint32_t len)
{
	const uint32_t reg = RAS + RAS_UNCORRECTABLE_STATUS;

	if (!regs_touches(offset, len, reg, 4))
		return;
	if (dev->ras.count || dev->ras.unlogged) {
		clear(&dev->ras, regs_written(offset, buf, len, reg) & RAS_UNCORRECTABLE_BITS);
		show(dev);
	}
}

/* ---- what makes them ---- */

/* PCIe 6.2.4: AER's masks keep from recording which was first, and from a message; no more. */
static void report_uncorrectable(struct regs *r)
{
	const uint32_t bit = 1u << AER_INTERNAL;
	bool fatal = get(r, AER + AER_UNCORRECTABLE_SEVERITY) & bit;

	if (!(get(r, AER + AER_UNCORRECTABLE_MASK) & bit))
		regs_set(r, AER + AER_CONTROL, 4, AER_INTERNAL);
	set_bits(r, AER + AER_UNCORRECTABLE_STATUS, bit);
	regs_set(r, DEVICE_STATUS, 2,
		 regs_get(r, DEVICE_STATUS, 2) |
			 (fatal ? DEVICE_STATUS_FATAL : DEVICE_STATUS_NON_FATAL));
}

int swcxl_ras_uncorrectable(struct swcxl_dev *dev, enum swcxl_uncorrectable error,
			    const uint32_t header[SWCXL_RAS_HEADER])
{
	struct ras *ras = &dev->ras;

	if ((unsigned)error > 31 || !(RAS_UNCORRECTABLE_BITS >> error & 1))
		return -EINVAL;
	if (get(&dev->component, RAS + RAS_UNCORRECTABLE_MASK) >> error & 1)
		return 0;
	if (ras->count < RAS_ERRORS_MAX) {
		struct ras_error *e = &ras->error[ras->count++];

		e->bit = (uint8_t)error;
		memcpy(e->header, header, sizeof(e->header));
	} else {
		ras->unlogged |= 1u << error;
	}
	show(dev);
	report_uncorrectable(&dev->config_space);
	return 1;
}

int swcxl_ras_correctable(struct swcxl_dev *dev, enum swcxl_correctable error)
{
	struct regs *r = &dev->config_space;

	if ((unsigned)error > 31 || !(RAS_CORRECTABLE_BITS >> error & 1))
		return -EINVAL;
	if (get(&dev->component, RAS + RAS_CORRECTABLE_MASK) >> error & 1)
		return 0;
	set_bits(&dev->component, RAS + RAS_CORRECTABLE_STATUS, 1u << error);
	set_bits(r, AER + AER_CORRECTABLE_STATUS, 1u << AER_CORRECTED_INTERNAL);
	regs_set(r, DEVICE_STATUS, 2, regs_get(r, DEVICE_STATUS, 2) | DEVICE_STATUS_CORRECTABLE);
	return 1;
}
