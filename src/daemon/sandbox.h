/* SPDX-License-Identifier: MIT */
/*
 * Confinement: what a guest or a client that has taken this process over can still do with it.
 * docs/adr/0027-confinement.md says what each layer does, and where.
 */
#ifndef SWCXL_DAEMON_SANDBOX_H
#define SWCXL_DAEMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* In the order of the words of --sandbox. LOG: what ON would end the process for is logged. */
enum sandbox_mode { SANDBOX_ON, SANDBOX_LOG, SANDBOX_OFF };

/* What for a directory is still needed. */
enum sandbox_use {
	SANDBOX_SOCKET, /* a socket there will be removed */
	SANDBOX_FILE,	/* a file there will be renamed and removed */
	SANDBOX_DIR,	/* a directory there will be removed */
	SANDBOX_STATE,	/* SQLite, by its path */
};

/* A directory that was opened with O_PATH; the descriptor is replaced by one that leads to that
 * directory and not beyond it. */
struct sandbox_dir {
	enum sandbox_use use;
	int *fd;
};

struct sandbox {
	enum sandbox_mode mode;
	const struct sandbox_dir *dirs;
	size_t n_dirs;
	bool state;  /* there is a state file */
	pid_t child; /* that may be signalled; 0: none */
};

/*
 * Before any file, loop or thread of ours is there, and after the fork of what shall not be
 * confined: closes the descriptors that were inherited, but for those to keep (-1: none), gives
 * up execve() and libuv's rings. False after a line that says why not.
 */
bool sandbox_begin(enum sandbox_mode mode, const int keep[], size_t n_keep);

/* When everything is open, and while there is one thread. False after a line that says why not:
 * what could only be done in part is done in part. */
bool sandbox_enter(const struct sandbox *sandbox);

#endif
