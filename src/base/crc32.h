/* SPDX-License-Identifier: MIT */
/* CRC-32 as zlib, PNG and Ethernet have it: polynomial 04C11DB7h, reflected. */
#ifndef SWCXL_CRC32_H
#define SWCXL_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from a CRC, which is 0 at the beginning. */
uint32_t crc32_add(uint32_t crc, const void *p, size_t len);

#endif
