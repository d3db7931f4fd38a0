/* SPDX-License-Identifier: MIT */
/*
 * The device, as its own files see it; nobody outside src/core includes this.
 *
 * Each block below belongs to the file named in its comment.
 */
#ifndef SWCXL_CORE_DEVICE_H
#define SWCXL_CORE_DEVICE_H

#include "base/mem.h"
#include "base/ranges.h"
#include "base/util.h"
#include "core/csd.h"
#include "core/dc.h"
#include "core/debug.h"
#include "core/faults.h"
#include "core/fw.h"
#include "core/features.h"
#include "core/kept.h"
#include "core/regs.h"
#include "core/repair.h"
#include "media/media.h"
#include "swcxl/state.h"
#include "swcxl/swcxl.h"
#include "wire/health.h"
#include "wire/media.h"
#include "wire/memory.h"
#include "wire/registers.h"

/* D-11: no record is longer; its length in bytes still fits the 32 bits that Linux traces. */
/* Longest configurable duration: 100 times as much still fits 64 bits. */
#define DURATION_MAX_NS (30ull * 24 * 3600 * NS_PER_S)

#define RECORD_LINES_MAX ((1ull << 26) - 1)

/* MSI-X vectors: 8.2.9.4.3 wants them among the first 16. */
enum { VECTOR_MAILBOX, VECTOR_EVENTS /* one for each log from here on */, VECTOR_DOE = 6 };

/* ---- dpa.c: the address space is a table of segments, in address order, without gaps ---- */

enum dpa_kind { DPA_VOLATILE, DPA_PERSISTENT };

struct dpa_segment {
	uint64_t start, len; /* lines; len 0: absent */
	enum dpa_kind kind;
};

/* Partitions, then regions of dynamic capacity. */
enum { DPA_DYNAMIC = 2, DPA_SEGMENTS = DPA_DYNAMIC + SWCXL_DC_REGIONS };

struct dpa {
	struct dpa_segment segment[DPA_SEGMENTS];
	uint64_t static_top, top; /* lines: of the partitions, and of all */
};

/* share: how many units of the partitionable capacity are volatile. */
void dpa_init(struct dpa *dpa, const struct swcxl_config *config, uint64_t share);
/* Where a partition begins above a line (struct bounds). */
uint64_t dpa_next_bound(const void *dpa, uint64_t line);
const struct dpa_segment *dpa_find(const struct dpa *dpa, uint64_t line);
bool dpa_is_volatile(const struct dpa *dpa, uint64_t line);
/* Lines of a partition, and whether there is any capacity of a kind. */
uint64_t dpa_partition(const struct dpa *dpa, enum dpa_kind kind);
bool dpa_has(const struct dpa *dpa, enum dpa_kind kind);

/* ---- partition.c ---- */

/* So many units of the partitionable capacity are volatile, at once or from the next reset on.
 * -ENOMEM: nothing has changed. */
int partition_set(struct swcxl_dev *dev, uint64_t share, bool immediate);
void partition_reset(struct swcxl_dev *dev, enum swcxl_reset type);

/* ---- kept.c: see core/kept.h ---- */

bool kept_save_next(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
		    struct swcxl_change *change);
int kept_apply(struct swcxl_dev *dev, const struct swcxl_change *change);

/* ---- events.c ---- */

struct event_log {
	uint8_t (*record)[SWCXL_EVENT_RECORD_SIZE]; /* a ring that grows up to the limit */
	uint32_t cap, first, count;
	uint16_t last_handle;
	uint16_t lost;
	uint64_t first_lost, last_lost;
	bool overflow;
};

/* The record types of src/tbl/uuids.tbl.h. */
enum event_type {
#define EVENT_UUID(id, ...) EVENT_TYPE_##id,
#include "tbl/uuids.tbl.h"
};

/* A record of the device's own making; flags: of the header, without the severity. A full log
 * counts it as lost. */
void event_add(struct swcxl_dev *dev, enum swcxl_log log, enum event_type type, uint32_t flags,
	       const void *data, size_t len);
/* The same with what else the header shall have; its UUID is filled in. */
void event_add_as(struct swcxl_dev *dev, enum swcxl_log log, enum event_type type,
		  struct swcxl_event_header *header, const void *data, size_t len);
/* A General Media event for poison at a line (D-36, D-37; rules in events.c). */
void event_poison(struct swcxl_dev *dev, uint64_t line, uint8_t attr, unsigned transaction);
/* Is there room for so many records more? */
bool event_room(struct swcxl_dev *dev, enum swcxl_log log, unsigned records);
void event_clear(struct swcxl_dev *dev, enum swcxl_log log, uint32_t n);
void event_logs_fini(struct swcxl_dev *dev);
uint64_t event_status(const struct swcxl_dev *dev);
int event_apply(struct swcxl_dev *dev, const struct swcxl_change *change);
bool event_save_next(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
		     struct swcxl_change *change);

/* ---- list.c: the poison list ---- */

struct poison_list {
	struct ranges record; /* attribute: SWCXL_ATTR_POISON | source */
	bool overflowed;
	uint64_t overflow_timestamp;
};

/* Enters what is known of a range; what does not fit makes the list overflow. */
void list_add(struct swcxl_dev *dev, uint64_t start, uint64_t len);
/* The same for one piece of the media, which the host may know of. */
void list_add_piece(struct swcxl_dev *dev, const struct range *media);
/* Removes a range that is clean now. */
void list_remove(struct swcxl_dev *dev, uint64_t start, uint64_t len);
/* Replaces the list by all that is known (D-24). */
void list_rebuild(struct swcxl_dev *dev);
/* The bounds of partitions have moved, and the records were cut anew. */
void list_bounds_moved(struct swcxl_dev *dev);
bool list_has(const struct swcxl_dev *dev, uint64_t line);
/* Can so many ranges be removed, one after another, without too many records on the way? */
bool list_can_lose(const struct swcxl_dev *dev, uint64_t ranges);

/* ---- poison.c: what changes poison, and what the device makes of it ---- */

/* Lines become poisoned; transaction: of the event. -ENOSPC: nothing changed. */
int poison_plant(struct swcxl_dev *dev, uint64_t start, uint64_t len, uint8_t attr,
		 unsigned transaction);
/* The same for many, sorted by address: first all at once (-ENOSPC or -ENOMEM: none can be
 * planted), then each, then the end. limit: judge the limit of ranges for it alone. */
int poison_plant_begin(struct swcxl_dev *dev, const struct stretch *stretches, size_t n,
		       uint8_t attr);
int poison_plant_next(struct swcxl_dev *dev, uint64_t start, uint64_t len, uint8_t attr,
		      unsigned transaction, bool limit);
void poison_plant_end(struct swcxl_dev *dev);
/* The device notices poison in a range (scan, host read): it becomes known and enters the list.
 * False: no memory, nothing changed. */
bool poison_discover(struct swcxl_dev *dev, uint64_t start, uint64_t len);
/*
 * The same for one who walks the media and has found a piece of poison, of which up to n lines.
 * What is known is listed already, or the list is frozen. What is not becomes known: the first
 * line, which may need a record, and as many of the next as this record then takes. So whether
 * and when the list overflows does not depend on how many lines a step of the clock passes.
 * Returns how many lines it was, 0 when there is no memory.
 */
uint64_t poison_discover_part(struct swcxl_dev *dev, const struct range *found, uint64_t n);
/* Would it, when it becomes known, be the only permanent error that is? Health changes then, and
 * the device may begin to repair. */
bool poison_is_news(const struct swcxl_dev *dev, const struct range *piece);
/* Permanent errors in a range are so no longer; the lines stay poisoned, and are known to be.
 * False: no memory, nothing changed. */
bool poison_repair(struct swcxl_dev *dev, uint64_t start, uint64_t len);
/* A host writes lines, of which the `whole` ones are written in full and lose their poison unless
 * it is permanent (D-52). False: no memory, nothing changed. */
bool poison_write(struct swcxl_dev *dev, uint64_t line, const uint8_t *data, uint64_t lines,
		  uint64_t whole, uint64_t whole_lines);
/* Removes from a kind of capacity the poison for which keep() returns 0. Cannot fail. The list
 * follows by poison_settle(), when all is swept that is. */
void poison_sweep(struct swcxl_dev *dev, enum dpa_kind kind, media_fn *keep);
media_fn poison_is_permanent;
/* The device overwrites lines: poison goes but for permanent errors. False: no memory, or too
 * many ranges, nothing changed. The list follows when all is done. */
bool poison_overwrite(struct swcxl_dev *dev, uint64_t start, uint64_t len, bool limit);
/* The first poison from a line on and below an end that the host may know of: a piece of it. */
bool poison_find(const struct swcxl_dev *dev, uint64_t line, uint64_t end, struct range *piece);
void poison_settle(struct swcxl_dev *dev);

/* ---- erase.c: content that goes; none of these can fail ---- */

void erase_lines(struct swcxl_dev *dev, uint64_t start, uint64_t len);
void erase_kind(struct swcxl_dev *dev, enum dpa_kind kind);
void erase_labels(struct swcxl_dev *dev);

/* ---- scan.c: Scan Media ---- */

struct scan_record {
	uint64_t start;
	uint32_t lines;
	uint8_t attr;
};

struct scan {
	bool called; /* since the last conventional reset (G-2) */
	bool running, stopped, no_events;
	bool covers;		       /* started while the list was overflowed (D-23) */
	uint64_t uncounted;	       /* from here to its position it is not in the coverage yet */
	uint64_t start, end, position; /* lines */
	uint64_t began_ns;
	uint64_t restart, restart_lines;
	struct scan_record *result;
	uint64_t results, results_cap;
	struct ranges coverage;
};

void scan_start(struct swcxl_dev *dev, uint64_t start, uint64_t lines, bool no_events);
extern const struct background_op scan_op;
void scan_drop_results(struct swcxl_dev *dev);
void scan_drop_coverage(struct swcxl_dev *dev);
/* The host may know of these lines from now on: whatever passed them has not looked (E-6). */
void scan_uncover(struct swcxl_dev *dev, uint64_t start, uint64_t len);
uint64_t scan_duration_ns(const struct swcxl_dev *dev, uint64_t lines);

/* ---- scrub.c: the patrol ---- */

#define SCRUB_HOURS_MIN 1

struct scrub {
	bool running;
	unsigned hours;		  /* for all of the media */
	uint64_t start, position; /* lines: where this lap began, and what is to be passed next */
	uint64_t began_ns;	  /* when it began */
	bool found_any;		  /* latent errors, in this lap */
	struct {		  /* the poison that it reported last */
		uint64_t end, lines;
		uint8_t source;
	} found;
};

/* The feature has another value, maybe. */
void scrub_configure(struct swcxl_dev *dev);
void scrub_reset(struct swcxl_dev *dev);
uint64_t scrub_deadline(const struct swcxl_dev *dev);
void scrub_advance(struct swcxl_dev *dev, uint64_t now_ns);

/* ---- repair.c ---- */

/* Spares of all kinds that are left. What they could repair: media.permanent. */
unsigned repair_spares_left(const struct swcxl_dev *dev);
/* Would the device repair by itself, if there were something to? */
bool repair_may_begin(const struct swcxl_dev *dev);
/* A permanent error has become known, or a feature has another value. */
void repair_wanted(struct swcxl_dev *dev);
void repair_power_lost(struct swcxl_dev *dev);
uint64_t repair_deadline(const struct swcxl_dev *dev);
void repair_advance(struct swcxl_dev *dev, uint64_t now_ns);

/* ---- background.c: one operation at a time ---- */

/* What runs in the background. abort() ends it with background_end(dev, SWCXL_ABORTED). */
struct background_op {
	unsigned (*percent)(const struct swcxl_dev *dev);
	/* when something of it becomes visible next, and going on until a time */
	uint64_t (*deadline)(const struct swcxl_dev *dev);
	void (*advance)(struct swcxl_dev *dev, uint64_t now_ns);
	void (*abort)(struct swcxl_dev *dev);
};

struct background { /* as Background Command Status shows it; all 0 before the first */
	uint16_t opcode;
	uint8_t percent;
	enum swcxl_rc rc;
	bool running;
};

struct timed { /* an operation that takes a time, and has its effect at the end */
	uint64_t began_ns, end_ns, duration_ns;
	enum swcxl_rc (*finish)(struct swcxl_dev *dev);
	void (*cancel)(struct swcxl_dev *dev); /* may be NULL */
};

struct job { /* the operation that runs, or ran last */
	const struct background_op *op;
	struct swcxl_cci *owner; /* NULL: its channel is gone */
	struct timed timed;
	bool stuck;		 /* it makes no progress: a fault */
	bool ending;		 /* it has ended, and waits for a commit to say so */
	uint64_t ticket;	 /* that one */
	struct background ended; /* what will be said */
};

void background_start(struct swcxl_cci *cci, uint16_t opcode, const struct background_op *op);
/* finish() does what there is to do, and returns how it went; cancel() hears of an abort. */
void background_start_timed(struct swcxl_cci *cci, uint16_t opcode, uint64_t duration_ns,
			    enum swcxl_rc (*finish)(struct swcxl_dev *dev),
			    void (*cancel)(struct swcxl_dev *dev));
/* Commits up to this one are done. */
void background_settled(struct swcxl_dev *dev, uint64_t ticket);
void background_end(struct swcxl_dev *dev, enum swcxl_rc rc);
void background_abort(struct swcxl_dev *dev);
void background_stop(struct swcxl_dev *dev); /* a reset */
void background_disown(struct swcxl_cci *cci);
void background_forget(struct swcxl_dev *dev);
void background_advance(struct swcxl_dev *dev, uint64_t now_ns);
uint64_t background_deadline(const struct swcxl_dev *dev);
struct background background_status(const struct swcxl_cci *cci); /* of a channel */
struct background background_of(const struct swcxl_dev *dev);	  /* of any */

/* ---- mailbox.c ---- */

/* The reply to a command that has run, for as long as there is a reason to wait. */
struct held_reply {
	bool active;
	uint16_t opcode;
	enum swcxl_rc rc;
	size_t out_len;
	uint64_t ticket;   /* for this commit; 0: for none */
	uint64_t until_ns; /* for this time: a fault */
	bool hung;	   /* for ever: a fault */
	bool changed;	   /* it changed something that is to be durable */
};

struct mailbox {
	struct swcxl_cci *cci;
	uint32_t control; /* interrupt enables */
	uint64_t command;
	enum swcxl_rc rc;     /* of the last command */
	uint8_t *payload;     /* may be shared with a hostile peer */
	uint8_t *own_payload; /* used when the transport lends none */
	uint8_t *in, *out;    /* private copies */
	uint8_t *page;	      /* the registers where a hostile peer maps them, or NULL */
	bool enables_unseen;  /* it may have written interrupt enables that nobody has seen */
	struct held_reply held;
};

int mailbox_init(struct swcxl_dev *dev);
void mailbox_fini(struct swcxl_dev *dev);
void mailbox_reset(struct swcxl_dev *dev);
void mailbox_background_done(struct swcxl_dev *dev, struct swcxl_cci *cci);
/* Time has passed: mapped registers show how far a background operation has come. */
void mailbox_show_background(struct swcxl_dev *dev);
/* Faults were cleared: nothing is delayed or hangs. */
void mailbox_recover(struct swcxl_dev *dev);
uint64_t mailbox_deadline(const struct swcxl_dev *dev);
void mailbox_advance(struct swcxl_dev *dev, uint64_t now_ns);
void mailbox_settled(struct swcxl_dev *dev, uint64_t ticket);
void mailbox_unwritable(struct swcxl_dev *dev);
uint64_t device_bar_size(const struct swcxl_dev *dev);
void device_bar_read(struct swcxl_dev *dev, uint64_t offset, void *buf, uint32_t len);
void device_bar_write(struct swcxl_dev *dev, uint64_t offset, const void *buf, uint32_t len);

/* ---- config_space.c, component.c ---- */

#define HDM_DECODERS 4

void config_space_reset(struct swcxl_dev *dev);
void config_space_function_reset(struct swcxl_dev *dev);
/* All of it, or (CXL Reset) but for what is sticky or locked. */
void component_reset(struct swcxl_dev *dev, bool conventional);
void component_write(struct swcxl_dev *dev, uint64_t offset, const void *buf, uint32_t len);

/* ---- doe.c, cdat.c: Data Object Exchange, and the table that is read through it ---- */

struct cdat { /* the address space that its entries describe: as it was when entry 0 was read */
	struct dpa_segment segment[DPA_SEGMENTS];
	uint32_t sequence;
};

#define CDAT_ENTRY_MAX 24u
/* Writes an entry: its length, and the handle of the next; or 0, as there is none. */
size_t cdat_entry(struct swcxl_dev *dev, uint16_t handle, uint8_t *entry, uint16_t *next);

#define DOE_REQUEST_MAX 64u /* dwords that a request may have */
#define DOE_RESPONSE_MAX 16u

struct doe {
	uint32_t written; /* dwords of the request; those beyond the room for it count too */
	uint8_t request[4 * DOE_REQUEST_MAX];
	uint8_t response[4 * DOE_RESPONSE_MAX];
	uint32_t length, at; /* dwords of the response (0: none is ready), and the one that shows */
	bool error;	     /* until an abort */
	struct cdat cdat;
};

void doe_reset(struct swcxl_dev *dev);
/* A write to configuration space, after its registers have taken it. */
void doe_write(struct swcxl_dev *dev, uint32_t offset, const void *buf, uint32_t len);

/* ---- ras.c: protocol errors ---- */

#define RAS_ERRORS_MAX 32u /* whose headers are kept */

struct ras_error {
	uint8_t bit;
	uint32_t header[SWCXL_RAS_HEADER];
};

struct ras { /* uncorrectable errors that the host has not cleared */
	struct ras_error error[RAS_ERRORS_MAX];
	unsigned count;
	uint32_t unlogged; /* bits of those whose headers were not kept */
};

void ras_reset(struct swcxl_dev *dev);
/* A write to the component registers, after they have taken it. */
void ras_write(struct swcxl_dev *dev, uint64_t offset, const void *buf, uint32_t len);

/* ---- cci.c: channels and the dispatcher; see core/cci.h ---- */

enum channel { CHANNEL_PRIMARY, CHANNEL_SECONDARY, CHANNEL_CONTROL };

struct cursor { /* a transfer that is not finished (D-8) */
	bool active;
	uint64_t start, lines; /* the range as asked */
	uint64_t next;
};

struct swcxl_cci {
	struct swcxl_dev *dev;
	enum channel channel;
	char name[24]; /* "primary", "control7" */
	struct cursor list;
	uint64_t results_next;	      /* first scan result not yet fetched */
	uint32_t csd_seen;	      /* generation of the state dump that is being read; 0: none */
	uint32_t limit;		      /* bytes of output */
	bool used;		      /* it has executed something */
	struct background background; /* the last one it started */
	struct dc_answer *answer;     /* NULL: it has not needed one yet */
	struct swcxl_cci *next;
};

/* ---- health.c ---- */

void health_init(struct swcxl_dev *dev);
void health_reset(struct swcxl_dev *dev, enum swcxl_reset type);
/* Something that health is about has changed: what is new is told. */
void health_update(struct swcxl_dev *dev);
void health_info(const struct swcxl_dev *dev, struct get_health_info_out *out);
void health_query(const struct swcxl_dev *dev, struct swcxl_status *status);
/* The host has set these alerts (ALERT_*). */
void health_alerts_set(struct swcxl_dev *dev, uint8_t alerts);

/* ---- cmd/qos.c ---- */

void qos_reset(struct swcxl_dev *dev, enum swcxl_reset type);
/* ---- cmd/sanitize.c, cmd/security.c ---- */

struct media_operation_job { /* Media Operations under way */
	struct media_operation_range *range;
	uint32_t ranges;
};

struct security { /* what of it only power keeps; the passphrases are in kept.security */
	bool locked, frozen;
	uint8_t wrong[2]; /* passphrases in a row, master and user */
};

void media_operation_drop(struct swcxl_dev *dev);
/* SECURITY_*: what Get Security State shows. */
uint32_t security_state(const struct swcxl_dev *dev);
/* Is a line of the range in locked capacity? */
bool security_locks(const struct swcxl_dev *dev, uint64_t line, uint64_t lines);
void security_reset(struct swcxl_dev *dev, enum swcxl_reset type);

/* ---- reset.c ---- */

void device_cxl_reset(struct swcxl_dev *dev, bool mem_clear);
void device_function_reset(struct swcxl_dev *dev);

/* ---- the device: device.c ---- */

struct swcxl_dev {
	struct swcxl_config config;
	struct swcxl_host host;
	struct mem mem;
	uint64_t now_ns, deadline_ns;
	bool applying;	  /* a state is being restored: no changes come out */
	uint64_t changes; /* that came out so far */
	bool unwritable;  /* they cannot be made durable */

	bool clock_set;
	uint64_t clock_base, clock_set_ns; /* Set Timestamp: value, and when */

	struct dpa dpa;
	struct dc *dc; /* NULL: there is no dynamic capacity */
	struct media media;
	struct poison_list list;
	struct scan scan;
	struct scrub scrub;
	struct repairs repairs;
	struct feature_transfer feature_transfer;
	struct background background;
	struct job job;

	struct event_log log[SWCXL_LOGS];
	uint8_t event_policy[SWCXL_LOGS];

	struct get_alert_configuration_out alerts;
	struct sld_qos_control qos;
	uint8_t *lsa;
	struct kept kept;
	struct faults faults;
	struct media_operation_job media_operation;
	struct security security;
	struct firmware fw;
	struct debug_log debug;
	struct state_dump csd;
	struct counters counters;

	bool mailbox_used; /* a doorbell rang since the last reset (D-39) */
	struct swcxl_cci *ccis;
	unsigned control_channels; /* made so far */
	struct mailbox mailbox[SWCXL_MAILBOXES];
	struct regs config_space, component;
	struct doe doe;
	struct ras ras;
};

/* A time, and so much later; at the end of time it is a little earlier than never. */
static inline uint64_t time_add(uint64_t ns, uint64_t later_ns)
{
	return MIN(ns > UINT64_MAX - later_ns ? UINT64_MAX : ns + later_ns, SWCXL_NO_DEADLINE - 1);
}

/* The Memory Device Status register (8.2.9.5.1), and the media status in it: MEMDEV_MEDIA_*. */
uint64_t device_memory_status(const struct swcxl_dev *dev);
unsigned device_media_status(const struct swcxl_dev *dev);
/* Device time as its commands and events show it: 0 until set (8.2.10.4). */
uint64_t device_timestamp(const struct swcxl_dev *dev);
void device_change(struct swcxl_dev *dev, const struct swcxl_change *change);
/* That lines hold data now. */
struct swcxl_change content_change(const struct swcxl_dev *dev, uint64_t line, uint64_t lines,
				   const uint8_t *data);
/* The commit that what is shown now has to wait for; 0: none. */
uint64_t device_ticket(const struct swcxl_dev *dev);
void device_notice(struct swcxl_dev *dev, const struct swcxl_notice *notice);
void device_log(const struct swcxl_dev *dev, enum swcxl_log_level level, const char *text);
/* What happened to the device beside its commands, for the trace. */
void device_trace(struct swcxl_dev *dev, enum swcxl_trace_kind kind, const char *what,
		  uint64_t offset, const void *bytes, uint32_t len);
void device_irq(struct swcxl_dev *dev, unsigned vector);
/* To be called when something may have become due earlier or later. */
void device_deadline(struct swcxl_dev *dev);
/* What has been held up past its time happens now. Moves the deadline. */
void device_catch_up(struct swcxl_dev *dev);

#endif
