/* SPDX-License-Identifier: MIT */
/* Unsigned integers of a width that only a table knows: sizeof says which. */
#ifndef SWCXL_BASE_WIDTH_H
#define SWCXL_BASE_WIDTH_H

#include <stddef.h>
#include <stdint.h>

static inline void store_width(void *p, size_t size, uint64_t value)
{
	if (size == sizeof(uint64_t))
		*(uint64_t *)p = value;
	else if (size == sizeof(uint32_t))
		*(uint32_t *)p = (uint32_t)value;
	else if (size == sizeof(uint16_t))
		*(uint16_t *)p = (uint16_t)value;
	else
		*(uint8_t *)p = (uint8_t)value;
}

static inline uint64_t load_width(const void *p, size_t size)
{
	if (size == sizeof(uint64_t))
		return *(const uint64_t *)p;
	if (size == sizeof(uint32_t))
		return *(const uint32_t *)p;
	if (size == sizeof(uint16_t))
		return *(const uint16_t *)p;
	return *(const uint8_t *)p;
}

#endif
