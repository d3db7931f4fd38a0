/* SPDX-License-Identifier: MIT */
/* What a terminal takes as a control character, in text that is UTF-8. */
#ifndef SWCXL_CONTROL_H
#define SWCXL_CONTROL_H

/* Does one begin here, of ASCII or U+0080 to U+009F? In how many bytes; 0: no. */
static inline unsigned control_bytes(const char *text)
{
	unsigned char byte = (unsigned char)text[0], next = (unsigned char)text[1];

	if (byte && (byte < ' ' || byte == 0x7f))
		return 1;
	return byte == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

/* The character that has so many bytes. */
static inline unsigned control_code(const char *text, unsigned bytes)
{
	return (unsigned char)text[bytes - 1];
}

#endif
