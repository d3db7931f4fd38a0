// SPDX-License-Identifier: MIT
/* Event records, decoded: those of a log, without clearing them. */
#include <stdio.h>

#include "front/qmp/fields.h"
#include "wire/events.h"

void qmp_uuid_text(const uint8_t bytes[static 16], char text[static QMP_UUID_TEXT])
{
	static const char dash_before[16] = {[4] = 1, [6] = 1, [8] = 1, [10] = 1};

	for (int i = 0; i < 16; i++)
		text += sprintf(text, dash_before[i] ? "-%02x" : "%02x", bytes[i]);
}

static void out_record(struct out *out, const uint8_t *record)
{
	const struct event_header *header = (const void *)record;
	const struct event_type *type = event_type_of(header->type.b);
	char text[QMP_UUID_TEXT];

	qmp_uuid_text(header->type.b, text);
	out_begin(out, NULL, '{');
	out_string(out, "uuid", text);
	out_string(out, "type", type ? type->name : "vendor");
	out_uint(out, "length", header->length);
	out_enum(out, "severity", &qmp_enum_log, rd(header->flags) & EVENT_SEVERITY);
	event_out(out, &event_types[RECORD_HEADER], record);
	if (type)
		event_out(out, type, record);
	out_hex(out, "data", record, SWCXL_EVENT_RECORD_SIZE);
	out_end(out, '}');
}

bool cmd_query_events(struct qmp_call *call, const struct qmp_query_events_args *in)
{
	struct swcxl_dev *dev = call->qmp->dev;
	struct swcxl_log_status status;
	uint32_t i = 0;

	swcxl_query_log(dev, in->log, &status);
	out_begin(&call->ret, NULL, '[');
	if (in->has_max && in->max < status.count)
		i = status.count - (uint32_t)in->max;
	for (; i < status.count; i++) {
		const uint8_t *record = swcxl_log_record(dev, in->log, i);

		if (!record)
			break;
		out_record(&call->ret, record);
	}
	out_end(&call->ret, ']');
	return true;
}
