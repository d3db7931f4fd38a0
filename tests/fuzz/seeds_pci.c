/* SPDX-License-Identifier: MIT */
/* The PCI face: each register at each width, data objects of each type, decoders, errors. */
#include <stdio.h>

#include "pci_script.h"
#include "seeds.h"

#define CONFIG_ROWS 0xf0 /* more than there are: they begin again */

static void save_numbered(const char *what, int n)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%d", what, n);
	save("pci", name);
}

static void registers(void)
{
	for (int space = 0; space < PCI_SPACES; space++)
		for (int row = 0; row < CONFIG_ROWS; row += 8) {
			ADD(row);
			for (int i = row; i < row + 8; i++)
				for (int width = 0; width < 4; width++) {
					ADD(PCI_READ, space, i, 0, width);
					ADD(PCI_WRITE, space, i, 0, width);
					for (int b = 0; b < 1 << width; b++)
						ADD(i & 1 ? 0xff : 0x5a);
				}
			ADD(PCI_READ, space, row, 0, 0xff);
			save_numbered(
				(const char *[]){"config", "component", "device", "other"}[space],
				row);
		}
}

static void objects(void)
{
	for (int object = 0; object < OBJECTS; object++)
		for (int dwords = 0; dwords < 4; dwords++) {
			ADD(0x88);
			for (int n = 0; n < 8; n++) {
				ADD(PCI_DOE, object, n == 7 ? dwords : 0, dwords);
				for (int i = 0; i < dwords + 4 * (object == OBJECT_ANY); i++)
					ADD(object == OBJECT_TABLE ? 0xe0 | n : n);
				ADD(PCI_GO | PCI_GO_IRQ | (n & 1 ? PCI_GO_TAKE : 0));
				ADD(PCI_TAKE, n, n & 2 ? PCI_ABORT : PCI_READ, 0, 0, 0, 0);
			}
			save_numbered("object", 4 * object + dwords);
		}
}

static void decoders(void)
{
	static const int interleave[] = {0x00, 0x10, 0x26, 0x80, 0x07, 0x50, 0x93, 0x30};

	for (int n = 0; n < (int)ARRAY_SIZE(interleave); n++) {
		ADD(7 + 0x18);
		for (int which = 0; which < 4; which++)
			ADD(PCI_DECODER, which, 4 * which, 1 + n % 3, which & n, interleave[n],
			    PCI_COMMIT | (n & 1 ? PCI_COMMIT_LOCK : 0));
		ADD(PCI_DECODER, 1, 9, 9, 9, 0, 0, PCI_RESET, n % 5);
		for (int which = 0; which < 4; which++)
			ADD(PCI_DECODER, which, which, 1, 0, 0, PCI_COMMIT);
		save_numbered("decoders", n);
	}
}

static void errors(void)
{
	ADD(0);
	for (int bit = 0; bit < 18; bit++) /* masks off, then errors; some are cleared */
		ADD(PCI_WRITE, PCI_COMPONENT, 5, 0, 2, 0, 0, 0, 0, PCI_WRITE, PCI_COMPONENT, 8, 0,
		    2, 0, 0, 0, 0, PCI_RAS, bit, bit, PCI_RAS, 0x80 | bit, 0, PCI_WRITE,
		    PCI_COMPONENT, 4, bit / 8, 0, 1 << bit % 8);
	for (int kind = 0; kind < 5; kind++)
		ADD(PCI_RESET, kind, PCI_RAS, 3, 1);
	save("pci", "errors");
}

void seeds_pci(void)
{
	registers();
	objects();
	decoders();
	errors();
}
