/* SPDX-License-Identifier: MIT */
/*
 * The Coherent Device Attribute Table: what the device's memory is and how fast. It is made up
 * from the address space as it is read, entry by entry; entry 0 is its header. A reader gets one
 * table, not halves of two: entries describe what was there when entry 0 was read last, and the
 * header's sequence number tells readers of entry 0 that it has changed.
 *
 * The figures are those of a controller with one channel of DDR5 (volatile), and of one that goes
 * through a slower, persistent medium. No transfer of this device is timed by them.
 */
#include "wire/cdat.h"

#include "core/device.h"
#include "wire/doe.h"

enum { DSMAS, DSLBIS, DSEMTS = DSLBIS + 4, ENTRIES /* of each partition or region */ };

static const struct {
	uint8_t data_type;
	uint16_t unit;	   /* ps, MB/s */
	uint16_t value[2]; /* by kind of memory */
} speeds[] = {
	{DSLBIS_READ_LATENCY, 1000, {150, 300}},
	{DSLBIS_WRITE_LATENCY, 1000, {150, 500}},
	{DSLBIS_READ_BANDWIDTH, 1000, {32, 16}},
	{DSLBIS_WRITE_BANDWIDTH, 1000, {32, 8}},
};

static void put_dsmas(uint8_t *entry, unsigned handle, const struct dpa_segment *s, uint8_t flags)
{
	struct cdat_dsmas *e = (void *)entry;

	e->type = CDAT_TYPE_DSMAS;
	wr(&e->length, sizeof(*e));
	e->handle = (uint8_t)handle;
	e->flags = flags;
	wr(&e->base, s->start * SWCXL_LINE);
	wr(&e->size, s->len * SWCXL_LINE);
}

static void put_dslbis(uint8_t *entry, unsigned handle, const struct dpa_segment *s, unsigned n)
{
	struct cdat_dslbis *e = (void *)entry;

	e->type = CDAT_TYPE_DSLBIS;
	wr(&e->length, sizeof(*e));
	e->handle = (uint8_t)handle;
	e->data_type = speeds[n].data_type;
	wr(&e->unit, speeds[n].unit);
	wr(&e->value[0], speeds[n].value[s->kind == DPA_PERSISTENT]);
}

static void put_dsemts(uint8_t *entry, unsigned handle, const struct dpa_segment *s)
{
	struct cdat_dsemts *e = (void *)entry;

	e->type = CDAT_TYPE_DSEMTS;
	wr(&e->length, sizeof(*e));
	e->handle = (uint8_t)handle;
	e->memory_type = s->kind == DPA_PERSISTENT ? DSEMTS_RESERVED : DSEMTS_SPECIFIC_PURPOSE;
	wr(&e->size, s->len * SWCXL_LINE); /* from the range's beginning: offset 0 */
}

/* Flags of regions are where they are here (DSMAS_*). */
static uint8_t dsmas_flags(const struct swcxl_dev *dev, unsigned segment, enum dpa_kind kind)
{
	const uint8_t mask =
		DSMAS_NON_VOLATILE | DSMAS_SHARABLE | DSMAS_HW_COHERENCY | DSMAS_READ_ONLY;

	if (segment < DPA_DYNAMIC)
		return kind == DPA_PERSISTENT ? DSMAS_NON_VOLATILE : 0;
	return (dev->config.dc_flags[segment - DPA_DYNAMIC] & mask) | DSMAS_DYNAMIC_CAPACITY;
}

/* The entry of this handle, 1 or more; false when there is none. */
static bool put_entry(const struct swcxl_dev *dev, unsigned handle, uint8_t entry[CDAT_ENTRY_MAX])
{
	const struct cdat *cdat = &dev->doe.cdat;
	unsigned n = handle - 1;

	memset(entry, 0, CDAT_ENTRY_MAX);
	for (unsigned i = 0; i < DPA_SEGMENTS; i++) {
		const struct dpa_segment *s = &cdat->segment[i];

		if (!s->len)
			continue;
		if (n >= ENTRIES) {
			n -= ENTRIES;
			continue;
		}
		if (n == DSMAS)
			put_dsmas(entry, i, s, dsmas_flags(dev, i, s->kind));
		else if (n == DSEMTS)
			put_dsemts(entry, i, s);
		else
			put_dslbis(entry, i, s, n - DSLBIS);
		return true;
	}
	return false;
}

static uint8_t sum(const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *b++);
	return sum;
}

static void put_header(const struct swcxl_dev *dev, uint8_t *entry)
{
	struct cdat_header *h = (void *)entry;
	uint8_t other[CDAT_ENTRY_MAX], total = 0;
	uint32_t length = sizeof(*h);

	for (unsigned handle = 1; put_entry(dev, handle, other); handle++) {
		length += sizeof(other);
		total = (uint8_t)(total + sum(other, sizeof(other)));
	}
	memset(h, 0, sizeof(*h));
	wr(&h->length, length);
	h->revision = CDAT_REVISION;
	wr(&h->sequence, dev->doe.cdat.sequence);
	h->checksum = (uint8_t) - (total + sum(h, sizeof(*h)));
}

/* A table is read from its beginning. */
static void renew(struct cdat *cdat, const struct dpa *dpa)
{
	bool same = true;

	for (unsigned i = 0; i < DPA_SEGMENTS; i++) {
		const struct dpa_segment *new = &dpa->segment[i];
		struct dpa_segment *s = &cdat->segment[i];

		same &= s->start == new->start && s->len == new->len && s->kind == new->kind;
		*s = *new;
	}
	cdat->sequence += !same;
}

size_t cdat_entry(struct swcxl_dev *dev, uint16_t handle, uint8_t *entry, uint16_t *next)
{
	struct cdat *cdat = &dev->doe.cdat;
	uint8_t other[CDAT_ENTRY_MAX];
	size_t len = CDAT_ENTRY_MAX;

	if (!handle) {
		renew(cdat, &dev->dpa);
		put_header(dev, entry);
		len = sizeof(struct cdat_header);
	} else if (!put_entry(dev, handle, entry)) {
		return 0;
	}
	*next = DOE_LAST_ENTRY;
	if (put_entry(dev, handle + 1u, other))
		*next = (uint16_t)(handle + 1);
	return len;
}
