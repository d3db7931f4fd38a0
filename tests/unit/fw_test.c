/* SPDX-License-Identifier: MIT */
/* Firmware: large packages in parts, with repeats and mistakes; what is kept; the checksum. */
#include <errno.h>

#include "base/crc32.h"
#include "rig.h"

#define UNIT 128u

static struct test_device t, shadow;
static uint8_t image[16 * MiB];

static void begin(uint32_t payload)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, 0);

	c.payload_size = payload;
	test_device_open(&t, &c);
	test_device_open(&shadow, &c);
	t.shadow = shadow.dev;
}

static void end(void)
{
	CHECK(!t.shadow_error && test_same_state(t.dev, shadow.dev) && rig_saves_well(&t));
	test_device_close(&t);
	test_device_close(&shadow);
}

/* Bit by bit, as the polynomial says. */
static uint32_t slow_crc(const uint8_t *p, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < 8 * len; i++) {
		uint32_t bit = (crc ^ (uint32_t)(p[i / 8] >> i % 8)) & 1;

		crc = crc >> 1 ^ (bit ? 0xedb88320 : 0);
	}
	return ~crc;
}

static unsigned part(struct swcxl_cci *cci, unsigned action, unsigned slot, uint64_t offset,
		     const void *data, size_t len)
{
	static uint8_t in[PAYLOAD_MAX];
	size_t out_len;

	memset(in, 0, 0x80);
	in[0] = (uint8_t)action;
	in[1] = (uint8_t)slot;
	le_store(in + 4, 4, offset / UNIT);
	memcpy(in + 0x80, data, len);
	return swcxl_execute(cci, 0x0201, in, 0x80 + len, rig_out, &out_len);
}

/* A package as Linux sends it. `repeat`: some parts come twice, first with other bytes. */
static void send(unsigned slot, size_t size, bool repeat)
{
	size_t most = swcxl_get_config(t.dev)->payload_size - 0x80;
	uint8_t *other = image + sizeof(image) - most;

	for (size_t at = 0; at < size;) {
		size_t len = MIN(size - at, most);
		bool last = at + len == size;
		unsigned action = at == 0 ? (last ? 0 : 1) : last ? 3 : 2;

		if (repeat && action == 2 && below(3) == 0)
			CHECK(part(t.cci, 2, 0, at, other, len) == SWCXL_SUCCESS);
		if (repeat && below(3) == 0)
			swcxl_advance(t.dev, swcxl_now(t.dev) + below(30 * NS_PER_S));
		CHECK(part(t.cci, action, slot, at, image + at, len) ==
		      (last ? SWCXL_BACKGROUND_STARTED : SWCXL_SUCCESS));
		at += len;
	}
	CHECK(!rig_status(&t).firmware.transferring);
	swcxl_advance(t.dev, swcxl_now(t.dev) + swcxl_get_config(t.dev)->fw_ns);
	CHECK(t.last.opcode == 0x0201 && t.last.rc == SWCXL_SUCCESS && t.last.percent == 100);
}

static void make_image(void)
{
	for (size_t i = 0; i < sizeof(image); i += 8)
		wr((le64 *)(void *)(image + i), next_random());
}

/* However it is cut: long runs are worked out in another way than single bytes. */
static void crc_of_long_runs(void)
{
	uint8_t bytes[1500];
	uint32_t one_by_one = 0;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i * 7 + i / 256);
	for (size_t len = 0; len < sizeof(bytes); len++) {
		size_t cut = len / 3;

		CHECK(crc32_add(0, bytes, len) == one_by_one);
		CHECK(crc32_add(crc32_add(0, bytes, cut), bytes + cut, len - cut) == one_by_one);
		one_by_one = crc32_add(one_by_one, bytes + len, 1);
	}
}

static void the_checksum_is_that_of_zlib(void)
{
	CHECK(crc32_add(0, "123456789", 9) == 0xcbf43926);
	CHECK(crc32_add(crc32_add(0, "1234", 4), "56789", 5) == 0xcbf43926);
	CHECK(crc32_add(0, "", 0) == 0);
	crc_of_long_runs();
	make_image();
	for (size_t len = 0; len < 300; len++)
		CHECK(crc32_add(0, image + len, len) == slow_crc(image + len, len));
}

static void large_packages_arrive_whole(void)
{
	static const size_t sizes[] = {8 * MiB, 16 * MiB, 3 * UNIT, 4096, MiB - UNIT};
	static const uint32_t payloads[] = {4096, 4096, 256, 512, 1u << 20};

	make_image();
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct swcxl_fw_slot slot;

		begin(payloads[i]);
		send(2, sizes[i], false);
		slot = rig_status(&t).firmware.slot[1];
		CHECK(slot.size == sizes[i] && slot.crc32 == slow_crc(image, sizes[i]));
		end();
	}
}

static void repeated_parts_count_once(void)
{
	begin(4096);
	for (unsigned i = 0; i < 20; i++) {
		size_t size = UNIT * (64 + below(2000));
		unsigned slot = 2 + (unsigned)below(2);
		struct swcxl_fw_slot found;

		make_image();
		send(slot, size, true);
		found = rig_status(&t).firmware.slot[slot - 1];
		CHECK(found.size == size && found.crc32 == slow_crc(image, size));
	}
	end();
}

/* 256 MiB are taken, and not a unit more. */
static void a_package_may_be_so_large(void)
{
	const size_t most = (1u << 20) - UNIT;
	uint64_t at = 0, max = 256 * MiB;

	begin(1u << 20);
	CHECK(part(t.cci, 1, 0, 0, image, most) == SWCXL_SUCCESS);
	for (at = most; at + most <= max; at += most)
		CHECK(part(t.cci, 2, 0, at, image, most) == SWCXL_SUCCESS);
	CHECK(max - at < most);
	CHECK(part(t.cci, 3, 2, at, image, max - at + UNIT) == SWCXL_INVALID_INPUT);
	CHECK(rig_status(&t).firmware.transferring);
	CHECK(part(t.cci, 3, 2, at, image, max - at) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t.dev, 2 * NS_PER_S);
	CHECK(rig_status(&t).firmware.slot[1].size == max);
	end();
}

static void a_channel_takes_its_transfer_with_it(void)
{
	struct swcxl_cci *other;

	begin(4096);
	other = swcxl_cci_new(t.dev);
	CHECK(other && part(other, 1, 0, 0, image, UNIT) == SWCXL_SUCCESS);
	CHECK(part(t.cci, 1, 0, 0, image, UNIT) == SWCXL_FW_TRANSFER_IN_PROGRESS);
	swcxl_cci_free(other);
	CHECK(!rig_status(&t).firmware.transferring);
	CHECK(part(t.cci, 1, 0, 0, image, UNIT) == SWCXL_SUCCESS);
	other = swcxl_cci_new(t.dev); /* its verification goes on without it */
	CHECK(part(t.cci, 4, 0, 0, image, 0) == SWCXL_SUCCESS);
	CHECK(other && part(other, 0, 3, 0, image, UNIT) == SWCXL_BACKGROUND_STARTED);
	swcxl_cci_free(other);
	swcxl_advance(t.dev, NS_PER_S);
	CHECK(rig_status(&t).firmware.slot[2].size == UNIT);
	end();
}

/* The deadline is told, and late steps of the clock come to the same. */
static void a_transfer_ends_in_time(void)
{
	uint64_t limit = 30 * NS_PER_S;

	begin(4096);
	swcxl_advance(t.dev, 5);
	CHECK(part(t.cci, 1, 0, 0, image, UNIT) == SWCXL_SUCCESS);
	CHECK(swcxl_advance(t.dev, 6) == 5 + limit);
	CHECK(part(t.cci, 2, 0, UNIT, image, UNIT) == SWCXL_SUCCESS);
	CHECK(swcxl_advance(t.dev, 5 + limit) == 6 + limit);
	CHECK(rig_status(&t).firmware.transferring);
	CHECK(swcxl_advance(t.dev, 6 + limit) == SWCXL_NO_DEADLINE);
	CHECK(!rig_status(&t).firmware.transferring);
	CHECK(part(t.cci, 2, 0, 2 * UNIT, image, UNIT) == SWCXL_FW_TRANSFER_OUT_OF_ORDER);
	CHECK(part(t.cci, 1, 0, 0, image, UNIT) == SWCXL_SUCCESS);
	swcxl_advance(t.dev, SWCXL_NO_DEADLINE - 1);
	CHECK(!rig_status(&t).firmware.transferring);
	end();
}

/* Slots and what is staged outlive power; a transfer does not. */
static void slots_are_kept(void)
{
	struct test_device later;
	struct rig_copy copy = {.to = &later};
	struct swcxl_status st;

	begin(4096);
	make_image();
	send(2, 4096, false);
	send(3, 8192, false);
	CHECK(rig_run(&t, 0x0202, "\1\3", 2) == SWCXL_SUCCESS);
	CHECK(part(t.cci, 1, 0, 0, image, UNIT) == SWCXL_SUCCESS);

	test_device_open(&later, swcxl_get_config(t.dev));
	swcxl_save(t.dev, rig_apply, &copy);
	CHECK(!copy.error);
	swcxl_reset(later.dev, SWCXL_RESET_COLD);
	swcxl_query(later.dev, &st);
	CHECK(st.firmware.active == 3 && !st.firmware.staged && !st.firmware.transferring);
	CHECK(st.firmware.slot[1].size == 4096 && st.firmware.slot[2].size == 8192);
	CHECK(!memcmp(st.firmware.slot[0].revision, "swcxl ", 6) && !st.firmware.slot[0].size);
	test_device_close(&later);
	end();
}

/* active, staged, then of each slot: content, size, CRC-32 */
static int restored(const char kept[static 29])
{
	struct swcxl_change change = {
		.kind = SWCXL_CHANGE_SETTING, .start = 5, .length = 29, .data = kept};

	return swcxl_apply(t.dev, &change);
}

#define FACTORY "\1\0\0\0\0\0\0\0\0"
#define EMPTY "\0\0\0\0\0\0\0\0\0"
#define PACKAGE "\2\200\0\0\0\1\2\3\4"

static void what_no_device_has_kept_is_refused(void)
{
	begin(256);
	CHECK(!restored("\1\0" FACTORY EMPTY EMPTY) && !restored("\2\3" EMPTY PACKAGE PACKAGE));
	t.shadow = NULL; /* it has not heard of that */
	CHECK(restored("\0\0" FACTORY EMPTY EMPTY) == -EINVAL);
	CHECK(restored("\4\0" FACTORY EMPTY EMPTY) == -EINVAL);
	CHECK(restored("\2\0" FACTORY EMPTY EMPTY) == -EINVAL);
	CHECK(restored("\1\1" FACTORY EMPTY EMPTY) == -EINVAL);
	CHECK(restored("\1\2" FACTORY EMPTY EMPTY) == -EINVAL);
	CHECK(restored("\1\4" FACTORY EMPTY EMPTY) == -EINVAL);
	CHECK(restored("\1\0\3\0\0\0\0\0\0\0\0" EMPTY EMPTY) == -EINVAL);
	CHECK(restored("\1\0" FACTORY "\2\0\0\0\0\0\0\0\0" EMPTY) == -EINVAL);
	CHECK(restored("\1\0" FACTORY "\2\201\0\0\0\0\0\0\0" EMPTY) == -EINVAL);
	CHECK(restored("\1\0" FACTORY "\2\200\0\0\20\0\0\0\0" EMPTY) == -EINVAL);
	CHECK(restored("\1\0" FACTORY "\0\200\0\0\0\0\0\0\0" EMPTY) == -EINVAL);
	CHECK(restored("\1\0" FACTORY "\0\0\0\0\0\1\0\0\0" EMPTY) == -EINVAL);
	CHECK(restored("\1\0" FACTORY "\1\0\0\0\0\1\0\0\0" EMPTY) == -EINVAL);
	CHECK(rig_status(&t).firmware.active == 2 && rig_status(&t).firmware.staged == 3);
	test_device_close(&t);
	test_device_close(&shadow);
}

int main(void)
{
	RUN(the_checksum_is_that_of_zlib);
	RUN(large_packages_arrive_whole);
	RUN(repeated_parts_count_once);
	RUN(a_package_may_be_so_large);
	RUN(a_channel_takes_its_transfer_with_it);
	RUN(a_transfer_ends_in_time);
	RUN(slots_are_kept);
	RUN(what_no_device_has_kept_is_refused);
	return test_done();
}
