/* SPDX-License-Identifier: MIT */
/*
 * The doorbell protocol, for a caller that is not alone. A driver may own the same mailbox and
 * knows nothing of us, so there is no lock between the two, only signs that it was there: the
 * command register no longer holds what we wrote, or the doorbell is up again. They are looked
 * for before the doorbell is rung (nothing has happened yet) and both before and after the answer
 * is read. A device writes the length of its answer into the command register but keeps the
 * opcode there. A caller that knows itself alone spares these looks, each of which a guest pays for
 * with an exit to the VMM, and touches what a driver touches.
 *
 * A device that works beside the processor answers within microseconds: a sleep would only hide
 * that, so the doorbell is looked at without a pause first.
 *
 * The registers are only touched by volatile 32- and 64-bit accesses: in a guest each one is
 * emulated by KVM, which cannot emulate the vector moves of a memcpy(). The payload of a length
 * that is no multiple of 8 is rounded up; it is a power of two, so that stays inside, and bytes
 * beyond the length mean nothing.
 */
#include "cli/mailbox.h"

#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/link.h"
#include "wire/registers.h"

#define TIMEOUT_MS 2000 /* 8.2.9.4: what takes longer runs in the background */
#define SPIN_NS (2 * (int64_t)NS_PER_MS)
/* At the doorbell, before the first and between two at the clock, which can be slower to read. */
#define FIRST_LOOKS 1024
#define LOOKS 64

static bool doorbell(const struct mailbox *mb)
{
	return reg_read32(mb->regs + MBOX_CONTROL) & MBOX_CONTROL_DOORBELL;
}

static bool wait_idle(const struct mailbox *mb)
{
	int64_t start;

	for (unsigned looks = 0; looks < FIRST_LOOKS; looks++)
		if (!doorbell(mb))
			return true;
	start = now_ns();
	while (now_ns() - start < SPIN_NS)
		for (unsigned looks = 0; looks < LOOKS; looks++)
			if (!doorbell(mb))
				return true;
	while (doorbell(mb)) {
		if (now_ns() - start > TIMEOUT_MS * (int64_t)NS_PER_MS)
			return false;
		usleep(100);
	}
	return true;
}

static void write_payload(const struct mailbox *mb, const uint8_t *in, size_t len)
{
	volatile uint8_t *payload = mb->regs + MBOX_PAYLOAD;
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, in + i, sizeof(word));
		reg_write64(payload + i, word);
	}
	if (i < len) {
		word = 0;
		memcpy(&word, in + i, len - i);
		reg_write64(payload + i, word);
	}
}

static void read_payload(const struct mailbox *mb, uint8_t *out, size_t len)
{
	const volatile uint8_t *payload = mb->regs + MBOX_PAYLOAD;
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof(word) <= len; i += sizeof(word)) {
		word = reg_read64(payload + i);
		memcpy(out + i, &word, sizeof(word));
	}
	if (i < len) {
		word = reg_read64(payload + i);
		memcpy(out + i, &word, len - i);
	}
}

/* Sends the command; false when someone else got in between, and the doorbell was not rung. */
static bool ring(const struct mailbox *mb, unsigned opcode, const void *in, size_t len)
{
	uint64_t command = opcode | (uint64_t)len << 16;
	uint32_t control;

	reg_write64(mb->regs + MBOX_COMMAND, command);
	write_payload(mb, in, len);
	/* The owner's interrupt enables stay as they are: nobody has any where no driver is. */
	control = mb->alone ? 0 : reg_read32(mb->regs + MBOX_CONTROL);
	if (!mb->alone &&
	    (control & MBOX_CONTROL_DOORBELL || reg_read64(mb->regs + MBOX_COMMAND) != command))
		return false;
	__sync_synchronize();
	reg_write32(mb->regs + MBOX_CONTROL, control | MBOX_CONTROL_DOORBELL);
	return true;
}

enum mailbox_result mailbox_execute(const struct mailbox *mb, unsigned opcode, const void *in,
				    size_t in_len, unsigned *rc, uint8_t *out, size_t *out_len)
{
	uint64_t command;

	if (!wait_idle(mb))
		return MAILBOX_OCCUPIED;
	if (!ring(mb, opcode, in, in_len))
		return MAILBOX_TAKEN;
	if (!wait_idle(mb))
		return MAILBOX_SILENT;
	*rc = MBOX_STATUS_RC(reg_read64(mb->regs + MBOX_STATUS));
	command = reg_read64(mb->regs + MBOX_COMMAND);
	if (MBOX_COMMAND_OPCODE(command) != opcode)
		return MAILBOX_TAKEN;
	/* An error has no output, whatever the length says. */
	*out_len = *rc ? 0 : MIN(MBOX_COMMAND_LENGTH(command), mb->payload);
	read_payload(mb, out, *out_len);
	if (mb->alone)
		return MAILBOX_DONE;
	__sync_synchronize();
	if (doorbell(mb) || reg_read64(mb->regs + MBOX_COMMAND) != command)
		return MAILBOX_TAKEN;
	return MAILBOX_DONE;
}
