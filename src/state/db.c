/* SPDX-License-Identifier: MIT */
/*
 * How it is opened, in an order that matters:
 *
 *   file     made by us, so that it is ours alone (0600) from the first byte, and so that what
 *            the system has against it is said in the system's words. The file's own name must be
 *            no symbolic link; SQLite would refuse one anywhere in the path, so the directory is
 *            resolved first.
 *   lock     exclusive, before anything is looked at: a second process ends here. It is kept until
 *            the end, and makes WAL need no shared memory.
 *   look     whose it is, and whether it is whole. Until here nothing has been written to it.
 *   mode     write-ahead log, synced with each commit (synchronous=FULL).
 *
 * Killed at any moment of this, it leaves a file that opens: empty, or with a journal that SQLite
 * rolls back.
 */
#include "state/db.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096 /* bytes: what the databases that we make have */

bool db_fail(struct db *db, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(db->why, sizeof(db->why), format, args);
	va_end(args);
	for (char *c = db->why; *c; c++) /* SQLite quotes what it found in a damaged file */
		if (*c < ' ' || *c > '~')
			*c = '?';
	return false;
}

bool db_fail_sqlite(struct db *db, const char *doing)
{
	switch (sqlite3_errcode(db->handle) & 0xff) {
	case SQLITE_BUSY:
		return db_fail(db, "is in use by another process");
	case SQLITE_NOTADB:
		return db_fail(db, "is not a state file");
	default:
		return db_fail(db, "%s: %s", doing, sqlite3_errmsg(db->handle));
	}
}

bool db_exec(struct db *db, const char *sql)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return db_fail_sqlite(db, "cannot be used");
}

bool db_number(struct db *db, const char *sql, int64_t *number)
{
	sqlite3_stmt *stmt = NULL;
	bool ok = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL) == SQLITE_OK &&
		  sqlite3_step(stmt) == SQLITE_ROW;

	if (ok)
		*number = sqlite3_column_int64(stmt, 0);
	else
		db_fail_sqlite(db, "cannot be read");
	sqlite3_finalize(stmt);
	return ok;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* The path with its directory resolved, which the caller frees. */
static char *resolve(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *dir = slash ? strndup(path, (size_t)(name - path)) : strdup(".");
	char *real = dir ? realpath(dir, NULL) : NULL;
	size_t size = real ? strlen(real) + strlen(name) + 2 : 0;
	char *all = real ? malloc(size) : NULL;

	/* not asprintf(): gcc 12, optimising, takes its result for a pointer to this frame */
	if (all)
		snprintf(all, size, "%s/%s", real[1] ? real : "", name);
	free(dir);
	free(real);
	return all;
}

/* Can the journal be made beside it? */
static bool check_directory(struct db *db, const char *path)
{
	char *dir = strndup(path, (size_t)(strrchr(path, '/') + 1 - path));
	int error = !dir || faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) ? errno : 0;

	free(dir);
	return !error || db_fail(db, "cannot be used: its directory: %s", strerror(error));
}

static bool has_journal(const char *path)
{
	char *wal = NULL;
	struct stat st;
	bool has = asprintf(&wal, "%s-wal", path) > 0 && !lstat(wal, &st);

	free(wal);
	return has;
}

/* Makes the file if it is not there, and looks at what it is. After a clean end it is whole; in a
 * crash the journal has what is missing. */
static bool make_file(struct db *db, const char *path)
{
	int fd =
		open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	struct stat st;
	bool ok;

	if (fd < 0 && errno == ELOOP)
		return db_fail(db, "is a symbolic link");
	if (fd < 0)
		return db_fail(db, "cannot be opened for writing: %s", strerror(errno));
	ok = !fstat(fd, &st);
	close(fd); /* before SQLite has a lock on it, which would go with our descriptor */
	if (!ok || !S_ISREG(st.st_mode))
		return db_fail(db, "is not a regular file");
	if (st.st_size > 0 && st.st_size < PAGE)
		return db_fail(db, "is not a state file"); /* SQLite takes one byte for none */
	db->cut_off = st.st_size % PAGE && !has_journal(path);
	if (!(st.st_mode & 0222))
		return db_fail(db, "is read-only"); /* which does not keep root from writing */
	return check_directory(db, path);
}

/* A file can be made by an enemy: nothing in it shall run, and sizes are not believed. */
static bool distrust(struct db *db)
{
	static const int off[] = {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
				  SQLITE_DBCONFIG_ENABLE_VIEW};

	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	for (size_t i = 0; i < sizeof(off) / sizeof(*off); i++)
		sqlite3_db_config(db->handle, off[i], 0, NULL);
	return db_exec(db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
			   "PRAGMA page_size = 4096");
}

static bool check_whole(struct db *db)
{
	sqlite3_stmt *stmt = NULL;
	const char *result = "";
	bool ok;

	if (sqlite3_prepare_v2(db->handle, "PRAGMA quick_check(1)", -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		result = (const char *)sqlite3_column_text(stmt, 0);
	else
		result = sqlite3_errmsg(db->handle);
	ok = result && !strcmp(result, "ok");
	if (!ok)
		db_fail(db, "is damaged: %.*s", result ? (int)strcspn(result, "\n") : 0, result);
	sqlite3_finalize(stmt);
	return ok;
}

static bool look(struct db *db, uint32_t application_id, int *version)
{
	int64_t id, objects, number;

	if (!db_number(db, "PRAGMA application_id", &id) ||
	    !db_number(db, "PRAGMA user_version", &number) ||
	    !db_number(db, "SELECT count(*) FROM sqlite_schema", &objects))
		return false;
	*version = (int)number;
	if (id != application_id && (id || number || objects))
		return db_fail(db, "is not a state file, but another program's database");
	if (db->cut_off)
		return db_fail(db, "is damaged: its end is missing");
	return check_whole(db);
}

bool db_open(struct db *db, const char *path, uint32_t application_id, int *version)
{
	char *real = resolve(path), seeded;
	bool ok;

	*db = (struct db){.path = strdup(path)};
	if (!real || !db->path) {
		free(real);
		return db_fail(db, "cannot be opened: %s", strerror(errno));
	}
	sqlite3_randomness(sizeof(seeded), &seeded); /* opens a file the first time */
	ok = make_file(db, real);
	if (ok && sqlite3_open_v2(real, &db->handle,
				  SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW |
					  SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				  NULL) != SQLITE_OK)
		ok = db_fail_sqlite(db, "cannot be opened");
	free(real);
	return ok && distrust(db) && db_exec(db, "PRAGMA locking_mode = EXCLUSIVE") &&
	       db_exec(db, "BEGIN EXCLUSIVE") && look(db, application_id, version) &&
	       db_exec(db, "COMMIT") &&
	       db_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			   "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 4194304;"
			   "PRAGMA wal_autocheckpoint = 1000");
}

void db_close(struct db *db)
{
	for (size_t i = 0; i < DB_STATEMENTS_MAX; i++)
		sqlite3_finalize(db->statement[i]);
	sqlite3_close(db->handle);
	free(db->path);
	*db = (struct db){0};
}

/* ---- statements ------------------------------------------------------------------------------ */

bool db_prepare(struct db *db, const char *const sql[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sqlite3_prepare_v3(db->handle, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &db->statement[i], NULL) != SQLITE_OK)
			return db_fail_sqlite(db, "is damaged");
	return true;
}

int db_run(struct db *db, unsigned statement, const uint64_t *numbers, size_t n, const void *bytes,
	   size_t len)
{
	sqlite3_stmt *stmt = db->statement[statement];
	int rc;

	for (size_t i = 0; i < n; i++)
		sqlite3_bind_int64(stmt, (int)i + 1, (sqlite3_int64)numbers[i]);
	if (bytes)
		sqlite3_bind_blob64(stmt, (int)n + 1, bytes, len, SQLITE_STATIC);
	sqlite3_step(stmt);
	rc = sqlite3_reset(stmt); /* says what step() met */
	return rc;
}
