/* SPDX-License-Identifier: MIT */
/*
 * Features (CXL r3.2 8.2.10.6): their table, their values, and what a reset makes of these.
 *
 * What is set of a feature is its value, at most FEATURE_VALUE_MAX bytes laid out as its set
 * payload. Each has a current value, a default one and, when its row says so, a saved one.
 */
#ifndef SWCXL_CORE_FEATURES_H
#define SWCXL_CORE_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/kept.h"
#include "swcxl/swcxl.h"
#include "wire/features.h"

enum feature_id {
#define FEATURE(id, ...) FEATURE_##id,
#include "tbl/features.tbl.h"
	FEATURES
};

struct feature {
	uint8_t uuid[16];
	uint16_t get_size, set_size, minimum;
	uint32_t attributes;
	uint16_t effects;
	uint8_t version;
	enum swcxl_revision since;
	uint8_t initial[FEATURE_VALUE_MAX]; /* the default value */
	/* Judges what is to be set, and makes a value of it. False: Invalid Input. */
	bool (*take)(const struct swcxl_dev *dev, const void *in, void *value);
	/* What Get Feature shows of a value, with what the device can. */
	void (*show)(const struct swcxl_dev *dev, const void *value, void *out);
};

#define FEATURE_SHOWN_MAX 32u /* bytes of the largest get payload, and more */

extern const struct feature features[FEATURES];

struct feature_transfer {	       /* what is being set in parts */
	const struct feature *feature; /* NULL: none is under way */
	struct swcxl_cci *owner;
	bool save;
	uint32_t offset, len; /* of the last part */
	uint8_t data[FEATURE_VALUE_MAX];
};

/* Those of the table that this device's revision has: they come first. */
unsigned features_count(const struct swcxl_dev *dev);
/* The current value; a selection of it (FEATURE_CURRENT, ...), NULL: this feature has none. */
const void *feature_value(const struct swcxl_dev *dev, enum feature_id id);
const void *feature_selected(const struct swcxl_dev *dev, const struct feature *feature,
			     unsigned selection);
/* False, and nothing has changed: these are no values of it. len: at most its set size. */
bool feature_set(struct swcxl_dev *dev, const struct feature *feature, const uint8_t *data,
		 uint32_t len, bool save);

void features_init(struct swcxl_dev *dev);
void features_reset(struct swcxl_dev *dev, enum swcxl_reset type);
/* A channel goes, and what it was setting. */
void features_disown(struct swcxl_cci *cci);

#endif
