/* SPDX-License-Identifier: MIT */
/* Records of a device's state: changes of swcxl.h as JSON objects, and back. swcxlctl(1) describes
 * them. */
#ifndef SWCXL_FRONT_QMP_STATE_JSON_H
#define SWCXL_FRONT_QMP_STATE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "front/qmp/out.h"
#include "swcxl/state.h"

struct json_object;

/* False: it says nothing that a fresh device does not say (zeros of the label area). */
bool state_out(struct out *out, const struct swcxl_change *change, bool secrets);

/* A record, taken apart: the change, its data, and what is wrong with it. */
struct state_record {
	struct swcxl_change change;
	uint8_t data[0x1000]; /* the largest setting, and more than a walk gives at once */
	char why[128];
};

/* False: see why. */
bool state_take(struct state_record *record, struct json_object *object);

#endif
