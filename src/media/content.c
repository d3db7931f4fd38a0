/* SPDX-License-Identifier: MIT */
/*
 * What the lines hold. A tree from line numbers to 64 bytes: lines that were never written, or
 * that hold zeros, are not in it, so 16 TiB cost nothing until written, and a host that clears
 * poison with zeros (Linux) never costs anything. What a guest can make us hold is content_max
 * lines, wherever it puts them.
 */
#include "media/media.h"

#define ERASE_SHARE 128u /* a filter of all costs as much as removing one in so many */

static bool find(const struct media *m, uint64_t line, struct btree_pos *pos)
{
	return btree_floor(&m->content, line, pos) && btree_key(*pos) == line;
}

void content_read(const struct media *m, uint64_t line, uint8_t data[64])
{
	struct btree_pos pos;

	if (find(m, line, &pos))
		memcpy(data, btree_value(&m->content, pos), 64);
	else
		memset(data, 0, 64);
}

static bool is_zero(const uint8_t data[64])
{
	static const uint8_t zeros[64];

	return memcmp(data, zeros, 64) == 0;
}

bool content_reserve(struct media *m, uint64_t line, const uint8_t *data, uint64_t lines)
{
	struct btree_pos pos;
	uint64_t more = 0;

	for (uint64_t i = 0; i < lines; i++)
		more += !is_zero(data + 64 * i) && !find(m, line + i, &pos);
	if (more && m->content.count + more > m->content_max)
		return false;
	return btree_reserve(&m->content, more);
}

void content_write(struct media *m, uint64_t line, const uint8_t data[64])
{
	struct btree_pos pos;
	bool held = find(m, line, &pos);

	if (is_zero(data)) {
		if (held)
			btree_remove(&m->content, line);
		return;
	}
	memcpy(held ? btree_value(&m->content, pos) : btree_insert(&m->content, line), data, 64);
}

bool content_next(const struct media *m, uint64_t line, uint64_t *found)
{
	struct btree_pos pos;

	if (!btree_ceil(&m->content, line, &pos))
		return false;
	*found = btree_key(pos);
	return true;
}

static bool keep_none(void *ctx, uint64_t line, const void *data)
{
	(void)ctx, (void)line, (void)data;
	return false;
}

/*
 * A filter's cost depends on all that there is, and a guest chooses how much goes at once, so as
 * many go one by one as cost as much as a filter does: it never takes longer than twice the best.
 */
void content_erase(struct media *m, uint64_t start, uint64_t len)
{
	uint64_t line, end = start + len;

	for (uint64_t few = 64 + m->content.count / ERASE_SHARE;
	     content_next(m, start, &line) && line < end; few--) {
		if (!few) {
			btree_filter(&m->content, line, end - 1, keep_none, NULL);
			break;
		}
		btree_remove(&m->content, line);
	}
}
