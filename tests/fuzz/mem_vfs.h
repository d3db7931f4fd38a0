/* SPDX-License-Identifier: MIT */
/* A file system for SQLite that is memory: a few files, which a test can see and change. */
#ifndef SWCXL_TESTS_MEM_VFS_H
#define SWCXL_TESTS_MEM_VFS_H

#include <stddef.h>
#include <stdint.h>

/* Makes it SQLite's default. Once. */
void mem_vfs_register(void);

/* All files go. */
void mem_vfs_clear(void);

/* The bytes of a file, and how many; NULL: there is none. */
uint8_t *mem_vfs_bytes(const char *name, size_t *len);
/* It becomes this long; what is new is zero. It is made if there is none. */
uint8_t *mem_vfs_resize(const char *name, size_t len);

#endif
