/* SPDX-License-Identifier: MIT */
/*
 * Content that goes: by a reset, a sanitize, a change of keys or of partitions. What is gone reads
 * as zeros, and costs nothing. Poison is another matter (core/poison.c).
 */
#include "core/device.h"

void erase_lines(struct swcxl_dev *dev, uint64_t start, uint64_t len)
{
	if (!len)
		return;
	content_erase(&dev->media, start, len);
	device_change(dev, &(struct swcxl_change){.kind = SWCXL_CHANGE_CONTENT,
						  .start = start * SWCXL_LINE,
						  .length = len * SWCXL_LINE});
}

void erase_kind(struct swcxl_dev *dev, enum dpa_kind kind)
{
	for (unsigned i = 0; i < DPA_SEGMENTS; i++)
		if (dev->dpa.segment[i].kind == kind)
			erase_lines(dev, dev->dpa.segment[i].start, dev->dpa.segment[i].len);
}

void erase_labels(struct swcxl_dev *dev)
{
	if (!dev->lsa)
		return;
	memset(dev->lsa, 0, dev->config.lsa_size);
	device_change(dev, &(struct swcxl_change){.kind = SWCXL_CHANGE_LSA,
						  .length = dev->config.lsa_size,
						  .data = dev->lsa});
}
