# SPDX-License-Identifier: MIT
"""What the architecture and the style guide promise, checked on the sources themselves."""

import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for d in ("src", "include") for p in (TOP / d).rglob("*.[ch]"))
C_FILES = SOURCES + sorted(p for d in ("tests", "bench", "tools", "examples")
                           for p in (TOP / d).rglob("*.[ch]"))

# Who may include whom: the table of docs/ARCHITECTURE.md. A folder may always include itself.
MAY_INCLUDE = {
    "include/swcxl": {"swcxl"},
    "src/base": set(),
    "src/tbl": set(),
    "src/wire": {"base"},
    "src/media": {"base", "swcxl"},
    "src/core": {"base", "media", "tbl", "wire", "swcxl"},
    "src/loop": {"base", "swcxl"},
    "src/front/vfio": {"base", "loop", "swcxl"},
    "src/state": {"base", "loop", "swcxl", "tbl/identity.tbl.h"},
    "src/front/qmp": {"base", "decode", "loop", "swcxl", "tbl", "wire", "front/vfio/vfio.h", "state/state.h"},
    "src/decode": {"base", "tbl", "wire", "swcxl"},
    "src/daemon": {"base", "decode/decode.h", "wire/registers.h", "loop", "swcxl", "tbl", "front/vfio/vfio.h", "front/qmp/qmp.h",
                   "state/state.h"},
    "src/client": {"base", "swcxl", "tbl"},
    "src/cli": {"base", "client", "swcxl", "tbl", "wire"},
    "src/view": {"base", "client", "swcxl", "tbl", "wire"},
    "src/top": {"base", "client", "swcxl", "view"},
    "src/web": {"base", "client", "swcxl", "tbl", "view", "wire"},
}
# System headers that the model of the device may know. No clocks, files, threads or sockets.
CORE_SYSTEM = {"assert.h", "errno.h", "stdbool.h", "stddef.h", "stdint.h", "string.h"}
# What libswcxl asks of its environment: all memory comes through the host's callback. With _chk:
# the same functions with the size of the place, as _FORTIFY_SOURCE calls them.
CORE_SYMBOLS = {"memcpy", "memmove", "memset", "memcmp", "bcmp", "__memcpy_chk", "__memmove_chk",
                "__memset_chk", "__assert_fail", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}


def folder(path):
    relative = path.relative_to(TOP).as_posix()
    return next(f for f in sorted(MAY_INCLUDE, key=len, reverse=True) if relative.startswith(f + "/"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(TOP).as_posix())
def test_includes_follow_the_layers(path):
    own = folder(path)
    for name in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
        allowed = MAY_INCLUDE[own] | {own.removeprefix("src/").removeprefix("include/")}
        assert any(name == a or name.startswith(a + "/") for a in allowed), f"{own} includes {name}"
    if own in ("src/base", "src/media", "src/core", "src/wire"):
        system = set(re.findall(r"^#include <([^>]+)>", path.read_text(), re.M))
        assert system <= CORE_SYSTEM, f"{own} includes {system - CORE_SYSTEM}"


def test_core_needs_nothing_but_a_few_functions_of_libc():
    library = os.environ.get("LIBSWCXL")  # of a build without sanitizers
    assert library, "LIBSWCXL is to name a libswcxl.a"
    lines = subprocess.run(["nm", library], check=True, capture_output=True, text=True).stdout
    symbols = [line.split()[-2:] for line in lines.splitlines() if len(line.split()) >= 2]
    undefined = {name for kind, name in symbols if kind == "U"}
    defined = {name for kind, name in symbols if kind in "TDBRVWC"}
    assert defined, "no symbols were read"
    assert not undefined - defined - CORE_SYMBOLS


def functions(text):
    """Yields the first line's number and the length of every function body in a C file."""
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            yield start, number - start - 1
            start = None


@pytest.mark.parametrize("path", C_FILES, ids=lambda p: p.relative_to(TOP).as_posix())
def test_files_fit_in_the_head(path):
    text = path.read_text()
    lines = text.splitlines()
    assert "SPDX-License-Identifier: MIT" in lines[0]
    assert len(lines) <= 800
    assert not [f"{start}: {n} lines" for start, n in functions(text) if n > 70]
    assert not re.findall(r"\b(TODO|FIXME|XXX)\b", text)
    if not path.name.endswith(".tbl.h"):  # tables keep their columns
        long = [n for n, line in enumerate(lines, 1) if len(line.expandtabs(8)) > 100]
        assert not long, f"lines over 100 columns: {long}"


def test_every_rule_cited_in_the_sources_is_explained():
    known = set()
    for row in re.findall(r"^\| ([A-Z]-\d+(?: \.\. [A-Z]-\d+)?) \|", (TOP / "docs/RULES.md").read_text(),
                          re.M):
        first, _, last = row.partition(" .. ")
        letter, low = first.split("-")
        high = last.split("-")[1] if last else low
        known |= {f"{letter}-{n}" for n in range(int(low), int(high) + 1)}
    assert len(known) > 100
    for path in SOURCES:
        cited = set(re.findall(r"\b([PICKSGXRDQ]-\d+)\b", path.read_text()))
        assert cited <= known, f"{path.relative_to(TOP)}: {cited - known}"


def test_sources_are_formatted():
    clang_format = subprocess.run(["sh", "-c", "command -v clang-format"], capture_output=True,
                                  text=True).stdout.strip()
    assert clang_format
    for path in C_FILES:
        if path.name.endswith(".tbl.h"):
            continue
        subprocess.run([clang_format, "--dry-run", "--Werror", "--style=file", str(path)],
                       check=True, capture_output=True, cwd=TOP)


def test_nothing_names_the_machine_it_was_made_on():
    tracked = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True,
                             cwd=TOP).stdout.split()
    for name in tracked:
        if name.startswith("docs/pictures/") and name.endswith(".png"):
            continue
        text = (TOP / name).read_bytes().decode("utf-8")  # and no other binaries
        assert not re.search(r"""(?:^|[\s"'=(])/(work|home|root)/\w""", text, re.M), name
