/* SPDX-License-Identifier: MIT */
#include "core/regs.h"

#include "base/le.h"
#include "base/util.h"

bool regs_init(struct regs *regs, const struct mem *mem, uint32_t size)
{
	regs->size = size;
	regs->value = mem_zalloc(mem, 3 * (size_t)size);
	if (!regs->value)
		return false;
	regs->writable = regs->value + size;
	regs->clear = regs->writable + size;
	return true;
}

void regs_fini(struct regs *regs, const struct mem *mem)
{
	mem_free(mem, regs->value);
	regs->value = NULL;
}

void regs_define(struct regs *regs, uint32_t base, const struct reg_row *rows, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct reg_row *row = &rows[i];
		uint32_t at = base + row->offset;

		assert(range_fits(at, row->width, regs->size));
		le_store(regs->value + at, row->width, row->reset);
		le_store(regs->writable + at, row->width, row->writable);
		le_store(regs->clear + at, row->width, row->clear);
	}
}

void regs_read(const struct regs *regs, uint64_t offset, void *buf, uint32_t len)
{
	memset(buf, 0, len);
	if (offset < regs->size)
		memcpy(buf, regs->value + offset, MIN(len, regs->size - offset));
}

void regs_write(struct regs *regs, uint64_t offset, const void *buf, uint32_t len)
{
	const uint8_t *in = buf;

	for (uint64_t i = offset; i < regs->size && i - offset < len; i++) {
		uint8_t new = in[i - offset], w = regs->writable[i];

		regs->value[i] = (uint8_t)((regs->value[i] & ~w) | (new &w));
		regs->value[i] &= (uint8_t) ~(new & regs->clear[i]);
	}
}

uint32_t regs_written(uint64_t offset, const void *buf, uint32_t len, uint32_t reg)
{
	const uint8_t *in = buf;
	uint32_t value = 0;

	for (unsigned i = 0; i < 4; i++)
		if (regs_touches(offset, len, reg + i, 1))
			value |= (uint32_t)in[reg + i - offset] << 8 * i;
	return value;
}

uint64_t regs_get(const struct regs *regs, uint32_t offset, unsigned width)
{
	return le_load(regs->value + offset, width);
}

void regs_set(struct regs *regs, uint32_t offset, unsigned width, uint64_t value)
{
	le_store(regs->value + offset, width, value);
}
