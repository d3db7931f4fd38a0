/* SPDX-License-Identifier: MIT */
/*
 * wait: until something is so. It looks first, then waits for news and looks again, so what
 * happened just before counts as well. News are events of the control socket, which are kept from
 * the moment of connecting; a PCI function sends none, and is looked at ten times a second.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/event.h"
#include "cli/format.h"
#include "cli/watch.h"
#include "swcxl/swcxl.h"

#define POLL_MS 100

struct wait {
	struct ctl *ctl;
	int log; /* of interest, or -1 */
	struct identity id;
	uint64_t overflow_timestamp;
	unsigned found; /* log with a record */
};

/* ---- overflow ---- */

static bool overflowed(struct wait *wait)
{
	struct link *link = wait->ctl->link;
	struct range areas[AREAS];
	unsigned count = identity_areas(&wait->id, areas);
	bool overflow = false;

	/* The flag is about the whole list (D-19), so a line of any partition will do. */
	for (unsigned i = 0; i < count && !overflow; i++) {
		struct poison_list list = {.overflow = false};
		struct range line = {areas[i].start, SWCXL_LINE};

		cci_poison_list(link, &wait->id, line, &list);
		overflow = list.overflow;
		wait->overflow_timestamp = list.overflow_timestamp;
		records_free(&list.records);
	}
	return overflow;
}

/* ---- event ---- */

static bool logged(struct wait *wait)
{
	for (unsigned i = 0; i < LOGS; i++) {
		struct event_log log;

		if (!wait->id.log_max[i] || (wait->log >= 0 && wait->log != (int)i))
			continue;
		event_log_read(wait->ctl->link, i, &log);
		event_log_free(&log);
		if (log.count) {
			wait->found = i;
			return true;
		}
	}
	return false;
}

/* ---- waiting ---- */

/* Looks until it is so; false at the timeout. */
static bool wait_until(struct wait *wait, bool (*is_so)(struct wait *wait), const char *event,
		       int64_t timeout_ms)
{
	int64_t deadline = now_ms() + timeout_ms;
	struct link *link = wait->ctl->link;

	while (!is_so(wait)) {
		int64_t left = timeout_ms < 0 ? -1 : MAX(deadline - now_ms(), 0);

		if (left == 0)
			return false;
		if (link_is_qmp(link))
			json_object_put(qmp_wait(link, event, left));
		else
			usleep(POLL_MS * 1000);
	}
	return true;
}

static int64_t timeout_of(const struct ctl *ctl)
{
	char *end = NULL;
	double seconds;

	if (!ctl_has(ctl, OPT_timeout))
		return -1;
	seconds = strtod(ctl->options[OPT_timeout], &end);
	if (!*ctl->options[OPT_timeout] || *end || !(seconds >= 0 && seconds <= 1e9))
		ctl_usage(ctl, "--timeout needs a number of seconds");
	return (int64_t)(seconds * 1000);
}

static _Noreturn void die_timeout(const struct ctl *ctl, const char *what)
{
	die(REFUSED, "%s within %s s", what, ctl->options[OPT_timeout]);
}

static enum status wait_scan(struct ctl *ctl, int64_t timeout_ms)
{
	struct watch watch = {
		.opcode = OP_scan_media, .quiet = ctl->json, .timeout_ms = timeout_ms};
	struct background b;
	bool ran, scan;

	link_background(ctl_link(ctl), &b);
	ran = b.running && b.opcode == OP_scan_media;
	if (ran)
		b = watch_background(ctl->link, &watch);
	scan = b.opcode == OP_scan_media;
	if (scan && b.running)
		die_timeout(ctl, "The scan has not ended");
	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		add_bool(document, "scanned", scan);
		add_number(document, "percent", scan ? b.percent : 0);
		add_number(document, "return-code", scan ? b.rc : 0);
		add_string(document, "return-code-name", rc_text(scan ? b.rc : 0));
		print_json(document);
	} else if (scan && !ran) {
		printf("No scan is running. The last one ended at %u %%: %s.\n", b.percent,
		       rc_text(b.rc));
	} else if (scan) {
		printf("Scan Media has ended at %u %%: %s.\n", b.percent, rc_text(b.rc));
	} else {
		printf("No scan is running.\n");
	}
	return ran && scan && b.rc ? REFUSED : DONE;
}

static enum status wait_overflow(struct ctl *ctl, int64_t timeout_ms)
{
	struct wait wait = {.ctl = ctl};

	cci_identify(ctl_link(ctl), &wait.id);
	if (!wait_until(&wait, overflowed, "SWCXL_POISON_LIST_OVERFLOW", timeout_ms))
		die_timeout(ctl, "The poison list has not overflowed");
	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		add_number(document, "overflow-timestamp", wait.overflow_timestamp);
		print_json(document);
	} else {
		printf("The poison list is in overflow%s.\n",
		       since_text(wait.overflow_timestamp).s);
	}
	return DONE;
}

static enum status wait_event(struct ctl *ctl, int64_t timeout_ms)
{
	struct wait wait = {.ctl = ctl, .log = ctl_log(ctl)};

	cci_identify(ctl_link(ctl), &wait.id);
	if (wait.log >= 0 && !wait.id.log_max[wait.log])
		die(REFUSED, "The device has no %s log, so nothing will be in it",
		    log_key((unsigned)wait.log));
	if (!wait_until(&wait, logged, "SWCXL_EVENT_RECORD", timeout_ms))
		die_timeout(ctl, "No event was logged");
	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		add_string(document, "log", log_key(wait.found));
		print_json(document);
	} else {
		printf("There are records in the %s log.\n", log_key(wait.found));
	}
	return DONE;
}

enum status cmd_wait(struct ctl *ctl)
{
	int64_t timeout_ms = timeout_of(ctl);

	if (ctl_has(ctl, OPT_log) && strcmp(ctl->args[0], "event") != 0)
		ctl_usage(ctl, "--log belongs to 'wait event'");
	if (strcmp(ctl->args[0], "scan") == 0)
		return wait_scan(ctl, timeout_ms);
	if (strcmp(ctl->args[0], "overflow") == 0)
		return wait_overflow(ctl, timeout_ms);
	if (strcmp(ctl->args[0], "event") == 0)
		return wait_event(ctl, timeout_ms);
	ctl_usage(ctl, "Nothing to wait for is called '%s': scan, overflow or event", ctl->args[0]);
}
