# SPDX-License-Identifier: MIT
"""swcxl-query-map: the sums over cells are those that the rows of swcxl-query-poison give."""

import random

from daemon import Daemon, QmpError

import pytest

MIB = 1 << 20
END = 512 * MIB
KEYS = ("start", "ranges", "lines", "latent", "listed", "permanent", "injected")


def plant(qmp, start, length=64, **args):
    qmp.cmd("swcxl-plant-poison", start=start, length=length, **args)


def refusal(qmp, **args):
    with pytest.raises(QmpError) as error:
        qmp.cmd("swcxl-query-map", **args)
    return error.value.desc


def from_rows(rows, cell):
    """What the map should say, counted from the rows."""
    cells = {}
    for row in rows:
        at, end = row["start"], row["start"] + row["length"]
        while at < end:
            index = at // cell
            part = min(end, (index + 1) * cell) - at
            sums = cells.setdefault(index, dict.fromkeys(KEYS, 0))
            sums["start"] = index * cell
            sums["ranges"] += 1
            for key, counts in (("lines", True), ("latent", not row["known"]),
                                ("listed", row["listed"]), ("permanent", row["permanent"]),
                                ("injected", row["source"] == "injected")):
                sums[key] += part // 64 if counts else 0
            at += part
    return [cells[index] for index in sorted(cells)]


def test_nothing(qmp):
    assert qmp.cmd("swcxl-query-map", cell=MIB) == {"next": END, "ranges": 0, "cells": []}
    assert qmp.cmd("swcxl-query-map", cell=MIB, start=END)["cells"] == []
    assert qmp.cmd("swcxl-query-map", cell=64, start=0, length=0) == \
        {"next": 0, "ranges": 0, "cells": []}


def test_kinds_and_a_range_across_cells(qmp):
    plant(qmp, MIB - 64, 128, source="injected")
    plant(qmp, 3 * MIB, 2 * MIB, known=False, permanent=True)
    assert qmp.cmd("swcxl-query-map", cell=MIB) == {"next": END, "ranges": 2, "cells": [
        dict(zip(KEYS, values)) for values in (
            (0, 1, 1, 0, 1, 0, 1), (MIB, 1, 1, 0, 1, 0, 1),
            (3 * MIB, 1, 16384, 16384, 0, 16384, 0), (4 * MIB, 1, 16384, 16384, 0, 16384, 0))]}


def test_a_part_of_the_address_space(qmp):
    plant(qmp, 0, 4 * MIB)
    cells = qmp.cmd("swcxl-query-map", cell=MIB, start=MIB + 128, length=MIB)["cells"]
    assert [(c["start"], c["lines"]) for c in cells] == [(MIB, 16382), (2 * MIB, 2)]


def test_random_ranges(qmp):
    chance = random.Random(7)
    for _ in range(300):
        plant(qmp, chance.randrange(0, END - 8 * MIB, 64), 64 * chance.choice([1, 1, 2, 50000]),
              source=chance.choice(["injected", "internal"]), known=chance.random() < 0.7,
              permanent=chance.random() < 0.2)
    rows = qmp.cmd("swcxl-query-poison")
    for cell in (MIB // 8, MIB, 3 * MIB, 192 * MIB, END, 1 << 60):
        answer = qmp.cmd("swcxl-query-map", cell=cell)
        assert answer == {"next": END, "ranges": len(rows), "cells": from_rows(rows, cell)}


def test_what_it_refuses(qmp):
    assert refusal(qmp, cell=100) == "Parameter 'cell' expects a multiple of 64"
    assert "expects a number from 64" in refusal(qmp, cell=0)
    assert "outside of the device" in refusal(qmp, cell=MIB, start=END + 64)
    assert "outside of the device" in refusal(qmp, cell=MIB, start=64, length=END)


def test_no_more_than_4096_cells(qmp):
    cell = END // 4096
    assert qmp.cmd("swcxl-query-map", cell=cell)["next"] == END
    assert refusal(qmp, cell=cell - 64) == "More than 4096 cells: use a larger 'cell', or 'length'"
    assert qmp.cmd("swcxl-query-map", cell=64, length=4096 * 64)["next"] == 4096 * 64
    assert "More than 4096" in refusal(qmp, cell=128, start=64, length=4096 * 128)


def test_many_ranges_come_in_parts(checked):
    """Also where a part ends within a cell."""
    with Daemon("--volatile", "256M", vfio=False) as device, device.qmp() as qmp:
        for first in range(0, 40000, 20000):
            qmp.cmd("swcxl-plant-poison",
                    ranges=[[n * 128, 64] for n in range(first, first + 20000)], known=False)
        answers, start = [], 0
        while start < 256 * MIB:
            answers.append(qmp.cmd("swcxl-query-map", cell=MIB, start=start))
            start = answers[-1]["next"]
        assert [answer["ranges"] for answer in answers] == [16384, 16384, 40000 - 2 * 16384]
        sums = {}
        for answer in answers:
            for cell in answer["cells"]:
                sums[cell["start"]] = sums.get(cell["start"], 0) + cell["latent"]
        assert sums == {n * MIB: 8192 if n < 4 else 40000 - 4 * 8192 for n in range(5)}


def test_the_newest_events(qmp):
    qmp.cmd("swcxl-inject-event", log="failure", type="general-media", count=5)
    handles = [record["handle"] for record in qmp.cmd("swcxl-query-events", log="failure")]
    assert len(handles) == 5
    for count in (1, 4, 5, 6, 1 << 40):
        newest = qmp.cmd("swcxl-query-events", log="failure", max=count)
        assert [record["handle"] for record in newest] == handles[-count:]
