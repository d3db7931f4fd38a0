/* SPDX-License-Identifier: MIT */
/* Firmware: slots, and the transfer of a package into one. See core/cmd/fw.c. */
#ifndef SWCXL_CORE_FW_H
#define SWCXL_CORE_FW_H

#include "swcxl/swcxl.h"

/* What is known of a package, or of its parts so far. */
struct fw_package {
	uint32_t size, crc32;
	uint8_t any, all; /* its bytes, ored and anded */
};

struct firmware {
	struct swcxl_cci *owner;	/* of the transfer under way; NULL: there is none */
	struct fw_package sent, before; /* so far, and without the last part */
	uint64_t last_ns;		/* when the last part came */
	/* what runs in the background: the package that is verified, the slot it is about */
	struct fw_package package;
	uint8_t slot;
};

void fw_init(struct swcxl_dev *dev);
void fw_reset(struct swcxl_dev *dev, enum swcxl_reset type);
/* A channel goes away, and its transfer with it. */
void fw_disown(struct swcxl_cci *cci);
uint64_t fw_deadline(const struct swcxl_dev *dev);
void fw_advance(struct swcxl_dev *dev, uint64_t now_ns);
/* The revision in a slot, 16 bytes padded with NUL; an empty slot has zeros. */
void fw_revision(const struct swcxl_dev *dev, unsigned slot, uint8_t revision[static 16]);
void fw_query(const struct swcxl_dev *dev, struct swcxl_status *status);

#endif
