# SPDX-License-Identifier: MIT
"""swcxl-plant-poison with `ranges`: the same as a command for each, and all or nothing."""

import json
import signal

import pytest

from daemon import Daemon, QmpError

HALF = 256 << 20
END = 512 << 20
U64 = (1 << 64) - 1
MISALIGNED = "Poison start address must be 64 byte aligned"
NOT_LINES = "Poison injection must be in multiples of 64 bytes"


def plant(qmp, ranges, **args):
    qmp.cmd("swcxl-plant-poison", ranges=ranges, **args)


def refusal(qmp, **args):
    with pytest.raises(QmpError) as info:
        qmp.cmd("swcxl-plant-poison", **args)
    assert info.value.cls == "GenericError"
    assert qmp.cmd("swcxl-query-poison") == []
    return info.value.desc


def rows(qmp):
    return [(row["start"], row["length"]) for row in qmp.cmd("swcxl-query-poison")]


# ---- what it does ------------------------------------------------------------------------------

@pytest.mark.parametrize("source", ["external", "internal", "injected", "vendor", "unknown"])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("permanent", [True, False])
def test_options_are_of_all_ranges(qmp, source, known, permanent):
    plant(qmp, [[4096, 64], [HALF, 128]], source=source, known=known, permanent=permanent)
    options = {"source": source, "known": known, "listed": known, "permanent": permanent}
    assert qmp.cmd("swcxl-query-poison") == [
        {"start": 4096, "length": 64, **options}, {"start": HALF, "length": 128, **options}]


def test_defaults(qmp):
    plant(qmp, [[64, 64]])
    assert qmp.cmd("swcxl-query-poison") == [{
        "start": 64, "length": 64, "source": "internal", "known": True, "listed": True,
        "permanent": False}]


def test_both_ends_of_the_device(qmp):
    plant(qmp, [[END - 64, 64], [0, 64]])
    assert rows(qmp) == [(0, 64), (END - 64, 64)]


@pytest.mark.parametrize("ranges", [
    [[0, 4096], [1024, 64], [0, 128]],
    [[0, 64], [64, 64], [192, 64], [128, 64]],
    [[0, 64]] * 5,
    [[HALF - 64, 128], [HALF - 128, 256]],
    [[n * 128, 64] for n in range(600)],
])
@pytest.mark.parametrize("known", [True, False])
def test_the_same_as_a_command_each(start, ranges, known):
    """Ranges that overlap, touch, repeat, and more than the list holds: records, events and all are
    those of a command each, in the order of addresses."""
    one, each = start("--poison-list-max", "256"), start("--poison-list-max", "256")
    plant(one, ranges, known=known)
    for first, length in sorted(ranges, key=lambda pair: pair[0]):
        each.cmd("swcxl-plant-poison", start=first, length=length, known=known)

    def seen(qmp):
        device = qmp.cmd("swcxl-query-device")
        return (qmp.cmd("swcxl-query-poison"), device["poison-list"], device["logs"],
                [(e["event"], e.get("data")) for e in qmp.events])

    assert seen(one) == seen(each)
    assert seen(one)[0]


def test_over_what_is_poisoned_already(qmp):
    qmp.cmd("swcxl-plant-poison", start=0, length=128, source="vendor", known=False)
    plant(qmp, [[64, 128]], permanent=True)
    assert [(r["start"], r["length"], r["source"], r["known"], r["permanent"])
            for r in qmp.cmd("swcxl-query-poison")] == [
        (0, 64, "vendor", False, False), (64, 64, "vendor", True, True),
        (128, 64, "internal", True, True)]


# ---- what it refuses ---------------------------------------------------------------------------

GOOD = [[0, 64], [128, 64]]


@pytest.mark.parametrize("bad, text", [
    ([1, 64], MISALIGNED),
    ([0, 65], NOT_LINES),
    ([32, 96], NOT_LINES),
    ([0, 0], "Parameter 'length' must not be 0"),
    ([END, 64], f"Range of 0x40 bytes at {END:#x} is outside of the device, which has {END:#x} bytes"),
    ([END - 64, 128],
     f"Range of 0x80 bytes at {END - 64:#x} is outside of the device, which has {END:#x} bytes"),
    ([U64 - 63, 128],
     f"Range of 0x80 bytes at {U64 - 63:#x} is outside of the device, which has {END:#x} bytes"),
    ([-64, 64], f"Range of 0x40 bytes at {U64 - 63:#x} is outside of the device, which has {END:#x} bytes"),
    ([0, U64 - 63], f"Range of {U64 - 63:#x} bytes at 0x0 is outside of the device, which has {END:#x} bytes"),
])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_bad_range_is_named_and_nothing_is_planted(qmp, bad, text, place):
    ranges = [*GOOD[:place], bad, *GOOD[place:]]
    assert refusal(qmp, ranges=ranges) == f"ranges[{place}]: {text}"
    assert qmp.cmd("swcxl-query-device")["logs"]["informational"]["count"] == 0


@pytest.mark.parametrize("bad, text", [
    (0, "Invalid parameter type for 'ranges[1]', expected: array"),
    (None, "Invalid parameter type for 'ranges[1]', expected: array"),
    ({"start": 0, "length": 64}, "Invalid parameter type for 'ranges[1]', expected: array"),
    ([], "Parameter 'ranges[1]' expects a start and a length"),
    ([0], "Parameter 'ranges[1]' expects a start and a length"),
    ([0, 64, 64], "Parameter 'ranges[1]' expects a start and a length"),
    (["0", 64], "Parameter 'ranges[1][0]' expects uint64"),
    ([0.0, 64], "Parameter 'ranges[1][0]' expects uint64"),
    ([0, True], "Parameter 'ranges[1][1]' expects uint64"),
    ([0, None], "Parameter 'ranges[1][1]' expects uint64"),
    ([[0], 64], "Parameter 'ranges[1][0]' expects uint64"),
])
def test_what_is_no_range(qmp, bad, text):
    assert refusal(qmp, ranges=[[0, 64], bad, [128, 64]]) == text


@pytest.mark.parametrize("value", [64, "0,64", None, {"0": 64}, True])
def test_what_is_no_list(qmp, value):
    assert refusal(qmp, ranges=value) == "Invalid parameter type for 'ranges', expected: array"


def test_an_empty_list(qmp):
    assert refusal(qmp, ranges=[]) == "Parameter 'ranges' must not be empty"


@pytest.mark.parametrize("args, text", [
    ({"start": 0, "length": 64, "ranges": GOOD}, "Parameter 'start' does not go with 'ranges'"),
    ({"start": 0, "ranges": GOOD}, "Parameter 'start' does not go with 'ranges'"),
    ({"length": 64, "ranges": GOOD}, "Parameter 'length' does not go with 'ranges'"),
    ({}, "Parameter 'start' is missing"),
    ({"length": 64}, "Parameter 'start' is missing"),
    ({"start": 0}, "Parameter 'length' is missing"),
    ({"known": False}, "Parameter 'start' is missing"),
    ({"ranges": GOOD, "source": "bogus"}, "Parameter 'source' does not accept value 'bogus'"),
    ({"ranges": GOOD, "known": 1}, "Invalid parameter type for 'known', expected: boolean"),
    ({"ranges": GOOD, "path": "mem0"}, "Parameter 'path' is unexpected"),
])
def test_exactly_one_of_the_forms(qmp, args, text):
    assert refusal(qmp, **args) == text


def test_more_than_the_device_holds(start):
    qmp = start("--ranges-max", "4")
    for count in 5, 6:
        with pytest.raises(QmpError, match="--ranges-max allows; nothing was changed$"):
            plant(qmp, [[n * 128, 64] for n in range(count)])
        assert rows(qmp) == []
    plant(qmp, [[n * 128, 64] for n in range(4)])
    with pytest.raises(QmpError, match="--ranges-max allows; nothing was changed$"):
        plant(qmp, [[1 << 20, 64]])
    assert len(rows(qmp)) == 4
    plant(qmp, [[n * 128, 128] for n in range(4)] + [[512, 64]])  # one range, in the end
    assert rows(qmp) == [(0, 576)]


# ---- how many ------------------------------------------------------------------------------------

def test_as_many_as_the_manual_says(qmp):
    ranges = [[n * 128, 64] for n in range(21840)]
    request = {"execute": "swcxl-plant-poison", "id": [1],
               "arguments": {"ranges": ranges, "source": "vendor", "known": False,
                             "permanent": False}}
    assert qmp.execute(request) == {"return": {}, "id": [1]}
    assert rows(qmp) == [tuple(r) for r in ranges]


def test_too_many_are_refused_by_their_tokens(qmp):
    ranges = [[n * 128, 64] for n in range(21844)]
    with pytest.raises(QmpError, match="JSON token count limit exceeded$"):
        plant(qmp, ranges)
    assert rows(qmp) == []
    plant(qmp, ranges[:-1])
    assert len(rows(qmp)) == 21843


# ---- what is kept --------------------------------------------------------------------------------

def test_all_of_it_is_durable_in_one_commit(tmp_path):
    options = ["--volatile", "256M", "--state", str(tmp_path / "state")]
    ranges = [[n * 4096, 64] for n in range(2000)]
    device = Daemon(*options, vfio=False)
    try:
        with device.qmp() as qmp:
            before = qmp.cmd("swcxl-query-stats")["state"]["commits"]
            plant(qmp, ranges, known=False, permanent=True)
            assert qmp.cmd("swcxl-query-stats")["state"]["commits"] == before + 1
            device.proc.send_signal(signal.SIGKILL)
            device.wait()
    finally:
        device.kill()
    with Daemon(*options, vfio=False) as device, device.qmp() as qmp:
        assert rows(qmp) == [tuple(r) for r in ranges]
        assert {(r["known"], r["permanent"]) for r in qmp.cmd("swcxl-query-poison")} == \
            {(False, True)}


def test_it_is_a_line_of_the_trace(tmp_path):
    trace = tmp_path / "trace"
    with Daemon("--volatile", "256M", "--trace", str(trace), vfio=False) as device, \
            device.qmp() as qmp:
        plant(qmp, [[0, 64], [128, 64]], known=False)
    assert any('"ranges":[[0,64],[128,64]]' in line.replace(" ", "")
               for line in trace.read_text().splitlines()), trace.read_text()


def test_schema_has_lists_of_lists(checked):
    arg = checked.types[checked.commands["swcxl-plant-poison"]["arg-type"]]
    member, = (m for m in arg["members"] if m["name"] == "ranges")
    assert member == {"name": "ranges", "type": "[[int]]", "default": None}
    checked.check_type("[[int]]", json.loads("[[0, 64]]"), "ranges")
    with pytest.raises(AssertionError):
        checked.check_type("[[int]]", [0, 64], "ranges")
