/* SPDX-License-Identifier: MIT */
/* What the parts of the model test have in common. */
#ifndef SWCXL_TESTS_MODEL_TEST_H
#define SWCXL_TESTS_MODEL_TEST_H

#include "device.h"
#include "naive.h"

#define PAYLOAD 512u

extern struct naive model;
extern struct test_device t;
extern char what[160]; /* is being done */

#define CHECK(cond)                                             \
	do {                                                    \
		if (!(cond))                                    \
			test_failed(__FILE__, __LINE__, #cond); \
	} while (0)

_Noreturn void test_failed(const char *file, int line, const char *condition);

uint64_t below(uint64_t n);
bool one_in(unsigned n);
uint64_t some_line(void); /* in play */
/* The host takes the records of a log, of which there are so many. */
void drain(unsigned log, uint32_t *records);

/* ---- dc_test.c ---- */

void choose_dc(struct swcxl_config *c);
void open_dc(void); /* a new device */
void check_dc(void);
void op_dc(void); /* one of them */

#endif
