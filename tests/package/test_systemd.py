# SPDX-License-Identifier: MIT
"""The units: systemd takes them as they are, thinks well of them, and starts what they say. They run
for good in tools/check-package, where systemd is process 1."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from daemon import Daemon, Qmp, program, wait_until
from vfio_user import Client, Mailbox

UNITS = Path(os.environ.get("LIBSWCXL", ".")).parent / "packaging"


@pytest.fixture(name="units")
def fixture_units(tmp_path):
    """The units with the program where it is."""
    for unit in ("swcxl@.service", "swcxl@.socket"):
        text = (UNITS / unit).read_text()
        (tmp_path / unit).write_text(re.sub(r"(?m)^ExecStart=\S*", f"ExecStart={program()}", text))
    return tmp_path


def analyze(units, *args):
    return subprocess.run(["systemd-analyze", *args], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"})


def test_the_units_are_in_order(units):
    done = analyze(units, "verify", "--man=no", "swcxl@mem0.service", "swcxl@mem0.socket")
    complaints = [line for line in done.stderr.splitlines() if "swcxl" in line]
    assert not complaints, done.stderr


def test_the_service_is_exposed_little(units):
    done = analyze(units, "security", "--offline=yes", "--threshold=15", "--no-pager", "swcxl@mem0.service")
    assert done.returncode == 0, done.stdout + done.stderr


def test_sockets_of_systemd_are_served(tmp_path):
    """A connection to a socket that systemd holds starts the device, with the unit's --fd 3."""
    path, qmp = str(tmp_path / "vfio-user"), str(tmp_path / "qmp")
    assert re.search(r"^ExecStart=.* --fd 3 ", (UNITS / "swcxl@.service").read_text(), re.M)
    starter = shutil.which("systemd-socket-activate")
    assert starter
    with subprocess.Popen([starter, "-l", path, program(), "--volatile", "256M", "--fd", "3", "--qmp", qmp]) as proc:
        try:
            wait_until("systemd listens", lambda: os.path.exists(path))
            assert not os.path.exists(qmp)
            with Client(path) as client:
                assert Mailbox(client).command(0x4000)[0] == 0
            with Qmp(qmp) as control:
                control.cmd("quit")
            assert proc.wait(20) == 0
        finally:
            if proc.poll() is None:
                proc.kill()


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_the_service_manager_is_told_when_it_is_ready(kind, tmp_path):
    name = str(tmp_path / "notify") if kind == "path" else f"@swcxl-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1))
        manager.settimeout(20)
        with Daemon("--volatile", "256M", env={"NOTIFY_SOCKET": name}) as device:
            assert manager.recv(100) == b"READY=1"
            assert device.qmp().greeting  # everything listens by then


def test_a_service_manager_that_is_not_there_is_not_needed(tmp_path):
    for name in (str(tmp_path / "nobody"), "relative", "/" + "x" * 200):
        with Daemon("--volatile", "256M", env={"NOTIFY_SOCKET": name}) as device:
            assert f"NOTIFY_SOCKET {name}: " in device.stderr()
