# SPDX-License-Identifier: MIT
"""Every manual is clean, current, and happens: all of its examples are run."""

import os
import re
import subprocess

import pytest

from daemon import TREE, Daemon
from fake_guest import FakeGuest
from manual import FOLDER, PAGES, blocks, complaints, read
from qemu_line import expect_as_tested
from session import Shell

# Literal blocks that are not sessions, and who looks after them.
OTHERS = {
    ("swcxl.1", "DYNAMIC CAPACITY"): "tests/daemon/test_daemon_manual.py",
    ("swcxl.1", "TRACE FORMAT"): "tests/daemon/test_daemon_trace.py",
    ("swcxl-qmp.7", "DESCRIPTION"): "tests/qmp/test_qmp_manual.py",
}
# In place of QEMU: keeps its arguments.
QEMU = '#!/bin/sh\nprintf "%s\\0" "$@" >qemu-arguments\n'


@pytest.mark.parametrize("page", PAGES)
def test_page_is_clean(page):
    assert complaints(page) == []


@pytest.mark.parametrize("page", PAGES)
def test_page_names_only_pages_that_exist(page):
    ours = {name.rsplit(".", 1)[0] for name in PAGES}
    for name, section in re.findall(r"^\.Xr (\S+) (\d)", read(page), re.M):
        assert not name.startswith(("swcxl", "libswcxl")) or f"{name}.{section}" in PAGES, name
        assert name in ours or not name.startswith("swcxl")


def test_references_are_current():
    done = subprocess.run([os.path.join(TREE, "tools", "manuals"), "--check"], capture_output=True,
                          text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}run tools/manuals"


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_run_by_somebody(page):
    for section, text in blocks(page):
        if section == "EXAMPLES":
            assert text.startswith(("$ ", "# ", "#include")), text
            continue
        keeper = OTHERS[page, section]
        with open(os.path.join(TREE, keeper)) as file:
            assert page in file.read() or "trace" in keeper


def examples(page):
    return [text for section, text in blocks(page) if section == "EXAMPLES"]


@pytest.fixture
def shell(tmp_path):
    """A shell with a stand-in for QEMU and a device that swcxlctl finds by itself."""
    with Daemon("--volatile", "256M", vfio=False) as device:
        guest = FakeGuest(tmp_path / "sys")
        with Shell(SWCXL_QMP=device.qmp_path, SWCXL_SYSFS=guest.root) as shell:
            shell.guest = guest
            path = os.path.join(shell.directory, "build", "qemu-system-x86_64")
            with open(path, "w") as file:
                file.write(QEMU)
            os.chmod(path, 0o755)
            yield shell
            guest.close()


@pytest.mark.parametrize("page", [page for page in PAGES if examples(page)])
def test_examples_happen(page, shell):
    for text in examples(page):
        if text.startswith("#include"):
            with open(os.path.join(shell.directory, "example.c"), "w") as file:
                file.write(text)
            continue
        if "--pci" in text and not shell.guest.function:  # in a guest of the device that the page has started before
            shell.guest.attach(os.path.join(shell.directory, shell.run("echo $SWCXL_QMP").strip()))
        shell.session(text)
    if page == "libswcxl.3":
        assert shell.run("./example").strip() in read(page)
    check_qemu(shell, page)


def check_qemu(shell, page):
    """The line for QEMU gives what the tests in guests give, and the device's socket."""
    path = os.path.join(shell.directory, "qemu-arguments")
    assert os.path.exists(path) == (page == "swcxl.1")
    if page != "swcxl.1":
        return
    with open(path) as file:
        socket = expect_as_tested(file.read().split("\0")[:-1])
    assert os.path.exists(os.path.join(shell.directory, socket))


# ---- the pages and the options

def test_options_in_synopses_exist():
    """Whatever a page calls an option of a program is one."""
    known = set()
    for path in ("src/tbl/options.tbl.h", "src/cli/options.tbl.h"):
        with open(os.path.join(TREE, path)) as file:
            known |= set(re.findall(r'^(?:\w+_)?(?:OPTION|ACTION)\((?:\w+, *)?"([^"]+)"', file.read(), re.M))
    assert {"qmp", "volatile", "help", "latent"} <= known and len(known) > 70
    for page in PAGES:
        named = set(re.findall(r"Fl (?:Fl |-)([a-z-]+)", read(page)))
        assert named <= known, (page, named - known)


def test_every_page_of_the_folder_is_a_page():
    for page in PAGES:
        assert re.fullmatch(r"[a-z-]+\.[1-8]", page), os.path.join(FOLDER, page)
