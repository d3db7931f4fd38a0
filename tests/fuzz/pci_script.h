/* SPDX-License-Identifier: MIT */
/* What the input of fuzz_pci says: a byte for the configuration, then steps. */
#ifndef SWCXL_TESTS_PCI_SCRIPT_H
#define SWCXL_TESTS_PCI_SCRIPT_H

enum pci_step {
	PCI_READ,  /* space, place, width */
	PCI_WRITE, /* space, place, width, bytes */
	PCI_DOE,   /* object, length, dwords (each: below 0xf0 a small one, else u32), PCI_GO_* */
	PCI_TAKE,  /* how many dwords of the response */
	PCI_ABORT,
	PCI_DECODER, /* which, base, size, skip: capacity units; interleave; PCI_COMMIT_* */
	PCI_RESET,   /* kind */
	PCI_RAS,     /* an error: bit 7 correctable, bits 4:0 which; a byte of its header */
	PCI_STEPS
};

/* Spaces: a place is a row of the space's table, and how far beside it; above PCI_FAR all of a
 * u64. */
enum { PCI_CONFIG, PCI_COMPONENT, PCI_DEVICE, PCI_OTHER, PCI_SPACES };
#define PCI_FAR 0xf8

/* Objects: those that there are, one that there is not, and any: u32. */
enum { OBJECT_DISCOVERY, OBJECT_COMPLIANCE, OBJECT_TABLE, OBJECT_UNKNOWN, OBJECT_ANY, OBJECTS };

enum { PCI_GO = 1, PCI_GO_IRQ = 2, PCI_GO_TAKE = 4 };
enum { PCI_COMMIT = 1, PCI_COMMIT_LOCK = 2 };

#endif
