# SPDX-License-Identifier: MIT
"""What QEMU and Cloud Hypervisor do at start-up, as they do it, and what may come back."""

import os
import struct

import pytest
from vfio_user import (BAR0, BAR2, BAR4, CONFIG, ERR, GET_INFO, GET_REGION_INFO, MSIX, NO_REPLY,
                       NONE, REGION_READ, REGION_WRITE, ROM, SET_IRQS, TRIGGER, VERSION, VGA,
                       Client, CloudHypervisorClient, Mailbox, QemuClient, device_capabilities,
                       pack, register_blocks)


def hexed(text):
    return bytes.fromhex(text.replace("|", " "))


def test_qemu_starts(device):
    with QemuClient(device.socket) as client:
        infos, config = client.start()
        assert len(config) == 4096 and config[9:12] == b"\x10\x02\x05"
        assert struct.unpack_from("<I", config, 0x100)[0] != 0, "no extended capabilities"
        assert infos[CONFIG].flags & 3 == 3
        for index in (BAR0, BAR2, BAR4):
            assert infos[index].size and infos[index].flags & 3 == 3
        # a mapped BAR is mapped for DMA too, and unmapped when decoding is switched off
        for offset, size in infos[BAR2].areas:
            client.dma_map(0xfe000000 + offset, size)
            client.dma_unmap(0xfe000000 + offset, size)
        client.machine_reset()  # the guest reboots
        assert Mailbox(client).command(0x4200)[0] == 0


def test_cloud_hypervisor_starts(device):
    with CloudHypervisorClient(device.socket) as client:
        infos, sizes = client.start()
        assert {bar: info.size for bar, info in infos.items() if info.size and bar < 6} == \
               {bar: size for bar, (size, _) in sizes.items()}
        client.dma_unmap(0, 1 << 30)
        assert Mailbox(client).command(0x4200)[0] == 0


def test_version_reply_fits_both(device):
    """One message of at most 214 bytes: JSON with `capabilities` and its NUL; minor is the lesser
    of both; no key that the client did not send."""
    for minor, answer in ((0, 0), (1, 1), (2, 1), (65535, 1)):
        with Client(device.socket, version=False) as client:
            reply = client.version(minor=minor)
            assert reply[:2] == (0, answer)
            assert set(reply[2]["capabilities"]) <= {"max_msg_fds", "max_data_xfer_size"}
    with Client(device.socket, version=False) as client:
        client.send_raw(pack(0x1234, VERSION, bytes(4)))
        message = client.recv()
        assert message.raw[:4] == hexed("3412 0100") and len(message.raw) <= 214
        assert message.raw[8:16] == hexed("01000000 00000000")


@pytest.mark.parametrize("text, keys", [
    (b"", set()),
    (b"{}\0", set()),
    (b'{"capabilities":{"migration":{"pgsize":4096}}}\0', set()),
    (b'{"capabilities":{"max_msg_fds":8}}\0', {"max_msg_fds"}),
    (b'{"capabilities":{"max_data_xfer_size":4096}}\0', {"max_data_xfer_size"}),
    (CloudHypervisorClient.text, {"max_msg_fds", "max_data_xfer_size"}),
    (QemuClient.text, {"max_msg_fds", "max_data_xfer_size"}),
])
def test_version_reply_is_a_subset_of_the_clients_capabilities(device, text, keys):
    with Client(device.socket, version=False) as client:
        assert set(client.version(text=text)[2]["capabilities"]) == keys


def test_client_that_takes_no_descriptor_is_offered_no_memory(device):
    with Client(device.socket, version=False) as client:
        client.version(text=b'{"capabilities":{"max_msg_fds":0}}\0')
        info, fd = client.region_info(BAR2)
        assert fd is None and info.flags == 3 and info.argsz == 32
        assert Mailbox(client).command(0x4000)[0] == 0
    with Client(device.socket, version=False) as client:
        client.version(text=b"{}\0")  # one, when it does not say
        assert client.ask_region_info(BAR2).fds


def exchange(client, request, reply):
    client.send_raw(hexed(request))
    message = client.recv()
    assert message.raw.hex(" ") == hexed(reply).hex(" ") and not message.fds


SAMPLES = {
    "GET_INFO": (
        "0200 0400 20000000 00000000 00000000 | 10000000 00000000 00000000 00000000",
        "0200 0400 20000000 01000000 00000000 | 10000000 03000000 09000000 05000000"),
    "GET_INFO as Cloud Hypervisor asks": (
        "0200 0400 20000000 00000000 00000000 | 20000000 00000000 00000000 00000000",
        "0200 0400 20000000 01000000 00000000 | 10000000 03000000 09000000 05000000"),
    "config 0": (
        "0300 0900 20000000 00000000 00000000 | 0000000000000000 07000000 02000000",
        "0300 0900 22000000 01000000 00000000 | 0000000000000000 07000000 02000000 981e"),
    "disable MSI-X": (
        "ffff 0800 24000000 00000000 00000000 | 14000000 21000000 02000000 00000000 00000000",
        "ffff 0800 10000000 01000000 00000000"),
    "disable INTx, which has no vectors": (
        "0100 0800 24000000 00000000 00000000 | 14000000 21000000 00000000 00000000 00000000",
        "0100 0800 10000000 01000000 00000000"),
    "DMA_UNMAP": (
        "0500 0300 28000000 00000000 00000000 | 18000000 00000000"
        " 00000a0000000000 0000020000000000",
        "0500 0300 28000000 01000000 00000000 | 18000000 00000000"
        " 00000a0000000000 0000020000000000"),
    "DMA_MAP": (
        "0500 0200 30000000 00000000 00000000 | 20000000 03000000 0000000000000000"
        " 0000000000000000 0000020000000000",
        "0500 0200 10000000 01000000 00000000"),
    "DEVICE_RESET": (
        "0600 0d00 10000000 00000000 00000000",
        "0600 0d00 10000000 01000000 00000000"),
    "write to config": (
        "0700 0a00 22000000 00000000 00000000 | 0400000000000000 07000000 02000000 0000",
        "0700 0a00 20000000 01000000 00000000 | 0400000000000000 07000000 02000000"),
    "an absent region": (
        "0800 0500 30000000 00000000 00000000 | 20000000 00000000 01000000 00000000"
        " 0000000000000000 0000000000000000",
        "0800 0500 30000000 01000000 00000000 | 20000000 00000000 01000000 00000000"
        " 0000000000000000 0000000000000000"),
    "IRQ_INFO of INTx": (
        "0900 0700 20000000 00000000 00000000 | 10000000 00000000 00000000 00000000",
        "0900 0700 20000000 01000000 00000000 | 10000000 00000000 00000000 00000000"),
    "IRQ_INFO of MSI-X": (
        "0900 0700 20000000 00000000 00000000 | 10000000 00000000 02000000 00000000",
        "0900 0700 20000000 01000000 00000000 | 10000000 01000000 02000000 08000000"),
    "an error": (
        "cdab 0500 30000000 00000000 00000000 | 20000000 00000000 09000000 00000000"
        " 0000000000000000 0000000000000000",
        "cdab 0500 10000000 21000000 16000000"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_byte_by_byte(client, name):
    exchange(client, *SAMPLES[name])


def test_posted_write_has_no_reply(client):
    """QEMU writes to memory BARs so. The next reply is that of the next command."""
    client.send_raw(hexed("0400 0a00 28000000 10000000 00000000 |"
                          " 1000000000000000 00000000 08000000 0102030405060708"))
    client.send_raw(pack(9, REGION_WRITE, struct.pack("<QII", 1 << 40, BAR0, 4) + bytes(4),
                         NO_REPLY))  # an error is not answered either
    client.send_raw(pack(10, 99, b"", NO_REPLY))
    assert client.info()[0] == 16


def test_short_and_full_region_info(client):
    """The short reply: the size to ask with, MMAP and the descriptor, but no CAPS flag, since the
    capabilities are not there. The full one: all of it, and the same file."""
    index, files = BAR2, []
    for argsz in (32, 79, 80, 4096):
        message = client.ask_region_info(index, argsz)
        info = client.parse_region_info(message.body)
        full = argsz >= 80
        assert (info.argsz, info.index, info.offset) == (80, index, 0)
        assert info.flags == (15 if full else 7) and info.cap_offset == (32 if full else 0)
        assert len(message.body) == (80 if full else 32) and len(message.fds) == 1
        files.append(os.fstat(message.fds[0]).st_ino)
        os.close(message.fds[0])
    assert len(set(files)) == 1


def test_payload_areas_are_where_the_mailboxes_say(client):
    """Whole pages, sorted, disjoint, inside of the BAR, and nothing else in them: the page that
    ends with a mailbox's registers, and its payload."""
    info, fd = client.region_info(BAR2)
    os.close(fd)
    found = device_capabilities(client)
    boxes = [found[2][0], found[3][0]]
    assert [offset for offset, _ in info.areas] == [base + 0x20 - 4096 for base in boxes]
    end = 0
    for offset, size in info.areas:
        assert offset % 4096 == 0 and size % 4096 == 0 and size and offset >= end
        end = offset + size
    assert end <= info.size
    bar, base = register_blocks(client)[3]
    assert (bar, base % 65536) == (BAR2, 0) and base >= 4096, "drivers claim the first page"
    assert client.read(BAR2, 0, 4096) == bytes(4096)


@pytest.mark.parametrize("region", [0, 1, 2, 3, 4, 5, ROM, CONFIG, VGA])
def test_every_region_can_be_asked_for(client, region):
    info, fd = client.region_info(region)
    if fd is not None:
        os.close(fd)
    assert bool(info.size) == (region in (BAR0, BAR2, BAR4, CONFIG))
    assert info.flags & 3 == (3 if info.size else 0) and info.index == region


def test_every_interrupt_can_be_asked_for(client):
    assert [client.irq_info(index).count for index in range(5)] == [0, 0, 8, 1, 0]
    assert client.irq_info(MSIX).flags & 1 and client.irq_info(ERR).flags & 1


def test_disable_is_always_possible(client):
    for index in range(5):
        client.set_irqs(NONE | TRIGGER, index)


def test_one_byte_at_a_time(device):
    """The stream has no pieces of its own."""
    with Client(device.socket, version=False) as client:
        for message in (pack(1, VERSION, struct.pack("<HH", 0, 1) + b'{"capabilities":{}}\0'),
                        pack(2, GET_INFO, struct.pack("<IIII", 16, 0, 0, 0))):
            for i in range(len(message)):
                client.send_raw(message[i:i + 1])
            assert client.recv().id == message[0]


def test_messages_in_one_write_are_answered_in_order(device):
    body = struct.pack("<IIII", 16, 0, 0, 0)
    with Client(device.socket, version=False) as client:
        client.send_raw(pack(1, VERSION, bytes(4)) + pack(7, GET_INFO, body) +
                        pack(7, GET_REGION_INFO, struct.pack("<IIIIQQ", 32, 0, 7, 0, 0, 0)) +
                        pack(8, SET_IRQS, struct.pack("<IIIII", 20, 0x21, 2, 0, 0)) +
                        pack(3, REGION_READ, struct.pack("<QII", 0, CONFIG, 2)))
        assert [client.recv().id for _ in range(5)] == [1, 7, 7, 8, 3]


def test_replies_are_whole_in_one_piece(client):
    """A reply that fits the socket's buffer comes with one recvmsg, region info with its file."""
    client.send(REGION_READ, struct.pack("<QII", 0, CONFIG, 4096))
    data = client.socket.recv(1 << 20)
    assert len(data) == 32 + 4096
