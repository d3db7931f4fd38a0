# SPDX-License-Identifier: MIT
"""Mailbox registers that a client maps (ADR 0024): no message says that a doorbell rang. The page is
hostile memory: what a guest stores there, and when, must not matter to anybody but itself."""

import mmap
import os
import random
import struct
import time

import pytest
from daemon import wait_until
from vfio_user import BAR2, EVENTFD, MSIX, TRIGGER, Client, Mailbox, assert_serves, eventfds

MAPPED = "registers"
REGISTERS = 4096 - 0x20  # in the page


def rings(qmp):
    return qmp.cmd("swcxl-query-stats")["vfio-user"]["doorbells"]


def messages(qmp):
    return qmp.cmd("swcxl-query-stats")["vfio-user"]["messages"]


@pytest.fixture
def box(client):
    return Mailbox(client, mapped=MAPPED)


@pytest.fixture
def irqs(client):
    fds = eventfds(8)
    client.set_irqs(EVENTFD | TRIGGER, MSIX, 0, 8, [irq.fd for irq in fds])
    yield fds
    for irq in fds:
        irq.close()


def scan(box, n=4):
    box.ok(0x4304, struct.pack("<QQB", 0, n, 0), rc=1)


# ---- as a driver uses it -------------------------------------------------------------------------


def test_command_needs_no_message(box, qmp):
    before = messages(qmp), rings(qmp)
    out = box.ok(0x4000)
    box.ok(0x9999, rc=3)
    assert len(out) == 0x45 and messages(qmp) == before[0] and rings(qmp) == before[1] + 2


def test_registers_are_those_of_messages(box, client, qmp):
    """Whatever was written in either way can be read in either way."""
    trapped = Mailbox(client)
    for _ in range(3):
        for mailbox, other in (box, trapped), (trapped, box):
            mailbox.put_payload(struct.pack("<Q", 77))
            assert mailbox.ring(0x0301, 8) == 0
            assert other.ring(0x0300, 0) == 0
            for register in range(0, 0x20, 4):
                assert box.get(register) == trapped.get(register), register
            mailbox.put(mailbox.COMMAND, 0x123450301, 8)
            assert other.get(mailbox.COMMAND, 8) == 0x123450301
            mailbox.put(mailbox.CONTROL, 6)
            wait_until("it is seen", lambda: trapped.get(box.CONTROL) == 6)
            assert box.get(box.CONTROL) == 6
            mailbox.put(mailbox.CONTROL, 0)


def test_doorbell_in_memory_and_then_a_message(box, client):
    """What was rung for is done before a message that comes after it."""
    trapped = Mailbox(client)
    for _ in range(200):
        box.put(box.COMMAND, 0x4000, 8)
        box.put(box.CONTROL, 1)
        assert trapped.get(box.CONTROL) == 0
        assert trapped.get(box.COMMAND, 8) == 0x4000 | 0x45 << 16


def test_secondary_mailbox(client, qmp):
    both = Mailbox(client, mapped=MAPPED), Mailbox(client, secondary=True, mapped=MAPPED)
    for box in both * 2:
        assert len(box.ok(0x4000)) == 0x45
    both[1].put(Mailbox.CONTROL, 6)
    both[1].ok(0x4000)
    assert both[1].get(Mailbox.CONTROL) == 0, "it has no interrupts"
    scan(both[0])
    assert both[0].background()[0] and not both[1].background()[0]


def test_both_doorbells_at_once(client):
    boxes = Mailbox(client, mapped=MAPPED), Mailbox(client, secondary=True, mapped=MAPPED)
    for _ in range(100):
        for box in boxes:
            box.put(box.COMMAND, 0x4000, 8)
        for box in boxes:
            box.put(box.CONTROL, 1)
        for box in boxes:
            wait_until("it is done", lambda: box.get(box.CONTROL) == 0)
            assert box.get(box.COMMAND, 8) == 0x4000 | 0x45 << 16


def test_doorbell_interrupt(box, irqs):
    box.enable_interrupts(doorbell=True)
    time.sleep(0.02)  # longer than --poll
    for _ in range(3):
        box.ok(0x4000)  # rings with 1, as Linux does
        irqs[box.vector].wait()
    assert box.get(box.CONTROL) == 2


def test_background_status_moves_in_memory(box, qmp, irqs):
    scan(box, 1000)  # 500 ns each
    assert box.background() == (True, 0x4304, 0, 0)
    qmp.cmd("swcxl-clock-step", nanoseconds=250000)
    assert box.background() == (True, 0x4304, 50, 0)
    qmp.cmd("swcxl-clock-step", nanoseconds=250000)
    assert box.background() == (False, 0x4304, 100, 0)
    assert irqs[box.vector].fired() == 1


def test_background_interrupt_that_linux_enables_just_before_it_rings(box, qmp, irqs):
    """The enable is overwritten by the ring, maybe before anybody has looked."""
    for i in range(50):
        box.put(box.CONTROL, 0)
        box.put(box.CONTROL, 4)
        scan(box)
        qmp.cmd("swcxl-clock-step", nanoseconds=2000)
        assert box.background() == (False, 0x4304, 100, 0)
        assert irqs[box.vector].fired() == 1, i


def test_completion_is_published_before_its_interrupt(start):
    """A handler that reads the registers finds the end of what interrupted it."""
    device = start("--scan-ns-per-line", "1")
    with Client(device.socket) as client:
        box = Mailbox(client, mapped=MAPPED)
        fds = eventfds(8)
        client.set_irqs(EVENTFD | TRIGGER, MSIX, 0, 8, [irq.fd for irq in fds])
        box.put(box.CONTROL, 4)
        for _ in range(20):
            scan(box)
            fds[box.vector].wait()
            assert box.background() == (False, 0x4304, 100, 0)
        for irq in fds:
            irq.close()


def test_delayed_reply_keeps_the_doorbell(box, qmp):
    qmp.cmd("swcxl-fault", fault="delay", opcode=0x4000, value=1000)
    box.put(box.COMMAND, 0x4000, 8)
    box.put(box.CONTROL, 1)
    time.sleep(0.02)
    box.put(box.COMMAND, 0x9999, 8)  # not its turn: comes to nothing
    assert box.get(box.CONTROL) & 1
    qmp.cmd("swcxl-clock-step", nanoseconds=1000)
    wait_until("it is done", lambda: not box.get(box.CONTROL) & 1)
    assert box.get(box.COMMAND, 8) == 0x4000 | 0x45 << 16


def test_durable_reply_waits_for_its_commit(start, tmp_path):
    device = start("--state", str(tmp_path / "state"), "--persistent", "256M")
    with Client(device.socket) as client, device.qmp() as qmp:
        box = Mailbox(client, mapped=MAPPED)
        for i in range(20):
            box.ok(0x4103, struct.pack("<II", 64 * i, 0) + bytes([i]) * 64)
        assert rings(qmp) == 20 and qmp.cmd("swcxl-query-stats")["state"]["commits"]
        assert box.ok(0x4102, struct.pack("<II", 64 * 7, 64)) == b"\7" * 64


def test_reset_clears_registers(box, client):
    box.put(box.CONTROL, 6)
    box.ok(0x4000)
    client.reset()
    assert box.get(box.COMMAND, 8) == 0 and box.get(box.CONTROL) == 0
    assert box.get(box.STATUS, 8) == 0 and box.get(box.CAPS) == box.caps


# ---- hostile memory ------------------------------------------------------------------------------


def test_read_only_registers_are_restored(box):
    """By the next command; what the device believes is its own."""
    box.page[REGISTERS:] = b"\xff" * 0x20
    wait_until("it is answered", lambda: not box.get(box.CONTROL) & 1)
    assert box.get(box.STATUS, 8) >> 32 == 3  # opcode ffff
    assert box.get(box.CAPS) == box.caps and box.background() == (False, 0, 0, 0)
    assert box.get(box.CONTROL) == 6
    box.put(box.CAPS, 0)
    box.put(box.BACKGROUND, 2**64 - 1, 8)
    box.put(box.STATUS, 2**64 - 1, 8)
    box.ok(0x4000)
    assert box.get(box.CAPS) == box.caps and box.background() == (False, 0, 0, 0)


def test_rest_of_the_page_means_nothing(box, client):
    box.page[:REGISTERS] = b"\xff" * REGISTERS
    assert len(box.ok(0x4000)) == 0x45
    assert client.read(BAR2, box.base + 0x20 - 4096, REGISTERS) == bytes(REGISTERS)


def test_half_a_command_is_none(box, qmp):
    """The command register in two halves, with looks in between: nothing is put back."""
    before = rings(qmp)
    for i in range(20):
        box.put(box.COMMAND, 0x0008_4103 if i % 2 else 0x4000)
        time.sleep(0.003)
        box.put(box.COMMAND + 4, 0)
        time.sleep(0.003)
        assert box.get(box.COMMAND) == (0x0008_4103 if i % 2 else 0x4000)
    assert rings(qmp) == before


def test_scribbling_guest(device):
    """Another processor of the guest writes anything anywhere in both areas, all the time."""
    with Client(device.socket) as client, device.qmp() as qmp:
        boxes = [Mailbox(client, n, mapped=MAPPED) for n in (False, True)]
        child = os.fork()
        if child == 0:
            until = time.monotonic() + 20
            while time.monotonic() < until:
                for box in boxes:
                    at = random.randrange(0x20)
                    box.page[REGISTERS + at:REGISTERS + at + 1] = os.urandom(1)
                    box.page[REGISTERS + 4:REGISTERS + 5] = b"\1"
                    box.memory[:64] = os.urandom(64)
            os._exit(0)
        try:
            before = rings(qmp)
            until = time.monotonic() + 2
            while time.monotonic() < until:
                qmp.cmd("swcxl-query-device")  # others are served meanwhile
                assert client.get(BAR2, boxes[0].base) == boxes[0].caps
            assert rings(qmp) > before + 100
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)
        client.reset()
        for box in boxes:
            wait_until("it is quiet", lambda: not box.get(box.CONTROL) & 1)
            assert len(box.ok(0x4000)) == 0x45
    assert_serves(device)


def test_client_that_went_keeps_nothing(device):
    """Its doorbell is nobody's, and the next client's page is new."""
    first = Client(device.socket)
    old = Mailbox(first, mapped=MAPPED).page
    first.maps = []
    first.close()
    with Client(device.socket) as second, device.qmp() as qmp:
        box = Mailbox(second, mapped=MAPPED)
        before = rings(qmp)
        old[REGISTERS:] = b"\xff" * 0x20
        time.sleep(0.02)
        assert rings(qmp) == before and box.get(box.CONTROL) == 0
    old.close()


# ---- --poll --------------------------------------------------------------------------------------


def test_poll_0_maps_the_payload_only(start):
    device = start("--poll", "0")
    with Client(device.socket) as client:
        box = Mailbox(client, mapped=True)
        assert sorted(client.map_areas()) == [box.base + 0x20, box.base + 0x20 + 4096 + 4096]
        assert len(box.ok(0x4000)) == 0x45
    assert_serves(device)


@pytest.mark.parametrize("poll", ["20ms", "1us"])
def test_first_command_after_a_pause(start, poll):
    device = start("--poll", poll)
    with Client(device.socket) as client, device.qmp() as qmp:
        box = Mailbox(client, mapped=MAPPED)
        for _ in range(3):
            time.sleep(0.05)
            assert len(box.ok(0x4000)) == 0x45
        assert rings(qmp) == 3


def test_one_processor_for_guest_and_device(start):
    """A guest that waits for its doorbell cannot run while the device waits for the next one: the
    device has to give way. Messages, which make both sleep, are the measure."""
    device = start()
    all_of_them = os.sched_getaffinity(0)
    one = {min(all_of_them)}
    with Client(device.socket) as client:
        boxes = {mapped: Mailbox(client, mapped=mapped) for mapped in (False, MAPPED)}
        try:
            os.sched_setaffinity(0, one)
            os.sched_setaffinity(device.proc.pid, one)
            times = {False: [], MAPPED: []}
            for _ in range(5):
                for mapped, box in boxes.items():
                    began = time.monotonic()
                    for _ in range(100):
                        box.ok(0x4000)
                    times[mapped].append(time.monotonic() - began)
        finally:
            os.sched_setaffinity(0, all_of_them)
    assert sorted(times[MAPPED])[2] < 1.5 * sorted(times[False])[2]


def wakeups(device):
    with open(f"/proc/{device.proc.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("voluntary"))


def test_looks_only_while_somebody_may_ring(device):
    """A client that was lent nothing costs no looks, nor does one that has gone."""
    with Client(device.socket) as client:
        client.get(BAR2, 0x10000)
        time.sleep(0.1)
        before = wakeups(device)
        time.sleep(0.5)
        assert wakeups(device) - before < 3
        client.map_areas()
        before = wakeups(device)
        time.sleep(0.5)
        assert wakeups(device) - before > 100
    time.sleep(0.1)
    before = wakeups(device)
    time.sleep(0.5)
    assert wakeups(device) - before < 3


def test_mapping_is_one_piece(client):
    """Registers and payload are next to each other: one area for each mailbox."""
    areas = client.map_areas()
    assert len(areas) == 2
    assert all(len(area) == 2 * mmap.PAGESIZE for area in areas.values())
