/* SPDX-License-Identifier: MIT */
/*
 * What the input of fuzz_vfio says: a byte for the configuration, then messages. A message:
 *
 *	command u8    below 16: the number; else a u16 follows
 *	form u8       0x01 no reply wanted, 0x02 descriptors were lost, 0x04 raw body, 0x08 the
 *		      client goes afterwards, 0x10 a vector fires afterwards: bits 7:5
 *	fds u8	      how many (& 31), then a byte for the kind of each
 *	body	      raw: length u16, bytes. Else as the command says, in vfio_fields
 */
#ifndef SWCXL_TESTS_VFIO_SCRIPT_H
#define SWCXL_TESTS_VFIO_SCRIPT_H

enum {
	FORM_NO_REPLY = 0x01,
	FORM_FDS_LOST = 0x02,
	FORM_RAW = 0x04,
	FORM_GONE = 0x08,
	FORM_FIRE = 0x10,
};

enum vfio_fd {
	FD_EVENTFD,
	FD_FULL,
	FD_NULL,
	FD_SOCKET,
	FD_CLOSED_PIPE,
	FD_DIRECTORY,
	FD_PATH,
	FD_SAME,
	FD_KINDS
};

/* Fields of a body, in order: the width of each; a first one that is argsz is filled in when its
 * operand is 0. Behind them a tail: length u16, bytes. */
struct vfio_fields {
	unsigned char command, argsz; /* the struct's size, 0: none */
	unsigned char width[6];
};

static const struct vfio_fields vfio_fields[] = {
	{1, 0, {2, 2}},
	{2, 32, {4, 4, 8, 8, 8}},
	{3, 24, {4, 4, 8, 8}},
	{4, 16, {4, 4, 4, 4}},
	{5, 32, {4, 4, 4, 4, 8, 8}},
	{7, 16, {4, 4, 4, 4}},
	{8, 20, {4, 4, 4, 4, 4}},
	{9, 0, {8, 4, 4}},
	{10, 0, {8, 4, 4}},
	{13, 0, {0}},
	{15, 0, {8}},
};

#endif
