# SPDX-License-Identifier: MIT
"""The commands: arguments good and bad, error texts, what they return."""

import struct
import time

import pytest
from daemon import Daemon, QmpError

MIB = 1 << 20
HALF = 256 * MIB  # of the device: where persistent capacity begins
END = 512 * MIB
U64 = (1 << 64) - 1


def desc(qmp, name, **args):
    """The description of the GenericError that a command must give."""
    with pytest.raises(QmpError) as error:
        qmp.cmd(name, **args)
    assert error.value.cls == "GenericError"
    return error.value.desc


def cci(qmp, opcode, payload=b"", rc=0):
    result = qmp.cmd("swcxl-cci", opcode=opcode, payload=payload.hex())
    assert result["return-code"] == rc, f"{opcode:04x}: {result}"
    return bytes.fromhex(result["payload"])


def scan(qmp, start=0, length=END, rc=1):
    cci(qmp, 0x4304, struct.pack("<QQB", start, length // 64, 0), rc)


def plant(qmp, start, length=64, **args):
    qmp.cmd("swcxl-plant-poison", start=start, length=length, **args)


# ---- checking of arguments, the same for every command -------------------------------------------

BASE = {"path": "mem0", "log": "fatal", "flags": 0}
MEDIA = {**BASE, "dpa": 0, "descriptor": 0, "type": 0, "transaction-type": 0}

GOOD = {
    "swcxl-query-map": {"cell": 1 << 20},
    "cxl-inject-general-media-event": MEDIA,
    "cxl-inject-dram-event": MEDIA,
    "cxl-inject-memory-module-event": {
        **BASE, "type": 0, "health-status": 0, "media-status": 0, "additional-status": 0,
        "life-used": 0, "temperature": 0, "dirty-shutdown-count": 0,
        "corrected-volatile-error-count": 0, "corrected-persistent-error-count": 0},
    "swcxl-inject-event": {"log": "fatal", "type": "dram"},
    "cxl-inject-poison": {"path": "mem0", "start": 0, "length": 64},
    "cxl-inject-uncorrectable-errors": {"path": "mem0", "errors": []},
    "cxl-inject-correctable-error": {"path": "mem0", "type": "physical"},
    "cxl-add-dynamic-capacity": {
        "path": "mem0", "host-id": 0, "selection-policy": "prescriptive", "region": 1,
        "extents": []},
    "cxl-release-dynamic-capacity": {
        "path": "mem0", "host-id": 0, "removal-policy": "prescriptive", "region": 0,
        "extents": []},
    "swcxl-add-dc-reference": {"tag": "x"},
    "swcxl-remove-dc-reference": {"tag": "x"},
    "swcxl-plant-poison": {"start": 0, "length": 64},
    "swcxl-read-media": {"start": 0, "length": 64},
    "swcxl-write-media": {"start": 0, "data": "00"},
    "swcxl-cci": {"opcode": 1},
    "swcxl-fault": {"fault": "media-error"},
    "swcxl-query-events": {"log": "fatal"},
    "swcxl-clock-step": {"nanoseconds": 1},
    "swcxl-fault": {"fault": "media-not-ready"},
    "swcxl-reset": {"type": "cxl"},
    "swcxl-fault": {"fault": "fatal"},
}


# What the schema calls optional, because the command has another form that does without it.
FORMS = {"swcxl-plant-poison": ["start", "length"]}


@pytest.mark.parametrize("command", GOOD)
def test_required_arguments_are_required_in_order(dynamic, command, checked):
    members = checked.types[checked.commands[command]["arg-type"]]["members"]
    required = FORMS.get(command) or [m["name"] for m in members if "default" not in m]
    assert set(required) == set(GOOD[command])
    given = {}
    for name in required:
        assert desc(dynamic, command, **given) == f"Parameter '{name}' is missing"
        given[name] = GOOD[command][name]
    dynamic.cmd(command, **given)


def test_commands_that_need_no_argument_run_without(qmp, checked):
    for command, entry in checked.commands.items():
        if command in GOOD or command in ("qmp_capabilities", "quit"):
            continue
        qmp.cmd(command)
        reply = qmp.execute({"execute": command, "arguments": {}})
        assert "return" in reply


def test_unknown_arguments_are_unexpected(qmp, checked):
    for command in checked.commands:
        if command not in ("qmp_capabilities", "quit"):
            assert desc(qmp, command, **GOOD.get(command, {}), bogus=1) == \
                "Parameter 'bogus' is unexpected"


WRONG = {
    "any": [(value, "Invalid parameter type for '{}', expected: object")
            for value in (1, "{}", [], None, True)],
    "[uncorrectable-error]": [
        (1, "Invalid parameter type for '{}', expected: array"),
        ({}, "Invalid parameter type for '{}', expected: array"),
        ([1], "Invalid parameter type for '{}[0]', expected: object"),
        ([[]], "Invalid parameter type for '{}[0]', expected: object"),
        ([{}], "Parameter '{}[0].type' is missing"),
        ([{"header": 1}], "Parameter '{}[0].type' is missing"),
        ([{"type": 1}], "Invalid parameter type for '{}[0].type', expected: string"),
        ([{"type": "bogus"}], "Parameter '{}[0].type' does not accept value 'bogus'"),
        ([{"type": "internal"}], "Parameter '{}[0].header' is missing"),
        ([{"type": "internal", "header": []}, {"type": "internal", "header": 1}],
         "Invalid parameter type for '{}[1].header', expected: array"),
        ([{"type": "internal", "header": [0, "0"]}], "Parameter '{}[0].header[1]' expects uint64"),
        ([{"type": "internal", "header": [1 << 32]}],
         "Parameter '{}[0].header[0]' expects uint32_t"),
        ([{"type": "internal", "header": [-1]}], "Parameter '{}[0].header[0]' expects uint32_t"),
        ([{"type": "internal", "header": [], "bogus": 1}, {}],
         "Parameter '{}[0].bogus' is unexpected"),
        ([{"type": "internal", "header": []}, None],
         "Invalid parameter type for '{}[1]', expected: object")],
    "[[int]]": [
        (1, "Invalid parameter type for '{}', expected: array"),
        ([1], "Invalid parameter type for '{}[0]', expected: array"),
        ([[0, 64], {}], "Invalid parameter type for '{}[1]', expected: array"),
        ([[0]], "Parameter '{}[0]' expects a start and a length"),
        ([["0", 64]], "Parameter '{}[0][0]' expects uint64"),
        ([[0, 1.5]], "Parameter '{}[0][1]' expects uint64")],
    "[dynamic-capacity-extent]": [
        (1, "Invalid parameter type for '{}', expected: array"),
        ({}, "Invalid parameter type for '{}', expected: array"),
        (None, "Invalid parameter type for '{}', expected: array"),
        ([1], "Invalid parameter type for '{}[0]', expected: object"),
        ([{}], "Parameter '{}[0].offset' is missing"),
        ([{"offset": 0}], "Parameter '{}[0].len' is missing"),
        ([{"len": 0}], "Parameter '{}[0].offset' is missing"),
        ([{"offset": "0", "len": 0}], "Parameter '{}[0].offset' expects uint64"),
        ([{"offset": 0, "len": 1.5}], "Parameter '{}[0].len' expects uint64"),
        ([{"offset": 0, "len": 0}, {"offset": 0, "len": None}],
         "Parameter '{}[1].len' expects uint64"),
        ([{"offset": 0, "len": 0, "bogus": 1}, {}], "Parameter '{}[0].bogus' is unexpected"),
        ([{"offset": 0, "len": 0}, []], "Invalid parameter type for '{}[1]', expected: object")],
    "[int]": [(1, "Invalid parameter type for '{}', expected: array"),
              ({}, "Invalid parameter type for '{}', expected: array"),
              ([1, "1"], "Parameter '{}[1]' expects uint64"),
              ([1, 2, 3, 4, None], "Parameter '{}[4]' expects uint64")],
    "signed": [(value, "Invalid parameter type for '{}', expected: integer")
               for value in (1.0, "1", None, [], True)],
    "int": [("1", "Parameter '{}' expects uint64"), (1.0, "Parameter '{}' expects uint64"),
            (1.5, "Parameter '{}' expects uint64"), (None, "Parameter '{}' expects uint64"),
            (True, "Parameter '{}' expects uint64"), ([], "Parameter '{}' expects uint64")],
    "str": [(1, "Invalid parameter type for '{}', expected: string"),
            (None, "Invalid parameter type for '{}', expected: string"),
            ({}, "Invalid parameter type for '{}', expected: string")],
    "bool": [(1, "Invalid parameter type for '{}', expected: boolean"),
             ("true", "Invalid parameter type for '{}', expected: boolean")],
    "enum": [(1, "Invalid parameter type for '{}', expected: string"),
             ("bogus", "Parameter '{}' does not accept value 'bogus'"),
             ("", "Parameter '{}' does not accept value ''")],
    "[enum]": [("bogus", "Invalid parameter type for '{}', expected: array"),
               ({}, "Invalid parameter type for '{}', expected: array"),
               ([1], "Invalid parameter type for '{}[0]', expected: string"),
               (["bogus"], "Parameter '{}[0]' does not accept value 'bogus'")],
}


def test_every_argument_refuses_every_wrong_type(qmp, checked):
    tried = 0
    for command, entry in checked.commands.items():
        if command == "qmp_capabilities":
            continue
        for member in checked.types[entry["arg-type"]]["members"]:
            kind = member["type"] if member["type"] in WRONG else \
                "[enum]" if member["type"].startswith("[") else "enum"
            if member["name"] == "temperature":
                kind = "signed"
            for value, text in WRONG[kind]:
                args = {**GOOD.get(command, {}), member["name"]: value}
                assert desc(qmp, command, **args) == text.format(member["name"])
                tried += 1
    assert tried > 50


def test_a_narrow_integer_names_its_width(qmp):
    assert desc(qmp, "swcxl-cci", opcode=65536) == "Parameter 'opcode' expects uint16_t"
    assert desc(qmp, "swcxl-cci", opcode=-1) == "Parameter 'opcode' expects uint16_t"
    assert qmp.cmd("swcxl-cci", opcode=65535)["return-code"] == 3


@pytest.mark.parametrize("command, args, text", [
    ("swcxl-query-poison", {"max": 0},
     "Parameter 'max' expects a number from 1 to 18446744073709551615"),
    ("swcxl-read-media", {"start": 0, "length": 0},
     "Parameter 'length' expects a number from 1 to 1048576"),
    ("swcxl-read-media", {"start": 0, "length": MIB + 1},
     "Parameter 'length' expects a number from 1 to 1048576"),
    ("swcxl-clock-step", {"nanoseconds": 1 << 63},
     "Parameter 'nanoseconds' expects a number from 0 to 9223372036854775807"),
    ("swcxl-clock-step", {"nanoseconds": -1},
     "Parameter 'nanoseconds' expects a number from 0 to 9223372036854775807"),
])
def test_ranges_of_numbers(qmp, command, args, text):
    assert desc(qmp, command, **args) == text


@pytest.mark.parametrize("data, text", [
    ("0", "Parameter 'data' expects an even number of hexadecimal digits"),
    ("0g", "Parameter 'data' expects hexadecimal digits"),
    ("00 00", "Parameter 'data' expects hexadecimal digits"),
    ("0x00", "Parameter 'data' expects hexadecimal digits"),
    ("00\0", "Parameter 'data' expects hexadecimal digits"),
    ("\x10\x11", "Parameter 'data' expects hexadecimal digits"),
    ("", "Parameter 'data' expects from 1 to 1048576 bytes"),
    ("00" * (MIB + 1), "Parameter 'data' expects from 1 to 1048576 bytes"),
], ids=lambda text: repr(text[:40]))
def test_hexadecimal_digits(qmp, data, text):
    assert desc(qmp, "swcxl-write-media", start=0, data=data) == text


# ---- cxl-inject-poison: Q-2, QEMU's texts in QEMU's order ----------------------------------------

def test_inject_checks_in_qemus_order(qmp):
    def inject(start, length, path="mem0"):
        return desc(qmp, "cxl-inject-poison", path=path, start=start, length=length)

    plant(qmp, 0x1000)
    assert inject(1, 1, "nosuch") == "Poison injection must be in multiples of 64 bytes"
    assert inject(1, 64, "nosuch") == "Poison start address must be 64 byte aligned"
    assert inject(0x1000, 64, "nosuch") == "Unable to resolve path"
    assert inject(0x1000, 64) == "Overlap with existing poisoned region not supported"
    assert inject(0x1040, 0) == "Parameter 'length' must not be 0"


@pytest.mark.parametrize("start, length", [
    (END, 64), (END - 64, 128), (0, END + 64), (-64, 64), (U64 - 63, 128), (64, U64 - 63),
    (1 << 63, 1 << 63)])
@pytest.mark.parametrize("command", ["cxl-inject-poison", "swcxl-plant-poison"])
def test_ranges_outside_and_wrapping_change_nothing(qmp, command, start, length):
    path = {"path": "mem0"} if command.startswith("cxl") else {}
    assert "is outside of the device, which has 0x20000000 bytes" in \
        desc(qmp, command, start=start, length=length, **path)
    assert qmp.cmd("swcxl-query-poison") == []


def test_a_negative_number_is_the_unsigned_one_of_the_same_bits(qmp):
    for start in (-64, U64 - 63):
        assert "at 0xffffffffffffffc0 is outside" in \
            desc(qmp, "swcxl-plant-poison", start=start, length=64)


@pytest.mark.parametrize("path", ["mem0", "/machine/peripheral/mem0", "/x/y/mem0", "x/mem0",
                                  "/mem0"])
def test_paths_that_name_the_device(qmp, path):
    qmp.cmd("cxl-inject-poison", path=path, start=0, length=64)
    assert qmp.cmd("swcxl-query-poison") == [{
        "start": 0, "length": 64, "source": "internal", "known": True, "listed": True,
        "permanent": False}]


@pytest.mark.parametrize("path", ["", "/", "mem", "mem00", "mem0/", "/mem0/x", "xmem0", "MEM0"])
def test_paths_that_do_not(qmp, path):
    assert desc(qmp, "cxl-inject-poison", path=path, start=0, length=64) == \
        "Unable to resolve path"


def test_latent_poison_is_no_overlap_because_the_device_does_not_know(qmp):
    plant(qmp, 0, known=False)
    qmp.cmd("cxl-inject-poison", path="mem0", start=0, length=64)
    assert [row["known"] for row in qmp.cmd("swcxl-query-poison")] == [True]


# ---- planting and querying -----------------------------------------------------------------------

@pytest.mark.parametrize("source", ["external", "internal", "injected", "vendor", "unknown"])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("permanent", [True, False])
def test_plant_reads_back(qmp, source, known, permanent):
    plant(qmp, HALF, 128, source=source, known=known, permanent=permanent)
    assert qmp.cmd("swcxl-query-poison") == [{
        "start": HALF, "length": 128, "source": source, "known": known, "listed": known,
        "permanent": permanent}]


def test_plant_defaults(qmp):
    plant(qmp, 64)
    assert qmp.cmd("swcxl-query-poison") == [{
        "start": 64, "length": 64, "source": "internal", "known": True, "listed": True,
        "permanent": False}]


@pytest.mark.parametrize("start, length, text", [
    (1, 64, "Poison start address must be 64 byte aligned"),
    (0, 65, "Poison injection must be in multiples of 64 bytes"),
    (0, 0, "Parameter 'length' must not be 0")])
def test_plant_refuses_what_is_no_line(qmp, start, length, text):
    assert desc(qmp, "swcxl-plant-poison", start=start, length=length) == text


def test_plant_is_never_refused_for_list_space_but_for_memory(checked):
    with Daemon("--volatile", "256M", "--poison-list-max", "2", "--ranges-max", "4",
                vfio=False) as device, device.qmp() as qmp:
        for i in range(4):
            plant(qmp, i * 4096)
        assert qmp.cmd("swcxl-query-device")["poison-list"]["overflow"] is True
        assert desc(qmp, "swcxl-plant-poison", start=0x10000, length=64) == \
            "The device holds as many poisoned ranges as --ranges-max allows; nothing was changed"
        assert len(qmp.cmd("swcxl-query-poison")) == 4


def test_query_poison_clips_to_the_range_and_splits_at_partitions(qmp):
    plant(qmp, HALF - 128, 256)
    assert [(r["start"], r["length"]) for r in qmp.cmd("swcxl-query-poison")] == \
        [(HALF - 128, 128), (HALF, 128)]
    rows = qmp.cmd("swcxl-query-poison", start=HALF - 64, length=128)
    assert [(r["start"], r["length"]) for r in rows] == [(HALF - 64, 64), (HALF, 64)]
    assert qmp.cmd("swcxl-query-poison", start=HALF)[0]["start"] == HALF


@pytest.mark.parametrize("start, length, lines", [
    (4096, 1, [4096]), (4097, 1, [4096]), (4159, 1, [4096]), (4159, 2, [4096]), (4160, 64, []),
    (4095, 1, []), (4095, 2, [4096]), (4097, 64, [4096]), (4224, 1, [4224]),
    (4097, 128, [4096, 4224]), (4097, 0, []), (END - 1, 1, [END - 64])])
def test_query_poison_rounds_outward_to_whole_lines(qmp, start, length, lines):
    """No row hides poison, and none is cut within a line."""
    for line in 4096, 4224, END - 64:
        plant(qmp, line)
    rows = qmp.cmd("swcxl-query-poison", start=start, length=length)
    assert [(row["start"], row["length"]) for row in rows] == [(line, 64) for line in lines]
    if length and start > 4159:
        rows = qmp.cmd("swcxl-query-poison", start=start, max=1)
        assert rows[0]["start"] == (4224 if start < END - 64 else END - 64)


def test_query_poison_of_nothing_is_empty(qmp):
    """Q-8, and a loop that goes on from the last row's end arrives at the end of the device."""
    plant(qmp, END - 64)
    assert qmp.cmd("swcxl-query-poison", start=END - 64, length=0) == []
    assert qmp.cmd("swcxl-query-poison", start=U64, length=0) == []
    assert qmp.cmd("swcxl-query-poison", start=END) == []
    assert "outside" in desc(qmp, "swcxl-query-poison", start=END + 64)
    assert "outside" in desc(qmp, "swcxl-query-poison", start=0, length=END + 1)


def test_query_poison_more_than_65536_rows_needs_max(checked):
    with Daemon("--volatile", "256M", vfio=False) as device, device.qmp() as qmp:
        rows = 65537
        for i in range(0, rows, 500):
            batch = range(i, min(i + 500, rows))
            qmp.send("".join(
                '{"execute": "swcxl-plant-poison", "arguments": '
                f'{{"start": {n * 128}, "length": 64, "known": false}}}}' for n in batch))
            for _ in batch:
                assert qmp.recv_reply() == {"return": {}}
        assert "'max'" in desc(qmp, "swcxl-query-poison")
        assert len(qmp.cmd("swcxl-query-poison", start=128)) == 65536
        for most in 65536, 65537, U64:
            page = qmp.cmd("swcxl-query-poison", max=most)
            assert len(page) == 65536
            start = page[-1]["start"] + page[-1]["length"]
            assert len(qmp.cmd("swcxl-query-poison", start=start, max=most)) == 1
        found, start = [], 0
        while True:
            page = qmp.cmd("swcxl-query-poison", start=start, max=10000)
            if not page:
                break
            found += [row["start"] for row in page]
            start = page[-1]["start"] + page[-1]["length"]
        assert found == [n * 128 for n in range(rows)]


# ---- media content -------------------------------------------------------------------------------

def test_media_reads_what_was_written_at_any_alignment(qmp):
    assert qmp.cmd("swcxl-read-media", start=0, length=3) == {"data": "000000"}
    qmp.cmd("swcxl-write-media", start=HALF - 1, data="aBCdef")
    assert qmp.cmd("swcxl-read-media", start=HALF - 2, length=5) == {"data": "00abcdef00"}
    data = "5a" * MIB
    qmp.cmd("swcxl-write-media", start=END - MIB, data=data)
    assert qmp.cmd("swcxl-read-media", start=END - MIB, length=MIB)["data"] == data


@pytest.mark.parametrize("start", [END, END - 1, U64, -2, 1 << 63])
def test_media_outside_of_the_device(qmp, start):
    assert "is outside of the device" in desc(qmp, "swcxl-read-media", start=start, length=2)
    assert "is outside of the device" in desc(qmp, "swcxl-write-media", start=start, data="0000")


def test_writing_a_whole_line_clears_poison_and_part_of_one_does_not(qmp):
    """D-52."""
    plant(qmp, 0, 192)
    plant(qmp, 4096, permanent=True)
    qmp.cmd("swcxl-write-media", start=63, data="00" * 66)
    rows = qmp.cmd("swcxl-query-poison", start=0, length=4096)
    assert [(r["start"], r["length"]) for r in rows] == [(0, 64), (128, 64)]
    qmp.cmd("swcxl-write-media", start=4096, data="00" * 64)
    assert qmp.cmd("swcxl-query-poison", start=4096)[0]["permanent"]


def test_reading_finds_latent_errors(qmp):
    plant(qmp, 0, 128, known=False)
    qmp.cmd("swcxl-read-media", start=10, length=1)
    rows = qmp.cmd("swcxl-query-poison")
    assert [(r["start"], r["known"]) for r in rows] == [(0, True), (64, False)]
    assert qmp.cmd("swcxl-query-events", log="failure")[0]["transaction-type"] == "host-read"


def test_media_memory_is_bounded(checked):
    with Daemon("--volatile", "256M", "--media-memory-max", "1M", vfio=False) as device, \
            device.qmp() as qmp:
        qmp.cmd("swcxl-write-media", start=0, data="11" * 4096)
        assert "--media-memory-max" in \
            desc(qmp, "swcxl-write-media", start=MIB, data="22" * MIB)
        assert qmp.cmd("swcxl-read-media", start=MIB, length=4)["data"] == "00000000"


# ---- command interface, clock, resets ------------------------------------------------------------

def test_cci_returns_the_devices_answer(qmp):
    assert len(cci(qmp, 0x4000)) == 0x45
    assert qmp.cmd("swcxl-cci", opcode=0xC123) == {"return-code": 3, "payload": ""}
    assert qmp.cmd("swcxl-cci", opcode=0x4000, payload="00") == \
        {"return-code": 0x16, "payload": ""}


def test_cci_takes_any_length_of_payload(qmp):
    for length in (0, 1, 4096, 4097, 1 << 20):
        assert qmp.cmd("swcxl-cci", opcode=0x4301, payload="00" * length)["return-code"] == 0x16


def test_every_connection_has_its_own_cursor(device):
    """D-8: one cursor per channel."""
    with device.qmp() as one, device.qmp() as two:
        for i in range(256):
            plant(one, i * 4096)
        query = struct.pack("<QQ", 0, END // 64)
        first, again = cci(one, 0x4300, query), cci(two, 0x4300, query)
        assert first == again
        assert first[0] & 1 and len(first) == 0x20 + 16 * ((4096 - 0x20) // 16)
        assert cci(one, 0x4300, query)[0x20:0x28] != first[0x20:0x28]


def test_clock_step_makes_happen_what_is_due_and_tells_the_time(qmp, checked):
    scan(qmp, 0, 64 * 1000)
    assert qmp.cmd("swcxl-query-device")["background"] == \
        {"opcode": 0x4304, "percent": 0, "return-code": 0, "running": True}
    assert qmp.cmd("swcxl-clock-step", nanoseconds=250000) == {"now": 250000}
    assert qmp.cmd("swcxl-query-device")["scan"] == {
        "running": True, "start": 0, "length": 64000, "position": 32000, "percent": 50}
    assert qmp.events == []
    assert qmp.cmd("swcxl-clock-step", nanoseconds=250000) == {"now": 500000}
    # The event has come before the reply.
    event, = qmp.events
    checked.check_event(event)
    assert event["event"] == "SWCXL_BACKGROUND_COMPLETED"
    assert event["data"] == {"opcode": 0x4304, "return-code": 0, "percent": 100}
    state = qmp.cmd("swcxl-query-device")
    assert state["background"] == \
        {"opcode": 0x4304, "percent": 100, "return-code": 0, "running": False}
    assert state["scan"]["running"] is False and state["now"] == 500000


def test_virtual_time_stands_still_and_ends_before_it_wraps(qmp):
    assert qmp.cmd("swcxl-clock-step", nanoseconds=0) == {"now": 0}
    assert qmp.cmd("swcxl-query-device")["now"] == 0
    for _ in range(3):
        qmp.cmd("swcxl-clock-step", nanoseconds=(1 << 63) - 1)
    assert qmp.cmd("swcxl-query-device")["now"] == U64 - 1


def test_clock_step_needs_the_virtual_clock(checked):
    with Daemon("--volatile", "256M", vfio=False) as device, device.qmp() as qmp:
        assert "--clock virtual" in desc(qmp, "swcxl-clock-step", nanoseconds=1)
        assert qmp.cmd("swcxl-query-device")["config"]["clock"] == "real"


def test_real_time_runs_and_the_shortest_scan_is_seen_running(checked):
    """D-34."""
    with Daemon("--volatile", "256M", "--scan-ns-per-line", "1", vfio=False) as device, \
            device.qmp() as qmp:
        before = qmp.cmd("swcxl-query-device")["now"]
        time.sleep(0.02)
        now = qmp.cmd("swcxl-query-device")["now"]
        assert before + 20_000_000 <= now < before + 5_000_000_000
        payload = struct.pack("<QQB", 0, 1, 1).hex()
        qmp.send('{"execute": "swcxl-cci", "arguments": {"opcode": 17156, "payload": "%s"}}'
                 '{"execute": "swcxl-query-device"}' % payload)
        assert qmp.recv_reply()["return"]["return-code"] == 1
        assert qmp.recv_reply()["return"]["background"]["running"] is True
        qmp.wait_event("SWCXL_BACKGROUND_COMPLETED")
        assert qmp.cmd("swcxl-query-device")["now"] >= now + 1_000_000


@pytest.mark.parametrize("type_, lost", [("conventional", True), ("cxl", False)])
def test_reset_types(qmp, type_, lost):
    """D-39: volatile poison goes with a conventional reset. D-40: it stays with a CXL reset."""
    plant(qmp, 0)
    plant(qmp, HALF)
    qmp.cmd("swcxl-reset", type=type_)
    starts = [row["start"] for row in qmp.cmd("swcxl-query-poison")]
    assert starts == ([HALF] if lost else [0, HALF])


def test_reset_aborts_a_scan(qmp):
    """D-40."""
    scan(qmp)
    qmp.cmd("swcxl-clock-step", nanoseconds=500 * (END // 64) // 2)
    qmp.cmd("swcxl-reset", type="cxl")
    assert qmp.wait_event("SWCXL_BACKGROUND_COMPLETED")["data"] == \
        {"opcode": 0x4304, "return-code": 0x12, "percent": 50}


# ---- queries -------------------------------------------------------------------------------------

def test_query_device_of_a_fresh_device(qmp):
    device = qmp.cmd("swcxl-query-device")
    version = qmp.greeting["QMP"]["version"]["package"]
    assert device["version"] == version.removeprefix("swcxl ")
    assert device["name"] == "mem0" and device["capacity"] == END
    assert device["partitions"] == {"volatile": {"start": 0, "length": HALF},
                                    "persistent": {"start": HALF, "length": HALF}}
    assert device["media"] == {"status": "ready", "poisoned-lines": 0, "injected-lines": 0,
                               "ranges": 0, "content-bytes": 0}
    assert device["poison-list"] == {"count": 0, "max": 256, "overflow": False,
                                     "overflow-timestamp": 0}
    assert device["scan"] == {"running": False, "start": 0, "length": 0, "position": 0,
                              "percent": 0}
    assert device["background"] == {"opcode": 0, "percent": 0, "return-code": 0,
                                    "running": False}
    assert set(device["logs"]) == {"informational", "warning", "failure", "fatal",
                                   "dynamic-capacity"}
    for log in device["logs"].values():
        assert log == {"count": 0, "max": 256, "overflow": False, "lost": 0, "first-lost": 0,
                       "last-lost": 0}


def test_query_device_without_dynamic_capacity_has_all_of_its_keys(qmp):
    assert qmp.cmd("swcxl-query-device")["dynamic-capacity"] == {
        "regions": [], "pending": [], "accepted": [], "held": [], "refused": [], "generation": 0,
        "offers": 0, "dead-offers": 0, "extents-max": 0, "extents-available": 0, "tags-max": 0,
        "tags-available": 0}


def test_query_device_shows_the_configuration_by_its_option_names(checked):
    options = {
        "volatile": 768 << 20, "persistent": 256 << 20, "serial": "0x00000000deadbeef",
        "cxl-revision": "3.0", "poison-list-max": 7, "inject-limit": 9,
        "injected-persists": True, "volatile-list": False, "span": "reject", "strict": True,
        "scan-ns-per-line": 11, "estimate": False, "scan-results-max": 13, "during-scan": "busy",
        "payload": 1024, "lsa": 65536, "event-log-max": 15, "media-memory-max": 1 << 24,
        "ranges-max": 17, "hdm-commit": "refuse", "partitionable": 512 << 20,
        "sanitize-time": 19 * 10**9, "fw-time": 23 * 10**9, "maintenance-time": 0,
        "dc-regions": 2, "dc-region-size": 512 << 20, "dc-block-size": 4096,
        "dc-flags": ["1=sharable,read-only"], "dc-decode-length": "bytes",
        "dc-host-timeout": 29 * 10**9, "clock": "virtual"}
    args = []
    for name, value in options.items():
        if name == "strict":
            args.append("--strict")
        elif isinstance(value, list):
            args += [f"--{name}={flags}" for flags in value]
        else:
            unit = "ns" if name.endswith(("-time", "-timeout")) else ""
            args.append(f"--{name}=" + ({True: "on", False: "off"}[value]
                                        if isinstance(value, bool) else f"{value}{unit}"))
    with Daemon(*args, vfio=False) as device, device.qmp() as qmp:
        state = qmp.cmd("swcxl-query-device")
    assert state["config"] == options
    assert state["serial"] == options["serial"] and state["cxl-revision"] == "3.0"
    assert state["poison-list"]["max"] == 7 and state["logs"]["fatal"]["max"] == 15


def test_query_device_counts_poison(qmp):
    plant(qmp, 0, 640)
    plant(qmp, HALF, 64, source="injected", known=False)
    state = qmp.cmd("swcxl-query-device")
    assert state["media"]["poisoned-lines"] == 11
    assert state["media"]["injected-lines"] == 1
    assert state["media"]["ranges"] == 2
    assert state["poison-list"]["count"] == 1
    assert state["logs"]["failure"]["count"] == 1


def test_overflow_is_an_event_and_a_state(checked):
    with Daemon("--volatile", "256M", "--poison-list-max", "1", "--clock", "virtual",
                vfio=False) as device, device.qmp() as qmp:
        plant(qmp, 0)
        plant(qmp, 4096)
        plant(qmp, 8192)
        events = [event["event"] for event in qmp.events]
        assert events.count("SWCXL_POISON_LIST_OVERFLOW") == 1
        for event in qmp.events:
            checked.check_event(event)
            assert ("data" in event) == (event["event"] != "SWCXL_POISON_LIST_OVERFLOW")
        assert qmp.cmd("swcxl-query-device")["poison-list"] == {
            "count": 1, "max": 1, "overflow": True, "overflow-timestamp": 0}
        records = qmp.cmd("swcxl-query-events", log="failure")
        assert [("poison-list-overflow-event" in r["descriptor"]) for r in records] == \
            [False, True, True]


def test_query_events_decodes_every_field(qmp):
    # Set Timestamp, so that the record has a time.
    cci(qmp, 0x0301, struct.pack("<Q", 1_700_000_000_000_000_000))
    qmp.cmd("swcxl-clock-step", nanoseconds=5)
    cci(qmp, 0x4301, struct.pack("<Q", HALF + 0x40))
    event, = qmp.events
    assert event["data"] == {"log": "informational", "handle": 1,
                             "type": "fbcd0a77-c260-417f-85a9-088b1621eba6"}
    record, = qmp.cmd("swcxl-query-events", log="informational")
    data = bytes.fromhex(record.pop("data"))
    assert len(data) == 128 and data[0x30:0x38] == struct.pack("<Q", HALF + 0x40)
    assert record == {
        "uuid": "fbcd0a77-c260-417f-85a9-088b1621eba6", "type": "general-media", "length": 128,
        "severity": "informational", "flags": [], "handle": 1, "related-handle": 0,
        "timestamp": 1_700_000_000_000_000_005, "maint-op-class": 0, "maint-op-subclass": 0,
        "ld-id": 0, "head-id": 0, "dpa": HALF + 0x40, "volatile": False, "not-repairable": False,
        "descriptor": [], "memory-event-type": "media-ecc-error",
        "transaction-type": "host-inject-poison", "validity": [], "channel": 0, "rank": 0,
        "device": 0, "component-id": "00" * 16, "is-comp-id-pldm": False, "cme-ev-flags": 0,
        "cme-count": 0, "sub-type": "not-reported"}
    # Asking has not cleared it.
    assert len(qmp.cmd("swcxl-query-events", log="informational")) == 1
    for log in ("warning", "failure", "fatal"):
        assert qmp.cmd("swcxl-query-events", log=log) == []


def test_event_record_news_come_when_a_log_stops_being_empty(qmp):
    plant(qmp, 0)
    plant(qmp, 4096)
    assert len(qmp.events) == 1
    cci(qmp, 0x0101, struct.pack("<BBBBBBHH", 2, 0, 2, 0, 0, 0, 1, 2))
    plant(qmp, 8192)
    assert [event["data"]["handle"] for event in qmp.events] == [1, 3]


def test_stats_count_commands_channels_and_return_codes(qmp):
    cci(qmp, 0x4000)
    cci(qmp, 0x4000)
    cci(qmp, 0x4301, b"", 0x16)
    cci(qmp, 0xC000, b"", 3)
    desc(qmp, "swcxl-reset", type="bogus")
    stats = qmp.cmd("swcxl-query-stats")
    assert {c["name"]: (c["opcode"], c["count"], c["errors"]) for c in stats["cci"]} == {
        "identify_memory_device": (0x4000, 2, 0), "inject_poison": (0x4301, 1, 1)}
    assert stats["cci-unknown"] == 1
    assert stats["channels"] == [{"channel": "control", "count": 4, "errors": 2}]
    assert {c["return-code"]: (c["name"], c["count"]) for c in stats["return-codes"]} == {
        0: ("Success", 2), 3: ("Unsupported", 1), 0x16: ("Invalid Payload Length", 1)}
    mine = {c["name"]: (c["count"], c["errors"]) for c in stats["qmp"]["commands"]}
    assert mine["swcxl-cci"] == (4, 0) and mine["swcxl-reset"] == (1, 1)
    assert stats["qmp"]["errors"] == 1 and stats["qmp"]["clients"] == 1
    assert set(stats["vfio-user"].values()) == {0}


def test_stats_of_opcodes_are_sorted_and_bounded(qmp):
    for opcode in (0x4300, 0x0001, 0x4000, 0x0300):
        qmp.cmd("swcxl-cci", opcode=opcode)
    qmp.send("".join('{"execute": "swcxl-cci", "arguments": {"opcode": %d}}' % o
                     for o in range(0x8000, 0x8200)))
    for _ in range(0x200):
        assert qmp.recv_reply()["return"]["return-code"] == 3
    stats = qmp.cmd("swcxl-query-stats")
    assert [c["opcode"] for c in stats["cci"]] == [0x0001, 0x0300, 0x4000, 0x4300]
    assert stats["cci-unknown"] == 0x200
