# SPDX-License-Identifier: MIT
"""Event records made over the control protocol, byte by byte, and read back. Offsets are written
out here once more, as the specification prints them, so that a slip in the program's table shows."""

import json
import os
import random
import struct
import subprocess
import uuid

import pytest
from daemon import Daemon, QmpError
from vfio_user import EVENTFD, MSIX, TRIGGER, Client, Mailbox, eventfds

GM = "fbcd0a77-c260-417f-85a9-088b1621eba6"
DRAM = "601dcbb3-9c06-4eab-b8af-4e9bfb5c9624"
MODULE = "fe927475-dd59-4339-a586-79bab113b774"
SPARING = "e71f3a40-2d29-4092-8a39-4d1c966c7c65"
DYNAMIC = "ca95afa7-f183-4018-8c2f-95268e101a2a"
UUIDS = {"general-media": GM, "dram": DRAM, "memory-module": MODULE, "memory-sparing": SPARING,
         "dynamic-capacity": DYNAMIC}
VENDOR = "00112233-4455-6677-8899-aabbccddeeff"
LOGS = ("informational", "warning", "failure", "fatal")
REVISIONS = ("2.0", "3.0", "3.1", "3.2")
COMPONENT = "component-name"  # 14 bytes: the rest is zeros
U64 = (1 << 64) - 1


def desc(qmp, name, **args):
    with pytest.raises(QmpError) as error:
        qmp.cmd(name, **args)
    assert error.value.cls == "GenericError"
    return error.value.desc


def le(value, size):
    return value.to_bytes(size, "little")


def record(kind, severity, handle=1, parts=()):
    """A record that is 0 but for its header and these (offset, bytes)."""
    data = bytearray(128)
    data[0:16] = uuid.UUID(kind).bytes
    data[0x10] = 128
    data[0x11] = severity
    data[0x14:0x16] = le(handle, 2)
    for offset, value in parts:
        data[offset:offset + len(value)] = value
    return bytes(data)


def records(qmp, log):
    return [bytes.fromhex(r["data"]) for r in qmp.cmd("swcxl-query-events", log=log)]


def same(got, expected):
    """Records, compared so that a failure names the offsets."""
    assert len(got) == len(expected) == 128
    wrong = {f"{i:02x}": f"{got[i]:02x}, not {expected[i]:02x}" for i in range(128)
             if got[i] != expected[i]}
    assert not wrong


@pytest.fixture(scope="module")
def devices():
    """A device of each revision, whose logs are empty."""
    running = {}
    for revision in REVISIONS:
        daemon = Daemon("--volatile", "256M", "--clock", "virtual", "--cxl-revision", revision,
                        vfio=False)
        running[revision] = daemon, daemon.qmp()
    yield {revision: qmp for revision, (_, qmp) in running.items()}
    for daemon, qmp in running.values():
        qmp.close()
        daemon.stop()


def added(qmp, command, **args):
    """The one record that a command adds to an empty log, decoded; `data` is bytes, without its
    handle. The log is empty again."""
    log = args["log"]
    assert records(qmp, log) == []
    assert qmp.cmd(command, **args) == {}
    got, = qmp.cmd("swcxl-query-events", log=log)
    data = bytearray.fromhex(got["data"])
    assert struct.unpack_from("<H", data, 0x14)[0] == got["handle"] != 0
    cleared = qmp.cmd("swcxl-cci", opcode=0x0101, payload=struct.pack(
        "<BBB3xH", LOGS.index(log), 0, 1, got["handle"]).hex())
    assert cleared["return-code"] == 0
    data[0x14:0x16] = b"\1\0"
    return {**got, "data": bytes(data)}


def since(revision, first):
    return REVISIONS.index(revision) >= REVISIONS.index(first)


# ---- QEMU's commands: everything given -----------------------------------------------------------

BASE = {"path": "/machine/peripheral/mem0", "log": "failure", "flags": 0x2f, "maint-op-class": 2,
        "maint-op-subclass": 3, "ld-id": 0x1234, "head-id": 5}
MEDIA = {**BASE, "dpa": 0x123456789ac3, "descriptor": 3, "type": 1, "transaction-type": 2}

QEMU = {
    "general-media": {
        **MEDIA, "channel": 7, "rank": 8, "device": 0xabcdef, "component-id": COMPONENT,
        "is-comp-id-pldm": True, "cme-ev-flags": 3, "cme-count": 0x654321, "sub-type": 4},
    "dram": {
        **MEDIA, "channel": 7, "rank": 8, "nibble-mask": 0xfedcba, "bank-group": 9, "bank": 10,
        "row": 0x112233, "column": 0x4455, "correction-mask": [1, 2, 3, U64],
        "component-id": COMPONENT, "is-comp-id-pldm": True, "sub-channel": 11, "cme-ev-flags": 3,
        "cvme-count": 0x654321, "sub-type": 4},
    "memory-module": {
        **BASE, "type": 3, "health-status": 1, "media-status": 2, "additional-status": 3,
        "life-used": 4, "temperature": -5, "dirty-shutdown-count": 0x06070809,
        "corrected-volatile-error-count": 0x0a0b0c0d,
        "corrected-persistent-error-count": 0x0e0f1011, "component-id": COMPONENT,
        "is-comp-id-pldm": True, "sub-type": 2},
}
# Of those, what QEMU requires, and 8.1 to 10.2 knew.
REQUIRED = {
    "general-media": ("path", "log", "flags", "dpa", "descriptor", "type", "transaction-type"),
    "dram": ("path", "log", "flags", "dpa", "descriptor", "type", "transaction-type"),
    "memory-module": ("path", "log", "flags", "type", "health-status", "media-status",
                      "additional-status", "life-used", "temperature", "dirty-shutdown-count",
                      "corrected-volatile-error-count", "corrected-persistent-error-count"),
}


def header_parts(revision):
    flags = 0x2e | sum(bit for bit, first in ((0x40, "3.1"), (0x180, "3.2"))
                       if since(revision, first))
    parts = [(0x11, le(flags, 3))]
    if since(revision, "3.0"):
        parts += [(0x20, b"\2")]
    if since(revision, "3.1"):
        parts += [(0x21, b"\3")]
    if since(revision, "3.2"):
        parts += [(0x22, b"\x34\x12\x05")]
    return parts


def body_parts(kind, revision):
    new = since(revision, "3.1")
    address = [(0x30, le(0x123456789ac3, 8)), (0x38, b"\3\1\2")]
    component = COMPONENT.encode()
    if kind == "general-media":
        return address + [(0x3b, le(0x1f if new else 0x0f, 2)), (0x3d, b"\7\x08"),
                          (0x3f, b"\xef\xcd\xab"), (0x42, component)] + \
            ([(0x52, b"\3"), (0x53, b"\x21\x43\x65"), (0x56, b"\4")] if new else [])
    if kind == "dram":
        return address + [(0x3b, le(0x7ff if new else 0xff, 2)), (0x3d, b"\7\x08"),
                          (0x3f, b"\xba\xdc\xfe"), (0x42, b"\x09\x0a"), (0x44, b"\x33\x22\x11"),
                          (0x47, b"\x55\x44"), (0x49, struct.pack("<4Q", 1, 2, 3, U64))] + \
            ([(0x69, component), (0x79, b"\x0b"), (0x7a, b"\3"), (0x7b, b"\x21\x43\x65"),
              (0x7e, b"\4")] if new else [])
    return [(0x30, struct.pack("<BBBBBhIII", 3, 1, 2, 3, 4, -5, 0x06070809, 0x0a0b0c0d,
                               0x0e0f1011))] + \
        ([(0x43, b"\3\0"), (0x45, component), (0x55, b"\2")] if new else [])


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("kind", QEMU)
def test_qemu_injector_with_everything(devices, kind, revision):
    got = added(devices[revision], f"cxl-inject-{kind}-event", **QEMU[kind])
    same(got["data"], record(UUIDS[kind], 2,
                             parts=header_parts(revision) + body_parts(kind, revision)))


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("kind", QEMU)
@pytest.mark.parametrize("sub_type", [{}, {"sub-type": 0}], ids=["8.1 to 10.2", "11"])
def test_qemu_injector_with_what_is_required(devices, kind, revision, sub_type):
    required = {name: QEMU[kind][name] for name in REQUIRED[kind]}
    got = added(devices[revision], f"cxl-inject-{kind}-event", **required, **sub_type)
    body = body_parts(kind, revision)[:2 if kind != "memory-module" else 1]
    same(got["data"], record(UUIDS[kind], 2, parts=[(0x11, le(0x2e, 3))] + body))


def test_every_argument_of_qemus_is_in_these_tests(checked):
    for kind, args in QEMU.items():
        arguments = checked.types[f"cxl-inject-{kind}-event-arg"]["members"]
        assert {m["name"] for m in arguments} == set(args)
        assert {m["name"] for m in arguments if "default" not in m} == set(REQUIRED[kind])


@pytest.mark.parametrize("log", LOGS)
def test_severity_is_the_logs_and_flags_are_the_rest(devices, log):
    #
    for severity in range(4):
        got = added(devices["3.2"], "cxl-inject-dram-event",
                    **{**MEDIA, "log": log, "flags": 0xfffe34 | severity, "ld-id": 0})
        assert got["severity"] == log
        assert got["data"][0x11:0x14] == le(0xfffff4 | LOGS.index(log), 3)


# Optional arguments of QEMU's, alone: their bit in the record's flags, or in its validity flags.
ALONE = [(kind, *row) for kind in QEMU for row in (
    ("maint-op-class", "3.0", 0), ("maint-op-subclass", "3.1", 0x40), ("ld-id", "3.2", 0x80),
    ("head-id", "3.2", 0x100))]
VALID = {
    "general-media": (0x3b, [
        ("channel", "2.0", 1), ("rank", "2.0", 2), ("device", "2.0", 4), ("component-id", "2.0", 8),
        ("is-comp-id-pldm", "3.1", 0), ("cme-ev-flags", "3.1", 0), ("cme-count", "3.1", 0),
        ("sub-type", "3.1", 0)]),
    "dram": (0x3b, [
        ("channel", "2.0", 1), ("rank", "2.0", 2), ("nibble-mask", "2.0", 4),
        ("bank-group", "2.0", 8), ("bank", "2.0", 0x10), ("row", "2.0", 0x20),
        ("column", "2.0", 0x40), ("correction-mask", "2.0", 0x80), ("component-id", "3.1", 0x100),
        ("is-comp-id-pldm", "3.1", 0), ("sub-channel", "3.1", 0x400), ("cme-ev-flags", "3.1", 0),
        ("cvme-count", "3.1", 0), ("sub-type", "3.1", 0)]),
    "memory-module": (0x43, [
        ("component-id", "3.1", 1), ("is-comp-id-pldm", "3.1", 0), ("sub-type", "3.1", 0)]),
}


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("kind, name, first, bit", ALONE)
def test_header_argument_alone(devices, kind, name, first, bit, revision):
    required = {n: QEMU[kind][n] for n in REQUIRED[kind]}
    got = added(devices[revision], f"cxl-inject-{kind}-event",
                **{**required, "flags": 0, name: QEMU[kind][name]})
    assert int.from_bytes(got["data"][0x11:0x14], "little") & ~3 == \
        (bit if since(revision, first) else 0)
    assert got[name] == (QEMU[kind][name] if since(revision, first) else 0)


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("kind, name, first, bit",
                         [(kind, *row) for kind, (_, rows) in VALID.items() for row in rows])
def test_body_argument_alone(devices, kind, name, first, bit, revision):
    required = {n: QEMU[kind][n] for n in REQUIRED[kind]}
    offset = VALID[kind][0]
    got = added(devices[revision], f"cxl-inject-{kind}-event",
                **{**required, name: QEMU[kind][name]})
    assert int.from_bytes(got["data"][offset:offset + 2], "little") == \
        (bit if since(revision, first) else 0)
    plain = added(devices[revision], f"cxl-inject-{kind}-event", **required)
    changes = since(revision, first) and name != "is-comp-id-pldm"
    assert (plain["data"] != got["data"]) == changes


def test_format_needs_a_component_that_is_given(devices):
    for given, bits in (({"is-comp-id-pldm": False, "component-id": "x"}, 8),
                        ({"is-comp-id-pldm": True, "component-id": "x"}, 0x18),
                        ({"is-comp-id-pldm": True, "component-id": ""}, 0x18),
                        ({"is-comp-id-pldm": True}, 0)):
        got = added(devices["3.2"], "cxl-inject-general-media-event",
                    **{**MEDIA, **given})
        assert got["data"][0x3b] == bits


@pytest.mark.parametrize("text", ["", "x", "0123456789abcdef", "0123456789abcdefg", "\u00e4" * 9])
def test_component_id_is_cut_or_padded_to_16_bytes(devices, text):
    got = added(devices["3.2"], "cxl-inject-dram-event",
                **{**MEDIA, "component-id": text})
    expected = text.encode()[:16].ljust(16, b"\0")
    assert got["data"][0x69:0x79] == expected
    assert got["component-id"] == expected.hex() and "component-id" in got["validity"]


@pytest.mark.parametrize("words", [[], [5], [1, 2, 3, 4], [1, 2, 3, 4, 5, 6], [U64] * 4])
def test_correction_mask_takes_four(devices, words):
    got = added(devices["3.0"], "cxl-inject-dram-event",
                **{**MEDIA, "correction-mask": words})
    assert got["correction-mask"] == (words + [0] * 4)[:4]
    assert got["data"][0x49:0x69] == struct.pack("<4Q", *got["correction-mask"])
    assert got["validity"] == ["correction-mask"]


def test_informational_event_cannot_require_maintenance(devices):
    qmp = devices["3.2"]
    for kind, args in QEMU.items():
        before = records(qmp, "informational")
        assert desc(qmp, f"cxl-inject-{kind}-event", **{
            **args, "log": "informational", "flags": 8}) == \
            "Informational event cannot require maintenance"
        assert desc(qmp, f"cxl-inject-{kind}-event", **{**args, "path": "mem1"}) == \
            "Unable to resolve path"
        # The path comes first.
        assert desc(qmp, f"cxl-inject-{kind}-event", **{
            **args, "path": "", "log": "informational", "flags": 8}) == "Unable to resolve path"
        assert records(qmp, "informational") == before
        added(qmp, f"cxl-inject-{kind}-event",
              **{**args, "log": "informational", "flags": 0x37})


WIDTHS = [
    *((kind, name, 8) for kind, names in {
        "general-media": "descriptor type transaction-type channel rank cme-ev-flags sub-type "
                         "maint-op-class maint-op-subclass head-id",
        "dram": "descriptor type transaction-type channel rank bank-group bank sub-channel "
                "cme-ev-flags sub-type maint-op-class maint-op-subclass head-id",
        "memory-module": "type health-status media-status additional-status life-used sub-type "
                         "maint-op-class maint-op-subclass head-id",
    }.items() for name in names.split()),
    ("general-media", "ld-id", 16), ("dram", "ld-id", 16), ("memory-module", "ld-id", 16),
    ("dram", "column", 16), ("general-media", "device", 24), ("general-media", "cme-count", 24),
    ("dram", "nibble-mask", 24), ("dram", "row", 24), ("dram", "cvme-count", 24),
    ("general-media", "flags", 24), ("dram", "flags", 24), ("memory-module", "flags", 24),
    ("memory-module", "dirty-shutdown-count", 32),
    ("memory-module", "corrected-volatile-error-count", 32),
    ("memory-module", "corrected-persistent-error-count", 32),
    ("general-media", "dpa", 64), ("dram", "dpa", 64),
]


@pytest.mark.parametrize("kind, name, bits", WIDTHS)
def test_numbers_fill_their_field_and_no_more(devices, kind, name, bits):
    command, qmp = f"cxl-inject-{kind}-event", devices["3.2"]
    added(qmp, command, **{**QEMU[kind], name: (1 << bits) - 1})
    if bits == 24:
        assert desc(qmp, command, **{**QEMU[kind], name: 1 << 24}) == \
            f"Parameter '{name}' expects a number from 0 to 16777215"
        assert desc(qmp, command, **{**QEMU[kind], name: 1 << 32}) == \
            f"Parameter '{name}' expects uint32_t"
    elif bits < 64:
        assert desc(qmp, command, **{**QEMU[kind], name: 1 << bits}) == \
            f"Parameter '{name}' expects uint{bits}_t"


def test_temperature_is_signed(devices):
    for value in (-32768, -1, 0, 32767):
        got = added(devices["3.0"], "cxl-inject-memory-module-event",
                    **{**QEMU["memory-module"], "temperature": value})
        assert got["temperature"] == value
        assert got["data"][0x35:0x37] == struct.pack("<h", value)
    for value in (-32769, 32768, -(1 << 63), (1 << 63), U64):
        assert desc(devices["3.0"], "cxl-inject-memory-module-event",
                    **{**QEMU["memory-module"], "temperature": value}) == \
            "Parameter 'temperature' expects int16_t"


# ---- swcxl-inject-event --------------------------------------------------------------------------

HEADER_FIELDS = [  # name, value, offset, bytes, since, bit of the flags
    ("related-handle", 0x4321, 0x16, b"\x21\x43", "2.0", 0),
    ("maint-op-class", 2, 0x20, b"\2", "3.0", 0),
    ("maint-op-subclass", 3, 0x21, b"\3", "3.1", 0x40),
    ("ld-id", 0x1234, 0x22, b"\x34\x12", "3.2", 0x80),
    ("head-id", 5, 0x24, b"\5", "3.2", 0x100),
]
PLACE = [  # what DRAM and Memory Sparing have in common: name, value, bytes
    ("channel", 7, b"\7"), ("rank", 8, b"\x08"), ("nibble-mask", 0xfedcba, b"\xba\xdc\xfe"),
    ("bank-group", 9, b"\x09"), ("bank", 10, b"\x0a"), ("row", 0x112233, b"\x33\x22\x11"),
    ("column", 0x4455, b"\x55\x44")]
ID = bytes(range(0xa0, 0xb0))
ADDRESS = [
    ("dpa", 0x123456789ac0, 0x30, le(0x123456789ac0, 6), "2.0", 0),
    ("volatile", True, 0x30, b"\1", "2.0", 0),
    ("not-repairable", True, 0x30, b"\2", "2.0", 0),
    ("descriptor", ["uncorrectable-event", "poison-list-overflow-event"], 0x38, b"\5", "2.0", 0),
    ("transaction-type", "internal-error-check-scrub", 0x3a, b"\7", "2.0", 0),
]
FIELDS = {  # validity offset; name, value, offset, bytes, since, bit of the validity flags
    "general-media": (0x3b, ADDRESS + [
        ("memory-event-type", "ckid-violation", 0x39, b"\6", "2.0", 0),
        ("channel", 7, 0x3d, b"\7", "2.0", 1), ("rank", 8, 0x3e, b"\x08", "2.0", 2),
        ("device", 0xabcdef, 0x3f, b"\xef\xcd\xab", "2.0", 4),
        ("component-id", ID.hex(), 0x42, ID, "2.0", 8),
        ("is-comp-id-pldm", True, 0x3b, b"", "3.1", 0x10),
        ("cme-ev-flags", 3, 0x52, b"\3", "3.1", 0),
        ("cme-count", 0x654321, 0x53, b"\x21\x43\x65", "3.1", 0),
        ("sub-type", "media-link-crc-error", 0x56, b"\5", "3.1", 0)]),
    "dram": (0x3b, ADDRESS + [
        ("memory-event-type", "scrub-media-ecc-error", 0x39, b"\1", "2.0", 0),
        *((name, value, offset, data, "2.0", 1 << bit) for bit, ((name, value, data), offset) in
          enumerate(zip(PLACE, (0x3d, 0x3e, 0x3f, 0x42, 0x43, 0x44, 0x47)))),
        ("correction-mask", [1, 2, 3, U64], 0x49, struct.pack("<4Q", 1, 2, 3, U64), "2.0", 0x80),
        ("component-id", ID.hex(), 0x69, ID, "3.1", 0x100),
        ("is-comp-id-pldm", True, 0x3b, b"", "3.1", 0x200),
        ("sub-channel", 11, 0x79, b"\x0b", "3.1", 0x400),
        ("cme-ev-flags", 3, 0x7a, b"\3", "3.1", 0),
        ("cvme-count", 0x654321, 0x7b, b"\x21\x43\x65", "3.1", 0),
        ("sub-type", "internal-datapath-error", 0x7e, b"\1", "3.1", 0)]),
    "memory-module": (0x43, [
        ("device-event-type", "power-management-fault", 0x30, b"\x08", "2.0", 0),
        ("health-status", 1, 0x31, b"\1", "2.0", 0), ("media-status", 2, 0x32, b"\2", "2.0", 0),
        ("additional-status", 3, 0x33, b"\3", "2.0", 0), ("life-used", 4, 0x34, b"\4", "2.0", 0),
        ("temperature", -300, 0x35, struct.pack("<h", -300), "2.0", 0),
        ("dirty-shutdown-count", 0x06070809, 0x37, b"\x09\x08\x07\x06", "2.0", 0),
        ("corrected-volatile-error-count", 0x0a0b0c0d, 0x3b, b"\x0d\x0c\x0b\x0a", "2.0", 0),
        ("corrected-persistent-error-count", 0xfefdfcfb, 0x3f, b"\xfb\xfc\xfd\xfe", "2.0", 0),
        ("component-id", ID.hex(), 0x45, ID, "3.1", 1),
        ("is-comp-id-pldm", True, 0x43, b"", "3.1", 2),
        ("sub-type", "unsupported-fru", 0x55, b"\3", "3.1", 0)]),
    "memory-sparing": (0x34, [
        ("sparing-class", 2, 0x30, b"\2", "3.1", 0), ("sparing-subclass", 1, 0x31, b"\1", "3.1", 0),
        ("sparing-flags", ["query-resources", "device-initiated"], 0x32, b"\5", "3.1", 0),
        ("result", "general-failure", 0x33, b"\xff", "3.1", 0),
        ("resources-available", 3, 0x3c, b"\3\0", "3.1", 0),
        *((name, value, offset, data, "3.1", 1 << bit) for bit, ((name, value, data), offset) in
          enumerate(zip(PLACE, (0x3e, 0x3f, 0x40, 0x43, 0x44, 0x45, 0x48)))),
        ("component-id", ID.hex(), 0x4a, ID, "3.1", 0x80),
        ("is-comp-id-pldm", True, 0x34, b"", "3.1", 0x100),
        ("sub-channel", 11, 0x5a, b"\x0b", "3.1", 0x200)]),
    "dynamic-capacity": (0x31, [
        ("dc-event-type", "capacity-released", 0x30, b"\5", "3.0", 0),
        ("host-id", 0x1234, 0x32, b"\x34\x12", "3.0", 0), ("region", 7, 0x34, b"\7", "3.0", 0),
        ("dc-event-flags", ["more"], 0x35, b"\1", "3.1", 0),
        ("start", 0x123456789abcdef0, 0x38, le(0x123456789abcdef0, 8), "3.0", 0),
        ("extent-length", U64, 0x40, le(U64, 8), "3.0", 0), ("tag", ID.hex(), 0x48, ID, "3.0", 0),
        ("shared-sequence", 0x5678, 0x58, b"\x78\x56", "3.0", 0),
        ("available-extents", 0x12345678, 0x78, le(0x12345678, 4), "3.1", 1),
        ("available-tags", 0x9abcdef0, 0x7c, le(0x9abcdef0, 4), "3.1", 1)]),
}
FIRST = {"memory-sparing": "3.1", "dynamic-capacity": "3.0"}
FORMS = [(kind, revision) for kind in FIELDS for revision in REVISIONS
         if since(revision, FIRST.get(kind, "2.0"))]


def expected_record(kind, revision, fields, severity=3):
    """What those names of FIELDS and HEADER_FIELDS make of a record."""
    data = bytearray(record(UUIDS[kind], severity))
    for rows, flags in ((HEADER_FIELDS, 0x11), (FIELDS[kind][1], FIELDS[kind][0])):
        for name, _, offset, value, first, bit in rows:
            if name in fields and since(revision, first):
                for i, byte in enumerate(value):
                    data[offset + i] |= byte
                data[flags] |= bit & 0xff
                data[flags + 1] |= bit >> 8
    return bytes(data)


@pytest.mark.parametrize("kind, revision", FORMS)
def test_injector_with_every_field(devices, kind, revision):
    fields = {row[0]: row[1] for row in HEADER_FIELDS + FIELDS[kind][1]}
    got = added(devices[revision], "swcxl-inject-event", log="fatal", type=kind, fields=fields)
    same(got["data"], expected_record(kind, revision, fields))
    for name, value, _, _, first, _ in HEADER_FIELDS + FIELDS[kind][1]:
        if since(revision, first):
            assert got[name] == value, name


@pytest.mark.parametrize("kind, revision", FORMS)
def test_injector_with_each_field_alone(devices, kind, revision):
    for name, value, *_ in HEADER_FIELDS + FIELDS[kind][1]:
        got = added(devices[revision], "swcxl-inject-event", log="fatal", type=kind,
                    fields={name: value})
        wanted = bytearray(expected_record(kind, revision, {name}))
        if kind == "memory-sparing" and name.startswith("maint-op-"):
            wanted[0x31 if name.endswith("subclass") else 0x30] = value  # both places
        same(got["data"], bytes(wanted))


def test_fields_of_these_tests_are_those_of_the_schema(checked):
    variants = checked.types["event-record"]["variants"]
    assert {v["case"] for v in variants} == {*FIELDS, "vendor"}
    for kind, (_, rows) in FIELDS.items():
        members = {m["name"] for m in checked.types[f"record-{kind}"]["members"]}
        assert members - {"validity"} == {row[0] for row in rows}


@pytest.mark.parametrize("kind, revision", FORMS)
def test_injector_without_fields(devices, kind, revision):
    for args in ({}, {"fields": {}}):
        got = added(devices[revision], "swcxl-inject-event", log="warning", type=kind, **args)
        same(got["data"], record(UUIDS[kind], 1))


@pytest.mark.parametrize("kind, revision", FORMS)
def test_what_was_queried_can_be_injected_again(devices, kind, revision):
    """Whole records as they were read, with random bytes in all that has a name."""
    rng, qmp = random.Random(f"{kind} {revision}"), devices[revision]
    for _ in range(50):
        fields = {row[0] for row in HEADER_FIELDS + FIELDS[kind][1] if rng.random() < 0.5}
        first = added(qmp, "swcxl-inject-event", log="warning", type=kind, fields={
            row[0]: row[1] for row in HEADER_FIELDS + FIELDS[kind][1] if row[0] in fields})
        read = {**first, "data": first["data"].hex()}
        second = added(qmp, "swcxl-inject-event", log="warning", type=kind, fields=read)
        same(second["data"], first["data"])
        assert {**second, "handle": 0} == {**first, "handle": 0}


def test_round_trip_of_every_number(devices):
    """Every code that has a name, every bit, and the ends of every width."""
    qmp, rng = devices["3.2"], random.Random(1)
    for kind in FIELDS:
        for _ in range(100):
            body = rng.randbytes(80)
            read = added(qmp, "swcxl-inject-event", log="warning", type=UUIDS[kind],
                         data=body.hex())
            assert read["type"] == kind
            named = {k: v for k, v in read.items() if v != "reserved" and k != "data"}
            again = added(qmp, "swcxl-inject-event", log="warning", type=kind, fields=named)
            assert {k: v for k, v in again.items() if k in named and k != "handle"} == \
                {k: v for k, v in named.items() if k != "handle"}


def random_value(rng, kind, name, sample, size, checked):
    """A value for a field, by its sample in FIELDS, and its bytes in the record; size: of those."""
    member = {m["name"]: m["type"] for m in checked.types[kind]["members"]}[name]
    if name == "dpa":
        value = rng.randrange(1 << 58) << 6
        return value, le(value, 8)
    if name in ("component-id", "tag"):
        data = rng.randbytes(16)
        return data.hex(), data
    if isinstance(sample, bool):
        return rng.random() < 0.5, None
    if isinstance(sample, str):
        names = [n for n in checked.types[member]["values"] if n != "reserved"]
        value = rng.choice(names)
        code = 255 if value == "general-failure" else names.index(value)
        return value, bytes([code])
    if sample and isinstance(sample, list) and isinstance(sample[0], str):
        names = checked.types[checked.types[member]["element-type"]]["values"]
        value = [n for n in names if rng.random() < 0.5]
        return value, le(sum(1 << names.index(n) for n in value), size)
    if isinstance(sample, list):
        value = [rng.randrange(1 << 64) for _ in sample]
        return value, struct.pack("<4Q", *value)
    if name == "temperature":
        value = rng.randrange(-32768, 32768)
        return value, struct.pack("<h", value)
    value = rng.choice([0, 1, rng.randrange(1 << 8 * size), (1 << 8 * size) - 1])
    return value, le(value, size)


@pytest.mark.parametrize("kind, revision", FORMS)
def test_random_records_round_trip(devices, kind, revision, checked):
    """Any of the fields, any values: they read back under the names under which they were given,
    what was not given is 0, and every byte is where it belongs."""
    rng, qmp = random.Random(f"random {kind} {revision}"), devices[revision]
    flag = {"volatile": 1, "not-repairable": 2}
    zero = added(qmp, "swcxl-inject-event", log="fatal", type=kind)
    for _ in range(120):
        share, given, wanted = rng.choice([0.1, 0.5, 0.9]), {}, bytearray(record(UUIDS[kind], 3))
        expected = dict(zero)
        for rows, object_, valid in ((HEADER_FIELDS, "event-record", 0x11),
                                     (FIELDS[kind][1], f"record-{kind}", FIELDS[kind][0])):
            for name, sample, offset, data, first, bit in rows:
                if rng.random() > share:
                    continue
                value, data = random_value(rng, object_, name, sample, len(data), checked)
                given[name] = value
                if not since(revision, first):
                    continue
                expected[name] = value
                if name in flag:
                    wanted[offset] |= flag[name] * value
                elif data is not None:
                    for i, byte in enumerate(data):
                        wanted[offset + i] |= byte
                if value is not False or not isinstance(sample, bool):
                    wanted[valid] |= bit & 0xff
                    wanted[valid + 1] |= bit >> 8
        if kind == "memory-sparing":
            for name, at in (("sparing-class", 0x30), ("sparing-subclass", 0x31)):
                if name not in given:  # the header's, in both places
                    wanted[at] = wanted[at - 0x10]
                    expected[name] = wanted[at]
        got = added(qmp, "swcxl-inject-event", log="fatal", type=kind, fields=given)
        same(got["data"], bytes(wanted))
        vague = {"data", "handle", "flags", "validity"}
        assert {k: v for k, v in got.items() if k not in vague} == \
            {k: v for k, v in expected.items() if k not in vague}
        valid, at = got["validity"], FIELDS[kind][0]
        assert len(set(valid)) == len(valid) == \
            sum(bin(byte).count("1") for byte in wanted[at:at + (1 if at == 0x31 else 2)])
        assert set(valid) - {"component-id-format", "available"} <= set(given)


def test_flags_and_validity_that_are_given_are_exact(devices):
    qmp = devices["3.2"]
    fields = {"channel": 7, "rank": 8, "ld-id": 9, "head-id": 10}
    got = added(qmp, "swcxl-inject-event", log="failure", type="dram",
                fields={**fields, "validity": ["rank", "sub-channel"],
                        "flags": ["permanent-condition", "head-id-valid"]})
    assert got["validity"] == ["rank", "sub-channel"]
    assert got["flags"] == ["permanent-condition", "head-id-valid"]
    assert (got["channel"], got["ld-id"]) == (7, 9)
    got = added(qmp, "swcxl-inject-event", log="failure", type="dram",
                fields={**fields, "validity": [], "flags": []})
    assert got["validity"] == [] and got["flags"] == []
    got = added(qmp, "swcxl-inject-event", log="failure", type="dram",
                fields={**fields, "validity": 0xf801, "flags": 0xfffe07})
    assert got["data"][0x3b:0x3d] == b"\1\xf8"
    assert got["data"][0x11:0x14] == le(0xfffe06, 3) and got["severity"] == "failure"
    # Bits that the revision does not know are not valid, however they are given.
    got = added(devices["3.0"], "swcxl-inject-event", log="failure", type="dram",
                fields={**fields, "validity": 0x7ff, "flags": 0x1fc})
    assert got["data"][0x3b:0x3d] == b"\xff\0" and got["data"][0x11:0x14] == b"\x3e\0\0"


def test_codes_without_a_name_are_numbers(devices):
    got = added(devices["3.2"], "swcxl-inject-event", log="failure", type="general-media",
                fields={"memory-event-type": 0xfe, "transaction-type": 255, "sub-type": 2,
                        "descriptor": 0xf8})
    assert got["data"][0x38:0x3b] == b"\xf8\xfe\xff"
    assert got["memory-event-type"] == got["transaction-type"] == "reserved"
    assert got["sub-type"] == "media-link-command-training-error" and got["descriptor"] == []


def test_sparing_class_may_differ_from_the_headers(devices):
    got = added(devices["3.2"], "swcxl-inject-event", log="warning", type="memory-sparing",
                fields={"maint-op-class": 2, "maint-op-subclass": 3, "sparing-class": 0})
    assert (got["maint-op-class"], got["maint-op-subclass"]) == (2, 3)
    assert (got["sparing-class"], got["sparing-subclass"]) == (0, 3)


@pytest.mark.parametrize("size", [0, 1, 79, 80])
def test_vendor_record(devices, size):
    data = bytes(range(1, size + 1))
    for text in (VENDOR, VENDOR.upper()):
        got = added(devices["3.2"], "swcxl-inject-event", log="fatal", type=text, data=data.hex(),
                    fields={"flags": ["permanent-condition"], "ld-id": 5, "related-handle": 6})
        same(got["data"], record(VENDOR, 7, parts=[(0x16, b"\6"), (0x22, b"\5"), (0x30, data)]))
        assert got["type"] == "vendor" and got["uuid"] == VENDOR and "channel" not in got


EVENT = {"log": "warning", "type": "dram"}


@pytest.mark.parametrize("args, text", [
    ({"type": "sparing"}, "Parameter 'type' does not accept value 'sparing'"),
    ({"type": ""}, "Parameter 'type' does not accept value ''"),
    ({"type": "header"}, "Parameter 'type' does not accept value 'header'"),
    ({"type": "vendor"}, "Parameter 'type' does not accept value 'vendor'"),
    ({"type": VENDOR + "0"}, f"Parameter 'type' does not accept value '{VENDOR}0'"),
    ({"type": VENDOR[:-1]}, f"Parameter 'type' does not accept value '{VENDOR[:-1]}'"),
    ({"type": VENDOR.replace("-", "0")},
     f"Parameter 'type' does not accept value '{VENDOR.replace('-', '0')}'"),
    ({"type": VENDOR[:-2] + " 1"}, f"Parameter 'type' does not accept value '{VENDOR[:-2]} 1'"),
    ({"type": "0x" + VENDOR[2:]}, f"Parameter 'type' does not accept value '0x{VENDOR[2:]}'"),
    ({"data": ""}, "Parameter 'data' needs a UUID as 'type'"),
    ({"type": VENDOR, "data": "00" * 81}, "Parameter 'data' expects from 0 to 80 bytes"),
    ({"type": VENDOR, "data": "0"},
     "Parameter 'data' expects an even number of hexadecimal digits"),
    ({"type": VENDOR, "fields": {"channel": 1}}, "Parameter 'fields.channel' is unexpected"),
    ({"count": 0}, "Parameter 'count' expects a number from 1 to 65535"),
    ({"count": 65536}, "Parameter 'count' expects a number from 1 to 65535"),
    ({"count": -1}, "Parameter 'count' expects a number from 1 to 65535"),
    ({"log": "dynamic"}, "Parameter 'log' does not accept value 'dynamic'"),
    ({"type": "dynamic-capacity", "fields": {"length": 1, "dpa": 0}},
     "Parameter 'fields.dpa' is unexpected"),
    ({"type": "dynamic-capacity", "fields": {"dc-event-type": "reserved"}},
     "Parameter 'fields.dc-event-type' does not accept value 'reserved'"),
    ({"type": "dynamic-capacity", "fields": {"dc-event-flags": ["less"]}},
     "Parameter 'fields.dc-event-flags[0]' does not accept value 'less'"),
    ({"type": "dynamic-capacity", "fields": {"tag": "00" * 17}},
     "Parameter 'fields.tag' expects from 0 to 16 bytes"),
    ({"type": "dynamic-capacity", "fields": {"available-tags": 1 << 32}},
     "Parameter 'fields.available-tags' expects uint32_t"),
    ({"fields": {"bogus": 1}}, "Parameter 'fields.bogus' is unexpected"),
    ({"fields": {"device": 1}}, "Parameter 'fields.device' is unexpected"),
    ({"fields": {"channel": 256}}, "Parameter 'fields.channel' expects uint8_t"),
    ({"fields": {"channel": "1"}}, "Parameter 'fields.channel' expects uint64"),
    ({"fields": {"channel": None}}, "Parameter 'fields.channel' expects uint64"),
    ({"fields": {"column": 65536}}, "Parameter 'fields.column' expects uint16_t"),
    ({"fields": {"row": 1 << 24}}, "Parameter 'fields.row' expects a number from 0 to 16777215"),
    ({"fields": {"row": 1 << 32}}, "Parameter 'fields.row' expects uint32_t"),
    ({"fields": {"dpa": 65}}, "Parameter 'fields.dpa' expects a multiple of 64"),
    ({"fields": {"volatile": 1}}, "Invalid parameter type for 'fields.volatile', expected: boolean"),
    ({"fields": {"memory-event-type": "bogus"}},
     "Parameter 'fields.memory-event-type' does not accept value 'bogus'"),
    ({"fields": {"memory-event-type": "reserved"}},
     "Parameter 'fields.memory-event-type' does not accept value 'reserved'"),
    ({"fields": {"memory-event-type": 256}},
     "Parameter 'fields.memory-event-type' expects uint8_t"),
    ({"fields": {"validity": ["device"]}},
     "Parameter 'fields.validity[0]' does not accept value 'device'"),
    ({"fields": {"validity": ["rank", 1]}},
     "Invalid parameter type for 'fields.validity[1]', expected: string"),
    ({"fields": {"validity": 65536}}, "Parameter 'fields.validity' expects uint16_t"),
    ({"fields": {"flags": 1 << 24}},
     "Parameter 'fields.flags' expects a number from 0 to 16777215"),
    ({"fields": {"component-id": "0"}},
     "Parameter 'fields.component-id' expects an even number of hexadecimal digits"),
    ({"fields": {"component-id": "00" * 17}},
     "Parameter 'fields.component-id' expects from 0 to 16 bytes"),
    ({"fields": {"component-id": "xy"}},
     "Parameter 'fields.component-id' expects hexadecimal digits"),
    ({"fields": {"correction-mask": [0] * 5}},
     "Parameter 'fields.correction-mask' expects at most 4 numbers"),
    ({"fields": {"correction-mask": [0, "1"]}},
     "Parameter 'fields.correction-mask[1]' expects uint64"),
    ({"fields": {"correction-mask": 1}},
     "Invalid parameter type for 'fields.correction-mask', expected: array"),
    ({"type": "memory-module", "fields": {"temperature": 32768}},
     "Parameter 'fields.temperature' expects int16_t"),
    ({"type": "memory-module", "fields": {"temperature": "1"}},
     "Invalid parameter type for 'fields.temperature', expected: integer"),
], ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else "")
def test_bad_arguments_change_nothing(devices, args, text):
    qmp = devices["3.2"]
    before = [records(qmp, log) for log in LOGS]
    assert desc(qmp, "swcxl-inject-event", **{**EVENT, **args}) == text
    assert [records(qmp, log) for log in LOGS] == before


@pytest.mark.parametrize("kind, revision", [("memory-sparing", "2.0"), ("memory-sparing", "3.0"),
                                            ("dynamic-capacity", "2.0")])
def test_older_devices_do_not_know_newer_types(devices, kind, revision):
    assert desc(devices[revision], "swcxl-inject-event", log="warning", type=kind) == \
        f"CXL {revision} does not know records of type '{kind}'"


# ---- the log of dynamic capacity -----------------------------------------------------------------

@pytest.mark.parametrize("revision", REVISIONS[1:])
@pytest.mark.parametrize("kind", [*FIELDS, VENDOR])
def test_log_of_dynamic_capacity_takes_every_type_and_is_informational(devices, kind, revision):
    """Whether or not the device has any."""
    qmp = devices[revision]
    if not since(revision, FIRST.get(kind, "2.0")):
        return
    qmp.events.clear()
    qmp.cmd("swcxl-inject-event", log="dynamic-capacity", type=kind, fields={"flags": 7}, count=2)
    event, = qmp.events
    got = qmp.cmd("swcxl-query-events", log="dynamic-capacity")
    uuid_ = UUIDS.get(kind, VENDOR)
    assert event["data"] == {"log": "dynamic-capacity", "handle": got[0]["handle"], "type": uuid_}
    assert [(r["uuid"], r["severity"], r["flags"], r["handle"]) for r in got] == [
        (uuid_, "informational", ["permanent-condition"], got[0]["handle"] + i) for i in (0, 1)]
    state = qmp.cmd("swcxl-query-device")["logs"]
    assert {log: state[log]["count"] for log in state} == {
        "informational": 0, "warning": 0, "failure": 0, "fatal": 0, "dynamic-capacity": 2}
    # Get Event Records has it as log 4.
    reply = qmp.cmd("swcxl-cci", opcode=0x0100, payload="04")
    assert bytes.fromhex(reply["payload"])[0x20:] == \
        b"".join(bytes.fromhex(r["data"]) for r in got)
    cleared = struct.pack("<BBB3x2H", 4, 0, 2, *(r["handle"] for r in got))
    assert qmp.cmd("swcxl-cci", opcode=0x0101, payload=cleared.hex())["return-code"] == 0
    assert qmp.cmd("swcxl-query-events", log="dynamic-capacity") == []


def test_a_2_0_device_has_no_such_log(devices):
    qmp = devices["2.0"]
    for kind in ("dram", VENDOR, "dynamic-capacity", "bogus"):
        assert desc(qmp, "swcxl-inject-event", log="dynamic-capacity", type=kind) == \
            "CXL 2.0 has no log 'dynamic-capacity'"
    assert qmp.cmd("swcxl-query-events", log="dynamic-capacity") == []
    assert qmp.cmd("swcxl-cci", opcode=0x0100, payload="04")["return-code"] == 2


def test_qemus_injectors_do_not_know_that_log(devices):
    for kind, args in QEMU.items():
        assert desc(devices["3.2"], f"cxl-inject-{kind}-event",
                    **{**args, "log": "dynamic-capacity"}) == \
            "Parameter 'log' does not accept value 'dynamic-capacity'"


# ---- logs ----------------------------------------------------------------------------------------

def test_storm_overflows_its_log(checked):
    with Daemon("--volatile", "256M", "--clock", "virtual", "--event-log-max", "100",
                vfio=False) as device, device.qmp() as qmp:
        qmp.cmd("swcxl-cci", opcode=0x0301, payload=le(1000, 8).hex())
        qmp.cmd("swcxl-clock-step", nanoseconds=7)
        qmp.cmd("swcxl-inject-event", log="warning", type="dram", fields={"rank": 1}, count=100)
        log = qmp.cmd("swcxl-query-device")["logs"]["warning"]
        assert (log["count"], log["overflow"], log["lost"]) == (100, False, 0)
        qmp.cmd("swcxl-inject-event", log="warning", type="dram", fields={"rank": 2}, count=3)
        qmp.cmd("swcxl-clock-step", nanoseconds=5)
        qmp.cmd("swcxl-inject-event", log="warning", type="dram", fields={"rank": 2})
        assert qmp.cmd("swcxl-query-device")["logs"]["warning"] == {
            "count": 100, "max": 100, "overflow": True, "lost": 4, "first-lost": 1007,
            "last-lost": 1012}
        kept = qmp.cmd("swcxl-query-events", log="warning")
        assert [(r["handle"], r["rank"], r["timestamp"]) for r in kept] == \
            [(i, 1, 1007) for i in range(1, 101)]
        qmp.cmd("swcxl-inject-event", log="warning", type="dram", count=65535)
        assert qmp.cmd("swcxl-query-device")["logs"]["warning"]["lost"] == 65535
        # One log went from empty to not empty, once.
        assert [event["event"] for event in qmp.events] == ["SWCXL_EVENT_RECORD"]
        checked.check_event(qmp.events[0])
        assert qmp.events[0]["data"] == {"log": "warning", "handle": 1, "type": DRAM}


def test_interrupt_and_news_once_until_the_log_is_empty_again():
    fds = eventfds(8)
    with Daemon("--volatile", "256M", "--clock", "virtual") as device, device.qmp() as qmp, \
            Client(device.socket) as client:
        box = Mailbox(client)
        client.set_irqs(EVENTFD | TRIGGER, MSIX, 0, 8, [irq.fd for irq in fds])
        box.ok(0x0103, b"\1\1\1\1")
        vectors = [byte >> 4 for byte in box.ok(0x0102)[:4]]
        for log, name in enumerate(LOGS):
            for round_ in range(2):
                qmp.cmd("swcxl-inject-event", log=name, type=VENDOR, data="01", count=3)
                qmp.cmd("cxl-inject-memory-module-event",
                        **{**QEMU["memory-module"], "log": name, "flags": 0})
                client.config(0)
                assert [irq.fired() for irq in fds] == \
                    [int(i == vectors[log]) for i in range(8)]
                event, = qmp.events
                assert event["data"] == {"log": name, "handle": 4 * round_ + 1, "type": VENDOR}
                qmp.events.clear()
                handles = [r["handle"] for r in qmp.cmd("swcxl-query-events", log=name)]
                assert len(handles) == 4
                box.ok(0x0101, bytes([log, 0, 4, 0, 0, 0]) + struct.pack("<4H", *handles))
    for irq in fds:
        irq.close()


# ---- the device's own records ------------------------------------------------------------------

# The first code that a revision does not know: memory event types, transactions, device event types.
KNOWN = {"2.0": (3, 7, 6), "3.0": (3, 8, 6), "3.1": (7, 9, 9), "3.2": (7, 9, 9)}
PATROL = uuid.UUID("96dad7d6-fde8-482b-a733-75774e06db8a").bytes
SOFT_PPR = uuid.UUID("892ba475-fad8-474e-9d3e-692c917568bb").bytes
SECOND = 10 ** 9


def live(qmp):
    """Everything that makes the device report something by itself."""
    def cci(opcode, payload, *codes):
        reply = qmp.cmd("swcxl-cci", opcode=opcode, payload=payload.hex())
        assert reply["return-code"] in codes or not codes, f"{opcode:04x}: {reply}"

    def set_feature(which, version, data):
        cci(0x0502, which + bytes(6) + bytes([version]) + bytes(9) + data)

    def step(seconds):
        qmp.cmd("swcxl-clock-step", nanoseconds=seconds * SECOND)

    cci(0x0301, le(10 ** 18, 8), 0)
    for i, source in enumerate(("external", "internal", "injected", "vendor", "unknown")):
        qmp.cmd("swcxl-plant-poison", start=0x1000 * i, length=64, source=source)
    cci(0x4301, le(0x8000, 8), 0)
    qmp.cmd("swcxl-plant-poison", start=0x9000, length=64, known=False)
    qmp.cmd("swcxl-read-media", start=0x9000, length=64)
    qmp.cmd("swcxl-plant-poison", start=0xa000, length=64, known=False)
    cci(0x4304, struct.pack("<QQB", 0, 0x1000, 0), 1)
    step(1)
    qmp.cmd("swcxl-plant-poison", start=0xb000, length=64, known=False)
    set_feature(PATROL, 1, b"\1\1")
    step(3600)
    for subclass, address in ((0, 0x10000), (1, 0x20000)):
        qmp.cmd("swcxl-plant-poison", start=address, length=64, permanent=True)
        set_feature(SOFT_PPR, 2, b"\0\0\1")
        cci(0x0600, bytes((1, subclass, 0)) + le(address, 8) + bytes(3))
        step(1)
    cci(0x0600, bytes((2, 1, 2)) + bytes(13))
    step(1)
    qmp.cmd("swcxl-reset", type="cold")
    qmp.cmd("swcxl-set-health", **{"temperature": 120, "life-used": 99, "media-status":
                                   "all-data-loss-imminent", "health-status":
                                   ["replace-hardware", "capacity-degraded"]})
    cci(0x4202, bytes((8, 8)) + bytes(10), 0)


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_device_makes_no_record_that_is_newer_than_itself(revision):
    with Daemon("--volatile", "256M", "--clock", "virtual", "--cxl-revision", revision,
                vfio=False) as device, device.qmp() as qmp:
        live(qmp)
        made = [(log, r) for log in LOGS for r in qmp.cmd("swcxl-query-events", log=log)]
    media, transactions, modules = KNOWN[revision]
    kinds = {r["type"] for _, r in made}
    assert kinds == {"general-media", "memory-module"} | (
        {"memory-sparing"} if since(revision, "3.1") else set())
    assert len(made) > 20
    for log, r in made:
        data = bytes.fromhex(r["data"])
        valid, rows = FIELDS[r["type"]]
        fresh = bytearray(128)
        for table, flags in ((HEADER_FIELDS, 0x11), (rows, valid)):
            for name, _, offset, value, first, bit in table:
                if not since(revision, first):
                    fresh[offset:offset + len(value)] = b"\xff" * len(value)
                    fresh[flags] |= bit & 0xff
                    fresh[flags + 1] |= bit >> 8
        assert not any(a & b for a, b in zip(data, fresh)), f"newer than {revision}: {r}"
        assert r["severity"] == log and (log != "informational" or not data[0x11] & 0x3c)
        if r["type"] == "general-media":
            assert data[0x39] < media and data[0x3a] < transactions
        elif r["type"] == "memory-module":
            assert data[0x30] < modules
    transactions = {r["transaction-type"] for _, r in made if r["type"] == "general-media"}
    assert {"unknown", "host-inject-poison", "host-read", "host-scan-media"} <= transactions
    if since(revision, "3.1"):
        assert {"media-patrol-scrub", "media-initialization"} <= transactions


# ---- swcxlctl ------------------------------------------------------------------------------------

def ctl(device, *args):
    program = os.environ.get("SWCXLCTL") or os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "swcxlctl")
    done = subprocess.run([program, "--qmp", device.qmp_path, *args], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode == 0 and done.stderr == ""
    return done.stdout


def test_swcxlctl_shows_records(device, qmp):
    qmp.cmd("cxl-inject-dram-event", **{**MEDIA, "path": "mem0", "component-id": "abc"})
    qmp.cmd("cxl-inject-memory-module-event", **QEMU["memory-module"])
    lines = ctl(device, "events").splitlines()
    revision = qmp.cmd("swcxl-query-device")["cxl-revision"]
    assert lines[1].split(None, 3)[3] == \
        "0x123456789ac0  dram: scrub media ecc error, host write" + (
            f", component id {b'abc'.ljust(16, bytes(1)).hex()}" if since(revision, "3.1") else "") \
        + ", uncorrectable, threshold event"
    assert "memory module: temperature change, health status 1, media status 2, " in lines[2]
    assert "life used 4, temperature -5, dirty shutdown count 101124105, " in lines[2]


@pytest.mark.parametrize("kind", FIELDS)
def test_swcxlctl_decodes_as_the_device_does(kind):
    with Daemon("--volatile", "256M", "--cxl-revision", "3.2", "--clock", "virtual",
                vfio=False) as device, device.qmp() as qmp:
        rows = FIELDS[kind][1]
        qmp.cmd("swcxl-inject-event", log="warning", type=kind,
                fields={row[0]: row[1] for row in rows})
        qmp.cmd("swcxl-inject-event", log="warning", type=kind,
                fields={**{row[0]: row[1] for row in rows}, "validity": []})
        mine = json.loads(ctl(device, "events", "--log", "warning", "--json"))
        theirs = qmp.cmd("swcxl-query-events", log="warning")
        for record_, other in zip(mine["warning"]["records"], theirs):
            assert {k: other[k] for k in record_ if k != "log"} == \
                {k: v for k, v in record_.items() if k != "log"}
        valid, bare = mine["warning"]["records"]
        assert {row[0] for row in rows} - {"is-comp-id-pldm"} <= set(valid)
        # What is not valid is not shown.
        assert set(valid) - set(bare) == {row[0] for row in rows if row[5]} - {"is-comp-id-pldm"}


def test_swcxlctl_shows_what_is_always_valid_even_if_0(device, qmp):
    qmp.cmd("swcxl-inject-event", log="warning", type="memory-module")
    shown, = json.loads(ctl(device, "events", "--log", "warning", "--json"))["warning"]["records"]
    rows = FIELDS["memory-module"][1]
    names = [row[0] for row in rows]
    always = names[:names.index("component-id")]
    assert len(always) == 9 and set(always) <= set(shown)
    assert not set(names[9:]) & set(shown)
    assert shown["device-event-type"] == "health-status-change" and shown["temperature"] == 0
