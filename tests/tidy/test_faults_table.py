# SPDX-License-Identifier: MIT
"""docs/FAULTS.md: every fault is told once and whole, and each test that it names exists."""

import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
TESTS = TOP / "tests"
NAMED = re.compile(r"[a-z]+/[\w.-]+\.(?:py|c|txt): ")


def rows():
    """(fault, where, instead, [(file, name)]) of each row."""
    for line in (TOP / "docs/FAULTS.md").read_text().splitlines():
        if line.startswith("| ") and not line.startswith("| Fault"):
            cells = [cell.strip() for cell in line[1:].rstrip("|").split(" | ")]
            assert len(cells) == 4 and all(cells), line
            starts = [found.start() for found in NAMED.finditer(cells[3])]
            assert starts and starts[0] == 0, f"names no test: {line}"
            tests = [cells[3][a:b].removesuffix("; ") for a, b in zip(starts, [*starts[1:], None])]
            yield *cells[:3], [tuple(test.split(": ", 1)) for test in tests]


def test_each_test_exists():
    seen = 0
    for fault, _, _, tests in rows():
        for file, name in tests:
            text = (TESTS / file).read_text()
            if file.endswith(".txt"):
                assert f"# {name}" in text.splitlines(), f"{fault}: {file}: {name}"
            elif file.endswith(".py"):
                assert re.search(rf"^def {name}\(", text, re.M), f"{fault}: {file}: {name}"
            else:
                assert re.search(rf"^static void {name}\(", text, re.M), f"{fault}: {file}: {name}"
                assert len(re.findall(rf"\b{name}\b", text)) > 1, f"nobody calls it: {file}: {name}"
            seen += 1
    assert seen > 100


def test_each_fault_is_told_once():
    faults = [fault for fault, _, _, _ in rows()]
    assert len(set(faults)) == len(faults) > 70


def test_each_test_of_known_faults_is_in_the_table():
    file = "hostile/test_known_faults.py"
    named = {name for _, _, _, tests in rows() for at, name in tests if at == file}
    assert named == set(re.findall(r"^def (test_\w+)\(", (TESTS / file).read_text(), re.M))
