# SPDX-License-Identifier: MIT
"""What hardware keeps over a loss of power, a device keeps over its end, however that comes."""

import signal

import pytest
from snapshot import (VOLATILE, assert_same, cci, change_at_random, lsa, poison_list, set_lsa,
                      snapshot)
from vfio_user import Client, Mailbox


def power_off(device, how):
    """A clean end, or one that nobody can catch."""
    device.proc.send_signal(how)
    status = device.wait()
    assert status == (0 if how == signal.SIGTERM else -how), device.stderr()
    assert device.stderr() == ""


both_ends = pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])


@both_ends
def test_poison_list_and_overflow(start, how):
    options = ("--poison-list-max", 4)
    device = start(*options)
    with device.qmp() as qmp:
        cci(qmp, 0x0301, (1 << 60).to_bytes(8, "little"))
        for i in range(6):
            qmp.cmd("swcxl-plant-poison", start=VOLATILE + 256 * i, length=64 * (1 + i % 3))
        qmp.cmd("swcxl-plant-poison", start=VOLATILE + (1 << 20), length=192, known=False,
                source="vendor", permanent=True)
        qmp.cmd("swcxl-clock-step", nanoseconds=10 ** 9)
        before = snapshot(qmp)
    assert before["overflow"] == (True, 1 << 60)
    power_off(device, how)
    with start(*options).qmp() as qmp:
        assert_same(snapshot(qmp), before)


@both_ends
def test_content_of_persistent_capacity(start, how):
    device = start()
    with device.qmp() as qmp:
        qmp.cmd("swcxl-write-media", start=VOLATILE + 10, data=bytes(range(200)).hex())
        qmp.cmd("swcxl-write-media", start=VOLATILE + 64, data=bytes(64).hex())
        qmp.cmd("swcxl-write-media", start=VOLATILE + (1 << 20), data="5a" * (1 << 20))
        before = [qmp.cmd("swcxl-read-media", start=VOLATILE, length=256),
                  qmp.cmd("swcxl-query-device")["media"]]
    power_off(device, how)
    with start().qmp() as qmp:
        assert [qmp.cmd("swcxl-read-media", start=VOLATILE, length=256),
                qmp.cmd("swcxl-query-device")["media"]] == before
        assert qmp.cmd("swcxl-read-media", start=VOLATILE + (2 << 20) - 2,
                       length=4) == {"data": "5a5a0000"}


@both_ends
def test_volatile_capacity_forgets_all_but_permanent_errors(start, how):
    device = start()
    with device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=64, length=64)
        qmp.cmd("swcxl-plant-poison", start=256, length=64, permanent=True)
        qmp.cmd("swcxl-write-media", start=VOLATILE - 1024, data="77" * 2048)
        qmp.cmd("swcxl-write-media", start=4096, data="77" * 64)
    power_off(device, how)
    with start().qmp() as qmp:
        assert [row["start"] for row in qmp.cmd("swcxl-query-poison")] == [256]
        assert qmp.cmd("swcxl-read-media", start=4096, length=2) == {"data": "0000"}
        assert qmp.cmd("swcxl-read-media", start=VOLATILE - 2, length=4) == {"data": "00007777"}
        assert qmp.cmd("swcxl-query-device")["media"]["content-bytes"] == 1024


@pytest.mark.parametrize("persists", ["on", "off"])
def test_injected_poison_persists_when_identify_says_so(start, persists):
    device = start("--injected-persists", persists)
    with device.qmp() as qmp:
        cci(qmp, 0x4301, (VOLATILE + 64).to_bytes(8, "little"))
    power_off(device, signal.SIGKILL)
    with start("--injected-persists", persists).qmp() as qmp:
        rows = qmp.cmd("swcxl-query-poison")
        assert [row["source"] for row in rows] == (["injected"] if persists == "on" else [])
        assert poison_list(qmp, 0, 2 * VOLATILE)[2] == (
            (VOLATILE + 64 | 3).to_bytes(8, "little") + bytes((1, 0, 0, 0, 0, 0, 0, 0))
            if persists == "on" else b"")


@both_ends
def test_labels(start, how):
    device = start()
    with device.qmp() as qmp:
        set_lsa(qmp, 1000, b"over a block's end" * 4)
        set_lsa(qmp, (128 << 10) - 7, b"the end")
        set_lsa(qmp, 50000, b"x" * 4000)
        set_lsa(qmp, 51200, bytes(1024))
        before = lsa(qmp)
    power_off(device, how)
    with start().qmp() as qmp:
        assert lsa(qmp) == before
        assert before.count(b"x") == 4000 - 1024 and before.endswith(b"\0the end")


@both_ends
def test_events_and_what_was_lost(start, how):
    uuid = "01020304-0506-0708-090a-0b0c0d0e0f10"
    device = start("--event-log-max", 10)
    with device.qmp() as qmp:
        for log, count in ("informational", 3), ("warning", 10), ("failure", 11), ("fatal", 25):
            for i in range(count):
                qmp.cmd("swcxl-inject-event", log=log, type=uuid, data="%02x" % i)
        cci(qmp, 0x0101, bytes((1, 0, 2, 0, 0, 0, 1, 0, 2, 0)))  # two warnings
        cci(qmp, 0x0101, bytes((2, 1, 0, 0, 0, 0)))  # all failures, and their overflow
        before = snapshot(qmp)
    assert [before["logs"][log]["lost"] for log in before["logs"]] == [0, 0, 0, 15, 0]
    power_off(device, how)
    with start("--event-log-max", 10).qmp() as qmp:
        assert_same(snapshot(qmp), before)
        qmp.cmd("swcxl-inject-event", log="warning", type=uuid)
        handles = [event["handle"] for event in qmp.cmd("swcxl-query-events", log="warning")]
        assert handles == list(range(3, 12))


@both_ends
def test_dirty_shutdowns_are_counted(start, how):
    for count in range(3):
        device = start()
        with device.qmp() as qmp:
            assert cci(qmp, 0x4200)[6:10] == count.to_bytes(4, "little")
            cci(qmp, 0x4204, b"\1")  # dirty
        power_off(device, how)


@pytest.mark.parametrize("seed", range(3))
def test_random_changes_over_many_ends(start, seed):
    before = None
    for cycle in range(5):
        device = start("--poison-list-max", 20, "--injected-persists", "on")
        with device.qmp() as qmp:
            if before:
                assert_same(snapshot(qmp), before)
            change_at_random(qmp, 150, 100 * seed + cycle)
            before = snapshot(qmp)
        power_off(device, signal.SIGTERM if cycle % 2 else signal.SIGKILL)


def test_a_guests_commands_are_kept(start):
    """Through the mailbox: the doorbell of an acknowledged command reads 0, and it is durable."""
    device = start("--injected-persists", "on")
    with Client(device.socket) as client:
        mailbox = Mailbox(client, mapped=True)
        mailbox.ok(0x4103, bytes(8) + b"label")
        mailbox.ok(0x4301, (VOLATILE + 4096).to_bytes(8, "little"))
        mailbox.ok(0x0301, (5).to_bytes(8, "little"))
        device.proc.kill()
        device.wait()
    device = start("--injected-persists", "on")
    with Client(device.socket) as client, device.qmp() as qmp:
        assert Mailbox(client).ok(0x4102, bytes(4) + (5).to_bytes(4, "little")) == b"label"
        assert Mailbox(client).ok(0x0300) == bytes(8)  # time begins with power
        assert [row["start"] for row in qmp.cmd("swcxl-query-poison")] == [VOLATILE + 4096]
        assert len(qmp.cmd("swcxl-query-events", log="informational")) == 1


def test_replies_precede_the_end_by_quit(start):
    """A client that asks for much and then for the end gets all its replies."""
    device = start()
    with device.qmp() as qmp:
        for i in range(100):
            qmp.send({"execute": "swcxl-plant-poison",
                      "arguments": {"start": VOLATILE + 128 * i, "length": 64}, "id": i})
        qmp.send({"execute": "quit"})
        assert [qmp.recv_reply() for _ in range(101)] == \
            [{"return": {}, "id": i} for i in range(100)] + [{"return": {}}]
        assert qmp.wait_event("SHUTDOWN")["data"]["reason"] == "host-qmp-quit"
    assert device.wait() == 0
    with start().qmp() as qmp:
        assert len(qmp.cmd("swcxl-query-poison")) == 100
