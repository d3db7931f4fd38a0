/* SPDX-License-Identifier: MIT */
/* Printing mdoc: what the programs that print the reference parts of manuals share. */
#ifndef SWCXL_TOOLS_MDOC_H
#define SWCXL_TOOLS_MDOC_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LINE 76 /* mandoc wants input lines below 80 bytes */

/* Text as mdoc input: one sentence a line, and none too long. */
static inline void text(const char *words)
{
	size_t column = 0;

	while (*words) {
		size_t len = strcspn(words, " ");
		bool sentence = column && words[-2] == '.';

		if (column && (sentence || column + 1 + len > LINE)) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%s%.*s", column ? " " : "", (int)len, words);
		words += len;
		words += *words == ' ';
	}
	if (column)
		putchar('\n');
}

static inline void begin_list(void)
{
	printf(".Bl -tag -width Ds -compact\n");
}

static inline void end_list(void)
{
	printf(".El\n");
}

#endif
