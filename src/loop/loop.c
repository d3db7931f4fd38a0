// SPDX-License-Identifier: MIT
/*
 * One libuv loop, one device, one timer.
 *
 * The device says when it next has something to do; the loop sleeps until then and no longer, so
 * an idle device costs no wake-ups. Deadlines are nanoseconds and libuv's timers milliseconds, so
 * a deadline is rounded up to the millisecond that has certainly passed it: being late harms
 * nothing, being early would cost a second wake-up.
 *
 * The hold (D-34): a background operation of a few microseconds would be over before anybody
 * could see it run, because the next front end's loop_tick() would take the device past its end.
 * For HOLD_NS of real time after a start, loop_tick() therefore repeats the time of the start.
 * Then the device catches up with the clock in one step, which is as long as the hold and no
 * longer, so its clock never drifts from the machine's. With the virtual clock there is nothing to
 * hold: time stands still anyway until somebody steps it.
 */
#include "loop/loop.h"

#include "base/util.h"
#include "loop/memory.h"
#include "swcxl/swcxl.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

/* Longer than a guest under emulation, or a script at the control socket, needs for its first
 * look; short for a person. */
#define HOLD_NS (20 * NS_PER_MS)

/*
 * After some activity the loop stays awake for twice as long as the last of those pauses took after
 * which something happened again, since it will most likely happen again; that is forgotten slowly.
 * Where it does not pay, several times in a row, it is left, and only tried again now and then: on
 * one processor with us, a guest can do nothing for as long as we wait for it.
 * Then it sleeps for an eighth of the time for which nothing has happened, so that what is found
 * is found with little more delay than it already has, and never for longer than is asked for.
 */
#define HOT_MIN_NS (100 * NS_PER_US)
#define HOT_MAX_NS NS_PER_MS
#define MISSES 3
#define RETRY_EVERY 64
#define LOOKS 64 /* in a row, before descriptors are seen to: about as long as that takes */
#define INTERVAL_MIN_NS (20 * NS_PER_US)

/* A function to be called. */
struct hook {
	loop_hook *fn;
	void *ctx;
};

/* Looking for what nothing tells of. */
struct look {
	loop_look_fn *fn;
	void *ctx;
	int timer; /* a timerfd, since libuv's timers are of milliseconds; -1: none */
	struct loop_watch *watch;
	uint64_t period, interval; /* at most, and now; ns */
	uint64_t active;	   /* when something last happened, on uv_hrtime() */
	uint64_t hot;		   /* for how long to stay awake after it; ns */
	unsigned misses;	   /* how often the next came soon, but not while awake */
};

struct loop {
	uv_loop_t uv;
	uv_idle_t hot; /* libuv's name for what keeps it from sleeping */
	struct look look;
	uv_idle_t soon; /* started: there are watches to be called */
	uv_timer_t timer;
	uv_timer_t alarm;
	uv_prepare_t sleep; /* libuv's name for what comes before sleeping */
	uv_work_t work, first_work;
	uv_sem_t work_ended;
	struct hook on_alarm, on_sleep, on_work, on_work_done;
	struct swcxl_dev *dev;
	bool virtual_clock;
	int status;
	uint64_t virtual_ns;
	uint64_t start_hr;   /* uv_hrtime() at device time 0 */
	uint64_t now_ns;     /* the device's time: of the last loop_tick() */
	uint64_t deadline;   /* the device's, in its own time */
	uint64_t hold_until; /* until then on the clock, now_ns stands still */
};

struct loop_watch {
	uv_poll_t poll;
	int events;
	bool soon;
	loop_fn *fn;
	void *ctx;
};

/* What the clock says, never mind the hold. */
static uint64_t clock_ns(const struct loop *loop)
{
	return loop->virtual_clock ? loop->virtual_ns : uv_hrtime() - loop->start_hr;
}

static void on_timer(uv_timer_t *timer)
{
	loop_tick(timer->data);
}

/* Arms the timer for the deadline, or for the end of the hold when that is later. */
static void arm(struct loop *loop)
{
	uint64_t due, now_ms, due_ms;

	if (loop->virtual_clock || loop->deadline == SWCXL_NO_DEADLINE) {
		uv_timer_stop(&loop->timer);
		return;
	}
	due = MAX(loop->deadline, loop->hold_until);
	if (due > UINT64_MAX - NS_PER_MS - loop->start_hr)
		due = UINT64_MAX - NS_PER_MS - loop->start_hr;
	/* uv_now() is uv_hrtime() in whole milliseconds, rounded down. */
	due_ms = (due + loop->start_hr + NS_PER_MS - 1) / NS_PER_MS;
	uv_update_time(&loop->uv);
	now_ms = uv_now(&loop->uv);
	uv_timer_start(&loop->timer, on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

void loop_tick(struct loop *loop)
{
	uint64_t now = clock_ns(loop);
	uint64_t deadline;

	if (!loop->dev)
		return;
	if (now >= loop->hold_until)
		loop->now_ns = now;
	deadline = swcxl_advance(loop->dev, loop->now_ns);
	/* A timer that has fired is no longer armed, so an overdue deadline is armed again. */
	if (deadline == loop->deadline && uv_is_active((uv_handle_t *)&loop->timer))
		return;
	loop->deadline = deadline;
	arm(loop);
}

void loop_background_started(struct loop *loop)
{
	if (loop->virtual_clock)
		return;
	loop->hold_until = clock_ns(loop) + HOLD_NS;
	arm(loop);
}

void loop_deadline_moved(struct loop *loop, uint64_t deadline_ns)
{
	loop->deadline = deadline_ns;
	arm(loop);
}

bool loop_is_virtual(const struct loop *loop)
{
	return loop->virtual_clock;
}

uint64_t loop_step(struct loop *loop, uint64_t nanoseconds, bool *ok)
{
	*ok = loop->virtual_clock;
	if (loop->virtual_clock) {
		/* The end of time is not a time: SWCXL_NO_DEADLINE. */
		loop->virtual_ns = nanoseconds < SWCXL_NO_DEADLINE - 1 - loop->virtual_ns
					   ? loop->virtual_ns + nanoseconds
					   : SWCXL_NO_DEADLINE - 1;
		loop_tick(loop);
	}
	return clock_ns(loop);
}

uint64_t loop_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

bool loop_has_room(size_t bytes)
{
	void *volatile p = malloc(bytes); /* a compiler would do without */
	bool has = p;

	free(p);
	return has;
}

uint64_t loop_elapsed_ns(void)
{
	return uv_hrtime();
}

/* ---- watches -------------------------------------------------------------------------------- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct loop_watch *watch = poll->data;
	int ready = (events & UV_READABLE ? LOOP_READABLE : 0) |
		    (events & UV_WRITABLE ? LOOP_WRITABLE : 0);

	/* An error on the descriptor shows itself in the read or write that it provokes. libuv
	 * has stopped polling it, so a callback that keeps the watch must say so again. */
	if (status < 0) {
		ready = watch->events;
		watch->events = 0;
	}
	watch->fn(watch->ctx, ready);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void loop_want(struct loop_watch *watch, int events)
{
	int wanted = (events & LOOP_READABLE ? UV_READABLE : 0) |
		     (events & LOOP_WRITABLE ? UV_WRITABLE : 0);

	if (events == watch->events)
		return;
	watch->events = events;
	if (wanted)
		uv_poll_start(&watch->poll, wanted, on_poll);
	else
		uv_poll_stop(&watch->poll);
}

struct loop_watch *loop_watch(struct loop *loop, int fd, int events, loop_fn *fn, void *ctx)
{
	struct loop_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	if (uv_poll_init(&loop->uv, &watch->poll, fd)) {
		free(watch);
		return NULL;
	}
	watch->poll.data = watch;
	watch->fn = fn;
	watch->ctx = ctx;
	loop_want(watch, events);
	return watch;
}

static void call_soon(uv_handle_t *handle, void *ctx)
{
	struct loop_watch *watch = handle->data;

	(void)ctx;
	if (handle->type != UV_POLL || uv_is_closing(handle) || !watch->soon)
		return;
	watch->soon = false;
	watch->fn(watch->ctx, 0);
}

static void on_soon(uv_idle_t *idle)
{
	uv_idle_stop(idle); /* what is called may start it again */
	uv_walk(idle->loop, call_soon, NULL);
}

void loop_soon(struct loop_watch *watch)
{
	struct loop *loop = watch->poll.loop->data;

	watch->soon = true;
	uv_idle_start(&loop->soon, on_soon);
}

void loop_unwatch(struct loop_watch *watch)
{
	if (watch)
		uv_close((uv_handle_t *)&watch->poll, on_closed);
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static void call(const struct hook *hook)
{
	if (hook->fn)
		hook->fn(hook->ctx);
}

static void on_prepare(uv_prepare_t *prepare)
{
	const struct loop *loop = prepare->data;

	call(&loop->on_sleep);
}

void loop_before_sleep(struct loop *loop, loop_hook *fn, void *ctx)
{
	loop->on_sleep = (struct hook){fn, ctx};
	uv_prepare_start(&loop->sleep, on_prepare);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void arm_look(struct loop *loop)
{
	struct look *look = &loop->look;
	uint64_t interval = MAX((uv_hrtime() - look->active) / 8, INTERVAL_MIN_NS);
	struct itimerspec when;

	interval = MIN(interval, look->period);
	if (!look->fn || interval == look->interval)
		return;
	look->interval = interval;
	when.it_value.tv_sec = (time_t)(interval / NS_PER_S);
	when.it_value.tv_nsec = (long)(interval % NS_PER_S);
	when.it_interval = when.it_value;
	timerfd_settime(look->timer, 0, &when, NULL);
}

static uint64_t stay_awake(const struct look *look)
{
	return look->misses < MISSES || look->misses % RETRY_EVERY == 0 ? look->hot : 0;
}

/* Between two of these, libuv sees to what is ready without sleeping. */
static void on_hot(uv_idle_t *idle)
{
	struct loop *loop = idle->data;
	struct look *look = &loop->look;
	bool found = false;

	for (unsigned i = 0; look->fn && i < LOOKS && !found; i++)
		found = look->fn(look->ctx, false);
	if (found) {
		loop_hot(loop);
	} else if (uv_hrtime() - look->active >= stay_awake(look)) {
		uv_idle_stop(idle);
		arm_look(loop);
	}
}

void loop_hot(struct loop *loop)
{
	struct look *look = &loop->look;
	uint64_t now = uv_hrtime(), pause = now - look->active;

	if (uv_is_active((uv_handle_t *)&loop->hot))
		look->misses = 0;
	else if (pause < HOT_MAX_NS)
		look->misses++;
	look->hot -= look->hot / 8;
	if (pause < HOT_MAX_NS)
		look->hot = MAX(look->hot, MIN(2 * pause, HOT_MAX_NS));
	look->hot = MAX(look->hot, HOT_MIN_NS);
	look->active = now;
	uv_idle_start(&loop->hot, on_hot);
}

static void on_look(void *ctx, int events)
{
	struct loop *loop = ctx;
	struct look *look = &loop->look;
	uint64_t times;

	(void)events;
	if (read(look->timer, &times, sizeof(times)) != sizeof(times))
		return;
	if (look->fn(look->ctx, true))
		loop_hot(loop);
	else
		arm_look(loop);
}

static void stop_looking(struct loop *loop)
{
	struct look *look = &loop->look;

	loop_unwatch(look->watch);
	if (look->timer >= 0)
		close(look->timer);
	*look = (struct look){
		.timer = -1, .active = look->active, .hot = look->hot, .misses = look->misses};
}

bool loop_look(struct loop *loop, uint64_t period_ns, loop_look_fn *fn, void *ctx)
{
	struct look *look = &loop->look;

	stop_looking(loop);
	if (!fn)
		return true;
	look->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (look->timer < 0)
		return false;
	look->watch = loop_watch(loop, look->timer, LOOP_READABLE, on_look, loop);
	if (!look->watch)
		return false;
	look->fn = fn;
	look->ctx = ctx;
	look->period = period_ns;
	arm_look(loop);
	return true;
}

static void on_alarm(uv_timer_t *timer)
{
	const struct loop *loop = timer->data;

	call(&loop->on_alarm);
}

void loop_alarm(struct loop *loop, uint64_t ms, loop_hook *fn, void *ctx)
{
	loop->on_alarm = (struct hook){fn, ctx};
	uv_update_time(&loop->uv);
	uv_timer_start(&loop->alarm, on_alarm, ms, 0);
}

static void on_work(uv_work_t *work)
{
	struct loop *loop = work->data;

	call(&loop->on_work);
	uv_sem_post(&loop->work_ended);
}

static void work_done(struct loop *loop)
{
	struct hook done = loop->on_work_done;

	uv_sem_wait(&loop->work_ended);
	loop->on_work_done = (struct hook){0};
	call(&done); /* it may begin the next one */
}

/* Unless loop_work_wait() was earlier. */
static void after_work(uv_work_t *work, int status)
{
	struct loop *loop = work->data;

	(void)status;
	if (loop->on_work_done.fn)
		work_done(loop);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void on_first_work(uv_work_t *work)
{
	(void)work;
}

/* libuv starts its threads with its first work, and aborts when there are none: so that is seen
 * first, and then done before anybody depends on us. */
bool loop_start_worker(struct loop *loop)
{
	uv_thread_t trial;

	if (uv_thread_create(&trial, nothing, NULL))
		return false;
	uv_thread_join(&trial);
	/* It would start four, for one work at a time. */
	setenv("UV_THREADPOOL_SIZE", "1", 0);
	uv_queue_work(&loop->uv, &loop->first_work, on_first_work, NULL);
	return true;
}

void loop_work(struct loop *loop, loop_hook *work, loop_hook *done, void *ctx)
{
	assert(!loop->on_work_done.fn);
	loop->on_work = (struct hook){work, ctx};
	loop->on_work_done = (struct hook){done, ctx};
	uv_queue_work(&loop->uv, &loop->work, on_work, after_work);
}

void loop_work_wait(struct loop *loop)
{
	work_done(loop);
}

/* ---- life ----------------------------------------------------------------------------------- */

struct loop *loop_new(bool virtual_clock)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop_memory();
	if (uv_loop_init(&loop->uv)) {
		free(loop);
		return NULL;
	}
	if (uv_sem_init(&loop->work_ended, 0)) {
		uv_loop_close(&loop->uv);
		free(loop);
		return NULL;
	}
	uv_timer_init(&loop->uv, &loop->timer);
	uv_timer_init(&loop->uv, &loop->alarm);
	uv_prepare_init(&loop->uv, &loop->sleep);
	uv_idle_init(&loop->uv, &loop->hot);
	uv_idle_init(&loop->uv, &loop->soon);
	loop->timer.data = loop->alarm.data = loop->sleep.data = loop->work.data = loop;
	loop->hot.data = loop->soon.data = loop->uv.data = loop;
	loop->look.timer = -1;
	loop->virtual_clock = virtual_clock;
	loop->deadline = SWCXL_NO_DEADLINE;
	loop->start_hr = uv_hrtime();
	return loop;
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
	(void)ctx;
	if (!uv_is_closing(handle))
		uv_close(handle, handle->type == UV_POLL ? on_closed : NULL);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	stop_looking(loop);
	/* Watches that are still there go too. Their close callbacks need a turn of the loop, and
	 * a loop_stop() that nobody ran into another one. */
	uv_walk(&loop->uv, close_handle, NULL);
	while (uv_loop_close(&loop->uv) == UV_EBUSY)
		uv_run(&loop->uv, UV_RUN_DEFAULT);
	uv_sem_destroy(&loop->work_ended);
	free(loop);
}

void loop_attach(struct loop *loop, struct swcxl_dev *dev)
{
	assert(!loop->dev);
	loop->dev = dev;
	loop_tick(loop);
}

int loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	return loop->status;
}

void loop_stop(struct loop *loop, int status)
{
	loop->status = status;
	uv_stop(&loop->uv);
}
