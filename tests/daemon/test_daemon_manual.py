# SPDX-License-Identifier: MIT
"""swcxl(1) and the program agree, both ways."""

import json
import os
import re
import subprocess

import pytest
from daemon import TREE, Daemon, program

PAGE = os.path.join(TREE, "man", "swcxl.1")


def page():
    with open(PAGE) as file:
        return file.read()


def documented():
    """{option: (argument as the page writes it, text of its entry)}"""
    items = re.split(r"^\.It Fl Fl ", page(), flags=re.M)[1:]
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


def test_page_is_clean():
    done = subprocess.run(["mandoc", "-T", "lint", PAGE], capture_output=True, text=True)
    # References to pages that are not installed yet are as they should be.
    assert [line for line in done.stdout.splitlines()
            if "referenced manual not found" not in line] == []


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
    section = re.search(r"^\.Sh DYNAMIC CAPACITY\n(.*?)^\.Sh ", page(), re.M | re.S).group(1)
    blocks = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", section, re.M | re.S)
    options = blocks[0].replace("\\e\n", "").split()[2:]
    assert options[-4:] == ["--socket-path", "cxl.sock", "--qmp", "qmp.sock"]
    turns = re.findall(r"^(->|<-) (.*?)(?=^->|^<-|\Z)", "".join(blocks[1:]), re.M | re.S)
    assert len(turns) >= 10
    with Daemon(*options[:-4], vfio=False) as device, device.qmp() as qmp:
        for direction, text in turns:
            if direction == "->":
                qmp.send(text)
                continue
            message = qmp.recv()
            message.pop("timestamp", None)
            assert message == json.loads(text)


def examples():
    for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", page(), re.M | re.S):
        for text in re.findall(r"^\$ (.*?)(?=^[$#] |\Z)", block, re.M | re.S):
            yield text.replace("\\e", "\\")


@pytest.mark.parametrize("text", list(examples()))
def test_examples_work(text, tmp_path):
    path = f"{os.path.dirname(os.path.abspath(program()))}:{os.environ['PATH']}"
    # A differently named program under test still goes by its name in the page.
    os.symlink(os.path.abspath(program()), tmp_path / "swcxl")
    done = subprocess.run(["sh", "-c", text], cwd=tmp_path, timeout=20, capture_output=True,
                          text=True, env={**os.environ, "PATH": f"{tmp_path}:{path}"})
    assert (done.returncode, done.stderr) == (0, ""), done
