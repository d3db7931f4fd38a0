# SPDX-License-Identifier: MIT
"""What the sanitizers of `make check` cannot see: reads of memory that was never set. valgrind's
memcheck watches some C tests and short lives of the whole program, all of a build without
sanitizers. Its sandbox is off: valgrind needs more system calls than the program.

    SWCXL_MEMCHECK=all    every C test of tests/unit instead (minutes)
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from daemon import Daemon
from tables import command_rows
from vfio_user import Client, Mailbox

pytestmark = pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind: tools/install-packages check")

CHECK = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--track-origins=yes"]
SOME = ["dc", "events", "security", "wire"]
# It is some 30 times slower, and a machine may be busy. Seconds.
PATIENCE = 300


def build():
    library = os.environ.get("LIBSWCXL")
    assert library, "LIBSWCXL is to name a libswcxl.a of a build without sanitizers"
    return Path(library).parent


def plain(program, folder):
    """A copy without what Debian's valgrind cannot read: clang's DWARF 5."""
    copy = folder / program.name
    subprocess.run(["objcopy", "--strip-debug", program, copy], check=True)
    return copy


def c_tests():
    if os.environ.get("SWCXL_MEMCHECK") == "all":
        return sorted(p.name[:-len("_test.c")] for p in
                      (Path(__file__).parents[1] / "unit").glob("*_test.c"))
    return SOME


@pytest.mark.parametrize("name", c_tests())
def test_c(name, tmp_path):
    program = plain(build() / f"tests/unit/{name}_test", tmp_path)
    done = subprocess.run([*CHECK, program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """Daemon() starts the program under memcheck; an error of it is its exit status."""
    script = tmp_path / "watched"
    script.write_text(f'#!/bin/sh\nexec {" ".join(CHECK)} {plain(build() / "swcxl", tmp_path)} '
                      '--sandbox off "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("SWCXL", str(script))
    return tmp_path


def test_a_guest(watched):
    """Every command, with nothing and with zeros."""
    with Daemon("--volatile", "256M", "--persistent", "256M", "--dc-regions", "2", "--clock",
                "virtual", timeout=PATIENCE) as device, \
            Client(device.socket, timeout=PATIENCE) as client:
        box = Mailbox(client)
        for opcode in command_rows():
            for payload in b"", bytes(32):
                box.command(opcode, payload)


def test_a_state_file(watched):
    """What was set in one life, and every question; and what is left of it in the next life."""
    options = ("--volatile", "0", "--persistent", "256M", "--state", watched / "state", "--clock",
               "virtual")
    with Daemon(*options, timeout=PATIENCE) as device, device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=4096, length=640)
        before = qmp.cmd("swcxl-query-poison")
        for name in [command["name"] for command in qmp.cmd("query-commands")]:
            if "query-" in name:
                qmp.execute({"execute": name})
    with Daemon(*options, timeout=PATIENCE) as device, device.qmp() as qmp:
        assert qmp.cmd("swcxl-query-poison") == before
