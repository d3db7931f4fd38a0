/* SPDX-License-Identifier: MIT */
/*
 * What lies in which BAR. The MSI-X BAR is in the table of sizes only: the transport owns vectors
 * and what shows them.
 */
#include "core/device.h"

uint64_t swcxl_bar_size(const struct swcxl_dev *dev, unsigned bar)
{
	switch (bar) {
	case SWCXL_BAR_COMPONENT:
		return COMPONENT_BLOCK_SIZE;
	case SWCXL_BAR_DEVICE:
		return device_bar_size(dev);
	case SWCXL_BAR_MSIX:
		return SWCXL_MSIX_BAR_SIZE;
	default:
		return 0;
	}
}

void swcxl_bar_read(struct swcxl_dev *dev, unsigned bar, uint64_t offset, void *buf, uint32_t len)
{
	memset(buf, 0, len);
	if (!range_fits(offset, len, swcxl_bar_size(dev, bar)))
		return;
	if (bar == SWCXL_BAR_COMPONENT)
		regs_read(&dev->component, offset, buf, len);
	else if (bar == SWCXL_BAR_DEVICE)
		device_bar_read(dev, offset, buf, len);
}

void swcxl_bar_write(struct swcxl_dev *dev, unsigned bar, uint64_t offset, const void *buf,
		     uint32_t len)
{
	if (!range_fits(offset, len, swcxl_bar_size(dev, bar)))
		return;
	if (bar == SWCXL_BAR_COMPONENT)
		component_write(dev, offset, buf, len);
	else if (bar == SWCXL_BAR_DEVICE)
		device_bar_write(dev, offset, buf, len);
}
