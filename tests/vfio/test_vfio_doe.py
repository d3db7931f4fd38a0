# SPDX-License-Identifier: MIT
"""The DOE mailbox (PCIe 6.30) over vfio-user, driven with dwords as Linux drives it; the CDAT that
is read through it, taken apart here without the device's own headers."""

import struct

import pytest
from vfio_user import MSIX, Client, Mailbox, extended_capabilities

CONTROL, STATUS, WRITE, READ = 0x08, 0x0c, 0x10, 0x14
ABORT, ENABLE, GO = 1, 2, 1 << 31
PENDING, ERROR, READY = 2, 4, 1 << 31
SIG, CXL = 0x0001, 0x1e98
DISCOVERY, COMPLIANCE, TABLE_ACCESS = 0, 0, 2
MIB256 = 1 << 28


class Doe:
    """A driver of the mailbox."""

    def __init__(self, client):
        self.client = client
        self.at = next(at for kind, _, at in extended_capabilities(client) if kind == 0x2e)
        self.abort()

    def get(self, offset):
        return self.client.config(self.at + offset)

    def put(self, offset, value):
        self.client.put_config(self.at + offset, value)

    def abort(self):
        self.put(CONTROL, ABORT)
        assert self.get(STATUS) == 0

    def send(self, vendor, kind, body=b"", length=None, control=GO):
        dwords = struct.unpack(f"<{len(body) // 4}I", body)
        for dword in (vendor | kind << 16, 2 + len(dwords) if length is None else length, *dwords):
            self.put(WRITE, dword)
        self.put(CONTROL, control)
        return self.get(STATUS)

    def next(self):
        dword = self.get(READ)
        assert self.get(STATUS) & READY
        self.put(READ, 0)
        return dword

    def exchange(self, vendor, kind, body):
        assert self.send(vendor, kind, body) == READY
        assert self.next() == vendor | kind << 16
        length = self.next()
        answer = b"".join(struct.pack("<I", self.next()) for _ in range(length - 2))
        assert self.get(STATUS) == 0, "nothing is left, nothing is wrong"
        return answer

    def read_entry(self, handle):
        """(bytes, the next handle)"""
        answer = self.exchange(CXL, TABLE_ACCESS, struct.pack("<BBH", 0, 0, handle))
        code, table, following = struct.unpack_from("<BBH", answer)
        assert (code, table) == (0, 0)
        return answer[4:], following

    def cdat(self):
        """The table's header and its structures, checked as far as every table must be so."""
        entries, handle = [], 0
        while handle != 0xffff:
            entry, handle = self.read_entry(handle)
            entries.append(entry)
        whole = b"".join(entries)
        length, revision, _, reserved, _ = struct.unpack("<IBB6sI", entries[0])
        assert length == len(whole) and sum(whole) & 0xff == 0
        assert revision == 2 and reserved == bytes(6)
        assert all(struct.unpack_from("<BxH", entry)[1] == len(entry) for entry in entries[1:])
        return entries[0], entries[1:]


@pytest.fixture
def doe(client):
    return Doe(client)


def test_discovery(doe):
    """From index 0 on, each names the next, and 0 is the end."""
    found, index = [], 0
    while True:
        vendor, kind, index = struct.unpack("<HBB", doe.exchange(SIG, DISCOVERY,
                                                                 struct.pack("<I", index)))
        found.append((vendor, kind))
        if not index:
            break
    assert found == [(SIG, DISCOVERY), (CXL, COMPLIANCE), (CXL, TABLE_ACCESS)]
    assert doe.exchange(SIG, DISCOVERY, b"\x03\0\0\0") == b"\xff\xff\0\0"


def partitions(structures):
    """{DSMAS handle: [base, size, flags, {data type: value}, EFI memory type]}"""
    found = {}
    for entry in structures:
        if entry[0] == 0:
            handle, flags, base, size = struct.unpack("<4xBBxxQQ", entry)
            assert handle not in found
            found[handle] = [base, size, flags, {}, None]
        elif entry[0] == 1:
            handle, flags, kind, unit, value, *others = struct.unpack("<4xBBBxQHHHxx", entry)
            assert flags == 0 and others == [0, 0] and kind not in found[handle][3]
            assert 0 < value < 0xffff
            found[handle][3][kind] = unit * value
        else:
            kind, handle, memory, offset, size = struct.unpack("<BxxxBBxxQQ", entry)
            assert kind == 4 and offset == 0 and size == found[handle][1]
            assert found[handle][4] is None
            found[handle][4] = memory
    return sorted(found.values())


@pytest.mark.parametrize("volatile,persistent", [(1, 0), (0, 1), (2, 3)])
def test_cdat(start, volatile, persistent):
    """A range for each partition, with its kind, speed and use; what Linux makes a node of."""
    device = start("--volatile", f"{volatile * 256}M", "--persistent", f"{persistent * 256}M")
    with Client(device.socket) as client:
        found = partitions(Doe(client).cdat()[1])
    expected = []
    if volatile:
        expected.append([0, volatile * MIB256, 0, 1])
    if persistent:
        expected.append([volatile * MIB256, persistent * MIB256, 4, 2])
    assert [row[:3] + row[4:] for row in found] == expected
    for _, _, _, speeds, _ in found:
        assert set(speeds) == {1, 2, 4, 5}, "read and write: latency, bandwidth"
        assert 10_000 < speeds[1] < 2_000_000 and 10_000 < speeds[2] < 2_000_000, "picoseconds"
        assert 1_000 < speeds[4] <= 64_000 and 1_000 < speeds[5] <= 64_000, "MB/s, of a x16 link"


def test_cdat_follows_the_partitions(start):
    """Set Partition Info (4101h): what is to come with a reset is not there before it."""
    device = start("--volatile", "256M", "--partitionable", "1G")
    with Client(device.socket) as client:
        doe, mailbox = Doe(client), Mailbox(client)
        header, structures = doe.cdat()
        assert [row[:3] for row in partitions(structures)] == [[0, 5 * MIB256, 0]]
        assert mailbox.command(0x4101, struct.pack("<QB", 1, 0))[0] == 0
        assert doe.cdat() == (header, structures)
        client.reset()
        after, structures = doe.cdat()
        assert [row[:3] for row in partitions(structures)] == \
               [[0, 2 * MIB256, 0], [2 * MIB256, 3 * MIB256, 4]]
        assert after[12:] != header[12:], "the sequence number says that it is another table"


def test_cdat_is_the_same_each_time(client, doe):
    first = doe.cdat()
    assert doe.cdat() == first
    client.reset()
    assert Doe(client).cdat() == first


def test_compliance(doe):
    """Nothing can be injected, and whoever tries is told."""
    body = struct.pack("<BBxx", 0, 1)
    assert doe.exchange(CXL, COMPLIANCE, body) == struct.pack("<BBBBQQ", 0, 1, 0x1c, 0, 0, 0)
    for code in (1, 2, 6, 0x0f, 0xff):
        body = struct.pack("<BBxx", code, 1)
        assert doe.exchange(CXL, COMPLIANCE, body) == struct.pack("<BBBB", code, 1, 0x0c, 3)


@pytest.mark.parametrize("vendor,kind,body,length", [
    (SIG, 1, bytes(4), None), (0x8086, 2, bytes(4), None),  # not ours
    (CXL, 2, bytes(4), 2), (CXL, 2, bytes(4), 4), (CXL, 2, bytes(4), 0),  # not its length
])
def test_discarded(doe, vendor, kind, body, length):
    assert doe.send(vendor, kind, body, length) == 0 and doe.get(READ) == 0
    assert len(doe.cdat()[1]) == 12


@pytest.mark.parametrize("vendor,kind,body", [
    (CXL, 2, b"\1\0\0\0"), (CXL, 2, b"\0\1\0\0"), (CXL, 2, b"\0\0\x0d\0"), (CXL, 2, b"\0\0\xff\xff"),
    (CXL, 2, b""), (CXL, 0, b""), (SIG, 0, b""), (SIG, 0, bytes(256)),
])
def test_errors_last_until_an_abort(doe, vendor, kind, body):
    assert doe.send(vendor, kind, body) == ERROR
    assert doe.send(SIG, DISCOVERY, bytes(4)) == ERROR and doe.get(READ) == 0
    doe.abort()
    assert len(doe.cdat()[1]) == 12


def test_reading_beyond_the_end_is_an_error(doe):
    doe.cdat()
    doe.put(READ, 0)
    assert doe.get(STATUS) == ERROR


def test_a_response_is_dropped_by_a_reset_and_by_a_new_client(device, client, doe):
    assert doe.send(SIG, DISCOVERY, bytes(4)) == READY
    client.reset()
    assert doe.get(STATUS) == 0 and doe.get(READ) == 0
    assert doe.send(SIG, DISCOVERY, bytes(4)) == READY
    client.close()
    with Client(device.socket) as other:
        at = doe.at
        assert other.config(at + STATUS) == 0 and other.config(at + READ) == 0


def test_interrupt(client, doe):
    """Its vector is one that the device has; it fires once for each news that is seen."""
    supported, vector = doe.get(4) & 1, doe.get(4) >> 1 & 0x7ff
    assert supported and vector < client.irq_info(MSIX).count
    assert doe.send(SIG, DISCOVERY, bytes(4), control=GO | ENABLE) == READY | PENDING
    for _ in range(3):
        doe.next()
    assert doe.get(STATUS) == PENDING and doe.get(CONTROL) == ENABLE
    doe.put(STATUS, PENDING)
    assert doe.get(STATUS) == 0
