/* SPDX-License-Identifier: MIT */
/*
 * Repairs. Each kind has a number of spares; a repair uses one up to replace a part of the DRAM.
 * The lines in it whose errors were permanent can be cleared and written again from then on. Their
 * data is lost all the same: they stay poisoned, and known to be, until that happens.
 *
 * A hard repair is for ever. A soft one ends when the power goes: its spare is free again, and the
 * lines that it had cured fail as before. So it remembers them; a hard repair of the same lines
 * takes them over. Parts that may be larger than a row are repaired hard only.
 *
 * A host asks for repairs by Perform Maintenance (cmd/maintenance.c). By itself the device does
 * them where a sparing feature says so: maintenance_ns after it knows of a permanent error it
 * spares the smallest part that it may and can, one error after the other.
 */
#include <errno.h>

#include "core/device.h"
#include "wire/events.h"
#include "wire/maintenance.h"

#define PPR MAINTENANCE_PPR
#define SPARING MAINTENANCE_SPARING
const struct repair_kind repair_kinds[SWCXL_REPAIRS] = {
	/* class, subclass, feature, part, soft, hard, spares, since */
	[SWCXL_REPAIR_SPPR] = {PPR, 0, FEATURE_SPPR, ROW, true, false, 8, SWCXL_CXL_2_0},
	[SWCXL_REPAIR_HPPR] = {PPR, 1, FEATURE_HPPR, ROW, false, true, 4, SWCXL_CXL_2_0},
	[SWCXL_REPAIR_CACHELINE] = {SPARING, 0, FEATURE_CACHELINE_SPARING, COLUMN, true, true, 16,
				    SWCXL_CXL_3_1},
	[SWCXL_REPAIR_ROW] = {SPARING, 1, FEATURE_ROW_SPARING, ROW, true, true, 8, SWCXL_CXL_3_1},
	[SWCXL_REPAIR_BANK] = {SPARING, 2, FEATURE_BANK_SPARING, BANK, false, true, 2,
			       SWCXL_CXL_3_1},
	[SWCXL_REPAIR_RANK] = {SPARING, 3, FEATURE_RANK_SPARING, RANK, false, true, 1,
			       SWCXL_CXL_3_1},
};

const struct repair_kind *repair_kind_of(enum feature_id feature)
{
	const struct repair_kind *kind = repair_kinds;

	while (kind->feature != feature)
		kind++;
	return kind;
}

/* ---- spares: kept in one array, those of each kind together ---- */

static unsigned first_spare(const struct repair_kind *kind)
{
	unsigned first = 0;

	for (const struct repair_kind *k = repair_kinds; k < kind; k++)
		first += k->spares;
	return first;
}

static struct kept_spare *free_spare(struct swcxl_dev *dev, const struct repair_kind *kind)
{
	struct kept_spare *spare = &dev->kept.spares.spare[first_spare(kind)];

	for (unsigned i = 0; i < kind->spares; i++)
		if (spare[i].use == SPARE_FREE)
			return &spare[i];
	return NULL;
}

unsigned repair_spares(const struct swcxl_dev *dev, const struct repair_kind *kind)
{
	const struct kept_spare *spare = &dev->kept.spares.spare[first_spare(kind)];
	unsigned n = 0;

	for (unsigned i = 0; i < kind->spares; i++)
		n += spare[i].use == SPARE_FREE;
	return n;
}

unsigned repair_spares_left(const struct swcxl_dev *dev)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SWCXL_REPAIRS; i++)
		if (repair_kinds[i].since <= dev->config.revision)
			n += repair_spares(dev, &repair_kinds[i]);
	return n;
}

/* A repair that lasts, before one that does not. */
const struct repair_kind *repair_to_ask_for(const struct swcxl_dev *dev)
{
	const struct repair_kind *found = NULL;

	for (unsigned i = 0; i < SWCXL_REPAIRS; i++) {
		const struct repair_kind *kind = &repair_kinds[i];

		if (kind->since <= dev->config.revision && repair_spares(dev, kind) &&
		    (!found || (kind->hard && !found->hard)))
			found = kind;
	}
	return found;
}

static bool has_failed(const struct kept_spare *spare, unsigned i)
{
	return spare->failed[i / 8] >> i % 8 & 1;
}

/* Which lines a soft repair cures. */
static void remember(struct kept_spare *spare, const struct ranges *poison,
		     const struct repair *repair)
{
	uint64_t line = repair->start;
	struct range piece;

	while (ranges_piece(poison, &line, repair->start + repair->len, &piece))
		for (uint64_t i = piece.start - repair->start;
		     piece.attr & SWCXL_ATTR_PERMANENT && i < range_end(&piece) - repair->start;
		     i++)
			spare->failed[i / 8] |= (uint8_t)(1 << i % 8);
}

/* A hard repair answers for these lines now. */
static void take_over(struct swcxl_dev *dev, const struct repair *repair)
{
	for (unsigned s = 0; s < ARRAY_SIZE(dev->kept.spares.spare); s++) {
		struct kept_spare *spare = &dev->kept.spares.spare[s];
		uint64_t start = rd(spare->line);

		for (unsigned i = 0; i < ROW_LINES; i++)
			if (start + i - repair->start < repair->len)
				spare->failed[i / 8] &= (uint8_t) ~(1 << i % 8);
	}
}

/* ---- one repair ---- */

/* 8.2.10.2.1.4: what was repaired, at the levels that say where it is. PPR reports when told. */
void repair_report(struct swcxl_dev *dev, const struct repair *r, uint8_t result, bool query)
{
	static const uint16_t valid[] = {
		SPARING_CHANNEL_VALID, SPARING_RANK_VALID, SPARING_BANK_GROUP_VALID,
		SPARING_BANK_VALID,    SPARING_ROW_VALID,  SPARING_COLUMN_VALID,
	};
	struct swcxl_event_header header = {
		.flags = EVENT_SUBCLASS_VALID,
		.maintenance_class = r->kind->class,
		.maintenance_subclass = r->kind->subclass,
	};
	struct memory_sparing s = {
		.class = r->kind->class,
		.subclass = r->kind->subclass,
		.flags = (uint8_t)((query ? SPARING_EVENT_QUERY : 0) |
				   (r->hard ? SPARING_EVENT_HARD : 0) |
				   (r->by_device ? SPARING_EVENT_DEVICE : 0)),
		.result = result,
	};
	unsigned validity = (r->has_nibble_mask ? SPARING_NIBBLE_VALID : 0) |
			    (r->has_sub_channel ? SPARING_SUB_CHANNEL_VALID : 0);
	uint32_t at[DRAM_LEVELS] = {0};

	if (r->kind->class == MAINTENANCE_PPR &&
	    !(((const struct ppr_set *)feature_value(dev, r->kind->feature))->events &
	      PPR_SPARING_EVENT))
		return;
	for (unsigned level = 0; level <= r->kind->part; level++) {
		validity |= valid[level];
		at[level] = r->address.at[level];
	}
	wr(&s.validity, validity);
	wr(&s.spares, MIN(repair_spares(dev, r->kind), SPARING_SPARES_MAX));
	s.channel = (uint8_t)at[CHANNEL];
	s.rank = (uint8_t)at[RANK];
	wr(&s.nibble_mask, r->nibble_mask);
	s.bank_group = (uint8_t)at[BANK_GROUP];
	s.bank = (uint8_t)at[BANK];
	wr(&s.row, at[ROW]);
	wr(&s.column, at[COLUMN]);
	s.sub_channel = r->sub_channel;
	event_add_as(dev, result ? SWCXL_LOG_FAILURE : SWCXL_LOG_INFORMATIONAL,
		     EVENT_TYPE_MEMORY_SPARING, &header, &s, sizeof(s));
}

enum swcxl_rc repair_do(struct swcxl_dev *dev, const struct repair *r)
{
	struct kept_spare *spare = free_spare(dev, r->kind), use = {0};

	if (!spare) {
		repair_report(dev, r, SPARING_EXHAUSTED, false);
		return SWCXL_RESOURCES_EXHAUSTED;
	}
	use.use = r->hard ? SPARE_HARD : SPARE_SOFT;
	wr(&use.line, r->start);
	if (!r->hard)
		remember(&use, &dev->media.poison, r);
	if (!poison_repair(dev, r->start, r->len)) {
		repair_report(dev, r, SPARING_FAILED, false);
		return SWCXL_INTERNAL_ERROR;
	}
	if (r->hard)
		take_over(dev, r);
	*spare = use;
	kept_changed(dev, KEPT_spares);
	repair_report(dev, r, SPARING_SUCCESS, false);
	health_update(dev);
	return SWCXL_SUCCESS;
}

/* The least that is no less: a scale from 1 us to 10 s, and how many of it. */
uint8_t repair_latency(const struct swcxl_dev *dev)
{
	uint64_t unit = NS_PER_MS / 1000;
	unsigned scale = 0;

	while (scale < 7 && dev->config.maintenance_ns > 15 * unit) {
		unit *= 10;
		scale++;
	}
	return (uint8_t)(MIN((dev->config.maintenance_ns + unit - 1) / unit, 15) << 4 | scale);
}

/* ---- the power goes ---- */

/* What a soft repair had cured fails again. False: no memory, it stays repaired. */
static bool end_repair(struct swcxl_dev *dev, struct kept_spare *spare)
{
	const uint8_t attr =
		SWCXL_ATTR_POISON | SWCXL_ATTR_KNOWN | SWCXL_ATTR_PERMANENT | SWCXL_SOURCE_INTERNAL;
	unsigned n;

	for (unsigned i = 0; i < ROW_LINES; i += n) {
		for (n = 0; i + n < ROW_LINES && has_failed(spare, i + n); n++)
			;
		if (n && poison_plant(dev, rd(spare->line) + i, n, attr, BY_MEDIA_INIT))
			return false;
		n += !n;
	}
	*spare = (struct kept_spare){0};
	return true;
}

void repair_power_lost(struct swcxl_dev *dev)
{
	struct kept_spares old = dev->kept.spares;

	for (unsigned i = 0; i < ARRAY_SIZE(old.spare); i++) {
		struct kept_spare *spare = &dev->kept.spares.spare[i];

		if (spare->use == SPARE_SOFT && !end_repair(dev, spare))
			device_log(dev, SWCXL_LOG_ERR,
				   "no memory to end a soft repair: it outlives this reset");
	}
	if (memcmp(&old, &dev->kept.spares, sizeof(old)) != 0)
		kept_changed(dev, KEPT_spares);
}

/* ---- repairs that the device does by itself ---- */

static bool may_by_itself(const struct swcxl_dev *dev, const struct repair_kind *kind)
{
	const struct sparing_set *value = feature_value(dev, kind->feature);

	return kind->class == MAINTENANCE_SPARING && rd(value->mode) & REPAIR_DEVICE_INITIATED &&
	       kind->since <= dev->config.revision && repair_spares(dev, kind);
}

/* The smallest part comes first in the table. */
static const struct repair_kind *kind_by_itself(const struct swcxl_dev *dev)
{
	for (unsigned i = 0; i < SWCXL_REPAIRS; i++)
		if (may_by_itself(dev, &repair_kinds[i]))
			return &repair_kinds[i];
	return NULL;
}

bool repair_may_begin(const struct swcxl_dev *dev)
{
	return kind_by_itself(dev);
}

/* There may be more to repair, or more to do it with. */
void repair_wanted(struct swcxl_dev *dev)
{
	if (!dev->media.permanent || !kind_by_itself(dev))
		dev->repairs.due_ns = SWCXL_NO_DEADLINE;
	else if (dev->repairs.due_ns == SWCXL_NO_DEADLINE)
		dev->repairs.due_ns = time_add(dev->now_ns, MAX(dev->config.maintenance_ns, 1));
}

static uint64_t first_permanent(const struct swcxl_dev *dev)
{
	const uint8_t both = SWCXL_ATTR_KNOWN | SWCXL_ATTR_PERMANENT;
	struct range r = {0};

	do
		ranges_find(&dev->media.poison, range_end(&r), &r);
	while ((r.attr & both) != both);
	return r.start;
}

/* One that fails is not tried again before there is another reason. */
static void repair_one(struct swcxl_dev *dev)
{
	const struct repair_kind *kind = kind_by_itself(dev);
	struct repair repair = {.kind = kind, .by_device = true};

	dev->repairs.due_ns = SWCXL_NO_DEADLINE;
	if (!kind || !dev->media.permanent)
		return;
	repair.hard = !kind->soft;
	repair.address = dram_address(&dev->dpa, first_permanent(dev));
	dram_lines(&dev->dpa, kind->part, &repair.address, &repair.start, &repair.len);
	if (repair_do(dev, &repair) == SWCXL_SUCCESS)
		repair_wanted(dev);
}

uint64_t repair_deadline(const struct swcxl_dev *dev)
{
	return dev->repairs.due_ns;
}

void repair_advance(struct swcxl_dev *dev, uint64_t now_ns)
{
	while (dev->repairs.due_ns <= now_ns) {
		dev->now_ns = MAX(dev->now_ns, dev->repairs.due_ns);
		repair_one(dev);
	}
}

/* ---- state ---- */

/* Could this spare have been kept, by a repair of this kind? */
static bool is_sound(const struct swcxl_dev *dev, const struct repair_kind *kind,
		     const struct kept_spare *spare)
{
	struct dram_address address = dram_address(&dev->dpa, rd(spare->line));
	uint64_t start, len, failed = 0;

	dram_lines(&dev->dpa, kind->part, &address, &start, &len);
	for (unsigned i = 0; i < ROW_LINES; i++)
		if (has_failed(spare, i))
			failed = i + 1;
	switch (spare->use) {
	case SPARE_FREE:
		return !rd(spare->line) && !failed;
	case SPARE_SOFT:
		return kind->soft && start == rd(spare->line) && failed <= len;
	case SPARE_HARD:
		return kind->hard && start == rd(spare->line) && !failed;
	}
	return false;
}

int spares_restore(struct swcxl_dev *dev, const struct kept_spares *kept)
{
	const struct kept_spare *spare = kept->spare;

	for (unsigned i = 0; i < SWCXL_REPAIRS; i++)
		for (unsigned n = 0; n < repair_kinds[i].spares; n++)
			if (!is_sound(dev, &repair_kinds[i], spare++))
				return -EINVAL;
	dev->kept.spares = *kept;
	return 0;
}
