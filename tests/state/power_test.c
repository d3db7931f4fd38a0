/* SPDX-License-Identifier: MIT */
/*
 * State files and disks: what a device keeps comes up again whatever the disk does. Changes are
 * made at random and committed now and then. Devices beside it have what the last commit that
 * succeeded covers, and each that has been begun since. One of them is what has to be found after
 * the power was lost: commits are there in their order, each as a whole or not at all.
 */
#include <unistd.h>

#include "../unit/steps.h"
#include "power_vfs.h"
#include "state/state.h"

static char dir[] = "/tmp/swcxl-power-XXXXXX";
static char path[64];

#define BEGUN 32

struct bench {
	struct test_device t; /* the device */
	struct test_device safe, begun[BEGUN];
	unsigned begun_count;
	struct state *state;
	unsigned broken;
};

static struct bench b;
static unsigned words;

static void on_log(void *ctx, enum swcxl_log_level level, const char *text)
{
	(void)ctx, (void)level;
	CHECK(strstr(text, path));
	words++;
}

static void copy(struct test_device *to, const struct test_device *from)
{
	struct rig_copy c = {.to = to};

	if (to->dev)
		test_device_close(to);
	test_device_open(to, swcxl_get_config(from->dev));
	swcxl_save(from->dev, rig_apply, &c);
	CHECK(!c.error);
}

static void on_begins(void *ctx)
{
	struct bench *bench = ctx;

	CHECK(bench->begun_count < BEGUN);
	copy(&bench->begun[bench->begun_count++], &bench->t);
}

static void on_done(void *ctx, uint64_t ticket)
{
	struct bench *bench = ctx;

	CHECK(ticket && bench->begun_count);
	copy(&bench->safe, &bench->begun[bench->begun_count - 1]);
	bench->begun_count = 0;
}

static void on_broken(void *ctx, const char *why)
{
	struct bench *bench = ctx;

	bench->broken += why != NULL;
}

static void on_busy(void *ctx, bool busy)
{
	(void)ctx, (void)busy;
	CHECK(false); /* nothing is written beside us */
}

static void on_change(void *ctx, const struct swcxl_change *change)
{
	(void)ctx;
	state_change(b.state, change);
}

static struct swcxl_config bench_config(void)
{
	struct swcxl_config c = steps_config();

	c.persistent_size += c.volatile_size; /* what is volatile is not all stored */
	c.volatile_size = 0;
	c.dc_flags[0] = SWCXL_DC_NON_VOLATILE;
	c.injected_persists = true;
	return c;
}

/* Opens the file and loads it. False: the power went meanwhile. */
static bool bench_open(void)
{
	const struct state_host host = {.ctx = &b,
					.log = on_log,
					.commit_begins = on_begins,
					.commit_done = on_done,
					.broken = on_broken,
					.busy = on_busy};
	struct swcxl_config c = bench_config();
	struct swcxl_host device_host;

	b.state = state_open(path, &c, true, &host);
	if (!b.state)
		return false;
	test_device_open(&b.t, &c);
	swcxl_free(b.t.dev);
	device_host = b.t.host;
	device_host.changed = on_change;
	b.t.host = device_host;
	CHECK(!swcxl_new(&c, &b.t.host, &b.t.dev));
	b.t.cci = swcxl_cci_new(b.t.dev);
	return state_load(b.state, b.t.dev);
}

static void bench_close(void)
{
	state_close(b.state);
	if (b.t.dev)
		test_device_close(&b.t);
	b.t.dev = NULL;
	b.state = NULL;
}

/* Changes and commits until the power goes, or so many. */
static void work(unsigned steps)
{
	while (steps-- && !power_is_gone()) {
		random_step(&b.t);
		if (below(4) == 0 && state_sync(b.state))
			CHECK(!state_ticket(b.state) && test_same_state(b.t.dev, b.safe.dev));
	}
}

/* On a file of its own. */
static void begin(unsigned number)
{
	struct swcxl_config c = bench_config();

	snprintf(path, sizeof(path), "%s/%u", dir, number);
	memset(&b, 0, sizeof(b));
	test_device_open(&b.safe, &c);
}

static void end(void)
{
	char wal[80];

	test_device_close(&b.safe);
	for (unsigned i = 0; i < BEGUN && b.begun[i].dev; i++)
		test_device_close(&b.begun[i]);
	unlink(path);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	unlink(wal);
}

/* The power comes back: one of them is found, and goes on. */
static void check_after_power_loss(void)
{
	bool same;

	bench_close();
	power_return();
	words = 0;
	CHECK(bench_open() && words == 0);
	same = test_same_state(b.t.dev, b.safe.dev);
	for (unsigned i = 0; i < b.begun_count && !same; i++)
		same = test_same_state(b.t.dev, b.begun[i].dev);
	CHECK(same);
	copy(&b.safe, &b.t);
	b.begun_count = 0;
}

/* At each operation of making a file and of its first commits. */
static void power_goes_at_every_moment_of_the_start(void)
{
	long cut = 0;
	bool done = false;

	for (; !done; cut++) {
		begin(0);
		power = (struct power){.cut_at = cut};
		if (bench_open()) {
			state_sync(b.state);
			work(6);
		}
		done = !power_is_gone();
		check_after_power_loss();
		bench_close();
		end();
	}
	CHECK(cut > 20);
}

static void power_goes_again_and_again(void)
{
	for (unsigned file = 0; file < 8; file++) {
		begin(file);
		CHECK(bench_open());
		for (unsigned cut = 0; cut < 15; cut++) {
			power = (struct power){.cut_at = (long)below(400)};
			work(200);
			check_after_power_loss();
		}
		bench_close();
		end();
	}
}

/* A disk that is full for a while costs nothing but that while. */
static void a_disk_fails_and_recovers(void)
{
	unsigned broken = 0;

	for (unsigned file = 0; file < 8; file++) {
		begin(file);
		CHECK(bench_open());
		for (unsigned i = 0; i < 12; i++) {
			power.fail_from = power.operations + (long)below(60);
			power.fail_before = power.fail_from + (long)below(200);
			work(60);
			if (below(3) == 0) { /* and then the power goes as well */
				power.cut_at = power.operations;
				check_after_power_loss();
			}
		}
		power.fail_before = 0;
		CHECK(state_sync(b.state));
		broken += b.broken;
		bench_close();
		CHECK(bench_open() && test_same_state(b.t.dev, b.safe.dev));
		bench_close();
		end();
	}
	CHECK(broken > 20);
}

/* Reads, sizes and locks that fail, one at a time: the file comes up another time, as it was. */
static void each_look_of_a_start_fails(void)
{
	long n = 0, all = 1;

	begin(0);
	CHECK(bench_open());
	work(40);
	CHECK(state_sync(b.state));
	bench_close();
	for (; n < all; n++) {
		bool opened;

		power.look_fails_from = n;
		power.look_fails_before = n + 1;
		power.looks = 0;
		words = 0;
		opened = bench_open();
		all = MAX(all, power.looks + 1);
		CHECK(opened ? test_same_state(b.t.dev, b.safe.dev) : words == 1);
		bench_close();
	}
	power.look_fails_before = 0;
	CHECK(n > 10 && bench_open() && test_same_state(b.t.dev, b.safe.dev));
	bench_close();
	end();
}

/* And in service: commits are tried again, and what was acknowledged is there. The cache keeps
 * SQLite from reading what it has just written, so that takes a file with much in it. */
static void looks_fail_and_recover(void)
{
	for (unsigned file = 0; file < 4; file++) {
		begin(file);
		CHECK(bench_open());
		for (unsigned i = 0; i < 12; i++) {
			power.look_fails_from = power.looks + (long)below(6);
			power.look_fails_before = power.look_fails_from + 1 + (long)below(20);
			work(60);
		}
		power.look_fails_before = 0;
		CHECK(state_sync(b.state));
		bench_close();
		CHECK(bench_open() && test_same_state(b.t.dev, b.safe.dev));
		bench_close();
		end();
	}
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	power_vfs_register();
	RUN(power_goes_at_every_moment_of_the_start);
	RUN(power_goes_again_and_again);
	RUN(a_disk_fails_and_recovers);
	RUN(each_look_of_a_start_fails);
	RUN(looks_fail_and_recover);
	rmdir(dir);
	return test_done();
}
