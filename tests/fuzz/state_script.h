/* SPDX-License-Identifier: MIT */
/*
 * What the input of fuzz_state says: STATE_* flags, a byte for the configuration, then steps, in
 * three parts that follow each other: what is done to the file; changes that the device takes
 * beside what is in it; what the device does then. A step of a part that is over does nothing.
 */
#ifndef SWCXL_TESTS_STATE_SCRIPT_H
#define SWCXL_TESTS_STATE_SCRIPT_H

enum {
	STATE_FRESH = 0x01,	 /* an empty file, and not one of a device that has lived */
	STATE_ANY_SERIAL = 0x02, /* the serial number is the file's */
	STATE_EMPTY = 0x04,	 /* no tables either */
};

enum state_step {
	/* the file */
	STATE_SQL,    /* length u8, text */
	STATE_PUT,    /* table, three numbers, data */
	STATE_PATCH,  /* table, which row, column, value; of bytes: how many, offset u16, bytes */
	STATE_DELETE, /* table, which row */
	STATE_BYTES,  /* page u8, offset u16, how many (% 16), bytes */
	STATE_SIZE,   /* pages u8, and bytes u16 */
	/* changes */
	STATE_CHANGE, /* kind, start, length, attr u8, log u8, value, data */
	/* the device */
	STATE_COMMAND, /* row, how many bytes of its input are different, and where, and how */
	STATE_PLANT,   /* address, lines, source, flags */
	STATE_WRITE,   /* address, lines, a byte */
	STATE_TIME,    /* how far */
	STATE_STEPS
};

/* Tables, in the order of their names here. */
#define STATE_TABLES(TABLE) \
	TABLE(setting)      \
	TABLE(poison)       \
	TABLE(list)         \
	TABLE(overflow) TABLE(content) TABLE(lsa) TABLE(event) TABLE(extent) TABLE(lost) TABLE(meta)

enum state_table {
#define STATE_TABLE(name) STATE_##name,
	STATE_TABLES(STATE_TABLE)
#undef STATE_TABLE
		STATE_TABLE_COUNT
};

/* Numbers: a byte, below STATE_LINES that; below STATE_UNITS so many lines; below STATE_ODD the
 * border of so many capacity units, nearly; below STATE_WIDE a strange one; then 8 bytes follow. */
enum { STATE_LINES = 0x40, STATE_UNITS = 0x80, STATE_ODD = 0xb0, STATE_WIDE = 0xc0 };
/* Data: a byte for its length: one of a few that mean something, else u16; then a byte how many
 * bytes of it follow, and these; the rest repeats the last. */
static const unsigned short state_lengths[] = {64, 128, 18, 16, 0, 1, 1024, 5, 0x41, 0x1d, 0x1000};

#endif
