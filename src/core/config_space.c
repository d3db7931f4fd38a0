/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space. The rows are in src/tbl/config_space.tbl.h; here is what depends on
 * the configuration, and the registers with effects: CXL Reset and the lock of DVSEC 0 (8.1.3),
 * Function Level Reset.
 */
#include "base/le.h"
#include "core/device.h"

#define DVSEC 0x110u /* PCIe DVSEC for CXL Devices */
#define CXL_CONTROL (DVSEC + 0x0c)
#define CXL_CONTROL2 (DVSEC + 0x10)
#define CXL_STATUS2 (DVSEC + 0x12)
#define CXL_LOCK (DVSEC + 0x14)
#define CXL_RANGE1 (DVSEC + 0x18)
#define CONTROL2_RESET (1u << 2)
#define CONTROL2_MEM_CLEAR (1u << 3)
#define STATUS2_RESET_DONE (1u << 1)
#define DSN 0x104u
#define EXTENDED 0x100u /* extended capabilities: DVSECs and what is sticky */
#define DEVICE_CONTROL 0x68u
#define DEVICE_CONTROL_FLR 0x8000u

static const struct reg_row rows[] = {
#define REG(...) {__VA_ARGS__},
#include "tbl/config_space.tbl.h"
};

/* A BAR register: type bits below, and writable address bits above its size. */
static void define_bar(struct swcxl_dev *dev, unsigned bar, unsigned width, uint64_t type)
{
	uint64_t mask = ~(swcxl_bar_size(dev, bar) - 1);
	struct reg_row row = {0x10 + 4 * bar, (uint8_t)width, type,
			      width == 4 ? mask & UINT32_MAX : mask, 0};

	regs_define(&dev->config_space, 0, &row, 1);
}

/* The registers below an offset begin anew. */
static void define_below(struct swcxl_dev *dev, uint32_t end)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].offset < end)
			regs_define(&dev->config_space, 0, &rows[i], 1);
	define_bar(dev, SWCXL_BAR_COMPONENT, 8, 0x4);
	define_bar(dev, SWCXL_BAR_DEVICE, 8, 0xc); /* prefetchable: 8.2.9 */
	define_bar(dev, SWCXL_BAR_MSIX, 4, 0x0);
}

/* FLR is not about CXL (9.5): DVSEC 0, with what it has locked, stays as it is. */
void config_space_function_reset(struct swcxl_dev *dev)
{
	define_below(dev, EXTENDED);
}

void config_space_reset(struct swcxl_dev *dev)
{
	struct regs *r = &dev->config_space;
	uint64_t total = dev->dpa.static_top * SWCXL_LINE;

	define_below(dev, SWCXL_CONFIG_SIZE);
	regs_set(r, DSN, 8, dev->config.serial);
	regs_set(r, CXL_RANGE1, 4, total >> 32);
	regs_set(r, CXL_RANGE1 + 4, 4, (total & 0xf0000000) | regs_get(r, CXL_RANGE1 + 4, 4));
}

void swcxl_config_read(struct swcxl_dev *dev, uint32_t offset, void *buf, uint32_t len)
{
	regs_read(&dev->config_space, offset, buf, len);
}

/* CONFIG_LOCK freezes control and range bases until the next conventional reset. */
static void lock(struct regs *r)
{
	static const struct {
		uint32_t offset, width;
	} locked[] = {{CXL_CONTROL, 2}, {CXL_LOCK, 2}, {CXL_RANGE1 + 8, 8}};

	for (unsigned i = 0; i < ARRAY_SIZE(locked); i++)
		memset(r->writable + locked[i].offset, 0, locked[i].width);
}

void swcxl_config_write(struct swcxl_dev *dev, uint32_t offset, const void *buf, uint32_t len)
{
	struct regs *r = &dev->config_space;
	const uint8_t *in = buf;

	device_trace(dev, SWCXL_TRACE_WRITE, "config", offset, buf, len);
	regs_write(r, offset, buf, len);
	doe_write(dev, offset, buf, len);
	if (regs_get(r, CXL_LOCK, 2) & 1)
		lock(r);
	if (regs_written(offset, buf, len, DEVICE_CONTROL) & DEVICE_CONTROL_FLR)
		device_function_reset(dev);
	if (regs_touches(offset, len, CXL_CONTROL2, 1) &&
	    in[CXL_CONTROL2 - offset] & CONTROL2_RESET) {
		regs_set(r, CXL_STATUS2, 2, 0);
		device_cxl_reset(dev, regs_get(r, CXL_CONTROL2, 2) & CONTROL2_MEM_CLEAR);
		regs_set(r, CXL_STATUS2, 2, STATUS2_RESET_DONE);
	}
}
