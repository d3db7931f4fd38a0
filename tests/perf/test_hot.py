# SPDX-License-Identifier: MIT
"""What the hot paths cost, counted in instructions: no clock, so the same on any machine. The
bounds are about one and a half times what was measured when they were set; a lookup for each record
of a list is beyond them, and so is what the rest costs when the B-tree's finger is lost, and a walk
over all content for each of many small erases."""

import os
import re
import subprocess
from pathlib import Path

import pytest

# what, how many times, instructions for each
BOUNDS = [
    ("list", 8000, 60),
    ("results", 8000, 32),
    ("scan", 8000, 2000),
    ("plant", 8000, 2000),
    ("plant_many", 8000, 1600),
    ("find", 1000, 500),
    ("find", 100000, 700),
    ("identify", 5000, 675),
    ("erase", 200000, 770),
    ("save", 100000, 295),
]


def count(tmp_path, what, times):
    library = os.environ.get("LIBSWCXL")
    assert library, "LIBSWCXL is to name a libswcxl.a of a build without sanitizers"
    out = tmp_path / "callgrind"
    subprocess.run(["valgrind", "--tool=callgrind", "--toggle-collect=measured",
                    f"--callgrind-out-file={out}", Path(library).parent / "tests/perf/hot", what,
                    str(times)], check=True, capture_output=True, text=True)
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1]) / times


@pytest.mark.parametrize("what,times,most", BOUNDS, ids=lambda v: str(v))
def test_instructions(tmp_path, what, times, most):
    each = count(tmp_path, what, times)
    assert most / 4 < each <= most, f"{what}: {each:.0f} instructions each"
