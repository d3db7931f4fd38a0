/* SPDX-License-Identifier: MIT */
/* Names as the specification writes them: "Busy", "Scan Media"; NULL where it has none. */
#ifndef SWCXL_CLIENT_NAMES_H
#define SWCXL_CLIENT_NAMES_H

const char *rc_name(unsigned rc);
const char *opcode_name(unsigned opcode);

#endif
