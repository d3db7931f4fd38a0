# SPDX-License-Identifier: MIT
"""Input that no client should send. The server answers with an error where the stream can still be
followed, else it closes the connection; afterwards it serves a good client, always."""

import errno
import os
import random
import resource
import socket
import struct
import time

import pytest
from vfio_user import (BAR0, BAR2, BAR4, BOOL, CONFIG, DEVICE_RESET, DMA_MAP, DMA_UNMAP, ERROR,
                       EVENTFD, GET_INFO, GET_IRQ_INFO, GET_REGION_INFO, MASK, MESSAGE_MAX, MSIX,
                       NONE, NO_REPLY, REGION_READ, REGION_WRITE, SET_IRQS, TRIGGER, UNMASK,
                       VERSION, WRITE_MULTI, Client, Closed, Interrupt, VfioError, assert_serves,
                       pack)

U32 = 0xffffffff
U64 = (1 << 64) - 1

# A good request of each kind.
GOOD = {
    DMA_MAP: struct.pack("<IIQQQ", 32, 3, 0, 0, 4096),
    DMA_UNMAP: struct.pack("<IIQQ", 24, 0, 0, 4096),
    GET_INFO: struct.pack("<IIII", 16, 0, 0, 0),
    GET_REGION_INFO: struct.pack("<IIIIQQ", 32, 0, CONFIG, 0, 0, 0),
    GET_IRQ_INFO: struct.pack("<IIII", 16, 0, MSIX, 0),
    SET_IRQS: struct.pack("<IIIII", 20, NONE | TRIGGER, MSIX, 0, 0),
    REGION_READ: struct.pack("<QII", 0, CONFIG, 4),
    REGION_WRITE: struct.pack("<QII", 4, CONFIG, 2) + bytes(2),
    DEVICE_RESET: b"",
    WRITE_MULTI: struct.pack("<QQII8s", 1, 0, BAR4, 8, b""),
}


def refused(client, command, body=b"", fds=(), number=errno.EINVAL):
    """An error reply, and the connection goes on."""
    with pytest.raises(VfioError) as error:
        client.call(command, body, fds)
    assert number is None or error.value.errno == number
    assert client.read(CONFIG, 0, 2) == b"\x98\x1e"


def fds_of(device):
    return len(os.listdir(f"/proc/{device.proc.pid}/fd"))


def fds_serving(device):
    """With a new client served, all descriptors of an earlier one are gone."""
    with Client(device.socket):
        return fds_of(device)


@pytest.fixture
def no_leak(device):
    """The process has as many descriptors afterwards as before."""
    before = fds_serving(device)
    yield
    assert fds_serving(device) == before


# ---- the header ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 15, MESSAGE_MAX + 1, U32])
def test_size_that_cannot_be(client, size):
    """Nobody knows where the next message begins: an error, and the end."""
    client.send(GET_INFO, GOOD[GET_INFO], size=size)
    with pytest.raises(VfioError) as error:
        client.reply(0 if client.next_id == 1 else client.next_id - 1, GET_INFO)
    assert error.value.errno == errno.EINVAL
    assert client.closed()


@pytest.mark.parametrize("size", [0, 15, U32])
def test_size_that_cannot_be_without_reply(client, size):
    client.send(GET_INFO, b"", NO_REPLY, size=size)
    assert client.closed()


@pytest.mark.parametrize("command", [c for c in GOOD if c != DEVICE_RESET])
def test_body_too_short(client, command):
    for n in range(min(len(GOOD[command]), 32)):
        refused(client, command, GOOD[command][:n])


def test_reset_with_a_body(client):
    refused(client, DEVICE_RESET, bytes(4))


@pytest.mark.parametrize("sent", [1, 15, 16, 17, 47])
def test_end_inside_of_a_message(device, sent):
    with Client(device.socket) as client:
        client.send_raw(pack(1, GET_REGION_INFO, GOOD[GET_REGION_INFO])[:sent])
        client.socket.shutdown(socket.SHUT_WR)
        assert client.closed()
    assert_serves(device)


def test_message_cut_anywhere(device):
    for message in (pack(0, VERSION, struct.pack("<HH", 0, 1) + b'{"capabilities":{}}\0'),
                    pack(1, SET_IRQS, GOOD[SET_IRQS])):
        for n in range(len(message)):
            with Client(device.socket, version=message[2] != VERSION) as client:
                client.send_raw(message[:n])
    assert_serves(device)


@pytest.mark.parametrize("kind", range(1, 16))
def test_not_a_command(client, kind):
    """Replies that nobody asked for, and types that do not exist."""
    client.send(GET_INFO, GOOD[GET_INFO], flags=kind)
    assert client.closed()


def test_error_flag_in_a_command(client):
    message = client.reply(client.send(GET_INFO, GOOD[GET_INFO], flags=ERROR), GET_INFO)
    assert message.body[:4] == struct.pack("<I", 16)


@pytest.mark.parametrize("command", [0, 6, 11, 12, 14, 16, 17, 18, 19, 0xffff])
def test_commands_of_others(client, command):
    for body in (b"", bytes(16), bytes(100)):
        refused(client, command, body, number=None)
        client.send(command, body, NO_REPLY)


@pytest.mark.parametrize("command", list(GOOD))
def test_no_reply_is_heeded_by_every_command(client, command):
    client.send(command, GOOD[command], NO_REPLY)
    client.send(command, b"\xff", NO_REPLY)
    assert client.info()[0] == 16


# ---- VERSION -------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [*GOOD, 0, 99])
def test_first_message_is_not_version(device, command):
    with Client(device.socket, version=False) as client:
        with pytest.raises(VfioError) as error:
            client.call(command, GOOD.get(command, b""))
        assert error.value.errno == errno.EINVAL
        assert client.closed()
    assert_serves(device)


def test_first_message_is_not_version_and_wants_no_reply(device):
    """Nothing is ever sent to a command with No_reply."""
    with Client(device.socket, version=False) as client:
        client.send(GET_INFO, GOOD[GET_INFO], NO_REPLY)
        assert client.closed()
    assert_serves(device)


def test_version_twice(client):
    refused(client, VERSION, bytes(4))


@pytest.mark.parametrize("major", [1, 2, 65535])
def test_version_of_another_world(device, major):
    with Client(device.socket, version=False) as client:
        with pytest.raises(VfioError):
            client.version(major=major)
        assert client.closed()
    assert_serves(device)


@pytest.mark.parametrize("n", range(4))
def test_version_too_short(device, n):
    with Client(device.socket, version=False) as client:
        with pytest.raises(VfioError):
            client.call(VERSION, bytes(n))
        assert client.closed()
    assert_serves(device)


BAD_JSON = {
    "no object": b"1\0", "array": b"[]\0", "null": b"null\0", "text": b'"capabilities"\0',
    "capabilities no object": b'{"capabilities":1}\0', "an array": b'{"capabilities":[]}\0',
    "null capabilities": b'{"capabilities":null}\0',
    "no JSON": b"hello\0", "unfinished": b'{"capabilities":{\0', "only a NUL": b"\0",
    "NUL in the middle": b'{"capabilities":\0{}}\0', "two NULs": b'{"capabilities":{}}\0\0',
    "nested": b'{"capabilities":' * 10000 + b"1" + b"}" * 10000 + b"\0",
    "brackets": b"[" * 10000 + b"\0",
    "too deep": b'{"capabilities":{"a":' + b"[" * 10000 + b"]" * 10000 + b"}}\0",
}


@pytest.mark.parametrize("name", BAD_JSON)
def test_version_with_bad_json(device, name):
    with Client(device.socket, version=False) as client:
        with pytest.raises(VfioError) as error:
            client.version(text=BAD_JSON[name])
        assert error.value.errno == errno.EINVAL and client.closed()
    assert_serves(device)


# What a client says of itself is nothing to us: odd values may be refused or taken, not more.
ODD_JSON = {
    "no NUL": b'{"capabilities":{}}',
    "duplicate keys": b'{"capabilities":{},"capabilities":{"max_msg_fds":0}}\0',
    "negative": b'{"capabilities":{"max_msg_fds":-1}}\0',
    "fraction": b'{"capabilities":{"max_msg_fds":1.5}}\0',
    "huge": b'{"capabilities":{"max_data_xfer_size":1e400}}\0',
    "more than 64 bits": b'{"capabilities":{"max_data_xfer_size":99999999999999999999999}}\0',
    "text for a number": b'{"capabilities":{"max_msg_fds":"many"}}\0',
    "zero": b'{"capabilities":{"max_msg_fds":0,"max_data_xfer_size":0}}\0',
    "bad UTF-8": b'{"capabilities":{"\xff\xfe":"\x80"}}\0',
    "lone surrogate": b'{"capabilities":{"\\ud800":"\\udfff"}}\0',
    "trailing words": b'{"capabilities":{}} and more\0',
    "1 MiB": b'{"capabilities":{"a":"' + b"x" * ((1 << 20) - 100) + b'"}}\0',
    "twin socket": b'{"capabilities":{"twin_socket":{"supported":true}}}\0',
}


@pytest.mark.parametrize("name", ODD_JSON)
def test_version_with_odd_json(device, name):
    with Client(device.socket, version=False) as client:
        try:
            client.version(text=ODD_JSON[name])
            assert client.read(CONFIG, 0, 2) == b"\x98\x1e"
        except VfioError:
            assert client.closed()
    assert_serves(device)


@pytest.mark.parametrize("text", [b"", b"{}\0", b'{"capabilities":{}}\0'])
def test_version_with_little_json(device, text):
    with Client(device.socket, version=False) as client:
        assert client.version(text=text)[:2] == (0, 1)


# ---- descriptors ---------------------------------------------------------------------------------


def test_descriptors_on_version(device, no_leak):
    with open("/dev/null") as null:
        for n in (1, 16, 17, 253):
            with Client(device.socket, version=False) as client:
                client.send(VERSION, bytes(4), 0, [null.fileno()] * n)
                assert client.recv().error == errno.EINVAL and client.closed()
    assert_serves(device)


@pytest.mark.parametrize("n", [1, 2, 16, 17, 64, 65, 253])
@pytest.mark.parametrize("command", [*GOOD, 99])
def test_descriptors_on_every_command(device, no_leak, client, command, n):
    """Only a map takes one. Whatever comes is closed, and the stream stays in step."""
    body = GOOD.get(command, b"")
    with open("/dev/null") as null:
        if command == DMA_MAP and n == 1:
            client.call(command, body, [null.fileno()])
        else:
            refused(client, command, body, [null.fileno()] * n, None if command == 99 else
                    errno.EINVAL)
        client.send(command, body, NO_REPLY, [null.fileno()] * n)
    assert client.info()[0] == 16


def test_descriptors_with_the_body_alone(device, no_leak, client):
    """They belong to the message all the same."""
    message = pack(1, SET_IRQS, struct.pack("<IIIII", 20, EVENTFD | TRIGGER, MSIX, 0, 1))
    irq = Interrupt()
    client.send_raw(message[:16])
    client.send_raw(message[16:], [irq.fd])
    assert client.reply(1, SET_IRQS).body == b""
    client.set_irqs(NONE | TRIGGER, MSIX, 0, 1)
    assert irq.fired() == 1
    message = pack(2, GET_INFO, GOOD[GET_INFO])
    for piece in (message[:1], message[1:16], message[16:20], message[20:]):
        client.send_raw(piece, [irq.fd] * 20)
    assert client.recv().error == errno.EINVAL
    irq.close()
    client.set_irqs(NONE | TRIGGER)


def odd_descriptors(device):
    yield os.open("/dev/null", os.O_RDWR)
    yield os.open("/dev/null", os.O_RDONLY)
    yield os.open("/", os.O_RDONLY)
    yield os.open("/", os.O_PATH)
    yield os.memfd_create("odd")
    yield os.open(f"/proc/{device.proc.pid}/status", os.O_RDONLY)
    read, write = os.pipe()
    os.close(read)
    yield write  # SIGPIPE, if it were not ignored
    read, write = os.pipe()
    os.close(write)
    yield read
    read, write = os.pipe()
    os.set_blocking(write, False)
    while True:
        try:
            os.write(write, bytes(4096))
        except BlockingIOError:
            break
    os.set_blocking(write, True)
    yield write  # a full one: writing would block for ever
    os.close(read)
    full = os.eventfd(0)
    os.eventfd_write(full, U64 - 1)
    yield full


def test_descriptors_that_are_no_eventfds(device, no_leak, client):
    for fd in odd_descriptors(device):
        try:
            client.set_irqs(EVENTFD | TRIGGER, MSIX, 0, 1, [fd])
        except VfioError:
            pass
        os.close(fd)
        client.set_irqs(NONE | TRIGGER, MSIX, 0, 1)  # fires it
        assert client.read(CONFIG, 0, 2) == b"\x98\x1e"
    client.set_irqs(NONE | TRIGGER)


def test_a_socket_instead_of_an_eventfd(start):
    """The client's own end of the connection, which it then closes: a server that keeps it would
    never see the end, and never serve anybody again."""
    device = start()
    client = Client(device.socket)
    try:
        client.set_irqs(EVENTFD | TRIGGER, MSIX, 0, 1, [client.socket.fileno()])
    except VfioError:
        pass
    client.close()
    try:
        assert_serves(device)
    except (Closed, OSError):
        pytest.fail("the device holds its own client and refuses every other")


def test_an_eventfd_made_blocking_again(start):
    """The flags of a descriptor are its sender's too: a full counter must not hold us up."""
    device = start()
    fd = os.eventfd(0)
    with Client(device.socket) as client, device.qmp() as qmp:
        client.set_irqs(EVENTFD | TRIGGER, MSIX, 0, 1, [fd])
        for _ in range(2):
            os.eventfd_write(fd, U64 - 1)
            os.set_blocking(fd, True)
            client.send(SET_IRQS, struct.pack("<IIIII", 20, NONE | TRIGGER, MSIX, 0, 1))
            client.socket.settimeout(3)
            try:
                assert client.recv().error == 0
            except TimeoutError:
                os.eventfd_read(fd)  # lets it go on, and end
                pytest.fail("the device waits for its client to read an eventfd")
            qmp.cmd("query-status")
            os.eventfd_read(fd)
        client.set_irqs(NONE | TRIGGER, MSIX, 0, 1)
        os.set_blocking(fd, False)
        assert os.eventfd_read(fd) == 1
    os.close(fd)


def test_the_same_descriptor_twice(device, no_leak, client):
    irq = Interrupt()
    client.set_irqs(EVENTFD | TRIGGER, MSIX, 2, 3, [irq.fd] * 3)
    client.set_irqs(NONE | TRIGGER, MSIX, 2, 3)
    assert irq.fired() == 3
    client.set_irqs(EVENTFD | TRIGGER, MSIX, 2, 1, [irq.fd])  # replaced by itself
    client.set_irqs(NONE | TRIGGER, MSIX, 2, 1)
    assert irq.fired() == 1
    irq.close()
    client.set_irqs(NONE | TRIGGER)


def cpu_time(device):
    with open(f"/proc/{device.proc.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_no_descriptor_for_another_client(start):
    """It is sent away all the same: in the backlog it would hang, and keep the device busy."""
    device = start()
    pid = device.proc.pid
    with Client(device.socket) as client:
        old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (fds_of(device), old[1]))
        for _ in range(3):
            with Client(device.socket, version=False) as second:
                second.socket.settimeout(3)
                assert second.closed()
        before = cpu_time(device)
        time.sleep(0.5)
        assert cpu_time(device) - before < 0.25
        assert client.read(CONFIG, 0, 2) == b"\x98\x1e"
        resource.prlimit(pid, resource.RLIMIT_NOFILE, old)
    assert_serves(device)


def test_descriptors_at_the_limit(start):
    """With no descriptor left to receive one, the message is refused and the stream in step."""
    device = start()
    with Client(device.socket) as client, open("/dev/null") as null:
        pid = device.proc.pid
        old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (fds_of(device), old[1]))
        refused(client, DMA_MAP, GOOD[DMA_MAP], [null.fileno()])
        refused(client, SET_IRQS, struct.pack("<IIIII", 20, 0x24, MSIX, 0, 2),
                [null.fileno()] * 2)
        client.call(DMA_MAP, GOOD[DMA_MAP])
        resource.prlimit(pid, resource.RLIMIT_NOFILE, old)
        client.call(DMA_MAP, GOOD[DMA_MAP], [null.fileno()])
    assert_serves(device)


# ---- argsz and indexes ---------------------------------------------------------------------------


@pytest.mark.parametrize("command, struct_size", [
    (GET_INFO, 16), (GET_REGION_INFO, 32), (GET_IRQ_INFO, 16), (SET_IRQS, 20), (DMA_MAP, 32),
    (DMA_UNMAP, 24)])
def test_argsz(client, command, struct_size):
    body = GOOD[command]
    for argsz in (0, struct_size - 1):
        refused(client, command, struct.pack("<I", argsz) + body[4:])
    for argsz in (struct_size, struct_size + 16, U32):
        client.call(command, struct.pack("<I", argsz) + body[4:])


@pytest.mark.parametrize("index", [9, 10, U32])
def test_region_that_cannot_be(client, index):
    refused(client, GET_REGION_INFO, struct.pack("<IIIIQQ", 32, 0, index, 0, 0, 0))
    refused(client, REGION_READ, struct.pack("<QII", 0, index, 4))
    refused(client, REGION_WRITE, struct.pack("<QII", 0, index, 4) + bytes(4))


@pytest.mark.parametrize("index", [5, 6, U32])
def test_interrupt_that_cannot_be(client, index):
    refused(client, GET_IRQ_INFO, struct.pack("<IIII", 16, 0, index, 0))
    refused(client, SET_IRQS, struct.pack("<IIIII", 20, NONE | TRIGGER, index, 0, 0))


# ---- regions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", [BAR0, BAR2, BAR4, CONFIG])
def test_access_out_of_bounds(client, region):
    size = region_size(client, region)
    for offset, count in ((U64, 1), (U64, 2), (U64 - 3, 4), (U64 - 3, 8), (size, 1), (size - 1, 2),
                          (size - 3, 4), (size + 1, 0), (1 << 63, 1 << 20), (0, U32),
                          (0, (1 << 20) + 1), (4, U32 - 3)):
        refused(client, REGION_READ, struct.pack("<QII", offset, region, count))
        if count <= 1 << 20:
            refused(client, REGION_WRITE, struct.pack("<QII", offset, region, count) + bytes(count))
    for offset, count in ((size - 1, 1), (size, 0), (0, 0)):
        assert len(client.read(region, offset, count)) == count
        client.write(region, offset, bytes(count))


def region_size(client, region):
    info, fd = client.region_info(region)
    if fd is not None:
        os.close(fd)
    return info.size


def test_largest_transfer(start):
    """1 MiB in one message, and not a byte more."""
    device = start("--payload", "1M")
    with Client(device.socket) as client:
        assert len(client.read(BAR2, 4096, 1 << 20)) == 1 << 20
        client.write(BAR2, 0, bytes(1 << 20))
        refused(client, REGION_READ, struct.pack("<QII", 0, BAR2, (1 << 20) + 1))
        body = struct.pack("<QII", 0, BAR2, (1 << 20) + 1)
        client.send(REGION_WRITE, body, size=MESSAGE_MAX + 1)  # refused by its header already
        assert client.recv().error == errno.EINVAL and client.closed()


@pytest.mark.parametrize("region", [1, 3, 5, 6, 8])
def test_absent_region(client, region):
    for count in (0, 4):
        refused(client, REGION_READ, struct.pack("<QII", 0, region, count))
        refused(client, REGION_WRITE, struct.pack("<QII", 0, region, count) + bytes(count))


@pytest.mark.parametrize("count, data", [(4, 3), (4, 5), (0, 1), (8, 0), (U32, 4)])
def test_write_of_another_length(client, count, data):
    refused(client, REGION_WRITE, struct.pack("<QII", 0, BAR4, count) + bytes(data))


def test_read_with_surplus(client):
    refused(client, REGION_READ, GOOD[REGION_READ] + bytes(4))


@pytest.mark.parametrize("region", [BAR0, BAR2, BAR4, CONFIG])
def test_any_width_at_any_offset(client, region):
    """A guest can cause these: never an error, whatever register they hit. What is read in pieces
    is what is read at once."""
    base = {BAR0: 0x1000, BAR2: 0x10000, BAR4: 0, CONFIG: 0x100}[region]
    whole = client.read(region, base, 64)
    for width in (1, 2, 3, 4, 5, 7, 8, 16):
        for offset in range(0, 24):
            assert client.read(region, base + offset, width) == whole[offset:offset + width]
            client.write(region, base + offset, whole[offset:offset + width])
    assert client.read(region, base, 64) == whole


# ---- SET_IRQS ------------------------------------------------------------------------------------


def irqs(flags, index=MSIX, start=0, count=0, data=b"", argsz=20):
    return struct.pack("<IIIII", argsz, flags, index, start, count) + data


BAD_IRQS = {
    "start + count wraps": irqs(NONE | TRIGGER, start=U32, count=2),
    "it wraps the other way": irqs(NONE | TRIGGER, start=2, count=U32),
    "it wraps to 0": irqs(NONE | TRIGGER, start=1, count=U32),
    "detach, wrapping": irqs(EVENTFD | TRIGGER, start=U32, count=2),
    "more than there are": irqs(NONE | TRIGGER, count=9),
    "detach more than there are": irqs(EVENTFD | TRIGGER, count=9),
    "past the end": irqs(NONE | TRIGGER, start=8, count=1),
    "across the end": irqs(NONE | TRIGGER, start=7, count=2),
    "count of all bits": irqs(NONE | TRIGGER, count=U32),
    "no vectors there": irqs(NONE | TRIGGER, index=0, count=1),
    "two ERR": irqs(NONE | TRIGGER, index=3, count=2),
    "REQ": irqs(EVENTFD | TRIGGER, index=4, count=1),
    "all but 0 disabled": irqs(NONE | TRIGGER, start=1),
    "no data kind": irqs(TRIGGER, count=1),
    "two data kinds": irqs(NONE | BOOL | TRIGGER, count=1, data=b"\1"),
    "all data kinds": irqs(7 | TRIGGER, count=1, data=b"\1"),
    "no action": irqs(NONE, count=1),
    "two actions": irqs(NONE | MASK | TRIGGER, count=1),
    "three actions": irqs(NONE | MASK | UNMASK | TRIGGER, count=1),
    "nothing at all": irqs(0),
    "an unknown flag": irqs(NONE | TRIGGER | 64, count=1),
    "every flag": irqs(U32, count=1),
    "bools too few": irqs(BOOL | TRIGGER, count=4, data=b"\1\1\1"),
    "bools too many": irqs(BOOL | TRIGGER, count=1, data=b"\1\1"),
    "no bools": irqs(BOOL | TRIGGER, count=1),
    "bools that nobody asked for": irqs(NONE | TRIGGER, count=1, data=b"\1"),
    **{f"count 0 with flags {data | action:#x}": irqs(data | action)
       for data in (NONE, BOOL, EVENTFD) for action in (MASK, UNMASK, TRIGGER)
       if (data, action) != (NONE, TRIGGER)},
}


@pytest.mark.parametrize("name", BAD_IRQS)
def test_set_irqs_malformed(client, name):
    refused(client, SET_IRQS, BAD_IRQS[name])


@pytest.mark.parametrize("count, given", [(1, 2), (2, 1), (8, 7), (0, 1), (16, 16), (U32, 1)])
def test_set_irqs_with_another_number_of_descriptors(device, no_leak, client, count, given):
    irq = Interrupt()
    refused(client, SET_IRQS, irqs(EVENTFD | TRIGGER, count=count), [irq.fd] * given)
    irq.close()


@pytest.mark.parametrize("data", [NONE, BOOL])
def test_set_irqs_with_descriptors_of_no_use(device, no_leak, client, data):
    irq = Interrupt()
    refused(client, SET_IRQS, irqs(data | TRIGGER, count=1, data=b"\1" if data == BOOL else b""),
            [irq.fd])
    irq.close()


def test_masks_are_accepted(device, no_leak, client):
    for action in (MASK, UNMASK):
        client.set_irqs(NONE | action, MSIX, 0, 8)
        client.set_irqs(BOOL | action, MSIX, 0, 2, data=b"\0\1")
        irq = Interrupt()
        client.set_irqs(EVENTFD | action, MSIX, 0, 1, [irq.fd])
        irq.close()


# ---- DMA, WRITE_MULTI ----------------------------------------------------------------------------


def rss(device):
    with open(f"/proc/{device.proc.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_map_storm_takes_no_memory(device, client):
    client.dma_map(0, 4096)
    before = rss(device)
    storm = b"".join(pack(i & 0xffff, DMA_MAP, struct.pack("<IIQQQ", 32, 3, 0, i << 12, 4096),
                          NO_REPLY) for i in range(70000))
    client.send_raw(storm)
    client.dma_unmap(0, 4096)
    assert rss(device) - before < 4 << 20


def test_dma_nonsense_is_accepted(client):
    """A device without DMA has nothing to say about addresses."""
    for address, size in ((0, 0), (U64, U64), (1, 1), (U64 - 4095, 8192)):
        client.dma_map(address, size)
        client.dma_unmap(address, size)
        client.dma_unmap(address, size)
    client.call(DMA_UNMAP, struct.pack("<IIQQ", 24, 2, 0, 0))
    body = struct.pack("<IIQQQQ", 40, 1, 0, 4096, 4096, U64)  # the bitmap of old
    assert client.call(DMA_UNMAP, body) == body[:24]


def entry(region, offset, data, count=None):
    return struct.pack("<QII8s", offset, region, len(data) if count is None else count, data)


@pytest.mark.parametrize("count", [1, 2, 200, 201, 1 << 32, 1 << 61, 1 << 63, U64,
                                   0xaaaaaaaaaaaaaab])
def test_write_multi_of_another_length(client, count):
    refused(client, WRITE_MULTI, struct.pack("<Q", count))
    if count <= 201:
        refused(client, WRITE_MULTI, struct.pack("<Q", count) + bytes(24 * count - 1))
        refused(client, WRITE_MULTI, struct.pack("<Q", count) + bytes(24 * (count + 1)))


def test_write_multi(client):
    """All entries or none."""
    assert client.call(WRITE_MULTI, struct.pack("<Q", 0)) == bytes(8)
    body = struct.pack("<Q", 200) + b"".join(entry(BAR4, 8 * (i % 16), bytes([i] * 8))
                                              for i in range(200))
    assert client.call(WRITE_MULTI, body) == struct.pack("<Q", 200)
    assert client.read(BAR4, 8 * 7, 8) == bytes([199] * 8)
    good = entry(BAR4, 0, b"\x55" * 8)
    for bad in (entry(BAR4, 0, b"", 9), entry(BAR4, 0, b"", U32), entry(9, 0, b"1234"),
                entry(1, 0, b"1234"), entry(BAR4, U64, b"12"), entry(BAR4, 4096, b"1")):
        refused(client, WRITE_MULTI, struct.pack("<Q", 2) + good + bad)
        assert client.read(BAR4, 0, 8) != b"\x55" * 8
    refused(client, WRITE_MULTI, struct.pack("<Q", 201) + good * 201)
    client.send(WRITE_MULTI, struct.pack("<Q", 1) + good, NO_REPLY)  # as QEMU does
    assert client.read(BAR4, 0, 8) == b"\x55" * 8


# ---- peers that behave badly ---------------------------------------------------------------------


def test_client_that_never_reads(device, qmp):
    """Its replies wait; everybody else is served meanwhile, and the next client after it."""
    with Client(device.socket) as client:
        client.socket.setblocking(False)
        request = pack(1, REGION_READ, struct.pack("<QII", 0, BAR2, 65536))
        sent = 0
        try:
            while sent < 1 << 24:
                sent += client.socket.send(request)
        except BlockingIOError:
            pass
        before = rss(device)
        for _ in range(20):
            qmp.cmd("query-status")
            try:
                client.socket.send(request)
            except BlockingIOError:
                pass
        assert rss(device) - before < 4 << 20
    assert_serves(device)


def test_client_that_never_reads_loses_its_place(device):
    """... to the next one, once it has not taken a reply for 5 s, and not before."""
    with Client(device.socket) as client:
        for _ in range(64):
            client.send(REGION_READ, struct.pack("<QII", 0, BAR2, 65536))
        time.sleep(1)
        with pytest.raises((OSError, Closed)):
            Client(device.socket).close()
        time.sleep(5)
        assert_serves(device)


def test_end_in_mid_reply(device):
    for _ in range(20):
        with Client(device.socket) as client:
            for _ in range(10):
                client.send(REGION_READ, struct.pack("<QII", 0, BAR2, 65536))
    assert_serves(device)


def test_connection_storm(device, no_leak):
    for i in range(300):
        client = Client(device.socket, version=False)
        if i % 3 == 1:
            client.send_raw(b"\1\2\3")
        elif i % 3 == 2:
            client.send_raw(pack(0, VERSION, bytes(4)))
        client.close()
    assert_serves(device)


def test_noise(device, no_leak):
    """Whatever comes, each command has one reply, and the process lives."""
    seed = int(os.environ.get("SWCXL_TEST_SEED", "20"))
    print(f"SWCXL_TEST_SEED={seed}")
    source = random.Random(seed)
    until = time.monotonic() + 2
    while time.monotonic() < until:
        with Client(device.socket) as client:
            for _ in range(50):
                command = source.choice([*GOOD, source.randrange(1 << 16)])
                body = bytearray(GOOD.get(command, bytes(16)))
                for _ in range(source.randrange(4)):
                    if body:
                        body[source.randrange(len(body))] = source.choice(
                            [0, 1, 0x7f, 0xff, source.randrange(256)])
                message_id = client.send(command, bytes(body))
                message = client.recv()
                assert (message.id, message.command) == (message_id, command), body.hex()
                for fd in message.fds:
                    os.close(fd)
    assert_serves(device)
