/* SPDX-License-Identifier: MIT */
/*
 * Each change goes to the real file at once, and is noted with what was there before; a sync
 * forgets the notes of its file. When power returns, what was noted is undone, newest first, and
 * then some of it is done again, oldest first: a write as a whole, not at all, or up to a sector.
 * A file that was made stays, one that was removed is gone.
 */
#include "power_vfs.h"

#include <assert.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/test.h"
#include "base/util.h"

#define SECTOR 512u

struct power power = {.cut_at = -1};

struct note {
	char *path;
	sqlite3_int64 offset, old_size, old_len, len;
	unsigned char *before, *after; /* after NULL: cut off at offset */
	struct note *older;
};

static struct note *notes; /* newest first */
static sqlite3_vfs *real;

struct file {
	sqlite3_file base;
	char *path;
	sqlite3_file under[]; /* the real one */
};

bool power_is_gone(void)
{
	return power.cut_at >= 0 && power.operations > power.cut_at;
}

/* Counts an operation; SQLITE_OK when it may be done. */
static int operation(void)
{
	long n = power.operations++;

	if (power_is_gone())
		return SQLITE_IOERR;
	return n >= power.fail_from && n < power.fail_before ? SQLITE_FULL : SQLITE_OK;
}

/* The same of what only looks. */
static int look(int error)
{
	long n = power.looks++;

	return n >= power.look_fails_from && n < power.look_fails_before ? error : SQLITE_OK;
}

/* ---- notes ---- */

static void forget(struct note **link)
{
	struct note *note = *link;

	*link = note->older;
	free(note->path);
	free(note->before);
	free(note->after);
	free(note);
}

static void forget_file(const char *path)
{
	for (struct note **link = &notes; *link;)
		if (!path || !strcmp((*link)->path, path))
			forget(link);
		else
			link = &(*link)->older;
}

static void note(struct file *f, sqlite3_int64 offset, const void *data, sqlite3_int64 len)
{
	struct note *n = calloc(1, sizeof(*n));
	int fd = open(f->path, O_RDONLY | O_CLOEXEC);

	assert(n && fd >= 0);
	n->path = strdup(f->path);
	n->offset = offset;
	n->len = len;
	n->old_size = lseek(fd, 0, SEEK_END);
	n->old_len = MAX(n->old_size - offset, 0);
	if (data)
		n->old_len = MIN(n->old_len, len);
	n->before = malloc((size_t)n->old_len + 1);
	assert(n->before && pread(fd, n->before, (size_t)n->old_len, offset) == n->old_len);
	if (data) {
		n->after = malloc((size_t)len);
		assert(n->after);
		memcpy(n->after, data, (size_t)len);
	}
	close(fd);
	n->older = notes;
	notes = n;
}

static void undo(const struct note *n)
{
	int fd = open(n->path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return; /* it was removed later */
	assert(pwrite(fd, n->before, (size_t)n->old_len, n->offset) == n->old_len);
	assert(!ftruncate(fd, n->old_size));
	close(fd);
}

static void redo(const struct note *n)
{
	int fd = open(n->path, O_RDWR | O_CLOEXEC);
	sqlite3_int64 len = n->len;

	if (fd < 0)
		return;
	if (below(3) == 0 && n->after)
		len = (sqlite3_int64)(below((uint64_t)len / SECTOR + 1) * SECTOR);
	if (!n->after)
		assert(!ftruncate(fd, n->offset));
	else
		assert(pwrite(fd, n->after, (size_t)len, n->offset) == len);
	close(fd);
}

void power_return(void)
{
	struct note *oldest_first[4096];
	size_t count = 0;
	uint64_t much = below(3); /* nothing, half, or all of it may have made it */

	for (struct note *n = notes; n; n = n->older) {
		undo(n);
		assert(count < ARRAY_SIZE(oldest_first));
		oldest_first[count++] = n;
	}
	while (count--)
		if (below(2) < much)
			redo(oldest_first[count]);
	forget_file(NULL);
	power = (struct power){.cut_at = -1};
}

/* ---- files ---- */

static sqlite3_file *under(sqlite3_file *base)
{
	return ((struct file *)base)->under;
}

static int file_close(sqlite3_file *base)
{
	struct file *f = (struct file *)base;
	int rc = f->under->pMethods->xClose(f->under);

	free(f->path);
	return rc;
}

static int file_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	int rc = look(SQLITE_IOERR_READ);

	return rc ? rc : under(f)->pMethods->xRead(under(f), p, n, at);
}

static int file_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	int rc = operation();

	if (rc)
		return rc;
	note((struct file *)f, at, p, n);
	return under(f)->pMethods->xWrite(under(f), p, n, at);
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = operation();

	if (rc)
		return rc;
	note((struct file *)f, size, NULL, 0);
	return under(f)->pMethods->xTruncate(under(f), size);
}

static int file_sync(sqlite3_file *f, int flags)
{
	int rc = operation();

	(void)flags; /* the disk is a model: nothing needs a real sync */
	if (!rc)
		forget_file(((struct file *)f)->path);
	return rc ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	int rc = look(SQLITE_IOERR_FSTAT);

	return rc ? rc : under(f)->pMethods->xFileSize(under(f), size);
}

static int file_lock(sqlite3_file *f, int lock)
{
	int rc = look(SQLITE_IOERR_LOCK);

	return rc ? rc : under(f)->pMethods->xLock(under(f), lock);
}

static int file_unlock(sqlite3_file *f, int lock)
{
	return under(f)->pMethods->xUnlock(under(f), lock);
}

static int file_reserved(sqlite3_file *f, int *is)
{
	return under(f)->pMethods->xCheckReservedLock(under(f), is);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
	return under(f)->pMethods->xFileControl(under(f), op, arg);
}

static int file_sector(sqlite3_file *f)
{
	(void)f;
	return SECTOR;
}

/* Promises nothing: not even that a sector is written as a whole beside its neighbours. */
static int file_characteristics(sqlite3_file *f)
{
	(void)f;
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1, /* no shared memory: an exclusive lock has to do without */
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_characteristics,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out)
{
	struct file *f = (struct file *)base;
	int rc;

	(void)vfs;
	f->base.pMethods = NULL;
	if (power_is_gone())
		return SQLITE_CANTOPEN;
	rc = real->xOpen(real, name, f->under, flags, out);
	if (rc)
		return rc;
	f->path = strdup(name);
	f->base.pMethods = &methods;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	int rc = operation();

	(void)vfs;
	if (rc)
		return rc;
	forget_file(name);
	return real->xDelete(real, name, sync);
}

void power_vfs_register(void)
{
	static sqlite3_vfs vfs;

	real = sqlite3_vfs_find(NULL);
	vfs = *real;
	vfs.zName = "power";
	vfs.szOsFile = (int)sizeof(struct file) + real->szOsFile;
	vfs.xOpen = vfs_open;
	vfs.xDelete = vfs_delete;
	sqlite3_vfs_register(&vfs, 1);
}
