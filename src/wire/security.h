/* SPDX-License-Identifier: MIT */
/* Payloads of sanitize, media operations and security: CXL r3.2 8.2.10.9.5 to .7. */
#ifndef SWCXL_WIRE_SECURITY_H
#define SWCXL_WIRE_SECURITY_H

#include "base/wire.h"

/* clang-format off */

/* Media Operations (4402h): input before the ranges and the arguments. */
#define MEDIA_OPERATIONS_IN(F)                         \
	F(0x00, u8,   class)                           \
	F(0x01, u8,   subclass)                        \
	F(0x02, u8,   reserved, [2])                   \
	F(0x04, le32, ranges)
WIRE_STRUCT(media_operations_in, 0x08, MEDIA_OPERATIONS_IN)
#define MEDIA_OPERATION_GENERAL  0x00 /* classes, each with its subclasses */
#define   MEDIA_GENERAL_DISCOVERY  0x00
#define MEDIA_OPERATION_SANITIZE 0x01
#define   MEDIA_SANITIZE_SANITIZE  0x00
#define   MEDIA_SANITIZE_ZERO      0x01

/* A range, in bytes. */
#define MEDIA_OPERATION_RANGE(F)                       \
	F(0x00, le64, start)                           \
	F(0x08, le64, length)
WIRE_STRUCT(media_operation_range, 0x10, MEDIA_OPERATION_RANGE)

/* Discovery: arguments, output before the operations, and an operation. */
#define MEDIA_DISCOVERY_IN(F)                          \
	F(0x00, le16, start)                           \
	F(0x02, le16, count)
WIRE_STRUCT(media_discovery_in, 0x04, MEDIA_DISCOVERY_IN)
#define MEDIA_DISCOVERY_OUT(F)                         \
	F(0x00, le64, granularity)                     \
	F(0x08, le16, total)                           \
	F(0x0a, le16, count)
WIRE_STRUCT(media_discovery_out, 0x0c, MEDIA_DISCOVERY_OUT)
#define MEDIA_OPERATION(F)                             \
	F(0x00, u8,   class)                           \
	F(0x01, u8,   subclass)
WIRE_STRUCT(media_operation, 0x02, MEDIA_OPERATION)

/* Get Security State (4500h): output. */
#define GET_SECURITY_STATE_OUT(F)                      \
	F(0x00, le32, state)
WIRE_STRUCT(get_security_state_out, 0x04, GET_SECURITY_STATE_OUT)
#define SECURITY_USER_SET         0x01
#define SECURITY_MASTER_SET       0x02
#define SECURITY_LOCKED           0x04
#define SECURITY_FROZEN           0x08
#define SECURITY_USER_EXHAUSTED   0x10 /* too many wrong passphrases */
#define SECURITY_MASTER_EXHAUSTED 0x20

#define PASSPHRASE_SIZE 32
#define PASSPHRASE_MASTER 0
#define PASSPHRASE_USER   1
#define PASSPHRASES       2

/* Set Passphrase (4501h): input. */
#define SET_PASSPHRASE_IN(F)                           \
	F(0x00, u8,   type)                            \
	F(0x01, u8,   reserved, [31])                  \
	F(0x20, u8,   current, [PASSPHRASE_SIZE])      \
	F(0x40, u8,   new, [PASSPHRASE_SIZE])
WIRE_STRUCT(set_passphrase_in, 0x60, SET_PASSPHRASE_IN)

/* Disable Passphrase (4502h), Passphrase Secure Erase (4505h): input. */
#define PASSPHRASE_IN(F)                               \
	F(0x00, u8,   type)                            \
	F(0x01, u8,   reserved, [31])                  \
	F(0x20, u8,   current, [PASSPHRASE_SIZE])
WIRE_STRUCT(passphrase_in, 0x40, PASSPHRASE_IN)

/* Unlock (4503h): input. */
#define UNLOCK_IN(F)                                   \
	F(0x00, u8,   current, [PASSPHRASE_SIZE])
WIRE_STRUCT(unlock_in, 0x20, UNLOCK_IN)

/* Security Send and Receive (4600h, 4601h): input before the data. */
#define SECURITY_PROTOCOL_IN(F)                        \
	F(0x00, u8,   protocol)                        \
	F(0x01, le16, specific)                        \
	F(0x03, u8,   reserved, [5])
WIRE_STRUCT(security_protocol_in, 0x08, SECURITY_PROTOCOL_IN)
#define PROTOCOL_INFORMATION   0x00
#define   INFORMATION_LIST        0x0000 /* protocols */
#define   INFORMATION_CERTIFICATE 0x0001

/* What the information protocol tells, with lengths as storage has them: big-endian. */
#define PROTOCOL_LIST(F)                               \
	F(0x00, u8,   reserved, [6])                   \
	F(0x06, u8,   length, [2])                     \
	F(0x08, u8,   protocol, [1])
WIRE_STRUCT(protocol_list, 0x09, PROTOCOL_LIST)
#define PROTOCOL_CERTIFICATE(F)                        \
	F(0x00, u8,   reserved, [2])                   \
	F(0x02, u8,   length, [2])
WIRE_STRUCT(protocol_certificate, 0x04, PROTOCOL_CERTIFICATE)

/* clang-format on */

#endif
