/* SPDX-License-Identifier: MIT */
/*
 * The part of the library that the model test uses (names.h), on a process. What a guest does goes
 * through its mailboxes, what a manager does over the control socket; power goes by SIGKILL or
 * SIGTERM and a start on the state file. What the model test asks again and again is asked of the
 * process once after each thing that is done to it.
 *
 * With dynamic capacity the primary mailbox is the host's, whose answers in several payloads any
 * other command would end.
 */
#include "remote.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../model/model_test.h"
#include "base/le.h"
#include "base/util.h"

#define LSA 4096u
#define CXL_CONTROL2 0x120u /* in configuration space, as src/tbl/config_space.tbl.h says */

struct swcxl_dev {
	bool open;
};
struct swcxl_cci {
	int host;
};

static struct swcxl_dev device;
static struct swcxl_cci host;
struct peer peer;
uint64_t remote_restarts, remote_attaches;
unsigned remote_kill_one_in;
static unsigned kill_one_in;
static uint64_t born; /* the model's time when the process began its own */
static bool dc, sanitizing;
static uint8_t lsa[LSA];
static enum way { PRIMARY, SECONDARY, CONTROL } reads_by, writes_by;

/* What has been asked since the last change. */
static struct json_object *status, *poison, *logs[SWCXL_LOGS];
static struct swcxl_dc_extent extent[2 * EXTENTS + 2];
static unsigned extents;
static uint8_t record[128];

/* ---- JSON ---- */

static struct json_object *member(struct json_object *o, const char *name)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, name, &value))
		test_failed(name, 0, "it is there");
	return value;
}

static uint64_t number(struct json_object *o, const char *name)
{
	return json_object_get_uint64(member(o, name));
}

static bool truth(struct json_object *o, const char *name)
{
	return json_object_get_boolean(member(o, name));
}

static const char *text(struct json_object *o, const char *name)
{
	return json_object_get_string(member(o, name));
}

static unsigned word(struct json_object *o, const char *name, const char *const *words)
{
	unsigned i = 0;

	while (strcmp(text(o, name), words[i]))
		i++;
	return i;
}

static void put_number(struct json_object *o, const char *name, uint64_t value)
{
	json_object_object_add(o, name, json_object_new_uint64(value));
}

static void put_text(struct json_object *o, const char *name, const char *value)
{
	json_object_object_add(o, name, json_object_new_string(value));
}

static void put_bool(struct json_object *o, const char *name, bool value)
{
	json_object_object_add(o, name, json_object_new_boolean(value));
}

static void put_hex(struct json_object *o, const char *name, const void *bytes, size_t len)
{
	static char hex[2 * 65536 + 1];
	const uint8_t *b = bytes;

	CHECK(2 * len < sizeof(hex));
	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", b[i]);
	hex[2 * len] = '\0';
	put_text(o, name, hex);
}

static size_t hex_of(struct json_object *o, const char *name, uint8_t *bytes, size_t room)
{
	const char *hex = text(o, name);
	size_t len = strlen(hex) / 2;
	unsigned byte;

	CHECK(len <= room);
	for (size_t i = 0; i < len; i++) {
		CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
		bytes[i] = (uint8_t)byte;
	}
	return len;
}

/* ---- what has been asked ---- */

static void forget_answers(void)
{
	json_object_put(status);
	json_object_put(poison);
	for (unsigned i = 0; i < SWCXL_LOGS; i++)
		json_object_put(logs[i]);
	status = poison = NULL;
	memset(logs, 0, sizeof(logs));
}

static struct json_object *done(const char *command, struct json_object *args)
{
	struct json_object *value = peer_qmp(&peer, command, args);

	if (!value)
		fprintf(stderr, "%s: %s\n", command, peer.error);
	CHECK(value);
	return value;
}

/* A command that changes something. */
static void act(const char *command, struct json_object *args)
{
	forget_answers();
	json_object_put(done(command, args));
}

static struct swcxl_dc_extent place(struct json_object *o)
{
	struct swcxl_dc_extent e = {.region = (unsigned)number(o, "region"),
				    .start = number(o, "start"),
				    .length = number(o, "length"),
				    .sequence = (uint16_t)number(o, "shared-sequence")};

	hex_of(o, "tag", e.tag, sizeof(e.tag));
	return e;
}

/* References to what is pending are not shown. */
static bool is_referenced(uint64_t start)
{
	const struct naive_extent *e = naive_extent_at(&model.dc.table, start / 64);

	return e && e->referenced;
}

static void take_extents(struct json_object *list, enum swcxl_dc_state state)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		struct swcxl_dc_extent e = place(o);

		e.state = state;
		if (state == SWCXL_DC_PENDING) {
			e.offer = (unsigned)number(o, "offer");
			e.referenced = is_referenced(e.start);
		} else if (state == SWCXL_DC_ADDED) {
			e.referenced = truth(o, "referenced");
			e.releasing = truth(o, "release-requested");
			e.sanitize = truth(o, "sanitize");
		} else {
			e.referenced = true;
		}
		CHECK(extents < ARRAY_SIZE(extent));
		extent[extents++] = e;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct swcxl_dc_extent *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static struct json_object *ask(void)
{
	struct json_object *o;

	if (status)
		return status;
	status = done("swcxl-query-device", NULL);
	o = member(status, "dynamic-capacity");
	extents = 0;
	take_extents(member(o, "pending"), SWCXL_DC_PENDING);
	take_extents(member(o, "accepted"), SWCXL_DC_ADDED);
	take_extents(member(o, "held"), SWCXL_DC_HELD);
	qsort(extent, extents, sizeof(extent[0]), by_start);
	return status;
}

void remote_query(const struct swcxl_dev *dev, struct swcxl_status *st)
{
	struct json_object *o = ask(), *bg = member(o, "background"), *scan = member(o, "scan");
	struct json_object *d = member(o, "dynamic-capacity"), *health = member(o, "health");

	CHECK(dev->open);
	*st = (struct swcxl_status){
		.injected_lines = number(member(o, "media"), "injected-lines"),
		.scan = {.running = truth(scan, "running"), .position = number(scan, "position")},
		.background = {.running = truth(bg, "running"),
			       .percent = (unsigned)number(bg, "percent"),
			       .rc = (enum swcxl_rc)number(bg, "return-code")},
		.dc = {.generation = (uint32_t)number(d, "generation"),
		       .offers = (uint32_t)number(d, "offers"),
		       .dead_offers = (uint32_t)number(d, "dead-offers"),
		       .extents_available = (uint32_t)number(d, "extents-available"),
		       .tags_available = (uint32_t)number(d, "tags-available")},
	};
	health = member(health, "health-status");
	for (size_t i = 0; i < json_object_array_length(health); i++)
		st->health.status |=
			!strcmp(json_object_get_string(json_object_array_get_idx(health, i)),
				"maintenance-needed");
}

static const char *const log_names[] = {"informational", "warning", "failure", "fatal",
					"dynamic-capacity"};

void remote_query_log(const struct swcxl_dev *dev, enum swcxl_log log, struct swcxl_log_status *st)
{
	struct json_object *o = member(member(ask(), "logs"), log_names[log]);

	CHECK(dev->open);
	*st = (struct swcxl_log_status){.count = (uint32_t)number(o, "count"),
					.max = (uint32_t)number(o, "max"),
					.overflow = truth(o, "overflow"),
					.lost = (uint16_t)number(o, "lost")};
}

const uint8_t *remote_log_record(const struct swcxl_dev *dev, enum swcxl_log log, uint32_t n)
{
	struct json_object *args;

	CHECK(dev->open);
	if (!logs[log]) {
		args = json_object_new_object();
		put_text(args, "log", log_names[log]);
		logs[log] = done("swcxl-query-events", args);
	}
	CHECK(n < json_object_array_length(logs[log]));
	CHECK(hex_of(json_object_array_get_idx(logs[log], n), "data", record, sizeof(record)) ==
	      sizeof(record));
	return record;
}

bool remote_poison_next(const struct swcxl_dev *dev, uint64_t start, uint64_t end,
			struct swcxl_poison_row *row)
{
	static const char *const sources[] = {"unknown", "external", "internal", "injected",
					      "",	 "",	     "",	 "vendor"};

	CHECK(dev->open && end == UINT64_MAX);
	if (!poison)
		poison = done("swcxl-query-poison", NULL);
	for (size_t i = 0; i < json_object_array_length(poison); i++) {
		struct json_object *o = json_object_array_get_idx(poison, i);

		*row = (struct swcxl_poison_row){
			.start = number(o, "start"),
			.length = number(o, "length"),
			.source = (enum swcxl_source)word(o, "source", sources),
			.known = truth(o, "known"),
			.listed = truth(o, "listed"),
			.permanent = truth(o, "permanent"),
		};
		if (row->start >= start)
			return true;
		CHECK(row->start + row->length <= start);
	}
	return false;
}

bool remote_dc_extent_get(const struct swcxl_dev *dev, unsigned i, struct swcxl_dc_extent *e)
{
	ask();
	CHECK(dev->open);
	if (i >= extents)
		return false;
	*e = extent[i];
	return true;
}

bool remote_dc_region_get(const struct swcxl_dev *dev, unsigned i, struct swcxl_dc_region *region)
{
	struct json_object *list = member(member(ask(), "dynamic-capacity"), "regions");

	CHECK(dev->open);
	if (i >= json_object_array_length(list))
		return false;
	*region = (struct swcxl_dc_region){
		.free = number(json_object_array_get_idx(list, i), "free")};
	return true;
}

static const char *const changes[] = {"accepted", "refused", "offer-timed-out", "released",
				      "release-timed-out"};

bool remote_dc_refusal_get(const struct swcxl_dev *dev, unsigned i,
			   struct swcxl_dc_refusal *refusal)
{
	struct json_object *list = member(member(ask(), "dynamic-capacity"), "refused"), *o;

	CHECK(dev->open);
	if (i >= json_object_array_length(list))
		return false;
	o = json_object_array_get_idx(list, i);
	refusal->extent = place(o);
	refusal->reason = (enum swcxl_dc_change)word(o, "reason", changes);
	return true;
}

/* ---- news ---- */

static void hear(const char *event, struct json_object *data)
{
	if (!strcmp(event, "SWCXL_POISON_LIST_OVERFLOW"))
		t.notices[SWCXL_NOTICE_OVERFLOW]++;
	if (strcmp(event, "SWCXL_DC_EXTENT"))
		return;
	t.notices[SWCXL_NOTICE_DC_EXTENT]++;
	t.last_extent.change = (enum swcxl_dc_change)word(data, "change", changes);
	t.last_extent.extent = place(data);
}

/* What is told while nobody can hear: nothing of it counts. */
static void forget_news(void)
{
	t.notices[SWCXL_NOTICE_OVERFLOW] = t.notices[SWCXL_NOTICE_DC_EXTENT] = 0;
	model.overflows = model.dc.told = 0;
}

/* ---- commands ---- */

static struct json_object *cci_args(unsigned opcode, const void *in, size_t len)
{
	struct json_object *args = json_object_new_object();

	put_number(args, "opcode", opcode);
	put_hex(args, "payload", in, len);
	return args;
}

static unsigned by_control(unsigned opcode, const void *in, size_t len, uint8_t *out,
			   size_t *out_len)
{
	struct json_object *value = done("swcxl-cci", cci_args(opcode, in, len));
	unsigned rc;

	rc = (unsigned)number(value, "return-code");
	*out_len = hex_of(value, "payload", out, PAYLOAD);
	json_object_put(value);
	return rc;
}

static unsigned by(enum way way, unsigned opcode, const void *in, size_t len, uint8_t *out,
		   size_t *out_len)
{
	if (way == CONTROL)
		return by_control(opcode, in, len, out, out_len);
	t.mailbox_used = true;
	return peer_command(&peer, way == PRIMARY ? SWCXL_MAILBOX_PRIMARY : SWCXL_MAILBOX_SECONDARY,
			    opcode, in, len, out, out_len);
}

static bool only_reads(unsigned opcode)
{
	return opcode == 0x4300 || opcode == 0x4305 || opcode == 0x4800 || opcode == 0x4801;
}

unsigned test_execute(struct test_device *d, unsigned opcode, const void *in, size_t in_len,
		      uint8_t *out, size_t *out_len)
{
	unsigned rc;

	CHECK(d == &t);
	if (only_reads(opcode))
		return by(reads_by, opcode, in, in_len, out, out_len);
	forget_answers();
	rc = by(writes_by, opcode, in, in_len, out, out_len);
	if (opcode == 0x4400 && rc == SWCXL_BACKGROUND_STARTED)
		sanitizing = true;
	if (opcode == 0x0005)
		sanitizing = false;
	return rc;
}

enum swcxl_rc remote_execute(struct swcxl_cci *cci, unsigned opcode, const void *in, size_t in_len,
			     void *out, size_t *out_len)
{
	CHECK(cci == &host);
	forget_answers();
	return (enum swcxl_rc)by(PRIMARY, opcode, in, in_len, out, out_len);
}

struct swcxl_cci *remote_cci_new(struct swcxl_dev *dev)
{
	CHECK(dev->open);
	return &host;
}

/* ---- management ---- */

int remote_plant(struct swcxl_dev *dev, uint64_t start, uint64_t length, enum swcxl_source source,
		 bool known, bool permanent)
{
	static const char *const names[] = {"unknown", "external", "internal",
					    "injected", [7] = "vendor"};
	struct json_object *args = json_object_new_object();

	CHECK(dev->open);
	put_number(args, "start", start);
	put_number(args, "length", length);
	put_text(args, "source", names[source]);
	put_bool(args, "known", known);
	put_bool(args, "permanent", permanent);
	act("swcxl-plant-poison", args);
	return 0;
}

int remote_media_read(struct swcxl_dev *dev, uint64_t start, void *buf, size_t len)
{
	struct json_object *args = json_object_new_object(), *value;

	CHECK(dev->open);
	put_number(args, "start", start);
	put_number(args, "length", len);
	forget_answers();
	value = done("swcxl-read-media", args);
	CHECK(hex_of(value, "data", buf, len) == len);
	json_object_put(value);
	return 0;
}

int remote_media_write(struct swcxl_dev *dev, uint64_t start, const void *buf, size_t len)
{
	struct json_object *args = json_object_new_object();

	CHECK(dev->open);
	put_number(args, "start", start);
	put_hex(args, "data", buf, len);
	act("swcxl-write-media", args);
	return 0;
}

/* The time of the next thing that is due is not told: any time may be it. */
uint64_t remote_advance(struct swcxl_dev *dev, uint64_t now_ns)
{
	struct json_object *args;
	uint64_t now = number(ask(), "now") + born;

	CHECK(dev->open && now_ns >= now);
	if (now_ns == now)
		return now + 1;
	args = json_object_new_object();
	put_number(args, "nanoseconds", now_ns - now);
	act("swcxl-clock-step", args);
	if (sanitizing)
		memset(lsa, 0, sizeof(lsa));
	sanitizing = false;
	return now_ns + 1;
}

static enum swcxl_dc_error ask_dc(const char *command, struct json_object *args)
{
	struct json_object *value = peer_qmp(&peer, command, args);
	int error = SWCXL_DC_OK + 1;
	const char *known;

	forget_answers();
	json_object_put(value);
	if (value)
		return SWCXL_DC_OK;
	for (; (known = swcxl_dc_error_text((enum swcxl_dc_error)error)); error++)
		if (!strcmp(known, peer.error))
			return (enum swcxl_dc_error)error;
	fprintf(stderr, "%s: %s\n", command, peer.error);
	CHECK(known); /* the device's own errors, no others */
	return SWCXL_DC_OK;
}

static struct json_object *dc_args(unsigned to, unsigned region, const uint8_t tag[16])
{
	struct json_object *args = json_object_new_object();

	put_text(args, "path", "mem0");
	put_number(args, "host-id", to);
	put_number(args, "region", region);
	put_hex(args, "tag", tag, 16);
	return args;
}

/* By offset, where that counts; else a length. */
static void put_extents(struct json_object *args, bool prescribed, uint64_t length,
			const struct swcxl_dc_range *range, size_t ranges)
{
	const struct swcxl_dc_range all = {0, length};
	struct json_object *list = json_object_new_array();

	if (!prescribed) {
		range = &all;
		ranges = 1;
	}
	for (size_t i = 0; i < ranges; i++) {
		struct json_object *o = json_object_new_object();

		put_number(o, "offset", range[i].offset);
		put_number(o, "len", range[i].length);
		json_object_array_add(list, o);
	}
	json_object_object_add(args, "extents", list);
}

enum swcxl_dc_error remote_dc_add(struct swcxl_dev *dev, const struct swcxl_dc_add *add)
{
	static const char *const names[] = {"free", "contiguous", "prescriptive",
					    "enable-shared-access"};
	struct json_object *args;

	CHECK(dev->open);
	if (add->selection >= ARRAY_SIZE(names))
		return SWCXL_DC_E_BAD_POLICY; /* there is no word for it */
	args = dc_args(add->host, add->region, add->tag);
	put_text(args, "selection-policy", names[add->selection]);
	put_extents(args, add->selection == SWCXL_DC_SELECT_PRESCRIPTIVE, add->length, add->range,
		    add->ranges);
	return ask_dc("cxl-add-dynamic-capacity", args);
}

enum swcxl_dc_error remote_dc_release(struct swcxl_dev *dev, const struct swcxl_dc_release *r)
{
	static const char *const names[] = {"tag-based", "prescriptive"};
	struct json_object *args;

	CHECK(dev->open);
	if (r->removal >= ARRAY_SIZE(names))
		return SWCXL_DC_E_BAD_POLICY;
	args = dc_args(r->host, r->region, r->tag);
	put_text(args, "removal-policy", names[r->removal]);
	put_bool(args, "forced-removal", r->forced);
	put_bool(args, "sanitize-on-release", r->sanitize);
	put_extents(args, r->removal == SWCXL_DC_REMOVE_PRESCRIPTIVE, r->length, r->range,
		    r->ranges);
	return ask_dc("cxl-release-dynamic-capacity", args);
}

enum swcxl_dc_error remote_dc_reference(struct swcxl_dev *dev, const uint8_t tag[16], bool hold)
{
	struct json_object *args = json_object_new_object();

	CHECK(dev->open);
	put_hex(args, "tag", tag, 16);
	return ask_dc(hold ? "swcxl-add-dc-reference" : "swcxl-remove-dc-reference", args);
}

/* ---- resets ---- */

static void attach(void)
{
	peer_attach(&peer, one_in(2));
	t.mailbox_used = false;
	remote_attaches++;
}

static void read_labels(uint8_t labels[LSA])
{
	uint8_t in[8] = {0};
	size_t len;

	for (uint32_t at = 0; at < LSA; at += PAYLOAD) {
		le_store(in, 4, at);
		le_store(in + 4, 4, PAYLOAD);
		CHECK(!by_control(0x4102, in, sizeof(in), labels + at, &len) && len == PAYLOAD);
	}
}

/* New labels somewhere, and the payload that writes them; returns its length. */
static size_t some_labels(uint8_t in[PAYLOAD])
{
	uint32_t len = 1 + (uint32_t)below(PAYLOAD - 8), at = (uint32_t)below(LSA - len + 1);

	memset(in, 0, 8);
	le_store(in, 4, at);
	for (uint32_t i = 0; i < len; i++)
		in[8 + i] = lsa[at + i] = (uint8_t)below(256);
	return 8 + len;
}

/*
 * What was acknowledged is there when the next process comes; of what was not, labels, all or
 * nothing. It numbers the extent list anew, as the host has to read it anew.
 */
static void cut_power(void)
{
	bool killed = !one_in(4);
	uint8_t before[LSA], after[LSA], in[PAYLOAD];

	memcpy(before, lsa, LSA);
	if (killed)
		peer_request(&peer, "swcxl-cci", cci_args(0x4103, in, some_labels(in)));
	peer_end(&peer, killed ? SIGKILL : SIGTERM);
	peer_start(&peer);
	born = model.now;
	forget_news();
	read_labels(after);
	CHECK(!memcmp(after, lsa, LSA) || (killed && !memcmp(after, before, LSA)));
	memcpy(lsa, after, LSA);
	attach();
	model.dc.generation = (uint32_t)number(member(ask(), "dynamic-capacity"), "generation");
	remote_restarts++;
}

/* By the guest, who writes the bit, or the manager. */
static void reset_cxl(void)
{
	const uint8_t bit = 4;
	struct json_object *args = json_object_new_object();

	put_text(args, "type", "cxl");
	if (one_in(2))
		peer_write(&peer, 7, CXL_CONTROL2, &bit, 1);
	else
		json_object_put(done("swcxl-reset", json_object_get(args)));
	json_object_put(args);
}

void remote_reset(struct swcxl_dev *dev, enum swcxl_reset type)
{
	struct json_object *args;

	CHECK(dev->open);
	forget_answers();
	sanitizing = false;
	if (type == SWCXL_RESET_CXL) {
		reset_cxl();
	} else if (type == SWCXL_RESET_ATTACH) {
		peer_detach(&peer);
		attach();
	} else if (type == SWCXL_RESET_COLD && kill_one_in && one_in(kill_one_in)) {
		cut_power();
	} else {
		args = json_object_new_object();
		put_text(args, "type", type == SWCXL_RESET_COLD ? "cold" : "conventional");
		json_object_put(done("swcxl-reset", args));
		t.mailbox_used = false;
	}
}

/* ---- what only the guest does ---- */

static void write_labels(void)
{
	uint8_t in[PAYLOAD], out[PAYLOAD], labels[LSA];
	size_t len = some_labels(in);

	CHECK(by_control(0x4103, in, len, out, &len) == SWCXL_SUCCESS);
	if (!one_in(16))
		return;
	read_labels(labels);
	CHECK(!memcmp(labels, lsa, LSA));
}

/* Anything at all by the secondary mailbox, which only reads. */
static void babble(void)
{
	static const uint8_t sets[] = {0x00, 0x01, 0x02, 0x04, 0x05, 0x41, 0x42, 0x43, 0x45, 0x48};
	uint8_t in[PAYLOAD], out[PAYLOAD];
	size_t len = below(one_in(4) ? sizeof(in) + 1 : 32), out_len;
	unsigned opcode = sets[below(ARRAY_SIZE(sets))] * 256u + (unsigned)below(6);

	if (only_reads(opcode)) /* it would go on with what others have begun */
		return;
	for (size_t i = 0; i < len; i++)
		in[i] = (uint8_t)(one_in(2) ? 0 : below(256));
	by(SECONDARY, opcode, in, len, out, &out_len);
}

static void look_around(void)
{
	static const uint8_t regions[] = {SWCXL_BAR_COMPONENT, SWCXL_BAR_DEVICE, SWCXL_BAR_MSIX, 7};
	uint8_t buf[64];

	peer_read(&peer, regions[below(4)], below(0x800) & ~63ull, buf, 1u << below(4));
}

static void intrude(void)
{
	uint8_t noise[100];

	for (unsigned i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(one_in(2) ? '{' : below(256));
	peer_intrude(&peer, noise, below(sizeof(noise)));
}

void remote_extras(void)
{
	if (!t.dev)
		return;
	if (one_in(6))
		write_labels();
	if (one_in(4))
		babble();
	if (one_in(8))
		look_around();
	if (one_in(100))
		intrude();
	if (kill_one_in == 1 && one_in(40))
		op_power();
}

/* ---- life ---- */

/* The device that would get all changes is the state file: it is not made. */
void test_device_open(struct test_device *d, const struct swcxl_config *config)
{
	struct swcxl_config c = *config;

	*d = (struct test_device){0};
	if (d != &t)
		return;
	d->dev = &device;
	device.open = true;
	c.lsa_size = LSA;
	dc = c.dc_regions;
	memset(lsa, 0, sizeof(lsa));
	kill_one_in = remote_kill_one_in;
	reads_by = (enum way)below(3);
	writes_by = one_in(2) ? PRIMARY : CONTROL;
	if (dc && reads_by == PRIMARY)
		reads_by = SECONDARY;
	if (dc)
		writes_by = CONTROL;
	born = 0;
	peer.hear = hear;
	peer_make(&peer, &c);
	peer_start(&peer);
	attach();
}

void test_device_close(struct test_device *d)
{
	if (d != &t)
		return;
	forget_answers();
	peer_end(&peer, SIGTERM);
	peer_drop(&peer);
	device.open = false;
	t.dev = NULL;
}

bool test_same_state(const struct swcxl_dev *a, const struct swcxl_dev *b)
{
	return a == &device && !b; /* there is none */
}
