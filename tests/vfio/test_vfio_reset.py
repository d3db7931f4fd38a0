# SPDX-License-Identifier: MIT
"""Resets as a VMM brings them about: attaching (VERSION), going away, DEVICE_RESET, CXL Reset.

D-39: all but the last mean a conventional reset; but media, list, overflow and logs stay when no
mailbox command has run since the last reset, since QEMU resets every device at start, and planting
first and booting then must work."""

import struct

import pytest
from vfio_user import (BAR0, CONFIG, Client, CloudHypervisorClient, Mailbox, QemuClient,
                       assert_serves, capabilities, dvsecs, register_blocks)

MIB256 = 1 << 28
VOLATILE, PERSISTENT = 0x1000, MIB256 + 0x1000
SECOND = 1000000000


def plant(qmp, start, source="internal", **args):
    qmp.cmd("swcxl-plant-poison", start=start, length=64, source=source, **args)


def truth(qmp):
    """[(start, source)] of the media's poison."""
    return [(row["start"], row["source"]) for row in qmp.cmd("swcxl-query-poison")]


def log_sizes(qmp):
    return [len(qmp.cmd("swcxl-query-events", log=log)) for log in
            ("informational", "warning", "failure", "fatal")]


@pytest.fixture
def planted(start):
    """A device with poison of several kinds, a full and overflowed list, and content."""
    device = start("--persistent", "256M", "--clock", "virtual", "--poison-list-max", "5")
    with device.qmp() as qmp:
        plant(qmp, VOLATILE)
        plant(qmp, VOLATILE + 0x100, "injected")
        plant(qmp, VOLATILE + 0x200, permanent=True)
        plant(qmp, PERSISTENT)
        plant(qmp, PERSISTENT + 0x100, "injected")
        plant(qmp, PERSISTENT + 0x200, "external", permanent=True)
        plant(qmp, PERSISTENT + 0x300, "vendor", known=False)
        qmp.cmd("swcxl-write-media", start=VOLATILE + 0x400, data="11" * 64)
        qmp.cmd("swcxl-write-media", start=PERSISTENT + 0x400, data="22" * 64)
        yield device, qmp


def media(qmp):
    """Everything that an unused mailbox has to leave alone."""
    device = qmp.cmd("swcxl-query-device")
    return (truth(qmp), device["poison-list"], log_sizes(qmp),
            qmp.cmd("swcxl-query-poison"),
            qmp.cmd("swcxl-read-media", start=VOLATILE + 0x400, length=64)["data"],
            qmp.cmd("swcxl-read-media", start=PERSISTENT + 0x400, length=64)["data"])


def test_attach_and_go_without_a_mailbox_command(planted):
    """D-39: attach, reset, detach, in any number, change nothing."""
    device, qmp = planted
    before = media(qmp)
    assert before[1]["overflow"] and before[1]["count"] == 5
    for program in (Client, QemuClient, CloudHypervisorClient):
        for _ in range(2):
            with program(device.socket) as client:
                if program is not Client:
                    client.start()
                client.reset()
                client.reset()
                # registers, a lone secondary payload: none of it is a command
                Mailbox(client).put(8, 0x4000)
                assert media(qmp) == before
        assert media(qmp) == before
    # commands on the control socket do not count
    qmp.cmd("swcxl-cci", opcode=0x4300, payload=bytes(16).hex())
    assert_serves(device)
    assert media(qmp) == before


LEFT = [(VOLATILE + 0x200, "internal"), (PERSISTENT, "internal"),
        (PERSISTENT + 0x200, "external"), (PERSISTENT + 0x300, "vendor")]


def check_lost(qmp):
    """What a conventional reset leaves of `planted`: D-39, I-5."""
    assert truth(qmp) == LEFT
    assert qmp.cmd("swcxl-query-device")["poison-list"]["overflow"], "there is persistent capacity"
    # of six errors that became known, and of health: some are permanent
    assert log_sizes(qmp)[0] == 2 and sum(log_sizes(qmp)) == 7, "event logs stay"
    assert qmp.cmd("swcxl-read-media", start=VOLATILE + 0x400, length=64)["data"] == "00" * 64
    assert qmp.cmd("swcxl-read-media", start=PERSISTENT + 0x400, length=64)["data"] == "22" * 64


@pytest.mark.parametrize("secondary", [False, True])
def test_device_reset_after_a_mailbox_command(planted, secondary):
    """D-39: a doorbell on either mailbox makes the next reset a real one."""
    device, qmp = planted
    with Client(device.socket) as client:
        before = media(qmp)
        Mailbox(client, secondary).ok(0x4200)
        assert media(qmp) == before
        client.reset()
        check_lost(qmp)
        # and the one after it, with no command in between, changes nothing again
        plant(qmp, VOLATILE + 0x800)
        client.reset()
    assert truth(qmp)[0] == (VOLATILE + 0x200, "internal")
    assert (VOLATILE + 0x800, "internal") in truth(qmp)


def test_refused_command_counts(planted):
    """It is the doorbell that counts, not what came of it."""
    device, qmp = planted
    with Client(device.socket) as client:
        Mailbox(client).ok(0x1234, rc=3)
        client.reset()
        check_lost(qmp)


def test_going_after_a_mailbox_command(planted):
    device, qmp = planted
    with Client(device.socket) as client:
        Mailbox(client).ok(0x4200)
    assert_serves(device)
    check_lost(qmp)


def test_control_reset_always_acts(planted):
    device, qmp = planted
    qmp.cmd("swcxl-reset", type="conventional")
    check_lost(qmp)
    assert_serves(device)


def test_injected_poison_that_persists(start):
    """I-5: with --injected-persists it survives every reset in persistent capacity; volatile
    capacity loses everything but permanent errors."""
    device = start("--persistent", "256M", "--injected-persists", "on")
    with Client(device.socket) as client, device.qmp() as qmp:
        box = Mailbox(client)
        box.ok(0x4301, struct.pack("<Q", VOLATILE))
        box.ok(0x4301, struct.pack("<Q", PERSISTENT))
        client.reset()
        assert truth(qmp) == [(PERSISTENT, "injected")]
        qmp.cmd("swcxl-reset", type="cxl")
        assert truth(qmp) == [(PERSISTENT, "injected")]


def test_overflow_goes_without_persistent_capacity(start):
    """D-39: "overflow stays set if any persistent capacity exists": here there is none."""
    device = start("--poison-list-max", "1")
    with Client(device.socket) as client, device.qmp() as qmp:
        for i in range(3):
            plant(qmp, 128 * i)
        box = Mailbox(client)
        assert box.ok(0x4300, struct.pack("<QQ", 0, 1 << 22))[0] & 2
        client.reset()
        assert box.ok(0x4300, struct.pack("<QQ", 0, 1 << 22)) == bytes(0x20)


def test_volatile_state_after_a_conventional_reset(start):
    """Scan, results, background status, clock, policy, payload, registers: as at power on."""
    device = start("--persistent", "256M", "--clock", "virtual")
    with Client(device.socket) as client, device.qmp() as qmp:
        box = Mailbox(client)
        config = client.read(CONFIG, 0, 4096)
        component = client.read(BAR0, 0x1000, 0x1000)
        for again in range(2):
            box.ok(0x0301, struct.pack("<Q", 1000))
            box.ok(0x0103, b"\1\1\1\1\1")
            box.ok(0x4304, struct.pack("<QQB", 0, 1000, 0), 1)
            if again:
                qmp.cmd("swcxl-clock-step", nanoseconds=SECOND)
                box.ok(0x4305)
            box.enable_interrupts(True, True)
            client.put_config(4, 6, 2)
            client.put_config(0x10, 0xfebf0000)
            client.put(BAR0, register_blocks(client)[1][1] + 0x1140 + 4, 2)
            box.put_payload(b"\xff" * 4096)
            client.reset()
            assert box.background() == (False, 0, 0, 0)
            assert box.get(box.CONTROL) == 0 and box.get(box.COMMAND, 8) == 0
            assert box.get(box.STATUS, 8) == 0 and box.payload(4096) == bytes(4096)
            assert client.read(CONFIG, 0, 4096) == config
            assert client.read(BAR0, 0x1000, 0x1000) == component
            status = qmp.cmd("swcxl-query-device")
            assert not status["scan"]["running"] and not status["background"]["running"]
            assert box.ok(0x0300) == bytes(8), "the clock is unset"
            assert box.ok(0x0102) == bytes(5)
            box.ok(0x4305, rc=3)  # G-2
            # S-11: nothing of the scan comes back
            qmp.cmd("swcxl-clock-step", nanoseconds=SECOND)
            assert box.background() == (False, 0, 0, 0)


def test_new_client_finds_a_device_after_reset(start):
    """A guest of Cloud Hypervisor never sends DEVICE_RESET: attaching resets."""
    device = start("--clock", "virtual")
    with Client(device.socket) as first:
        box = Mailbox(first)
        box.ok(0x0301, struct.pack("<Q", 1000))
        box.ok(0x4304, struct.pack("<QQB", 0, 1000, 0), 1)
        first.put_config(0x10, 0x12340000)
    with Client(device.socket) as second:
        box = Mailbox(second)
        assert second.config(0x10) == 4 and box.background() == (False, 0, 0, 0)
        box.ok(0x4305, rc=3)
        assert box.ok(0x0300) == bytes(8)


def test_list_cursor_of_an_earlier_client(start):
    """D-8: every reset and every new client drops it."""
    device = start("--payload", "256", "--persistent", "256M")
    whole = struct.pack("<QQ", 0, 1 << 23)
    with device.qmp() as qmp:
        for i in range(20):
            plant(qmp, PERSISTENT + 128 * i)
        first = None
        for how in ("reset", "new client", "control"):
            with Client(device.socket) as client:
                box = Mailbox(client)
                out = box.ok(0x4300, whole)
                assert out[0] == 1 and first in (None, out)
                first = out
                if how == "reset":
                    client.reset()
                elif how == "control":
                    qmp.cmd("swcxl-reset", type="conventional")
                else:
                    continue
                assert box.ok(0x4300, whole) == first


def cxl_reset(client, mem_clear=False):
    """Through the DVSEC: memory clear enable, then initiate; status 2 says when it is done."""
    at = dvsecs(client)[0][0]
    client.put_config(at + 0x10, 8 if mem_clear else 0, 2)
    client.put_config(at + 0x10, 4 | (8 if mem_clear else 0), 2)
    assert client.config(at + 0x10, 2) & 4 == 0, "it reads 0"
    assert client.config(at + 0x12, 2) & 6 == 2, "complete, without an error"


@pytest.mark.parametrize("mem_clear", [False, True])
def test_cxl_reset(planted, mem_clear):
    """D-40: injected poison by I-5; with memory clear volatile content and poison too. No mailbox
    command is needed: it is the guest that asks for it."""
    device, qmp = planted
    with Client(device.socket) as client:
        cxl_reset(client, mem_clear)
        left = [(VOLATILE, "internal"), *LEFT]
        assert truth(qmp) == (left[1:] if mem_clear else left)
        data = qmp.cmd("swcxl-read-media", start=VOLATILE + 0x400, length=64)["data"]
        assert data == ("00" if mem_clear else "11") * 64
        data = qmp.cmd("swcxl-read-media", start=PERSISTENT + 0x400, length=64)["data"]
        assert data == "22" * 64
        assert client.read(CONFIG, 0, 2) == b"\x98\x1e"


def test_cxl_reset_of_a_scan(start):
    """D-40: it is aborted, and its results are kept; the clock runs on."""
    device = start("--clock", "virtual")
    with Client(device.socket) as client, device.qmp() as qmp:
        plant(qmp, 0)
        box = Mailbox(client)
        box.ok(0x0301, struct.pack("<Q", 1000))
        box.ok(0x4304, struct.pack("<QQB", 0, 1000, 0), 1)
        qmp.cmd("swcxl-clock-step", nanoseconds=250000)
        cxl_reset(client)
        running, opcode, percent, rc = box.background()
        assert (running, opcode, rc) == (False, 0x4304, 0x12) and percent < 100
        out = box.ok(0x4305)
        assert out == struct.pack("<QQBBH12s", 500 * 64, 500, 2, 0, 1, b"") + \
            struct.pack("<QII", 2, 1, 0)
        assert box.ok(0x0300) == struct.pack("<Q", 251000)


def test_shutdown_state_is_judged_at_a_conventional_reset(start):
    """4203h: a dirty state increments the count and becomes clean."""
    device = start("--persistent", "256M")
    with Client(device.socket) as client:
        box = Mailbox(client)
        for count in (1, 2):
            box.ok(0x4204, b"\1")
            client.reset()
            assert box.ok(0x4203) == b"\0"
            assert struct.unpack_from("<I", box.ok(0x4200), 6)[0] == count
        client.reset()
        assert struct.unpack_from("<I", box.ok(0x4200), 6)[0] == 2


def test_flr_resets_the_function_and_leaves_cxl_alone(start):
    """registers 6: an FLR is no conventional reset."""
    device = start("--clock", "virtual")
    with device.qmp() as qmp, Client(device.socket) as client:
        control = dict(capabilities(client))[0x10] + 8
        dvsec = dvsecs(client)[0][0]
        assert client.config(control - 4) >> 28 & 1, "the capability says that there is FLR"
        box = Mailbox(client)
        box.ok(0x0301, struct.pack("<Q", 5 * SECOND))
        box.ok(0x0103, bytes([1, 1, 1, 1, 0]))
        box.ok(0x4304, bytes(8) + struct.pack("<Q", 100) + bytes(1), rc=1)
        box.enable_interrupts(doorbell=True)
        plant(qmp, VOLATILE)
        client.put_config(4, 6, 2)
        client.put_config(0x10, 0xfffffff0)
        client.put_config(dvsec + 0xc, 6, 2)
        before = truth(qmp), log_sizes(qmp)
        client.put_config(control, 0x8000, 2)
        assert client.config(control, 2) == 0x2810, "bit 15 reads 0"
        assert client.config(4, 2) == 0 and client.config(0x10) & ~0xf == 0
        assert client.config(dvsec + 0xc, 2) == 6, "Mem_Enable"
        assert box.get(box.CONTROL) == 0 and box.get(box.COMMAND, 8) == 0
        assert (truth(qmp), log_sizes(qmp)) == before
        assert box.background()[:2] == (True, 0x4304), "what runs goes on"
        qmp.cmd("swcxl-clock-step", nanoseconds=SECOND)
        assert box.background() == (False, 0x4304, 100, 0)
        assert box.ok(0x0300) == struct.pack("<Q", 6 * SECOND)
        assert box.ok(0x0102)[0] & 3 == 1


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_flr_starts_at_any_width(start, width):
    device = start()
    with Client(device.socket) as client:
        control = dict(capabilities(client))[0x10] + 8
        client.put_config(4, 6, 2)
        if width == 1:
            client.put_config(control + 1, 0x80, 1)
        else:
            client.put_config(control, 0x8000, width)
        assert client.config(4, 2) == 0
