// SPDX-License-Identifier: MIT
#include "base/util.h"
#include "decode/decode.h"
#include "decode/fields.h"
#include "swcxl/swcxl.h"
#include "wire/doe.h"
#include "wire/registers.h"

#define TAIL_BYTES ((struct tail){"data", PAYLOAD_none, PAYLOAD_none})

/* clang-format off */
static const struct command {
	unsigned opcode;
	const char *title;
	enum payload in, out;
} commands[] = {
#define CMD(opcode, name, in, min, in_tail, out, out_tail, effects, rules, codes, section, title) \
	{opcode, title, PAYLOAD_##in, PAYLOAD_##out},
#include "tbl/commands.tbl.h"
};

enum {
#define CMD(opcode, name, ...) OP_##name = (opcode),
#include "tbl/commands.tbl.h"
};
enum { IN, OUT };

static const struct object {
	unsigned vendor, type;
	const char *title;
	enum payload in, out;
} objects[] = {
#define OBJECT(vendor, type, title, in, out) {vendor, type, title, PAYLOAD_##in, PAYLOAD_##out},
#include "tbl/payload_fields.tbl.h"
};

static const struct {
	unsigned opcode, direction;
	struct tail tail;
} tails[] = {
#define TAIL(command, direction, name, element, rest) \
	{OP_##command, direction, {name, PAYLOAD_##element, PAYLOAD_##rest}},
#include "tbl/payload_fields.tbl.h"
};
/* clang-format on */

static const struct command *find(unsigned opcode)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].opcode == opcode)
			return &commands[i];
	return NULL;
}

static struct tail tail_of(unsigned opcode, unsigned direction, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++)
		if (tails[i].opcode == opcode && tails[i].direction == direction &&
		    tail_fits(&tails[i].tail, len))
			return tails[i].tail;
	return TAIL_BYTES;
}

/* NULL and 0 are no place to count from. */
static struct span behind(struct span bytes, size_t n)
{
	return n < bytes.len ? (struct span){bytes.p + n, bytes.len - n} : (struct span){NULL, 0};
}

static void add(struct text *text, unsigned opcode, unsigned direction, enum payload payload,
		struct span bytes)
{
	struct span head = {bytes.p, MIN(bytes.len, payload_size(payload))};
	struct span more = behind(bytes, head.len);
	struct tail tail = tail_of(opcode, direction, more.len);

	payload_text(text, payload, head);
	if (more.len)
		tail_text(text, &tail, more);
}

void decode_command(struct text *text, unsigned opcode, struct span in, unsigned rc,
		    struct span out)
{
	const struct command *c = find(opcode);
	const char *result = swcxl_rc_name(rc);

	if (c) {
		text_str(text, c->title);
	} else {
		text_str(text, "Command ");
		text_hex(text, opcode, 4);
		text_str(text, "h");
	}
	text_str(text, "(");
	add(text, opcode, IN, c ? c->in : PAYLOAD_none, in);
	text_str(text, ") = ");
	if (result) {
		text_str(text, result);
	} else {
		text_str(text, "code ");
		text_hex(text, rc, 4);
		text_str(text, "h");
	}
	if (!out.len)
		return;
	text_str(text, " {");
	add(text, opcode, OUT, c ? c->out : PAYLOAD_none, out);
	text_str(text, "}");
}

void decode_object(struct text *text, struct span in, struct span out)
{
	const struct doe_header *h = (const void *)in.p;
	const struct object *o = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(objects) && in.len >= sizeof(*h); i++)
		if (objects[i].vendor == rd(h->vendor) && objects[i].type == h->type)
			o = &objects[i];
	text_str(text, o ? o->title : "Object");
	text_str(text, "(");
	add(text, 0, IN, o ? o->in : PAYLOAD_none, o ? behind(in, sizeof(*h)) : in);
	text_str(text, ") = {");
	add(text, 0, OUT, o ? o->out : PAYLOAD_none, o ? behind(out, sizeof(*h)) : out);
	text_str(text, "}");
}
