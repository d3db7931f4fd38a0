# SPDX-License-Identifier: MIT
"""swcxlctl trace: a trace for people. (replay is in tests/vfio, where there are guests.)"""

import json
import os
import pty
import re
import select
import subprocess
import time

import pytest
from ctl import REFUSED, SWCXLCTL, USAGE, Ctl
from daemon import TIMEOUT, Daemon

TRACE = """# swcxl-trace 2 swcxl 0.1.0 --volatile=268435456
0 reset attach
0 qmp swcxl-reset {"type":"cxl"} = {}
1500 cci primary Inject Poison(address=0x1000) = Success | 4301 in=0010000000000000 rc=0000 out=
1500000000 cci control1 Get Poison List() = Busy | 4300 in= rc=0006 out=
1500000000 write component hdm-global-control = 0x00000002 | 0x1144 in=02000000
1500000000 object doe Discovery(index=0) = {type=0} | in=00 out=00
1500000000 gone control1
1500000000 cci primary Identify() = Succ"""
SHOWN = """   0.000000000 reset      attach
   0.000000000 qmp        swcxl-reset {"type":"cxl"} = {}
   0.000001500 primary    Inject Poison(address=0x1000) = Success
   1.500000000 control1   Get Poison List() = Busy
   1.500000000 write      component hdm-global-control = 0x00000002
   1.500000000 doe        Discovery(index=0) = {type=0}
   1.500000000 gone       control1
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "trace"
    path.write_text(TRACE)
    return path


def test_a_trace_in_columns(path):
    assert Ctl().ok("trace", path) == SHOWN


@pytest.mark.parametrize("args, lines", [
    (["--channel", "primary"], [2]), (["--channel", "control"], [3, 6]),
    (["--channel", "control1"], [3, 6]), (["--channel", "control2"], []),
    (["--channel", "qmp"], [1]), (["--channel", "write"], [4]), (["--channel", "component"], [4]),
    (["--channel", "cci"], [2, 3]), (["--command", "poison"], [2, 3]), (["--command", "4301"], [2]),
    (["--command", "0x1000"], []), (["--command", "RESET"], [1]),
    (["--command", "poison", "--channel", "primary"], [2]),
])
def test_some_of_its_lines(path, args, lines):
    assert Ctl().ok("trace", path, *args).splitlines() == [SHOWN.splitlines()[n] for n in lines]


def test_digits_and_json(path):
    line = "in=0010000000000000 rc=0000 out="
    assert Ctl().ok("trace", path, "--digits", "--command", "inject").rstrip() == \
        SHOWN.splitlines()[2] + f" | 4301 {line}"
    assert json.loads(Ctl().ok("trace", path, "--json", "--command", "inject")) == {
        "time": 1500, "kind": "cci", "name": "primary", "digits": f"4301 {line}",
        "text": "Inject Poison(address=0x1000) = Success"}


def test_nothing_reaches_the_terminal_but_text(path):
    path.write_text("# swcxl-trace 2\n0 cci primary \x1b[2Jx\x07\xff() = Success | 4000 in=\n")
    assert re.fullmatch(r"[ -~]+\n", Ctl().ok("trace", path))


def test_colour_is_for_terminals(path):
    master, slave = pty.openpty()
    with subprocess.Popen([SWCXLCTL, "trace", path], stdout=slave, env={**os.environ, "TERM": "x"}):
        os.close(slave)
        text = b""
        while select.select([master], [], [], TIMEOUT)[0]:
            try:
                text += os.read(master, 4096)
            except OSError:
                break
    os.close(master)
    assert b"\x1b[32mSuccess" in text and b"\x1b[1;31mBusy" in text
    assert re.sub(rb"\x1b\[[0-9;]*m", b"", text).decode().replace("\r", "") == SHOWN


def test_what_is_no_trace(tmp_path):
    (tmp_path / "other").write_text("something else altogether\n")
    Ctl().fails(REFUSED, "is no trace of swcxl", "trace", tmp_path / "other")
    Ctl().fails(REFUSED, "Cannot read /nowhere/trace", "trace", "/nowhere/trace")
    Ctl().fails(USAGE, "name a FILE", "trace", "--pci", "00:01.0")
    Ctl().fails(USAGE, "'replay' has no --json", "replay", "x", "--json")


def test_the_trace_of_a_device_is_followed(tmp_path):
    path = tmp_path / "trace"
    # the path that a device is given is its own business: it says where the file really is
    with Daemon("--volatile", "256M", "--trace", os.path.relpath(path), vfio=False) as device:
        ctl = Ctl("--qmp", device.qmp_path)
        with ctl.popen("trace", "--follow", "--command", "inject") as following:
            ctl.ok("inject", "0x1000")
            line = following.stdout.readline()
            assert re.fullmatch(r" +\d+\.\d{9} control\d+ +Inject Poison\(address=0x1000\) = Success\n",
                                line)
            # half a line is none; and a file that is shorter is a new one
            with open(path, "w") as file:
                file.write("# swcxl-trace 2\n7 cci primary Inject Poison(again) = Su")
                file.flush()
                time.sleep(0.3)
                file.write("ccess | 4301 in= rc=0000 out=\n")
                file.flush()
                assert following.stdout.readline() == \
                    "   0.000000007 primary    Inject Poison(again) = Success\n"
            following.kill()
    with Daemon("--volatile", "256M", vfio=False) as device:
        Ctl("--qmp", device.qmp_path).fails(REFUSED, "writes no trace", "trace")
