# SPDX-License-Identifier: MIT
"""Fixtures of the control protocol's tests. Every value that a command returns in them is held
against query-qmp-schema."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

from capacity import OPTIONS  # noqa: E402
from daemon import Daemon, Qmp  # noqa: E402
from schema import Schema  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def checked():
    """The schema of the program under test checks what its commands return."""
    with Daemon("--volatile", "256M", vfio=False) as device, device.qmp() as qmp:
        schema = Schema(qmp.cmd("query-qmp-schema"))
    Qmp.check = schema.check
    yield schema
    Qmp.check = None


@pytest.fixture
def device():
    """256 MiB volatile and 256 MiB persistent, on a clock that the test moves."""
    with Daemon("--volatile", "256M", "--persistent", "256M", "--clock", "virtual",
                vfio=False) as daemon:
        yield daemon


@pytest.fixture
def dynamic():
    """The same with two regions of dynamic capacity, of which the first is sharable, and where
    the tag "x" is pending."""
    with Daemon("--volatile", "256M", "--persistent", "256M", "--clock", "virtual",
                "--dc-regions", "2", "--dc-flags", "0=sharable", vfio=False) as daemon, \
            daemon.qmp() as connection:
        connection.cmd("cxl-add-dynamic-capacity", path="mem0", region=0, tag="x",
                       extents=[{"offset": 0, "len": 2 << 20}],
                       **{"host-id": 0, "selection-policy": "free"})
        yield connection


@pytest.fixture
def qmp(device):
    with device.qmp() as connection:
        yield connection


@pytest.fixture
def start():
    """start(options...) starts a device and connects to it."""
    running = []

    def start(*options):
        daemon = Daemon("--volatile", "256M", "--persistent", "256M", "--clock", "virtual",
                        *options, vfio=False)
        running.append((daemon, daemon.qmp()))
        running[-1][1].device = daemon
        return running[-1][1]

    yield start
    for daemon, connection in running:
        connection.close()
        daemon.stop()


@pytest.fixture
def dc(start):
    """Three regions of dynamic capacity, of which the last two are sharable."""
    return start(*OPTIONS)
