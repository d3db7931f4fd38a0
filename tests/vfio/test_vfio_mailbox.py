# SPDX-License-Identifier: MIT
"""The device registers (CXL 8.2.9): capabilities, the doorbell protocol, both mailboxes, accesses
of every width, payloads of every size."""

import re
import struct

import pytest
from tables import command_rows
from vfio_user import BAR2, Client, Mailbox, device_capabilities, register_blocks

ROWS = {opcode: rest for opcode, (_, rest) in command_rows().items()
        if not {"NEEDS_PARTITIONABLE", "NEEDS_DC"} & set(re.findall(r"\w+", rest))}
CONTROL_COMMANDS = [opcode for opcode, rest in ROWS.items() if "OFF_MAILBOX" in rest]
# Every other command that there is, and whether the secondary mailbox serves it.
ON_SECONDARY = {opcode: "ON_SECONDARY" in rest for opcode, rest in ROWS.items()
                if opcode not in CONTROL_COMMANDS}
CEL = bytes.fromhex("0da9c0b5bf414b788f7996b1623b3f17")


@pytest.fixture
def box(client):
    return Mailbox(client)


@pytest.fixture
def secondary(client):
    return Mailbox(client, secondary=True)


def block(client):
    return register_blocks(client)[3][1]


# ---- capabilities --------------------------------------------------------------------------------


def test_capabilities_array(client):
    """4.1: ID 0, version 1, type memory device; 4.2: each header once, contiguous."""
    base = block(client)
    array = client.get(BAR2, base, 8)
    assert array & 0xffff == 0 and array >> 16 & 0xff == 1 and array >> 24 & 0xf == 1
    assert array >> 28 & 0xf == 0 and array >> 48 == 0 and client.get(BAR2, base + 8, 8) == 0
    found = device_capabilities(client)
    assert len(found) == array >> 32 & 0xffff == 4
    assert {kind: (length, version) for kind, (_, length, version) in found.items()} == \
           {0x0001: (8, 2), 0x0002: (0x1020, 1), 0x0003: (0x1020, 1), 0x4000: (8, 1)}
    spans = sorted((offset, offset + length) for offset, length, _ in found.values())
    assert all(end <= begin for (_, end), (begin, _) in zip(spans, spans[1:]))
    assert spans[0][0] >= base + 0x10 + 0x10 * 4
    for i in range(4):
        assert client.get(BAR2, base + 0x10 + 0x10 * i + 12, 4) == 0


def test_revision_2_0_has_no_type(start):
    device = start("--cxl-revision", "2.0")
    with Client(device.socket) as client:
        assert client.get(BAR2, block(client), 8) >> 24 & 0xff == 0
        assert device_capabilities(client)[1][2] == 1
        assert Mailbox(client).caps >> 19 & 0xf == 0
        assert len(Mailbox(client).ok(0x4000)) == 0x43
        assert len(Mailbox(client).ok(0x0102)) == 4


def test_memory_device_status(client):
    """4.6: media ready, mailboxes ready, no reset needed."""
    assert client.get(BAR2, device_capabilities(client)[0x4000][0], 8) == 0x14


def test_event_status_is_a_level(client, qmp, box):
    """4.3: a bit for each log that holds something."""
    status = device_capabilities(client)[1][0]
    assert client.get(BAR2, status, 8) == 0
    for bit, source in ((0, "injected"), (1, "external"), (2, "internal")):
        qmp.cmd("swcxl-plant-poison", start=0x100000 + 64 * bit, length=64, source=source)
        assert client.get(BAR2, status, 8) == (1 << bit + 1) - 1
    for log in (1, 0, 2):
        records = box.ok(0x0100, bytes([log]))
        box.ok(0x0101, bytes([log, 0, 1, 0, 0, 0]) + records[0x34:0x36])
    assert client.get(BAR2, status, 8) == 0


def test_mailbox_capabilities(client, box, secondary):
    """4.4: 2^12 bytes, both interrupts, memory device commands; the secondary has no interrupts."""
    assert box.caps & 0x1f == 12 and box.caps & 0x60 == 0x60 and box.caps >> 19 & 0xf == 1
    assert box.caps >> 7 & 0xf < 16 and box.caps >> 23 == 0
    assert secondary.caps & 0x1f == 12 and secondary.caps & 0x7e0 == 0
    assert secondary.caps >> 19 & 0xf == 1


# ---- the doorbell --------------------------------------------------------------------------------


def test_doorbell_protocol(box):
    """Output length and return code are in place when the doorbell reads 0."""
    box.put(box.COMMAND, 0x4100, 8)
    box.put(box.CONTROL, 1)
    assert box.get(box.CONTROL) & 1 == 0
    assert box.get(box.STATUS, 8) == 0
    assert box.get(box.COMMAND, 8) == 0x4100 | 0x20 << 16
    assert len(box.payload(0x20)) == 0x20
    # the length of a command without output is 0, whatever was there
    box.ok(0x0301, bytes(8))
    assert box.get(box.COMMAND, 8) == 0x0301


def test_nothing_runs_without_the_doorbell(client, box):
    box.ok(0x0301, struct.pack("<Q", 5))
    box.put(box.COMMAND, 0x0301 | 8 << 16, 8)
    box.put_payload(struct.pack("<Q", 6))
    for value in (0, 2, 4, 6, 0xfffffff8):
        box.put(box.CONTROL, value)
    client.write(BAR2, box.base + box.CONTROL + 1, b"\xff\xff\xff")
    assert box.get(box.COMMAND, 8) == 0x0301 | 8 << 16, "it has run"
    assert box.ring(0x0300, 0) == 0 and box.payload(8) == struct.pack("<Q", 5)


def test_failure_has_no_output(box):
    box.ok(0x4000)
    for opcode, payload, rc in ((0x4000, b"\0", 0x16), (0x1234, b"", 3), (0x4300, b"\x20" * 16, 2),
                                (0x0001, b"", 0x15)):
        box.ok(opcode, payload, rc)
        assert box.get(box.COMMAND, 8) == opcode, "an output length after a failure"
        assert box.get(box.STATUS, 8) == rc << 32


def test_payload_beyond_the_length_is_ignored(box):
    """Bytes beyond the length are nobody's business."""
    box.put_payload(b"\xff" * 256)
    assert box.ring(0x4000, 0) == 0
    box.put_payload(struct.pack("<QQ", 0, 4) + b"\xff" * 200)
    assert box.ring(0x4303, 16) == 0


def test_length_beyond_the_payload(client, box, secondary):
    """The field has 21 bits: whatever it says, 0016 comes and nothing is read."""
    for mailbox in (box, secondary):
        for length in (4097, 8192, 1 << 20, 0x1fffff):
            assert mailbox.ring(0x4300, length) == 0x16
            assert mailbox.ring(0x4000, length) == 0x16
        assert mailbox.ring(0x4000, 0) == 0


def test_length_beyond_the_payload_with_a_trace(start, tmp_path):
    """A trace of it must not show what lies behind the payload."""
    device = start("--trace", str(tmp_path / "trace"))
    with Client(device.socket) as client:
        assert Mailbox(client).ring(0x4300, 0x1fffff) == 0x16
        assert Mailbox(client, secondary=True).ring(0x4300, 0x1fffff) == 0x16
    assert device.proc.poll() is None
    for line in (tmp_path / "trace").read_text().splitlines():
        assert len(line) < 2 * 4096 + 200, "more than the payload was written to the trace"


def test_command_register_keeps_its_bits(box):
    """4.4: opcode and 21 bits of length; the rest is reserved."""
    box.put(box.COMMAND, (1 << 64) - 1, 8)
    assert box.get(box.COMMAND, 8) == (1 << 37) - 1
    box.put(box.COMMAND, 0, 8)


def test_control_register_rule(box):
    """registers.md 4.4, "Our rule": a write with bit 0 sets enables and clears none; one without
    bit 0 writes them. Reserved bits stay 0."""
    for value, reads in ((4, 4), (1, 4), (3, 6), (1, 6), (2, 2), (5, 6), (0, 0), (7, 6),
                         (0xfffffff8, 0), (0xffffffff, 6), (0, 0)):
        box.put(box.COMMAND, 0x0300, 8)
        box.put(box.CONTROL, value)
        assert box.get(box.CONTROL) == reads, f"after {value:#x}"


def test_read_only_registers_stay(client, box, secondary):
    base = block(client)
    found = device_capabilities(client)
    spans = [(base, 0x50), (found[1][0], 8), (found[0x4000][0], 8)]
    for mailbox in (box, secondary):
        spans += [(mailbox.base + mailbox.CAPS, 4), (mailbox.base + mailbox.STATUS, 16)]
    for offset, length in spans:
        before = client.read(BAR2, offset, length)
        for value in (b"\xff", b"\0", b"\x55"):
            for width in (1, 2, 4, 8):
                for at in range(0, length - width + 1):
                    client.write(BAR2, offset + at, value * width)
        assert client.read(BAR2, offset, length) == before, f"at {offset:#x}"


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_registers_at_every_width(client, box, width):
    """A command written and read in pieces of any width: the doorbell rings with the byte it is in,
    and everything else waits for it."""
    command = (0x4303 | 16 << 16).to_bytes(8, "little")
    payload = struct.pack("<QQ", 0, 4000)
    for i in range(0, 8, width):
        client.write(BAR2, box.base + box.COMMAND + i, command[i:i + width])
    for i in range(0, 16, width):
        client.write(BAR2, box.base + box.PAYLOAD + i, payload[i:i + width])
    if width == 8:  # capabilities, which stay, and control
        client.write(BAR2, box.base, struct.pack("<II", 0, 1))
    else:
        client.write(BAR2, box.base + box.CONTROL, b"\1\0\0\0"[:width])
    regs = b"".join(client.read(BAR2, box.base + i, width) for i in range(0, 0x24, width))
    assert regs[:0x24] == client.read(BAR2, box.base, len(regs))[:0x24]
    assert struct.unpack_from("<IIQQQI", regs) == (box.caps, 0, 0x4303 | 4 << 16, 0, 0, 2)


def test_unaligned_accesses(client, box):
    """Across registers, across the end of the registers, across payloads."""
    box.put(box.COMMAND, 0x0300, 8)
    client.write(BAR2, box.base + 2, b"\0\0\1\0\0\0")  # capabilities (stay) and control
    assert box.get(box.COMMAND, 8) == 0x0300 | 8 << 16
    whole = client.read(BAR2, box.base - 64, 256)
    for width in (1, 2, 3, 5, 7, 8, 13):
        for at in range(0, 128, 3):
            assert client.read(BAR2, box.base - 64 + at, width) == whole[at:at + width]
    # doorbell, command and payload in one write: the command is the new one
    client.write(BAR2, box.base + 4, struct.pack("<IQQQ", 1, 0x4303 | 16 << 16, 0, 0) +
                 struct.pack("<QQ", 0, 2000))
    assert box.get(box.STATUS, 8) == 0 and box.payload(4) == struct.pack("<I", 1)


def test_nothing_between_the_registers(client):
    """What is no register reads 0 and keeps nothing."""
    base = block(client)
    areas = [(0, 256), (base + 0x50, 0x30), (base + 0x88, 0x78), (base + 0x200, 256)]
    for offset, length in areas:
        client.write(BAR2, offset, b"\xff" * length)
        assert client.read(BAR2, offset, length) == bytes(length)


# ---- the secondary mailbox -----------------------------------------------------------------------


@pytest.mark.parametrize("opcode", [*ON_SECONDARY, *CONTROL_COMMANDS])
def test_which_mailbox_has_which_command(box, secondary, opcode):
    """0015 on a mailbox that does not have it, whatever the payload; elsewhere never."""
    rc = box.command(opcode, bytes(200))[0]
    assert rc == (0x15 if opcode in CONTROL_COMMANDS else rc)
    assert (rc == 3) == (opcode == 0x0502)  # it has no feature of that name
    assert (rc == 0x15) == (opcode in CONTROL_COMMANDS)
    rc = secondary.command(opcode, bytes(200))[0]
    assert (rc == 0x15) != ON_SECONDARY.get(opcode, False)


def test_secondary_serves_what_has_no_effect():
    """But not an abort, which is the business of the mailbox that has started something."""
    for opcode, served in ON_SECONDARY.items():
        effects = ROWS[opcode].split(",")[5].strip()
        assert served == (effects == "0" and opcode != 0x0005), f"{opcode:04x}"


def test_effects_log_tells_it(box, secondary):
    """Both mailboxes show the same log: bit 7 for what the secondary serves; no command in it that
    no mailbox has."""
    logs = []
    for mailbox in (box, secondary):
        size = struct.unpack_from("<I", mailbox.ok(0x0400), 0x18)[0]
        logs.append(mailbox.ok(0x0401, CEL + struct.pack("<II", 0, size)))
    assert logs[0] == logs[1]
    cel = dict(struct.iter_unpack("<HH", logs[0]))
    assert {opcode: bool(effects & 0x80) for opcode, effects in cel.items()} == ON_SECONDARY


def test_secondary_has_no_interrupts_and_no_background(client, box, secondary, qmp):
    secondary.put(secondary.CONTROL, 6)
    assert secondary.get(secondary.CONTROL) == 0
    secondary.ok(0x4304, struct.pack("<QQB", 0, 4, 0), 0x15)
    box.ok(0x4304, struct.pack("<QQB", 0, 4, 0), 1)
    assert box.background()[:2] == (True, 0x4304)
    assert secondary.background() == (False, 0, 0, 0)
    assert secondary.ok(0x4300, struct.pack("<QQ", 0, 4))[0] & 4, "D-25: a scan is running"
    secondary.ok(0x0005, rc=0x15)
    qmp.cmd("swcxl-clock-step", nanoseconds=2000)
    assert box.background() == (False, 0x4304, 100, 0)
    assert secondary.get(secondary.STATUS, 8) == 0x15 << 32
    assert secondary.get(secondary.BACKGROUND, 8) == 0
    secondary.ok(0x4305)


def test_mailboxes_do_not_disturb_each_other(box, secondary):
    """Each has its registers, its payload and its list cursor."""
    box.put(box.COMMAND, 0x4103 | 77 << 16, 8)
    box.put_payload(b"keep me")
    secondary.ok(0x4000)
    assert box.get(box.COMMAND, 8) == 0x4103 | 77 << 16 and box.payload(7) == b"keep me"
    assert secondary.get(secondary.COMMAND, 8) == 0x4000 | 0x45 << 16


def test_lists_are_paged_by_each_channel_for_itself(start):
    """D-8: one cursor per CCI."""
    device = start("--payload", "256")
    with Client(device.socket) as client, device.qmp() as qmp:
        for i in range(20):
            qmp.cmd("swcxl-plant-poison", start=128 * i, length=64)
        box, secondary = Mailbox(client), Mailbox(client, secondary=True)
        whole = struct.pack("<QQ", 0, 1 << 22)
        first = box.ok(0x4300, whole)
        assert first == secondary.ok(0x4300, whole) and first[0] == 1 and first[0x0a] == 14
        assert qmp.cmd("swcxl-cci", opcode=0x4300, payload=whole.hex())["payload"] == first.hex()
        second = secondary.ok(0x4300, whole)
        assert (second[0], second[0x0a]) == (0, 6) and box.ok(0x4300, whole) == second


# ---- payload sizes -------------------------------------------------------------------------------


@pytest.mark.parametrize("size, records", [("256", 14), ("2K", 126), ("4K", 254), ("1M", 65534)])
@pytest.mark.parametrize("mapped", [False, True, "registers"])
def test_records_in_a_payload(start, size, records, mapped):
    """Media error records: (payload - 20h) / 10h of them, for the list and for scan results; event
    records likewise, of 128 bytes."""
    device = start("--payload", size, "--poison-list-max", records + 3, "--clock", "virtual",
                   "--event-log-max", "40")
    with Client(device.socket) as client, device.qmp() as qmp:
        for i in range(records + 1):  # lines of their own: nothing to merge
            qmp.send('{"execute":"swcxl-plant-poison","arguments":{"start":%d,"length":64,'
                     '"source":"external"}}\n' % (128 * i))
            if i % 1000 == 999:
                for _ in range(1000):
                    assert "return" in qmp.recv_reply()
        for _ in range((records + 1) % 1000):
            assert "return" in qmp.recv_reply()

        box = Mailbox(client, mapped=mapped)
        whole = struct.pack("<QQ", 0, 1 << 22)
        out = box.ok(0x4300, whole)
        assert len(out) == 0x20 + 0x10 * records <= box.size
        assert out[0] == 1 and struct.unpack_from("<H", out, 0x0a)[0] == records
        expected = b"".join(struct.pack("<QII", 128 * i | 1, 1, 0) for i in range(records))
        assert out[0x20:] == expected
        last = struct.pack("<QII", 128 * records | 1, 1, 0)
        out = box.ok(0x4300, whole)
        assert out == struct.pack("<BBQH20s", 0, 0, 0, 1, b"") + last

        box.ok(0x4304, whole + b"\1", rc=1)
        qmp.cmd("swcxl-clock-step", nanoseconds=500 << 22)
        out = box.ok(0x4305)
        assert out[0x10] == 1 and struct.unpack_from("<H", out, 0x12)[0] == records
        assert out[0x20:] == expected
        out = box.ok(0x4305)
        assert out == struct.pack("<QQBBH12s", 0, 0, 0, 0, 1, b"") + last

        out = box.ok(0x0100, b"\1")
        fit = min(40, (box.size - 0x20) // 0x80, records + 1)
        more = fit < min(40, records + 1)
        assert struct.unpack_from("<H", out, 0x14)[0] == fit and len(out) == 0x20 + 0x80 * fit
        assert bool(out[0] & 2) == more, "More though there is nothing more, or the reverse"


def test_smallest_payload_takes_what_fits(start):
    """The label area, in pieces of the payload: input and output limits are the same."""
    device = start("--payload", "256", "--persistent", "256M")
    with Client(device.socket) as client:
        box = Mailbox(client)
        data = bytes(range(248))
        box.ok(0x4103, struct.pack("<II", 16, 0) + data)
        assert box.ok(0x4102, struct.pack("<II", 16, 248)) == data
        assert len(box.ok(0x4102, struct.pack("<II", 0, 256))) == 256
        box.ok(0x4102, struct.pack("<II", 0, 257), 2)
        assert box.ring(0x4103, 257) == 0x16
