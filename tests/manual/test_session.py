# SPDX-License-Identifier: MIT
"""What runs the documents' sessions notices when they are wrong."""

import pytest

from session import Shell, same, steps


@pytest.mark.parametrize("shown, printed, equal", [
    ("a b\n", "a b\n", True), ("a b", "a c", False), ("a", "a b", False), ("a b", "a", False),
    ("a   b\n  c", "a b c\n", True), ("ab", "a b", False),
    ("a\n...\nc", "a\nb\nb\nc\n", True), ("a\n...\nc", "a\nc\n", True), ("a\n...\nc", "a\nb\n", False),
    ("a\n...", "a\nb\n", True), ("a\n...", "a\n", True), ("a\n...", "b\n", False),
    ("in ... ms", "in 12 ms", True), ("in ...ms", "in 12ms", True), ("in ... ms", "in 12 s", False),
    ("a.c", "abc", False),
])
def test_what_is_shown_is_compared(shown, printed, equal):
    assert same(shown, printed) is equal


def test_a_command_goes_on_while_the_shell_wants_more():
    text = "$ a 'b\nc' |\n  d \\\n  --e\nout\n# f <<END\n$ g\nEND\n$ for i in 1\ndo h; done\n"
    assert steps(text) == [["a 'b\nc' |\n  d \\\n  --e", "out\n"], ["f <<END\n$ g\nEND", ""],
                           ["for i in 1\ndo h; done", ""]]
    for wrong in ("$ a 'b\n", "out\n$ a\n"):
        with pytest.raises(AssertionError):
            steps(wrong)


def test_a_session_that_goes_otherwise_fails():
    with Shell() as shell:
        shell.session("$ x=1; cd build\n$ echo $x; pwd\n1\n.../build\n$ cd ..\n")
        shell.session("$ cat\n$ echo one; echo two >&2\none\ntwo\n")
        for wrong in ("$ echo a\nb\n", "$ false\n", "$ no-such-program\n"):
            with pytest.raises(AssertionError):
                shell.session(wrong)
