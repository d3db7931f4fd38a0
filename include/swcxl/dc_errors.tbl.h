/* SPDX-License-Identifier: MIT */
/*
 * What can be wrong with a fabric manager's request for dynamic capacity (7.6.7.6.5, .6):
 * DC_ERROR(id, return code of the FM API, text). Rows only. Texts of what QEMU knows are QEMU's.
 */
#ifndef DC_ERROR
#error "define DC_ERROR() first"
#endif
/* clang-format off */
DC_ERROR(NO_REGIONS,     UNSUPPORTED,              "No dynamic capacity support from the device")
DC_ERROR(BAD_HOST,       INVALID_INPUT,            "host-id is too large: the device has one host, 0")
DC_ERROR(BAD_REGION,     INVALID_INPUT,            "region id is too large")
DC_ERROR(BAD_POLICY,     INVALID_INPUT,            "Selection policy not supported")
DC_ERROR(EMPTY,          INVALID_EXTENT_LIST,      "extent with 0 length is not allowed")
DC_ERROR(MISALIGNED,     INVALID_EXTENT_LIST,      "dpa or len is not aligned to region block size")
DC_ERROR(BEYOND,         INVALID_EXTENT_LIST,      "extent range is beyond the region end")
DC_ERROR(OVERLAP,        INVALID_EXTENT_LIST,      "duplicate or overlapped extents are detected")
DC_ERROR(ALREADY_ADDED,  INVALID_EXTENT_LIST,      "cannot add DPA already accessible to the same LD")
DC_ERROR(STILL_PENDING,  INVALID_EXTENT_LIST,      "cannot add DPA again while still pending")
DC_ERROR(STILL_HELD,     INVALID_EXTENT_LIST,      "cannot add DPA that a reference to its tag keeps")
DC_ERROR(NOT_THERE,      INVALID_PHYSICAL_ADDRESS, "cannot release extent with non-existing DPA range")
DC_ERROR(NOT_YET,        INVALID_PHYSICAL_ADDRESS, "cannot release extent with pending DPA range")
DC_ERROR(NO_SPACE,       RESOURCES_EXHAUSTED,      "the region has not so much free capacity")
DC_ERROR(NO_STRETCH,     RESOURCES_EXHAUSTED,      "the region has no free stretch of that length")
DC_ERROR(TOO_MUCH,       RESOURCES_EXHAUSTED,      "the host has not so much capacity with that tag")
DC_ERROR(TOO_MANY,       RESOURCES_EXHAUSTED,      "too many extents: the device cannot keep track of them")
DC_ERROR(TOO_MANY_TAGS,  RESOURCES_EXHAUSTED,      "too many tags: the device cannot keep track of them")
DC_ERROR(NO_TAG,         INVALID_INPUT,            "a tag is required by sharable regions and by tag-based removal")
DC_ERROR(TAG_IN_USE,     INVALID_INPUT,            "the tag is in use already")
DC_ERROR(UNKNOWN_TAG,    INVALID_INPUT,            "nothing has that tag")
DC_ERROR(NOT_SHARABLE,   INVALID_INPUT,            "the region is not sharable")
DC_ERROR(HAS_ACCESS,     INVALID_INPUT,            "the host has access to that tag already")
DC_ERROR(PART_OF_SHARED, INVALID_INPUT,            "sharable capacity can be released only as a whole")
DC_ERROR(LOG_FULL,       RETRY_REQUIRED,           "the dynamic capacity event log has no room: retry when the host has cleared records")
/* clang-format on */
#undef DC_ERROR
