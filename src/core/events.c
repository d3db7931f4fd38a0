/* SPDX-License-Identifier: MIT */
/*
 * Event logs (CXL r3.2 8.2.10.2). Each log is a ring of whole 128-byte records, oldest first,
 * that grows as needed up to its limit. A full log keeps the old records and drops the new one,
 * counting what it lost. The interrupt is an edge: it fires when a log stops being empty.
 */
#include <errno.h>

#include "core/device.h"
#include "wire/events.h"
#include "wire/generic.h"

static const uint8_t type_uuid[][16] = {
#define EVENT_UUID(id, name, ...) [EVENT_TYPE_##id] = {__VA_ARGS__},
#include "tbl/uuids.tbl.h"
};

/* Room for n more records. The ring is unrolled when it grows. */
static bool make_room(struct swcxl_dev *dev, struct event_log *log, uint32_t n)
{
	uint32_t cap = MAX(log->cap * 2, MAX(16, log->count + n));
	uint8_t(*ring)[SWCXL_EVENT_RECORD_SIZE];

	if (n <= log->cap - log->count)
		return true;
	if (n > (uint32_t)dev->config.event_log_max - log->count)
		return false;
	cap = MIN(cap, dev->config.event_log_max);
	ring = mem_resize(&dev->mem, NULL, (size_t)cap * sizeof(*ring));
	if (!ring)
		return false;
	for (uint32_t i = 0; i < log->count; i++)
		memcpy(ring[i], log->record[(log->first + i) % log->cap], sizeof(*ring));
	mem_free(&dev->mem, log->record);
	log->record = ring;
	log->cap = cap;
	log->first = 0;
	return true;
}

static struct swcxl_change lost_change(const struct swcxl_dev *dev, unsigned which,
				       struct kept_lost *data)
{
	const struct event_log *log = &dev->log[which];

	wr(&data->lost, log->lost);
	wr(&data->first_lost, log->first_lost);
	wr(&data->last_lost, log->last_lost);
	return (struct swcxl_change){.kind = SWCXL_CHANGE_EVENT_LOST,
				     .log = (uint8_t)which,
				     .attr = log->overflow,
				     .length = sizeof(*data),
				     .data = data};
}

static void emit_lost(struct swcxl_dev *dev, enum swcxl_log which)
{
	struct kept_lost data;
	struct swcxl_change change = lost_change(dev, which, &data);

	device_change(dev, &change);
}

static void drop(struct swcxl_dev *dev, enum swcxl_log which)
{
	struct event_log *log = &dev->log[which];

	log->last_lost = device_timestamp(dev);
	if (!log->overflow)
		log->first_lost = log->last_lost;
	log->overflow = true;
	if (log->lost < UINT16_MAX)
		log->lost++;
	emit_lost(dev, which);
}

static void announce(struct swcxl_dev *dev, enum swcxl_log which, const struct event_header *h)
{
	struct swcxl_notice notice = {
		.kind = SWCXL_NOTICE_EVENT_RECORD,
		.log = which,
		.handle = rd(h->handle),
	};

	memcpy(notice.uuid, h->type.b, sizeof(notice.uuid));
	device_notice(dev, &notice);
	if ((dev->event_policy[which] & EVENT_INTERRUPT_MODE) == EVENT_INTERRUPT_MSI)
		device_irq(dev, VECTOR_EVENTS + which);
}

static void store(struct event_log *log, const uint8_t *record)
{
	memcpy(log->record[(log->first + log->count) % log->cap], record, SWCXL_EVENT_RECORD_SIZE);
	log->count++;
}

/* The severity has its log; records of dynamic capacity are informational. */
static unsigned severity_of(enum swcxl_log which)
{
	return which == SWCXL_LOG_DYNAMIC_CAPACITY ? SWCXL_LOG_INFORMATIONAL : which;
}

static void push(struct swcxl_dev *dev, enum swcxl_log which,
		 const struct swcxl_event_header *header, const void *data, size_t len)
{
	struct event_log *log = &dev->log[which];
	uint8_t record[SWCXL_EVENT_RECORD_SIZE] = {0};
	struct event_header *h = (struct event_header *)record;

	if (!make_room(dev, log, 1)) {
		drop(dev, which);
		return;
	}
	if (++log->last_handle == 0) /* handles are unique and never 0 */
		log->last_handle = 1;
	memcpy(h->type.b, header->uuid, sizeof(h->type.b));
	h->length = sizeof(record);
	wr(&h->flags, (header->flags & 0xffffff & ~EVENT_SEVERITY) | severity_of(which));
	wr(&h->related_handle, header->related_handle);
	h->maintenance_class = header->maintenance_class;
	h->maintenance_subclass = header->maintenance_subclass;
	wr(&h->ld_id, header->ld_id);
	h->head_id = header->head_id;
	wr(&h->handle, log->last_handle);
	wr(&h->timestamp, device_timestamp(dev));
	if (len)
		memcpy(record + EVENT_DATA_OFFSET, data, len);
	store(log, record);
	device_change(dev, &(struct swcxl_change){.kind = SWCXL_CHANGE_EVENT,
						  .log = (uint8_t)which,
						  .length = sizeof(record),
						  .data = record});
	if (log->count == 1)
		announce(dev, which, h);
	if (which == SWCXL_LOG_FATAL)
		csd_auto_populate(dev, which, log->last_handle);
}

int swcxl_event_inject(struct swcxl_dev *dev, enum swcxl_log log,
		       const struct swcxl_event_header *header, const void *data, size_t len)
{
	if ((unsigned)log >= SWCXL_LOGS || len > SWCXL_EVENT_RECORD_SIZE - EVENT_DATA_OFFSET)
		return -EINVAL;
	push(dev, log, header, data, len);
	return 0;
}

void event_add_as(struct swcxl_dev *dev, enum swcxl_log log, enum event_type type,
		  struct swcxl_event_header *header, const void *data, size_t len)
{
	memcpy(header->uuid, type_uuid[type], sizeof(header->uuid));
	push(dev, log, header, data, len);
}

void event_add(struct swcxl_dev *dev, enum swcxl_log log, enum event_type type, uint32_t flags,
	       const void *data, size_t len)
{
	struct swcxl_event_header header = {.flags = flags};

	event_add_as(dev, log, type, &header, data, len);
}

/* What the patrol finds has a type, and the initialisation of media a transaction, since 3.1. */
static struct general_media media_event(const struct swcxl_dev *dev, unsigned transaction)
{
	bool old = dev->config.revision < SWCXL_CXL_3_1;

	return (struct general_media){
		.type = transaction == BY_PATROL_SCRUB && !old ? MEDIA_SCRUB_ECC : MEDIA_ECC_ERROR,
		.transaction =
			(uint8_t)(transaction == BY_MEDIA_INIT && old ? BY_UNKNOWN : transaction),
	};
}

/* Severity by source (D-36); bit 0 but for injections (D-38); bit 2 when unlisted (D-37, P-17). */
void event_poison(struct swcxl_dev *dev, uint64_t line, uint8_t attr, unsigned transaction)
{
	unsigned source = attr & SWCXL_ATTR_SOURCE;
	enum swcxl_log log = source == SWCXL_SOURCE_INJECTED   ? SWCXL_LOG_INFORMATIONAL
			     : source == SWCXL_SOURCE_EXTERNAL ? SWCXL_LOG_WARNING
							       : SWCXL_LOG_FAILURE;
	struct general_media gm = media_event(dev, transaction);

	wr(&gm.address,
	   line * SWCXL_LINE | (dpa_is_volatile(&dev->dpa, line) ? MEDIA_ADDRESS_VOLATILE : 0));
	if (source != SWCXL_SOURCE_INJECTED)
		gm.descriptor |= MEDIA_UNCORRECTABLE;
	if (dev->list.overflowed && !list_has(dev, line))
		gm.descriptor |= MEDIA_POISON_LIST_OVERFLOW;
	event_add(dev, log, EVENT_TYPE_GENERAL_MEDIA, 0, &gm, sizeof(gm));
}

bool event_room(struct swcxl_dev *dev, enum swcxl_log which, unsigned records)
{
	return records <= dev->config.event_log_max && make_room(dev, &dev->log[which], records);
}

/* Removes the n oldest. That ends the overflow: a record went, or all did (8.2.10.2.3). */
void event_clear(struct swcxl_dev *dev, enum swcxl_log which, uint32_t n)
{
	struct event_log *log = &dev->log[which];

	if (n) {
		log->first = (log->first + n) % log->cap;
		log->count -= n;
		device_change(dev, &(struct swcxl_change){.kind = SWCXL_CHANGE_EVENT_CLEAR,
							  .log = (uint8_t)which,
							  .value = n});
	}
	if (log->overflow) {
		log->overflow = false;
		log->lost = 0;
		log->first_lost = log->last_lost = 0;
		emit_lost(dev, which);
	}
}

/* Event Status (8.2.9.1): a bit for each log that holds something. */
uint64_t event_status(const struct swcxl_dev *dev)
{
	uint64_t status = 0;

	for (unsigned i = 0; i < SWCXL_LOGS; i++)
		if (dev->log[i].count)
			status |= 1u << i;
	return status;
}

void event_logs_fini(struct swcxl_dev *dev)
{
	for (unsigned i = 0; i < SWCXL_LOGS; i++)
		mem_free(&dev->mem, dev->log[i].record);
}

/* ---- state ---- */

bool event_save_next(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
		     struct swcxl_change *change)
{
	for (unsigned i = (unsigned)(cursor->at >> 32); i < SWCXL_LOGS; i++) {
		const struct event_log *log = &dev->log[i];
		uint32_t n = (uint32_t)cursor->at;

		if (n > log->count || (n == log->count && !log->overflow)) {
			cursor->at = (i + 1ull) << 32;
			continue;
		}
		cursor->at++;
		if (n == log->count) {
			*change = lost_change(dev, i, (void *)cursor->data);
			return true;
		}
		*change = (struct swcxl_change){
			.kind = SWCXL_CHANGE_EVENT,
			.log = (uint8_t)i,
			.length = SWCXL_EVENT_RECORD_SIZE,
			.data = log->record[(log->first + n) % log->cap],
		};
		return true;
	}
	return false;
}

/* What no log here can have had is refused: a record without handle could never be cleared. */
static int apply_record(struct swcxl_dev *dev, struct event_log *log,
			const struct swcxl_change *change)
{
	const struct event_header *h = change->data;

	if (change->length != SWCXL_EVENT_RECORD_SIZE || !h || h->length != change->length ||
	    !rd(h->handle) || log->count >= dev->config.event_log_max)
		return -EINVAL;
	if (!make_room(dev, log, 1))
		return -ENOMEM;
	store(log, change->data);
	log->last_handle = rd(h->handle);
	return 0;
}

static int apply_lost(struct event_log *log, const struct swcxl_change *change)
{
	const struct kept_lost *lost = change->data;

	if (change->length != sizeof(*lost) || !lost || change->attr != (rd(lost->lost) != 0) ||
	    (!change->attr && (rd(lost->first_lost) || rd(lost->last_lost))))
		return -EINVAL;
	log->overflow = change->attr;
	log->lost = rd(lost->lost);
	log->first_lost = rd(lost->first_lost);
	log->last_lost = rd(lost->last_lost);
	return 0;
}

int event_apply(struct swcxl_dev *dev, const struct swcxl_change *change)
{
	struct event_log *log = &dev->log[change->log];

	switch (change->kind) {
	case SWCXL_CHANGE_EVENT:
		return apply_record(dev, log, change);
	case SWCXL_CHANGE_EVENT_CLEAR:
		if (change->value > log->count)
			return -EINVAL;
		if (change->value)
			log->first = (uint32_t)((log->first + change->value) % log->cap);
		log->count -= (uint32_t)change->value;
		return 0;
	default:
		return apply_lost(log, change);
	}
}
