/* SPDX-License-Identifier: MIT */
/*
 * A name in the file system that we make and later remove: a socket, a pid file, a directory.
 *
 * The directory is opened when the entry is, so that removing it needs no path: a process that
 * has given up its view of the file system by then can still clean up. What somebody else has put
 * in our place meanwhile is left alone.
 */
#ifndef SWCXL_DAEMON_ENTRY_H
#define SWCXL_DAEMON_ENTRY_H

#include <stdbool.h>
#include <sys/types.h>

struct entry {
	int dir;   /* -1: there is none */
	int draft; /* of a file that is not there yet; -1: there is none */
	char *name;
	bool made;
	dev_t dev;
	ino_t ino;
};

#define NO_ENTRY                       \
	{                              \
		.dir = -1, .draft = -1 \
	}

/* 0, or -errno. Makes nothing yet. */
int entry_open(struct entry *entry, const char *path);

/* Do two paths lead to the same name in the same directory? Makes nothing, keeps nothing open. */
bool entry_same(const char *path, const char *other);

/* Could entry_draft() do it, as far as can be told without doing it? 0, or -errno. */
int entry_writable(const struct entry *entry);

/* The process that the file names and that is running, other than this one; 0: there is none. */
pid_t entry_owner(const struct entry *entry);

/* It is there now, and ours. 0, or -errno. */
int entry_made(struct entry *entry);

/* Removes what is ours. Harmless at any stage, and twice. */
void entry_remove(struct entry *entry);

/* Opens what becomes a file: under another name, and never through a link that somebody has put
 * there. 0, or -errno. */
int entry_draft(struct entry *entry);

/* Makes the draft the file: readers see nothing of it, or all. Opens nothing. 0, or -errno. */
int entry_publish(struct entry *entry, const char *text);

#endif
