// SPDX-License-Identifier: MIT
/*
 * Making events. A record is put together as 128 bytes by the table of fields; what the device's
 * revision does not know is taken out, and the log decides the rest: severity, handle, timestamp.
 *
 * The cxl-inject-*-event are QEMU's commands: an argument is the field of its name, and valid when
 * it is given. swcxl-inject-event is ours: any field, any type, any number of times.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "front/qmp/fields.h"
#include "wire/events.h"

struct draft {
	const struct event_type *type; /* NULL: a type that has only bytes */
	uint8_t uuid[16];
	uint8_t record[SWCXL_EVENT_RECORD_SIZE];
};

static bool inject(struct qmp_call *call, unsigned log, struct draft *draft, uint64_t count)
{
	enum swcxl_revision revision = swcxl_get_config(call->qmp->dev)->revision;
	const struct event_header *h = (const void *)draft->record;
	struct swcxl_event_header header;

	event_trim(&event_types[RECORD_HEADER], revision, draft->record);
	if (draft->type)
		event_trim(draft->type, revision, draft->record);
	header = (struct swcxl_event_header){
		.flags = rd(h->flags),
		.related_handle = rd(h->related_handle),
		.maintenance_class = h->maintenance_class,
		.maintenance_subclass = h->maintenance_subclass,
		.ld_id = rd(h->ld_id),
		.head_id = h->head_id,
	};
	memcpy(header.uuid, draft->uuid, sizeof(header.uuid));
	while (count-- > 0)
		swcxl_event_inject(call->qmp->dev, log, &header, draft->record + EVENT_DATA_OFFSET,
				   SWCXL_EVENT_RECORD_SIZE - EVENT_DATA_OFFSET);
	return true;
}

/* ---- QEMU's ---------------------------------------------------------------------------------- */

/* The field that an argument of QEMU's is: the one of its name, but for the event's type. */
static const struct event_field *field_of(const struct event_type *type, const char *name)
{
	if (strcmp(name, "type") != 0)
		return event_field(type, name);
	return event_field(type, type == &event_types[RECORD_MEMORY_MODULE] ? "device-event-type"
									    : "memory-event-type");
}

static void set_from_arg(const struct event_type *type, const struct qmp_arg *arg, const void *p,
			 uint8_t *record)
{
	const struct event_field *field = field_of(type, arg->name);
	struct event_value value = {.number = qmp_arg_number(arg, p)};

	if (!field)
		return;
	if (arg->kind == QMP_STR) {
		value.bytes.p = *(const void *const *)p;
		value.bytes.len = strlen(*(const char *const *)p);
	} else if (arg->kind == QMP_WORDS) {
		value.words = ((const struct qmp_words *)p)->v;
		value.words_count = ((const struct qmp_words *)p)->count;
	}
	event_set(type, field, record, &value);
}

/* args: of the command, whose first are those that all three have. */
static bool inject_as_qemu(struct qmp_call *call, const char *path, unsigned log, uint32_t flags,
			   const struct event_type *type, const void *args)
{
	struct draft draft = {.type = type};
	bool component = false;

	if (!qmp_is_path(call, path, "Unable to resolve path"))
		return false;
	if (log == SWCXL_LOG_INFORMATIONAL && flags & EVENT_MAINTENANCE_NEEDED)
		return qmp_error(call, "Informational event cannot require maintenance");
	memcpy(draft.uuid, type->bytes, sizeof(draft.uuid));
	for (const struct qmp_arg *arg = call->command->args(); arg->name; arg++) {
		const char *base = args;

		if (!*(const bool *)(base + arg->has_offset))
			continue;
		if (!strcmp(arg->name, "component-id"))
			component = true;
		if (!strcmp(arg->name, "is-comp-id-pldm") && !component)
			continue; /* of no component, as in QEMU */
		set_from_arg(&event_types[RECORD_HEADER], arg, base + arg->offset, draft.record);
		set_from_arg(type, arg, base + arg->offset, draft.record);
	}
	return inject(call, log, &draft, 1);
}

bool cmd_cxl_inject_general_media_event(struct qmp_call *call,
					const struct qmp_cxl_inject_general_media_event_args *in)
{
	return inject_as_qemu(call, in->path, in->log, in->flags,
			      &event_types[RECORD_GENERAL_MEDIA], in);
}

bool cmd_cxl_inject_dram_event(struct qmp_call *call,
			       const struct qmp_cxl_inject_dram_event_args *in)
{
	return inject_as_qemu(call, in->path, in->log, in->flags, &event_types[RECORD_DRAM], in);
}

bool cmd_cxl_inject_memory_module_event(struct qmp_call *call,
					const struct qmp_cxl_inject_memory_module_event_args *in)
{
	return inject_as_qemu(call, in->path, in->log, in->flags,
			      &event_types[RECORD_MEMORY_MODULE], in);
}

/* ---- ours ------------------------------------------------------------------------------------ */

/* Members of a record that is shown, but no fields that could be set. */
static bool is_shown_only(const char *name)
{
	static const char *const names[] = {"uuid",   "type",	   "length", "severity",
					    "handle", "timestamp", "data"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool take_fields(struct qmp_call *call, struct json_object *fields, struct draft *draft)
{
	const struct event_type *header = &event_types[RECORD_HEADER], *type = draft->type;
	uint8_t *record = draft->record;

	if (!event_take(call, header, fields, record) ||
	    (type && !event_take(call, type, fields, record)))
		return false;
	json_object_object_foreach (fields, key, value) {
		(void)value;
		if (!is_shown_only(key) && !event_field(header, key) &&
		    !(type && event_field(type, key)))
			return qmp_error(call, "Parameter 'fields.%s' is unexpected", key);
	}
	/* The same twice; drivers disagree about which of them counts. */
	if (type != &event_types[RECORD_MEMORY_SPARING])
		return true;
	if (!json_object_object_get_ex(fields, "sparing-class", NULL))
		record[0x30] = ((struct event_header *)record)->maintenance_class;
	if (!json_object_object_get_ex(fields, "sparing-subclass", NULL))
		record[0x31] = ((struct event_header *)record)->maintenance_subclass;
	return true;
}

/* A UUID in its text form, of either case. */
bool qmp_parse_uuid(const char *text, uint8_t bytes[static 16])
{
	int taken = 0;

	if (strlen(text) != QMP_UUID_TEXT - 1)
		return false;
	for (int i = 0; i < QMP_UUID_TEXT - 1; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23
			    ? text[i] != '-'
			    : !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	for (int i = 0; i < 16; i++, text += taken) {
		text += *text == '-';
		if (sscanf(text, "%2hhx%n", &bytes[i], &taken) != 1)
			return false;
	}
	return true;
}

static bool has_log(struct qmp_call *call, unsigned log)
{
	enum swcxl_revision revision = swcxl_get_config(call->qmp->dev)->revision;

	return log != SWCXL_LOG_DYNAMIC_CAPACITY || revision >= SWCXL_CXL_3_0 ||
	       qmp_error(call, "CXL %s has no log 'dynamic-capacity'",
			 qmp_enum_name(&qmp_enum_revision, revision));
}

/* What a type is: one of those that we know by name, or a UUID. */
static bool take_type(struct qmp_call *call, const char *text, struct draft *draft)
{
	draft->type = event_type_named(text);
	if (!draft->type)
		return qmp_parse_uuid(text, draft->uuid) ||
		       qmp_error(call, "Parameter 'type' does not accept value '%s'", text);
	memcpy(draft->uuid, draft->type->bytes, sizeof(draft->uuid));
	if (draft->type->since > swcxl_get_config(call->qmp->dev)->revision)
		return qmp_error(call, "CXL %s does not know records of type '%s'",
				 qmp_enum_name(&qmp_enum_revision,
					       swcxl_get_config(call->qmp->dev)->revision),
				 text);
	return true;
}

bool cmd_inject_event(struct qmp_call *call, const struct qmp_inject_event_args *in)
{
	struct draft draft = {.type = NULL};

	if (!has_log(call, in->log) || !take_type(call, in->type, &draft))
		return false;
	if (in->has_data && draft.type)
		return qmp_error(call, "Parameter 'data' needs a UUID as 'type'");
	if (in->data.len)
		memcpy(draft.record + EVENT_DATA_OFFSET, in->data.p, in->data.len);
	if (in->has_fields && !take_fields(call, in->fields, &draft))
		return false;
	return inject(call, in->log, &draft, in->count);
}
