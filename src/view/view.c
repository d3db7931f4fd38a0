// SPDX-License-Identifier: MIT
/*
 * Asking a device again and again. Requests are answered in their order, so those that wait are a
 * queue of who wants the answer. A sample begins with what the device is; the answer to that says
 * what else there is to ask, and the answer to the last of it ends the sample and shows it whole.
 *
 * The sums over cells are put together beside: so many parts of the way through all ranges with
 * each sample, and shown when a way has ended. Only the first way is shown as it goes.
 */
#include "view/view.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/util.h"
#include "client/conn.h"
#include "client/json.h"
#include "client/why.h"
#include "swcxl/swcxl.h"
#include "view/sample.h"

#define QUEUE 64	 /* requests that wait for an answer */
#define OTHERS 32	 /* of them so many may be there when another one of the user's comes */
#define MAP_PARTS 8	 /* in a sample: 131072 ranges */
#define REPLY_MS 30000	 /* the device has ended, or hangs */
#define GREETING_MS 5000 /* and then it may be something else */
#define AGAIN_MS 1000	 /* between attempts to connect */
#define RECORDS (VIEW_RECORDS / VIEW_LOGS)

struct request {
	view_done *done;
	void *ctx;
};

struct view {
	char *path;
	unsigned interval_ms;
	bool rows; /* are wanted */
	struct conn conn;
	bool greeted;
	struct request queue[QUEUE];
	unsigned first, waiting;
	int64_t due;	  /* when to connect, or to begin a sample */
	int64_t deadline; /* of the next answer */
	unsigned asked;	  /* answers that the sample waits for; 0: there is none */
	bool changed;

	struct view_state state, next; /* shown, and coming */
	struct cell cells[VIEW_CELLS]; /* of the way that is not at its end */
	uint64_t map_from;	       /* where it has arrived */
	unsigned map_parts;	       /* in this sample */
	bool mapped;		       /* a way has ended */
	int64_t stats_ms;	       /* when they came, 0: never */
	struct log_ctx {
		struct view *view;
		unsigned log;
	} logs[VIEW_LOGS];
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / (int64_t)NS_PER_MS;
}

struct view *view_open(const char *path, unsigned interval_ms, bool rows)
{
	struct view *view = calloc(1, sizeof(*view));

	if (view)
		view->path = strdup(path);
	if (!view || !view->path) {
		free(view);
		return NULL;
	}
	view->interval_ms = interval_ms;
	view->rows = rows;
	view->conn.fd = -1;
	snprintf(view->state.why, sizeof(view->state.why), "Not connected to %.180s yet", path);
	return view;
}

const struct view_state *view_state(const struct view *view)
{
	return &view->state;
}

/* ---- connection ------------------------------------------------------------------------------ */

__attribute__((format(printf, 2, 3))) static void disconnect(struct view *view, const char *format,
							     ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(view->state.why, sizeof(view->state.why), format, args);
	va_end(args);
	conn_close(&view->conn);
	view->state.connected = view->greeted = false;
	view->changed = true;
	view->asked = 0;
	view->due = now_ms() + AGAIN_MS;
	while (view->waiting) {
		struct request request = view->queue[view->first];

		view->first = (view->first + 1) % QUEUE;
		view->waiting--;
		request.done(request.ctx, NULL, view->state.why);
	}
}

static void connection_failed(struct view *view, enum conn_status status)
{
	switch (status) {
	case CONN_CLOSED:
		disconnect(view,
			   "The device at %.150s closed the connection: it has ended, or has too "
			   "many control clients",
			   view->path);
		break;
	case CONN_NO_LINES:
	case CONN_NO_JSON:
		disconnect(view, "%.180s does not talk QMP: is it a control socket?", view->path);
		break;
	case CONN_NO_MEMORY:
		disconnect(view, "Out of memory");
		break;
	default:
		disconnect(view, "The connection to %.180s failed: %s", view->path,
			   strerror(view->conn.error));
	}
}

static void send_request(struct view *view, const char *command, struct json_object *args,
			 view_done *done, void *ctx)
{
	struct json_object *request = json_object_new_object();
	enum conn_status status;

	add_string(request, "execute", command);
	if (args)
		json_object_object_add(request, "arguments", args);
	if (!view->waiting)
		view->deadline = now_ms() + REPLY_MS;
	view->queue[(view->first + view->waiting++) % QUEUE] = (struct request){done, ctx};
	status = conn_send(&view->conn, request);
	if (status != CONN_OK && status != CONN_WAIT)
		connection_failed(view, status);
}

static void negotiated(void *ctx, struct json_object *value, const char *error)
{
	struct view *view = ctx;

	(void)value;
	if (error && view->conn.fd >= 0)
		disconnect(view, "%.100s refuses: %.120s", view->path, error);
}

static void connect_now(struct view *view)
{
	if (!conn_open(&view->conn, view->path, false)) {
		char why[WHY_SIZE];

		why_unconnected(why, view->path, "", view->conn.error);
		disconnect(view, "%s", why);
		return;
	}
	view->deadline = now_ms() + GREETING_MS;
	memset(&view->next, 0, sizeof(view->next));
	memset(view->cells, 0, sizeof(view->cells));
	view->map_from = 0;
	view->mapped = false;
	view->stats_ms = 0;
}

/* ---- a sample -------------------------------------------------------------------------------- */

static void ask(struct view *view, const char *command, struct json_object *args, view_done *done,
		void *ctx)
{
	if (view->conn.fd < 0) { /* it went with the request before */
		json_object_put(args);
		return;
	}
	view->asked++;
	send_request(view, command, args, done, ctx);
}

/* Counts an answer of the sample. False: it is of no use, and the connection is given up. */
static bool answered(struct view *view, const char *error)
{
	if (view->conn.fd < 0)
		return false;
	view->asked--;
	if (error)
		disconnect(view,
			   "The device at %.100s is not one of this version, or cannot answer: "
			   "%.100s",
			   view->path, error);
	return !error;
}

/* Shows the sample if this was its last answer. */
static void end_answer(struct view *view)
{
	uint64_t number = view->state.number;

	if (view->asked)
		return;
	view->state = view->next;
	view->state.number = number + 1;
	view->state.connected = true;
	view->changed = true;
}

static void ask_map(struct view *view);

static void got_map(void *ctx, struct json_object *value, const char *error)
{
	struct view *view = ctx;
	struct view_state *next = &view->next;
	size_t bytes = sizeof(next->cells);

	if (!answered(view, error))
		return;
	view->map_from = sample_map(view->cells, VIEW_CELLS, 0, next->cell_size, value);
	if (view->map_from < next->device.capacity && ++view->map_parts < MAP_PARTS) {
		ask_map(view);
		return;
	}
	if (view->map_from >= next->device.capacity) {
		memcpy(next->cells, view->cells, bytes);
		memset(view->cells, 0, bytes);
		view->map_from = 0;
		view->mapped = true;
		next->cells_to = next->device.capacity;
	} else if (!view->mapped) {
		memcpy(next->cells, view->cells, bytes);
		next->cells_to = view->map_from;
	}
	end_answer(view);
}

static void ask_map(struct view *view)
{
	struct json_object *args = json_object_new_object();

	add_number(args, "cell", view->next.cell_size);
	add_number(args, "start", view->map_from);
	ask(view, "swcxl-query-map", args, got_map, view);
}

static void got_stats(void *ctx, struct json_object *value, const char *error)
{
	struct view *view = ctx;
	int64_t now = now_ms();

	if (!answered(view, error))
		return;
	sample_stats(&view->next, value, view->stats_ms ? now - view->stats_ms : 0);
	view->stats_ms = now;
	end_answer(view);
}

static void got_rows(void *ctx, struct json_object *value, const char *error)
{
	struct view *view = ctx;

	if (!answered(view, error))
		return;
	sample_poison(&view->next, value);
	end_answer(view);
}

static void got_events(void *ctx, struct json_object *value, const char *error)
{
	struct log_ctx *log = ctx;

	if (!answered(log->view, error))
		return;
	sample_events(&log->view->next, log->log, value);
	end_answer(log->view);
}

static void ask_max(struct view *view, const char *command, const char *log, unsigned max,
		    view_done *done, void *ctx)
{
	struct json_object *args = json_object_new_object();

	if (log)
		add_string(args, "log", log);
	add_number(args, "max", max);
	ask(view, command, args, done, ctx);
}

static void set_cells(struct view *view)
{
	struct view_state *next = &view->next;
	uint64_t lines = next->device.capacity / SWCXL_LINE;
	uint64_t size = cells_size(lines, VIEW_CELLS) * SWCXL_LINE;

	if (size != next->cell_size) {
		memset(view->cells, 0, sizeof(view->cells));
		view->map_from = 0;
	}
	next->cell_size = size;
	next->cell_count = (size_t)((next->device.capacity + size - 1) / size);
}

static void got_device(void *ctx, struct json_object *value, const char *error)
{
	struct view *view = ctx;

	if (!answered(view, error))
		return;
	sample_device(&view->next, value);
	set_cells(view);
	view->next.record_count = 0;
	view->map_parts = 0;
	ask(view, "swcxl-query-stats", NULL, got_stats, view);
	if (view->rows)
		ask_max(view, "swcxl-query-poison", NULL, VIEW_ROWS + 1, got_rows, view);
	for (unsigned i = 0; i < VIEW_LOGS; i++) {
		view->logs[i] = (struct log_ctx){view, i};
		if (view->next.logs[i].count)
			ask_max(view, "swcxl-query-events", view->next.logs[i].name, RECORDS,
				got_events, &view->logs[i]);
	}
	ask_map(view);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void take_answer(struct view *view, struct json_object *object)
{
	struct json_object *error = get_member(object, "error");
	struct request request;

	if (!view->greeted) {
		if (!get_member(object, "QMP")) {
			connection_failed(view, CONN_NO_JSON);
			return;
		}
		view->greeted = true;
		send_request(view, "qmp_capabilities", NULL, negotiated, view);
		return;
	}
	if (get_member(object, "event") || !view->waiting)
		return;
	request = view->queue[view->first];
	view->first = (view->first + 1) % QUEUE;
	view->waiting--;
	view->deadline = now_ms() + REPLY_MS;
	request.done(request.ctx, get_member(object, "return"),
		     error ? get_string(error, "desc") : NULL);
}

static void receive(struct view *view)
{
	while (view->conn.fd >= 0) {
		struct json_object *object;
		enum conn_status status = conn_receive(&view->conn, &object);

		if (status == CONN_WAIT)
			return;
		if (status != CONN_OK) {
			connection_failed(view, status);
			return;
		}
		take_answer(view, object);
		json_object_put(object);
	}
}

static bool expects(const struct view *view)
{
	return view->conn.fd >= 0 && (!view->greeted || view->waiting);
}

/* Since the last step: the connection may also go with a request between two steps. */
static bool take_changed(struct view *view)
{
	bool changed = view->changed;

	view->changed = false;
	return changed;
}

bool view_step(struct view *view)
{
	int64_t now = now_ms();
	enum conn_status status;

	if (view->conn.fd < 0 && now >= view->due)
		connect_now(view);
	if (view->conn.fd < 0)
		return take_changed(view);
	status = conn_flush(&view->conn);
	if (status != CONN_OK && status != CONN_WAIT)
		connection_failed(view, status);
	receive(view);
	if (expects(view) && now >= view->deadline)
		disconnect(view, "The device at %.180s does not answer", view->path);
	if (view->greeted && !view->asked && now >= view->due) {
		view->due = now + view->interval_ms;
		ask(view, "swcxl-query-device", NULL, got_device, view);
	}
	return take_changed(view);
}

int view_fd(const struct view *view)
{
	return view->conn.fd;
}

short view_poll_events(const struct view *view)
{
	return view->conn.unsent ? POLLIN | POLLOUT : POLLIN;
}

int view_timeout_ms(const struct view *view)
{
	int64_t now = now_ms(), when = INT64_MAX;

	if (view->conn.fd < 0 || (view->greeted && !view->asked))
		when = view->due;
	if (expects(view))
		when = MIN(when, view->deadline);
	return (int)MIN(MAX(when - now, 0), 60000);
}

void view_hurry(struct view *view)
{
	view->due = MIN(view->due, now_ms());
}

bool view_execute(struct view *view, const char *command, struct json_object *args, view_done *done,
		  void *ctx)
{
	if (!view->greeted || view->waiting >= OTHERS) {
		json_object_put(args);
		return false;
	}
	send_request(view, command, args, done, ctx);
	return true;
}

void view_close(struct view *view)
{
	if (!view)
		return;
	disconnect(view, "The view was closed");
	free(view->path);
	free(view);
}
