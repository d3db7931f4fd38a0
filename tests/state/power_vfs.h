/* SPDX-License-Identifier: MIT */
/*
 * A layer below SQLite that loses power: from some operation on nothing gets through any more,
 * and of what was written since each file's last sync, any part may be missing.
 */
#ifndef SWCXL_TESTS_POWER_VFS_H
#define SWCXL_TESTS_POWER_VFS_H

#include <stdbool.h>

struct power {
	long operations;  /* that would change something, so far */
	long cut_at;	  /* the power goes at this operation; -1: never */
	long fail_from;	  /* operations from here on fail, as with a full disk ... */
	long fail_before; /* ... until here */
	/* Reads and locks change nothing: counted by themselves, and failing likewise. */
	long looks, look_fails_from, look_fails_before;
};

extern struct power power;

/* Makes it SQLite's default. Once. */
void power_vfs_register(void);

/* Is the power gone? */
bool power_is_gone(void);

/* After everything was closed: leaves the files as they may be found, and power is on again. */
void power_return(void);

#endif
