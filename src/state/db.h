/* SPDX-License-Identifier: MIT */
/*
 * The database that a state file is: opened under all the rules that a state file needs, and
 * prepared statements. Nothing here knows what is stored.
 */
#ifndef SWCXL_STATE_DB_H
#define SWCXL_STATE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DB_STATEMENTS_MAX 48

struct db {
	sqlite3 *handle;
	char *path;    /* as it was given */
	char why[512]; /* what went wrong last: ends a sentence that begins with the path */
	bool cut_off;  /* its size cannot be right */
	sqlite3_stmt *statement[DB_STATEMENTS_MAX];
};

/* Sets why. Always false. */
__attribute__((format(printf, 2, 3))) bool db_fail(struct db *db, const char *format, ...);
/* The same from the last error of SQLite. `doing`: "cannot be written". */
bool db_fail_sqlite(struct db *db, const char *doing);

/*
 * Opens a database for this process alone, or makes it, with mode 0600. Symbolic links are
 * refused, and what is neither a new file nor a database of ours (application id) is left as it
 * was. *version is then its user_version, 0 for a new one. False: db_fail(); close it.
 */
bool db_open(struct db *db, const char *path, uint32_t application_id, int *version);
void db_close(struct db *db);

/* Runs SQL text. False: db_fail_sqlite(). */
bool db_exec(struct db *db, const char *sql);
/* The number that a query of one row and one column returns. */
bool db_number(struct db *db, const char *sql, int64_t *number);

/* Prepares statements: their numbers are their places. */
bool db_prepare(struct db *db, const char *const sql[], size_t n);

/*
 * Runs a statement that returns no rows: with numbers for ?1 .. ?n, and bytes, unless they are
 * NULL, for the next. SQLITE_OK or what is wrong.
 */
int db_run(struct db *db, unsigned statement, const uint64_t *numbers, size_t n, const void *bytes,
	   size_t len);

#define DB_NUMBERS_(...) ((const uint64_t[]){__VA_ARGS__})
#define DB_RUN(db, statement, ...)                      \
	db_run(db, statement, DB_NUMBERS_(__VA_ARGS__), \
	       sizeof(DB_NUMBERS_(__VA_ARGS__)) / sizeof(uint64_t), NULL, 0)
#define DB_RUN_BYTES(db, statement, bytes, len, ...)    \
	db_run(db, statement, DB_NUMBERS_(__VA_ARGS__), \
	       sizeof(DB_NUMBERS_(__VA_ARGS__)) / sizeof(uint64_t), bytes, len)

#endif
