// SPDX-License-Identifier: MIT
/* Faults on demand: which arguments a fault takes depends on its kind. */
#include "front/qmp/session.h"

/* What a kind of fault wants of `value`. */
enum want { NOTHING, NUMBER, RC };

static const struct {
	bool command; /* it befalls a command, so it wants an opcode, and may have a count */
	enum want value;
} kinds[SWCXL_FAULT_KINDS] = {
	[SWCXL_FAULT_RETURN_CODE] = {true, RC},
	[SWCXL_FAULT_DELAY] = {true, NUMBER},
	[SWCXL_FAULT_HANG] = {true, NOTHING},
	[SWCXL_FAULT_SHORT_REPLY] = {true, NUMBER},
	[SWCXL_FAULT_STUCK_BACKGROUND] = {true, NOTHING},
};

static bool check(struct qmp_call *call, const struct qmp_fault_args *in)
{
	const char *fault = qmp_enum_name(&qmp_enum_fault, in->fault);

	if (kinds[in->fault].command && !in->has_opcode)
		return qmp_error(call, "Fault '%s' needs an 'opcode'", fault);
	if (!kinds[in->fault].command && (in->has_opcode || in->has_count))
		return qmp_error(call,
				 "Fault '%s' is a state of the device: it takes no 'opcode' and no "
				 "'count'",
				 fault);
	if (kinds[in->fault].value != NOTHING && !in->has_value)
		return qmp_error(call, "Fault '%s' needs a 'value'", fault);
	if (kinds[in->fault].value == NOTHING && in->has_value)
		return qmp_error(call, "Fault '%s' takes no 'value'", fault);
	if (kinds[in->fault].value == RC && in->value > UINT16_MAX)
		return qmp_error(call, "Parameter 'value' is no return code: it has 16 bits");
	return true;
}

bool cmd_fault(struct qmp_call *call, const struct qmp_fault_args *in)
{
	const struct swcxl_fault fault = {
		.kind = in->fault,
		.opcode = in->opcode,
		.value = in->value,
		.count = kinds[in->fault].command ? in->count : 0,
	};

	if (!check(call, in))
		return false;
	if (swcxl_fault_add(call->qmp->dev, &fault))
		return qmp_error(call, "There are %u faults already: that is the most",
				 SWCXL_FAULTS_MAX);
	return true;
}

bool cmd_query_faults(struct qmp_call *call, const struct qmp_query_faults_args *in)
{
	struct out *out = &call->ret;
	struct swcxl_fault fault;

	(void)in;
	out_begin(out, NULL, '[');
	for (unsigned i = 0; swcxl_fault_get(call->qmp->dev, i, &fault); i++) {
		out_begin(out, NULL, '{');
		out_enum(out, "fault", &qmp_enum_fault, fault.kind);
		out_uint(out, "opcode", fault.opcode);
		out_uint(out, "value", fault.value);
		out_uint(out, "count", fault.count);
		out_uint(out, "hits", fault.hits);
		out_end(out, '}');
	}
	out_end(out, ']');
	return true;
}

bool cmd_clear_faults(struct qmp_call *call, const struct qmp_clear_faults_args *in)
{
	(void)in;
	swcxl_faults_clear(call->qmp->dev);
	return true;
}
