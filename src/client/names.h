/* SPDX-License-Identifier: MIT */
/* Names as the specification writes them: "Busy", "Scan Media"; NULL where it has none. */
#ifndef SWCXL_CLIENT_NAMES_H
#define SWCXL_CLIENT_NAMES_H

/* Commands by their opcodes. */
enum opcode {
#define CMD(opcode, name, in, min, in_tail, out, out_tail, effects, rules, codes, section, title) \
	OP_##name = (opcode),
#include "tbl/commands.tbl.h"
};

const char *rc_name(unsigned rc);
const char *opcode_name(unsigned opcode);

#endif
