/* SPDX-License-Identifier: MIT */
/* Payloads of the feature commands, CXL r3.2 8.2.10.6, and what the features hold. */
#ifndef SWCXL_WIRE_FEATURES_H
#define SWCXL_WIRE_FEATURES_H

#include "base/wire.h"

/* clang-format off */

/* Get Supported Features (0500h): input, output before the entries, and an entry. */
#define GET_SUPPORTED_FEATURES_IN(F)                   \
	F(0x00, le32, count)                           \
	F(0x04, le16, start)                           \
	F(0x06, u8,   reserved, [2])
WIRE_STRUCT(get_supported_features_in, 0x08, GET_SUPPORTED_FEATURES_IN)
#define GET_SUPPORTED_FEATURES_OUT(F)                  \
	F(0x00, le16, entries)                         \
	F(0x02, le16, total)                           \
	F(0x04, u8,   reserved, [4])
WIRE_STRUCT(get_supported_features_out, 0x08, GET_SUPPORTED_FEATURES_OUT)
#define FEATURE_ENTRY(F)                               \
	F(0x00, uuid, feature)                         \
	F(0x10, le16, index)                           \
	F(0x12, le16, get_size)                        \
	F(0x14, le16, set_size)                        \
	F(0x16, le32, attributes)                      \
	F(0x1a, u8,   get_version)                     \
	F(0x1b, u8,   set_version)                     \
	F(0x1c, le16, effects)                         \
	F(0x1e, u8,   reserved, [18])
WIRE_STRUCT(feature_entry, 0x30, FEATURE_ENTRY)
#define FEATURE_CHANGEABLE         0x01u
#define FEATURE_PERSISTENCE(level) ((level) << 1)
#define FEATURE_PERSISTENCE_OF(a)  ((a) >> 1 & 7)
#define FEATURE_OUTLIVES_FW_UPDATE 0x10u
#define FEATURE_HAS_DEFAULT        0x20u
#define FEATURE_HAS_SAVED          0x40u

/* Get Feature (0501h): input. */
#define GET_FEATURE_IN(F)                              \
	F(0x00, uuid, feature)                         \
	F(0x10, le16, offset)                          \
	F(0x12, le16, count)                           \
	F(0x14, u8,   selection)
WIRE_STRUCT(get_feature_in, 0x15, GET_FEATURE_IN)

/* Set Feature (0502h): input before the data. */
#define SET_FEATURE_IN(F)                              \
	F(0x00, uuid, feature)                         \
	F(0x10, le32, flags)                           \
	F(0x14, le16, offset)                          \
	F(0x16, u8,   version)                         \
	F(0x17, u8,   reserved, [9])
WIRE_STRUCT(set_feature_in, 0x20, SET_FEATURE_IN)
#define SET_FEATURE_ACTION 0x07u
#define SET_FEATURE_SAVED  0x08u

/* Patrol scrub, 8.2.10.9.11.1. */
#define PATROL_SCRUB_GET(F)                            \
	F(0x00, u8,   capabilities)                    \
	F(0x01, u8,   hours)                           \
	F(0x02, u8,   hours_min)                       \
	F(0x03, u8,   flags)
WIRE_STRUCT(patrol_scrub_get, 0x04, PATROL_SCRUB_GET)
#define PATROL_SCRUB_SET(F)                            \
	F(0x00, u8,   hours)                           \
	F(0x01, u8,   flags)
WIRE_STRUCT(patrol_scrub_set, 0x02, PATROL_SCRUB_SET)
#define SCRUB_CYCLE_CHANGEABLE 0x01
#define SCRUB_REAL_TIME        0x02
#define SCRUB_ENABLED          0x01

/* DDR5 error check and scrub, 8.2.10.9.11.2, with this device's number of FRUs. */
#define ECS_FRUS 2
#define ECS_FRU_GET(F)                                 \
	F(0x00, u8,   capabilities)                    \
	F(0x01, le16, config)                          \
	F(0x03, u8,   flags)
WIRE_STRUCT(ecs_fru_get, 0x04, ECS_FRU_GET)
#define ECS_GET(F)                                     \
	F(0x00, u8,   log_entry_type)                  \
	F(0x01, struct ecs_fru_get, fru, [ECS_FRUS])
WIRE_STRUCT(ecs_get, 0x01 + 4 * ECS_FRUS, ECS_GET)
#define ECS_SET(F)                                     \
	F(0x00, u8,   log_entry_type)                  \
	F(0x01, le16, config, [ECS_FRUS])
WIRE_STRUCT(ecs_set, 0x01 + 2 * ECS_FRUS, ECS_SET)
#define ECS_LOG_ENTRY_TYPE 0x03
#define ECS_LOG_PER_FRU    1
#define ECS_THRESHOLD      0x0007
#define ECS_THRESHOLD_256  3
#define ECS_THRESHOLD_4096 5
#define ECS_CODEWORDS      0x0008 /* counts them, else rows */
#define ECS_RESET_COUNTER  0x0010 /* written only */

/* What the features of repairs begin with, 8.2.10.7.2. */
#define REPAIR_GET(F)                                  \
	F(0x00, u8,   latency)                         \
	F(0x01, le16, capabilities)                    \
	F(0x03, le16, mode)                            \
	F(0x05, u8,   class)                           \
	F(0x06, u8,   subclass)                        \
	F(0x07, u8,   reserved, [9])
WIRE_STRUCT(repair_get, 0x10, REPAIR_GET)
#define REPAIR_DEVICE_INITIATED 0x0001 /* a capability, and a mode */

/* Soft and hard PPR. */
#define PPR_GET(F)                                     \
	F(0x00, struct repair_get, repair)             \
	F(0x10, u8,   flags)                           \
	F(0x11, le16, restrictions)                    \
	F(0x13, u8,   events)
WIRE_STRUCT(ppr_get, 0x14, PPR_GET)
#define PPR_SET(F)                                     \
	F(0x00, le16, mode)                            \
	F(0x02, u8,   events)
WIRE_STRUCT(ppr_set, 0x03, PPR_SET)
#define PPR_BY_DPA         0x01
#define PPR_BY_NIBBLE_MASK 0x02
#define PPR_CAN_EVENT      0x04
#define PPR_DATA_LOST      0x0004 /* restriction: data is not retained */
#define PPR_SPARING_EVENT  0x01

/* Cacheline, row, bank and rank sparing. */
#define SPARING_GET(F)                                 \
	F(0x00, struct repair_get, repair)             \
	F(0x10, u8,   reserved)                        \
	F(0x11, le16, restrictions)
WIRE_STRUCT(sparing_get, 0x13, SPARING_GET)
#define SPARING_SET(F)                                 \
	F(0x00, le16, mode)
WIRE_STRUCT(sparing_set, 0x02, SPARING_SET)
#define SPARING_SIDE_EFFECTS 0x0001 /* not for memory in use */
#define SPARING_HARD         0x0002
#define SPARING_SOFT         0x0004

/* clang-format on */

/* Persistence: the deepest reset that a value outlives. Selection: of Get Feature. Action: of Set
 * Feature. */
enum { OUTLIVES_NONE, OUTLIVES_CXL, OUTLIVES_HOT, OUTLIVES_WARM, OUTLIVES_COLD };
enum { FEATURE_CURRENT, FEATURE_DEFAULT, FEATURE_SAVED };
enum {
	SET_FEATURE_FULL,
	SET_FEATURE_INITIATE,
	SET_FEATURE_CONTINUE,
	SET_FEATURE_FINISH,
	SET_FEATURE_ABORT
};

#endif
