/* SPDX-License-Identifier: MIT */
/* The one source of memory, lent by the host of the device. */
#ifndef SWCXL_MEM_H
#define SWCXL_MEM_H

#include <stddef.h>
#include <string.h>

struct mem {
	void *ctx;
	void *(*realloc)(void *ctx, void *old, size_t size); /* size 0 frees */
};

static inline void *mem_resize(const struct mem *mem, void *old, size_t size)
{
	return mem->realloc(mem->ctx, old, size);
}

static inline void *mem_zalloc(const struct mem *mem, size_t size)
{
	void *p = mem_resize(mem, NULL, size);

	return p ? memset(p, 0, size) : NULL;
}

static inline void mem_free(const struct mem *mem, void *p)
{
	if (p)
		mem_resize(mem, p, 0);
}

#endif
