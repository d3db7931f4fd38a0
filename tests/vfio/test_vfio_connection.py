# SPDX-License-Identifier: MIT
"""One client at a time: refusing, coming back, inherited sockets, and the memory that is shared."""

import contextlib
import errno
import mmap
import os
import resource
import select
import socket
import struct
import subprocess
import time

import pytest
from daemon import Daemon, program, wait_until
from vfio_user import (BAR2, CONFIG, ERR, EVENTFD, GET_INFO, MSIX, REGION_READ, TRIGGER, VERSION,
                       Client, Closed, CloudHypervisorClient, Interrupt, Mailbox, QemuClient,
                       VfioError, assert_serves, connect_late, pack, seals)


def payloads(device):
    """The payload files that the device has open."""
    return [name for name in fds_of(device) if "swcxl-payload" in name]


def fds_of(device):
    """What its descriptors are, as far as they stay while they are looked at."""
    found = []
    for fd in os.listdir(f"/proc/{device.proc.pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/{device.proc.pid}/fd/{fd}"))
    return sorted(found)


# ---- one at a time -------------------------------------------------------------------------------


def test_second_client_is_closed_without_a_reply(device):
    with Client(device.socket) as first:
        for _ in range(3):
            with connect_late(device.socket) as second:
                assert second.closed(), "something was sent to a second client"
        # what it says first makes no difference
        with connect_late(device.socket) as second:
            try:
                second.send(VERSION, bytes(4))
                assert second.closed()
            except (BrokenPipeError, ConnectionResetError):
                pass
        assert first.read(CONFIG, 0, 2) == b"\x98\x1e", "the first one was disturbed"
    assert_serves(device)


def test_second_client_after_a_silent_first(device):
    """Who has connected has the place, VERSION or not."""
    with connect_late(device.socket) as first:
        first.send_raw(b"\0")  # so that it has been accepted when the next one comes
        time.sleep(0.05)
        with connect_late(device.socket) as second:
            assert second.closed()
        first.send_raw(pack(0, VERSION, bytes(4))[1:])
        assert first.recv().error == 0
    assert_serves(device)


def test_end_of_the_first_is_seen_before_the_second(device):
    """A guest of Cloud Hypervisor reboots: the old connection ends, and a new one comes at once.
    What the old one still had to say is handled first."""
    for i in range(100):
        first = Client(device.socket)
        for _ in range(i):
            first.write(BAR2, 0x12000, b"\1", posted=True)
        if i % 3 == 1:
            first.send_raw(b"\1")  # the beginning of a message
        elif i % 3 == 2:
            first.send(REGION_READ, struct.pack("<QII", 0, BAR2, 65536))  # a reply nobody reads
        first.close()
        with Client(device.socket) as second:
            assert second.read(CONFIG, 0, 2) == b"\x98\x1e"


def test_end_of_the_first_is_seen_behind_its_replies(device):
    """The server was writing to the first one when that went away."""
    first = Client(device.socket)
    first.socket.setblocking(False)
    try:
        while True:
            first.socket.send(pack(0, REGION_READ, struct.pack("<QII", 0, BAR2, 65536)))
    except BlockingIOError:
        pass
    first.close()
    assert_serves(device)


def test_programs_one_after_the_other(device):
    for program in (QemuClient, CloudHypervisorClient, QemuClient, Client):
        with program(device.socket) as client:
            if program is not Client:
                client.start()
            assert Mailbox(client).command(0x4000)[0] == 0


def test_many_attach_and_go_without_a_leak(device):
    """Vectors, ERR, payload files, half messages: all of it ends with the connection."""
    assert_serves(device)
    wait_until("nobody is connected", lambda: not payloads(device))
    before = fds_of(device)
    for i in range(30):
        with Client(device.socket) as client:
            irqs = [Interrupt() for _ in range(8)]
            client.set_irqs(EVENTFD | TRIGGER, MSIX, 0, 8, [irq.fd for irq in irqs])
            client.set_irqs(EVENTFD | TRIGGER, ERR, 0, 1, [irqs[0].fd])
            client.set_irqs(EVENTFD | TRIGGER, MSIX, i % 8, 1, [irqs[0].fd])  # replaces
            client.dma_map(0, 4096, [irqs[1].fd])
            client.map_areas()
            client.send_raw(pack(1, GET_INFO, bytes(16))[:20], [irqs[2].fd])
            # the connection, its payload, its timer, nine interrupts, and what came with the half message
            wait_until("it has them all", lambda: len(fds_of(device)) == len(before) + 13)
            for irq in irqs:
                irq.close()
    wait_until("the descriptors are closed", lambda: fds_of(device) == before)


# ---- inherited sockets ---------------------------------------------------------------------------


def test_fd_that_listens(tmp_path):
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(4)
        early = connect_late(path)  # waits in the backlog
        early.send(VERSION, bytes(4))
        with Daemon("--fd", listener.fileno(), vfio=False, pass_fds=[listener.fileno()]) as device:
            assert early.recv().error == 0
            with connect_late(path) as second:
                assert second.closed()
            early.close()
            device.socket = path
            assert_serves(device)
            assert_serves(device)


def test_fd_that_is_connected():
    """Its peer has already written; when it closes, the process ends with status 0."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    client = Client(ours, version=False)
    client.send(VERSION, struct.pack("<HH", 0, 1) + b'{"capabilities":{}}\0')
    client.send(GET_INFO, struct.pack("<IIII", 16, 0, 0, 0))
    client.send_raw(pack(2, REGION_READ, struct.pack("<QII", 0, CONFIG, 4))[:20])
    device = Daemon("--fd", theirs.fileno(), vfio=False, pass_fds=[theirs.fileno()])
    theirs.close()
    assert client.recv().command == VERSION
    assert client.recv().body == struct.pack("<IIII", 16, 3, 9, 5)
    client.send_raw(pack(2, REGION_READ, struct.pack("<QII", 0, CONFIG, 4))[20:])
    assert client.recv().body[16:18] == b"\x98\x1e"
    assert device.proc.poll() is None
    client.close()
    assert device.wait() == 0
    device.stop()


def test_fd_whose_peer_has_written_and_gone():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    client = Client(ours, version=False)
    client.send(VERSION, bytes(4))
    client.close()
    with theirs:
        done = subprocess.run([program(), "--fd", str(theirs.fileno())], timeout=20, check=False,
                              pass_fds=[theirs.fileno()], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("family, kind", [
    (socket.AF_UNIX, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_DGRAM),
    (socket.AF_INET, socket.SOCK_STREAM)])
def test_fd_that_cannot_be_served(family, kind):
    """Neither listening nor connected, or no unix stream: a failure to start, and one line."""
    with socket.socket(family, kind) as sock:
        done = subprocess.run([program(), "--fd", str(sock.fileno())], timeout=20, check=False,
                              pass_fds=[sock.fileno()], capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1


def test_fd_with_a_peer_that_errs():
    """A connection that the server ends counts as closed too."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    device = Daemon("--fd", theirs.fileno(), vfio=False, pass_fds=[theirs.fileno()])
    theirs.close()
    client = Client(ours, version=False)
    with pytest.raises(VfioError):
        client.version(major=7)
    assert client.closed() and device.wait() == 0
    device.stop()


# ---- the payload's memory ------------------------------------------------------------------------


def test_payload_file_is_sealed(client):
    """Shrunk, it would make the device fault (SIGBUS) at its next access."""
    info, fd = client.region_info(BAR2)
    try:
        assert seals(fd) & 0x7 == 0x7, "seal, shrink, grow"
        for size in (0, 4096, info.size - 1, info.size + 4096):
            with pytest.raises(OSError) as error:
                os.ftruncate(fd, size)
            assert error.value.errno == errno.EPERM
        assert os.fstat(fd).st_size >= max(sum(area) for area in info.areas)
        os.write(fd, b"x" * 16)  # harmless: it is the client's to scribble on
    finally:
        os.close(fd)
    assert Mailbox(client).command(0x4000)[0] == 0


def test_mapped_and_trapped_payload_are_the_same_bytes(client):
    trapped, mapped = Mailbox(client), Mailbox(client, mapped=True)
    mapped.memory[100:104] = b"abcd"
    assert client.read(BAR2, mapped.base + 0x20 + 100, 4) == b"abcd"
    trapped.put_payload(b"efgh")
    assert bytes(mapped.memory[:4]) == b"efgh"
    assert trapped.ok(0x4000) == bytes(mapped.memory[:0x45])


def test_payload_memory_is_new_for_every_connection(device):
    """An old client keeps its mapping: it must not see what the next guest does, nor change it."""
    first = Client(device.socket)
    old = Mailbox(first, mapped=True).memory
    old[:8] = b"a secret"
    first.maps = []  # it stays mapped when the client goes
    first.close()
    wait_until("it is gone", lambda: not payloads(device))
    old[:8] = b"a secret"
    with Client(device.socket) as second:
        new = Mailbox(second, mapped=True)
        assert bytes(new.memory) == bytes(4096), "data of an earlier client"
        new.ok(0x0301, b"12345678")
        assert bytes(old[:8]) == b"a secret"
        new.put_payload(struct.pack("<Q", 77))
        old[:8] = struct.pack("<Q", 99)
        assert new.ring(0x0301, 8) == 0
        new.ok(0x0300)
        assert bytes(new.memory[:8]) == struct.pack("<Q", 77)
    old.close()


def test_payload_is_zero_after_reset(client):
    for secondary in (False, True):
        box = Mailbox(client, secondary, mapped=True)
        box.memory[:] = b"\xff" * 4096
        client.reset()
        assert bytes(box.memory) == bytes(4096)
        assert client.read(BAR2, box.base + 0x20, 4096) == bytes(4096)


def test_guest_that_changes_the_payload_while_the_device_works(device):
    """The device copies the payload once: whatever another thread of the guest writes meanwhile,
    a command is done as it was at one moment, and nothing else breaks."""
    with Client(device.socket) as client:
        box = Mailbox(client, mapped=True)
        child = os.fork()
        if child == 0:
            until = time.monotonic() + 10
            while time.monotonic() < until:
                box.memory[:16] = os.urandom(16)
            os._exit(0)
        try:
            for _ in range(200):
                assert box.command(0x4300, bytes(16))[0] in (0, 2, 0xf)
                assert box.command(0x4302, bytes(72))[0] in (0, 2, 0xf)
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)
        client.reset()
    assert_serves(device)


@pytest.mark.parametrize("size", ["256", "4K", "64K", "1M"])
def test_mapped_areas_are_whole_pages(start, size):
    device = start("--payload", size)
    with Client(device.socket) as client:
        areas = client.map_areas()
        assert len(areas) == 2
        for offset, area in areas.items():
            assert offset % mmap.PAGESIZE == 0 and len(area) % mmap.PAGESIZE == 0
        box = Mailbox(client, mapped=True)
        assert len(box.memory) == max(box.size, 4096)
        # past the payload: reads 0 over the socket, ignored, and zero after a command
        box.memory[:] = b"\xff" * len(box.memory)
        past = client.read(BAR2, box.base + 0x20 + box.size, 4096)
        assert past[:max(0, 4096 - box.size)] == bytes(max(0, 4096 - box.size))
        box.ok(0x4000)
        assert bytes(box.memory[box.size:]) == bytes(len(box.memory) - box.size)


def test_payload_without_files(start):
    """No descriptor left: no memory to map, and everything works by messages."""
    device = start()
    pid = device.proc.pid
    client = connect_late(device.socket)
    client.send_raw(b"\0")
    time.sleep(0.05)
    n = len(fds_of(device))
    client.close()
    wait_until("it has gone", lambda: len(fds_of(device)) < n)
    old = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # the connection itself takes the last descriptor; its payload file finds none
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (n - 1, old[1]))
    with Client(device.socket) as client:
        info, fd = client.region_info(BAR2)
        if fd is not None:
            os.close(fd)
        assert not info.flags & 4 and info.argsz == 32
        assert len(Mailbox(client).ok(0x4000)) == 0x45
    resource.prlimit(pid, resource.RLIMIT_NOFILE, old)
    assert_serves(device)


def test_server_answers_while_a_scan_runs(start):
    """A long command never holds up the socket."""
    device = start("--scan-ns-per-line", "1000000")
    with Client(device.socket) as client:
        box = Mailbox(client)
        assert box.command(0x4304, struct.pack("<QQB", 0, 0x400000, 0))[0] == 1
        began = time.monotonic()
        for _ in range(100):
            assert box.background()[0]
            client.config(0)
        assert time.monotonic() - began < 1


def test_closed_peer_is_noticed_while_idle(start):
    device = start()
    client = Client(device.socket)
    before = len(fds_of(device))
    client.close()
    wait_until("the connection is gone", lambda: len(fds_of(device)) < before)
    with connect_late(device.socket) as client:
        readable, _, _ = select.select([client.socket], [], [], 0.05)
        assert not readable
        try:
            client.version()
        except Closed:
            pytest.fail("refused, though nobody is there")
