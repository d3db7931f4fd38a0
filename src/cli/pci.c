/* SPDX-License-Identifier: MIT */
/*
 * In-band: the mailboxes of a PCI function, in a guest or on real hardware, beside whatever
 * driver is bound.
 *
 * Two users of one mailbox corrupt each other, so everything that the device accepts there goes
 * through the secondary mailbox, which Linux leaves alone. Which commands those are is what the
 * Command Effects Log says (bit 7); it is read once, through the secondary mailbox itself. The
 * rest has to use the primary one, with the care of mailbox.c. A running background operation is
 * watched in the primary mailbox's status registers, which reading does not disturb.
 *
 * Meeting the driver there is not rare: a command that makes an event also makes the interrupt
 * that has the driver fetch it, through the primary mailbox, often before our answer is read. So
 *  - a driver that is fetching events is given time to finish first;
 *  - a command whose answer was lost is sent again when sending it twice does no harm.
 *
 * Several swcxlctl processes keep out of each other's way by a lock on the resource file.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/cci.h"
#include "cli/format.h"
#include "cli/link.h"
#include "cli/mailbox.h"
#include "cli/report.h"
#include "cli/sysfs.h"
#include "swcxl/swcxl.h"
#include "wire/generic.h"
#include "wire/registers.h"

#define CAPABILITIES_MAX 64
#define ATTEMPTS 5
#define EVENT_LOGS 0x1full
#define QUIET_MS 20 /* without a sign of the driver: it has finished */
#define STAY_MS 500 /* the same with events waiting */
#define SETTLE_MS 2000
#define CEL_MAX (64 * KiB * sizeof(struct cel_entry)) /* every opcode there can be */

struct pci {
	struct link link;
	struct function function;
	struct mailbox primary, secondary;
	const volatile uint8_t *event_status; /* 8.2.9.3; NULL: none */
	bool events_stay;		      /* nobody fetches them */
	uint64_t left;			      /* in the primary's command register */
	bool effects_read;
	uint8_t on_secondary[65536 / 8]; /* a bit for each opcode */
	unsigned held;
	uint8_t *out;
};

static struct pci *to_pci(struct link *link)
{
	return (struct pci *)link; /* link is its first member */
}

/* ---- finding the mailboxes ---- */

/* The capability's registers, and through *length how many bytes there are; NULL: absent. */
static volatile uint8_t *find_capability(const struct function *fn, unsigned id, size_t *length)
{
	unsigned count = reg_read64(fn->block + DEVCAP_ARRAY) >> 32 & 0xffff;

	for (unsigned i = 0; i < MIN(count, CAPABILITIES_MAX); i++) {
		volatile uint8_t *header = fn->block + DEVCAP_HEADER(i);
		size_t offset = reg_read32(header + 4);

		*length = reg_read32(header + 8);
		if ((reg_read32(header) & 0xffff) == id && offset % 8 == 0 &&
		    range_fits(offset, *length, fn->length))
			return fn->block + offset;
	}
	return NULL;
}

static void find_mailbox(const struct function *fn, unsigned id, struct mailbox *mb)
{
	volatile uint8_t *regs;
	unsigned shift;
	size_t length;

	regs = find_capability(fn, id, &length);
	if (!regs || length < MBOX_PAYLOAD)
		return;
	shift = MBOX_CAPS_PAYLOAD(reg_read32(regs + MBOX_CAPS));
	if (shift < 8 || shift > 20 || length < MBOX_PAYLOAD + (1ull << shift))
		return;
	mb->regs = regs;
	mb->payload = 1ull << shift;
}

/* ---- executing ---- */

static void pci_hold(struct link *link, bool hold)
{
	struct pci *pci = to_pci(link);

	if (hold && pci->held++ == 0)
		flock(pci->function.fd, LOCK_EX);
	else if (!hold && --pci->held == 0)
		flock(pci->function.fd, LOCK_UN);
}

static _Noreturn void die_mailbox(const struct pci *pci, const struct mailbox *mb,
				  enum mailbox_result result, unsigned opcode)
{
	const char *which = mb == &pci->primary ? "primary" : "secondary";
	const char *owner = pci->function.driver[0] ? pci->function.driver : "another program";

	switch (result) {
	case MAILBOX_OCCUPIED:
		die(NO_CONNECTION,
		    "The %s mailbox of %s has been busy for 2 s, so %s was not sent. "
		    "Try again; if that does not help, the device needs a reset",
		    which, pci->function.bdf, opcode_text(opcode));
	case MAILBOX_SILENT:
		die(NO_CONNECTION,
		    "The device %s has not answered %s for 2 s. It is stuck or gone: "
		    "reset it",
		    pci->function.bdf, opcode_text(opcode));
	default:
		die(NO_CONNECTION,
		    "%s used the %s mailbox of %s at the same moment: %s may have run "
		    "or not. See what 'swcxlctl status' says, then try again",
		    owner, which, pci->function.bdf, opcode_text(opcode));
	}
}

static void pci_background(struct link *link, struct background *background)
{
	struct pci *pci = to_pci(link);
	uint64_t status = reg_read64(pci->primary.regs + MBOX_STATUS);
	uint64_t last = reg_read64(pci->primary.regs + MBOX_BACKGROUND);

	*background = (struct background){
		.running = status & MBOX_STATUS_BACKGROUND,
		.opcode = MBOX_BACKGROUND_OPCODE(last),
		.percent = MBOX_BACKGROUND_PERCENT(last),
		.rc = MBOX_BACKGROUND_RC(last),
	};
}

/*
 * Lets a driver come to an end with what it does in the primary mailbox. It may be at work when
 * the command register changes, or does not hold what we left there, or when there are events:
 * while it clears them it comes back again and again. It has finished when nothing has changed
 * for a while. Events that stay all the same are of no interest to it.
 */
static void let_driver_finish(struct pci *pci)
{
	int64_t start = now_ms(), changed = start - QUIET_MS;
	uint64_t seen = pci->left;

	while (pci->function.driver[0] && now_ms() - start < SETTLE_MS) {
		uint64_t command = reg_read64(pci->primary.regs + MBOX_COMMAND);
		bool events = pci->event_status && !pci->events_stay &&
			      reg_read64(pci->event_status) & EVENT_LOGS;

		if (command != seen)
			changed = now_ms();
		seen = command;
		if (now_ms() - changed >= (events ? STAY_MS : QUIET_MS)) {
			pci->events_stay |= events;
			return;
		}
		usleep(1000);
	}
}

/*
 * May the command be sent again when it is not known whether it has run? Those that only read;
 * but not those that move on to the next page each time. Inject Poison on poison and Clear Poison
 * without poison succeed and change nothing (rules I-3, C-2).
 */
static bool repeatable(unsigned opcode)
{
	static const struct {
		unsigned opcode, effects;
	} commands[] = {
#define CMD(opcode, name, in, min, in_tail, out, out_tail, effects, rules, codes, section, title) \
	{opcode, effects},
#include "tbl/commands.tbl.h"
	};

	if (opcode == OP_get_poison_list || opcode == OP_get_scan_media_results)
		return false;
	if (opcode == OP_inject_poison || opcode == OP_clear_poison || opcode == OP_scan_media)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].opcode == opcode)
			return commands[i].effects == 0;
	return false;
}

/* Is it a Scan Media that, by its effect, was started? Its lost answer is then known. */
static bool scan_started(struct pci *pci, unsigned opcode)
{
	struct background background;

	if (opcode != OP_scan_media)
		return false;
	pci_background(&pci->link, &background);
	return background.running && background.opcode == OP_scan_media;
}

static struct reply execute_on(struct pci *pci, const struct mailbox *mb, unsigned opcode,
			       const void *in, size_t len)
{
	struct reply reply = {.p = pci->out};
	enum mailbox_result result = MAILBOX_TAKEN;

	if (len > mb->payload)
		die(USAGE, "%zu bytes of input do not fit into the mailbox of %zu bytes", len,
		    mb->payload);
	pci_hold(&pci->link, true);
	for (int i = 0; i < ATTEMPTS && result == MAILBOX_TAKEN; i++) {
		if (mb == &pci->primary)
			let_driver_finish(pci);
		result = mailbox_execute(mb, opcode, in, len, &reply.rc, pci->out, &reply.len);
		if (mb == &pci->primary && result == MAILBOX_DONE)
			pci->left = opcode | (uint64_t)reply.len << 16;
		if (result == MAILBOX_TAKEN && scan_started(pci, opcode)) {
			reply = (struct reply){.rc = SWCXL_BACKGROUND_STARTED, .p = pci->out};
			result = MAILBOX_DONE;
		}
		if (!repeatable(opcode))
			break;
	}
	pci_hold(&pci->link, false);
	if (result != MAILBOX_DONE)
		die_mailbox(pci, mb, result, opcode);
	return reply;
}

/* How large the Command Effects Log is; 0 when the secondary mailbox does not tell. */
static uint32_t effects_size(struct pci *pci, uuid *cel)
{
	/* the first is the CEL */
	static const uint8_t logs[][16] = {
#define LOG_UUID(id, name, ...) {__VA_ARGS__},
#include "tbl/uuids.tbl.h"
	};
	struct reply reply = execute_on(pci, &pci->secondary, OP_get_supported_logs, NULL, 0);
	struct supported_log log;

	memcpy(cel->b, logs[0], sizeof(cel->b));
	for (size_t at = sizeof(struct get_supported_logs_out);
	     !reply.rc && at + sizeof(log) <= reply.len; at += sizeof(log)) {
		memcpy(&log, reply.p + at, sizeof(log));
		if (memcmp(&log.log, cel, sizeof(*cel)) == 0)
			return MIN(rd(log.size), (uint32_t)CEL_MAX);
	}
	return 0;
}

static void read_effects(struct pci *pci)
{
	struct get_log_in in = {0};
	uint32_t size = effects_size(pci, &in.log);

	for (uint32_t offset = 0; offset < size;) {
		uint32_t length = MIN(size - offset, (uint32_t)pci->secondary.payload);
		struct reply reply;

		wr(&in.offset, offset);
		wr(&in.length, length);
		reply = execute_on(pci, &pci->secondary, OP_get_log, &in, sizeof(in));
		if (reply.rc || reply.len < sizeof(struct cel_entry))
			return;
		for (size_t at = 0; at + sizeof(struct cel_entry) <= reply.len; at += 4) {
			struct cel_entry entry;

			memcpy(&entry, reply.p + at, sizeof(entry));
			if (rd(entry.effects) & EFF_SECONDARY_MAILBOX)
				pci->on_secondary[rd(entry.opcode) / 8] |=
					(uint8_t)(1u << rd(entry.opcode) % 8);
		}
		offset += (uint32_t)(reply.len & ~3ull);
	}
}

static struct reply pci_execute(struct link *link, unsigned opcode, const void *in, size_t len)
{
	struct pci *pci = to_pci(link);

	if (pci->primary.alone)
		return execute_on(pci, &pci->primary, opcode, in, len);
	if (pci->secondary.regs && !pci->effects_read) {
		pci->effects_read = true;
		read_effects(pci);
	}
	if (pci->on_secondary[opcode / 8] >> opcode % 8 & 1)
		return execute_on(pci, &pci->secondary, opcode, in, len);
	return execute_on(pci, &pci->primary, opcode, in, len);
}

static void pci_close(struct link *link)
{
	struct pci *pci = to_pci(link);

	function_unmap(&pci->function);
	free(pci->out);
	free(pci);
}

static const struct link_ops pci_ops = {
	.execute = pci_execute,
	.background = pci_background,
	.hold = pci_hold,
	.close = pci_close,
};

void pci_take(struct link *link)
{
	struct pci *pci = to_pci(link);
	const struct function *fn = &pci->function;

	if (fn->driver[0])
		die(REFUSED,
		    "The mailbox of %s is needed alone, and the driver %s has it. Unbind it: "
		    "'echo %s > /sys/bus/pci/drivers/%s/unbind'",
		    fn->bdf, fn->driver, fn->bdf, fn->driver);
	pci_hold(link, true);
	pci->primary.alone = true;
	link->payload = pci->primary.payload;
}

struct link *pci_open(const char *bdf)
{
	struct pci *pci = xalloc(NULL, sizeof(*pci));
	size_t length = 0;

	*pci = (struct pci){.link = {.ops = &pci_ops, .shared = true}, .left = UINT64_MAX};
	function_map(&pci->function, bdf);
	if (reg_read64(pci->function.block + DEVCAP_ARRAY) == UINT64_MAX)
		die(NO_CONNECTION, "%s reads as all ones: the device is gone, or asleep", bdf);
	pci->event_status = find_capability(&pci->function, DEVCAP_STATUS, &length);
	if (length < sizeof(uint64_t))
		pci->event_status = NULL;
	find_mailbox(&pci->function, DEVCAP_PRIMARY_MAILBOX, &pci->primary);
	find_mailbox(&pci->function, DEVCAP_SECONDARY_MAILBOX, &pci->secondary);
	if (!pci->primary.regs)
		die(NO_CONNECTION, "%s has no mailbox that this program can use", bdf);
	pci->link.payload = pci->primary.payload;
	if (pci->secondary.regs)
		pci->link.payload = MIN(pci->primary.payload, pci->secondary.payload);
	pci->out = xalloc(NULL, MAX(pci->primary.payload, pci->secondary.payload) + 8);
	return &pci->link;
}
