# SPDX-License-Identifier: MIT
"""Clients that put load on a device until it is killed, and what they know of it then.

Each client has a piece of the device to itself: lines, labels, an event log. So its piece is at
any moment what some number of its commands have made of it, in order; and after a crash that
number is at least that of the commands that were acknowledged, and at most that of those sent.
"""

import copy
import json
import random
import select
import socket
import struct

from daemon import Qmp
from snapshot import LOGS, VOLATILE
from vfio_user import BAR2, Client, Closed, Mailbox

UUID = "01020304-0506-0708-090a-0b0c0d0e0f10"
POISON, LINES = 96, 160  # of a piece: lines where poison comes up, and all
LABELS = 4096  # bytes of the label area
AHEAD = 50  # commands that a client sends before it reads their replies


class Piece:
    """A client's piece, as far as the control socket shows it."""

    def __init__(self):
        self.poison = {}  # line: (source, known, permanent)
        self.content = {}  # line: bytes that are not all zero; of the lines without poison
        self.labels = bytes(LABELS)
        self.events = []  # (handle, what it is about)
        self.last_handle = 0
        self.shutdown = 0, False  # dirty shutdowns so far, and whether it would be one now

    def copy(self):
        other = copy.copy(self)
        other.poison, other.content = dict(self.poison), dict(self.content)
        other.events = list(self.events)
        return other

    def power_cycle(self):
        """What remains to be seen after a crash and a start."""
        count, dirty = self.shutdown
        self.shutdown = count + dirty, False
        self.last_handle = self.events[-1][0] if self.events else 0

    def differences(self, other):
        return [key for key in self.__dict__ if getattr(self, key) != getattr(other, key)]

    # ---- commands: what each does ----

    def event(self, about):
        self.last_handle += 1
        self.events.append((self.last_handle, about))

    def plant(self, line, lines, source, known, permanent):
        news = None
        for at in range(line, line + lines):
            old = self.poison.get(at)
            if known and news is None and not (old and old[1]):
                news = at
            if old:
                self.poison[at] = (source if source == "external" else old[0], old[1] or known,
                                   old[2] or permanent)
            else:
                self.poison[at] = source, known, permanent
        if news is not None:
            self.event(news)

    def inject(self, line):
        """4301h: nothing where poison is."""
        if line not in self.poison:
            self.plant(line, 1, "injected", True, False)

    def write(self, line, data):
        for i in range(0, len(data), 64):
            at = line + i // 64
            if at in self.poison and not self.poison[at][2]:
                del self.poison[at]
            self.content.pop(at, None)
            if at >= POISON and any(data[i:i + 64]):
                self.content[at] = data[i:i + 64]

    def label(self, offset, data):
        self.labels = self.labels[:offset] + data + self.labels[offset + len(data):]

    def clear_events(self, n):
        del self.events[:n]

    def set_dirty(self):
        self.shutdown = self.shutdown[0], True

    def look(self):
        pass


class Loader:
    """A client. `acknowledged` and what is `sent` are of one life of the device; `piece` is what
    the acknowledged commands made."""

    def __init__(self, number, seed):
        self.number = number
        self.rng = random.Random(f"{seed} {number}")
        self.start = VOLATILE + 64 * LINES * number
        self.log = number
        self.piece = Piece()
        self.sent = []
        self.acknowledged = 0

    # ---- what to do ----

    def next(self):
        """One of the piece's methods, and its arguments. It is planned on what all commands that
        were sent make of the piece: they are executed in order."""
        rng, kind = self.rng, self.rng.random()
        line, lines = rng.randrange(POISON), rng.choice((1, 1, 2, 7))
        if kind < 0.40:
            return self.some_poison(line, min(lines, POISON - line))
        if kind < 0.65:
            line = rng.randrange(LINES)
            return self.some_write(line, min(lines, LINES - line))
        if kind < 0.75:
            offset = rng.randrange(LABELS - 1)
            return "label", offset, rng.randbytes(rng.randrange(1, min(1500, LABELS - offset) + 1))
        if kind < 0.90 and self.planned.events:
            return "clear_events", rng.randrange(1, min(20, len(self.planned.events)) + 1)
        return self.something_else()

    def begin(self):
        self.planned = self.piece.copy()
        self.sent, self.acknowledged = [], 0

    def plan(self):
        what = self.next()
        request = self.encode(*what)  # before it is done: handles are those of before
        getattr(self.planned, what[0])(*what[1:])
        self.sent.append(what)
        return request

    # ---- afterwards ----

    def observe(self, qmp):
        """The piece as the device shows it."""
        piece = Piece()
        for row in qmp.cmd("swcxl-query-poison", start=self.start, length=64 * LINES):
            assert row["listed"] == row["known"], row
            for line in range(row["length"] // 64):
                at = (row["start"] - self.start) // 64 + line
                piece.poison[at] = row["source"], row["known"], row["permanent"]
        data = bytes.fromhex(qmp.cmd("swcxl-read-media", start=self.start + 64 * POISON,
                                     length=64 * (LINES - POISON))["data"])
        for i in range(0, len(data), 64):
            if any(data[i:i + 64]):
                piece.content[POISON + i // 64] = data[i:i + 64]
        piece.labels = self.cci(qmp, 0x4102, struct.pack("<II", LABELS * self.number, LABELS))
        for event in qmp.cmd("swcxl-query-events", log=LOGS[self.log]):
            about = (event["dpa"] - self.start) // 64 if event["type"] == "general-media" \
                else event["data"][96:104]
            piece.events.append((event["handle"], about))
        piece.last_handle = piece.events[-1][0] if piece.events else 0
        return piece

    @staticmethod
    def cci(qmp, opcode, payload=b""):
        result = qmp.cmd("swcxl-cci", opcode=opcode, payload=payload.hex())
        assert result["return-code"] == 0, result
        return bytes.fromhex(result["payload"])

    def check(self, qmp):
        """The piece is what the acknowledged commands, or some more of those sent, have made; and
        from there it goes on. Returns how many more."""
        now, nearest = self.observe(qmp), None
        piece = self.piece
        for what in self.sent[:self.acknowledged]:
            getattr(piece, what[0])(*what[1:])
        for more in range(len(self.sent) - self.acknowledged + 1):
            after = piece.copy()
            after.power_cycle()
            if not after.differences(now):
                self.piece = after
                return more
            if not nearest or len(after.differences(now)) < len(nearest.differences(now)):
                nearest = after
            if self.acknowledged + more < len(self.sent):
                what = self.sent[self.acknowledged + more]
                getattr(piece, what[0])(*what[1:])
        raise AssertionError(
            f"client {self.number}: {self.acknowledged} of {len(self.sent)} commands were "
            f"acknowledged, and the device is as none of them or those after left it. Nearest:\n" +
            "".join(f"{key}: {getattr(nearest, key)}"[:500] + "\nand not " +
                    f"{getattr(now, key)}"[:500] + "\n" for key in nearest.differences(now)))


class QmpLoader(Loader):
    """Over the control socket, many commands ahead."""

    SOURCES = {1: "external", 2: "internal", 3: "vendor"}  # by the log that events go to

    def some_poison(self, line, lines):
        known = self.number != 3 and self.rng.random() < 0.8
        return ("plant", line, lines, self.SOURCES[self.number], known, self.rng.random() < 0.02)

    def some_write(self, line, lines):
        return "write", line, self.rng.choice((self.rng.randbytes, bytes))(64 * lines)

    def something_else(self):
        if self.rng.random() < 0.5:
            return ("look",)
        return "event", "%08x" % self.rng.getrandbits(32)

    def encode(self, name, *args):
        if name == "plant":
            line, lines, source, known, permanent = args
            return self.request("swcxl-plant-poison", start=self.start + 64 * line,
                                length=64 * lines, source=source, known=known, permanent=permanent)
        if name == "write":
            return self.request("swcxl-write-media", start=self.start + 64 * args[0],
                                data=args[1].hex())
        if name == "event":
            return self.request("swcxl-inject-event", log=LOGS[self.log], type=UUID, data=args[0])
        if name == "look":
            return self.request("swcxl-query-poison", start=self.start, length=64 * LINES)
        if name == "label":
            payload = struct.pack("<II", LABELS * self.number + args[0], 0) + args[1]
            return self.request("swcxl-cci", opcode=0x4103, payload=payload.hex())
        handles = [handle for handle, _ in self.planned.events[:args[0]]]
        payload = struct.pack(f"<6B{len(handles)}H", self.log, 0, len(handles), 0, 0, 0, *handles)
        return self.request("swcxl-cci", opcode=0x0101, payload=payload.hex())

    @staticmethod
    def request(name, **arguments):
        return json.dumps({"execute": name, "arguments": arguments}).encode()

    def connect(self, device):
        self.qmp = Qmp(device.qmp_path)

    def run(self):
        qmp = self.qmp
        try:
            while True:
                qmp.send(b"".join(self.plan() for _ in range(self.rng.randrange(1, 20))))
                while len(self.sent) - self.acknowledged > AHEAD or \
                        select.select([qmp.socket], [], [], 0)[0]:
                    if not self.take():
                        return
        except (BrokenPipeError, ConnectionResetError):
            self.drain()

    def drain(self):
        """What was said before the end."""
        try:
            while self.take():
                pass
        except ConnectionResetError:
            pass

    def take(self):
        """One reply; false at the end."""
        reply = self.qmp.recv_reply()
        if reply is None:
            return False
        assert "return" in reply, (reply, self.sent[self.acknowledged])
        assert reply["return"] == {} or isinstance(reply["return"], list) or \
            reply["return"]["return-code"] == 0, (reply, self.sent[self.acknowledged])
        self.acknowledged += 1
        return True

    def disconnect(self):
        self.qmp.close()


class MailboxLoader(Loader):
    """A guest: one command after the other through the mailbox, whose doorbell it watches."""

    def some_poison(self, line, lines):
        return "inject", line

    def some_write(self, line, lines):
        return "write", line, self.rng.randbytes(64)

    def something_else(self):
        return (self.rng.choice(("look", "set_dirty")),)

    def encode(self, name, *args):
        if name == "inject":
            return 0x4301, struct.pack("<Q", self.start + 64 * args[0])
        if name == "write":
            return 0x4302, struct.pack("<Q", self.start + 64 * args[0]) + args[1]
        if name == "label":
            return 0x4103, struct.pack("<II", LABELS * self.number + args[0], 0) + args[1]
        if name == "look":
            return 0x4300, struct.pack("<QQ", self.start | 1, LINES)
        if name == "set_dirty":
            return 0x4204, b"\1"
        handles = [handle for handle, _ in self.planned.events[:args[0]]]
        return 0x0101, struct.pack(f"<6B{len(handles)}H", self.log, 0, len(handles), 0, 0, 0,
                                   *handles)

    def next(self):
        """No permanent errors: clearing one would be refused."""
        what = super().next()
        return ("look",) if what[0] == "write" and what[1] in self.planned.poison and \
            self.planned.poison[what[1]][2] else what

    def connect(self, device):
        self.client = Client(device.socket)
        self.mailbox = Mailbox(self.client, mapped=True)

    def run(self):
        client, mailbox = self.client, self.mailbox
        try:
            while True:
                opcode, payload = self.plan()
                mailbox.put_payload(payload)
                client.put(BAR2, mailbox.base + Mailbox.COMMAND, opcode | len(payload) << 16, 8,
                           posted=True)
                client.put(BAR2, mailbox.base + Mailbox.CONTROL, 1, posted=True)
                while mailbox.get(Mailbox.CONTROL) & 1:
                    pass
                rc = mailbox.get(Mailbox.STATUS, 8) >> 32 & 0xffff
                assert rc == 0, (rc, self.sent[-1])
                self.acknowledged += 1
        except (Closed, BrokenPipeError, ConnectionResetError):
            pass

    def observe(self, qmp):
        piece = super().observe(qmp)
        piece.shutdown = int.from_bytes(self.cci(qmp, 0x4200)[6:10], "little"), False
        return piece

    def disconnect(self):
        self.client.close()


def loaders(seed):
    return [MailboxLoader(0, seed)] + [QmpLoader(number, seed) for number in (1, 2, 3)]
