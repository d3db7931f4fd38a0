/* SPDX-License-Identifier: MIT */
#include "naive_dc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "naive.h"

/* ---- what is where ---- */

const struct naive_extent *naive_extent_at(const struct naive_table *table, uint64_t line)
{
	for (uint32_t i = 0; i < table->n; i++)
		if (line >= table->extent[i].start && line < table->extent[i].end)
			return &table->extent[i];
	return NULL;
}

bool naive_is_known(const struct naive_extent *e)
{
	return e && (e->state == SWCXL_DC_PENDING || e->state == SWCXL_DC_ADDED);
}

bool naive_is_added(const struct naive_extent *e)
{
	return e && e->state == SWCXL_DC_ADDED;
}

bool naive_knows(const struct naive *m, uint64_t line)
{
	return line < m->static_top || naive_is_known(naive_extent_at(&m->dc.table, line));
}

bool naive_has(const struct naive *m, uint64_t line)
{
	return line < m->static_top || naive_is_added(naive_extent_at(&m->dc.table, line));
}

unsigned naive_region(const struct naive *m, uint64_t line)
{
	return (unsigned)((line - m->static_top) / m->dc.region_lines);
}

uint8_t naive_flags(const struct naive *m, uint64_t line)
{
	return m->dc.flags[naive_region(m, line)];
}

bool naive_writes(const struct naive *m, uint64_t line)
{
	return line < m->static_top || (line < m->top && naive_has(m, line) &&
					!(naive_flags(m, line) & SWCXL_DC_READ_ONLY));
}

uint64_t naive_change(const struct naive *m, const struct naive_table *table, uint64_t line)
{
	uint64_t next = NEVER;

	for (uint32_t i = m->dc.regions + 1; i-- > 0;)
		if (m->static_top + i * m->dc.region_lines > line)
			next = m->static_top + i * m->dc.region_lines;
	for (uint32_t i = 0; i < table->n; i++) {
		const struct naive_extent *e = &table->extent[i];

		if (e->start > line && e->start < next)
			next = e->start;
		if (e->end > line && e->end < next)
			next = e->end;
	}
	return next;
}

/* ---- what counts ---- */

uint32_t naive_extents_used(const struct naive *m, const struct naive_table *table)
{
	uint32_t n = table->n;

	for (uint32_t i = 0; i < m->dc.groups; i++)
		n += m->dc.group[i].lost;
	return n;
}

bool naive_is_tag(const uint8_t tag[16])
{
	uint8_t any = 0;

	for (uint32_t i = 0; i < 16; i++)
		any |= tag[i];
	return any;
}

bool naive_same_tag(const uint8_t a[16], const uint8_t b[16])
{
	return memcmp(a, b, 16) == 0;
}

uint32_t naive_tags_used(const struct naive_table *table)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < table->n; i++) {
		bool seen = !naive_is_tag(table->extent[i].tag);

		for (uint32_t k = 0; k < i && !seen; k++)
			seen = naive_same_tag(table->extent[k].tag, table->extent[i].tag);
		n += !seen;
	}
	return n;
}

uint32_t naive_extents_available(const struct naive *m)
{
	return EXTENTS - naive_extents_used(m, &m->dc.table);
}

uint32_t naive_tags_available(const struct naive *m)
{
	return TAGS - naive_tags_used(&m->dc.table);
}

/* ---- edits: of a copy, until the old table is compared with the new one ---- */

static int by_start(const void *a, const void *b)
{
	uint64_t x = ((const struct naive_extent *)a)->start;
	uint64_t y = ((const struct naive_extent *)b)->start;

	return x < y ? -1 : x > y;
}

void naive_sort(struct naive_table *table)
{
	qsort(table->extent, table->n, sizeof(table->extent[0]), by_start);
}

void naive_put(struct naive_table *table, struct naive_extent e)
{
	if (e.start >= e.end)
		return;
	assert(table->n < sizeof(table->extent) / sizeof(table->extent[0]));
	table->extent[table->n++] = e;
}

void naive_drop(struct naive_table *table, uint32_t i)
{
	memmove(&table->extent[i], &table->extent[i + 1],
		(--table->n - i) * sizeof(table->extent[0]));
}

/* Added lines are taken away (B-5); what is referenced is held as a whole. */
void naive_cut(struct naive_table *table, uint64_t start, uint64_t end)
{
	struct naive_table old = *table;

	table->n = 0;
	for (uint32_t i = 0; i < old.n; i++) {
		struct naive_extent e = old.extent[i], below = e, above = e;

		if (!naive_is_added(&e) || e.end <= start || e.start >= end) {
			naive_put(table, e);
			continue;
		}
		if (e.referenced) {
			e.state = SWCXL_DC_HELD;
			naive_put(table, e);
			continue;
		}
		below.end = e.start > start ? e.start : start;
		above.start = e.end < end ? e.end : end;
		naive_put(table, below);
		naive_put(table, above);
	}
	naive_sort(table);
}

/* ---- what follows from a change ---- */

static bool same_list(const struct naive_table *a, const struct naive_table *b)
{
	uint32_t i = 0, k = 0;

	for (;; i++, k++) {
		while (i < a->n && !naive_is_added(&a->extent[i]))
			i++;
		while (k < b->n && !naive_is_added(&b->extent[k]))
			k++;
		if (i == a->n || k == b->n)
			return i == a->n && k == b->n;
		if (a->extent[i].start != b->extent[k].start ||
		    a->extent[i].end != b->extent[k].end ||
		    a->extent[i].sequence != b->extent[k].sequence ||
		    !naive_same_tag(a->extent[i].tag, b->extent[k].tag))
			return false;
	}
}

/* Was the host asked for something of this extent, as it has it? */
static bool is_asked(const struct naive_request *r, const struct naive_extent *e)
{
	return naive_is_added(e) && e->born <= r->asked && r->start < e->end && r->end > e->start;
}

bool naive_releasing(const struct naive *m, const struct naive_extent *e, bool *sanitize)
{
	bool asked = false;

	*sanitize = false;
	for (uint32_t i = 0; i < m->dc.requests; i++) {
		asked |= is_asked(&m->dc.request[i], e);
		*sanitize |= is_asked(&m->dc.request[i], e) && m->dc.request[i].sanitize;
	}
	return asked;
}

/* What is held since now is sanitized when it is free, if it would have been by now. */
static void remember(struct naive *m, const struct naive_table *old, bool sanitize)
{
	for (uint32_t i = 0; i < m->dc.table.n; i++) {
		struct naive_extent *e = &m->dc.table.extent[i];
		const struct naive_extent *was = naive_extent_at(old, e->start);
		bool asked;

		if (e->state != SWCXL_DC_HELD || !naive_is_added(was))
			continue;
		naive_releasing(m, was, &asked);
		e->sanitize |= sanitize || asked || naive_flags(m, e->start) & SWCXL_DC_SANITIZE;
	}
}

/* D-47: the list follows. One that has not overflowed is what is known to the host. */
static void hide(struct naive *m, const struct naive_table *old)
{
	bool hidden[PLAY] = {0}, any = false;
	uint32_t b;

	for (uint32_t i = 0; i < m->lines; i++) {
		struct naive_line *l = &m->line[i];
		bool knew = l->knows;

		l->knows = naive_knows(m, l->address);
		l->has = naive_has(m, l->address);
		l->writes = naive_writes(m, l->address);
		hidden[i] = knew && !l->knows;
		any |= hidden[i];
	}
	if (any && !m->overflow)
		naive_rebuild(m);
	for (uint32_t a = 0; any && a < m->lines; a = b) {
		for (b = a + 1; b < m->lines && hidden[b] == hidden[a] && m->line[b].joins &&
				naive_extent_at(old, m->line[b].address) ==
					naive_extent_at(old, m->line[a].address);
		     b++)
			;
		if (hidden[a])
			naive_unlist(m, a, b);
	}
}

/* E-5: what is free now was sanitized on the way, if somebody wanted it. */
static void sanitize_free(struct naive *m, const struct naive_table *old, bool sanitize)
{
	for (uint32_t i = 0; i < m->lines; i++) {
		uint64_t line = m->line[i].address;
		const struct naive_extent *was = naive_extent_at(old, line);
		bool wanted;

		if (!was || naive_extent_at(&m->dc.table, line))
			continue;
		wanted = was->sanitize;
		if (was->state != SWCXL_DC_PENDING) /* that nobody ever used */
			wanted |= sanitize || naive_flags(m, line) & SWCXL_DC_SANITIZE;
		for (uint32_t k = 0; k < m->dc.requests; k++) {
			const struct naive_request *r = &m->dc.request[k];

			wanted |= is_asked(r, was) && r->sanitize && line >= r->start &&
				  line < r->end;
		}
		if (wanted)
			naive_overwrite(m, line, line + 1);
	}
}

/* E-6: what the host may know of since now. Extent by extent. */
static void show(struct naive *m, const struct naive_table *old)
{
	for (uint32_t i = 0; i < m->dc.table.n; i++) {
		const struct naive_extent *e = &m->dc.table.extent[i];

		for (uint64_t line = e->start, next; line < e->end; line = next) {
			next = naive_change(m, old, line);
			next = next < e->end ? next : e->end;
			if (!naive_is_known(e) || naive_is_known(naive_extent_at(old, line)))
				continue;
			naive_uncover(m, line, next);
			naive_add(m, naive_first(m, line), naive_first(m, next));
		}
	}
}

static void end_requests(struct naive *m)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < m->dc.requests; i++) {
		bool asked = false;

		for (uint32_t k = 0; k < m->dc.table.n; k++)
			asked |= is_asked(&m->dc.request[i], &m->dc.table.extent[k]);
		if (asked)
			m->dc.request[left++] = m->dc.request[i];
	}
	m->dc.requests = left;
}

/* The table is another one from now on. */
void naive_set_table(struct naive *m, const struct naive_table *new, struct naive_table *old,
		     bool sanitize)
{
	*old = m->dc.table;
	m->dc.table = *new;
	m->dc.generation += !same_list(old, &m->dc.table);
	remember(m, old, sanitize);
	hide(m, old);
	sanitize_free(m, old, sanitize);
	show(m, old);
	end_requests(m);
}

/* ---- what is told ---- */

static void tell(struct naive *m, enum swcxl_dc_change what, struct naive_extent e, uint64_t start,
		 uint64_t end)
{
	struct swcxl_dc_refusal *r;

	e.start = start;
	e.end = end;
	m->dc.told++;
	m->dc.last_change = what;
	m->dc.last_told = e;
	if (what != SWCXL_DC_REFUSED && what != SWCXL_DC_OFFER_TIMED_OUT)
		return;
	if (m->dc.refusals == SWCXL_DC_REFUSALS)
		memmove(m->dc.refused, m->dc.refused + 1,
			--m->dc.refusals * sizeof(m->dc.refused[0]));
	r = &m->dc.refused[m->dc.refusals++];
	*r = (struct swcxl_dc_refusal){.extent = {.start = start * 64,
						  .length = (end - start) * 64,
						  .sequence = e.sequence},
				       .reason = what};
	memcpy(r->extent.tag, e.tag, 16);
}

static void record(struct naive *m, uint8_t type, struct naive_extent e, uint64_t start,
		   uint64_t end, bool more)
{
	struct naive_dc_record r = {.type = type, .extent = e, .ts = naive_stamp(m)};

	if (m->dc.records == m->dc.log_max) {
		m->dc.lost++;
		return;
	}
	r.extent.start = start;
	r.extent.end = end;
	r.region = (uint8_t)naive_region(m, start);
	if (!m->before_3_1) {
		r.more = more && m->dc.log_max - m->dc.records > 1;
		r.extents_available = naive_extents_available(m);
		r.tags_available = naive_tags_available(m);
	}
	assert(m->dc.fresh < 4 * EXTENTS);
	m->dc.news[m->dc.fresh++] = r;
	m->dc.records++;
}

struct naive_pieces *naive_pieces(const struct naive_table *table, const struct naive_parts *parts,
				  enum swcxl_dc_state state)
{
	static struct naive_pieces pieces;

	pieces.n = 0;
	for (uint32_t i = 0; i < parts->n; i++) {
		uint64_t start = parts->entry[i].start, end = start + parts->entry[i].length;

		for (uint32_t k = 0; k < table->n; k++) {
			const struct naive_extent *e = &table->extent[k];

			if (e->state != state || e->start >= end || e->end <= start)
				continue;
			assert(pieces.n < 2 * EXTENTS);
			pieces.piece[pieces.n].of = *e;
			pieces.piece[pieces.n].start = e->start > start ? e->start : start;
			pieces.piece[pieces.n++].end = e->end < end ? e->end : end;
		}
	}
	return &pieces;
}

void naive_record(struct naive *m, uint8_t type, const struct naive_pieces *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		record(m, type, p->piece[i].of, p->piece[i].start, p->piece[i].end, i + 1 < p->n);
}

/* ---- what both sides need ---- */

static int by_entry(const void *a, const void *b)
{
	uint64_t x = ((const struct naive_entry *)a)->start;
	uint64_t y = ((const struct naive_entry *)b)->start;

	return x < y ? -1 : x > y;
}

void naive_sort_parts(struct naive_parts *parts)
{
	qsort(parts->entry, parts->n, sizeof(parts->entry[0]), by_entry);
}

bool naive_overlaps(const struct naive_parts *parts, uint64_t start, uint64_t length)
{
	for (uint32_t i = 0; i < parts->n; i++)
		if (parts->entry[i].start < start + length &&
		    start < parts->entry[i].start + parts->entry[i].length)
			return true;
	return false;
}

/* Shared capacity is released as a whole: all that the host has with its tag. */
bool naive_splits_shared(const struct naive *m, const struct naive_parts *parts)
{
	const struct naive_table *table = &m->dc.table;

	for (uint32_t i = 0; i < table->n; i++) {
		const struct naive_extent *a = &table->extent[i];

		if (!naive_is_added(a) || !(naive_flags(m, a->start) & SWCXL_DC_SHARABLE) ||
		    !naive_overlaps(parts, a->start, a->end - a->start))
			continue;
		for (uint32_t k = 0; k < table->n; k++) {
			const struct naive_extent *b = &table->extent[k];
			uint64_t inside = 0;

			if (!naive_is_added(b) || !naive_same_tag(a->tag, b->tag))
				continue;
			for (uint64_t line = b->start; line < b->end; line += m->dc.block)
				inside += naive_overlaps(parts, line, m->dc.block);
			if (inside * m->dc.block != b->end - b->start)
				return true;
		}
	}
	return false;
}

/* A group has no extents any more; it waits for its answer, as long as what it had counts. */
void naive_kill(struct naive_table *table, struct naive_group *group)
{
	group->dead = true;
	for (uint32_t i = 0; i < table->n;) {
		struct naive_extent *e = &table->extent[i];

		if (e->state != SWCXL_DC_PENDING || e->group != group->number) {
			i++;
		} else if (e->referenced) {
			e->state = SWCXL_DC_HELD;
		} else {
			group->lost++;
			naive_drop(table, i);
		}
	}
}

/* ---- the host ---- */

void naive_end_answer(struct naive *m)
{
	m->dc.answering = 0;
	m->dc.answer.n = 0;
}

/* A payload's entries join those that have come before (A-2, A-5, B-2, B-4). */
static unsigned collect(struct naive *m, unsigned opcode, const struct naive_entry *entry,
			uint32_t n, bool odd)
{
	struct naive_parts *all = &m->dc.answer;

	if (m->dc.answering != opcode)
		naive_end_answer(m);
	m->dc.answering = opcode;
	if (odd && m->strict)
		return INVALID;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t start = entry[i].start / 64, length = entry[i].length / 64;

		if (!entry[i].length || entry[i].start % (m->dc.block * 64) ||
		    entry[i].length % (m->dc.block * 64))
			return BAD_EXTENTS;
		if (start < m->static_top || start > m->top || length > m->top - start)
			return BAD_PA;
		if (naive_overlaps(all, start, length))
			return BAD_EXTENTS;
		if (all->n == EXTENTS)
			return EXHAUSTED;
		all->entry[all->n++] = (struct naive_entry){start, length};
	}
	return OK;
}

/* */
static unsigned check_response(const struct naive *m, bool last)
{
	const struct naive_parts *all = &m->dc.answer;
	uint32_t group = m->dc.group[0].number;

	for (uint32_t i = 0; i < all->n; i++) {
		const struct naive_extent *e = naive_extent_at(&m->dc.table, all->entry[i].start);

		if (!e || e->state != SWCXL_DC_PENDING || e->group != group ||
		    all->entry[i].start + all->entry[i].length > e->end)
			return BAD_PA;
	}
	for (uint32_t k = 0; k < m->dc.table.n && last && all->n; k++) {
		const struct naive_extent *e = &m->dc.table.extent[k];
		uint64_t accepted = 0;

		if (e->state != SWCXL_DC_PENDING || e->group != group ||
		    !(naive_flags(m, e->start) & SWCXL_DC_SHARABLE))
			continue;
		for (uint32_t i = 0; i < all->n; i++)
			if (naive_extent_at(&m->dc.table, all->entry[i].start) == e)
				accepted += all->entry[i].length;
		if (accepted != e->end - e->start)
			return BAD_EXTENTS;
	}
	return OK;
}

/* The table after the answer: what is accepted of the group is added, all else of it goes. */
static void accept(const struct naive *m, struct naive_table *new)
{
	const struct naive_table *old = &m->dc.table;
	const struct naive_parts *all = &m->dc.answer;

	new->n = 0;
	for (uint32_t k = 0; k < old->n; k++) {
		struct naive_extent e = old->extent[k];

		if (e.state != SWCXL_DC_PENDING || e.group != m->dc.group[0].number) {
			naive_put(new, e);
			continue;
		}
		if (all->n && naive_flags(m, e.start) & SWCXL_DC_SHARABLE) { /* as it was offered */
			e.state = SWCXL_DC_ADDED;
			e.sanitize = false;
			e.born = m->dc.answers + 1;
			naive_put(new, e);
			continue;
		}
		if (e.referenced) {
			e.state = SWCXL_DC_HELD;
			naive_put(new, e);
			continue;
		}
		for (uint32_t i = 0; i < all->n; i++) {
			uint64_t start = all->entry[i].start;

			if (start < e.start || start >= e.end)
				continue;
			naive_put(new, (struct naive_extent){.start = start,
							     .end = start + all->entry[i].length,
							     .sequence = e.sequence,
							     .state = SWCXL_DC_ADDED,
							     .born = m->dc.answers + 1});
			memcpy(new->extent[new->n - 1].tag, e.tag, 16);
		}
	}
	naive_sort(new);
}

static void tell_answer(struct naive *m, const struct naive_table *old, uint32_t group)
{
	for (uint32_t i = 0; i < old->n; i++) {
		const struct naive_extent *e = &old->extent[i];

		if (e->state != SWCXL_DC_PENDING || e->group != group)
			continue;
		for (uint64_t line = e->start, next; line < e->end; line = next) {
			bool added = naive_has(m, line);

			next = naive_change(m, &m->dc.table, line);
			next = next < e->end ? next : e->end;
			tell(m, added ? SWCXL_DC_ACCEPTED : SWCXL_DC_REFUSED, *e, line, next);
		}
	}
}

static void pop_group(struct naive *m)
{
	memmove(m->dc.group, m->dc.group + 1, --m->dc.groups * sizeof(m->dc.group[0]));
}

static unsigned respond(struct naive *m, const struct naive_entry *entry, uint32_t n, bool more,
			bool odd)
{
	static struct naive_table new, old;
	uint32_t group = m->dc.group[0].number;
	unsigned rc;

	if (!m->dc.groups)
		return INVALID; /* */
	rc = collect(m, 0x4802, entry, n, odd);
	if (!rc)
		rc = check_response(m, !more);
	if (rc == BAD_PA && m->dc.group[0].dead)
		pop_group(m);
	if (rc || more)
		return rc;
	accept(m, &new);
	if (naive_extents_used(m, &new) > EXTENTS)
		return EXHAUSTED; /* */
	m->dc.answers++;
	naive_set_table(m, &new, &old, false);
	tell_answer(m, &old, group);
	pop_group(m);
	return OK;
}

/* An error ends a chain; before 3.1 there is none, and More is a reserved bit. */
unsigned naive_respond(struct naive *m, const struct naive_entry *entry, uint32_t n, bool more,
		       bool odd)
{
	bool chained = more && !m->before_3_1;
	unsigned rc = respond(m, entry, n, chained, odd || (more && !chained));

	if (rc || !chained)
		naive_end_answer(m);
	return rc;
}

static unsigned give_back(struct naive *m, const struct naive_entry *entry, uint32_t n, bool more,
			  bool odd)
{
	const struct naive_parts *all = &m->dc.answer;
	static struct naive_table new, old;
	struct naive_pieces *pieces;
	unsigned rc = n ? collect(m, 0x4803, entry, n, odd) : INVALID;

	for (uint32_t i = 0; i < all->n && !rc; i++) {
		uint64_t line = all->entry[i].start, end = line + all->entry[i].length;

		for (; line < end; line = naive_change(m, &m->dc.table, line))
			if (!naive_has(m, line))
				return BAD_PA; /* B-1 */
	}
	if (!rc && !more && naive_splits_shared(m, all))
		return BAD_EXTENTS; /* B-2 */
	if (rc || more)
		return rc;
	new = m->dc.table;
	for (uint32_t i = 0; i < all->n; i++)
		naive_cut(&new, all->entry[i].start, all->entry[i].start + all->entry[i].length);
	if (naive_extents_used(m, &new) > EXTENTS)
		return EXHAUSTED; /* B-3 */
	naive_set_table(m, &new, &old, false);
	naive_sort_parts(&m->dc.answer);
	pieces = naive_pieces(&old, all, SWCXL_DC_ADDED);
	for (uint32_t i = 0; i < pieces->n; i++)
		tell(m, SWCXL_DC_RELEASED, pieces->piece[i].of, pieces->piece[i].start,
		     pieces->piece[i].end);
	return OK;
}

unsigned naive_give_back(struct naive *m, const struct naive_entry *entry, uint32_t n, bool more,
			 bool odd)
{
	bool chained = more && !m->before_3_1;
	unsigned rc = give_back(m, entry, n, chained, odd || (more && !chained));

	if (rc || !chained)
		naive_end_answer(m);
	return rc;
}

/* ---- time and power ---- */

uint64_t naive_dc_due(const struct naive *m)
{
	uint64_t due = NEVER;

	for (uint32_t i = 0; i < m->dc.groups; i++)
		if (!m->dc.group[i].dead && m->dc.group[i].due < due)
			due = m->dc.group[i].due;
	for (uint32_t i = 0; i < m->dc.requests; i++)
		if (m->dc.request[i].due < due)
			due = m->dc.request[i].due;
	return due;
}

static void time_out_group(struct naive *m, struct naive_group *group)
{
	static struct naive_table new, old;

	new = m->dc.table;
	naive_kill(&new, group);
	naive_set_table(m, &new, &old, false);
	for (uint32_t i = 0; i < old.n; i++) {
		const struct naive_extent *e = &old.extent[i];

		if (e->state == SWCXL_DC_PENDING && e->group == group->number)
			tell(m, SWCXL_DC_OFFER_TIMED_OUT, *e, e->start, e->end);
	}
}

static void time_out_request(struct naive *m, uint32_t i)
{
	struct naive_request r = m->dc.request[i];

	m->dc.requests--;
	memmove(&m->dc.request[i], &m->dc.request[i + 1],
		(m->dc.requests - i) * sizeof(m->dc.request[0]));
	for (uint32_t k = 0; k < m->dc.table.n; k++) {
		const struct naive_extent *e = &m->dc.table.extent[k];

		if (is_asked(&r, e))
			tell(m, SWCXL_DC_REQUEST_TIMED_OUT, *e,
			     e->start > r.start ? e->start : r.start,
			     e->end < r.end ? e->end : r.end);
	}
}

void naive_dc_time_out(struct naive *m, uint64_t now)
{
	for (uint32_t i = 0; i < m->dc.groups; i++)
		if (!m->dc.group[i].dead && m->dc.group[i].due == now)
			time_out_group(m, &m->dc.group[i]);
	for (uint32_t i = 0; i < m->dc.requests;)
		if (m->dc.request[i].due == now)
			time_out_request(m, i);
		else
			i++;
}

/* DC-9 */
void naive_dc_lose_power(struct naive *m)
{
	static struct naive_table new, old;

	new.n = 0;
	for (uint32_t i = 0; i < m->dc.table.n; i++) {
		struct naive_extent e = m->dc.table.extent[i];

		if (e.state == SWCXL_DC_PENDING && e.referenced)
			e.state = SWCXL_DC_HELD;
		if (e.state != SWCXL_DC_PENDING && !naive_is_volatile(m, e.start))
			naive_put(&new, e);
	}
	m->dc.groups = m->dc.requests = m->dc.refusals = 0;
	naive_set_table(m, &new, &old, false);
}
