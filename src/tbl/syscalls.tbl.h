/* SPDX-License-Identifier: MIT */
/*
 * The system calls of a daemon that is confined: all of them, with who needs each. Rows only; a row
 * macro that the including file does not define is empty.
 *
 *   CALL(when, name)                       always
 *   CALL_IF(when, name, n, mask, value)    where argument n (from 0), masked, has this value
 *   REFUSE(when, name, error)              fails with this error, and is nothing bad
 *   REFUSE_IF(when, name, n, mask, value, error)
 *
 * What is not here ends the process (swcxl(1), --sandbox). When:
 *
 *   ALWAYS
 *   STATE    with --state: SQLite, which has all of its files open by now
 *   NO_STATE without
 *   RUN      with --run
 *   CHECKED  in builds with the address sanitizer, which looks for leaks at the end
 *
 * CHILD, SELF: process ids, which the including file defines. Calls that a processor does not have
 * or that the library does not know by name are left out. What is called often stands without
 * conditions, since the kernel then decides by a bit (Linux 5.11).
 */
#ifndef CALL
#define CALL(...)
#endif
#ifndef CALL_IF
#define CALL_IF(...)
#endif
#ifndef REFUSE
#define REFUSE(...)
#endif
#ifndef REFUSE_IF
#define REFUSE_IF(...)
#endif
/* clang-format off */

/* loop: libuv, whose rings would be a way around all of this */
CALL(ALWAYS, epoll_wait)
CALL(ALWAYS, epoll_pwait)
CALL(ALWAYS, epoll_pwait2)
CALL(ALWAYS, epoll_ctl)
CALL_IF(ALWAYS, ioctl, 1, UINT32_MAX, FIONBIO)
CALL_IF(ALWAYS, ioctl, 1, UINT32_MAX, FIOCLEX)
CALL(ALWAYS, timerfd_create)
CALL(ALWAYS, timerfd_settime)
CALL(ALWAYS, clock_gettime)
CALL(ALWAYS, clock_getres)
CALL(ALWAYS, gettimeofday)
CALL(ALWAYS, uname)
CALL(ALWAYS, sched_yield)
REFUSE(ALWAYS, io_uring_setup, ENOSYS)
REFUSE(ALWAYS, io_uring_enter, ENOSYS)
REFUSE(ALWAYS, io_uring_register, ENOSYS)

/* front/vfio and front/qmp: they serve sockets that are there, and make none */
CALL(ALWAYS, accept4)
CALL(ALWAYS, recvmsg)
CALL(ALWAYS, sendmsg)
CALL(ALWAYS, recvfrom)
CALL(ALWAYS, sendto)
CALL(ALWAYS, getsockopt)
CALL(ALWAYS, poll)
CALL(ALWAYS, ppoll)
CALL(ALWAYS, read)
CALL(ALWAYS, write)
CALL(ALWAYS, close)
CALL(ALWAYS, fcntl)
CALL(ALWAYS, fstat)
CALL(ALWAYS, memfd_create)
CALL(ALWAYS, ftruncate)

/* daemon: signals by descriptor, the trace, names that are removed at the end */
CALL(ALWAYS, lseek)
CALL(ALWAYS, unlinkat)
CALL(ALWAYS, renameat)
CALL(ALWAYS, renameat2)
CALL(ALWAYS, newfstatat)
CALL(ALWAYS, statx)
CALL(ALWAYS, getpid)
CALL(RUN, wait4)
CALL(RUN, getpgid)
CALL_IF(RUN, kill, 0, UINT32_MAX, CHILD)
CALL_IF(RUN, kill, 0, UINT32_MAX, -CHILD)

/* state: SQLite opens its directory, to sync it, and nothing else */
CALL(STATE, pread64)
CALL(STATE, pwrite64)
CALL(STATE, fsync)
CALL(STATE, fdatasync)
CALL(STATE, unlink)
CALL(STATE, stat)
CALL(STATE, lstat)
CALL(STATE, access)
CALL(STATE, faccessat)
CALL(STATE, faccessat2)
CALL(STATE, geteuid)
CALL(STATE, nanosleep)
CALL(STATE, clock_nanosleep)
CALL_IF(STATE && !CHECKED, open, 1, O_ACCMODE | O_CREAT, O_RDONLY)
CALL_IF(STATE && !CHECKED, openat, 2, O_ACCMODE | O_CREAT, O_RDONLY)
REFUSE_IF(STATE && !CHECKED, openat, 2, O_ACCMODE, O_WRONLY, EACCES)
REFUSE_IF(STATE && !CHECKED, openat, 2, O_ACCMODE, O_RDWR, EACCES)

/* libc: memory that is not code, threads that are no processes, the end */
CALL(ALWAYS, brk)
CALL(ALWAYS, munmap)
CALL(ALWAYS, mremap)
CALL(ALWAYS, madvise)
CALL_IF(ALWAYS, mmap, 2, PROT_EXEC, 0)
CALL_IF(ALWAYS, mprotect, 2, PROT_EXEC, 0)
CALL(ALWAYS, futex)
CALL(ALWAYS, futex_waitv)
CALL_IF(ALWAYS, clone, 0, CLONE_VM | CLONE_THREAD, CLONE_VM | CLONE_THREAD)
REFUSE(ALWAYS, clone3, ENOSYS)
CALL(ALWAYS, set_robust_list)
CALL(ALWAYS, rseq)
CALL(ALWAYS, membarrier)
CALL(ALWAYS, sched_getaffinity)
CALL(ALWAYS, getcpu)
CALL(ALWAYS, sysinfo)
CALL(ALWAYS, getrandom)
CALL_IF(ALWAYS, prlimit64, 2, UINT64_MAX, 0)
CALL_IF(ALWAYS, prctl, 0, UINT32_MAX, PR_SET_NAME)
CALL_IF(ALWAYS, prctl, 0, UINT32_MAX, NAME_MEMORY)
CALL(ALWAYS, rt_sigprocmask)
CALL(ALWAYS, rt_sigaction)
CALL(ALWAYS, rt_sigreturn)
CALL(ALWAYS, restart_syscall)
CALL(ALWAYS, gettid)
CALL_IF(ALWAYS, tgkill, 0, UINT32_MAX, SELF)
CALL(ALWAYS, exit)
CALL(ALWAYS, exit_group)
REFUSE(NO_STATE && !CHECKED, openat, EACCES) /* it looks for files that it can do without, now and then */

/* the address sanitizer, and its search for leaks, which stops threads as a debugger does */
CALL(CHECKED, clone)
CALL(CHECKED, ptrace)
CALL(CHECKED, prctl)
CALL(CHECKED, wait4)
CALL(CHECKED, open)
CALL(CHECKED, openat)
CALL(CHECKED, getdents)
CALL(CHECKED, getdents64)
CALL(CHECKED, readlink)
CALL(CHECKED, readlinkat)
CALL(CHECKED, sigaltstack)
CALL(CHECKED, getppid)
CALL(CHECKED, mmap)
CALL(CHECKED, mprotect)
CALL(CHECKED, dup)
CALL(CHECKED, dup2)
CALL(CHECKED, ioctl)
CALL(CHECKED, stat)
CALL(CHECKED, kill)
CALL(CHECKED, tkill)
CALL(CHECKED, process_vm_readv)
/* clang-format on */
#undef CALL
#undef CALL_IF
#undef REFUSE
#undef REFUSE_IF
