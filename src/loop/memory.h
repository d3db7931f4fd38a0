/* SPDX-License-Identifier: MIT */
/*
 * Where libuv has its memory. It needs little, a table of watches above all, and aborts when there
 * is none for that table; so it gets some that is there from the beginning.
 */
#ifndef SWCXL_LOOP_MEMORY_H
#define SWCXL_LOOP_MEMORY_H

/* Before anything else is asked of libuv. Again does no harm. */
void loop_memory(void);

#endif
