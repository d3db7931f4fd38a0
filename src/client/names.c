/* SPDX-License-Identifier: MIT */
#include "client/names.h"

#include "base/util.h"

struct name {
	unsigned code;
	const char *name;
};

static const struct name rcs[] = {
#define RC(code, id, text) {code, text},
#include "swcxl/rc.tbl.h"
};

static const struct name opcodes[] = {
#define CMD(opcode, name, in, min, in_tail, out, out_tail, effects, rules, codes, section, title) \
	{opcode, title},
#include "tbl/commands.tbl.h"
};

static const char *find(const struct name *names, size_t count, unsigned code)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].code == code)
			return names[i].name;
	return NULL;
}

const char *rc_name(unsigned rc)
{
	return find(rcs, ARRAY_SIZE(rcs), rc);
}

const char *opcode_name(unsigned opcode)
{
	return find(opcodes, ARRAY_SIZE(opcodes), opcode);
}
