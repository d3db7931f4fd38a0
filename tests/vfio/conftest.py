# SPDX-License-Identifier: MIT
"""Devices for the tests of the vfio-user server. Most share one per module, since a new client
finds a device that has been reset; a test that changes media undoes it or starts its own."""

import os
import sys

import pytest

for folder in "qmp", "lib":
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))

from daemon import Daemon  # noqa: E402
from vfio_user import Client, assert_serves  # noqa: E402


@pytest.fixture(scope="module")
def device():
    """256 MiB volatile, 256 MiB persistent; its clock stands still."""
    with Daemon("--volatile", "256M", "--persistent", "256M", "--clock", "virtual", "--serial",
                "123456789abcdef0") as daemon:
        yield daemon


@pytest.fixture
def qmp(device):
    with device.qmp() as connection:
        yield connection


@pytest.fixture
def client(device):
    """A client that has agreed on a version. The device serves another one afterwards."""
    with Client(device.socket) as connection:
        yield connection
    assert_serves(device)


@pytest.fixture
def start():
    """start(options...) gives a device of its own to a test."""
    daemons = []

    def start(*options, **kwargs):
        if "--volatile" not in options:
            options = ("--volatile", "256M", *options)
        daemons.append(Daemon(*options, **kwargs))
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.stop()
