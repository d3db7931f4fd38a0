/* SPDX-License-Identifier: MIT */
/*
 * What the input of fuzz_ctl says: CTL_* flags; how many words the command line has, and each: its
 * length u8, bytes; then an answer for each command that the device gets: what the device says,
 * and what becomes of that on the way. Behind the end there are true ones.
 */
#ifndef SWCXL_TESTS_CTL_SCRIPT_H
#define SWCXL_TESTS_CTL_SCRIPT_H

#define CTL_WORDS_MAX 12

enum { CTL_JSON = 1, CTL_SHARED = 2, CTL_SMALL = 4 /* payload */, CTL_IDLE = 8 /* no life */ };

enum ctl_answer {
	CTL_TRUE,
	CTL_PATCH,  /* how many u8; each: where u16, value */
	CTL_CUT,    /* length u16 */
	CTL_REFUSE, /* return code u8 */
	CTL_BYTES,  /* length u16, bytes */
	CTL_FILL,   /* length u16, a byte for all of it */
	CTL_ANSWERS
};

#endif
