# SPDX-License-Identifier: MIT
"""cxl-inject-uncorrectable-errors and cxl-inject-correctable-error, as a guest sees them: the RAS
capability (CXL 8.2.4.17), the AER capability (PCIe 7.8.4), the device status."""

import os

import pytest
from daemon import QmpError
from vfio_user import BAR0, ERR, capabilities, dvsecs, extended_capabilities, register_blocks

UNCORRECTABLE = {
    "cache-data-parity": 0, "cache-address-parity": 1, "cache-be-parity": 2, "cache-data-ecc": 3,
    "mem-data-parity": 4, "mem-address-parity": 5, "mem-be-parity": 6, "mem-data-ecc": 7,
    "reinit-threshold": 8, "rsvd-encoding": 9, "poison-received": 10, "receiver-overflow": 11,
    "internal": 14, "cxl-ide-tx": 15, "cxl-ide-rx": 16}
CORRECTABLE = ["cache-data-ecc", "mem-data-ecc", "crc-threshold", "retry-threshold",
               "cache-poison-received", "mem-poison-received", "physical"]
STATUS, MASK, COR_STATUS, COR_MASK, CONTROL, LOG = 0, 4, 0x0c, 0x10, 0x14, 0x18
NO_ERROR = 63


class Guest:
    """The registers; every error is let through."""

    def __init__(self, client, unmask=True):
        self.client = client
        block = register_blocks(client)[1]
        assert block[0] == BAR0
        base = block[1] + 0x1000
        heads = [client.get(BAR0, base + 4 + 4 * i) for i in range(client.get(BAR0, base) >> 24)]
        self.ras = base + next(head >> 20 for head in heads if head & 0xffff == 2)
        self.aer = next(at for kind, _, at in extended_capabilities(client) if kind == 1)
        self.pcie = dict(capabilities(client))[0x10]
        if unmask:
            self.put(MASK, 0)
            self.put(COR_MASK, 0)

    def get(self, offset):
        return self.client.get(BAR0, self.ras + offset)

    def put(self, offset, value):
        self.client.put(BAR0, self.ras + offset, value)

    def first(self):
        return self.get(CONTROL) & 0x3f

    def log(self):
        return [self.get(LOG + 4 * i) for i in range(16)]

    def shown(self):
        """(AER uncorrectable, AER corrected, device status)"""
        return (self.client.config(self.aer + 4), self.client.config(self.aer + 0x10),
                self.client.config(self.pcie + 0x0a, 2))


@pytest.fixture
def guest(client):
    return Guest(client)


def inject(qmp, *errors):
    reply = qmp.cmd("cxl-inject-uncorrectable-errors", path="/machine/peripheral/mem0",
                    errors=[{"type": kind, "header": header} for kind, header in errors])
    assert set(reply) == {"recorded", "aer"} and reply["aer"] == "not-delivered"
    return reply["recorded"]


def correctable(qmp, kind):
    reply = qmp.cmd("cxl-inject-correctable-error", path="mem0", type=kind)
    assert set(reply) == {"recorded", "aer"} and reply["aer"] == "not-delivered"
    return reply["recorded"]


@pytest.mark.parametrize("kind", UNCORRECTABLE)
def test_uncorrectable(qmp, guest, kind):
    header = [0xdead0000 + i for i in range(16)]
    assert inject(qmp, (kind, header)) == 1
    assert guest.get(STATUS) == 1 << UNCORRECTABLE[kind]
    assert guest.first() == UNCORRECTABLE[kind] and guest.log() == header
    assert guest.shown() == (1 << 22, 0, 4), "internal error; fatal"
    guest.put(STATUS, 1 << UNCORRECTABLE[kind])
    assert guest.get(STATUS) == 0 and guest.first() == NO_ERROR


@pytest.mark.parametrize("kind", CORRECTABLE)
def test_correctable(qmp, guest, kind):
    bit = 1 << CORRECTABLE.index(kind)
    assert correctable(qmp, kind) == 1
    assert guest.get(COR_STATUS) == bit and guest.get(STATUS) == 0
    assert guest.shown() == (0, 1 << 14, 1)
    guest.put(COR_STATUS, bit)
    assert guest.get(COR_STATUS) == 0


def test_after_a_reset_everything_is_masked(qmp, client):
    guest = Guest(client, unmask=False)
    assert inject(qmp, ("internal", [1]), ("mem-data-ecc", [])) == 0
    assert correctable(qmp, "physical") == 0
    assert (guest.get(STATUS), guest.get(COR_STATUS), guest.first()) == (0, 0, 0)
    assert guest.shown() == (0, 0, 0)


def test_a_mask_drops_its_errors_alone(qmp, guest):
    guest.put(MASK, 1 << UNCORRECTABLE["mem-data-ecc"])
    assert inject(qmp, ("mem-data-ecc", [1]), ("internal", [2]), ("mem-data-ecc", [3])) == 1
    assert guest.get(STATUS) == 1 << 14 and guest.log()[0] == 2


def test_headers_queue_up(qmp, guest):
    """Writing the first error's bit, and nothing else, brings up the next one; over two commands."""
    assert inject(qmp, ("cxl-ide-rx", [1, 2]), ("cache-data-parity", [3])) == 2
    assert inject(qmp, ("cxl-ide-rx", [4])) == 1
    assert guest.get(STATUS) == 0x10001
    for bit, log in ((16, [1, 2]), (0, [3, 0]), (16, [4, 0])):
        assert guest.first() == bit and guest.log()[:2] == log and guest.get(STATUS) >> bit & 1
        guest.put(STATUS, 1 << bit)
    assert guest.get(STATUS) == 0 and guest.log() == [0] * 16


def test_as_linux_clears(qmp, guest):
    """All bits that are set, in one write."""
    inject(qmp, ("mem-data-ecc", [1]), ("internal", [2]), ("mem-data-ecc", [3]))
    guest.put(STATUS, guest.get(STATUS))
    assert guest.get(STATUS) == 0 and guest.first() == NO_ERROR
    inject(qmp, ("mem-data-ecc", [4]))
    assert guest.log()[0] == 4


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 32])
def test_header_lengths(qmp, guest, length):
    """32 are taken, as by QEMU; the registers end after 16."""
    header = [0xffffffff - i for i in range(length)]
    assert inject(qmp, ("internal", header)) == 1
    assert guest.log() == (header + [0] * 16)[:16]
    assert guest.client.read(BAR0, guest.ras + 0x58, 8) == bytes(8), "nothing is behind them"


def test_errors_change_nothing(qmp, guest):
    good = {"type": "internal", "header": []}
    for path, errors, text in (
            ("mem1", [good], "Unable to resolve path"),
            ("mem1", [{"type": "internal", "header": [0] * 33}], "Unable to resolve path"),
            ("mem0", [good, {"type": "internal", "header": [0] * 33}],
             "Header must be 32 DWORD or less"),
            ("mem0", [good, {"type": "internal", "header": list(range(4000))}],
             "Header must be 32 DWORD or less")):
        with pytest.raises(QmpError) as error:
            qmp.cmd("cxl-inject-uncorrectable-errors", path=path, errors=errors)
        assert (error.value.cls, error.value.desc) == ("GenericError", text)
    with pytest.raises(QmpError, match="Unable to resolve path"):
        qmp.cmd("cxl-inject-correctable-error", path="mem1", type="physical")
    assert guest.get(STATUS) == 0 and guest.shown() == (0, 0, 0)


def test_no_errors_at_all(qmp, guest):
    assert inject(qmp) == 0
    assert guest.shown() == (0, 0, 0)


def test_many_errors(qmp, guest):
    """More than have room: no bit is lost, no header is mixed up."""
    assert inject(qmp, *(("mem-be-parity", [n]) for n in range(3000)),
                  ("poison-received", [1])) == 3001
    assert guest.get(STATUS) == 1 << 6 | 1 << 10
    for n in range(5):
        assert guest.log()[0] == n
        guest.put(STATUS, 1 << 6)
    guest.put(STATUS, 1 << 6 | 1 << 10)
    assert guest.get(STATUS) == 0


def test_sticky(qmp, client, guest):
    """A CXL reset keeps errors, a conventional one does not."""
    inject(qmp, ("internal", [7]))
    correctable(qmp, "physical")
    client.put_config(dvsecs(client)[0][0] + 0x10, 4, 2)
    assert (guest.get(STATUS), guest.get(COR_STATUS), guest.log()[0]) == (1 << 14, 1 << 6, 7)
    assert guest.shown() == (1 << 22, 1 << 14, 5)
    client.reset()
    assert (guest.get(STATUS), guest.get(COR_STATUS), guest.log()[0]) == (0, 0, 0)
    assert guest.shown() == (0, 0, 0)


def test_the_error_interrupt_stays_silent(qmp, client, guest):
    """QEMU would stop the virtual machine."""
    fd = os.eventfd(0, os.EFD_NONBLOCK)
    count = client.irq_info(ERR).count
    if count:
        client.set_irqs(0x24, ERR, 0, 1, [fd])
    inject(qmp, ("internal", [1]))
    correctable(qmp, "physical")
    guest.get(STATUS)
    with pytest.raises(BlockingIOError):
        os.eventfd_read(fd)
    os.close(fd)
