# SPDX-License-Identifier: MIT
"""A vfio-user client of our own, and a driver of CXL mailboxes on top of it.

    with Client(device.socket) as client:
        mailbox = Mailbox(client)
        rc, out = mailbox.command(0x4000)

The client sends what it is told, wrong things included. QemuClient and CloudHypervisorClient use
the same verbs, but read replies exactly as those programs do, and do at start-up what they do.
Offsets and sizes are those of QEMU's docs/interop/vfio-user.rst.
"""

import array
import collections
import ctypes
import errno
import json
import mmap
import os
import socket
import struct
import time

TIMEOUT = float(os.environ.get("SWCXL_TEST_TIMEOUT", "20"))

VERSION, DMA_MAP, DMA_UNMAP, GET_INFO, GET_REGION_INFO = 1, 2, 3, 4, 5
GET_REGION_IO_FDS, GET_IRQ_INFO, SET_IRQS, REGION_READ, REGION_WRITE = 6, 7, 8, 9, 10
DMA_READ, DMA_WRITE, DEVICE_RESET, DIRTY_PAGES, WRITE_MULTI = 11, 12, 13, 14, 15
DEVICE_FEATURE, MIG_DATA_READ, MIG_DATA_WRITE = 16, 17, 18

REPLY, NO_REPLY, ERROR = 0x1, 0x10, 0x20
BAR0, BAR2, BAR4, ROM, CONFIG, VGA = 0, 2, 4, 6, 7, 8
INTX, MSI, MSIX, ERR, REQ = 0, 1, 2, 3, 4
NONE, BOOL, EVENTFD, MASK, UNMASK, TRIGGER = 1, 2, 4, 8, 16, 32
HEADER = struct.Struct("<HHIII")
MESSAGE_MAX = 16 + 16 + (1 << 20)

Message = collections.namedtuple("Message", "id command flags error body fds raw")
RegionInfo = collections.namedtuple("RegionInfo", "argsz flags index cap_offset size offset areas")
IrqInfo = collections.namedtuple("IrqInfo", "argsz flags index count")


class VfioError(Exception):
    """An error reply."""

    def __init__(self, number):
        super().__init__(errno.errorcode.get(number, str(number)))
        self.errno = number


class Closed(Exception):
    """The server has closed the connection."""


def pack(message_id, command, body=b"", flags=0, size=None):
    """A message; size overrides the true one."""
    return HEADER.pack(message_id, command, 16 + len(body) if size is None else size,
                       flags, 0) + body


class Client:
    """A connection. `where` is the path of the server's socket, or a connected socket."""

    minor = 1
    capabilities = {"max_msg_fds": 16, "max_data_xfer_size": 1048576}

    def __init__(self, where, version=True, timeout=TIMEOUT):
        if isinstance(where, socket.socket):
            self.socket = where
        else:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.connect(where)  # blocking: it may have to wait for room in the backlog
        self.socket.settimeout(timeout)
        self.next_id = 0
        self.maps = []
        if version:
            self.version()

    def close(self):
        for area in self.maps:
            area.close()
        self.maps = []
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- messages ----

    def send_raw(self, data, fds=()):
        """Bytes as they are, with descriptors attached to the first of them."""
        if not fds:
            self.socket.sendall(data)
            return
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
        sent = self.socket.sendmsg([data], rights)
        if sent < len(data):
            self.socket.sendall(data[sent:])

    def send(self, command, body=b"", flags=0, fds=(), size=None):
        """Sends a command and returns its id."""
        message_id = self.next_id
        self.next_id = (self.next_id + 1) & 0xffff
        self.send_raw(pack(message_id, command, body, flags, size), fds)
        return message_id

    def receive(self, size, fds):
        """One recvmsg of at most `size` bytes; descriptors are added to fds."""
        data, ancillary, flags, _ = self.socket.recvmsg(size, socket.CMSG_SPACE(16 * 4))
        assert not flags & socket.MSG_CTRUNC, "descriptors were cut off"
        for level, kind, rights in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                got = array.array("i")
                got.frombytes(rights[:len(rights) - len(rights) % got.itemsize])
                fds.extend(got)
        return data

    def recv(self):
        """The next message. Its header has to come in one piece, with all descriptors."""
        fds = []
        try:
            head = self.receive(16, fds)
        except ConnectionResetError:
            head = b""
        if not head:
            raise Closed
        assert len(head) == 16, f"a header in pieces: {head.hex()}"
        message_id, command, size, flags, error = HEADER.unpack(head)
        assert size >= 16, head.hex()
        body, late = b"", []
        while len(body) < size - 16:
            piece = self.receive(size - 16 - len(body), late)
            if not piece:
                raise Closed
            body += piece
        assert not late, "descriptors came behind the header"
        return Message(message_id, command, flags, error, body, fds, head + body)

    def closed(self):
        """The server closes the connection, saying nothing more."""
        try:
            self.recv()
        except Closed:
            return True
        return False

    def reply(self, message_id, command):
        """The reply to a command; VfioError when it is an error."""
        message = self.recv()
        assert (message.id, message.command) == (message_id, command), message
        if message.flags & ERROR:
            assert message.flags == REPLY | ERROR and not message.body and not message.fds, message
            assert 0 < message.error < 4096, message
            raise VfioError(message.error)
        assert message.flags == REPLY and message.error == 0, message
        return message

    def call(self, command, body=b"", fds=(), flags=0):
        """A command and its reply's body; no descriptor may come back."""
        message = self.reply(self.send(command, body, flags, fds), command)
        assert not message.fds, message
        return message.body

    # ---- commands ----

    def version(self, major=0, minor=None, text=None):
        """Negotiates; returns (major, minor, the server's JSON)."""
        if text is None:
            text = json.dumps({"capabilities": self.capabilities}).encode() + b"\0"
        minor = self.minor if minor is None else minor
        body = self.call(VERSION, struct.pack("<HH", major, minor) + text)
        assert body.endswith(b"\0") and body.count(b"\0", 4) == 1, body
        return *struct.unpack_from("<HH", body), json.loads(body[4:-1])

    def info(self, argsz=16):
        """(argsz, flags, regions, irqs)"""
        return struct.unpack("<IIII", self.call(GET_INFO, struct.pack("<IIII", argsz, 0, 0, 0)))

    @staticmethod
    def parse_region_info(body):
        info = struct.unpack_from("<IIIIQQ", body)
        areas = []
        if info[1] & 8:
            kind, version, following, n, _ = struct.unpack_from("<HHIII", body, info[3])
            assert (kind, version, following) == (1, 1, 0), body.hex()
            assert len(body) == info[0] == info[3] + 16 + 16 * n, body.hex()
            areas = [struct.unpack_from("<QQ", body, info[3] + 16 + 16 * i) for i in range(n)]
        return RegionInfo(*info, areas)

    def ask_region_info(self, index, argsz=32):
        """One GET_REGION_INFO: its reply as it came."""
        body = struct.pack("<IIIIQQ", argsz, 0, index, 0, 0, 0)
        return self.reply(self.send(GET_REGION_INFO, body), GET_REGION_INFO)

    def region_info(self, index):
        """Asks, and asks again with room for capabilities. (info, descriptor or None)"""
        message = self.ask_region_info(index)
        info = self.parse_region_info(message.body)
        if info.argsz > 32:
            for fd in message.fds:
                os.close(fd)
            message = self.ask_region_info(index, info.argsz)
            info = self.parse_region_info(message.body)
        assert len(message.fds) <= 1, message
        assert bool(message.fds) == bool(info.flags & 4), message
        return info, message.fds[0] if message.fds else None

    def irq_info(self, index, argsz=16):
        body = self.call(GET_IRQ_INFO, struct.pack("<IIII", argsz, 0, index, 0))
        return IrqInfo(*struct.unpack("<IIII", body))

    def set_irqs(self, flags, index=MSIX, start=0, count=0, fds=(), data=b"", argsz=None):
        argsz = 20 + len(data) if argsz is None else argsz
        body = self.call(SET_IRQS, struct.pack("<IIIII", argsz, flags, index, start, count) + data,
                         fds)
        assert body == b""

    def read(self, region, offset, count):
        head = struct.pack("<QII", offset, region, count)
        body = self.call(REGION_READ, head)
        assert body[:16] == head and len(body) == 16 + count, body[:32].hex()
        return body[16:]

    def write(self, region, offset, data, posted=False):
        """posted: as QEMU writes to memory BARs, without a reply."""
        head = struct.pack("<QII", offset, region, len(data))
        if posted:
            self.send(REGION_WRITE, head + data, NO_REPLY)
        else:
            assert self.call(REGION_WRITE, head + data) == head

    def reset(self):
        assert self.call(DEVICE_RESET) == b""

    def dma_map(self, address, size, fds=()):
        assert self.call(DMA_MAP, struct.pack("<IIQQQ", 32, 3, 0, address, size), fds) == b""

    def dma_unmap(self, address, size):
        entry = struct.pack("<IIQQ", 24, 0, address, size)
        assert self.call(DMA_UNMAP, entry) == entry

    # ---- registers ----

    def get(self, region, offset, width=4):
        return int.from_bytes(self.read(region, offset, width), "little")

    def put(self, region, offset, value, width=4, posted=False):
        self.write(region, offset, value.to_bytes(width, "little"), posted)

    def config(self, offset, width=4):
        return self.get(CONFIG, offset, width)

    def put_config(self, offset, value, width=4):
        self.put(CONFIG, offset, value, width)

    def map_areas(self, index=BAR2):
        """Maps what a region offers: {offset in the region: mmap}."""
        return {offset: self.map(offset, size, index)
                for offset, size in self.region_info(index)[0].areas}

    def map(self, offset, size=None, index=BAR2):
        """Maps a piece of what a region offers: so many bytes, or as far as it reaches."""
        info, fd = self.region_info(index)
        assert fd is not None, "the region offers no memory"
        try:
            start, length = next(area for area in info.areas
                                 if area[0] <= offset < area[0] + area[1])
            assert (size or 0) <= start + length - offset
            self.maps.append(mmap.mmap(fd, size or start + length - offset,
                                       offset=info.offset + offset))
        finally:
            os.close(fd)
        return self.maps[-1]


def connect_late(path):
    """A client that has connected and said nothing yet."""
    return Client(path, version=False)


def assert_serves(device):
    """A good client is served."""
    with Client(device.socket) as good:
        assert good.read(CONFIG, 0, 2) == b"\x98\x1e"


# ---- as two programs do it ---------------------------------------------------------------------


class QemuClient(Client):
    """As QEMU 11.1: the receive buffer is the request's own size, and no reply may be longer."""

    minor = 0
    # The order of keys is that of QEMU's hash: any.
    text = (b'{"capabilities": {"pgsizes": 4096, "max_msg_fds": 16, "max_dma_maps": 65535, '
            b'"max_data_xfer_size": 1048576, "migration": {"max_bitmap_size": 268435456, '
            b'"pgsize": 4096}, "write_multiple": true}}\0')

    def __init__(self, where):
        self.room = {}
        super().__init__(where, version=False)

    def send(self, command, body=b"", flags=0, fds=(), size=None):
        message_id = super().send(command, body, flags, fds, size)
        room = 16 + len(body)
        if command == REGION_READ:
            room += struct.unpack_from("<I", body, 12)[0]
        elif command == GET_REGION_INFO:
            room = 16 + struct.unpack_from("<I", body)[0]
        self.room[message_id] = room
        return message_id

    def reply(self, message_id, command):
        message = super().reply(message_id, command)
        assert len(message.raw) <= self.room[message_id], f"longer than QEMU's buffer: {message}"
        assert len(message.fds) <= (1 if command == GET_REGION_INFO else 0), message
        return message

    def start(self):
        """Everything up to the end of the machine's reset. Returns {region: RegionInfo}, and the
        configuration space as it was read."""
        body = struct.pack("<HH", 0, 0) + self.text
        assert len(body) + 16 == 214
        reply = self.call(VERSION, body)
        assert struct.unpack_from("<HH", reply) == (0, 0)
        self.check_capabilities(json.loads(reply[4:-1])["capabilities"])
        self.map_ram()

        argsz, flags, regions, irqs = self.info()
        assert argsz == 16 and flags & 2 and 8 <= regions <= 100 and 3 <= irqs <= 50
        infos = {}
        for index in (0, 1, 2, 3, 4, 5, 7):
            infos[index], fd = self.region_info(index)
            if fd is not None:
                os.close(fd)
        error = self.irq_info(ERR)
        config = self.read(CONFIG, 0, infos[CONFIG].size)
        for step in (None, 0xfffff800, None, 0):  # the ROM's size
            if step is None:
                assert self.config(0x30) == 0
            else:
                self.put_config(0x30, step)
        for bar in (0x10, 0x18, 0x20):
            self.config(bar)
        self.find_msix(config)
        assert self.irq_info(MSIX).count > 0
        assert self.config(0x3d, 1) == 0, "an interrupt pin"
        if error.count == 1:
            fd = os.eventfd(0)
            self.set_irqs(EVENTFD | TRIGGER, ERR, 0, 1, [fd])
            os.close(fd)
        self.machine_reset(flags)
        return infos, config

    @staticmethod
    def check_capabilities(caps):
        """What newer trees insist on; a key that we did not send would only be warned of."""
        asked = json.loads(QemuClient.text[:-1])["capabilities"]
        assert set(caps) <= set(asked), "spurious capabilities"
        assert caps.get("max_msg_fds", 1) <= 16
        assert 4096 <= caps.get("max_data_xfer_size", 1048576) <= 64 << 20
        assert caps.get("write_multiple", False) is False, "a broken flag in QEMU 10.1 and 10.2"

    def map_ram(self):
        """Guest memory: with a file, without, and not waited for one by one."""
        fd = os.memfd_create("ram")
        os.ftruncate(fd, 1 << 20)
        ids = []
        for address, size, fds in ((0, 0xa0000, [fd]), (0xc0000, 0x20000, []),
                                   (0x100000, 0x7ff00000, [fd]), (0xfffc0000, 0x40000, [])):
            body = struct.pack("<IIQQQ", 32, 3 if fds else 1, 0, address, size)
            ids.append(self.send(DMA_MAP, body, 0, fds))
        os.close(fd)
        for message_id in ids:
            assert self.reply(message_id, DMA_MAP).body == b""

    def find_msix(self, config):
        at = config[0x34]
        while at and config[at] != 0x11:
            at = config[at + 1]
        assert at, "no MSI-X capability"
        self.config(at + 2, 2)
        self.config(at + 4)
        self.config(at + 8)

    def machine_reset(self, flags=1):
        """At start, and at every reboot of the guest."""
        self.set_irqs(NONE | TRIGGER, MSIX)
        self.put_config(4, self.config(4, 2) & ~0x407, 2)
        if flags & 1:
            self.reset()
        assert self.config(0x3d, 1) == 0
        for bar in range(6):
            self.put_config(0x10 + 4 * bar, 0)


class CloudHypervisorClient(Client):
    """As Cloud Hypervisor: fixed-size reads in one piece, flags and errors never looked at."""

    minor = 1
    text = (b'{"capabilities":{"max_msg_fds":1,"max_data_xfer_size":1048576,'
            b'"migration":{"pgsize":4096}}}\0')

    def __init__(self, where):
        super().__init__(where, version=False)

    def exactly(self, size):
        """A reply of this size, in one recvmsg."""
        fds = []
        data = self.receive(size, fds)
        assert len(data) == size, f"{len(data)} bytes where {size} are read: {data.hex()}"
        return data, fds

    def call(self, command, body=b"", fds=(), flags=0):
        self.send(command, body, flags, fds)
        if command == VERSION:
            head, _ = self.exactly(16)
            rest, _ = self.exactly(HEADER.unpack(head)[2] - 16)
            return rest
        expected = {GET_INFO: 32, GET_IRQ_INFO: 32, REGION_WRITE: 32, DMA_UNMAP: 40}
        if command == REGION_READ:
            size = 32 + struct.unpack_from("<I", body, 12)[0]
        else:
            size = expected.get(command, 16)
        data, got = self.exactly(size)
        assert not got
        return data[16:]

    def region_info(self, index):
        """48 bytes, in one recvmsg; then, with the same message id, the capabilities."""
        message_id, body = self.next_id, struct.pack("<IIIIQQ", 32, 0, index, 0, 0, 0)
        self.next_id += 1
        self.send_raw(pack(message_id, GET_REGION_INFO, body))
        data, fds = self.exactly(48)
        info = self.parse_region_info(data[16:])
        if info.argsz > 32:
            for fd in fds:
                os.close(fd)
            body = struct.pack("<IIIIQQ", info.argsz, 0, index, 0, 0, 0)
            self.send_raw(pack(message_id, GET_REGION_INFO, body))
            data, fds = self.exactly(48)
            size = HEADER.unpack_from(data)[2]
            more, _ = self.exactly(size - 48)
            data += more
            info = self.parse_region_info(data[16:])
            assert len(data) - 48 == info.argsz - 32
        assert not info.flags & 4 or fds, "it panics on MMAP without a descriptor"
        return info, fds[0] if fds else None

    def start(self):
        """Everything up to the guest's first instruction. Returns {region: RegionInfo}, and
        {BAR register: size}."""
        self.call(VERSION, struct.pack("<HH", 0, 1) + self.text)
        _, flags, regions, irqs = self.info(argsz=32)
        assert flags & 2
        infos = {}
        for index in range(regions):
            infos[index], fd = self.region_info(index)
            if fd is not None:
                os.close(fd)
        if not flags & 1:
            self.reset()
        caps = dict(capabilities(self))
        assert 0x01 in caps and 0x10 in caps, "it needs power management and PCI Express"
        assert irqs == 5 and self.irq_info(MSIX).count > 0 and self.irq_info(INTX).count == 0
        sizes = size_bars(self)
        fd = os.memfd_create("ram")
        self.dma_map(0, 1 << 30, [fd])
        os.close(fd)
        return infos, sizes


def capabilities(client):
    """The capability list: (ID, offset)."""
    assert client.config(0x06, 2) & 0x10, "no capability list"
    at, seen = client.config(0x34, 1), set()
    while at:
        assert at not in seen and at >= 0x40 and at % 4 == 0, f"capability at {at:#x}"
        seen.add(at)
        yield client.config(at, 1), at
        at = client.config(at + 1, 1)


def extended_capabilities(client):
    """The extended list: (ID, version, offset)."""
    at, seen = 0x100, set()
    while at:
        assert at not in seen and 0x100 <= at < 0x1000 and at % 4 == 0, f"capability at {at:#x}"
        seen.add(at)
        head = client.config(at)
        yield head & 0xffff, head >> 16 & 0xf, at
        at = head >> 20


def dvsecs(client):
    """The CXL DVSECs: {ID: (offset, length, revision)}."""
    found = {}
    for kind, _, at in extended_capabilities(client):
        head = client.config(at + 4)
        if kind == 0x23 and head & 0xffff == 0x1e98:
            found[client.config(at + 8, 2)] = (at, head >> 20, head >> 16 & 0xf)
    return found


def size_bars(client):
    """Sizes BARs as software does, by writing ones, and does not restore them:
    {number: (size, type bits)}."""
    sizes, bar = {}, 0
    while bar < 6:
        at = 0x10 + 4 * bar
        client.put_config(at, 0xffffffff)
        low = client.config(at)
        kind, mask, step = low & 0xf, low & ~0xf, 1
        if kind & 6 == 4:
            client.put_config(at + 4, 0xffffffff)
            mask |= client.config(at + 4) << 32
            step = 2
        if mask:
            width = 1 << (32 * step)
            sizes[bar] = ((width - mask) & (width - 1), kind)
        bar += step
    return sizes


# ---- CXL ---------------------------------------------------------------------------------------


def register_blocks(client):
    """What the register locator says: {block ID: (BAR, offset)}."""
    at, length, _ = dvsecs(client)[8]
    blocks = {}
    for entry in range(at + 0x0c, at + length, 8):
        low, high = client.config(entry), client.config(entry + 4)
        if low >> 8 & 0xff:
            blocks[low >> 8 & 0xff] = (low & 7, (low & 0xffff0000) | high << 32)
    return blocks


def device_capabilities(client):
    """The capabilities array of the device registers: {ID: (offset in the BAR, length, version)}.
    """
    bar, base = register_blocks(client)[3]
    assert bar == BAR2
    found = {}
    for i in range(client.get(bar, base, 8) >> 32 & 0xffff):
        at = base + 0x10 + 0x10 * i
        kind, version = client.get(bar, at, 2), client.get(bar, at + 2, 1)
        found[kind] = (base + client.get(bar, at + 4), client.get(bar, at + 8), version)
    return found


class Mailbox:
    """A mailbox, driven as CXL 8.2.9.4 says. mapped: the payload is memory, and so are the
    registers if "registers"; else each access is a message. The doorbell is rung as Linux rings
    it: by writing 1 to the control register."""

    CAPS, CONTROL, COMMAND, STATUS, BACKGROUND, PAYLOAD = 0, 4, 8, 0x10, 0x18, 0x20
    STORE = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}

    def __init__(self, client, secondary=False, mapped=False):
        self.client = client
        self.memory = self.page = None
        self.base, length, _ = device_capabilities(client)[3 if secondary else 2]
        self.caps = self.get(self.CAPS)
        self.size = 1 << (self.caps & 0x1f)
        assert length == 0x20 + self.size
        self.vector = self.caps >> 7 & 0xf
        if mapped:
            self.memory = client.map(self.base + self.PAYLOAD)
        if mapped == "registers":
            self.page = client.map(self.base + self.PAYLOAD - 4096, 4096)

    def get(self, register, width=4):
        if self.page:
            at = 4096 - self.PAYLOAD + register
            return int.from_bytes(self.page[at:at + width], "little")
        return self.client.get(BAR2, self.base + register, width)

    def put(self, register, value, width=4):
        if self.page:
            # One store, as a driver's: a slice of 4 bytes is copied by two that overlap, and the
            # second may ring again when the first has been answered already.
            self.STORE[width].from_buffer(self.page, 4096 - self.PAYLOAD + register).value = value
            return
        self.client.put(BAR2, self.base + register, value, width)

    def put_payload(self, data):
        if not data:
            return
        if self.memory is None:
            self.client.write(BAR2, self.base + self.PAYLOAD, data)
        else:
            self.memory[:len(data)] = data

    def payload(self, length):
        if not length:
            return b""
        if self.memory is None:
            return self.client.read(BAR2, self.base + self.PAYLOAD, length)
        return bytes(self.memory[:length])

    def ring(self, opcode, length):
        """Submits a command whose payload is in place, and waits for it: the return code."""
        assert not self.get(self.CONTROL) & 1, "the doorbell is set"
        self.put(self.COMMAND, opcode | length << 16, 8)
        self.put(self.CONTROL, 1)
        deadline = time.monotonic() + 2  # the specification's time-out
        while self.get(self.CONTROL) & 1:
            assert time.monotonic() < deadline, "the mailbox has timed out"
        return self.get(self.STATUS, 8) >> 32 & 0xffff

    def command(self, opcode, payload=b""):
        """(return code, output)"""
        assert len(payload) <= self.size
        self.put_payload(payload)
        rc = self.ring(opcode, len(payload))
        command = self.get(self.COMMAND, 8)
        assert command & 0xffff == opcode
        return rc, self.payload(command >> 16 & 0x1fffff)

    def ok(self, opcode, payload=b"", rc=0):
        """The output of a command that has to end with this return code."""
        got, out = self.command(opcode, payload)
        assert got == rc, f"{opcode:04x} {payload[:64].hex()}: {got:04x}, not {rc:04x}"
        return out

    def background(self):
        """Background Command Status: (running, opcode, percent, return code)."""
        status = self.get(self.BACKGROUND, 8)
        running = bool(self.get(self.STATUS, 8) & 1)
        return running, status & 0xffff, status >> 16 & 0x7f, status >> 32 & 0xffff

    def enable_interrupts(self, doorbell=False, background=False):
        self.put(self.CONTROL, doorbell << 1 | background << 2)


class Interrupt:
    """An eventfd for a vector."""

    def __init__(self):
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fired(self):
        """How often it was signalled since the last call."""
        try:
            return os.eventfd_read(self.fd)
        except BlockingIOError:
            return 0

    def wait(self, timeout=TIMEOUT):
        deadline = time.monotonic() + timeout
        while not self.fired():
            assert time.monotonic() < deadline, "no interrupt"
            time.sleep(0.002)

    def close(self):
        os.close(self.fd)


def eventfds(n):
    return [Interrupt() for _ in range(n)]


def seals(fd):
    """The seals of a memfd (F_GET_SEALS is not in this Python's fcntl)."""
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.fcntl(fd, 1034)
