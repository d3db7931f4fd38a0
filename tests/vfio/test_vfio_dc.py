# SPDX-License-Identifier: MIT
"""Dynamic capacity as a driver in the guest has it: everything of the host's goes through the
device's registers, mailboxes and data objects; the control socket is the fabric manager, and the
loads and stores that no VMM routes to us. Rules DC, A, B and E: docs/RULES.md."""

import re
import struct

import pytest
from capacity import BASE, BLOCK, MIB, REGION, TAG, TEXT, U64, add, at, release, shown, state, told
from daemon import QmpError
from test_vfio_config import COMMITTED, MIB256, REFUSED, Hdm
from test_vfio_doe import Doe
from vfio_user import BAR2, MSIX, Client, Mailbox, device_capabilities, eventfds

LOG = 4
INVALID_INPUT, INVALID_HANDLE, BAD_ADDRESS, WRONG_MAILBOX, BAD_LIST = 2, 0x0e, 0x0f, 0x15, 0x1e
DC = "ca95afa7f18340188c2f95268e101a2a"


class Host:
    """A driver of dynamic capacity on a mailbox."""

    def __init__(self, client, secondary=False):
        self.client = client
        self.box = Mailbox(client, secondary)
        self.status = device_capabilities(client)[1][0]

    def update(self, opcode, *ranges, more=False, rc=0):
        """A payload of a response or release."""
        payload = struct.pack("<IB3x", len(ranges), more)
        self.box.ok(opcode, payload + b"".join(struct.pack("<QQ8x", *r) for r in ranges), rc)

    def accept(self, *ranges, **how):
        self.update(0x4802, *ranges, **how)

    def give_back(self, *ranges, **how):
        self.update(0x4803, *ranges, **how)

    def page(self, count, start):
        """4801h: (all extents, generation, those of the page)"""
        reply = self.box.ok(0x4801, struct.pack("<II", count, start))
        n, total, generation, reserved = struct.unpack_from("<IIII", reply)
        assert len(reply) == 0x10 + 0x28 * n and n <= count and reserved == 0
        return total, generation, [struct.unpack_from("<QQ16sH6x", reply, 0x10 + 0x28 * i)
                                   for i in range(n)]

    def extents(self):
        """The list as (start, length), page by page."""
        rows, total = [], None
        while len(rows) != total:
            total, _, page = self.page(100, len(rows))
            assert page or len(rows) == total
            rows += page
        return [row[:2] for row in rows]

    def records(self):
        """A page of the log: (More, [(handle, type, start, length, more follow)])"""
        reply = self.box.ok(0x0100, bytes([LOG]))
        count = struct.unpack_from("<H", reply, 0x14)[0]
        assert len(reply) == 0x20 + 0x80 * count
        rows = []
        for i in range(count):
            record = reply[0x20 + 0x80 * i:][:0x80]
            assert record[:0x10].hex() == DC and record[0x10] == 0x80
            assert int.from_bytes(record[0x11:0x14], "little") & 3 == 0, "informational"
            kind, flags = record[0x30], record[0x35]
            rows.append((int.from_bytes(record[0x14:0x16], "little"), kind,
                         *struct.unpack_from("<QQ", record, 0x38), flags))
        return reply[0] & 2, rows

    def clear(self, *handles, rc=0):
        self.box.ok(0x0101, struct.pack(f"<6B{len(handles)}H", LOG, 0, len(handles), 0, 0, 0,
                                        *handles), rc)

    def handle_events(self):
        """Reads and clears all records: their types, starts, lengths and flags."""
        rows = []
        while True:
            page = self.records()[1]
            if not page:
                return [row[1:] for row in rows]
            rows += page
            self.clear(*(row[0] for row in page))

    def events_waiting(self):
        """Event Status: a bit for each log that has something."""
        return self.client.get(BAR2, self.status, 8)


@pytest.fixture
def run(start):
    """run(options...): a device with regions, its control connection and a driver of it."""
    opened = []

    def run(*options):
        if "--dc-regions" not in options:
            options = ("--dc-regions", 2, *options)
        device = start("--persistent", "256M", "--clock", "virtual", *options)
        opened.append(device.qmp())
        opened.append(Client(device.socket))
        return opened[-2], Host(opened[-1])

    yield run
    for connection in opened:
        connection.close()


@pytest.fixture
def irqs(run):  # these go first at the end
    fds = eventfds(8)
    yield fds
    for irq in fds:
        irq.close()


def blocks(*ranges, region=0):
    return [(at(start * BLOCK, region), n * BLOCK) for start, n in ranges]


def offer(qmp, *ranges, region=0, **more):
    add(qmp, "prescriptive", *((start * BLOCK, n * BLOCK) for start, n in ranges), region=region,
        **more)


def take(qmp, *ranges, region=0, **more):
    release(qmp, "prescriptive", *((start * BLOCK, n * BLOCK) for start, n in ranges),
            region=region, **more)


def have(qmp, host, *ranges, region=0, **more):
    offer(qmp, *ranges, region=region, **more)
    host.accept(*blocks(*ranges, region=region))
    host.handle_events()


def read(qmp, start, length=4):
    return qmp.cmd("swcxl-read-media", start=start, length=length)["data"]


def write(qmp, start, data="a5a5a5a5"):
    qmp.cmd("swcxl-write-media", start=start, data=data)


# ---- the event log -------------------------------------------------------------------------------

def test_interrupt_of_the_log(run, irqs):
    """8.2.10.2.5: an edge when the log has something, on a vector of its own; Event Status bit 4 is
    the level."""
    qmp, host = run()
    host.client.set_irqs(0x24, MSIX, 0, 8, [irq.fd for irq in irqs])
    offer(qmp, (0, 1))
    assert host.events_waiting() == 1 << LOG and not any(irq.fired() for irq in irqs)
    host.handle_events()
    assert host.events_waiting() == 0
    for policy in (b"\0\0\0\0\2", b"\0\0\0\0\3"):
        host.box.ok(0x0103, policy, INVALID_INPUT)  # no firmware interrupts here
    host.box.ok(0x0103, b"\1\1\1\1\1")
    policy = host.box.ok(0x0102)
    assert len(policy) == 5 and policy[LOG] & 0x0f == 1
    vector = policy[LOG] >> 4
    assert vector not in [byte >> 4 for byte in policy[:4]] and vector != host.box.vector
    offer(qmp, (1, 1), (3, 1))
    irqs[vector].wait()
    take(qmp, (3, 1), forced=True)
    host.client.config(0)
    assert irqs[vector].fired() == 0, "the log was not empty"
    assert host.events_waiting() == 1 << LOG
    host.handle_events()
    assert host.events_waiting() == 0
    host.accept(*blocks((0, 1)))
    host.accept()  # to the dead offer
    take(qmp, (0, 1))
    irqs[vector].wait()
    host.box.ok(0x0103, b"\1\1\1\1")  # as revision 2.0 has it: this log's is off then
    assert host.box.ok(0x0102)[LOG] == 0
    host.handle_events()
    offer(qmp, (9, 1))
    assert host.events_waiting() == 1 << LOG and not any(irq.fired() for irq in irqs)


def test_records_are_read_one_by_one(run):
    """In a payload of 256 bytes there is room for one. A chain is adjacent, More on all but its
    last (8.2.10.2.1.6); records are cleared from the oldest on."""
    qmp, host = run("--payload", 256)
    offer(qmp, (8, 1), (0, 2), (4, 1))
    offer(qmp, (12, 1), region=1)
    want = [(0, *r, more) for r, more in zip(blocks((0, 2), (4, 1), (8, 1)), (1, 1, 0))] + \
        [(0, *r, 0) for r in blocks((12, 1), region=1)]
    handles = [r["handle"] for r in qmp.cmd("swcxl-query-events", log="dynamic-capacity")]
    for i, row in enumerate(want):
        more, rows = host.records()
        assert [r[1:] for r in rows] == [row] and bool(more) == (i < 3)
        assert host.records() == (more, rows), "reading takes nothing away"
        for wrong in handles[i + 1:] + [0xffff]:
            host.clear(wrong, rc=INVALID_HANDLE)
        host.clear(rows[0][0])
    assert host.records() == (0, []) and host.events_waiting() == 0


def test_a_chain_that_has_no_room_is_refused(run):
    """With Retry Required for the fabric manager, and nothing of it is seen; what is taken goes on,
    and the overflow tells the host to read its list (DC-5)."""
    qmp, host = run("--event-log-max", 3)
    have(qmp, host, (0, 1), (2, 1))
    offer(qmp, (8, 1), (10, 1))
    with pytest.raises(QmpError, match=re.escape(TEXT["LOG_FULL"])):
        offer(qmp, (12, 1), (14, 1))
    assert state(qmp)["offers"] == 1 and len(host.records()[1]) == 2
    take(qmp, (0, 1), (2, 1), forced=True)
    assert host.extents() == []
    reply = host.box.ok(0x0100, bytes([LOG]))
    assert reply[0] & 1 and struct.unpack_from("<H", reply, 2)[0] == 1, "overflow, by one record"
    assert host.handle_events() == [
        (0, *blocks((8, 1))[0], 1), (0, *blocks((10, 1))[0], 0), (2, *blocks((0, 1))[0], 0)], \
        "no chain goes on behind the end of the log"
    assert not host.box.ok(0x0100, bytes([LOG]))[0] & 1


# ---- configuration and list ----------------------------------------------------------------------

def test_configuration_in_pages(run):
    """4800h: five regions and the counters are what 256 bytes have room for."""
    qmp, host = run("--payload", 256, "--dc-regions", 8, "--dc-flags", "6=sanitize",
                    "--dc-block-size", "1M")
    offer(qmp, (0, 1), tag="tag1")
    host.accept((at(0), BLOCK))
    seen = []
    for start, n in ((0, 5), (5, 3)):
        reply = host.box.ok(0x4800, bytes((8 - start, start)))
        assert reply[:8] == bytes((8, n)) + bytes(6) and len(reply) == 8 + 0x28 * n + 16
        assert struct.unpack_from("<IIII", reply, 8 + 0x28 * n) == (1024, 1023, 256, 255)
        seen += [struct.unpack_from("<QQQQIB3x", reply, 8 + 0x28 * i) for i in range(n)]
    assert seen == [(BASE + i * REGION, 1, REGION, MIB, 2 + i, i == 6) for i in range(8)]
    assert host.box.ok(0x4800, b"\1\7")[1] == 1
    host.box.ok(0x4800, b"\1\x08", INVALID_INPUT)


def test_extent_list_in_pages(run):
    """4801h: six in 256 bytes; accepted alone, in the order of addresses, asked for or not (DC-4).
    The generation says whether two pages are of one list."""
    qmp, host = run("--payload", 256, "--dc-flags", "1=sharable")
    have(qmp, host, (0, 1), (4, 2), (8, 1), (12, 1), (16, 1))
    have(qmp, host, (2, 1), (6, 1), region=1, tag="tag1")
    offer(qmp, (32, 4))
    take(qmp, (4, 2))
    want = blocks((0, 1), (4, 2), (8, 1), (12, 1), (16, 1)) + blocks((2, 1), (6, 1), region=1)
    total, generation, first = host.page(100, 0)
    assert total == 7 and len(first) == 6 and not any(first[4][2])
    assert host.page(U64 & 0xffffffff, 6) == \
        (7, generation, [(*want[6], bytes.fromhex(TAG), 1)])
    assert [row[:2] for row in first] == want[:6] and first[5][2:] == (bytes.fromhex(TAG), 0)
    assert host.page(0, 0) == (7, generation, []) == host.page(9, 7)
    host.box.ok(0x4801, struct.pack("<II", 1, 8), INVALID_INPUT)
    assert host.extents() == want
    host.give_back(*blocks((5, 1)))
    assert host.page(1, 1) == (7, generation + 1, [(*blocks((4, 1))[0], bytes(16), 0)])


# ---- answers in several payloads -----------------------------------------------------------------

@pytest.fixture
def small(run):
    """25 extents are offered to a driver with room for ten in a payload."""
    qmp, host = run("--payload", 256)
    offer(qmp, *((2 * i, 1) for i in range(25)))
    host.handle_events()
    return qmp, host, blocks(*((2 * i, 1) for i in range(25)))


def test_a_response_in_several_payloads(small):
    """A-2, and B-4 for the release: nothing happens before the last, and then all of it."""
    qmp, host, all_ = small
    assert host.box.size == 256
    host.accept(*all_[:10], more=True)
    host.accept(*all_[10:20], more=True)
    assert host.extents() == [] and told(qmp) == [], "4801h was a command in between"
    host.accept(*all_[20:], more=True)
    host.accept(more=True)
    host.accept(*all_[:10], more=True)
    assert len(state(qmp)["pending"]) == 25
    host.accept(*all_[10:20])
    assert host.extents() == all_, "those before 4801h are not among them"
    assert len(told(qmp)) == 25
    host.give_back(*all_[:10], more=True)
    host.give_back(*all_[10:20], more=True)
    assert len(state(qmp)["accepted"]) == 25
    host.give_back(*all_[20:24])
    assert host.extents() == all_[24:]


def test_what_is_not_named_is_refused(small):
    """A-3, A-7, over payloads."""
    qmp, host, all_ = small
    host.accept(*all_[:3], more=True)
    host.accept(*all_[7:9])
    assert host.extents() == all_[:3] + all_[7:9]
    assert len(state(qmp)["refused"]) == 20 and state(qmp)["offers"] == 0
    host.accept(rc=INVALID_INPUT)


def test_an_error_drops_the_parts_and_keeps_the_offer(small):
    """A-4, A-5, A-8."""
    qmp, host, all_ = small
    for wrong, rc in ((all_[0], BAD_LIST), ((at(0) + 64, BLOCK), BAD_LIST),
                      ((at(BLOCK), BLOCK), BAD_ADDRESS), ((at(0), 0), BAD_LIST),
                      ((at(0), 2 * BLOCK), BAD_LIST), ((BASE - BLOCK, BLOCK), BAD_ADDRESS)):
        host.accept(*all_[:10], more=True)
        host.accept(wrong, more=True, rc=rc)
        assert len(state(qmp)["pending"]) == 25
    host.accept(*all_[3:5])
    assert host.extents() == all_[3:5]


def test_parts_of_one_mailbox_are_its_own(small):
    """What the secondary mailbox or the control socket run is not in between."""
    qmp, host, all_ = small
    other = Host(host.client, secondary=True)
    host.accept(*all_[:10], more=True)
    assert other.extents() == [] and len(state(qmp)["pending"]) == 25
    qmp.cmd("swcxl-cci", opcode=0x4000, payload="")
    other.update(0x4802, *all_[:1], rc=WRONG_MAILBOX)
    host.accept(*all_[10:11])
    assert host.extents() == all_[:11]


@pytest.mark.parametrize("reset", ["function", "cxl"])
def test_a_reset_drops_the_parts_alone(small, reset):
    qmp, host, all_ = small
    host.accept(*all_[:10], more=True)
    qmp.cmd("swcxl-reset", type=reset)
    assert state(qmp)["offers"] == 1
    host.accept(*all_[10:11])
    assert host.extents() == all_[10:11]


# ---- which mailbox -------------------------------------------------------------------------------

def test_secondary_mailbox_looks_and_does_nothing(run):
    """What has effects is the primary's alone (0015h); what looks is served, and says the same."""
    qmp, host = run()
    have(qmp, host, (0, 2))
    offer(qmp, (8, 1))
    other = Host(host.client, secondary=True)
    before = state(qmp)
    for opcode, payload in ((0x4800, b"\2\0"), (0x4801, struct.pack("<II", 9, 0)),
                            (0x0100, bytes([LOG])), (0x0102, b""),
                            (0x4300, struct.pack("<QQ", at(0), 64))):
        assert other.box.ok(opcode, payload) == host.box.ok(opcode, payload)
    assert other.extents() == blocks((0, 2))
    other.accept(*blocks((8, 1)), rc=WRONG_MAILBOX)
    other.accept(rc=WRONG_MAILBOX)
    other.accept(more=True, rc=WRONG_MAILBOX)
    other.give_back(*blocks((0, 2)), rc=WRONG_MAILBOX)
    other.clear(other.records()[1][0][0], rc=WRONG_MAILBOX)
    other.box.ok(0x0103, b"\1\1\1\1\1", WRONG_MAILBOX)
    for opcode, payload in ((0x4301, struct.pack("<Q", at(0))),
                            (0x4302, struct.pack("<Q64x", at(0))),
                            (0x4304, struct.pack("<QQB", at(0), 64, 0))):
        other.box.ok(opcode, payload, WRONG_MAILBOX)
    assert state(qmp) == before and len(host.records()[1]) == 1


@pytest.mark.parametrize("opcode", range(0x4800, 0x4804))
def test_without_regions_there_is_nothing(start, opcode):
    """Unsupported comes before what is wrong with the mailbox."""
    with Client(start().socket) as client:
        for secondary in (False, True):
            assert Mailbox(client, secondary).command(opcode, bytes(8))[0] == 3


# ---- CDAT ----------------------------------------------------------------------------------------

NON_VOLATILE, SHARABLE, COHERENT, DYNAMIC, READ_ONLY = 4, 8, 0x10, 0x20, 0x40


def ranges_of(doe):
    """{DSMAS handle: (flags, base, size)}, {handle: EFI memory type}, speeds of each handle"""
    dsmas, kinds, speeds = {}, {}, {}
    for entry in doe.cdat()[1]:
        if entry[0] == 0:
            handle, *rest = struct.unpack("<4xBBxxQQ", entry)
            dsmas[handle] = tuple(rest)
        elif entry[0] == 1:
            speeds.setdefault(entry[4], {})[entry[6]] = struct.unpack_from("<QH", entry, 8)
        else:
            kinds[entry[4]] = entry[5]
    return dsmas, kinds, speeds


def test_cdat_has_the_regions(run):
    """A range for each region, known by the handle that 4800h gives it."""
    _, host = run("--dc-regions", 5, "--dc-region-size", "512M", "--dc-flags", "1=non-volatile",
                  "--dc-flags", "2=sharable,hw-coherency", "--dc-flags", "3=read-only,sanitize",
                  "--dc-flags", "4=0x5d")
    dsmas, kinds, speeds = ranges_of(Doe(host.client))
    flags = [0, NON_VOLATILE, SHARABLE | COHERENT, READ_ONLY,
             NON_VOLATILE | SHARABLE | COHERENT | READ_ONLY]
    reply, regions = host.box.ok(0x4800, b"\5\0"), {}
    for i in range(5):
        base, _, length, _, handle, _ = struct.unpack_from("<QQQQIB", reply, 8 + 0x28 * i)
        regions[handle] = (flags[i] | DYNAMIC, base, length)
    assert len(regions) == 5
    assert dsmas == {0: (0, 0, MIB256), 1: (NON_VOLATILE, MIB256, MIB256), **regions}
    assert set(kinds) == set(speeds) == set(dsmas)
    for handle, (flag, _, _) in dsmas.items():
        alike = 1 if flag & NON_VOLATILE else 0
        assert kinds[handle] == kinds[alike] and speeds[handle] == speeds[alike]


def test_cdat_is_about_regions_and_not_extents(run):
    """What is offered, accepted or taken changes nothing in it: the sequence number stays."""
    qmp, host = run()
    doe = Doe(host.client)
    table = doe.cdat()
    have(qmp, host, (0, 1), (2, 3))
    offer(qmp, (9, 1), region=1)
    take(qmp, (0, 1), forced=True)
    assert doe.cdat() == table


# ---- memory --------------------------------------------------------------------------------------

def test_decoders_cover_whole_regions(run):
    """DC-5: a host programs decoders for all of the decode length before it has anything; there is
    nothing above it to decode. Extents come and go below them."""
    qmp, host = run()
    hdm = Hdm(host.client)
    assert hdm.program(0, 1 << 40, 2 * MIB256) == COMMITTED
    assert hdm.program(1, (1 << 40) + 2 * MIB256, 3 * MIB256) == REFUSED
    assert hdm.program(1, (1 << 40) + 2 * MIB256, MIB256, skip=2 * MIB256) == REFUSED
    assert hdm.program(1, (1 << 40) + 2 * MIB256, 2 * MIB256) == COMMITTED
    have(qmp, host, (0, 1))
    write(qmp, at(0))
    take(qmp, (0, 1), forced=True)
    assert hdm.get(1, 0x10) & COMMITTED and read(qmp, at(0)) == "ffffffff"
    hdm.put(1, 0x10, 0)
    assert hdm.program(1, 1 << 41, MIB256, skip=MIB256) == COMMITTED, "the second region alone"


def test_memory_follows_the_extents(run):
    """DC-6, DC-4, ADR 22: nothing answers where nothing is; an offer is nothing yet; what is asked
    for is the host's until it has released it; what is taken is gone at once."""
    qmp, host = run()
    for start in (at(0), at(0, 1), at(REGION - 4, 1)):
        write(qmp, start)
        assert read(qmp, start) == "ffffffff"
    offer(qmp, (0, 2), (4, 1))
    write(qmp, at(0))
    assert read(qmp, at(0)) == "ffffffff"
    host.accept(*blocks((0, 1), (4, 1)))
    assert read(qmp, at(0)) == "00000000", "what was written to the offer is gone"
    write(qmp, at(0), "11" * 64)
    write(qmp, at(BLOCK - 4), "22" * 8)
    assert read(qmp, at(BLOCK - 4), 8) == "22" * 4 + "ff" * 4, "the rest was refused"
    write(qmp, at(4 * BLOCK), "33" * 64)
    take(qmp, (0, 1))
    write(qmp, at(64), "44" * 4)
    assert read(qmp, at(0)) == "11" * 4 and read(qmp, at(64)) == "44" * 4
    host.give_back(*blocks((0, 1)))
    assert read(qmp, at(0)) == read(qmp, at(64)) == "ffffffff"
    take(qmp, (4, 1), forced=True)
    write(qmp, at(4 * BLOCK), "55" * 4)
    assert read(qmp, at(4 * BLOCK)) == "ffffffff"
    have(qmp, host, (0, 1), (4, 1))
    assert read(qmp, at(0)) == "11" * 4 and read(qmp, at(4 * BLOCK)) == "33" * 4, "not sanitized"
    have(qmp, host, (16, 1), region=1)
    assert read(qmp, at(16 * BLOCK, 1)) == "00" * 4


@pytest.mark.parametrize("by", ["request", "force", "region"])
def test_sanitized_memory_reads_as_zeros(run, by):
    """E-5: data and poison of what was released are gone, those of its neighbours are not."""
    qmp, host = run("--dc-flags", "0=sanitize") if by == "region" else run()
    have(qmp, host, (0, 3))
    for block in range(3):
        write(qmp, at(block * BLOCK), "5a" * 64)
        qmp.cmd("swcxl-plant-poison", start=at(block * BLOCK + 64), length=64)
    qmp.cmd("swcxl-plant-poison", start=at(BLOCK + 128), length=64, permanent=True)
    if by != "region":
        take(qmp, (1, 1), sanitize=True, forced=by == "force")
    if by != "force":
        host.give_back(*blocks((1, 1)))
    assert read(qmp, at(BLOCK)) == "ffffffff"
    have(qmp, host, (1, 1))
    assert [read(qmp, at(block * BLOCK)) for block in range(3)] == ["5a" * 4, "00" * 4, "5a" * 4]
    assert [(row["start"], row["permanent"]) for row in qmp.cmd("swcxl-query-poison")] == [
        (at(64), False), (at(BLOCK + 128), True), (at(2 * BLOCK + 64), False)]


def test_disabled_media_are_noise_only_where_the_host_has_them(run):
    """ADR 19: a sanitize disables what there is; where nothing is, nothing answers."""
    qmp, host = run()
    have(qmp, host, (0, 1))
    write(qmp, at(0), "5a" * 64)
    host.box.ok(0x4400, rc=1)
    assert read(qmp, at(0), 64) not in ("5a" * 64, "00" * 64, "ff" * 64)
    write(qmp, at(0))
    assert read(qmp, at(BLOCK)) == "ffffffff"
    qmp.cmd("swcxl-clock-step", nanoseconds=3600 * 10**9)
    assert host.box.background()[:1] == (False,)
    assert read(qmp, at(0), 64) == "00" * 64 and host.extents() == blocks((0, 1))


def test_poison_follows_the_extents(run):
    """E-2, D-45 to D-47 over the mailbox: an offer may be looked at, and no more."""
    qmp, host = run()
    for start in (at(0), at(BLOCK)):
        qmp.cmd("swcxl-plant-poison", start=start, length=64)
    qmp.cmd("swcxl-plant-poison", start=at(64), length=64, known=False)

    def listed():
        reply = host.box.ok(0x4300, struct.pack("<QQ", at(0), 2 * REGION // 64))
        rows = [struct.unpack_from("<QI", reply, 0x20 + 16 * i) for i in range(reply[0x0a])]
        return [(address & ~63, lines) for address, lines in rows]

    inject, clear = struct.pack("<Q", at(128)), struct.pack("<Q64x", at(0))
    assert listed() == []
    offer(qmp, (0, 1))
    assert listed() == [(at(0), 1)]
    host.box.ok(0x4301, inject, BAD_ADDRESS)
    host.box.ok(0x4302, clear, BAD_ADDRESS)
    host.box.ok(0x4304, struct.pack("<QQB", at(0), 2 * REGION // 64, 0), 1)
    qmp.cmd("swcxl-clock-step", nanoseconds=3600 * 10**9)
    assert host.box.background() == (False, 0x4304, 100, 0)
    reply = host.box.ok(0x4305)
    found, = struct.iter_unpack("<QI4x", reply[0x20:])
    assert (found[0] & ~63, found[1]) == (at(0), 2), "of what is offered, not of its neighbour"
    assert listed() == [(at(0), 2)]
    host.accept(*blocks((0, 1)))
    host.box.ok(0x4301, inject)
    host.box.ok(0x4302, clear)
    assert sum(row[1] for row in listed()) == 2
    take(qmp, (0, 1), forced=True)
    host.box.ok(0x4302, clear, BAD_ADDRESS)
    assert listed() == []


# ---- resets --------------------------------------------------------------------------------------

def test_offered_before_the_guest_boots(start):
    """D-39: VMMs come, reset and go; as long as no mailbox was used the offer is there."""
    device = start("--dc-regions", 2, "--clock", "virtual")
    with device.qmp() as qmp:
        bottom = 256 * MIB
        add(qmp, "free", (0, BLOCK))
        for _ in range(2):
            with Client(device.socket) as client:
                client.reset()
        with Client(device.socket) as client:
            host = Host(client)
            assert host.events_waiting() == 1 << LOG
            host.accept((bottom, BLOCK))
            assert host.handle_events() == [(0, bottom, BLOCK, 0)]
            write(qmp, bottom)
            client.reset()
            assert host.extents() == [] and read(qmp, bottom) == "ffffffff"


def test_a_reset_goes_without_records(run):
    """DC-9: volatile extents, offers and requests are gone; non-volatile extents and records stay,
    and an answer to an old record finds no group (A-1)."""
    qmp, host = run("--dc-flags", "1=non-volatile")
    for region in range(2):
        have(qmp, host, (0, 1), region=region)
        write(qmp, at(0, region))
    generation = host.page(0, 0)[1]
    offer(qmp, (4, 1), region=1)
    take(qmp, (0, 1), region=1)
    host.client.reset()
    assert host.extents() == blocks((0, 1), region=1)
    assert host.page(0, 0)[1] != generation
    assert [row[0] for row in host.handle_events()] == [0, 1]
    assert shown(qmp, "accepted", "release-requested") == [(*blocks((0, 1), region=1)[0], False)]
    host.accept(*blocks((4, 1), region=1), rc=INVALID_INPUT)
    assert read(qmp, at(0)) == "ffffffff" and read(qmp, at(0, 1)) == "a5a5a5a5"
    have(qmp, host, (0, 1))
    assert read(qmp, at(0)) == "00000000", "what was there was volatile"
