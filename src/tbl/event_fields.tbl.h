/* SPDX-License-Identifier: MIT */
/*
 * Event records (8.2.10.2.1): every field of every type, in the order in which they are shown.
 * Rows only. From here follow how records are decoded and made, and their objects in the schema.
 *
 *   COMMON(HEADER, "header", since, fields...)   what records of all types have
 *   RECORD(id, "name", since, fields...)         id: of the type's EVENT_UUID row
 *   FIELD(kind, "name", offset, bytes, enum, valid, since, "help")
 *
 * Offsets are in the whole record. since: 2_0, 3_0, 3_1 or 3_2, the first revision that knows it;
 * before, its bytes are reserved. valid: the number of its bit in the field of kind VALIDITY, or
 * ALWAYS. Kinds:
 *
 *   NUMBER SIGNED  an integer                 CODE      one value of enum
 *   BITS           bits that enum names       VALIDITY  likewise; one in each record
 *   BYTES          hexadecimal digits         WORDS     64-bit integers
 *   ADDRESS        bits 63:6                  FLAG      one bit of its byte: number "valid"
 *   FORMAT         a bit of VALIDITY that has a name of its own as well
 *   LOG            a number that the log gives a record
 */
#ifndef COMMON
#define COMMON(...)
#endif
#ifndef RECORD
#define RECORD(...)
#endif
/* clang-format off */

COMMON(HEADER, "header", 2_0,
	FIELD(VALIDITY, "flags",             0x11,  3, record_flags, ALWAYS, 2_0, "")
	FIELD(LOG,      "handle",            0x14,  2, none, ALWAYS, 2_0, "")
	FIELD(NUMBER,   "related-handle",    0x16,  2, none, ALWAYS, 2_0, "0: none")
	FIELD(LOG,      "timestamp",         0x18,  8, none, ALWAYS, 2_0, "by the device's clock; 0: clock not set")
	FIELD(NUMBER,   "maint-op-class",    0x20,  1, none, ALWAYS, 3_0, "")
	FIELD(NUMBER,   "maint-op-subclass", 0x21,  1, none, 6, 3_1, "")
	FIELD(NUMBER,   "ld-id",             0x22,  2, none, 7, 3_2, "")
	FIELD(NUMBER,   "head-id",           0x24,  1, none, 8, 3_2, ""))

RECORD(GENERAL_MEDIA, "general-media", 2_0,
	FIELD(ADDRESS,  "dpa",               0x30,  8, none, ALWAYS, 2_0, "a multiple of 64")
	FIELD(FLAG,     "volatile",          0x30,  1, none, 0, 2_0, "the address is of volatile capacity")
	FIELD(FLAG,     "not-repairable",    0x30,  1, none, 1, 2_0, "")
	FIELD(BITS,     "descriptor",        0x38,  1, media_descriptor, ALWAYS, 2_0, "")
	FIELD(CODE,     "memory-event-type", 0x39,  1, media_event_type, ALWAYS, 2_0, "")
	FIELD(CODE,     "transaction-type",  0x3a,  1, transaction_type, ALWAYS, 2_0, "")
	FIELD(VALIDITY, "validity",          0x3b,  2, media_validity, ALWAYS, 2_0, "which of the following mean anything")
	FIELD(NUMBER,   "channel",           0x3d,  1, none, 0, 2_0, "")
	FIELD(NUMBER,   "rank",              0x3e,  1, none, 1, 2_0, "")
	FIELD(NUMBER,   "device",            0x3f,  3, none, 2, 2_0, "mask")
	FIELD(BYTES,    "component-id",      0x42, 16, none, 3, 2_0, "hexadecimal digits")
	FIELD(FORMAT,   "is-comp-id-pldm",   0x42,  0, none, 4, 3_1, "the component-id is one of PLDM; a bit of validity, by another name")
	FIELD(NUMBER,   "cme-ev-flags",      0x52,  1, none, ALWAYS, 3_1, "")
	FIELD(NUMBER,   "cme-count",         0x53,  3, none, ALWAYS, 3_1, "")
	FIELD(CODE,     "sub-type",          0x56,  1, media_sub_type, ALWAYS, 3_1, ""))

RECORD(DRAM, "dram", 2_0,
	FIELD(ADDRESS,  "dpa",               0x30,  8, none, ALWAYS, 2_0, "a multiple of 64")
	FIELD(FLAG,     "volatile",          0x30,  1, none, 0, 2_0, "the address is of volatile capacity")
	FIELD(FLAG,     "not-repairable",    0x30,  1, none, 1, 2_0, "")
	FIELD(BITS,     "descriptor",        0x38,  1, media_descriptor, ALWAYS, 2_0, "")
	FIELD(CODE,     "memory-event-type", 0x39,  1, dram_event_type, ALWAYS, 2_0, "")
	FIELD(CODE,     "transaction-type",  0x3a,  1, transaction_type, ALWAYS, 2_0, "")
	FIELD(VALIDITY, "validity",          0x3b,  2, dram_validity, ALWAYS, 2_0, "which of the following mean anything")
	FIELD(NUMBER,   "channel",           0x3d,  1, none, 0, 2_0, "")
	FIELD(NUMBER,   "rank",              0x3e,  1, none, 1, 2_0, "")
	FIELD(NUMBER,   "nibble-mask",       0x3f,  3, none, 2, 2_0, "")
	FIELD(NUMBER,   "bank-group",        0x42,  1, none, 3, 2_0, "")
	FIELD(NUMBER,   "bank",              0x43,  1, none, 4, 2_0, "")
	FIELD(NUMBER,   "row",               0x44,  3, none, 5, 2_0, "")
	FIELD(NUMBER,   "column",            0x47,  2, none, 6, 2_0, "")
	FIELD(WORDS,    "correction-mask",   0x49, 32, none, 7, 2_0, "four numbers")
	FIELD(BYTES,    "component-id",      0x69, 16, none, 8, 3_1, "hexadecimal digits")
	FIELD(FORMAT,   "is-comp-id-pldm",   0x69,  0, none, 9, 3_1, "the component-id is one of PLDM; a bit of validity, by another name")
	FIELD(NUMBER,   "sub-channel",       0x79,  1, none, 10, 3_1, "")
	FIELD(NUMBER,   "cme-ev-flags",      0x7a,  1, none, ALWAYS, 3_1, "")
	FIELD(NUMBER,   "cvme-count",        0x7b,  3, none, ALWAYS, 3_1, "")
	FIELD(CODE,     "sub-type",          0x7e,  1, media_sub_type, ALWAYS, 3_1, ""))

RECORD(MEMORY_MODULE, "memory-module", 2_0,
	FIELD(CODE,     "device-event-type", 0x30,  1, module_event_type, ALWAYS, 2_0, "")
	FIELD(NUMBER,   "health-status",     0x31,  1, none, ALWAYS, 2_0, "this and the next seven: as Get Health Info has them")
	FIELD(NUMBER,   "media-status",      0x32,  1, none, ALWAYS, 2_0, "")
	FIELD(NUMBER,   "additional-status", 0x33,  1, none, ALWAYS, 2_0, "")
	FIELD(NUMBER,   "life-used",         0x34,  1, none, ALWAYS, 2_0, "percent")
	FIELD(SIGNED,   "temperature",       0x35,  2, none, ALWAYS, 2_0, "degrees Celsius")
	FIELD(NUMBER,   "dirty-shutdown-count", 0x37, 4, none, ALWAYS, 2_0, "")
	FIELD(NUMBER,   "corrected-volatile-error-count", 0x3b, 4, none, ALWAYS, 2_0, "")
	FIELD(NUMBER,   "corrected-persistent-error-count", 0x3f, 4, none, ALWAYS, 2_0, "")
	FIELD(VALIDITY, "validity",          0x43,  2, module_validity, ALWAYS, 3_1, "which of the following mean anything")
	FIELD(BYTES,    "component-id",      0x45, 16, none, 0, 3_1, "hexadecimal digits")
	FIELD(FORMAT,   "is-comp-id-pldm",   0x45,  0, none, 1, 3_1, "the component-id is one of PLDM; a bit of validity, by another name")
	FIELD(CODE,     "sub-type",          0x55,  1, module_sub_type, ALWAYS, 3_1, ""))

RECORD(MEMORY_SPARING, "memory-sparing", 3_1,
	FIELD(NUMBER,   "sparing-class",     0x30,  1, none, ALWAYS, 3_1, "the maintenance operation, once more")
	FIELD(NUMBER,   "sparing-subclass",  0x31,  1, none, ALWAYS, 3_1, "")
	FIELD(BITS,     "sparing-flags",     0x32,  1, sparing_flags, ALWAYS, 3_1, "")
	FIELD(CODE,     "result",            0x33,  1, sparing_result, ALWAYS, 3_1, "")
	FIELD(VALIDITY, "validity",          0x34,  2, sparing_validity, ALWAYS, 3_1, "which of the following mean anything")
	FIELD(NUMBER,   "resources-available", 0x3c, 2, none, ALWAYS, 3_1, "spares that are left; 3: or more")
	FIELD(NUMBER,   "channel",           0x3e,  1, none, 0, 3_1, "")
	FIELD(NUMBER,   "rank",              0x3f,  1, none, 1, 3_1, "")
	FIELD(NUMBER,   "nibble-mask",       0x40,  3, none, 2, 3_1, "")
	FIELD(NUMBER,   "bank-group",        0x43,  1, none, 3, 3_1, "")
	FIELD(NUMBER,   "bank",              0x44,  1, none, 4, 3_1, "")
	FIELD(NUMBER,   "row",               0x45,  3, none, 5, 3_1, "")
	FIELD(NUMBER,   "column",            0x48,  2, none, 6, 3_1, "")
	FIELD(BYTES,    "component-id",      0x4a, 16, none, 7, 3_1, "hexadecimal digits")
	FIELD(FORMAT,   "is-comp-id-pldm",   0x4a,  0, none, 8, 3_1, "the component-id is one of PLDM; a bit of validity, by another name")
	FIELD(NUMBER,   "sub-channel",       0x5a,  1, none, 9, 3_1, ""))

RECORD(DYNAMIC_CAPACITY, "dynamic-capacity", 3_0,
	FIELD(CODE,     "dc-event-type",     0x30,  1, dc_event_type, ALWAYS, 3_0, "")
	FIELD(VALIDITY, "validity",          0x31,  1, dc_validity, ALWAYS, 3_1, "whether the last two mean anything")
	FIELD(NUMBER,   "host-id",           0x32,  2, none, ALWAYS, 3_0, "")
	FIELD(NUMBER,   "region",            0x34,  1, none, ALWAYS, 3_0, "")
	FIELD(BITS,     "dc-event-flags",    0x35,  1, dc_event_flags, ALWAYS, 3_1, "more: the next record is of the same event")
	FIELD(NUMBER,   "start",             0x38,  8, none, ALWAYS, 3_0, "address of the extent")
	FIELD(NUMBER,   "extent-length",     0x40,  8, none, ALWAYS, 3_0, "bytes")
	FIELD(BYTES,    "tag",               0x48, 16, none, ALWAYS, 3_0, "hexadecimal digits")
	FIELD(NUMBER,   "shared-sequence",   0x58,  2, none, ALWAYS, 3_0, "")
	FIELD(NUMBER,   "available-extents", 0x78,  4, none, 0, 3_1, "")
	FIELD(NUMBER,   "available-tags",    0x7c,  4, none, 0, 3_1, ""))

/* clang-format on */
#undef COMMON
#undef RECORD
