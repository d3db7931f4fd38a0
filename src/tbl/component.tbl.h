/* SPDX-License-Identifier: MIT */
/*
 * Component registers, offsets from the start of the block: REG(offset, width, reset, writable,
 * write 1 to clear), and DECODER(...), offsets from the start of an HDM decoder, once for each.
 * CXL r3.2 8.2.4. Rows only.
 */
#ifndef REG
#define REG(...)
#endif
#ifndef DECODER
#define DECODER(...)
#endif
/* clang-format off */
/* --- capability array, 8.2.4.1: RAS at 0x080, link at 0x0e0, HDM decoders at 0x140 --- */
REG(0x1000, 4, 0x03110001, 0, 0)
REG(0x1004, 4, 0x08030002, 0, 0)
REG(0x1008, 4, 0x0e020004, 0, 0)
REG(0x100c, 4, 0x14030005, 0, 0)
/* --- RAS, 8.2.4.17 --- */
REG(0x1080, 4, 0x00000000, 0, 0x0003cfff)          /* uncorrectable status */
REG(0x1084, 4, 0x0003cfff, 0x0003cfff, 0)          /* mask */
REG(0x1088, 4, 0x0003cfff, 0x0003cfff, 0)          /* severity: fatal */
REG(0x108c, 4, 0x00000000, 0, 0x0000007f)          /* correctable status */
REG(0x1090, 4, 0x0000007f, 0x0000007f, 0)          /* mask */
REG(0x1094, 4, 0x00002200, 0x00002000, 0)          /* control: poison enabled; several headers */
REG(0x1098, 8, 0x0000000000000000, 0, 0)           /* header log */
REG(0x10a0, 8, 0x0000000000000000, 0, 0)
REG(0x10a8, 8, 0x0000000000000000, 0, 0)
REG(0x10b0, 8, 0x0000000000000000, 0, 0)
REG(0x10b8, 8, 0x0000000000000000, 0, 0)
REG(0x10c0, 8, 0x0000000000000000, 0, 0)
REG(0x10c8, 8, 0x0000000000000000, 0, 0)
REG(0x10d0, 8, 0x0000000000000000, 0, 0)
/* --- link, 8.2.4.19: constants of a link that is up --- */
REG(0x10e0, 8, 0x0000000000000002, 0, 0)
REG(0x10e8, 8, 0x0000000000000018, 0, 0)           /* initialisation is done */
/* --- HDM decoders, 8.2.4.20: four; 256 B to 16 KiB interleave, 3/6/12 and 16 ways, host-only --- */
REG(0x1140, 4, 0x00401b02, 0, 0)
REG(0x1144, 4, 0x00000000, 0x00000002, 0)          /* decoder enable */
DECODER(0x00, 4, 0x00000000, 0xf0000000, 0)        /* base */
DECODER(0x04, 4, 0x00000000, 0xffffffff, 0)
DECODER(0x08, 4, 0x00000000, 0xf0000000, 0)        /* size */
DECODER(0x0c, 4, 0x00000000, 0xffffffff, 0)
DECODER(0x10, 4, 0x00000000, 0x000013ff, 0)        /* control: granularity, ways, lock, commit, type */
DECODER(0x14, 4, 0x00000000, 0xf0000000, 0)        /* DPA skip */
DECODER(0x18, 4, 0x00000000, 0xffffffff, 0)
/* clang-format on */
#undef REG
#undef DECODER
