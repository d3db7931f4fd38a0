# SPDX-License-Identifier: MIT
"""swcxl(1) and the program agree, both ways. Its examples are run by tests/manual."""

import json
import re
import subprocess

from daemon import Daemon, program
from manual import blocks, read, turns


def documented():
    """{option: (argument as the page writes it, text of its entry)}"""
    items = re.split(r"^\.It Fl Fl ", read("swcxl.1"), flags=re.M)[1:]
    entries = {}
    for item in items:
        head, text = item.split("\n", 1)
        name, _, argument = head.partition(" ")
        assert name not in entries, f"--{name} is there twice"
        entries[name] = (argument, re.split(r"^\.El", text, flags=re.M)[0])
    return entries


def offered():
    """{option: (argument, default)} as --help shows them."""
    text = subprocess.run([program(), "--help"], capture_output=True, text=True).stdout
    return {name: (argument or "", default)
            for name, argument, default in re.findall(
                r"^  --([a-z-]+) (\S*) .*?(?: \[(.*)\])?$", text, re.M)}


def test_every_option_is_documented_and_every_documented_option_exists():
    assert len(offered()) > 30
    assert set(documented()) == set(offered())


def test_arguments_are_the_same():
    for name, (argument, _) in offered().items():
        written = documented()[name][0]
        if written.startswith("Ar "):
            assert written == f"Ar {argument}", name
        else:
            assert written.removeprefix("Cm ").replace(" ", "") == argument, name


def test_defaults_are_the_same():
    for name, (argument, default) in offered().items():
        if default:
            text = " ".join(documented()[name][1].split())
            assert f"Default: {default}" in text, name


def test_dynamic_capacity_happens():
    """The section is one session; timestamps are left out of it."""
    start, *rest = (text for section, text in blocks("swcxl.1") if section == "DYNAMIC CAPACITY")
    options = start.replace("\\\n", "").split()[2:]
    assert options[-4:] == ["--socket-path", "cxl.sock", "--qmp", "qmp.sock"]
    assert len(turns("".join(rest))) >= 10
    with Daemon(*options[:-4], vfio=False) as device, device.qmp() as qmp:
        for direction, text in turns("".join(rest)):
            if direction == "->":
                qmp.send(text)
                continue
            message = qmp.recv()
            message.pop("timestamp", None)
            assert message == json.loads(text)
