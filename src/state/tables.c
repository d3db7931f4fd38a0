/* SPDX-License-Identifier: MIT */
/*
 * One table for each kind of change, with rows as they would be listed: a range of poison is a
 * row, a record of a log is a row. Addresses and lengths are in bytes; numbers of 64 bits are
 * stored as signed ones of the same bits.
 *
 * What is written are the changes that the core emits, what is read are those that it takes
 * (swcxl_apply()), so nothing here knows what they mean, but that ranges of a table never overlap:
 * a change cuts what it covers out of them. Neighbours alike become one row. That the device may
 * keep them apart (records have a greatest length) needs no storing: the same run makes the same
 * records again.
 */
#include "state/tables.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/util.h"
#include "base/width.h"
#include "state/batch.h"
#include "state/db.h"

#define APPLICATION_ID 0x73776378 /* "swcx" */
#define LSA_BLOCK 1024u

/*
 * What brings a file of version n, its place, to version n + 1; an empty file has version 0. A
 * step stays as it is for ever: there are files that have gone through it.
 */
static const char *const steps[] = {
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE setting (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;"
	"CREATE TABLE poison (start INTEGER PRIMARY KEY, length INTEGER NOT NULL,"
	"	attr INTEGER NOT NULL) STRICT;"
	"CREATE TABLE list (start INTEGER PRIMARY KEY, length INTEGER NOT NULL,"
	"	attr INTEGER NOT NULL) STRICT;"
	"CREATE TABLE overflow (id INTEGER PRIMARY KEY, timestamp INTEGER NOT NULL) STRICT;"
	"CREATE TABLE content (start INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;"
	"CREATE TABLE lsa (start INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;"
	"CREATE TABLE event (log INTEGER NOT NULL, seq INTEGER NOT NULL, data BLOB NOT NULL,"
	"	PRIMARY KEY (log, seq)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE lost (log INTEGER PRIMARY KEY, attr INTEGER NOT NULL, data BLOB NOT NULL)"
	"	STRICT;"
	"PRAGMA application_id = 0x73776378;",
	"CREATE TABLE extent (start INTEGER PRIMARY KEY, length INTEGER NOT NULL,"
	"	attr INTEGER NOT NULL, data BLOB NOT NULL) STRICT;",
};

#define VERSION ((int)ARRAY_SIZE(steps))

enum statement {
#define SQL(id, text) id,
#include "state/statements.tbl.h"
};
static const char *const statements[] = {
#define SQL(id, text) text,
#include "state/statements.tbl.h"
};
_Static_assert(ARRAY_SIZE(statements) <= DB_STATEMENTS_MAX, "room for statements");

/* ---- what the file is of --------------------------------------------------------------------- */

static const struct identity {
	const char *name;
	size_t offset, size;
} identity[] = {
#define IDENTITY(name, field) \
	{name, offsetof(struct swcxl_config, field), sizeof(((struct swcxl_config *)0)->field)},
#include "tbl/identity.tbl.h"
};

/* What the file says under a key; 0 when it does not. */
static bool meta_get(struct db *db, const char *key, uint64_t *value)
{
	char sql[96];
	int64_t number;

	sqlite3_snprintf(sizeof(sql), sql, "SELECT ifnull(max(value), 0) FROM meta WHERE key = %Q",
			 key);
	if (!db_number(db, sql, &number))
		return false;
	*value = (uint64_t)number;
	return true;
}

static bool meta_put(struct db *db, const char *key, uint64_t value)
{
	char sql[96];

	sqlite3_snprintf(sizeof(sql), sql, "INSERT INTO meta VALUES (%Q, %lld)", key,
			 (sqlite3_int64)value);
	return db_exec(db, sql);
}

static bool identify(struct db *db, const struct swcxl_config *config)
{
	for (size_t i = 0; i < ARRAY_SIZE(identity); i++) {
		const struct identity *id = &identity[i];

		if (!meta_put(db, id->name,
			      load_width((const char *)config + id->offset, id->size)))
			return false;
	}
	return meta_put(db, "serial", config->serial);
}

static bool recognise(struct db *db, struct swcxl_config *config, bool any_serial)
{
	uint64_t is, asked;

	for (size_t i = 0; i < ARRAY_SIZE(identity); i++) {
		const struct identity *id = &identity[i];

		asked = load_width((const char *)config + id->offset, id->size);
		if (!meta_get(db, id->name, &is))
			return false;
		if (is != asked)
			return db_fail(db, "is of a device with --%s %" PRIu64 ", and not %" PRIu64,
				       id->name, is, asked);
	}
	if (!meta_get(db, "serial", &is))
		return false;
	if (any_serial)
		config->serial = is;
	if (config->serial != is || !is)
		return db_fail(db, "is of a device with --serial %#" PRIx64 ", and not %#" PRIx64,
			       is, config->serial);
	return true;
}

/* All steps and what the file is of in one transaction: it is a state file, or still empty. */
static bool make_current(struct db *db, int version, const struct swcxl_config *config)
{
	char sql[48];

	if (version == VERSION)
		return true;
	if (!db_exec(db, "BEGIN"))
		return false;
	for (int v = version; v < VERSION; v++)
		if (!db_exec(db, steps[v]))
			return false;
	if (!version && !identify(db, config))
		return false;
	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA user_version = %d; COMMIT", VERSION);
	return db_exec(db, sql);
}

bool tables_open(struct db *db, const char *path, struct swcxl_config *config, bool any_serial,
		 bool *fresh)
{
	int version;

	if (!db_open(db, path, APPLICATION_ID, &version))
		return false;
	if (version > VERSION || version < 0)
		return db_fail(db, "has format %d, and this program knows none above %d", version,
			       VERSION);
	*fresh = version == 0;
	return make_current(db, version, config) && recognise(db, config, any_serial) &&
	       db_prepare(db, statements, ARRAY_SIZE(statements));
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The tables of ranges have their statements in the same order. */
enum { FLOOR, DROP, PUT };

struct row {
	uint64_t start, end, attr;
};

/* The last row that begins at a place or below. None: one that is empty. */
static int row_at(struct db *db, unsigned floor, uint64_t place, struct row *row)
{
	sqlite3_stmt *stmt = db->statement[floor];

	*row = (struct row){0};
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)place);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		row->start = (uint64_t)sqlite3_column_int64(stmt, 0);
		row->end = row->start + (uint64_t)sqlite3_column_int64(stmt, 1);
		row->attr = (uint64_t)sqlite3_column_int64(stmt, 2);
	}
	return sqlite3_reset(stmt);
}

/* The last row that begins below a place. */
static int row_before(struct db *db, unsigned floor, uint64_t place, struct row *row)
{
	*row = (struct row){0};
	return place ? row_at(db, floor, place - 1, row) : SQLITE_OK;
}

static int put_row(struct db *db, unsigned table, uint64_t start, uint64_t end, uint64_t attr)
{
	return attr && start < end ? DB_RUN(db, table + PUT, start, end - start, attr) : SQLITE_OK;
}

/*
 * A range becomes attr, 0: nothing. Rows at its ends become part of it when they are alike, and
 * otherwise keep what sticks out.
 */
static int write_range(struct db *db, unsigned table, const struct swcxl_change *c)
{
	struct row r = {c->start, c->start + c->length, c->attr}, low, high;
	uint64_t drop_end = r.end;
	int rc = row_at(db, table + FLOOR, r.end, &high);
	bool any = high.start >= r.start; /* begins within: nothing is dropped in vain */

	low = high;
	if (!rc && any)
		rc = row_before(db, table + FLOOR, r.start, &low);
	if (rc)
		return rc;
	if (low.end < r.start)
		low.attr = 0; /* it does not touch */
	if (high.end < r.end || (high.start == r.end && high.attr != r.attr))
		high.attr = 0; /* all of it goes, or all of it stays */
	if (low.attr == r.attr && low.attr)
		r.start = low.start;
	if (high.attr == r.attr && high.attr) {
		drop_end += high.start == r.end;
		r.end = high.end;
	}
	rc = any ? DB_RUN(db, table + DROP, r.start, drop_end) : SQLITE_OK;
	if (!rc && r.start == c->start && low.end > c->start)
		rc = put_row(db, table, low.start, c->start, low.attr);
	if (!rc && r.end == c->start + c->length)
		rc = put_row(db, table, r.end, high.end, high.attr);
	return rc ? rc : put_row(db, table, r.start, r.end, r.attr);
}

static bool is_zero(const uint8_t *data, size_t len)
{
	return !data[0] && !memcmp(data, data + 1, len - 1);
}

/* Zeros are not stored, here and in the label area: that is what there is without a row. */
static int write_content(struct db *db, const struct swcxl_change *c)
{
	const uint8_t *data = c->data;
	int rc;

	if (data && c->attr & SWCXL_ATTR_VOLATILE)
		return SQLITE_OK; /* it goes with the power */
	rc = DB_RUN(db, CONTENT_DROP, c->start, c->start + c->length);
	for (uint64_t at = 0; data && at < c->length && !rc; at += SWCXL_LINE)
		if (!is_zero(data + at, SWCXL_LINE))
			rc = DB_RUN_BYTES(db, CONTENT_PUT, data + at, SWCXL_LINE, c->start + at);
	return rc;
}

static int read_block(struct db *db, uint64_t start, uint8_t block[LSA_BLOCK])
{
	sqlite3_stmt *stmt = db->statement[LSA_GET];

	memset(block, 0, LSA_BLOCK);
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)start);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		int len = sqlite3_column_bytes(stmt, 0);

		if (len)
			memcpy(block, sqlite3_column_blob(stmt, 0), MIN((size_t)len, LSA_BLOCK));
	}
	return sqlite3_reset(stmt);
}

static int write_lsa(struct db *db, const struct swcxl_change *c)
{
	uint64_t at = c->start, end = c->start + c->length;
	uint8_t block[LSA_BLOCK];
	int rc = SQLITE_OK;

	while (at < end && !rc) {
		uint64_t start = at - at % LSA_BLOCK, stop = MIN(start + LSA_BLOCK, end);

		rc = read_block(db, start, block);
		memcpy(block + (at - start), (const uint8_t *)c->data + (at - c->start), stop - at);
		if (!rc)
			rc = is_zero(block, LSA_BLOCK)
				     ? DB_RUN(db, LSA_DROP, start)
				     : DB_RUN_BYTES(db, LSA_PUT, block, LSA_BLOCK, start);
		at = stop;
	}
	return rc;
}

static int write_change(struct db *db, const struct swcxl_change *c)
{
	switch (c->kind) {
	case SWCXL_CHANGE_SETTING:
		return DB_RUN_BYTES(db, SETTING_PUT, c->data, c->length, c->start);
	case SWCXL_CHANGE_POISON:
		return write_range(db, POISON_FLOOR, c);
	case SWCXL_CHANGE_LIST:
		return write_range(db, LIST_FLOOR, c);
	case SWCXL_CHANGE_OVERFLOW:
		return c->attr ? DB_RUN(db, OVERFLOW_PUT, c->value)
			       : db_run(db, OVERFLOW_DROP, NULL, 0, NULL, 0);
	case SWCXL_CHANGE_CONTENT:
		return write_content(db, c);
	case SWCXL_CHANGE_LSA:
		return write_lsa(db, c);
	case SWCXL_CHANGE_EVENT:
		return DB_RUN_BYTES(db, EVENT_ADD, c->data, c->length, c->log);
	case SWCXL_CHANGE_EVENT_CLEAR:
		return DB_RUN(db, EVENT_DROP, c->log, c->value);
	case SWCXL_CHANGE_EXTENT:
		return c->attr ? DB_RUN_BYTES(db, EXTENT_PUT, c->data, c->length, c->start,
					      c->value, c->attr)
			       : DB_RUN(db, EXTENT_DROP, c->start, c->start + c->value);
	case SWCXL_CHANGE_EVENT_LOST:
		return c->attr ? DB_RUN_BYTES(db, LOST_PUT, c->data, c->length, c->log, c->attr)
			       : DB_RUN(db, LOST_DROP, c->log);
	}
	return SQLITE_INTERNAL;
}

static bool write_all(struct db *db, const struct batch *batch)
{
	static const char wipe[] = "DELETE FROM setting; DELETE FROM poison; DELETE FROM list;"
				   "DELETE FROM overflow; DELETE FROM content; DELETE FROM lsa;"
				   "DELETE FROM event; DELETE FROM lost; DELETE FROM extent";
	struct swcxl_change change;
	size_t at = 0;

	if (batch->whole && !db_exec(db, wipe))
		return false;
	while (batch_next(batch, &at, &change))
		if (write_change(db, &change))
			return false;
	return true;
}

bool tables_write(struct db *db, const struct batch *batch)
{
	if (!db_run(db, BEGIN, NULL, 0, NULL, 0) && write_all(db, batch) &&
	    !db_run(db, COMMIT, NULL, 0, NULL, 0))
		return true;
	db_fail_sqlite(db, "cannot be written");
	/* Some errors have rolled it back already. */
	if (!sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* In the order in which a device takes them: what follows lies in partitions, which are a setting;
 * what was lost came after what was not. Columns: start, length, attr, log, value, data. */
static const struct source {
	enum swcxl_change_kind kind;
	const char *table, *columns, *excuse; /* what may be the matter but damage */
} sources[] = {
	{SWCXL_CHANGE_SETTING, "setting", "id, length(data), 0, 0, 0, data",
	 "a newer program wrote it"},
	{SWCXL_CHANGE_POISON, "poison", "start, length, attr, 0, 0, NULL", NULL},
	{SWCXL_CHANGE_LIST, "list", "start, length, attr, 0, 0, NULL",
	 "--poison-list-max is less than it was"},
	{SWCXL_CHANGE_OVERFLOW, "overflow", "0, 0, 1, 0, timestamp, NULL", NULL},
	{SWCXL_CHANGE_CONTENT, "content", "start, 64, 0, 0, 0, data",
	 "--media-memory-max is less than it was"},
	{SWCXL_CHANGE_LSA, "lsa", "start, length(data), 0, 0, 0, data", NULL},
	{SWCXL_CHANGE_EVENT, "event", "0, length(data), 0, log, 0, data",
	 "--event-log-max is less than it was"},
	{SWCXL_CHANGE_EXTENT, "extent", "start, length(data), attr, 0, length, data",
	 "--dc-block-size is not what it was"},
	{SWCXL_CHANGE_EVENT_LOST, "lost", "0, length(data), attr, log, 0, data", NULL},
};

/* Blocks of labels are whole in the file, the last one too, of which a device may have a part. */
static bool fit_block(struct swcxl_change *c, uint32_t lsa_size)
{
	if (c->start % LSA_BLOCK || c->length != LSA_BLOCK || c->start >= lsa_size)
		return false;
	c->length = MIN(c->length, lsa_size - c->start);
	return true;
}

/* A row as a change; false when it cannot be one. */
static bool read_row(sqlite3_stmt *stmt, enum swcxl_change_kind kind,
		     const struct swcxl_config *config, struct swcxl_change *c)
{
	uint64_t v[5];

	for (int i = 0; i < 5; i++)
		v[i] = (uint64_t)sqlite3_column_int64(stmt, i);
	*c = (struct swcxl_change){
		.kind = kind,
		.start = v[0],
		.length = v[1],
		.attr = (uint8_t)v[2],
		.log = (uint8_t)v[3],
		.value = v[4],
		.data = sqlite3_column_blob(stmt, 5),
	};
	if (sqlite3_column_type(stmt, 5) == SQLITE_BLOB &&
	    (!c->data || (uint64_t)sqlite3_column_bytes(stmt, 5) != c->length))
		return false;
	if (kind == SWCXL_CHANGE_LSA && !fit_block(c, config->lsa_size))
		return false;
	return v[2] <= UINT8_MAX && v[3] <= UINT8_MAX;
}

/* A row that the device does not take. */
static bool refuse(struct db *db, const struct source *s, int error)
{
	if (error == -ENOMEM && !s->excuse)
		return db_fail(db, "cannot be read: %s", strerror(-error));
	return db_fail(db, "does not fit: table '%s' is damaged%s%s", s->table,
		       s->excuse ? ", or " : "", s->excuse ? s->excuse : "");
}

static bool load_table(struct db *db, struct swcxl_dev *dev, const struct source *s)
{
	struct swcxl_change change;
	sqlite3_stmt *stmt;
	char sql[128];
	int error = 0, rc;

	sqlite3_snprintf(sizeof(sql), sql, "SELECT %s FROM %s ORDER BY %s", s->columns, s->table,
			 s->kind == SWCXL_CHANGE_EVENT ? "log, seq" : "1");
	if (sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL) != SQLITE_OK)
		return db_fail_sqlite(db, "is damaged");
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && !error)
		error = read_row(stmt, s->kind, swcxl_get_config(dev), &change)
				? swcxl_apply(dev, &change)
				: -EINVAL;
	if (error)
		refuse(db, s, error);
	else if (rc != SQLITE_DONE)
		db_fail_sqlite(db, "cannot be read");
	sqlite3_finalize(stmt);
	return !error && rc == SQLITE_DONE;
}

bool tables_load(struct db *db, struct swcxl_dev *dev)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (!load_table(db, dev, &sources[i]))
			return false;
	return true;
}
