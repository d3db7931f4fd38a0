# SPDX-License-Identifier: MIT
"""Files that a client makes the device write to: as large as what they keep, and no larger."""

import os
import re
import subprocess

from daemon import Daemon, program
from hostile import built
from snapshot import VOLATILE, set_lsa

LIMIT = 4 << 20  # of the journal, once it is written


def start(state, *options):
    return Daemon("--volatile", "256M", "--persistent", "256M", "--clock", "virtual", "--state", state,
                  *options, vfio=False)


def test_the_journal_does_not_grow(tmp_path, monkeypatch):
    """Neither by many commits nor by a large one, once more has been written."""
    monkeypatch.setenv("SWCXL", built("swcxl-chaos"))
    state = tmp_path / "state"
    with start(state) as device, device.qmp() as qmp:
        for i in range(12):  # 12 MiB in few commits
            qmp.cmd("swcxl-write-media", start=VOLATILE + (i << 20), data=os.urandom(1 << 20).hex())
        for i in range(1500):
            set_lsa(qmp, 4096 * (i % 32), os.urandom(64))
        wal = os.path.getsize(f"{state}-wal")
        assert wal <= LIMIT + (1 << 20), wal
        before = os.path.getsize(f"{state}-wal")
        for i in range(1500):
            set_lsa(qmp, 4096 * (i % 32), os.urandom(64))
        assert os.path.getsize(f"{state}-wal") <= max(before, LIMIT + (1 << 20))


def test_the_state_file_does_not_grow(tmp_path, monkeypatch):
    """What is done and undone over and over leaves no trace of how often."""
    monkeypatch.setenv("SWCXL", built("swcxl-chaos"))
    state = tmp_path / "state"
    sizes = []
    with start(state, "--event-log-max", "50") as device:
        for _ in range(3):
            with device.qmp() as qmp:
                for i in range(200):
                    start_of = VOLATILE + 8192 * i
                    qmp.cmd("swcxl-plant-poison", start=start_of, length=64)
                    qmp.cmd("swcxl-write-media", start=start_of, data="a5" * 64)
                    qmp.cmd("swcxl-write-media", start=start_of, data="00" * 64)
                    qmp.cmd("swcxl-inject-event", log="fatal",
                            type="01020304-0506-0708-090a-0b0c0d0e0f10")
                for _ in range(700):
                    set_lsa(qmp, 0, os.urandom(4000))
            sizes.append(os.path.getsize(state) + min(os.path.getsize(f"{state}-wal"), LIMIT))
    assert sizes[2] <= max(sizes[0], sizes[1]) + (1 << 20), sizes
    assert os.path.getsize(state) < 4 << 20


def test_a_long_line_is_cut(tmp_path):
    """What a path makes it say fits into what a pipe takes whole."""
    path = "/".join(["d" * 200] * 15)
    done = subprocess.run([program(), "--volatile", "256M", "--state", f"/{path}/state", "--run",
                           "true"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and re.fullmatch(r"swcxl: .{1000,1023}\n", done.stderr), done
