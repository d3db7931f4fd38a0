# SPDX-License-Identifier: MIT
"""Configuration space (PCI, and CXL 8.1) and component registers (CXL 8.2.4)."""

import re
import struct
from pathlib import Path

import pytest
from daemon import Daemon
from vfio_user import (BAR0, BAR2, BAR4, CONFIG, Client, Mailbox, capabilities, dvsecs,
                       extended_capabilities, register_blocks, size_bars)

MIB256 = 1 << 28
COMMIT, COMMITTED, REFUSED, LOCK = 1 << 9, 1 << 10, 1 << 11, 1 << 8


# ---- configuration space -------------------------------------------------------------------------


def test_header(client):
    """A CXL memory device (05 02 10), type 0, no interrupt pin, no ROM."""
    assert client.read(CONFIG, 9, 3) == b"\x10\x02\x05"
    assert client.config(0x0e, 1) == 0
    assert client.config(0x3d, 1) == 0 and client.config(0x30) == 0
    client.put_config(0x30, 0xffffffff)
    assert client.config(0x30) == 0


def test_command_register(client):
    """Memory and bus mastering can be switched; I/O space does not exist."""
    client.put_config(4, 0xffff, 2)
    assert client.config(4, 2) & 0x407 == 0x406
    client.put_config(4, 0, 2)
    assert client.config(4, 2) == 0


@pytest.mark.parametrize("payload", ["256", "4K", "1M"])
def test_bars_are_sized_as_hardware_is(start, payload):
    """Writing ones reads back the size; two 64-bit BARs, one of 32 bits; sizes as the protocol
    reports them; the BAR of the device registers is prefetchable."""
    device = start("--payload", payload)
    with Client(device.socket) as client:
        sizes = size_bars(client)
        assert {bar: kind for bar, (_, kind) in sizes.items()} == {BAR0: 4, BAR2: 0xc, BAR4: 0}
        for bar, (size, _) in sizes.items():
            assert size == client.region_info(bar)[0].size and size & (size - 1) == 0
        assert sizes[BAR0][0] == 65536
        client.put_config(0x10, 0xfebf0000)
        client.put_config(0x14, 0x12)
        assert (client.config(0x10), client.config(0x14)) == (0xfebf0004, 0x12)
        client.put_config(0x10, 0x12345678)
        assert client.config(0x10) == 0x12340004, "bits below the size are wired to 0"
        client.put_config(0x24, 0xffffffff)
        assert client.config(0x24) == 0, "BAR 5 does not exist"
        # addresses and enables are the VMM's business: registers work without
        client.put_config(4, 0, 2)
        assert Mailbox(client).command(0x4000)[0] == 0


def test_bars_byte_by_byte(client):
    client.put_config(0x10, 0)
    for i in range(4):
        client.put_config(0x10 + i, 0xff, 1)
    assert client.config(0x10) == 0xffff0004
    assert [client.config(0x10 + i, 1) for i in range(4)] == [4, 0, 0xff, 0xff]


def test_capability_list(client):
    """PCI Express (an endpoint), power management, MSI-X; every one once."""
    found = list(capabilities(client))
    assert sorted(kind for kind, _ in found) == [0x01, 0x10, 0x11]
    assert client.config(dict(found)[0x10] + 2, 2) & 0xff == 0x02, "an endpoint, version 2"


def test_extended_capability_list(client):
    """It begins at 100h, ends, and has error reporting, a serial number, DVSECs and DOE, none over
    another."""
    found = list(extended_capabilities(client))
    assert found[0][2] == 0x100
    assert sorted((kind, version) for kind, version, _ in found) == \
           [(0x01, 2), (0x03, 1), (0x23, 1), (0x23, 1), (0x23, 1), (0x23, 1), (0x2e, 1)]
    sizes = {0x01: 0x48, 0x03: 0x0c, 0x2e: 0x18}
    taken = sorted((at, at + (sizes.get(kind) or client.config(at + 4) >> 20))
                   for kind, _, at in found)
    assert all(end <= at for (_, end), (at, _) in zip(taken, taken[1:])), taken


def test_serial_number(client, qmp):
    """As given, and the same as Identify (0001h) says."""
    at = next(at for kind, _, at in extended_capabilities(client) if kind == 3)
    assert client.config(at + 4, 8) == 0x123456789abcdef0
    identify = bytes.fromhex(qmp.cmd("swcxl-cci", opcode=1)["payload"])
    assert identify[8:16] == client.read(CONFIG, at + 4, 8)
    assert identify[0:4] == client.read(CONFIG, 0, 4)
    assert identify[4:8] == client.read(CONFIG, 0x2c, 4)
    assert identify[0x11] == 3


def test_dvsecs(client):
    """registers.md 2: 0, 5, 7 and 8 are mandatory, with these lengths; revisions 3, 0, 2, 0."""
    assert {kind: rest[1:] for kind, rest in dvsecs(client).items()} == \
           {0: (0x3c, 3), 5: (0x10, 0), 7: (0x20, 2), 8: (0x1c, 0)}


def test_device_dvsec(client):
    """What Linux checks: memory capable, one range, valid and active, of the device's size."""
    at = dvsecs(client)[0][0]
    caps = client.config(at + 0x0a, 2)
    assert caps & 0x0f == 0x0e, "not cache, but IO, memory, hardware-initialised"
    assert caps >> 4 & 3 == 1, "one range"
    assert caps & 0x80 and caps & 0x800 and caps & 0x4000, "CXL reset with memory clear, viral"
    low = client.config(at + 0x1c)
    size = client.config(at + 0x18) << 32 | low & 0xf0000000
    assert low & 3 == 3 and low >> 2 & 7 == 2 and low >> 5 & 7 == 2 and size == 2 * MIB256
    assert client.config(at + 0x28, 8) == 0 and client.config(at + 0x30, 8) == 0


def test_device_dvsec_control(client):
    """Mem_Enable and Viral_Enable can be written; IO_Enable is 1 for ever; lock freezes them and
    the bases until a conventional reset."""
    at = dvsecs(client)[0][0]
    client.put_config(at + 0x0c, 0xffff, 2)
    assert client.config(at + 0x0c, 2) == 0x4006
    client.put_config(at + 0x0c, 0, 2)
    assert client.config(at + 0x0c, 2) == 0x0002
    client.put_config(at + 0x20, 0x12345678)
    client.put_config(at + 0x24, 0xffffffff)
    assert (client.config(at + 0x20), client.config(at + 0x24)) == (0x12345678, 0xf0000000)
    client.put_config(at + 0x14, 1, 2)
    client.put_config(at + 0x14, 0, 2)
    assert client.config(at + 0x14, 2) == 1, "the lock can be opened by a write"
    client.put_config(at + 0x0c, 0x4004, 2)
    client.put_config(at + 0x20, 0, 8)
    assert client.config(at + 0x0c, 2) == 0x0002
    assert (client.config(at + 0x20), client.config(at + 0x24)) == (0x12345678, 0xf0000000)
    client.put_config(at + 0x10, 4, 2)  # CXL reset is not a conventional one
    assert client.config(at + 0x14, 2) == 1
    client.reset()
    assert client.config(at + 0x14, 2) == 0 and client.config(at + 0x20) == 0


def test_range_size_cannot_be_written(client):
    at = dvsecs(client)[0][0]
    before = client.read(CONFIG, at + 0x18, 8)
    client.write(CONFIG, at + 0x18, b"\xff" * 8)
    assert client.read(CONFIG, at + 0x18, 8) == before


def test_register_locator(client):
    """Component registers (1) and device registers (3), 64 KiB aligned, inside of their BARs."""
    blocks = register_blocks(client)
    assert set(blocks) == {1, 3}
    for bar, offset in blocks.values():
        assert bar in (BAR0, BAR2) and offset % 65536 == 0
        assert offset < client.region_info(bar)[0].size
    assert blocks[1][0] == BAR0 and blocks[3][0] == BAR2


def test_flex_bus_and_gpf(client):
    """2.4: IO, memory and VH capable and negotiated. 2.3: a duration that can be read."""
    flex, gpf = dvsecs(client)[7][0], dvsecs(client)[5][0]
    assert client.config(flex + 0x0a, 2) & 0x26 == 0x26
    assert client.config(flex + 0x0e, 2) == 0x0026
    assert client.config(flex + 0x0c, 2) & 2, "IO is always enabled"
    duration = client.config(gpf + 0x0a, 2)
    assert duration & 0xf and duration >> 8 & 0xf <= 7 and client.config(gpf + 0x0c) > 0


INTERNAL, CORRECTED_INTERNAL = 1 << 22, 1 << 14


def test_error_reporting(client):
    """PCIe 7.8.4: internal errors, as advisory ones, are masked at first; masks and severity can be
    written; status is cleared by ones, and nothing sets it here; no root port's registers."""
    at = next(at for kind, _, at in extended_capabilities(client) if kind == 1)
    assert client.config(at + 8) == INTERNAL and client.config(at + 0x14) == 0xe000
    severity = client.config(at + 0x0c)
    assert severity & INTERNAL and severity & 0x40010 == 0x40010 and not severity & 0x101000
    for offset in (0x08, 0x0c, 0x14):
        client.put_config(at + offset, 0)
        assert client.config(at + offset) == 0
        client.put_config(at + offset, 0xffffffff)
        bits = client.config(at + offset)
        assert bits & CORRECTED_INTERNAL if offset == 0x14 else bits & INTERNAL
    for offset in (0x04, 0x10, *range(0x18, 0x48, 4)):
        client.put_config(at + offset, 0xffffffff)
        assert client.config(at + offset) == 0
    client.put_config(dvsecs(client)[0][0] + 0x10, 4, 2)
    assert client.config(at + 0x14) & CORRECTED_INTERNAL, "sticky: a CXL reset keeps it"
    client.reset()
    assert client.config(at + 0x14) == 0xe000 and client.config(at + 0x0c) == severity


def test_writing_everything_breaks_nothing(device, client):
    """All ones, all zeros, to all of it, at every width; then reset: as it was."""
    with Client(device.socket, version=False) as other:
        assert other.closed()
    before = client.read(CONFIG, 0, 4096)
    for width in (1, 2, 4, 8):
        for value in (b"\xff", b"\0", b"\xaa"):
            for at in range(0, 4096, width):
                # posted, which config writes never are, for speed alone
                client.write(CONFIG, at, value * width, posted=True)
    client.reset()
    assert client.read(CONFIG, 0, 4096) == before


# ---- component registers -------------------------------------------------------------------------


def component(client):
    """{capability ID: (offset in BAR 0, version)}"""
    base = register_blocks(client)[1][1] + 0x1000
    head = client.get(BAR0, base)
    assert head & 0xffff == 1 and head >> 16 & 0xf == 1 and head >> 20 & 0xf == 1
    rows = [client.get(BAR0, base + 4 + 4 * i) for i in range(head >> 24)]
    return {row & 0xffff: (base + (row >> 20), row >> 16 & 0xf) for row in rows}


def test_component_capabilities(client):
    """3.1: RAS, Link and HDM Decoder are mandatory."""
    found = component(client)
    assert set(found) == {2, 4, 5}
    assert found[2][1] <= 3 and found[4][1] <= 4 and found[5][1] <= 3


def test_component_reserved_ranges_read_zero(client):
    for at in (0, 0x2000, 0xe000, 0xf000):
        client.write(BAR0, at, b"\xff" * 64)
        assert client.read(BAR0, at, 4096) == bytes(4096)


def test_link_is_up(client):
    """3.3: the initialisation state is 3, "done"."""
    at = component(client)[4][0]
    assert client.get(BAR0, at + 8) >> 3 & 3 == 3


ALL_UNCORRECTABLE = 0x3cfff  # 0-11, 14-17
ALL_CORRECTABLE = 0x7f


def test_ras_masks_and_status(client):
    """3.2: masks and severity are 1 after reset and can be written; status is cleared by ones, and
    by nothing set."""
    at = component(client)[2][0]
    for offset in (4, 8):
        assert client.get(BAR0, at + offset) == ALL_UNCORRECTABLE
        client.put(BAR0, at + offset, 0)
        assert client.get(BAR0, at + offset) == 0
        client.put(BAR0, at + offset, 0xffffffff)
        assert client.get(BAR0, at + offset) == ALL_UNCORRECTABLE
    assert client.get(BAR0, at + 0x10) == ALL_CORRECTABLE
    client.put(BAR0, at + 0x10, 0x15)
    assert client.get(BAR0, at + 0x10) == 0x15
    for offset in (0, 0x0c):
        for value in (0xffffffff, 0, 0x5555):
            client.put(BAR0, at + offset, value)
            assert client.get(BAR0, at + offset) == 0
    assert client.get(BAR0, at + 0x14) == 1 << 13 | 1 << 9, "poison is enabled; several headers"
    client.put(BAR0, at + 0x14, 0)
    assert client.get(BAR0, at + 0x14) == 1 << 9
    client.write(BAR0, at + 0x18, b"\xff" * 64)
    assert client.read(BAR0, at + 0x18, 64) == bytes(64)


def test_ras_survives_a_cxl_reset(client):
    """registers.md 6: sticky registers (RWS: mask, severity, control) survive hot and CXL reset."""
    at = component(client)[2][0]
    client.put(BAR0, at + 4, 0x11)
    client.put(BAR0, at + 8, 0x22)
    client.put(BAR0, at + 0x10, 0x33)
    client.put(BAR0, at + 0x14, 0)
    client.put_config(dvsecs(client)[0][0] + 0x10, 4, 2)
    assert [client.get(BAR0, at + offset) for offset in (4, 8, 0x10, 0x14)] == \
           [0x11, 0x22, 0x33, 1 << 9]


class Hdm:
    """The HDM decoders."""

    def __init__(self, client):
        self.client = client
        self.at = component(client)[5][0]

    def put(self, n, offset, value, width=4):
        self.client.put(BAR0, self.at + 0x10 + 0x20 * n + offset, value, width)

    def get(self, n, offset, width=4):
        return self.client.get(BAR0, self.at + 0x10 + 0x20 * n + offset, width)

    def program(self, n, base, size, ways=0, granularity=0, skip=0, flags=0):
        """Writes a decoder and commits it; what became of it."""
        self.put(n, 0x10, 0)
        for offset, value in ((0, base), (8, size), (0x14, skip)):
            self.put(n, offset, value & 0xffffffff)
            self.put(n, offset + 4, value >> 32)
        self.put(n, 0x10, COMMIT | flags | ways << 4 | granularity)
        return self.get(n, 0x10) & (COMMITTED | REFUSED)


@pytest.fixture
def hdm(client):
    return Hdm(client)


TIB = 1 << 40


def test_hdm_capability(client, hdm):
    """3.4: a device has at most ten decoders; a granularity group; global enable can be written."""
    caps = client.get(BAR0, hdm.at)
    assert {0: 1, 1: 2, 2: 4, 3: 6, 4: 8, 5: 10}[caps & 0xf] == 4
    assert caps & 0x300 and caps >> 4 & 0xf == 0 and caps >> 16 & 0xf == 0
    client.put(BAR0, hdm.at, 0xffffffff)
    assert client.get(BAR0, hdm.at) == caps
    assert client.get(BAR0, hdm.at + 4) == 0
    client.put(BAR0, hdm.at + 4, 0xffffffff)
    assert client.get(BAR0, hdm.at + 4) == (3 if caps & 0x400 else 2)
    assert hdm.get(4, 0, 8) == 0 and hdm.program(4, 0, MIB256) == 0, "a fifth decoder"


def test_hdm_commit(hdm):
    """Exactly one of committed and error becomes 1; clearing commit clears committed."""
    assert hdm.program(0, TIB, MIB256) == COMMITTED
    assert hdm.program(1, TIB + MIB256, MIB256) == COMMITTED
    hdm.put(1, 0x10, 0)
    assert hdm.get(1, 0x10) & (COMMITTED | REFUSED) == 0
    hdm.put(0, 0x10, 0)
    assert hdm.get(0, 0x10) & (COMMITTED | REFUSED) == 0


def test_hdm_low_bits_are_wired_to_zero(hdm):
    for offset in (0, 8, 0x14):
        hdm.put(0, offset, 0xffffffff)
        assert hdm.get(0, offset) == 0xf0000000
    hdm.put(0, 0x10, COMMITTED | REFUSED)
    assert hdm.get(0, 0x10) & (COMMITTED | REFUSED) == 0, "they are read-only"


def test_hdm_high_halves_are_kept(hdm):
    for offset in (4, 0xc, 0x18):
        for value in (0xffffffff, 1, 0x80000000, 0):
            hdm.put(0, offset, value)
            assert hdm.get(0, offset) == value


def test_hdm_error_goes_with_a_good_commit(hdm):
    assert hdm.program(0, 0, MIB256, granularity=7) == REFUSED
    assert hdm.program(0, 0, MIB256) == COMMITTED


@pytest.mark.parametrize("granularity", range(16))
def test_hdm_granularity(hdm, granularity):
    """0 to 6 are 256 bytes to 16 KiB; the rest is reserved."""
    expected = COMMITTED if granularity <= 6 else REFUSED
    assert hdm.program(0, 0, MIB256, granularity=granularity) == expected


WAYS = {0: 1, 1: 2, 2: 4, 3: 8, 4: 16, 8: 3, 9: 6, 10: 12}


@pytest.mark.parametrize("code", range(16))
def test_hdm_ways(hdm, code):
    """Reserved encodings do not commit, and break nothing; 3, 6 and 12 ways need a multiple of
    3 x 256 MiB."""
    ways = WAYS.get(code)
    size = MIB256 * (3 if code >= 8 else 1)
    assert hdm.program(0, 0, size, ways=code) == (COMMITTED if ways else REFUSED)
    assert hdm.program(1, size, MIB256) == (COMMITTED if ways else REFUSED)
    hdm.put(0, 0x10, 0)
    if code >= 8:
        assert hdm.program(0, 0, MIB256 * 4, ways=code) == REFUSED
        assert hdm.program(0, 0, MIB256 * 2, ways=code) == REFUSED


def test_hdm_committed_decoder_does_not_change(hdm):
    """A reserved encoding written over a committed decoder, whole or in bytes, does not get
    through to the next commit."""
    assert hdm.program(0, 0, MIB256) == COMMITTED
    hdm.put(0, 0x10, COMMIT | 0xf0)
    hdm.put(0, 0x10, 0xf0, 1)
    hdm.put(0, 8, 0)
    assert hdm.get(0, 0x10) & 0xff == 0 and hdm.get(0, 8, 8) == MIB256
    assert hdm.program(1, MIB256, MIB256) == COMMITTED
    assert hdm.get(0, 0x10) & COMMITTED


def test_hdm_order(hdm):
    """Decoders commit in order, and the next begins where the one before ends, or above."""
    assert hdm.program(1, 0, MIB256) == REFUSED
    assert hdm.program(0, TIB, MIB256) == COMMITTED
    assert hdm.program(2, 2 * TIB, 0) == REFUSED
    assert hdm.program(1, TIB, MIB256) == REFUSED
    assert hdm.program(1, 0, MIB256) == REFUSED
    assert hdm.program(1, 2 * TIB, MIB256) == COMMITTED


def test_hdm_wrap(hdm):
    top = (1 << 64) - MIB256
    assert hdm.program(0, top, 2 * MIB256) == REFUSED
    assert hdm.program(0, top, MIB256) in (COMMITTED, REFUSED)  # it ends at 2^64: either is sound
    hdm.put(0, 0x10, 0)
    assert hdm.program(0, 0, top) == REFUSED, "more than the device has"
    assert hdm.program(0, 0, MIB256, skip=top) == REFUSED
    assert hdm.program(0, 0, top, ways=4, skip=top) == REFUSED


def test_hdm_capacity(hdm):
    """Skips and shares add up to at most what the device has: 512 MiB here."""
    assert hdm.program(0, 0, 3 * MIB256) == REFUSED
    assert hdm.program(0, 0, 2 * MIB256, skip=MIB256) == REFUSED
    assert hdm.program(0, 0, 4 * MIB256, ways=1) == COMMITTED, "two ways: half of it is ours"
    assert hdm.program(1, 4 * MIB256, MIB256) == REFUSED
    hdm.put(0, 0x10, 0)
    assert hdm.program(0, 0, MIB256, skip=MIB256) == COMMITTED
    assert hdm.program(1, MIB256, MIB256) == REFUSED


def test_hdm_size_zero(hdm):
    """Legal, and consumes nothing."""
    assert hdm.program(0, 0, 0) == COMMITTED
    assert hdm.program(1, 0, 2 * MIB256) == COMMITTED
    assert hdm.program(2, 2 * MIB256, 0) == COMMITTED


def test_hdm_lock(client, hdm):
    """Lock on commit: nothing changes any more until a conventional reset, which frees it."""
    assert hdm.program(0, 0, MIB256, flags=LOCK) == COMMITTED
    before = client.read(BAR0, hdm.at + 0x10, 0x20)
    client.write(BAR0, hdm.at + 0x10, bytes(0x20))
    client.write(BAR0, hdm.at + 0x10, b"\xff" * 0x20)
    assert client.read(BAR0, hdm.at + 0x10, 0x20) == before
    client.reset()
    assert client.read(BAR0, hdm.at + 0x10, 0x20) == bytes(0x20)
    assert hdm.program(0, 0, MIB256, flags=LOCK, granularity=9) == REFUSED
    assert hdm.program(0, 0, MIB256) == COMMITTED, "a refused decoder is not locked"


def test_hdm_lock_and_cxl_reset(client, hdm):
    """registers.md 3.4: locked "until the next conventional reset", which a CXL reset is not."""
    assert hdm.program(0, 0, MIB256, flags=LOCK) == COMMITTED
    before = client.read(BAR0, hdm.at + 0x10, 0x20)
    client.put_config(dvsecs(client)[0][0] + 0x10, 4, 2)
    client.write(BAR0, hdm.at + 0x10, bytes(0x20))
    assert client.read(BAR0, hdm.at + 0x10, 0x20) == before


def test_hdm_refused_by_option(start):
    """--hdm-commit refuse: hosts cannot online memory that nothing would route to."""
    device = start("--hdm-commit", "refuse")
    with Client(device.socket) as client:
        hdm = Hdm(client)
        for size in (MIB256, 0):
            assert hdm.program(0, 0, size) == REFUSED
        assert Mailbox(client).command(0x4000)[0] == 0


def test_component_registers_survive_noise(client):
    """Every dword of the block, with values that commit, lock, divide and wrap."""
    for value in (0xffffffff, 0x3ff, 0x2f0, 0x310, 0x200, 0, 0x2ff):
        for at in range(0x1000, 0x1200, 4):
            client.put(BAR0, at, value, posted=True)
        for at in range(0x1000, 0x1200):
            client.put(BAR0, at, value & 0xff, 1, posted=True)
    client.write(BAR0, 0x1000, struct.pack("<Q", 0x3ff) * 64)
    client.reset()
    assert Hdm(client).program(0, 0, MIB256) == COMMITTED


# ---- all of them -------------------------------------------------------------------------------


# Bits that reset the function, or what is CXL in it.
RESETS = {(CONFIG, 0x68): 1 << 15, (CONFIG, 0x120): 1 << 2}


def measured(client, region, start, end):
    """A line for each dword that is not wired to zero: what it is after a reset, after ones were
    written, and then zeros."""
    for at in range(start, end, 4):
        was = client.get(region, at)
        client.put(region, at, 0xffffffff & ~RESETS.get((region, at), 0))
        ones = client.get(region, at)
        client.put(region, at, 0)
        zeros = client.get(region, at)
        if ones != was or zeros != was:
            client.reset()
        if was or ones or zeros:
            yield f"{at:04x} {was:08x} {ones:08x} {zeros:08x}"


def test_every_register_is_this(start):
    """registers.txt says once more, beside the tables, what a driver finds: whoever changes one of
    them looks up in the specification which of the two is right."""
    device = start("--volatile", "512M", "--persistent", "256M", "--serial", "1")
    expected = (Path(__file__).parent / "registers.txt").read_text().splitlines()
    with Client(device.socket) as client:
        found = [f"{name} {line}" for name, region, span in (
            ("config", CONFIG, (0, 4096)), ("component", BAR0, (0x1000, 0x1400)),
            ("device", BAR2, (0x10000, 0x10200))) for line in measured(client, region, *span)]
    assert found == [line for line in expected if line and line[0] != "#"]


def spans(lines):
    """Of the writes of single zeros in a trace: where each name begins, and for how many bytes."""
    for line in lines:
        found = re.match(r"\d+ write (\w+) ([\w.-]+?)(?:\+\d+)? = 0x00 \| (\w+) ", line)
        assert found, line
        if "0x" not in found[2]:
            yield found[1], found[2], int(found[3], 16)


def test_every_register_has_this_name(tmp_path):
    """register_names.txt: how a trace names what is written, which people and scripts read."""
    with Daemon("--volatile", "256M", "--trace", tmp_path / "trace") as device:
        with Client(device.socket) as client:
            for region, span in ((CONFIG, (0, 0x240)), (BAR0, (0x1080, 0x1240))):
                for at in range(*span):
                    client.put(region, at, 0, 1)
    names = {}
    for block, name, at in spans(line for line in (tmp_path / "trace").read_text().splitlines()
                                 if " write " in line):
        names.setdefault((block, name), []).append(at)
    found = [f"{block} {at[0]:04x} {len(at)} {name}" for (block, name), at in names.items()]
    assert found == (Path(__file__).parent / "register_names.txt").read_text().splitlines()
