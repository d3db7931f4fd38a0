// SPDX-License-Identifier: MIT
/*
 * A CXL memory device inside a program: errors overflow its poison list, a scan finds them again.
 *
 *	cc -Iinclude examples/embed.c build/libswcxl.a -o embed && ./embed
 *
 * The library does no I/O and reads no clock. What it needs of the world is struct swcxl_host, and
 * time passes when this program says so: an hour takes as long as what happens in it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "swcxl/swcxl.h"

#define SCAN_MEDIA 0x4304
#define LIST_MAX 4
#define ERRORS 6

/* The only source of memory. Size 0 frees. */
static void *host_realloc(void *ctx, void *old, size_t size)
{
	(void)ctx;
	if (size)
		return realloc(old, size);
	free(old);
	return NULL;
}

/* A driver's interrupt handler would look at the event logs now. */
static void host_irq(void *ctx, unsigned vector)
{
	(void)vector;
	++*(unsigned *)ctx;
}

static void host_notice(void *ctx, const struct swcxl_notice *notice)
{
	(void)ctx;
	if (notice->kind == SWCXL_NOTICE_OVERFLOW)
		printf("notice: the poison list has overflowed\n");
	if (notice->kind == SWCXL_NOTICE_BACKGROUND_COMPLETED)
		printf("notice: %s is done: %s\n", swcxl_command_name(notice->opcode),
		       swcxl_rc_name(notice->rc));
}

static void show(const struct swcxl_dev *dev, const char *when)
{
	struct swcxl_status status;

	swcxl_query(dev, &status);
	printf("%s: %" PRIu64 " lines are bad, %" PRIu64 " of %" PRIu64 " records are listed%s\n",
	       when, status.poisoned_lines, status.list.count, status.list.max,
	       status.list.overflow ? ", overflow" : "");
}

/* Sends Scan Media for the whole device, as bytes, the way they stand in a mailbox. */
static enum swcxl_rc scan(struct swcxl_dev *dev, struct swcxl_cci *cci)
{
	unsigned char in[0x11] = {0},
		      out[4096]; /* room for the payload size of the configuration */
	uint64_t lines = swcxl_capacity(dev) / SWCXL_LINE;
	size_t out_len;

	for (unsigned i = 0; i < 8; i++)
		in[8 + i] = (unsigned char)(lines >> 8 * i); /* little-endian, at offset 8 */
	return swcxl_execute(cci, SCAN_MEDIA, in, sizeof(in), out, &out_len);
}

int main(void)
{
	unsigned interrupts = 0;
	struct swcxl_host host = {.ctx = &interrupts,
				  .realloc = host_realloc,
				  .irq = host_irq,
				  .notice = host_notice};
	struct swcxl_config config;
	struct swcxl_dev *dev;
	struct swcxl_cci *cci;

	swcxl_config_init(&config); /* 1 GiB volatile, 500 ns to scan a line, ... */
	config.serial = 1;
	config.poison_list_max = LIST_MAX;
	if (swcxl_new(&config, &host, &dev) != 0 || !(cci = swcxl_cci_new(dev)))
		return EXIT_FAILURE;

	for (uint64_t i = 0; i < ERRORS; i++) /* far apart, so that no two share a record */
		swcxl_plant(dev, i * 4096, SWCXL_LINE, SWCXL_SOURCE_INTERNAL, true, false);
	show(dev, "planted");
	swcxl_media_write(dev, 0, (char[2 * 4096]){0}, 2 * 4096); /* writing a line mends it: two */
	show(dev, "written");

	printf("Scan Media: %s\n", swcxl_rc_name(scan(dev, cci)));
	swcxl_advance(dev, 10 * UINT64_C(1000000000)); /* ten seconds: 8.4 of them are the scan's */
	show(dev, "scanned");
	swcxl_free(dev);				 /* with its channels */
	return interrupts ? EXIT_FAILURE : EXIT_SUCCESS; /* no driver has enabled any */
}
