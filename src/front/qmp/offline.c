// SPDX-License-Identifier: MIT
/* A conversation without a socket: one request, one reply. */
#include <stdlib.h>
#include <string.h>

#include "front/qmp/session.h"

struct qmp_offline {
	struct qmp qmp;
	struct qmp_session *session;
};

static void no_wake(void *ctx)
{
	(void)ctx;
}

/* Drops what was said so far. */
static void drop_output(struct qmp_session *session)
{
	const char *bytes;

	qmp_session_sent(session, qmp_session_pending(session, &bytes));
}

/* All of it, or up to where nothing more is taken: behind "quit", for one. */
static void feed(struct qmp_session *session, const char *text)
{
	size_t len = strlen(text), n = 1;

	for (; len && n && !session->out.failed; text += n, len -= n)
		n = qmp_session_feed(session, text, len);
}

struct qmp_offline *qmp_offline_new(struct loop *loop, struct swcxl_dev *dev,
				    const struct qmp_host *host)
{
	struct qmp_offline *offline = calloc(1, sizeof(*offline));

	if (!offline || qmp_init(&offline->qmp, loop, dev, host)) {
		free(offline);
		return NULL;
	}
	offline->session = qmp_session_new(&offline->qmp, no_wake, NULL);
	if (!offline->session) {
		qmp_offline_free(offline);
		return NULL;
	}
	feed(offline->session, "{\"execute\": \"qmp_capabilities\"}");
	return offline;
}

void qmp_offline_free(struct qmp_offline *offline)
{
	if (!offline)
		return;
	qmp_fini(&offline->qmp);
	free(offline);
}

void qmp_offline_execute(struct qmp_offline *offline, const char *request)
{
	drop_output(offline->session);
	feed(offline->session, request);
}
