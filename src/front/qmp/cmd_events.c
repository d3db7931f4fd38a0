// SPDX-License-Identifier: MIT
/*
 * Event records, decoded. Keys and spellings are those of QEMU's event injectors, so what was
 * injected reads back under the same names; bits are lists of names, and whatever has no name is
 * still in `data`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "front/qmp/session.h"
#include "wire/events.h"

/* In the order of the enum record_type; the last kind is everybody else's. */
static const uint8_t uuids[][16] = {
#define EVENT_UUID(id, name, ...) {__VA_ARGS__},
#include "tbl/uuids.tbl.h"
};

static unsigned record_type(const struct event_header *header)
{
	unsigned type = 0;

	while (type < ARRAY_SIZE(uuids) && memcmp(header->type.b, uuids[type], sizeof(uuid)) != 0)
		type++;
	return type;
}

void qmp_uuid_text(const uint8_t bytes[static 16], char text[static QMP_UUID_TEXT])
{
	static const char dash_before[16] = {[4] = 1, [6] = 1, [8] = 1, [10] = 1};

	for (int i = 0; i < 16; i++)
		text += sprintf(text, dash_before[i] ? "-%02x" : "%02x", bytes[i]);
}

static void out_header(struct out *out, const struct event_header *header)
{
	char text[QMP_UUID_TEXT];
	uint32_t flags = rd(header->flags);

	qmp_uuid_text(header->type.b, text);
	out_string(out, "uuid", text);
	out_enum(out, "type", &qmp_enum_record_type, record_type(header));
	out_uint(out, "length", header->length);
	out_enum(out, "severity", &qmp_enum_log, flags & EVENT_SEVERITY);
	out_bits(out, "flags", &qmp_enum_record_flags, flags);
	out_uint(out, "handle", rd(header->handle));
	out_uint(out, "related-handle", rd(header->related_handle));
	out_uint(out, "timestamp", rd(header->timestamp));
	out_uint(out, "maint-op-class", header->maintenance_class);
	out_uint(out, "maint-op-subclass", header->maintenance_subclass);
	out_uint(out, "ld-id", rd(header->ld_id));
	out_uint(out, "head-id", header->head_id);
}

static void out_general_media(struct out *out, const struct general_media *media)
{
	uint64_t address = rd(media->address);

	out_uint(out, "dpa", address & MEDIA_ADDRESS_DPA);
	out_bool(out, "volatile", address & MEDIA_ADDRESS_VOLATILE);
	out_bool(out, "not-repairable", address & MEDIA_ADDRESS_NOT_REPAIRABLE);
	out_bits(out, "descriptor", &qmp_enum_media_descriptor, media->descriptor);
	out_enum(out, "memory-event-type", &qmp_enum_media_event_type, media->type);
	out_enum(out, "transaction-type", &qmp_enum_transaction_type, media->transaction);
	out_bits(out, "validity", &qmp_enum_media_validity, rd(media->validity));
	out_uint(out, "channel", media->channel);
	out_uint(out, "rank", media->rank);
	out_uint(out, "device", rd(media->device));
	out_hex(out, "component-id", media->component_id, sizeof(media->component_id));
	out_uint(out, "cme-ev-flags", media->cme_flags);
	out_uint(out, "cme-count", rd(media->cme_count));
	out_enum(out, "sub-type", &qmp_enum_media_sub_type, media->sub_type);
}

bool cmd_query_events(struct qmp_call *call, const struct qmp_query_events_args *in)
{
	struct swcxl_dev *dev = call->qmp->dev;
	struct out *out = &call->ret;
	struct swcxl_log_status status;

	swcxl_query_log(dev, in->log, &status);
	out_begin(out, NULL, '[');
	for (uint32_t i = 0; i < status.count; i++) {
		const uint8_t *record = swcxl_log_record(dev, in->log, i);
		const struct event_header *header = (const void *)record;

		if (!record)
			break;
		out_begin(out, NULL, '{');
		out_header(out, header);
		if (record_type(header) == 0)
			out_general_media(out, (const void *)(record + EVENT_DATA_OFFSET));
		out_hex(out, "data", record, SWCXL_EVENT_RECORD_SIZE);
		out_end(out, '}');
	}
	out_end(out, ']');
	return true;
}
