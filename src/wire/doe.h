/* SPDX-License-Identifier: MIT */
/*
 * Data objects of a DOE mailbox (PCIe 6.30): discovery; CXL r3.2 8.1.11 table access and 14.16.4
 * compliance. Every object begins with its header; lengths in it are dwords, the header counted.
 */
#ifndef SWCXL_WIRE_DOE_H
#define SWCXL_WIRE_DOE_H

#include "base/wire.h"

#define DOE_LENGTH(length) ((length)&0x3ffff)
#define DOE_LENGTH_MAX (1u << 18) /* dwords; a length of 0 says so */

#define PCI_SIG_VENDOR_ID 0x0001
#define DOE_DISCOVERY 0x00    /* of PCI-SIG */
#define DOE_COMPLIANCE 0x00   /* of CXL */
#define DOE_TABLE_ACCESS 0x02 /* of CXL */

/* clang-format off */
#define DOE_HEADER(F)                                  \
	F(0x00, le16, vendor)                          \
	F(0x02, u8,   type)                            \
	F(0x03, u8,   reserved)                        \
	F(0x04, le32, length)
WIRE_STRUCT(doe_header, 0x08, DOE_HEADER)

/* What follows the header. Discovery: which type of object has this index, and what is the next
 * index (0: there is none). */
#define DOE_DISCOVERY_IN(F)                            \
	F(0x00, u8,   index)                           \
	F(0x01, u8,   version)                         \
	F(0x02, u8,   reserved, [2])
WIRE_STRUCT(doe_discovery_in, 0x04, DOE_DISCOVERY_IN)

#define DOE_DISCOVERY_OUT(F)                           \
	F(0x00, le16, vendor)                          \
	F(0x02, u8,   type)                            \
	F(0x03, u8,   next)
WIRE_STRUCT(doe_discovery_out, 0x04, DOE_DISCOVERY_OUT)
#define DOE_NO_VENDOR 0xffff /* no object has this index */

/* Table access: Read Entry, request and, in front of the entry, response. */
#define DOE_READ_ENTRY(F)                              \
	F(0x00, u8,   code)                            \
	F(0x01, u8,   table)                           \
	F(0x02, le16, handle)
WIRE_STRUCT(doe_read_entry, 0x04, DOE_READ_ENTRY)
#define DOE_CODE_READ_ENTRY 0x00
#define DOE_TABLE_CDAT 0x00
#define DOE_LAST_ENTRY 0xffff /* the next handle, of the last entry */

/* Compliance: the beginning of every request; of every response; Query Capabilities. */
#define DOE_COMPLIANCE_IN(F)                           \
	F(0x00, u8,   code)                            \
	F(0x01, u8,   version)                         \
	F(0x02, u8,   reserved, [2])
WIRE_STRUCT(doe_compliance_in, 0x04, DOE_COMPLIANCE_IN)

#define DOE_COMPLIANCE_OUT(F)                          \
	F(0x00, u8,   code)                            \
	F(0x01, u8,   version)                         \
	F(0x02, u8,   length)                          \
	F(0x03, u8,   status)
WIRE_STRUCT(doe_compliance_out, 0x04, DOE_COMPLIANCE_OUT)

#define DOE_COMPLIANCE_CAPABILITIES(F)                 \
	F(0x00, le64, available)                       \
	F(0x08, le64, enabled)
WIRE_STRUCT(doe_compliance_capabilities, 0x10, DOE_COMPLIANCE_CAPABILITIES)
/* clang-format on */

#define COMPLIANCE_QUERY_CAPABILITIES 0x00
enum { COMPLIANCE_SUCCESS = 0, COMPLIANCE_UNSUPPORTED = 3 };

#endif
