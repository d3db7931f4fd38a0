/* SPDX-License-Identifier: MIT */
/*
 * Group commit. Two batches: changes gather in `open`; the other is with the worker, which alone
 * uses the database meanwhile. Whenever the loop is about to sleep, and no commit is under way,
 * what has gathered becomes the next commit. So the first change goes at once, and the more come
 * while a disk is slow, the more share one sync. A command's changes are never in two commits,
 * because the loop does not sleep inside of one.
 *
 * A commit that fails is tried again until it succeeds, with the same batch. Meanwhile nothing that
 * changes the device is done for anybody, but time goes on and a host may reset it: those changes
 * gather as well. When they become too many, or there is no memory for them, they are lost: the
 * next commit is made of the whole state of the device instead. A new file begins like that, too.
 */
#include "state/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop/loop.h"
#include "state/batch.h"
#include "state/db.h"
#include "state/tables.h"

#ifndef BUSY_BYTES
#define BUSY_BYTES (64u << 20) /* seconds of work for a fast disk */
#endif
#define RETRY_MS 1000

struct state {
	struct state_host host;
	struct db db;
	struct loop *loop;
	struct swcxl_dev *dev;
	struct batch open, closed;
	uint64_t ticket;			 /* of the commit that `open` will be; from 1 on */
	bool committing;			 /* `closed` is with the worker */
	bool written;				 /* ... which could write it */
	bool broken;				 /* it could not: `closed` waits for another try */
	char why[sizeof(((struct db *)0)->why)]; /* the worker has the other one */
	bool busy;
	bool fresh; /* there is no state in the file yet */
	struct state_stats stats;
};

static void say(const struct state *state, enum swcxl_log_level level, const char *text)
{
	char line[1024];

	snprintf(line, sizeof(line), "state file %s %s", state->db.path, text);
	state->host.log(state->host.ctx, level, line);
}

static bool fail(const struct state *state)
{
	say(state, SWCXL_LOG_ERR, state->db.why);
	return false;
}

/* ---- changes --------------------------------------------------------------------------------- */

static void set_busy(struct state *state, bool busy)
{
	if (busy == state->busy)
		return;
	state->busy = busy;
	state->stats.pauses += busy;
	state->host.busy(state->host.ctx, busy);
}

void state_change(struct state *state, const struct swcxl_change *change)
{
	if (change->kind == SWCXL_CHANGE_CONTENT && change->data &&
	    change->attr & SWCXL_ATTR_VOLATILE)
		return; /* it goes with the power */
	state->stats.changes++;
	batch_add(&state->open, change);
	if (state->open.len <= BUSY_BYTES)
		return;
	if (state->broken)
		batch_lose(&state->open);
	else if (state->committing)
		set_busy(state, true);
}

void state_renew(struct state *state)
{
	state->stats.changes++;
	batch_lose(&state->open);
}

const struct state_stats *state_stats(const struct state *state)
{
	return &state->stats;
}

uint64_t state_ticket(const struct state *state)
{
	if (!batch_is_empty(&state->open))
		return state->ticket;
	return state->committing || state->broken ? state->ticket - 1 : 0;
}

static void add(void *ctx, const struct swcxl_change *change)
{
	batch_add(ctx, change);
}

/* What has gathered becomes the next commit, in `closed`. */
static void close_batch(struct state *state)
{
	struct batch empty = state->closed;

	state->closed = state->open;
	state->open = empty;
	state->ticket++;
	state->host.commit_begins(state->host.ctx);
	if (!state->closed.lost)
		return;
	batch_clear(&state->closed);
	state->closed.whole = true;
	swcxl_save(state->dev, add, &state->closed);
}

/* ---- commits --------------------------------------------------------------------------------- */

/* On the worker's thread. */
static void commit(void *ctx)
{
	struct state *state = ctx;

	if (state->closed.lost)
		state->written = db_fail(&state->db, "cannot be written: out of memory");
	else
		state->written = tables_write(&state->db, &state->closed);
}

static void retry(void *ctx);

static void set_broken(struct state *state, bool broken)
{
	if (broken == state->broken)
		return;
	state->broken = broken;
	if (broken)
		fail(state);
	else
		say(state, SWCXL_LOG_WARN, "can be written again");
	memcpy(state->why, state->db.why, sizeof(state->why));
	state->host.broken(state->host.ctx, broken ? state->why : NULL);
}

static void committed(void *ctx)
{
	struct state *state = ctx;

	state->committing = false;
	state->stats.commits += state->written;
	state->stats.failures += !state->written;
	set_broken(state, !state->written);
	set_busy(state, false);
	if (state->broken) {
		if (state->loop)
			loop_alarm(state->loop, RETRY_MS, retry, state);
		return;
	}
	batch_clear(&state->closed);
	state->host.commit_done(state->host.ctx, state->ticket - 1);
}

static void start_commit(struct state *state)
{
	state->committing = true;
	loop_work(state->loop, commit, committed, state);
}

static void before_sleep(void *ctx)
{
	struct state *state = ctx;

	if (state->committing || state->broken || batch_is_empty(&state->open))
		return;
	close_batch(state);
	start_commit(state);
}

/* There was no memory for the whole state: it is taken anew, with all that has changed since. */
static void renew(struct state *state)
{
	if (!state->closed.lost)
		return;
	batch_clear(&state->closed);
	batch_lose(&state->open);
	close_batch(state);
}

static void retry(void *ctx)
{
	renew(ctx);
	start_commit(ctx);
}

bool state_sync(struct state *state)
{
	if (state->committing)
		loop_work_wait(state->loop);
	if (state->broken) {
		renew(state);
		commit(state);
		committed(state);
	}
	if (!state->broken && !batch_is_empty(&state->open)) {
		close_batch(state);
		commit(state);
		committed(state);
	}
	return !state->broken;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct state *state_open(const char *path, struct swcxl_config *config, bool any_serial,
			 const struct state_host *host)
{
	struct state *state = calloc(1, sizeof(*state));

	if (!state) {
		host->log(host->ctx, SWCXL_LOG_ERR, "state file: out of memory");
		return NULL;
	}
	state->host = *host;
	state->ticket = 1;
	if (!tables_open(&state->db, path, config, any_serial, &state->fresh)) {
		fail(state);
		state_close(state);
		return NULL;
	}
	return state;
}

bool state_load(struct state *state, struct swcxl_dev *dev)
{
	if (!tables_load(&state->db, dev))
		return fail(state);
	state->dev = dev;
	state->open.lost = state->fresh;
	return true;
}

bool state_is_new(const struct state *state)
{
	return state->fresh;
}

bool state_run(struct state *state, struct loop *loop)
{
	if (!loop_start_worker(loop)) {
		db_fail(&state->db, "cannot be written: no thread can be started");
		return fail(state);
	}
	state->loop = loop;
	loop_before_sleep(loop, before_sleep, state);
	return true;
}

void state_close(struct state *state)
{
	if (!state)
		return;
	db_close(&state->db);
	batch_free(&state->open);
	batch_free(&state->closed);
	free(state);
}
