/* SPDX-License-Identifier: MIT */
/* The device of the model test, when it is a process: see remote.c. */
#ifndef SWCXL_TESTS_SOAK_REMOTE_H
#define SWCXL_TESTS_SOAK_REMOTE_H

#include "peer.h"

extern struct peer peer;
extern uint64_t remote_restarts, remote_attaches; /* so far */
/* How often the power goes by ending the process, rather than by a reset: one in so many; 0: never.
 * For the devices that are made from now on. */
extern unsigned remote_kill_one_in;

/* What only the guest does, between the steps of the model test; what comes of it is checked. */
void remote_extras(void);

#endif
