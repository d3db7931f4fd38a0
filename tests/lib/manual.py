# SPDX-License-Identifier: MIT
"""The manuals, as the tests read them."""

import os
import re
import subprocess

from daemon import TREE

FOLDER = os.path.join(TREE, "man")
PAGES = sorted(os.listdir(FOLDER))
# What stands between these marks was made from a table, and is held against it (tools/manuals).
MARKS = re.compile(r'^\.\\" What follows up to the end mark.*?^\.\\" end of reference\n', re.M | re.S)


def read(page):
    with open(os.path.join(FOLDER, page)) as file:
        return file.read()


def plain(text):
    """A literal block as a reader sees it."""
    for code, char in (("\\e", "\\"), ("\\&", ""), ("\\(dq", '"')):
        text = text.replace(code, char)
    return text


def blocks(page):
    """[(section, text)] of every literal block that is written by hand, in their order."""
    text = MARKS.sub("", read(page))
    found = []
    for section in re.split(r"^\.Sh ", text, flags=re.M)[1:]:
        name, rest = section.split("\n", 1)
        for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", rest, re.M | re.S):
            found.append((name, plain(block)))
    return found


def complaints(page):
    """What mandoc has against it. References to pages that are not installed are as they should be."""
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", os.path.join(FOLDER, page)],
                          capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]


def turns(text):
    """[("->" or "<-", text)] of a conversation by the control protocol."""
    return re.findall(r"^(->|<-) (.*?)(?=^->|^<-|\Z)", text, re.M | re.S)
