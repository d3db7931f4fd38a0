# SPDX-License-Identifier: MIT
"""Killed at any moment, a device comes up again with all that it acknowledged: hundreds of kills
under load, each followed by a start on what is left and a comparison.

$SWCXL_CRASH_SEED repeats a run (but not its timing), $SWCXL_CRASH_ROUNDS makes it longer.
"""

import os
import random
import subprocess
import threading
import time

import pytest
from crash_dc import DC_OPTIONS, DcLoader
from crash_load import loaders
from daemon import Daemon, program
from snapshot import VOLATILE

pytestmark = pytest.mark.usefixtures("fast")
ROUNDS = int(os.environ.get("SWCXL_CRASH_ROUNDS", "250"))
SEED = os.environ.get("SWCXL_CRASH_SEED") or str(random.SystemRandom().getrandbits(32))
OPTIONS = ("--volatile", "256M", "--persistent", "256M", "--clock", "virtual",
           "--injected-persists", "on", "--poison-list-max", "100000", "--event-log-max", "65535",
           *DC_OPTIONS)


def load(device, clients, rng):
    """Lets the clients work, and kills the device under their hands."""
    for client in clients:
        client.begin()
        client.connect(device)
    failures = []

    def run(client):
        try:
            client.run()
        except BaseException as error:  # is raised where it fails the test
            failures.append(error)

    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    time.sleep(rng.choice((0.002, 0.01, 0.04)) * rng.random())
    device.proc.kill()
    device.wait()
    for thread in threads:
        thread.join()
    for client in clients:
        client.disconnect()
    if failures:
        raise failures[0]


def kill_while_starting(file, rng):
    """Nobody is acknowledged anything by a device that never becomes ready."""
    process = subprocess.Popen([program(), "--state", str(file), *OPTIONS, "--run", "exec sleep 9"],
                               stderr=subprocess.PIPE)
    time.sleep(0.03 * rng.random())
    process.kill()
    words = process.communicate()[1]
    assert words == b"", words


def need_maintenance(file):
    """The first permanent error would make an event in the log of one client, whoever plants it.
    Now it does not: the device has told already."""
    with Daemon("--state", file, *OPTIONS) as device, device.qmp() as qmp:
        qmp.cmd("swcxl-set-health", health_status=["maintenance-needed"])
        cleared = qmp.cmd("swcxl-cci", opcode=0x0101, payload="010001000000" "0100")
        assert cleared["return-code"] == 0


def test_what_was_acknowledged_survives(file):
    print(f"seed: SWCXL_CRASH_SEED={SEED}")
    need_maintenance(file)
    rng = random.Random(SEED)
    clients = [*loaders(SEED), DcLoader(4, SEED)]
    for client in clients:
        client.begin()
    acknowledged = more = 0
    for _ in range(ROUNDS):
        if rng.random() < 0.15:
            kill_while_starting(file, rng)
        device = Daemon("--state", file, *OPTIONS)
        try:
            with device.qmp() as qmp:
                more += sum(client.check(qmp) for client in clients)
            load(device, clients, rng)
            acknowledged += sum(client.acknowledged for client in clients)
        finally:
            device.kill()
    print(f"{ROUNDS} kills, {acknowledged} commands acknowledged, {more} more had taken effect")
    assert acknowledged > ROUNDS
    with Daemon("--state", file, *OPTIONS) as device, device.qmp() as qmp:
        for client in clients:
            client.check(qmp)


def test_a_new_file_is_never_half_made(tmp_path):
    print(f"seed: SWCXL_CRASH_SEED={SEED}")
    rng = random.Random(SEED)
    for i in range(ROUNDS // 8):
        file = tmp_path / str(i)
        kill_while_starting(file, rng)
        with Daemon("--state", file, *OPTIONS) as device, device.qmp() as qmp:
            assert qmp.cmd("swcxl-query-poison") == []
            qmp.cmd("swcxl-plant-poison", start=VOLATILE, length=64)
