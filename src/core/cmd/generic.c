/* SPDX-License-Identifier: MIT */
/* Information and status, timestamp: CXL r3.2 8.2.10.1, .4. */
#include "core/cci.h"

/* The largest message limit that is within so many bytes, as its exponent. */
static uint8_t message_limit(uint32_t bytes)
{
	uint8_t limit = MESSAGE_LIMIT_MIN;

	while (limit < MESSAGE_LIMIT_MAX && bytes >> limit > 1)
		limit++;
	return limit;
}

/* ---- 8.2.10.1: not on mailboxes, but for the abort ---- */

enum swcxl_rc cmd_identify(struct swcxl_dev *dev, struct call *call, const struct none *in,
			   struct identify_out *out)
{
	const struct regs *r = &dev->config_space;

	(void)call, (void)in;
	wr(&out->vendor_id, regs_get(r, 0x00, 2));
	wr(&out->device_id, regs_get(r, 0x02, 2));
	wr(&out->subsystem_vendor_id, regs_get(r, 0x2c, 2));
	wr(&out->subsystem_id, regs_get(r, 0x2e, 2));
	wr(&out->serial, dev->config.serial);
	out->max_message_size = message_limit(dev->config.payload_size);
	out->component_type = COMPONENT_TYPE_3;
	return SWCXL_SUCCESS;
}

/* Of the channel that asks. */
enum swcxl_rc cmd_background_operation_status(struct swcxl_dev *dev, struct call *call,
					      const struct none *in,
					      struct background_operation_status_out *out)
{
	struct background b = background_status(call->cci);

	(void)dev, (void)in;
	out->status = (uint8_t)(b.percent << 1 | b.running);
	wr(&out->opcode, b.opcode);
	wr(&out->return_code, b.rc);
	return SWCXL_SUCCESS;
}

/* More than the field can say is in force until a limit is set. */
enum swcxl_rc cmd_get_response_message_limit(struct swcxl_dev *dev, struct call *call,
					     const struct none *in,
					     struct response_message_limit *out)
{
	(void)dev, (void)in;
	out->limit = message_limit(call->cci->limit);
	return SWCXL_SUCCESS;
}

/* Of the channel that asks. No reply is ever longer than the mailboxes' payload. */
enum swcxl_rc cmd_set_response_message_limit(struct swcxl_dev *dev, struct call *call,
					     const struct response_message_limit *in,
					     struct response_message_limit *out)
{
	if (in->limit < MESSAGE_LIMIT_MIN || in->limit > MESSAGE_LIMIT_MAX)
		return SWCXL_INVALID_INPUT;
	call->cci->limit = MIN(1u << in->limit, dev->config.payload_size);
	out->limit = message_limit(call->cci->limit);
	return SWCXL_SUCCESS;
}

/* A channel aborts its own operation; the control channel any. None: Success. */
enum swcxl_rc cmd_request_abort_background_operation(struct swcxl_dev *dev, struct call *call,
						     const struct none *in, struct none *out)
{
	bool any = call->cci->channel == CHANNEL_CONTROL;

	(void)in, (void)out;
	if (!(any ? dev->background.running : call->cci->background.running))
		return SWCXL_SUCCESS;
	if (!(command_find(dev->background.opcode)->effects & EFF_ABORT))
		return SWCXL_REQUEST_ABORT_NOT_SUPPORTED;
	background_abort(dev);
	return SWCXL_SUCCESS;
}

/* ---- 8.2.10.4: timestamp ---- */

enum swcxl_rc cmd_get_timestamp(struct swcxl_dev *dev, struct call *call, const struct none *in,
				struct timestamp *out)
{
	(void)call, (void)in;
	wr(&out->timestamp, device_timestamp(dev));
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_set_timestamp(struct swcxl_dev *dev, struct call *call,
				const struct timestamp *in, struct none *out)
{
	(void)call, (void)out;
	dev->clock_set = true;
	dev->clock_base = rd(in->timestamp);
	dev->clock_set_ns = dev->now_ns;
	return SWCXL_SUCCESS;
}
