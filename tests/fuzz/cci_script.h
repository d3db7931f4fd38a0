/* SPDX-License-Identifier: MIT */
/*
 * What the input of fuzz_cci says: CONFIG_BYTES that choose a configuration (zeros: an ordinary
 * one), then steps: a byte below STEPS, modulo that, and its operands.
 */
#ifndef SWCXL_TESTS_CCI_SCRIPT_H
#define SWCXL_TESTS_CCI_SCRIPT_H

#define CONFIG_BYTES 14

enum cci_step {
	STEP_COMMAND,	   /* channel, row, form, then as the form says */
	STEP_OPCODE,	   /* channel, opcode u16, length u8, bytes */
	STEP_CONFIG_WRITE, /* place, width, bytes */
	STEP_CONFIG_READ,  /* place, width */
	STEP_BAR_WRITE,	   /* bar, place, width, bytes */
	STEP_BAR_READ,	   /* bar, place, width */
	STEP_TIME,	   /* how far */
	STEP_PLANT,	   /* address, lines, source, flags */
	STEP_READ,	   /* address, length u16 */
	STEP_WRITE,	   /* address, length u16, a byte */
	STEP_RESET,	   /* kind */
	STEP_OPEN,	   /* a channel more */
	STEP_CLOSE,	   /* which */
	STEP_STATE,	   /* checks what is too slow for every step */
	STEP_NO_MEMORY,	   /* allocations until one fails */
	STEP_LEND, /* mailbox memory: 1 which, 2 scribble, 4 the device's own, 8 registers too */
	STEP_RAS,  /* an error: bit 7 correctable, bits 4:0 which; a byte of its header */
	STEP_FIRMWARE,	   /* channel, parts, units in each, at which of them what goes wrong */
	STEP_EVENT,	   /* log, records */
	STEP_DC_ADD,	   /* region, policy, tag, ranges; each: offset, blocks */
	STEP_DC_RELEASE,   /* likewise; policy: bit 2 forced, bit 3 sanitize */
	STEP_DC_REFERENCE, /* tag, 1 or 0 */
	STEP_DC_ANSWER,	   /* channel, 0 to add or 1 to release, entries and bit 3 More; each: which
			      extent, how much of it */
	STEP_PEER,   /* writes mapped registers: mailbox and bit 7 to look, place, width, bytes */
	STEP_FAULT,  /* kind (bit 7: all end), row of its command, value, count */
	STEP_HEALTH, /* status, media status, life used, temperature u16, corrected errors */
	STEP_MANY,   /* flags, ranges; each: address, lines */
	STEP_COMMIT, /* what happens on the way to the disk */
	STEPS
};

/* Forms of a command's payload: of the length that its row says, unless a length comes first. */
enum cci_form {
	FORM_BYTES,  /* bytes */
	FORM_LENGTH, /* length u16, bytes */
	FORM_RANGE,  /* address, lines, bytes */
	FORM_VALID,  /* what row_input() says */
	FORM_FILL,   /* length u16, a byte for all of it */
	FORMS
};

/* Of durable state, modulo COMMITS. */
enum cci_commit {
	COMMIT_BEGINS, /* another one, that all waits for from now on */
	COMMIT_BEFORE, /* all but the last one are done */
	COMMIT_DONE,
	COMMIT_BROKEN, /* nothing can be made durable */
	COMMIT_MENDED,
	COMMITS
};

/* Channels: the mailboxes, then the control channels. */
enum { ON_PRIMARY, ON_SECOND, ON_CONTROL };

#endif
