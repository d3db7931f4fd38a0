# SPDX-License-Identifier: MIT
"""swcxl-qmp(7) says what the program does: its reference has every command, its example happens.
That the reference is the protocol's table is tested in tests/manual."""

import json
import re

from daemon import Daemon
from manual import blocks, read, turns


def test_every_command_and_event_is_in_the_page(checked):
    text = read("swcxl-qmp.7")
    assert set(re.findall(r"^\.It Ic (\S+)", text, re.M)) == set(checked.commands)
    assert set(re.findall(r"^\.It Er (\S+)", text, re.M)) == set(checked.events)


def test_example_happens():
    (_, text), = blocks("swcxl-qmp.7")
    assert len(turns(text)) >= 10
    with Daemon("--volatile", "256M", vfio=False) as device, \
            device.qmp(negotiate=False) as qmp:
        for direction, message in turns(text):
            if direction == "->":
                qmp.send(message)
            else:
                assert qmp.recv() == json.loads(message)
