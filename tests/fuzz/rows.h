/* SPDX-License-Identifier: MIT */
/* The command table as tests see it, and one input for each row that every device accepts. */
#ifndef SWCXL_TESTS_ROWS_H
#define SWCXL_TESTS_ROWS_H

#include <string.h>

#include "base/util.h"
#include "core/cci.h"

struct row {
	uint16_t opcode, effects, rules;
	uint64_t codes;
	uint32_t min, size, tail; /* of the input */
	const char *name;
	uint32_t out; /* the output struct */
	bool out_tail;
};

static const struct row rows[] = {
#define CMD(opcode, name, in, min, tail, out, out_tail, effects, rules, codes, ...)               \
	{opcode,  effects, rules, codes, min, sizeof(struct in), tail, #name, sizeof(struct out), \
	 out_tail},
#include "tbl/commands.tbl.h"
};

static inline const struct row *row_of(unsigned opcode)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].opcode == opcode)
			return &rows[i];
	return NULL;
}

/* clang-format off */
enum {
#define LOG_UUID(id, ...) ROW_LOG_##id,
#include "tbl/uuids.tbl.h"
};
/* clang-format on */
static const uint8_t row_log[][16] = {
#define LOG_UUID(id, name, ...) {__VA_ARGS__},
#include "tbl/uuids.tbl.h"
};

/* The first of the features. */
static const uint8_t row_patrol_scrub[16] = {0x96, 0xda, 0xd7, 0xd6, 0xfd, 0xe8, 0x48, 0x2b,
					     0xa7, 0x33, 0x75, 0x77, 0x4e, 0x06, 0xdb, 0x8a};

#define ROW_INPUT_MAX 512u

/* What is not 0 in an input: a UUID at its beginning, a few bytes; and what follows the struct. */
static const struct row_bytes {
	uint16_t opcode;
	const uint8_t *uuid;
	uint8_t more, fill;
	struct {
		uint8_t at, value;
	} byte[3];
} row_bytes[] = {
	{0x0004, NULL, 0, 0, {{0, 10}}},
	{0x0201, NULL, 0x80, 0x5a, {{1, 2}}},		   /* one unit into slot 2 */
	{0x0202, NULL, 0, 0, {{0, 1}, {1, 2}}},		   /* active with a reset */
	{0x0401, row_log[ROW_LOG_CEL], 0, 0, {{0x14, 4}}}, /* its first entry */
	{0x0402, row_log[ROW_LOG_CEL], 0, 0, {{0}}},
	{0x0403, row_log[ROW_LOG_VENDOR_DEBUG], 0, 0, {{0}}},
	{0x0404, row_log[ROW_LOG_STATE_DUMP], 0, 0, {{0}}},
	{0x0405, NULL, 0, 0, {{0, 2}}},
	{0x0500, NULL, 0, 0, {{0, 0xff}, {1, 0xff}}},			      /* all of them */
	{0x0501, row_patrol_scrub, 0, 0, {{0x12, 4}}},			      /* all of it */
	{0x0502, row_patrol_scrub, 2, 0, {{0x16, 1}, {0x20, 24}, {0x21, 1}}}, /* enabled */
	{0x0600, NULL, 12, 0, {{0, 1}, {2, 1}}},  /* has soft PPR a spare? */
	{0x4102, NULL, 0, 0, {{0, 32}, {4, 16}}}, /* 16 bytes from 32 on */
	{0x4103, NULL, 16, 0x5a, {{0, 32}}},	  /* likewise */
	{0x4300, NULL, 0, 0, {{9, 4}}},		  /* 1024 lines from 0 on */
	{0x4301, NULL, 0, 0, {{0, 3 * 64}}},	  /* line 3 */
	{0x4302, NULL, 0, 0, {{0, 3 * 64}}},	  /* likewise */
	{0x4303, NULL, 0, 0, {{9, 4}}},		  /* 1024 lines from 0 on */
	{0x4304, NULL, 0, 0, {{9, 4}}},		  /* likewise */
	{0x4402, NULL, 4, 0, {{10, 8}}},	  /* discovery */
	{0x4501, NULL, 0, 0, {{0, 1}}},		  /* user */
	{0x4502, NULL, 0, 0, {{0, 1}}},		  /* likewise */
	{0x4505, NULL, 0, 0, {{0, 1}}},		  /* likewise */
	{0x4701, NULL, 0, 0, {{1, 1}, {2, 1}}},	  /* percentages */
	{0x4800, NULL, 0, 0, {{0, 8}}},		  /* all regions */
	{0x4801, NULL, 0, 0, {{3, 0x80}}},	  /* all extents */
	{0x4802, NULL, 0, 0, {{0}}},		  /* none is accepted */
	/* 2 MiB from 512 MiB on */
	{0x4803, NULL, 24, 0, {{0, 1}, {11, 0x20}, {18, 0x20}}},
};

/* Success, or the start of what runs in the background, when nothing runs. Some want something
 * before it: 0202h a package in slot 2, 4305h a scan, 4502h a user passphrase of zeros, 4503h the
 * same and a reset, 4802h an offer, 4803h an extent; and there is no success for 4600h. Zeros do
 * for what is not named above. Returns the length. */
static inline uint32_t row_input(const struct row *row, uint8_t in[ROW_INPUT_MAX])
{
	uint32_t len = row->size;

	memset(in, 0, ROW_INPUT_MAX);
	for (unsigned i = 0; i < ARRAY_SIZE(row_bytes); i++) {
		const struct row_bytes *bytes = &row_bytes[i];

		if (bytes->opcode != row->opcode)
			continue;
		if (bytes->uuid)
			memcpy(in, bytes->uuid, 16);
		memset(in + len, bytes->fill, bytes->more);
		len += bytes->more;
		for (unsigned n = 0; n < ARRAY_SIZE(bytes->byte); n++)
			if (bytes->byte[n].at || bytes->byte[n].value)
				in[bytes->byte[n].at] = bytes->byte[n].value;
	}
	return len;
}

#endif
