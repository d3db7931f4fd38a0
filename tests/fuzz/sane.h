/* SPDX-License-Identifier: MIT */
/* What must hold of a device at any moment, as far as its callers can see. */
#ifndef SWCXL_TESTS_SANE_H
#define SWCXL_TESTS_SANE_H

#include "swcxl/swcxl.h"

/* This device is looked at from now on, on a channel of its own, until the end. */
void sane_begin(struct swcxl_dev *dev);
void sane_end(void);

void sane_check(void);
/* Without what poison, list and extents are to each other: they may come from a damaged file, in
 * which each of them can be, but not all of them together. */
void sane_check_alone(void);
/* The same of what takes longer: all pages of the poison list. */
void sane_check_list(void);

#endif
