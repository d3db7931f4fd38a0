/* SPDX-License-Identifier: MIT */
/*
 * The features: what each takes and shows, what they hold, and what a reset leaves of it
 * (8.2.10.6, table of Get Supported Features):
 *
 *	persistence none	every reset: the default value
 *	a level			up to it: the current value; deeper resets: the saved one
 *
 * A conventional reset is hot, a loss of power cold. Here no feature does anything by itself: the
 * patrol (scrub.c) and repairs (repair.c) look at the values.
 */
#include <errno.h>

#include "core/cci.h"

/* ---- kinds: what they take, and what they show ---- */

static bool patrol_scrub_take(const struct swcxl_dev *dev, const struct patrol_scrub_set *in,
			      struct patrol_scrub_set *value)
{
	value->hours = in->hours;
	value->flags = in->flags & SCRUB_ENABLED;
	return in->hours >= SCRUB_HOURS_MIN && reserved_ok(dev, in->flags & ~SCRUB_ENABLED);
}

static void patrol_scrub_show(const struct swcxl_dev *dev, enum feature_id id,
			      const struct patrol_scrub_set *value, struct patrol_scrub_get *out)
{
	(void)dev, (void)id;
	out->capabilities = SCRUB_CYCLE_CHANGEABLE | SCRUB_REAL_TIME;
	out->hours = value->hours;
	out->hours_min = SCRUB_HOURS_MIN;
	out->flags = value->flags;
}

/* Corrected errors are not counted here, so a counter that is reset was 0 before. */
static bool ecs_take(const struct swcxl_dev *dev, const struct ecs_set *in, struct ecs_set *value)
{
	const uint16_t kept = ECS_THRESHOLD | ECS_CODEWORDS;

	value->log_entry_type = in->log_entry_type & ECS_LOG_ENTRY_TYPE;
	if (value->log_entry_type > ECS_LOG_PER_FRU ||
	    !reserved_ok(dev, in->log_entry_type & ~ECS_LOG_ENTRY_TYPE))
		return false;
	for (unsigned i = 0; i < ECS_FRUS; i++) {
		uint16_t config = rd(in->config[i]), threshold = config & ECS_THRESHOLD;

		if (threshold < ECS_THRESHOLD_256 || threshold > ECS_THRESHOLD_4096 ||
		    !reserved_ok(dev, config & ~(kept | ECS_RESET_COUNTER)))
			return false;
		wr(&value->config[i], config & kept);
	}
	return true;
}

static void ecs_show(const struct swcxl_dev *dev, enum feature_id id, const struct ecs_set *value,
		     struct ecs_get *out)
{
	(void)dev, (void)id;
	out->log_entry_type = value->log_entry_type;
	for (unsigned i = 0; i < ECS_FRUS; i++)
		out->fru[i].config = value->config[i];
}

/* The device starts no PPR by itself; the record that PPR may report with came with 3.1. */
static uint8_t ppr_events(const struct swcxl_dev *dev)
{
	return dev->config.revision >= SWCXL_CXL_3_1 ? PPR_SPARING_EVENT : 0;
}

static bool ppr_take(const struct swcxl_dev *dev, const struct ppr_set *in, struct ppr_set *value)
{
	wr(&value->mode, 0);
	value->events = in->events & ppr_events(dev);
	return !(rd(in->mode) & REPAIR_DEVICE_INITIATED) &&
	       reserved_ok(dev, rd(in->mode) || in->events != value->events);
}

static void repair_show(const struct swcxl_dev *dev, enum feature_id id, uint16_t mode,
			uint16_t capabilities, struct repair_get *out)
{
	const struct repair_kind *kind = repair_kind_of(id);

	out->latency = repair_latency(dev);
	wr(&out->capabilities, capabilities);
	wr(&out->mode, mode);
	out->class = kind->class;
	out->subclass = kind->subclass;
}

static void ppr_show(const struct swcxl_dev *dev, enum feature_id id, const struct ppr_set *value,
		     struct ppr_get *out)
{
	repair_show(dev, id, rd(value->mode), 0, &out->repair);
	out->flags = PPR_BY_DPA | PPR_BY_NIBBLE_MASK | (ppr_events(dev) ? PPR_CAN_EVENT : 0);
	wr(&out->restrictions, PPR_DATA_LOST);
	out->events = value->events;
}

static bool sparing_take(const struct swcxl_dev *dev, const struct sparing_set *in,
			 struct sparing_set *value)
{
	wr(&value->mode, rd(in->mode) & REPAIR_DEVICE_INITIATED);
	return reserved_ok(dev, rd(in->mode) & ~REPAIR_DEVICE_INITIATED);
}

static void sparing_show(const struct swcxl_dev *dev, enum feature_id id,
			 const struct sparing_set *value, struct sparing_get *out)
{
	const struct repair_kind *kind = repair_kind_of(id);

	repair_show(dev, id, rd(value->mode), REPAIR_DEVICE_INITIATED, &out->repair);
	wr(&out->restrictions, SPARING_SIDE_EFFECTS | (kind->soft ? SPARING_SOFT : 0) |
				       (kind->hard ? SPARING_HARD : 0));
}

/* ---- the table ---- */

#define FEATURE(id, kind, ...)                                                              \
	static bool take_##id(const struct swcxl_dev *dev, const void *in, void *value)     \
	{                                                                                   \
		return kind##_take(dev, in, value);                                         \
	}                                                                                   \
	static void show_##id(const struct swcxl_dev *dev, const void *value, void *out)    \
	{                                                                                   \
		kind##_show(dev, FEATURE_##id, value, out);                                 \
	}                                                                                   \
	_Static_assert(sizeof(struct kind##_set) <= FEATURE_VALUE_MAX, "a value has room"); \
	_Static_assert(sizeof(struct kind##_get) <= FEATURE_SHOWN_MAX, "what is shown, too");
#include "tbl/features.tbl.h"

const struct feature features[FEATURES] = {
#define FEATURE(id, kind, minimum_, attributes_, effects_, version_, since_, initial_, ...) \
	[FEATURE_##id] = {                                                                  \
		.uuid = {__VA_ARGS__},                                                      \
		.get_size = sizeof(struct kind##_get),                                      \
		.set_size = sizeof(struct kind##_set),                                      \
		.minimum = minimum_,                                                        \
		.attributes = attributes_,                                                  \
		.effects = effects_,                                                        \
		.version = version_,                                                        \
		.since = SWCXL_CXL_##since_,                                                \
		.initial = initial_,                                                        \
		.take = take_##id,                                                          \
		.show = show_##id,                                                          \
	},
#include "tbl/features.tbl.h"
};
_Static_assert(FEATURES <= sizeof(((struct kept_features *)0)->current) / FEATURE_VALUE_MAX,
	       "each feature is kept");

unsigned features_count(const struct swcxl_dev *dev)
{
	unsigned n = 0;

	while (n < FEATURES && features[n].since <= dev->config.revision)
		n++;
	return n;
}

/* ---- values ---- */

const void *feature_value(const struct swcxl_dev *dev, enum feature_id id)
{
	return dev->kept.features.current[id];
}

const void *feature_selected(const struct swcxl_dev *dev, const struct feature *f,
			     unsigned selection)
{
	if (selection == FEATURE_CURRENT)
		return dev->kept.features.current[f - features];
	if (selection == FEATURE_DEFAULT && f->attributes & FEATURE_HAS_DEFAULT)
		return f->initial;
	if (selection == FEATURE_SAVED && f->attributes & FEATURE_HAS_SAVED)
		return dev->kept.features.saved[f - features];
	return NULL;
}

/* Those whom the values govern look at them. */
static void changed(struct swcxl_dev *dev)
{
	scrub_configure(dev);
	repair_wanted(dev);
	device_deadline(dev);
}

bool feature_set(struct swcxl_dev *dev, const struct feature *f, const uint8_t *data, uint32_t len,
		 bool save)
{
	struct kept_features *kept = &dev->kept.features;
	uint8_t in[FEATURE_VALUE_MAX] = {0}, value[FEATURE_VALUE_MAX] = {0};

	if (len < f->minimum)
		return false;
	memcpy(in, data, len);
	if (!f->take(dev, in, value))
		return false;
	memcpy(kept->current[f - features], value, sizeof(value));
	if (save && f->attributes & FEATURE_HAS_SAVED)
		memcpy(kept->saved[f - features], value, sizeof(value));
	kept_changed(dev, KEPT_features);
	changed(dev);
	return true;
}

void features_init(struct swcxl_dev *dev)
{
	for (unsigned i = 0; i < FEATURES; i++) {
		memcpy(dev->kept.features.current[i], features[i].initial, FEATURE_VALUE_MAX);
		memcpy(dev->kept.features.saved[i], features[i].initial, FEATURE_VALUE_MAX);
	}
}

void features_reset(struct swcxl_dev *dev, enum swcxl_reset type)
{
	struct kept_features *kept = &dev->kept.features, old = *kept;
	unsigned level = type == SWCXL_RESET_CXL    ? OUTLIVES_CXL
			 : type == SWCXL_RESET_COLD ? OUTLIVES_COLD
						    : OUTLIVES_HOT;

	dev->feature_transfer.feature = NULL;
	for (unsigned i = 0; i < FEATURES; i++) {
		unsigned outlives = FEATURE_PERSISTENCE_OF(features[i].attributes);

		if (level > outlives)
			memcpy(kept->current[i],
			       outlives == OUTLIVES_NONE ? features[i].initial : kept->saved[i],
			       FEATURE_VALUE_MAX);
	}
	if (memcmp(kept, &old, sizeof(old)) != 0)
		kept_changed(dev, KEPT_features);
	scrub_reset(dev);
	changed(dev);
}

void features_disown(struct swcxl_cci *cci)
{
	struct feature_transfer *transfer = &cci->dev->feature_transfer;

	if (transfer->owner == cci)
		transfer->feature = NULL;
}

/* ---- state ---- */

static bool is_value(const struct swcxl_dev *dev, unsigned i, const uint8_t *kept)
{
	uint8_t value[FEATURE_VALUE_MAX] = {0};

	if (i < FEATURES && !features[i].take(dev, kept, value))
		return false;
	return memcmp(value, kept, sizeof(value)) == 0;
}

int features_restore(struct swcxl_dev *dev, const struct kept_features *kept)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kept->current); i++)
		if (!is_value(dev, i, kept->current[i]) || !is_value(dev, i, kept->saved[i]))
			return -EINVAL;
	dev->kept.features = *kept;
	changed(dev);
	return 0;
}
