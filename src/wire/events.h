/* SPDX-License-Identifier: MIT */
/* Event records: CXL r3.2 8.2.10.2.1. */
#ifndef SWCXL_WIRE_EVENTS_H
#define SWCXL_WIRE_EVENTS_H

#include "base/wire.h"
#include "wire/dc.h"
#include "wire/health.h"

/* clang-format off */

/* Common header of a record. */
#define EVENT_HEADER(F)                                \
	F(0x00, uuid, type)                            \
	F(0x10, u8,   length)                          \
	F(0x11, le24, flags)                           \
	F(0x14, le16, handle)                          \
	F(0x16, le16, related_handle)                  \
	F(0x18, le64, timestamp)                       \
	F(0x20, u8,   maintenance_class)               \
	F(0x21, u8,   maintenance_subclass)            \
	F(0x22, le16, ld_id)                           \
	F(0x24, u8,   head_id)                         \
	F(0x25, u8,   reserved, [11])
WIRE_STRUCT(event_header, 0x30, EVENT_HEADER)
#define EVENT_SEVERITY             0x03u /* enum swcxl_log is the severity */
#define EVENT_PERMANENT            0x04u
#define EVENT_MAINTENANCE_NEEDED   0x08u
#define EVENT_PERFORMANCE_DEGRADED 0x10u
#define EVENT_REPLACE_HARDWARE     0x20u
#define EVENT_SUBCLASS_VALID       0x40u /* of the maintenance operation */

/* General Media event record: what follows the header. */
#define GENERAL_MEDIA(F)                               \
	F(0x00, le64, address)                         \
	F(0x08, u8,   descriptor)                      \
	F(0x09, u8,   type)                            \
	F(0x0a, u8,   transaction)                     \
	F(0x0b, le16, validity)                        \
	F(0x0d, u8,   channel)                         \
	F(0x0e, u8,   rank)                            \
	F(0x0f, le24, device)                          \
	F(0x12, u8,   component_id, [16])              \
	F(0x22, u8,   cme_flags)                       \
	F(0x23, le24, cme_count)                       \
	F(0x26, u8,   sub_type)                        \
	F(0x27, u8,   reserved, [41])
WIRE_STRUCT(general_media, 0x50, GENERAL_MEDIA)
#define MEDIA_ADDRESS_VOLATILE        0x01u
#define MEDIA_ADDRESS_NOT_REPAIRABLE  0x02u
#define MEDIA_ADDRESS_DPA             (~0x3full)
#define MEDIA_UNCORRECTABLE           0x01
#define MEDIA_THRESHOLD               0x02
#define MEDIA_POISON_LIST_OVERFLOW    0x04 /* and this location is not in the list */

/* Memory Module event record, likewise. */
#define MEMORY_MODULE(F)                               \
	F(0x00, u8,   type)                            \
	F(0x01, struct get_health_info_out, health)    \
	F(0x13, le16, validity)                        \
	F(0x15, u8,   component_id, [16])              \
	F(0x25, u8,   sub_type)                        \
	F(0x26, u8,   reserved, [42])
WIRE_STRUCT(memory_module, 0x50, MEMORY_MODULE)

/* clang-format on */

/* Memory Module: device event type. */
enum { MODULE_HEALTH_STATUS, MODULE_MEDIA_STATUS, MODULE_LIFE_USED, MODULE_TEMPERATURE };

/* General Media: memory event type; transaction type. */
enum {
	MEDIA_ECC_ERROR,
	MEDIA_INVALID_ADDRESS,
	MEDIA_DATA_PATH,
	MEDIA_TE_STATE,
	MEDIA_SCRUB_ECC,
	MEDIA_CME_EXPIRATION,
	MEDIA_CKID
};
enum {
	BY_UNKNOWN,
	BY_HOST_READ,
	BY_HOST_WRITE,
	BY_SCAN_MEDIA,
	BY_INJECT_POISON,
	BY_PATROL_SCRUB,
	BY_MEDIA_MANAGEMENT,
	BY_INTERNAL_CHECK,
	BY_MEDIA_INIT
};

#define EVENT_DATA_OFFSET 0x30

#endif
