/* SPDX-License-Identifier: MIT */
/* dc config and dc extents: dynamic capacity, looked at. */
#include <json-c/json.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/dc.h"
#include "cli/format.h"
#include "cli/names.h"
#include "swcxl/swcxl.h"
#include "wire/dc.h"

/* ---- dc config ---- */

/* Flags of a region as bits: what 4800h has, or, from a control socket, all. */
static struct json_object *region_flags(struct json_object *device, const struct region *region,
					unsigned i)
{
	struct json_object *regions = get_member(get_member(device, "dynamic-capacity"), "regions");

	if (i < get_count(regions))
		return json_object_get(get_member(json_object_array_get_idx(regions, i), "flags"));
	return bit_keys(ENUM_dc_flag, region->sanitize ? SWCXL_DC_SANITIZE : 0);
}

static void print_flags(struct json_object *flags)
{
	for (size_t i = 0; i < get_count(flags); i++) {
		const char *flag = json_object_get_string(json_object_array_get_idx(flags, i));

		printf("%s%s", i ? "," : "", quote(flag ? flag : "").s);
	}
	puts(get_count(flags) ? "" : "-");
	json_object_put(flags);
}

static void print_config(const struct dc_config *config, struct json_object *device)
{
	uint64_t bytes = 0;

	printf("%s%-*s  %6s  %10s  %10s  %10s  %6s  %s%s\n", colour(BOLD), DPA_WIDTH, "DPA",
	       "REGION", "LENGTH", "DECODE", "BLOCK", "HANDLE", "FLAGS", colour(PLAIN));
	for (unsigned i = 0; i < config->regions; i++) {
		const struct region *region = &config->region[i];

		printf("%s  %6u  %10s  %10s  %10s  %6u  ", dpa_text(region->range.start).s, i,
		       size_text(region->range.length).s, size_text(region->decode_length).s,
		       size_text(region->block).s, region->handle);
		print_flags(region_flags(device, region, i));
		bytes += region->range.length;
	}
	printf("%u region%s, %s. The device tells decode lengths in %s.\n", config->regions,
	       plural(config->regions), size_text(bytes).s,
	       config->decode_bytes ? "bytes" : "units of 256 MiB");
	if (config->counted)
		printf("It can keep track of %u more of %u extents, and of %u more of %u tags.\n",
		       config->extents_available, config->extents, config->tags_available,
		       config->tags);
}

static void add_counter(struct json_object *document, const char *key, bool known, uint64_t value)
{
	json_object_object_add(document, key, known ? json_object_new_uint64(value) : NULL);
}

static struct json_object *config_json(const struct dc_config *config, struct json_object *device)
{
	struct json_object *document = json_object_new_object();
	struct json_object *regions = json_object_new_array();

	for (unsigned i = 0; i < config->regions; i++) {
		const struct region *region = &config->region[i];
		struct json_object *row = json_object_new_object();

		add_number(row, "region", i);
		add_number(row, "start", region->range.start);
		add_number(row, "length", region->range.length);
		add_number(row, "decode-length", region->decode_length);
		add_number(row, "block-size", region->block);
		add_number(row, "dsmad-handle", region->handle);
		json_object_object_add(row, "flags", region_flags(device, region, i));
		json_object_array_add(regions, row);
	}
	json_object_object_add(document, "regions", regions);
	add_bool(document, "decode-length-in-bytes", config->decode_bytes);
	add_counter(document, "extents-max", config->counted, config->extents);
	add_counter(document, "extents-available", config->counted, config->extents_available);
	add_counter(document, "tags-max", config->counted, config->tags);
	add_counter(document, "tags-available", config->counted, config->tags_available);
	return document;
}

enum status cmd_dc_config(struct ctl *ctl)
{
	struct json_object *device = NULL;
	struct dc_config config;

	dc_config_need(ctl_link(ctl), &config);
	if (link_is_qmp(ctl->link))
		device = qmp_call(ctl->link, "swcxl-query-device", NULL, NULL);
	if (ctl->json)
		print_json(config_json(&config, device));
	else
		print_config(&config, device);
	json_object_put(device);
	return DONE;
}

/* ---- dc extents ---- */

static const char *chain_title(const struct chain *chain, bool first)
{
	switch (chain->type) {
	case DC_EVENT_ADD:
		if (!chain->waits)
			return "Offer, which has its answer";
		return first ? "Offer, the next to answer: swcxlctl dc respond all|none|RANGE..."
			     : "Offer";
	case DC_EVENT_RELEASE:
		return chain->waits ? "Request to release: swcxlctl dc release requested|none"
				    : "Request to release, which is done";
	case DC_EVENT_FORCED_RELEASE:
		return "Taken by force: the host has lost it";
	default:
		return value_key(ENUM_dc_event_type, chain->type);
	}
}

static void print_waiting(const struct waiting *log)
{
	bool first = true;

	if (log->count)
		printf("\nIn the event log, oldest first:\n");
	else
		printf("Nothing waits for an answer.\n");
	for (size_t i = 0; i < log->count; i++) {
		const struct chain *chain = &log->chains[i];
		bool forced = chain->type == DC_EVENT_FORCED_RELEASE;
		enum colour c = forced ? RED : chain->waits ? YELLOW : PLAIN;

		printf("%s%s%s\n", c == PLAIN ? "" : colour(c), chain_title(chain, first),
		       c == PLAIN ? "" : colour(PLAIN));
		first &= chain->type != DC_EVENT_ADD || !chain->waits;
		dc_print_chain(log, chain);
	}
	if (log->more)
		printf("... and more in the log, which only shows when these are cleared.\n");
}

static void print_extents(const struct dc_view *view, uint64_t limit)
{
	size_t shown = (size_t)MIN(view->have.count, limit);

	if (shown)
		dc_print_heading("");
	for (size_t i = 0; i < shown; i++)
		dc_print_extent(&view->have.rows[i],
				dc_region_at(&view->config, view->have.rows[i].range.start), "");
	if (shown && shown < view->have.count)
		printf("... and %zu more\n", view->have.count - shown);
	printf("%zu extent%s, %s; generation %u.\n", view->have.count, plural(view->have.count),
	       size_text(extents_bytes(&view->have)).s, view->generation);
	print_waiting(&view->log);
}

static struct json_object *extents_json(const struct dc_view *view)
{
	struct json_object *document = json_object_new_object();
	struct json_object *array = json_object_new_array();

	add_number(document, "generation", view->generation);
	for (size_t i = 0; i < view->have.count; i++) {
		const struct extent *extent = &view->have.rows[i];
		unsigned region = dc_region_at(&view->config, extent->range.start);

		json_object_array_add(array, dc_extent_json(extent, region));
	}
	json_object_object_add(document, "extents", array);
	array = json_object_new_array();
	for (size_t i = 0; i < view->log.count; i++)
		json_object_array_add(array, dc_chain_json(&view->log, &view->log.chains[i]));
	json_object_object_add(document, "groups", array);
	add_bool(document, "more", view->log.more);
	return document;
}

enum status cmd_dc_extents(struct ctl *ctl)
{
	uint64_t limit = ctl_number(ctl, OPT_limit, UINT64_MAX);
	struct dc_view view;

	dc_look(ctl_link(ctl), &view);
	if (ctl->json)
		print_json(extents_json(&view));
	else
		print_extents(&view, limit);
	dc_view_free(&view);
	return DONE;
}
