/* SPDX-License-Identifier: MIT */
/*
 * base/le.h as cppcheck reads it (tools/lint). It has no idea of _Generic and gives up on the files
 * that use it, so here rd() and wr() are calls of functions of which it knows nothing, not even a
 * type.
 */
#ifndef SWCXL_LE_H
#define SWCXL_LE_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* clang-format off */
typedef uint8_t u8;
typedef struct { uint8_t b[2]; } le16;
typedef struct { uint8_t b[3]; } le24;
typedef struct { uint8_t b[4]; } le32;
typedef struct { uint8_t b[8]; } le64;
typedef struct { uint8_t b[16]; } uuid;
/* clang-format on */

#define rd(v) le_rd(v)
#define wr(p, x) le_wr((p), (x))

#endif
