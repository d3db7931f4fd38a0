# SPDX-License-Identifier: MIT
"""A device for each test that asks for one, and swcxlctl connected to it."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

from ctl import Ctl  # noqa: E402
from daemon import Daemon  # noqa: E402


@pytest.fixture
def start():
    """start(options...) gives a device and its swcxlctl; 256 MiB volatile unless told otherwise."""
    daemons = []

    def start(*options):
        if "--volatile" not in options:
            options = ("--volatile", "256M", *options)
        daemon = Daemon(*options, vfio=False)
        daemons.append(daemon)
        return daemon, Ctl("--qmp", daemon.qmp_path)

    yield start
    for daemon in daemons:
        daemon.stop()


@pytest.fixture
def virtual(start):
    """A device whose time the test moves: a scan takes 4194304 x 500 ns = 2.097152 s of it."""
    return start("--clock", "virtual", "--name", "test", "--serial", "1234")
