# SPDX-License-Identifier: MIT
"""MSI-X: vectors come and go as a guest and its VMM like, and an interrupt that finds none is not
lost: event interrupts are edges that nobody repeats."""

import struct

import pytest
from vfio_user import (BAR4, BOOL, CONFIG, ERR, EVENTFD, MSIX, NONE, TRIGGER, Client, Mailbox,
                       capabilities, eventfds)

SECOND = 1000000000
PBA = 0x800
ATTACH = EVENTFD | TRIGGER  # without descriptors: detach


@pytest.fixture
def irqs():
    fds = eventfds(8)
    yield fds
    for irq in fds:
        irq.close()


def attach(client, irqs, start=0):
    client.set_irqs(ATTACH, MSIX, start, len(irqs), [irq.fd for irq in irqs])


def pending(client):
    return client.get(BAR4, PBA, 8)


def fire(client, vector):
    client.set_irqs(NONE | TRIGGER, MSIX, vector, 1)


def test_capability_says_what_irq_info_says(client):
    at = dict(capabilities(client))[0x11]
    control, table, pba = client.config(at + 2, 2), client.config(at + 4), client.config(at + 8)
    assert (control & 0x7ff) + 1 == client.irq_info(MSIX).count == 8
    assert (table & 7, table & ~7) == (BAR4, 0), "page aligned, or Cloud Hypervisor doubles a BAR"
    assert (pba & 7, pba & ~7) == (BAR4, PBA)
    assert control & 0xc000 == 0
    client.put_config(at + 2, 0xffff, 2)  # only enable and function mask can be written
    assert client.config(at + 2, 2) == 0xc007


def test_trigger_fires_each_vector(client, irqs):
    attach(client, irqs)
    for i in range(8):
        fire(client, i)
        assert [irq.fired() for irq in irqs] == [1 if j == i else 0 for j in range(8)]
    client.set_irqs(NONE | TRIGGER, MSIX, 2, 3)
    assert [irq.fired() for irq in irqs] == [0, 0, 1, 1, 1, 0, 0, 0]
    client.set_irqs(BOOL | TRIGGER, MSIX, 1, 4, data=b"\1\0\xff\0")
    assert [irq.fired() for irq in irqs] == [0, 1, 0, 1, 0, 0, 0, 0]
    assert pending(client) == 0


def test_detached_vector_is_pending_and_fires_when_attached(client, irqs):
    fire(client, 3)
    fire(client, 3)
    fire(client, 7)
    assert pending(client) == 0x88
    assert client.read(BAR4, PBA, 1) == b"\x88" and client.get(BAR4, PBA, 4) == 0x88
    client.write(BAR4, PBA, b"\xff" * 8)  # writes are dropped
    assert pending(client) == 0x88
    attach(client, irqs[:3])
    assert pending(client) == 0x88 and not any(irq.fired() for irq in irqs)
    attach(client, irqs[3:4], 3)
    assert pending(client) == 0x80 and irqs[3].fired() == 1, "once, however often it was signalled"
    attach(client, irqs[3:4], 3)
    assert irqs[3].fired() == 0


def test_as_qemu_enables_and_unmasks(client, irqs):
    """Without NORESIZE: nothing, then vector 7, then 2; a vector is re-pointed at any time."""
    client.set_irqs(ATTACH, MSIX, 0, 1)
    client.set_irqs(NONE | TRIGGER)
    client.set_irqs(ATTACH, MSIX, 0, 7)
    attach(client, irqs[7:], 7)
    attach(client, irqs[2:3], 2)
    fire(client, 7)
    fire(client, 2)
    assert irqs[7].fired() == irqs[2].fired() == 1
    attach(client, irqs[0:1], 7)  # from KVM's descriptor to QEMU's own
    fire(client, 7)
    assert (irqs[0].fired(), irqs[7].fired()) == (1, 0)
    client.set_irqs(ATTACH, MSIX, 7, 1)
    fire(client, 7)
    assert irqs[0].fired() == 0 and pending(client) == 0x80
    client.set_irqs(NONE | TRIGGER)  # disables all, and what is pending stays
    fire(client, 2)
    assert irqs[2].fired() == 0 and pending(client) == 0x84


def test_table_is_memory(client):
    """VMMs keep the table; ours reads back what was written, and is 0 after a reset."""
    client.write(BAR4, 0, bytes(range(128)))
    assert client.read(BAR4, 0, 128) == bytes(range(128))
    client.write(BAR4, PBA + 8, b"\xff" * 64)
    assert client.read(BAR4, PBA, 128) == bytes(128)
    client.reset()
    assert client.read(BAR4, 0, 128) == bytes(128)


def test_table_and_pending_bits_at_every_width(client):
    """Every access to the BAR: the table takes what is written, and nothing else does."""
    size = client.region_info(BAR4)[0].size
    bar = bytearray(size)
    for offset in [*range(130), PBA - 8, *range(PBA - 1, PBA + 9), size - 8, size - 1]:
        for width in (1, 2, 4, 8):
            if offset + width > size:
                continue
            ones = (1 << 8 * width) - 1
            for value in (ones, 1 << (offset % (8 * width)), ones ^ (1 << (offset % (8 * width))), 0):
                data = value.to_bytes(width, "little")
                client.write(BAR4, offset, data)
                fits = max(min(width, 128 - offset), 0)
                bar[offset:offset + fits] = data[:fits]
                assert client.read(BAR4, offset, width) == bar[offset:offset + width]
        assert client.read(BAR4, 0, size) == bar


def test_reset_forgets_what_is_pending_and_keeps_vectors(client, irqs):
    attach(client, irqs[1:2], 1)
    fire(client, 0)
    client.reset()
    assert pending(client) == 0
    fire(client, 1)
    assert irqs[1].fired() == 1


def test_new_client_finds_nothing_pending_or_attached(device, irqs):
    with Client(device.socket) as first:
        attach(first, irqs[:1])
        fire(first, 1)
    with Client(device.socket) as second:
        assert pending(second) == 0
        fire(second, 0)
        assert irqs[0].fired() == 0, "the vector of a client that has gone"
        assert pending(second) == 1


def test_error_interrupt_is_stored_and_never_fired(client, irqs):
    client.set_irqs(ATTACH, ERR, 0, 1, [irqs[0].fd])
    client.set_irqs(NONE | TRIGGER, ERR, 0, 1)
    client.set_irqs(NONE | TRIGGER, ERR)
    client.set_irqs(ATTACH, ERR, 0, 1)
    assert irqs[0].fired() == 0, "it would stop the VM"
    fire(client, 0)
    assert irqs[0].fired() == 0 and pending(client) == 1


def scan(box, lines=4):
    """A scan of some lines: 500 ns each."""
    assert box.command(0x4304, struct.pack("<QQB", 0, lines, 0))[0] == 1


def test_doorbell_interrupt(client, irqs):
    box = Mailbox(client)
    attach(client, irqs)
    assert box.caps & 0x20 and box.vector < 8
    box.ok(0x4000)
    assert not any(irq.fired() for irq in irqs)
    box.enable_interrupts(doorbell=True)
    box.ok(0x4000)
    box.ok(0x9999, rc=3)  # however the command ended
    assert irqs[box.vector].fired() == 2
    box.enable_interrupts()
    box.ok(0x4000)
    assert not any(irq.fired() for irq in irqs)


def test_background_interrupt_after_linux_has_rung(client, qmp, irqs):
    """Linux enables the interrupt, and then rings with the value 1 for every command."""
    box = Mailbox(client)
    attach(client, irqs)
    assert box.caps & 0x40
    box.put(box.CONTROL, 4)
    for _ in range(3):
        box.ok(0x4000)
    assert box.get(box.CONTROL) == 4, "a write of 1 sets bits and clears none"
    scan(box)
    qmp.cmd("swcxl-clock-step", nanoseconds=1999)
    assert irqs[box.vector].fired() == 0 and box.background()[0]
    qmp.cmd("swcxl-clock-step", nanoseconds=1)
    irqs[box.vector].wait()
    assert box.background() == (False, 0x4304, 100, 0)
    assert sum(irq.fired() for irq in irqs) == 0


def test_background_interrupt_when_aborted(client, irqs):
    """X-1: the interrupt comes for an abort too."""
    box = Mailbox(client)
    attach(client, irqs)
    box.enable_interrupts(background=True)
    scan(box)
    assert irqs[box.vector].fired() == 0
    box.ok(0x0005)
    assert irqs[box.vector].fired() == 1
    running, opcode, percent, rc = box.background()
    assert (running, opcode, rc) == (False, 0x4304, 0x12) and percent < 100


def test_background_interrupt_only_for_the_mailboxs_own(client, qmp, irqs):
    """Q-4: what the control socket started is not the mailbox's business."""
    box = Mailbox(client)
    attach(client, irqs)
    box.enable_interrupts(background=True)
    payload = struct.pack("<QQB", 0, 4, 0).hex()
    assert qmp.cmd("swcxl-cci", opcode=0x4304, payload=payload)["return-code"] == 1
    assert box.background() == (False, 0, 0, 0)
    qmp.cmd("swcxl-clock-step", nanoseconds=SECOND)
    assert irqs[box.vector].fired() == 0 and box.background() == (False, 0, 0, 0)


def test_event_interrupts_are_edges(client, qmp, irqs):
    """From empty to not empty; again after the log was emptied; each log its own vector."""
    box = Mailbox(client)
    attach(client, irqs)
    box.ok(0x0103, b"\1\1\1\1")
    policy = box.ok(0x0102)
    vectors = [byte >> 4 for byte in policy[:4]]
    assert len(set(vectors)) == 4 and box.vector not in vectors
    for log, source in ((0, "injected"), (1, "external"), (2, "internal")):
        start = 0x10000 * (log + 1)
        qmp.cmd("swcxl-plant-poison", start=start, length=64, source=source)
        irqs[vectors[log]].wait()
        qmp.cmd("swcxl-plant-poison", start=start + 0x1000, length=64, source=source)
        client.config(0)
        assert irqs[vectors[log]].fired() == 0, "an interrupt for a second record"
        records = box.ok(0x0100, bytes([log]))
        handles = [records[0x20 + 0x80 * i + 0x14:][:2] for i in range(records[0x14])]
        assert len(handles) == 2
        box.ok(0x0101, bytes([log, 0, 1, 0, 0, 0]) + handles[0])
        qmp.cmd("swcxl-plant-poison", start=start + 0x2000, length=64, source=source)
        client.config(0)
        assert irqs[vectors[log]].fired() == 0, "the log was not empty"
        records = box.ok(0x0100, bytes([log]))
        handles = [records[0x20 + 0x80 * i + 0x14:][:2] for i in range(records[0x14])]
        box.ok(0x0101, bytes([log, 0, len(handles), 0, 0, 0]) + b"".join(handles))
        qmp.cmd("swcxl-plant-poison", start=start + 0x3000, length=64, source=source)
        irqs[vectors[log]].wait()
    assert sum(irq.fired() for irq in irqs) == 0


def test_event_interrupt_that_nobody_heard_is_pending(start, irqs):
    """It fires when the guest's driver has its vectors."""
    device = start("--clock", "virtual")
    with Client(device.socket) as client, device.qmp() as qmp:
        box = Mailbox(client)
        box.ok(0x0103, b"\1\1\1\1")
        vector = box.ok(0x0102)[2] >> 4
        qmp.cmd("swcxl-plant-poison", start=0, length=64, source="internal")
        assert pending(client) == 1 << vector
        attach(client, irqs)
        assert irqs[vector].fired() == 1 and pending(client) == 0
        client.reset()  # the policy is off after a conventional reset
        assert box.ok(0x0102) == bytes(5)
        assert client.read(CONFIG, 0, 2) == b"\x98\x1e"
