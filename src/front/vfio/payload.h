/* SPDX-License-Identifier: MIT */
/*
 * The mailbox payloads as memory that a client may map: a sealed memfd laid out like the BAR, in
 * which only the payload areas are used. Every connection gets a new one, since a client that has
 * gone may still have its mapping.
 */
#ifndef SWCXL_FRONT_VFIO_PAYLOAD_H
#define SWCXL_FRONT_VFIO_PAYLOAD_H

#include <stdint.h>

#include "front/vfio/proto.h"
#include "swcxl/swcxl.h"

struct vfio_payload {
	int fd; /* -1: none; the payloads are then only reached by messages */
	void *memory[SWCXL_MAILBOXES];
	uint32_t area_size;
};

/* Makes new memory and gives it to the device. Failing, the device uses memory of its own. */
void vfio_payload_open(struct vfio_payload *payload, struct swcxl_dev *dev);
void vfio_payload_close(struct vfio_payload *payload, struct swcxl_dev *dev);

/* The areas, in the order of their offsets. */
void vfio_payload_areas(const struct vfio_payload *payload, const struct swcxl_dev *dev,
			struct vfio_sparse_area area[SWCXL_MAILBOXES]);

#endif
