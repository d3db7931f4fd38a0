/* SPDX-License-Identifier: MIT */
/* Feature commands: CXL r3.2 8.2.10.6. What the features are is in core/features.c. */
#include "core/cci.h"

static bool all_ones(const uuid *id)
{
	for (unsigned i = 0; i < sizeof(id->b); i++)
		if (id->b[i] != 0xff)
			return false;
	return true;
}

/* NULL: this device has no such feature. */
static const struct feature *find(const struct swcxl_dev *dev, const uuid *id)
{
	for (unsigned i = 0; i < features_count(dev); i++)
		if (memcmp(features[i].uuid, id->b, sizeof(id->b)) == 0)
			return &features[i];
	return NULL;
}

static void put_entry(struct feature_entry *entry, const struct feature *f)
{
	memcpy(entry->feature.b, f->uuid, sizeof(f->uuid));
	wr(&entry->index, (uint64_t)(f - features));
	wr(&entry->get_size, f->get_size);
	wr(&entry->set_size, f->set_size);
	wr(&entry->attributes, f->attributes);
	entry->get_version = f->version;
	entry->set_version = f->version;
	wr(&entry->effects, f->effects);
}

/* Whole entries, as many as the bytes asked for and the payload hold. */
enum swcxl_rc cmd_get_supported_features(struct swcxl_dev *dev, struct call *call,
					 const struct get_supported_features_in *in,
					 struct get_supported_features_out *out)
{
	unsigned total = features_count(dev), start = rd(in->start), n = 0;
	uint32_t most = rd(in->count) / sizeof(struct feature_entry);

	if (start > total || !reserved_ok(dev, le_load(in->reserved, sizeof(in->reserved)) != 0))
		return SWCXL_INVALID_INPUT;
	for (; n < most && start + n < total; n++) {
		struct feature_entry *entry = sink_add(&call->more, sizeof(*entry));

		if (!entry)
			break;
		put_entry(entry, &features[start + n]);
	}
	wr(&out->entries, n);
	wr(&out->total, total);
	return SWCXL_SUCCESS;
}

/* What goes beyond the feature is cut off; the smallest payload holds any of them whole. */
enum swcxl_rc cmd_get_feature(struct swcxl_dev *dev, struct call *call,
			      const struct get_feature_in *in, struct none *out)
{
	const struct feature *f = find(dev, &in->feature);
	uint8_t shown[FEATURE_SHOWN_MAX] = {0};
	unsigned offset = rd(in->offset), n;
	const void *value;

	(void)out;
	if (!f)
		return SWCXL_UNSUPPORTED;
	value = feature_selected(dev, f, in->selection);
	if (!value)
		return SWCXL_UNSUPPORTED_FEATURE_SELECTION;
	if (offset >= f->get_size)
		return SWCXL_INVALID_INPUT;
	f->show(dev, value, shown);
	n = MIN(rd(in->count), f->get_size - offset);
	memcpy(sink_must_add(&call->more, n), shown + offset, n);
	return SWCXL_SUCCESS;
}

/* ---- Set Feature ---- */

/*
 * One feature at a time is set in parts, by one channel. May this action be taken now?
 * Continue and finish need a transfer, full and initiate none; only its owner may do anything.
 */
static enum swcxl_rc check_transfer(const struct feature_transfer *t, const struct call *call,
				    const struct feature *f, unsigned action)
{
	bool begins = action == SET_FEATURE_FULL || action == SET_FEATURE_INITIATE;

	if (t->feature && (begins || t->owner != call->cci))
		return SWCXL_FEATURE_TRANSFER_IN_PROGRESS;
	if (begins)
		return SWCXL_SUCCESS;
	if (!t->feature)
		return action == SET_FEATURE_ABORT ? SWCXL_INVALID_INPUT
						   : SWCXL_FEATURE_TRANSFER_OUT_OF_ORDER;
	return f == t->feature ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT;
}

static enum swcxl_rc check_part(const struct feature *f, const struct set_feature_in *in,
				size_t len, bool begins)
{
	if (in->version != f->version)
		return SWCXL_UNSUPPORTED_FEATURE_VERSION;
	if (!range_fits(rd(in->offset), len, f->set_size) || (begins && rd(in->offset)))
		return SWCXL_INVALID_INPUT;
	return SWCXL_SUCCESS;
}

/* Does the part go on behind the last one, or repeat it? */
static bool in_order(const struct feature_transfer *t, uint32_t offset, size_t len)
{
	return offset == t->offset + t->len || (offset == t->offset && len == t->len);
}

/* All that was sent is there: it is set, or refused; the transfer is over. */
static enum swcxl_rc finish(struct swcxl_dev *dev, struct feature_transfer *t)
{
	const struct feature *f = t->feature;

	t->feature = NULL;
	return feature_set(dev, f, t->data, t->offset + t->len, t->save) ? SWCXL_SUCCESS
									 : SWCXL_INVALID_INPUT;
}

static bool is_reserved_ok(const struct swcxl_dev *dev, const struct set_feature_in *in)
{
	const uint32_t known = SET_FEATURE_ACTION | SET_FEATURE_SAVED;
	uint8_t any = 0;

	for (unsigned i = 0; i < sizeof(in->reserved); i++)
		any |= in->reserved[i];
	return reserved_ok(dev, any || rd(in->flags) & ~known);
}

/* In whole, or in parts without gaps; the last part may be sent again. What is out of order ends
 * the transfer, as with firmware. */
enum swcxl_rc cmd_set_feature(struct swcxl_dev *dev, struct call *call,
			      const struct set_feature_in *in, struct none *out)
{
	struct feature_transfer *t = &dev->feature_transfer;
	unsigned action = rd(in->flags) & SET_FEATURE_ACTION;
	bool begins = action == SET_FEATURE_FULL || action == SET_FEATURE_INITIATE;
	bool running = all_ones(&in->feature) && !begins;
	const struct feature *f = running ? t->feature : find(dev, &in->feature);
	enum swcxl_rc rc;

	(void)out;
	if (action > SET_FEATURE_ABORT || !is_reserved_ok(dev, in))
		return SWCXL_INVALID_INPUT;
	if (!f && !running)
		return SWCXL_UNSUPPORTED;
	rc = check_transfer(t, call, f, action);
	if (rc == SWCXL_SUCCESS && action == SET_FEATURE_ABORT)
		t->feature = NULL;
	if (rc || action == SET_FEATURE_ABORT)
		return rc;
	rc = check_part(f, in, call->data.len, begins);
	if (rc)
		return rc;
	if (begins)
		*t = (struct feature_transfer){.feature = f,
					       .owner = call->cci,
					       .save = rd(in->flags) & SET_FEATURE_SAVED};
	if (!in_order(t, rd(in->offset), call->data.len)) {
		t->feature = NULL;
		return SWCXL_FEATURE_TRANSFER_OUT_OF_ORDER;
	}
	t->offset = rd(in->offset);
	t->len = (uint32_t)call->data.len;
	if (t->len)
		memcpy(t->data + t->offset, call->data.p, t->len);
	return action == SET_FEATURE_FULL || action == SET_FEATURE_FINISH ? finish(dev, t)
									  : SWCXL_SUCCESS;
}
