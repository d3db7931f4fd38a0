/* SPDX-License-Identifier: MIT */
/*
 * Moving the bound between volatile and persistent capacity (CXL r3.2 8.2.10.9.2.2). Capacity
 * that changes its type begins anew: content and poison go, permanent errors stay (D-44). The
 * maps of poison never have an entry across the bound, so both are laid anew between the new
 * ones, beside the old ones: when there is no memory for that nothing has happened, and a change
 * that was to come with a reset comes with the next one.
 */
#include <errno.h>

#include "core/cci.h"

struct move {
	struct dpa dpa;	     /* as it will be */
	uint64_t start, end; /* lines that change their type */
	struct ranges poison, list;
};

static bool changes(const struct move *move, uint64_t line)
{
	return line >= move->start && line < move->end;
}

static bool put(struct ranges *map, const struct range *piece)
{
	if (!ranges_reserve_put(map, piece->start, piece->len))
		return false;
	ranges_put(map, piece->start, piece->len, piece->attr);
	return true;
}

/* Pieces never cross the old bound, from which they come, nor the new one. */
static bool lay_poison(struct move *move, const struct ranges *old)
{
	struct range r, piece;

	for (uint64_t line = 0; ranges_find(old, line, &r); line = range_end(&r)) {
		uint64_t at = r.start;

		while (ranges_piece(&move->poison, &at, range_end(&r), &piece)) {
			piece.attr = r.attr;
			if (changes(move, piece.start) && !(r.attr & SWCXL_ATTR_PERMANENT))
				continue;
			if (!put(&move->poison, &piece))
				return false;
		}
	}
	return true;
}

/* What was listed and is still poisoned. */
static bool lay_list(struct move *move, const struct ranges *old)
{
	struct range r, piece;

	for (uint64_t line = 0; ranges_find(old, line, &r); line = range_end(&r)) {
		uint64_t at = r.start;

		while (ranges_piece(&move->poison, &at, range_end(&r), &piece)) {
			bool poisoned = piece.attr;

			piece.attr = r.attr;
			if (poisoned && !put(&move->list, &piece))
				return false;
		}
	}
	return true;
}

/* A frozen list that the new bound has cut once too often loses its end; it has overflowed. */
static void shorten(struct ranges *list, uint64_t max)
{
	struct range last;

	while (ranges_count(list) > max && ranges_last(list, &last))
		ranges_cut(list, last.start, last.len);
}

static void replace(struct ranges *old, struct ranges *new, const struct dpa *dpa)
{
	ranges_clear(old);
	*old = *new;
	old->bounds.ctx = dpa;
}

static void emit(struct swcxl_dev *dev, enum swcxl_change_kind kind, const struct range *r)
{
	device_change(dev, &(struct swcxl_change){.kind = kind,
						  .start = r->start * SWCXL_LINE,
						  .length = r->len * SWCXL_LINE,
						  .attr = r->attr});
}

static void commit(struct swcxl_dev *dev, struct move *move)
{
	struct range r, all = {move->start, move->end - move->start, 0};
	uint64_t line;

	dev->dpa = move->dpa;
	replace(&dev->media.poison, &move->poison, &dev->dpa);
	replace(&dev->list.record, &move->list, &dev->dpa);
	media_recount(&dev->media);
	kept_changed(dev, KEPT_partition);
	erase_lines(dev, all.start, all.len);
	emit(dev, SWCXL_CHANGE_POISON, &all);
	for (line = move->start; ranges_find(&dev->media.poison, line, &r) && r.start < move->end;
	     line = range_end(&r))
		emit(dev, SWCXL_CHANGE_POISON, &r);
	shorten(&dev->list.record, dev->config.poison_list_max);
	list_bounds_moved(dev);
	cci_drop_cursors(dev);
}

static int move_bound(struct swcxl_dev *dev, uint64_t share)
{
	uint64_t old = dev->dpa.segment[1].start, new;
	struct move move;
	struct bounds bounds = {&move.dpa, dpa_next_bound};

	dpa_init(&move.dpa, &dev->config, share);
	new = move.dpa.segment[1].start;
	move.start = MIN(old, new);
	move.end = MAX(old, new);
	ranges_init(&move.poison, &dev->mem, bounds, dev->media.poison.max_len);
	ranges_init(&move.list, &dev->mem, bounds, dev->list.record.max_len);
	if (!lay_poison(&move, &dev->media.poison) || !lay_list(&move, &dev->list.record)) {
		ranges_clear(&move.poison);
		ranges_clear(&move.list);
		return -ENOMEM;
	}
	wr(&dev->kept.partition.share, share);
	commit(dev, &move);
	return 0;
}

int partition_set(struct swcxl_dev *dev, uint64_t share, bool immediate)
{
	struct kept_partition old = dev->kept.partition;
	int err = 0;

	wr(&dev->kept.partition.next, share);
	if (immediate && share != rd(old.share))
		err = move_bound(dev, share);
	else
		kept_changed(dev, KEPT_partition);
	if (err)
		dev->kept.partition = old;
	return err;
}

void partition_reset(struct swcxl_dev *dev, enum swcxl_reset type)
{
	uint64_t next = rd(dev->kept.partition.next);

	(void)type;
	if (next != rd(dev->kept.partition.share) && move_bound(dev, next))
		device_log(dev, SWCXL_LOG_ERR,
			   "no memory to change the partitions: they change at the next reset");
}

int partition_restore(struct swcxl_dev *dev, const struct kept_partition *kept)
{
	uint64_t max = dev->config.partitionable_size / SWCXL_CAPACITY_UNIT;

	if (rd(kept->share) > max || rd(kept->next) > max)
		return -EINVAL;
	if (rd(kept->share) != rd(dev->kept.partition.share)) {
		int err = move_bound(dev, rd(kept->share));

		if (err)
			return err;
	}
	dev->kept.partition = *kept;
	return 0;
}
