# SPDX-License-Identifier: MIT
"""A PCI function for `swcxlctl --pci`, as in a guest, that is a real device: what arrives at its
mailboxes goes to the device by its control socket, and what the device answers comes back."""

import os
import struct
import sys

from daemon import TREE, Qmp

sys.path.insert(0, os.path.join(TREE, "tests", "cli"))
from fake_pci import BACKGROUND_STARTED, CEL, SECONDARY, Function, Model  # noqa: E402

GET_SUPPORTED_LOGS, GET_LOG = 0x0400, 0x0401


class Through(Model):
    """What a device over there does."""

    def __init__(self, qmp):
        super().__init__()
        self.qmp = qmp
        _, logs = self.send(GET_SUPPORTED_LOGS, b"")
        size = dict(struct.iter_unpack("<16sI", logs[8:]))[CEL]
        code, effects = self.send(GET_LOG, CEL + struct.pack("<II", 0, size))
        assert code == 0, "no Command Effects Log"
        self.effects = dict(struct.iter_unpack("<HH", effects))
        self.effects.pop(0, None)

    def send(self, opcode, payload):
        reply = self.qmp.cmd("swcxl-cci", opcode=opcode, payload=payload.hex())
        return reply["return-code"], bytes.fromhex(reply["payload"])

    def execute(self, mailbox, opcode, payload):
        if mailbox == "secondary" and not self.effects.get(opcode, SECONDARY) & SECONDARY:
            return 0x15, b""
        code, output = self.send(opcode, payload)
        if code == BACKGROUND_STARTED:
            self.background = (opcode, 0, 0, True)
        return code, output

    def advance(self):
        if self.background[3]:
            now = self.qmp.cmd("swcxl-query-device")["background"]
            self.background = (now["opcode"], now["percent"], now["return-code"], now["running"])


class FakeGuest:
    """Where a guest's /sys would be; empty until it is attached to a device."""

    def __init__(self, root):
        self.root, self.function, self.qmp = str(root), None, None
        os.makedirs(self.root)

    def attach(self, qmp_path):
        self.close()
        self.qmp = Qmp(qmp_path)
        self.function = Function(self.root, Through(self.qmp))

    def close(self):
        if self.function:
            self.function.__exit__()
            self.qmp.close()
            self.function = None
