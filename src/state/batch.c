/* SPDX-License-Identifier: MIT */
/* A change is its struct and then its data, in whole multiples of eight bytes. */
#include "state/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define FIRST_BYTES 4096u
#define KEPT_BYTES (1u << 20)

/* Of a change's data. */
static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

static bool reserve(struct batch *batch, size_t len)
{
	size_t cap = MAX(batch->cap, FIRST_BYTES);
	uint8_t *bytes;

	while (cap - batch->len < len)
		cap *= 2;
	if (cap == batch->cap)
		return true;
	bytes = realloc(batch->bytes, cap);
	if (!bytes)
		return false;
	batch->bytes = bytes;
	batch->cap = cap;
	return true;
}

/* A full log loses records one after the other, and only the last count of them is worth writing:
 * it takes the place of the one before. */
static bool replace(struct batch *batch, const struct swcxl_change *change)
{
	size_t at = change->kind == SWCXL_CHANGE_EVENT_LOST ? batch->lost_at[change->log] : 0;
	struct swcxl_change old;
	uint8_t *p;

	if (!at)
		return false;
	p = batch->bytes + at - 1;
	memcpy(&old, p, sizeof(old));
	if (!old.data || !change->data || old.length != change->length)
		return false;
	memcpy(p, change, sizeof(*change));
	memcpy(p + sizeof(*change), change->data, change->length);
	return true;
}

void batch_add(struct batch *batch, const struct swcxl_change *change)
{
	size_t len = change->data ? padded(change->length) : 0;

	if (batch->lost || replace(batch, change))
		return;
	if (!reserve(batch, sizeof(*change) + len)) {
		batch_lose(batch);
		return;
	}
	if (change->kind == SWCXL_CHANGE_EVENT_LOST)
		batch->lost_at[change->log] = 1 + batch->len;
	memcpy(batch->bytes + batch->len, change, sizeof(*change));
	batch->len += sizeof(*change);
	if (change->data)
		memcpy(batch->bytes + batch->len, change->data, change->length);
	batch->len += len;
	batch->changes++;
}

void batch_lose(struct batch *batch)
{
	batch_free(batch);
	batch->lost = true;
}

bool batch_next(const struct batch *batch, size_t *at, struct swcxl_change *change)
{
	if (*at == batch->len)
		return false;
	memcpy(change, batch->bytes + *at, sizeof(*change));
	*at += sizeof(*change);
	if (change->data) {
		change->data = batch->bytes + *at;
		*at += padded(change->length);
	}
	return true;
}

void batch_clear(struct batch *batch)
{
	if (batch->cap > KEPT_BYTES)
		batch_free(batch);
	*batch = (struct batch){.bytes = batch->bytes, .cap = batch->cap};
}

void batch_free(struct batch *batch)
{
	free(batch->bytes);
	*batch = (struct batch){0};
}
