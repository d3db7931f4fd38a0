/* SPDX-License-Identifier: MIT */
/*
 * A block of registers as three images: value, writable bits, write-1-to-clear bits. So accesses
 * of any width and alignment do what each byte's register says, and what no row names reads 0
 * and ignores writes.
 */
#ifndef SWCXL_CORE_REGS_H
#define SWCXL_CORE_REGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

struct reg_row { /* of a table in src/tbl */
	uint32_t offset;
	uint8_t width;			 /* bytes */
	uint64_t reset, writable, clear; /* clear: write 1 to clear */
};

struct regs {
	uint32_t size;
	uint8_t *value, *writable, *clear;
};

bool regs_init(struct regs *regs, const struct mem *mem, uint32_t size);
void regs_fini(struct regs *regs, const struct mem *mem);
/* Lays rows down at a base offset; a row that is laid again starts over. */
void regs_define(struct regs *regs, uint32_t base, const struct reg_row *rows, unsigned n);

void regs_read(const struct regs *regs, uint64_t offset, void *buf, uint32_t len);
void regs_write(struct regs *regs, uint64_t offset, const void *buf, uint32_t len);

/* What the device itself does: no masks. */
uint64_t regs_get(const struct regs *regs, uint32_t offset, unsigned width);
void regs_set(struct regs *regs, uint32_t offset, unsigned width, uint64_t value);

/* Does an access touch this register? And does it write all of it? */
static inline bool regs_touches(uint64_t offset, uint32_t len, uint32_t reg, unsigned width)
{
	return offset < reg + width && reg < offset + len;
}

static inline bool regs_covers(uint64_t offset, uint32_t len, uint32_t reg, unsigned width)
{
	return offset <= reg && reg + width <= offset + len;
}

/* The 32 bits that a write has for this register; where it has none they are 0. */
uint32_t regs_written(uint64_t offset, const void *buf, uint32_t len, uint32_t reg);

#endif
