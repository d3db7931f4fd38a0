// SPDX-License-Identifier: MIT
/*
 * Output that waits. With durable state nothing is told before it is on disk. All output rests on
 * the changes before it, so two marks in it are enough: how far it may be sent, and how far it may
 * be once the commit under way is done. Meanwhile requests go on being executed, and share the
 * next commit.
 *
 * When a commit fails, replies that would have acknowledged a change become errors where they
 * stand, which is why their places are remembered. Everything else in the output stays.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "front/qmp/session.h"

/* Everything up to there may be sent. */
static void let(struct qmp_session *session, size_t ready)
{
	size_t n = 0;

	session->ready = ready;
	while (n < session->doubts_count && session->doubts[n].start < ready)
		n++;
	session->doubts_count -= n;
	if (n)
		memmove(session->doubts, session->doubts + n,
			session->doubts_count * sizeof(*session->doubts));
}

static void let_all(struct qmp_session *session)
{
	session->sealed = session->out.len;
	let(session, session->sealed);
}

size_t qmp_session_pending(struct qmp_session *session, const char **bytes)
{
	const struct qmp_host *host = &session->qmp->host;

	if (!host->settled || host->settled(host->ctx))
		let_all(session);
	*bytes = session->out.len ? session->out.p + session->sent : "";
	return session->ready - session->sent;
}

void qmp_session_sent(struct qmp_session *session, size_t len)
{
	struct out *out = &session->out;
	size_t sent = session->sent += len;

	/* Moving what is left only when it is the smaller half keeps the cost linear. */
	if (sent < out->len - sent)
		return;
	memmove(out->p, out->p + sent, out->len - sent);
	out->len -= sent;
	session->ready -= sent;
	session->sealed -= sent;
	session->sent = 0;
	for (size_t i = 0; i < session->doubts_count; i++) {
		session->doubts[i].start -= sent;
		session->doubts[i].tail -= sent;
	}
	if (!out->len && out->cap > QMP_KEPT_BYTES)
		out_free(out);
}

bool qmp_session_is_empty(const struct qmp_session *session)
{
	return session->sent == session->out.len;
}

/* Without memory to remember it the session ends as one without memory for its output does. */
void qmp_session_doubt(struct qmp_session *session, size_t start, size_t tail)
{
	size_t cap = session->doubts_cap;
	struct doubt *doubts;

	if (session->doubts_count == cap) {
		cap = MAX(2 * cap, 16u);
		doubts = realloc(session->doubts, cap * sizeof(*doubts));
		if (!doubts) {
			session->out.failed = true;
			return;
		}
		session->doubts = doubts;
		session->doubts_cap = cap;
	}
	session->doubts[session->doubts_count++] = (struct doubt){start, tail};
}

void qmp_commit_begins(struct qmp *qmp)
{
	for (struct qmp_session *s = qmp->sessions; s; s = s->next)
		s->sealed = s->out.len;
}

static void wake(struct qmp_session *session)
{
	if (!qmp_session_is_empty(session))
		session->wake(session->ctx);
}

void qmp_commit_done(struct qmp *qmp)
{
	for (struct qmp_session *s = qmp->sessions; s; s = s->next) {
		let(s, s->sealed);
		wake(s);
	}
}

static void make_errors(struct qmp_session *session, const char *why)
{
	struct out *old = &session->out, out = {.failed = old->failed};
	size_t at = 0;
	char text[640];

	snprintf(text, sizeof(text), QMP_UNWRITABLE, why);
	for (size_t i = 0; i < session->doubts_count; i++) {
		const struct doubt *doubt = &session->doubts[i];

		out_add(&out, old->p + at, doubt->start - at);
		out_add(&out, "{", 1);
		out_begin(&out, "error", '{');
		out_string(&out, "class", "GenericError");
		out_string(&out, "desc", text);
		out_end(&out, '}');
		at = doubt->tail;
	}
	out_add(&out, old->p + at, old->len - at);
	out_free(old);
	*old = out;
}

void qmp_commit_failed(struct qmp *qmp, const char *why)
{
	for (struct qmp_session *s = qmp->sessions; s; s = s->next) {
		if (s->doubts_count)
			make_errors(s, why);
		let_all(s);
		wake(s);
	}
}
