# SPDX-License-Identifier: MIT
"""docs/RESETS.md, cell by cell: each of its rows is a class here, which brings the state about and
looks at it; each of its columns is one reset or several, which must do the same.

Rows that do not disturb each other share a device. To add one: a line in the table, a class here
with its title, in a batch that it can live with."""

import os
import re
import struct

import pytest
from daemon import TREE, Daemon
from vfio_user import BAR0, Client, Mailbox, dvsecs, extended_capabilities, register_blocks

UNIT = 1 << 28
PERSISTENT = UNIT

# ---- the machine ---------------------------------------------------------------------------------


class Machine:
    """A device, a control connection, and a VMM whose guest has its mailbox. Without a guest the
    commands go by the control connection, and no doorbell rings."""

    def __init__(self, file, options, guest):
        self.options = ["--state", file, "--clock", "virtual", *options]
        for name in ("--volatile", "--persistent"):
            if name not in options:
                self.options += [name, "256M"]
        self.guest = guest
        self.power_on()

    def power_on(self):
        self.daemon = Daemon(*self.options)
        self.qmp = self.daemon.qmp()
        self.attach()

    def attach(self):
        self.client = Client(self.daemon.socket)
        self.box = Mailbox(self.client)

    def power_off(self):
        self.client.close()
        self.qmp.close()
        self.daemon.kill()

    def power_cycle(self):
        self.power_off()
        self.power_on()

    def reconnect(self):
        self.client.close()
        self.attach()

    def control(self, opcode, payload=b""):
        """(return code, output) over the control connection"""
        reply = self.qmp.cmd("swcxl-cci", opcode=opcode, payload=payload.hex())
        return reply["return-code"], bytes.fromhex(reply["payload"])

    def command(self, opcode, payload=b""):
        return self.box.command(opcode, payload) if self.guest else self.control(opcode, payload)

    def ok(self, opcode, payload=b"", rc=0):
        got, out = self.command(opcode, payload)
        assert got == rc, f"{opcode:04x}: {got:04x}, not {rc:04x}"
        return out

    def query(self, *keys):
        found = self.qmp.cmd("swcxl-query-device")
        for key in keys:
            found = found[key]
        return found

    def poison(self, start, length=64):
        return self.qmp.cmd("swcxl-query-poison", start=start, length=length)

    def plant(self, start, **args):
        self.qmp.cmd("swcxl-plant-poison", start=start, **{"length": 64, **args})

    def step(self, ns):
        self.qmp.cmd("swcxl-clock-step", nanoseconds=ns)


def range_of(start, length):
    return struct.pack("<QQ", start, length // 64)


# ---- the columns ---------------------------------------------------------------------------------


def dvsec_reset(machine, clear):
    at = dvsecs(machine.client)[0][0] + 0x10
    machine.client.put_config(at, clear << 3 | 4, 2)
    assert machine.client.config(at + 2, 2) & 6 == 2, "complete, without an error"


def function_reset(machine):
    at = 0x68  # device control; test_vfio_config.py looks for it
    machine.client.put_config(at, machine.client.config(at, 2) | 0x8000, 2)


def by_control(kind):
    return lambda machine: machine.qmp.cmd("swcxl-reset", type=kind)


# how: (column, does a guest use the mailbox?, the reset)
RESETS = {
    "power-cycle": ("Power", True, Machine.power_cycle),
    "cold": ("Cold", True, by_control("cold")),
    "conventional": ("Conventional", True, by_control("conventional")),
    "device-reset-after-use": ("Conventional", True, lambda machine: machine.client.reset()),
    "reconnect-after-use": ("Conventional", True, Machine.reconnect),
    "device-reset": ("Attach", False, lambda machine: machine.client.reset()),
    "reconnect": ("Attach", False, Machine.reconnect),
    "cxl": ("CXL", True, by_control("cxl")),
    "cxl-by-dvsec": ("CXL", True, lambda machine: dvsec_reset(machine, False)),
    "cxl-clear": ("CXL, Mem Clear", True, lambda machine: dvsec_reset(machine, True)),
    "function": ("Function", True, by_control("function")),
    "flr": ("Function", True, function_reset),
}


# ---- the rows ------------------------------------------------------------------------------------


class Row:
    """title: in the document. set(): brings the state about. get(): looks at it. words: what get()
    gives behind words other than "kept" and "gone"."""

    words = {}

    def set(self, machine):
        raise NotImplementedError

    def get(self, machine):
        raise NotImplementedError

    def before(self, machine):
        """What there is to keep."""
        return self.get(machine)


class MailboxRegisters(Row):  # the first of its batch: commands change the payload
    title = "Mailbox registers and payload"

    def set(self, machine):
        machine.box.enable_interrupts(True, True)
        machine.box.put_payload(b"\xee" * 8)

    def get(self, machine):
        return machine.box.get(Mailbox.CONTROL), machine.box.payload(8)


class Content(Row):
    def __init__(self, title, start):
        self.title, self.start = title, start

    def set(self, machine):
        machine.qmp.cmd("swcxl-write-media", start=self.start, data="5a" * 64)

    def get(self, machine):
        return machine.qmp.cmd("swcxl-read-media", start=self.start, length=64)


class Labels(Row):
    title = "Labels"

    def set(self, machine):
        machine.ok(0x4103, bytes(8) + b"label")

    def get(self, machine):
        return machine.ok(0x4102, struct.pack("<II", 0, 5))


class Poison(Row):
    def __init__(self, title, *starts, **args):
        self.title, self.starts, self.args = title, starts, args

    def set(self, machine):
        for start in self.starts:
            machine.plant(start, **self.args)

    def get(self, machine):
        return [machine.poison(start) for start in self.starts]


class Injected(Row):
    def __init__(self, title, start):
        self.title, self.start = title, start

    def set(self, machine):
        machine.ok(0x4301, struct.pack("<Q", self.start))

    def get(self, machine):
        return machine.poison(self.start)


class EventLogs(Row):
    title = "Event logs"

    def set(self, machine):
        machine.qmp.cmd("swcxl-inject-event", log="fatal", type="dram")

    def get(self, machine):
        return machine.qmp.cmd("swcxl-query-events", log="fatal")


DC = (2 * UNIT, 3 * UNIT)  # a volatile region, and a non-volatile one
BLOCK = 2 << 20


def offer(machine, region, offset, tag=""):
    machine.qmp.cmd("cxl-add-dynamic-capacity", path="mem0", region=region, tag=tag,
                    extents=[{"offset": offset, "len": BLOCK}], **{"host-id": 0, "selection-policy": "prescriptive"})


def accept(machine, *starts):
    """Nothing else may be on offer."""
    entries = b"".join(struct.pack("<QQ8x", start, BLOCK) for start in starts)
    machine.ok(0x4802, struct.pack("<I4x", len(starts)) + entries)


class Extents(Row):
    """Of a region: all that is to be seen of them but requests to release."""

    def __init__(self, title, region):
        self.title, self.region = title, region

    def set(self, machine):
        offer(machine, self.region, 0, "tag" if self.region else "")
        accept(machine, DC[self.region])
        if self.region:
            machine.qmp.cmd("swcxl-add-dc-reference", tag="tag")

    def get(self, machine):
        return [{name: value for name, value in extent.items() if name not in ("release-requested", "sanitize")}
                for extent in machine.query("dynamic-capacity", "accepted") if extent["region"] == self.region]


class Offers(Row):  # after those that are answered
    title = "Offers of dynamic capacity that wait for an answer, dead ones too"

    def set(self, machine):
        for offset in (8 * BLOCK, 9 * BLOCK):
            offer(machine, 0, offset)
        machine.qmp.cmd("cxl-release-dynamic-capacity", path="mem0", region=0,
                        extents=[{"offset": 9 * BLOCK, "len": BLOCK}],
                        **{"host-id": 0, "removal-policy": "prescriptive", "forced-removal": True})

    def get(self, machine):
        found = machine.query("dynamic-capacity")
        return found["pending"], found["offers"], found["dead-offers"]


class ReleaseRequests(Row):
    """Of an extent that stays: it has to be seen whether somebody still wants it."""

    title = "Requests to release dynamic capacity"

    def set(self, machine):
        machine.qmp.cmd("cxl-release-dynamic-capacity", path="mem0", region=1,
                        extents=[{"offset": 0, "len": BLOCK}],
                        **{"host-id": 0, "removal-policy": "prescriptive", "sanitize-on-release": True})

    def get(self, machine):
        return [(extent["release-requested"], extent["sanitize"])
                for extent in machine.query("dynamic-capacity", "accepted")
                if extent["release-requested"]]


class Refusals(Row):
    title = "Refused extents, as they are shown"

    def set(self, machine):
        offer(machine, 0, 16 * BLOCK)
        accept(machine)

    def get(self, machine):
        return machine.query("dynamic-capacity", "refused")


class Register(Row):
    """A command sets it, another one gets it."""

    def __init__(self, title, setter, payload, getter):
        self.title, self.setter, self.payload, self.getter = title, setter, payload, getter

    def set(self, machine):
        machine.ok(self.setter, self.payload)

    def get(self, machine):
        return machine.ok(self.getter)


class ResponseLimit(Row):  # mailboxes have none
    title = "Response message limit of a channel"

    def set(self, machine):
        assert machine.control(0x0004, b"\x08")[0] == 0

    def get(self, machine):
        return machine.control(0x0003)


class Shutdown(Row):
    title = "Dirty shutdown"
    words = {"counted": (b"\0", 1)}

    def set(self, machine):
        machine.ok(0x4204, b"\1")

    def get(self, machine):
        return machine.ok(0x4203), struct.unpack_from("<I", machine.ok(0x4200), 6)[0]


class Health(Row):
    def __init__(self, title, **fields):
        self.title = title
        self.fields = {name.replace("_", "-"): value for name, value in fields.items()}

    def set(self, machine):
        machine.qmp.cmd("swcxl-set-health", **self.fields)

    def get(self, machine):
        return [machine.query("health", name) for name in self.fields]


class PciRegisters(Row):
    title = "PCI registers: command, BARs"

    def set(self, machine):
        machine.client.put_config(0x04, 6, 2)
        machine.client.put_config(0x10, 0xfebf0000)

    def get(self, machine):
        return machine.client.config(0x04, 2), machine.client.config(0x10)


class ConfigLock(Row):
    title = "DVSEC 0: CONFIG_LOCK"

    def at(self, machine):
        return dvsecs(machine.client)[0][0] + 0x14

    def set(self, machine):
        machine.client.put_config(self.at(machine), 1, 2)

    def get(self, machine):
        return machine.client.config(self.at(machine), 2)


class Decoder(Row):
    """An HDM decoder of 256 MiB. They are committed in order."""

    def __init__(self, title, number, lock):
        self.title, self.number, self.lock = title, number, lock

    def at(self, machine):
        return register_blocks(machine.client)[1][1] + 0x1140 + 0x10 + 0x20 * self.number

    def set(self, machine):
        at = self.at(machine)
        machine.client.put(BAR0, at, UNIT * self.number)
        machine.client.put(BAR0, at + 8, UNIT)
        machine.client.put(BAR0, at + 0x10, 0x200 | self.lock << 8)
        assert machine.client.get(BAR0, at + 0x10) & 0x400, "committed"

    def get(self, machine):
        return machine.client.read(BAR0, self.at(machine), 0x20)


class ProtocolErrors(Row):
    title = "Protocol errors: RAS and AER status"

    def at(self, machine):
        ras = register_blocks(machine.client)[1][1] + 0x1080
        aer = next(at for kind, _, at in extended_capabilities(machine.client) if kind == 1)
        return ras, aer

    def set(self, machine):
        ras, _ = self.at(machine)
        machine.client.put(BAR0, ras + 0x10, 0)  # unmasked
        machine.qmp.cmd("cxl-inject-correctable-error", path="mem0", type="physical")

    def get(self, machine):
        ras, aer = self.at(machine)
        return machine.client.get(BAR0, ras + 0x0c), machine.client.config(aer + 0x10)


class Exchange(Row):
    """A response that waits to be read."""

    title = "Data object exchange under way"

    def at(self, machine):
        return next(at for kind, _, at in extended_capabilities(machine.client) if kind == 0x2e)

    def set(self, machine):
        at = self.at(machine)
        for dword in (1, 3, 0):  # discovery
            machine.client.put_config(at + 0x10, dword)
        machine.client.put_config(at + 8, 1 << 31)

    def get(self, machine):
        return machine.client.config(self.at(machine) + 0x0c)


class Faults(Row):
    def __init__(self, title, **fault):
        self.title, self.fault = title, fault

    def set(self, machine):
        machine.qmp.cmd("swcxl-fault", **self.fault)

    def get(self, machine):
        return [fault for fault in machine.qmp.cmd("swcxl-query-faults")
                if fault["fault"] == self.fault["fault"]]


class Running(Row):
    """A scan that never ends."""

    title = "Running background operation"
    words = {"aborted": (False, 0x4304, 0x12)}

    def set(self, machine):
        machine.ok(0x4304, range_of(0, 2 * UNIT) + b"\0", rc=1)

    def get(self, machine):
        found = machine.query("background")
        return found["running"], found["opcode"], found["return-code"]


class Ended(Row):
    title = "Status of the last background operation"

    def set(self, machine):
        machine.plant(PERSISTENT + 0x8000)
        machine.ok(0x4304, range_of(PERSISTENT + 0x8000, 64) + b"\0", rc=1)
        machine.step(10 ** 6)

    def get(self, machine):
        return machine.query("background")


class Results(Row):  # of the scan of Ended
    title = "Scan results"

    def set(self, machine):
        pass

    def get(self, machine):
        return machine.command(0x4305)


class Transfer(Row):
    """The second page of a list that needs two."""

    title = "Transfer of the poison list under way"

    def set(self, machine):
        for i in range(20):
            machine.plant(PERSISTENT + 128 * i)
        self.first = self.get(machine)
        self.second = self.get(machine)
        assert self.first[0] & 1 and self.first != self.second
        self.words = {"gone": self.first}

    def before(self, machine):
        self.get(machine)  # to the end, and the first page again
        return self.second

    def get(self, machine):
        return machine.ok(0x4300, range_of(PERSISTENT, UNIT))


class Overflow(Row):
    def __init__(self, title):
        self.title = title

    def set(self, machine):
        for i in range(3):
            machine.plant((UNIT if machine.query("partitions", "persistent", "length") else 0) +
                          128 * i)

    def get(self, machine):
        return machine.query("poison-list", "overflow")


class Coverage(Row):
    """Half of the device has been scanned. Kept: scanning the other half, where nothing is, makes
    the list whole again. (The list holds one record, and half of what is there is gone.)"""

    title = "Coverage by scans since then"
    words = {"gone": True}

    def set(self, machine):
        self.scan(machine, UNIT)

    def scan(self, machine, start):
        machine.ok(0x4304, range_of(start, UNIT) + b"\1", rc=1)
        machine.step(UNIT // 64)

    def before(self, machine):
        return False

    def get(self, machine):
        for row in machine.poison(UNIT, UNIT)[1:]:
            machine.qmp.cmd("swcxl-write-media", start=row["start"], data=bytes(64).hex())
        self.scan(machine, 0)
        return machine.query("poison-list", "overflow")


class Partitions(Row):
    title = "Partitions that wait for a reset"
    words = {"applied": (struct.pack("<QQQQ", 1, 2, 0, 0), UNIT)}

    def set(self, machine):
        machine.ok(0x4101, bytes(9))

    def get(self, machine):
        return machine.ok(0x4100), machine.query("partitions", "volatile", "length")


class FirmwareSlot(Row):
    title = "Firmware in slots"

    def set(self, machine):
        machine.ok(0x0201, struct.pack("<BBHI", 0, 2, 0, 0) + bytes(120) + b"Z" * 128, rc=1)
        machine.step(10 ** 9)

    def get(self, machine):
        return machine.ok(0x0200)[0x20:0x30]


class FirmwareStaged(Row):  # the slot of FirmwareSlot
    title = "Firmware that is staged"
    words = {"applied": 2}

    def set(self, machine):
        machine.ok(0x0202, b"\1\2")

    def get(self, machine):
        return machine.ok(0x0200)[1]


class FirmwareTransfer(Row):
    """One in parts, of which the first has arrived."""

    title = "Firmware transfer under way"

    def set(self, machine):
        machine.ok(0x0201, struct.pack("<BBHI", 1, 0, 0, 0) + bytes(120) + b"Z" * 128)

    def get(self, machine):
        return machine.query("firmware", "transferring")


class Features(Row):
    """Features by their UUIDs, one value for all, perhaps saved; or a first part of it."""

    PATROL_SCRUB = "96dad7d6fde8482ba73375774e06db8a"
    CACHELINE = "96c3338691dd44c79ecbfdaf6503bac4"
    ROW = "450ebf67b1354f97a498c2d57f279bed"
    BANK = "78b7963690ac4b64a4effaac5d18a863"
    RANK = "34dbaff5055242818f76da0b5e7a76a7"

    def __init__(self, title, value, *uuids, saved=False):
        self.title, self.value, self.saved = title, value, saved
        self.uuids = [bytes.fromhex(uuid) for uuid in uuids]

    @staticmethod
    def change(machine, uuid, flags, value=b""):
        return machine.command(0x0502, uuid + struct.pack("<IHB9x", flags, 0, 1) + value)[0]

    def set(self, machine):
        for uuid in self.uuids:
            assert self.change(machine, uuid, self.saved << 3, self.value) == 0

    def get(self, machine):
        return [machine.ok(0x0501, uuid + struct.pack("<HHB", 0, 64, 0)) for uuid in self.uuids]


class FeatureTransfer(Row):
    """Whether there is one shows by aborting it."""

    title = "Feature transfer under way"

    def set(self, machine):
        Features.change(machine, bytes.fromhex(Features.PATROL_SCRUB), 1, b"\x0c")

    def before(self, machine):
        return 0

    def get(self, machine):
        return Features.change(machine, b"\xff" * 16, 4)


class Repairs(Row):
    """PPR of a row with a permanent error."""

    def __init__(self, title, subclass, kind, start):
        self.title, self.subclass, self.kind, self.start = title, subclass, kind, start

    def set(self, machine):
        machine.plant(self.start, permanent=True)
        machine.ok(0x0600, struct.pack("<BBBQ3x", 1, self.subclass, 0, self.start), rc=1)
        machine.step(10 ** 9)

    def get(self, machine):
        return machine.query("repair", "spares", self.kind)


VENDOR_DEBUG = bytes.fromhex("5e1819d911a9400c811fd60719403d86")
STATE_DUMP = bytes.fromhex("b3fab4cf01b64332943e5e9962f23567")


class VendorDebug(Row):
    """A command that was refused is in it."""

    title = "Vendor Debug log"

    def set(self, machine):
        machine.ok(0xc0de, rc=3)

    def get(self, machine):
        return b" c0de: " in machine.ok(0x0401, VENDOR_DEBUG + struct.pack("<II", 0, 4096))


class StateDump(Row):
    title = "Component State Dump"

    def set(self, machine):
        machine.ok(0x0404, STATE_DUMP, rc=1)
        machine.step(10 ** 8)

    def get(self, machine):
        payload = STATE_DUMP + struct.pack("<II", 0, 4096)
        with machine.daemon.qmp() as qmp:  # a reader of its own
            return qmp.cmd("swcxl-cci", opcode=0x0401, payload=payload.hex())


class StateDumpReading(Row):  # of what StateDump populates
    """The channel may go on behind offset 0."""

    title = "Reading of the dump under way"

    def set(self, machine):
        machine.ok(0x0401, STATE_DUMP + struct.pack("<II", 0, 64))

    def get(self, machine):
        return machine.command(0x0401, STATE_DUMP + struct.pack("<II", 64, 64))[0]


class Disabled(Row):
    title = "Media disabled by a sanitize"

    def set(self, machine):
        machine.ok(0x4400, rc=1)
        machine.ok(0x0005)

    def get(self, machine):
        return machine.query("media", "status")


class Security(Row):
    """Some of the flags that swcxl-query-device shows."""

    def __init__(self, title, *flags, words=None):
        self.title, self.flags, self.words = title, flags, words or {}

    def set(self, machine):
        passphrase = bytes(31) + bytes(32) + b"\xaa" * 32
        if machine.query("security", "user-set"):
            return  # a row before this one has done it all
        machine.ok(0x4501, b"\0" + passphrase)
        for _ in range(3):
            machine.ok(0x4502, b"\0" + bytes(63), rc=0x14)
        machine.ok(0x4501, b"\1" + passphrase)
        machine.ok(0x4504)

    def get(self, machine):
        return [machine.query("security", flag) for flag in self.flags]


# Options, and rows in the order in which they are set and looked at.
BATCHES = {
    "plain": ([], [
        MailboxRegisters(),
        Content("Content of volatile capacity", 0x1000),
        Content("Content of persistent capacity", PERSISTENT + 0x1000),
        Labels(),
        Poison("Poison in volatile capacity", 0x2000),
        Poison("Poison in persistent capacity", PERSISTENT + 0x2000),
        Injected("Injected poison in volatile capacity", 0x3000),
        Injected("Injected poison in persistent capacity", PERSISTENT + 0x3000),
        Poison("Permanent errors, wherever", 0x4000, PERSISTENT + 0x4000, permanent=True,
               source="injected"),
        EventLogs(),
        Register("Event interrupt policy", 0x0103, b"\1\1\1\1\1", 0x0102),
        Register("Clock", 0x0301, struct.pack("<Q", 10 ** 18), 0x0300),
        ResponseLimit(),
        Register("QoS control", 0x4701, bytes((1, 20, 30, 5)), 0x4700),
        Shutdown(),
        Health("Health that `swcxl-set-health` sets", temperature=99, life_used=81,
               health_status=["capacity-degraded"], media_status="all-data-lost"),
        Health("Counts of corrected errors", corrected_volatile_error_count=5,
               corrected_persistent_error_count=6),
        Register("Alerts", 0x4202, bytes((1, 1, 90)) + bytes(9), 0x4201),
        PciRegisters(),
        ConfigLock(),
        ProtocolErrors(),
        Exchange(),
        Faults("Faults of commands (`swcxl-fault`)", fault="return-code", opcode=0xffff, value=4),
        Faults("Fault: fatal", fault="fatal")]),
    "persists": (["--injected-persists", "on"], [
        Injected("The same with `--injected-persists on`", PERSISTENT)]),
    "decoders": ([], [
        Decoder("HDM decoders that are locked", 0, True),
        Decoder("HDM decoders", 1, False)]),
    "running": (["--scan-ns-per-line", 1 << 40], [
        Running()]),
    "ended": (["--payload", "256"], [
        Ended(),
        Results(),
        Transfer()]),
    "overflow": (["--poison-list-max", 1, "--scan-ns-per-line", 1], [
        Overflow("Overflow of the poison list"),
        Coverage()]),
    "volatile-overflow": (["--poison-list-max", 1, "--persistent", "0"], [
        Overflow("The same without persistent capacity")]),
    "dynamic-capacity": (["--dc-regions", 2, "--dc-flags", "1=sharable,non-volatile"], [
        Extents("Extents of volatile regions", 0),
        Extents("Extents of non-volatile regions, and references to them", 1),
        Content("Content of persistent capacity", DC[1] + 0x1000),
        Poison("Poison in volatile capacity", DC[0] + 64, DC[0] + 64 * BLOCK),
        Poison("Poison in persistent capacity", DC[1] + 64 * BLOCK),
        Poison("Permanent errors, wherever", DC[0] + 65 * BLOCK, DC[1] + 65 * BLOCK, permanent=True),
        ReleaseRequests(),
        Refusals(),
        Offers()]),
    "partitions": (["--partitionable", "256M"], [
        Partitions()]),
    "firmware": ([], [
        FirmwareSlot(),
        FirmwareStaged(),
        FirmwareTransfer()]),
    "features": ([], [
        Features("Features: patrol scrub, ECS, PPR", b"\x18\1", Features.PATROL_SCRUB),
        Features("Features: cacheline sparing", b"\1\0", Features.CACHELINE),
        Features("Features: row and bank sparing", b"\1\0", Features.ROW, Features.BANK),
        Features("Features: rank sparing, and whatever sparing was saved", b"\1\0", Features.RANK),
        FeatureTransfer()]),
    "saved-features": ([], [
        Features("Features: rank sparing, and whatever sparing was saved", b"\1\0",
                 Features.CACHELINE, Features.ROW, Features.BANK, Features.RANK, saved=True)]),
    "repairs": ([], [
        Repairs("Soft repairs", 0, "sppr", 0x1000),
        Repairs("Hard repairs", 1, "hppr", PERSISTENT)]),
    "logs": ([], [
        VendorDebug(),
        StateDump(),
        StateDumpReading()]),
    "disabled": ([], [
        Disabled()]),
    "security": ([], [
        Security("Passphrases", "user-set", "master-set"),
        Security("Unlocked persistent capacity", "locked", words={"locked": [True]}),
        Security("Frozen security, wrong passphrases", "frozen", "master-attempts-exhausted")]),
}


# ---- the document --------------------------------------------------------------------------------


def document():
    """{title: {column: word}}"""
    with open(os.path.join(TREE, "docs", "RESETS.md")) as file:
        lines = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
                 for line in file if line.startswith("| ")]
    start = next(i for i, cells in enumerate(lines) if cells[0] == "State")
    return {cells[0]: dict(zip(lines[start][1:], cells[1:], strict=True))
            for cells in lines[start + 1:]}


DOCUMENT = document()


def test_document_and_rows_are_the_same():
    titles = {row.title for _, rows in BATCHES.values() for row in rows}
    assert titles == set(DOCUMENT)
    columns = {column for column, _, _ in RESETS.values()}
    for title, cells in DOCUMENT.items():
        assert set(cells) == columns, title


@pytest.mark.parametrize("how", RESETS)
@pytest.mark.parametrize("batch", BATCHES)
def test_cells(tmp_path, batch, how):
    (options, rows), (column, guest, reset) = BATCHES[batch], RESETS[how]
    machine = Machine(tmp_path / "state", options, guest)
    try:
        fresh = [row.get(machine) for row in rows]
        for row in rows:
            row.set(machine)
        before = [row.before(machine) for row in rows]
        if guest:
            machine.box.ring(0x4000, 0)  # so there has been a command, whatever the rows do
        for row, old, new in zip(rows, fresh, before):
            words = {"gone": old, "kept": new, **row.words}
            assert len({repr(word) for word in words.values()}) > 1, f"{row.title} is not set"
        reset(machine)
        for row, old, new in zip(rows, fresh, before):
            word = DOCUMENT[row.title][column]
            words = {"gone": old, "kept": new, **row.words}
            assert row.get(machine) == words[word], f"{row.title} is not {word}"
    finally:
        machine.power_off()
