# SPDX-License-Identifier: MIT
"""Bounds of docs/LIMITS.md that no other test meets: at the bound, and one past it."""

import errno
import json
import struct
import subprocess

import pytest
from daemon import QmpError, program
from vfio_user import (BAR4, CONFIG, MSIX, REGION_READ, VERSION, WRITE_MULTI, Client, VfioError,
                       connect_late, extended_capabilities)

UUID = "01020304-0506-0708-090a-0b0c0d0e0f10"


def version_of(length):
    """A VERSION with so many bytes of JSON, its NUL included."""
    text = b'{"capabilities":{},"x":"'
    return struct.pack("<HH", 0, 1) + text + b"x" * (length - len(text) - 3) + b'"}\0'


def test_json_of_a_version(device):
    assert len(version_of(4096)) == 4 + 4096
    with connect_late(device.socket) as client:
        client.call(VERSION, version_of(4096))
        assert client.read(CONFIG, 0, 2) == b"\x98\x1e"
    with connect_late(device.socket) as client:
        with pytest.raises(VfioError) as error:
            client.call(VERSION, version_of(4097))
        assert error.value.errno == errno.EINVAL and client.closed()


def test_entries_of_a_write_multi(device):
    entry = struct.pack("<QII8s", 0, BAR4, 8, b"\x55" * 8)
    with Client(device.socket) as client:
        assert client.call(WRITE_MULTI, struct.pack("<Q", 200) + entry * 200)
        with pytest.raises(VfioError):
            client.call(WRITE_MULTI, struct.pack("<Q", 201) + entry * 201)
        assert client.read(CONFIG, 0, 2) == b"\x98\x1e"


def test_dwords_of_a_data_object(device):
    """64 are kept, which no request of ours needs; longer ones are an error, not a surprise."""
    with Client(device.socket) as client:
        at = next(at for kind, _, at in extended_capabilities(client) if kind == 0x2e)

        def status_after(length):
            client.put_config(at + 8, 1)  # abort
            for dword in (0x1e98 | 2 << 16, length, *(length - 2) * [0]):
                client.put_config(at + 16, dword)
            client.put_config(at + 8, 1 << 31)
            return client.config(at + 12)

        assert status_after(3) == 1 << 31  # the table's first entry
        for length in (64, 65, 4096):
            assert status_after(length) in (4, 1 << 31), length
        assert status_after(65) == 4
        assert status_after(3) == 1 << 31


def test_events_of_a_storm(qmp):
    qmp.cmd("swcxl-inject-event", log="fatal", type=UUID, count=65535)
    with pytest.raises(QmpError, match="from 1 to 65535"):
        qmp.cmd("swcxl-inject-event", log="fatal", type=UUID, count=65536)


def test_header_words_of_a_protocol_error(qmp):
    """As QEMU: 32 dwords."""
    def inject(count):
        return qmp.cmd("cxl-inject-uncorrectable-errors", path="mem0", errors=[
            {"type": "cache-data-parity", "header": list(range(count))}])

    inject(32)
    with pytest.raises(QmpError):
        inject(33)
    with pytest.raises(QmpError):
        inject(20000)


def test_tokens_of_a_request(qmp):
    def answer(tokens):
        text = json.dumps({"execute": "query-status", "id": [0]})
        inside = sum(text.count(c) for c in "{[:,")
        qmp.send(text.replace("[0]", "[0" + ",0" * (tokens - inside) + "]") + "\n")
        return qmp.recv_reply()

    assert answer(65536)["return"]["running"]
    assert answer(65537)["error"]["desc"] == "JSON token count limit exceeded"
    assert qmp.cmd("query-status")["running"]


def test_bytes_of_one_access(device):
    with Client(device.socket) as client:
        with pytest.raises(VfioError):
            client.call(REGION_READ, struct.pack("<QII", 0, BAR4, (1 << 20) + 1))
        assert client.irq_info(MSIX).count == 8


def test_characters_of_a_name():
    def status(length):
        return subprocess.run([program(), "--volatile", "256M", "--name", "n" * length, "--run",
                               "exit 7"], capture_output=True, timeout=20).returncode

    assert (status(64), status(65)) == (7, 2)
