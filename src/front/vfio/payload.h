/* SPDX-License-Identifier: MIT */
/*
 * The mailboxes as memory that a client may map: a sealed memfd laid out like the BAR, in which
 * only one area for each mailbox is used: its payload, with the page of its registers before it
 * or without. Every connection gets a new one, since a client that has gone may still have its
 * mapping.
 */
#ifndef SWCXL_FRONT_VFIO_PAYLOAD_H
#define SWCXL_FRONT_VFIO_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "front/vfio/proto.h"
#include "swcxl/swcxl.h"

struct vfio_payload {
	int fd; /* -1: none; all is then only reached by messages */
	void *memory[SWCXL_MAILBOXES];
	uint32_t area_size;
	uint32_t registers; /* bytes of an area before the payload: one page, or 0 */
	bool lent;	    /* a client has got the descriptor */
};

/* Makes new memory and gives it to the device. Failing, the device uses memory of its own. */
void vfio_payload_open(struct vfio_payload *payload, struct swcxl_dev *dev, bool registers);
void vfio_payload_close(struct vfio_payload *payload, struct swcxl_dev *dev);

/* The areas, in the order of their offsets. */
void vfio_payload_areas(const struct vfio_payload *payload, const struct swcxl_dev *dev,
			struct vfio_sparse_area area[SWCXL_MAILBOXES]);

#endif
