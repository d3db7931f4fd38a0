/* SPDX-License-Identifier: MIT */
/* A device for tests that need no front end: libc memory, and counters of what came out of it. */
#ifndef SWCXL_TESTS_DEVICE_H
#define SWCXL_TESTS_DEVICE_H

#include "swcxl/swcxl.h"

struct test_device {
	struct swcxl_dev *dev;
	struct swcxl_cci *cci;
	struct swcxl_host host;
	size_t allocated;		 /* blocks alive */
	long fail_after;		 /* allocations until one fails; -1: never */
	unsigned notices[SWCXL_NOTICES]; /* by kind */
	struct swcxl_notice last;	 /* background completed */
	struct swcxl_notice last_extent; /* what became of it */
	void (*hear)(const struct swcxl_notice *notice); /* all of them, when it is set */
	unsigned irqs[SWCXL_MSIX_VECTORS];
	bool mailbox_used; /* since the last reset; no: there is the control channel alone */
	uint64_t ticket;   /* what the device is told to wait for */
	uint64_t changes;
	struct swcxl_dev *shadow; /* gets every change, when there is one */
	int shadow_error;
};

/* Aborts when there is none to be had. */
void test_device_open(struct test_device *t, const struct swcxl_config *config);
/* Frees it; aborts when it leaked. */
void test_device_close(struct test_device *t);

/* Executes a command on the control channel; out: room for the payload. */
unsigned test_execute(struct test_device *t, unsigned opcode, const void *in, size_t in_len,
		      uint8_t *out, size_t *out_len);

/* Are the states that two devices would save the same? */
bool test_same_state(const struct swcxl_dev *a, const struct swcxl_dev *b);

#endif
