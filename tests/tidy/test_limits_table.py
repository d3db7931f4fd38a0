# SPDX-License-Identifier: MIT
"""docs/LIMITS.md against the code: every bound is in it, with the value it has and a test of it."""

import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SRC = TOP / "src"


def rows():
    """(what, [where], value, [tests]) of each row."""
    for line in (TOP / "docs/LIMITS.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and not line.startswith("| What"):
            assert len(cells) == 5, line
            what, where, value, _, tests = cells
            yield what, where.strip("`"), value.strip("`"), tests.rstrip("|").strip()


def source(name):
    return TOP / "include/swcxl/swcxl.h" if name == "swcxl.h" else SRC / name


def defined(path, name):
    """The value that a file gives a name."""
    text = path.read_text().replace("\\\n", " ")
    found = re.search(rf"^#define {name}[ \t]+(.*?)[ \t]*(?:/\*.*)?$", text, re.M)
    assert found, f"{path}: {name}"
    return " ".join(found[1].split())


def test_the_values_are_those_of_the_code():
    seen = 0
    for what, where, value, _ in rows():
        if where.startswith("--"):
            options = (SRC / "tbl/options.tbl.h").read_text()
            assert re.search(rf'"{where[2:]}"[^)]*?"{value}"', options), (what, where, value)
            continue
        file, _, name = where.partition(": ")
        if name and name.isupper():
            assert defined(source(file), name) == value, (what, where)
            seen += 1
        elif name:
            assert f"{name} = {value}" in source(file).read_text(), (what, where)
        elif file != "its rows":
            assert source(file).exists(), what
    assert seen > 40


def test_each_bound_of_the_code_is_in_the_table():
    known = {where.partition(": ")[2] for _, where, _, _ in rows()}
    for path in [*SRC.rglob("*.[ch]"), TOP / "include/swcxl/swcxl.h"]:
        if path.is_relative_to(SRC / "cli") or path.name.endswith(".tbl.h"):
            continue  # a person's tool bounds itself only
        if path.is_relative_to(SRC / "wire"):
            continue  # what the specification says of its fields
        for name in re.findall(r"^#define (\w+_(?:MAX|LIMIT)|MAX_\w+|TURN|ROOM)\b", path.read_text(), re.M):
            assert name in known, f"{path.relative_to(TOP)}: {name}"


def test_each_test_exists():
    for what, _, _, tests in rows():
        assert tests, what
        for test in tests.split("; "):
            file, _, name = test.partition(": ")
            text = (TOP / "tests" / file).read_text()
            kind = r"def {}\(" if file.endswith(".py") else r"static void {}\(void\)"
            assert re.search(rf"^{kind.format(name)}", text, re.M), f"{what}: {test}"
            if not file.endswith(".py"):
                assert text.count(name) > 1, f"nobody calls it: {test}"


def test_each_limit_of_the_table_is_named_once():
    names = [(where, what) for what, where, _, _ in rows()]
    assert len(set(names)) == len(names)
