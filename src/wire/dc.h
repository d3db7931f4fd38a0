/* SPDX-License-Identifier: MIT */
/* Payloads of dynamic capacity: CXL r3.2 8.2.10.9.9. */
#ifndef SWCXL_WIRE_DC_H
#define SWCXL_WIRE_DC_H

#include "base/wire.h"

/* clang-format off */

/* Get Dynamic Capacity Configuration (4800h). */
#define GET_DC_CONFIG_IN(F)                            \
	F(0x00, u8,   count)                           \
	F(0x01, u8,   start)
WIRE_STRUCT(get_dc_config_in, 0x02, GET_DC_CONFIG_IN)
#define GET_DC_CONFIG_OUT(F)                           \
	F(0x00, u8,   available)                       \
	F(0x01, u8,   count)                           \
	F(0x02, u8,   reserved, [6])
WIRE_STRUCT(get_dc_config_out, 0x08, GET_DC_CONFIG_OUT)
#define DC_REGION(F)                                   \
	F(0x00, le64, base)                            \
	F(0x08, le64, decode_length)                   \
	F(0x10, le64, length)                          \
	F(0x18, le64, block_size)                      \
	F(0x20, le32, handle)                          \
	F(0x24, u8,   flags)                           \
	F(0x25, u8,   reserved, [3])
WIRE_STRUCT(dc_region, 0x28, DC_REGION)
#define DC_REGION_SANITIZE 0x01
/* Behind the regions, since 3.1. */
#define DC_COUNTERS(F)                                 \
	F(0x00, le32, extents)                         \
	F(0x04, le32, extents_available)               \
	F(0x08, le32, tags)                            \
	F(0x0c, le32, tags_available)
WIRE_STRUCT(dc_counters, 0x10, DC_COUNTERS)

/* An extent, here and in events. */
#define DC_EXTENT(F)                                   \
	F(0x00, le64, start)                           \
	F(0x08, le64, length)                          \
	F(0x10, u8,   tag, [16])                       \
	F(0x20, le16, sequence)                        \
	F(0x22, u8,   reserved, [6])
WIRE_STRUCT(dc_extent_data, 0x28, DC_EXTENT)

/* Get Dynamic Capacity Extent List (4801h). */
#define GET_DC_EXTENT_LIST_IN(F)                       \
	F(0x00, le32, count)                           \
	F(0x04, le32, start)
WIRE_STRUCT(get_dc_extent_list_in, 0x08, GET_DC_EXTENT_LIST_IN)
#define GET_DC_EXTENT_LIST_OUT(F)                      \
	F(0x00, le32, count)                           \
	F(0x04, le32, total)                           \
	F(0x08, le32, generation)                      \
	F(0x0c, u8,   reserved, [4])
WIRE_STRUCT(get_dc_extent_list_out, 0x10, GET_DC_EXTENT_LIST_OUT)

/* Add Dynamic Capacity Response (4802h), Release Dynamic Capacity (4803h): before their entries. */
#define DC_UPDATE_IN(F)                                \
	F(0x00, le32, count)                           \
	F(0x04, u8,   flags)                           \
	F(0x05, u8,   reserved, [3])
WIRE_STRUCT(dc_update_in, 0x08, DC_UPDATE_IN)
#define DC_UPDATE_MORE 0x01 /* since 3.1 */
#define DC_UPDATE_ENTRY(F)                             \
	F(0x00, le64, start)                           \
	F(0x08, le64, length)                          \
	F(0x10, u8,   reserved, [8])
WIRE_STRUCT(dc_update_entry, 0x18, DC_UPDATE_ENTRY)

/* Dynamic Capacity event record (8.2.10.2.1.6): what follows the header. */
#define DC_EVENT(F)                                    \
	F(0x00, u8,   type)                            \
	F(0x01, u8,   validity)                        \
	F(0x02, le16, host)                            \
	F(0x04, u8,   region)                          \
	F(0x05, u8,   flags)                           \
	F(0x06, u8,   reserved, [2])                   \
	F(0x08, struct dc_extent_data, extent)         \
	F(0x30, u8,   reserved2, [24])                 \
	F(0x48, le32, extents_available)               \
	F(0x4c, le32, tags_available)
WIRE_STRUCT(dc_event, 0x50, DC_EVENT)
#define DC_EVENT_COUNTERS_VALID 0x01 /* since 3.1 */
#define DC_EVENT_MORE           0x01 /* since 3.1: the next record is of the same event */

/* clang-format on */

/* Of a Dynamic Capacity event record; the last two are a fabric manager's. */
enum {
	DC_EVENT_ADD,
	DC_EVENT_RELEASE,
	DC_EVENT_FORCED_RELEASE,
	DC_EVENT_REGION_UPDATED,
	DC_EVENT_ADD_RESPONSE,
	DC_EVENT_RELEASED
};

#endif
