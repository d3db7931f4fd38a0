// SPDX-License-Identifier: MIT
/*
 * Dynamic capacity, as a fabric manager offers it and takes it back. cxl-add-dynamic-capacity and
 * cxl-release-dynamic-capacity are QEMU's, with its texts for what both refuse; here they know all
 * policies.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/util.h"
#include "front/qmp/session.h"

#define NO_DEVICE "Unable to resolve CXL type 3 device"

static bool is_digits(const char *text)
{
	while (*text && hex_digit(*text) >= 0)
		text++;
	return !*text;
}

/* A tag is 16 bytes that mean nothing to us: a UUID, as many digits without dashes, or a short
 * text, which zeros follow. */
static bool take_tag(struct qmp_call *call, const char *text, uint8_t tag[static 16])
{
	size_t len = text ? strlen(text) : 0;

	memset(tag, 0, 16);
	if (len <= 16) {
		memcpy(tag, text ? text : "", len);
		return true;
	}
	if (qmp_parse_uuid(text, tag))
		return true;
	for (size_t i = 0; len == 32 && is_digits(text) && i < 16; i++)
		/* NOLINTNEXTLINE: all are digits */
		tag[i] = (uint8_t)(hex_digit(text[2 * i]) * 16 + hex_digit(text[2 * i + 1]));
	if (len == 32 && is_digits(text))
		return true;
	return qmp_error(call, "Parameter 'tag' is no UUID, no 32 hexadecimal digits, and longer "
			       "than 16 bytes");
}

/* What the extents have together. What 64 bits cannot tell is so many blocks, of whatever size,
 * that no region has them. */
static uint64_t sum(const struct qmp_items *extents)
{
	const struct qmp_dc_extent_item *extent = extents->p;
	uint64_t length = 0;

	for (size_t i = 0; i < extents->count; i++)
		if (__builtin_add_overflow(length, extent[i].len, &length))
			return 1ull << 63;
	return length;
}

static struct swcxl_dc_range *ranges_of(const struct qmp_items *extents)
{
	struct swcxl_dc_range *range = calloc(MAX(extents->count, 1u), sizeof(*range));
	const struct qmp_dc_extent_item *extent = extents->p;

	for (size_t i = 0; range && i < extents->count; i++)
		range[i] = (struct swcxl_dc_range){extent[i].offset, extent[i].len};
	return range;
}

static bool tell(struct qmp_call *call, enum swcxl_dc_error error)
{
	return !error || qmp_error(call, "%s", swcxl_dc_error_text(error));
}

bool cmd_cxl_add_dynamic_capacity(struct qmp_call *call,
				  const struct qmp_cxl_add_dynamic_capacity_args *in)
{
	struct swcxl_dc_add add = {
		.host = in->host_id,
		.region = in->region,
		.selection = (enum swcxl_dc_selection)in->selection_policy,
		.length = sum(&in->extents),
		.ranges = in->extents.count,
	};
	struct swcxl_dc_range *range;
	bool ok;

	if (!qmp_is_path(call, in->path, NO_DEVICE) || !take_tag(call, in->tag, add.tag))
		return false;
	range = ranges_of(&in->extents);
	if (!range)
		return qmp_error(call, "Out of memory");
	add.range = range;
	ok = tell(call, swcxl_dc_add(call->qmp->dev, &add));
	free(range);
	return ok;
}

bool cmd_cxl_release_dynamic_capacity(struct qmp_call *call,
				      const struct qmp_cxl_release_dynamic_capacity_args *in)
{
	struct swcxl_dc_release release = {
		.host = in->host_id,
		.region = in->region,
		.removal = (enum swcxl_dc_removal)in->removal_policy,
		.forced = in->forced_removal,
		.sanitize = in->sanitize_on_release,
		.length = sum(&in->extents),
		.ranges = in->extents.count,
	};
	struct swcxl_dc_range *range;
	bool ok;

	if (!qmp_is_path(call, in->path, NO_DEVICE) || !take_tag(call, in->tag, release.tag))
		return false;
	range = ranges_of(&in->extents);
	if (!range)
		return qmp_error(call, "Out of memory");
	release.range = range;
	ok = tell(call, swcxl_dc_release(call->qmp->dev, &release));
	free(range);
	return ok;
}

bool cmd_add_dc_reference(struct qmp_call *call, const struct qmp_add_dc_reference_args *in)
{
	uint8_t tag[16];

	return take_tag(call, in->tag, tag) &&
	       tell(call, swcxl_dc_reference(call->qmp->dev, tag, true));
}

bool cmd_remove_dc_reference(struct qmp_call *call, const struct qmp_remove_dc_reference_args *in)
{
	uint8_t tag[16];

	return take_tag(call, in->tag, tag) &&
	       tell(call, swcxl_dc_reference(call->qmp->dev, tag, false));
}

/* ---- what is shown --------------------------------------------------------------------------- */

void qmp_out_extent(struct out *out, const struct swcxl_dc_extent *extent)
{
	out_uint(out, "region", extent->region);
	out_uint(out, "start", extent->start);
	out_uint(out, "length", extent->length);
	out_hex(out, "tag", extent->tag, sizeof(extent->tag));
	out_uint(out, "shared-sequence", extent->sequence);
}

static void out_regions(struct out *out, const struct swcxl_dev *dev)
{
	struct swcxl_dc_region region;

	out_begin(out, "regions", '[');
	for (unsigned i = 0; swcxl_dc_region_get(dev, i, &region); i++) {
		out_begin(out, NULL, '{');
		out_uint(out, "region", i);
		out_uint(out, "start", region.start);
		out_uint(out, "length", region.length);
		out_uint(out, "block-size", region.block_size);
		out_bits(out, "flags", &qmp_enum_dc_flag, region.flags);
		out_uint(out, "dsmad-handle", region.handle);
		out_uint(out, "free", region.free);
		out_end(out, '}');
	}
	out_end(out, ']');
}

static void out_extents(struct out *out, const struct swcxl_dev *dev, const char *key,
			enum swcxl_dc_state state)
{
	struct swcxl_dc_extent extent;

	out_begin(out, key, '[');
	for (unsigned i = 0; swcxl_dc_extent_get(dev, i, &extent); i++) {
		if (extent.state != state)
			continue;
		out_begin(out, NULL, '{');
		qmp_out_extent(out, &extent);
		if (state == SWCXL_DC_PENDING)
			out_uint(out, "offer", extent.offer);
		if (state == SWCXL_DC_ADDED) {
			out_bool(out, "referenced", extent.referenced);
			out_bool(out, "release-requested", extent.releasing);
			out_bool(out, "sanitize", extent.sanitize);
		}
		out_end(out, '}');
	}
	out_end(out, ']');
}

static void out_refused(struct out *out, const struct swcxl_dev *dev)
{
	struct swcxl_dc_refusal refusal;

	out_begin(out, "refused", '[');
	for (unsigned i = 0; swcxl_dc_refusal_get(dev, i, &refusal); i++) {
		out_begin(out, NULL, '{');
		qmp_out_extent(out, &refusal.extent);
		out_enum(out, "reason", &qmp_enum_dc_change, refusal.reason);
		out_end(out, '}');
	}
	out_end(out, ']');
}

void qmp_out_dc(struct out *out, const struct swcxl_dev *dev, const struct swcxl_status *status)
{
	out_begin(out, "dynamic-capacity", '{');
	out_regions(out, dev);
	out_extents(out, dev, "pending", SWCXL_DC_PENDING);
	out_extents(out, dev, "accepted", SWCXL_DC_ADDED);
	out_extents(out, dev, "held", SWCXL_DC_HELD);
	out_refused(out, dev);
	out_uint(out, "generation", status->dc.generation);
	out_uint(out, "offers", status->dc.offers);
	out_uint(out, "dead-offers", status->dc.dead_offers);
	out_uint(out, "extents-max", status->dc.extents_max);
	out_uint(out, "extents-available", status->dc.extents_available);
	out_uint(out, "tags-max", status->dc.tags_max);
	out_uint(out, "tags-available", status->dc.tags_available);
	out_end(out, '}');
}
