# SPDX-License-Identifier: MIT
"""A device that has nothing to do does nothing: it never wakes up, has no thread that could, and
what it started for (a scan, a commit, a client) leaves nothing behind."""

import os
import time

import pytest

from daemon import Daemon, wait_until

SECONDS = 2


def status(pid, key):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key + ":"))


def sleeps(device):
    """How often any of its threads has gone to sleep so far."""
    return sum(status(f"{device.proc.pid}/task/{task}", "voluntary_ctxt_switches")
               for task in os.listdir(f"/proc/{device.proc.pid}/task"))


def is_asleep(device):
    """All threads are, and stay so for a moment: whatever came before is over."""
    before = sleeps(device)
    time.sleep(0.2)
    return sleeps(device) == before


def never_wakes(device):
    wait_until("the device is asleep", lambda: is_asleep(device))
    before = sleeps(device)
    time.sleep(SECONDS)
    return sleeps(device) == before


@pytest.mark.parametrize("vfio", [False, True])
@pytest.mark.parametrize("clock", ["real", "virtual"])
def test_without_a_guest(vfio, clock):
    with Daemon("--volatile", "256M", "--clock", clock, vfio=vfio) as device:
        assert never_wakes(device)
        assert status(device.proc.pid, "Threads") == 1


def test_with_a_state_file(tmp_path):
    """Its thread is made by the first commit, and then waits for the next."""
    with Daemon("--volatile", "256M", "--state", tmp_path / "state", vfio=False) as device:
        with device.qmp() as qmp:
            qmp.cmd("swcxl-plant-poison", start=0, length=64)
        assert never_wakes(device)
        assert status(device.proc.pid, "Threads") == 2


def test_after_a_scan():
    """... and beside clients that say nothing."""
    with Daemon("--volatile", "256M", vfio=False) as device:
        clients = [device.qmp() for _ in range(3)]
        clients[0].cmd("swcxl-plant-poison", start=0, length=64, known=False)
        scan = (bytes(8) + (16384).to_bytes(8, "little") + b"\1").hex()
        assert clients[0].cmd("swcxl-cci", opcode=0x4304, payload=scan)["return-code"] == 1
        clients[0].wait_event("SWCXL_BACKGROUND_COMPLETED")
        assert never_wakes(device)
        for client in clients:
            client.close()


def test_the_measure_sees_a_wake_up():
    with Daemon("--volatile", "256M", vfio=False) as device, device.qmp() as qmp:
        wait_until("the device is asleep", lambda: is_asleep(device))
        before = sleeps(device)
        qmp.cmd("query-status")
        wait_until("it has gone to sleep again", lambda: sleeps(device) > before)
