/* SPDX-License-Identifier: MIT */
/* The DOE mailbox, used as Linux uses it and as nobody should; and the CDAT behind it. */
#include "rig.h"
#include "wire/cdat.h"
#include "wire/doe.h"
#include "wire/registers.h"

#define GiB4 (4ull << 30)
#define VECTOR 6
#define OBJECT_MAX 16u
#define RESETS ((int)SWCXL_RESET_FUNCTION + 1)

static struct test_device t;
static uint32_t reply[OBJECT_MAX]; /* what follows the header of the last response */

static void open_device(uint64_t volatile_size, uint64_t persistent_size)
{
	struct swcxl_config c = rig_config(volatile_size, persistent_size);

	test_device_open(&t, &c);
}

static bool is_ready(void)
{
	return rig_doe(&t, DOE_STATUS) & DOE_STATUS_READY;
}

static bool is_wrong(void)
{
	return rig_doe(&t, DOE_STATUS) & DOE_STATUS_ERROR;
}

static void do_abort(void)
{
	rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_ABORT);
	CHECK(!rig_doe(&t, DOE_STATUS));
}

static void send(uint16_t vendor, uint8_t type, const uint32_t *body, unsigned dwords)
{
	CHECK(!(rig_doe(&t, DOE_STATUS) & ~DOE_STATUS_IRQ));
	rig_put_doe(&t, DOE_WRITE_MAILBOX, vendor | (uint32_t)type << 16);
	rig_put_doe(&t, DOE_WRITE_MAILBOX, 2 + dwords);
	for (unsigned i = 0; i < dwords; i++)
		rig_put_doe(&t, DOE_WRITE_MAILBOX, body[i]);
	rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_GO);
}

static uint32_t next_dword(void)
{
	uint32_t dword = rig_doe(&t, DOE_READ_MAILBOX);

	CHECK(is_ready() && rig_doe(&t, DOE_READ_MAILBOX) == dword);
	rig_put_doe(&t, DOE_READ_MAILBOX, 0);
	return dword;
}

/* Reads the response: how many dwords follow its header. */
static unsigned receive(uint16_t vendor, uint8_t type)
{
	unsigned length;

	CHECK(next_dword() == (vendor | (uint32_t)type << 16));
	length = next_dword();
	CHECK(length > 2 && length <= 2 + OBJECT_MAX);
	for (unsigned i = 0; i < length - 2; i++)
		reply[i] = next_dword();
	CHECK(!is_ready() && !is_wrong() && !rig_doe(&t, DOE_READ_MAILBOX));
	return length - 2;
}

static uint32_t discover(uint32_t index)
{
	send(PCI_SIG_VENDOR_ID, DOE_DISCOVERY, &index, 1);
	CHECK(receive(PCI_SIG_VENDOR_ID, DOE_DISCOVERY) == 1);
	return reply[0];
}

/* A CDAT entry: its bytes in reply + 1, how many, and the next handle. */
static unsigned read_entry(uint16_t handle, uint16_t *next)
{
	uint32_t body = (uint32_t)handle << 16;
	unsigned dwords;

	send(CXL_VENDOR_ID, DOE_TABLE_ACCESS, &body, 1);
	dwords = receive(CXL_VENDOR_ID, DOE_TABLE_ACCESS);
	CHECK(!(reply[0] & 0xffff));
	*next = (uint16_t)(reply[0] >> 16);
	return 4 * (dwords - 1);
}

static uint8_t table[1024];
static unsigned table_len, entries;

static void read_table(void)
{
	uint16_t handle = 0;
	uint8_t sum = 0;
	unsigned n;

	table_len = entries = 0;
	do {
		n = read_entry(handle, &handle);
		CHECK(table_len + n <= sizeof(table));
		for (unsigned i = 0; i < n; i++) {
			table[table_len] = (uint8_t)(reply[1 + i / 4] >> 8 * (i % 4));
			sum = (uint8_t)(sum + table[table_len++]);
		}
		CHECK(entries ? n == le_load(table + table_len - n + 2, 2) : n == 16);
		entries++;
	} while (handle != DOE_LAST_ENTRY);
	CHECK(!sum && table_len == le_load(table, 4));
}

static uint32_t sequence(void)
{
	return (uint32_t)le_load(table + 12, 4);
}

/* ---- as it should be ---- */

static void linux_finds_the_protocols(void)
{
	static const uint32_t expected[] = {0x01000001, 0x02001e98, 0x00021e98};

	open_device(GiB4, 0);
	CHECK(rig_doe(&t, 0) == 0x2001002e && rig_doe(&t, 4) == (VECTOR << 1 | 1));
	do_abort();
	for (uint32_t index = 0, i = 0; i == 0 || index; i++) {
		CHECK(i < ARRAY_SIZE(expected) && discover(index) == expected[i]);
		index = expected[i] >> 24;
	}
	for (uint32_t index = 3; index < 256; index++)
		CHECK(discover(index) == DOE_NO_VENDOR);
	CHECK(discover(0x200) == expected[0]); /* the version is reserved in this one */
	test_device_close(&t);
}

/* The entries of a partition, from table + at on. */
static unsigned check_partition(unsigned at, uint64_t base, uint64_t size, bool persistent)
{
	static const uint8_t data_types[] = {1, 2, 4, 5};
	const struct cdat_dsmas *m = (const void *)(table + at);
	uint8_t handle = m->handle;

	CHECK(m->type == 0 && rd(m->base) == base && rd(m->size) == size);
	CHECK(m->flags == (persistent ? 4 : 0));
	for (unsigned i = 0; i < 4; i++) {
		const struct cdat_dslbis *s = (const void *)(table + at + 24 * (1 + i));

		CHECK(s->type == 1 && s->handle == handle && !s->flags);
		CHECK(s->data_type == data_types[i] && rd(s->unit) && rd(s->value[0]));
		CHECK(!rd(s->value[1]) && !rd(s->value[2]));
	}
	const struct cdat_dsemts *e = (const void *)(table + at + 24 * 5);

	CHECK(e->type == 4 && e->handle == handle && e->memory_type == (persistent ? 2 : 1));
	CHECK(!rd(e->offset) && rd(e->size) == size);
	return at + 24 * 6;
}

static void the_table_describes_the_partitions(void)
{
	for (unsigned kinds = 1; kinds < 4; kinds++) {
		uint64_t v = kinds & 1 ? GiB4 : 0, p = kinds & 2 ? 2 * GiB4 : 0;
		unsigned at = 16;

		open_device(v, p);
		read_table();
		CHECK(table[4] == 2 && entries == 1 + 6u * (kinds == 3 ? 2 : 1));
		if (v)
			at = check_partition(at, 0, v, false);
		if (p)
			at = check_partition(at, v, p, true);
		CHECK(at == table_len);
		test_device_close(&t);
	}
}

static void the_sequence_stays_while_the_table_does(void)
{
	uint32_t before;

	open_device(GiB4, GiB4);
	read_table();
	before = sequence();
	read_table();
	CHECK(sequence() == before);
	for (int kind = 0; kind < RESETS; kind++) {
		swcxl_reset(t.dev, (enum swcxl_reset)kind);
		read_table();
		CHECK(sequence() == before);
	}
	test_device_close(&t);
}

/* Set Partition Info, at once: so much of what can be either becomes volatile. */
static void move_partitions(uint64_t size)
{
	uint8_t in[9] = {[8] = 1};

	le_store(in, 8, size / SWCXL_CAPACITY_UNIT);
	CHECK(rig_run(&t, 0x4101, in, sizeof(in)) == SWCXL_SUCCESS);
}

/* Partitions move while a table is read: the reader gets the old one, whole, and then the new. */
static void a_table_is_not_halves_of_two(void)
{
	struct swcxl_config c = rig_config(GiB4, 0);
	uint32_t before;
	uint16_t next;

	c.partitionable_size = GiB4;
	test_device_open(&t, &c);
	read_table();
	check_partition(16, 0, 2 * GiB4, false);
	before = sequence();
	CHECK(read_entry(0, &next) == 16 && next == 1);
	move_partitions(0);
	CHECK(read_entry(1, &next) == 24 && le_load(reply + 1 + 4, 8) == 2 * GiB4);
	CHECK(read_entry(6, &next) == 24 && next == DOE_LAST_ENTRY);
	read_table();
	CHECK(sequence() == before + 1 && entries == 13);
	check_partition(check_partition(16, 0, GiB4, false), GiB4, GiB4, true);
	move_partitions(GiB4); /* and back again */
	read_table();
	CHECK(sequence() == before + 2 && entries == 7);
	check_partition(16, 0, 2 * GiB4, false);
	test_device_close(&t);
}

static void compliance_has_nothing_to_offer(void)
{
	open_device(GiB4, 0);
	for (uint32_t code = 0; code < 256; code++) {
		uint32_t body[6] = {code | 0xcc00};

		send(CXL_VENDOR_ID, DOE_COMPLIANCE, body, code ? 6 : 1);
		CHECK(receive(CXL_VENDOR_ID, DOE_COMPLIANCE) == (code ? 1 : 5));
		CHECK(reply[0] == (code ? code | 0x030c0100 : 0x001c0100));
		for (unsigned i = 1; i < 5 && !code; i++)
			CHECK(!reply[i]);
	}
	test_device_close(&t);
}

/* ---- as it should not be ---- */

/* Neither a response nor an error, and the mailbox works on. */
static void check_discarded(void)
{
	CHECK(!rig_doe(&t, DOE_STATUS) && !rig_doe(&t, DOE_READ_MAILBOX));
	CHECK(discover(0) == 0x01000001);
}

static void what_is_not_for_us_is_discarded(void)
{
	uint32_t body[70] = {0};

	open_device(GiB4, 0);
	send(CXL_VENDOR_ID, 1, body, 1);
	check_discarded();
	send(0x8086, DOE_TABLE_ACCESS, body, 1);
	check_discarded();
	send(0xffff, 0xff, body, 70); /* too long as well */
	check_discarded();
	rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_GO); /* without anything */
	check_discarded();
	rig_put_doe(&t, DOE_WRITE_MAILBOX, PCI_SIG_VENDOR_ID);
	rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_GO);
	check_discarded();
	for (uint32_t length = 0; length < 10; length++) { /* 0: 2^18 */
		rig_put_doe(&t, DOE_WRITE_MAILBOX, PCI_SIG_VENDOR_ID);
		rig_put_doe(&t, DOE_WRITE_MAILBOX, length);
		rig_put_doe(&t, DOE_WRITE_MAILBOX, 0);
		rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_GO);
		if (length == 3)
			CHECK(receive(PCI_SIG_VENDOR_ID, DOE_DISCOVERY) == 1);
		check_discarded();
	}
	test_device_close(&t);
}

/* An error, which nothing but an abort ends. */
static void check_error(void)
{
	CHECK(is_wrong() && !rig_doe(&t, DOE_READ_MAILBOX));
	rig_put_doe(&t, DOE_WRITE_MAILBOX, PCI_SIG_VENDOR_ID);
	rig_put_doe(&t, DOE_WRITE_MAILBOX, 3);
	rig_put_doe(&t, DOE_WRITE_MAILBOX, 0);
	rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_GO);
	rig_put_doe(&t, DOE_READ_MAILBOX, 0);
	rig_put_doe(&t, DOE_STATUS, UINT32_MAX);
	CHECK(is_wrong() && !rig_doe(&t, DOE_READ_MAILBOX));
	do_abort();
	CHECK(discover(0) == 0x01000001);
}

static void what_cannot_be_answered_is_an_error(void)
{
	static const uint32_t requests[] = {
		0x00000001, 0x00000100,		    /* code, table */
		0x00070000, 0xffff0000, 0xfffe0000, /* no such entries: the last is 6 */
	};
	static const uint16_t vendors[] = {PCI_SIG_VENDOR_ID, CXL_VENDOR_ID, CXL_VENDOR_ID};
	static const uint8_t types[] = {DOE_DISCOVERY, DOE_COMPLIANCE, DOE_TABLE_ACCESS};
	uint32_t body[70] = {0};

	open_device(GiB4, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(requests); i++) {
		send(CXL_VENDOR_ID, DOE_TABLE_ACCESS, &requests[i], 1);
		check_error();
	}
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		send(vendors[i], types[i], NULL, 0); /* shorter than any request */
		check_error();
		send(vendors[i], types[i], body, 62); /* reserved dwords behind one */
		receive(vendors[i], types[i]);
		send(vendors[i], types[i], body, 63);
		check_error();
	}
	rig_put_doe(&t, DOE_READ_MAILBOX, 0); /* an acknowledge of nothing */
	check_error();
	send(PCI_SIG_VENDOR_ID, DOE_DISCOVERY, body, 1);
	rig_put_doe(&t, DOE_WRITE_MAILBOX, PCI_SIG_VENDOR_ID); /* before the response is read */
	rig_put_doe(&t, DOE_WRITE_MAILBOX, 3);
	rig_put_doe(&t, DOE_WRITE_MAILBOX, 0);
	rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_GO);
	check_error();
	test_device_close(&t);
}

static void the_longest_object_is_too_long(void)
{
	open_device(GiB4, 0);
	for (uint32_t extra = 0; extra < 2; extra++) {
		rig_put_doe(&t, DOE_WRITE_MAILBOX, PCI_SIG_VENDOR_ID);
		for (uint32_t i = 1; i < DOE_LENGTH_MAX + extra; i++)
			rig_put_doe(&t, DOE_WRITE_MAILBOX, 0);
		rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_GO);
		if (extra)
			check_discarded();
		else
			check_error();
	}
	test_device_close(&t);
}

static void aborts_and_resets_drop_everything(void)
{
	uint32_t zero = 0;

	open_device(GiB4, GiB4);
	for (int how = 0; how < RESETS + 1; how++) {
		for (int when = 0; when < 3; when++) {
			rig_put_doe(&t, DOE_WRITE_MAILBOX,
				    when == 1 ? CXL_VENDOR_ID : PCI_SIG_VENDOR_ID);
			if (when) {
				do_abort();
				send(PCI_SIG_VENDOR_ID, DOE_DISCOVERY, &zero, 1);
				next_dword();
			}
			if (when == 2)
				rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_GO | DOE_CONTROL_ABORT);
			if (how == RESETS)
				do_abort();
			else
				swcxl_reset(t.dev, (enum swcxl_reset)how);
			check_discarded();
		}
	}
	test_device_close(&t);
}

static void interrupts_are_edges_and_are_acknowledged(void)
{
	uint32_t zero = 0;

	open_device(GiB4, 0);
	discover(0);
	CHECK(!t.irqs[VECTOR] && !(rig_doe(&t, DOE_STATUS) & DOE_STATUS_IRQ));
	rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_IRQ);
	CHECK(rig_doe(&t, DOE_CONTROL) == DOE_CONTROL_IRQ);
	send(PCI_SIG_VENDOR_ID, DOE_DISCOVERY, &zero, 1); /* its Go switches the enable off */
	CHECK(!t.irqs[VECTOR] && receive(PCI_SIG_VENDOR_ID, DOE_DISCOVERY) == 1);
	rig_put_doe(&t, DOE_WRITE_MAILBOX, PCI_SIG_VENDOR_ID);
	rig_put_doe(&t, DOE_WRITE_MAILBOX, 3);
	rig_put_doe(&t, DOE_WRITE_MAILBOX, 0);
	rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_GO | DOE_CONTROL_IRQ);
	CHECK(t.irqs[VECTOR] == 1 &&
	      rig_doe(&t, DOE_STATUS) == (DOE_STATUS_READY | DOE_STATUS_IRQ));
	CHECK(receive(PCI_SIG_VENDOR_ID, DOE_DISCOVERY) == 1);
	rig_put_doe(&t, DOE_READ_MAILBOX, 0); /* an error; but the first news has not been seen */
	CHECK(t.irqs[VECTOR] == 1 && is_wrong());
	rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_ABORT | DOE_CONTROL_IRQ);
	CHECK(rig_doe(&t, DOE_STATUS) == DOE_STATUS_IRQ);
	rig_put_doe(&t, DOE_STATUS, DOE_STATUS_IRQ);
	CHECK(!rig_doe(&t, DOE_STATUS));
	rig_put_doe(&t, DOE_READ_MAILBOX, 0);
	CHECK(t.irqs[VECTOR] == 2 &&
	      rig_doe(&t, DOE_STATUS) == (DOE_STATUS_ERROR | DOE_STATUS_IRQ));
	swcxl_reset(t.dev, SWCXL_RESET_FUNCTION);
	CHECK(!rig_doe(&t, DOE_STATUS) && !rig_doe(&t, DOE_CONTROL) && t.irqs[VECTOR] == 2);
	test_device_close(&t);
}

static void parts_of_dwords_do_no_harm(void)
{
	static const uint8_t discovery[] = {1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0};
	uint8_t wide[16];

	open_device(GiB4, 0);
	for (unsigned width = 1; width < 4; width++) /* not a dword: not written */
		for (unsigned i = 0; i + width <= 4; i++)
			swcxl_config_write(t.dev, RIG_DOE + DOE_WRITE_MAILBOX + i, discovery,
					   width);
	for (unsigned i = 0; i < sizeof(discovery); i += 4)
		swcxl_config_write(t.dev, RIG_DOE + DOE_WRITE_MAILBOX, discovery + i, 4);
	swcxl_config_write(t.dev, RIG_DOE + DOE_CONTROL + 3, &(uint8_t){0x80}, 1);
	CHECK(is_ready());
	swcxl_config_read(t.dev, RIG_DOE + DOE_READ_MAILBOX, wide, 1);
	CHECK(wide[0] == 1);
	swcxl_config_write(t.dev, RIG_DOE + DOE_READ_MAILBOX + 3, wide, 1);
	swcxl_config_write(t.dev, RIG_DOE + DOE_READ_MAILBOX + 1, wide, 2);
	swcxl_config_read(t.dev, RIG_DOE + DOE_STATUS, wide, 12);
	CHECK(wide[3] == 0x80 && !le_load(wide + 4, 4) && le_load(wide + 8, 4) == 0x02001e98);
	/* all four registers at once: Go on nothing, a dword, an acknowledge */
	memset(wide, 0, sizeof(wide));
	wide[3] = 0x80;
	wide[8] = 1;
	swcxl_config_write(t.dev, RIG_DOE + DOE_CONTROL, wide, 16);
	CHECK(!rig_doe(&t, DOE_STATUS));
	swcxl_config_write(t.dev, RIG_DOE + DOE_WRITE_MAILBOX, discovery + 4, 4);
	swcxl_config_write(t.dev, RIG_DOE + DOE_WRITE_MAILBOX, discovery + 8, 4);
	rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_GO);
	CHECK(receive(PCI_SIG_VENDOR_ID, DOE_DISCOVERY) == 1 && reply[0] == 0x02001e98);
	test_device_close(&t);
}

int main(void)
{
	RUN(linux_finds_the_protocols);
	RUN(the_table_describes_the_partitions);
	RUN(the_sequence_stays_while_the_table_does);
	RUN(a_table_is_not_halves_of_two);
	RUN(compliance_has_nothing_to_offer);
	RUN(what_is_not_for_us_is_discarded);
	RUN(what_cannot_be_answered_is_an_error);
	RUN(the_longest_object_is_too_long);
	RUN(aborts_and_resets_drop_everything);
	RUN(interrupts_are_edges_and_are_acknowledged);
	RUN(parts_of_dwords_do_no_harm);
	return test_done();
}
