# SPDX-License-Identifier: MIT
"""A state file that cannot be written: what is refused, what goes on, and how it ends."""

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess

import pytest
from daemon import Daemon, QmpError, program, wait_until
from snapshot import VOLATILE, assert_same, cci, impatient, set_lsa, snapshot
from vfio_user import Client, Mailbox

WHY = "The state file cannot be written: "
UUID = "01020304-0506-0708-090a-0b0c0d0e0f10"
INTERNAL_ERROR = 4


class Limit:
    """No file of a process may grow beyond 4 KiB: an I/O error that a test can end."""

    def __init__(self, device):
        self.pid = device.proc.pid
        self.old = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (4096, self.old[1]))

    def end(self):
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, self.old)


def plant(qmp, line, **kwargs):
    qmp.cmd("swcxl-plant-poison", start=VOLATILE + 64 * line, length=64, **kwargs)


def rows(qmp):
    return [(row["start"] - VOLATILE) // 64 for row in qmp.cmd("swcxl-query-poison")]


def works_again(qmp):
    """Commits are tried again by themselves."""
    def try_it():
        try:
            plant(qmp, 9999)
            return True
        except QmpError as error:
            assert error.desc.startswith(WHY), error
            return False
    wait_until("the state file is written again", try_it)


def test_changes_are_refused_and_the_rest_goes_on(start):
    device = start()
    with device.qmp() as qmp, Client(device.socket) as client:
        mailbox = Mailbox(client)
        plant(qmp, 0)
        mailbox.ok(0x4103, bytes(8) + b"label")
        limit = Limit(device)
        with pytest.raises(QmpError, match=WHY + "disk I/O error"):
            plant(qmp, 2)  # under way when it was found out: in the device, and perhaps kept
        assert rows(qmp) == [0, 2]
        for name, args in (("swcxl-plant-poison", {"start": VOLATILE + 256, "length": 64}),
                           ("swcxl-write-media", {"start": VOLATILE, "data": "00" * 64}),
                           ("swcxl-read-media", {"start": VOLATILE, "length": 64}),
                           ("swcxl-reset", {"type": "conventional"}),
                           ("swcxl-inject-event", {"log": "fatal", "type": UUID}),
                           ("cxl-inject-poison", {"path": "mem0", "start": 0, "length": 64})):
            with pytest.raises(QmpError, match=WHY) as error:
                qmp.cmd(name, **args)
            assert error.value.cls == "GenericError"
        for opcode, payload in ((0x4103, bytes(8) + b"other"), (0x4204, b"\1"),
                                (0x4301, VOLATILE.to_bytes(8, "little")),
                                (0x4304, bytes(8) + (9).to_bytes(8, "little") + b"\0"),
                                (0x0101, bytes((2, 1, 0, 0, 0, 0)))):
            mailbox.ok(opcode, payload, INTERNAL_ERROR)
            cci(qmp, opcode, payload, INTERNAL_ERROR)
        assert rows(qmp) == [0, 2]
        # what is not kept, and what is only looked at
        mailbox.ok(0x0301, (1 << 60).to_bytes(8, "little"))
        mailbox.ok(0x0103, bytes((1, 1, 1, 1, 0)))
        assert mailbox.ok(0x4102, bytes(4) + (5).to_bytes(4, "little")) == b"label"
        assert mailbox.ok(0x4203) == b"\0"
        qmp.cmd("swcxl-clock-step", nanoseconds=10)
        qmp.cmd("swcxl-query-events", log="failure")
        assert qmp.cmd("swcxl-query-stats")["state"]["failures"] > 0
        words = device.stderr()
        assert words.count("\n") == 1 and "cannot be written: disk I/O error" in words

        limit.end()
        works_again(qmp)
        mailbox.ok(0x4103, bytes(8) + b"other")
        words = device.stderr().splitlines()
        assert len(words) == 2 and words[1].endswith("can be written again")
        before = snapshot(qmp)
        device.proc.kill()
    device.wait()
    with start().qmp() as qmp:
        assert_same(snapshot(qmp), before)
        assert rows(qmp) == [0, 2, 9999]


def test_what_was_under_way_becomes_errors_in_place(start):
    """Of many commands at once each gets one reply, in its order: changes errors, the rest not."""
    device = start()
    with device.qmp() as qmp, device.qmp() as other:
        limit = Limit(device)
        text = ""
        for i in range(300):
            if i % 3:
                request = {"execute": "swcxl-plant-poison", "id": {"n": i, "x": "\"}\r\n"},
                           "arguments": {"start": VOLATILE + 128 * i, "length": 64}}
            else:
                request = {"execute": "swcxl-query-poison", "id": i,
                           "arguments": {"max": 1}}
            text += json.dumps(request)
        qmp.send(text)
        replies = [qmp.recv_reply() for _ in range(300)]
        for i, reply in enumerate(replies):
            if i % 3:
                assert reply["id"] == {"n": i, "x": "\"}\r\n"}
                assert reply["error"]["class"] == "GenericError"
                assert reply["error"]["desc"].startswith(WHY)
            else:
                assert reply["id"] == i and "return" in reply
        assert other.wait_event("SWCXL_EVENT_RECORD") and qmp.events
        limit.end()
        works_again(qmp)


def test_a_doorbell_does_not_ring_for_ever(start):
    """A guest's command that was under way ends with Internal Error, within Linux's patience; and
    what it did is kept as soon as anything can be."""
    device = start("--injected-persists", "on")
    with Client(device.socket) as client, device.qmp() as qmp:
        mailbox = Mailbox(client)
        mailbox.ok(0x4000)
        limit = Limit(device)
        mailbox.ok(0x4301, VOLATILE.to_bytes(8, "little"), INTERNAL_ERROR)
        assert mailbox.ok(0x4300, VOLATILE.to_bytes(8, "little") +
                          (1).to_bytes(8, "little"))[10] == 1
        limit.end()
        works_again(qmp)
        device.proc.kill()
    device.wait()
    with start("--injected-persists", "on").qmp() as qmp:
        assert rows(qmp) == [0, 9999]


def test_nobody_waits_for_a_disk_that_is_full(start):
    """Clients that had to wait because changes came too fast go on, when none can be written."""
    with impatient():
        device = start()
    with device.qmp() as qmp, device.qmp() as other:
        limit = Limit(device)
        write = {"execute": "swcxl-write-media",
                 "arguments": {"start": VOLATILE, "data": "a5" * (1 << 20)}}
        for _ in range(4):
            qmp.send(write)
        assert other.cmd("query-status")["running"]
        assert ["error" in qmp.recv_reply() for _ in range(4)] == [True] * 4
        limit.end()
        works_again(qmp)
        assert qmp.execute(write) == {"return": {}}


def test_an_operation_that_ends_meanwhile_waits(start):
    device = start()
    with device.qmp() as qmp, Client(device.socket) as client:
        mailbox = Mailbox(client)
        plant(qmp, 5, known=False)
        mailbox.ok(0x4304, VOLATILE.to_bytes(8, "little") + (100).to_bytes(8, "little") + b"\0", 1)
        limit = Limit(device)
        qmp.cmd("swcxl-clock-step", nanoseconds=10 ** 9)
        assert mailbox.background()[:3] == (True, 0x4304, 99)
        wait_until("it has been tried",
                   lambda: qmp.cmd("swcxl-query-stats")["state"]["failures"] > 1)
        assert mailbox.background()[:3] == (True, 0x4304, 99)
        limit.end()
        wait_until("the scan has ended", lambda: not mailbox.background()[0])
        assert mailbox.background() == (False, 0x4304, 100, 0)


def test_an_end_that_cannot_be_written_says_so(start):
    device = start()
    with device.qmp() as qmp:
        plant(qmp, 0)
        Limit(device)
        with pytest.raises(QmpError, match=WHY):
            plant(qmp, 2)
    device.proc.send_signal(signal.SIGTERM)
    assert device.wait() == 1
    assert "cannot be written" in device.stderr()
    assert not os.path.exists(device.qmp_path)
    with start().qmp() as qmp:  # what was acknowledged is there
        assert rows(qmp) == [0]


def test_too_many_changes_to_hold_are_written_as_a_whole(start):
    """Resets go on meanwhile, and each writes the list anew. With a bound of 64 KiB."""
    options = ("--poison-list-max", 5000, "--injected-persists", "on")
    with impatient():
        device = start(*options)
    with device.qmp() as qmp, Client(device.socket) as client:
        for i in range(600):
            qmp.send(json.dumps({"execute": "swcxl-plant-poison", "arguments": {
                "start": VOLATILE + 128 * i, "length": 64}}))
        assert all(qmp.recv_reply() == {"return": {}} for _ in range(600))
        mailbox = Mailbox(client)
        set_lsa(qmp, 0, b"label")
        limit = Limit(device)
        for _ in range(5):
            mailbox.command(0x4204, b"\1")
            mailbox.command(0x4000)
            client.reset()
        limit.end()
        works_again(qmp)
        before = snapshot(qmp)
        device.proc.kill()
    device.wait()
    with start(*options).qmp() as qmp:
        assert_same(snapshot(qmp), before)


def test_a_start_that_cannot_write_is_none(file, start):
    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, resource.RLIM_INFINITY))

    done = subprocess.run([program(), "--state", str(file), "--run", "exit 99"],
                          capture_output=True, text=True, timeout=20, preexec_fn=limited)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    assert f"state file {file} cannot be" in done.stderr
    start().stop()


# ---- a disk that is really full ------------------------------------------------------------------

@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB, in a name space of its own: (how to start there, its directory
    inside, and outside when something runs in it)."""
    spaces = [space for space in ("-m", "-rm") if not subprocess.run(
        ["unshare", space, "mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True).returncode]
    if not spaces:
        pytest.skip("nobody may mount anything here; the other tests do with limits of files")
    disk = tmp_path / "disk"
    disk.mkdir()
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f"#!/bin/sh\nexec unshare {spaces[0]} sh -c 'mount -t tmpfs -o size=1m tmpfs {disk} "
                       f"&& exec \"$0\" \"$@\"' {program()} \"$@\"\n")
    wrapper.chmod(0o755)
    return wrapper, disk


def test_a_full_disk(small_disk, monkeypatch):
    wrapper, disk = small_disk
    monkeypatch.setenv("SWCXL", str(wrapper))
    with contextlib.ExitStack() as stack:
        device = stack.enter_context(Daemon("--state", disk / "state", "--volatile", "256M",
                                            "--persistent", "256M"))
        qmp = stack.enter_context(device.qmp())
        inside = f"/proc/{device.proc.pid}/root{disk}"
        plant(qmp, 0)
        with open(f"{inside}/filler", "wb") as filler, contextlib.suppress(OSError):
            filler.write(bytes(600 << 10))
        with pytest.raises(QmpError, match=WHY + "database or disk is full"):
            qmp.cmd("swcxl-write-media", start=VOLATILE, data="a5" * (400 << 10))
        with pytest.raises(QmpError, match=WHY):
            plant(qmp, 20000)
        assert rows(qmp) == []  # a write clears poison, in the device
        assert "disk is full" in device.stderr()
        os.unlink(f"{inside}/filler")
        works_again(qmp)
        assert rows(qmp) == [9999]
        shutil.copy(f"{inside}/state", disk.parent / "copy")
        shutil.copy(f"{inside}/state-wal", disk.parent / "copy-wal")
        data = qmp.cmd("swcxl-read-media", start=VOLATILE, length=1 << 20)
    monkeypatch.undo()
    with Daemon("--state", disk.parent / "copy", "--volatile", "256M", "--persistent",
                "256M") as device, device.qmp() as qmp:
        assert rows(qmp) == [9999]
        assert qmp.cmd("swcxl-read-media", start=VOLATILE, length=1 << 20) == data
