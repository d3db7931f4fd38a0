/* SPDX-License-Identifier: MIT */
/*
 * The vfio-user server: one device, one client at a time.
 *
 * A second client is accepted and closed at once without a reply, after any pending end of the
 * first connection has been handled. When the client goes, the device stays and the server
 * listens again. Attaching (VERSION), detaching and DEVICE_RESET mean SWCXL_RESET_ATTACH.
 */
#ifndef SWCXL_FRONT_VFIO_H
#define SWCXL_FRONT_VFIO_H

#include <stdbool.h>
#include <stdint.h>

struct swcxl_dev;
struct loop;
struct vfio_server;

struct vfio_stats {
	uint64_t connections, refused, messages, replies, errors, region_reads, region_writes,
		doorbells /* seen in mapped registers */, interrupts;
};

/*
 * Serves dev on fd, which it owns from now on: a listening unix stream socket, or a connected one
 * (told apart by SO_ACCEPTCONN) whose peer may already have written. When a connected one closes,
 * loop_stop(loop, 0). 0 and *server, or -errno.
 * poll_ns: how often mapped mailbox registers of an idle client are looked at; 0 maps none.
 */
int vfio_server_new(struct loop *loop, struct swcxl_dev *dev, int fd, uint64_t poll_ns,
		    struct vfio_server **server);
void vfio_server_free(struct vfio_server *server);

/* To be called from swcxl_host.irq: fires the vector's eventfd, or keeps it pending (PBA). */
void vfio_server_irq(struct vfio_server *server, unsigned vector);

/* Takes no more messages, until false. */
void vfio_server_pause(struct vfio_server *server, bool pause);

const struct vfio_stats *vfio_server_stats(const struct vfio_server *server);

#endif
