/* SPDX-License-Identifier: MIT */
/*
 * What is kept over power loss, as it is stored: settings (core/kept.h says which there are), and
 * what goes with an extent and with a log that has lost records. Layouts are for ever: one that
 * changes gets a new number.
 */
#ifndef SWCXL_WIRE_KEPT_H
#define SWCXL_WIRE_KEPT_H

#include "base/wire.h"
#include "wire/generic.h"

/* clang-format off */

/* Partitions (8.2.10.9.2): how much of the partitionable capacity is volatile, in units of
 * 256 MiB, now and from the next reset on. */
#define KEPT_PARTITION(F)                      \
	F(0x00, le64, share)                   \
	F(0x08, le64, next)
WIRE_STRUCT(kept_partition, 0x10, KEPT_PARTITION)

/* Shutdown state and dirty shutdown count (8.2.10.9.3.4). */
#define KEPT_SHUTDOWN(F)                       \
	F(0x00, u8,   state)                   \
	F(0x01, le32, dirty_count)
WIRE_STRUCT(kept_shutdown, 0x05, KEPT_SHUTDOWN)

/* Media (8.2.10.9.5.1): disabled until a sanitize succeeds. */
#define KEPT_MEDIA(F)                          \
	F(0x00, u8,   disabled)
WIRE_STRUCT(kept_media, 0x01, KEPT_MEDIA)

/* Security (8.2.10.9.6): which passphrases are set, as in Get Security State, and what they are,
 * first the master's. */
#define KEPT_SECURITY(F)                       \
	F(0x00, u8,   set)                     \
	F(0x01, u8,   passphrase, [64])
WIRE_STRUCT(kept_security, 0x41, KEPT_SECURITY)
/* Firmware slots (8.2.10.3): the active and the staged one, from 1; 0: none. */
#define KEPT_FW_SLOT(F)                        \
	F(0x00, u8,   content) /* 0 none, 1 what this program is, 2 a package */ \
	F(0x01, le32, size)                    \
	F(0x05, le32, crc32)
WIRE_STRUCT(kept_fw_slot, 0x09, KEPT_FW_SLOT)
#define KEPT_FIRMWARE(F)                       \
	F(0x00, u8,   active)                  \
	F(0x01, u8,   staged)                  \
	F(0x02, struct kept_fw_slot, slot, [3])
WIRE_STRUCT(kept_firmware, 0x1d, KEPT_FIRMWARE)

/* Health (8.2.10.9.3): what the management side says, and what events have told. */
#define KEPT_HEALTH(F)                         \
	F(0x00, u8,   life_used)               \
	F(0x01, le16, temperature)             \
	F(0x03, le32, corrected_volatile)      \
	F(0x07, le32, corrected_persistent)    \
	F(0x0b, u8,   status)                  \
	F(0x0c, u8,   media_status)            \
	F(0x0d, le16, raised)                  \
	F(0x0f, u8,   media_said)
WIRE_STRUCT(kept_health, 0x10, KEPT_HEALTH)
/* Component State Dump (8.2.10.5.2.3): the log as it is read; its data is text. */
#define KEPT_STATE_DUMP(F)                     \
	F(0x00, struct state_dump_header, header) \
	F(0x40, u8,   data, [0xfc0])
WIRE_STRUCT(kept_state_dump, 0x1000, KEPT_STATE_DUMP)

/* Features (8.2.10.6): current and saved values, in the order of their table. */
#define FEATURE_VALUE_MAX 8
#define KEPT_FEATURES(F)                       \
	F(0x00, u8,   current, [16][FEATURE_VALUE_MAX]) \
	F(0x80, u8,   saved, [16][FEATURE_VALUE_MAX])
WIRE_STRUCT(kept_features, 0x100, KEPT_FEATURES)

/* Spares (repair.c): how each is used, from which line on, and which of these a soft repair cures.
 * Those of each kind together, in the order of their table. */
#define KEPT_SPARE(F)                          \
	F(0x00, u8,   use)                     \
	F(0x01, le64, line)                    \
	F(0x09, u8,   failed, [16])
WIRE_STRUCT(kept_spare, 0x19, KEPT_SPARE)
#define SPARE_FREE 0
#define SPARE_SOFT 1
#define SPARE_HARD 2
#define KEPT_SPARES(F)                         \
	F(0x00, struct kept_spare, spare, [8 + 4 + 16 + 8 + 2 + 1])
WIRE_STRUCT(kept_spares, 39 * 0x19, KEPT_SPARES)

/* Of an extent of dynamic capacity. */
#define KEPT_EXTENT(F)                         \
	F(0x00, u8,   tag, [16])               \
	F(0x10, le16, sequence)
WIRE_STRUCT(kept_extent, 0x12, KEPT_EXTENT)

/* Records that a log has lost: how many, and when. */
#define KEPT_LOST(F)                           \
	F(0x00, le16, lost)                    \
	F(0x02, le64, first_lost)              \
	F(0x0a, le64, last_lost)
WIRE_STRUCT(kept_lost, 0x12, KEPT_LOST)

/* KEPT(number, name) */
#define KEPT_ROWS(KEPT)                        \
	KEPT(1, partition) /* dpa.c */         \
	KEPT(2, shutdown)  /* cmd/health.c */  \
	KEPT(3, media)     /* kept.c */        \
	KEPT(4, security)  /* cmd/security.c */ \
	KEPT(5, firmware)  /* cmd/fw.c */      \
	KEPT(6, features)  /* features.c */    \
	KEPT(7, spares)    /* repair.c */      \
	KEPT(8, health)    /* health.c */      \
	KEPT(9, state_dump) /* csd.c */

/* clang-format on */

#endif
