# SPDX-License-Identifier: MIT
"""Devices among enemies: clients that mean no good, and a system that fails."""

import mmap
import os
import struct
import sys

import pytest

for folder in "qmp", "lib", "state":
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))

from daemon import Daemon  # noqa: E402
from hostile import built  # noqa: E402


@pytest.fixture
def device():
    """256 MiB volatile and 256 MiB persistent; its clock stands still."""
    with Daemon("--volatile", "256M", "--persistent", "256M", "--clock", "virtual") as daemon:
        yield daemon


@pytest.fixture
def qmp(device):
    with device.qmp() as connection:
        yield connection


class Chaos:
    """What goes wrong, now: the fields of struct chaos, in memory that the program shares."""

    FIELDS = ("fail_in", "fail_for", "failed", "allocations", "io_percent", "io_hits", "wall_s",
              "no_threads")

    def __init__(self, path):
        path.write_bytes(bytes(8 * len(self.FIELDS)))
        self.env = {"CHAOS": str(path)}
        with open(path, "r+b") as file:
            self.__dict__["memory"] = mmap.mmap(file.fileno(), 0)

    def __getattr__(self, name):
        if name not in self.FIELDS:
            raise AttributeError(name)
        return struct.unpack_from("<q", self.memory, 8 * self.FIELDS.index(name))[0]

    def __setattr__(self, name, value):
        if name in self.FIELDS:
            struct.pack_into("<q", self.memory, 8 * self.FIELDS.index(name), value)
        else:
            self.__dict__[name] = value


@pytest.fixture
def chaos(tmp_path, monkeypatch):
    """Devices that are started meanwhile live in a world that this can break."""
    monkeypatch.setenv("SWCXL", built("swcxl-chaos"))
    return Chaos(tmp_path / "chaos")
