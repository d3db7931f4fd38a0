/* SPDX-License-Identifier: MIT */
/*
 * The vfio-user protocol, version 0.1, as it lies on the wire (QEMU's docs/interop/vfio-user.rst).
 * Offsets of payloads count from the end of the header.
 */
#ifndef SWCXL_FRONT_VFIO_PROTO_H
#define SWCXL_FRONT_VFIO_PROTO_H

#include "base/wire.h"

/* The protocol uses the host's byte order, our wire types are little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a little-endian host");

enum vfio_command {
	VFIO_VERSION = 1,
	VFIO_DMA_MAP = 2,
	VFIO_DMA_UNMAP = 3,
	VFIO_GET_INFO = 4,
	VFIO_GET_REGION_INFO = 5,
	VFIO_GET_IRQ_INFO = 7,
	VFIO_SET_IRQS = 8,
	VFIO_REGION_READ = 9,
	VFIO_REGION_WRITE = 10,
	VFIO_DEVICE_RESET = 13,
	VFIO_REGION_WRITE_MULTI = 15,
};

/* clang-format off */

#define VFIO_HEADER(F) \
	F(0x00, le16, id)      /* the sender's, echoed and otherwise ignored */ \
	F(0x02, le16, command) \
	F(0x04, le32, size)    /* of the message, with this header */ \
	F(0x08, le32, flags)   \
	F(0x0c, le32, error)   /* errno of an error reply */
WIRE_STRUCT(vfio_header, 0x10, VFIO_HEADER)

enum {
	VFIO_TYPE      = 0x0f,
	VFIO_TYPE_COMMAND = 0,
	VFIO_TYPE_REPLY   = 1,
	VFIO_NO_REPLY  = 0x10,
	VFIO_ERROR     = 0x20,
};

#define VFIO_VERSION_LAYOUT(F) \
	F(0x00, le16, major) \
	F(0x02, le16, minor) /* JSON follows, with its NUL */
WIRE_STRUCT(vfio_version, 0x04, VFIO_VERSION_LAYOUT)

#define VFIO_DMA_MAP_LAYOUT(F) \
	F(0x00, le32, argsz)   \
	F(0x04, le32, flags)   \
	F(0x08, le64, offset)  \
	F(0x10, le64, address) \
	F(0x18, le64, size)
WIRE_STRUCT(vfio_dma_map, 0x20, VFIO_DMA_MAP_LAYOUT)

#define VFIO_DMA_UNMAP_LAYOUT(F) \
	F(0x00, le32, argsz)   \
	F(0x04, le32, flags)   \
	F(0x08, le64, address) \
	F(0x10, le64, size)
WIRE_STRUCT(vfio_dma_unmap, 0x18, VFIO_DMA_UNMAP_LAYOUT)

#define VFIO_INFO_LAYOUT(F) \
	F(0x00, le32, argsz)   \
	F(0x04, le32, flags)   \
	F(0x08, le32, regions) \
	F(0x0c, le32, irqs)
WIRE_STRUCT(vfio_info, 0x10, VFIO_INFO_LAYOUT)

enum { VFIO_INFO_RESET = 1, VFIO_INFO_PCI = 2 };

#define VFIO_REGION_INFO_LAYOUT(F) \
	F(0x00, le32, argsz)      \
	F(0x04, le32, flags)      \
	F(0x08, le32, index)      \
	F(0x0c, le32, cap_offset) /* from the start of this struct */ \
	F(0x10, le64, size)       \
	F(0x18, le64, offset)     /* of the region in the file to map */
WIRE_STRUCT(vfio_region_info, 0x20, VFIO_REGION_INFO_LAYOUT)

enum {
	VFIO_REGION_INFO_READ  = 1,
	VFIO_REGION_INFO_WRITE = 2,
	VFIO_REGION_INFO_MMAP  = 4,
	VFIO_REGION_INFO_CAPS  = 8,
};

enum {
	VFIO_REGION_BAR0   = 0, /* .. 5 */
	VFIO_REGION_ROM    = 6,
	VFIO_REGION_CONFIG = 7,
	VFIO_REGION_VGA    = 8,
	VFIO_REGIONS       = 9,
};

#define VFIO_CAP_SPARSE(F) \
	F(0x00, le16, id)       \
	F(0x02, le16, version)  \
	F(0x04, le32, next)     \
	F(0x08, le32, nr_areas) \
	F(0x0c, le32, reserved)
WIRE_STRUCT(vfio_cap_sparse, 0x10, VFIO_CAP_SPARSE)

enum { VFIO_CAP_SPARSE_ID = 1, VFIO_CAP_SPARSE_VERSION = 1 };

#define VFIO_SPARSE_AREA(F) \
	F(0x00, le64, offset) \
	F(0x08, le64, size)
WIRE_STRUCT(vfio_sparse_area, 0x10, VFIO_SPARSE_AREA)

#define VFIO_IRQ_INFO_LAYOUT(F) \
	F(0x00, le32, argsz) \
	F(0x04, le32, flags) \
	F(0x08, le32, index) \
	F(0x0c, le32, count)
WIRE_STRUCT(vfio_irq_info, 0x10, VFIO_IRQ_INFO_LAYOUT)

enum { VFIO_IRQ_INFO_EVENTFD = 1 };

enum {
	VFIO_IRQ_INTX = 0,
	VFIO_IRQ_MSI  = 1,
	VFIO_IRQ_MSIX = 2,
	VFIO_IRQ_ERR  = 3,
	VFIO_IRQ_REQ  = 4,
	VFIO_IRQS     = 5,
};

#define VFIO_IRQ_SET(F) \
	F(0x00, le32, argsz) \
	F(0x04, le32, flags) \
	F(0x08, le32, index) \
	F(0x0c, le32, start) \
	F(0x10, le32, count) /* BOOL: as many bytes follow */
WIRE_STRUCT(vfio_irq_set, 0x14, VFIO_IRQ_SET)

/* Exactly one of the first and one of the last three. */
enum {
	VFIO_IRQ_SET_NONE    = 0x01,
	VFIO_IRQ_SET_BOOL    = 0x02,
	VFIO_IRQ_SET_EVENTFD = 0x04,
	VFIO_IRQ_SET_MASK    = 0x08,
	VFIO_IRQ_SET_UNMASK  = 0x10,
	VFIO_IRQ_SET_TRIGGER = 0x20,
};

#define VFIO_ACCESS(F) \
	F(0x00, le64, offset) \
	F(0x08, le32, region) \
	F(0x0c, le32, count)  /* as many bytes of data follow */
WIRE_STRUCT(vfio_access, 0x10, VFIO_ACCESS)

#define VFIO_MULTI(F) \
	F(0x00, le64, count) /* entries follow */
WIRE_STRUCT(vfio_multi, 0x08, VFIO_MULTI)

#define VFIO_MULTI_ENTRY(F) \
	F(0x00, le64, offset) \
	F(0x08, le32, region) \
	F(0x0c, le32, count)  \
	F(0x10, u8,   data, [8])
WIRE_STRUCT(vfio_multi_entry, 0x18, VFIO_MULTI_ENTRY)

/* clang-format on */

#endif
