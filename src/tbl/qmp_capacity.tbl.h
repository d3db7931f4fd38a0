/* SPDX-License-Identifier: MIT */
/*
 * The part of the control protocol that is about dynamic capacity alone. Rows only, of the kinds
 * that qmp.tbl.h describes, which includes this file and nobody else does.
 */
/* clang-format off */

OBJECT("dc-region",
	MEMBER("region", "int", "")
	MEMBER("start", "int", "address")
	MEMBER("length", "int", "")
	MEMBER("block-size", "int", "")
	MEMBER("flags", "[dc-flag]", "")
	MEMBER("dsmad-handle", "int", "of its entry in CDAT")
	MEMBER("free", "int", "bytes that belong to no extent"))
/* What extents have in common. */
#define EXTENT_MEMBERS \
	MEMBER("region", "int", "") \
	MEMBER("start", "int", "address") \
	MEMBER("length", "int", "") \
	MEMBER("tag", "str", "hexadecimal digits; zeros: none") \
	MEMBER("shared-sequence", "int", "from 0 on, for the extents of a tag in a sharable region; else 0")
OBJECT("dc-pending-extent",
	EXTENT_MEMBERS
	MEMBER("offer", "int", "of which it is a part; 1: what the host has to answer next"))
OBJECT("dc-extent",
	EXTENT_MEMBERS
	MEMBER("referenced", "bool", "swcxl-add-dc-reference keeps its tag")
	MEMBER("release-requested", "bool", "the host was asked to give some of it back")
	MEMBER("sanitize", "bool", "and that will be sanitized"))
OBJECT("dc-held-extent",
	EXTENT_MEMBERS)
OBJECT("dc-refused-extent",
	EXTENT_MEMBERS
	MEMBER("reason", "dc-change", "refused or offer-timed-out"))
OBJECT("dynamic-capacity",
	MEMBER("regions", "[dc-region]", "")
	MEMBER("pending", "[dc-pending-extent]", "offered, and not answered yet; by address")
	MEMBER("accepted", "[dc-extent]", "what the host has, by address")
	MEMBER("held", "[dc-held-extent]", "what no host has, and a reference keeps")
	MEMBER("refused", "[dc-refused-extent]", "offered in vain: the last 64, oldest first")
	MEMBER("generation", "int", "changes with the host's extent list")
	MEMBER("offers", "int", "groups of extents that the host has still to answer")
	MEMBER("dead-offers", "int", "groups that are gone, and that it has still to answer")
	MEMBER("extents-max", "int", "")
	MEMBER("extents-available", "int", "that the device can still keep track of")
	MEMBER("tags-max", "int", "")
	MEMBER("tags-available", "int", ""))
OBJECT("dc-extent-changed",
	MEMBER("change", "dc-change", "accepted and refused: the answer to an offer. released: given back. The others: no answer within --dc-host-timeout")
	EXTENT_MEMBERS)

ITEM(dc_extent, "dynamic-capacity-extent",
	ARG_UINT(offset, "offset", uint64_t, REQUIRED, 0, 0, UINT64_MAX, "from the beginning of the region; counts only with prescriptive")
	ARG_UINT(len, "len", uint64_t, REQUIRED, 0, 0, UINT64_MAX, "bytes, of whole blocks; with free, contiguous and tag-based the sum of all counts"))
COMMAND(cxl_add_dynamic_capacity, "cxl-add-dynamic-capacity", "empty", "0.1", EFFECT,
	"Offers capacity to the host, which finds it in the event log of dynamic capacity; nothing when no extent is prescribed.",
	ARG_STR(path, "path", REQUIRED, "the device's name, or a path that ends in it")
	ARG_UINT(host_id, "host-id", uint16_t, REQUIRED, 0, 0, UINT16_MAX, "0: the device has one host")
	ARG_ENUM(selection_policy, "selection-policy", dc_selection, REQUIRED, 0,
		"free: any free blocks, the lowest first. contiguous: the first free stretch that is long enough. "
		"prescriptive: these extents. enable-shared-access: what the tag has and the host has not")
	ARG_UINT(region, "region", uint8_t, REQUIRED, 0, 0, UINT8_MAX, "from 0 on; any sharable one with enable-shared-access")
	ARG_STR(tag, "tag", OPTIONAL, "a UUID, 32 hexadecimal digits, or up to 16 bytes of text, which zeros follow; empty or all zeros: none; sharable regions need one")
	ARG_ITEMS(extents, "extents", dc_extent, ""))
COMMAND(cxl_release_dynamic_capacity, "cxl-release-dynamic-capacity", "empty", "0.1", EFFECT,
	"Asks the host to give capacity back, or takes it.",
	ARG_STR(path, "path", REQUIRED, "the device's name, or a path that ends in it")
	ARG_UINT(host_id, "host-id", uint16_t, REQUIRED, 0, 0, UINT16_MAX, "0: the device has one host")
	ARG_ENUM(removal_policy, "removal-policy", dc_removal, REQUIRED, 0,
		"tag-based: what the host has with that tag in the region; with extents so much of it, the lowest first. prescriptive: these extents")
	ARG_BOOL(forced_removal, "forced-removal", OPTIONAL, false, "the host is not asked; what is still pending goes as well, with all of its offer")
	ARG_BOOL(sanitize_on_release, "sanitize-on-release", OPTIONAL, false, "content and poison go once the host has given it back")
	ARG_UINT(region, "region", uint8_t, REQUIRED, 0, 0, UINT8_MAX, "")
	ARG_STR(tag, "tag", OPTIONAL, "as above")
	ARG_ITEMS(extents, "extents", dc_extent, ""))

#undef EXTENT_MEMBERS
/* clang-format on */
