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

/* How a run goes: before each step it is asked whether it does. */
struct model_run {
	bool (*goes_on)(uint64_t step);
	uint64_t life;	  /* steps of a device; 0: there is one only */
	uint32_t records; /* that a log may have before the host takes them all */
};
void op_power(void); /* it goes, and comes back */
int model_run(uint64_t seed, const struct model_run *run);

/* ---- dc_test.c ---- */

void choose_dc(struct swcxl_config *c);
void open_dc(void); /* a new device */
void check_dc(void);
void op_dc(void); /* one of them */
void op_drain_dc(void);

#endif
