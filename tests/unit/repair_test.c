/* SPDX-License-Identifier: MIT */
/* Where lines are in the DRAM, both ways; spares, what they cure, and what the power takes. */
#include <errno.h>

#include "core/device.h"
#include "rig.h"
#include "wire/maintenance.h"

#define UNIT_LINES (SWCXL_CAPACITY_UNIT / 64)

static struct test_device t, shadow;

static void begin(struct swcxl_config c)
{
	c.maintenance_ns = 1000;
	c.event_log_max = 10000;
	test_device_open(&t, &c);
	test_device_open(&shadow, &c);
	t.shadow = shadow.dev;
}

static void end(void)
{
	CHECK(t.shadow_error == 0 && test_same_state(t.dev, shadow.dev));
	CHECK(rig_saves_well(&t));
	test_device_close(&t);
	test_device_close(&shadow);
}

static struct swcxl_config small(void)
{
	return rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT);
}

/* ---- geometry ---- */

static const uint64_t capacities[] = {SWCXL_CAPACITY_UNIT, 3 * SWCXL_CAPACITY_UNIT, 20 * GiB,
				      16 * TiB};

static struct dpa space(uint64_t capacity)
{
	struct swcxl_config c = rig_config(capacity, 0);
	struct dpa dpa;

	dpa_init(&dpa, &c, 0);
	return dpa;
}

/* Every line has an address, whose cacheline it is, and lies in each part that it names. */
static void lines_and_addresses_are_the_same(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(capacities); i++) {
		struct dpa dpa = space(capacities[i]);

		for (unsigned n = 0; n < 5000; n++) {
			uint64_t line = n < 2 ? n * (dpa.top - 1) : below(dpa.top), start, len;
			struct dram_address a = dram_address(&dpa, line);
			uint64_t outer = 0, outer_len = dpa.top;

			for (unsigned level = 0; level < DRAM_LEVELS; level++) {
				CHECK(a.at[level] < dram_count(&dpa, level));
				CHECK(dram_lines(&dpa, level, &a, &start, &len));
				CHECK(line - start < len && start >= outer);
				CHECK(start + len <= outer + outer_len);
				CHECK(len * dram_count(&dpa, level) == outer_len);
				outer = start;
				outer_len = len;
			}
			CHECK(start == line && len == 1);
		}
	}
}

/* The parts of a level follow each other without a gap, in the order of their numbers. */
static void parts_tile_the_device(void)
{
	struct dpa dpa = space(3 * SWCXL_CAPACITY_UNIT);

	for (unsigned level = 0; level <= ROW; level++) {
		struct dram_address a = {{0}};
		uint64_t next = 0, start, len;

		while (next < dpa.top) {
			unsigned up = level;

			CHECK(dram_lines(&dpa, level, &a, &start, &len) && start == next);
			next = start + len;
			while (++a.at[up] == dram_count(&dpa, up) && up > 0)
				a.at[up--] = 0;
		}
		CHECK(next == dpa.top);
	}
}

/* The fields of the specification hold the largest device, and what is not there is refused. */
static void addresses_that_are_not_there_are_refused(void)
{
	struct dpa dpa = space(16 * TiB);
	uint64_t start, len;

	CHECK(dram_count(&dpa, ROW) == 1 << 24 && dram_count(&dpa, COLUMN) == ROW_LINES);
	for (unsigned level = 0; level < DRAM_LEVELS; level++) {
		struct dram_address a = dram_address(&dpa, below(dpa.top));

		a.at[level] = (uint32_t)dram_count(&dpa, level) + (uint32_t)below(2) * 200;
		for (unsigned of = 0; of < DRAM_LEVELS; of++)
			CHECK(dram_lines(&dpa, of, &a, &start, &len) == (of < level));
	}
}

/* ---- spares ---- */

/* Does what Perform Maintenance says, to its end. */
static unsigned repair(unsigned class, unsigned subclass, bool hard, uint64_t line)
{
	const struct dpa *dpa = &t.dev->dpa;
	struct dram_address a = dram_address(dpa, line);
	uint8_t in[16] = {(uint8_t) class, (uint8_t)subclass};
	struct sparing_in *s = (void *)(in + 2);
	unsigned rc;

	if (class == MAINTENANCE_PPR) {
		wr((le64 *)(void *)(in + 3), line * 64);
		rc = rig_run(&t, 0x0600, in, 14);
	} else {
		s->flags = hard ? REPAIR_HARD : 0;
		s->channel = (uint8_t)a.at[CHANNEL];
		s->rank = (uint8_t)a.at[RANK];
		s->bank_group = (uint8_t)a.at[BANK_GROUP];
		s->bank = (uint8_t)a.at[BANK];
		wr(&s->row, a.at[ROW]);
		wr(&s->column, a.at[COLUMN]);
		rc = rig_run(&t, 0x0600, in, 16);
	}
	if (rc == SWCXL_BACKGROUND_STARTED) {
		swcxl_advance(t.dev, swcxl_now(t.dev) + 1000);
		CHECK(t.last.opcode == 0x0600);
		return t.last.rc;
	}
	return rc;
}

static void plant(uint64_t line, uint64_t lines)
{
	CHECK(!swcxl_plant(t.dev, line * 64, lines * 64, SWCXL_SOURCE_INTERNAL, true, true));
}

static uint64_t permanent(void)
{
	return rig_status(&t).repair.permanent_lines;
}

/* Each kind has its own; all can be used up, also on one and the same part; no other suffers. */
static void spares_run_out(void)
{
	static const unsigned spares[SWCXL_REPAIRS] = {8, 4, 16, 8, 2, 1};

	begin(small());
	for (unsigned k = 0; k < SWCXL_REPAIRS; k++) {
		const struct repair_kind *kind = &repair_kinds[k];

		CHECK(kind->spares == spares[k]);
		CHECK(!kind->soft || kind->part >= ROW);
		for (unsigned i = 0; i < spares[k]; i++) {
			CHECK(rig_status(&t).repair.spares[k] == spares[k] - i);
			CHECK(repair(kind->class, kind->subclass, kind->hard && i % 2, 128 * i) ==
			      (kind->soft || i % 2 || kind->class == MAINTENANCE_PPR
				       ? SWCXL_SUCCESS
				       : SWCXL_INVALID_INPUT));
			if (!kind->soft && kind->class == MAINTENANCE_SPARING && !(i % 2))
				CHECK(!repair(kind->class, kind->subclass, true, 128 * i));
		}
		CHECK(rig_status(&t).repair.spares[k] == 0);
		CHECK(repair(kind->class, kind->subclass, true, 0) == SWCXL_RESOURCES_EXHAUSTED);
	}
	CHECK(repair_spares_left(t.dev) == 0);
	end();
}

/* Health: maintenance while there is something to do it with, then other hardware. */
static void without_spares_only_other_hardware_helps(void)
{
	begin(small());
	plant(5, 1);
	CHECK(rig_status(&t).health.status == 1);
	for (unsigned k = 0; k < SWCXL_REPAIRS; k++)
		while (repair_spares(t.dev, &repair_kinds[k]))
			CHECK(!repair(repair_kinds[k].class, repair_kinds[k].subclass,
				      repair_kinds[k].hard, UNIT_LINES));
	CHECK(rig_status(&t).health.status == 4 && permanent() == 1);
	swcxl_reset(t.dev, SWCXL_RESET_COLD); /* soft spares are free again */
	CHECK(rig_status(&t).health.status == 1);
	CHECK(!repair(1, 0, false, 5) && permanent() == 0 && rig_status(&t).health.status == 0);
	end();
}

/* A device that comes up again has used what it had used, and its soft repairs end. */
static void power_ends_soft_repairs(void)
{
	struct test_device up;
	struct rig_copy copy = {.to = &up};
	struct swcxl_poison_row row;

	begin(small());
	plant(UNIT_LINES + 3, 4);
	plant(UNIT_LINES + 200, 1);
	CHECK(!repair(1, 0, false, UNIT_LINES) && !repair(1, 1, true, UNIT_LINES + 255));
	for (unsigned i = 3; i < 7; i++)
		CHECK(rig_clear(&t, UNIT_LINES + i, 1) == SWCXL_SUCCESS);
	CHECK(rig_clear(&t, UNIT_LINES + 200, 1) == SWCXL_SUCCESS);
	CHECK(rig_status(&t).poisoned_lines == 0);

	test_device_open(&up, swcxl_get_config(t.dev));
	swcxl_save(t.dev, rig_apply, &copy);
	CHECK(!copy.error && rig_status(&up).repair.spares[SWCXL_REPAIR_SPPR] == 7);
	swcxl_reset(up.dev, SWCXL_RESET_COLD);
	CHECK(rig_status(&up).repair.spares[SWCXL_REPAIR_SPPR] == 8);
	CHECK(rig_status(&up).repair.spares[SWCXL_REPAIR_HPPR] == 3);
	CHECK(swcxl_poison_next(up.dev, 0, UINT64_MAX, &row));
	CHECK(row.start == (UNIT_LINES + 3) * 64 && row.length == 4 * 64);
	CHECK(row.permanent && row.known && row.listed && row.source == SWCXL_SOURCE_INTERNAL);
	CHECK(!swcxl_poison_next(up.dev, row.start + row.length, UINT64_MAX, &row));
	test_device_close(&up);
	end();
}

/* By itself it takes the smallest part that it may and can, one after the other, until nothing is
 * left to do, or nothing to do it with. */
static void a_device_repairs_by_itself(void)
{
	static const uint8_t yes[2] = {1};

	begin(small());
	for (unsigned id = FEATURE_ROW_SPARING; id <= FEATURE_RANK_SPARING; id++)
		CHECK(feature_set(t.dev, &features[id], yes, 2, false));
	for (unsigned i = 0; i < 9; i++)
		plant(1000 * i, 1);
	CHECK(swcxl_advance(t.dev, 8 * 1000) == 9 * 1000);
	CHECK(rig_status(&t).repair.spares[SWCXL_REPAIR_CACHELINE] == 16);
	CHECK(rig_status(&t).repair.spares[SWCXL_REPAIR_ROW] == 0 && permanent() == 1);
	CHECK(swcxl_advance(t.dev, 9 * 1000) == SWCXL_NO_DEADLINE);
	CHECK(rig_status(&t).repair.spares[SWCXL_REPAIR_BANK] == 1 && permanent() == 0);
	/* the fault comes back, to a bank and the rank: then there is nothing more */
	for (unsigned i = 0; i < 3; i++) {
		plant(0, 1);
		swcxl_advance(t.dev, swcxl_now(t.dev) + 1000);
		CHECK(permanent() == (i == 2));
	}
	CHECK(swcxl_advance(t.dev, swcxl_now(t.dev) + 1) == SWCXL_NO_DEADLINE);
	/* what it may do later it does then */
	CHECK(feature_set(t.dev, &features[FEATURE_CACHELINE_SPARING], yes, 2, false));
	swcxl_advance(t.dev, swcxl_now(t.dev) + 1000);
	CHECK(permanent() == 0 && rig_status(&t).repair.spares[SWCXL_REPAIR_CACHELINE] == 15);
	end();
}

static void apply_to(void *ctx, const struct swcxl_change *change)
{
	CHECK(swcxl_apply(ctx, change) == 0);
}

/* What was still to be repaired when a state was saved is repaired where it is put in. */
static void what_a_new_state_has_to_repair_is_repaired(void)
{
	static const uint8_t yes[2] = {1};
	struct swcxl_dev *copy, *empty;

	begin(small());
	t.shadow = NULL; /* an adopted state is no change */
	CHECK(!swcxl_twin(t.dev, &copy) && !swcxl_twin(t.dev, &empty));
	CHECK(feature_set(t.dev, &features[FEATURE_ROW_SPARING], yes, 2, false));
	plant(1000, 1);
	swcxl_save(t.dev, apply_to, copy);
	swcxl_adopt(t.dev, empty);
	CHECK(permanent() == 0 && swcxl_advance(t.dev, 5000) == SWCXL_NO_DEADLINE);
	swcxl_adopt(t.dev, copy);
	CHECK(permanent() == 1 && t.dev->deadline_ns == 5000 + 1000);
	swcxl_advance(t.dev, 6000);
	CHECK(permanent() == 0);
	swcxl_free(copy);
	swcxl_free(empty);
	test_device_close(&t);
	test_device_close(&shadow);
}

/* Without memory a repair fails, says so, and has used nothing; the device does not insist. */
static void without_memory_nothing_is_used(void)
{
	static const uint8_t yes[2] = {1};
	const uint8_t *record;

	begin(small());
	for (unsigned i = 0; i < 3000; i++)
		plant(4 * i, 3);
	CHECK(feature_set(t.dev, &features[FEATURE_RANK_SPARING], yes, 2, false));
	t.fail_after = 0;
	swcxl_advance(t.dev, 1000);
	CHECK(t.fail_after < 0 && permanent() == 9000);
	CHECK(rig_status(&t).repair.spares[SWCXL_REPAIR_RANK] == 1);
	record = swcxl_log_record(t.dev, SWCXL_LOG_FAILURE, 0);
	for (unsigned i = 0; swcxl_log_record(t.dev, SWCXL_LOG_FAILURE, i); i++)
		record = swcxl_log_record(t.dev, SWCXL_LOG_FAILURE, i);
	CHECK(record[0] == 0xe7 && record[0x33] == SPARING_FAILED);
	CHECK(swcxl_advance(t.dev, 2000) == SWCXL_NO_DEADLINE && permanent() == 9000);
	CHECK(!repair(2, 3, true, 0) && permanent() == 0);
	end();
}

/* ---- state ---- */

static int apply(uint64_t number, const void *data, size_t len)
{
	return swcxl_apply(t.dev, &(struct swcxl_change){.kind = SWCXL_CHANGE_SETTING,
							 .start = number,
							 .length = len,
							 .data = data});
}

static void spares_that_no_device_has_used_are_refused(void)
{
	static const struct {
		unsigned spare;
		uint8_t use;
		uint64_t line;
		unsigned failed;
		bool ok;
	} cases[] = {
		{0, SPARE_SOFT, 128, 5, true}, /* sPPR: soft, whole rows */
		{0, SPARE_HARD, 128, 0, false},
		{0, SPARE_SOFT, 127, 0, false},
		{0, SPARE_SOFT, 2 * UNIT_LINES, 0, false},
		{0, SPARE_FREE, 128, 0, false},
		{0, SPARE_FREE, 0, 3, false},
		{0, 3, 0, 0, false},
		{8, SPARE_HARD, 128, 0, true}, /* hPPR */
		{8, SPARE_SOFT, 128, 0, false},
		{8, SPARE_HARD, 128, 1, false},
		{12, SPARE_SOFT, 77, 1, true}, /* cachelines: one line */
		{12, SPARE_SOFT, 77, 2, false},
		{12, SPARE_HARD, 77, 0, true},
		{36, SPARE_HARD, 65536, 0, true}, /* banks: 4 MiB */
		{36, SPARE_HARD, 65537, 0, false},
		{38, SPARE_HARD, 2097152, 0, true},
		{38, SPARE_SOFT, 0, 0, false},
	};

	begin(small());
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kept_spares kept = {0};
		struct kept_spare *spare = &kept.spare[cases[i].spare];
		unsigned bit = cases[i].failed - 1;

		spare->use = cases[i].use;
		wr(&spare->line, cases[i].line);
		if (cases[i].failed)
			spare->failed[bit / 8] = (uint8_t)(1 << bit % 8);
		CHECK(apply(7, &kept, sizeof(kept)) == (cases[i].ok ? 0 : -EINVAL));
	}
	CHECK(apply(7, &(struct kept_spares){0}, sizeof(struct kept_spares)) == 0);
	end();
}

static void values_that_no_feature_has_are_refused(void)
{
	static const struct {
		unsigned feature, byte;
		uint8_t value;
	} wrong[] = {{0, 0, 0}, {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 1, 0x14}, {1, 3, 2},
		     {2, 0, 1}, {2, 2, 2}, {4, 0, 2}, {7, 1, 1}, {8, 0, 1},    {15, 7, 1}};

	begin(small());
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(wrong); i++) {
		struct kept_features kept = t.dev->kept.features;
		unsigned n = i / 2;

		(i % 2 ? kept.saved : kept.current)[wrong[n].feature][wrong[n].byte] =
			wrong[n].value;
		CHECK(apply(6, &kept, sizeof(kept)) == -EINVAL);
	}
	end();
}

/* Features and repairs, in any order, and what power and resets make of them. */
static void any_history_is_kept(void)
{
	for (unsigned round = 0; round < 30; round++) {
		begin(small());
		for (unsigned step = 0; step < 150; step++) {
			const struct feature *f = &features[below(FEATURES)];
			uint64_t line = UNIT_LINES - 300 + below(600);
			uint8_t value[FEATURE_VALUE_MAX];

			for (unsigned i = 0; i < sizeof(value); i++)
				value[i] = (uint8_t)(below(2) ? next_random() : below(4));
			switch (below(6)) {
			case 0:
			case 1:
				plant(line, 1 + below(3));
				break;
			case 2:
				rig_clear(&t, line, 0);
				break;
			case 3:
				feature_set(t.dev, f, value, f->set_size, below(2));
				break;
			case 4:
				repair(1 + (unsigned)below(2), (unsigned)below(4), below(2), line);
				break;
			default:
				if (below(4) == 0)
					swcxl_reset(t.dev, (enum swcxl_reset)below(4));
				swcxl_advance(t.dev, swcxl_now(t.dev) + below(3000));
			}
		}
		end();
	}
}

int main(void)
{
	RUN(lines_and_addresses_are_the_same);
	RUN(parts_tile_the_device);
	RUN(addresses_that_are_not_there_are_refused);
	RUN(spares_run_out);
	RUN(without_spares_only_other_hardware_helps);
	RUN(power_ends_soft_repairs);
	RUN(a_device_repairs_by_itself);
	RUN(what_a_new_state_has_to_repair_is_repaired);
	RUN(without_memory_nothing_is_used);
	RUN(spares_that_no_device_has_used_are_refused);
	RUN(values_that_no_feature_has_are_refused);
	RUN(any_history_is_kept);
	return test_done();
}
