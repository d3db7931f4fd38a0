/* SPDX-License-Identifier: MIT */
/* A mailbox of a PCI function, mapped into this process: CXL r3.2 8.2.9.4. */
#ifndef SWCXL_CLI_MAILBOX_H
#define SWCXL_CLI_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mailbox {
	volatile uint8_t *regs; /* NULL: the device has none */
	size_t payload;		/* bytes */
	bool alone;		/* nobody else uses it: no look at what others do */
};

enum mailbox_result {
	MAILBOX_DONE,
	MAILBOX_OCCUPIED, /* its doorbell did not fall: nothing was sent */
	MAILBOX_SILENT,	  /* the command was sent, its doorbell did not fall */
	MAILBOX_TAKEN,	  /* someone else used it meanwhile: the answer is not ours */
};

/* Executes a command. in_len is at most mb->payload; out has room for mb->payload bytes. */
enum mailbox_result mailbox_execute(const struct mailbox *mb, unsigned opcode, const void *in,
				    size_t in_len, unsigned *rc, uint8_t *out, size_t *out_len);

/* Registers: the widths that the specification draws, and nothing a compiler could turn into
 * vector moves. */
static inline uint32_t reg_read32(const volatile uint8_t *reg)
{
	return *(const volatile uint32_t *)(const volatile void *)reg;
}

static inline uint64_t reg_read64(const volatile uint8_t *reg)
{
	return *(const volatile uint64_t *)(const volatile void *)reg;
}

static inline void reg_write32(volatile uint8_t *reg, uint32_t value)
{
	*(volatile uint32_t *)(volatile void *)reg = value;
}

static inline void reg_write64(volatile uint8_t *reg, uint64_t value)
{
	*(volatile uint64_t *)(volatile void *)reg = value;
}

#endif
