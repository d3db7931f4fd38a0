/* SPDX-License-Identifier: MIT */
/*
 * The seals keep a client from shrinking the file, which would make the device's own accesses
 * fault (SIGBUS), and from growing it.
 */
#include "front/vfio/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3, which can be told to refuse files without it */
#define MFD_NOEXEC_SEAL 8U
#endif

static int make_file(uint64_t size)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("swcxl-payload", flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("swcxl-payload", flags);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		close(fd);
		return -1;
	}
	return fd;
}

void vfio_payload_open(struct vfio_payload *payload, struct swcxl_dev *dev, bool registers)
{
	uint32_t page = registers ? SWCXL_REGISTERS_SIZE : 0;

	*payload = (struct vfio_payload){
		.fd = make_file(swcxl_bar_size(dev, SWCXL_BAR_DEVICE)),
		.area_size = page + swcxl_payload_area_size(dev),
		.registers = page,
	};
	for (unsigned i = 0; payload->fd >= 0 && i < SWCXL_MAILBOXES; i++) {
		void *p = mmap(NULL, payload->area_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			       payload->fd, (off_t)(swcxl_payload_offset(dev, i) - page));

		if (p == MAP_FAILED) {
			vfio_payload_close(payload, dev);
			return;
		}
		payload->memory[i] = p;
	}
	for (unsigned i = 0; payload->fd >= 0 && i < SWCXL_MAILBOXES; i++) {
		swcxl_set_payload(dev, i, (uint8_t *)payload->memory[i] + page);
		swcxl_set_registers(dev, i, page ? payload->memory[i] : NULL);
	}
}

void vfio_payload_close(struct vfio_payload *payload, struct swcxl_dev *dev)
{
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		swcxl_set_payload(dev, i, NULL);
		swcxl_set_registers(dev, i, NULL);
		if (payload->memory[i])
			munmap(payload->memory[i], payload->area_size);
		payload->memory[i] = NULL;
	}
	if (payload->fd >= 0)
		close(payload->fd);
	payload->fd = -1;
}

void vfio_payload_areas(const struct vfio_payload *payload, const struct swcxl_dev *dev,
			struct vfio_sparse_area area[SWCXL_MAILBOXES])
{
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		wr(&area[i].offset, swcxl_payload_offset(dev, i) - payload->registers);
		wr(&area[i].size, payload->area_size);
	}
}
