/* SPDX-License-Identifier: MIT */
/*
 * Data Object Exchange (PCIe 6.30, 7.9.24): a mailbox in configuration space. A host writes a
 * request dword by dword, sets Go, and reads the response dword by dword, each acknowledged by a
 * write; here the response is there when the write of Go returns, so that Busy is never seen.
 *
 *	a request whose length is not what was written, or of a type that is not
 *	known, is discarded silently (PCIe 6.30.1)
 *	one that cannot be answered, a second one while a response waits, and an
 *	acknowledge of what is not there are errors
 *	an error stays, and nothing else happens, until an abort
 *
 * The status and the dword that shows lie in the registers, renewed after each change.
 */
#include "wire/doe.h"

#include "core/device.h"

#define DOE 0x1a0u /* as src/tbl/config_space.tbl.h has it */
#define COMPLIANCE_VERSION 1

static void show(struct swcxl_dev *dev)
{
	struct regs *r = &dev->config_space;
	const struct doe *doe = &dev->doe;
	uint32_t status = (uint32_t)regs_get(r, DOE + DOE_STATUS, 4) & DOE_STATUS_IRQ;
	uint64_t dword = 0;

	if (doe->error)
		status |= DOE_STATUS_ERROR;
	if (doe->length)
		status |= DOE_STATUS_READY;
	if (doe->length && !doe->error)
		dword = le_load(doe->response + 4 * doe->at, 4);
	regs_set(r, DOE + DOE_STATUS, 4, status);
	regs_set(r, DOE + DOE_READ_MAILBOX, 4, dword);
}

/* Something is ready, or wrong: an edge, unless the last one has not been seen yet. */
static void interrupt(struct swcxl_dev *dev)
{
	struct regs *r = &dev->config_space;
	uint32_t status = (uint32_t)regs_get(r, DOE + DOE_STATUS, 4);

	if (!(regs_get(r, DOE + DOE_CONTROL, 4) & DOE_CONTROL_IRQ) || status & DOE_STATUS_IRQ)
		return;
	regs_set(r, DOE + DOE_STATUS, 4, status | DOE_STATUS_IRQ);
	device_irq(dev, VECTOR_DOE);
}

static void fail(struct swcxl_dev *dev)
{
	dev->doe.error = true;
	interrupt(dev);
}

/* ---- objects: what answers a request makes room for its response, or returns false ---- */

struct object_type {
	uint16_t vendor;
	uint8_t type;
	bool (*answer)(struct swcxl_dev *dev, const struct object_type *type);
};

/* What follows the header of the request, when so much of it is there. */
static const void *request(const struct doe *doe, size_t size)
{
	const struct doe_header *h = (const void *)doe->request;
	uint32_t length = DOE_LENGTH(rd(h->length));

	return 4 * length >= sizeof(*h) + size ? h + 1 : NULL;
}

/* Room for what follows the header of a response, zeroed. */
static void *respond(struct doe *doe, const struct object_type *type, size_t size)
{
	struct doe_header *h = (void *)doe->response;

	memset(doe->response, 0, sizeof(doe->response));
	doe->length = (uint32_t)(sizeof(*h) + size + 3) / 4;
	doe->at = 0;
	assert(doe->length <= DOE_RESPONSE_MAX);
	wr(&h->vendor, type->vendor);
	h->type = type->type;
	wr(&h->length, doe->length);
	return h + 1;
}

static bool discovery(struct swcxl_dev *dev, const struct object_type *type);

/* 8.1.11: Read Entry is the only request, CDAT the only table. */
static bool table_access(struct swcxl_dev *dev, const struct object_type *type)
{
	const struct doe_read_entry *in = request(&dev->doe, sizeof(*in));
	struct doe_read_entry *out;
	uint8_t entry[CDAT_ENTRY_MAX];
	uint16_t next;
	size_t len;

	if (!in || in->code != DOE_CODE_READ_ENTRY || in->table != DOE_TABLE_CDAT)
		return false;
	len = cdat_entry(dev, rd(in->handle), entry, &next);
	if (!len)
		return false;
	out = respond(&dev->doe, type, sizeof(*out) + len);
	wr(&out->handle, next);
	memcpy(out + 1, entry, len);
	return true;
}

/* 14.16.4: there is nothing to inject; other requests than about that are unsupported. */
static bool compliance(struct swcxl_dev *dev, const struct object_type *type)
{
	const struct doe_compliance_in *in = request(&dev->doe, sizeof(*in));
	struct doe_compliance_out *out;
	size_t len = sizeof(*out);
	bool query;

	if (!in)
		return false;
	query = in->code == COMPLIANCE_QUERY_CAPABILITIES;
	if (query)
		len += sizeof(struct doe_compliance_capabilities);
	out = respond(&dev->doe, type, len);
	out->code = in->code;
	out->version = COMPLIANCE_VERSION;
	out->length = (uint8_t)(sizeof(struct doe_header) + len);
	out->status = query ? COMPLIANCE_SUCCESS : COMPLIANCE_UNSUPPORTED;
	return true;
}

static const struct object_type types[] = {
	{PCI_SIG_VENDOR_ID, DOE_DISCOVERY, discovery},
	{CXL_VENDOR_ID, DOE_COMPLIANCE, compliance},
	{CXL_VENDOR_ID, DOE_TABLE_ACCESS, table_access},
};

/* PCIe 6.30.1.1: the types by index; beyond the last, one of no vendor. */
static bool discovery(struct swcxl_dev *dev, const struct object_type *type)
{
	const struct doe_discovery_in *in = request(&dev->doe, sizeof(*in));
	struct doe_discovery_out *out;
	unsigned i;

	if (!in)
		return false;
	i = in->index;
	out = respond(&dev->doe, type, sizeof(*out));
	wr(&out->vendor, i < ARRAY_SIZE(types) ? types[i].vendor : DOE_NO_VENDOR);
	out->type = i < ARRAY_SIZE(types) ? types[i].type : 0;
	out->next = (uint8_t)(i + 1 < ARRAY_SIZE(types) ? i + 1 : 0);
	return true;
}

static const struct object_type *find(const struct doe_header *h)
{
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].vendor == rd(h->vendor) && types[i].type == h->type)
			return &types[i];
	return NULL;
}

/* ---- registers ---- */

static void trace(struct swcxl_dev *dev, uint32_t dwords)
{
	const struct doe *doe = &dev->doe;

	if (dev->host.trace)
		dev->host.trace(dev->host.ctx, &(struct swcxl_trace){
						       .kind = SWCXL_TRACE_OBJECT,
						       .now_ns = dev->now_ns,
						       .channel = "doe",
						       .in = doe->request,
						       .in_len = 4 * dwords,
						       .out = doe->response,
						       .out_len = 4 * doe->length,
					       });
}

static void go(struct swcxl_dev *dev)
{
	struct doe *doe = &dev->doe;
	const struct doe_header *h = (const void *)doe->request;
	uint32_t written = doe->written, length = 0;
	const struct object_type *type;

	doe->written = 0;
	if (written >= 2)
		length = DOE_LENGTH(rd(h->length));
	if (!length)
		length = DOE_LENGTH_MAX;
	if (written != length)
		return;
	type = find(h);
	if (!type)
		return;
	if (doe->length || written > DOE_REQUEST_MAX || !type->answer(dev, type)) {
		fail(dev);
		return;
	}
	trace(dev, written);
	interrupt(dev);
}

static void take(struct doe *doe, const uint8_t dword[4])
{
	if (doe->written < DOE_REQUEST_MAX)
		memcpy(doe->request + 4 * doe->written, dword, 4);
	if (doe->written <= DOE_LENGTH_MAX) /* more is as wrong as one more */
		doe->written++;
}

static void acknowledge(struct swcxl_dev *dev)
{
	struct doe *doe = &dev->doe;

	if (!doe->length)
		fail(dev);
	else if (++doe->at == doe->length)
		doe->length = 0;
}

/* Drops whatever was under way. CDAT's sequence goes on counting. */
static void drop(struct doe *doe)
{
	doe->written = doe->length = 0;
	doe->error = false;
}

void doe_reset(struct swcxl_dev *dev)
{
	drop(&dev->doe);
	regs_set(&dev->config_space, DOE + DOE_CONTROL, 4, 0);
	regs_set(&dev->config_space, DOE + DOE_STATUS, 4, 0);
	show(dev);
}

/*
 * A data mailbox is a dword: a write of part of the write mailbox is none, while any write to the
 * read mailbox acknowledges. A write that spans registers is to each of them, in their order.
 */
void doe_write(struct swcxl_dev *dev, uint32_t offset, const void *buf, uint32_t len)
{
	const uint32_t mailbox = DOE + DOE_WRITE_MAILBOX;
	struct doe *doe = &dev->doe;
	uint32_t control = regs_written(offset, buf, len, DOE + DOE_CONTROL);

	if (control & DOE_CONTROL_ABORT)
		drop(doe);
	else if (control & DOE_CONTROL_GO && !doe->error)
		go(dev);
	if (regs_covers(offset, len, mailbox, 4) && !doe->error)
		take(doe, (const uint8_t *)buf + (mailbox - offset));
	if (regs_touches(offset, len, DOE + DOE_READ_MAILBOX, 4) && !doe->error)
		acknowledge(dev);
	show(dev);
}
