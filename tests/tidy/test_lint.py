# SPDX-License-Identifier: MIT
"""What takes little of `make lint`: shellcheck on all scripts, and clang-tidy without its analyzer
on what reads the bytes of strangers."""

import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def lint(*arguments):
    return subprocess.run([TOP / "tools/lint", "--quick", *arguments], capture_output=True, text=True)


def test_nothing_is_found():
    done = lint()
    assert (done.returncode, done.stdout) == (0, "nothing found\n"), done.stdout + done.stderr


def test_what_is_wrong_is_found(tmp_path):
    source = tmp_path / "wrong.c"
    source.write_text("#include <string.h>\n\nint wrong(const char *a);\n\n"
                      "int wrong(const char *a)\n{\n\treturn strcmp(a, \"b\") == 3;\n}\n")
    done = lint(source)
    assert done.returncode == 1 and "bugprone-suspicious-string-compare" in done.stdout
