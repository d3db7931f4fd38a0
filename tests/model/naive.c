/* SPDX-License-Identifier: MIT */
#include "naive.h"

#include <assert.h>
#include <string.h>

static struct naive_line *at(struct naive *m, uint64_t line)
{
	assert(line >= PLAY_START && line < PLAY_START + PLAY);
	return &m->line[line - PLAY_START];
}

uint64_t naive_stamp(const struct naive *m)
{
	return m->clock_set ? m->clock_base + m->now - m->clock_set_at : 0;
}

/* D-11, D-12: a record is a run of listed lines of one source in one partition. */
uint32_t naive_list(const struct naive *m, struct naive_record *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < PLAY; i++) {
		const struct naive_line *l = &m->line[i], *p = i ? l - 1 : NULL;
		bool joins = p && p->listed && p->list_source == l->list_source &&
			     PLAY_START + i != BORDER;

		if (!l->listed)
			continue;
		if (!joins) {
			if (out)
				out[n] = (struct naive_record){PLAY_START + i, 0, l->list_source};
			n++;
		}
		if (out)
			out[n - 1].lines++;
	}
	return n;
}

static void overflow(struct naive *m)
{
	if (m->overflow)
		return;
	m->overflow = true;
	m->overflow_ts = naive_stamp(m);
	m->overflows++;
	m->spans = 0;
	m->covers = false;
}

/* Tries to list [a, b) under its media's source; undoes it when there are too many records. */
static bool try_list(struct naive *m, uint64_t a, uint64_t b)
{
	struct naive_line old[PLAY];

	memcpy(old, m->line, sizeof(old));
	for (uint64_t i = a; i < b; i++) {
		at(m, i)->listed = true;
		at(m, i)->list_source = at(m, i)->source;
	}
	if (naive_list(m, NULL) <= m->list_max)
		return true;
	memcpy(m->line, old, sizeof(old));
	return false;
}

static bool alike(struct naive *m, uint64_t a, uint64_t b)
{
	struct naive_line *x = at(m, a), *y = at(m, b);

	return x->poison == y->poison && x->known == y->known && x->permanent == y->permanent &&
	       x->source == y->source && x->listed == y->listed &&
	       (!x->listed || x->list_source == y->list_source) && b != BORDER;
}

/* D-15, D-16, D-21: stretches that are alike, in DPA order, until one does not fit. */
static void add(struct naive *m, uint64_t start, uint64_t end)
{
	uint64_t a = start, b;

	if (m->overflow)
		return;
	for (; a < end; a = b) {
		struct naive_line *l = at(m, a);

		for (b = a + 1; b < end && alike(m, a, b); b++)
			;
		if (!l->known || (l->listed && l->list_source == l->source))
			continue;
		if (!try_list(m, a, b)) {
			overflow(m);
			return;
		}
	}
}

/* P-6, D-17; D-18: what is left above goes too when it would be a record too many. */
static void unlist(struct naive *m, uint64_t a, uint64_t b)
{
	uint8_t source;

	for (uint64_t i = a; i < b; i++)
		at(m, i)->listed = false;
	if (naive_list(m, NULL) <= m->list_max)
		return;
	source = at(m, b)->list_source;
	for (uint64_t i = b; i < PLAY_START + PLAY; i++) {
		if (!at(m, i)->listed || at(m, i)->list_source != source || (i == BORDER && i > b))
			break;
		at(m, i)->listed = false;
	}
	overflow(m);
}

static void event(struct naive *m, uint64_t line, uint8_t transaction)
{
	struct naive_line *l = at(m, line);

	m->events[l->source == INJECTED ? 0 : l->source == EXTERNAL ? 1 : 2]++;
	m->event_line = line;
	m->event_transaction = transaction;
	m->event_descriptor =
		(uint8_t)((l->source != INJECTED) | (m->overflow && !l->listed ? 4 : 0));
	m->event_ts = naive_stamp(m);
}

/* The module tells that it needs maintenance when it begins to. */
static void judge(struct naive *m)
{
	bool sick = false;

	for (uint32_t i = 0; i < PLAY; i++)
		sick |= m->line[i].known && m->line[i].permanent;
	if (sick && !m->sick)
		m->events[1]++;
	m->sick = sick;
}

/* D-53. */
static void plant(struct naive *m, uint64_t line, uint64_t n, uint8_t source, bool known,
		  bool permanent, uint8_t transaction)
{
	uint64_t first = UINT64_MAX;

	for (uint64_t i = line; i < line + n; i++) {
		struct naive_line *l = at(m, i);

		if (known && !l->known && first == UINT64_MAX)
			first = i;
		if (!l->poison || source == EXTERNAL)
			l->source = source;
		l->poison = true;
		l->known |= known;
		l->permanent |= permanent;
	}
	add(m, line, line + n);
	if (first != UINT64_MAX)
		event(m, first, transaction);
	judge(m);
}

void naive_plant(struct naive *m, uint64_t line, uint64_t n, uint8_t source, bool known,
		 bool permanent)
{
	plant(m, line, n, source, known, permanent, 0);
}

static bool frozen(const struct naive *m)
{
	return m->running && m->during_scan == 1;
}

enum naive_rc naive_inject(struct naive *m, uint64_t line)
{
	struct naive_line *l;
	uint32_t injected = 0;

	if (m->running && m->during_scan == 2)
		return BUSY;
	if (frozen(m))
		return OK;
	l = at(m, line);
	if (l->poison) /* D-14 */
		return OK;
	for (uint32_t i = 0; i < PLAY; i++)
		injected += m->line[i].poison && m->line[i].source == INJECTED;
	if (m->inject_limit && injected >= m->inject_limit)
		return LIMIT;
	*l = (struct naive_line){true, true, false, false, INJECTED, 0, l->data};
	add(m, line, line + 1);
	event(m, line, 4);
	return OK;
}

static void wipe(struct naive *m, uint64_t line)
{
	struct naive_line *l = at(m, line);

	l->poison = l->known = l->permanent = false;
	l->source = 0;
}

enum naive_rc naive_clear(struct naive *m, uint64_t line, uint8_t data)
{
	if (m->running && m->during_scan == 2)
		return BUSY;
	if (frozen(m))
		return OK;
	if (at(m, line)->permanent)
		return PERM;
	wipe(m, line);
	at(m, line)->data = data;
	unlist(m, line, line + 1);
	return OK;
}

/* Stretches of the range that are clean leave the list, one after another. */
static void unlist_clean(struct naive *m, uint64_t line, uint64_t end)
{
	uint64_t a, b;

	for (a = line; a < end; a = b) {
		for (b = a + 1; b < end && at(m, b)->poison == at(m, a)->poison && b != BORDER; b++)
			;
		if (!at(m, a)->poison)
			unlist(m, a, b);
	}
}

/* D-52. */
void naive_write(struct naive *m, uint64_t line, uint64_t n, uint8_t data)
{
	uint64_t end = line + n;

	for (uint64_t i = line; i < end; i++) {
		at(m, i)->data = data;
		if (!at(m, i)->permanent)
			wipe(m, i);
	}
	unlist_clean(m, line, end);
}

/* A host read finds latent errors: an event for each stretch that is alike. */
void naive_read(struct naive *m, uint64_t line, uint64_t n)
{
	uint64_t end = line + n, a, b;

	for (a = line; a < end; a = b) {
		struct naive_line *l = at(m, a), *x;

		for (b = a + 1; b < end; b++) {
			x = at(m, b);
			if (b == BORDER || x->poison != l->poison || x->known != l->known ||
			    x->permanent != l->permanent || x->source != l->source)
				break;
		}
		if (!l->poison || l->known)
			continue;
		for (uint64_t i = a; i < b; i++)
			at(m, i)->known = true;
		add(m, a, b);
		event(m, a, 1);
		judge(m);
	}
}

/* ---- scan ---- */

static uint64_t covered(const struct naive *m)
{
	uint64_t sum = 0, reach = 0;

	for (;;) { /* the span that begins lowest and ends above reach */
		uint64_t from = UINT64_MAX, to = 0;

		for (uint32_t i = 0; i < m->spans; i++) {
			uint64_t s = m->span[i].start < reach ? reach : m->span[i].start;

			if (m->span[i].end > reach && s < from) {
				from = s;
				to = m->span[i].end;
			}
		}
		if (from == UINT64_MAX)
			return sum;
		sum += to - from;
		reach = to;
	}
}

/* D-24: everything that is known, in DPA order, as far as records go. */
static void rebuild(struct naive *m)
{
	bool was = m->overflow;

	for (uint32_t i = 0; i < PLAY; i++)
		m->line[i].listed = false;
	m->overflow = false;
	m->overflow_ts = 0;
	for (uint64_t a = PLAY_START, b; a < PLAY_START + PLAY; a = b) {
		struct naive_line *l = at(m, a);

		for (b = a + 1; b < PLAY_START + PLAY && alike(m, a, b); b++)
			;
		if (l->known && !try_list(m, a, b)) {
			m->overflow = true;
			m->overflow_ts = naive_stamp(m);
			m->overflows += !was;
			break;
		}
	}
	m->spans = 0;
}

static void end(struct naive *m, bool stopped, unsigned rc)
{
	m->running = false;
	m->stopped = stopped;
	m->restart = stopped ? m->pos : 0;
	m->restart_lines = stopped ? m->end - m->pos : 0;
	m->bg_rc = rc;
	m->bg_percent = 100;
	if (rc == ABORTED) {
		m->bg_percent = (unsigned)((m->pos - m->start) * 100 / (m->end - m->start));
		if (m->bg_percent > 99)
			m->bg_percent = 99;
	}
	if (m->covers && m->pos > m->start) {
		assert(m->spans < SPANS);
		m->span[m->spans++] = (struct naive_span){m->start, m->pos};
	}
	if (covered(m) == TOP)
		rebuild(m);
}

enum naive_rc naive_scan(struct naive *m, uint64_t start, uint64_t lines, bool no_events)
{
	if (m->running)
		return BUSY;
	if (lines == 0)
		return INVALID;
	if (start > TOP || lines > TOP - start)
		return BAD_PA;
	if (m->span_reject && start < BORDER && start + lines > BORDER)
		return INVALID;
	m->results = 0;
	m->called = m->running = true;
	m->stopped = false;
	m->restart = m->restart_lines = 0;
	m->no_events = no_events;
	m->covers = m->overflow;
	m->start = m->pos = start;
	m->end = start + lines;
	m->began = m->now;
	m->bg_rc = m->bg_percent = 0;
	return BG;
}

void naive_abort(struct naive *m)
{
	if (m->running)
		end(m, true, ABORTED);
}

/* One line is passed. False: no room for its record. */
static bool pass(struct naive *m, uint64_t line)
{
	struct naive_record *last = m->results ? &m->result[m->results - 1] : NULL;
	struct naive_line *l;
	bool fresh;

	if (line < PLAY_START || line >= PLAY_START + PLAY || !at(m, line)->poison)
		return true;
	l = at(m, line);
	fresh = !last || last->start + last->lines != line || last->source != l->source ||
		line == BORDER;
	if (fresh && m->results_max && m->results == m->results_max)
		return false;
	if (fresh)
		m->result[m->results++] = (struct naive_record){line, 1, l->source};
	else
		last->lines++;
	l->known = true;
	add(m, line, line + 1);
	if (fresh && !m->no_events)
		event(m, line, 3);
	judge(m);
	return true;
}

void naive_advance(struct naive *m, uint64_t now)
{
	while (m->running && m->began + (m->pos + 1 - m->start) * m->rate <= now) {
		uint64_t stop = m->pos + 1;

		if (m->pos < PLAY_START) { /* skip what is clean, in one go */
			uint64_t gone = (now - m->began) / m->rate;

			stop = m->start + gone < PLAY_START ? m->start + gone : PLAY_START;
		} else if (m->pos >= PLAY_START + PLAY) {
			stop = m->start + (now - m->began) / m->rate;
		}
		if (stop > m->end)
			stop = m->end;
		if (stop < m->pos + 1)
			stop = m->pos + 1;
		m->now = m->began + (m->pos + 1 - m->start) * m->rate;
		if (!pass(m, m->pos)) {
			end(m, true, OK);
			break;
		}
		m->pos = stop;
		m->now = m->began + (m->pos - m->start) * m->rate;
		if (m->pos == m->end)
			end(m, false, OK);
	}
	m->now = now;
}

static void overwrite(struct naive *m, uint64_t line, uint64_t n)
{
	for (uint64_t i = line; i < line + n; i++) {
		at(m, i)->data = 0;
		if (!at(m, i)->permanent)
			wipe(m, i);
	}
}

static void completed(struct naive *m, uint64_t ns)
{
	m->now += ns;
	m->bg_rc = OK;
	m->bg_percent = 100;
}

/* D-41. */
enum naive_rc naive_sanitize(struct naive *m, uint64_t ns)
{
	if (m->running)
		return BUSY;
	memset(m->events, 0, sizeof(m->events));
	completed(m, ns);
	overwrite(m, PLAY_START, PLAY);
	rebuild(m);
	m->results = 0;
	m->stopped = false;
	m->restart = m->restart_lines = 0;
	return BG;
}

/* A list that has not overflowed is true afterwards; another loses what is clean. */
static void settle(struct naive *m)
{
	if (m->overflow)
		unlist_clean(m, PLAY_START, PLAY_START + PLAY);
	else
		rebuild(m);
}

/* D-43 */
enum naive_rc naive_operate(struct naive *m, const uint64_t ranges[][2], uint32_t n, uint64_t ns)
{
	if (m->running)
		return BUSY;
	completed(m, ns);
	for (uint32_t i = 0; i < n; i++)
		overwrite(m, ranges[i][0], ranges[i][1]);
	settle(m);
	return BG;
}

static struct naive_spare *free_spare(struct naive *m)
{
	for (uint32_t i = 0; i < SOFT_SPARES; i++)
		if (!m->soft[i].used)
			return &m->soft[i];
	return NULL;
}

/* What was permanent can be cleared, but is poisoned until then. A soft repair remembers what it
 * cured; a hard one answers for it. */
static void cure(struct naive *m, uint64_t row, struct naive_spare *soft)
{
	uint64_t news = UINT64_MAX;

	for (uint64_t i = row; i < row + ROW; i++) {
		struct naive_line *l = at(m, i);

		for (uint32_t s = 0; !soft && s < SOFT_SPARES; s++)
			if (m->soft[s].row == row)
				m->soft[s].failed[i - row] = false;
		if (!l->permanent)
			continue;
		if (soft)
			soft->failed[i - row] = true;
		if (!l->known && news == UINT64_MAX)
			news = i;
		l->permanent = false;
		l->known = true;
	}
	add(m, row, row + ROW);
	if (news != UINT64_MAX)
		event(m, news, 6);
}

enum naive_rc naive_repair(struct naive *m, uint64_t line, bool hard, uint64_t ns)
{
	struct naive_spare *soft = hard ? NULL : free_spare(m);
	uint64_t row = line / ROW * ROW;

	if (m->running)
		return BUSY;
	if (hard ? m->hard_used == HARD_SPARES : !soft)
		return NO_SPARE;
	completed(m, ns);
	if (soft)
		*soft = (struct naive_spare){.used = true, .row = row};
	m->hard_used += hard;
	cure(m, row, soft);
	judge(m);
	return BG;
}

void naive_power_lost(struct naive *m)
{
	for (uint32_t s = 0; s < SOFT_SPARES; s++) {
		struct naive_spare *soft = &m->soft[s];

		for (uint64_t a = 0, b; a < ROW; a = b + 1) {
			for (b = a; b < ROW && soft->failed[b]; b++)
				;
			if (b > a)
				plant(m, soft->row + a, b - a, INTERNAL, true, true, 8);
		}
		*soft = (struct naive_spare){0};
	}
}

void naive_set_clock(struct naive *m, uint64_t value)
{
	m->clock_set = true;
	m->clock_base = value;
	m->clock_set_at = m->now;
}

/* D-39, D-40. */
static void lose(struct naive *m, uint64_t a, uint64_t b, bool all)
{
	for (uint64_t i = a; i < b; i++)
		if (!at(m, i)->permanent && (all || at(m, i)->source == INJECTED))
			wipe(m, i);
}

void naive_reset(struct naive *m, bool conventional, bool media)
{
	uint64_t top = PLAY_START + PLAY;

	m->spans = 0;
	m->covers = false;
	naive_abort(m);
	if (conventional) {
		m->clock_set = false;
		if (media) {
			lose(m, PLAY_START, BORDER, true);
			for (uint64_t i = PLAY_START; i < BORDER; i++)
				at(m, i)->data = 0;
			if (!m->injected_persists)
				lose(m, BORDER, top, false);
			settle(m);
		}
		m->called = m->stopped = false;
		m->results = 0;
		m->restart = m->restart_lines = 0;
		m->bg_rc = m->bg_percent = 0;
	} else if (!m->injected_persists) {
		lose(m, PLAY_START, BORDER, false);
		lose(m, BORDER, top, false);
		settle(m);
	}
}
