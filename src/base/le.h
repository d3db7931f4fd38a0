/* SPDX-License-Identifier: MIT */
/*
 * Integers as they lie on the wire: little-endian, in structs of bytes.
 *
 * Being structs, they cannot be added, compared or assigned from a number by mistake; being
 * bytes, they have alignment 1 and the host's byte order does not matter. rd() and wr() are the
 * only doors. Compilers turn each into one move.
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
typedef struct { uint8_t b[16]; } uuid; /* bytes in the order of the text form */
/* clang-format on */

/* Between the host's order and little-endian: nothing, on most hosts. */
static inline uint64_t le_swap(uint64_t v)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? v : __builtin_bswap64(v);
}

static inline uint64_t le_load(const void *p, unsigned n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return le_swap(v);
}

static inline void le_store(void *p, unsigned n, uint64_t v)
{
	assert(n == 8 || v >> 8 * n == 0); /* the value fits the field */
	v = le_swap(v);
	memcpy(p, &v, n);
}

/* clang-format off */
static inline uint16_t le16_rd(le16 v) { return (uint16_t)le_load(v.b, 2); }
static inline uint32_t le24_rd(le24 v) { return (uint32_t)le_load(v.b, 3); }
static inline uint32_t le32_rd(le32 v) { return (uint32_t)le_load(v.b, 4); }
static inline uint64_t le64_rd(le64 v) { return le_load(v.b, 8); }
static inline void le16_wr(le16 *p, uint64_t v) { le_store(p->b, 2, v); }
static inline void le24_wr(le24 *p, uint64_t v) { le_store(p->b, 3, v); }
static inline void le32_wr(le32 *p, uint64_t v) { le_store(p->b, 4, v); }
static inline void le64_wr(le64 *p, uint64_t v) { le_store(p->b, 8, v); }

#define rd(v) _Generic((v), le16: le16_rd, le24: le24_rd, le32: le32_rd, le64: le64_rd)(v)
#define wr(p, x) \
	_Generic(*(p), le16: le16_wr, le24: le24_wr, le32: le32_wr, le64: le64_wr)((p), (x))
/* clang-format on */

#endif
