/* SPDX-License-Identifier: MIT */
/*
 * The protocol, without sockets: a message goes in, a reply comes out. One session is one
 * connection's worth of state around the device.
 */
#ifndef SWCXL_FRONT_VFIO_SESSION_H
#define SWCXL_FRONT_VFIO_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "front/vfio/irq.h"
#include "front/vfio/payload.h"
#include "front/vfio/proto.h"
#include "front/vfio/vfio.h"

#define VFIO_FDS_MAX 16u	     /* in one message; Cloud Hypervisor sends as many, unasked */
#define VFIO_TRANSFER_MAX (1u << 20) /* bytes of data in one region access, as all clients assume */
#define VFIO_MESSAGE_MAX \
	(sizeof(struct vfio_header) + sizeof(struct vfio_access) + VFIO_TRANSFER_MAX)

/* A received message. The session takes descriptors by setting their place to -1; the caller
 * closes what is left. */
struct vfio_message {
	const struct vfio_header *header;
	const uint8_t *body;
	uint32_t len; /* of the body */
	int fd[VFIO_FDS_MAX];
	unsigned fds;
	bool fds_lost; /* more came than there is room for */
};

/* The reply: body behind the header that the session fills in. */
struct vfio_reply {
	struct vfio_header header;
	uint8_t *body; /* room for VFIO_MESSAGE_MAX - 16 bytes */
	uint32_t len;
	int fd; /* to be sent along, lent; -1: none */
};

struct vfio_session {
	struct swcxl_dev *dev;
	struct vfio_irqs *irqs;
	struct vfio_payload *payload;
	struct vfio_stats *stats;
	bool versioned; /* VERSION has been agreed upon */
	bool takes_fd;	/* the client can receive a descriptor */
};

enum vfio_verdict {
	VFIO_SEND,   /* the reply */
	VFIO_SILENT, /* nothing: the client asked for no reply */
	VFIO_CLOSE,  /* the connection, after the reply */
	VFIO_CLOSE_SILENT,
};

enum vfio_verdict vfio_session_handle(struct vfio_session *session, struct vfio_message *message,
				      struct vfio_reply *reply);

/* Can this be the header of a message at all? If not, the stream cannot be followed further. */
bool vfio_header_ok(const struct vfio_header *header);

#endif
