/* SPDX-License-Identifier: MIT */
/* The layers of the sandbox, each of which says what it could do. For sandbox.c alone. */
#ifndef SWCXL_DAEMON_LAYERS_H
#define SWCXL_DAEMON_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/sandbox.h"

#if defined(__SANITIZE_ADDRESS__)
#define CHECKED_BUILD true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECKED_BUILD true
#endif
#endif
#ifndef CHECKED_BUILD
#define CHECKED_BUILD false
#endif

/* Namespaces of our own. *users: for which a user namespace was needed. 0, or -errno. */
int namespaces_enter(bool may_use_users, bool *users);

/* A descriptor that keeps the present mount namespace, or -1. If we are the only process in it, as
 * in a service, leaving it takes its mounts apart, and mounts_hide() finds no paths any more. */
int namespaces_hold(void);

/* In a mount namespace of our own: nothing is left of the file system but the state's directory at
 * its path, and what descriptors lead to. 0, or -errno: then all of it is there. */
int mounts_hide(const struct sandbox_dir *dirs, size_t n);

/* Landlock: its version, or -errno. */
int landlock_enter(const struct sandbox *sandbox);

/* seccomp, for what comes before the loop is there, and for all that comes after. 0, or -errno. */
int filter_early(enum sandbox_mode mode);
int filter_enter(const struct sandbox *sandbox);

#endif
