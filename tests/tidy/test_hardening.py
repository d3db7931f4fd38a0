# SPDX-License-Identifier: MIT
"""What the linker and the compiler were asked for (meson.build) is in the programs."""

import os
import re
import subprocess
from pathlib import Path

import pytest

PROGRAMS = ["swcxl", "swcxlctl"]


def readelf(option, program):
    library = os.environ.get("LIBSWCXL")
    assert library, "LIBSWCXL is to name a libswcxl.a of a build without sanitizers"
    return subprocess.run(["readelf", option, "-W", Path(library).parent / program], check=True,
                          capture_output=True, text=True).stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_can_lie_anywhere(program):
    assert re.search(r"Type: +DYN ", readelf("-h", program))
    dynamic = readelf("-d", program)
    assert re.search(r"\(FLAGS_1\).* PIE\b", dynamic)
    assert "TEXTREL" not in dynamic


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_the_linker_fills_in_is_read_only_after_the_start(program):
    assert re.search(r"^ +GNU_RELRO ", readelf("-l", program), re.M)
    assert re.search(r"\(FLAGS\).*\bBIND_NOW\b", readelf("-d", program))


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_can_be_written_and_run(program):
    segments = re.findall(r"^ +(\w+) +(?:0x\w+ +){5}([R ][W ][E ]) ", readelf("-l", program), re.M)
    assert "GNU_STACK" in dict(segments) and len(segments) > 5
    assert not [name for name, flags in segments if "W" in flags and "E" in flags]


@pytest.mark.parametrize("program", PROGRAMS)
def test_libraries_come_from_the_system(program):
    assert not re.search(r"\((?:RPATH|RUNPATH)\)", readelf("-d", program))


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_stack_and_the_ends_of_objects_are_guarded(program):
    symbols = readelf("--dyn-syms", program)
    assert " __stack_chk_fail@" in symbols
    assert " __vsnprintf_chk@" in symbols or " __snprintf_chk@" in symbols  # _FORTIFY_SOURCE
