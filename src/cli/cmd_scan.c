/* SPDX-License-Identifier: MIT */
/*
 * scan, scan results and abort.
 *
 * A scan is a background operation: Scan Media starts it, the background status tells how far it
 * is, Get Scan Media Results what it found. A device may stop before the end, because it can store
 * no more results or because somebody aborted it, and names the range to go on with (rules G-5,
 * D-30). Each new Scan Media discards the results so far (S-6), which is why they are fetched
 * after every part. Parts also come from a device that refuses a range across its two partitions
 * (S-7), or across regions of dynamic capacity.
 */
#include <json-c/json.h>
#include <string.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/watch.h"
#include "swcxl/swcxl.h"

struct job {
	struct range whole;	   /* what was asked for */
	struct range parts[AREAS]; /* the same in parts, for a device that needs that */
	unsigned count, next;	   /* of them: 0 when it has not; what comes next */
	bool no_events;
	uint64_t estimate_ms;
	struct watch watch;
	unsigned rc;		     /* how the last scan ended */
	struct scan_results results; /* of all of them */
};

/* ---- output ---- */

static struct json_object *range_json(const struct range *range)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "start", range->start);
	add_number(object, "length", range->length);
	return object;
}

static void add_results(struct json_object *document, const struct scan_results *results)
{
	add_bool(document, "stopped-prematurely", results->stopped);
	json_object_object_add(document, "restart",
			       results->stopped ? range_json(&results->restart) : NULL);
	json_object_object_add(document, "records", records_json(&results->records));
}

static void print_results(const struct scan_results *results, uint64_t limit)
{
	const struct range *restart = &results->restart;

	records_print(&results->records, limit);
	if (results->incomplete)
		printf("More: the device promised more records and did not send them.\n");
	if (results->stopped)
		printf("%sStopped before the end%s: %s from %s on are not scanned. Go on with\n"
		       "  swcxlctl scan 0x%llx 0x%llx\n",
		       colour(YELLOW), colour(PLAIN), length_text(restart->length).s,
		       dpa_text(restart->start).s, (unsigned long long)restart->start,
		       (unsigned long long)restart->length);
}

static void print_job(const struct ctl *ctl, const struct job *job)
{
	struct json_object *document = json_object_new_object();

	if (!ctl->json) {
		json_object_put(document);
		printf("Scan Media ended after %s: %s.\n",
		       duration_text((uint64_t)job->watch.elapsed_ms).s, rc_text(job->rc));
		print_results(&job->results, ctl_number(ctl, OPT_limit, UINT64_MAX));
		return;
	}
	add_number(document, "start", job->whole.start);
	add_number(document, "length", job->whole.length);
	add_bool(document, "events", !job->no_events);
	add_number(document, "estimate-ms", job->estimate_ms);
	add_number(document, "elapsed-ms", (uint64_t)job->watch.elapsed_ms);
	add_number(document, "return-code", job->rc);
	add_string(document, "return-code-name", rc_text(job->rc));
	add_results(document, &job->results);
	print_json(document);
}

/* ---- scan ---- */

/* The range that the arguments give, or the whole device. */
static void find_range(struct ctl *ctl, struct job *job)
{
	struct identity id;

	if (ctl_range(ctl, &job->whole))
		return;
	cci_identify(ctl_link(ctl), &id);
	job->whole = (struct range){0, id.capacity};
	job->count = identity_areas(&id, job->parts);
	if (job->count < 2)
		job->count = 0;
}

/* Of the whole, or of all its parts. */
static uint64_t estimate(struct link *link, const struct job *job)
{
	uint64_t ms = cci_scan_estimate_ms(link, job->whole);
	uint64_t sum = 0;

	if (ms)
		return ms;
	for (unsigned i = 0; i < job->count; i++) {
		ms = cci_scan_estimate_ms(link, job->parts[i]);
		if (!ms)
			return 0;
		sum += ms;
	}
	return sum;
}

/* Starts the first scan. The range that it really has is returned: the whole or its first part. */
static struct range start(struct link *link, struct job *job)
{
	unsigned rc = cci_scan(link, job->whole, job->no_events);
	struct range range = job->whole;

	if (rc == SWCXL_INVALID_INPUT && job->count) {
		range = job->parts[job->next++];
		rc = cci_scan(link, range, job->no_events);
	} else {
		job->count = 0;
	}
	if (rc != SWCXL_BACKGROUND_STARTED && rc != SWCXL_SUCCESS)
		die_refused(OP_scan_media, rc, NULL);
	return range;
}

/* Waits for the scan of the range and adds its results. */
static void finish(struct ctl *ctl, struct job *job, struct range range)
{
	struct background b;
	unsigned rc;

	job->watch.range = range;
	b = watch_background(ctl->link, &job->watch);
	if (b.opcode != OP_scan_media)
		die(REFUSED, "The scan is gone: the device was reset, or another operation has "
			     "begun since. Start it again");
	job->rc = b.rc;
	job->results.stopped = false;
	rc = cci_scan_results(ctl->link, &job->results);
	if (rc)
		die_refused(OP_get_scan_media_results, rc, NULL);
}

/* What of the parts has not been started. */
static struct range rest_of(const struct job *job)
{
	uint64_t start;

	if (job->next == job->count)
		return (struct range){0};
	start = job->parts[job->next].start;
	return (struct range){start, job->whole.length - start};
}

/* Scans on where the last scan left off; false when there is nothing to go on with. */
static bool go_on(struct ctl *ctl, struct job *job, struct range *range)
{
	bool parts = job->next < job->count; /* are still to come */
	struct range next;

	if (job->rc != SWCXL_SUCCESS)
		return false;
	if (job->results.stopped) {
		next = job->results.restart;
		/* With parts to come "the end" is not here. */
		if (!ctl_has(ctl, OPT_go_on) && !parts)
			return false;
		if (next.start == range->start && next.length == range->length)
			die(REFUSED,
			    "The device stops where it starts, at %s: its result storage "
			    "is too small",
			    dpa_text(next.start).s);
	} else if (parts) {
		next = job->parts[job->next++];
	} else {
		return false;
	}
	if (!next.length)
		return false;
	*range = next;
	job->rc = cci_scan(ctl->link, next, job->no_events);
	if (job->rc != SWCXL_BACKGROUND_STARTED && job->rc != SWCXL_SUCCESS)
		die_refused(OP_scan_media, job->rc, NULL);
	return true;
}

static void announce(const struct job *job)
{
	fprintf(stderr, "Scanning %s from %s%s%s\n", length_text(job->whole.length).s,
		dpa_text(job->whole.start).s, job->estimate_ms ? ", which takes about " : "",
		job->estimate_ms ? duration_text(job->estimate_ms).s : "");
}

/* The range that was started may be the first of several parts, and then the others were not. */
static enum status print_started(const struct ctl *ctl, const struct job *job, struct range range)
{
	struct range left = rest_of(job), *rest = &left;
	struct json_object *document;

	if (!ctl->json) {
		printf("Scan Media has started. 'swcxlctl wait scan' waits for its end.\n");
		if (rest->length)
			printf("The device scans its partitions one by one: %s from %s on are "
			       "being scanned,\n%s from %s on are not. When the scan has ended, "
			       "go on with\n  swcxlctl scan 0x%llx 0x%llx\n",
			       length_text(range.length).s, dpa_text(range.start).s,
			       length_text(rest->length).s, dpa_text(rest->start).s,
			       (unsigned long long)rest->start, (unsigned long long)rest->length);
		return DONE;
	}
	document = json_object_new_object();
	add_number(document, "start", range.start);
	add_number(document, "length", range.length);
	add_bool(document, "events", !job->no_events);
	add_number(document, "estimate-ms", job->estimate_ms);
	json_object_object_add(document, "not-started", rest->length ? range_json(rest) : NULL);
	print_json(document);
	return DONE;
}

enum status cmd_scan(struct ctl *ctl)
{
	struct job job = {.no_events = ctl_has(ctl, OPT_no_events)};
	struct range range;

	ctl_number(ctl, OPT_limit, 0);
	find_range(ctl, &job);
	job.estimate_ms = estimate(ctl_link(ctl), &job);
	range = start(ctl->link, &job);
	if (ctl_has(ctl, OPT_no_wait)) {
		if (job.next < job.count)
			job.estimate_ms = cci_scan_estimate_ms(ctl->link, range);
		return print_started(ctl, &job, range);
	}
	job.watch = (struct watch){
		.opcode = OP_scan_media, .whole = job.whole, .quiet = ctl->json, .timeout_ms = -1};
	if (!ctl->json)
		announce(&job);
	do {
		finish(ctl, &job, range);
	} while (go_on(ctl, &job, &range));
	print_job(ctl, &job);
	records_free(&job.results.records);
	return job.rc == SWCXL_SUCCESS ? DONE : REFUSED;
}

/* ---- scan results ---- */

enum status cmd_scan_results(struct ctl *ctl)
{
	uint64_t limit = ctl_number(ctl, OPT_limit, UINT64_MAX);
	struct scan_results results = {.stopped = false};
	unsigned rc = cci_scan_results(ctl_link(ctl), &results);

	if (rc == SWCXL_UNSUPPORTED)
		die_refused(OP_get_scan_media_results, rc,
			    "(there has been no scan since the last reset)");
	if (rc)
		die_refused(OP_get_scan_media_results, rc, NULL);
	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		add_results(document, &results);
		print_json(document);
	} else {
		print_results(&results, limit);
	}
	records_free(&results.records);
	return DONE;
}

/* ---- abort ---- */

enum status cmd_abort(struct ctl *ctl)
{
	struct watch watch = {.quiet = true, .timeout_ms = 2000};
	struct background before, after;
	struct json_object *document;

	link_background(ctl_link(ctl), &before);
	if (before.running)
		cci_execute(ctl->link, OP_request_abort_background_operation, NULL, 0, NULL);
	watch.opcode = before.opcode;
	after = watch_background(ctl->link, &watch);
	if (ctl->json) {
		document = json_object_new_object();
		add_bool(document, "was-running", before.running);
		add_number(document, "opcode", after.opcode);
		add_number(document, "percent", after.percent);
		add_number(document, "return-code", after.rc);
		add_bool(document, "running", after.running);
		print_json(document);
	} else if (!before.running) {
		printf("No background operation is running.\n");
	} else if (after.running) {
		printf("%s goes on in spite of the request.\n", opcode_text(before.opcode));
	} else {
		printf("%s ended at %u %%: %s.\n", opcode_text(after.opcode), after.percent,
		       rc_text(after.rc));
	}
	return after.running ? REFUSED : DONE;
}
