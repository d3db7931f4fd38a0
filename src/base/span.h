/* SPDX-License-Identifier: MIT */
/* Bounded views of variable data: struct span is read, struct sink is filled. */
#ifndef SWCXL_SPAN_H
#define SWCXL_SPAN_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *p;
	size_t len;
};

struct sink {
	uint8_t *p;
	size_t len, cap;
};

/* Room for n more bytes, zeroed, or NULL: the only way to write to a sink. */
static inline void *sink_add(struct sink *sink, size_t n)
{
	uint8_t *p = sink->p + sink->len;

	if (n > sink->cap - sink->len)
		return NULL;
	memset(p, 0, n);
	sink->len += n;
	return p;
}

/* The same of what is known to fit. */
static inline void *sink_must_add(struct sink *sink, size_t n)
{
	void *p = sink_add(sink, n);

	assert(p);
	return p;
}

#endif
