# SPDX-License-Identifier: MIT
"""The program's tables, as the tests read them."""

import os
import re

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def command_rows():
    """src/tbl/commands.tbl.h: {opcode: (name, the rest of the row)}"""
    with open(os.path.join(TREE, "src", "tbl", "commands.tbl.h")) as file:
        rows = re.findall(r"^CMD\w*\((0x[0-9A-Fa-f]+),\s*(\w+),(.*)$", file.read(), re.M)
    assert rows, "the table's form has changed"
    return {int(opcode, 16): (name, rest) for opcode, name, rest in rows}
