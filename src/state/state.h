/* SPDX-License-Identifier: MIT */
/*
 * Durable state: what the device emits as changes lies in a file, and comes back from there.
 *
 * Changes that come up while a commit is under way share the next one, however many there are, and
 * commits happen on a thread of their own: the loop never waits for a disk. What rests on a change
 * waits for its commit: swcxl_host.ticket, and the callbacks below.
 */
#ifndef SWCXL_STATE_H
#define SWCXL_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "swcxl/swcxl.h"

struct loop;
struct state;

struct state_stats {
	uint64_t changes, commits, failures, pauses;
};

struct state_host {
	void *ctx;
	void (*log)(void *ctx, enum swcxl_log_level level, const char *text);
	/* A commit begins, which covers all changes so far; it is done, and all up to this ticket
	 * are (swcxl_settled()). */
	void (*commit_begins)(void *ctx);
	void (*commit_done)(void *ctx, uint64_t ticket);
	/* Nothing can be written, for the reason given, and nothing must be acknowledged that would
	 * have to be; NULL: it can again. Commits are tried again by themselves. */
	void (*broken)(void *ctx, const char *why);
	/* More changes wait than should: nobody shall cause any more, until false. Called inside of
	 * a call of the device. */
	void (*busy)(void *ctx, bool busy);
};

/*
 * Opens a state file, for this process alone, or makes it. The configuration has to be that of the
 * device the file is of; any_serial takes the serial number from the file. NULL after a line that
 * says why not. The path is copied.
 */
struct state *state_open(const char *path, struct swcxl_config *config, bool any_serial,
			 const struct state_host *host);

/* Takes what is stored into a fresh device, whose changes are stored from now on. False after a
 * line that says why not. */
bool state_load(struct state *state, struct swcxl_dev *dev);

/* Was there nothing to load? */
bool state_is_new(const struct state *state);

/* Commits what has changed from here on whenever the loop is about to sleep. Once. False after a
 * line: there is no thread for it. */
bool state_run(struct state *state, struct loop *loop);

/* To be called from swcxl_host.changed, and to be swcxl_host.ticket. */
void state_change(struct state *state, const struct swcxl_change *change);
uint64_t state_ticket(const struct state *state);

/* The device has another state altogether: the next commit stores all of it. */
void state_renew(struct state *state);

const struct state_stats *state_stats(const struct state *state);

/* Commits all that has changed so far, however long that takes. False after a line that says why
 * it cannot be. */
bool state_sync(struct state *state);

/* Changes that are not committed are gone. NULL is accepted. */
void state_close(struct state *state);

#endif
