/* SPDX-License-Identifier: MIT */
/*
 * Perform Maintenance (0600h): CXL r3.2 8.2.10.7.1. What repairs do is in core/repair.c. Asking
 * whether there is a spare is answered at once; a repair takes its time in the background.
 */
#include "core/cci.h"

static const struct repair_kind *find(const struct swcxl_dev *dev,
				      const struct perform_maintenance_in *in)
{
	for (unsigned i = 0; i < SWCXL_REPAIRS; i++) {
		const struct repair_kind *kind = &repair_kinds[i];

		if (kind->class == in->class && kind->subclass == in->subclass &&
		    kind->since <= dev->config.revision)
			return kind;
	}
	return NULL;
}

/* PPR is told an address, and repairs the row that it is in. */
static enum swcxl_rc parse_ppr(const struct swcxl_dev *dev, const struct ppr_in *in,
			       struct repair *repair)
{
	uint64_t address = rd(in->address);

	if (!reserved_ok(dev, in->flags & ~REPAIR_QUERY))
		return SWCXL_INVALID_INPUT;
	if (address % SWCXL_LINE || !dc_reaches(dev, DC_HAS, address / SWCXL_LINE, 1))
		return SWCXL_INVALID_PHYSICAL_ADDRESS;
	repair->hard = repair->kind->hard;
	repair->has_nibble_mask = true;
	repair->nibble_mask = rd(in->nibble_mask);
	repair->address = dram_address(&dev->dpa, address / SWCXL_LINE);
	return SWCXL_SUCCESS;
}

/* Sparing is told where in the DRAM. There is one sub-channel. */
static enum swcxl_rc parse_sparing(const struct swcxl_dev *dev, const struct sparing_in *in,
				   struct repair *repair)
{
	const uint8_t flags = REPAIR_QUERY | REPAIR_HARD | REPAIR_SUB_CHANNEL | REPAIR_NIBBLE_MASK;

	repair->hard = in->flags & REPAIR_HARD;
	if (!(repair->hard ? repair->kind->hard : repair->kind->soft) ||
	    !reserved_ok(dev, in->flags & ~flags))
		return SWCXL_INVALID_INPUT;
	repair->has_sub_channel = in->flags & REPAIR_SUB_CHANNEL;
	if (repair->has_sub_channel && in->sub_channel)
		return SWCXL_INVALID_PHYSICAL_ADDRESS;
	repair->has_nibble_mask = in->flags & REPAIR_NIBBLE_MASK;
	repair->nibble_mask = repair->has_nibble_mask ? rd(in->nibble_mask) : 0;
	repair->address = (struct dram_address){
		{in->channel, in->rank, in->bank_group, in->bank, rd(in->row), rd(in->column)}};
	return SWCXL_SUCCESS;
}

static enum swcxl_rc parse(const struct swcxl_dev *dev, struct span in, struct repair *repair)
{
	bool ppr = repair->kind->class == MAINTENANCE_PPR;
	enum swcxl_rc rc;

	if (in.len != (ppr ? sizeof(struct ppr_in) : sizeof(struct sparing_in)))
		return SWCXL_INVALID_PAYLOAD_LENGTH;
	rc = ppr ? parse_ppr(dev, (const void *)in.p, repair)
		 : parse_sparing(dev, (const void *)in.p, repair);
	if (rc == SWCXL_SUCCESS && !dram_lines(&dev->dpa, repair->kind->part, &repair->address,
					       &repair->start, &repair->len))
		return SWCXL_INVALID_PHYSICAL_ADDRESS;
	return rc;
}

static enum swcxl_rc finish(struct swcxl_dev *dev)
{
	return repair_do(dev, &dev->repairs.running);
}

enum swcxl_rc cmd_perform_maintenance(struct swcxl_dev *dev, struct call *call,
				      const struct perform_maintenance_in *in, struct none *out)
{
	struct repair repair = {.kind = find(dev, in)};
	enum swcxl_rc rc;

	(void)out;
	if (!repair.kind)
		return SWCXL_INVALID_INPUT;
	rc = parse(dev, call->data, &repair);
	if (rc)
		return rc;
	if (security_locks(dev, repair.start, repair.len))
		return SWCXL_INVALID_SECURITY_STATE;
	if (!repair_spares(dev, repair.kind))
		return SWCXL_RESOURCES_EXHAUSTED;
	if (call->data.p[0] & REPAIR_QUERY) { /* the flags come first in either */
		repair_report(dev, &repair, SPARING_SUCCESS, true);
		return SWCXL_SUCCESS;
	}
	dev->repairs.running = repair;
	background_start_timed(call->cci, 0x06 << 8 | 0x00, dev->config.maintenance_ns, finish,
			       NULL);
	return SWCXL_BACKGROUND_STARTED;
}
