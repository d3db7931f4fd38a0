/* SPDX-License-Identifier: MIT */
/* State files that are damaged: in each table, in each setting, in each page; and changes. */
#include <stdio.h>

#include "core/kept.h"
#include "rows.h"
#include "seeds.h"
#include "state_script.h"
#include "swcxl/swcxl.h"

static const char *const tables[] = {
#define TABLE(name) #name,
	STATE_TABLES(TABLE)
#undef TABLE
};

static void file(int flags, int choice)
{
	ADD(flags, choice);
}

static void save_numbered(const char *what, unsigned n)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%u", what, n);
	save("state", name);
}

/* Rows that are new, changed in each column, and gone. */
static void rows_of_tables(void)
{
	for (int table = 0; table < STATE_TABLE_COUNT; table++) {
		file(STATE_FRESH, 0);
		for (int n = 0; n < 4; n++) /* data: 64 bytes, or 128 */
			ADD(STATE_PUT, table, STATE_LINES + n, STATE_LINES + 1 + n,
			    STATE_ODD + 9 + n, n, 1, n);
		save_numbered(tables[table], 0);
		for (int column = 0; column < 4; column++) {
			file(0, 0);
			ADD(STATE_PATCH, table, column, column, column, 1, 1, 0, 1);
			save_numbered(tables[table], 1 + (unsigned)column);
		}
		file(0, 0);
		ADD(STATE_DELETE, table, 0);
		save_numbered(tables[table], 5);
		word("state", "%s", tables[table]);
	}
}

static void settings(void)
{
	static const struct {
		const char *name;
		int number, size;
	} kept[] = {
#define KEPT(number, name) {#name, number, sizeof(struct kept_##name)},
		KEPT_ROWS(KEPT)
#undef KEPT
	};

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		file(0, 0);
		for (int at = 0; at < MIN(kept[i].size, 20); at++)
			ADD(STATE_PATCH, STATE_setting, kept[i].number - 1, 1, 0, 1, at, 0, at & 1);
		save("state", kept[i].name);
		file(0, 0);
		ADD(STATE_CHANGE, 0x80 | SWCXL_CHANGE_SETTING, kept[i].number, 0, 0, 0, 0, 0xf0,
		    kept[i].size & 255, kept[i].size >> 8, 4, 1, 0, 0, 0);
		save_numbered(kept[i].name, 1);
	}
}

static void changes(void)
{
	for (int kind = 0; kind <= SWCXL_CHANGE_EXTENT; kind++) {
		file(kind & 1, 0);
		for (int n = 0; n < 3; n++)
			ADD(STATE_CHANGE, kind, STATE_LINES + n, STATE_LINES + 2, 0x80 | n, n, n);
		for (int length = 0; length < (int)ARRAY_SIZE(state_lengths); length++)
			ADD(STATE_CHANGE, 0x80 | kind, STATE_LINES + length, 64, length & 1,
			    length % 5, 64, length, 1, 1);
		save_numbered("change", (unsigned)kind);
	}
}

static void device(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		file(i & 1, 0);
		ADD(STATE_COMMAND, (int)i, 0, STATE_TIME, 40);
		ADD(STATE_PLANT, STATE_LINES + 3, 4, 1, 1, STATE_WRITE, STATE_UNITS + 14, 3, 0xa5);
		ADD(STATE_COMMAND, (int)i, 1, 0, 1);
		save("state", rows[i].name);
	}
}

void seeds_state(void)
{
	static const char *const sql[] = {
		"UPDATE setting SET data = zeroblob(length(data))",
		"INSERT INTO poison VALUES (0, 64, 143), (128, 640, 159)",
		"DROP TABLE lost; ",
		"CREATE VIEW v AS SELECT * FROM event",
		"CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM lost; END",
		"ALTER TABLE list RENAME COLUMN attr TO x",
		"PRAGMA user_version = 1",
		"PRAGMA application_id = 7",
		"CREATE TABLE t (a)",
		"DELETE FROM meta WHERE key = 'serial'",
		"UPDATE meta SET value = 0 WHERE key = 'lsa'",
		"REPLACE INTO list SELECT start + 64, length, attr FROM list",
	};
	static const char *const words[] = {
		"UPDATE", "SET",    "WHERE",	"DELETE FROM", "CREATE",      "TRIGGER", "VIEW",
		"SELECT", "start",  "length",	"attr",	       "data",	      "seq",	 "log",
		"value",  "PRAGMA", "zeroblob", "VALUES",      "INSERT INTO", "DROP"};

	for (unsigned i = 0; i < ARRAY_SIZE(sql); i++) {
		file(0, 0);
		ADD(STATE_SQL, (int)strlen(sql[i]));
		say_more(sql[i]);
		save_numbered("sql", i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		word("state", "%s", words[i]);
	for (unsigned bit = 0; bit < 8; bit++) {
		file(0, 1 << bit);
		ADD(STATE_TIME, 30);
		save_numbered("configuration", bit);
	}
	for (int page = 0; page < 16; page++) {
		file(0, 0);
		ADD(STATE_BYTES, page, page, 0, 2, 13, 1);
		save_numbered("page", (unsigned)page);
	}
	for (int flags = 0; flags < 8; flags++) {
		file(flags, 0);
		ADD(STATE_SIZE, flags, flags & 1, 0);
		save_numbered("size", (unsigned)flags);
		file(flags, 0);
		ADD(STATE_TIME, 1);
		save_numbered("flags", (unsigned)flags);
	}
	rows_of_tables();
	settings();
	changes();
	device();
}
