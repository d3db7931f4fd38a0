# SPDX-License-Identifier: MIT
"""Clients that mean no good: none of them may harm another. What the others see is compared with
what they see of an idle device, since machines differ; and no limit of time here is tight."""

import contextlib
import json
import os
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

import pytest
from daemon import Daemon, Qmp, program, wait_until
from hostile import built, fds
from vfio_user import (BAR2, CONFIG, GET_INFO, NO_REPLY, REGION_READ, VERSION, WRITE_MULTI,
                       Client, Closed, Mailbox, assert_serves, connect_late, pack)

PATIENCE = 2.0  # seconds: what Linux gives a doorbell; the worst for anybody who is not guilty


def slowest(call, times=15):
    """The longest of a few calls, in seconds."""
    worst = 0
    for _ in range(times):
        start = time.monotonic()
        call()
        worst = max(worst, time.monotonic() - start)
    return worst


@pytest.fixture
def lean(monkeypatch):
    """A device whose memory can be measured: without the sanitizers' own."""
    monkeypatch.setenv("SWCXL", built("swcxl-chaos"))
    with Daemon("--volatile", "256M", "--persistent", "256M", "--clock", "virtual") as daemon:
        yield daemon


def memory(device):
    with open(f"/proc/{device.proc.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


@contextlib.contextmanager
def enemy(text, *args):
    """A process that runs this, with s connected to args[0]; it is at work when it has written."""
    proc = subprocess.Popen([sys.executable, "-c", ENEMY + text, *map(str, args)],
                            stdout=subprocess.PIPE)
    try:
        assert proc.stdout.readline() == b"begun\n"
        yield proc
        assert proc.poll() is None, "the enemy has given up"
    finally:
        proc.kill()
        proc.wait()
        proc.stdout.close()


ENEMY = """
import json, socket, struct, sys, threading
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])

def read():
    while s.recv(1 << 20):
        pass

def begun():
    print("begun", flush=True)
"""

NEGOTIATE = "s.sendall(b'{\"execute\": \"qmp_capabilities\"}')\n"
READ = "threading.Thread(target=read, daemon=True).start()\n"
FLOOD = """
ask = (json.dumps(json.loads(sys.argv[2])) + "\\n").encode() * 500
s.sendall(ask)
begun()
while True:
    s.sendall(ask)
"""


def request(command, **args):
    return json.dumps({"execute": command, "arguments": {k.replace("_", "-"): v
                                                         for k, v in args.items()}})


# ---- those who ask for too much ------------------------------------------------------------------

EXPENSIVE = {
    "cheap": '{"execute": "query-status"}',
    "a storm of events": request("swcxl-inject-event", log="warning", count=65535,
                                 type="01020304-0506-0708-090a-0b0c0d0e0f10"),
    "all of the poison": request("swcxl-query-poison"),
    "a megabyte": request("swcxl-read-media", start=0, length=1 << 20),
    "events for everybody": request("swcxl-inject-event", log="fatal",
                                    type="01020304-0506-0708-090a-0b0c0d0e0f10"),
}


@pytest.mark.parametrize("ask", EXPENSIVE.values(), ids=EXPENSIVE)
def test_a_flood_of_commands_is_a_turn_at_a_time(device, qmp, ask):
    """The others' commands wait for one turn of it, not for all of it."""
    with Client(device.socket) as client:
        box = Mailbox(client)
        calls = (lambda: qmp.cmd("query-status"), lambda: box.ok(0x4000),
                 lambda: client.read(CONFIG, 0, 4))
        idle = [slowest(call) for call in calls]
        with enemy(NEGOTIATE + READ + FLOOD, device.qmp_path, ask):
            busy = [slowest(call) for call in calls]
        for was, is_now in zip(idle, busy):
            assert is_now < max(PATIENCE, 50 * was), (idle, busy)


def test_a_flood_of_messages_is_a_turn_at_a_time(device, qmp):
    """A guest that writes 200 registers with each message, each of which rings a doorbell."""
    idle = slowest(lambda: qmp.cmd("query-status"))
    with Client(device.socket) as client:
        box = Mailbox(client)
        box.put(box.COMMAND, 0x4000, 8)
        entry = struct.pack("<QII", box.base + box.CONTROL, BAR2, 4) + struct.pack("<Q", 1)
        message = pack(0, WRITE_MULTI, struct.pack("<Q", 200) + entry * 200, NO_REPLY)
        stop = threading.Event()

        def flood():
            while not stop.is_set():
                client.send_raw(message * 20)

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            wait_until("it is at work", lambda: commands(qmp) > 10000)
            busy = slowest(lambda: qmp.cmd("query-status"))
            # whoever comes to the same socket is told that it is taken, again and again
            for _ in range(2):
                with connect_late(device.socket) as second:
                    assert second.closed()
                busy = max(busy, slowest(lambda: qmp.cmd("query-status"), 3))
        finally:
            stop.set()
            thread.join()
        assert busy < max(PATIENCE, 50 * idle)
        client.read(CONFIG, 0, 4)
    assert_serves(device)


def commands(qmp):
    return sum(row["count"] for row in qmp.cmd("swcxl-query-stats")["cci"])


def test_a_guest_that_rings_for_ever(device, qmp):
    """Doorbells in memory, from a processor of its own: QMP and messages have their turns."""
    with Client(device.socket) as client:
        trapped = Mailbox(client)
        idle = [slowest(lambda: qmp.cmd("query-status")), slowest(lambda: client.read(CONFIG, 0, 4))]
        box = Mailbox(client, mapped="registers")
        box.ok(0x4000)
        rings = qmp.cmd("swcxl-query-stats")["vfio-user"]["doorbells"]
        stop = threading.Event()

        def ring():
            while not stop.is_set():
                for _ in range(1000):
                    box.put(box.CONTROL, 1)

        thread = threading.Thread(target=ring)
        thread.start()
        try:
            wait_until("it rings", lambda: qmp.cmd("swcxl-query-stats")["vfio-user"]["doorbells"]
                       > rings + 100)
            busy = [slowest(lambda: qmp.cmd("query-status")),
                    slowest(lambda: client.read(CONFIG, 0, 4))]
        finally:
            stop.set()
            thread.join()
        for was, is_now in zip(idle, busy):
            assert is_now < max(PATIENCE, 50 * was), (idle, busy)
        wait_until("the last one is done", lambda: not trapped.get(box.CONTROL) & 1)
        box.ok(0x4000)


# ---- those who do not read -----------------------------------------------------------------------


def test_a_vmm_that_does_not_read_costs_one_reply(lean):
    """Its input waits; the control socket does not, and memory stays what it was."""
    device, qmp = lean, lean.qmp()
    client = Client(device.socket)
    before = memory(device)
    client.socket.setblocking(False)
    ask = pack(0, REGION_READ, struct.pack("<QII", 0, BAR2, 65536))
    stuck = 0
    while stuck < 5:
        try:
            client.socket.send(ask * 100)
            stuck = 0
        except BlockingIOError:
            stuck += 1
            time.sleep(0.02)
    assert slowest(lambda: qmp.cmd("query-status")) < PATIENCE
    assert memory(device) < before + (8 << 20)
    qmp.close()
    client.close()
    assert_serves(device)


def test_a_storm_of_events_for_clients_that_do_not_read(lean):
    """Ten of them, and a guest that clears the log so that each record is news."""
    device, qmp = lean, lean.qmp()
    lazy = [device.qmp() for _ in range(10)]
    before = memory(device)
    text = request("swcxl-inject-event", log="fatal", count=300,
                   type="01020304-0506-0708-090a-0b0c0d0e0f10")
    text += request("swcxl-cci", opcode=0x101, payload="030100000000")
    rounds = 0
    while not qmp.cmd("swcxl-query-stats")["qmp"]["events-dropped"]:
        qmp.send(text * 500)
        for _ in range(1000):
            assert "return" in qmp.recv_reply()
        qmp.events.clear()
        rounds += 1
        assert rounds < 200
    assert memory(device) < before + 10 * (9 << 20)  # 4 MiB in a buffer that doubles
    for client in (*lazy, qmp):
        client.close()


# ---- those who say little ------------------------------------------------------------------------


def test_half_a_message_does_not_disturb_the_other_socket(device, qmp):
    with Client(device.socket) as client, device.qmp() as half:
        client.send_raw(pack(1, GET_INFO, bytes(16))[:20])
        half.send('{"execute": "query-sta')
        for _ in range(3):
            assert qmp.cmd("query-status")["running"]
        client.send_raw(pack(1, GET_INFO, struct.pack("<IIII", 16, 0, 0, 0))[20:])
        half.send('tus"}')
        assert half.recv()["return"]["running"]


def test_a_byte_now_and_then(device, qmp):
    """Each byte by itself, on both sockets: whole in the end, and nobody waits meanwhile."""
    with Client(device.socket, version=False) as client, device.qmp(negotiate=False) as slow:
        vfio = pack(1, VERSION, struct.pack("<HH", 0, 1) + b'{"capabilities":{}}\0')
        text = b'{"execute": "qmp_capabilities"}'
        for i in range(max(len(vfio), len(text))):
            client.send_raw(vfio[i:i + 1])
            slow.send(text[i:i + 1])
            if i % 8 == 0:
                time.sleep(0.02)
                assert qmp.cmd("query-status")["running"]
        assert client.recv().error == 0
        assert slow.recv() == {"return": {}}


def test_a_client_without_a_version_gives_way(device):
    """Nobody keeps the place by saying a byte a minute: after as long as a VMM waits for a reply,
    the next one who comes gets it."""
    with connect_late(device.socket) as silent:
        silent.send_raw(pack(0, VERSION, bytes(4))[:10])
        start = time.monotonic()
        with connect_late(device.socket) as early:
            assert early.closed()

        def served():
            silent_byte(silent)
            try:
                assert_serves(device)
                return True
            except (Closed, BrokenPipeError, ConnectionResetError):
                time.sleep(0.2)
                return False
        wait_until("it has the place", served)
        assert time.monotonic() - start > 4.5


def silent_byte(client):
    with contextlib.suppress(OSError):
        client.socket.send(b"", socket.MSG_NOSIGNAL)


def test_a_client_with_a_version_may_be_silent(device):
    """A guest that is stopped keeps its device."""
    with Client(device.socket) as client:
        time.sleep(5.5)
        with connect_late(device.socket) as second:
            assert second.closed()
        assert client.read(CONFIG, 0, 2) == b"\x98\x1e"


def test_clients_that_never_negotiate_give_way(device):
    """All 64 places are taken by those who say nothing: who wants to work gets one of them."""
    silent = [device.qmp(negotiate=False) for _ in range(63)]
    with device.qmp() as good:
        with socket.socket(socket.AF_UNIX) as early:
            early.connect(device.qmp_path)
            assert early.recv(100) == b""
        time.sleep(5.5)
        for _ in range(3):
            with device.qmp() as late:
                assert late.cmd("query-status")["running"]
        assert good.cmd("query-status")["running"]
    assert silent[0].recv_line() == b""  # the oldest; and the last one is still there
    assert silent[-1].execute({"execute": "qmp_capabilities"}) == {"return": {}}
    for client in silent:
        client.close()


# ---- those who come and go -----------------------------------------------------------------------


@pytest.mark.parametrize("where", ["qmp", "vfio"])
def test_ten_thousand_connections(lean, where):
    device = lean
    with device.qmp() as good:
        assert_serves(device)
        wait_until("nobody is connected", lambda: good.cmd("query-status")["running"])
        time.sleep(0.1)
        before, memory_before = fds(device), memory(device)
        path = device.qmp_path if where == "qmp" else device.socket
        worst = 0
        for i in range(10000):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                if i % 3 == 1:
                    s.send(b'{"execute": "qmp_capab' if where == "qmp" else b"\0\0\1")
            if i % 1000 == 0:
                worst = max(worst, slowest(lambda: good.cmd("query-status"), 1))
        assert worst < PATIENCE
        wait_until("they are all closed", lambda: fds(device) <= before)
        assert memory(device) < memory_before + (2 << 20)
        assert good.cmd("swcxl-query-stats")["qmp"]["clients"] == 1
        with device.qmp() as late:
            assert late.cmd("query-status")["running"]
    assert_serves(device)


# ---- words ---------------------------------------------------------------------------------------


def test_a_flood_of_words_is_paced():
    """What a guest makes the device say is so many lines a second, and how many were not said."""
    with Daemon("--volatile", "256M", "--log-level", "debug") as device:
        with device.qmp() as qmp:
            ask = request("swcxl-cci", opcode=0x103, payload="0c0c0c0c00")  # reserved bits
            for _ in range(5):
                qmp.send(ask * 1000)
                for _ in range(1000):
                    assert "return" in qmp.recv_reply()
            time.sleep(1.2)
            qmp.execute(ask)
        lines = device.stderr().splitlines()
        said = [line for line in lines if "reserved bits" in line]
        left_out = [int(line.split()[2]) for line in lines if "were left out here" in line]
        assert 100 <= len(said) < 5000 and left_out
        assert len(said) + sum(left_out) == 5001 * 4  # a line for each log


def test_nobody_reads_the_words():
    """stderr is a pipe that is full: the device does not wait for its reader."""
    reader, writer = os.pipe()
    device = StderrTo(writer)
    try:
        with Qmp(device.qmp_path) as qmp:
            ask = request("swcxl-cci", opcode=0x103, payload="0c0c0c0c00")
            os.set_blocking(writer, False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writer, b"x" * 4096)
            os.set_blocking(writer, True)
            for _ in range(50):
                qmp.send(ask)
                assert "return" in qmp.recv_reply()
            assert len(os.read(reader, 1 << 20)) >= 4096
    finally:
        device.end()
        os.close(reader)
        os.close(writer)


class StderrTo:
    """A device whose stderr goes there."""

    def __init__(self, writer):
        self.dir = tempfile.TemporaryDirectory(prefix="swcxl-test-")
        self.qmp_path = os.path.join(self.dir.name, "qmp")
        self.proc = subprocess.Popen([program(), "--volatile", "256M",
                                      "--log-level", "debug", "--qmp", self.qmp_path],
                                     stderr=writer)
        wait_until("it listens", lambda: os.path.exists(self.qmp_path))
        time.sleep(0.1)

    def end(self):
        self.proc.send_signal(signal.SIGTERM)
        status = self.proc.wait(20)
        self.dir.cleanup()
        assert status == 0


def test_a_trace_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setenv("SWCXL", built("swcxl-short"))  # 4096 bytes
    path = tmp_path / "trace"
    with Daemon("--volatile", "256M", "--trace", path, vfio=False) as device, device.qmp() as qmp:
        for _ in range(200):
            qmp.cmd("swcxl-cci", opcode=0x4000)
        size = path.stat().st_size
        assert 4096 <= size < 8192
        qmp.cmd("swcxl-cci", opcode=0x4000)
        assert path.stat().st_size == size
        lines = path.read_text().splitlines()
        assert lines[-2].split()[1:] == lines[-1].split()[1:]  # whole to the last
        assert device.stderr() == f"swcxl: warning: the trace ends here: {path} has {size} bytes\n"
