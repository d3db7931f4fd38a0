/* SPDX-License-Identifier: MIT */
/*
 * What the input of fuzz_ctl says: CTL_* flags; how many words the command line has, and each: its
 * length u8, bytes; then an answer for each command that the device gets: what the device says,
 * and what becomes of that on the way. Behind the end there are true ones.
 *
 * With CTL_CONTROL, over a control socket: what connecting gives, one of CTL_CONNECTS; for each
 * write one of CTL_SENDS, for each line that the device sends one of CTL_LINES, of 32 that there
 * are: the rest is as 0. A file that is opened is: length u16, bytes.
 */
#ifndef SWCXL_TESTS_CTL_SCRIPT_H
#define SWCXL_TESTS_CTL_SCRIPT_H

#define CTL_WORDS_MAX 12

enum {
	CTL_JSON = 1,
	CTL_SHARED = 2,
	CTL_SMALL = 4, /* payload */
	CTL_IDLE = 8,  /* no life */
	CTL_CONTROL = 16
};

enum ctl_answer {
	CTL_TRUE,
	CTL_PATCH,  /* how many u8; each: where u16, value */
	CTL_CUT,    /* length u16 */
	CTL_REFUSE, /* return code u8 */
	CTL_BYTES,  /* length u16, bytes */
	CTL_FILL,   /* length u16, a byte for all of it */
	CTL_ANSWERS
};

#define CTL_CHOICES 32 /* most of them nothing out of the ordinary */

enum ctl_connect {
	CTL_CONNECTED,
	CTL_NOTHING_THERE,
	CTL_NOBODY_LISTENS,
	CTL_NOT_ALLOWED,
	CTL_NO_ROOM,
	CTL_CONNECTS
};

enum ctl_send {
	CTL_SEND_ALL,
	CTL_SEND_PART, /* size u8 */
	CTL_SEND_LATER,
	CTL_SEND_BROKEN,
	CTL_SENDS
};

enum ctl_line {
	CTL_LINE_TRUE,
	CTL_LINE_VALUES, /* how many u8; each: which u16, by what u8 */
	CTL_LINE_PATCH,	 /* how many u8; each: where u16, value */
	CTL_LINE_PIECES, /* of which size, u8 */
	CTL_LINE_CUT,	 /* length u16 */
	CTL_LINE_HALF,	 /* length u16, and no end of the line */
	CTL_LINE_TWICE,
	CTL_LINE_EVENT, /* which u8, comes first */
	CTL_LINE_BYTES, /* length u16, bytes; instead */
	CTL_LINE_LATER,
	CTL_LINE_END, /* of the connection, before it */
	CTL_LINE_RESET,
	CTL_LINES
};

#endif
