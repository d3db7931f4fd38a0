# SPDX-License-Identifier: MIT
"""Several clients at once: limits, and that none of them disturbs another."""

import os
import resource
import socket
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

    # One goes, and the next finds room at once: whoever is gone does not count.
    for _ in range(20):
        clients.pop().close()
        clients.append(device.qmp())
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
        command = b'{"execute": "swcxl-query-poison"}' * 100
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
        asked = sent // len(b'{"execute": "swcxl-query-poison"}')
        for _ in range(asked):
            assert len(lazy.recv_reply()["return"]) >= 250
        assert lazy.events == []
        lazy.close()
        assert good.cmd("query-status")["running"]


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


def test_idle_means_no_wake_ups(device):
    with device.qmp():
        time.sleep(0.2)

        def switches():
            with open(f"/proc/{device.proc.pid}/status") as file:
                return [int(line.split()[1]) for line in file if "ctxt_switches" in line]

        before = switches()
        time.sleep(0.5)
        assert switches() == before
