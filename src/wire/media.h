/* SPDX-License-Identifier: MIT */
/* Payloads of the media and poison commands: CXL r3.2 8.2.10.9.4. */
#ifndef SWCXL_WIRE_MEDIA_H
#define SWCXL_WIRE_MEDIA_H

#include "base/wire.h"

/* clang-format off */

/* Media Error Record: bits 2:0 of the address are the error source. */
#define MEDIA_ERROR_RECORD(F)                          \
	F(0x00, le64, address)                         \
	F(0x08, le32, lines)                           \
	F(0x0c, u8,   reserved, [4])
WIRE_STRUCT(media_error_record, 0x10, MEDIA_ERROR_RECORD)
#define MEDIA_ERROR_SOURCE 0x07u

/* A range: Get Poison List (4300h), Get Scan Media Capabilities (4303h): input. */
#define MEDIA_RANGE_IN(F)                              \
	F(0x00, le64, address)                         \
	F(0x08, le64, lines)
WIRE_STRUCT(media_range_in, 0x10, MEDIA_RANGE_IN)
#define POISON_LIST_RESTART 0x01u /* in the address of 4300h */

/* Get Poison List (4300h): output before the records. */
#define GET_POISON_LIST_OUT(F)                         \
	F(0x00, u8,   flags)                           \
	F(0x01, u8,   reserved1)                       \
	F(0x02, le64, overflow_timestamp)              \
	F(0x0a, le16, count)                           \
	F(0x0c, u8,   reserved2, [20])
WIRE_STRUCT(get_poison_list_out, 0x20, GET_POISON_LIST_OUT)
#define POISON_LIST_MORE             0x01
#define POISON_LIST_OVERFLOW         0x02
#define POISON_LIST_SCAN_IN_PROGRESS 0x04
#define POISON_LIST_RESTART_ACK      0x08

/* Inject Poison (4301h): input. */
#define INJECT_POISON_IN(F)                            \
	F(0x00, le64, address)
WIRE_STRUCT(inject_poison_in, 0x08, INJECT_POISON_IN)

/* Clear Poison (4302h): input. */
#define CLEAR_POISON_IN(F)                             \
	F(0x00, le64, address)                         \
	F(0x08, u8,   data, [64])
WIRE_STRUCT(clear_poison_in, 0x48, CLEAR_POISON_IN)

/* Get Scan Media Capabilities (4303h): output. */
#define GET_SCAN_MEDIA_CAPABILITIES_OUT(F)             \
	F(0x00, le32, estimated_ms)
WIRE_STRUCT(get_scan_media_capabilities_out, 0x04, GET_SCAN_MEDIA_CAPABILITIES_OUT)

/* Scan Media (4304h): input. */
#define SCAN_MEDIA_IN(F)                               \
	F(0x00, le64, address)                         \
	F(0x08, le64, lines)                           \
	F(0x10, u8,   flags)
WIRE_STRUCT(scan_media_in, 0x11, SCAN_MEDIA_IN)
#define SCAN_MEDIA_NO_EVENT_LOG 0x01

/* Get Scan Media Results (4305h): output before the records. */
#define GET_SCAN_MEDIA_RESULTS_OUT(F)                  \
	F(0x00, le64, restart_address)                 \
	F(0x08, le64, restart_lines)                   \
	F(0x10, u8,   flags)                           \
	F(0x11, u8,   reserved1)                       \
	F(0x12, le16, count)                           \
	F(0x14, u8,   reserved2, [12])
WIRE_STRUCT(get_scan_media_results_out, 0x20, GET_SCAN_MEDIA_RESULTS_OUT)
#define SCAN_RESULTS_MORE    0x01
#define SCAN_RESULTS_STOPPED 0x02 /* Scan Media Stopped Prematurely */

/* clang-format on */

#endif
