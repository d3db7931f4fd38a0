// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "base/le.h"
#include "base/util.h"
#include "decode/decode.h"
#include "decode/fields.h"
#include "wire/registers.h"

#define DECODERS (CACHEMEM_BASE + 0x140 + HDM_DECODER(0))
#define DECODER_SIZE (HDM_DECODER(1) - HDM_DECODER(0))
#define DECODER_COUNT 4

enum block { CONFIG, COMPONENT };

/* clang-format off */
static const struct row {
	enum block block;
	unsigned offset, width;
	const char *name;
} rows[] = {
#define REGISTER(block, offset, width, name) {block, offset, width, name},
#include "tbl/register_names.tbl.h"
};

static const struct row decoder_rows[] = {
#define DECODER(offset, width, name) {COMPONENT, offset, width, name},
#include "tbl/register_names.tbl.h"
};
/* clang-format on */

static const struct row *find(const struct row *row, size_t count, enum block block,
			      uint64_t offset)
{
	for (; count--; row++)
		if (row->block == block && offset - row->offset < row->width)
			return row;
	return NULL;
}

/* The register that holds the first byte, and where in it that is. */
static void add_name(struct text *text, enum block block, uint64_t offset)
{
	uint64_t in_decoders = offset - DECODERS;
	const struct row *row;

	if (block == COMPONENT && in_decoders < DECODER_SIZE * DECODER_COUNT) {
		text_str(text, "hdm-decoder");
		text_dec(text, in_decoders / DECODER_SIZE);
		text_str(text, "-");
		offset = in_decoders % DECODER_SIZE;
		row = find(decoder_rows, ARRAY_SIZE(decoder_rows), block, offset);
	} else {
		row = find(rows, ARRAY_SIZE(rows), block, offset);
	}
	text_str(text, row ? row->name : "0x");
	if (!row)
		text_hex(text, offset, 1);
	else if (offset > row->offset) {
		text_str(text, "+");
		text_dec(text, offset - row->offset);
	}
}

void decode_write(struct text *text, const char *block, uint64_t offset, struct span in)
{
	if (!strcmp(block, "device"))
		text_str(text, "mailbox-control"); /* the only one that is no command */
	else
		add_name(text, strcmp(block, "config") ? COMPONENT : CONFIG, offset);
	text_str(text, " = ");
	if (in.len > 8) {
		text_bytes(text, in);
		return;
	}
	text_str(text, "0x");
	text_hex(text, le_load(in.p, (unsigned)in.len), 2 * (unsigned)in.len);
}
