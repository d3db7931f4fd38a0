# SPDX-License-Identifier: MIT
"""Faults on demand as a driver sees them: at the doorbell, in the registers, in replies."""

import pytest
from vfio_user import (BAR2, EVENTFD, MSIX, TRIGGER, Mailbox, device_capabilities, eventfds)

GET_TIMESTAMP, IDENTIFY, SCAN, ABORT = 0x0300, 0x4000, 0x4304, 0x0005
ONE_LINE = bytes(8) + (1).to_bytes(8, "little") + bytes(1)


@pytest.fixture
def box(client, qmp):
    yield Mailbox(client)
    qmp.cmd("swcxl-clear-faults")


def memory_status(client):
    return client.get(BAR2, device_capabilities(client)[0x4000][0], 8)


def ring(box, opcode, payload=b""):
    """Submits a command and does not wait for it."""
    box.put_payload(payload)
    box.put(box.COMMAND, opcode | len(payload) << 16, 8)
    box.put(box.CONTROL, 1)


def doorbell(box):
    return box.get(box.CONTROL) & 1


def test_return_code_replaces_the_command(box, qmp):
    qmp.cmd("swcxl-fault", fault="return-code", opcode=IDENTIFY, value=0x1234, count=2)
    assert box.command(IDENTIFY) == (0x1234, b"")
    box.ok(GET_TIMESTAMP)  # of that opcode alone
    assert box.command(IDENTIFY) == (0x1234, b"")
    assert len(box.ok(IDENTIFY)) == 69


def test_a_command_that_is_replaced_has_no_effect(box, qmp):
    qmp.cmd("swcxl-fault", fault="return-code", opcode=0x4301, value=0)
    assert box.command(0x4301, bytes(8)) == (0, b"")
    assert qmp.cmd("swcxl-query-poison") == []


def test_short_reply_cuts_the_output(box, qmp):
    whole = box.ok(IDENTIFY)
    qmp.cmd("swcxl-fault", fault="short-reply", opcode=IDENTIFY, value=10)
    assert box.ok(IDENTIFY) == whole[:10]
    assert box.ok(IDENTIFY) == whole


def test_delay_keeps_the_doorbell_set(box, qmp):
    qmp.cmd("swcxl-fault", fault="delay", opcode=IDENTIFY, value=1000)
    ring(box, IDENTIFY)
    assert doorbell(box) and box.get(box.COMMAND, 8) == IDENTIFY
    ring(box, GET_TIMESTAMP)  # what a caller must not do is ignored
    qmp.cmd("swcxl-clock-step", nanoseconds=999)
    assert doorbell(box) and box.payload(8) == bytes(8)
    qmp.cmd("swcxl-clock-step", nanoseconds=1)
    assert not doorbell(box)
    assert box.get(box.COMMAND, 8) == IDENTIFY | 69 << 16 and box.get(box.STATUS, 8) == 0
    assert box.payload(5) == b"swcxl"


def test_delay_ends_with_the_doorbell_interrupt(box, client, qmp):
    irq, = eventfds(1)
    client.set_irqs(EVENTFD | TRIGGER, MSIX, box.vector, 1, [irq.fd])
    box.enable_interrupts(doorbell=True)
    qmp.cmd("swcxl-fault", fault="delay", opcode=IDENTIFY, value=1000)
    ring(box, IDENTIFY)
    assert irq.fired() == 0
    qmp.cmd("swcxl-clock-step", nanoseconds=5000)
    assert irq.fired() == 1
    irq.close()


@pytest.mark.parametrize("reset", ["conventional", "cxl", "cold"])
def test_hang_ends_with_a_reset(box, qmp, reset):
    qmp.cmd("swcxl-fault", fault="hang", opcode=IDENTIFY)
    ring(box, IDENTIFY)
    qmp.cmd("swcxl-clock-step", nanoseconds=10**15)
    assert doorbell(box)
    qmp.cmd("swcxl-reset", type=reset)
    assert not doorbell(box) and box.get(box.COMMAND, 8) == 0
    assert len(box.ok(IDENTIFY)) == 69


def test_hang_ends_when_faults_are_cleared(box, qmp):
    qmp.cmd("swcxl-fault", fault="hang", opcode=IDENTIFY)
    ring(box, IDENTIFY)
    assert doorbell(box)
    qmp.cmd("swcxl-clear-faults")
    assert not doorbell(box) and box.get(box.COMMAND, 8) == IDENTIFY | 69 << 16


def test_the_secondary_mailbox_hangs_by_itself(box, client, qmp):
    secondary = Mailbox(client, secondary=True)
    qmp.cmd("swcxl-fault", fault="hang", opcode=IDENTIFY)
    ring(secondary, IDENTIFY)
    assert doorbell(secondary)
    assert len(box.ok(IDENTIFY)) == 69


def test_stuck_background_never_ends_by_itself(box, qmp):
    qmp.cmd("swcxl-fault", fault="stuck-background", opcode=SCAN)
    box.ok(SCAN, ONE_LINE, rc=1)
    qmp.cmd("swcxl-clock-step", nanoseconds=10**15)
    assert box.background()[:2] == (True, SCAN)
    box.ok(SCAN, ONE_LINE, rc=6)
    box.ok(ABORT)
    assert box.background() == (False, SCAN, 0, 0x12)
    # only the one that it befell
    box.ok(SCAN, ONE_LINE, rc=1)
    qmp.cmd("swcxl-clock-step", nanoseconds=1000)
    assert box.background() == (False, SCAN, 100, 0)


def test_stuck_background_goes_on_when_faults_are_cleared(box, qmp):
    qmp.cmd("swcxl-fault", fault="stuck-background", opcode=SCAN)
    box.ok(SCAN, ONE_LINE, rc=1)
    qmp.cmd("swcxl-clock-step", nanoseconds=1000)
    qmp.cmd("swcxl-clear-faults")
    qmp.cmd("swcxl-clock-step", nanoseconds=1)
    assert box.background() == (False, SCAN, 100, 0)


READY = 1 << 2 | 1 << 4


@pytest.mark.parametrize("fault, status", [
    ("media-not-ready", 0 << 2 | 1 << 4),
    ("media-error", 2 << 2 | 1 << 4 | 3 << 5),
    ("mailbox-not-ready", 1 << 2),
    ("fatal", READY | 1 << 0 | 1 << 5),
    ("firmware-halt", READY | 1 << 1 | 1 << 5),
])
def test_states_show_in_memory_device_status(box, client, qmp, fault, status):
    """registers 4.6: Reset Needed is not 0 with a halt or media in error."""
    assert memory_status(client) == READY
    qmp.cmd("swcxl-fault", fault=fault)
    assert memory_status(client) == status
    qmp.cmd("swcxl-reset", type="conventional")
    assert memory_status(client) == status
    qmp.cmd("swcxl-reset", type="cold")
    assert memory_status(client) == (READY if fault in ("fatal", "firmware-halt") else status)
    qmp.cmd("swcxl-clear-faults")
    assert memory_status(client) == READY


def test_a_mailbox_that_is_not_ready_wants_a_retry(box, qmp):
    qmp.cmd("swcxl-fault", fault="mailbox-not-ready")
    assert box.command(IDENTIFY) == (5, b"")
    assert qmp.cmd("swcxl-cci", opcode=IDENTIFY)["return-code"] == 0


def test_halted_firmware_answers_nothing(box, qmp):
    box.ok(SCAN, ONE_LINE, rc=1)
    qmp.cmd("swcxl-fault", fault="firmware-halt")
    ring(box, IDENTIFY)
    qmp.cmd("swcxl-clock-step", nanoseconds=10**12)
    assert doorbell(box) and box.background()[:2] == (True, SCAN)
    qmp.cmd("swcxl-reset", type="cold")
    assert not doorbell(box) and box.background() == (False, 0, 0, 0)
    assert len(box.ok(IDENTIFY)) == 69


def test_faults_of_both_kinds_add_up(box, qmp):
    qmp.cmd("swcxl-fault", fault="delay", opcode=IDENTIFY, value=10)
    qmp.cmd("swcxl-fault", fault="return-code", opcode=IDENTIFY, value=4)
    ring(box, IDENTIFY)
    assert doorbell(box)
    qmp.cmd("swcxl-clock-step", nanoseconds=10)
    assert not doorbell(box) and box.get(box.STATUS, 8) >> 32 == 4
