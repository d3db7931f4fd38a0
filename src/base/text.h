/* SPDX-License-Identifier: MIT */
/* Text that is put together in a buffer of a given size; what does not fit is left out. */
#ifndef SWCXL_TEXT_H
#define SWCXL_TEXT_H

#include <stdint.h>
#include <string.h>

struct text {
	char *p;
	size_t len, cap; /* no NUL is kept or counted */
};

static inline void text_add(struct text *text, const char *p, size_t len)
{
	size_t fits = text->cap - text->len;

	len = len < fits ? len : fits;
	memcpy(text->p + text->len, p, len);
	text->len += len;
}

static inline void text_str(struct text *text, const char *str)
{
	while (*str && text->len < text->cap)
		text->p[text->len++] = *str++;
}

/* A number in digits of a base up to 16, at least so many of them. */
static inline void text_number(struct text *text, uint64_t v, unsigned base, unsigned digits)
{
	char buf[64];
	unsigned at = sizeof(buf);

	while (v || at > sizeof(buf) - (digits ? digits : 1)) {
		buf[--at] = "0123456789abcdef"[v % base];
		v /= base;
	}
	text_add(text, buf + at, sizeof(buf) - at);
}

static inline void text_dec(struct text *text, uint64_t v)
{
	text_number(text, v, 10, 1);
}

static inline void text_hex(struct text *text, uint64_t v, unsigned digits)
{
	text_number(text, v, 16, digits);
}

#endif
