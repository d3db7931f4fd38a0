# SPDX-License-Identifier: MIT
"""swcxlctl --pci dc: what a mailbox of limited size and other devices make of it."""

import struct

import pytest
from ctl import REFUSED, Ctl
from fake_pci import UNIT, Function, Model

MIB = 1 << 20
ADD, RELEASE, FORCED = 0, 1, 2


@pytest.fixture
def make(tmp_path):
    """make(regions, payload) gives a function and the swcxlctl that talks to it."""
    functions = []

    def make(*regions, payload=4096):
        model = Model(payload=payload)
        model.give_dynamic_capacity(*(regions or [(UNIT, 1, UNIT, 2 * MIB)]))
        function = Function(tmp_path, model)
        functions.append(function)
        return model, Ctl("--pci", function.BDF, SWCXL_SYSFS=str(tmp_path)), function

    yield make
    for function in functions:
        function.__exit__()


def entries(payloads):
    """(More, [(start, length)]) of each."""
    return [(payload[4], [struct.unpack_from("<QQ", payload, at)
                          for at in range(8, len(payload), 24)]) for payload in payloads]


def blocks(count, step=4):
    return [(UNIT + step * n * MIB, 2 * MIB) for n in range(count)]


def test_decode_length_in_either_unit(make):
    model, ctl, function = make((UNIT, 4, 3 * UNIT, 2 * MIB), (5 * UNIT, 2, UNIT, 64))
    document = ctl.json("dc", "config")
    assert [row["decode-length"] for row in document["regions"]] == [4 * UNIT, 2 * UNIT]
    assert document["decode-length-in-bytes"] is False
    assert document["regions"][1] == {
        "region": 1, "start": 5 * UNIT, "length": UNIT, "decode-length": 2 * UNIT, "block-size": 64,
        "dsmad-handle": 7, "flags": ["sanitize"]}
    assert document["extents-max"] is None
    model.regions = [(UNIT, 4 * UNIT, 3 * UNIT, 2 * MIB)]
    document = ctl.json("dc", "config")
    assert document["regions"][0]["decode-length"] == 4 * UNIT
    assert document["decode-length-in-bytes"] is True
    assert ctl.json("status")["capacity"] == 4 * UNIT
    # All that only reads stays out of the driver's way.
    assert {command.mailbox for command in function.log} == {"secondary"}


def test_regions_come_in_pages(make):
    model, ctl, _ = make(*((UNIT * n, 1, UNIT, 2 * MIB) for n in range(1, 9)))
    model.regions_a_page = 3
    model.counters = struct.pack("<IIII", 100, 99, 10, 9)
    document = ctl.json("dc", "config")
    assert [row["start"] for row in document["regions"]] == [UNIT * n for n in range(1, 9)]
    assert (document["extents-max"], document["tags-available"]) == (100, 9)
    model.regions_a_page = 0  # a device that promises regions and sends none
    assert ctl.json("dc", "config")["regions"] == []


@pytest.mark.parametrize("left", [15, 2], ids=["still-in-pages", "less-than-a-page"])
def test_extents_of_one_generation(make, left):
    model, ctl, _ = make(payload=256)  # six extents
    model.extents = blocks(20)
    starts = []

    def change(start):
        starts.append(start)
        if len(starts) == 3:
            model.extents = blocks(left)
            model.generation += 1

    model.before_page = change
    document = ctl.json("dc", "extents")
    assert [(row["start"], row["length"]) for row in document["extents"]] == blocks(left)
    assert document["generation"] == 1
    assert starts == [0, 6, 12, *range(0, left, 6)]


def test_extents_that_never_rest(make):
    model, ctl, _ = make(payload=256)
    model.extents = blocks(20)

    def change(start):
        model.generation += 1

    model.before_page = change
    ctl.fails(REFUSED, "changes faster than it can be read", "dc", "extents")


def test_response_in_several_payloads(make):
    model, ctl, function = make(payload=512)  # 21 entries, 3 records
    model.offer(ADD, *blocks(50))
    model.offer(ADD, (UNIT + 1, 1))
    document = ctl.json("dc", "extents")
    assert document["more"] is True and len(document["groups"]) == 1
    assert document["groups"][0]["complete"] is False
    text = ctl.ok("dc", "extents")
    assert "  ... and more, which cannot be read yet\n" in text
    ctl.fails(REFUSED, "without --keep they are cleared", "dc", "respond", "all", "--keep")
    assert len(model.events[4]) == 51 and model.answers == []
    assert ctl.json("dc", "respond", "all")["cleared"] == 50
    answers = entries(model.answers)
    assert [more for more, _ in answers] == [1, 1, 0]
    assert [entry for _, some in answers for entry in some] == blocks(50)
    assert [len(some) for _, some in answers] == [21, 21, 8]
    assert len(model.events[4]) == 1
    # B-4: nothing in between.
    opcodes = [command.opcode for command in function.log]
    first = opcodes.index(0x4802)
    assert opcodes[first:first + 3] == [0x4802] * 3


def test_chains_end_where_another_type_begins(make):
    model, ctl, _ = make()
    model.offer(ADD, *blocks(1), more=True)
    model.offer(FORCED, *blocks(1))
    groups = ctl.json("dc", "extents")["groups"]
    assert [(group["type"], group["complete"]) for group in groups] == [
        ("add-capacity", False), ("forced-capacity-release", True)]


def test_refusal_in_the_middle_of_a_chain(make):
    model, ctl, _ = make(payload=512)
    model.offer(ADD, *blocks(3))
    model.answer_code = 0x1D
    ctl.fails(REFUSED, "Resources Exhausted (001Dh). These are more extents than", "dc", "respond",
              *(f"{UNIT + 2 * n * 64:#x}+64" for n in range(30)))
    assert [more for more, _ in entries(model.answers)] == [1, 1]  # twice: as text and as JSON
    assert len(model.events[4]) == 3


def test_offers_hidden_by_what_is_done(make):
    """Notices fill all that can be read of the log: they are cleared, and the offer shows."""
    model, ctl, _ = make(payload=512)
    model.offer(FORCED, *blocks(7))
    model.offer(ADD, *blocks(1, 8))
    ctl.fails(REFUSED, "None of the oldest 3 records is an offer that waits", "dc", "respond")
    assert len(model.events[4]) == 8
    ctl.ok("dc", "respond", "all")
    assert entries(model.answers) == [(0, blocks(1, 8))] and model.events[4] == []


def test_records_of_other_types_wait_for_nothing(make):
    model, ctl, _ = make()
    model.offer(ADD, *blocks(1))
    model.events[4].insert(0, bytes(0x14) + (99).to_bytes(2, "little") + bytes(0x80 - 0x16))
    assert [group["type"] for group in ctl.json("dc", "extents")["groups"]] == [
        "reserved", "add-capacity"]
    assert ctl.json("dc", "respond", "none")["cleared"] == 2
    assert entries(model.answers) == [(0, [])]


def test_map_and_status_in_band(make):
    model, ctl, _ = make()
    model.extents = blocks(2)
    model.offer(ADD, (UNIT + 64 * MIB, 2 * MIB))
    assert "Dynamic     4 MiB of 256 MiB with the host, in 2 extents; 1 offer to answer\n" in \
        ctl.ok("status")
    assert sum(ctl.json("map")["unallocated"]) == 252 * MIB
