/* SPDX-License-Identifier: MIT */
/* A PCI function as sysfs shows it, and its CXL device registers, mapped. */
#ifndef SWCXL_CLI_SYSFS_H
#define SWCXL_CLI_SYSFS_H

#include <stddef.h>
#include <stdint.h>

struct function {
	char bdf[16];
	char driver[32];	 /* bound to it, "" for none */
	int fd;			 /* of the resource file */
	volatile uint8_t *block; /* the register block with ID 3, 8.1.9 */
	size_t length;		 /* of what is mapped, to the end of the BAR at most */
};

/* Finds and maps; ends the program when it cannot. */
void function_map(struct function *function, const char *bdf);
void function_unmap(struct function *function);

#endif
