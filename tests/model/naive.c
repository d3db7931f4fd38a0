/* SPDX-License-Identifier: MIT */
#include "naive.h"

#include <assert.h>
#include <string.h>

/* ---- the lines in play, by number ---- */

/* Those around one bound, as far as there are any, and they are not in play yet. */
static void choose_around(struct naive *m, uint64_t bound, uint64_t distance)
{
	uint64_t line = bound > distance ? bound - distance : 0;

	for (; line < bound + distance && line < m->top; line++) {
		struct naive_line *l = &m->line[m->lines], *p = m->lines ? l - 1 : NULL;

		if (p && p->address >= line)
			continue;
		assert(m->lines < PLAY);
		l->address = line;
		l->joins = p && p->address + 1 == line && line != bound;
		l->knows = l->has = naive_has(m, line);
		l->writes = naive_writes(m, line);
		m->lines++;
	}
}

void naive_choose(struct naive *m, uint64_t distance)
{
	if (m->border)
		choose_around(m, m->border, distance);
	for (uint64_t bound = m->static_top; bound < m->top; bound += m->dc.region_lines)
		choose_around(m, bound, distance);
	choose_around(m, m->top, distance);
}

uint32_t naive_first(const struct naive *m, uint64_t line)
{
	uint32_t i = 0;

	while (i < m->lines && m->line[i].address < line)
		i++;
	return i;
}

bool naive_is_volatile(const struct naive *m, uint64_t line)
{
	if (line < m->static_top)
		return line < m->border;
	return !(m->dc.flags[naive_region(m, line)] & SWCXL_DC_NON_VOLATILE);
}

uint64_t naive_stamp(const struct naive *m)
{
	return m->clock_set ? m->clock_base + m->now - m->clock_set_at : 0;
}

/* ---- the list ---- */

/* D-11, D-12: a record is a run of listed lines of one source in one partition or region. */
uint32_t naive_list(const struct naive *m, struct naive_record *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->lines; i++) {
		const struct naive_line *l = &m->line[i], *p = i ? l - 1 : NULL;
		bool joins = l->joins && p->listed && p->list_source == l->list_source;

		if (!l->listed)
			continue;
		if (!joins) {
			if (out)
				out[n] = (struct naive_record){l->address, 0, l->list_source};
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
static bool try_list(struct naive *m, uint32_t a, uint32_t b)
{
	struct naive_line old[PLAY];

	memcpy(old, m->line, sizeof(old));
	for (uint32_t i = a; i < b; i++) {
		m->line[i].listed = true;
		m->line[i].list_source = m->line[i].source;
	}
	if (naive_list(m, NULL) <= m->list_max)
		return true;
	memcpy(m->line, old, sizeof(old));
	return false;
}

/* Does a line go on with what the one before it is to media and host? */
static bool same_media(const struct naive *m, uint32_t i)
{
	const struct naive_line *x = &m->line[i], *p = x - 1;

	return x->joins && x->poison == p->poison && x->known == p->known &&
	       x->permanent == p->permanent && x->source == p->source && x->knows == p->knows &&
	       x->has == p->has;
}

/* And to the list? What the host has of what it knows makes no difference there. */
static bool alike(const struct naive *m, uint32_t i)
{
	const struct naive_line *x = &m->line[i], *p = x - 1;

	return x->joins && x->poison == p->poison && x->known == p->known &&
	       x->permanent == p->permanent && x->source == p->source && x->knows == p->knows &&
	       x->listed == p->listed && (!x->listed || x->list_source == p->list_source);
}

/* D-15, D-16, D-21: stretches that are alike, in DPA order, until one does not fit. D-45: of what
 * the host may know. */
void naive_add(struct naive *m, uint32_t start, uint32_t end)
{
	uint32_t a = start, b;

	if (m->overflow)
		return;
	for (; a < end; a = b) {
		struct naive_line *l = &m->line[a];

		for (b = a + 1; b < end && alike(m, b); b++)
			;
		if (!l->known || !l->knows || (l->listed && l->list_source == l->source))
			continue;
		if (!try_list(m, a, b)) {
			overflow(m);
			return;
		}
	}
}

/* P-6, D-17; D-18: what is left above goes too when it would be a record too many. */
void naive_unlist(struct naive *m, uint32_t a, uint32_t b)
{
	uint8_t source;

	for (uint32_t i = a; i < b; i++)
		m->line[i].listed = false;
	if (naive_list(m, NULL) <= m->list_max)
		return;
	source = m->line[b].list_source;
	for (uint32_t i = b; i < m->lines; i++) {
		struct naive_line *l = &m->line[i];

		if (!l->listed || l->list_source != source || !l->joins)
			break;
		l->listed = false;
	}
	overflow(m);
}

/* D-24: everything that is known, in DPA order, as far as records go. */
void naive_rebuild(struct naive *m)
{
	bool was = m->overflow;

	for (uint32_t i = 0; i < m->lines; i++)
		m->line[i].listed = false;
	m->overflow = false;
	m->overflow_ts = 0;
	for (uint32_t a = 0, b; a < m->lines; a = b) {
		struct naive_line *l = &m->line[a];

		for (b = a + 1; b < m->lines && alike(m, b); b++)
			;
		if (l->known && l->knows && !try_list(m, a, b)) {
			m->overflow = true;
			m->overflow_ts = naive_stamp(m);
			m->overflows += !was;
			break;
		}
	}
	m->spans = 0;
	m->covers = false;
}

/* ---- poison ---- */

static void event(struct naive *m, uint32_t i, uint8_t transaction)
{
	struct naive_line *l = &m->line[i];

	m->events[l->source == INJECTED ? 0 : l->source == EXTERNAL ? 1 : 2]++;
	m->event_line = l->address;
	m->event_transaction = transaction;
	m->event_descriptor =
		(uint8_t)((l->source != INJECTED) | (m->overflow && !l->listed ? 4 : 0));
	m->event_ts = naive_stamp(m);
}

/* The module tells that it needs maintenance when it begins to. */
static void judge(struct naive *m)
{
	bool sick = false;

	for (uint32_t i = 0; i < m->lines; i++)
		sick |= m->line[i].known && m->line[i].permanent;
	if (sick && !m->sick)
		m->events[1]++;
	m->sick = sick;
}

/* D-53. There is an event for what the host may know of alone. */
static void plant(struct naive *m, uint64_t line, uint64_t n, uint8_t source, bool known,
		  bool permanent, uint8_t transaction)
{
	uint32_t a = naive_first(m, line), b = naive_first(m, line + n), first = b;

	for (uint32_t i = a; i < b; i++) {
		struct naive_line *l = &m->line[i];

		if (known && !l->known && l->knows && first == b)
			first = i;
		if (!l->poison || source == EXTERNAL)
			l->source = source;
		l->poison = true;
		l->known |= known;
		l->permanent |= permanent;
	}
	naive_add(m, a, b);
	if (first != b)
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
	struct naive_line *l = &m->line[naive_first(m, line)];
	uint32_t injected = 0, i = naive_first(m, line);

	if (m->running && m->during_scan == 2)
		return BUSY;
	if (!l->writes) /* D-46 */
		return BAD_PA;
	if (frozen(m))
		return OK;
	if (l->poison) /* D-14 */
		return OK;
	for (uint32_t k = 0; k < m->lines; k++)
		injected += m->line[k].poison && m->line[k].source == INJECTED;
	if (m->inject_limit && injected >= m->inject_limit)
		return LIMIT;
	l->poison = l->known = true;
	l->source = INJECTED;
	naive_add(m, i, i + 1);
	event(m, i, 4);
	return OK;
}

static void wipe(struct naive_line *l)
{
	l->poison = l->known = l->permanent = false;
	l->source = 0;
}

enum naive_rc naive_clear(struct naive *m, uint64_t line, uint8_t data)
{
	uint32_t i = naive_first(m, line);
	struct naive_line *l = &m->line[i];

	if (m->running && m->during_scan == 2)
		return BUSY;
	if (!l->writes) /* D-46 */
		return BAD_PA;
	if (frozen(m))
		return OK;
	if (l->permanent)
		return PERM;
	wipe(l);
	l->data = data;
	naive_unlist(m, i, i + 1);
	return OK;
}

static bool is_listable(const struct naive *m, uint32_t i)
{
	return m->line[i].poison && m->line[i].knows;
}

/* Stretches of the range that are clean, or not for the host to know of, leave the list, one after
 * another. */
static void unlist_clean(struct naive *m, uint32_t start, uint32_t end)
{
	uint32_t a, b;

	for (a = start; a < end; a = b) {
		for (b = a + 1;
		     b < end && m->line[b].joins && is_listable(m, b) == is_listable(m, a); b++)
			;
		if (!is_listable(m, a))
			naive_unlist(m, a, b);
	}
}

/* D-52. What is not the host's to write, between what is, parts writes (DC-6). */
void naive_write(struct naive *m, uint64_t line, uint64_t n, uint8_t data)
{
	uint32_t end = naive_first(m, line + n), b;

	for (uint32_t a = naive_first(m, line); a < end; a = b) {
		for (b = a; b < end && m->line[b].writes; b++) {
			m->line[b].data = data;
			if (!m->line[b].permanent)
				wipe(&m->line[b]);
		}
		unlist_clean(m, a, b);
		b += b == a;
	}
}

/* A host read finds latent errors of what it has: an event for each stretch that is alike. */
void naive_read(struct naive *m, uint64_t line, uint64_t n)
{
	uint32_t end = naive_first(m, line + n), b;

	for (uint32_t a = naive_first(m, line); a < end; a = b) {
		struct naive_line *l = &m->line[a];

		for (b = a + 1; b < end && same_media(m, b); b++)
			;
		if (!l->poison || l->known || !l->has)
			continue;
		for (uint32_t i = a; i < b; i++)
			m->line[i].known = true;
		naive_add(m, a, b);
		event(m, a, 1);
		judge(m);
	}
}

/* ---- scan ---- */

static void note_span(struct naive *m, uint64_t start, uint64_t end, bool covers)
{
	if (start >= end)
		return;
	assert(m->spans < SPANS);
	m->span[m->spans++] = (struct naive_span){start, end, covers};
}

/* What a scan under overflow has passed since it was asked last. */
static void count_passed(struct naive *m)
{
	if (m->covers)
		note_span(m, m->uncounted, m->pos, true);
	m->uncounted = m->pos;
}

/* E-6 */
void naive_uncover(struct naive *m, uint64_t start, uint64_t end)
{
	bool any = false;

	if (m->running)
		count_passed(m);
	for (uint32_t i = 0; i < m->spans; i++)
		any |= m->span[i].start < end && m->span[i].end > start;
	if (any)
		note_span(m, start, end, false);
}

static bool is_covered(const struct naive *m, uint64_t line)
{
	for (uint32_t i = m->spans; i-- > 0;)
		if (line >= m->span[i].start && line < m->span[i].end)
			return m->span[i].covers;
	return false;
}

/* D-23. From each place where an answer may change to the next. */
static bool all_covered(const struct naive *m)
{
	for (uint64_t line = 0, next; line < m->top; line = next) {
		if (naive_has(m, line) && !is_covered(m, line))
			return false;
		next = naive_change(m, &m->dc.table, line);
		for (uint32_t i = 0; i < m->spans; i++) {
			const struct naive_span *s = &m->span[i];

			if (s->start > line && s->start < next)
				next = s->start;
			if (s->end > line && s->end < next)
				next = s->end;
		}
	}
	return true;
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
	count_passed(m);
	if (m->covers && all_covered(m))
		naive_rebuild(m);
}

enum naive_rc naive_scan(struct naive *m, uint64_t start, uint64_t lines, bool no_events)
{
	if (m->running)
		return BUSY;
	if (lines == 0)
		return INVALID;
	if (start > m->top || lines > m->top - start)
		return BAD_PA;
	if (m->span_reject && m->static_top > m->border && start < m->border &&
	    start + lines > m->border)
		return INVALID; /* D-5, D-6 */
	m->results = 0;
	m->called = m->running = true;
	m->stopped = false;
	m->restart = m->restart_lines = 0;
	m->no_events = no_events;
	m->covers = m->overflow;
	m->start = m->pos = m->uncounted = start;
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

/* One line in play is passed. False: no room for its record. */
static bool pass(struct naive *m, uint32_t i)
{
	struct naive_record *last = m->results ? &m->result[m->results - 1] : NULL;
	struct naive_line *l = &m->line[i];
	bool fresh;

	if (!is_listable(m, i))
		return true;
	fresh = !last || last->start + last->lines != l->address || last->source != l->source ||
		!l->joins;
	if (fresh && m->results_max && m->results == m->results_max)
		return false;
	if (fresh)
		m->result[m->results++] = (struct naive_record){l->address, 1, l->source};
	else
		last->lines++;
	l->known = true;
	naive_add(m, i, i + 1);
	if (fresh && !m->no_events)
		event(m, i, 3);
	judge(m);
	return true;
}

/* The scan, line by line; but what is not in play is passed in one go. */
static void walk(struct naive *m, uint64_t now)
{
	while (m->running && m->began + (m->pos + 1 - m->start) * m->rate <= now) {
		uint64_t gone = m->start + (now - m->began) / m->rate, stop = m->pos + 1;
		uint32_t i = naive_first(m, m->pos);
		bool in_play = i < m->lines && m->line[i].address == m->pos;

		if (!in_play)
			stop = i < m->lines && m->line[i].address < gone ? m->line[i].address
									 : gone;
		if (stop > m->end)
			stop = m->end;
		m->now = m->began + (m->pos + 1 - m->start) * m->rate;
		if (in_play && !pass(m, i)) {
			end(m, true, OK);
			break;
		}
		m->pos = stop;
		m->now = m->began + (m->pos - m->start) * m->rate;
		if (m->pos == m->end)
			end(m, false, OK);
	}
}

void naive_advance(struct naive *m, uint64_t now)
{
	uint64_t due;

	while ((due = naive_dc_due(m)) <= now) {
		walk(m, due);
		m->now = due;
		naive_dc_time_out(m, due);
	}
	walk(m, now);
	m->now = now;
}

/* ---- what overwrites ---- */

void naive_overwrite(struct naive *m, uint64_t start, uint64_t stop)
{
	for (uint32_t i = naive_first(m, start); i < naive_first(m, stop); i++) {
		m->line[i].data = 0;
		if (!m->line[i].permanent)
			wipe(&m->line[i]);
	}
}

/* All that comes before the end of something that takes so long. */
static void take_time(struct naive *m, uint64_t ns)
{
	naive_advance(m, m->now + ns - 1);
	m->now++;
	m->bg_rc = OK;
	m->bg_percent = 100;
}

/* D-41. */
enum naive_rc naive_sanitize(struct naive *m, uint64_t ns)
{
	if (m->running)
		return BUSY;
	memset(m->events, 0, sizeof(m->events));
	m->dc.records = m->dc.lost = 0;
	take_time(m, ns);
	naive_overwrite(m, 0, m->top);
	naive_rebuild(m);
	m->results = 0;
	m->stopped = false;
	m->restart = m->restart_lines = 0;
	naive_end_answer(m);
	naive_advance(m, m->now);
	return BG;
}

/* A list that has not overflowed is true afterwards; another loses what is clean. */
static void settle(struct naive *m)
{
	if (m->overflow)
		unlist_clean(m, 0, m->lines);
	else
		naive_rebuild(m);
}

/* E-3 */
static bool writes_all(const struct naive *m, uint64_t line, uint64_t end)
{
	for (; line < end; line = naive_change(m, &m->dc.table, line))
		if (!naive_writes(m, line))
			return false;
	return true;
}

/* D-43 */
enum naive_rc naive_operate(struct naive *m, const uint64_t ranges[][2], uint32_t n, uint64_t ns)
{
	if (m->running)
		return BUSY;
	for (uint32_t i = 0; i < n; i++)
		if (!writes_all(m, ranges[i][0], ranges[i][0] + ranges[i][1]))
			return INVALID;
	take_time(m, ns);
	for (uint32_t i = 0; i < n; i++)
		naive_overwrite(m, ranges[i][0], ranges[i][0] + ranges[i][1]);
	settle(m);
	naive_advance(m, m->now);
	return BG;
}

/* ---- repair ---- */

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
	uint32_t a = naive_first(m, row), b = naive_first(m, row + ROW), news = b;

	for (uint32_t i = a; i < b; i++) {
		struct naive_line *l = &m->line[i];

		for (uint32_t s = 0; !soft && s < SOFT_SPARES; s++)
			if (m->soft[s].row == row)
				m->soft[s].failed[l->address - row] = false;
		if (!l->permanent)
			continue;
		if (soft)
			soft->failed[l->address - row] = true;
		if (!l->known && l->knows && news == b)
			news = i;
		l->permanent = false;
		l->known = true;
	}
	naive_add(m, a, b);
	if (news != b)
		event(m, news, 6);
}

enum naive_rc naive_repair(struct naive *m, uint64_t line, bool hard, uint64_t ns)
{
	struct naive_spare *soft = hard ? NULL : free_spare(m);
	uint64_t row = line / ROW * ROW;

	if (m->running)
		return BUSY;
	if (!naive_has(m, line))
		return BAD_PA;
	if (hard ? m->hard_used == HARD_SPARES : !soft)
		return NO_SPARE;
	take_time(m, ns);
	if (soft)
		*soft = (struct naive_spare){.used = true, .row = row};
	m->hard_used += hard;
	cure(m, row, soft);
	judge(m);
	naive_advance(m, m->now);
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
				plant(m, soft->row + a, b - a, INTERNAL, true, true,
				      m->before_3_1 ? 0 : 8);
		}
		*soft = (struct naive_spare){0};
	}
}

/* ---- clock, resets ---- */

void naive_set_clock(struct naive *m, uint64_t value)
{
	m->clock_set = true;
	m->clock_base = value;
	m->clock_set_at = m->now;
}

/* D-39, D-40. */
static void lose(struct naive *m, bool of_volatile, bool all)
{
	for (uint32_t i = 0; i < m->lines; i++) {
		struct naive_line *l = &m->line[i];

		if (naive_is_volatile(m, l->address) != of_volatile)
			continue;
		if (!l->permanent && (all || l->source == INJECTED))
			wipe(l);
		if (all)
			l->data = 0;
	}
}

static bool has_persistent(const struct naive *m)
{
	bool has = m->static_top > m->border;

	for (uint32_t i = 0; i < m->dc.regions; i++)
		has |= m->dc.flags[i] & SWCXL_DC_NON_VOLATILE;
	return has;
}

static void lose_media(struct naive *m)
{
	lose(m, true, true);
	if (!m->injected_persists)
		lose(m, false, false);
	naive_dc_lose_power(m);
	settle(m);
	if (m->overflow && !has_persistent(m))
		naive_rebuild(m);
}

void naive_reset(struct naive *m, bool conventional, bool media)
{
	m->spans = 0;
	m->covers = false;
	naive_abort(m);
	naive_end_answer(m);
	if (conventional) {
		m->clock_set = false;
		if (media)
			lose_media(m);
		m->called = m->stopped = false;
		m->results = 0;
		m->restart = m->restart_lines = 0;
		m->bg_rc = m->bg_percent = 0;
	} else if (!m->injected_persists) {
		lose(m, true, false);
		lose(m, false, false);
		settle(m);
	}
}
