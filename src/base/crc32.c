/* SPDX-License-Identifier: MIT */
/*
 * Half bytes, whose remainders are a table of sixteen. For a long run the remainders of half bytes
 * further to the front are worked out too, which takes as long as a few dozen bytes: then sixteen
 * half bytes are looked up at once instead of one after another.
 */
#include "base/crc32.h"

#include "base/le.h"

#define STEP 8u		 /* bytes at once */
#define LONG (32 * STEP) /* from here on it pays */

static const uint32_t half[16] = {
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
	0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
	0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

static uint32_t add_short(uint32_t crc, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		crc ^= b[i];
		crc = crc >> 4 ^ half[crc & 0xf];
		crc = crc >> 4 ^ half[crc & 0xf];
	}
	return crc;
}

static uint32_t add_steps(uint32_t crc, const uint8_t *b, size_t len)
{
	uint32_t ahead[2 * STEP][16]; /* [n]: of a half byte with n more behind it */

	for (unsigned i = 0; i < 16; i++) {
		ahead[0][i] = half[i];
		for (unsigned n = 1; n < 2 * STEP; n++)
			ahead[n][i] = ahead[n - 1][i] >> 4 ^ half[ahead[n - 1][i] & 0xf];
	}
	for (; len >= STEP; b += STEP, len -= STEP) {
		uint64_t bits = le_load(b, STEP) ^ crc;

		crc = 0;
		for (unsigned n = 2 * STEP; n-- > 0; bits >>= 4)
			crc ^= ahead[n][bits & 0xf];
	}
	return crc;
}

uint32_t crc32_add(uint32_t crc, const void *p, size_t len)
{
	const uint8_t *b = p;
	size_t steps = len >= LONG ? len - len % STEP : 0;

	crc = ~crc;
	if (steps)
		crc = add_steps(crc, b, steps);
	return ~add_short(crc, b + steps, len - steps);
}
