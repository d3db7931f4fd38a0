/* SPDX-License-Identifier: MIT */
/* Coherent Device Attribute Table, as UEFI's CDAT specification 1.03 lays it out. */
#ifndef SWCXL_WIRE_CDAT_H
#define SWCXL_WIRE_CDAT_H

#include "base/wire.h"

/* clang-format off */
#define CDAT_HEADER(F)                                 \
	F(0x00, le32, length)                          \
	F(0x04, u8,   revision)                        \
	F(0x05, u8,   checksum)                        \
	F(0x06, u8,   reserved, [6])                   \
	F(0x0c, le32, sequence)
WIRE_STRUCT(cdat_header, 0x10, CDAT_HEADER)
#define CDAT_REVISION 2

/* Device Scoped Memory Affinity Structure: a range of DPA of one kind. */
#define CDAT_DSMAS(F)                                  \
	F(0x00, u8,   type)                            \
	F(0x01, u8,   reserved)                        \
	F(0x02, le16, length)                          \
	F(0x04, u8,   handle)                          \
	F(0x05, u8,   flags)                           \
	F(0x06, le16, reserved2)                       \
	F(0x08, le64, base)                            \
	F(0x10, le64, size)
WIRE_STRUCT(cdat_dsmas, 0x18, CDAT_DSMAS)
#define DSMAS_NON_VOLATILE (1u << 2)
#define DSMAS_SHARABLE (1u << 3)
#define DSMAS_HW_COHERENCY (1u << 4)
#define DSMAS_DYNAMIC_CAPACITY (1u << 5) /* interconnect specific dynamic capacity management */
#define DSMAS_READ_ONLY (1u << 6)

/* Device Scoped Latency and Bandwidth Information Structure: value times unit is picoseconds or
 * MB/s, for what the ACPI's HMAT calls a data type. */
#define CDAT_DSLBIS(F)                                 \
	F(0x00, u8,   type)                            \
	F(0x01, u8,   reserved)                        \
	F(0x02, le16, length)                          \
	F(0x04, u8,   handle)                          \
	F(0x05, u8,   flags)                           \
	F(0x06, u8,   data_type)                       \
	F(0x07, u8,   reserved2)                       \
	F(0x08, le64, unit)                            \
	F(0x10, le16, value, [3])                      \
	F(0x16, le16, reserved3)
WIRE_STRUCT(cdat_dslbis, 0x18, CDAT_DSLBIS)
enum { DSLBIS_READ_LATENCY = 1, DSLBIS_WRITE_LATENCY, DSLBIS_READ_BANDWIDTH = 4,
       DSLBIS_WRITE_BANDWIDTH };

/* Device Scoped EFI Memory Type Structure: what firmware is to make of a range. */
#define CDAT_DSEMTS(F)                                 \
	F(0x00, u8,   type)                            \
	F(0x01, u8,   reserved)                        \
	F(0x02, le16, length)                          \
	F(0x04, u8,   handle)                          \
	F(0x05, u8,   memory_type)                     \
	F(0x06, le16, reserved2)                       \
	F(0x08, le64, offset)                          \
	F(0x10, le64, size)
WIRE_STRUCT(cdat_dsemts, 0x18, CDAT_DSEMTS)
enum { DSEMTS_SPECIFIC_PURPOSE = 1, DSEMTS_RESERVED };
/* clang-format on */

enum { CDAT_TYPE_DSMAS = 0, CDAT_TYPE_DSLBIS = 1, CDAT_TYPE_DSEMTS = 4 };

#endif
