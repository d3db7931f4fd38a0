# SPDX-License-Identifier: MIT
"""Code blocks of the documents: ```LANGUAGE WORD, where a word says what is done with the block."""

import os
import re

from daemon import TREE

TUTORIALS = os.path.join(TREE, "docs", "tutorials")


def tutorials():
    return sorted(name for name in os.listdir(TUTORIALS) if re.match(r"\d", name))


def blocks(path):
    """[(language, word, text)]"""
    with open(path) as file:
        return re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", file.read(), re.M | re.S)
