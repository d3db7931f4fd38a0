/* SPDX-License-Identifier: MIT */
/*
 * Who may ask. A page of somebody else's must not reach a server on this machine through a
 * person's browser: neither under a name that it has bent to this address (the host that was asked
 * for is an address, "localhost", or a name that was allowed), nor by sending forms across (the
 * origin is the page that this server gave). And only who knows the token may change anything.
 */
#ifndef SWCXL_WEB_GUARD_H
#define SWCXL_WEB_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* The header Host; NULL: it was not sent. */
bool guard_host(const char *host, char *const *names, size_t count);
/* The header Origin; NULL, which no browser leaves it with what changes something, is allowed. */
bool guard_origin(const char *origin, const char *host);
/* The header Authorization, "Bearer TOKEN". Takes as long whatever is wrong with it. */
bool guard_token(const char *authorization, const char *token);

#endif
