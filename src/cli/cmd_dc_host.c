/* SPDX-License-Identifier: MIT */
/*
 * dc respond and dc release: dynamic capacity, answered as its host.
 *
 * Answers are given in the order of the log, and what has its answer is cleared from it, for it is
 * the host's only list of what it still has to do. So an offer cannot be answered before a request
 * to release that came earlier: its records could not be cleared. A host owes that request no
 * answer, and may decline it.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/dc.h"
#include "cli/format.h"
#include "swcxl/swcxl.h"
#include "wire/dc.h"

struct ranges {
	struct range *rows;
	size_t count, room;
};

static void add_range(struct ranges *ranges, uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	if (ranges->count == ranges->room) {
		ranges->room = MAX(2 * ranges->room, 64);
		ranges->rows = xalloc(ranges->rows, ranges->room * sizeof(*ranges->rows));
	}
	ranges->rows[ranges->count++] = (struct range){start, end - start};
}

/* What of the range the extents have, as a range for each extent. */
static void add_held(struct ranges *ranges, const struct extents *extents, struct range range)
{
	for (size_t i = 0; i < extents->count; i++) {
		const struct range *r = &extents->rows[i].range;

		add_range(ranges, MAX(r->start, range.start),
			  MIN(r->start + r->length, range.start + range.length));
	}
}

static uint64_t ranges_bytes(const struct ranges *ranges)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < ranges->count; i++)
		bytes += ranges->rows[i].length;
	return bytes;
}

static struct json_object *ranges_json(const struct ranges *ranges)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < ranges->count; i++)
		json_object_array_add(array, dc_range_json(&ranges->rows[i]));
	return array;
}

/* 4802h or 4803h, in as many payloads as it takes (A-2, B-4); *parts: how many. */
static unsigned update(struct link *link, enum opcode opcode, const struct ranges *ranges,
		       unsigned *parts)
{
	size_t fit = (link->payload - sizeof(struct dc_update_in)) / sizeof(struct dc_update_entry);
	uint8_t *in = xalloc(NULL, link->payload);
	size_t sent = 0, n;
	unsigned rc;

	*parts = 0;
	link_hold(link, true);
	do {
		struct dc_update_in head = {.flags = 0};
		uint8_t *at = in + sizeof(head);

		n = MIN(ranges->count - sent, fit);
		head.flags = sent + n < ranges->count ? DC_UPDATE_MORE : 0;
		wr(&head.count, n);
		memcpy(in, &head, sizeof(head));
		for (size_t i = 0; i < n; i++, at += sizeof(struct dc_update_entry)) {
			struct dc_update_entry entry = {.reserved = {0}};

			wr(&entry.start, ranges->rows[sent + i].start);
			wr(&entry.length, ranges->rows[sent + i].length);
			memcpy(at, &entry, sizeof(entry));
		}
		rc = link_execute(link, opcode, in, (size_t)(at - in)).rc;
		sent += n;
		++*parts;
	} while (!rc && sent < ranges->count);
	link_hold(link, false);
	free(in);
	return rc;
}

/* ---- dc respond ---- */

/* Is the only argument this word? */
static bool is_word(const struct ctl *ctl, const char *word)
{
	return ctl->nargs == 1 && strcmp(ctl->args[0], word) == 0;
}

static _Noreturn void die_no_offer(struct ctl *ctl, const struct dc_view *view)
{
	struct json_object *device = NULL, *dc;
	uint64_t unknown;

	if (view->log.more)
		die(REFUSED,
		    "None of the oldest %zu records is an offer that waits; the log has "
		    "more, which only shows when these are cleared: 'swcxlctl dc release "
		    "none' does that",
		    view->log.records.count);
	if (link_is_qmp(ctl->link))
		device = qmp_call(ctl->link, "swcxl-query-device", NULL, NULL);
	dc = get_member(device, "dynamic-capacity");
	unknown = get_number(dc, "offers") + get_number(dc, "dead-offers");
	if (unknown)
		die(REFUSED,
		    "No offer waits in the event log, but the device waits for %llu answer%s: "
		    "somebody has cleared the records. 'swcxlctl cci 4802 0000000000000000' "
		    "refuses the oldest",
		    (unsigned long long)unknown, plural(unknown));
	die(REFUSED, "No offer waits for an answer. 'swcxlctl wait event --log dynamic-capacity' "
		     "waits for records");
}

/* The oldest offer that waits. What hides the rest of it is cleared, unless it has to stay. */
static struct chain *find_offer(struct ctl *ctl, struct dc_view *view, bool stay)
{
	for (;;) {
		struct chain *found = NULL;
		bool requested = false;

		for (size_t i = 0; i < view->log.count && !found; i++) {
			struct chain *chain = &view->log.chains[i];

			if (chain->waits && chain->type == DC_EVENT_ADD)
				found = chain;
			else
				requested |= chain->waits;
		}
		if (requested && !stay && (found || view->log.more))
			die(REFUSED, "A request to release comes before the offer: answer it first "
				     "('swcxlctl dc release requested'), or decline it ('swcxlctl "
				     "dc release none')");
		if ((found && found->complete) || !view->log.more || stay)
			return found;
		dc_log_consume(ctl->link, &view->have, &view->log);
	}
}

/* What of the offer is to be accepted. Ranges may go from one of its extents into the next. */
static void choose(struct ctl *ctl, const struct dc_view *view, const struct chain *offer,
		   const struct range *given, struct ranges *accepted)
{
	struct extents offered = {.rows = view->log.records.rows + offer->first,
				  .count = offer->count};

	if (is_word(ctl, "all"))
		for (size_t i = 0; i < offered.count; i++)
			add_held(accepted, &offered, offered.rows[i].range);
	for (unsigned i = 0; given && i < ctl->nargs; i++) {
		if (dc_held(&offered, given[i]) != given[i].length)
			die(USAGE,
			    "%s is not all in the oldest offer, the next to answer, which "
			    "'swcxlctl dc respond' shows",
			    ctl->args[i]);
		add_held(accepted, &offered, given[i]);
	}
}

static const char *respond_advice(unsigned rc)
{
	switch (rc) {
	case SWCXL_INVALID_EXTENT_LIST:
		return "Ranges are whole blocks ('swcxlctl dc config') that do not overlap, and "
		       "sharable capacity is accepted as a whole or not at all. The offer still "
		       "waits";
	case SWCXL_RESOURCES_EXHAUSTED:
		return "These are more extents than the device can keep track of: accept longer "
		       "ones, or fewer. The offer still waits";
	default:
		return "'swcxlctl dc extents' shows what waits";
	}
}

/* The device refuses; perhaps because it knows of no such offer. */
static _Noreturn void respond_refused(struct ctl *ctl, struct dc_view *view, struct chain *offer,
				      unsigned rc, unsigned parts)
{
	bool gone =
		rc == SWCXL_INVALID_PHYSICAL_ADDRESS || (rc == SWCXL_INVALID_INPUT && parts == 1);
	bool keep = ctl_has(ctl, OPT_keep);

	if (!gone)
		die_refused_so(OP_add_dc_response, rc, NULL, respond_advice(rc));
	offer->waits = false;
	if (!keep)
		dc_log_tidy(ctl->link, &view->log);
	die_refused_so(OP_add_dc_response, rc, NULL,
		       keep ? "The device has no such offer any more: it was taken back, has timed "
			      "out, went with a reset, or has its answer"
			    : "The device has no such offer any more: it was taken back, has timed "
			      "out, went with a reset, or has its answer. Its records are cleared");
}

static void show_offer(struct ctl *ctl, const struct dc_view *view, const struct chain *offer)
{
	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		json_object_object_add(document, "offer", dc_records_json(&view->log, offer));
		add_bool(document, "complete", offer->complete);
		print_json(document);
		return;
	}
	printf("The oldest offer:\n");
	dc_print_heading("  ");
	dc_print_chain(&view->log, offer);
	printf("Answer it with 'swcxlctl dc respond all', 'none', or the RANGEs to accept.\n");
}

static void report_response(const struct ctl *ctl, const struct dc_view *view,
			    const struct chain *offer, const struct ranges *accepted,
			    size_t cleared)
{
	struct extents offered = {.rows = view->log.records.rows + offer->first,
				  .count = offer->count};

	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		json_object_object_add(document, "offer", dc_records_json(&view->log, offer));
		json_object_object_add(document, "accepted", ranges_json(accepted));
		add_number(document, "cleared", cleared);
		print_json(document);
		return;
	}
	if (accepted->count)
		printf("Accepted %s of %s on offer", size_text(ranges_bytes(accepted)).s,
		       size_text(extents_bytes(&offered)).s);
	else
		printf("Refused the offer of %s", size_text(extents_bytes(&offered)).s);
	printf("; %zu record%s cleared from the log.\n", cleared, plural(cleared));
}

enum status cmd_dc_respond(struct ctl *ctl)
{
	bool words = is_word(ctl, "all") || is_word(ctl, "none");
	struct range *given = ctl->nargs && !words ? dc_ranges(ctl) : NULL;
	struct ranges accepted = {.count = 0};
	struct chain *offer;
	struct dc_view view;
	unsigned rc, parts;
	size_t cleared = 0;

	dc_look(ctl_link(ctl), &view);
	offer = find_offer(ctl, &view, ctl_has(ctl, OPT_keep) || !ctl->nargs);
	if (!offer)
		die_no_offer(ctl, &view);
	if (!ctl->nargs) {
		show_offer(ctl, &view, offer);
		dc_view_free(&view);
		return DONE;
	}
	if (!offer->complete && view.log.more)
		die(REFUSED, "The offer has more records than can be read at once: without --keep "
			     "they are cleared while they are read");
	choose(ctl, &view, offer, given, &accepted);
	rc = update(ctl->link, OP_add_dc_response, &accepted, &parts);
	if (rc)
		respond_refused(ctl, &view, offer, rc, parts);
	offer->waits = false;
	if (!ctl_has(ctl, OPT_keep))
		cleared = dc_log_tidy(ctl->link, &view.log);
	report_response(ctl, &view, offer, &accepted, cleared);
	free(accepted.rows);
	free(given);
	dc_view_free(&view);
	return DONE;
}

/* ---- dc release ---- */

/* Adds a range without what is there already: requests may name the same capacity twice. */
static void add_new(struct ranges *ranges, struct range range)
{
	uint64_t end = range.start + range.length;

	for (size_t i = 0; i < ranges->count; i++) {
		struct range r = ranges->rows[i];

		if (r.start >= end || r.start + r.length <= range.start)
			continue;
		if (range.start < r.start)
			add_new(ranges, (struct range){range.start, r.start - range.start});
		if (r.start + r.length < end)
			add_new(ranges,
				(struct range){r.start + r.length, end - r.start - r.length});
		return;
	}
	add_range(ranges, range.start, end);
}

/* What is asked for and the host still has. */
static void add_requested(struct ranges *ranges, const struct dc_view *view)
{
	for (size_t i = 0; i < view->log.count; i++) {
		const struct chain *chain = &view->log.chains[i];
		struct ranges held = {.count = 0};

		if (!chain->waits || chain->type != DC_EVENT_RELEASE)
			continue;
		for (size_t n = 0; n < chain->count; n++)
			add_held(&held, &view->have,
				 view->log.records.rows[chain->first + n].range);
		for (size_t n = 0; n < held.count; n++)
			add_new(ranges, held.rows[n]);
		free(held.rows);
	}
}

static bool is_shown(const struct chain *chain)
{
	return chain->type == DC_EVENT_FORCED_RELEASE ||
	       (chain->type == DC_EVENT_RELEASE && chain->waits);
}

static void show_requests(struct ctl *ctl, const struct dc_view *view)
{
	struct json_object *document = json_object_new_object();
	struct json_object *array = json_object_new_array();
	unsigned shown = 0;

	for (size_t i = 0; i < view->log.count; i++) {
		const struct chain *chain = &view->log.chains[i];

		if (!is_shown(chain))
			continue;
		json_object_array_add(array, dc_chain_json(&view->log, chain));
		if (!ctl->json) {
			printf("%s\n", chain->type == DC_EVENT_RELEASE
					       ? "Request to release:"
					       : "Taken by force, nothing to answer:");
			dc_print_chain(&view->log, chain);
		}
		shown++;
	}
	if (!shown)
		die(REFUSED, "Nothing is asked for. Name the RANGEs to give back all the same, or "
			     "'all'; 'swcxlctl dc extents' shows what there is");
	json_object_object_add(document, "requests", array);
	if (ctl->json) {
		print_json(document);
		return;
	}
	json_object_put(document);
	printf("Release with 'swcxlctl dc release requested', or RANGEs; 'none' declines and "
	       "clears the records.\n");
}

/* Clears requests, and what forced releases have left, as if they were done. */
static size_t decline(struct ctl *ctl, struct dc_view *view)
{
	size_t cleared;

	for (size_t i = 0; i < view->log.count; i++)
		if (view->log.chains[i].type == DC_EVENT_RELEASE)
			view->log.chains[i].waits = false;
	cleared = dc_log_tidy(ctl->link, &view->log);
	if (!cleared && view->log.count)
		die(REFUSED, "An offer comes first in the log: answer it ('swcxlctl dc respond')");
	if (!cleared)
		die(REFUSED, "There is nothing to decline: the event log is empty");
	return cleared;
}

static const char *release_advice(unsigned rc)
{
	switch (rc) {
	case SWCXL_INVALID_PHYSICAL_ADDRESS:
		return "The host has not all of this: 'swcxlctl dc extents' shows what it has";
	case SWCXL_INVALID_EXTENT_LIST:
		return "Ranges are whole blocks ('swcxlctl dc config') that do not overlap, and "
		       "sharable capacity with one tag is released as a whole";
	case SWCXL_RESOURCES_EXHAUSTED:
		return "The extents would fall into more parts than the device can keep track "
		       "of: release whole ones";
	default:
		return "'swcxlctl dc extents' shows what the host has";
	}
}

static void release(struct ctl *ctl, struct dc_view *view, const struct ranges *released)
{
	unsigned rc, parts;

	rc = update(ctl->link, OP_release_dc, released, &parts);
	if (rc)
		die_refused_so(OP_release_dc, rc, NULL, release_advice(rc));
	dc_list_read(ctl->link, &view->have, &view->generation);
	dc_log_judge(&view->have, &view->log);
}

static void report_release(const struct ctl *ctl, const struct ranges *released, size_t cleared)
{
	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		json_object_object_add(document, "released", ranges_json(released));
		add_number(document, "cleared", cleared);
		print_json(document);
		return;
	}
	if (released->count)
		printf("Released %s", size_text(ranges_bytes(released)).s);
	else
		printf("Released nothing");
	printf("; %zu record%s cleared from the log.\n", cleared, plural(cleared));
}

/* What the arguments say. */
static void choose_released(const struct ctl *ctl, const struct dc_view *view,
			    const struct range *given, struct ranges *released)
{
	bool requested = is_word(ctl, "requested");

	if (requested)
		add_requested(released, view);
	for (size_t i = 0; is_word(ctl, "all") && i < view->have.count; i++)
		add_held(released, &view->have, view->have.rows[i].range);
	for (unsigned i = 0; given && i < ctl->nargs; i++)
		add_range(released, given[i].start, given[i].start + given[i].length);
	if (!released->count)
		die(REFUSED, requested ? "Nothing is asked for that the host has"
				       : "The host has no dynamic capacity");
}

enum status cmd_dc_release(struct ctl *ctl)
{
	bool none = is_word(ctl, "none");
	bool words = none || is_word(ctl, "all") || is_word(ctl, "requested");
	struct range *given = ctl->nargs && !words ? dc_ranges(ctl) : NULL;
	struct ranges released = {.count = 0};
	struct dc_view view;
	size_t cleared = 0;

	if (none && ctl_has(ctl, OPT_keep))
		ctl_usage(ctl, "'none' does nothing but clear records, which --keep forbids");
	dc_look(ctl_link(ctl), &view);
	if (!ctl->nargs) {
		show_requests(ctl, &view);
	} else if (none) {
		report_release(ctl, &released, decline(ctl, &view));
	} else {
		choose_released(ctl, &view, given, &released);
		release(ctl, &view, &released);
		if (!ctl_has(ctl, OPT_keep))
			cleared = dc_log_tidy(ctl->link, &view.log);
		report_release(ctl, &released, cleared);
	}
	free(released.rows);
	free(given);
	dc_view_free(&view);
	return DONE;
}
