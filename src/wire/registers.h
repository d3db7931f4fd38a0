/* SPDX-License-Identifier: MIT */
/*
 * Where the device's registers lie and what their bits mean: CXL r3.2 8.1 (configuration space),
 * 8.2.4 (component registers) and 8.2.9 (device registers).
 */
#ifndef SWCXL_WIRE_REGISTERS_H
#define SWCXL_WIRE_REGISTERS_H

#define CXL_VENDOR_ID 0x1e98

/* ---- register locator DVSEC, 8.1.9 ---- */
#define DVSEC_DEVICE 0x0
#define DVSEC_GPF_DEVICE 0x5
#define DVSEC_FLEX_BUS 0x7
#define DVSEC_REGISTER_LOCATOR 0x8
#define BLOCK_COMPONENT 0x1
#define BLOCK_DEVICE 0x3

/* ---- Data Object Exchange, PCIe 7.9.24: offsets in the capability ---- */
#define DOE_CONTROL 0x08
#define DOE_STATUS 0x0c
#define DOE_WRITE_MAILBOX 0x10
#define DOE_READ_MAILBOX 0x14
#define DOE_CONTROL_ABORT (1u << 0)
#define DOE_CONTROL_IRQ (1u << 1)
#define DOE_CONTROL_GO (1u << 31)
#define DOE_STATUS_IRQ (1u << 1)
#define DOE_STATUS_ERROR (1u << 2)
#define DOE_STATUS_READY (1u << 31)

/* ---- errors in configuration space: PCIe 7.5.3.5; 7.8.4, offsets in the capability ---- */
#define DEVICE_STATUS_CORRECTABLE (1u << 0)
#define DEVICE_STATUS_NON_FATAL (1u << 1)
#define DEVICE_STATUS_FATAL (1u << 2)
#define AER_UNCORRECTABLE_STATUS 0x04
#define AER_UNCORRECTABLE_MASK 0x08
#define AER_UNCORRECTABLE_SEVERITY 0x0c
#define AER_CORRECTABLE_STATUS 0x10
#define AER_CORRECTABLE_MASK 0x14
#define AER_CONTROL 0x18
#define AER_INTERNAL 22 /* bit numbers */
#define AER_CORRECTED_INTERNAL 14

/* ---- component registers, 8.2.4: offsets in the block ---- */
#define COMPONENT_BLOCK_SIZE 0x10000
#define CACHEMEM_BASE 0x1000 /* CXL.cache and CXL.mem registers: the capability array */
#define COMP_CAP_RAS 0x2
#define COMP_CAP_LINK 0x4
#define COMP_CAP_HDM 0x5

/* RAS capability, 8.2.4.17: offsets in the capability */
#define RAS_UNCORRECTABLE_STATUS 0x00
#define RAS_UNCORRECTABLE_MASK 0x04
#define RAS_UNCORRECTABLE_SEVERITY 0x08
#define RAS_CORRECTABLE_STATUS 0x0c
#define RAS_CORRECTABLE_MASK 0x10
#define RAS_CONTROL 0x14
#define RAS_HEADER_LOG 0x18
#define RAS_UNCORRECTABLE_BITS 0x0003cfffu
#define RAS_CORRECTABLE_BITS 0x0000007fu
#define RAS_CONTROL_FIRST 0x3fu /* the first error's bit number */

/* HDM decoder capability, 8.2.4.20: offsets in the capability */
#define HDM_CAPABILITY 0x00
#define HDM_GLOBAL_CONTROL 0x04
#define HDM_DECODER(n) (0x10 + 0x20 * (n))
#define HDM_BASE_LOW 0x00 /* offsets in a decoder */
#define HDM_BASE_HIGH 0x04
#define HDM_SIZE_LOW 0x08
#define HDM_SIZE_HIGH 0x0c
#define HDM_CONTROL 0x10
#define HDM_SKIP_LOW 0x14
#define HDM_SKIP_HIGH 0x18
#define HDM_CONTROL_IG(c) ((c)&0xf)
#define HDM_CONTROL_IW(c) ((c) >> 4 & 0xf)
#define HDM_CONTROL_LOCK (1u << 8)
#define HDM_CONTROL_COMMIT (1u << 9)
#define HDM_CONTROL_COMMITTED (1u << 10)
#define HDM_CONTROL_ERROR (1u << 11)
#define HDM_CONTROL_TYPE (1u << 12)

/* ---- device registers, 8.2.9: offsets in the block ---- */
#define DEVCAP_ARRAY 0x00		     /* 64-bit; bits 47:32 count the headers */
#define DEVCAP_HEADER(n) (0x10 + 0x10 * (n)) /* id u16, version u8, -, offset u32, length u32 */
#define DEVCAP_STATUS 0x0001
#define DEVCAP_PRIMARY_MAILBOX 0x0002
#define DEVCAP_SECONDARY_MAILBOX 0x0003
#define DEVCAP_MEMORY_DEVICE_STATUS 0x4000

/* Mailbox, 8.2.9.4: offsets in the capability */
#define MBOX_CAPS 0x00	     /* 32-bit */
#define MBOX_CONTROL 0x04    /* 32-bit */
#define MBOX_COMMAND 0x08    /* 64-bit */
#define MBOX_STATUS 0x10     /* 64-bit */
#define MBOX_BACKGROUND 0x18 /* 64-bit */
#define MBOX_PAYLOAD 0x20

#define MBOX_CAPS_PAYLOAD(caps) ((caps)&0x1f) /* log2 of the payload size */
#define MBOX_CAPS_DOORBELL_IRQ (1u << 5)
#define MBOX_CAPS_BACKGROUND_IRQ (1u << 6)
#define MBOX_CAPS_VECTOR_SHIFT 7
#define MBOX_CAPS_READY_TIME_SHIFT 11
#define MBOX_CAPS_TYPE_MEMORY (1u << 19)
#define MBOX_CONTROL_DOORBELL (1u << 0)
#define MBOX_CONTROL_DOORBELL_IRQ (1u << 1)
#define MBOX_CONTROL_BACKGROUND_IRQ (1u << 2)
#define MBOX_CONTROL_ENABLES (MBOX_CONTROL_DOORBELL_IRQ | MBOX_CONTROL_BACKGROUND_IRQ)
#define MBOX_COMMAND_OPCODE(c) ((c)&0xffff)
#define MBOX_COMMAND_LENGTH(c) ((c) >> 16 & 0x1fffff) /* 21 bits: 1 MiB fits */
#define MBOX_COMMAND_MASK 0x1fffffffffull
#define MBOX_STATUS_BACKGROUND (1u << 0)
#define MBOX_STATUS_RC(s) ((s) >> 32 & 0xffff)
#define MBOX_BACKGROUND_OPCODE(b) ((b)&0xffff)
#define MBOX_BACKGROUND_PERCENT(b) ((b) >> 16 & 0x7f)
#define MBOX_BACKGROUND_RC(b) ((b) >> 32 & 0xffff)

/* Memory device status, 8.2.9.5.1 */
#define MEMDEV_FATAL (1u << 0)
#define MEMDEV_FW_HALT (1u << 1)
#define MEMDEV_MEDIA_SHIFT 2
#define MEMDEV_MEDIA(s) ((s) >> 2 & 3)
#define MEMDEV_MEDIA_NOT_READY 0
#define MEMDEV_MEDIA_READY 1
#define MEMDEV_MEDIA_ERROR 2
#define MEMDEV_MEDIA_DISABLED 3
#define MEMDEV_MAILBOX_READY (1u << 4)
#define MEMDEV_RESET_SHIFT 5
#define MEMDEV_RESET_NEEDED(s) ((s) >> 5 & 7)
#define MEMDEV_RESET_NONE 0
#define MEMDEV_RESET_COLD 1
#define MEMDEV_RESET_HOT 3

#endif
