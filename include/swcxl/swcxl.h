/* SPDX-License-Identifier: MIT */
/*
 * libswcxl: a complete CXL Type 3 memory device (single logical device) as a library.
 *
 * The device knows no file descriptor, no clock, no thread and no transport. What it needs from
 * the world it asks of struct swcxl_host; what the world does to it are the functions below.
 *
 *  - Time is an argument: swcxl_advance(dev, now). Nothing else moves time, and every other call
 *    happens at the time of the last swcxl_advance().
 *  - One thread at a time may use a device. Callbacks run inside the call that causes them and
 *    must not call back into the device, except where a callback's text says so.
 *  - Addresses are device physical addresses (DPA) in bytes and lengths are in bytes unless a
 *    name says "lines" (64 bytes, 64-byte aligned).
 *  - Operational errors are negative errno values. Errors that a host sees are enum swcxl_rc.
 *
 * Rule numbers such as D-39 or Q-1 are explained in docs/RULES.md. Sections are those of
 * CXL r3.2.
 */
#ifndef SWCXL_SWCXL_H
#define SWCXL_SWCXL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SWCXL_LINE 64u			   /* bytes in a line: the unit of poison */
#define SWCXL_CAPACITY_UNIT (256ull << 20) /* every capacity is a multiple of this */
#define SWCXL_EVENT_RECORD_SIZE 128u	   /* 8.2.10.2.1: a whole event record */

struct swcxl_dev; /* a device */
struct swcxl_cci; /* a channel into its command interface, with cursors and limits of its own */

/* ---- return codes of the command interface (8.2.9.4.5.1) ------------------------------------ */

enum swcxl_rc {
#define RC(code, id, name) SWCXL_##id = (code),
#include "swcxl/rc.tbl.h"
};

/* The specification's name of a return code ("Invalid Input"), or NULL for an unknown one. */
const char *swcxl_rc_name(unsigned rc);

/* The name of a command in lower case with underscores ("get_poison_list"), or NULL. */
const char *swcxl_command_name(unsigned opcode);

/* ---- configuration -------------------------------------------------------------------------- */

enum swcxl_revision { SWCXL_CXL_2_0, SWCXL_CXL_3_0, SWCXL_CXL_3_1, SWCXL_CXL_3_2 };

/* What Inject Poison and Clear Poison do while a scan runs (D-20). */
enum swcxl_during_scan {
	SWCXL_DURING_SCAN_APPLY,  /* take effect at once */
	SWCXL_DURING_SCAN_FREEZE, /* succeed and do nothing, as the first emulators did */
	SWCXL_DURING_SCAN_BUSY,	  /* are refused with Busy */
};

#define SWCXL_DC_REGIONS 8u

/* A region of dynamic capacity (9.13.3): its flags, where CDAT and 5601h have them. */
enum swcxl_dc_flag {
	SWCXL_DC_SANITIZE =
		1 << 0, /* what is released is sanitized (Get Dynamic Capacity Config) */
	SWCXL_DC_NON_VOLATILE = 1 << 2, /* else its extents and content go with the power */
	SWCXL_DC_SHARABLE = 1 << 3,	/* extents have tags, and are accepted and released whole */
	SWCXL_DC_HW_COHERENCY = 1 << 4,
	SWCXL_DC_READ_ONLY = 1 << 6, /* hosts' writes are dropped */
	SWCXL_DC_FLAGS = 0x5d,	     /* all of them */
};
/* Their names, for people, and bit numbers. */
#define SWCXL_DC_FLAG_WORDS(WORD) \
	WORD("sanitize", 0)       \
	WORD("non-volatile", 2) WORD("sharable", 3) WORD("hw-coherency", 4) WORD("read-only", 6)

struct swcxl_config {
	uint64_t volatile_size;	     /* multiple of SWCXL_CAPACITY_UNIT */
	uint64_t persistent_size;    /* likewise */
	uint64_t partitionable_size; /* likewise, between the two, volatile at first: what Set
				      * Partition Info can move; the sum is 256 MiB .. 16 TiB */
	uint64_t serial;	     /* never 0 */
	enum swcxl_revision revision;
	uint32_t poison_list_max;  /* 1 .. 16777215 records */
	uint16_t inject_limit;	   /* lines; 0: no limit */
	bool injected_persists;	   /* Identify 41h bit 0 */
	bool volatile_list;	   /* the poison list covers volatile capacity (D-7) */
	bool span_reject;	   /* ranges across partitions are Invalid Input (D-5) */
	bool strict;		   /* reserved bits in inputs are refused (D-2) */
	bool estimate;		   /* 4303h knows an estimate (D-35) */
	bool hdm_refuse;	   /* HDM decoders never commit */
	uint64_t scan_ns_per_line; /* >= 1 */
	uint32_t scan_results_max; /* records; 0: unbounded (D-33) */
	enum swcxl_during_scan during_scan;
	uint32_t payload_size;	   /* mailbox payload: power of two, 256 .. 1 MiB */
	uint32_t lsa_size;	   /* bytes; 0: none, else >= 1280 */
	uint16_t event_log_max;	   /* records in each log, >= 1 */
	uint64_t media_memory_max; /* bytes of media content that may be held */
	uint64_t ranges_max;	   /* poisoned ranges that may be held */
	/* How long operations take, at most 30 days each. */
	uint64_t sanitize_ns;	 /* Sanitize, Media Operations */
	uint64_t fw_ns;		 /* verifying a firmware package, activating it online */
	uint64_t maintenance_ns; /* Perform Maintenance */
	/* Dynamic capacity, above the other; since 3.0. Regions are alike but for their flags. */
	uint32_t dc_regions;	 /* 0 .. SWCXL_DC_REGIONS */
	uint64_t dc_region_size; /* of each, multiple of SWCXL_CAPACITY_UNIT; 0 without regions */
	uint64_t dc_block_size;	 /* power of two, >= SWCXL_LINE, of which a region has so many */
	uint8_t dc_flags[SWCXL_DC_REGIONS]; /* enum swcxl_dc_flag */
	bool dc_decode_bytes; /* 4800h has decode lengths in bytes, not in units of 256 MiB */
	uint64_t dc_host_timeout_ns; /* an offer or request that is not answered ends; 0: never */
};

/* Fills in the defaults of the programs: 1 GiB volatile, 256 records, 4 KiB payload, ... */
void swcxl_config_init(struct swcxl_config *config);

/* Why a configuration cannot be: one sentence naming the field, or NULL when it is sound. */
const char *swcxl_config_error(const struct swcxl_config *config);

/* ---- what the device asks of the world ------------------------------------------------------ */

enum swcxl_log_level { SWCXL_LOG_ERR, SWCXL_LOG_WARN, SWCXL_LOG_INFO, SWCXL_LOG_DEBUG };

enum swcxl_reset {
	SWCXL_RESET_CONVENTIONAL, /* hot or warm: always acts (D-39) */
	SWCXL_RESET_CXL,	  /* CXL Reset (D-40) */
	SWCXL_RESET_ATTACH,	  /* a VMM attached, went or reset its device: conventional, but
				   * media, list, overflow and logs stay when no mailbox command
				   * ran since the last reset (D-39) */
	SWCXL_RESET_COLD,	  /* power was lost: what only power keeps goes as well */
	SWCXL_RESET_FUNCTION,	  /* FLR: what PCI Express knows of, and nothing of CXL.mem */
};

/*
 * What is done to the device through its faces, enough to replay it (the management calls are
 * their caller's to trace). Pointers are valid during the callback.
 */
enum swcxl_trace_kind {
	SWCXL_TRACE_COMMAND, /* a command has run */
	SWCXL_TRACE_RESET,   /* a transport's reset begins (SWCXL_RESET_ATTACH) */
	SWCXL_TRACE_WRITE,   /* a register, but no doorbell that a command has run for */
	SWCXL_TRACE_OBJECT,  /* a data object was answered, which writes have asked for */
	SWCXL_TRACE_GONE,    /* a control channel that has executed something is freed */
};

struct swcxl_trace {
	enum swcxl_trace_kind kind;
	uint64_t now_ns;
	/* command: "primary", "secondary", "control1", "control2", ... (each control channel has
	 * its number), also when it goes; reset: "attach"; write: "config", "component", "device"
	 * (the BAR); object: "doe" */
	const char *channel;
	uint64_t offset; /* of a write */
	unsigned opcode;
	const char *name; /* of the command; NULL when unknown */
	const void *in;
	size_t in_len;
	size_t in_claimed; /* by a command register: more than in_len is refused */
	enum swcxl_rc rc;
	const void *out;
	size_t out_len;
};

/* News that a management client wants to hear. */
enum swcxl_notice_kind {
	SWCXL_NOTICE_OVERFLOW,		   /* the poison list has overflowed */
	SWCXL_NOTICE_BACKGROUND_STARTED,   /* opcode */
	SWCXL_NOTICE_BACKGROUND_COMPLETED, /* opcode, rc, percent */
	SWCXL_NOTICE_EVENT_RECORD, /* a log went from empty to not empty: log, handle, uuid */
	SWCXL_NOTICE_DC_EXTENT,	   /* what became of an extent: change, extent */
	SWCXL_NOTICES
};

/* What a fabric manager hears of dynamic capacity. */
enum swcxl_dc_change {
	SWCXL_DC_ACCEPTED,	    /* the host has added it */
	SWCXL_DC_REFUSED,	    /* it was offered, and the host did not want it */
	SWCXL_DC_OFFER_TIMED_OUT,   /* it was offered, and the host did not answer */
	SWCXL_DC_RELEASED,	    /* the host has given it back */
	SWCXL_DC_REQUEST_TIMED_OUT, /* it was asked for, and the host has kept it */
};

enum swcxl_dc_state {
	SWCXL_DC_PENDING, /* offered; the host has not answered yet */
	SWCXL_DC_ADDED,	  /* the host has it */
	SWCXL_DC_HELD,	  /* no host has it, but a fabric manager's reference keeps it allocated */
};

struct swcxl_dc_extent {
	enum swcxl_dc_state state;
	unsigned region;
	uint64_t start, length; /* DPA, bytes */
	uint8_t tag[16];	/* zeros: none */
	uint16_t sequence;	/* of shared extents; else 0 */
	unsigned offer;		/* pending: 1 is what the host has to answer next; else 0 */
	bool referenced;	/* a fabric manager refers to its tag */
	bool releasing;		/* the host was asked to release some of it */
	bool sanitize;		/* ... and that is to be sanitized then */
};

struct swcxl_notice {
	enum swcxl_notice_kind kind;
	unsigned opcode;
	enum swcxl_rc rc;
	unsigned percent;
	unsigned log; /* enum swcxl_log */
	uint16_t handle;
	uint8_t uuid[16]; /* record type, bytes in text order */
	enum swcxl_dc_change change;
	struct swcxl_dc_extent extent; /* where it is, tag and sequence */
};

/*
 * A change of state that is more than registers, emitted when it has happened. Applied in order to
 * a fresh device of the same configuration (swcxl_apply()), the changes give the same device. That
 * includes volatile capacity: after a power cycle, apply and then do a cold reset; a store may
 * leave out what such a reset drops. Of a setting only the last change counts, and settings come
 * first: the partitions are one of them.
 */
enum swcxl_change_kind {
	SWCXL_CHANGE_POISON,	  /* start, length, attr: the media's truth; attr 0: clean */
	SWCXL_CHANGE_LIST,	  /* start, length, attr: listed with this source; attr 0: not */
	SWCXL_CHANGE_OVERFLOW,	  /* value: overflow timestamp, attr: 1 overflowed, 0 not */
	SWCXL_CHANGE_CONTENT,	  /* start, length, data (NULL: zeros), attr: _VOLATILE or 0 */
	SWCXL_CHANGE_LSA,	  /* start: offset, length, data */
	SWCXL_CHANGE_EVENT,	  /* log, data: a record of SWCXL_EVENT_RECORD_SIZE was added */
	SWCXL_CHANGE_EVENT_CLEAR, /* log, value: this many of the oldest records went */
	SWCXL_CHANGE_EVENT_LOST,  /* log, data: overflow state, opaque, 18 bytes */
	SWCXL_CHANGE_SETTING,	  /* start: number of a setting, data: all of it, opaque */
	SWCXL_CHANGE_EXTENT,	  /* start, value: its length, attr: SWCXL_EXTENT_*, length, data:
				   * opaque; attr 0: no extent begins in that range, no data */
};

/* attr of SWCXL_CHANGE_POISON and _LIST: a set bit 7 marks "poisoned" so that 0 means clean. */
#define SWCXL_ATTR_SOURCE 0x07u	   /* enum swcxl_source */
#define SWCXL_ATTR_KNOWN 0x08u	   /* the device knows of it */
#define SWCXL_ATTR_PERMANENT 0x10u /* cannot be cleared */
#define SWCXL_ATTR_POISON 0x80u
/* attr of SWCXL_CHANGE_CONTENT: all of it is in volatile capacity, and goes with the power. */
#define SWCXL_ATTR_VOLATILE 0x01u
/* attr of SWCXL_CHANGE_EXTENT: the host has it; a fabric manager refers to it; it is to be
 * sanitized. */
#define SWCXL_EXTENT_ADDED 0x01u
#define SWCXL_EXTENT_REFERENCED 0x02u
#define SWCXL_EXTENT_SANITIZE 0x04u

struct swcxl_change {
	enum swcxl_change_kind kind;
	uint64_t start, length; /* bytes */
	uint8_t attr;
	uint8_t log;
	uint64_t value;
	const void *data;
};

/*
 * The host of a device. Every callback but realloc may be NULL. ctx is passed through.
 * All must stay valid as long as the device lives.
 */
struct swcxl_host {
	void *ctx;
	/* As realloc(3); size 0 frees and returns NULL. The only source of memory. */
	void *(*realloc)(void *ctx, void *old, size_t size);
	/* MSI-X vector (0 .. SWCXL_MSIX_VECTORS - 1) fires once: an edge. */
	void (*irq)(void *ctx, unsigned vector);
	void (*log)(void *ctx, enum swcxl_log_level level, const char *text);
	/* A command has run on any channel, or registers were written, or a reset begins. */
	void (*trace)(void *ctx, const struct swcxl_trace *trace);
	void (*notice)(void *ctx, const struct swcxl_notice *notice);
	void (*changed)(void *ctx, const struct swcxl_change *change);
	/* The next deadline moved outside of swcxl_advance(): see there. */
	void (*deadline)(void *ctx, uint64_t deadline_ns);
	/*
	 * The number of the commit that will cover all that changed() has been told of so far; 0
	 * when all of it is durable. Numbers go up. NULL: nothing is ever waited for.
	 */
	uint64_t (*ticket)(void *ctx);
};

#define SWCXL_NO_DEADLINE UINT64_MAX

/* ---- life ----------------------------------------------------------------------------------- */

/*
 * Makes a device in its state after a cold reset, at time 0. Both structures are copied.
 * 0 and *dev, which the caller owns and gives to swcxl_free(); -EINVAL (configuration), -ENOMEM.
 */
int swcxl_new(const struct swcxl_config *config, const struct swcxl_host *host,
	      struct swcxl_dev **dev);

/* Frees the device and every channel of it. NULL is accepted. */
void swcxl_free(struct swcxl_dev *dev);

/* Bytes of device physical address space. */
uint64_t swcxl_capacity(const struct swcxl_dev *dev);

/* The configuration the device was made with; lives as long as the device. */
const struct swcxl_config *swcxl_get_config(const struct swcxl_dev *dev);

/*
 * Time is now_ns (of any clock that starts at 0 or later and does not run backwards; an earlier
 * value counts as the present). Everything due until then happens, in order, each at its own
 * time. Returns when it must be called next at the latest: SWCXL_NO_DEADLINE for never.
 * A deadline is when something becomes visible; being late harms nothing.
 */
uint64_t swcxl_advance(struct swcxl_dev *dev, uint64_t now_ns);

/* The time of the last swcxl_advance(). */
uint64_t swcxl_now(const struct swcxl_dev *dev);

/* Resets the device: 9.1, docs/RULES.md D-39, D-40. */
void swcxl_reset(struct swcxl_dev *dev, enum swcxl_reset type);

/* Emits, as changes, the whole of that state; and takes such a change into a fresh device
 * (-EINVAL when it cannot belong to this configuration, -ENOMEM). swcxl_apply() emits nothing. */
void swcxl_save(const struct swcxl_dev *dev,
		void (*emit)(void *ctx, const struct swcxl_change *change), void *ctx);
int swcxl_apply(struct swcxl_dev *dev, const struct swcxl_change *change);

/*
 * All commits up to this number are done. What a device acknowledges is durable: while changes
 * are not (host.ticket), a mailbox keeps the reply to any command to itself, since even a read
 * may show them. The command has run, its doorbell reads 1 until this call.
 */
void swcxl_settled(struct swcxl_dev *dev, uint64_t ticket);

/*
 * What has changed cannot be made durable (true), or it can again (false). Until then a command
 * whose effects would have to be is answered with Internal Error before it changes anything; so is
 * one whose reply is held, unless it changed nothing. All others are answered at once: what they
 * show may be lost with the power. Ends of background operations go on waiting.
 */
void swcxl_unwritable(struct swcxl_dev *dev, bool unwritable);

/* ---- PCI face ------------------------------------------------------------------------------- */

#define SWCXL_CONFIG_SIZE 4096u
#define SWCXL_BARS 6
#define SWCXL_BAR_COMPONENT 0 /* 64-bit: component registers */
#define SWCXL_BAR_DEVICE 2    /* 64-bit: device registers, mailboxes */
#define SWCXL_BAR_MSIX 4      /* 32-bit: MSI-X table and PBA; kept by the front end, see below */
#define SWCXL_MSIX_VECTORS 8
#define SWCXL_MSIX_TABLE 0x000u /* offsets in SWCXL_BAR_MSIX */
#define SWCXL_MSIX_PBA 0x800u
#define SWCXL_MSIX_BAR_SIZE 4096u

/* Size of a BAR in bytes, 0 for one that does not exist. */
uint64_t swcxl_bar_size(const struct swcxl_dev *dev, unsigned bar);

/*
 * Configuration space and BAR accesses, of any offset, width and alignment. What lies outside
 * reads as 0 and swallows writes. A write to a mailbox's doorbell executes the command before it
 * returns. The MSI-X BAR is not handled here: the transport owns vectors, their table and
 * pending bits.
 */
void swcxl_config_read(struct swcxl_dev *dev, uint32_t offset, void *buf, uint32_t len);
void swcxl_config_write(struct swcxl_dev *dev, uint32_t offset, const void *buf, uint32_t len);
void swcxl_bar_read(struct swcxl_dev *dev, unsigned bar, uint64_t offset, void *buf, uint32_t len);
void swcxl_bar_write(struct swcxl_dev *dev, unsigned bar, uint64_t offset, const void *buf,
		     uint32_t len);

/*
 * The payload areas of the two mailboxes, for a transport that lets its peer map them: area n is
 * swcxl_payload_area_size() bytes (whole 4 KiB pages) at swcxl_payload_offset() in
 * SWCXL_BAR_DEVICE. swcxl_set_payload() gives the device other memory for it (zeroed by the
 * caller, owned by the caller, used until the next call; NULL: the device's own). The memory may
 * be shared with a hostile peer: the device copies from it once, at the doorbell.
 */
enum swcxl_mailbox { SWCXL_MAILBOX_PRIMARY, SWCXL_MAILBOX_SECONDARY, SWCXL_MAILBOXES };
uint64_t swcxl_payload_offset(const struct swcxl_dev *dev, enum swcxl_mailbox mailbox);
uint32_t swcxl_payload_area_size(const struct swcxl_dev *dev);
void swcxl_set_payload(struct swcxl_dev *dev, enum swcxl_mailbox mailbox, void *memory);

/*
 * The mailbox registers (8.2.9.4), for a transport that lets its peer map them too: they end the
 * page of SWCXL_REGISTERS_SIZE bytes before the payload area, in which nothing else is.
 * swcxl_set_registers() gives the device memory for that page (aligned, owned by the caller, used
 * until the next call; NULL: accesses all come by swcxl_bar_write() again). What the peer
 * then writes is seen by whoever looks: swcxl_rung() is true, at the cost of two loads, when a
 * doorbell waits; swcxl_poll() takes what was written, executes what was rung for, and
 * returns how many commands. Accesses by swcxl_bar_read() and swcxl_bar_write() stay possible.
 */
#define SWCXL_REGISTERS_SIZE 4096u
void swcxl_set_registers(struct swcxl_dev *dev, enum swcxl_mailbox mailbox, void *page);
bool swcxl_rung(const struct swcxl_dev *dev);
unsigned swcxl_poll(struct swcxl_dev *dev);

/* ---- command interface ---------------------------------------------------------------------- */

/*
 * A control channel: own cursors for lists and results, output limit as the mailbox payload,
 * accepts the commands of every other channel. NULL when there is no memory.
 * Freeing a channel does not stop a background operation that it started.
 */
struct swcxl_cci *swcxl_cci_new(struct swcxl_dev *dev);
void swcxl_cci_free(struct swcxl_cci *cci);

/*
 * Executes one command. out must have room for the mailbox payload size. *out_len is its output's
 * length, 0 unless the return code is Success.
 */
enum swcxl_rc swcxl_execute(struct swcxl_cci *cci, unsigned opcode, const void *in, size_t in_len,
			    void *out, size_t *out_len);

/* ---- management: media ---------------------------------------------------------------------- */

/* Error source of a Media Error Record (8.2.10.9.4.1). */
enum swcxl_source {
	SWCXL_SOURCE_UNKNOWN = 0,
	SWCXL_SOURCE_EXTERNAL = 1,
	SWCXL_SOURCE_INTERNAL = 2,
	SWCXL_SOURCE_INJECTED = 3,
	SWCXL_SOURCE_VENDOR = 7,
};

/* Is [start, start + length) within the device, without wrapping? length 0 is not. */
bool swcxl_in_range(const struct swcxl_dev *dev, uint64_t start, uint64_t length);

/*
 * Plants poison (Q-1 .. Q-6): never refused for want of list space. start and length are
 * multiples of SWCXL_LINE within the device, else -EINVAL. -ENOSPC: ranges_max reached, nothing
 * changed.  known: a discovery by the device, with its event; else a latent error. permanent: the
 * error cannot be cleared.
 */
int swcxl_plant(struct swcxl_dev *dev, uint64_t start, uint64_t length, enum swcxl_source source,
		bool known, bool permanent);

/*
 * Plants many, all or none of them: as swcxl_plant() would one after another in the order of
 * their addresses, those at one address in the order given, with the same events and the same
 * list. It is several times as fast. -EINVAL: one of them is not in order. -ENOSPC: with all of
 * them there would be more than ranges_max in the end. -ENOMEM: there is no memory to sort them
 * and to hold them close together, and nothing changed; or it ends later, since they lie far apart
 * among others, and then those from some address on are not planted.
 */
struct swcxl_range {
	uint64_t start, length; /* bytes */
};

int swcxl_plant_many(struct swcxl_dev *dev, const struct swcxl_range *ranges, size_t n,
		     enum swcxl_source source, bool known, bool permanent);

/* Is any line of the range known to be poisoned? (The overlap test of cxl-inject-poison, Q-2.) */
bool swcxl_known_poison(const struct swcxl_dev *dev, uint64_t start, uint64_t length);

/* A row of the media's truth: a maximal run equal in every field, within one partition. */
struct swcxl_poison_row {
	uint64_t start, length; /* bytes, clipped to the range asked */
	enum swcxl_source source;
	bool known, listed, permanent;
};

/*
 * The first row of poison in [start, end), in DPA order: true and *row, or false. Go on with
 * start = row->start + row->length. O(log n).
 */
bool swcxl_poison_next(const struct swcxl_dev *dev, uint64_t start, uint64_t end,
		       struct swcxl_poison_row *row);

/*
 * Reads and writes media content, any alignment. A read finds latent errors in its range
 * (transaction: host read); a write that covers a whole line clears its poison unless that is
 * permanent (D-52). -EINVAL: outside the device. -ENOSPC: a write beyond media_memory_max or
 * ranges_max, which changed nothing; or no memory to note all that a read found.
 * Disabled media and locked persistent capacity swallow writes, and read as bytes that have nothing
 * to do with what they hold. So does dynamic capacity that the host does not have, which reads as
 * ones (DC-6); what a write has on both sides of it are two writes.
 */
int swcxl_media_read(struct swcxl_dev *dev, uint64_t start, void *buf, size_t len);
int swcxl_media_write(struct swcxl_dev *dev, uint64_t start, const void *buf, size_t len);

/* ---- management: faults ---------------------------------------------------------------------- */

#define SWCXL_FAULTS_MAX 64u /* at a time */

/*
 * What can be made to go wrong. The first kinds befall a command; those of a reply or a doorbell
 * are seen on mailboxes alone, since the other channels have none. The last are states of the
 * device.
 */
enum swcxl_fault_kind {
	SWCXL_FAULT_RETURN_CODE,      /* the command is not executed and answers value */
	SWCXL_FAULT_DELAY,	      /* the doorbell stays set for value ns; mailboxes */
	SWCXL_FAULT_HANG,	      /* the doorbell stays set until a reset; mailboxes */
	SWCXL_FAULT_SHORT_REPLY,      /* no more than value bytes of output */
	SWCXL_FAULT_STUCK_BACKGROUND, /* the operation that it starts never ends by itself */
	SWCXL_FAULT_MEDIA_NOT_READY,  /* 8.2.9.5.1: media status; Retry Required (D-49) */
	SWCXL_FAULT_STATES = SWCXL_FAULT_MEDIA_NOT_READY,
	SWCXL_FAULT_MEDIA_ERROR,       /* media status; Internal Error (D-49) */
	SWCXL_FAULT_MAILBOX_NOT_READY, /* mailboxes answer Retry Required */
	SWCXL_FAULT_FATAL,	       /* Device Fatal; a cold reset ends it */
	SWCXL_FAULT_FIRMWARE_HALT,     /* FW Halt: nothing goes on; a cold reset ends it */
	SWCXL_FAULT_KINDS
};

struct swcxl_fault {
	enum swcxl_fault_kind kind;
	unsigned opcode; /* of the command; 0 with states */
	uint64_t value;
	uint64_t count; /* times that it is still to happen; 0: until cleared; 0 with states */
	uint64_t hits;	/* times that it has happened */
};

/*
 * Adds a fault; a state that is already so is no news. Resets leave faults in place, but for what
 * the kinds say. -EINVAL: no such kind, opcode or return code. -ENOSPC: SWCXL_FAULTS_MAX.
 */
int swcxl_fault_add(struct swcxl_dev *dev, const struct swcxl_fault *fault);
/* Fault number index, in the order of their adding. False: there are not so many. */
bool swcxl_fault_get(const struct swcxl_dev *dev, unsigned index, struct swcxl_fault *fault);
/* Ends all of them: held replies are given, and what was stuck goes on. */
void swcxl_faults_clear(struct swcxl_dev *dev);

/* ---- management: health ---------------------------------------------------------------------- */

/* Health Status (8.2.10.9.3.1). */
enum swcxl_health_bit {
	SWCXL_HEALTH_MAINTENANCE_NEEDED = 1 << 0,
	SWCXL_HEALTH_PERFORMANCE_DEGRADED = 1 << 1,
	SWCXL_HEALTH_REPLACE_HARDWARE = 1 << 2,
	SWCXL_HEALTH_CAPACITY_DEGRADED = 1 << 3,
};

#define SWCXL_LIFE_USED_UNKNOWN 0xff
#define SWCXL_TEMPERATURE_UNKNOWN 0x7fff

struct swcxl_health {
	uint8_t status; /* enum swcxl_health_bit: those that are set whatever the device finds */
	uint8_t media_status; /* 0 .. 9 as in Get Health Info; shown while the media are ready */
	uint8_t life_used;    /* percent, or unknown */
	int16_t temperature;  /* degrees Celsius, or unknown */
	/* since the last conventional reset */
	uint32_t corrected_volatile_errors, corrected_persistent_errors;
};

/*
 * What the world does to the device's health: as it was set last, and setting it. Bits of the
 * health status that become set, changes of the media status, and thresholds that are crossed each
 * raise their event. -EINVAL: a value that cannot be, nothing has changed.
 */
void swcxl_get_health(const struct swcxl_dev *dev, struct swcxl_health *health);
int swcxl_set_health(struct swcxl_dev *dev, const struct swcxl_health *health);

/* ---- management: dynamic capacity (9.13.3) --------------------------------------------------- */

/*
 * The fabric manager's part. The device has one host, number 0. What goes wrong and how a person is
 * told: include/swcxl/dc_errors.tbl.h.
 */
enum swcxl_dc_error {
	SWCXL_DC_OK,
#define DC_ERROR(id, rc, text) SWCXL_DC_E_##id,
#include "swcxl/dc_errors.tbl.h"
};

/* The text of an error, and the return code that FM API commands have for it. OK: NULL, Success. */
const char *swcxl_dc_error_text(enum swcxl_dc_error error);
enum swcxl_rc swcxl_dc_error_rc(enum swcxl_dc_error error);

enum swcxl_dc_selection {
	SWCXL_DC_SELECT_FREE,	      /* any free blocks of the region, lowest first */
	SWCXL_DC_SELECT_CONTIGUOUS,   /* the first free stretch that is long enough */
	SWCXL_DC_SELECT_PRESCRIPTIVE, /* those that are named */
	SWCXL_DC_SELECT_SHARED,	      /* what that tag has already: enable shared access */
};

enum swcxl_dc_removal {
	SWCXL_DC_REMOVE_TAG,	      /* what has that tag, in that region */
	SWCXL_DC_REMOVE_PRESCRIPTIVE, /* what is named */
};

struct swcxl_dc_range {
	uint64_t offset, length; /* bytes; offset: from the beginning of the region */
};

struct swcxl_dc_add {
	unsigned host, region;
	enum swcxl_dc_selection selection;
	uint8_t tag[16];		    /* zeros: none */
	uint64_t length;		    /* free, contiguous */
	const struct swcxl_dc_range *range; /* prescriptive */
	size_t ranges;
};

struct swcxl_dc_release {
	unsigned host, region;
	enum swcxl_dc_removal removal;
	bool forced, sanitize;
	uint8_t tag[16];
	uint64_t length; /* by tag: so much of it, lowest first; 0: all */
	const struct swcxl_dc_range *range;
	size_t ranges;
};

/*
 * Offers capacity to the host: its extents are pending, and one group of Add Capacity records is in
 * the dynamic capacity log (before 3.1, a group for each extent). Asks the host to release some,
 * or, forced, takes it: what was pending goes with its whole group. If no range is named, nothing
 * happens. An error changes nothing.
 */
enum swcxl_dc_error swcxl_dc_add(struct swcxl_dev *dev, const struct swcxl_dc_add *add);
enum swcxl_dc_error swcxl_dc_release(struct swcxl_dev *dev, const struct swcxl_dc_release *release);

/* Adds or removes the fabric manager's reference to a tag of sharable capacity, which keeps it
 * allocated when the host has released it (5606h, 5607h). */
enum swcxl_dc_error swcxl_dc_reference(struct swcxl_dev *dev, const uint8_t tag[16], bool hold);

struct swcxl_dc_region {
	uint64_t start, length, block_size; /* bytes */
	unsigned flags;			    /* enum swcxl_dc_flag */
	unsigned handle;		    /* of its DSMAS entry in CDAT */
	uint64_t free;			    /* bytes of no extent */
};

/* Region number index. False: there is none. */
bool swcxl_dc_region_get(const struct swcxl_dev *dev, unsigned index,
			 struct swcxl_dc_region *region);
/* Extent number index, by address, in whatever state. False: there are not so many. */
bool swcxl_dc_extent_get(const struct swcxl_dev *dev, unsigned index,
			 struct swcxl_dc_extent *extent);

/* Capacity that was offered and not accepted: the last SWCXL_DC_REFUSALS of them, oldest first. */
#define SWCXL_DC_REFUSALS 64u
struct swcxl_dc_refusal {
	struct swcxl_dc_extent extent;
	enum swcxl_dc_change reason; /* refused, or timed out */
};
bool swcxl_dc_refusal_get(const struct swcxl_dev *dev, unsigned index,
			  struct swcxl_dc_refusal *refusal);

/* ---- management: what is the device doing? -------------------------------------------------- */

struct swcxl_partition {
	uint64_t start, length; /* bytes; length 0: absent */
};

#define SWCXL_FW_SLOTS 3

struct swcxl_fw_slot { /* zeros: it is empty */
	char revision[17];
	uint32_t size, crc32; /* of the package, as it was transferred; 0: none ever was */
};

/* What the device can repair permanent errors with (8.2.10.7): kinds of maintenance, each with its
 * spares. */
enum swcxl_repair {
	SWCXL_REPAIR_SPPR, /* post package repair, soft and hard: the row of an address */
	SWCXL_REPAIR_HPPR,
	SWCXL_REPAIR_CACHELINE, /* memory sparing, from the smallest part to the largest */
	SWCXL_REPAIR_ROW,
	SWCXL_REPAIR_BANK,
	SWCXL_REPAIR_RANK,
	SWCXL_REPAIRS
};

struct swcxl_status {
	uint64_t now_ns;
	uint64_t timestamp; /* of the device's clock, 0: not set */
	struct swcxl_partition volatile_part, persistent_part;
	unsigned media_status; /* 8.2.9.5: 0 not ready, 1 ready, 2 error, 3 disabled */
	unsigned security;     /* 8.2.10.9.6.1: bits 0 user and 1 master passphrase set, 2 locked,
				* 3 frozen, 4 user and 5 master attempts exhausted */
	uint64_t poisoned_lines, injected_lines, ranges;
	uint64_t content_bytes;
	struct {
		uint64_t count, max;
		bool overflow;
		uint64_t overflow_timestamp;
	} list;
	struct { /* the last or running scan; all 0 before the first */
		bool running;
		uint64_t start, length, position; /* bytes; position: first DPA not yet passed */
		unsigned percent;
		uint64_t results; /* records */
	} scan;
	struct { /* the patrol scrub */
		bool enabled;
		unsigned hours;	   /* of a cycle */
		uint64_t position; /* bytes: first DPA not yet passed */
	} scrub;
	struct {
		uint64_t permanent_lines; /* known, and not to be cleared */
		unsigned spares[SWCXL_REPAIRS];
	} repair;
	struct { /* how the DRAM is divided: src/core/geometry.h */
		uint32_t channels, ranks, bank_groups, banks, rows, columns;
	} geometry;
	struct { /* the last or running background operation of any channel */
		bool running;
		unsigned opcode, percent;
		enum swcxl_rc rc;
	} background;
	struct {
		unsigned active, staged; /* slots, from 1; 0: none */
		bool transferring;	 /* a package arrives in parts */
		struct swcxl_fw_slot slot[SWCXL_FW_SLOTS];
	} firmware;
	struct swcxl_health health;  /* as Get Health Info shows it */
	uint8_t additional_status;   /* likewise */
	struct {		     /* zeros without dynamic capacity */
		uint32_t generation; /* of the extent list */
		unsigned extents_max, extents_available, tags_max, tags_available;
		unsigned offers, dead_offers; /* that the host has not answered; dead: gone since */
	} dc;
	uint32_t dirty_shutdowns;
	bool shutdown_dirty; /* the shutdown state, which the next conventional reset judges */
};

void swcxl_query(const struct swcxl_dev *dev, struct swcxl_status *status);

/* Event logs (8.2.10.2). */
enum swcxl_log {
	SWCXL_LOG_INFORMATIONAL,
	SWCXL_LOG_WARNING,
	SWCXL_LOG_FAILURE,
	SWCXL_LOG_FATAL,
	SWCXL_LOG_DYNAMIC_CAPACITY, /* since 3.0; its records are informational */
	SWCXL_LOGS
};

struct swcxl_log_status {
	uint32_t count, max; /* records */
	bool overflow;
	uint16_t lost;			/* records dropped; sticks at FFFFh */
	uint64_t first_lost, last_lost; /* timestamps */
};

void swcxl_query_log(const struct swcxl_dev *dev, enum swcxl_log log,
		     struct swcxl_log_status *status);

/*
 * An event of the management side's making (8.2.10.2.1): a record of this type with len bytes of
 * data (0 .. 80, the rest is 0) enters a log as any event does, with its interrupt, or is counted
 * as lost when the log is full. header: what the header shall hold beside severity, handle,
 * timestamp and length, which are the log's and the device's business. -EINVAL: no such log, or
 * too much data.
 */
struct swcxl_event_header {
	uint8_t uuid[16]; /* bytes in text order */
	uint32_t flags;	  /* bits 23:2 of the record flags; bits 1:0 are the severity */
	uint16_t related_handle;
	uint8_t maintenance_class, maintenance_subclass;
	uint16_t ld_id;
	uint8_t head_id;
};

int swcxl_event_inject(struct swcxl_dev *dev, enum swcxl_log log,
		       const struct swcxl_event_header *header, const void *data, size_t len);

/*
 * Protocol errors (8.2.4.17): bits of the RAS capability's status registers. An error that its mask
 * register masks is as if it had not happened: it returns 0. Else its status bit is set, and the
 * internal error's in the AER capability and in the device status; it returns 1. -EINVAL: no such
 * error. Whether a message goes to the root port is the transport's business.
 *
 * Uncorrectable errors queue up with their headers: the first shows in the header log until its
 * status bit, alone, is written.
 */
enum swcxl_uncorrectable {
	SWCXL_UE_CACHE_DATA_PARITY = 0,
	SWCXL_UE_CACHE_ADDRESS_PARITY = 1,
	SWCXL_UE_CACHE_BE_PARITY = 2,
	SWCXL_UE_CACHE_DATA_ECC = 3,
	SWCXL_UE_MEM_DATA_PARITY = 4,
	SWCXL_UE_MEM_ADDRESS_PARITY = 5,
	SWCXL_UE_MEM_BE_PARITY = 6,
	SWCXL_UE_MEM_DATA_ECC = 7,
	SWCXL_UE_REINIT_THRESHOLD = 8,
	SWCXL_UE_RSVD_ENCODING = 9,
	SWCXL_UE_POISON_RECEIVED = 10,
	SWCXL_UE_RECEIVER_OVERFLOW = 11,
	SWCXL_UE_INTERNAL = 14,
	SWCXL_UE_IDE_TX = 15,
	SWCXL_UE_IDE_RX = 16,
	SWCXL_UE_EXTENDED_METADATA = 17,
};

enum swcxl_correctable {
	SWCXL_CE_CACHE_DATA_ECC,
	SWCXL_CE_MEM_DATA_ECC,
	SWCXL_CE_CRC_THRESHOLD,
	SWCXL_CE_RETRY_THRESHOLD,
	SWCXL_CE_CACHE_POISON_RECEIVED,
	SWCXL_CE_MEM_POISON_RECEIVED,
	SWCXL_CE_PHYSICAL,
};

#define SWCXL_RAS_HEADER 16u /* dwords in the header log */

int swcxl_ras_uncorrectable(struct swcxl_dev *dev, enum swcxl_uncorrectable error,
			    const uint32_t header[SWCXL_RAS_HEADER]);
int swcxl_ras_correctable(struct swcxl_dev *dev, enum swcxl_correctable error);

/* Record number index (0: the oldest) as it stands, or NULL. Valid until the next call. */
const uint8_t *swcxl_log_record(const struct swcxl_dev *dev, enum swcxl_log log, uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
