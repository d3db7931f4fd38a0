# SPDX-License-Identifier: MIT
"""Fixtures of the control protocol's tests. Every value that a command returns in them is held
against query-qmp-schema."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

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
def qmp(device):
    with device.qmp() as connection:
        yield connection
