# SPDX-License-Identifier: MIT
"""A CXL memory device made of plain files: what swcxlctl --pci needs of sysfs, and a thread.

The resource file is shared memory: swcxlctl maps it as registers, and a thread here maps it as
well, watches the doorbells and answers. Commands that arrived are kept with the mailbox that they
came through. Hooks let a test misbehave at the right moment: as a driver that uses the same
mailbox, or as a device that is stuck.
"""

import collections
import mmap
import os
import struct
import threading
import time

LINE = 64
UNIT = 256 << 20
CEL = bytes.fromhex("0da9c0b5bf414b788f7996b1623b3f17")
VENDOR_DEBUG = bytes.fromhex("5e1819d911a9400c811fd60719403d86")
DYNAMIC_CAPACITY = bytes.fromhex("ca95afa7f18340188c2f95268e101a2a")
BACKGROUND_STARTED, INVALID_INPUT, UNSUPPORTED, BUSY = 1, 2, 3, 6
BAD_ADDRESS, WRONG_MAILBOX = 0xF, 0x15
SECONDARY = 1 << 7

Command = collections.namedtuple("Command", "mailbox opcode payload control")


class Model:
    """As much of a device as a test needs: no rules, only shapes."""

    def __init__(self, volatile=1, persistent=0, payload=4096, revision=3):
        self.volatile, self.persistent = volatile, persistent  # units of 256 MiB
        self.payload, self.revision = payload, revision
        self.records = []  # (start, length, source)
        self.found = []
        self.handle = 0  # of the last event record
        self.answer_code = 0
        self.answers = []  # payloads of 4802h and 4803h
        self.events = {log: [] for log in range(5)}
        self.regions = []  # of dynamic capacity: base, decode length as it is told, length, block
        self.regions_a_page = 8
        self.counters = b""  # behind the regions
        self.extents = []  # start, length
        self.labels = b""
        self.debug = b""  # the Vendor Debug log, if there is anything in it
        self.generation = 0
        self.before_page = lambda start: None  # of the extent list
        self.overflow = 0  # its timestamp
        self.cursor = {}  # of lists and results, by mailbox
        self.stop_after = None  # result records, then the scan stops prematurely
        self.restart = (0, 0)
        self.no_restart_flag = self.no_volatile_list = self.no_span = False
        self.background = (0, 0, 0, False)  # opcode, percent, return code, running
        self.scan_seconds = 0.3
        on_both = (0x0100, 0x0300, 0x0400, 0x0401, 0x4000, 0x4100, 0x4300, 0x4303, 0x4305)
        self.effects = dict.fromkeys(on_both, SECONDARY)
        self.effects.update({0x0005: 0, 0x4301: 4, 0x4302: 4, 0x4304: 0x140})

    def execute(self, mailbox, opcode, payload):
        if opcode not in self.effects:
            return UNSUPPORTED, b""
        if mailbox == "secondary" and not self.effects[opcode] & SECONDARY:
            return WRONG_MAILBOX, b""
        return getattr(self, f"cmd_{opcode:04x}")(mailbox, payload)

    def capacity(self):
        return (self.volatile + self.persistent) * UNIT

    def give_dynamic_capacity(self, *regions):
        self.regions = list(regions)
        self.effects.update({0x4800: SECONDARY, 0x4801: SECONDARY, 0x0101: 0x20, 0x4802: 2, 0x4803: 2})

    def give_labels(self, labels):
        self.labels = labels
        self.effects.update({0x4102: SECONDARY, 0x4103: 6})

    def give_firmware(self, background=False):
        """background: a part is acknowledged at once and taken in the background."""
        self.fw_in_background, self.transferring = background, False
        self.effects[0x0201] = 0x40

    def offer(self, kind, *extents, more=False):
        """Records of one event; more: it does not end with the last of them."""
        for n, (start, length) in enumerate(extents):
            flags = int(more or n < len(extents) - 1)
            self.handle += 1
            record = DYNAMIC_CAPACITY + struct.pack("<B3xHH8x16x", 0x80, self.handle, 0)
            record += struct.pack("<BBHBB2xQQ16sH30x8x", kind, 0, 0, 0, flags, start, length, b"", 0)
            assert len(record) == 0x80
            self.events[4].append(record)

    def page(self, mailbox, key, rows, restart=False):
        """The next rows that fit, and whether there are more."""
        at = 0 if restart else self.cursor.get((mailbox, key), 0)
        room = (self.payload - 0x20) // 16
        end = min(at + room, len(rows))
        self.cursor[(mailbox, key)] = end % max(len(rows), 1)
        data = b"".join(struct.pack("<QII", start | source, length // LINE, 0)
                        for start, length, source in rows[at:end])
        return data, end - at, end < len(rows)

    def cmd_0005(self, mailbox, payload):
        opcode, percent, _, running = self.background
        if running:
            self.background = (opcode, percent, 0x12, False)
        return 0, b""

    def cmd_0100(self, mailbox, payload):
        records = self.events[payload[0]]
        fit = records[:(self.payload - 0x20) // 0x80]
        more = len(fit) < len(records)
        return 0, struct.pack("<BBHQQH10x", 2 * more, 0, 0, 0, 0, len(fit)) + b"".join(fit)

    def cmd_0101(self, mailbox, payload):
        log, _, count = struct.unpack_from("<BBB", payload)
        handles = [int.from_bytes(record[0x14:0x16], "little") for record in self.events[log][:count]]
        if list(struct.unpack(f"<{count}H", payload[6:])) != handles:
            return 0xE, b""
        del self.events[log][:count]
        return 0, b""

    def cmd_4800(self, mailbox, payload):
        count, start = payload
        some = self.regions[start:start + min(count, self.regions_a_page)]
        data = b"".join(struct.pack("<QQQQIB3x", base, decode, length, block, 7, 1)
                        for base, decode, length, block in some)
        return 0, struct.pack("<BB6x", len(self.regions), len(some)) + data + self.counters

    def cmd_4801(self, mailbox, payload):
        count, start = struct.unpack("<II", payload)
        self.before_page(start)
        if start > len(self.extents):
            return INVALID_INPUT, b""
        some = self.extents[start:start + count]
        assert 16 + 40 * len(some) <= self.payload
        return 0, struct.pack("<III4x", len(some), len(self.extents), self.generation) + b"".join(
            struct.pack("<QQ16sH6x", begin, length, b"", 0) for begin, length in some)

    def cmd_4802(self, mailbox, payload):
        self.answers.append(payload)
        return self.answer_code, b""

    cmd_4803 = cmd_4802

    def cmd_0201(self, mailbox, payload):
        if self.background[3]:
            return BUSY, b""
        if payload[0] == 4:
            self.transferring = False
            return 0, b""
        if self.transferring:
            return 0x8, b""
        self.transferring = True
        if not self.fw_in_background:
            return 0, b""
        self.scan_start = time.monotonic()
        self.background = (0x0201, 0, 0, True)
        return BACKGROUND_STARTED, b""

    def cmd_4102(self, mailbox, payload):
        offset, length = struct.unpack("<II", payload)
        if offset + length > len(self.labels) or length > self.payload:
            return INVALID_INPUT, b""
        return 0, self.labels[offset:offset + length]

    def cmd_4103(self, mailbox, payload):
        offset, data = int.from_bytes(payload[:4], "little"), payload[8:]
        if offset + len(data) > len(self.labels):
            return INVALID_INPUT, b""
        self.labels = self.labels[:offset] + data + self.labels[offset + len(data):]
        return 0, b""

    def cmd_0300(self, mailbox, payload):
        return 0, struct.pack("<Q", 1000000000 * 10**9)

    def cmd_0400(self, mailbox, payload):
        logs = [(CEL, 4 * len(self.effects)), *([(VENDOR_DEBUG, len(self.debug))] if self.debug else [])]
        return 0, struct.pack("<H6x", len(logs)) + b"".join(struct.pack("<16sI", *log) for log in logs)

    def cmd_0401(self, mailbox, payload):
        uuid, offset, length = struct.unpack("<16sII", payload)
        log = b"".join(struct.pack("<HH", *entry) for entry in self.effects.items())
        if uuid == VENDOR_DEBUG:
            log = self.debug
        if uuid not in (CEL, VENDOR_DEBUG) or length > self.payload or offset + length > len(log):
            return INVALID_INPUT, b""
        return 0, log[offset:offset + length]

    def cmd_4000(self, mailbox, payload):
        reply = struct.pack("<16s4Q4HI", b"fake\x1b 1", self.volatile + self.persistent,
                            self.volatile, self.persistent,
                            0, 10, 20, 30, 40, len(self.labels))
        dynamic = 256 if self.regions else 0
        reply += (256).to_bytes(3, "little") + struct.pack("<HBBH", 0, 0, 0, dynamic)
        return 0, reply if self.revision >= 3 else reply[:0x43]

    def cmd_4100(self, mailbox, payload):
        return 0, struct.pack("<4Q", self.volatile, self.persistent, 0, 0)

    def cmd_4300(self, mailbox, payload):
        address, lines = struct.unpack("<QQ", payload)
        start, end = address & ~63, (address & ~63) + lines * LINE
        if address & 1 and self.no_restart_flag:
            return INVALID_INPUT, b""
        if end > self.capacity() or (self.no_volatile_list and start < self.volatile * UNIT):
            return BAD_ADDRESS, b""
        rows = [row for row in self.records if start <= row[0] < end]
        data, count, more = self.page(mailbox, (start, lines), rows, address & 1)
        flags = more | 2 * bool(self.overflow) | 4 * self.background[3] | 8 * (address & 1)
        return 0, struct.pack("<BBQH20x", flags, 0, self.overflow, count) + data

    def cmd_4301(self, mailbox, payload):
        address, = struct.unpack("<Q", payload)
        if address >= self.capacity():
            return BAD_ADDRESS, b""
        self.records = sorted(self.records + [(address, LINE, 3)])
        return 0, b""

    def cmd_4302(self, mailbox, payload):
        address, data = struct.unpack("<Q64s", payload)
        self.written = data
        self.records = [row for row in self.records if row[0] != address]
        return 0, b""

    def cmd_4303(self, mailbox, payload):
        address, lines = struct.unpack("<QQ", payload)
        if self.no_span and address < self.volatile * UNIT < address + lines * LINE:
            return INVALID_INPUT, b""
        return 0, struct.pack("<I", int(self.scan_seconds * 1000))

    def cmd_4304(self, mailbox, payload):
        address, lines, self.flags = struct.unpack("<QQB", payload)
        end = address + lines * LINE
        if self.background[3]:
            return BUSY, b""
        if self.no_span and address < self.volatile * UNIT < end:
            return INVALID_INPUT, b""
        self.found = [row for row in self.records if address <= row[0] < end]
        self.restart = (0, 0)
        if self.stop_after is not None and len(self.found) > self.stop_after:
            self.restart = (self.found[self.stop_after][0],
                            (end - self.found[self.stop_after][0]) // LINE)
            self.found = self.found[:self.stop_after]
        self.cursor.clear()
        self.scan_start = time.monotonic()
        self.background = (0x4304, 0, 0, True)
        return BACKGROUND_STARTED, b""

    def cmd_4305(self, mailbox, payload):
        if self.background[0] == 0 or self.background[3]:
            return BUSY if self.background[3] else UNSUPPORTED, b""
        data, count, more = self.page(mailbox, "results", self.found)
        flags = more | 2 * bool(self.restart[1])
        return 0, struct.pack("<QQBBH12x", *self.restart, flags, 0, count) + data

    def advance(self):
        opcode, percent, code, running = self.background
        if running:
            percent = min(int((time.monotonic() - self.scan_start) / self.scan_seconds * 100), 100)
            self.background = (opcode, percent, 0, percent < 100)


class Function:
    """The sysfs folder of a PCI function, and the thread behind its registers."""

    BDF = "0000:35:00.0"
    BLOCK = 0x10000  # of the register block in its BAR

    def __init__(self, root, model, secondary=True, driver="cxl_pci"):
        self.root, self.model = str(root), model
        self.log = []
        self.rung = set()  # mailboxes whose doorbell was seen up
        self.silent = set()  # opcodes that are never answered
        self.before_answer = lambda mailbox, opcode: None  # everything is written but the doorbell
        self.folder = os.path.join(self.root, "bus/pci/devices", self.BDF)
        os.makedirs(self.folder)
        if driver:
            os.makedirs(os.path.join(self.root, "bus/pci/drivers", driver))
            os.symlink(f"../../drivers/{driver}", os.path.join(self.folder, "driver"))
        self.mailboxes = {"primary": (2, 0x0FE0)}
        if secondary:
            self.mailboxes["secondary"] = (3, 0x1FE0 + model.payload)
        self.size = self.BLOCK + 0x4000 + 2 * model.payload
        self.write_config()
        with open(self.path("resource2"), "w+b") as file:
            file.truncate(self.size)
            self.memory = mmap.mmap(file.fileno(), self.size)
        self.write_capabilities()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def path(self, name):
        return os.path.join(self.folder, name)

    # --- registers

    def read(self, offset, size):
        at = self.BLOCK + offset
        return int.from_bytes(self.memory[at:at + size], "little")

    def write(self, offset, size, value):
        at = self.BLOCK + offset
        self.memory[at:at + size] = value.to_bytes(size, "little")

    def write_config(self, locator=0x1E98, command=0x0006):
        config = bytearray(4096)
        struct.pack_into("<HHHH", config, 0, 0x1E98, 0x0001, command, 0)
        # A serial number, the DVSEC of CXL devices, the register locator.
        struct.pack_into("<IIQ", config, 0x100, 0x0003 | 1 << 16 | 0x110 << 20, 0x12345678, 0)
        struct.pack_into("<IIH", config, 0x110, 0x0023 | 1 << 16 | 0x150 << 20,
                         0x1E98 | 0x3C << 20, 0)
        struct.pack_into("<IIHH", config, 0x150, 0x0023 | 1 << 16, locator | 0x1C << 20, 8, 0)
        struct.pack_into("<IIII", config, 0x15C, 0 | 1 << 8, 0, 2 | 3 << 8 | self.BLOCK, 0)
        with open(self.path("config"), "wb") as file:
            file.write(config)

    def write_capabilities(self):
        capabilities = [(0x0001, 0x80, 8), (0x4000, 0x88, 8)]
        for identity, offset in self.mailboxes.values():
            capabilities.append((identity, offset, 0x20 + self.model.payload))
            self.write(offset, 4, self.model.payload.bit_length() - 1)
        self.write(0, 8, 1 << 16 | len(capabilities) << 32)
        for i, (identity, offset, length) in enumerate(capabilities):
            self.write(0x10 + 16 * i, 4, identity | 1 << 16)
            self.write(0x14 + 16 * i, 4, offset)
            self.write(0x18 + 16 * i, 4, length)

    # --- the device behind them

    def answer(self, name, at):
        command = self.read(at + 8, 8)
        opcode, length = command & 0xFFFF, command >> 16 & 0x1FFFFF
        payload = bytes(self.memory[self.BLOCK + at + 0x20:self.BLOCK + at + 0x20 + length])
        self.log.append(Command(name, opcode, payload, self.read(at + 4, 4)))
        if opcode in self.silent:
            return
        code, reply = self.model.execute(name, opcode, payload)
        self.memory[self.BLOCK + at + 0x20:self.BLOCK + at + 0x20 + len(reply)] = reply
        self.write(at + 8, 8, opcode | len(reply) << 16)
        self.show_background(code)
        self.before_answer(name, opcode)
        self.rung.discard(name)  # before the next command can come
        self.write(at + 4, 4, self.read(at + 4, 4) & ~1)

    def release(self, mailbox):
        """Lowers a doorbell that was never answered."""
        self.write(self.mailboxes[mailbox][1] + 4, 4, 0)
        self.rung.discard(mailbox)

    def show_background(self, code=None):
        opcode, percent, result, running = self.model.background
        at = self.mailboxes["primary"][1]
        code = self.read(at + 0x10, 8) >> 32 & 0xFFFF if code is None else code
        for name, (_, offset) in self.mailboxes.items():
            if name != "primary":
                self.write(offset + 0x10, 8, code << 32)
        self.write(at + 0x18, 8, opcode | percent << 16 | result << 32)
        self.write(at + 0x10, 8, code << 32 | running)

    def serve(self):
        while not self.stop.is_set():
            for name, (_, at) in self.mailboxes.items():
                ringing = self.read(at + 4, 4) & 1
                if ringing and name not in self.rung:
                    self.rung.add(name)
                    self.answer(name, at)
                if not self.read(at + 4, 4) & 1:
                    self.rung.discard(name)
            self.model.advance()
            self.show_background()
            time.sleep(0.0002)
