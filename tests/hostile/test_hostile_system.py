# SPDX-License-Identifier: MIT
"""A system that interrupts, cuts short, changes its clock and ends things at any time; and VMMs
that are killed between any two messages."""

import contextlib
import os
import random
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest
from daemon import Daemon, Qmp, program, wait_until
from hostile import fds, words
from snapshot import VOLATILE, assert_same, cci, change_at_random, set_lsa, snapshot
from vfio_user import (BAR2, CONFIG, REGION_READ, Client, Closed, Mailbox,
                       QemuClient, assert_serves, connect_late, pack)

# ---- interrupted, and less than was asked for ----------------------------------------------------


class Patient(Client):
    """A client that puts its messages together from any pieces."""

    def receive(self, size, got):
        data = b""
        while len(data) < size:
            piece = super().receive(size - len(data), got)
            if not piece:
                return data
            data += piece
        return data


@pytest.mark.parametrize("percent", [5, 40, 90])
def test_interrupted_and_short_calls_change_nothing(chaos, tmp_path, percent):
    """The same changes give the same device, and the same state file."""
    options = ("--volatile", "256M", "--persistent", "256M", "--clock", "virtual", "--serial", "1")
    with Daemon(*options, "--state", tmp_path / "a", env=chaos.env) as device, device.qmp() as qmp:
        change_at_random(qmp, 150, 1)
        expected = snapshot(qmp)
    chaos.io_percent = percent
    with Daemon(*options, "--state", tmp_path / "b", env=chaos.env, status=-9) as device, \
            device.qmp() as qmp:
        change_at_random(qmp, 150, 1)
        assert_same(snapshot(qmp), expected)
        for _ in range(3):
            with Patient(device.socket) as client:
                box = Mailbox(client, mapped="registers")
                assert len(box.ok(0x4000)) == 0x45
                assert len(client.read(CONFIG, 0, 4096)) == 4096
                client.write(BAR2, box.base + box.PAYLOAD, os.urandom(4096))
                box.ok(0x4103, bytes(8) + b"label")
        client = Patient(device.socket)
        client.send_raw(pack(1, REGION_READ, struct.pack("<QII", 0, BAR2, 65536)))
        client.close()  # in the middle of a reply
        assert len(cci(qmp, 0x4102, struct.pack("<II", 0, 5))) == 5
        expected = snapshot(qmp)
        hits = chaos.io_hits
        assert hits > 20 * percent
        device.proc.kill()
    chaos.io_percent = 0
    device.wait()
    with Daemon(*options, "--state", tmp_path / "b") as device, device.qmp() as qmp:
        assert_same(snapshot(qmp), expected)


# ---- clocks --------------------------------------------------------------------------------------


def test_the_clock_on_the_wall_is_for_people_only(chaos, tmp_path):
    """It jumps a day there and two days back: the device's time goes on as before, timestamps
    that the host has set too; only events of the control socket show it."""
    day = 86400
    with Daemon("--volatile", "256M", "--persistent", "256M", "--scan-ns-per-line", "100",
                env=chaos.env) as device, device.qmp() as qmp, Client(device.socket) as client:
        box = Mailbox(client)
        box.ok(0x0301, struct.pack("<Q", 10 ** 18))
        before = time.monotonic()
        for wall in (day, -day, 0, 20 * 365 * day):
            chaos.wall_s = wall
            stamp, = struct.unpack("<Q", box.ok(0x0300))
            assert 0 <= stamp - 10 ** 18 < 10 ** 9 * (time.monotonic() - before + 1)
            # a second of a scan, and a client that waits for its place, are neither long nor short
            box.ok(0x4304, struct.pack("<QQB", 0, 1 << 20, 0), rc=1)
            event = qmp.wait_event("SWCXL_BACKGROUND_COMPLETED")
            assert abs(event["timestamp"]["seconds"] - time.time() - wall) < 60
            with connect_late(device.socket) as second:
                assert second.closed()
        assert time.monotonic() - before < 15
        assert client.read(CONFIG, 0, 2) == b"\x98\x1e"


def test_a_client_is_not_stuck_because_the_clock_jumps(chaos):
    """Its reply has waited for a moment, not for an hour: it keeps the place."""
    with Daemon("--volatile", "256M", env=chaos.env) as device:
        first = Client(device.socket)
        first.socket.setblocking(False)
        asked, ask = 0, pack(0, REGION_READ, struct.pack("<QII", 0, BAR2, 65536))
        with contextlib.suppress(BlockingIOError):
            while True:
                assert first.socket.send(ask) == len(ask)
                asked += 1
        chaos.wall_s = 3600
        with connect_late(device.socket) as second:
            assert second.closed()
        first.socket.settimeout(20)
        for _ in range(asked):
            assert len(first.recv().body) == 16 + 65536
        first.close()


# ---- signals -------------------------------------------------------------------------------------


@pytest.fixture
def not_ignored():
    """As a terminal starts programs, even if the tests themselves run below nohup(1)."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_end_comes_at_any_time(tmp_path, number, not_ignored):
    """Under load, at random moments: status 0, nothing is left behind, and the state file has what
    was acknowledged."""
    rng = random.Random(int(number))
    state = tmp_path / "state"
    options = ("--volatile", "256M", "--persistent", "256M", "--state", state, "--clock", "virtual")
    at = 0  # what each byte of the label area was last acknowledged to be
    for _ in range(6):
        device = Daemon(*options)
        stop = threading.Timer(rng.random() * 0.15, device.proc.send_signal, [number])
        stop.start()
        with contextlib.suppress(OSError, Closed), Client(device.socket) as client, \
                contextlib.suppress(AssertionError), Qmp(device.qmp_path) as qmp:
            while True:
                set_lsa(qmp, 0, struct.pack("<Q", at + 1))
                at += 1
                client.read(CONFIG, 0, 4)
                qmp.cmd("swcxl-plant-poison", start=VOLATILE + 64 * rng.randrange(4096), length=64)
        stop.join()
        assert device.wait() == 0
        assert words(device.stderr()) == []
        left = os.listdir(device.dir)
        assert left == ["stderr"], left
        device.kill()
        assert not os.path.exists(f"{state}-wal")
        with Daemon(*options) as device, device.qmp() as qmp:
            kept, = struct.unpack("<Q", cci(qmp, 0x4102, struct.pack("<II", 0, 8)))
            assert kept in (at, at + 1)  # the last may be there without anybody knowing
            at = kept


def test_the_end_of_a_terminal_may_be_ignored(tmp_path):
    """nohup(1) does that for a program, which then goes on."""
    proc = subprocess.Popen(["nohup", program(), "--volatile", "256M", "--qmp", tmp_path / "qmp",
                             "--pid-file", tmp_path / "pid"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until("it is ready", lambda: os.path.exists(tmp_path / "pid"))
    proc.send_signal(signal.SIGHUP)
    with Qmp(str(tmp_path / "qmp")) as qmp:
        assert qmp.cmd("query-status")["running"]
    proc.send_signal(signal.SIGTERM)
    assert proc.wait(20) == 0 and not os.listdir(tmp_path)


def test_signals_during_the_start(tmp_path):
    """From the first moment on: ended by the signal, or with status 0; never half of a socket."""
    rng = random.Random(1)
    for i in range(25):
        proc = subprocess.Popen([program(), "--volatile", "256M", "--qmp", tmp_path / "qmp",
                                 "--socket-path", tmp_path / "vfio", "--pid-file", tmp_path / "pid",
                                 "--state", tmp_path / "state"], stderr=subprocess.PIPE, text=True)
        time.sleep(rng.random() * 0.06)
        proc.send_signal(signal.SIGTERM)
        _, said = proc.communicate(timeout=20)
        assert proc.returncode in (0, -signal.SIGTERM) and not words(said), (i, said)
        left = set(os.listdir(tmp_path)) - {"state", "state-wal", "state-journal"}
        assert not left, (i, left)


def test_stopped_and_continued(device, qmp):
    """A process that is stopped and goes on, over and over, loses nothing."""
    with Client(device.socket) as client:
        box = Mailbox(client)
        stop = threading.Event()

        def torment():
            while not stop.is_set():
                device.proc.send_signal(signal.SIGSTOP)
                time.sleep(0.002)
                device.proc.send_signal(signal.SIGCONT)
                time.sleep(0.002)

        thread = threading.Thread(target=torment)
        thread.start()
        try:
            for i in range(100):
                box.ok(0x4000)
                assert qmp.cmd("swcxl-read-media", start=0, length=64)
        finally:
            stop.set()
            thread.join()


# ---- a VMM that is killed ------------------------------------------------------------------------


class Recorder(QemuClient):
    """Notes each message that QEMU sends, with copies of the descriptors."""

    def __init__(self, where):
        self.sent = []
        super().__init__(where)

    def send_raw(self, data, got=()):
        self.sent.append((bytes(data), [os.dup(fd) for fd in got]))
        super().send_raw(data, got)


def test_a_vmm_killed_at_any_message(device, qmp):
    """QEMU's start, a guest's commands, and a reboot, cut off behind each message, and within it:
    whoever comes next is served, and nothing of the dead is kept."""
    with Recorder(device.socket) as client:
        client.start()
        box = Mailbox(client)
        box.ok(0x4000)
        box.ok(0x4301, bytes(8))
        box.ok(0x4302, bytes(72))
        client.machine_reset()
        sent = client.sent
    assert len(sent) > 60
    wait_until("it is gone", lambda: qmp.cmd("swcxl-query-stats")["vfio-user"]["connections"] == 1)
    assert_serves(device)
    time.sleep(0.1)
    flat = fds(device)
    for cut in range(len(sent)):
        for inside in (0, 7, 18):
            dead = socket.socket(socket.AF_UNIX)
            dead.connect(device.socket)
            for data, got in sent[:cut]:
                send_all(dead, data, got)
            data, got = sent[cut]
            if inside and inside < len(data):
                send_all(dead, data[:inside], got)
            dead.close()  # with replies that nobody has read: as a kill leaves it
            with Client(device.socket) as good:
                assert good.read(CONFIG, 0, 2) == b"\x98\x1e", (cut, inside)
                assert good.config(4, 2) & 0x404 == 0
    wait_until("nothing is left of them", lambda: fds(device) <= flat)
    for _, got in sent:
        for fd in got:
            os.close(fd)
    assert qmp.cmd("query-status")["running"]


def send_all(dead, data, got):
    if got:
        socket.send_fds(dead, [data], got)
    else:
        dead.sendall(data)


def test_killed_while_its_guest_scans(device, qmp):
    """A background operation goes on without its VMM, and the next one sees it."""
    for _ in range(3):
        with Client(device.socket) as client:
            Mailbox(client).ok(0x4304, struct.pack("<QQB", 0, 1000, 0), rc=1)
        with Client(device.socket) as client:
            qmp.cmd("swcxl-clock-step", nanoseconds=10 ** 7)
            assert not Mailbox(client).background()[0]
