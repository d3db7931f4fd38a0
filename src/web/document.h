/* SPDX-License-Identifier: MIT */
/* What a browser is sent of the device's state: JSON, as an event of a stream. */
#ifndef SWCXL_WEB_DOCUMENT_H
#define SWCXL_WEB_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view_state;

/* Shared by all that are being sent it; freed with the last of them. */
struct document {
	unsigned users;
	uint64_t number;
	size_t len;
	size_t json, json_len; /* where in the text the JSON is */
	char text[];
};

/* NULL: no memory. The caller is its user. */
struct document *document_make(const struct view_state *state, uint64_t number, bool writable);
struct document *document_use(struct document *document);
void document_drop(struct document *document); /* or NULL */

#endif
