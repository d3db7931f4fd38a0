# SPDX-License-Identifier: MIT
"""Faults that other devices of this kind had, tried on this one as a guest or a VMM would: what of
docs/FAULTS.md no other test tries in this way."""

import os
import struct

import pytest
from daemon import Daemon, QmpError
from vfio_user import (BAR0, BAR2, BAR4, CONFIG, DIRTY_PAGES, DMA_UNMAP, GET_REGION_IO_FDS, MSIX,
                       SET_IRQS, Client, Interrupt, Mailbox, VfioError, assert_serves,
                       device_capabilities, extended_capabilities)

INVALID_INPUT, UNSUPPORTED, BAD_ADDRESS, BAD_LENGTH = 2, 3, 0x0f, 0x16
BAD_LIST, STARTED, ABORTED = 0x1e, 1, 0x12
U64 = (1 << 64) - 1
MIB256 = 1 << 28
TOP = 2 * MIB256
LINES = TOP // 64
CEL = bytes.fromhex("0da9c0b5bf414b788f7996b1623b3f17")
ECS = bytes.fromhex("e5b13f2223284a14b8bab9691e893386")
WHOLE = struct.pack("<QQ", 0, LINES)


@pytest.fixture
def client(device):
    with Client(device.socket) as connection:
        yield connection
    assert_serves(device)


@pytest.fixture
def box(client):
    return Mailbox(client, mapped="registers")


@pytest.fixture
def start():
    daemons = []

    def start(*options):
        daemons.append(Daemon("--volatile", "256M", "--persistent", "256M", "--clock", "virtual",
                              *options))
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.stop()


def refused(box, opcode, payload, rc):
    """The return code, and not a byte of output."""
    assert box.ok(opcode, payload, rc) == b"", f"{opcode:04x}"


def step(qmp, nanoseconds):
    qmp.cmd("swcxl-clock-step", nanoseconds=nanoseconds)


def poison(box, start=0, lines=LINES):
    """Get Poison List, all pages: (flags of the last, overflow time, [(start, lines)])."""
    rows = []
    while True:
        out = box.ok(0x4300, struct.pack("<QQ", start, lines))
        rows += records(out, 0x0a)
        if not out[0] & 1:
            return out[0], struct.unpack_from("<Q", out, 2)[0], rows


def records(out, at):
    count = struct.unpack_from("<H", out, at)[0]
    assert len(out) == 0x20 + 0x10 * count
    return [(start & ~0x3f, lines) for start, lines in
            (struct.unpack_from("<QI", out, 0x20 + 0x10 * i) for i in range(count))]


def scan(box, qmp, start=0, lines=LINES):
    """Scan Media to its end; the records of the first page."""
    box.ok(0x4304, struct.pack("<QQB", start, lines, 0), STARTED)
    step(qmp, 500 * lines)
    assert box.background()[0] is False
    return records(box.ok(0x4305), 0x12)


# ---- QEMU's device -------------------------------------------------------------------------------


def test_a_length_beyond_the_payload_stores_nothing(box):
    """Set LSA that says it has up to 2 MiB, and then Get LSA: nothing of the process's memory."""
    for length in (box.size + 1, 2 * box.size, 0xfffff, 0x100000, 0x1fffff):
        box.put_payload(struct.pack("<II", 0, 0) + b"\x5a" * (box.size - 8))
        assert box.ring(0x4103, length) == BAD_LENGTH
        assert box.get(box.COMMAND, 8) == 0x4103
    for offset in range(0, 32768, box.size):
        assert box.ok(0x4102, struct.pack("<II", offset, box.size)) == bytes(box.size)


def test_get_lsa_is_bounded_by_the_payload(box, client):
    """However large the area is; what lies behind the payload is as it was."""
    size = struct.unpack_from("<I", box.ok(0x4000), 0x34)[0]
    assert size > box.size
    behind = client.read(BAR2, box.base + box.PAYLOAD + box.size, 64)
    for length in (box.size + 1, box.size + 8, size, 0xffffffff):
        refused(box, 0x4102, struct.pack("<II", 0, length), INVALID_INPUT)
    for offset, length in ((size, 1), (size - 1, 2), (0xffffffff, 1), (0xffffffff, 2),
                           (8, 0xfffffff8), (1 << 31, 1 << 31)):
        refused(box, 0x4102, struct.pack("<II", offset, length), INVALID_INPUT)
    assert len(box.ok(0x4102, struct.pack("<II", 0, box.size))) == box.size
    assert box.ok(0x4102, struct.pack("<II", 0, 0)) == b""
    assert client.read(BAR2, box.base + box.PAYLOAD + box.size, 64) == behind


def test_offsets_into_a_log_are_of_bytes(box):
    """Each byte of the effects log by itself is that byte of the whole; none lies beyond it."""
    size = struct.unpack_from("<I", box.ok(0x0400), 0x18)[0]
    whole = box.ok(0x0401, CEL + struct.pack("<II", 0, size))
    assert len(whole) == size
    parts = [box.ok(0x0401, CEL + struct.pack("<II", at, 1)) for at in range(size)]
    assert b"".join(parts) == whole
    for offset, length in ((size, 1), (size - 1, 2), (4 * size, 1), (65588, 4), (0xffffffff, 1),
                           (0xffffffff, 2), (0xfffffffc, size), (1 << 30, 4), (4, 0xfffffffc)):
        refused(box, 0x0401, CEL + struct.pack("<II", offset, length), INVALID_INPUT)


def set_feature(box, action, offset, data, uuid=ECS):
    return box.command(0x0502, uuid + struct.pack("<IHB9x", action, offset, 1) + data)[0]


def get_feature(box, uuid=ECS):
    return box.ok(0x0501, uuid + struct.pack("<HHB", 0, 256, 0))


def test_a_feature_does_not_grow(box):
    """A part may come once more, and does so 20 000 times: it counts once. And no part reaches
    beyond the few bytes that there are, wherever it begins."""
    before = get_feature(box)
    assert len(before) == 9
    for offset in (0, 1, 5, 6, 255, 0x7fff, 0xffff):
        assert set_feature(box, 0, offset, bytes(box.size - 32)) == INVALID_INPUT
    assert set_feature(box, 1, 0, b"\1") == 0
    for i in range(20000):
        assert set_feature(box, 2, 1, struct.pack("<H", 3 + i % 2)) == 0
    for offset in (1, 3, 5, 6, 0xfffd, 0xfffe, 0xffff):
        assert set_feature(box, 2, offset, bytes(5)) == INVALID_INPUT
    assert get_feature(box) == before, "nothing of it counts before its end"
    assert set_feature(box, 3, 3, struct.pack("<H", 3)) == 0
    assert get_feature(box).hex() == "010004000000030000"


def test_parts_of_a_package_end_somewhere(box):
    """Transfer FW: 32-bit offsets in units of 128 bytes do not wrap to the beginning, and a part
    behind a gap is none, however far away it is."""
    unit = bytes(range(128))

    def part(action, offset):
        return box.command(0x0201, struct.pack("<BBHI120x", action, 2, 0, offset) + unit)[0]

    slots = box.ok(0x0200)
    for offset in (2, 0x01ffffff, 0x02000000, 0x02000001, 0x7fffffff, 0xfffffffe, 0xffffffff):
        assert part(1, 0) == 0
        assert part(2, offset) not in (0, STARTED), f"after a gap: {offset:#x}"
        part(4, 0)
    assert box.ok(0x0200) == slots


def entry(start, length):
    return struct.pack("<QQ8x", start, length)


def test_dynamic_capacity_that_wraps(start):
    """Responses and releases of what is in no region, with sums beyond 64 bits, with counts of
    nothing and of everything."""
    device = start("--dc-regions", "2")
    with Client(device.socket) as client, device.qmp() as qmp:
        box = Mailbox(client, mapped="registers")
        for opcode in (0x4802, 0x4803):
            refused(box, opcode, bytes(8), INVALID_INPUT)  # nothing was offered
        qmp.cmd("cxl-add-dynamic-capacity", path="mem0", region=0, extents=[
            {"offset": 0, "len": 4 << 20}], **{"host-id": 0, "selection-policy": "prescriptive"})
        block = 2 << 20
        for first, length in ((TOP, U64 - block + 1), (TOP, 1 << 63), (U64 - block + 1, block),
                              (U64 - block + 1, 2 * block), (1 << 63, 1 << 63), (0, block),
                              (TOP - block, block), (TOP + (1 << 40), block), (0, 0)):
            for opcode in (0x4802, 0x4803):
                rc, out = box.command(opcode, struct.pack("<IB3x", 1, 0) + entry(first, length))
                assert rc in (BAD_ADDRESS, BAD_LIST) and out == b"", (opcode, first, length)
        for count in (2, 170, 1 << 16, 1 << 27, 0x0aaaaaab, 0xffffffff):
            for opcode in (0x4802, 0x4803):
                refused(box, opcode, struct.pack("<IB3x", count, 0) + entry(TOP, block), BAD_LENGTH)
        for count, first in ((0xffffffff, 0xffffffff), (1, 0xffffffff), (0xffffffff, 1)):
            rc, out = box.command(0x4801, struct.pack("<II", count, first))
            assert rc == INVALID_INPUT or struct.unpack_from("<I", out)[0] == 0
        box.ok(0x4802, struct.pack("<IB3x", 1, 0) + entry(TOP, 2 * block))
        assert struct.unpack_from("<II", box.ok(0x4801, struct.pack("<II", 99, 0))) == (1, 1)
        assert qmp.cmd("query-status")["running"]


def test_pages_of_extents_are_of_different_extents(start):
    device = start("--dc-regions", "1", "--payload", "256")
    with Client(device.socket) as client, device.qmp() as qmp:
        box = Mailbox(client, mapped="registers")
        expected = []
        for i in range(9):
            qmp.cmd("cxl-add-dynamic-capacity", path="mem0", region=0, extents=[
                {"offset": i * (4 << 20), "len": 2 << 20}],
                **{"host-id": 0, "selection-policy": "prescriptive"})
            expected.append((TOP + i * (4 << 20), 2 << 20))
            box.ok(0x4802, struct.pack("<IB3x", 1, 0) + entry(*expected[-1]))
        rows = []
        while len(rows) < 9:
            out = box.ok(0x4801, struct.pack("<II", 9, len(rows)))
            count, total = struct.unpack_from("<II", out)
            assert total == 9 and 0 < count <= (256 - 16) // 40 and len(out) == 16 + 40 * count
            rows += [struct.unpack_from("<QQ", out, 16 + 40 * i) for i in range(count)]
        assert rows == expected


def test_memory_is_not_a_region(client):
    """Nobody executes from, or loads vectors of, a region of ours: the regions are registers, and
    what the guest uses as memory is none of them."""
    for index in range(client.info()[2]):
        info, fd = client.region_info(index)
        if fd is not None:
            os.close(fd)
        assert info.size < MIB256 // 16, f"region {index} has {info.size} bytes"


def test_handles_beyond_the_table(client):
    """CDAT: each entry names the next, the last one none; each other handle is an error."""
    at = next(at for kind, _, at in extended_capabilities(client) if kind == 0x2e)

    def ask(handle):
        """The next handle, or None for an error."""
        client.put_config(at + 8, 1)  # abort
        for dword in (0x1e98 | 2 << 16, 3, handle << 16):
            client.put_config(at + 0x10, dword)
        client.put_config(at + 8, 1 << 31)
        if client.config(at + 0x0c) & 4:
            return None
        answer = []
        while client.config(at + 0x0c) & 1 << 31:
            answer.append(client.config(at + 0x14))
            client.put_config(at + 0x14, 0)
        assert len(answer) == answer[1] > 3
        return answer[2] >> 16

    handle, good = 0, 0
    while handle != 0xffff:
        handle, good = ask(handle), good + 1
        assert handle in (good, 0xffff)
    assert good > 2
    for bad in (good, good + 1, 255, 256, 0x7fff, 0x8000, 0xfffe, 0xffff):
        assert ask(bad) is None, f"entry {bad}"
    assert ask(0) == 1


def test_media_operations_that_wrap(box, qmp):
    """Ranges whose sum exceeds 64 bits, counts that agree with the length in 32 bits only."""
    qmp.cmd("swcxl-write-media", start=0, data="55" * 64)
    for first, length in ((0, U64 & ~63), (64, U64 & ~63), (U64 & ~63, 64), (U64 & ~63, 128),
                          (1 << 63, 1 << 63), (TOP, 64), (TOP - 64, 128)):
        for op in (0, 1):
            rc, out = box.command(0x4402, struct.pack("<BB2xIQQ", 1, op, 1, first, length))
            assert rc in (INVALID_INPUT, BAD_ADDRESS) and out == b"", (first, length, rc)
    for count in (2, 1 << 28, 0x10000001, 0xffffffff):
        refused(box, 0x4402, struct.pack("<BB2xIQQ", 1, 0, count, 0, 64), BAD_LENGTH)
    assert qmp.cmd("swcxl-read-media", start=0, length=64)["data"] == "55" * 64


def test_vectors_are_in_the_table(box, client):
    """The mailbox's and those of the event logs, whatever the guest writes there."""
    count = client.irq_info(MSIX).count
    assert box.vector < count
    for byte in range(256):
        box.command(0x0103, bytes([byte] * 5))
        assert all(policy >> 4 < count for policy in box.ok(0x0102))


def test_sanitize_signals_its_own_vector(box, client, qmp):
    """Ends of whatever runs in the background fire the vector that the mailbox names, alone."""
    count = client.irq_info(MSIX).count
    irqs = [Interrupt() for _ in range(count)]
    client.set_irqs(4 | 32, MSIX, 0, count, [irq.fd for irq in irqs])
    for opcode, payload in ((0x4400, b""), (0x4402, struct.pack("<BB2xIQQ", 1, 0, 1, 0, 64))):
        box.enable_interrupts(background=True)
        box.ok(opcode, payload, STARTED)
        step(qmp, 3600 * 10**9)
        irqs[box.vector].wait()
        assert not any(irq.fired() for irq in irqs)
        assert box.background() == (False, opcode, 100, 0)
    for irq in irqs:
        irq.close()


def test_clear_poison_writes_what_it_was_given(box, qmp):
    """The 64 bytes of the command, not what lies where they came from."""
    data = bytes(range(100, 164))
    for at in (0, 0x1000, TOP - 64):
        box.ok(0x4301, struct.pack("<Q", at))
        box.ok(0x4302, struct.pack("<Q", at) + data)
        assert qmp.cmd("swcxl-read-media", start=at, length=64)["data"] == data.hex()


def test_replies_have_no_bytes_of_earlier_ones(box):
    """A payload full of ones, or of another command's output: reserved fields are zeros all the
    same, and a command that fails has no output."""
    seen = {}
    for fill in (b"\xff", b"\0", b"\x5a"):
        for opcode, payload in ((0x4000, b""), (0x4100, b""), (0x4200, b""), (0x4300, WHOLE),
                                (0x4303, WHOLE), (0x0100, b"\0"), (0x0200, b""), (0x0400, b""),
                                (0x0500, struct.pack("<IHH", 1024, 0, 0)), (0x4500, b"")):
            box.put_payload(fill * box.size)
            out = box.ok(opcode, payload)
            assert seen.setdefault(opcode, out) == out, f"{opcode:04x}"
        box.put_payload(fill * box.size)
        refused(box, 0x4300, struct.pack("<QQ", 32 << 58, 1), BAD_ADDRESS)


def test_messages_in_messages(box):
    """There are no tunnels: neither management command, whatever lengths it holds."""
    for opcode in (0x5300, 0x5301, 0x5302):
        for inner in (0, 1, 12, 0xffff):
            refused(box, opcode, struct.pack("<HHHH", 0, 0, inner, inner) + bytes(64), UNSUPPORTED)


# ---- background operations -----------------------------------------------------------------------


def test_abort_at_every_percentage(box, qmp):
    for percent in range(100):
        box.ok(0x4304, WHOLE + b"\1", STARTED)
        step(qmp, LINES * 5 * percent + 1000)
        running, opcode, shown, _ = box.background()
        assert (running, opcode, shown) == (True, 0x4304, percent)
        box.ok(0x0005)
        assert box.background() == (False, 0x4304, percent, ABORTED)
        box.ok(0x0005)  # nothing runs any more
    box.ok(0x4304, WHOLE + b"\1", STARTED)
    step(qmp, 500 * LINES)
    box.ok(0x0005)  # just ended
    assert box.background() == (False, 0x4304, 100, 0)


def test_percent_is_of_the_operation_not_of_the_clock(box, qmp):
    """It counts from the operation's start, however old the device is."""
    step(qmp, 3 * 10**18)
    box.ok(0x4304, WHOLE + b"\1", STARTED)
    step(qmp, 1000)  # it is of lines that have been passed
    for percent in range(100):
        assert box.background() == (True, 0x4304, percent, 0)
        step(qmp, LINES * 5)
    assert box.background() == (False, 0x4304, 100, 0)


def test_resets_and_ends_during_every_operation(device, qmp):
    """Reset, or the VMM goes away, in the middle of a scan, a media operation, a sanitize."""
    for opcode, payload in ((0x4304, WHOLE + b"\0"),
                            (0x4402, struct.pack("<BB2xIQQ", 1, 0, 1, 0, TOP)), (0x4400, b"")):
        for how in ("reset", "end"):
            with Client(device.socket) as client:
                box = Mailbox(client)
                box.ok(opcode, payload, STARTED)
                step(qmp, 10**6)
                if how == "reset":
                    client.reset()
                    assert client.read(CONFIG, 0, 2) == b"\x98\x1e"
            step(qmp, 3600 * 10**9)
            assert_serves(device)
            with Client(device.socket) as client:
                assert not Mailbox(client).background()[0]


# ---- poison and scans ----------------------------------------------------------------------------

WRAPPING = [(U64 & ~63, 1), (U64 & ~63, 2), (64, (1 << 58) - 1), (0, 1 << 58), (0, (1 << 58) + 1),
            (0, U64), (64, U64), (TOP - 64, (1 << 58) + 1), (TOP, 1), (0, LINES + 1), (TOP - 64, 2)]


@pytest.mark.parametrize("first, lines", WRAPPING)
def test_ranges_that_wrap(box, first, lines):
    """As bytes or as lines, in each command that takes a range."""
    box.ok(0x4301, struct.pack("<Q", 0))
    for opcode, more in ((0x4300, b""), (0x4303, b""), (0x4304, b"\0")):
        refused(box, opcode, struct.pack("<QQ", first, lines) + more, BAD_ADDRESS)
    if first >= TOP:
        refused(box, 0x4301, struct.pack("<Q", first), BAD_ADDRESS)
        refused(box, 0x4302, struct.pack("<Q", first) + bytes(64), BAD_ADDRESS)
    assert poison(box)[2] == [(0, 1)]
    box.ok(0x4302, bytes(72))


def test_ranges_of_nothing(box):
    """Length 0 is defined: nothing to list, nothing to scan."""
    box.ok(0x4301, struct.pack("<Q", 0))
    for first in (0, 64, TOP - 64, TOP):
        assert poison(box, first, 0)[2] == []
        assert box.command(0x4304, struct.pack("<QQB", first, 0, 0))[0] in (INVALID_INPUT,
                                                                             BAD_ADDRESS)
    assert not box.background()[0]
    box.ok(0x4302, bytes(72))


def test_more_records_than_a_count_has_bits_for(start):
    """66 000 records, of the list and of a scan: each page counts its own, none is lost."""
    device = start("--poison-list-max", "70000", "--payload", "1M")
    expected = [(128 * i, 1) for i in range(66000)]
    with Client(device.socket) as client, device.qmp() as qmp:
        box = Mailbox(client, mapped="registers")
        for i in range(0, 66000, 6000):
            qmp.cmd("swcxl-plant-poison", ranges=[[at, 64] for at, _ in expected[i:i + 6000]])
        assert poison(box)[2] == expected
        rows = scan(box, qmp)
        assert len(rows) == 65534
        out = box.ok(0x4305)
        assert rows + records(out, 0x12) == expected and not out[0x10] & 1


def test_scans_find_all_and_keep_it(box, qmp):
    """Known and latent; again the second time; results are fetched as often as one likes, are
    clipped to what was scanned, and the media are as they were."""
    for at, known in ((0, True), (0x1000, False), (MIB256, True), (MIB256 + 0x40000, False)):
        qmp.cmd("swcxl-plant-poison", start=at, length=256, known=known)
    every = [(at, 4) for at in (0, 0x1000, MIB256, MIB256 + 0x40000)]
    for _ in range(3):
        assert scan(box, qmp) == every
        assert records(box.ok(0x4305), 0x12) == every
        assert poison(box)[2] == every
    assert scan(box, qmp, 64, 0x1040 // 64) == [(64, 3), (0x1000, 2)]


def test_overflow_ends_when_all_was_scanned(start):
    """And not with a part whose results happen to be as many as the list has."""
    device = start("--poison-list-max", "2")
    with Client(device.socket) as client, device.qmp() as qmp:
        box = Mailbox(client, mapped="registers")
        box.ok(0x0301, struct.pack("<Q", 1000))
        for at in (0, 0x1000, 0x2000):
            box.ok(0x4301, struct.pack("<Q", at))
        flags, when, rows = poison(box)
        assert flags & 2 and when >= 1000 and rows == [(0, 1), (0x1000, 1)]
        assert len(scan(box, qmp, 0, 0x2000 // 64)) == 2
        assert poison(box)[:2] == (flags, when), "a part has ended it"
        box.ok(0x4302, struct.pack("<Q", 0) + bytes(64))
        assert poison(box)[:2] == (flags, when), "clearing has ended it, or moved its time"
        assert scan(box, qmp) == [(0x1000, 1), (0x2000, 1)]
        assert poison(box) == (0, 0, [(0x1000, 1), (0x2000, 1)])


def test_everything_found_has_its_record(box, qmp):
    """Injected by the guest, planted from outside, found by a scan: each is in a log."""
    def count(log):
        return struct.unpack_from("<H", box.ok(0x0100, bytes([log])), 0x14)[0]

    box.ok(0x4301, struct.pack("<Q", 0))
    assert count(0) == 1
    qmp.cmd("swcxl-plant-poison", start=0x1000, length=64, source="external")
    assert count(1) == 1
    qmp.cmd("swcxl-plant-poison", start=0x2000, length=64, source="internal", known=False)
    assert count(2) == 0, "nobody knows of it"
    scan(box, qmp, 0x2000, 1)
    assert count(2) == 1


def test_injecting_is_bounded_by_what_identify_says(start):
    """Not by the length of the list, which overflows; 0010h comes for the limit, and for it alone.
    """
    device = start("--inject-limit", "5", "--poison-list-max", "2")
    with Client(device.socket) as client:
        box = Mailbox(client, mapped="registers")
        assert struct.unpack_from("<H", box.ok(0x4000), 0x3f)[0] == 5
        for at in range(5):
            box.ok(0x4301, struct.pack("<Q", 128 * at))
        refused(box, 0x4301, struct.pack("<Q", 0x10000), 0x10)
        for at in (TOP, U64 & ~63, 1, 63):
            refused(box, 0x4301, struct.pack("<Q", at), BAD_ADDRESS)
        assert poison(box)[0] & 2


def test_a_list_is_paged_and_begun_again(start):
    """More instead of an end; Restart Request is no misalignment."""
    device = start("--payload", "256")
    with Client(device.socket) as client, device.qmp() as qmp:
        box = Mailbox(client, mapped="registers")
        for at in range(15):  # of which a payload holds 14
            qmp.cmd("swcxl-plant-poison", start=128 * at, length=64)
        first = box.ok(0x4300, WHOLE)
        assert first[0] & 1 and len(records(first, 0x0a)) == 14
        again = box.ok(0x4300, struct.pack("<QQ", 1, LINES))
        assert again[0] & 1 and records(again, 0x0a) == records(first, 0x0a)
        assert records(box.ok(0x4300, WHOLE), 0x0a) == [(14 * 128, 1)]


def test_clearing_during_a_scan(box, qmp):
    """The data, the media and the list change at once."""
    qmp.cmd("swcxl-plant-poison", start=0x4000, length=64)
    box.ok(0x4304, WHOLE + b"\0", STARTED)
    box.ok(0x4302, struct.pack("<Q", 0x4000) + b"\x77" * 64)
    assert poison(box)[2] == []
    assert qmp.cmd("swcxl-read-media", start=0x4000, length=64)["data"] == "77" * 64
    step(qmp, 500 * LINES)
    assert records(box.ok(0x4305), 0x12) == []


def test_capacity_that_is_not_there(start):
    """Dynamic capacity that the host does not have: an address of nothing, never an internal
    error; and what the estimate takes, the scan takes."""
    device = start("--dc-regions", "1")
    with Client(device.socket) as client, device.qmp() as qmp:
        box = Mailbox(client, mapped="registers")
        refused(box, 0x4301, struct.pack("<Q", TOP), BAD_ADDRESS)
        refused(box, 0x4302, struct.pack("<Q", TOP) + bytes(64), BAD_ADDRESS)
        for first, lines in ((TOP, 1), (TOP - 64, 2), (TOP, 1 << 22), (0, LINES + (1 << 22)),
                             (0, LINES + (1 << 22) + 1), (TOP + MIB256, 1)):
            estimate = box.command(0x4303, struct.pack("<QQ", first, lines))[0]
            rc = box.command(0x4304, struct.pack("<QQB", first, lines, 0))[0]
            assert (estimate == 0) == (rc == STARTED), (first, lines)
            assert estimate == 0 or estimate == rc
            step(qmp, 3600 * 10**9)


def test_disabled_media_refuse_scans_and_not_sanitizing(box):
    """Which is the way out."""
    box.ok(0x4400, rc=STARTED)
    box.ok(0x0005)
    for opcode, payload in ((0x4300, WHOLE), (0x4301, bytes(8)), (0x4302, bytes(72)),
                            (0x4303, WHOLE), (0x4304, WHOLE + b"\0"), (0x4305, b"")):
        refused(box, opcode, payload, 7)
    box.ok(0x4400, rc=STARTED)


def test_effects_of_poison_commands_are_told(box):
    """Injecting and clearing change data at once."""
    size = struct.unpack_from("<I", box.ok(0x0400), 0x18)[0]
    cel = dict(struct.iter_unpack("<HH", box.ok(0x0401, CEL + struct.pack("<II", 0, size))))
    assert cel[0x4301] & 4 and cel[0x4302] & 4 and cel[0x4304] & 0x140 == 0x140


# ---- the VMM -------------------------------------------------------------------------------------


def refuses(client, command, body):
    with pytest.raises(VfioError) as error:
        client.call(command, body)
    assert 0 < error.value.errno < 4096
    assert client.read(CONFIG, 0, 2) == b"\x98\x1e"


def test_bitmaps_are_not_allocated(device, client):
    """Sizes that a client names for bitmaps, of nothing and of everything, take no memory."""
    def memory():
        with open(f"/proc/{device.proc.pid}/statm") as file:
            return int(file.read().split()[1]) * 4096

    refuses(client, DIRTY_PAGES, bytes(8))
    before = memory()
    for size in (0, 1, 1 << 30, 1 << 40, 1 << 63, U64):
        for argsz in (0, 8, 24, 40, 0xffffffff):
            refuses(client, DIRTY_PAGES, struct.pack("<II", argsz, 1 << 2) +
                    struct.pack("<QQQQ", 0, size, 4096, size))
            try:
                client.call(DMA_UNMAP, struct.pack("<IIQQQQ", argsz, 1, 0, size, 4096, size))
            except VfioError:
                pass
            refuses(client, GET_REGION_IO_FDS, struct.pack("<IIII", argsz, 0, BAR2, 0))
    assert memory() - before < 4 << 20


def test_disabling_begins_where_it_says(client):
    """Detaching vectors 4 and 5 leaves all others attached."""
    irqs = [Interrupt() for _ in range(8)]
    client.set_irqs(4 | 32, MSIX, 0, 8, [irq.fd for irq in irqs])
    client.set_irqs(4 | 32, MSIX, 4, 2)
    client.set_irqs(1 | 32, MSIX, 0, 8)
    assert [irq.fired() for irq in irqs] == [1, 1, 1, 1, 0, 0, 1, 1]
    client.set_irqs(1 | 32, MSIX, 0, 0)
    for irq in irqs:
        irq.close()


def test_each_kind_of_interrupt_has_its_own_vectors(client):
    """ERR's descriptor is not MSI-X's vector 0, nor the reverse; the kinds that the device does
    not have take none."""
    err, vector = Interrupt(), Interrupt()
    client.set_irqs(4 | 32, MSIX, 0, 1, [vector.fd])
    client.set_irqs(4 | 32, 3, 0, 1, [err.fd])
    client.set_irqs(1 | 32, MSIX, 0, 1)
    assert (vector.fired(), err.fired()) == (1, 0)
    for kind in (0, 1):
        with pytest.raises(VfioError):
            client.call(SET_IRQS, struct.pack("<IIIII", 20, 4 | 32, kind, 0, 1), [err.fd])
    client.set_irqs(1 | 32, 3, 0, 0)
    client.set_irqs(1 | 32, MSIX, 0, 1)
    assert (vector.fired(), err.fired()) == (1, 0), "another kind has disabled it"
    client.set_irqs(1 | 32, MSIX, 0, 0)
    for irq in (err, vector):
        irq.close()


def test_any_byte_of_configuration_can_be_written(client):
    """A guest can: an error would reach it through its VMM. A write is of the bytes that it has:
    what lies behind them stays."""
    for width in (1, 2, 4):
        for at in range(0, 4096 - width + 1):
            client.put_config(at, client.config(at, width), width)
    line = client.config(0x3c)  # Interrupt Line can be written, and is all there is
    client.put_config(0x3c, 0x55, 1)
    assert client.config(0x3c) == line & ~0xff | 0x55
    client.put_config(0x3b, 0xff, 1)
    assert client.config(0x3c) == line & ~0xff | 0x55
    for at in range(256):
        client.put_config(at, 0xff, 1)
    client.reset()
    assert client.read(CONFIG, 0, 2) == b"\x98\x1e"


def test_no_register_takes_the_process(client):
    """1 MiB at once over registers of 4 and 8 bytes, from anywhere."""
    for region in (BAR0, BAR2, BAR4, CONFIG):
        info, fd = client.region_info(region)
        if fd is not None:
            os.close(fd)
        for offset in (0, 1, 3, 7, info.size // 2 + 1):
            length = min(info.size - offset, 1 << 20)
            for fill in (b"\xff", b"\0"):
                client.write(region, offset, fill * length)
            assert len(client.read(region, offset, length)) == length
    client.reset()
    assert client.read(CONFIG, 0, 2) == b"\x98\x1e"
    assert len(device_capabilities(client)) == 4


# ---- the control socket --------------------------------------------------------------------------


def test_every_query_can_be_asked(qmp):
    """Each, with nothing but what it needs, is answered or refused."""
    asked = 0
    for name in [command["name"] for command in qmp.cmd("query-commands")]:
        if "query" in name:
            try:
                qmp.cmd(name)
            except QmpError:
                pass
            asked += 1
            assert qmp.cmd("query-status")["running"]
    assert asked > 8
