# SPDX-License-Identifier: MIT
"""A guest gone mad: any register, any value, any width, at any time; commands with any payload;
resets and errors planted in between. Nothing of it may end the process, hang it, or make a reply
that is not one. The sanitizer build is what this test is for."""

import os
import random
import struct
import time

from tables import command_rows
from vfio_user import (BAR0, BAR2, BAR4, CONFIG, EVENTFD, MSIX, NO_REPLY, REGION_WRITE, TRIGGER,
                       Client, Mailbox, QemuClient, assert_serves, device_capabilities, eventfds,
                       pack)

SECONDS = float(os.environ.get("SWCXL_TEST_WALK", "3"))
TOP = 512 << 20
OPCODES = [*command_rows()]
ADDRESSES = [0, 64, 128, 192, 4096, TOP // 2 - 64, TOP // 2, TOP - 64, TOP, 1, 2, 1 << 63,
             (1 << 64) - 64, (1 << 64) - 1]
LENGTHS = [0, 1, 2, 3, 64, TOP // 128, TOP // 64, TOP // 64 + 1, 1 << 26, 1 << 58, (1 << 64) - 1]


class Walk:
    """The madness, from one source of randomness."""

    def __init__(self, seed, client, qmp):
        self.random, self.client, self.qmp = random.Random(seed), client, qmp
        found = device_capabilities(client)
        self.boxes = [found[2][0], found[3][0]]
        self.payload = 256

    def value(self, width):
        return self.random.choice([
            0, 1, (1 << 8 * width) - 1, 1 << self.random.randrange(8 * width),
            self.random.randrange(1 << 8 * width)]).to_bytes(width, "little")

    def where(self):
        """A region, and an offset near to where its registers are."""
        region, near = self.random.choice([
            (BAR0, 0x1000 + self.random.randrange(0x200)), (BAR0, self.random.randrange(65000)),
            (BAR2, self.random.choice(self.boxes) + self.random.randrange(-16, 64)),
            (BAR2, 0x10000 + self.random.randrange(0x300)), (BAR2, self.random.randrange(65000)),
            (BAR4, self.random.randrange(4000)),
            (CONFIG, self.random.randrange(0x1c0)), (CONFIG, self.random.randrange(4000))])
        return region, near & ~self.random.choice([0, 3, 7])

    def write(self):
        region, offset = self.where()
        data = self.value(self.random.choice([1, 2, 3, 4, 4, 4, 8, 8, 16]))
        self.client.write(region, offset, data, posted=True)

    def write_much(self):
        """A long write right across a mailbox."""
        base = self.random.choice(self.boxes) - self.random.randrange(64)
        data = bytes(self.random.choice([0, 1, 0xff]) for _ in range(self.random.randrange(600)))
        self.client.write(BAR2, base, data, posted=True)

    def read(self):
        region, offset = self.where()
        self.client.read(region, offset, self.random.choice([1, 2, 3, 4, 8, 64]))

    def command(self):
        """A command that may make sense, of a length that may be right."""
        opcode = self.random.choice([*OPCODES, 0x4300, 0x4301, 0x4304, 0x4305,
                                     self.random.randrange(1 << 16)])
        body = struct.pack("<QQ", self.random.choice(ADDRESSES), self.random.choice(LENGTHS))
        body = self.random.choice([body, body + b"\1", body[:8], body[:8] + bytes(64), b"\2", b"",
                                   b"\1\0\1\0\0\0\1\0", self.value(16)])
        length = self.random.choice([len(body), len(body), len(body), len(body) + 1, 0, 256, 257,
                                     0x1fffff])
        base = self.random.choice(self.boxes)
        self.client.write(BAR2, base + 0x20, body, posted=True)
        self.client.put(BAR2, base + 8, opcode | length << 16, 8, posted=True)
        self.client.put(BAR2, base + 4, self.random.choice([1, 3, 5, 7]), posted=True)

    def outside(self):
        """What the person at the control socket does meanwhile."""
        if self.random.random() < 0.5:
            self.qmp.cmd("swcxl-clock-step", nanoseconds=self.random.choice(
                [1, 500, 32000, 10 ** 6, 10 ** 9, 10 ** 10]))
        else:
            start = self.random.choice(ADDRESSES[:8])
            self.qmp.cmd("swcxl-plant-poison", start=start, length=64,
                         source=self.random.choice(["internal", "injected", "external", "vendor"]),
                         known=self.random.random() < 0.5, permanent=self.random.random() < 0.1)

    def reset(self):
        if self.random.random() < 0.5:
            self.client.reset()
        else:
            irqs = eventfds(8)
            self.client.set_irqs(EVENTFD | TRIGGER, MSIX, 0, 8, [irq.fd for irq in irqs])
            for irq in irqs:
                irq.close()

    def step(self):
        self.random.choices([self.write, self.write_much, self.read, self.command, self.outside,
                             self.reset], [50, 3, 20, 20, 5, 2])[0]()


def test_random_walk(start):
    seed = int(os.environ.get("SWCXL_TEST_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
    print(f"SWCXL_TEST_SEED={seed}")
    device = start("--persistent", "256M", "--clock", "virtual", "--payload", "256",
                   "--poison-list-max", "3", "--inject-limit", "3", "--event-log-max", "5",
                   "--scan-results-max", "4")
    until = time.monotonic() + SECONDS
    with device.qmp() as qmp:
        while time.monotonic() < until:
            with Client(device.socket) as client:
                walk = Walk(seed, client, qmp)
                for _ in range(500):
                    walk.step()
                assert client.read(CONFIG, 0, 2) == b"\x98\x1e"
                # whatever was done to its registers, a reset makes it a device again
                client.reset()
                assert Mailbox(client).command(0x4000)[0] == 0
            seed += 1
    with QemuClient(device.socket) as client:
        client.start()
    assert_serves(device)


def test_writes_without_end(start):
    """A guest may post writes faster than anybody reads replies: none is owed for them."""
    device = start()
    with Client(device.socket) as client:
        one = pack(0, REGION_WRITE, struct.pack("<QII", 0x12000, BAR2, 8) + bytes(8), NO_REPLY)
        client.send_raw(one * 100000)
        assert client.read(CONFIG, 0, 2) == b"\x98\x1e"
