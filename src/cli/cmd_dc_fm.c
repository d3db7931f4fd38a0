/* SPDX-License-Identifier: MIT */
/*
 * dc add and dc reclaim: dynamic capacity as the fabric manager gives and takes it, which is what a
 * control socket has commands for.
 *
 * Ranges are device physical addresses, as everywhere; the commands want offsets in a region, which
 * follows from them. What has come of a command is found by looking before and after it.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/dc.h"
#include "cli/format.h"

struct request {
	const char *policy;
	struct range *ranges; /* NULL: a size, or nothing */
	uint64_t size;
	struct dc_config config;
	unsigned region;
};

static void check_policy(const struct ctl *ctl, const char *policy, const char *const *known)
{
	for (; *known; known++)
		if (strcmp(policy, *known) == 0)
			return;
	ctl_usage(ctl,
		  "There is no policy '%s' here; to add: free, contiguous, prescriptive, "
		  "enable-shared-access; to reclaim: tag-based, prescriptive",
		  policy);
}

/* A size, or ranges, or nothing. */
static void take_arguments(const struct ctl *ctl, struct request *request)
{
	for (unsigned i = 0; i < ctl->nargs; i++) {
		uint64_t size;

		if (!parse_size(ctl->args[i], &size))
			continue;
		if (!size)
			ctl_usage(ctl, "A SIZE is more than 0");
		request->size = size;
		if (ctl->nargs > 1)
			ctl_usage(ctl, "A SIZE stands alone; a RANGE is START+LENGTH or START-END, "
				       "in one word");
	}
	if (ctl->nargs && !request->size)
		request->ranges = dc_ranges(ctl);
}

/* The region that all ranges lie in, and that --region may name. */
static void find_region(struct ctl *ctl, struct request *request)
{
	uint64_t given = ctl_number(ctl, OPT_region, 0);

	dc_config_need(ctl_link(ctl), &request->config);
	if (given >= request->config.regions)
		die(USAGE, "There is no region %" PRIu64 ": the device has %u", given,
		    request->config.regions);
	request->region = (unsigned)given;
	for (unsigned i = 0; request->ranges && i < ctl->nargs; i++) {
		unsigned region = dc_region_at(&request->config, request->ranges[i].start);
		const struct range *whole = &request->config.region[region].range;

		if (!range_fits(request->ranges[i].start - whole->start, request->ranges[i].length,
				whole->length))
			die(USAGE, "%s is not in one region ('swcxlctl dc config' shows them)",
			    ctl->args[i]);
		if (i || ctl_has(ctl, OPT_region) ? region != request->region : false)
			die(USAGE, "%s is in region %u, not in %u: one command is for one region",
			    ctl->args[i], region, request->region);
		request->region = region;
	}
}

static void add_range(struct json_object *array, uint64_t offset, uint64_t length)
{
	struct json_object *row = json_object_new_object();

	add_number(row, "offset", offset);
	add_number(row, "len", length);
	json_object_array_add(array, row);
}

/* What both commands have in their arguments. */
static struct json_object *arguments(struct ctl *ctl, const struct request *request,
				     struct json_object *device)
{
	struct json_object *args = json_object_new_object();
	struct json_object *extents = json_object_new_array();
	uint64_t base = request->config.region[request->region].range.start;

	if (request->size)
		add_range(extents, 0, request->size);
	for (unsigned i = 0; request->ranges && i < ctl->nargs; i++)
		add_range(extents, request->ranges[i].start - base, request->ranges[i].length);
	add_string(args, "path", get_string(device, "name"));
	add_number(args, "host-id", 0);
	add_number(args, "region", request->region);
	if (ctl_has(ctl, OPT_tag))
		add_string(args, "tag", ctl->options[OPT_tag]);
	json_object_object_add(args, "extents", extents);
	return args;
}

static struct json_object *query(struct link *link)
{
	return qmp_call(link, "swcxl-query-device", NULL, NULL);
}

static struct json_object *rows_of(struct json_object *device, const char *key)
{
	return get_member(get_member(device, "dynamic-capacity"), key);
}

static uint64_t bytes_of(struct json_object *device, const char *key)
{
	struct json_object *rows = rows_of(device, key);
	uint64_t bytes = 0;

	for (size_t i = 0; i < get_count(rows); i++)
		bytes += get_number(json_object_array_get_idx(rows, i), "length");
	return bytes;
}

static void print_rows(struct json_object *rows)
{
	for (size_t i = 0; i < get_count(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		struct extent extent = {
			.range = {get_number(row, "start"), get_number(row, "length")},
			.sequence = (unsigned)get_number(row, "shared-sequence"),
		};
		size_t len = 0;

		parse_hex(get_string(row, "tag"), extent.tag, sizeof(extent.tag), &len);
		if (i == 0)
			dc_print_heading("");
		dc_print_extent(&extent, (unsigned)get_number(row, "region"), "");
	}
}

/* ---- dc add ---- */

/* Pending extents of offers that were not there before. */
static struct json_object *new_offers(struct json_object *before, struct json_object *after)
{
	struct json_object *dc = get_member(before, "dynamic-capacity");
	uint64_t known = get_number(dc, "offers") + get_number(dc, "dead-offers");
	struct json_object *rows = rows_of(after, "pending"), *array = json_object_new_array();

	for (size_t i = 0; i < get_count(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		if (get_number(row, "offer") > known)
			json_object_array_add(array, json_object_get(row));
	}
	return array;
}

enum status cmd_dc_add(struct ctl *ctl)
{
	static const char *const policies[] = {"free", "contiguous", "prescriptive",
					       "enable-shared-access", NULL};
	struct json_object *before, *after, *args, *offered;
	struct request request = {.size = 0};

	take_arguments(ctl, &request);
	request.policy = ctl_has(ctl, OPT_policy) ? ctl->options[OPT_policy]
			 : request.ranges	  ? "prescriptive"
						  : "free";
	check_policy(ctl, request.policy, policies);
	if (strcmp(request.policy, "enable-shared-access") == 0) {
		if (ctl->nargs || !ctl_has(ctl, OPT_tag))
			ctl_usage(ctl, "enable-shared-access needs --tag, and no SIZE or RANGE");
	} else if ((strcmp(request.policy, "prescriptive") == 0) != !!request.ranges ||
		   !ctl->nargs) {
		ctl_usage(ctl, "Say how much or what: free and contiguous need a SIZE, "
			       "prescriptive needs RANGEs");
	}
	find_region(ctl, &request);
	before = query(ctl->link);
	args = arguments(ctl, &request, before);
	add_string(args, "selection-policy", request.policy);
	json_object_put(qmp_call(ctl->link, "cxl-add-dynamic-capacity", args, NULL));
	after = query(ctl->link);
	offered = new_offers(before, after);
	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		json_object_object_add(document, "offered", offered);
		print_json(document);
	} else {
		print_rows(offered);
		printf("The host is offered this, and finds it in its event log ('swcxlctl dc "
		       "respond').\n");
		json_object_put(offered);
	}
	json_object_put(before);
	json_object_put(after);
	free(request.ranges);
	return DONE;
}

/* ---- dc reclaim ---- */

static struct json_object *requested(struct json_object *device)
{
	struct json_object *rows = rows_of(device, "accepted"), *array = json_object_new_array();

	for (size_t i = 0; i < get_count(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		if (get_bool(row, "release-requested"))
			json_object_array_add(array, json_object_get(row));
	}
	return array;
}

static void report_reclaim(const struct ctl *ctl, struct json_object *before,
			   struct json_object *after)
{
	uint64_t was = bytes_of(before, "accepted"), is = bytes_of(after, "accepted");
	uint64_t offered = bytes_of(before, "pending"), left = bytes_of(after, "pending");
	struct json_object *asked = requested(after);
	bool forced = ctl_has(ctl, OPT_forced);

	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		add_bool(document, "forced", forced);
		add_bool(document, "sanitize", ctl_has(ctl, OPT_sanitize));
		add_number(document, "taken", was - MIN(is, was));
		add_number(document, "withdrawn", offered - MIN(left, offered));
		json_object_object_add(document, "requested", asked);
		print_json(document);
		return;
	}
	if (forced) {
		printf("Taken from the host: %s.", size_text(was - MIN(is, was)).s);
		if (offered > left)
			printf(" Withdrawn from offer: %s.", size_text(offered - left).s);
		putchar('\n');
	} else {
		print_rows(asked);
		printf("The host is asked for (parts of) these extents, and finds that in its "
		       "event log ('swcxlctl dc release').\n");
	}
	json_object_put(asked);
}

enum status cmd_dc_reclaim(struct ctl *ctl)
{
	static const char *const policies[] = {"tag-based", "prescriptive", NULL};
	struct json_object *before, *after, *args;
	struct request request = {.size = 0};

	take_arguments(ctl, &request);
	request.policy = ctl_has(ctl, OPT_policy) ? ctl->options[OPT_policy]
			 : request.ranges	  ? "prescriptive"
						  : "tag-based";
	check_policy(ctl, request.policy, policies);
	if ((strcmp(request.policy, "prescriptive") == 0) != !!request.ranges)
		ctl_usage(ctl, "Say what: prescriptive needs RANGEs, and tag-based has none");
	if (!request.ranges && !ctl_has(ctl, OPT_tag))
		ctl_usage(ctl, "Say what: --tag with or without a SIZE, or RANGEs");
	find_region(ctl, &request);
	before = query(ctl->link);
	args = arguments(ctl, &request, before);
	add_string(args, "removal-policy", request.policy);
	add_bool(args, "forced-removal", ctl_has(ctl, OPT_forced));
	add_bool(args, "sanitize-on-release", ctl_has(ctl, OPT_sanitize));
	json_object_put(qmp_call(ctl->link, "cxl-release-dynamic-capacity", args, NULL));
	after = query(ctl->link);
	report_reclaim(ctl, before, after);
	json_object_put(before);
	json_object_put(after);
	free(request.ranges);
	return DONE;
}
