// SPDX-License-Identifier: MIT
/*
 * The whole state of the device, out and in (docs/adr/0029-state-as-json.md). Either way it goes in
 * parts, none of which is large. What comes in is put into a device of its own, whose state the
 * device then takes: whatever is wrong with it, or missing, is found before anything has happened.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "base/width.h"
#include "front/qmp/session.h"
#include "front/qmp/state_json.h"
#include "loop/loop.h"

#define FORMAT 1
#define PART_BYTES (256 * KiB) /* of a reply; one record more is not much more */
#define PART_SILENT 1024u      /* records that say nothing, in a row, before a part ends */
#define IMPORT_IDLE_S 5	       /* without a part, and an import gives way to another one */

static const struct identity {
	const char *name;
	size_t offset, size;
} identity[] = {
#define IDENTITY(name, field) \
	{name, offsetof(struct swcxl_config, field), sizeof(((struct swcxl_config *)0)->field)},
#include "tbl/identity.tbl.h"
};

static uint64_t identity_of(const struct swcxl_config *config, const struct identity *id)
{
	return load_width((const char *)config + id->offset, id->size);
}

/* ---- out ------------------------------------------------------------------------------------- */

static void out_device(struct out *out, const struct swcxl_config *config)
{
	char serial[24];

	out_begin(out, "device", '{');
	snprintf(serial, sizeof(serial), "0x%016" PRIx64, config->serial);
	out_string(out, "serial", serial);
	for (size_t i = 0; i < ARRAY_SIZE(identity); i++)
		out_uint(out, identity[i].name, identity_of(config, &identity[i]));
	out_end(out, '}');
}

bool cmd_export_state(struct qmp_call *call, const struct qmp_export_state_args *in)
{
	const struct swcxl_dev *dev = call->qmp->dev;
	struct swcxl_cursor cursor = {0};
	struct swcxl_change change;
	struct out *out = &call->ret;
	bool more = true;
	char next[48] = "";
	int end = 0;

	if (in->has_next && *in->next &&
	    (sscanf(in->next, "%" SCNu64 ":%" SCNu64 "%n", &cursor.section, &cursor.at, &end) !=
		     2 ||
	     in->next[end]))
		return qmp_error(call, "Parameter 'next' is not what a part has returned");
	out_begin(out, NULL, '{');
	out_uint(out, "swcxl-state", FORMAT);
	out_device(out, swcxl_get_config(dev));
	out_begin(out, "records", '[');
	for (unsigned n = 0; out->len < PART_BYTES && n < PART_SILENT && more;) {
		more = swcxl_save_next(dev, &cursor, &change);
		n = !more || state_out(out, &change, in->secrets) ? 0 : n + 1;
	}
	out_end(out, ']');
	out_uint(out, "generation", swcxl_changes(dev));
	if (more)
		snprintf(next, sizeof(next), "%" PRIu64 ":%" PRIu64, cursor.section, cursor.at);
	out_string(out, "next", next);
	out_end(out, '}');
	return true;
}

/* ---- in -------------------------------------------------------------------------------------- */

struct state_import {
	struct swcxl_dev *dev; /* fresh, with what has come so far */
	uint64_t last_ns;      /* when a part came last */
	uint64_t records;
	uint32_t settings; /* that there have been */
	struct state_record record;
};

void qmp_import_free(struct state_import *import)
{
	if (!import)
		return;
	swcxl_free(import->dev);
	free(import);
}

/* What waits may be as large as a device, so there is one. Who has begun it and sends nothing more
 * must not keep others out. */
static bool is_free(struct qmp_call *call)
{
	for (struct qmp_session *s = call->qmp->sessions; s; s = s->next) {
		if (!s->import)
			continue;
		if (loop_elapsed_ns() - s->import->last_ns < IMPORT_IDLE_S * NS_PER_S)
			return qmp_error(call, "Another connection has begun to import a state");
		qmp_import_free(s->import);
		s->import = NULL;
		s->import_gone = true;
	}
	return true;
}

static struct state_import *begin(struct qmp_call *call)
{
	struct state_import *import;

	if (call->session->import_gone) {
		qmp_error(call,
			  "No part had come for %d seconds, and another connection began to "
			  "import a state: begin again",
			  IMPORT_IDLE_S);
		return NULL;
	}
	if (!is_free(call))
		return NULL;
	import = calloc(1, sizeof(*import));
	if (import && !swcxl_twin(call->qmp->dev, &import->dev))
		return import;
	free(import);
	qmp_error(call, "Out of memory");
	return NULL;
}

static bool check_head(struct qmp_call *call, struct json_object *state)
{
	const struct swcxl_config *config = swcxl_get_config(call->qmp->dev);
	struct json_object *value, *device;

	if (!json_object_object_get_ex(state, "swcxl-state", &value) ||
	    !json_object_is_type(value, json_type_int))
		return qmp_error(call, "'swcxl-state' is missing: it is no state of a device");
	if (json_object_get_int64(value) != FORMAT)
		return qmp_error(call, "'swcxl-state': format %" PRId64 " is not known here",
				 json_object_get_int64(value));
	if (!json_object_object_get_ex(state, "device", &device) ||
	    !json_object_is_type(device, json_type_object))
		return qmp_error(call, "'device' is missing");
	for (size_t i = 0; i < ARRAY_SIZE(identity); i++) {
		const struct identity *id = &identity[i];
		uint64_t is = identity_of(config, id);

		if (!json_object_object_get_ex(device, id->name, &value) ||
		    !json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
			return qmp_error(call, "'device' has no number '%s'", id->name);
		if (json_object_get_uint64(value) != is)
			return qmp_error(call,
					 "The state is of a device with --%s %" PRIu64
					 ", and this one has %" PRIu64,
					 id->name, json_object_get_uint64(value), is);
	}
	return true;
}

/* Each once: moving the bound between partitions costs as much as there is poison. */
static bool is_new_setting(struct state_import *import)
{
	const struct swcxl_change *c = &import->record.change;
	uint32_t bit = c->kind == SWCXL_CHANGE_SETTING ? 1u << c->start : 0;
	bool is_new = !(import->settings & bit);

	import->settings |= bit;
	return is_new;
}

static bool take_record(struct qmp_call *call, struct state_import *import,
			struct json_object *object)
{
	uint64_t n = ++import->records;
	int error;

	if (!state_take(&import->record, object))
		return qmp_error(call, "Record %" PRIu64 ": %s", n, import->record.why);
	if (!is_new_setting(import))
		return qmp_error(call, "Record %" PRIu64 ": this setting came before", n);
	error = swcxl_apply(import->dev, &import->record.change);
	if (error == -ENOMEM)
		return qmp_error(call,
				 "Record %" PRIu64 ": there is not enough memory, or more than "
				 "--media-memory-max allows",
				 n);
	if (error)
		return qmp_error(call, "Record %" PRIu64 ": such a device cannot have that", n);
	return true;
}

static bool take_part(struct qmp_call *call, struct json_object *state)
{
	struct json_object *records;

	if (!check_head(call, state))
		return false;
	if (!json_object_object_get_ex(state, "records", &records) ||
	    !json_object_is_type(records, json_type_array))
		return qmp_error(call, "'records' is missing");
	for (size_t i = 0; i < json_object_array_length(records); i++)
		if (!take_record(call, call->session->import,
				 json_object_array_get_idx(records, i)))
			return false;
	return true;
}

static void adopt(struct qmp_call *call)
{
	const struct qmp_host *host = &call->qmp->host;

	swcxl_adopt(call->qmp->dev, call->session->import->dev);
	if (host->renewed)
		host->renewed(host->ctx);
}

bool cmd_import_state(struct qmp_call *call, const struct qmp_import_state_args *in)
{
	struct qmp_session *session = call->session;
	bool ok = true;

	if (in->has_state && !session->import)
		session->import = begin(call);
	if (in->has_state)
		ok = session->import && take_part(call, in->state);
	if (ok && in->has_state && in->more) {
		session->import->last_ns = loop_elapsed_ns();
		return true;
	}
	if (ok && in->has_state)
		adopt(call);
	qmp_import_free(session->import);
	session->import = NULL;
	session->import_gone = false;
	return ok;
}
