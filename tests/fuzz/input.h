/* SPDX-License-Identifier: MIT */
/* The bytes of a fuzzer as a stream of numbers. Behind the end there are zeros. */
#ifndef SWCXL_TESTS_INPUT_H
#define SWCXL_TESTS_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t len;
};

static inline void take_bytes(struct input *in, void *to, size_t n)
{
	size_t have = n < in->len ? n : in->len;

	memset(to, 0, n);
	if (have)
		memcpy(to, in->p, have);
	in->p += have;
	in->len -= have;
}

static inline uint64_t take(struct input *in, unsigned width)
{
	uint8_t b[8] = {0};
	uint64_t v = 0;

	take_bytes(in, b, width);
	for (unsigned i = 8; i-- > 0;)
		v = v << 8 | b[i];
	return v;
}

/* What must hold, in every build. */
#define MUST(cond)                                                                 \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                   \
		}                                                                  \
	} while (0)

#endif
