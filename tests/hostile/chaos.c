// SPDX-License-Identifier: MIT
/*
 * These take the place of libc's functions for the program and for the libraries below it, which
 * find the executable's symbols first. Without CHAOS in the environment they do what libc does.
 */
#include "chaos.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TAKES_THE_PLACE __attribute__((visibility("default")))
#define IOV_MAX_HERE 8

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static struct chaos none, *volatile chaos = &none;

/* Where json-c is, which does not look at what it gets: see loop_has_room(). */
static uintptr_t json_start, json_end;

static int find_json(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size, (void)arg;
	if (!strstr(info->dlpi_name, "libjson-c"))
		return 0;
	json_start = info->dlpi_addr;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			json_end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
				   info->dlpi_phdr[i].p_memsz;
	return 1;
}

/* Before anything is allocated, or as soon as that can be. */
__attribute__((constructor(101))) static void chaos_open(void)
{
	const char *path = getenv("CHAOS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p = MAP_FAILED;

	if (fd >= 0) {
		p = mmap(NULL, sizeof(*chaos), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	dl_iterate_phdr(find_json, NULL);
	if (p != MAP_FAILED)
		chaos = p;
}

/* ---- memory ---- */

static bool fails(const void *caller)
{
	uint64_t n;

	if ((uintptr_t)caller - json_start < json_end - json_start)
		return false;

	__atomic_add_fetch(&chaos->allocations, 1, __ATOMIC_RELAXED);
	n = __atomic_load_n(&chaos->fail_in, __ATOMIC_RELAXED);
	if (!n)
		return false;
	if (n > 1) {
		__atomic_sub_fetch(&chaos->fail_in, 1, __ATOMIC_RELAXED);
		return false;
	}
	if (chaos->fail_for)
		chaos->fail_for--;
	else
		chaos->fail_in = 0;
	chaos->failed++;
	errno = ENOMEM;
	return true;
}

TAKES_THE_PLACE void *malloc(size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

TAKES_THE_PLACE char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

TAKES_THE_PLACE void *calloc(size_t n, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

TAKES_THE_PLACE void *realloc(void *old, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

/* ---- bytes ---- */

static bool chance(void)
{
	static _Atomic uint32_t seed = 1;
	uint32_t next = atomic_load(&seed) * 1664525 + 1013904223;

	if (!chaos->io_percent)
		return false;
	atomic_store(&seed, next);
	if ((next >> 8) % 100 >= chaos->io_percent)
		return false;
	__atomic_add_fetch(&chaos->io_hits, 1, __ATOMIC_RELAXED);
	return true;
}

/* True: with EINTR. */
static bool interrupted(void)
{
	if (!chance())
		return false;
	errno = EINTR;
	return true;
}

static size_t cut(size_t len)
{
	return len > 1 && chance() ? 1 + len / 3 : len;
}

TAKES_THE_PLACE ssize_t read(int fd, void *p, size_t len)
{
	return interrupted() ? -1 : syscall(SYS_read, fd, p, len);
}

TAKES_THE_PLACE ssize_t write(int fd, const void *p, size_t len)
{
	return interrupted() ? -1 : syscall(SYS_write, fd, p, len);
}

TAKES_THE_PLACE ssize_t pread64(int fd, void *p, size_t len, off64_t at)
{
	return interrupted() ? -1 : syscall(SYS_pread64, fd, p, cut(len), at);
}

TAKES_THE_PLACE ssize_t pwrite64(int fd, const void *p, size_t len, off64_t at)
{
	return interrupted() ? -1 : syscall(SYS_pwrite64, fd, p, cut(len), at);
}

TAKES_THE_PLACE ssize_t recv(int fd, void *p, size_t len, int flags)
{
	return interrupted() ? -1 : syscall(SYS_recvfrom, fd, p, cut(len), flags, NULL, NULL);
}

TAKES_THE_PLACE ssize_t send(int fd, const void *p, size_t len, int flags)
{
	return interrupted() ? -1 : syscall(SYS_sendto, fd, p, cut(len), flags, NULL, 0);
}

/* A message that moves less than it could. */
static bool cut_message(const struct msghdr *msg, struct msghdr *less, struct iovec *iov)
{
	size_t all = 0, left;

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		all += msg->msg_iov[i].iov_len;
	left = cut(all);
	if (left == all || msg->msg_iovlen > IOV_MAX_HERE)
		return false;
	*less = *msg;
	less->msg_iov = iov;
	memcpy(iov, msg->msg_iov, msg->msg_iovlen * sizeof(*iov));
	for (size_t i = 0; i < less->msg_iovlen; i++) {
		if (iov[i].iov_len > left)
			iov[i].iov_len = left;
		left -= iov[i].iov_len;
	}
	return true;
}

TAKES_THE_PLACE ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct iovec iov[IOV_MAX_HERE];
	struct msghdr less;

	if (interrupted())
		return -1;
	return syscall(SYS_sendmsg, fd, cut_message(msg, &less, iov) ? &less : msg, flags);
}

TAKES_THE_PLACE ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct iovec iov[IOV_MAX_HERE];
	struct msghdr less;
	ssize_t n;

	if (interrupted())
		return -1;
	if (!cut_message(msg, &less, iov))
		return syscall(SYS_recvmsg, fd, msg, flags);
	n = syscall(SYS_recvmsg, fd, &less, flags);
	less.msg_iov = msg->msg_iov;
	*msg = less;
	return n;
}

TAKES_THE_PLACE int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	return interrupted() ? -1 : (int)syscall(SYS_accept4, fd, address, len, flags);
}

/* ---- time and threads ---- */

TAKES_THE_PLACE int clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_REALTIME)
		now->tv_sec += chaos->wall_s;
	return rc;
}

TAKES_THE_PLACE int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
				   void *(*run)(void *), void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
	return chaos->no_threads ? EAGAIN : real(thread, attr, run, arg);
}
