// SPDX-License-Identifier: MIT
/*
 * The control socket as swcxlctl sees it in fuzz_ctl: behind it a conversation with a real device,
 * and on the way a liar, who looks at each line that the device sends. Nothing waits: when there is
 * nothing to read, the device's time passes.
 */
#include "ctl_socket.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "../model/device.h"
#include "base/util.h"
#include "ctl_fakes.h"
#include "ctl_script.h"
#include "front/qmp/session.h"
#include "input.h"
#include "loop/loop.h"

#undef realloc
#undef free

#define CALLS_MAX 400u /* of each kind, until the program is stopped */

struct bytes {
	char *p;
	size_t len, at, cap;
};

static struct loop *loop;
static struct qmp qmp;
static struct qmp_session *session;
static struct input *in;
static unsigned polls, sends, reads;
static struct bytes truth; /* lines of the device that were not looked at yet */
static struct bytes said;  /* what became of the last one */
static size_t piece;
static bool later; /* the last line was held back */
static enum { ALIVE, ENDED, RESET } connection;

static void put(struct bytes *b, const char *p, size_t n)
{
	if (b->at == b->len)
		b->at = b->len = 0;
	if (b->cap - b->len <= n) {
		b->cap = 2 * b->cap + n + 1;
		b->p = realloc(b->p, b->cap);
		MUST(b->p);
	}
	memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

/* ---- the device ------------------------------------------------------------------------------ */

static const char *const events[SWCXL_NOTICES] = {
	[SWCXL_NOTICE_OVERFLOW] = "SWCXL_POISON_LIST_OVERFLOW",
	[SWCXL_NOTICE_BACKGROUND_COMPLETED] = "SWCXL_BACKGROUND_COMPLETED",
	[SWCXL_NOTICE_EVENT_RECORD] = "SWCXL_EVENT_RECORD",
	[SWCXL_NOTICE_DC_EXTENT] = "SWCXL_DC_EXTENT",
};

static void on_notice(const struct swcxl_notice *notice)
{
	if (events[notice->kind])
		qmp_event(&qmp, events[notice->kind], NULL);
}

static void on_wake(void *ctx)
{
	(void)ctx;
}

void ctl_socket_open(struct test_device *t, struct input *input)
{
	static const struct qmp_host host = {.name = "mem0", .trace_path = "mem0.trace"};

	in = input;
	polls = sends = reads = 0;
	truth.at = truth.len = said.at = said.len = 0;
	connection = ALIVE;
	later = false;
	session = NULL;
	loop = loop_new(true);
	MUST(loop);
	loop_attach(loop, t->dev);
	MUST(!qmp_init(&qmp, loop, t->dev, &host));
	t->hear = on_notice;
}

void ctl_socket_close(void)
{
	if (!loop)
		return;
	qmp_fini(&qmp);
	loop_free(loop);
	loop = NULL;
}

void ctl_socket_pass(uint64_t ns)
{
	bool ok;

	loop_step(loop, ns, &ok);
}

static void fetch(void)
{
	const char *bytes;
	size_t len = qmp_session_pending(session, &bytes);

	if (!len)
		return;
	put(&truth, bytes, len);
	qmp_session_sent(session, len);
}

/* ---- lies ------------------------------------------------------------------------------------ */

/* What stands in place of a value; behind the last: it is gone, or its key is another. */
static const char *const values[] = {
	"null",
	"true",
	"false",
	"0",
	"1",
	"-1",
	"4294967296",
	"9223372036854775808",
	"18446744073709551615",
	"18446744073709551616",
	"-9223372036854775809",
	"1e300",
	"-1e300",
	"0.5",
	"\"\"",
	"\"0\"",
	"\"00\"",
	"\"-1\"",
	"\"18446744073709551615\"",
	"\"true\"",
	"\"\\u001b[2J\\u001b]0;x\\u0007\\r\\n\"",
	"\"\\u0000\"",
	"\"%s%n%99999d\"",
	"\"\\u0085\\u009b2J\\u007f\\u0080\"",
	"[]",
	"[[]]",
	"[null]",
	"[{}]",
	"[1,\"x\",null,{},[],-1]",
	"[{\"start\":18446744073709551615,\"length\":18446744073709551615}]",
	"{}",
	"{\"running\":true,\"opcode\":17156,\"percent\":-1}",
	"{\"a\":{\"b\":[{\"c\":\"\\u001b[31m\"}]}}",
};

#define GONE_VALUE ARRAY_SIZE(values)
#define OTHER_KEY (ARRAY_SIZE(values) + 1)
#define CHANGES (ARRAY_SIZE(values) + 2)

/* How many values there are in one. */
static size_t count_in(struct json_object *value)
{
	size_t n = 0;

	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach (value, key, member) {
			(void)key;
			n += 1 + count_in(member);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			n += 1 + count_in(json_object_array_get_idx(value, i));
	}
	return n;
}

static void change_member(struct json_object *object, const char *key, size_t change)
{
	if (change == OTHER_KEY)
		json_object_object_add(object, "\033[2J\n",
				       json_object_get(json_object_object_get(object, key)));
	if (change < GONE_VALUE)
		json_object_object_add(object, key, json_tokener_parse(values[change]));
	else
		json_object_object_del(object, key);
}

/* Changes one of the values in one; true: it was there. */
static bool change_in(struct json_object *value, size_t *which, size_t change)
{
	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach (value, key, member) {
			if (!(*which)--) {
				change_member(value, key, change);
				return true;
			}
			if (change_in(member, which, change))
				return true;
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			if (!(*which)--) {
				if (change < GONE_VALUE)
					json_object_array_put_idx(
						value, i, json_tokener_parse(values[change]));
				else
					json_object_array_del_idx(value, i, 1);
				return true;
			}
			if (change_in(json_object_array_get_idx(value, i), which, change))
				return true;
		}
	}
	return false;
}

static void change_values(void)
{
	struct json_object *object = json_tokener_parse(said.p);
	const char *text;

	MUST(object);
	for (unsigned n = 1 + (unsigned)take(in, 1) % 4; n > 0; n--) {
		size_t which = take(in, 2), change = take(in, 1) % CHANGES, count;

		count = count_in(object);
		which %= count ? count : 1;
		change_in(object, &which, change);
	}
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	said.len = 0;
	put(&said, text, strlen(text));
	put(&said, "\r\n", 2);
	json_object_put(object);
}

static void patch(void)
{
	for (unsigned n = (unsigned)take(in, 1) % 32; n > 0; n--) {
		size_t at = take(in, 2);

		said.p[at % said.len] = (char)take(in, 1);
	}
}

static void say_event(void)
{
	static const char *const lines[] = {
		"{\"event\": \"SWCXL_BACKGROUND_COMPLETED\"}",
		"{\"event\": \"SWCXL_POISON_LIST_OVERFLOW\", \"data\": {}}",
		"{\"event\": \"SWCXL_EVENT_RECORD\", \"return\": {}}",
		"{\"event\": \"SHUTDOWN\", \"error\": {}}",
		"{\"event\": null}",
		"{\"event\": [\"\\u001b[2J\"]}",
		"{\"event\": {}, \"timestamp\": 1}",
		"{}",
		"{\"error\": 1}",
		"{\"error\": {\"class\": 1, \"desc\": [\"\\u001b[2J\\n\"]}}",
		"{\"return\": null}",
		"{\"return\": []}",
		"[]",
		"",
	};
	const char *line = lines[take(in, 1) % ARRAY_SIZE(lines)];
	size_t len = said.len;
	char *copy = malloc(len);

	MUST(copy);
	memcpy(copy, said.p, len);
	said.len = 0;
	put(&said, line, strlen(line));
	put(&said, "\n", 1);
	put(&said, copy, len);
	free(copy);
}

/* What becomes of a line, which is not empty. False: nothing comes for now. */
static bool lie(void)
{
	size_t len;

	switch (take(in, 1) % CTL_CHOICES) {
	case CTL_LINE_VALUES:
		change_values();
		break;
	case CTL_LINE_PATCH:
		patch();
		break;
	case CTL_LINE_PIECES:
		piece = 1 + take(in, 1);
		break;
	case CTL_LINE_CUT:
		len = take(in, 2);
		said.len = MIN(said.len - 1, len);
		put(&said, "\n", 1);
		break;
	case CTL_LINE_HALF:
		len = take(in, 2);
		said.len = MIN(said.len - 1, len);
		break;
	case CTL_LINE_TWICE:
		len = said.len;
		for (size_t i = 0; i < len; i++)
			put(&said, &(char){said.p[i]}, 1);
		break;
	case CTL_LINE_EVENT:
		say_event();
		break;
	case CTL_LINE_BYTES:
		len = take(in, 2);
		len = MIN(len, in->len);
		said.len = 0;
		put(&said, (const char *)in->p, len);
		in->p += len;
		in->len -= len;
		put(&said, "\n", 1);
		break;
	case CTL_LINE_LATER:
		return false;
	case CTL_LINE_END:
		connection = ENDED;
		break;
	case CTL_LINE_RESET:
		connection = RESET;
		break;
	default:
		break;
	}
	return true;
}

/* Looks at the next line. False: there is none, or not yet. */
static bool next_line(void)
{
	size_t len;

	fetch();
	len = truth.len - truth.at;
	if (!len)
		return false;
	len = (size_t)((char *)memchr(truth.p + truth.at, '\n', len) - (truth.p + truth.at)) + 1;
	said.at = said.len = 0;
	piece = SIZE_MAX;
	put(&said, truth.p + truth.at, len);
	later = !later && !lie();
	if (later) {
		said.len = 0;
		return false;
	}
	truth.at += len;
	return true;
}

/* ---- the system calls ------------------------------------------------------------------------ */

static int fail(int error)
{
	errno = error;
	return -1;
}

int fuzz_ctl_connect(void)
{
	static const int errors[CTL_CONNECTS] = {
		[CTL_NOTHING_THERE] = ENOENT,
		[CTL_NOBODY_LISTENS] = ECONNREFUSED,
		[CTL_NOT_ALLOWED] = EACCES,
		[CTL_NO_ROOM] = EAGAIN,
	};
	size_t choice;

	MUST(loop && !session);
	choice = take(in, 1) % CTL_CHOICES;
	if (choice < CTL_CONNECTS && errors[choice])
		return fail(errors[choice]);
	session = qmp_session_new(&qmp, on_wake, NULL);
	MUST(session);
	return 0;
}

int fuzz_ctl_poll(struct pollfd *fds, int timeout)
{
	uint64_t ms = timeout < 0 ? 1000 : (unsigned)timeout;

	if (++polls > CALLS_MAX)
		fuzz_ctl_exit(GONE);
	if (!fds) {
		ctl_socket_pass(ms * NS_PER_MS);
		return 0;
	}
	fetch();
	if (fds->events & POLLOUT || said.at < said.len || truth.at < truth.len)
		return 1;
	ctl_socket_pass(ms * NS_PER_MS + 1);
	fetch();
	return timeout < 0 || truth.at < truth.len;
}

ssize_t fuzz_ctl_read(void *to, size_t size)
{
	size_t n;

	if (++reads > 64 * CALLS_MAX)
		fuzz_ctl_exit(GONE);
	if (connection == ALIVE && said.at == said.len && !next_line())
		return fail(EAGAIN);
	if (connection != ALIVE)
		return connection == ENDED ? 0 : fail(ECONNRESET);
	n = MIN(MIN(size, piece), said.len - said.at);
	memcpy(to, said.p + said.at, n);
	said.at += n;
	return n ? (ssize_t)n : fail(EAGAIN);
}

ssize_t fuzz_ctl_send(const void *from, size_t size)
{
	size_t taken = 0, n;

	if (++sends > CALLS_MAX)
		fuzz_ctl_exit(GONE);
	switch (take(in, 1) % CTL_CHOICES) {
	case CTL_SEND_PART:
		n = 1 + take(in, 1);
		size = MIN(size, n);
		break;
	case CTL_SEND_LATER:
		return fail(EAGAIN);
	case CTL_SEND_BROKEN:
		return fail(EPIPE);
	default:
		break;
	}
	while (taken < size) {
		n = qmp_session_feed(session, (const char *)from + taken, size - taken);
		MUST(n);
		taken += n;
		fetch();
	}
	return (ssize_t)size;
}
