/* SPDX-License-Identifier: MIT */
/*
 * A vector that fires while no eventfd is attached sets its pending bit, which the PBA shows, and
 * fires when one is attached. That covers the moments while a VMM re-points its vectors: event
 * interrupts are edges, and a lost one would never be repeated.
 */
#include "front/vfio/irq.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

void vfio_irqs_init(struct vfio_irqs *irqs)
{
	*irqs = (struct vfio_irqs){.error = -1};
	memset(irqs->vector, -1, sizeof(irqs->vector));
}

static void replace(int *slot, int fd)
{
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
}

void vfio_irqs_detach(struct vfio_irqs *irqs)
{
	for (unsigned i = 0; i < SWCXL_MSIX_VECTORS; i++)
		replace(&irqs->vector[i], -1);
	replace(&irqs->error, -1);
}

void vfio_irqs_reset(struct vfio_irqs *irqs)
{
	irqs->pending = 0;
	memset(irqs->table, 0, sizeof(irqs->table));
}

void vfio_irqs_attach(struct vfio_irqs *irqs, unsigned vector, int fd)
{
	replace(&irqs->vector[vector], fd);
	if (fd >= 0 && irqs->pending & 1u << vector) {
		irqs->pending &= ~(1u << vector);
		vfio_irqs_fire(irqs, vector);
	}
}

void vfio_irqs_attach_error(struct vfio_irqs *irqs, int fd)
{
	replace(&irqs->error, fd);
}

/*
 * The client shares the descriptor's flags with us and may have made it blocking since the last
 * time: each write makes it non-blocking first, so that a full counter cannot hold us up. A write
 * that fails is no loss, since a counter that is not zero already says what it would.
 */
void vfio_irqs_fire(struct vfio_irqs *irqs, unsigned vector)
{
	const uint64_t one = 1;
	int fd = irqs->vector[vector];

	if (fd < 0)
		irqs->pending |= 1u << vector;
	else if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		(void)!write(fd, &one, sizeof(one));
}

void vfio_irqs_read(const struct vfio_irqs *irqs, uint64_t offset, uint8_t *buf, uint32_t len)
{
	uint8_t bar[SWCXL_MSIX_BAR_SIZE] = {0};

	memcpy(bar + SWCXL_MSIX_TABLE, irqs->table, sizeof(irqs->table));
	memcpy(bar + SWCXL_MSIX_PBA, &irqs->pending, sizeof(irqs->pending));
	memcpy(buf, bar + offset, len);
}

void vfio_irqs_write(struct vfio_irqs *irqs, uint64_t offset, const uint8_t *buf, uint32_t len)
{
	if (offset < sizeof(irqs->table))
		memcpy(irqs->table + offset, buf, MIN(len, sizeof(irqs->table) - offset));
}
