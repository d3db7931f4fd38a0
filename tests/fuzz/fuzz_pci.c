/* SPDX-License-Identifier: MIT */
/*
 * The PCI face of the device: accesses of any width to any place of configuration space and BARs,
 * data objects, HDM decoders, protocol errors, resets.
 *
 * What no row of the register tables lets a host change stays as it was made. What it may change
 * is as it was written last. The DOE mailbox is held against a naive one, whose answers are those
 * of a second device that only ever sees whole and orderly requests. A decoder that is committed
 * stays as it is, within the device.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../model/device.h"
#include "base/le.h"
#include "base/util.h"
#include "core/regs.h"
#include "input.h"
#include "pci_script.h"
#include "wire/doe.h"
#include "wire/registers.h"

#define STEPS_MAX 200u
#define WIDTH_MAX 512u
#define DOE 0x1a0u
#define DOE_DWORDS 64u
#define COMPONENT_END 0x1200u /* behind it there is nothing in any table */
#define SPACE_MAX COMPONENT_END
#define HDM (CACHEMEM_BASE + 0x140u)
#define DECODERS 4u
#define DEVICE_CONTROL 0x68u
#define CXL_CONTROL2 0x120u
#define CXL_LOCK 0x124u

/* clang-format off */
static const struct reg_row config_rows[] = {
#define REG(...) {__VA_ARGS__},
#include "tbl/config_space.tbl.h"
	{0x10, 4, 0, 0xffffffff, 0}, {0x14, 4, 0, 0xffffffff, 0}, /* BARs: as large as they are */
	{0x18, 4, 0, 0xffffffff, 0}, {0x1c, 4, 0, 0xffffffff, 0}, {0x20, 4, 0, 0xffffffff, 0},
};
static const struct reg_row component_rows[] = {
#define REG(...) {__VA_ARGS__},
#include "tbl/component.tbl.h"
};
static const struct reg_row decoder_rows[] = {
#define DECODER(...) {__VA_ARGS__},
#include "tbl/component.tbl.h"
};
/* clang-format on */

/* A space as its table has it: bits that a host may write, and clear; and those that the device
 * changes by itself, of which nothing is known here. */
struct space {
	uint32_t size;
	uint8_t writable[SPACE_MAX], clear[SPACE_MAX], live[SPACE_MAX];
	uint8_t fixed[SPACE_MAX]; /* none of these */
	uint8_t made[SPACE_MAX];  /* what it was first */
};
static struct space config = {.size = SWCXL_CONFIG_SIZE}, component = {.size = COMPONENT_END};
static uint8_t want[SWCXL_CONFIG_SIZE]; /* of what a host may write */

static struct test_device t, reference;
static bool was_reset; /* in this step */

/* The DOE mailbox as a host understands it. */
static struct {
	uint32_t request[DOE_DWORDS];
	unsigned written;
	uint32_t response[DOE_DWORDS];
	unsigned length, at; /* of the response; length 0: there is none */
	bool error;
} doe;

/* ---- what the tables say ---- */

static void lay(struct space *s, uint32_t base, const struct reg_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		le_store(s->writable + base + rows[i].offset, rows[i].width, rows[i].writable);
		le_store(s->clear + base + rows[i].offset, rows[i].width, rows[i].clear);
	}
}

static void live(struct space *s, uint32_t offset, unsigned width, uint64_t bits)
{
	le_store(s->live + offset, width, bits);
}

static void fix(struct space *s)
{
	for (uint32_t i = 0; i < s->size; i++)
		s->fixed[i] = (uint8_t) ~(s->writable[i] | s->clear[i] | s->live[i]);
}

static void lay_tables(void)
{
	lay(&config, 0, config_rows, ARRAY_SIZE(config_rows));
	live(&config, 0x122, 2, 0x0002);		/* CXL reset complete */
	live(&config, DOE + DOE_STATUS, 4, 0x80000004); /* ready, error */
	live(&config, DOE + DOE_READ_MAILBOX, 4, UINT32_MAX);
	live(&config, 0x218, 4, 0x1f); /* first error pointer */
	lay(&component, 0, component_rows, ARRAY_SIZE(component_rows));
	live(&component, CACHEMEM_BASE + 0x80 + RAS_CONTROL, 4, RAS_CONTROL_FIRST);
	memset(component.live + CACHEMEM_BASE + 0x80 + RAS_HEADER_LOG, 0xff, 64);
	for (unsigned i = 0; i < DECODERS; i++) {
		lay(&component, HDM + HDM_DECODER(i), decoder_rows, ARRAY_SIZE(decoder_rows));
		live(&component, HDM + HDM_DECODER(i) + HDM_CONTROL, 4,
		     HDM_CONTROL_COMMITTED | HDM_CONTROL_ERROR);
	}
	fix(&config);
	fix(&component);
}

static void read_space(const struct space *s, uint8_t *image)
{
	if (s == &config)
		swcxl_config_read(t.dev, 0, image, s->size);
	else
		swcxl_bar_read(t.dev, SWCXL_BAR_COMPONENT, 0, image, s->size);
}

static void blame(const struct space *s, const uint8_t *is, const uint8_t *shall,
		  const uint8_t *bits)
{
	for (uint32_t i = 0; i < s->size; i++)
		if ((is[i] ^ shall[i]) & bits[i])
			fprintf(stderr, "%s %#x: %02x, and not %02x\n",
				s == &config ? "config" : "component", i, is[i], shall[i]);
	abort();
}

static void compare(const struct space *s, const uint8_t *is, const uint8_t *shall,
		    const uint8_t *bits)
{
	uint64_t a, b, mask;

	for (uint32_t i = 0; i < s->size; i += 8) {
		memcpy(&a, is + i, 8);
		memcpy(&b, shall + i, 8);
		memcpy(&mask, bits + i, 8);
		if ((a ^ b) & mask)
			blame(s, is, shall, bits);
	}
}

static void check_space(const struct space *s)
{
	static uint8_t image[SPACE_MAX];

	read_space(s, image);
	compare(s, image, s->made, s->fixed);
	if (s == &config)
		compare(s, image, want, s->writable);
}

/* ---- the mailbox for data objects ---- */

static uint32_t doe_get(struct swcxl_dev *dev, uint32_t reg)
{
	uint8_t b[4];

	swcxl_config_read(dev, DOE + reg, b, 4);
	return (uint32_t)le_load(b, 4);
}

static void doe_put(struct swcxl_dev *dev, uint32_t reg, uint32_t value)
{
	uint8_t b[4];

	le_store(b, 4, value);
	swcxl_config_write(dev, DOE + reg, b, 4);
}

/* The same request where nothing else ever happens. Returns whether it is answered or an error;
 * a request that is discarded is neither. */
static bool ask_reference(uint32_t response[static DOE_DWORDS], unsigned *length)
{
	struct swcxl_dev *dev = reference.dev;
	bool error;

	*length = 0;
	doe_put(dev, DOE_CONTROL, DOE_CONTROL_ABORT);
	for (unsigned i = 0; i < MIN(doe.written, DOE_DWORDS); i++)
		doe_put(dev, DOE_WRITE_MAILBOX, doe.request[i]);
	doe_put(dev, DOE_CONTROL, DOE_CONTROL_GO);
	error = doe_get(dev, DOE_STATUS) & DOE_STATUS_ERROR;
	while (doe_get(dev, DOE_STATUS) & DOE_STATUS_READY) {
		MUST(!error && *length < DOE_DWORDS);
		response[(*length)++] = doe_get(dev, DOE_READ_MAILBOX);
		doe_put(dev, DOE_READ_MAILBOX, 0);
	}
	return error;
}

static void doe_go(void)
{
	uint32_t response[DOE_DWORDS];
	unsigned length;
	bool error = ask_reference(response, &length);

	doe.written = 0;
	if (error || (length && doe.length)) {
		doe.error = true;
	} else if (length) {
		memcpy(doe.response, response, sizeof(response));
		doe.length = length;
		doe.at = 0;
	}
}

/* What a write does, in the order of the registers. */
static void doe_wrote(uint32_t offset, const uint8_t *b, uint32_t width)
{
	uint32_t control = regs_written(offset, b, width, DOE + DOE_CONTROL);
	uint32_t mailbox = DOE + DOE_WRITE_MAILBOX;

	if (control & DOE_CONTROL_ABORT) {
		doe.written = doe.length = 0;
		doe.error = false;
	} else if (control & DOE_CONTROL_GO && !doe.error) {
		doe_go();
	}
	if (offset <= mailbox && offset + width >= mailbox + 4 && !doe.error) {
		if (doe.written < DOE_DWORDS)
			doe.request[doe.written++] = (uint32_t)le_load(b + mailbox - offset, 4);
	}
	if (offset < DOE + DOE_READ_MAILBOX + 4 && offset + width > DOE + DOE_READ_MAILBOX &&
	    !doe.error) {
		if (!doe.length)
			doe.error = true;
		else if (++doe.at == doe.length)
			doe.length = 0;
	}
}

static void check_doe(void)
{
	uint32_t status = doe_get(t.dev, DOE_STATUS), dword = doe_get(t.dev, DOE_READ_MAILBOX);
	/* the header of CDAT counts how often it was read */
	bool counted = doe.length > 4 && doe.response[0] == 0x00021e98 && doe.at >= 3;

	if (was_reset)
		return;
	MUST(!(status & DOE_STATUS_ERROR) == !doe.error);
	MUST(!(status & DOE_STATUS_READY) == !doe.length);
	MUST(doe.length && !doe.error ? dword == doe.response[doe.at] || counted : !dword);
}

/* ---- decoders ---- */

static uint64_t component_get(uint32_t offset, unsigned width)
{
	uint8_t b[8];

	swcxl_bar_read(t.dev, SWCXL_BAR_COMPONENT, offset, b, width);
	return le_load(b, width);
}

static void check_decoders(void)
{
	static const uint8_t ways[16] = {1, 2, 4, 8, 16, [8] = 3, 6, 12};
	static uint8_t last[DECODERS][0x20];
	uint64_t used = 0;

	for (unsigned i = 0; i < DECODERS; i++) {
		uint32_t at = HDM + HDM_DECODER(i);
		uint32_t control = (uint32_t)component_get(at + HDM_CONTROL, 4);
		uint32_t before = (uint32_t)le_load(last[i] + HDM_CONTROL, 4);
		uint8_t now[0x20];

		swcxl_bar_read(t.dev, SWCXL_BAR_COMPONENT, at, now, sizeof(now));
		if (control & HDM_CONTROL_COMMITTED) {
			MUST(ways[HDM_CONTROL_IW(control)] && !(control & HDM_CONTROL_ERROR));
			used += component_get(at + HDM_SKIP_LOW, 8) +
				component_get(at + HDM_SIZE_LOW, 8) / ways[HDM_CONTROL_IW(control)];
		}
		if (control & before & HDM_CONTROL_COMMITTED && !was_reset)
			MUST(!memcmp(now, last[i], sizeof(now)));
		memcpy(last[i], now, sizeof(now));
	}
	MUST(used <= swcxl_capacity(t.dev));
}

/* ---- steps ---- */

static void sync(void)
{
	was_reset = true;
	swcxl_config_read(t.dev, 0, want, sizeof(want));
	doe.written = doe.length = 0;
	doe.error = false;
}

/* What the lock freezes (8.1.3.5): control, itself, and the bases of range 1. */
static bool can_lock(uint32_t at)
{
	return (at & ~1u) == 0x11c || (at & ~1u) == CXL_LOCK || (at & ~7u) == 0x130;
}

static void config_write(uint32_t offset, const uint8_t *b, uint32_t width)
{
	bool locked = want[CXL_LOCK] & 1;

	swcxl_config_write(t.dev, offset, b, width);
	for (uint32_t i = 0; i < width && offset < SWCXL_CONFIG_SIZE - i; i++) {
		uint8_t w = locked && can_lock(offset + i) ? 0 : config.writable[offset + i];

		want[offset + i] = (uint8_t)((want[offset + i] & ~w) | (b[i] & w));
	}
	doe_wrote(offset, b, width);
	/* resets, and BARs, which are as large as they are */
	if (regs_written(offset, b, width, DEVICE_CONTROL) & 0x8000 ||
	    regs_written(offset, b, width, CXL_CONTROL2) & 4)
		sync();
	if (regs_touches(offset, width, 0x10, 0x18))
		swcxl_config_read(t.dev, 0, want, sizeof(want));
}

static uint64_t take_place(struct input *in, unsigned space)
{
	uint8_t row = (uint8_t)take(in, 1), beside = (uint8_t)take(in, 1);
	uint64_t primary = swcxl_payload_offset(t.dev, SWCXL_MAILBOX_PRIMARY);

	if (row >= PCI_FAR)
		return take(in, 8);
	switch (space) {
	case PCI_CONFIG:
		return config_rows[row % ARRAY_SIZE(config_rows)].offset + beside % 16;
	case PCI_COMPONENT:
		if (row & 0x80)
			return HDM + HDM_DECODER(row % DECODERS) + beside % 64;
		return component_rows[row % ARRAY_SIZE(component_rows)].offset + beside % 16;
	default:
		return (row & 1 ? primary - 32 : 0x10000) + beside;
	}
}

/* A wide read is what the bytes are. */
static void check_read(unsigned bar, bool is_config, uint64_t place, const uint8_t *b,
		       uint32_t width)
{
	for (uint32_t i = 0; i < width; i++) {
		uint8_t one;

		if (is_config)
			swcxl_config_read(t.dev, (uint32_t)place + i, &one, 1);
		else
			swcxl_bar_read(t.dev, bar, place + i, &one, 1);
		MUST(one == b[i] || (is_config ? (uint32_t)place + i < place
					       : place + width > swcxl_bar_size(t.dev, bar)));
	}
}

static void step_access(struct input *in, bool write)
{
	static const unsigned bars[] = {[PCI_COMPONENT] = SWCXL_BAR_COMPONENT,
					[PCI_DEVICE] = SWCXL_BAR_DEVICE,
					[PCI_OTHER] = SWCXL_BAR_MSIX};
	unsigned space = (unsigned)take(in, 1) % PCI_SPACES;
	uint64_t place = take_place(in, space);
	uint8_t n = (uint8_t)take(in, 1), *b;
	uint32_t width = n < 0xc0 ? 1u << n % 4 : (n & 63) * (n & 1 ? 8u : 1u);

	b = malloc(width ? width : 1);
	MUST(b && width <= WIDTH_MAX);
	take_bytes(in, b, write ? width : 0);
	if (space == PCI_CONFIG && write) {
		config_write((uint32_t)place, b, width);
	} else if (write) {
		swcxl_bar_write(t.dev, bars[space], place, b, width);
	} else {
		if (space == PCI_CONFIG)
			swcxl_config_read(t.dev, (uint32_t)place, b, width);
		else
			swcxl_bar_read(t.dev, bars[space], place, b, width);
		check_read(bars[space], space == PCI_CONFIG, place, b, width);
	}
	free(b);
}

static void write_dword(uint32_t reg, uint32_t value)
{
	uint8_t b[4];

	le_store(b, 4, value);
	config_write(DOE + reg, b, 4);
	check_doe();
}

static void take_response(unsigned n)
{
	while (n-- > 0)
		write_dword(DOE_READ_MAILBOX, 0);
}

static void step_doe(struct input *in)
{
	static const uint32_t objects[] = {0x00000001, 0x00001e98, 0x00021e98, 0x00038086};
	uint8_t object = (uint8_t)take(in, 1) % OBJECTS, length = (uint8_t)take(in, 1);
	unsigned n = (unsigned)take(in, 1) % 16;
	uint8_t flags;

	write_dword(DOE_WRITE_MAILBOX,
		    object == OBJECT_ANY ? (uint32_t)take(in, 4) : objects[object]);
	write_dword(DOE_WRITE_MAILBOX, length ? length : n + 2);
	for (unsigned i = 0; i < n; i++) {
		uint8_t b = (uint8_t)take(in, 1);

		write_dword(DOE_WRITE_MAILBOX, b < 0xe0	  ? b
					       : b < 0xf0 ? (b & 15u) << 16
							  : (uint32_t)take(in, 4));
	}
	flags = (uint8_t)take(in, 1);
	write_dword(DOE_CONTROL, (flags & PCI_GO ? DOE_CONTROL_GO : 0) |
					 (flags & PCI_GO_IRQ ? DOE_CONTROL_IRQ : 0));
	if (flags & PCI_GO_TAKE)
		take_response(doe.length ? doe.length - doe.at : 0);
}

static void step_decoder(struct input *in)
{
	unsigned which = (unsigned)take(in, 1) % DECODERS;
	uint8_t b[0x1c] = {0}, flags;

	le_store(b + HDM_BASE_LOW, 8, take(in, 1) << 28);
	le_store(b + HDM_SIZE_LOW, 8, take(in, 1) << 28);
	le_store(b + HDM_SKIP_LOW, 8, take(in, 1) << 28);
	le_store(b + HDM_CONTROL, 4, take(in, 1));
	swcxl_bar_write(t.dev, SWCXL_BAR_COMPONENT, HDM + HDM_DECODER(which), b, sizeof(b));
	check_decoders();
	flags = (uint8_t)take(in, 1);
	le_store(b + HDM_CONTROL, 4,
		 le_load(b + HDM_CONTROL, 4) | (flags & PCI_COMMIT ? HDM_CONTROL_COMMIT : 0) |
			 (flags & PCI_COMMIT_LOCK ? HDM_CONTROL_LOCK : 0));
	swcxl_bar_write(t.dev, SWCXL_BAR_COMPONENT, HDM + HDM_DECODER(which) + HDM_CONTROL,
			b + HDM_CONTROL, 4);
}

static void step_ras(struct input *in)
{
	uint8_t kind = (uint8_t)take(in, 1);
	uint32_t header[SWCXL_RAS_HEADER] = {(uint32_t)take(in, 1)};

	if (kind & 0x80)
		swcxl_ras_correctable(t.dev, kind & 0x7f);
	else
		swcxl_ras_uncorrectable(t.dev, kind, header);
}

static void step(struct input *in)
{
	unsigned kind = (unsigned)take(in, 1) % PCI_STEPS;

	switch (kind) {
	case PCI_READ:
	case PCI_WRITE:
		step_access(in, kind == PCI_WRITE);
		break;
	case PCI_DOE:
		step_doe(in);
		break;
	case PCI_TAKE:
		take_response((unsigned)take(in, 1) % 32);
		break;
	case PCI_ABORT:
		write_dword(DOE_CONTROL, DOE_CONTROL_ABORT);
		break;
	case PCI_DECODER:
		step_decoder(in);
		break;
	case PCI_RESET:
		swcxl_reset(t.dev, (enum swcxl_reset)(take(in, 1) % 5));
		sync();
		break;
	default:
		step_ras(in);
	}
}

static void check(void)
{
	check_space(&config);
	check_space(&component);
	check_doe();
	check_decoders();
#ifdef FUZZ_CANARY /* a defect to be found: a wrong request after a protocol error */
	uint8_t status[4];

	swcxl_config_read(t.dev, 0x204, status, 4);
	MUST(!(doe.error && le_load(status, 4)));
#endif
}

static struct swcxl_config make_config(uint8_t choice)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.volatile_size = (1 + (choice & 7)) * SWCXL_CAPACITY_UNIT;
	c.persistent_size = (choice >> 3 & 3) * SWCXL_CAPACITY_UNIT;
	c.payload_size = choice & 0x20 ? 256 : 4096;
	c.hdm_refuse = choice & 0x40;
	if (choice & 0x80) {
		c.dc_regions = 3;
		c.dc_region_size = SWCXL_CAPACITY_UNIT;
	}
	c.media_memory_max = 1 << 16;
	return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct swcxl_config c = make_config((uint8_t)take(&in, 1));

	if (!config.fixed[0])
		lay_tables();
	test_device_open(&t, &c);
	test_device_open(&reference, &c);
	read_space(&config, config.made);
	read_space(&component, component.made);
	sync();
	check_decoders();
	for (unsigned i = 0; in.len && i < STEPS_MAX; i++) {
		was_reset = false;
		step(&in);
		check();
	}
	test_device_close(&t);
	test_device_close(&reference);
	return 0;
}
