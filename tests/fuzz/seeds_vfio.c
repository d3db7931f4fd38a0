/* SPDX-License-Identifier: MIT */
/* Messages of a vfio-user client. */
#include "seeds.h"
#include "vfio_script.h"

static void version(void)
{
	static const char json[] = "{\"capabilities\":{\"max_msg_fds\":16}}";

	ADD(1, 0, 0, 0, 1, sizeof(json), 0);
	add_bytes(json, sizeof(json));
}

/* A configuration byte, and a header whose stream may go on. */
static void connection(int choice)
{
	static const uint8_t header[16] = {1, 0, 4, 0, 16};

	ADD(choice);
	add_bytes(header, sizeof(header));
	version();
}

#define NO_TAIL 0, 0

void seeds_vfio(void)
{
	static const uint8_t doe[][5] = {{0xb0, 0x98, 0x1e, 2, 0}, {0xb0, 3}, {0xb0},
					 {0xa8, 0, 0, 0, 0x80},	   {0xb4},    {0xb4}};

	connection(0);
	ADD(4, 0, 0, 0, 0, 0, 0, NO_TAIL);
	for (int region = 0; region < 10; region++) {
		ADD(5, 0, 0, 0, 0, region, 0, 0, 0, NO_TAIL);
		ADD(5, 0, 0, 80, 0, region, 0, 0, 0, NO_TAIL);
	}
	for (int index = 0; index < 6; index++)
		ADD(7, 0, 0, 0, 0, index, 0, NO_TAIL);
	save("vfio", "information");

	connection(0x40);
	for (int region = 0; region < 9; region++) {
		ADD(9, 0, 0, 64, region, 8, NO_TAIL);
		ADD(10, 0, 0, 64, region, 4, 4, 0, 1, 2, 3, 4);
		ADD(10, 1, 0, 0, region, 8, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8);
	}
	ADD(10, 0, 0, 0x84, 2, 4, 4, 0, 1, 0, 0, 0); /* a doorbell */
	ADD(9, 0, 0, 0x80, 2, 32, NO_TAIL);	     /* a mailbox */
	ADD(15, 0, 0, 2, 48, 0);		     /* two writes in one message */
	for (int i = 0; i < 2; i++)
		ADD(0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
	save("vfio", "regions");

	connection(0); /* a DOE exchange: offsets above a byte's follow 0xf8 */
	for (unsigned i = 0; i < ARRAY_SIZE(doe); i++)
		ADD(10, 0, 0, 0xf8, doe[i][0], 1, 0, 0, 0, 0, 0, 0, 7, 4, 4, 0, doe[i][1],
		    doe[i][2], doe[i][3], doe[i][4]);
	ADD(9, 0, 0, 0xf8, 0xa0, 1, 0, 0, 0, 0, 0, 0, 7, 24, NO_TAIL);
	save("vfio", "doe");

	connection(0);
	ADD(8, 0x30, 0, 0, 0x21, 2, 0, 0, NO_TAIL); /* all off; vector 1 fires */
	for (int kind = 0; kind < 8; kind++) {
		ADD(8, 0x10, 1, kind, 0, 0x24, 2, kind, 1, NO_TAIL);
		ADD(8, 0xf0, 0, 0, 0x21, 2, kind, 1, NO_TAIL);
		ADD(8, 0x10, 0, 0, 0x22, 2, 0, 3, 3, 0, 1, 0, 1);
		ADD(8, 0, 1, kind, 0, 0x24, 3, 0, 1, NO_TAIL);
	}
	ADD(8, 0, 0, 0, 0x24, 2, 0, 8, NO_TAIL, 8, 0, 0, 0, 0x09, 2, 0, 1, NO_TAIL);
	save("vfio", "interrupts");

	connection(1);
	ADD(2, 0, 1, 2, 0, 3, 0, 1, 1, NO_TAIL, 3, 0, 0, 0, 0, 1, 1, NO_TAIL);
	ADD(8, 0, 1, 0, 0, 0x24, 2, 3, 1, NO_TAIL);
	ADD(13, 0x50, 0, NO_TAIL, 13, 0x48, 0, NO_TAIL);
	version();
	version(); /* twice */
	ADD(13, 0, 0, NO_TAIL);
	ADD(1, 0, 0, 1, 1, 4, 0, '{', '}', ' ', 0, 200, 4, 14, 0, 0, 3, 0, 1, 2, 3);
	save("vfio", "life");
}
