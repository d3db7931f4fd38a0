/* SPDX-License-Identifier: MIT */
/* Payloads of the generic component commands: CXL r3.2 8.2.10.1 to 8.2.10.5. */
#ifndef SWCXL_WIRE_GENERIC_H
#define SWCXL_WIRE_GENERIC_H

#include "base/wire.h"

/* clang-format off */

/* Identify (0001h): output. */
#define IDENTIFY_OUT(F)                        \
	F(0x00, le16, vendor_id)               \
	F(0x02, le16, device_id)               \
	F(0x04, le16, subsystem_vendor_id)     \
	F(0x06, le16, subsystem_id)            \
	F(0x08, le64, serial)                  \
	F(0x10, u8,   max_message_size)        \
	F(0x11, u8,   component_type)
WIRE_STRUCT(identify_out, 0x12, IDENTIFY_OUT)
#define COMPONENT_TYPE_3 0x03

/* Background Operation Status (0002h): output. */
#define BACKGROUND_OPERATION_STATUS_OUT(F)     \
	F(0x00, u8,   status)                  \
	F(0x01, u8,   reserved)                \
	F(0x02, le16, opcode)                  \
	F(0x04, le16, return_code)             \
	F(0x06, le16, vendor_status)
WIRE_STRUCT(background_operation_status_out, 0x08, BACKGROUND_OPERATION_STATUS_OUT)

/* Get and Set Response Message Limit (0003h, 0004h): a power of two, by its exponent. */
#define RESPONSE_MESSAGE_LIMIT(F)              \
	F(0x00, u8,   limit)
WIRE_STRUCT(response_message_limit, 0x01, RESPONSE_MESSAGE_LIMIT)
#define MESSAGE_LIMIT_MIN 8
#define MESSAGE_LIMIT_MAX 10

/* Get Event Records (0100h): input, and output before the records. */
#define GET_EVENT_RECORDS_IN(F)                \
	F(0x00, u8,   log)
WIRE_STRUCT(get_event_records_in, 0x01, GET_EVENT_RECORDS_IN)
#define GET_EVENT_RECORDS_OUT(F)               \
	F(0x00, u8,   flags)                   \
	F(0x01, u8,   reserved1)               \
	F(0x02, le16, overflow_count)          \
	F(0x04, le64, first_overflow)          \
	F(0x0c, le64, last_overflow)           \
	F(0x14, le16, count)                   \
	F(0x16, u8,   reserved2, [10])
WIRE_STRUCT(get_event_records_out, 0x20, GET_EVENT_RECORDS_OUT)
#define EVENTS_OVERFLOW 0x01
#define EVENTS_MORE     0x02

/* Clear Event Records (0101h): input before the handles. */
#define CLEAR_EVENT_RECORDS_IN(F)              \
	F(0x00, u8,   log)                     \
	F(0x01, u8,   flags)                   \
	F(0x02, u8,   count)                   \
	F(0x03, u8,   reserved, [3])
WIRE_STRUCT(clear_event_records_in, 0x06, CLEAR_EVENT_RECORDS_IN)
#define CLEAR_EVENTS_ALL 0x01

/* Get and Set Event Interrupt Policy (0102h, 0103h): one byte a log. */
#define EVENT_INTERRUPT_POLICY(F)              \
	F(0x00, u8,   log, [5])
WIRE_STRUCT(event_interrupt_policy, 0x05, EVENT_INTERRUPT_POLICY)
#define EVENT_INTERRUPT_MODE 0x03
#define EVENT_INTERRUPT_NONE 0
#define EVENT_INTERRUPT_MSI  1
#define EVENT_INTERRUPT_FW   2

/* Get and Set Timestamp (0300h, 0301h). */
#define TIMESTAMP(F)                           \
	F(0x00, le64, timestamp)
WIRE_STRUCT(timestamp, 0x08, TIMESTAMP)

/* Get Supported Logs (0400h): output before the entries, and an entry. */
#define GET_SUPPORTED_LOGS_OUT(F)              \
	F(0x00, le16, count)                   \
	F(0x02, u8,   reserved, [6])
WIRE_STRUCT(get_supported_logs_out, 0x08, GET_SUPPORTED_LOGS_OUT)
#define SUPPORTED_LOG(F)                       \
	F(0x00, uuid, log)                     \
	F(0x10, le32, size)
WIRE_STRUCT(supported_log, 0x14, SUPPORTED_LOG)

/* Get Log (0401h): input. */
#define GET_LOG_IN(F)                          \
	F(0x00, uuid, log)                     \
	F(0x10, le32, offset)                  \
	F(0x14, le32, length)
WIRE_STRUCT(get_log_in, 0x18, GET_LOG_IN)

/* The log that Get Log Capabilities, Clear Log and Populate Log (0402h to 0404h) are about. */
#define LOG_IN(F)                              \
	F(0x00, uuid, log)
WIRE_STRUCT(log_in, 0x10, LOG_IN)

/* Get Log Capabilities (0402h): output. */
#define GET_LOG_CAPABILITIES_OUT(F)            \
	F(0x00, le32, flags)
WIRE_STRUCT(get_log_capabilities_out, 0x04, GET_LOG_CAPABILITIES_OUT)
#define LOG_CAN_CLEAR         0x01
#define LOG_CAN_POPULATE      0x02
#define LOG_POPULATES_ITSELF  0x04
#define LOG_OUTLIVES_POWER    0x08

/* Get Supported Logs Sub-List (0405h): input, and output before the entries, which are as above. */
#define GET_SUPPORTED_LOGS_SUB_LIST_IN(F)      \
	F(0x00, u8,   max)                     \
	F(0x01, u8,   start)
WIRE_STRUCT(get_supported_logs_sub_list_in, 0x02, GET_SUPPORTED_LOGS_SUB_LIST_IN)
#define GET_SUPPORTED_LOGS_SUB_LIST_OUT(F)     \
	F(0x00, u8,   count)                   \
	F(0x01, u8,   reserved1)               \
	F(0x02, le16, total)                   \
	F(0x04, u8,   start)                   \
	F(0x05, u8,   reserved2, [3])
WIRE_STRUCT(get_supported_logs_sub_list_out, 0x08, GET_SUPPORTED_LOGS_SUB_LIST_OUT)

/* Component State Dump, 8.2.10.5.2.3: what is before the data. */
#define STATE_DUMP_HEADER(F)                   \
	F(0x00, le32, length)                  \
	F(0x04, u8,   triggers)                \
	F(0x05, u8,   event_log)               \
	F(0x06, le16, event_handle)            \
	F(0x08, le64, timestamp)               \
	F(0x10, uuid, format)                  \
	F(0x20, le32, flags)                   \
	F(0x24, u8,   reserved, [0x1c])
WIRE_STRUCT(state_dump_header, 0x40, STATE_DUMP_HEADER)
#define STATE_DUMP_AUTO 0x01

/* An entry of the Command Effects Log, 8.2.10.5.2.1. */
#define CEL_ENTRY(F)                           \
	F(0x00, le16, opcode)                  \
	F(0x02, le16, effects)
WIRE_STRUCT(cel_entry, 0x04, CEL_ENTRY)

/* clang-format on */

/* Command effects, 8.2.10.5.2.1. */
enum {
	EFF_COLD_RESET_CONFIG = 1 << 0,
	EFF_IMM_CONFIG = 1 << 1,
	EFF_IMM_DATA = 1 << 2,
	EFF_IMM_POLICY = 1 << 3,
	EFF_IMM_LOG = 1 << 4,
	EFF_SECURITY = 1 << 5,
	EFF_BACKGROUND = 1 << 6,
	EFF_SECONDARY_MAILBOX = 1 << 7,
	EFF_ABORT = 1 << 8,
	EFF_RESET_CONFIG_VALID = 1 << 9,
	EFF_CONV_RESET_CONFIG = 1 << 10,
	EFF_CXL_RESET_CONFIG = 1 << 11,
	EFF_RESET_CONFIGS = EFF_RESET_CONFIG_VALID | EFF_CONV_RESET_CONFIG | EFF_CXL_RESET_CONFIG,
};

#endif
