// SPDX-License-Identifier: MIT
/*
 * Content of the media, from the management side: what the CPU's loads and stores would do, for
 * hosts whose VMM does not route them. A read is a read, and finds latent errors (P-4); a full
 * line written is clean (D-52).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front/qmp/session.h"

bool cmd_read_media(struct qmp_call *call, const struct qmp_read_media_args *in)
{
	uint8_t *buf;
	int error;

	if (!qmp_in_range(call, in->start, in->length))
		return false;
	buf = malloc(in->length);
	error = buf ? swcxl_media_read(call->qmp->dev, in->start, buf, in->length) : -ENOMEM;
	if (error) {
		free(buf);
		return qmp_error(call, "Cannot read the media: %s", strerror(-error));
	}
	out_begin(&call->ret, NULL, '{');
	out_hex(&call->ret, "data", buf, in->length);
	out_end(&call->ret, '}');
	free(buf);
	return true;
}

bool cmd_write_media(struct qmp_call *call, const struct qmp_write_media_args *in)
{
	int error;

	if (!qmp_in_range(call, in->start, in->data.len))
		return false;
	error = swcxl_media_write(call->qmp->dev, in->start, in->data.p, in->data.len);
	if (error == -ENOSPC)
		return qmp_error(call, "The device holds as much as --media-memory-max or "
				       "--ranges-max allows; nothing was changed");
	if (error)
		return qmp_error(call, "Cannot write the media: %s", strerror(-error));
	return true;
}
