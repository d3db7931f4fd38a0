/* SPDX-License-Identifier: MIT */
/*
 * Payload layouts, written as the specification's tables: offset, type, name.
 *
 *	#define SET_BEACON_IN(F)	\
 *		F(0x00, le16, led_id)	\
 *		F(0x02, u8,   mode)	\
 *		F(0x03, u8,   reserved, [5])
 *	WIRE_STRUCT(set_beacon_in, 0x08, SET_BEACON_IN)
 *
 * makes struct set_beacon_in and has the compiler check every offset, the size and the alignment.
 * Variable tails are not part of a struct: they arrive as struct span and leave by struct sink.
 */
#ifndef SWCXL_WIRE_H
#define SWCXL_WIRE_H

#include <stddef.h>

#include "base/le.h"

#define WIRE_FIELD_(o, t, n, ...) t n __VA_ARGS__;
#define WIRE_CHECK_(o, t, n, ...) _Static_assert(offsetof(self_, n) == (o), #n " belongs at " #o);
#define WIRE_STRUCT(name, size, LIST)                                        \
	struct name {                                                        \
		LIST(WIRE_FIELD_)                                            \
	};                                                                   \
	static inline __attribute__((unused)) void name##_layout_(void)      \
	{                                                                    \
		typedef struct name self_;                                   \
		LIST(WIRE_CHECK_)                                            \
		_Static_assert(sizeof(self_) == (size), #name " is " #size); \
		_Static_assert(_Alignof(self_) == 1, #name " is unaligned"); \
	}

/* The payload of a command that has none. */
struct none {
};

#endif
