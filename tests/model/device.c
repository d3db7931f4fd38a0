/* SPDX-License-Identifier: MIT */
#include "device.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *test_realloc(void *ctx, void *old, size_t size)
{
	struct test_device *t = ctx;

	if (size == 0) {
		t->allocated -= old != NULL;
		free(old);
		return NULL;
	}
	if (t->fail_after >= 0 && t->fail_after-- == 0)
		return NULL;
	t->allocated += old == NULL;
	return realloc(old, size);
}

static void on_irq(void *ctx, unsigned vector)
{
	struct test_device *t = ctx;

	assert(vector < SWCXL_MSIX_VECTORS);
	t->irqs[vector]++;
}

static void on_notice(void *ctx, const struct swcxl_notice *notice)
{
	struct test_device *t = ctx;

	t->notices[notice->kind]++;
	if (notice->kind == SWCXL_NOTICE_BACKGROUND_COMPLETED)
		t->last = *notice;
	if (notice->kind == SWCXL_NOTICE_DC_EXTENT)
		t->last_extent = *notice;
	if (t->hear)
		t->hear(notice);
}

static uint64_t on_ticket(void *ctx)
{
	const struct test_device *t = ctx;

	return t->ticket;
}

static void on_change(void *ctx, const struct swcxl_change *change)
{
	struct test_device *t = ctx;

	t->changes++;
	if (t->shadow && !t->shadow_error)
		t->shadow_error = swcxl_apply(t->shadow, change);
}

void test_device_open(struct test_device *t, const struct swcxl_config *config)
{
	*t = (struct test_device){
		.host = {.ctx = t,
			 .realloc = test_realloc,
			 .irq = on_irq,
			 .notice = on_notice,
			 .changed = on_change,
			 .ticket = on_ticket},
		.fail_after = -1,
	};
	if (swcxl_new(config, &t->host, &t->dev) || !(t->cci = swcxl_cci_new(t->dev)))
		abort();
}

void test_device_close(struct test_device *t)
{
	swcxl_free(t->dev);
	if (t->allocated) {
		fprintf(stderr, "%zu blocks leaked\n", t->allocated);
		abort();
	}
}

unsigned test_execute(struct test_device *t, unsigned opcode, const void *in, size_t in_len,
		      uint8_t *out, size_t *out_len)
{
	return swcxl_execute(t->cci, opcode, in, in_len, out, out_len);
}

/* A saved state as one string of bytes. */
struct saved {
	uint8_t *bytes;
	size_t len, cap;
};

static void put(struct saved *s, const void *p, size_t n)
{
	if (s->len + n > s->cap) {
		s->cap = 2 * (s->len + n);
		s->bytes = realloc(s->bytes, s->cap);
		assert(s->bytes);
	}
	memcpy(s->bytes + s->len, p, n);
	s->len += n;
}

static void collect(void *ctx, const struct swcxl_change *c)
{
	const uint64_t fields[] = {c->kind, c->start, c->length, c->attr, c->log, c->value};

	put(ctx, fields, sizeof(fields));
	if (c->data)
		put(ctx, c->data, c->length);
}

bool test_same_state(const struct swcxl_dev *a, const struct swcxl_dev *b)
{
	struct saved x = {0}, y = {0};
	bool same;

	swcxl_save(a, collect, &x);
	swcxl_save(b, collect, &y);
	same = x.len == y.len && memcmp(x.bytes, y.bytes, x.len) == 0;
	free(x.bytes);
	free(y.bytes);
	return same;
}
