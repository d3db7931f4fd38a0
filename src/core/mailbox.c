/* SPDX-License-Identifier: MIT */
/*
 * The CXL device registers (CXL r3.2 8.2.9) in SWCXL_BAR_DEVICE. The block lies at an offset of
 * 64 KiB, with nothing in the BAR's first page: Linux looks at that page alone before it lets
 * root map the BAR, so tools work beside a bound driver.
 *
 *   block + 0x0000  capabilities array, device status, memory device status
 *   block + 0x1fe0  primary mailbox: its registers end where a page ends ...
 *   block + 0x2000  ... and its payload is whole pages, which a transport may map
 *   then            the secondary mailbox, likewise
 *
 * A command is a snapshot, executed, published: at the doorbell the opcode is taken and the
 * payload copied once to private memory, the command runs to its end, and output, length and
 * status are written before the doorbell write returns. Registers are made up from the device's
 * state at each read; nothing is ever read back from memory that a peer could have changed.
 *
 * With durable state, publishing may have to wait for a commit. Until then the reply is held: the
 * doorbell reads 1, and the mailbox takes no writes, as 8.2.9.4.4 has it for a command that runs.
 *
 * A transport may map the registers too (ADR 0024). Then a peer writes them without telling, and
 * somebody has to look (swcxl_poll). Who owns the page follows the doorbell. While it reads 0, the
 * peer may be half-way through a command, so the device stores nothing that it could overwrite;
 * from the ring to the reply the device owns it all. What the device believes is its own state:
 * of the page it takes control and command, each by one load.
 */
#include <errno.h>

#include "core/cci.h"

#define PAGE 4096u
#define BLOCK 0x10000u	    /* of the device registers in the BAR: 64 KiB aligned (8.1.9) */
#define STATUS_OFFSET 0x80u /* device status */
#define MEMORY_STATUS_OFFSET 0x100u
#define FIRST_PAYLOAD 0x2000u
#define HEAD_SIZE 0x200u /* of the first part, with all that is in it */
#define READY_TIME_S 1u

static uint32_t payload_in_block(const struct swcxl_dev *dev, unsigned which)
{
	return FIRST_PAYLOAD + which * (swcxl_payload_area_size(dev) + PAGE);
}

uint32_t swcxl_payload_area_size(const struct swcxl_dev *dev)
{
	return MAX(dev->config.payload_size, PAGE);
}

uint64_t swcxl_payload_offset(const struct swcxl_dev *dev, enum swcxl_mailbox which)
{
	return BLOCK + payload_in_block(dev, which);
}

uint64_t device_bar_size(const struct swcxl_dev *dev)
{
	uint64_t size = PAGE, end = BLOCK + payload_in_block(dev, SWCXL_MAILBOXES);

	while (size < end)
		size *= 2;
	return size;
}

static bool take_page(struct swcxl_dev *dev, unsigned which);

/* ---- reading ---- */

static void put_header(uint8_t *head, unsigned n, uint16_t id, uint8_t version, uint32_t offset,
		       uint32_t len)
{
	uint8_t *h = head + DEVCAP_HEADER(n);

	le_store(h, 2, id);
	h[2] = version;
	le_store(h + 4, 4, offset);
	le_store(h + 8, 4, len);
}

/* Capabilities array, 8.2.9.1, and the two status registers. */
static void build_head(const struct swcxl_dev *dev, uint8_t head[HEAD_SIZE])
{
	uint32_t payload = dev->config.payload_size;
	uint64_t type = dev->config.revision >= SWCXL_CXL_3_0 ? 1 : 0; /* memory device */

	memset(head, 0, HEAD_SIZE);
	le_store(head + DEVCAP_ARRAY, 8, 1ull << 16 | type << 24 | 4ull << 32);
	put_header(head, 0, DEVCAP_STATUS, dev->config.revision >= SWCXL_CXL_3_0 ? 2 : 1,
		   STATUS_OFFSET, 8);
	put_header(head, 1, DEVCAP_PRIMARY_MAILBOX, 1, payload_in_block(dev, 0) - MBOX_PAYLOAD,
		   MBOX_PAYLOAD + payload);
	put_header(head, 2, DEVCAP_SECONDARY_MAILBOX, 1, payload_in_block(dev, 1) - MBOX_PAYLOAD,
		   MBOX_PAYLOAD + payload);
	put_header(head, 3, DEVCAP_MEMORY_DEVICE_STATUS, 1, MEMORY_STATUS_OFFSET, 8);
	le_store(head + STATUS_OFFSET, 8, event_status(dev));
	le_store(head + MEMORY_STATUS_OFFSET, 8, device_memory_status(dev));
}

static uint32_t caps(const struct swcxl_dev *dev, unsigned which)
{
	uint32_t caps = READY_TIME_S << MBOX_CAPS_READY_TIME_SHIFT;

	for (uint32_t size = dev->config.payload_size; size > 1; size >>= 1)
		caps++;
	if (dev->config.revision >= SWCXL_CXL_3_0)
		caps |= MBOX_CAPS_TYPE_MEMORY;
	if (which == SWCXL_MAILBOX_PRIMARY) /* no interrupts on the secondary (8.2.9.4) */
		caps |= MBOX_CAPS_DOORBELL_IRQ | MBOX_CAPS_BACKGROUND_IRQ |
			VECTOR_MAILBOX << MBOX_CAPS_VECTOR_SHIFT;
	return caps;
}

/* The registers in front of the payload. The doorbell reads 1 for as long as a reply is held. */
static void build_mailbox(const struct swcxl_dev *dev, unsigned which, uint8_t regs[MBOX_PAYLOAD])
{
	const struct mailbox *m = &dev->mailbox[which];
	struct background b = {0};

	if (which == SWCXL_MAILBOX_PRIMARY) /* always 0 on the secondary */
		b = background_status(m->cci);
	le_store(regs + MBOX_CAPS, 4, caps(dev, which));
	le_store(regs + MBOX_CONTROL, 4, m->control | (m->held.active ? MBOX_CONTROL_DOORBELL : 0));
	le_store(regs + MBOX_COMMAND, 8, m->command);
	le_store(regs + MBOX_STATUS, 8,
		 (uint64_t)m->rc << 32 | (b.running ? MBOX_STATUS_BACKGROUND : 0));
	le_store(regs + MBOX_BACKGROUND, 8,
		 (uint64_t)b.rc << 32 | (uint64_t)b.percent << 16 | b.opcode);
}

/* Copies what an access at [offset, offset + len) sees of size bytes that lie at base. */
static void show(uint64_t offset, uint8_t *buf, uint32_t len, uint64_t base, const void *src,
		 uint32_t size)
{
	uint64_t from = MAX(offset, base), to = MIN(offset + len, base + size);

	if (from < to)
		memcpy(buf + (from - offset), (const uint8_t *)src + (from - base), to - from);
}

void device_bar_read(struct swcxl_dev *dev, uint64_t offset, void *buf, uint32_t len)
{
	uint8_t head[HEAD_SIZE], regs[MBOX_PAYLOAD];

	if (offset < BLOCK + HEAD_SIZE) {
		build_head(dev, head);
		show(offset, buf, len, BLOCK, head, sizeof(head));
	}
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		uint64_t payload = swcxl_payload_offset(dev, i);

		if (offset < payload && offset + len > payload - MBOX_PAYLOAD) {
			take_page(dev, i);
			build_mailbox(dev, i, regs);
			show(offset, buf, len, payload - MBOX_PAYLOAD, regs, sizeof(regs));
		}
		show(offset, buf, len, payload, dev->mailbox[i].payload, dev->config.payload_size);
	}
}

/* ---- registers that a peer maps ---- */

static uint32_t page_control(const struct mailbox *m)
{
	uint32_t raw = __atomic_load_n((uint32_t *)(m->page + MBOX_CONTROL), __ATOMIC_ACQUIRE);

	return (uint32_t)le_load(&raw, sizeof(raw));
}

static uint64_t page_command(const struct mailbox *m)
{
	uint64_t raw = __atomic_load_n((uint64_t *)(m->page + MBOX_COMMAND), __ATOMIC_RELAXED);

	return le_load(&raw, sizeof(raw));
}

/* A register of 64 bits, in one store. */
static void put(struct mailbox *m, const uint8_t regs[MBOX_PAYLOAD], unsigned offset)
{
	uint64_t value;

	memcpy(&value, regs + offset, sizeof(value));
	__atomic_store_n((uint64_t *)(m->page + offset), value, __ATOMIC_RELAXED);
}

/* All registers, the doorbell last: with it the page is the peer's again. */
static void publish(struct swcxl_dev *dev, unsigned which)
{
	struct mailbox *m = &dev->mailbox[which];
	uint8_t regs[MBOX_PAYLOAD];

	if (!m->page)
		return;
	build_mailbox(dev, which, regs);
	put(m, regs, MBOX_COMMAND);
	put(m, regs, MBOX_STATUS);
	put(m, regs, MBOX_BACKGROUND);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	put(m, regs, MBOX_CAPS); /* and control, right behind */
}

/* What a peer has no business to write, and so can be stored at any time. */
void mailbox_show_background(struct swcxl_dev *dev)
{
	struct mailbox *m = &dev->mailbox[SWCXL_MAILBOX_PRIMARY]; /* the other has none (8.2.9.4) */
	uint8_t regs[MBOX_PAYLOAD];

	if (!m->page)
		return;
	build_mailbox(dev, SWCXL_MAILBOX_PRIMARY, regs);
	put(m, regs, MBOX_BACKGROUND);
	put(m, regs, MBOX_STATUS);
}

static bool is_rung(const struct mailbox *m)
{
	return m->page && !m->held.active && page_control(m) & MBOX_CONTROL_DOORBELL;
}

/* Enables that were written without a ring. */
static void see_enables(struct swcxl_dev *dev, unsigned which)
{
	struct mailbox *m = &dev->mailbox[which];
	uint32_t control;

	if (!m->page || m->held.active || which != SWCXL_MAILBOX_PRIMARY)
		return;
	control = page_control(m);
	if (control & MBOX_CONTROL_DOORBELL || (control & MBOX_CONTROL_ENABLES) == m->control)
		return;
	m->control = control & MBOX_CONTROL_ENABLES;
	m->enables_unseen = false;
}

/* ---- writing ---- */

/* Publishes the reply, unless there is still something that it has to wait for. */
static void release(struct swcxl_dev *dev, struct mailbox *m)
{
	uint32_t area = swcxl_payload_area_size(dev);
	struct held_reply *held = &m->held;

	if (!held->active || held->ticket || held->until_ns || held->hung)
		return;
	held->active = false;
	memcpy(m->payload, m->out, held->out_len);
	memset(m->payload + dev->config.payload_size, 0, area - dev->config.payload_size);
	m->command = (uint64_t)held->out_len << 16 | held->opcode;
	m->rc = held->rc;
	publish(dev, (unsigned)(m - dev->mailbox));
	if (m->control & MBOX_CONTROL_DOORBELL_IRQ)
		device_irq(dev, VECTOR_MAILBOX);
}

void mailbox_settled(struct swcxl_dev *dev, uint64_t ticket)
{
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		struct mailbox *m = &dev->mailbox[i];

		if (m->held.ticket <= ticket)
			m->held.ticket = 0;
		release(dev, m);
	}
}

/* The commit will not come soon. What was read may be shown, what was changed not acknowledged. */
void mailbox_unwritable(struct swcxl_dev *dev)
{
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		struct held_reply *held = &dev->mailbox[i].held;

		if (held->active && held->ticket && held->changed) {
			held->rc = SWCXL_INTERNAL_ERROR;
			held->out_len = 0;
		}
	}
	mailbox_settled(dev, UINT64_MAX);
}

uint64_t mailbox_deadline(const struct swcxl_dev *dev)
{
	uint64_t first = SWCXL_NO_DEADLINE;

	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		const struct held_reply *held = &dev->mailbox[i].held;

		if (held->active && held->until_ns)
			first = MIN(first, held->until_ns);
	}
	return first;
}

void mailbox_advance(struct swcxl_dev *dev, uint64_t now_ns)
{
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		struct mailbox *m = &dev->mailbox[i];

		if (!m->held.active || !m->held.until_ns || m->held.until_ns > now_ns)
			continue;
		dev->now_ns = MAX(dev->now_ns, m->held.until_ns);
		m->held.until_ns = 0;
		release(dev, m);
	}
}

void mailbox_recover(struct swcxl_dev *dev)
{
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		dev->mailbox[i].held.until_ns = 0;
		dev->mailbox[i].held.hung = false;
		release(dev, &dev->mailbox[i]);
	}
}

/* A doorbell that nobody answers is a write like others. */
static void trace_doorbell(struct swcxl_dev *dev, const struct mailbox *m)
{
	uint64_t payload = swcxl_payload_offset(dev, (enum swcxl_mailbox)(m - dev->mailbox));
	const uint8_t rung[4] = {MBOX_CONTROL_DOORBELL};

	device_trace(dev, SWCXL_TRACE_WRITE, "device", payload - MBOX_PAYLOAD + MBOX_CONTROL, rung,
		     sizeof(rung));
}

/* A mailbox without firmware behind it; else the command, with what faults wait for it. */
static enum swcxl_rc execute(struct swcxl_dev *dev, struct mailbox *m, uint16_t opcode,
			     uint32_t in_len)
{
	struct held_reply *held = &m->held;
	enum swcxl_rc rc;
	uint64_t value;

	held->out_len = 0;
	held->until_ns = 0;
	held->hung = fault_is(dev, SWCXL_FAULT_FIRMWARE_HALT);
	if (held->hung || fault_is(dev, SWCXL_FAULT_MAILBOX_NOT_READY)) {
		trace_doorbell(dev, m);
		return held->hung ? SWCXL_INTERNAL_ERROR : SWCXL_RETRY_REQUIRED;
	}
	/* a length beyond the payload is refused before anything is looked at: 0016h */
	rc = swcxl_execute(m->cci, opcode, m->in, in_len, m->out, &held->out_len);
	if (fault_hits(dev, SWCXL_FAULT_DELAY, opcode, &value))
		held->until_ns = value ? time_add(dev->now_ns, value) : 0;
	held->hung = fault_hits(dev, SWCXL_FAULT_HANG, opcode, &value);
	return rc;
}

/* 8.2.9.4: the command register as sampled, the payload copied once; then all at once. */
static void ring(struct swcxl_dev *dev, struct mailbox *m)
{
	uint16_t opcode = MBOX_COMMAND_OPCODE(m->command);
	uint32_t in_len = MBOX_COMMAND_LENGTH(m->command);
	uint32_t fits = MIN(in_len, dev->config.payload_size);
	struct held_reply *held = &m->held;
	uint64_t changes = dev->changes;

	dev->mailbox_used = true;
	memcpy(m->in, m->payload, fits);
	held->rc = execute(dev, m, opcode, in_len);
	held->opcode = opcode;
	held->changed = dev->changes != changes;
	held->ticket = dev->unwritable ? 0 : device_ticket(dev);
	held->active = true;
	release(dev, m);
	device_deadline(dev);
}

/*
 * Control: bit 0 rings. Linux rings by writing 1, which taken literally would disable the
 * completion interrupt that it had enabled; so a write that rings only sets enables, and one that
 * does not ring writes them.
 */
static void write_control(struct swcxl_dev *dev, unsigned which, uint32_t value)
{
	struct mailbox *m = &dev->mailbox[which];
	uint32_t keep = value & MBOX_CONTROL_DOORBELL ? m->control : 0;

	if (which == SWCXL_MAILBOX_PRIMARY)
		m->control = keep | (value & MBOX_CONTROL_ENABLES);
	if (value & MBOX_CONTROL_DOORBELL)
		ring(dev, m);
}

/*
 * What the peer has put into the page counts as written now. True: the doorbell among it. An
 * enable that Linux writes just before its first ring may be gone before anybody has seen it.
 */
static bool take_page(struct swcxl_dev *dev, unsigned which)
{
	struct mailbox *m = &dev->mailbox[which];
	uint32_t control;

	if (!m->page || m->held.active)
		return false;
	see_enables(dev, which);
	control = page_control(m);
	m->command = page_command(m) & MBOX_COMMAND_MASK;
	if (!(control & MBOX_CONTROL_DOORBELL))
		return false;
	m->enables_unseen |= !((m->control | control) & MBOX_CONTROL_ENABLES);
	write_control(dev, which, control);
	return true;
}

bool swcxl_rung(const struct swcxl_dev *dev)
{
	bool rung = false;

	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++)
		rung |= is_rung(&dev->mailbox[i]);
	return rung;
}

unsigned swcxl_poll(struct swcxl_dev *dev)
{
	unsigned rings = 0;

	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++)
		rings += take_page(dev, i);
	return rings;
}

static void write_mailbox(struct swcxl_dev *dev, unsigned which, uint64_t offset,
			  const uint8_t *buf, uint32_t len)
{
	struct mailbox *m = &dev->mailbox[which];
	uint64_t base = swcxl_payload_offset(dev, which) - MBOX_PAYLOAD;
	uint8_t regs[MBOX_PAYLOAD];
	bool control = false;

	take_page(dev, which);
	if (m->held.active)
		return;
	build_mailbox(dev, which, regs);
	for (uint64_t i = MAX(offset, base); i < MIN(offset + len, base + MBOX_PAYLOAD); i++) {
		regs[i - base] = buf[i - offset];
		control |= i - base == MBOX_CONTROL; /* the byte with all its bits */
	}
	m->command = le_load(regs + MBOX_COMMAND, 8) & MBOX_COMMAND_MASK;
	if (control) {
		if (!(regs[MBOX_CONTROL] & MBOX_CONTROL_DOORBELL)) /* others show as commands */
			device_trace(dev, SWCXL_TRACE_WRITE, "device", offset, buf, len);
		m->enables_unseen = false;
		write_control(dev, which, (uint32_t)le_load(regs + MBOX_CONTROL, 4));
	}
	publish(dev, which);
}

void device_bar_write(struct swcxl_dev *dev, uint64_t offset, const void *buf, uint32_t len)
{
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		uint64_t payload = swcxl_payload_offset(dev, i);
		uint64_t from = MAX(offset, payload);
		uint64_t to = MIN(offset + len, payload + dev->config.payload_size);

		if (from < to && !dev->mailbox[i].held.active)
			memcpy(dev->mailbox[i].payload + (from - payload),
			       (const uint8_t *)buf + (from - offset), to - from);
		if (offset < payload && offset + len > payload - MBOX_PAYLOAD)
			write_mailbox(dev, i, offset, buf, len);
	}
}

/* ---- life ---- */

void mailbox_background_done(struct swcxl_dev *dev, struct swcxl_cci *cci)
{
	const struct mailbox *m = &dev->mailbox[SWCXL_MAILBOX_PRIMARY];

	mailbox_show_background(dev);
	see_enables(dev, SWCXL_MAILBOX_PRIMARY);
	/* better one interrupt that nobody waits for than none where somebody does */
	if (cci == m->cci && (m->control & MBOX_CONTROL_BACKGROUND_IRQ || m->enables_unseen))
		device_irq(dev, VECTOR_MAILBOX);
}

void swcxl_set_payload(struct swcxl_dev *dev, enum swcxl_mailbox which, void *memory)
{
	struct mailbox *m = &dev->mailbox[which];

	m->payload = memory ? memory : m->own_payload;
	if (!memory)
		memset(m->own_payload, 0, swcxl_payload_area_size(dev));
}

void swcxl_set_registers(struct swcxl_dev *dev, enum swcxl_mailbox which, void *page)
{
	struct mailbox *m = &dev->mailbox[which];

	m->page = page ? (uint8_t *)page + PAGE - MBOX_PAYLOAD : NULL;
	m->enables_unseen = false;
	publish(dev, which);
}

int mailbox_init(struct swcxl_dev *dev)
{
	uint32_t size = dev->config.payload_size, area = swcxl_payload_area_size(dev);

	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		struct mailbox *m = &dev->mailbox[i];

		m->own_payload = mem_zalloc(&dev->mem, area);
		m->in = mem_zalloc(&dev->mem, size);
		m->out = mem_zalloc(&dev->mem, size);
		m->payload = m->own_payload;
		m->cci = cci_new(dev,
				 i == SWCXL_MAILBOX_PRIMARY ? CHANNEL_PRIMARY : CHANNEL_SECONDARY);
		if (!m->own_payload || !m->in || !m->out || !m->cci)
			return -ENOMEM;
	}
	return 0;
}

void mailbox_fini(struct swcxl_dev *dev)
{
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		struct mailbox *m = &dev->mailbox[i];

		mem_free(&dev->mem, m->own_payload);
		mem_free(&dev->mem, m->in);
		mem_free(&dev->mem, m->out);
		m->own_payload = m->in = m->out = m->payload = NULL;
	}
}

/* After a reset nothing of an earlier life is left to be read. */
void mailbox_reset(struct swcxl_dev *dev)
{
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		struct mailbox *m = &dev->mailbox[i];

		m->held = (struct held_reply){0};
		m->control = 0;
		m->command = 0;
		m->rc = SWCXL_SUCCESS;
		m->enables_unseen = false;
		memset(m->payload, 0, swcxl_payload_area_size(dev));
		publish(dev, i);
	}
}
