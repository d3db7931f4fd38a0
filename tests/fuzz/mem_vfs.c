/* SPDX-License-Identifier: MIT */
/*
 * There is one process and one connection at a time: locks are always had. Without shared memory
 * (version 1 of the methods) a write-ahead log wants an exclusive lock, as a state file has it.
 */
#include "mem_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "input.h"

#define FILES 4u
#define SIZE_MAX_ (4u << 20) /* no test needs more: the disk is full */
#define PATH_CHARS 256

struct contents {
	char name[PATH_CHARS]; /* "": none */
	uint8_t *bytes;
	size_t len;
};

struct file {
	sqlite3_file base;
	struct contents *contents;
	char deleted[PATH_CHARS]; /* a name that goes when it is closed */
};

static struct contents contents[FILES];

static struct contents *find(const char *name)
{
	for (unsigned i = 0; i < FILES; i++)
		if (*contents[i].name && !strcmp(contents[i].name, name))
			return &contents[i];
	return NULL;
}

static struct contents *make(const char *name)
{
	struct contents *c = find(name);

	for (unsigned i = 0; i < FILES && !c; i++)
		if (!*contents[i].name)
			c = &contents[i];
	MUST(c && strlen(name) < PATH_CHARS);
	snprintf(c->name, PATH_CHARS, "%s", name);
	return c;
}

static void drop(struct contents *c)
{
	free(c->bytes);
	*c = (struct contents){0};
}

static void resize(struct contents *c, size_t len)
{
	c->bytes = realloc(c->bytes, MAX(len, 1u));
	MUST(c->bytes);
	if (len > c->len)
		memset(c->bytes + c->len, 0, len - c->len);
	c->len = len;
}

void mem_vfs_clear(void)
{
	for (unsigned i = 0; i < FILES; i++)
		drop(&contents[i]);
}

uint8_t *mem_vfs_bytes(const char *name, size_t *len)
{
	struct contents *c = find(name);

	*len = c ? c->len : 0;
	return c ? c->bytes : NULL;
}

uint8_t *mem_vfs_resize(const char *name, size_t len)
{
	struct contents *c = make(name);

	resize(c, len);
	return c->bytes;
}

/* ---- files ---- */

static struct contents *of(sqlite3_file *base)
{
	return ((struct file *)base)->contents;
}

static int file_close(sqlite3_file *base)
{
	struct file *f = (struct file *)base;

	if (*f->deleted && find(f->deleted))
		drop(find(f->deleted));
	return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *p, int n, sqlite3_int64 at)
{
	const struct contents *c = of(base);
	size_t have = (size_t)at < c->len ? MIN(c->len - (size_t)at, (size_t)n) : 0;

	memset(p, 0, (size_t)n);
	if (have)
		memcpy(p, c->bytes + at, have);
	return have == (size_t)n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *p, int n, sqlite3_int64 at)
{
	struct contents *c = of(base);

	if (at + n > SIZE_MAX_)
		return SQLITE_FULL;
	if ((size_t)(at + n) > c->len)
		resize(c, (size_t)(at + n));
	memcpy(c->bytes + at, p, (size_t)n);
	return SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	if (size <= SIZE_MAX_)
		resize(of(base), (size_t)size);
	return size <= SIZE_MAX_ ? SQLITE_OK : SQLITE_FULL;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
	*size = (sqlite3_int64)of(base)->len;
	return SQLITE_OK;
}

static int file_done(sqlite3_file *base, int how)
{
	(void)base, (void)how;
	return SQLITE_OK;
}

static int file_reserved(sqlite3_file *base, int *is)
{
	(void)base;
	*is = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *arg)
{
	(void)base, (void)op, (void)arg;
	return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base)
{
	(void)base;
	return 512;
}

static int file_characteristics(sqlite3_file *base)
{
	(void)base;
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_done,
	.xFileSize = file_size,
	.xLock = file_done,
	.xUnlock = file_done,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_characteristics,
};

/* ---- the file system ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out)
{
	struct file *f = (struct file *)base;

	(void)vfs;
	*f = (struct file){.contents = make(name ? name : "temporary")};
	if (!name || flags & SQLITE_OPEN_DELETEONCLOSE)
		snprintf(f->deleted, sizeof(f->deleted), "%s", f->contents->name);
	if (out)
		*out = flags;
	f->base.pMethods = &methods;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs, (void)sync;
	if (!find(name))
		return SQLITE_IOERR_DELETE_NOENT;
	drop(find(name));
	return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *is)
{
	(void)vfs, (void)flags;
	*is = find(name) != NULL;
	return SQLITE_OK;
}

static int vfs_full_name(sqlite3_vfs *vfs, const char *name, int n, char *full)
{
	(void)vfs;
	snprintf(full, (size_t)n, "%s", name);
	return SQLITE_OK;
}

/* The same every time. */
static int vfs_randomness(sqlite3_vfs *vfs, int n, char *p)
{
	(void)vfs;
	memset(p, 7, (size_t)n);
	return n;
}

void mem_vfs_register(void)
{
	static sqlite3_vfs vfs;

	vfs = *sqlite3_vfs_find(NULL);
	vfs.zName = "memory";
	vfs.szOsFile = (int)sizeof(struct file);
	vfs.xOpen = vfs_open;
	vfs.xDelete = vfs_delete;
	vfs.xAccess = vfs_access;
	vfs.xFullPathname = vfs_full_name;
	vfs.xRandomness = vfs_randomness;
	sqlite3_vfs_register(&vfs, 1);
}
