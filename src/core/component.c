/* SPDX-License-Identifier: MIT */
/*
 * Component registers (CXL r3.2 8.2.4): rows in src/tbl/component.tbl.h, and here what happens
 * when an HDM decoder is told to commit (8.2.4.20). A decoder that breaks a rule answers "error,
 * not committed"; every decoder does with --hdm-commit refuse.
 */
#include "base/le.h"
#include "core/device.h"

#define HDM (CACHEMEM_BASE + 0x140u)

static const struct reg_row rows[] = {
#define REG(...) {__VA_ARGS__},
#include "tbl/component.tbl.h"
};
static const struct reg_row decoder_rows[] = {
#define DECODER(...) {__VA_ARGS__},
#include "tbl/component.tbl.h"
};

/* CXL Reset leaves what is sticky (RAS) and decoders that are locked. */
void component_reset(struct swcxl_dev *dev, bool conventional)
{
	const uint32_t locked = HDM_CONTROL_COMMITTED | HDM_CONTROL_LOCK;

	if (conventional) {
		regs_define(&dev->component, 0, rows, ARRAY_SIZE(rows));
		ras_reset(dev);
	}
	for (unsigned i = 0; i < HDM_DECODERS; i++) {
		uint32_t at = HDM + HDM_DECODER(i);

		if (conventional ||
		    (regs_get(&dev->component, at + HDM_CONTROL, 4) & locked) != locked)
			regs_define(&dev->component, at, decoder_rows, ARRAY_SIZE(decoder_rows));
	}
}

struct decoder {
	uint64_t base, size, skip;
	uint32_t control;
	unsigned ways; /* 0: a reserved encoding */
	bool granularity_ok;
};

static struct decoder decode(const struct swcxl_dev *dev, unsigned n)
{
	static const uint8_t ways[16] = {1, 2, 4, 8, 16, [8] = 3, 6, 12};
	const struct regs *r = &dev->component;
	uint32_t at = HDM + HDM_DECODER(n);
	uint32_t control = (uint32_t)regs_get(r, at + HDM_CONTROL, 4);

	return (struct decoder){
		.base = regs_get(r, at + HDM_BASE_LOW, 8),
		.size = regs_get(r, at + HDM_SIZE_LOW, 8),
		.skip = regs_get(r, at + HDM_SKIP_LOW, 8),
		.control = control,
		.ways = ways[HDM_CONTROL_IW(control)],
		.granularity_ok = HDM_CONTROL_IG(control) <= 6,
	};
}

/* The rules of commit: those that hosts rely on, checked whether or not lock-on-commit is set. */
static bool may_commit(const struct swcxl_dev *dev, unsigned n)
{
	uint64_t capacity = dev->dpa.top * SWCXL_LINE, used = 0, limit = 0;
	struct decoder d;

	if (dev->config.hdm_refuse)
		return false;
	for (unsigned i = 0; i < n; i++) { /* decoders commit in order */
		d = decode(dev, i);
		if (!(d.control & HDM_CONTROL_COMMITTED))
			return false;
		used += d.skip + d.size / d.ways; /* checked when it was committed */
		limit = MAX(limit, d.base + d.size);
	}
	for (unsigned i = n + 1; i < HDM_DECODERS; i++)
		if (decode(dev, i).control & HDM_CONTROL_COMMITTED)
			return false; /* it was placed behind what this one was then */
	d = decode(dev, n);
	if (!d.ways || !d.granularity_ok || d.base + d.size < d.base || d.base < limit)
		return false;
	if (d.size % (d.ways % 3 ? SWCXL_CAPACITY_UNIT : 3 * SWCXL_CAPACITY_UNIT))
		return false;
	return range_fits(used, d.skip, capacity) &&
	       range_fits(used + d.skip, d.size / d.ways, capacity);
}

/*
 * What a decoder decodes does not change under it: while it is committed only its commit bit can
 * be written, and with lock-on-commit not even that.
 */
static void freeze(struct swcxl_dev *dev, unsigned n, bool committed, bool locked)
{
	uint8_t *writable = dev->component.writable + HDM + HDM_DECODER(n);

	for (unsigned i = 0; i < ARRAY_SIZE(decoder_rows); i++) {
		const struct reg_row *row = &decoder_rows[i];

		le_store(writable + row->offset, row->width, committed ? 0 : row->writable);
	}
	if (committed && !locked)
		le_store(writable + HDM_CONTROL, 4, HDM_CONTROL_COMMIT);
}

static void write_control(struct swcxl_dev *dev, unsigned n)
{
	struct regs *r = &dev->component;
	uint32_t at = HDM + HDM_DECODER(n) + HDM_CONTROL;
	uint32_t control = (uint32_t)regs_get(r, at, 4);

	if (!(control & HDM_CONTROL_COMMIT)) {
		control &= ~(HDM_CONTROL_COMMITTED | HDM_CONTROL_ERROR);
		freeze(dev, n, false, false);
	} else if (!(control & HDM_CONTROL_COMMITTED)) {
		bool ok = may_commit(dev, n);

		control &= ~HDM_CONTROL_ERROR;
		control |= ok ? HDM_CONTROL_COMMITTED : HDM_CONTROL_ERROR;
		freeze(dev, n, ok, control & HDM_CONTROL_LOCK);
	}
	regs_set(r, at, 4, control);
}

void component_write(struct swcxl_dev *dev, uint64_t offset, const void *buf, uint32_t len)
{
	device_trace(dev, SWCXL_TRACE_WRITE, "component", offset, buf, len);
	regs_write(&dev->component, offset, buf, len);
	ras_write(dev, offset, buf, len);
	for (unsigned i = 0; i < HDM_DECODERS; i++)
		if (regs_touches(offset, len, HDM + HDM_DECODER(i) + HDM_CONTROL, 4))
			write_control(dev, i);
}
