/* SPDX-License-Identifier: MIT */
/* What to tell a person who has no connection. */
#ifndef SWCXL_CLIENT_WHY_H
#define SWCXL_CLIENT_WHY_H

#include <stddef.h>

#define WHY_SIZE 512 /* enough for two paths of sockets and what stands between them */

/* Why there is none, and what makes one. origin: where the path is from, or "". */
void why_unconnected(char text[static WHY_SIZE], const char *path, const char *origin, int error);

#endif
