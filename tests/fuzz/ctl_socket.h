/* SPDX-License-Identifier: MIT */
/* The control socket of a device, without a socket, and with a liar on the way (ctl_socket.c). */
#ifndef SWCXL_TESTS_CTL_SOCKET_H
#define SWCXL_TESTS_CTL_SOCKET_H

#include <stdint.h>

struct input;
struct test_device;

#define GONE 99 /* the status of a program that was stopped */

_Noreturn void fuzz_ctl_exit(int status);

/* From now on the device's time is for ctl_socket_pass() alone. */
void ctl_socket_open(struct test_device *t, struct input *in);
void ctl_socket_close(void);
void ctl_socket_pass(uint64_t ns);

#endif
