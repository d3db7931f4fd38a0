/* SPDX-License-Identifier: MIT */
/*
 * Logs: CXL r3.2 8.2.10.5. A log is a row: how large it can be, how it is read, and what else it
 * can do. What is within its size can always be read; where nothing was written there are zeros.
 */
#include "core/cci.h"

/* ---- the Command Effects Log: made from the command table as it is read ---- */

static bool in_cel(const struct swcxl_dev *dev, const struct command *command)
{
	return !(command->rules & OFF_MAILBOX) && command_exists(dev, command);
}

static uint32_t cel_size(const struct swcxl_dev *dev)
{
	uint32_t size = 0;

	for (unsigned i = 0; i < commands_count; i++)
		if (in_cel(dev, &commands[i]))
			size += sizeof(struct cel_entry);
	return size;
}

/* It describes the mailboxes, bit 7 included, whoever asks. */
static enum swcxl_rc cel_read(struct swcxl_cci *cci, uint32_t offset, uint8_t *bytes, uint32_t len)
{
	uint32_t at = 0;

	for (unsigned i = 0; i < commands_count; i++) {
		const struct command *c = &commands[i];
		struct cel_entry entry;

		if (!in_cel(cci->dev, c))
			continue;
		wr(&entry.opcode, c->opcode);
		wr(&entry.effects,
		   c->effects | (c->rules & ON_SECONDARY ? EFF_SECONDARY_MAILBOX : 0));
		for (unsigned b = 0; b < sizeof(entry); b++, at++)
			if (at - offset < len)
				bytes[at - offset] = ((const uint8_t *)&entry)[b];
	}
	return SWCXL_SUCCESS;
}

/* ---- Vendor Debug, Component State Dump ---- */

static uint32_t debug_size(const struct swcxl_dev *dev)
{
	return sizeof(dev->debug.text);
}

static enum swcxl_rc debug_read(struct swcxl_cci *cci, uint32_t offset, uint8_t *bytes,
				uint32_t len)
{
	memcpy(bytes, cci->dev->debug.text + offset, len);
	return SWCXL_SUCCESS;
}

static uint32_t csd_size(const struct swcxl_dev *dev)
{
	return sizeof(dev->kept.state_dump);
}

/* ---- the table ---- */

static const struct log {
	uint32_t traits; /* beside those that follow from what is not NULL */
	uint32_t (*size)(const struct swcxl_dev *dev);
	enum swcxl_rc (*read)(struct swcxl_cci *cci, uint32_t offset, uint8_t *bytes, uint32_t len);
	void (*clear)(struct swcxl_dev *dev);
	enum swcxl_rc (*populate)(struct swcxl_cci *cci);
} logs[] = {
	{0, cel_size, cel_read, NULL, NULL},
	{0, debug_size, debug_read, debug_clear, NULL},
	{LOG_POPULATES_ITSELF | LOG_OUTLIVES_POWER, csd_size, csd_read, csd_clear, csd_populate},
};

/* In the same order. */
static const uint8_t uuids[][16] = {
#define LOG_UUID(id, name, ...) {__VA_ARGS__},
#include "tbl/uuids.tbl.h"
};
_Static_assert(ARRAY_SIZE(logs) == ARRAY_SIZE(uuids), "every log has a row");

static const struct log *log_find(const uuid *id)
{
	for (unsigned i = 0; i < ARRAY_SIZE(logs); i++)
		if (memcmp(id->b, uuids[i], sizeof(id->b)) == 0)
			return &logs[i];
	return NULL;
}

/* Entries from one on, at most so many; returns how many there were. */
static unsigned add_entries(const struct swcxl_dev *dev, struct sink *more, unsigned start,
			    unsigned max)
{
	unsigned n;

	for (n = 0; n < max && start + n < ARRAY_SIZE(logs); n++) {
		struct supported_log *entry = sink_add(more, sizeof(*entry));

		if (!entry)
			break;
		memcpy(entry->log.b, uuids[start + n], sizeof(entry->log.b));
		wr(&entry->size, logs[start + n].size(dev));
	}
	return n;
}

/* ---- commands ---- */

enum swcxl_rc cmd_get_supported_logs(struct swcxl_dev *dev, struct call *call,
				     const struct none *in, struct get_supported_logs_out *out)
{
	(void)in;
	wr(&out->count, add_entries(dev, &call->more, 0, ARRAY_SIZE(logs)));
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_get_supported_logs_sub_list(struct swcxl_dev *dev, struct call *call,
					      const struct get_supported_logs_sub_list_in *in,
					      struct get_supported_logs_sub_list_out *out)
{
	if (!in->max || in->start > ARRAY_SIZE(logs))
		return SWCXL_INVALID_INPUT;
	out->count = (uint8_t)add_entries(dev, &call->more, in->start, in->max);
	wr(&out->total, ARRAY_SIZE(logs));
	out->start = in->start;
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_get_log(struct swcxl_dev *dev, struct call *call, const struct get_log_in *in,
			  struct none *out)
{
	uint32_t offset = rd(in->offset), length = rd(in->length);
	const struct log *log = log_find(&in->log);
	uint8_t *bytes;

	(void)out;
	if (!log)
		return SWCXL_INVALID_LOG;
	if (!range_fits(offset, length, log->size(dev)))
		return SWCXL_INVALID_INPUT;
	bytes = sink_add(&call->more, length);
	if (!bytes)
		return SWCXL_INVALID_INPUT; /* more than the payload holds */
	return log->read(call->cci, offset, bytes, length);
}

enum swcxl_rc cmd_get_log_capabilities(struct swcxl_dev *dev, struct call *call,
				       const struct log_in *in,
				       struct get_log_capabilities_out *out)
{
	const struct log *log = log_find(&in->log);

	(void)dev, (void)call;
	if (!log)
		return SWCXL_INVALID_LOG;
	wr(&out->flags,
	   log->traits | (log->clear ? LOG_CAN_CLEAR : 0) | (log->populate ? LOG_CAN_POPULATE : 0));
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_clear_log(struct swcxl_dev *dev, struct call *call, const struct log_in *in,
			    struct none *out)
{
	const struct log *log = log_find(&in->log);

	(void)call, (void)out;
	if (!log || !log->clear)
		return log ? SWCXL_INVALID_INPUT : SWCXL_INVALID_LOG;
	log->clear(dev);
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_populate_log(struct swcxl_dev *dev, struct call *call, const struct log_in *in,
			       struct none *out)
{
	const struct log *log = log_find(&in->log);

	(void)dev, (void)out;
	if (!log || !log->populate)
		return log ? SWCXL_INVALID_INPUT : SWCXL_INVALID_LOG;
	return log->populate(call->cci);
}
