/* SPDX-License-Identifier: MIT */
/* Event commands: CXL r3.2 8.2.10.2. */
#include "core/cci.h"
#include "wire/events.h"

/* The last log, that of dynamic capacity, came with 3.0. Without such capacity it stays empty. */
static unsigned logs(const struct swcxl_dev *dev)
{
	return dev->config.revision < SWCXL_CXL_3_0 ? SWCXL_LOG_DYNAMIC_CAPACITY : SWCXL_LOGS;
}

static enum swcxl_rc find_log(struct swcxl_dev *dev, uint8_t index, struct event_log **log)
{
	*log = index < logs(dev) ? &dev->log[index] : NULL;
	return *log ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT;
}

/* The oldest records, as many as fit. Reading removes nothing. */
enum swcxl_rc cmd_get_event_records(struct swcxl_dev *dev, struct call *call,
				    const struct get_event_records_in *in,
				    struct get_event_records_out *out)
{
	struct event_log *log;
	enum swcxl_rc rc = find_log(dev, in->log, &log);
	uint32_t n;

	if (rc)
		return rc;
	for (n = 0; n < MIN(log->count, UINT16_MAX); n++) {
		void *record = sink_add(&call->more, SWCXL_EVENT_RECORD_SIZE);

		if (!record)
			break;
		memcpy(record, swcxl_log_record(dev, in->log, n), SWCXL_EVENT_RECORD_SIZE);
	}
	wr(&out->count, n);
	if (n < log->count)
		out->flags |= EVENTS_MORE;
	if (log->overflow) {
		out->flags |= EVENTS_OVERFLOW;
		wr(&out->overflow_count, log->lost);
		wr(&out->first_overflow, log->first_lost);
		wr(&out->last_overflow, log->last_lost);
	}
	return SWCXL_SUCCESS;
}

/* The handles must be those of the n oldest records, in their order. */
static bool are_oldest(const struct swcxl_dev *dev, unsigned log, const uint8_t *handles,
		       unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct event_header *h = (const void *)swcxl_log_record(dev, log, i);

		if (!h || rd(h->handle) != le_load(handles + 2 * i, 2))
			return false;
	}
	return true;
}

static bool reserved_set(const struct clear_event_records_in *in)
{
	return in->flags & ~CLEAR_EVENTS_ALL || in->reserved[0] || in->reserved[1] ||
	       in->reserved[2];
}

enum swcxl_rc cmd_clear_event_records(struct swcxl_dev *dev, struct call *call,
				      const struct clear_event_records_in *in, struct none *out)
{
	struct event_log *log;
	enum swcxl_rc rc = find_log(dev, in->log, &log);

	(void)out;
	if (call->data.len != 2u * in->count)
		return SWCXL_INVALID_PAYLOAD_LENGTH;
	if (rc)
		return rc;
	if (!reserved_ok(dev, reserved_set(in)))
		return SWCXL_INVALID_INPUT;
	if (in->flags & CLEAR_EVENTS_ALL) { /* only while overflowed, and without handles */
		if (!log->overflow || in->count)
			return SWCXL_INVALID_INPUT;
		event_clear(dev, in->log, log->count);
		return SWCXL_SUCCESS;
	}
	if (in->count && !are_oldest(dev, in->log, call->data.p, in->count))
		return SWCXL_INVALID_HANDLE;
	if (in->count)
		event_clear(dev, in->log, in->count);
	return SWCXL_SUCCESS;
}

/* For MSI the device says which vector it chose; a firmware vector is shown as it was set. */
enum swcxl_rc cmd_get_event_interrupt_policy(struct swcxl_dev *dev, struct call *call,
					     const struct none *in,
					     struct event_interrupt_policy *out)
{
	(void)in;
	for (unsigned i = 0; i < SWCXL_LOGS; i++) {
		uint8_t policy = dev->event_policy[i];

		if ((policy & EVENT_INTERRUPT_MODE) == EVENT_INTERRUPT_MSI)
			policy = (uint8_t)(EVENT_INTERRUPT_MSI | (VECTOR_EVENTS + i) << 4);
		out->log[i] = policy;
	}
	call->out_size = logs(dev);
	return SWCXL_SUCCESS;
}

/* Which modes a log knows: firmware interrupts are not for dynamic capacity; 3 is reserved. */
static bool policy_ok(const struct swcxl_dev *dev, enum swcxl_log log, uint8_t policy)
{
	unsigned mode = policy & EVENT_INTERRUPT_MODE;

	if (!reserved_ok(dev, policy & 0x0c))
		return false;
	return mode <= EVENT_INTERRUPT_MSI ||
	       (mode == EVENT_INTERRUPT_FW && log != SWCXL_LOG_DYNAMIC_CAPACITY);
}

enum swcxl_rc cmd_set_event_interrupt_policy(struct swcxl_dev *dev, struct call *call,
					     const struct event_interrupt_policy *in,
					     struct none *out)
{
	(void)out;
	if (call->in_len > logs(dev))
		return SWCXL_INVALID_PAYLOAD_LENGTH; /* the fifth byte came with 3.0 */
	for (unsigned i = 0; i < SWCXL_LOGS; i++)
		if (!policy_ok(dev, i, in->log[i]))
			return SWCXL_INVALID_INPUT;

	for (unsigned i = 0; i < SWCXL_LOGS; i++) {
		unsigned mode = in->log[i] & EVENT_INTERRUPT_MODE;

		dev->event_policy[i] =
			mode == EVENT_INTERRUPT_FW ? in->log[i] & 0xf3 : (uint8_t)mode;
	}
	return SWCXL_SUCCESS;
}
