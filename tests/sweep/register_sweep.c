/* SPDX-License-Identifier: MIT */
/*
 * Every register at every width and alignment with ones, zeros and walking bits; then accesses of
 * any kind at random. What the tables say is read-only stays, what no row names reads as 0, and
 * nothing a host writes makes the device grow. Then once more, with what is read back held to the
 * bit against the kind of each register; what has effects beyond itself is left alone there.
 */
#include "sweep.h"

struct rows_of {
	uint32_t offset;
	uint8_t width;
	uint64_t reset, writable, clear;
};

static const struct rows_of config_rows[] = {
#define REG(...) {__VA_ARGS__},
#include "tbl/config_space.tbl.h"
};
static const struct rows_of component_rows[] = {
#define REG(...) {__VA_ARGS__},
#include "tbl/component.tbl.h"
};
static const struct rows_of decoder_rows[] = {
#define DECODER(...) {__VA_ARGS__},
#include "tbl/component.tbl.h"
};

#define DECODERS 4u
#define HDM 0x1140u
#define COMPONENT_SIZE 0x10000u

static struct test_device t;
/* Of the block that is swept: reset values as they are read, and the bits that may change. */
static uint8_t base[COMPONENT_SIZE], may_change[COMPONENT_SIZE];
static bool named[COMPONENT_SIZE];

static void allow(uint32_t offset, unsigned width, uint64_t bits)
{
	for (unsigned i = 0; i < width; i++) {
		may_change[offset + i] |= (uint8_t)(bits >> 8 * i);
		named[offset + i] = true;
	}
}

static void allow_rows(uint32_t at, const struct rows_of *rows_, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		allow(at + rows_[i].offset, rows_[i].width, rows_[i].writable | rows_[i].clear);
}

static void begin(void)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.volatile_size = c.persistent_size = UNIT;
	c.serial = 0x1122334455667788;
	test_device_open(&t, &c);
	memset(may_change, 0, sizeof(may_change));
	memset(named, 0, sizeof(named));
}

/* A block of registers: the config space (bar -1) or a BAR. */
static void peek(int bar, uint64_t offset, void *buf, uint32_t len)
{
	if (bar < 0)
		swcxl_config_read(t.dev, (uint32_t)offset, buf, len);
	else
		swcxl_bar_read(t.dev, (unsigned)bar, offset, buf, len);
}

static void poke(int bar, uint64_t offset, const void *buf, uint32_t len)
{
	if (bar < 0)
		swcxl_config_write(t.dev, (uint32_t)offset, buf, len);
	else
		swcxl_bar_write(t.dev, (unsigned)bar, offset, buf, len);
}

static void check_block(int bar, uint32_t from, uint32_t to)
{
	static uint8_t now[COMPONENT_SIZE];

	peek(bar, from, now, to - from);
	for (uint32_t i = from; i < to; i++) {
		if ((now[i - from] ^ base[i]) & ~may_change[i])
			fprintf(stderr, "bar %d offset %#x: %#x, was %#x\n", bar, i, now[i - from],
				base[i]);
		CHECK(!((now[i - from] ^ base[i]) & ~may_change[i]));
		CHECK(named[i] || !now[i - from]);
	}
}

static void write_and_check(int bar, uint32_t size, uint32_t offset, uint64_t value, unsigned width)
{
	le64 v;

	wr(&v, value);
	poke(bar, offset, &v, width);
	check_block(bar, offset < 8 ? 0 : offset - 8, MIN(offset + 16, size));
}

/* Ones, zeros, each bit alone. */
static void sweep_block(int bar, uint32_t size, uint32_t from, uint32_t to)
{
	for (uint32_t offset = from; offset < to; offset++) {
		for (unsigned width = 1; width <= 8; width *= 2) {
			for (unsigned bit = 0; bit < 8 * width; bit++)
				write_and_check(bar, size, offset, 1ull << bit, width);
			write_and_check(bar, size, offset, UINT64_MAX, width);
			write_and_check(bar, size, offset, 0, width);
		}
	}
	check_block(bar, 0, size);
}

/* Where no register is: ones only, at steps that reach every byte. */
static void sweep_empty(int bar, uint32_t size, uint32_t from, uint32_t to)
{
	for (uint32_t offset = from; offset < to; offset += 5)
		write_and_check(bar, size, offset, UINT64_MAX, 8);
}

static void the_configuration_space(void)
{
	static const unsigned bars[] = {0, 2, 4};

	begin();
	allow_rows(0, config_rows, ARRAY_SIZE(config_rows));
	for (unsigned i = 0; i < ARRAY_SIZE(bars); i++)
		allow(0x10 + 4 * bars[i], bars[i] == 4 ? 4 : 8,
		      ~(swcxl_bar_size(t.dev, bars[i]) - 1));
	allow(0x104, 8, 0);	     /* serial number */
	allow(0x122, 2, 2);	     /* CXL reset complete */
	allow(0x1ac, 4, 0x80000006); /* DOE: a request, or rather nonsense, arrives */
	allow(0x1b4, 4, UINT32_MAX);
	peek(-1, 0, base, SWCXL_CONFIG_SIZE);
	CHECK(le_load(base + 0x104, 4) == 0x55667788 && le_load(base + 0x108, 4) == 0x11223344);
	sweep_block(-1, SWCXL_CONFIG_SIZE, 0, 0x250);
	sweep_empty(-1, SWCXL_CONFIG_SIZE, 0x250, SWCXL_CONFIG_SIZE);
	check_block(-1, 0, SWCXL_CONFIG_SIZE);
	test_device_close(&t);
}

static void the_component_registers(void)
{
	begin();
	allow_rows(0, component_rows, ARRAY_SIZE(component_rows));
	for (unsigned i = 0; i < DECODERS; i++) {
		allow_rows(HDM + HDM_DECODER(i), decoder_rows, ARRAY_SIZE(decoder_rows));
		allow(HDM + HDM_DECODER(i) + HDM_CONTROL, 4,
		      HDM_CONTROL_COMMITTED | HDM_CONTROL_ERROR);
	}
	peek(0, 0, base, COMPONENT_SIZE);
	sweep_empty(0, COMPONENT_SIZE, 0, 0x0ff8);
	sweep_block(0, COMPONENT_SIZE, 0x0ff8, 0x11f0);
	sweep_empty(0, COMPONENT_SIZE, 0x11f0, COMPONENT_SIZE);
	check_block(0, 0, COMPONENT_SIZE);
	test_device_close(&t);
}

/* ---- BAR 2: made up at each read, so its fixed parts are compared ---- */

#define BLOCK 0x10000u

static uint8_t fixed_head[0x110];

static void check_device_registers(void)
{
	static uint8_t now[0x200];

	peek(SWCXL_BAR_DEVICE, BLOCK, now, sizeof(now));
	CHECK(!memcmp(now, fixed_head, 0x80) && !memcmp(now + 0x100, fixed_head + 0x100, 8));
	for (unsigned i = 0x110; i < sizeof(now); i++)
		CHECK(!now[i]);
	for (unsigned box = 0; box < SWCXL_MAILBOXES; box++) {
		uint64_t status = read_mailbox(t.dev, box, MBOX_STATUS);
		uint64_t caps = read_mailbox(t.dev, box, MBOX_CAPS);

		CHECK(MBOX_CAPS_PAYLOAD(caps) == 12 && (caps >> 19 & 0xf) == 1);
		CHECK(!(caps >> 32 & ~6ull) && (box == 0 || !(caps >> 32)));
		CHECK(!(read_mailbox(t.dev, box, MBOX_COMMAND) & ~MBOX_COMMAND_MASK));
		CHECK(MBOX_COMMAND_LENGTH(read_mailbox(t.dev, box, MBOX_COMMAND)) <= 0x1fffff);
		CHECK(swcxl_rc_name(MBOX_STATUS_RC(status)));
		CHECK(box == 0 || !read_mailbox(t.dev, box, MBOX_BACKGROUND));
	}
}

static void sweep_device(uint64_t from, uint64_t to)
{
	le64 v;

	for (uint64_t offset = from; offset < to; offset++) {
		for (unsigned width = 1; width <= 8; width *= 2) {
			for (unsigned bit = 0; bit < 8 * width + 2; bit++) {
				wr(&v, bit < 8 * width ? 1ull << bit : bit & 1 ? UINT64_MAX : 0);
				poke(SWCXL_BAR_DEVICE, offset, &v, width);
				check_device_registers();
			}
		}
	}
}

static void the_device_registers(void)
{
	uint64_t size, box[SWCXL_MAILBOXES];
	uint8_t byte;

	begin();
	size = swcxl_bar_size(t.dev, SWCXL_BAR_DEVICE);
	peek(SWCXL_BAR_DEVICE, BLOCK, fixed_head, sizeof(fixed_head));
	sweep_device(BLOCK - 8, BLOCK + 0x120);
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		box[i] = mailbox_at(t.dev, i, 0);
		sweep_device(box[i] - 8, box[i] + MBOX_PAYLOAD + 8);
	}
	for (uint64_t offset = 0; offset < size; offset++) {
		bool payload = false;

		for (unsigned i = 0; i < SWCXL_MAILBOXES; i++)
			payload |= offset >= box[i] && offset < box[i] + MBOX_PAYLOAD + 4096;
		if (payload || (offset >= BLOCK && offset < BLOCK + 0x110))
			continue;
		poke(SWCXL_BAR_DEVICE, offset, &(uint8_t){0xff}, 1);
		peek(SWCXL_BAR_DEVICE, offset, &byte, 1);
		CHECK(!byte);
	}
	test_device_close(&t);
}

/* ---- to the bit ---- */

/* Of the block: bits that take what is written, bits that ones clear, bits that are never written
 * since they make something happen, and bytes that change with others. */
static struct kinds {
	uint8_t writable, clear, avoid;
	bool loose;
} kinds[0x1200];
static uint64_t origin; /* where it begins */

static void is(uint64_t offset, unsigned width, uint64_t writable, uint64_t clear, uint64_t avoid)
{
	for (unsigned i = 0; i < width; i++) {
		struct kinds *k = &kinds[offset - origin + i];

		k->writable = (uint8_t)(writable >> 8 * i);
		k->clear = (uint8_t)(clear >> 8 * i);
		k->avoid = (uint8_t)(avoid >> 8 * i);
	}
}

static void rows_are(uint64_t at, const struct rows_of *rows_, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		is(at + rows_[i].offset, rows_[i].width, rows_[i].writable, rows_[i].clear, 0);
}

static void loose(uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		kinds[i - origin].loose = true;
}

/* All that can be set in status registers, once each. */
static void set_status(void)
{
	static const uint64_t status[] = {0x1080, 0x108c}, masks[] = {0x1084, 0x1090};
	const uint32_t ones = UINT32_MAX, zero = 0, header[SWCXL_RAS_HEADER] = {1};

	for (unsigned i = 0; i < 2; i++) {
		poke(SWCXL_BAR_COMPONENT, masks[i], &zero, 4);
		poke(SWCXL_BAR_COMPONENT, status[i], &ones, 4);
	}
	for (unsigned bit = 0; bit < 18; bit++) {
		swcxl_ras_uncorrectable(t.dev, bit, header);
		swcxl_ras_correctable(t.dev, bit);
	}
}

static void write_to_the_bit(int bar, uint32_t size, uint64_t offset, uint64_t value,
			     unsigned width)
{
	static uint8_t want[sizeof(kinds)], got[sizeof(kinds)];
	uint8_t in[8];

	le_store(in, 8, value);
	peek(bar, origin, want, size);
	for (unsigned i = 0; i < width && offset - origin + i < size; i++) {
		const struct kinds *k = &kinds[offset - origin + i];
		uint8_t *w = &want[offset - origin + i];

		in[i] &= (uint8_t)~k->avoid;
		*w = (uint8_t)((*w & ~k->writable) | (in[i] & k->writable));
		*w &= (uint8_t) ~(in[i] & k->clear);
	}
	poke(bar, offset, in, width);
	peek(bar, origin, got, size);
	for (uint32_t i = 0; i < size; i++) {
		if (got[i] != want[i] && !kinds[i].loose)
			fprintf(stderr, "bar %d: %#x is %#x, not %#x: %u bytes of %#llx at %#llx\n",
				bar, (unsigned)origin + i, got[i], want[i], width,
				(unsigned long long)value, (unsigned long long)offset);
		CHECK(got[i] == want[i] || kinds[i].loose);
	}
}

static void sweep_to_the_bit(int bar, uint32_t size, uint64_t from, uint64_t to)
{
	for (uint64_t offset = from; offset < to; offset++) {
		for (unsigned width = 1; width <= 8 && offset + width <= origin + size;
		     width *= 2) {
			for (unsigned bit = 0; bit < 8 * width; bit++) {
				set_status();
				write_to_the_bit(bar, size, offset, 1ull << bit, width);
				write_to_the_bit(bar, size, offset, ~(1ull << bit), width);
			}
			write_to_the_bit(bar, size, offset, UINT64_MAX, width);
			write_to_the_bit(bar, size, offset, 0, width);
		}
	}
}

static void configuration_space_to_the_bit(void)
{
	begin();
	memset(kinds, 0, sizeof(kinds));
	origin = 0;
	rows_are(0, config_rows, ARRAY_SIZE(config_rows));
	for (unsigned bar = 0; bar <= 4; bar += 2)
		is(0x10 + 4 * bar, bar == 4 ? 4 : 8, ~(swcxl_bar_size(t.dev, bar) - 1), 0, 0);
	kinds[0x69].avoid = 0x80;  /* Function Level Reset */
	kinds[0x120].avoid = 0x04; /* CXL Reset */
	kinds[0x124].avoid = 0x01; /* locks the range */
	kinds[0x124].writable = 0;
	kinds[0x1a8].avoid = 0x01; /* DOE: abort */
	kinds[0x1ab].avoid = 0x80; /* and go */
	loose(0x1ac, 0x1b8);	   /* with its mailboxes */
	sweep_to_the_bit(-1, 0x250, 0, 0x250);
	test_device_close(&t);
}

static void component_registers_to_the_bit(void)
{
	begin();
	memset(kinds, 0, sizeof(kinds));
	origin = 0x1000;
	rows_are(0, component_rows, ARRAY_SIZE(component_rows));
	for (unsigned i = 0; i < DECODERS; i++) {
		uint64_t at = HDM + HDM_DECODER(i);

		rows_are(at, decoder_rows, ARRAY_SIZE(decoder_rows));
		kinds[at + HDM_CONTROL + 1 - origin].writable = 0x11; /* lock, type */
		kinds[at + HDM_CONTROL + 1 - origin].avoid = 0x02;    /* commit */
	}
	loose(0x1094, 0x1095); /* the first error ... */
	loose(0x1098, 0x10d8); /* ... and its header */
	sweep_to_the_bit(0, 0x1f0, 0x1000, 0x11f0);
	test_device_close(&t);
}

static void mailboxes_to_the_bit(void)
{
	begin();
	for (unsigned box = 0; box < SWCXL_MAILBOXES; box++) {
		uint64_t at = mailbox_at(t.dev, box, 0), payload = at + MBOX_PAYLOAD;

		memset(kinds, 0, sizeof(kinds));
		origin = at;
		is(at + MBOX_CONTROL, 4, box ? 0 : MBOX_CONTROL_ENABLES, 0, MBOX_CONTROL_DOORBELL);
		is(at + MBOX_COMMAND, 8, MBOX_COMMAND_MASK, 0, 0);
		is(payload, 8, UINT64_MAX, 0, 0);
		is(payload + 8, 8, UINT64_MAX, 0, 0);
		sweep_to_the_bit(SWCXL_BAR_DEVICE, MBOX_PAYLOAD + 16, at, payload + 8);
		memset(kinds, 0, sizeof(kinds));
		origin = payload + 4096 - 8; /* its end, and what follows */
		is(origin, 8, UINT64_MAX, 0, 0);
		sweep_to_the_bit(SWCXL_BAR_DEVICE, 24, origin, origin + 16);
	}
	test_device_close(&t);
}

/* Bars that are not there, ends that are passed, sums that wrap. */
static void accesses_outside(void)
{
	static const uint64_t beyond[] = {UINT64_MAX, UINT64_MAX - 7, 1ull << 63, 1ull << 32};
	uint8_t buf[64];
	uint64_t before;

	begin();
	before = fingerprint(t.dev);
	for (int bar = 0; bar < 12; bar++) {
		uint64_t size = swcxl_bar_size(t.dev, (unsigned)bar);

		for (uint32_t len = 1; len <= sizeof(buf); len++) {
			for (unsigned i = 0; i < ARRAY_SIZE(beyond) + 2; i++) {
				uint64_t offset = i < ARRAY_SIZE(beyond)    ? beyond[i]
						  : i == ARRAY_SIZE(beyond) ? size
									    : size + 1 - len;

				memset(buf, 0xff, sizeof(buf));
				poke(bar, offset, buf, len);
				peek(bar, offset, buf, len);
				for (uint32_t k = 0; k < len; k++)
					CHECK(!buf[k]);
			}
		}
	}
	for (uint32_t len = 1; len <= sizeof(buf); len++) {
		poke(-1, UINT32_MAX, buf, len);
		poke(-1, SWCXL_CONFIG_SIZE, buf, len);
		memset(buf, 0xff, sizeof(buf));
		peek(-1, UINT32_MAX - 3, buf, len);
		CHECK(!buf[0] && !buf[len - 1]);
	}
	CHECK(fingerprint(t.dev) == before);
	test_device_close(&t);
}

/* ---- the rows themselves ---- */

/* A register of a width that there is, in one dword or two, with bits of one kind each. */
static bool makes_sense(const struct rows_of *r)
{
	uint64_t bits = UINT64_MAX >> (64 - 8 * r->width);

	return (r->width == 3 || (r->width <= 8 && !(r->width & (r->width - 1)))) &&
	       (r->offset % 4 + r->width <= 4 || (r->width == 8 && r->offset % 4 == 0)) &&
	       !((r->reset | r->writable | r->clear) & ~bits) && !(r->writable & r->clear);
}

static void check_rows(const struct rows_of *rows_, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!makes_sense(&rows_[i]) ||
		    (i && rows_[i].offset < rows_[i - 1].offset + rows_[i - 1].width))
			printf("the row of %#x\n", rows_[i].offset);
		CHECK(makes_sense(&rows_[i]));
		CHECK(!i || rows_[i].offset >= rows_[i - 1].offset + rows_[i - 1].width);
	}
}

static void rows_make_sense(void)
{
	check_rows(config_rows, ARRAY_SIZE(config_rows));
	check_rows(component_rows, ARRAY_SIZE(component_rows));
	check_rows(decoder_rows, ARRAY_SIZE(decoder_rows));
}

int main(void)
{
	RUN(rows_make_sense);
	RUN(the_configuration_space);
	RUN(the_component_registers);
	RUN(the_device_registers);
	RUN(configuration_space_to_the_bit);
	RUN(component_registers_to_the_bit);
	RUN(mailboxes_to_the_bit);
	RUN(accesses_outside);
	return test_done();
}
