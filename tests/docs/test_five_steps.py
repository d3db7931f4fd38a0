# SPDX-License-Identifier: MIT
"""docs/HACKING.md, "Add a command in five steps": done, in a copy of the tree, to a command that swcxl does not
have. The patches are what somebody would type, a file a step; the fifth step is a program's."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from daemon import TREE

STEPS = os.path.join(TREE, "tests", "docs", "five-steps")
OPCODE = "c000"


@pytest.fixture
def copy(tmp_path):
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TREE, check=True,
                           capture_output=True, text=True).stdout.splitlines()
    for name in files:
        if os.path.exists(os.path.join(TREE, name)):
            os.makedirs(os.path.dirname(tmp_path / name), exist_ok=True)
            shutil.copy(os.path.join(TREE, name), tmp_path / name)
    return tmp_path


def run(folder, *command, **env):
    done = subprocess.run(command, cwd=folder, env={**os.environ, **env}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def golden(copy, **env):
    return run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/golden",
               "-k", f"{OPCODE} or belongs_to_a_command", SWCXL=str(copy / "b" / "swcxl"), **env)


def test_a_command_is_added_in_five_steps(copy):
    with open(os.path.join(TREE, "docs", "HACKING.md")) as file:
        text = re.search(r"^## Add a command in five steps\n(.*?)^## ", file.read(), re.M | re.S)[1]
    assert re.findall(r"^(\d)\. ", text, re.M) == list("12345")
    patches = sorted(os.listdir(STEPS))
    assert [name[0] for name in patches] == list("1234")

    for name in patches[:3]:
        status, said = run(copy, "git", "apply", "-C1", os.path.join(STEPS, name), GIT_CEILING_DIRECTORIES="/")
        assert status == 0, f"{name}: {said}"
    # What checks the steps asks for the fourth.
    status, said = golden(copy)
    assert status == 1 and "c000-set-beacon.txt is missing" in said, said

    status, said = run(copy, "git", "apply", "-C1", os.path.join(STEPS, patches[3]))
    assert status == 0, said
    for command in (["meson", "setup", "b", "--buildtype=plain", "-Dc_args=-O0", "-Dwerror=false"],
                    ["ninja", "-C", "b", "-j2", "swcxl", "swcxlctl", "libswcxl.a"]):
        status, said = run(copy, *command, CC="gcc")
        assert status == 0, said[-3000:]
    status, said = golden(copy, ASAN_OPTIONS="", UBSAN_OPTIONS="")
    assert status == 0 and re.search(r"^[5-9] passed", said, re.M), said

    # The fifth; and the rest of the program knows of the command by its row.
    library = str(copy / "b" / "libswcxl.a")
    status, said = run(copy, "tools/manuals", LIBSWCXL=library)
    assert (status, said) == (0, "man/swcxl-commands.7 is new\n")
    with open(copy / "man" / "swcxl-commands.7") as file:
        assert "\n.It Li C000h No Set Beacon\n" in file.read()
    status, said = run(copy, "b/swcxl", "--volatile", "256M", "--run", "b/swcxlctl cci c000 01 02")
    assert status == 0 and said.startswith("Set Beacon (C000h): Success"), said
