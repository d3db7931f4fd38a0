/* SPDX-License-Identifier: MIT */
/* Perform Maintenance (0600h), CXL r3.2 8.2.10.7.1, and the event that reports on it. */
#ifndef SWCXL_WIRE_MAINTENANCE_H
#define SWCXL_WIRE_MAINTENANCE_H

#include "base/wire.h"

/* clang-format off */

/* Input before the parameters of the operation. */
#define PERFORM_MAINTENANCE_IN(F)                      \
	F(0x00, u8,   class)                           \
	F(0x01, u8,   subclass)
WIRE_STRUCT(perform_maintenance_in, 0x02, PERFORM_MAINTENANCE_IN)
#define MAINTENANCE_PPR     0x01 /* classes */
#define MAINTENANCE_SPARING 0x02

/* Parameters of soft and hard PPR. */
#define PPR_IN(F)                                      \
	F(0x00, u8,   flags)                           \
	F(0x01, le64, address)                         \
	F(0x09, le24, nibble_mask)
WIRE_STRUCT(ppr_in, 0x0c, PPR_IN)

/* Parameters of memory sparing. */
#define SPARING_IN(F)                                  \
	F(0x00, u8,   flags)                           \
	F(0x01, u8,   channel)                         \
	F(0x02, u8,   rank)                            \
	F(0x03, le24, nibble_mask)                     \
	F(0x06, u8,   bank_group)                      \
	F(0x07, u8,   bank)                            \
	F(0x08, le24, row)                             \
	F(0x0b, le16, column)                          \
	F(0x0d, u8,   sub_channel)
WIRE_STRUCT(sparing_in, 0x0e, SPARING_IN)
#define REPAIR_QUERY       0x01
#define REPAIR_HARD        0x02
#define REPAIR_SUB_CHANNEL 0x04
#define REPAIR_NIBBLE_MASK 0x08

/* Memory Sparing event record (8.2.10.2.1.4): what follows the header. */
#define MEMORY_SPARING(F)                              \
	F(0x00, u8,   class)                           \
	F(0x01, u8,   subclass)                        \
	F(0x02, u8,   flags)                           \
	F(0x03, u8,   result)                          \
	F(0x04, le16, validity)                        \
	F(0x06, u8,   reserved1, [6])                  \
	F(0x0c, le16, spares)                          \
	F(0x0e, u8,   channel)                         \
	F(0x0f, u8,   rank)                            \
	F(0x10, le24, nibble_mask)                     \
	F(0x13, u8,   bank_group)                      \
	F(0x14, u8,   bank)                            \
	F(0x15, le24, row)                             \
	F(0x18, le16, column)                          \
	F(0x1a, u8,   component_id, [16])              \
	F(0x2a, u8,   sub_channel)                     \
	F(0x2b, u8,   reserved2, [37])
WIRE_STRUCT(memory_sparing, 0x50, MEMORY_SPARING)
#define SPARING_EVENT_QUERY  0x01
#define SPARING_EVENT_HARD   0x02
#define SPARING_EVENT_DEVICE 0x04 /* initiated by it */
#define SPARING_SUCCESS      0x00
#define SPARING_EXHAUSTED    0x01
#define SPARING_FAILED       0xff
#define SPARING_SPARES_MAX   3 /* or more */

/* clang-format on */

/* Validity bits of the record. */
enum {
	SPARING_CHANNEL_VALID = 1 << 0,
	SPARING_RANK_VALID = 1 << 1,
	SPARING_NIBBLE_VALID = 1 << 2,
	SPARING_BANK_GROUP_VALID = 1 << 3,
	SPARING_BANK_VALID = 1 << 4,
	SPARING_ROW_VALID = 1 << 5,
	SPARING_COLUMN_VALID = 1 << 6,
	SPARING_SUB_CHANNEL_VALID = 1 << 9,
};

#endif
