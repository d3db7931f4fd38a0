// SPDX-License-Identifier: MIT
/*
 * Protocol errors: QEMU's commands, whose errors go into the device's registers as there. QEMU
 * sends the root port a message as well; over vfio-user none can be sent (its error interrupt
 * stops the machine), so replies say that.
 */
#include <string.h>

#include "base/util.h"
#include "front/qmp/session.h"

#define HEADER_MAX 32u /* dwords that QEMU takes */

static bool injected(struct qmp_call *call, uint64_t recorded)
{
	out_begin(&call->ret, NULL, '{');
	out_uint(&call->ret, "recorded", recorded);
	out_enum(&call->ret, "aer", &qmp_enum_aer, 0);
	out_end(&call->ret, '}');
	return true;
}

bool cmd_cxl_inject_uncorrectable_errors(struct qmp_call *call,
					 const struct qmp_cxl_inject_uncorrectable_errors_args *in)
{
	const struct qmp_uncorrectable_error_item *errors = in->errors.p;
	uint64_t recorded = 0;

	if (!qmp_is_path(call, in->path, "Unable to resolve path"))
		return false;
	for (size_t i = 0; i < in->errors.count; i++)
		if (errors[i].header.count > HEADER_MAX)
			return qmp_error(call, "Header must be 32 DWORD or less");
	for (size_t i = 0; i < in->errors.count; i++) {
		uint32_t header[SWCXL_RAS_HEADER] = {0};

		for (size_t k = 0; k < MIN(errors[i].header.count, SWCXL_RAS_HEADER); k++)
			header[k] = (uint32_t)errors[i].header.v[k];
		recorded += swcxl_ras_uncorrectable(call->qmp->dev, errors[i].type, header) > 0;
	}
	return injected(call, recorded);
}

bool cmd_cxl_inject_correctable_error(struct qmp_call *call,
				      const struct qmp_cxl_inject_correctable_error_args *in)
{
	if (!qmp_is_path(call, in->path, "Unable to resolve path"))
		return false;
	return injected(call, swcxl_ras_correctable(call->qmp->dev, in->type) > 0);
}
