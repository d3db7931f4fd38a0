# SPDX-License-Identifier: MIT
"""What tests among enemies ask of a device and of the build."""

import os

from daemon import program


def fds(device):
    return len(os.listdir(f"/proc/{device.proc.pid}/fd"))


def words(stderr):
    """What the device has said. A build with the sanitizer says that its search for leaks, at the
    end, cannot stop a thread of who is confined."""
    return [line for line in stderr.splitlines() if "was not suspended" not in line]


def built(name):
    """A program that the build with -Dtests=true has beside swcxl."""
    path = os.path.join(os.path.dirname(program()), "tests", "hostile", name)
    assert os.path.exists(path), "a build with -Dtests=true has it"
    return path
