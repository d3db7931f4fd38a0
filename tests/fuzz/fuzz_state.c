/* SPDX-License-Identifier: MIT */
/*
 * State files, and changes that a device takes. A file of a device that has lived is damaged, by
 * rows, by SQL or byte by byte, and opened as the daemon does it: it is refused with a line that
 * says why, or the device makes sense, can go on, and what it saves is what it is.
 *
 * Nothing touches a disk: the database lies in memory (mem_vfs.c), and beside it there is an empty
 * file of its name, as db_open() wants one.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../model/device.h"
#include "base/le.h"
#include "input.h"
#include "mem_vfs.h"
#include "rows.h"
#include "sane.h"
#include "state/batch.h"
#include "state/db.h"
#include "state/tables.h"
#include "state_script.h"

#define STEPS_MAX 100u
#define PAGE 4096u
#define DATA_MAX 8192u

static char path[64];
static uint8_t *good; /* a state file of a device that has lived */
static size_t good_len;

static struct test_device t;
static struct batch batch; /* what the device has changed since it was loaded */
static char why[512];	   /* the file was refused the last time */
static sqlite3 *raw;	   /* to damage rows */
static bool damaged;	   /* what the device has was never a device's */

static const char *const tables[] = {
#define TABLE(name) #name,
	STATE_TABLES(TABLE)
#undef TABLE
};

/* ---- operands -------------------------------------------------------------------------------- */

static struct swcxl_config make_config(uint8_t choice)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.volatile_size = c.persistent_size = c.partitionable_size = SWCXL_CAPACITY_UNIT;
	c.serial = 1;
	c.lsa_size = 4096;
	c.payload_size = 1024;
	c.dc_regions = 2;
	c.dc_region_size = SWCXL_CAPACITY_UNIT;
	c.dc_block_size = choice & 1 ? SWCXL_LINE : 2 * MiB;
	c.dc_flags[0] = SWCXL_DC_NON_VOLATILE;
	c.dc_flags[1] = SWCXL_DC_SHARABLE | SWCXL_DC_NON_VOLATILE;
	c.poison_list_max = choice & 2 ? 2 : 8;
	c.event_log_max = choice & 4 ? 2 : 8;
	c.media_memory_max = choice & 8 ? SWCXL_LINE : 1 << 16;
	c.ranges_max = choice & 16 ? 1 : 64;
	c.injected_persists = choice & 32;
	c.serial += choice >> 7;
	c.lsa_size += choice & 64;
	return c;
}

static uint64_t take_number(struct input *in)
{
	static const uint64_t odd[] = {UINT64_MAX,
				       INT64_MAX,
				       1ull << 63,
				       UINT64_MAX - 63,
				       (uint64_t)INT64_MAX - 63,
				       0x1ff,
				       UINT32_MAX,
				       1ull << 32,
				       2 * MiB,
				       0x80,
				       0x81,
				       0x8a, /* and attributes of poison */
				       0x8b,
				       0x8f,
				       0x90,
				       0x9b};
	uint8_t n = (uint8_t)take(in, 1);

	if (n < STATE_LINES)
		return n;
	if (n < STATE_UNITS)
		return (n - STATE_LINES) * (uint64_t)SWCXL_LINE;
	if (n < STATE_ODD)
		return (n - STATE_UNITS) / 6u * SWCXL_CAPACITY_UNIT +
		       ((n - STATE_UNITS) % 6u - 2u) * (uint64_t)SWCXL_LINE;
	return n < STATE_WIDE ? odd[n % ARRAY_SIZE(odd)] : take(in, 8);
}

static size_t take_data(struct input *in, uint8_t data[static DATA_MAX])
{
	uint8_t n = (uint8_t)take(in, 1), given;
	size_t len = n < 0xf0 ? state_lengths[n % ARRAY_SIZE(state_lengths)] : take(in, 2);

	len = MIN(len, (size_t)DATA_MAX);
	given = (uint8_t)take(in, 1);
	take_bytes(in, data, MIN(given, len));
	if (given < len)
		memset(data + given, given ? data[given - 1] : 0, len - given);
	return len;
}

/* ---- damage to the file ---------------------------------------------------------------------- */

static void end_raw(void)
{
	sqlite3_close(raw);
	raw = NULL;
}

/* Rows are changed as an enemy with the sqlite3 tool would: no rule of ours holds. */
static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (!raw) {
		sqlite3_open_v2(path, &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
		sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, 1 << 16);
		sqlite3_limit(raw, SQLITE_LIMIT_VDBE_OP, 2000);
		sqlite3_exec(raw, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);
	}
	sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL);
	return stmt;
}

static void finish(sqlite3_stmt *stmt)
{
	for (int i = 0; i < 100 && sqlite3_step(stmt) == SQLITE_ROW; i++)
		;
	sqlite3_finalize(stmt);
}

/* Statements that end by themselves, and soon. */
static int patience(void *left)
{
	return --*(int *)left < 0;
}

static void damage_sql(struct input *in)
{
	char text[256];
	size_t len = take(in, 1);
	sqlite3_stmt *stmt;
	int left = 50;

	take_bytes(in, text, len);
	text[len] = 0;
	stmt = prepare(text);
	sqlite3_progress_handler(raw, 1000, patience, &left);
	finish(stmt);
	sqlite3_progress_handler(raw, 0, NULL, NULL);
}

static void damage_put(struct input *in)
{
	static const char *const sql[] = {
		[STATE_setting] = "REPLACE INTO setting VALUES (?1, ?4)",
		[STATE_poison] = "REPLACE INTO poison VALUES (?1, ?2, ?3)",
		[STATE_list] = "REPLACE INTO list VALUES (?1, ?2, ?3)",
		[STATE_overflow] = "REPLACE INTO overflow VALUES (?1, ?2)",
		[STATE_content] = "REPLACE INTO content VALUES (?1, ?4)",
		[STATE_lsa] = "REPLACE INTO lsa VALUES (?1, ?4)",
		[STATE_event] = "REPLACE INTO event VALUES (?1, ?2, ?4)",
		[STATE_extent] = "REPLACE INTO extent VALUES (?1, ?2, ?3, ?4)",
		[STATE_lost] = "REPLACE INTO lost VALUES (?1, ?3, ?4)",
		[STATE_meta] = "REPLACE INTO meta VALUES ('serial', ?1)",
	};
	static uint8_t data[DATA_MAX];
	sqlite3_stmt *stmt = prepare(sql[take(in, 1) % ARRAY_SIZE(sql)]);
	int parameters = sqlite3_bind_parameter_count(stmt);

	for (int i = 1; i <= 3; i++) {
		int64_t value = (int64_t)take_number(in);

		if (stmt && i <= parameters)
			sqlite3_bind_int64(stmt, i, value);
	}
	if (parameters == 4)
		sqlite3_bind_blob64(stmt, 4, data, take_data(in, data), SQLITE_STATIC);
	finish(stmt);
}

/* A column of a row: a number becomes another one, of bytes some change. */
static void damage_patch(struct input *in)
{
	const char *table = tables[take(in, 1) % ARRAY_SIZE(tables)], *column;
	unsigned which = (unsigned)take(in, 1), columns;
	uint64_t value, choice;
	static uint8_t data[DATA_MAX];
	sqlite3_stmt *stmt;
	char sql[160];
	int len = -1;

	sqlite3_snprintf(sizeof(sql), sql, "SELECT * FROM %s ORDER BY 1 LIMIT 1 OFFSET %u", table,
			 which % 16);
	stmt = prepare(sql);
	choice = take(in, 1);
	value = take_number(in);
	if (!stmt || sqlite3_step(stmt) != SQLITE_ROW) {
		sqlite3_finalize(stmt);
		return;
	}
	columns = (unsigned)sqlite3_column_count(stmt);
	column = sqlite3_column_name(stmt, (int)(choice % columns));
	if (sqlite3_column_type(stmt, (int)(choice % columns)) == SQLITE_BLOB) {
		len = MIN(sqlite3_column_bytes(stmt, (int)(choice % columns)), (int)DATA_MAX);
		if (len)
			memcpy(data, sqlite3_column_blob(stmt, (int)(choice % columns)),
			       (size_t)len);
		for (unsigned n = (unsigned)take(in, 1) % 8; n > 0; n--) {
			unsigned at = (unsigned)take(in, 2);

			if (len)
				data[at % (unsigned)len] = (uint8_t)take(in, 1);
		}
	}
	sqlite3_snprintf(sizeof(sql), sql,
			 "UPDATE OR REPLACE %s SET %s = ?1 WHERE (%s) IN (SELECT %s FROM %s "
			 "ORDER BY 1 LIMIT 1 OFFSET %u)",
			 table, column, sqlite3_column_name(stmt, 0), sqlite3_column_name(stmt, 0),
			 table, which % 16);
	sqlite3_finalize(stmt);
	stmt = prepare(sql);
	if (len >= 0)
		sqlite3_bind_blob(stmt, 1, data, len, SQLITE_STATIC);
	else
		sqlite3_bind_int64(stmt, 1, (int64_t)value);
	finish(stmt);
}

static void damage_delete(struct input *in)
{
	const char *table = tables[take(in, 1) % ARRAY_SIZE(tables)];
	char sql[160];

	sqlite3_snprintf(sizeof(sql), sql,
			 "DELETE FROM %s WHERE (SELECT count(*) FROM %s) > %u AND rowid IN "
			 "(SELECT rowid FROM %s LIMIT 1 OFFSET %u)",
			 table, table, 0u, table, (unsigned)take(in, 1) % 16);
	finish(prepare(sql));
}

static void damage_bytes(struct input *in)
{
	size_t len, page = take(in, 1), at = take(in, 2) % PAGE;
	uint8_t *file, bytes[16];
	size_t n = take(in, 1) % sizeof(bytes);

	end_raw();
	take_bytes(in, bytes, n);
	file = mem_vfs_bytes(path, &len);
	if (len < PAGE)
		return;
	at += page % (len / PAGE) * PAGE;
	memcpy(file + at, bytes, MIN(n, len - at));
}

static void damage_size(struct input *in)
{
	size_t pages = take(in, 1) % 64, bytes = take(in, 2) % PAGE;

	end_raw();
	mem_vfs_resize(path, pages * PAGE + bytes);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void add(void *ctx, const struct swcxl_change *change)
{
	batch_add(ctx, change);
}

static void on_change(void *ctx, const struct swcxl_change *change)
{
	(void)ctx;
	batch_add(&batch, change);
}

static void open_device(struct test_device *d, const struct swcxl_config *c)
{
	test_device_open(d, c);
	swcxl_free(d->dev);
	d->host.changed = on_change;
	MUST(!swcxl_new(c, &d->host, &d->dev));
	d->cci = swcxl_cci_new(d->dev);
	MUST(d->cci);
}

/* The file beside the database in memory is as long: that is looked at. */
static void touch(void)
{
	size_t len;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	mem_vfs_bytes(path, &len);
	MUST(fd >= 0 && !ftruncate(fd, (off_t)len));
	close(fd);
}

static void check_why(const struct db *db)
{
	memcpy(why, db->why, sizeof(why));
	MUST(*db->why && strlen(db->why) < sizeof(db->why));
	for (const char *c = db->why; *c; c++)
		MUST(*c >= ' ' && *c <= '~');
}

/* Opens the file and makes a device of it. False: it was refused, and there is none. */
static bool load(struct db *db, struct test_device *d, struct swcxl_config c, bool any_serial)
{
	bool fresh, ok;

	touch();
	ok = tables_open(db, path, &c, any_serial, &fresh);
	if (ok) {
		open_device(d, &c);
		ok = tables_load(db, d->dev);
		if (!ok)
			test_device_close(d);
	}
	if (!ok) {
		check_why(db);
		db_close(db);
	}
	batch_clear(&batch);
	return ok;
}

static void apply(void *ctx, const struct swcxl_change *change)
{
	MUST(!swcxl_apply(ctx, change));
}

/* What the device saves makes the same device. */
static void check_saved(void)
{
	struct test_device same;

	test_device_open(&same, swcxl_get_config(t.dev));
	swcxl_save(t.dev, apply, same.dev);
	MUST(test_same_state(t.dev, same.dev));
	test_device_close(&same);
}

/* What has changed goes into the file, or all there is; what comes back is the same device. */
static void check_written(struct db *db, bool whole)
{
	struct swcxl_config c = *swcxl_get_config(t.dev);
	struct test_device same;

	swcxl_reset(t.dev, SWCXL_RESET_COLD);
	if (whole) {
		batch_clear(&batch);
		batch.whole = true;
		swcxl_save(t.dev, add, &batch);
	}
	if (!tables_write(db, &batch)) { /* a file that is damaged deep inside */
		check_why(db);
		db_close(db);
		return;
	}
	db_close(db);
	if (!load(db, &same, c, false)) {
		fprintf(stderr, "what was written %s\n", why);
		abort();
	}
	MUST(test_same_state(t.dev, same.dev));
	test_device_close(&same);
	db_close(db);
}

/* ---- what is done with the device ------------------------------------------------------------ */

static void step_change(struct input *in)
{
	static uint8_t data[DATA_MAX];
	uint8_t kind = (uint8_t)take(in, 1);
	struct swcxl_change c = {
		.kind = (enum swcxl_change_kind)((kind & 0x7f) % (SWCXL_CHANGE_EXTENT + 2)),
		.start = take_number(in),
		.length = take_number(in),
		.attr = (uint8_t)take(in, 1),
		.log = (uint8_t)take(in, 1),
		.value = take_number(in),
	};
	int error;

	if (kind & 0x80) { /* with data, of a length that is true: a change is its maker's word */
		c.length = take_data(in, data);
		c.data = malloc(c.length ? c.length : 1);
		MUST(c.data);
		memcpy((void *)(uintptr_t)c.data, data, c.length);
	}
	error = swcxl_apply(t.dev, &c);
	MUST(!error || error == -EINVAL || error == -ENOMEM);
	free((void *)(uintptr_t)c.data);
}

static void step_command(struct input *in)
{
	static uint8_t bytes[ROW_INPUT_MAX], out[1024];
	const struct row *row = &rows[take(in, 1) % ARRAY_SIZE(rows)];
	uint32_t len = row_input(row, bytes);
	size_t out_len;

	for (unsigned n = (unsigned)take(in, 1) % 8; n > 0; n--) {
		unsigned at = (unsigned)take(in, 1);

		bytes[len ? at % len : 0] = (uint8_t)take(in, 1);
	}
	test_execute(&t, row->opcode, bytes, len, out, &out_len);
}

static void step_device(unsigned kind, struct input *in)
{
	uint64_t address, lines;
	uint8_t source, flags;
	static uint8_t data[64 * SWCXL_LINE];

	switch (kind) {
	case STATE_COMMAND:
		step_command(in);
		break;
	case STATE_PLANT:
		address = take_number(in);
		lines = take_number(in);
		source = (uint8_t)take(in, 1) % 4;
		flags = (uint8_t)take(in, 1);
		swcxl_plant(t.dev, address, lines * SWCXL_LINE, (enum swcxl_source)source,
			    flags & 1, flags & 2);
		break;
	case STATE_WRITE:
		address = take_number(in);
		lines = take(in, 1) % 64;
		memset(data, (int)take(in, 1), sizeof(data));
		swcxl_media_write(t.dev, address, data, lines * SWCXL_LINE);
		break;
	default:
		swcxl_advance(t.dev, swcxl_now(t.dev) + (1ull << take(in, 1) % 48));
	}
}

/* ---- one file -------------------------------------------------------------------------------- */

static void damage(unsigned kind, struct input *in)
{
	switch (kind) {
	case STATE_SQL:
		damage_sql(in);
		break;
	case STATE_PUT:
		damage_put(in);
		break;
	case STATE_PATCH:
		damage_patch(in);
		break;
	case STATE_DELETE:
		damage_delete(in);
		break;
	case STATE_BYTES:
		damage_bytes(in);
		break;
	default:
		damage_size(in);
	}
}

#ifdef FUZZ_CANARY /* a defect to be found: more than 64 lines of poison in a run */
static void canary(void)
{
	struct swcxl_poison_row row;

	for (uint64_t at = 0; swcxl_poison_next(t.dev, at, UINT64_MAX, &row);
	     at = row.start + row.length)
		MUST(row.length <= 64 * SWCXL_LINE);
}
#else
static void canary(void)
{
}
#endif

static void check(void)
{
	damaged ? sane_check_alone() : sane_check();
	canary();
}

static void go_on(struct input *in, struct db *db, unsigned kind)
{
	enum { CHANGES, DEVICE } part = CHANGES;
	bool told = true; /* all that the file has not got is in the batch */

	sane_begin(t.dev);
	check();
	check_saved();
	for (unsigned i = 0; in->len && i < STEPS_MAX; i++) {
		if (kind == STATE_CHANGE && part == CHANGES) {
			step_change(in);
			damaged = true;
			told = false;
		}
		if (kind > STATE_CHANGE && part == CHANGES)
			check_saved();
		if (kind > STATE_CHANGE) {
			part = DEVICE;
			step_device(kind, in);
		}
		check();
		kind = (unsigned)take(in, 1) % STATE_STEPS;
	}
	if (!damaged)
		sane_check_list();
	check_saved();
	check_written(db, !told || part == CHANGES);
	sane_end();
}

static void make_good(void)
{
	struct swcxl_config c = make_config(0);
	const struct swcxl_event_header header = {.uuid = {1}};
	const struct swcxl_dc_add offer = {.region = 0, .length = 4 * MiB};
	uint8_t in[8 + 24] = {1}, data[256] = {1, [8] = 2, 3}, out[1024];
	struct swcxl_dc_region region;
	struct db db;
	size_t len;

	mem_vfs_clear();
	MUST(load(&db, &t, c, false));
	for (unsigned i = 0; i < 12; i++)
		MUST(!swcxl_plant(t.dev, i * 128, SWCXL_LINE, (enum swcxl_source)(i % 4), i & 1,
				  i == 5));
	MUST(!swcxl_media_write(t.dev, SWCXL_CAPACITY_UNIT * 2 + 64, data, sizeof(data)));
	for (unsigned i = 0; i < 10; i++)
		MUST(!swcxl_event_inject(t.dev, i % 2, &header, data, 16));
	MUST(!test_execute(&t, 0x4103, data, 200, out, &len));
	MUST(!swcxl_dc_add(t.dev, &offer) && swcxl_dc_region_get(t.dev, 0, &region));
	le_store(in + 8, 8, region.start);
	le_store(in + 16, 8, offer.length);
	MUST(!test_execute(&t, 0x4802, in, sizeof(in), out, &len));
	batch.whole = true;
	batch_clear(&batch);
	batch.whole = true;
	swcxl_save(t.dev, add, &batch);
	MUST(tables_write(&db, &batch));
	db_close(&db);
	test_device_close(&t);
	good = mem_vfs_bytes(path, &good_len);
	MUST(good && good_len > PAGE);
	good = memcpy(malloc(good_len), good, good_len);
}

static void remove_file(void)
{
	unlink(path);
}

static void begin(uint8_t flags, const struct swcxl_config *c)
{
	struct swcxl_config same = *c;
	struct db db;
	bool fresh;

	if (!good) {
		snprintf(path, sizeof(path), "/dev/shm/swcxl-fuzz-%d", (int)getpid());
		atexit(remove_file);
		mem_vfs_register();
		make_good();
	}
	mem_vfs_clear();
	if (flags & STATE_EMPTY)
		return;
	if (!(flags & STATE_FRESH)) {
		memcpy(mem_vfs_resize(path, good_len), good, good_len);
		return;
	}
	touch();
	MUST(tables_open(&db, path, &same, false, &fresh) && fresh);
	db_close(&db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t flags = (uint8_t)take(&in, 1);
	struct swcxl_config c = make_config((uint8_t)take(&in, 1));
	unsigned kind = 0;
	struct db db;

	begin(flags, &c);
	damaged = false;
	for (unsigned i = 0; in.len && i < STEPS_MAX; i++) {
		kind = (unsigned)take(&in, 1) % STATE_STEPS;
		if (kind >= STATE_CHANGE)
			break;
		damaged = true;
		damage(kind, &in);
	}
	end_raw();
	if (load(&db, &t, c, flags & STATE_ANY_SERIAL)) {
		go_on(&in, &db, kind);
		test_device_close(&t);
	}
	batch_free(&batch);
	return 0;
}
