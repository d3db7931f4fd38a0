/* SPDX-License-Identifier: MIT */
/*
 * Health and alerts, held against a naive account of them: whatever changes, each bit that becomes
 * set, each change of the media status and each threshold that is crossed is told once, and the
 * record has the device's health in it. Power cycles and resets are no news.
 */
#include "rig.h"
#include "wire/events.h"
#include "wire/health.h"

enum { LIFE, OVER, UNDER, VOLATILE, PERSISTENT, ALERTS };

static struct test_device t, shadow;

static struct {
	struct swcxl_health health;
	bool on[ALERTS];
	int threshold[ALERTS];
	bool warned[ALERTS], critical[UNDER + 1], bits[4];
	unsigned media;
	uint32_t records[4]; /* in each log */
} model;

static const int default_threshold[ALERTS] = {80, 85, 5};
static const int critical_at[] = {95, 95, 0};

#define FAR 100000 /* beyond any temperature */

static int measured(unsigned alert)
{
	const struct swcxl_health *h = &model.health;
	bool known = h->temperature != SWCXL_TEMPERATURE_UNKNOWN;

	switch (alert) {
	case LIFE:
		return h->life_used == SWCXL_LIFE_USED_UNKNOWN ? -1 : h->life_used;
	case OVER:
		return known ? h->temperature : -FAR;
	case UNDER:
		return known ? h->temperature : FAR;
	default:
		return (int)(alert == VOLATILE ? h->corrected_volatile_errors
					       : h->corrected_persistent_errors);
	}
}

static bool reaches(unsigned alert, int threshold)
{
	return alert == UNDER ? measured(alert) <= threshold : measured(alert) >= threshold;
}

static void becomes(bool *state, bool now, unsigned log)
{
	model.records[log] += now && !*state;
	*state = now;
}

static void naive_update(void)
{
	static const unsigned bit_log[] = {1, 1, 2, 2};
	static const unsigned media_log[] = {1, 1, 2, 3, 1, 1, 2, 2, 2, 3};
	bool hot = reaches(OVER, critical_at[OVER]);

	for (unsigned i = 0; i < 4; i++)
		becomes(&model.bits[i], model.health.status >> i & 1 || (i == 1 && hot),
			bit_log[i]);
	for (unsigned i = 0; i < ALERTS; i++)
		becomes(&model.warned[i], model.on[i] && reaches(i, model.threshold[i]), 1);
	for (unsigned i = 0; i <= UNDER; i++)
		becomes(&model.critical[i], reaches(i, critical_at[i]), 2);
	if (model.media != model.health.media_status)
		model.records[media_log[model.health.media_status]]++;
	model.media = model.health.media_status;
}

static void naive_defaults(void)
{
	for (unsigned i = 0; i < ALERTS; i++) {
		model.on[i] = i <= UNDER;
		model.threshold[i] = default_threshold[i];
	}
}

/* ---- operations ---- */

static int near(int value)
{
	return value - 2 + (int)below(5);
}

static void op_health(void)
{
	struct swcxl_health *h = &model.health;
	unsigned sensor = (unsigned)below(ALERTS);
	int value = near(below(2) ? model.threshold[sensor] : critical_at[sensor % 3]);

	switch (below(4)) {
	case 0:
		h->status = (uint8_t)below(16);
		break;
	case 1:
		h->media_status = (uint8_t)below(10);
		break;
	default:
		if (sensor == LIFE)
			h->life_used = below(8) ? (uint8_t)MAX(value, 0) : 255;
		else if (sensor <= UNDER)
			h->temperature = below(8) ? (int16_t)value : 32767;
		else if (sensor == VOLATILE)
			h->corrected_volatile_errors = (uint32_t)MAX(value, 0);
		else
			h->corrected_persistent_errors = (uint32_t)MAX(value, 0);
	}
	if (swcxl_set_health(t.dev, h)) {
		CHECK(h->life_used > 100 && h->life_used != 255);
		swcxl_get_health(t.dev, h);
	}
	naive_update();
}

/* Thresholds that are often reached already, and sometimes cannot be. */
static void op_alerts(void)
{
	struct set_alert_configuration_in in;
	uint8_t actions = (uint8_t)below(32), enable = (uint8_t)below(32);
	int want[ALERTS];
	bool ok = true;

	for (unsigned i = 0; i < ALERTS; i++) {
		want[i] = near(below(3) ? measured(i) : critical_at[i % 3]);
		want[i] = i == LIFE    ? (uint8_t)want[i]
			  : i <= UNDER ? (int16_t)want[i]
				       : (uint16_t)want[i];
		if ((actions & enable) >> i & 1 && i <= UNDER)
			ok &= i == UNDER ? want[i] > critical_at[i] : want[i] < critical_at[i];
	}
	in = (struct set_alert_configuration_in){.valid_actions = actions,
						 .enable_actions = enable,
						 .life_warning = (uint8_t)want[LIFE]};
	wr(&in.over_warning, (uint16_t)want[OVER]);
	wr(&in.under_warning, (uint16_t)want[UNDER]);
	wr(&in.corrected_volatile, (uint16_t)want[VOLATILE]);
	wr(&in.corrected_persistent, (uint16_t)want[PERSISTENT]);
	CHECK(rig_run(&t, 0x4202, &in, sizeof(in)) == (ok ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT));
	for (unsigned i = 0; ok && i < ALERTS; i++) {
		if (!(actions >> i & 1))
			continue;
		model.on[i] = enable >> i & 1;
		model.threshold[i] = want[i];
		model.warned[i] &= !model.on[i]; /* told again, if it is so */
	}
	naive_update();
}

static void op_reset(void)
{
	static const enum swcxl_reset types[] = {SWCXL_RESET_CXL, SWCXL_RESET_CONVENTIONAL,
						 SWCXL_RESET_ATTACH, SWCXL_RESET_COLD};
	enum swcxl_reset type = types[below(4)];

	swcxl_reset(t.dev, type);
	if (type != SWCXL_RESET_CXL) {
		naive_defaults();
		model.health.corrected_volatile_errors = 0;
		model.health.corrected_persistent_errors = 0;
	}
	naive_update();
}

/* ---- comparing ---- */

static uint32_t records(const struct test_device *d, unsigned log)
{
	struct swcxl_log_status st;

	swcxl_query_log(d->dev, log, &st);
	return st.count;
}

static unsigned naive_level(unsigned warnings, unsigned criticals)
{
	return criticals ? 2 : warnings ? 1 : 0;
}

static void check_info(void)
{
	struct get_health_info_out info;
	unsigned status = 0, more;

	CHECK(rig_run(&t, 0x4200, NULL, 0) == 0 && rig_len == sizeof(info));
	memcpy(&info, rig_out, sizeof(info));
	for (unsigned i = 0; i < 4; i++)
		status |= (unsigned)model.bits[i] << i;
	more = naive_level(model.warned[LIFE], model.critical[LIFE]) |
	       naive_level(model.warned[OVER] + model.warned[UNDER],
			   model.critical[OVER] + model.critical[UNDER])
		       << 2 |
	       (unsigned)model.warned[VOLATILE] << 4 | (unsigned)model.warned[PERSISTENT] << 5;
	CHECK(info.health_status == status && info.media_status == model.health.media_status);
	CHECK(info.additional_status == more && info.life_used == model.health.life_used);
	CHECK((int16_t)rd(info.temperature) == model.health.temperature);
	CHECK(rd(info.corrected_volatile_errors) == model.health.corrected_volatile_errors);
	CHECK(rd(info.corrected_persistent_errors) == model.health.corrected_persistent_errors);
}

/* The newest record of a log that got one has what Get Health Info said just now. */
static void check_records(const uint32_t before[4])
{
	for (unsigned log = 0; log < 4; log++) {
		uint32_t n = records(&t, log);

		CHECK(n == model.records[log]);
		if (n == before[log])
			continue;
		CHECK(!memcmp(swcxl_log_record(t.dev, log, n - 1) + 0x31, rig_out, 0x12));
	}
}

/* A device that has taken what this one keeps, and gets power now, as this one does. */
static void check_power_cycle(void)
{
	struct test_device fresh;
	struct rig_copy copy = {.to = &fresh};

	test_device_open(&fresh, swcxl_get_config(t.dev));
	swcxl_save(t.dev, rig_apply, &copy);
	CHECK(!copy.error);
	swcxl_reset(fresh.dev, SWCXL_RESET_COLD);
	swcxl_reset(t.dev, SWCXL_RESET_COLD);
	CHECK(test_same_state(t.dev, fresh.dev));
	test_device_close(&fresh);
	naive_defaults();
	model.health.corrected_volatile_errors = model.health.corrected_persistent_errors = 0;
	naive_update();
}

static void begin(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT);

	c.event_log_max = 65535;
	test_device_open(&t, &c);
	test_device_open(&shadow, &c);
	t.shadow = shadow.dev;
	memset(&model, 0, sizeof(model));
	model.health.temperature = 25;
	naive_defaults();
}

static void end(void)
{
	CHECK(!t.shadow_error && test_same_state(t.dev, shadow.dev));
	test_device_close(&t);
	test_device_close(&shadow);
}

static void everything_is_told_once(void)
{
	for (unsigned round = 0; round < 40; round++) {
		begin();
		for (unsigned step = 0; step < 400; step++) {
			uint32_t before[4];

			memcpy(before, model.records, sizeof(before));
			switch (below(10)) {
			case 0:
				op_reset();
				break;
			case 1:
			case 2:
			case 3:
				op_alerts();
				break;
			default:
				op_health();
			}
			check_info();
			check_records(before);
			if (step % 50 == 49)
				check_power_cycle();
		}
		end();
	}
}

static void what_cannot_be_is_refused(void)
{
	const struct swcxl_health wrong[] = {
		{.status = 16}, {.media_status = 10}, {.life_used = 101}, {.life_used = 254}};
	struct swcxl_health h;

	begin();
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK(swcxl_set_health(t.dev, &wrong[i]) == -22);
	swcxl_get_health(t.dev, &h);
	CHECK(h.temperature == 25 && !h.status && !h.media_status && !h.life_used);
	CHECK(!records(&t, 1) && !records(&t, 2) && !records(&t, 3));
	end();
}

/* The count of dirty shutdowns wraps, as the specification has it. */
static void dirty_shutdowns_wrap(void)
{
	const struct swcxl_change change = {.kind = SWCXL_CHANGE_SETTING,
					    .start = 2,
					    .length = 5,
					    .data = "\1\377\377\377\377"};

	begin();
	CHECK(!swcxl_apply(t.dev, &change) && !swcxl_apply(shadow.dev, &change));
	CHECK(rig_status(&t).dirty_shutdowns == UINT32_MAX && rig_status(&t).shutdown_dirty);
	swcxl_reset(t.dev, SWCXL_RESET_COLD);
	CHECK(rig_status(&t).dirty_shutdowns == 0 && !rig_status(&t).shutdown_dirty);
	end();
}

/* An interrupt for a log that had nothing; none for what follows. */
static void an_event_interrupts(void)
{
	struct swcxl_health h;

	begin();
	CHECK(rig_run(&t, 0x0103, "\1\1\1\1", 4) == 0);
	swcxl_get_health(t.dev, &h);
	h.temperature = 90;
	CHECK(!swcxl_set_health(t.dev, &h) && t.irqs[2] == 1 && t.irqs[3] == 0);
	h.temperature = 99;
	CHECK(!swcxl_set_health(t.dev, &h) && t.irqs[2] == 1 && t.irqs[3] == 1);
	CHECK(t.notices[SWCXL_NOTICE_EVENT_RECORD] == 2);
	end();
}

/* ---- repairs ---- */

#define ROW 0x2000u /* bytes that PPR repairs */

static unsigned ppr(unsigned subclass, uint64_t address)
{
	uint8_t in[14] = {1, (uint8_t)subclass};

	le_store(in + 3, 8, address);
	return rig_run(&t, 0x0600, in, sizeof(in));
}

static unsigned status(void)
{
	return rig_status(&t).health.status;
}

/* Each spare that is used leaves fewer; without any the device is to be replaced. */
static void spares_run_out(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, 0);
	unsigned used = 0;

	c.revision = SWCXL_CXL_3_0; /* which has PPR alone */
	test_device_open(&t, &c);
	for (;; used++) {
		uint64_t address = used * 4ull * ROW;
		unsigned rc;

		CHECK(!swcxl_plant(t.dev, address, 64, SWCXL_SOURCE_INTERNAL, true, true));
		rc = ppr(used % 2, address);
		if (rc == SWCXL_RESOURCES_EXHAUSTED)
			rc = ppr(!(used % 2), address);
		if (rc == SWCXL_RESOURCES_EXHAUSTED)
			break;
		CHECK(rc == SWCXL_BACKGROUND_STARTED &&
		      status() == SWCXL_HEALTH_MAINTENANCE_NEEDED);
		CHECK(records(&t, 1) == used + 1 && records(&t, 2) == used + 1);
		swcxl_advance(t.dev, swcxl_now(t.dev) + NS_PER_S);
		CHECK(status() == 0);
	}
	CHECK(used == 12 && status() == SWCXL_HEALTH_REPLACE_HARDWARE);
	/* the events of 13 errors in the failure log, and after them the module's */
	CHECK(records(&t, 1) == 12 && records(&t, 2) == 14);
	CHECK(swcxl_log_record(t.dev, 2, 13)[0x31] == SWCXL_HEALTH_REPLACE_HARDWARE);
	/* soft repairs end with the power, and their errors are back: repair can go on */
	swcxl_reset(t.dev, SWCXL_RESET_COLD);
	CHECK(status() == SWCXL_HEALTH_MAINTENANCE_NEEDED && records(&t, 1) == 13);
	test_device_close(&t);
}

/* However coarse the steps of the clock are, what a scan finds is told at its time. */
static void the_time_of_a_discovery(void)
{
	for (unsigned step = 1; step <= 100000; step *= 10) {
		const uint8_t *record;

		begin();
		CHECK(rig_run(&t, 0x0301, "\1\0\0\0\0\0\0\0", 8) == 0);
		CHECK(!rig_plant(&t, 10, 5, false));
		CHECK(!swcxl_plant(t.dev, 15 * 64, 640, SWCXL_SOURCE_INTERNAL, false, true));
		rig_scan(&t, 0, 100, true);
		for (unsigned at = 0; at < 100 * 500; at += step)
			swcxl_advance(t.dev, at + step);
		CHECK(records(&t, 1) == 1 && records(&t, 2) == 0);
		record = swcxl_log_record(t.dev, 1, 0);
		CHECK(le_load(record + 0x18, 8) == 1 + 16 * 500);
		end();
	}
}

int main(void)
{
	RUN(everything_is_told_once);
	RUN(what_cannot_be_is_refused);
	RUN(dirty_shutdowns_wrap);
	RUN(an_event_interrupts);
	RUN(spares_run_out);
	RUN(the_time_of_a_discovery);
	return test_done();
}
