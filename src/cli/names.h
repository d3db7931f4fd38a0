/* SPDX-License-Identifier: MIT */
/* Names of codes and bits: those of the control protocol's table. */
#ifndef SWCXL_CLI_NAMES_H
#define SWCXL_CLI_NAMES_H

#include <stdint.h>

struct json_object;

/* clang-format off */
enum {
#define ENUM(id, ...) ENUM_##id,
#include "tbl/qmp.tbl.h"
	ENUM_none = 0
};
/* clang-format on */

/* The name of a value of ENUM_names; "reserved" when it has none. */
const char *value_key(unsigned names, uint64_t value);
/* The names of the bits that are set. */
struct json_object *bit_keys(unsigned names, uint64_t bits);

#endif
