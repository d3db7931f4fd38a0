// SPDX-License-Identifier: MIT
/*
 * The commands that every QMP server has. Their replies are those of a QEMU with a machine that
 * always runs, which is what management software looks for before it does anything else.
 */
#include "front/qmp/session.h"

bool cmd_qmp_capabilities(struct qmp_call *call, const struct qmp_qmp_capabilities_args *in)
{
	if (in->enable) /* the greeting has offered none */
		return qmp_error(call, "Capability oob not available");
	call->session->negotiated = true;
	return true;
}

bool cmd_query_version(struct qmp_call *call, const struct qmp_query_version_args *in)
{
	(void)in;
	out_raw(&call->ret, NULL, QMP_VERSION);
	return true;
}

bool cmd_query_commands(struct qmp_call *call, const struct qmp_query_commands_args *in)
{
	struct out *out = &call->ret;

	(void)in;
	out_begin(out, NULL, '[');
	for (size_t i = 0; i < QMP_COMMANDS; i++) {
		out_begin(out, NULL, '{');
		out_string(out, "name", qmp_commands[i].name);
		out_end(out, '}');
	}
	out_end(out, ']');
	return true;
}

bool cmd_query_status(struct qmp_call *call, const struct qmp_query_status_args *in)
{
	(void)in;
	out_begin(&call->ret, NULL, '{');
	out_enum(&call->ret, "status", &qmp_enum_run_state, 0);
	out_bool(&call->ret, "running", true);
	out_end(&call->ret, '}');
	return true;
}

bool cmd_query_qmp_schema(struct qmp_call *call, const struct qmp_query_qmp_schema_args *in)
{
	(void)in;
	qmp_schema(&call->ret);
	return true;
}

bool cmd_quit(struct qmp_call *call, const struct qmp_quit_args *in)
{
	(void)in;
	call->qmp->quit = true;
	return true;
}
