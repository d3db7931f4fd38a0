/* SPDX-License-Identifier: MIT */
/* The device as a whole: its life, its time, its news, and what the management side may ask. */
#include <errno.h>

#include "core/cci.h"

#define CAPACITY_MAX (16 * TiB)

void swcxl_config_init(struct swcxl_config *config)
{
	*config = (struct swcxl_config){
		.volatile_size = 1 * GiB,
		.serial = 1,
		.revision = SWCXL_CXL_3_2,
		.poison_list_max = 256,
		.volatile_list = true,
		.estimate = true,
		.scan_ns_per_line = 500,
		.payload_size = 4096,
		.event_log_max = 256,
		.media_memory_max = 256 * MiB,
		.ranges_max = 67108864,
		.sanitize_ns = 3 * NS_PER_S,
		.fw_ns = 1 * NS_PER_S,
		.maintenance_ns = NS_PER_S / 2,
		.dc_block_size = 2 * MiB,
	};
}

static const char *dc_error(const struct swcxl_config *c)
{
	uint64_t partitions = c->volatile_size + c->persistent_size + c->partitionable_size;

	if (c->dc_regions > SWCXL_DC_REGIONS)
		return "dc-regions must be 0 to 8";
	for (unsigned i = 0; i < SWCXL_DC_REGIONS; i++) {
		if (c->dc_flags[i] & ~SWCXL_DC_FLAGS)
			return "dc-flags has bits that are no flags: those that are make 0x5d";
		if (c->dc_flags[i] && i >= c->dc_regions)
			return "dc-flags is about a region that is not there: the first is 0, and "
			       "dc-regions says how many there are";
	}
	if (c->dc_host_timeout_ns > DURATION_MAX_NS)
		return "dc-host-timeout must not be more than 30 days";
	if (!c->dc_regions)
		return NULL;
	if (c->revision < SWCXL_CXL_3_0)
		return "dc-regions needs CXL revision 3.0 or later";
	if (!c->dc_region_size || c->dc_region_size % SWCXL_CAPACITY_UNIT)
		return "dc-region-size must be a multiple of 256M, and not 0";
	if (c->dc_region_size > (CAPACITY_MAX - partitions) / c->dc_regions)
		return "the capacity, dc-regions times dc-region-size with it, must not be more "
		       "than 16T";
	if (!is_pow2(c->dc_block_size) || c->dc_block_size < SWCXL_LINE ||
	    (c->dc_region_size | partitions) % c->dc_block_size)
		return "dc-block-size must be a power of two, at least 64, that divides "
		       "dc-region-size and the static capacity";
	return NULL;
}

const char *swcxl_config_error(const struct swcxl_config *c)
{
	if ((c->volatile_size | c->persistent_size | c->partitionable_size) % SWCXL_CAPACITY_UNIT)
		return "capacities must be multiples of 256M";
	if (c->volatile_size > CAPACITY_MAX ||
	    c->persistent_size > CAPACITY_MAX - c->volatile_size ||
	    c->partitionable_size > CAPACITY_MAX - c->volatile_size - c->persistent_size)
		return "the capacity must not be more than 16T";
	if (!c->volatile_size && !c->persistent_size && !c->partitionable_size && !c->dc_regions)
		return "the device needs some volatile, persistent, partitionable or dynamic "
		       "capacity";
	if (!c->serial)
		return "the serial number must not be 0";
	if (c->revision > SWCXL_CXL_3_2)
		return "the CXL revision must be one of 2.0, 3.0, 3.1, 3.2";
	if (c->poison_list_max < 1 || c->poison_list_max > 0xffffff)
		return "the poison list limit must be 1 to 16777215 records";
	if (c->scan_ns_per_line < 1)
		return "the scan time of a line must be at least 1 ns";
	if (c->during_scan > SWCXL_DURING_SCAN_BUSY)
		return "during-scan must be one of apply, freeze, busy";
	if (!is_pow2(c->payload_size) || c->payload_size < 256 || c->payload_size > MiB)
		return "the payload size must be a power of two from 256 to 1M";
	if (c->lsa_size && c->lsa_size < 1280)
		return "a label storage area must have at least 1280 bytes";
	if (c->event_log_max < 1)
		return "an event log must hold at least one record";
	if (MAX(MAX(c->sanitize_ns, c->fw_ns), c->maintenance_ns) > DURATION_MAX_NS)
		return "no operation may take more than 30 days";
	return dc_error(c);
}

static void media_changed(void *ctx, uint64_t start, uint64_t len, uint8_t attr)
{
	struct swcxl_dev *dev = ctx;

	device_change(dev, &(struct swcxl_change){.kind = SWCXL_CHANGE_POISON,
						  .start = start * SWCXL_LINE,
						  .length = len * SWCXL_LINE,
						  .attr = attr});
	if (attr & SWCXL_ATTR_PERMANENT && attr & SWCXL_ATTR_KNOWN)
		repair_wanted(dev);
}

static int init(struct swcxl_dev *dev)
{
	struct bounds bounds = {&dev->dpa, dpa_next_bound}, none = {0};
	const struct swcxl_config *c = &dev->config;
	uint64_t share = c->partitionable_size / SWCXL_CAPACITY_UNIT; /* volatile at first */

	wr(&dev->kept.partition.share, share);
	wr(&dev->kept.partition.next, share);
	dpa_init(&dev->dpa, c, share);
	if (dc_init(dev))
		return -ENOMEM;
	fw_init(dev);
	dev->csd.generation = 1;
	features_init(dev);
	scrub_configure(dev);
	dev->repairs.due_ns = SWCXL_NO_DEADLINE;
	media_init(&dev->media, &dev->mem, bounds);
	dev->media.ranges_max = c->ranges_max;
	dev->media.content_max = c->media_memory_max / SWCXL_LINE;
	dev->media.changed = media_changed;
	dev->media.ctx = dev;
	ranges_init(&dev->list.record, &dev->mem, bounds, RECORD_LINES_MAX);
	ranges_init(&dev->scan.coverage, &dev->mem, none, UINT64_MAX >> 8);
	dev->deadline_ns = SWCXL_NO_DEADLINE;
	if (c->lsa_size) {
		dev->lsa = mem_zalloc(&dev->mem, c->lsa_size);
		if (!dev->lsa)
			return -ENOMEM;
	}
	if (!regs_init(&dev->config_space, &dev->mem, SWCXL_CONFIG_SIZE) ||
	    !regs_init(&dev->component, &dev->mem, COMPONENT_BLOCK_SIZE))
		return -ENOMEM;
	config_space_reset(dev);
	component_reset(dev, true);
	health_init(dev);
	qos_reset(dev, SWCXL_RESET_COLD);
	return mailbox_init(dev);
}

int swcxl_new(const struct swcxl_config *config, const struct swcxl_host *host,
	      struct swcxl_dev **out)
{
	struct mem mem = {host->ctx, host->realloc};
	struct swcxl_dev *dev;
	int err;

	if (swcxl_config_error(config))
		return -EINVAL;
	dev = mem_zalloc(&mem, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->config = *config;
	dev->host = *host;
	dev->mem = mem;
	err = init(dev);
	if (err) {
		swcxl_free(dev);
		return err;
	}
	*out = dev;
	return 0;
}

void swcxl_free(struct swcxl_dev *dev)
{
	struct mem mem;

	if (!dev)
		return;
	mem = dev->mem;
	while (dev->ccis)
		swcxl_cci_free(dev->ccis);
	scan_drop_results(dev);
	if (dev->dpa.top) { /* init() got that far */
		ranges_clear(&dev->scan.coverage);
		ranges_clear(&dev->list.record);
		media_fini(&dev->media);
	}
	event_logs_fini(dev);
	mailbox_fini(dev);
	regs_fini(&dev->config_space, &mem);
	regs_fini(&dev->component, &mem);
	media_operation_drop(dev);
	dc_fini(dev);
	mem_free(&mem, dev->lsa);
	mem_free(&mem, dev);
}

uint64_t swcxl_capacity(const struct swcxl_dev *dev)
{
	return dev->dpa.top * SWCXL_LINE;
}

const struct swcxl_config *swcxl_get_config(const struct swcxl_dev *dev)
{
	return &dev->config;
}

/* ---- time ---- */

/*
 * What goes on by itself: when something of it is due next, and going on until a time. What
 * happens at one time happens in this order. Those who walk also change things on their way,
 * between what is due.
 */
static const struct work {
	uint64_t (*deadline)(const struct swcxl_dev *dev);
	void (*advance)(struct swcxl_dev *dev, uint64_t now_ns);
	bool walks;
} works[] = {
	/* clang-format off */
	{scrub_deadline, scrub_advance, true},
	{background_deadline, background_advance, true},
	{fw_deadline, fw_advance, false},
	{mailbox_deadline, mailbox_advance, false},
	{repair_deadline, repair_advance, false},
	{dc_deadline, dc_advance, false},
	/* clang-format on */
};

/* The earliest deadline but that of one work. *which has it, when it is not NULL. */
static uint64_t earliest(const struct swcxl_dev *dev, const struct work *but,
			 const struct work **which)
{
	uint64_t first = SWCXL_NO_DEADLINE;

	for (const struct work *w = works; w < works + ARRAY_SIZE(works); w++) {
		uint64_t deadline = w == but ? SWCXL_NO_DEADLINE : w->deadline(dev);

		if (deadline >= first)
			continue;
		first = deadline;
		if (which)
			*which = w;
	}
	return first;
}

/* How far may one go whose turn it is? Who walks alone, and finds nothing that sets another one
 * going, goes in one go until the next one's turn, which comes first at its time when it is first
 * in the order; others go from turn to turn. */
static uint64_t until(const struct swcxl_dev *dev, const struct work *work, uint64_t due)
{
	const struct work *other = NULL;
	uint64_t next;

	if (repair_may_begin(dev))
		return due;
	for (const struct work *w = works; w < works + ARRAY_SIZE(works); w++)
		if (w != work && w->walks && w->deadline(dev) != SWCXL_NO_DEADLINE)
			return due;
	next = earliest(dev, work, &other);
	return other && other < work ? MAX(next - 1, due) : next;
}

static void advance_all(struct swcxl_dev *dev, uint64_t now_ns)
{
	for (const struct work *w = works; w < works + ARRAY_SIZE(works); w++)
		w->advance(dev, now_ns);
}

/* All are brought to each time at which something is due, so that all happens in the order of
 * time; at last to the present. The end of time is no deadline of anybody's. */
static void advance_to(struct swcxl_dev *dev, uint64_t now_ns)
{
	const uint64_t last_ns = MIN(now_ns, SWCXL_NO_DEADLINE - 1);
	const struct work *work = NULL;
	uint64_t due, before = SWCXL_NO_DEADLINE; /* or nobody ever goes on */

	while ((due = earliest(dev, NULL, &work)) <= last_ns && due != before) {
		uint64_t to = MIN(until(dev, work, due), last_ns);

		if (due) /* what others pass until then comes first */
			advance_all(dev, due - 1);
		for (const struct work *w = works; w < works + ARRAY_SIZE(works); w++)
			w->advance(dev, w == work ? to : due);
		before = due;
	}
	advance_all(dev, last_ns);
	dev->now_ns = MAX(dev->now_ns, now_ns);
}

uint64_t swcxl_advance(struct swcxl_dev *dev, uint64_t now_ns)
{
	if (now_ns > dev->now_ns)
		advance_to(dev, now_ns);
	mailbox_show_background(dev);
	dev->deadline_ns = earliest(dev, NULL, NULL);
	return dev->deadline_ns;
}

void device_deadline(struct swcxl_dev *dev)
{
	uint64_t deadline = earliest(dev, NULL, NULL);

	if (deadline == dev->deadline_ns)
		return;
	dev->deadline_ns = deadline;
	if (dev->host.deadline)
		dev->host.deadline(dev->host.ctx, deadline);
}

void device_catch_up(struct swcxl_dev *dev)
{
	advance_to(dev, dev->now_ns);
	device_deadline(dev);
}

uint64_t swcxl_now(const struct swcxl_dev *dev)
{
	return dev->now_ns;
}

uint64_t device_timestamp(const struct swcxl_dev *dev)
{
	return dev->clock_set ? dev->clock_base + (dev->now_ns - dev->clock_set_ns) : 0;
}

unsigned device_media_status(const struct swcxl_dev *dev)
{
	if (fault_is(dev, SWCXL_FAULT_MEDIA_NOT_READY))
		return MEMDEV_MEDIA_NOT_READY;
	if (fault_is(dev, SWCXL_FAULT_MEDIA_ERROR))
		return MEMDEV_MEDIA_ERROR;
	return dev->kept.media.disabled ? MEMDEV_MEDIA_DISABLED : MEMDEV_MEDIA_READY;
}

/* Reset Needed says which reset ends what is wrong; disabled media want a sanitize, but the field
 * must not be 0 then. */
uint64_t device_memory_status(const struct swcxl_dev *dev)
{
	bool fatal = fault_is(dev, SWCXL_FAULT_FATAL);
	bool halt = fault_is(dev, SWCXL_FAULT_FIRMWARE_HALT);
	unsigned media = device_media_status(dev), reset = MEMDEV_RESET_NONE;

	if (fatal || halt)
		reset = MEMDEV_RESET_COLD;
	else if (media == MEMDEV_MEDIA_ERROR || media == MEMDEV_MEDIA_DISABLED)
		reset = MEMDEV_RESET_HOT;
	return (uint64_t)media << MEMDEV_MEDIA_SHIFT | (uint64_t)reset << MEMDEV_RESET_SHIFT |
	       (fatal ? MEMDEV_FATAL : 0) | (halt ? MEMDEV_FW_HALT : 0) |
	       (fault_is(dev, SWCXL_FAULT_MAILBOX_NOT_READY) ? 0 : MEMDEV_MAILBOX_READY);
}

/* ---- durability ---- */

uint64_t device_ticket(const struct swcxl_dev *dev)
{
	return dev->host.ticket ? dev->host.ticket(dev->host.ctx) : 0;
}

/* The reply that says that something has begun before the news that it has ended. */
void swcxl_settled(struct swcxl_dev *dev, uint64_t ticket)
{
	mailbox_settled(dev, ticket);
	background_settled(dev, ticket);
}

void swcxl_unwritable(struct swcxl_dev *dev, bool unwritable)
{
	dev->unwritable = unwritable;
	if (unwritable)
		mailbox_unwritable(dev);
}

/* ---- news ---- */

void device_change(struct swcxl_dev *dev, const struct swcxl_change *change)
{
	if (!dev->host.changed || dev->applying)
		return;
	dev->changes++;
	dev->host.changed(dev->host.ctx, change);
}

void device_notice(struct swcxl_dev *dev, const struct swcxl_notice *notice)
{
	debug_news(dev, notice);
	if (dev->host.notice)
		dev->host.notice(dev->host.ctx, notice);
}

void device_log(const struct swcxl_dev *dev, enum swcxl_log_level level, const char *text)
{
	if (dev->host.log)
		dev->host.log(dev->host.ctx, level, text);
}

void device_trace(struct swcxl_dev *dev, enum swcxl_trace_kind kind, const char *what,
		  uint64_t offset, const void *bytes, uint32_t len)
{
	if (dev->host.trace)
		dev->host.trace(dev->host.ctx, &(struct swcxl_trace){.kind = kind,
								     .now_ns = dev->now_ns,
								     .channel = what,
								     .offset = offset,
								     .in = bytes,
								     .in_len = len});
}

void device_irq(struct swcxl_dev *dev, unsigned vector)
{
	if (dev->host.irq)
		dev->host.irq(dev->host.ctx, vector);
}

/* ---- what the management side may ask ---- */

static struct swcxl_partition partition(const struct swcxl_dev *dev, unsigned i)
{
	const struct dpa_segment *s = &dev->dpa.segment[i];

	return (struct swcxl_partition){s->start * SWCXL_LINE, s->len * SWCXL_LINE};
}

void swcxl_query(const struct swcxl_dev *dev, struct swcxl_status *st)
{
	const struct scan *scan = &dev->scan;
	struct background b = background_of(dev);
	uint64_t lines = scan->end - scan->start;

	*st = (struct swcxl_status){
		.now_ns = dev->now_ns,
		.timestamp = device_timestamp(dev),
		.volatile_part = partition(dev, 0),
		.persistent_part = partition(dev, 1),
		.media_status = device_media_status(dev),
		.security = security_state(dev),
		.poisoned_lines = dev->media.poisoned,
		.injected_lines = dev->media.injected,
		.ranges = ranges_count(&dev->media.poison),
		.content_bytes = dev->media.content.count * SWCXL_LINE,
		.list = {.count = ranges_count(&dev->list.record),
			 .max = dev->config.poison_list_max,
			 .overflow = dev->list.overflowed,
			 .overflow_timestamp = dev->list.overflow_timestamp},
		.scan = {.running = scan->running,
			 .start = scan->start * SWCXL_LINE,
			 .length = lines * SWCXL_LINE,
			 .position = scan->position * SWCXL_LINE,
			 .percent = lines ? (unsigned)((scan->position - scan->start) * 100 / lines)
					  : 0,
			 .results = scan->results},
		.scrub = {.enabled = dev->scrub.running,
			  .hours = dev->scrub.hours,
			  .position = dev->scrub.position * SWCXL_LINE},
		.repair = {.permanent_lines = dev->media.permanent},
		.geometry = {.channels = (uint32_t)dram_count(&dev->dpa, CHANNEL),
			     .ranks = (uint32_t)dram_count(&dev->dpa, RANK),
			     .bank_groups = (uint32_t)dram_count(&dev->dpa, BANK_GROUP),
			     .banks = (uint32_t)dram_count(&dev->dpa, BANK),
			     .rows = (uint32_t)dram_count(&dev->dpa, ROW),
			     .columns = (uint32_t)dram_count(&dev->dpa, COLUMN)},
		.background = {.running = b.running,
			       .opcode = b.opcode,
			       .percent = b.percent,
			       .rc = b.rc},
		.shutdown_dirty = dev->kept.shutdown.state & SHUTDOWN_DIRTY,
	};
	fw_query(dev, st);
	health_query(dev, st);
	dc_query(dev, st);
	for (unsigned i = 0; i < SWCXL_REPAIRS; i++)
		st->repair.spares[i] = repair_spares(dev, &repair_kinds[i]);
}

void swcxl_query_log(const struct swcxl_dev *dev, enum swcxl_log which,
		     struct swcxl_log_status *status)
{
	const struct event_log *log = &dev->log[which];

	*status = (struct swcxl_log_status){
		.count = log->count,
		.max = dev->config.event_log_max,
		.overflow = log->overflow,
		.lost = log->lost,
		.first_lost = log->first_lost,
		.last_lost = log->last_lost,
	};
}

const uint8_t *swcxl_log_record(const struct swcxl_dev *dev, enum swcxl_log which, uint32_t index)
{
	const struct event_log *log = &dev->log[which];

	return index < log->count ? log->record[(log->first + index) % log->cap] : NULL;
}
