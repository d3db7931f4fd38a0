# SPDX-License-Identifier: MIT
"""swcxl-web as a server: what it answers to whom, and what it does not let happen."""

import http.client
import json
import os
import socket
import threading
import time

import pytest
from daemon import TIMEOUT, Daemon, wait_until
from web import TOKEN, Web

MIB = 1 << 20
FILES = {"/": "text/html", "/style.css": "text/css", "/app.js": "text/javascript",
         "/icon.svg": "image/svg+xml"}
PAGE = os.path.join(os.path.dirname(__file__), "../../src/web/page")


def read_event(answer):
    """The next event of a stream."""
    lines = [answer.readline(), answer.readline()]
    while lines == [b":\n", b"\n"]:  # there was none for a while
        lines = [answer.readline(), answer.readline()]
    assert lines[0].startswith(b"data: ") and lines[1] == b"\n", lines
    return json.loads(lines[0][6:])


class Stream:
    def __init__(self, web):
        self.connection = http.client.HTTPConnection(web.host, web.port, timeout=TIMEOUT)
        self.connection.request("GET", "/api/events")
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def next(self):
        return read_event(self.answer)

    def close(self):
        self.answer.close()
        self.connection.close()


# ---- what there is -------------------------------------------------------------------------------

@pytest.mark.parametrize("path", FILES)
def test_files_are_those_of_the_tree(pair, path):
    status, headers, body = pair[1].ask(path)
    name = "index.html" if path == "/" else path[1:]
    with open(os.path.join(PAGE, name), "rb") as file:
        assert (status, body) == (200, file.read())
    assert headers["Content-Type"].startswith(FILES[path])
    status, headers, nothing = pair[1].ask(path, "HEAD")
    assert (status, nothing, headers["Content-Length"]) == (200, b"", str(len(body)))


def test_every_answer_forbids_what_is_not_its_own(pair):
    for path, method in [("/", "GET"), ("/api/state", "GET"), ("/nothing", "GET"),
                         ("/api/scan", "POST"), ("/", "DELETE")]:
        _, headers, _ = pair[1].ask(path, method)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy, path
        assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("path", ["/nothing", "/index.html", "/../etc/passwd", "/api", "/api/quit",
                                  "//", "/app.js/", "/%00"])
def test_what_there_is_not(pair, path):
    assert pair[1].ask(path)[0] == 404


@pytest.mark.parametrize("method, path, allow", [
    ("POST", "/", "GET, HEAD"), ("PUT", "/api/state", "GET, HEAD"), ("DELETE", "/app.js", "GET, HEAD"),
    ("HEAD", "/api/events", "GET"), ("OPTIONS", "/", "GET, HEAD"), ("GET", "/api/plant", "POST"),
    ("PUT", "/api/scan", "POST"), ("BREW", "/", "GET, HEAD")])
def test_other_methods(pair, method, path, allow):
    status, headers, _ = pair[1].ask(path, method, body="x" * 100)
    assert (status, headers["Allow"]) == (405, allow)


def test_a_connection_serves_several_requests(pair):
    connection = http.client.HTTPConnection(pair[1].host, pair[1].port, timeout=TIMEOUT)
    connection.connect()
    first = connection.sock
    for path in [*FILES, "/api/state"]:
        connection.request("GET", path)
        assert connection.getresponse().read()
    assert connection.sock is first
    connection.close()


@pytest.mark.parametrize("data", [b"\r\n\r\n", b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                                  b"\0" * 100, b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n"])
def test_what_is_no_http_ends_its_connection_only(pair, data):
    with socket.create_connection((pair[1].host, pair[1].port), TIMEOUT) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        except ConnectionError:
            pass
    assert pair[1].ask()[0] == 200


# ---- the state -----------------------------------------------------------------------------------

def test_the_state_is_what_the_device_says(start):
    device, web = start("--volatile", "256M", "--persistent", "256M", "--dc-regions", "1",
                        "--poison-list-max", "3", "--clock", "virtual", "--name", "dimm")
    with device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=256 * MIB - 64, length=64, source="injected")
        qmp.cmd("swcxl-plant-poison", start=256 * MIB, length=2 * MIB, known=False)
        qmp.cmd("swcxl-plant-poison", ranges=[[n * MIB, 64] for n in range(8)])
        truth, rows = qmp.cmd("swcxl-query-device"), qmp.cmd("swcxl-query-poison")
    state = web.until("all is seen", lambda state: state["poison"]["ranges"] == 10)
    assert state["connected"] and state["why"] == ""
    assert state["device"]["name"] == "dimm" and state["device"]["clock"] == "virtual"
    for key in ("serial", "capacity", "version"):
        assert state["device"][key] == truth[key]
    assert [(s["kind"], s["start"], s["length"]) for s in state["segments"]] == [
        ("volatile", 0, 256 * MIB), ("persistent", 256 * MIB, 256 * MIB),
        ("dynamic", 512 * MIB, 256 * MIB)]
    assert state["poison"]["rows"] == rows and not state["poison"]["cut"]
    assert state["list"]["overflow"] and state["list"]["count"] == state["list"]["max"] == 3
    assert [log["count"] for log in state["logs"]] == [log["count"] for log in truth["logs"].values()]
    cells, size = state["cells"], state["cells"]["size"]
    assert size == MIB and cells["count"] == 768 and cells["to"] == truth["capacity"]
    sums = {cell[0]: cell[1:] for cell in cells["has"]}
    assert sorted(sums) == [*range(8), 255, 256, 257]
    assert sums[257] == [1, MIB // 64, MIB // 64, 0, 0, 0] and sums[255][5] == 1
    assert sum(cell[3] for cell in sums.values()) == \
        sum(row["length"] // 64 for row in rows if row["listed"])


def test_many_ranges(start):
    """The sums are of all of them, the rows the first few."""
    device, web = start("--volatile", "4G", "--clock", "virtual")
    many = 150000
    with device.qmp() as qmp:
        for first in range(0, many, 15000):
            qmp.cmd("swcxl-plant-poison", known=False,
                    ranges=[[n * 25600, 64] for n in range(first, first + 15000)])
    state = web.until("all ranges are summed up", lambda state: sum(
        cell[2] for cell in state["cells"]["has"]) == many and state["poison"]["ranges"] == many)
    assert state["poison"]["cut"] and len(state["poison"]["rows"]) == 200


def test_a_stream_of_states(pair):
    device, web = pair
    stream = Stream(web)
    assert stream.answer.headers["Content-Type"] == "text/event-stream"
    first = stream.next()
    assert first["poison"]["lines"] == 0
    assert stream.next()["number"] > first["number"]
    with device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=64, length=640)
    wait_until("the stream tells it", lambda: stream.next()["poison"]["lines"] == 10)
    stream.close()
    assert web.ask()[0] == 200


def test_commands_a_second(pair):
    device, web = pair
    stop = threading.Event()

    def busy():
        with device.qmp() as qmp:
            while not stop.wait(0.002):
                qmp.cmd("swcxl-cci", opcode=1)

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        state = web.until("a rate", lambda state: state["commands"]["rate"] > 1)
    finally:
        stop.set()
        thread.join()
    assert state["commands"]["control"] == state["commands"]["count"] > 0
    web.until("none", lambda state: state["commands"]["rate"] == 0)


def test_a_device_that_goes_and_comes_back(start, tmp_path):
    path = str(tmp_path / "qmp")
    options = ("--volatile", "256M", "--clock", "virtual", "--qmp", path)
    with Daemon(*options, vfio=False) as device:
        web = Web(device, token=TOKEN)
        stream = Stream(web)
        assert stream.next()["connected"]
    try:
        gone = web.until("it is gone", lambda state: not state["connected"])
        assert "closed the connection" in gone["why"] or "Cannot connect" in gone["why"]
        assert gone["device"]["capacity"] == 256 * MIB  # what was last known
        wait_until("the stream says so too", lambda: not stream.next()["connected"])
        assert web.act("plant", start=0, length=64) == \
            (503, {"error": "There is no connection to the device"})
        with Daemon(*options, "--name", "other", vfio=False):
            state = web.until("it is back", lambda state: state["connected"])
            assert state["device"]["name"] == "other"
            wait_until("the stream goes on", lambda: stream.next()["connected"])
        stream.close()
    finally:
        web.stop()


# ---- who may ask ---------------------------------------------------------------------------------

@pytest.mark.parametrize("host, status", [
    ("evil.example", 421), ("localhost.evil.example:80", 421), ("", 421), ("localhost", 200),
    ("localhost:80", 200), ("127.0.0.1:1", 200), ("[::1]:80", 200), ("lab.example", 200)])
def test_hosts(start, host, status):
    _, web = start(web=("--name", "lab.example"))
    for path in ("/", "/api/state"):
        assert web.ask(path, Host=host)[0] == status
    if status != 200:
        assert web.ask("/api/plant", "POST", "{}", Host=host, Content_Type="application/json",
                       Authorization=f"Bearer {TOKEN}")[0] == status


def test_a_request_without_a_host(pair):
    with socket.create_connection((pair[1].host, pair[1].port), TIMEOUT) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 421 " in connection.recv(4096).split(b"\r\n")[0]


@pytest.mark.parametrize("headers, status", [
    ({}, 401), ({"Authorization": "Bearer wrong-horse-battery"}, 401),
    ({"Authorization": TOKEN}, 401), ({"Authorization": f"Bearer {TOKEN}x"}, 401),
    ({"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example"}, 403),
    ({"Authorization": f"Bearer {TOKEN}", "Origin": "null"}, 403),
    ({"Authorization": f"Bearer {TOKEN}", "Content_Type": "text/plain"}, 415),
    ({"Authorization": f"Bearer {TOKEN}", "Content_Type": "application/x-www-form-urlencoded"}, 415),
    ({"Authorization": f"Bearer {TOKEN}"}, 200)])
def test_who_may_change_something(pair, headers, status):
    device, web = pair
    answer = web.ask("/api/plant", "POST", '{"start": 0, "length": 64}',
                     **{"Content_Type": "application/json", **headers})
    assert answer[0] == status
    assert (answer[1]["WWW-Authenticate"] == "Bearer") == (status == 401)
    with device.qmp() as qmp:
        assert len(qmp.cmd("swcxl-query-poison")) == (status == 200)


def test_its_own_page_may(pair):
    _, web = pair
    host = f"127.0.0.1:{web.port}"
    assert web.ask("/api/plant", "POST", '{"start": 0, "length": 64}', Origin=f"http://{host}",
                   Host=host, Content_Type="application/json",
                   Authorization=f"Bearer {TOKEN}")[0] == 200


def test_without_a_token_nobody_may(start):
    device, web = start(token=None)
    assert web.state()["writable"] is False
    status, answer = web.act("plant", start=0, length=64)
    assert status == 403 and "read-only" in answer["error"]
    assert web.act("plant", token="", start=0, length=64)[0] == 403
    with device.qmp() as qmp:
        assert qmp.cmd("swcxl-query-poison") == []


# ---- actions -------------------------------------------------------------------------------------

def test_what_can_be_done(pair):
    device, web = pair
    assert web.state()["writable"] is True
    with device.qmp() as qmp:
        assert web.act("plant", start=128, length=128, source="vendor", known=False,
                       permanent=False) == (200, {})
        assert qmp.cmd("swcxl-query-poison") == [
            {"start": 128, "length": 128, "source": "vendor", "known": False, "listed": False,
             "permanent": False}]
        assert web.act("inject", start=4096) == (200, {})
        assert qmp.cmd("swcxl-query-poison", start=4096)[0]["source"] == "injected"
        assert web.act("clear", start=4096) == (200, {})
        assert qmp.cmd("swcxl-query-poison", start=4096) == []
        assert web.act("scan", start=0, length=256 * MIB) == (200, {})
        assert qmp.cmd("swcxl-query-device")["scan"]["running"]
        web.until("the scan is seen", lambda state: state["scan"]["running"])
        status, answer = web.act("scan", start=0, length=256 * MIB)
        assert status == 409 and answer["error"] == "Scan Media: Busy"
        assert web.act("abort")[0] == 200
        assert not qmp.cmd("swcxl-query-device")["scan"]["running"]


@pytest.mark.parametrize("action, body, status, text", [
    ("plant", {"start": 0}, 409, "Parameter 'length' is missing"),
    ("plant", {"start": 256 * MIB, "length": 64}, 409, "outside of the device"),
    ("plant", {"start": 1, "length": 64}, 400, "multiples of 64"),
    ("plant", {"start": "0", "length": 64}, 400, "multiples of 64"),
    ("plant", {"start": -64, "length": 64}, 400, "multiples of 64"),
    ("plant", {"start": 0, "length": 64, "source": "nowhere"}, 409, "source"),
    ("inject", {"start": 256 * MIB}, 409, "Inject Poison: Invalid Physical Address"),
    ("clear", {"start": 32}, 400, "multiples of 64"),
    ("scan", {"start": 0, "length": 257 * MIB}, 409, "Scan Media: "),
])
def test_what_is_refused(pair, action, body, status, text):
    device, web = pair
    answer = web.act(action, **body)
    assert answer[0] == status and text in answer[1]["error"], answer
    with device.qmp() as qmp:
        assert qmp.cmd("swcxl-query-poison") == []


@pytest.mark.parametrize("body, status", [
    ("", 400), ("[]", 400), ("{", 400), ("7", 400), ('{"start": 0, "length": 64}' + " " * 4070, 200),
    ('{"start": 0, "length": 64}' + " " * 4071, 413), ("[" * 4000, 400), ("\0" * 100, 400)])
def test_bodies(pair, body, status):
    """A body may have 4096 bytes."""
    assert pair[1].ask("/api/plant", "POST", body, Content_Type="application/json",
                       Authorization=f"Bearer {TOKEN}")[0] == status


# ---- bounds --------------------------------------------------------------------------------------

def test_many_browsers(pair):
    """Each has a stream; the one too many is told so, and others are still served."""
    device, web = pair
    streams = [Stream(web) for _ in range(32)]
    assert {stream.status for stream in streams} == {200}
    extra = Stream(web)
    assert extra.status == 503
    extra.close()
    with device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=0, length=64)
    for stream in streams:
        wait_until("every one sees it", lambda s=stream: s.next()["poison"]["lines"] == 1)
    assert web.ask()[0] == 200
    streams.pop().close()

    def again():
        stream = Stream(web)
        if stream.status == 200:
            streams.append(stream)
        return stream.status == 200
    wait_until("there is room again", again)
    for stream in streams:
        stream.close()


def test_closed_pages_make_room_while_nothing_happens(start):
    """With a state a minute, comments find out whose reader is gone; who reads is left alone."""
    web = start(web=("--interval", "60000"))[1]
    closed, reader = [Stream(web) for _ in range(31)], Stream(web)
    first = reader.next()
    for stream in closed:
        stream.next()
        stream.close()
    begun = time.monotonic()

    def again():
        stream = Stream(web)
        stream.close()
        return stream.status == 200
    wait_until("there is room again", again)
    assert web.state()["number"] == first["number"]  # and that was not because of a state
    assert [reader.answer.readline() for _ in range(4)] == [b":\n", b"\n"] * 2
    assert 1 < time.monotonic() - begun < 30
    reader.close()


def test_connections_are_bounded_and_the_idle_give_way(pair):
    """More than there is room for wait; they are served once those that say nothing are ended."""
    web = pair[1]
    idle = [socket.create_connection((web.host, web.port), TIMEOUT) for _ in range(64)]
    begun = time.monotonic()
    connection = http.client.HTTPConnection(web.host, web.port, timeout=3 * TIMEOUT)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    assert time.monotonic() - begun > 2  # it did wait: the bound holds
    connection.close()
    for sock in idle:
        sock.close()


def test_a_reader_that_does_not_read_is_dropped(start):
    """It costs the states that the kernel's buffers hold, and its place is free again."""
    device, web = start("--volatile", "4G", "--clock", "virtual", web=("--interval", "50"))
    with device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", known=False,
                ranges=[[n * 262144, 64] for n in range(16000)])
    web.until("many cells", lambda state: len(state["cells"]["has"]) > 900)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.settimeout(TIMEOUT)
    slow.connect((web.host, web.port))
    slow.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    other = Stream(web)
    memory = []
    deadline = time.monotonic() + 150

    def descriptors():
        return len(os.listdir(f"/proc/{web.proc.pid}/fd"))

    def dropped():
        other.next()
        with open(f"/proc/{web.proc.pid}/status") as file:
            memory.append(next(int(line.split()[1]) for line in file if line.startswith("VmRSS")))
        return descriptors() < all_open  # what is left of it is the kernel's

    all_open = descriptors()
    while not dropped():
        assert time.monotonic() < deadline
    half = len(memory) // 2
    assert max(memory[half:]) < max(memory[:half + 1]) + 16384
    assert other.next()["connected"]
    other.close()
    slow.close()


def test_it_ends_while_browsers_look(start):
    device, web = start()
    streams = [Stream(web) for _ in range(3)]
    for stream in streams:
        stream.next()
    web.stop()
    assert device.proc.poll() is None
    for stream in streams:
        stream.close()
