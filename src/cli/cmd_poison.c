/* SPDX-License-Identifier: MIT */
/*
 * inject, clear and poison list: the poison commands as a host has them.
 *
 * Without a RANGE the list is asked for partition by partition, as Linux does it, and region by
 * region of dynamic capacity: a device may refuse a range across two, and one that keeps no list
 * for volatile memory answers Invalid Physical Address for that part (rules P-8, P-9), which is
 * then said and not an error.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/format.h"
#include "cli/table.h"
#include "swcxl/swcxl.h"

/* ---- inject, clear ---- */

/* Runs a command for each line that the arguments name; how many there were. Ends the program at
 * the first that is refused. */
static uint64_t for_each_line(struct ctl *ctl, enum opcode opcode, const uint8_t data[static 64])
{
	struct range *ranges = xalloc(NULL, ctl->nargs * sizeof(*ranges));
	uint64_t done = 0;

	for (unsigned i = 0; i < ctl->nargs; i++)
		ranges[i] = ctl_lines(ctl, ctl->args[i]);
	for (unsigned i = 0; i < ctl->nargs; i++) {
		for (uint64_t at = 0; at < ranges[i].length; at += SWCXL_LINE, done++) {
			uint64_t dpa = ranges[i].start + at;
			unsigned rc = opcode == OP_inject_poison
					      ? cci_inject(ctl_link(ctl), dpa)
					      : cci_clear(ctl_link(ctl), dpa, data);
			char what[80];

			if (rc == SWCXL_SUCCESS)
				continue;
			snprintf(what, sizeof(what), "at %s, after %" PRIu64 " line%s",
				 dpa_text(dpa).s, done, plural(done));
			die_refused(opcode, rc, what);
		}
	}
	free(ranges);
	return done;
}

static enum status report_lines(const struct ctl *ctl, const char *key, const char *verb,
				uint64_t lines)
{
	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		add_number(document, key, lines);
		print_json(document);
	} else {
		printf("%s %s.\n", verb, length_text(lines * SWCXL_LINE).s);
	}
	return DONE;
}

enum status cmd_inject(struct ctl *ctl)
{
	static const uint8_t none[64];

	return report_lines(ctl, "injected", "Injected",
			    for_each_line(ctl, OP_inject_poison, none));
}

enum status cmd_clear(struct ctl *ctl)
{
	uint8_t data[64] = {0};
	size_t len = 0;

	if (ctl_has(ctl, OPT_data)) {
		if (!parse_hex(ctl->options[OPT_data], data, sizeof(data), &len) || !len ||
		    sizeof(data) % len != 0)
			ctl_usage(ctl,
				  "--data needs 1, 2, 4, 8, 16, 32 or 64 bytes in hexadecimal");
		for (size_t i = len; i < sizeof(data); i++)
			data[i] = data[i - len];
	}
	return report_lines(ctl, "cleared", "Cleared", for_each_line(ctl, OP_clear_poison, data));
}

/* ---- poison list ---- */

/* What a device may keep no list for. */
struct unlisted {
	bool is_volatile, dynamic;
};

static struct json_object *list_json(const struct poison_list *list,
				     const struct unlisted *unlisted)
{
	struct json_object *document = json_object_new_object();

	add_bool(document, "overflow", list->overflow);
	add_number(document, "overflow-timestamp", list->overflow_timestamp);
	add_bool(document, "scan-in-progress", list->scanning);
	add_bool(document, "complete",
		 !list->overflow && !list->scanning && !list->incomplete &&
			 !unlisted->is_volatile && !unlisted->dynamic);
	json_object_object_add(document, "records", records_json(&list->records));
	return document;
}

static void print_list(const struct poison_list *list, const struct unlisted *unlisted,
		       uint64_t limit)
{
	records_print(&list->records, limit);
	if (list->overflow)
		printf("%sOverflow%s%s: errors are missing from this list. A scan of the "
		       "whole device builds it anew ('swcxlctl scan').\n",
		       colour(RED), colour(PLAIN), since_text(list->overflow_timestamp).s);
	if (list->scanning)
		printf("%sScanning%s: a scan is running, and the list may change until it ends.\n",
		       colour(YELLOW), colour(PLAIN));
	if (list->incomplete)
		printf("More: the device promised more records and did not send them.\n");
	if (unlisted->is_volatile)
		printf("The device keeps no list for its volatile memory.\n");
	if (unlisted->dynamic)
		printf("The device keeps no list for some of its dynamic capacity.\n");
}

static enum status list_media(struct ctl *ctl, struct range range, bool ranged)
{
	uint64_t limit = ctl_number(ctl, OPT_limit, UINT64_MAX);
	struct identity id = {.capacity = 0};
	struct json_object *rows;

	if (!ranged) {
		cci_identify(ctl_link(ctl), &id);
		range = (struct range){0, id.capacity};
	}
	rows = media_rows(ctl_link(ctl), range);
	if (!ctl->json) {
		media_rows_print(rows, limit);
		json_object_put(rows);
		return DONE;
	}
	struct json_object *document = json_object_new_object();
	json_object_object_add(document, "rows", rows);
	print_json(document);
	return DONE;
}

enum status cmd_poison_list(struct ctl *ctl)
{
	uint64_t limit = ctl_number(ctl, OPT_limit, UINT64_MAX);
	struct poison_list list = {.overflow = false};
	struct range range = {0};
	/* Linux asks for a list of length 0, and D-3 allows it; nothing else may be empty. */
	bool ranged =
		ctl_has(ctl, OPT_media) ? ctl_range(ctl, &range) : ctl_range_or_empty(ctl, &range);
	struct unlisted unlisted = {.dynamic = false};
	struct range areas[AREAS];
	struct identity id;
	unsigned count = 1;

	if (ctl_has(ctl, OPT_media)) {
		if (ctl_has(ctl, OPT_pci))
			ctl_usage(ctl,
				  "--media needs the control socket of an swcxl process (--qmp)");
		return list_media(ctl, range, ranged);
	}
	cci_identify(ctl_link(ctl), &id);
	if (ranged)
		areas[0] = range;
	else
		count = identity_areas(&id, areas);
	for (unsigned i = 0; i < count; i++) {
		unsigned rc = cci_poison_list(ctl->link, &id, areas[i], &list);
		bool dynamic = is_dynamic(&id, areas[i].start);

		if (rc == SWCXL_INVALID_PHYSICAL_ADDRESS && !ranged && dynamic)
			unlisted.dynamic = true;
		else if (rc == SWCXL_INVALID_PHYSICAL_ADDRESS && !ranged &&
			 areas[i].start < id.parts[1].start)
			unlisted.is_volatile = true;
		else if (rc)
			die_refused(OP_get_poison_list, rc, NULL);
	}
	if (ctl->json)
		print_json(list_json(&list, &unlisted));
	else
		print_list(&list, &unlisted, limit);
	records_free(&list.records);
	return DONE;
}
