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
};

static const struct row rows[] = {
#define CMD(opcode, name, in, min, tail, out, out_tail, effects, rules, codes, ...) \
	{opcode, effects, rules, codes, min, sizeof(struct in), tail, #name},
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

#define ROW_INPUT_MAX 512u

/* Success, or the start of what runs in the background, when nothing runs. Some want something
 * before it: 0202h a package in slot 2, 4305h a scan, 4502h a user passphrase of zeros, 4503h the
 * same and a reset; and there is no success for 4600h. Zeros do for what is not named here.
 * Returns the length. */
static inline uint32_t row_input(const struct row *row, uint8_t in[ROW_INPUT_MAX])
{
	uint32_t len = row->size;

	memset(in, 0, ROW_INPUT_MAX);
	switch (row->opcode) {
	case 0x0004:
		in[0] = 10;
		break;
	case 0x0201: /* a package of one unit, into slot 2 */
		in[1] = 2;
		memset(in + 0x80, 0x5a, 0x80);
		len += 0x80;
		break;
	case 0x0202: /* which becomes active with the next reset */
		in[0] = 1;
		in[1] = 2;
		break;
	case 0x4701: /* percentages */
		in[1] = in[2] = 1;
		break;
	case 0x0401: /* the first entry of the CEL */
		memcpy(in, row_log[ROW_LOG_CEL], 16);
		in[0x14] = 4;
		break;
	case 0x0402: /* what each can do */
		memcpy(in, row_log[ROW_LOG_CEL], 16);
		break;
	case 0x0403:
		memcpy(in, row_log[ROW_LOG_VENDOR_DEBUG], 16);
		break;
	case 0x0404:
		memcpy(in, row_log[ROW_LOG_STATE_DUMP], 16);
		break;
	case 0x0405:
		in[0] = 2;
		break;
	case 0x4102: /* 16 bytes from 32 on */
		in[0] = 32;
		in[4] = 16;
		break;
	case 0x4103:
		in[0] = 32;
		memset(in + 8, 0x5a, 16);
		len += 16;
		break;
	case 0x4301: /* line 3 */
	case 0x4302:
		in[0] = 3 * 64;
		break;
	case 0x4300: /* 1024 lines from the bottom */
	case 0x4303:
	case 0x4304:
		in[9] = 4;
		break;
	case 0x4402: /* discovery */
		in[10] = 8;
		len += 4;
		break;
	case 0x4501: /* user */
	case 0x4502:
	case 0x4505:
		in[0] = 1;
		break;
	}
	return len;
}

#endif
