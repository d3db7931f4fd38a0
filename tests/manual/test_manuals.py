# SPDX-License-Identifier: MIT
"""Every manual is clean, current, and happens: all of its examples are run."""

import os
import re
import subprocess

import pytest

from daemon import TREE, Daemon, program
from fake_guest import FakeGuest
from manual import FOLDER, PAGES, blocks, complaints, read
from qemu_line import expect_as_tested
from session import Shell

# Literal blocks that are not sessions, and who looks after them.
OTHERS = {
    ("swcxl.1", "DYNAMIC CAPACITY"): "tests/daemon/test_daemon_manual.py",
    ("swcxl.1", "TRACE FORMAT"): "tests/daemon/test_daemon_trace.py",
    ("swcxl-qmp.7", "DESCRIPTION"): "tests/qmp/test_qmp_manual.py",
    ("swcxlctl.1", "COMMANDS"): "docs/tutorials/6-trace.md",
}
# Pages whose examples are run by the tests of what they are about.
ELSEWHERE = {"swcxl-web.1": "tests/web/test_web_command_line.py"}
# In place of swcxl-top, which is for a terminal and goes on: it has one, and somebody who types q.
TOP = """#!/usr/bin/python3
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv({!r}, ["swcxl-top", *sys.argv[1:]])
os.write(terminal, b"q")
try:
    while os.read(terminal, 4096):
        pass
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
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
            top = os.path.join(os.path.dirname(os.path.abspath(program())), "swcxl-top")
            for name, text in (("qemu-system-x86_64", QEMU), ("swcxl-top", TOP.format(top))):
                path = os.path.join(shell.directory, "build", name)
                with open(path, "w") as file:
                    file.write(text)
                os.chmod(path, 0o755)
            yield shell
            guest.close()


@pytest.mark.parametrize("page", [page for page in PAGES if examples(page) and page not in ELSEWHERE])
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
    for path in ("src/top/main.c", "src/web/main.c"):
        with open(os.path.join(TREE, path)) as file:
            known |= set(re.findall(r'^\t+\{"([a-z-]+)", (?:"[A-Z]+"|NULL|\w+_argument),', file.read(), re.M))
    assert {"qmp", "volatile", "help", "latent"} <= known and len(known) > 70
    for page in PAGES:
        named = set(re.findall(r"Fl (?:Fl |-)([a-z-]+)", read(page)))
        assert named <= known, (page, named - known)


def ctl_rows(table, macro):
    """The rows of swcxlctl's tables, as their strings."""
    with open(os.path.join(TREE, "src", "cli", table)) as file:
        text = file.read()
    return [row for row in re.findall(rf"^{macro}\((.*?)\)$", text, re.M | re.S)]


def ctl_options():
    """{option: (argument or "", help)}"""
    rows = [re.match(r'\w+, *"([^"]+)", *(?:NULL|"([^"]*)"), *"(.*)"$', row)
            for row in ctl_rows("options.tbl.h", "OPTION")]
    return {row[1]: (row[2] or "", row[3]) for row in rows}


def test_options_of_swcxlctl_take_what_the_page_says():
    options = ctl_options()
    assert len(options) > 25
    heads = [line for line in read("swcxlctl.1").splitlines() if re.match(r"\.It (Cm|Fl) ", line)]
    found = {}
    for line in heads:
        for name, argument in re.findall(r"Fl -([a-z-]+)(?: Ar (\S+))?", line):
            found.setdefault(name, set()).add(argument)
    assert found == {name: {argument} for name, (argument, _) in options.items()}


def test_arguments_of_commands_are_the_same():
    """Their words and what stands for something, in the entries of a command and in its row."""
    text = read("swcxlctl.1").split(".Sh PCI FUNCTIONS")[0]
    options = ctl_options()
    for row in ctl_rows("commands.tbl.h", "COMMAND"):
        name, arguments = re.match(r'\w+, "([^"]+)", "([^"]*)"', row).groups()
        taken = {options[option.replace("_", "-").replace("go-on", "continue")][0]
                 for option in re.findall(r"OPT\((\w+)\)", row)} - {""}
        wanted = set(re.findall(r"[\w-]+", arguments)) | taken
        entries = re.findall(rf"^\.It Cm {name}(?: (?!results|list|step)(.*))?$", text, re.M)
        assert entries, name
        words = re.sub(r"Fl -\S+|Ns|\b(?:Oo|Oc|Op|Cm|Ar)\b|[|=,.]", " ", " ".join(entries)).split()
        assert set(words) == wanted, name


def test_defaults_of_swcxlctl_are_in_the_page():
    """What help says in the form (default: VALUE), the page says too, near the option's name."""
    text = " ".join(read("swcxlctl.1").split())
    said = 0
    for name, (_, words) in ctl_options().items():
        for value in re.findall(r"\b(?:default: |default is )(\d+)\b", words):
            near = " ".join(text[match.start():match.start() + 900] for match in re.finditer(f"Fl -{name}\\b", text))
            assert re.search(rf"\b{value}\b[^.]{{0,20}}default|default: {value}\b", near), (name, value)
            said += 1
    assert said >= 3


def test_every_function_of_the_library_is_in_its_page():
    header = ""
    for name in ("swcxl.h", "state.h"):
        with open(os.path.join(TREE, "include", "swcxl", name)) as file:
            header += re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    assert set(re.findall(r"^\.Fo (\w+)", read("libswcxl.3"), re.M)) == set(re.findall(r"\b(swcxl_\w+)\(", header))
    mentioned = set(re.findall(r"^\.(?:Pq )?Fn (swcxl_\w+)", read("libswcxl.3"), re.M))
    assert mentioned <= set(re.findall(r"\b(swcxl_\w+)\(", header))


def test_every_page_of_the_folder_is_a_page():
    for page in PAGES:
        assert re.fullmatch(r"[a-z-]+\.[1-8]", page), os.path.join(FOLDER, page)
