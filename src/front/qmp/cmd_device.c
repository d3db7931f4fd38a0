// SPDX-License-Identifier: MIT
/*
 * Driving the device: its command interface, its clock, its resets. A command that the device
 * refuses is no error of the control protocol: the return code is the answer.
 */
#include "front/qmp/session.h"
#include "loop/loop.h"

bool cmd_cci(struct qmp_call *call, const struct qmp_cci_args *in)
{
	struct out *out = &call->ret;
	enum swcxl_rc rc;
	size_t len = 0;

	rc = swcxl_execute(call->session->cci, in->opcode, in->payload.p, in->payload.len,
			   call->qmp->payload, &len);
	out_begin(out, NULL, '{');
	out_uint(out, "return-code", rc);
	out_hex(out, "payload", call->qmp->payload, len);
	out_end(out, '}');
	return true;
}

bool cmd_clock_step(struct qmp_call *call, const struct qmp_clock_step_args *in)
{
	uint64_t now;
	bool ok;

	now = loop_step(call->qmp->loop, in->nanoseconds, &ok);
	if (!ok)
		return qmp_error(call, "The clock is real: it can be stepped with --clock virtual "
				       "only");
	out_begin(&call->ret, NULL, '{');
	out_uint(&call->ret, "now", now);
	out_end(&call->ret, '}');
	return true;
}

bool cmd_reset(struct qmp_call *call, const struct qmp_reset_args *in)
{
	swcxl_reset(call->qmp->dev, in->type);
	return true;
}
