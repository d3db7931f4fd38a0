/* SPDX-License-Identifier: MIT */
/*
 * status: the device at a glance. Both the text and the JSON are made from one struct, which holds
 * only what every device can say over either transport; a control socket knows more, and its own
 * description is added to the JSON as it is.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/dc.h"
#include "cli/event.h"
#include "cli/format.h"
#include "swcxl/swcxl.h"
#include "wire/dc.h"
#include "wire/generic.h"

struct overview {
	struct identity id;
	uint64_t timestamp; /* of the device's clock; 0: not set */
	unsigned list_rc;
	uint64_t list_count;
	bool overflow, scanning;
	uint64_t overflow_timestamp;
	struct background background;
	struct {
		uint64_t count;
		bool more, overflow;
		unsigned lost;
	} logs[LOGS];
	struct {
		uint64_t capacity, allocated;
		size_t extents;
		unsigned offers, requests, forced; /* in the log: the first two wait */
		bool more;			   /* and what cannot be read yet */
	} dc;
	struct json_object *device; /* from the control socket, or NULL */
};

/* Over a control socket the list is not fetched only to be counted: it may be long. */
static void look_at_list(struct link *link, struct overview *o)
{
	struct poison_list list = {.overflow = false};
	struct json_object *state = get_member(o->device, "poison-list");
	struct range areas[AREAS];
	unsigned rc, failed = 0, count = identity_areas(&o->id, areas);
	bool read = false;

	if (state) {
		o->list_count = get_number(state, "count");
		o->overflow = get_bool(state, "overflow");
		o->overflow_timestamp = get_number(state, "overflow-timestamp");
		o->scanning = get_bool(get_member(o->device, "scan"), "running");
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		rc = cci_poison_list(link, &o->id, areas[i], &list);
		failed = rc ? rc : failed;
		read |= !rc;
	}
	o->list_rc = read ? 0 : failed; /* none for one partition is no error (P-9) */
	o->list_count = list.records.count;
	o->overflow = list.overflow;
	o->overflow_timestamp = list.overflow_timestamp;
	o->scanning = list.scanning;
	records_free(&list.records);
}

static void look_at_logs(struct link *link, struct overview *o)
{
	for (unsigned i = 0; i < LOGS; i++) {
		struct json_object *state = get_member(get_member(o->device, "logs"), log_key(i));
		struct event_log log;

		if (state) {
			o->logs[i].count = get_number(state, "count");
			o->logs[i].overflow = get_bool(state, "overflow");
			o->logs[i].lost = (unsigned)get_number(state, "lost");
		} else if (o->id.log_max[i]) {
			event_log_read(link, i, &log);
			o->logs[i].count = log.count;
			o->logs[i].more = log.more;
			o->logs[i].overflow = log.overflow;
			o->logs[i].lost = log.lost;
			event_log_free(&log);
		}
	}
}

static void look_at_capacity(struct link *link, struct overview *o)
{
	struct dc_view view;

	for (unsigned i = 0; i < o->id.regions; i++)
		o->dc.capacity += o->id.region[i].length;
	if (!o->id.regions)
		return;
	dc_look(link, &view);
	o->dc.allocated = extents_bytes(&view.have);
	o->dc.extents = view.have.count;
	o->dc.more = view.log.more;
	for (size_t i = 0; i < view.log.count; i++) {
		const struct chain *chain = &view.log.chains[i];

		o->dc.offers += chain->waits && chain->type == DC_EVENT_ADD;
		o->dc.requests += chain->waits && chain->type == DC_EVENT_RELEASE;
		o->dc.forced += chain->type == DC_EVENT_FORCED_RELEASE;
	}
	dc_view_free(&view);
}

static void look(struct link *link, struct overview *o)
{
	struct reply reply;
	struct timestamp now;

	if (link_is_qmp(link))
		o->device = qmp_call(link, "swcxl-query-device", NULL, NULL);
	cci_identify(link, &o->id);
	reply = link_execute(link, OP_get_timestamp, NULL, 0);
	reply_read(&reply, 0, &now, sizeof(now));
	o->timestamp = rd(now.timestamp);
	link_background(link, &o->background);
	look_at_list(link, o);
	look_at_logs(link, o);
	look_at_capacity(link, o);
}

/* ---- text ---- */

static void print_capacity(const struct overview *o)
{
	static const char *const names[] = {"volatile", "persistent"};

	printf("Capacity    %s", size_text(o->id.capacity).s);
	for (int i = 0; i < 2; i++)
		if (o->id.parts[i].length)
			printf(", %s %s at %s", size_text(o->id.parts[i].length).s, names[i],
			       dpa_text(o->id.parts[i].start).s);
	if (o->dc.capacity)
		printf(", %s dynamic at %s", size_text(o->dc.capacity).s,
		       dpa_text(o->id.region[0].start).s);
	if (o->id.lsa_size)
		printf(", label area %s", size_text(o->id.lsa_size).s);
	putchar('\n');
}

static void print_dynamic(const struct overview *o)
{
	printf("Dynamic     %s of %s with the host, in %zu extent%s", size_text(o->dc.allocated).s,
	       size_text(o->dc.capacity).s, o->dc.extents, plural(o->dc.extents));
	if (o->dc.offers)
		printf("; %s%u offer%s to answer%s", colour(YELLOW), o->dc.offers,
		       plural(o->dc.offers), colour(PLAIN));
	if (o->dc.requests)
		printf("; %s%u request%s to release%s", colour(YELLOW), o->dc.requests,
		       plural(o->dc.requests), colour(PLAIN));
	if (o->dc.forced)
		printf("; %s%u taken by force%s", colour(RED), o->dc.forced, colour(PLAIN));
	printf("%s\n", o->dc.more ? "; more in the log" : "");
}

static void print_list(const struct overview *o)
{
	if (o->list_rc) {
		printf("Poison      no list: %s (%04Xh)\n", rc_text(o->list_rc), o->list_rc);
		return;
	}
	printf("Poison      %" PRIu64 " of at most %u record%s in the list", o->list_count,
	       o->id.list_max, plural(o->id.list_max));
	if (o->overflow)
		printf("; %sOVERFLOW%s%s: errors are missing from it", colour(RED), colour(PLAIN),
		       since_text(o->overflow_timestamp).s);
	putchar('\n');
	if (o->device) {
		struct json_object *media = get_member(o->device, "media");
		uint64_t lines = get_number(media, "poisoned-lines");

		printf("            %" PRIu64 " poisoned line%s on the media, %" PRIu64
		       " of them injected\n",
		       lines, plural(lines), get_number(media, "injected-lines"));
	}
}

/* What is not as usual: the media, and what security there is. */
static void print_media(const struct overview *o)
{
	const char *status = get_string(get_member(o->device, "media"), "status");
	struct json_object *security = get_member(o->device, "security");
	const char *separator = "Security    ";

	if (strcmp(status, "ready") != 0)
		printf("Media       %s%s%s\n", colour(RED), quote(status).s, colour(PLAIN));
	if (!json_object_is_type(security, json_type_object))
		return;
	json_object_object_foreach (security, key, value) {
		if (!json_object_get_boolean(value))
			continue;
		printf("%s%s", separator, quote(key).s);
		separator = ", ";
	}
	if (*separator == ',')
		putchar('\n');
}

static void print_background(const struct background *b)
{
	printf("Background  ");
	if (!b->opcode)
		printf("none since the last reset\n");
	else if (b->running)
		printf("%s%s%s: %u %%\n", colour(YELLOW), opcode_text(b->opcode), colour(PLAIN),
		       b->percent);
	else
		printf("none now; the last one, %s, ended at %u %%: %s\n", opcode_text(b->opcode),
		       b->percent, rc_text(b->rc));
}

static void print_logs(const struct overview *o)
{
	const char *separator = "Events      ";

	for (unsigned i = 0; i < LOGS; i++) {
		if (!o->id.log_max[i])
			continue;
		printf("%s%s %" PRIu64 "%s", separator, log_key(i), o->logs[i].count,
		       o->logs[i].more ? " or more" : "");
		if (o->logs[i].overflow)
			printf(" (%u lost)", o->logs[i].lost);
		separator = ", ";
	}
	putchar('\n');
}

static void print_overview(const struct overview *o)
{
	printf("Device      CXL memory device, firmware %s", o->id.fw_revision);
	if (o->device)
		printf(", name %s, serial %s, CXL %s", quote(get_string(o->device, "name")).s,
		       quote(get_string(o->device, "serial")).s,
		       quote(get_string(o->device, "cxl-revision")).s);
	putchar('\n');
	print_capacity(o);
	if (o->id.regions)
		print_dynamic(o);
	if (o->device)
		print_media(o);
	print_list(o);
	if (o->id.inject_limit)
		printf("Injection   at most %u line%s", o->id.inject_limit,
		       plural(o->id.inject_limit));
	else
		printf("Injection   no limit");
	printf("; resets %s injected poison\n", o->id.injected_persists ? "keep" : "remove");
	print_background(&o->background);
	print_logs(o);
	printf("Clock       %s\n", o->timestamp ? time_text(o->timestamp).s : "not set");
}

/* ---- JSON ---- */

static struct json_object *list_json(const struct overview *o)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "count", o->list_count);
	add_number(object, "max", o->id.list_max);
	add_bool(object, "overflow", o->overflow);
	add_number(object, "overflow-timestamp", o->overflow_timestamp);
	add_bool(object, "scan-in-progress", o->scanning);
	return object;
}

static struct json_object *background_json(const struct background *b)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "opcode", b->opcode);
	add_number(object, "percent", b->percent);
	add_number(object, "return-code", b->rc);
	add_bool(object, "running", b->running);
	return object;
}

static struct json_object *logs_json(const struct overview *o)
{
	struct json_object *object = json_object_new_object();

	for (unsigned i = 0; i < LOGS; i++) {
		struct json_object *log = json_object_new_object();

		if (!o->id.log_max[i]) {
			json_object_put(log);
			continue;
		}
		add_number(log, "count", o->logs[i].count);
		add_number(log, "max", o->id.log_max[i]);
		add_bool(log, "more", o->logs[i].more);
		add_bool(log, "overflow", o->logs[i].overflow);
		add_number(log, "lost", o->logs[i].lost);
		json_object_object_add(object, log_key(i), log);
	}
	return object;
}

static struct json_object *dynamic_json(const struct overview *o)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "regions", o->id.regions);
	add_number(object, "capacity", o->dc.capacity);
	add_number(object, "allocated", o->dc.allocated);
	add_number(object, "extents", o->dc.extents);
	add_number(object, "offers", o->dc.offers);
	add_number(object, "requests", o->dc.requests);
	add_number(object, "forced", o->dc.forced);
	add_bool(object, "more", o->dc.more);
	return object;
}

static struct json_object *overview_json(struct overview *o)
{
	struct json_object *document = json_object_new_object();

	add_string(document, "transport", o->device ? "qmp" : "pci");
	add_string(document, "firmware", o->id.fw_revision);
	add_number(document, "capacity", o->id.capacity);
	add_number(document, "volatile", o->id.parts[0].length);
	add_number(document, "persistent", o->id.parts[1].length);
	json_object_object_add(document, "dynamic-capacity",
			       o->id.regions ? dynamic_json(o) : NULL);
	add_number(document, "lsa", o->id.lsa_size);
	add_number(document, "timestamp", o->timestamp);
	add_number(document, "inject-limit", o->id.inject_limit);
	add_bool(document, "injected-persists", o->id.injected_persists);
	json_object_object_add(document, "poison-list", list_json(o));
	json_object_object_add(document, "background", background_json(&o->background));
	json_object_object_add(document, "logs", logs_json(o));
	json_object_object_add(document, "device", json_object_get(o->device));
	return document;
}

enum status cmd_status(struct ctl *ctl)
{
	struct overview overview = {.device = NULL};

	look(ctl_link(ctl), &overview);
	if (ctl->json)
		print_json(overview_json(&overview));
	else
		print_overview(&overview);
	json_object_put(overview.device);
	return DONE;
}
