/* SPDX-License-Identifier: MIT */
/*
 * The event loop (libuv) and the clock of the one device it drives: the only code that knows what
 * time it is. Everything runs on one thread, but for loop_work().
 */
#ifndef SWCXL_LOOP_H
#define SWCXL_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct swcxl_dev;
struct loop;
struct loop_watch;

enum { LOOP_READABLE = 1, LOOP_WRITABLE = 2 };

/* NULL when the system has no resources for one. virtual_clock: time moves by loop_step() only. */
struct loop *loop_new(bool virtual_clock);
void loop_free(struct loop *loop);

/* The device whose deadlines the loop keeps; it must outlive loop_free(). Once. */
void loop_attach(struct loop *loop, struct swcxl_dev *dev);

/*
 * Brings the device to the present: every front end calls it before it touches the device.
 * After a background operation has started, real time is held for a moment, so that even the
 * shortest operation is seen running (D-34); loop_background_started() is told of the start.
 */
void loop_tick(struct loop *loop);
void loop_background_started(struct loop *loop);

/* To be called from swcxl_host.deadline. */
void loop_deadline_moved(struct loop *loop, uint64_t deadline_ns);

bool loop_is_virtual(const struct loop *loop);

/* Virtual clock: moves time on and returns the new time. *ok is false with the real clock. */
uint64_t loop_step(struct loop *loop, uint64_t nanoseconds, bool *ok);

/* Microseconds since 1970, for people: the device has nothing to do with it. */
uint64_t loop_wall_us(void);

/* For how long something takes or waits: nobody sets this clock. With a virtual clock, too. */
uint64_t loop_elapsed_ns(void);

/* Whoever handles what one peer has sent stops after so long, between two commands, and goes on in
 * another turn of the loop: what a peer asks for may cost much, and the others wait meanwhile. */
#define LOOP_TURN_NS 5000000u

/* Could so much memory be had now? For libraries that take theirs piece by piece and do not look
 * at what they get: what is asked for here and given back is what they find. */
bool loop_has_room(size_t bytes);

/* Calls fn(ctx, events) whenever fd is ready for what is wanted (LOOP_ bits; 0 sleeps).
 * NULL: no memory. The fd stays the caller's; unwatch before closing it; unwatching and changing
 * the wanted events is allowed inside fn. */
typedef void loop_fn(void *ctx, int events);
struct loop_watch *loop_watch(struct loop *loop, int fd, int events, loop_fn *fn, void *ctx);
void loop_want(struct loop_watch *watch, int events);
void loop_unwatch(struct loop_watch *watch);

/* Calls the watch's fn(ctx, 0) once, in the next turn of the loop, whatever its fd is ready for. */
void loop_soon(struct loop_watch *watch);

/* Calls fn(ctx) whenever all that was ready has been handled, before the loop sleeps. Once. */
typedef void loop_hook(void *ctx);
void loop_before_sleep(struct loop *loop, loop_hook *fn, void *ctx);

/*
 * Looks for what nothing tells of, memory that a peer writes: fn(ctx, true) is called every
 * period_ns. After loop_hot() or a call that returned true more will come, so fn(ctx, false) is
 * called over and over for a short while, and then fn(ctx, true) with growing pauses. One at a
 * time; fn NULL ends it. False: the system has no timer for it.
 */
typedef bool loop_look_fn(void *ctx, bool due);
bool loop_look(struct loop *loop, uint64_t period_ns, loop_look_fn *fn, void *ctx);
void loop_hot(struct loop *loop);

/* Starts the thread for loop_work(). False: the system has none to give. */
bool loop_start_worker(struct loop *loop);

/* Runs work(ctx) on another thread and then done(ctx) in the loop. One at a time.
 * loop_work_wait(): waits for the end of it, calls done(ctx) at once, and was the last of it. */
void loop_work(struct loop *loop, loop_hook *work, loop_hook *done, void *ctx);
void loop_work_wait(struct loop *loop);

/* Calls fn(ctx) once, so many milliseconds of real time later. One at a time. */
void loop_alarm(struct loop *loop, uint64_t ms, loop_hook *fn, void *ctx);

/* Runs until loop_stop(); returns its status. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int status);

#endif
