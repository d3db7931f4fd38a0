/* SPDX-License-Identifier: MIT */
/* Read before every source of the library (meson.build): what the public headers declare is what
 * the shared library exports, and nothing else is. */
#ifndef CORE_EXPORTS_H
#define CORE_EXPORTS_H

#pragma GCC visibility push(default)
#include "swcxl/state.h"
#pragma GCC visibility pop

#endif
