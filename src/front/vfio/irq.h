/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: the eventfds that a client attached to MSI-X vectors, and BAR 4 with the table and
 * the pending bits. VMMs keep the table themselves; ours is memory that nothing acts upon.
 */
#ifndef SWCXL_FRONT_VFIO_IRQ_H
#define SWCXL_FRONT_VFIO_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "swcxl/swcxl.h"

struct vfio_irqs {
	int vector[SWCXL_MSIX_VECTORS]; /* eventfd, -1: none */
	int error;			/* the ERR index: kept, never fired (QEMU stops the VM) */
	uint32_t pending;		/* one bit a vector: fired while nothing was attached */
	uint8_t table[16 * SWCXL_MSIX_VECTORS]; /* an entry has 16 bytes */
};

void vfio_irqs_init(struct vfio_irqs *irqs);
/* Closes what is attached. What is pending stays: event interrupts are edges, never repeated. */
void vfio_irqs_detach(struct vfio_irqs *irqs);
/* A device reset: nothing is pending any more. */
void vfio_irqs_reset(struct vfio_irqs *irqs);

/* Takes fd (-1: detaches); a vector with a pending interrupt fires at once. */
void vfio_irqs_attach(struct vfio_irqs *irqs, unsigned vector, int fd);
void vfio_irqs_attach_error(struct vfio_irqs *irqs, int fd);
void vfio_irqs_fire(struct vfio_irqs *irqs, unsigned vector);

void vfio_irqs_read(const struct vfio_irqs *irqs, uint64_t offset, uint8_t *buf, uint32_t len);
void vfio_irqs_write(struct vfio_irqs *irqs, uint64_t offset, const uint8_t *buf, uint32_t len);

#endif
