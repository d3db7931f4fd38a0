# SPDX-License-Identifier: MIT
"""Several clients at once: limits, and that none of them disturbs another."""

import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest
from daemon import Daemon, Qmp, QmpError, wait_until

CLIENTS = 64


def test_64_clients_and_a_65th_is_closed_at_once(device):
    clients = [device.qmp() for _ in range(CLIENTS)]
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(device.qmp_path)
        assert s.recv(100) == b""
    for client in clients:
        assert client.cmd("query-status")["running"]
    stats = clients[0].cmd("swcxl-query-stats")["qmp"]
    assert (stats["clients"], stats["connections"], stats["refused"]) == (64, 64, 1)

    for client in clients:
        client.close()


def test_whoever_is_gone_does_not_count(device):
    """The next client finds room at once, also when it is heard of before the end of another."""
    clients = [device.qmp() for _ in range(CLIENTS)]
    for _ in range(5):
        device.proc.send_signal(signal.SIGSTOP)
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(device.qmp_path)
        clients.pop(0).close()
        device.proc.send_signal(signal.SIGCONT)
        connection.settimeout(5)
        assert connection.recv(1000).startswith(b'{"QMP"')
        clients.append(connection)
    for client in clients:
        client.close()


def test_no_descriptors_left_is_no_busy_loop_and_no_end(checked):
    with Daemon("--volatile", "256M", vfio=False) as device:
        one = device.qmp()
        used = len(os.listdir(f"/proc/{device.proc.pid}/fd"))
        soft, hard = resource.prlimit(device.proc.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(device.proc.pid, resource.RLIMIT_NOFILE, (used + 2, hard))
        two, three = device.qmp(), device.qmp()
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(device.qmp_path)
            assert s.recv(100) == b""
        for client in (one, two, three):
            assert client.cmd("query-status")["running"]
        before = cpu_time(device)
        time.sleep(0.3)
        assert cpu_time(device) - before < 0.1
        resource.prlimit(device.proc.pid, resource.RLIMIT_NOFILE, (soft, hard))
        device.qmp().close()
        for client in (one, two, three):
            client.close()


def cpu_time(device):
    with open(f"/proc/{device.proc.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_events_go_to_every_client_that_has_negotiated(device, checked):
    with device.qmp() as one, device.qmp() as two, device.qmp(negotiate=False) as silent:
        one.cmd("swcxl-plant-poison", start=0, length=64)
        assert one.events == [two.wait_event("SWCXL_EVENT_RECORD")]
        checked.check_event(one.events[0])
        assert abs(one.events[0]["timestamp"]["seconds"] - time.time()) < 60
        silent.send({"execute": "qmp_capabilities"})
        assert silent.recv() == {"return": {}}


def test_an_event_that_a_command_causes_comes_before_its_reply(qmp):
    qmp.send({"execute": "swcxl-plant-poison", "arguments": {"start": 0, "length": 64}})
    assert qmp.recv()["event"] == "SWCXL_EVENT_RECORD"
    assert qmp.recv() == {"return": {}}


def test_a_client_that_does_not_read_is_bounded_and_disturbs_nobody(device):
    """4 MiB of output, then its input waits and events to it are dropped and counted."""
    with device.qmp() as good:
        for i in range(250):
            good.cmd("swcxl-plant-poison", start=i * 4096, length=64)
        lazy = Qmp(device.qmp_path)
        lazy.socket.setblocking(False)
        command = b'{"execute": "swcxl-query-poison"}'.ljust(1000)
        sent = 0
        deadline = time.monotonic() + 20
        stuck = 0
        while stuck < 20 and time.monotonic() < deadline:
            try:
                sent += lazy.socket.send(command)
                stuck = 0
            except BlockingIOError:
                stuck += 1
                time.sleep(0.01)
        assert stuck == 20, "its input never waited"
        requests = good.cmd("swcxl-query-stats")["qmp"]["requests"]
        time.sleep(0.1)
        assert good.cmd("swcxl-query-stats")["qmp"]["requests"] == requests + 1
        assert memory(device) < 64 << 20

        # Events: dropped for one, delivered to the other.
        before = good.cmd("swcxl-query-stats")["qmp"]["events-dropped"]
        good.cmd("swcxl-plant-poison", start=1 << 24, length=64, source="external")
        good.wait_event("SWCXL_EVENT_RECORD")
        assert good.cmd("swcxl-query-stats")["qmp"]["events-dropped"] == before + 1

        # When it reads at last, everything it has asked for comes, whole and in order.
        lazy.socket.settimeout(20)
        asked = sent // len(command)
        for _ in range(asked):
            assert len(lazy.recv_reply()["return"]) >= 250
        assert lazy.events == []
        lazy.close()
        assert good.cmd("query-status")["running"]


def test_one_write_of_many_large_requests_is_bounded_too(device):
    with device.qmp() as good, device.qmp() as lazy:
        before = memory(device)
        lazy.send('{"execute":"swcxl-read-media","arguments":{"start":0,"length":1048576}}' * 60)
        wait_until("it has begun", lambda: good.cmd("swcxl-query-device")
                   and memory(device) > before)
        time.sleep(0.2)
        assert memory(device) < before + (32 << 20)
        for _ in range(60):
            assert len(lazy.recv()["return"]["data"]) == 2 << 20


def memory(device):
    with open(f"/proc/{device.proc.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_a_client_that_goes_without_reading_is_forgotten(device):
    with device.qmp() as good:
        for _ in range(10):
            lazy = Qmp(device.qmp_path)
            lazy.send('{"execute": "query-qmp-schema"}' * 200)
            lazy.close()
        wait_until("they are gone", lambda: good.cmd("swcxl-query-stats")["qmp"]["clients"] == 1)


def test_one_clients_errors_do_not_touch_another(device):
    with device.qmp() as good, device.qmp() as bad:
        bad.send('{"execute": "')
        for data in ("[[[[", "}\n", "\0", "{'a': 1e999}"):
            bad.send(data)
            assert good.cmd("query-status")["running"]
        with pytest.raises(QmpError):
            bad.cmd("nosuch")
        bad.socket.close()
        assert good.cmd("query-status")["running"]


def test_a_large_reply_comes_whole(qmp):
    data = "".join(f"{i % 256:02x}" for i in range(1 << 20))
    qmp.cmd("swcxl-write-media", start=0, data=data)
    for _ in range(4):
        assert qmp.cmd("swcxl-read-media", start=0, length=1 << 20)["data"] == data


def switches(device):
    """How often the process has gone to sleep and has been interrupted."""
    with open(f"/proc/{device.proc.pid}/status") as file:
        return sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)


def test_idle_means_no_wake_ups(device):
    with device.qmp():
        time.sleep(0.2)
        before = switches(device)
        time.sleep(0.5)
        assert switches(device) == before


def test_a_scan_wakes_up_for_what_it_finds_and_at_its_end(checked):
    """Deadlines are rounded up to the timer's milliseconds: no timer fires too early."""
    with Daemon("--volatile", "256M", "--scan-ns-per-line", "60", vfio=False) as device, \
            device.qmp() as qmp:
        for i in range(3):
            qmp.cmd("swcxl-plant-poison", start=i << 26, length=64, known=False)
        payload = struct.pack("<QQB", 0, 1 << 22, 0).hex()
        assert qmp.cmd("swcxl-cci", opcode=0x4304, payload=payload)["return-code"] == 1
        before, cpu = switches(device), cpu_time(device)
        qmp.wait_event("SWCXL_BACKGROUND_COMPLETED")
        assert switches(device) - before < 40
        assert cpu_time(device) - cpu < 0.1
        assert qmp.cmd("swcxl-query-device")["scan-results"] == 3


def test_a_greedy_client_does_not_keep_another_waiting(device):
    """One that asks for much and reads it at once gets a turn of a few MiB at a time."""
    with device.qmp() as good:
        greedy = subprocess.Popen([sys.executable, "-c", GREEDY, device.qmp_path])
        try:
            wait_until("it is at work",
                       lambda: good.cmd("swcxl-query-stats")["qmp"]["requests"] > 20)
            slowest = 0
            for _ in range(20):
                start = time.monotonic()
                assert good.cmd("query-status")["running"]
                slowest = max(slowest, time.monotonic() - start)
            assert greedy.poll() is None
            assert slowest < 1
        finally:
            greedy.kill()
            greedy.wait()


GREEDY = """
import socket, sys, threading
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"{'execute': 'qmp_capabilities'}")
ask = b"{'execute':'swcxl-read-media','arguments':{'start':0,'length':1048576}}" * 1000

def send():
    while True:
        s.sendall(ask)

threading.Thread(target=send, daemon=True).start()
while s.recv(1 << 22):
    pass
"""
