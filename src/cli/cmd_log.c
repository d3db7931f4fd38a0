// SPDX-License-Identifier: MIT
/* log: which logs the device has, what is in one, clearing and populating it. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/event.h"
#include "cli/format.h"
#include "swcxl/swcxl.h"
#include "wire/generic.h"

#define PART 256u     /* what fits into the smallest payload */
#define LOG_MAX MiB   /* of a log that is read */
#define KINDS_MAX 16u /* of logs */

/* clang-format off */
static const struct {
	const char *name;
	uuid uuid;
} names[] = {
#define LOG_UUID(id, name, ...) {name, {{__VA_ARGS__}}},
#include "tbl/uuids.tbl.h"
};
enum { /* in that order; a log that we do not know is raw */
#define LOG_UUID(id, ...) LOG_##id,
#include "tbl/uuids.tbl.h"
};
static const struct {
	uint32_t flag;
	const char *text, *key;
} traits[] = {
	{LOG_CAN_CLEAR,        "can be cleared",         "clear"},
	{LOG_CAN_POPULATE,     "can be populated",       "populate"},
	{LOG_POPULATES_ITSELF, "populates itself",       "auto-populate"},
	{LOG_OUTLIVES_POWER,   "outlives a cold reset",  "persistent"},
};
static const struct {
	uint16_t bit;
	const char *name;
} effects[] = {
	{EFF_COLD_RESET_CONFIG,  "configuration-at-cold-reset"},
	{EFF_IMM_CONFIG,         "configuration"},
	{EFF_IMM_DATA,           "data"},
	{EFF_IMM_POLICY,         "policy"},
	{EFF_IMM_LOG,            "log"},
	{EFF_SECURITY,           "security"},
	{EFF_BACKGROUND,         "background"},
	{EFF_SECONDARY_MAILBOX,  "secondary-mailbox"},
	{EFF_ABORT,              "abort"},
	{EFF_CONV_RESET_CONFIG,  "configuration-at-conventional-reset"},
	{EFF_CXL_RESET_CONFIG,   "configuration-at-cxl-reset"},
};
/* clang-format on */

struct log {
	uuid uuid;
	uint32_t size, flags;
	int kind; /* LOG_*, or -1 */
	char name[40];
};

/* ---- which there are ---- */

static void name_log(struct log *log)
{
	char *hex = hex_string(log->uuid.b, sizeof(log->uuid.b));

	log->kind = -1;
	snprintf(log->name, sizeof(log->name), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
		 hex + 16, hex + 20);
	free(hex);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (memcmp(&names[i].uuid, &log->uuid, sizeof(log->uuid)) != 0)
			continue;
		log->kind = (int)i;
		snprintf(log->name, sizeof(log->name), "%s", names[i].name);
	}
}

static unsigned find_logs(struct link *link, struct log logs[static KINDS_MAX])
{
	struct reply reply = cci_execute(link, OP_get_supported_logs, NULL, 0, NULL);
	struct get_supported_logs_out head;
	unsigned n;

	reply_read(&reply, 0, &head, sizeof(head));
	for (n = 0; n < MIN(rd(head.count), KINDS_MAX); n++) {
		struct supported_log entry;

		reply_read(&reply, sizeof(head) + n * sizeof(entry), &entry, sizeof(entry));
		logs[n] = (struct log){.uuid = entry.log, .size = rd(entry.size)};
		name_log(&logs[n]);
	}
	for (unsigned i = 0; i < n; i++) { /* a command that a device may lack */
		struct get_log_capabilities_out out;

		reply = link_execute(link, OP_get_log_capabilities, &logs[i].uuid, sizeof(uuid));
		reply_read(&reply, 0, &out, sizeof(out));
		logs[i].flags = reply.rc ? 0 : rd(out.flags);
	}
	return n;
}

static void print_traits(const struct log *log)
{
	const char *between = "";

	printf("%-22s%-10s", log->name, size_text(log->size).s);
	for (unsigned i = 0; i < ARRAY_SIZE(traits); i++) {
		if (!(log->flags & traits[i].flag))
			continue;
		printf("%s%s", between, traits[i].text);
		between = ", ";
	}
	printf("%s\n", *between ? "" : "only read");
}

static void list(const struct ctl *ctl, const struct log *logs, unsigned n)
{
	struct json_object *rows = json_object_new_array();

	for (unsigned i = 0; i < n; i++) {
		struct json_object *row = json_object_new_object();

		add_string(row, "log", logs[i].name);
		add_number(row, "size", logs[i].size);
		for (unsigned t = 0; t < ARRAY_SIZE(traits); t++)
			add_bool(row, traits[t].key, logs[i].flags & traits[t].flag);
		json_object_array_add(rows, row);
		if (!ctl->json)
			print_traits(&logs[i]);
	}
	if (ctl->json)
		print_json(rows);
	else
		json_object_put(rows);
}

/* ---- what is in one ---- */

static uint8_t *read_log(struct link *link, const struct log *log)
{
	uint8_t *bytes = xalloc(NULL, log->size + 1);
	struct get_log_in in = {.log = log->uuid};

	memset(bytes, 0, log->size + 1);
	link_hold(link, true);
	for (uint32_t at = 0; at < log->size; at += PART) {
		struct reply reply;

		wr(&in.offset, at);
		wr(&in.length, MIN(PART, log->size - at));
		reply = cci_execute(link, OP_get_log, &in, sizeof(in), log->name);
		memcpy(bytes + at, reply.p, MIN(reply.len, MIN(PART, log->size - at)));
		if (reply.len < PART)
			break;
	}
	link_hold(link, false);
	return bytes;
}

/* Is it text, up to NULs? *len loses these. */
static bool is_text(const uint8_t *p, size_t *len)
{
	while (*len && !p[*len - 1])
		--*len;
	for (size_t i = 0; i < *len; i++)
		if ((p[i] < ' ' && p[i] != '\n' && p[i] != '\t') || p[i] > '~')
			return false;
	return true;
}

/* What a vendor has put there: text as text, anything else as a dump. */
static void show_bytes(struct json_object *document, const uint8_t *p, size_t len)
{
	bool text = is_text(p, &len);

	if (document && text)
		json_object_object_add(document, "text",
				       json_object_new_string_len((const char *)p, (int)len));
	else if (document)
		add_hex(document, "data", p, len);
	else if (text && len)
		printf("%.*s%s", (int)len, (const char *)p, p[len - 1] == '\n' ? "" : "\n");
	else if (!text)
		hex_dump(p, len);
}

static struct json_object *effects_json(const struct cel_entry *entry)
{
	struct json_object *row = json_object_new_object();
	struct json_object *words = json_object_new_array();

	for (unsigned i = 0; i < ARRAY_SIZE(effects); i++)
		if (rd(entry->effects) & effects[i].bit)
			json_object_array_add(words, json_object_new_string(effects[i].name));
	add_number(row, "opcode", rd(entry->opcode));
	add_string(row, "name", opcode_text(rd(entry->opcode)));
	json_object_object_add(row, "effects", words);
	return row;
}

static void show_effects(struct json_object *rows, const uint8_t *p, size_t len)
{
	for (size_t at = 0; at + sizeof(struct cel_entry) <= len; at += sizeof(struct cel_entry)) {
		const struct cel_entry *entry = (const void *)(p + at);
		unsigned bits = rd(entry->effects);

		if (rows) {
			json_object_array_add(rows, effects_json(entry));
			continue;
		}
		printf("%04x  %04x  %-35s", rd(entry->opcode), bits,
		       opcode_text(rd(entry->opcode)));
		for (unsigned i = 0; i < ARRAY_SIZE(effects); i++)
			if (bits & effects[i].bit)
				printf(" %s", effects[i].name);
		printf("%s\n", bits ? "" : " -");
	}
}

/* Of whatever the device says. */
static const char *event_log_key(unsigned log)
{
	return log < LOGS ? log_key(log) : "unknown";
}

static void show_dump(struct json_object *document, const uint8_t *p, size_t len)
{
	const struct state_dump_header *header = (const void *)p;
	size_t data = len < sizeof(*header) ? 0 : MIN(rd(header->length), len - sizeof(*header));
	bool automatic = data && rd(header->flags) & STATE_DUMP_AUTO;

	if (document) {
		add_bool(document, "populated", data);
		add_bool(document, "automatic", automatic);
		add_number(document, "triggers", data ? header->triggers : 0);
		add_string(document, "event-log",
			   automatic ? event_log_key(header->event_log) : "");
		add_number(document, "handle", automatic ? rd(header->event_handle) : 0);
		add_number(document, "timestamp", data ? rd(header->timestamp) : 0);
	} else if (!data) {
		printf("Not populated.\n");
	} else if (automatic) {
		printf("Populated by record %u of the %s log, time %s; %u trigger%s since.\n",
		       rd(header->event_handle), event_log_key(header->event_log),
		       time_text(rd(header->timestamp)).s, header->triggers - 1u,
		       plural(header->triggers - 1u));
	} else {
		printf("Populated on request, time %s.\n", time_text(rd(header->timestamp)).s);
	}
	if (data)
		show_bytes(document, p + sizeof(*header), data);
}

static void show(struct ctl *ctl, const struct log *log)
{
	struct json_object *document = NULL;
	uint8_t *bytes;

	if (log->size > LOG_MAX)
		die(REFUSED, "The log is larger than 1 MiB");
	bytes = read_log(ctl->link, log);
	if (ctl->json)
		document =
			log->kind == LOG_CEL ? json_object_new_array() : json_object_new_object();
	if (document && log->kind != LOG_CEL)
		add_string(document, "log", log->name);
	if (log->kind == LOG_CEL)
		show_effects(document, bytes, log->size);
	else if (log->kind == LOG_STATE_DUMP)
		show_dump(document, bytes, log->size);
	else
		show_bytes(document, bytes, log->size);
	if (document)
		print_json(document);
	free(bytes);
}

/* ---- what is done to one ---- */

static enum status act(struct ctl *ctl, const struct log *log, enum opcode opcode)
{
	struct reply reply = link_execute(ctl->link, opcode, &log->uuid, sizeof(log->uuid));
	struct json_object *document = json_object_new_object();
	const char *text = opcode == OP_clear_log ? "Cleared."
			   : reply.rc		  ? "It is being populated."
						  : "Populated.";

	if (reply.rc > SWCXL_BACKGROUND_STARTED)
		die_refused(opcode, reply.rc, log->name);
	add_string(document, "log", log->name);
	add_bool(document, "running", reply.rc == SWCXL_BACKGROUND_STARTED);
	if (!ctl->json)
		printf("%s\n", text);
	if (ctl->json)
		print_json(document);
	else
		json_object_put(document);
	return DONE;
}

enum status cmd_log(struct ctl *ctl)
{
	const char *action = ctl->nargs > 1 ? ctl->args[1] : "";
	struct log logs[KINDS_MAX];
	unsigned n, i;

	if (*action && strcmp(action, "clear") != 0 && strcmp(action, "populate") != 0)
		ctl_usage(ctl, "'%s' is nothing that is done to a log: clear or populate", action);
	n = find_logs(ctl_link(ctl), logs);
	if (!ctl->nargs) {
		list(ctl, logs, n);
		return DONE;
	}
	for (i = 0; i < n && strcmp(logs[i].name, ctl->args[0]) != 0; i++)
		;
	if (i == n)
		die(REFUSED, "The device has no log '%s': 'swcxlctl log' shows which it has",
		    ctl->args[0]);
	if (*action)
		return act(ctl, &logs[i], *action == 'c' ? OP_clear_log : OP_populate_log);
	show(ctl, &logs[i]);
	return DONE;
}
