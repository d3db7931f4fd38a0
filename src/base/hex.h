/* SPDX-License-Identifier: MIT */
/* Hexadecimal digits, in either case. */
#ifndef SWCXL_BASE_HEX_H
#define SWCXL_BASE_HEX_H

/* The value of a digit, or -1. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
