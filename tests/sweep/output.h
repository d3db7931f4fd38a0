/* SPDX-License-Identifier: MIT */
/* What every output has to be, by its row and its structs: so long, and 0 where it is reserved. */
#ifndef SWCXL_TESTS_OUTPUT_H
#define SWCXL_TESTS_OUTPUT_H

#include "../fuzz/rows.h"
#include "swcxl/swcxl.h"
#include "wire/events.h"
#include "wire/features.h"
#include "wire/media.h"

/* A reserved field: of the output struct, or of each entry behind it. */
struct reserved {
	uint16_t opcode;
	uint32_t first, at, len, entry; /* entry: its size; 0: there is none */
	uint32_t last;			/* bytes behind the entries */
};

#define OF_STRUCT(opcode, type, field)                                                           \
	{                                                                                        \
		opcode, 0, offsetof(struct type, field), sizeof(((struct type *)0)->field), 0, 0 \
	}
#define OF_ENTRY(opcode, head, type, field, last)                                    \
	{                                                                            \
		opcode, sizeof(struct head), offsetof(struct type, field),           \
			sizeof(((struct type *)0)->field), sizeof(struct type), last \
	}
/* clang-format off */
static const struct reserved reserved[] = {
	OF_STRUCT(0x0002, background_operation_status_out, reserved),
	OF_STRUCT(0x0100, get_event_records_out, reserved1),
	OF_STRUCT(0x0100, get_event_records_out, reserved2),
	{0x0100, sizeof(struct get_event_records_out), offsetof(struct event_header, reserved),
	 11, 128, 0},
	OF_STRUCT(0x0200, get_fw_info_out, reserved),
	OF_STRUCT(0x0400, get_supported_logs_out, reserved),
	OF_STRUCT(0x0405, get_supported_logs_sub_list_out, reserved1),
	OF_STRUCT(0x0405, get_supported_logs_sub_list_out, reserved2),
	OF_STRUCT(0x0500, get_supported_features_out, reserved),
	OF_ENTRY(0x0500, get_supported_features_out, feature_entry, reserved, 0),
	OF_STRUCT(0x4300, get_poison_list_out, reserved1),
	OF_STRUCT(0x4300, get_poison_list_out, reserved2),
	OF_ENTRY(0x4300, get_poison_list_out, media_error_record, reserved, 0),
	OF_STRUCT(0x4305, get_scan_media_results_out, reserved1),
	OF_STRUCT(0x4305, get_scan_media_results_out, reserved2),
	OF_ENTRY(0x4305, get_scan_media_results_out, media_error_record, reserved, 0),
	OF_STRUCT(0x4800, get_dc_config_out, reserved),
	OF_ENTRY(0x4800, get_dc_config_out, dc_region, reserved, sizeof(struct dc_counters)),
	OF_STRUCT(0x4801, get_dc_extent_list_out, reserved),
	OF_ENTRY(0x4801, get_dc_extent_list_out, dc_extent_data, reserved, 0),
};
/* clang-format on */

static inline bool is_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	while (n)
		any |= p[--n];
	return !any;
}

static inline bool reserved_is_zero(const struct reserved *r, const uint8_t *out, size_t len)
{
	if (!r->entry)
		return len < r->at + r->len || is_zero(out + r->at, r->len);
	for (size_t at = r->first; at + r->entry + r->last <= len; at += r->entry)
		if (!is_zero(out + at + r->at, r->len))
			return false;
	return true;
}

static inline bool length_ok(const struct swcxl_config *c, const struct row *row, size_t len)
{
	bool newest = c->revision == SWCXL_CXL_3_2; /* older forms are shorter */

	if (len > c->payload_size || (newest && len < row->out))
		return false;
	return row->out_tail || len <= row->out;
}

static inline bool output_ok(const struct swcxl_config *c, unsigned opcode, const uint8_t *out,
			     size_t len)
{
	const struct row *row = row_of(opcode);

	if (!row || !length_ok(c, row, len))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(reserved); i++)
		if (reserved[i].opcode == opcode && !reserved_is_zero(&reserved[i], out, len))
			return false;
	return true;
}

#endif
