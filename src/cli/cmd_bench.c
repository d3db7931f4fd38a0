/* SPDX-License-Identifier: MIT */
/*
 * bench: how long the device takes for commands, as whoever sends them sees it.
 *
 * Each test sends one command, or those that belong together, again and again through the primary
 * mailbox, as a driver would and with nobody beside: what it tells is the cost of the way to the
 * device and back. Where a command needs something before or after it that does not count, each
 * one is timed by itself; else a whole run is, so that the clock costs nothing.
 *
 * A command that does not succeed is reported with its return code and never as a time. What the
 * tests write is what was there before: a label storage area keeps its labels, and a firmware
 * transfer is aborted.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/format.h"
#include "swcxl/swcxl.h"
#include "wire/fw.h"
#include "wire/media.h"
#include "wire/memory.h"

#define COUNT 1000
#define RUNS 5
#define RUNS_MAX 1000
#define MESSAGES_MAX 0x100000u /* of one list: then the device will never come to its end */
#define BACKGROUND_MS 60000
#define IDLE_US 1000000u

struct bench {
	struct link *link;
	struct identity id;
	uint64_t count, runs;
	size_t bytes;
	uint8_t *in;
	size_t len;
	struct media_range_in first; /* of a list */
	/* of the last one */
	uint64_t messages, bytes_in, bytes_out;
};

struct test {
	const char *name;
	unsigned opcode;
	unsigned (*prepare)(struct bench *bench); /* may be NULL, as the next two */
	void (*before)(struct bench *bench);
	void (*after)(struct bench *bench);
	unsigned (*once)(struct bench *bench);
	bool slow; /* a run is a single one */
};

struct result {
	unsigned rc;
	uint64_t count, *ns; /* for one, a number per run */
};

/* ---- the tests ---- */

static struct reply send(struct bench *bench, unsigned opcode, const void *in, size_t len)
{
	struct reply reply = link_execute(bench->link, opcode, in, len);

	bench->messages++;
	bench->bytes_in += len;
	bench->bytes_out += reply.len;
	return reply;
}

static unsigned identify(struct bench *bench)
{
	return send(bench, OP_identify_memory_device, NULL, 0).rc;
}

static void be_idle(struct bench *bench)
{
	(void)bench;
	usleep(IDLE_US);
}

/* The first request restarts the list, where the device knows how: an earlier reader may have
 * stopped half-way. */
static unsigned list_prepare(struct bench *bench)
{
	struct media_range_in *first = &bench->first;
	unsigned rc;

	wr(&first->address, POISON_LIST_RESTART);
	wr(&first->lines, bench->id.capacity / SWCXL_LINE);
	rc = link_execute(bench->link, OP_get_poison_list, first, sizeof(*first)).rc;
	if (rc == SWCXL_INVALID_INPUT)
		wr(&first->address, 0);
	return rc == SWCXL_INVALID_INPUT ? SWCXL_SUCCESS : rc;
}

static unsigned list(struct bench *bench)
{
	return send(bench, OP_get_poison_list, &bench->first, sizeof(bench->first)).rc;
}

static unsigned list_all(struct bench *bench)
{
	struct media_range_in in = bench->first;
	struct get_poison_list_out out;

	do {
		struct reply reply = send(bench, OP_get_poison_list, &in, sizeof(in));

		if (reply.rc)
			return reply.rc;
		reply_read(&reply, 0, &out, sizeof(out));
		wr(&in.address, 0);
	} while (out.flags & POISON_LIST_MORE && bench->messages < MESSAGES_MAX);
	return SWCXL_SUCCESS;
}

static unsigned lsa_prepare(struct bench *bench)
{
	struct get_lsa_in get = {0};
	struct set_lsa_in set = {0};
	size_t size = MIN(bench->bytes - sizeof(set), bench->id.lsa_size);
	struct reply reply;

	if (!size)
		return SWCXL_UNSUPPORTED;
	wr(&get.length, (uint32_t)size);
	reply = link_execute(bench->link, OP_get_lsa, &get, sizeof(get));
	if (reply.rc)
		return reply.rc;
	memcpy(bench->in, &set, sizeof(set));
	memcpy(bench->in + sizeof(set), reply.p, reply.len);
	bench->len = sizeof(set) + reply.len;
	return SWCXL_SUCCESS;
}

static unsigned lsa(struct bench *bench)
{
	return send(bench, OP_set_lsa, bench->in, bench->len).rc;
}

static unsigned lsa_read_prepare(struct bench *bench)
{
	struct get_lsa_in in = {0};

	wr(&in.length, (uint32_t)MIN(bench->bytes, bench->id.lsa_size));
	memcpy(bench->in, &in, sizeof(in));
	return bench->id.lsa_size ? SWCXL_SUCCESS : SWCXL_UNSUPPORTED;
}

static unsigned lsa_read(struct bench *bench)
{
	return send(bench, OP_get_lsa, bench->in, sizeof(struct get_lsa_in)).rc;
}

static unsigned fw_prepare(struct bench *bench)
{
	struct transfer_fw_in in = {.action = FW_INITIATE};

	bench->len = MAX(bench->bytes / FW_UNIT, 2) * FW_UNIT;
	memset(bench->in, 0xa5, bench->len);
	memcpy(bench->in, &in, sizeof(in));
	return SWCXL_SUCCESS;
}

static unsigned fw(struct bench *bench)
{
	unsigned rc = send(bench, OP_transfer_fw, bench->in, bench->len).rc;

	return rc == SWCXL_BACKGROUND_STARTED ? SWCXL_SUCCESS : rc;
}

/* A device may take the part in the background, and nothing else until that has ended. */
static void fw_abort(struct bench *bench)
{
	struct transfer_fw_in in = {.action = FW_ABORT};
	int64_t start = now_ms();
	struct background background;

	do {
		usleep(1000);
		link_background(bench->link, &background);
	} while (background.running && background.opcode == OP_transfer_fw &&
		 now_ms() - start < BACKGROUND_MS);
	cci_execute(bench->link, OP_transfer_fw, &in, sizeof(in), "to abort the transfer");
}

static unsigned results(struct bench *bench)
{
	struct get_scan_media_results_out out;

	do {
		struct reply reply = send(bench, OP_get_scan_media_results, NULL, 0);

		if (reply.rc)
			return reply.rc;
		reply_read(&reply, 0, &out, sizeof(out));
	} while (out.flags & SCAN_RESULTS_MORE && bench->messages < MESSAGES_MAX);
	return SWCXL_SUCCESS;
}

/* clang-format off */
static const struct test tests[] = {
	{"identify", OP_identify_memory_device, .once = identify},
	{"list",     OP_get_poison_list,        .prepare = list_prepare, .once = list},
	{"list-all", OP_get_poison_list,        .prepare = list_prepare, .once = list_all},
	{"lsa",      OP_set_lsa,                .prepare = lsa_prepare, .once = lsa},
	{"lsa-read", OP_get_lsa,                .prepare = lsa_read_prepare, .once = lsa_read},
	{"fw",       OP_transfer_fw, .prepare = fw_prepare, .once = fw, .after = fw_abort},
	{"results",  OP_get_scan_media_results, .once = results},
	{"idle",     OP_identify_memory_device, .before = be_idle, .once = identify, .slow = true},
};
/* clang-format on */

/* ---- timing ---- */

static unsigned send_one(struct bench *bench, const struct test *test)
{
	bench->messages = bench->bytes_in = bench->bytes_out = 0;
	return test->once(bench);
}

/* Sends count of them; *ns is what one took. Ends with the first one that fails. */
static unsigned run(struct bench *bench, const struct test *test, uint64_t count, uint64_t *ns)
{
	bool apart = test->before || test->after;
	int64_t start = now_ns(), sum = 0;
	unsigned rc = SWCXL_SUCCESS;

	for (uint64_t i = 0; i < count && rc == SWCXL_SUCCESS; i++) {
		if (test->before)
			test->before(bench);
		if (apart)
			start = now_ns();
		rc = send_one(bench, test);
		if (apart)
			sum += now_ns() - start;
		if (test->after && rc == SWCXL_SUCCESS)
			test->after(bench);
	}
	if (!apart)
		sum = now_ns() - start;
	/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): positive() took it */
	*ns = ((uint64_t)sum + count / 2) / count;
	return rc;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static struct result measure(struct bench *bench, const struct test *test)
{
	struct result result = {
		.count = test->slow ? 1 : bench->count,
		.ns = xalloc(NULL, bench->runs * sizeof(*result.ns)),
	};

	if (test->prepare)
		result.rc = test->prepare(bench);
	for (uint64_t i = 0; i < bench->runs && result.rc == SWCXL_SUCCESS; i++)
		result.rc = run(bench, test, result.count, &result.ns[i]);
	return result;
}

/* ---- output ---- */

struct summary {
	uint64_t min, median, max;
};

static struct summary summarise(const struct result *result, size_t runs)
{
	uint64_t *sorted = xalloc(NULL, runs * sizeof(*sorted));
	struct summary summary;

	memcpy(sorted, result->ns, runs * sizeof(*sorted));
	qsort(sorted, runs, sizeof(*sorted), by_value);
	summary = (struct summary){sorted[0], (sorted[(runs - 1) / 2] + sorted[runs / 2]) / 2,
				   sorted[runs - 1]};
	free(sorted);
	return summary;
}

static struct json_object *to_json(const struct bench *bench, const struct test *test,
				   const struct result *result)
{
	struct json_object *row = json_object_new_object(), *runs = json_object_new_array();
	struct summary summary;

	add_string(row, "name", test->name);
	add_number(row, "opcode", test->opcode);
	add_number(row, "return-code", result->rc);
	add_string(row, "return-code-name", rc_text(result->rc));
	json_object_object_add(row, "runs", runs);
	if (result->rc != SWCXL_SUCCESS)
		return row;
	for (uint64_t i = 0; i < bench->runs; i++)
		json_object_array_add(runs, json_object_new_int64((int64_t)result->ns[i]));
	summary = summarise(result, bench->runs);
	add_number(row, "count", result->count);
	add_number(row, "min", summary.min);
	add_number(row, "median", summary.median);
	add_number(row, "max", summary.max);
	add_number(row, "messages", bench->messages);
	add_number(row, "bytes-in", bench->bytes_in);
	add_number(row, "bytes-out", bench->bytes_out);
	return row;
}

static void print_heading(const struct bench *bench)
{
	printf("Primary mailbox, payload %s; nanoseconds, of %" PRIu64 " run%s.\n",
	       size_text(bench->link->payload).s, bench->runs, plural(bench->runs));
	printf("%s%-8s  OPCODE  %6s  %8s  %8s  %8s  %10s  %10s  %10s%s\n", colour(BOLD), "TEST",
	       "COUNT", "MESSAGES", "IN", "OUT", "MIN", "MEDIAN", "MAX", colour(PLAIN));
}

static void print_row(const struct bench *bench, const struct test *test,
		      const struct result *result)
{
	struct summary summary;

	printf("%-8s   %04Xh  ", test->name, test->opcode);
	if (result->rc != SWCXL_SUCCESS) {
		printf("%s\n", rc_full(result->rc));
		return;
	}
	summary = summarise(result, bench->runs);
	printf("%6" PRIu64 "  %8" PRIu64 "  %8" PRIu64 "  %8" PRIu64 "  %10" PRIu64 "  %10" PRIu64
	       "  %10" PRIu64 "\n",
	       result->count, bench->messages, bench->bytes_in, bench->bytes_out, summary.min,
	       summary.median, summary.max);
}

/* ---- the command ---- */

static bool chosen(const struct ctl *ctl, const struct test *test)
{
	bool all = ctl->nargs == 0;

	for (unsigned i = 0; i < ctl->nargs; i++)
		all |= strcmp(ctl->args[i], test->name) == 0 || strcmp(ctl->args[i], "all") == 0;
	return all;
}

static void check_names(const struct ctl *ctl)
{
	for (unsigned i = 0; i < ctl->nargs; i++) {
		bool known = strcmp(ctl->args[i], "all") == 0;

		for (size_t j = 0; j < ARRAY_SIZE(tests); j++)
			known |= strcmp(ctl->args[i], tests[j].name) == 0;
		if (!known)
			ctl_usage(ctl,
				  "There is no test '%s': identify, list, list-all, lsa, lsa-read, "
				  "fw, results, idle or all",
				  ctl->args[i]);
	}
}

static uint64_t positive(const struct ctl *ctl, enum opt option, const char *name, uint64_t value,
			 uint64_t max)
{
	value = ctl_number(ctl, option, value);
	if (!value || value > max)
		ctl_usage(ctl, "--%s is 1 to %" PRIu64, name, max);
	return value;
}

enum status cmd_bench(struct ctl *ctl)
{
	struct bench bench = {
		.count = positive(ctl, OPT_count, "count", COUNT, UINT32_MAX),
		.runs = positive(ctl, OPT_runs, "runs", RUNS, RUNS_MAX),
		.bytes = positive(ctl, OPT_bytes, "bytes", MiB, MiB),
	};
	struct json_object *rows = json_object_new_array();
	enum status status = DONE;

	check_names(ctl);
	bench.link = ctl_link(ctl);
	pci_take(bench.link);
	/* room for the header of any of them */
	bench.bytes = MIN(MAX(bench.bytes, 2 * FW_UNIT), bench.link->payload);
	bench.in = xalloc(NULL, bench.link->payload);
	cci_identify(bench.link, &bench.id);
	if (!ctl->json)
		print_heading(&bench);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		struct result result;

		if (!chosen(ctl, &tests[i]))
			continue;
		result = measure(&bench, &tests[i]);
		if (result.rc != SWCXL_SUCCESS && result.rc != SWCXL_UNSUPPORTED)
			status = REFUSED;
		if (ctl->json)
			json_object_array_add(rows, to_json(&bench, &tests[i], &result));
		else
			print_row(&bench, &tests[i], &result);
		fflush(stdout);
		free(result.ns);
	}
	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		add_number(document, "payload", bench.link->payload);
		json_object_object_add(document, "tests", json_object_get(rows));
		print_json(document);
	}
	json_object_put(rows);
	free(bench.in);
	return status;
}
