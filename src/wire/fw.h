/* SPDX-License-Identifier: MIT */
/* Payloads of firmware update: CXL r3.2 8.2.10.3. */
#ifndef SWCXL_WIRE_FW_H
#define SWCXL_WIRE_FW_H

#include "base/wire.h"

#define FW_UNIT 128u /* of a package and its parts, and of offsets */

/* clang-format off */

/* Get FW Info (0200h): output. */
#define GET_FW_INFO_OUT(F)                     \
	F(0x00, u8,   slots_supported)         \
	F(0x01, u8,   slot_info)               \
	F(0x02, u8,   capabilities)            \
	F(0x03, u8,   reserved, [0x0d])        \
	F(0x10, u8,   revision, [4][16])
WIRE_STRUCT(get_fw_info_out, 0x50, GET_FW_INFO_OUT)
#define FW_STAGED_SHIFT 3 /* in slot_info; the active slot is bits 2:0 */
#define FW_CAN_ACTIVATE_ONLINE 0x01

/* Transfer FW (0201h): input before the data. */
#define TRANSFER_FW_IN(F)                      \
	F(0x00, u8,   action)                  \
	F(0x01, u8,   slot)                    \
	F(0x02, u8,   reserved1, [2])          \
	F(0x04, le32, offset)                  \
	F(0x08, u8,   reserved2, [0x78])
WIRE_STRUCT(transfer_fw_in, 0x80, TRANSFER_FW_IN)
enum { FW_FULL, FW_INITIATE, FW_CONTINUE, FW_END, FW_ABORT };

/* Activate FW (0202h): input. */
#define ACTIVATE_FW_IN(F)                      \
	F(0x00, u8,   action)                  \
	F(0x01, u8,   slot)
WIRE_STRUCT(activate_fw_in, 0x02, ACTIVATE_FW_IN)
enum { FW_ACTIVATE_ONLINE, FW_ACTIVATE_AT_RESET };

/* clang-format on */

#endif
