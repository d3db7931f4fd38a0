# SPDX-License-Identifier: MIT
"""swcxl-qmp(7) says what the program does: its reference is the protocol's table, its example
happens. Run as a program with --update, this writes the reference anew."""

import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

from daemon import TREE, Daemon  # noqa: E402

PAGE = os.path.join(TREE, "man", "swcxl-qmp.7")
BEGIN = '.\\" The rest up to the end mark is printed by tests/qmp/reference.c.\n'
END = '.\\" end of reference\n'


def reference():
    with tempfile.TemporaryDirectory() as directory:
        program = os.path.join(directory, "reference")
        subprocess.run([os.environ.get("CC", "cc"), "-std=gnu17", "-D_GNU_SOURCE",
                        "-I", os.path.join(TREE, "include"), "-I", os.path.join(TREE, "src"),
                        os.path.join(TREE, "tests", "qmp", "reference.c"), "-o", program],
                       check=True)
        return subprocess.run([program], check=True, capture_output=True, text=True).stdout


def page():
    """What stands before the reference, the reference, what stands behind it."""
    with open(PAGE) as file:
        before, rest = file.read().split(BEGIN)
    middle, after = rest.split(END)
    return before, middle, after


def test_reference_is_current():
    assert page()[1] == reference(), "run tests/qmp/test_qmp_manual.py --update"


def test_page_is_clean():
    done = subprocess.run(["mandoc", "-T", "lint", PAGE], capture_output=True, text=True)
    # References to pages that are not installed yet are as they should be.
    assert [line for line in done.stdout.splitlines()
            if "referenced manual not found" not in line] == []


def test_every_command_and_event_is_in_the_page(checked):
    text = page()[1]
    assert set(re.findall(r"^\.It Ic (\S+)", text, re.M)) == set(checked.commands)
    assert set(re.findall(r"^\.It Er (\S+)", text, re.M)) == set(checked.events)


def test_example_happens():
    block = re.search(r"^\.Bd -literal.*?\n(.*?)^\.Ed", page()[0], re.M | re.S).group(1)
    turns = re.findall(r"^(->|<-) (.*?)(?=^->|^<-|\Z)", block, re.M | re.S)
    assert len(turns) >= 10
    with Daemon("--volatile", "256M", vfio=False) as device, \
            device.qmp(negotiate=False) as qmp:
        for direction, text in turns:
            if direction == "->":
                qmp.send(text)
            else:
                assert qmp.recv() == json.loads(text)


if __name__ == "__main__" and "--update" in sys.argv:
    first, _, last = page()
    with open(PAGE, "w") as output:
        output.write(first + BEGIN + reference() + END + last)
