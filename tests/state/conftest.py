# SPDX-License-Identifier: MIT
import os
import sys

import pytest

for folder in "lib", "golden":
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))

from daemon import Daemon  # noqa: E402


@pytest.fixture
def file(tmp_path):
    """Where a state file will be."""
    return tmp_path / "state"


@pytest.fixture
def start(file):
    """start(options...) starts a device on the state file, 256 MiB volatile and as much
    persistent, with a clock that stands still. It is stopped at the end, if nobody did before."""
    daemons = []

    def start(*options, **kwargs):
        for name, value in (("--volatile", "256M"), ("--persistent", "256M"),
                            ("--clock", "virtual")):
            if name not in options:
                options = (name, value, *options)
        daemons.append(Daemon("--state", file, *options, **kwargs))
        return daemons[-1]

    yield start
    for daemon in daemons:
        if daemon.proc.poll() is None:
            daemon.stop()


@pytest.fixture
def fast(monkeypatch):
    """The build without sanitizers that make check has as well: many more starts in its time."""
    library = os.environ.get("LIBSWCXL")
    plain = library and os.path.join(os.path.dirname(library), "swcxl")
    if plain and os.path.exists(plain):
        monkeypatch.setenv("SWCXL", plain)
