/* SPDX-License-Identifier: MIT */
/*
 * Comes before all of swcxlctl's files in fuzz_ctl: what the program asks of the system goes to the
 * target, which has a clock, a control socket and files of its own, and takes back what a program
 * that ends leaves to the system. The system's headers come first, for their names are not meant.
 */
#ifndef SWCXL_TESTS_CTL_FAKES_H
#define SWCXL_TESTS_CTL_FAKES_H

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The process (fuzz_ctl.c). */
int ctl_main(int argc, char **argv);
int fuzz_ctl_sleep(useconds_t us);
int fuzz_ctl_clock(clockid_t id, struct timespec *now);
int fuzz_ctl_exec(const char *program, ...);
void *fuzz_ctl_realloc(void *old, size_t size);
void fuzz_ctl_free(void *p);
FILE *fuzz_ctl_fopen(const char *path, const char *mode);
int fuzz_ctl_fclose(FILE *file);

/* The control socket (ctl_socket.c). */
int fuzz_ctl_connect(void);
int fuzz_ctl_poll(struct pollfd *fds, int timeout);
ssize_t fuzz_ctl_read(void *to, size_t size);
ssize_t fuzz_ctl_send(const void *from, size_t size);

#define main ctl_main
#define usleep fuzz_ctl_sleep
#define clock_gettime(id, now) fuzz_ctl_clock(id, now)
#define execlp fuzz_ctl_exec
#define realloc(old, size) fuzz_ctl_realloc(old, size)
#define free(p) fuzz_ctl_free(p)
#define fopen(path, mode) fuzz_ctl_fopen(path, mode)
#define fclose(file) fuzz_ctl_fclose(file)
#define rename(from, to) ((void)(from), (void)(to), -1)
#define isatty(fd) ((void)(fd), 0)

/* src/front/qmp has commands of these names as well. */
#define cmd_cci ctl_cmd_cci
#define cmd_clock_step ctl_cmd_clock_step
#define cmd_fault ctl_cmd_fault
#define cmd_reset ctl_cmd_reset

/* No descriptor that there is: it can be closed. */
#define socket(domain, type, protocol) ((domain) && (type) && !(protocol) ? 1 << 20 : -1)
#define connect(fd, address, len) ((void)(fd), (void)(address), (void)(len), fuzz_ctl_connect())
#define fcntl(fd, command, value) ((void)(fd), (void)(command), (void)(value), 0)
#define poll(fds, count, timeout) ((void)(count), fuzz_ctl_poll(fds, timeout))
#define read(fd, to, size) ((void)(fd), fuzz_ctl_read(to, size))
#define send(fd, from, size, flags) ((void)(fd), (void)(flags), fuzz_ctl_send(from, size))

#endif
