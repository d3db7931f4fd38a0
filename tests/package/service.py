# SPDX-License-Identifier: MIT
"""The installed units below a systemd that runs as process 1 (boot), seen from outside of it.
usage: service.py PID, the process id of that systemd. Called by tools/check-package."""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from daemon import Qmp, wait_until  # noqa: E402
from vfio_user import Client, Mailbox  # noqa: E402

PID = sys.argv[1]
ROOT = Path(f"/proc/{PID}/root")


def inside(*args, check=True):
    done = subprocess.run(["nsenter", "-t", PID, "-a", "-r", "-w", *args], capture_output=True, text=True,
                          timeout=120)
    assert not check or done.returncode == 0, f"{args}: {done.stdout}{done.stderr}{journal()}"
    return done.stdout


def journal():
    return subprocess.run(["nsenter", "-t", PID, "-a", "-r", "-w", "journalctl", "-n", "40", "--no-pager"],
                          capture_output=True, text=True).stdout


def show(name, of="swcxl@mem0.service"):
    return inside("systemctl", "show", "-P", name, of).strip()


def configure(name, options):
    (ROOT / "etc/swcxl").mkdir(exist_ok=True)
    (ROOT / f"etc/swcxl/{name}.conf").write_text(f"SWCXL_OPTIONS={options}\n")


def user(name):
    pid = show("MainPID", f"swcxl@{name}.service")
    return inside("stat", "-c", "%u", f"/proc/{pid}").strip()


def socket_starts_it():
    configure("mem0", "--volatile 0 --persistent 256M")
    inside("systemctl", "start", "swcxl@mem0.socket")
    path = ROOT / "run/swcxl/mem0.sock"
    assert path.stat().st_mode & 0o777 == 0o660
    assert inside("stat", "-c", "%G", "/run/swcxl/mem0.sock").strip() == "swcxl"
    assert show("ActiveState") == "inactive"
    with Client(str(path)) as client:
        assert Mailbox(client).command(0x4000)[0] == 0
    assert show("ActiveState") == "active"


def it_is_confined():
    (line,) = [line for line in inside("journalctl", "-u", "swcxl@mem0", "--no-pager").splitlines()
               if "confined:" in line]
    assert "namespaces as a user" in line and "not hidden" not in line, line
    pid = show("MainPID")
    status = inside("cat", f"/proc/{pid}/status")
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb", "CapInh"):
        assert f"{name}:\t0000000000000000" in status
    assert inside("ls", f"/proc/{pid}/root").split() == ["var"]  # the way to the state's directory
    assert int(inside("stat", "-c", "%u", f"/proc/{pid}")) > 1000


def devices_are_different_users():
    configure("mem1", "--volatile 256M --socket-group swcxl")
    inside("systemctl", "start", "swcxl@mem1")
    assert user("mem0") != user("mem1")
    modes = [inside("stat", "-c", "%a %G", f"/run/swcxl/{name}/qmp").strip() for name in ("mem0", "mem1")]
    assert modes[0].startswith("600 ") and modes[1] == "660 swcxl", modes


def a_restart_is_a_power_cycle():
    with Qmp(str(ROOT / "run/swcxl/mem0/qmp")) as qmp:
        qmp.cmd("swcxl-plant-poison", start=4096, length=64)
    inside("systemctl", "restart", "swcxl@mem0")  # returns when it is ready
    with Qmp(str(ROOT / "run/swcxl/mem0/qmp")) as qmp:
        assert [row["start"] for row in qmp.cmd("swcxl-query-poison")] == [4096]
    state = inside("stat", "-Lc", "%a", "/var/lib/swcxl/mem0/state").strip()
    assert state == "600"


def a_crash_is_followed_by_a_start():
    pid = show("MainPID")
    inside("systemctl", "kill", "-s", "SEGV", "swcxl@mem0")
    wait_until("it is started again", lambda: show("ActiveState") == "active" and show("MainPID") not in ("0", pid))
    with Client(str(ROOT / "run/swcxl/mem0.sock")) as client:
        assert Mailbox(client).command(0x4000)[0] == 0


def a_wrong_option_is_said_and_not_tried_again():
    configure("wrong", "--volatile 1")
    inside("systemctl", "start", "swcxl@wrong", check=False)
    wait_until("it has failed", lambda: show("ActiveState", "swcxl@wrong.service") == "failed")
    assert show("ExecMainStatus", "swcxl@wrong.service") == "2"
    assert show("NRestarts", "swcxl@wrong.service") == "0"
    assert "256" in inside("journalctl", "-u", "swcxl@wrong", "--no-pager")


def an_end_leaves_nothing():
    inside("systemctl", "stop", "swcxl@mem0.socket", "swcxl@mem0", "swcxl@mem1.socket", "swcxl@mem1",
           "swcxl@wrong.socket")
    assert show("Result") == show("Result", "swcxl@mem1.service") == "success"
    left = os.listdir(ROOT / "run/swcxl") if (ROOT / "run/swcxl").exists() else []
    assert left == [], left


def systemd_thinks_well_of_it():
    told = subprocess.run(["nsenter", "-t", PID, "-a", "-r", "-w", "systemd-analyze", "verify", "--man=no",
                           "swcxl@mem0.service", "swcxl@mem0.socket"], capture_output=True, text=True)
    assert "swcxl" not in told.stderr, told.stderr
    inside("systemd-analyze", "security", "--threshold=15", "--no-pager", "swcxl@mem0.service")


for check in (socket_starts_it, it_is_confined, devices_are_different_users, a_restart_is_a_power_cycle,
              a_crash_is_followed_by_a_start, a_wrong_option_is_said_and_not_tried_again, an_end_leaves_nothing,
              systemd_thinks_well_of_it):
    check()
    print(f"  {check.__name__}", flush=True)
