# SPDX-License-Identifier: MIT
"""The line that starts QEMU, wherever it is written: it is what the tests in guests start."""

import json
import os
import sys

from daemon import TREE

sys.path.insert(0, os.path.join(TREE, "tests", "vm"))
from guest import Guest  # noqa: E402


class Machine:
    """What Guest.qemu() asks of a guest."""
    path = staticmethod(str)
    behind_ports = Guest.behind_ports

    def __init__(self, socket):
        self.devices = [type("Device", (), {"socket": socket})]


def parts(words):
    """{what: properties} of -machine, -cpu and -device; of others nothing depends."""
    found = {}
    for option, value in zip(words[::2], words[1::2]):
        assert option.startswith("-"), words
        if value.startswith("{"):
            properties = json.loads(value)
            found["device", properties["driver"]] = properties
        elif option in ("-machine", "-cpu"):
            found.setdefault(option, set()).update(set(value.split(",")) - {"q35", "hpet=off"})
        elif option == "-device":
            found["device", value.split(",")[0]] = set(value.split(","))
    return found


def expect_as_tested(words):
    """Each option that CXL depends on is there, and as in the tests. Gives the device's socket."""
    shown = parts(words)
    socket = shown["device", "vfio-user-pci"]["socket"]["path"]
    tested = Guest.qemu(Machine(socket), "image", "kernel")
    tested = parts(tested[tested.index("-accel"):])
    for key, properties in shown.items():
        assert properties == tested[key], key
    assert {"-machine", ("device", "pxb-cxl"), ("device", "cxl-rp")} <= set(shown)
    return socket
