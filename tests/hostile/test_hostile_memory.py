# SPDX-License-Identifier: MIT
"""No memory, at every place where some is asked for: a start works or says in one line why it
does not; in service a request gets an error or loses its connection, and the next one works."""

import contextlib
import os
import resource
import struct
import subprocess

import pytest
from daemon import Daemon, Qmp, QmpError, program, wait_until
from snapshot import VOLATILE, cci, set_lsa
from vfio_user import Closed, Mailbox, QemuClient, VfioError, assert_serves

UUID = "01020304-0506-0708-090a-0b0c0d0e0f10"


def start_once(chaos, n, *options):
    """A start whose n-th allocation fails. (how many failed, exit status, words) Without the sandbox:
    libseccomp does not outlive a want of memory, at a moment that no peer can choose."""
    chaos.failed = 0
    chaos.fail_in = n
    done = subprocess.run([program(), "--volatile", "256M", "--persistent", "256M", "--dc-regions",
                           "1", "--sandbox", "off", *options, "--run", "exit 7"],
                          capture_output=True, text=True, timeout=20,
                          env={**os.environ, **chaos.env})
    return chaos.failed, done.returncode, done.stderr


def start_at_each(chaos, step, options, before=lambda: None):
    """Starts for each n, and how many of them were refused."""
    chaos.allocations = 0
    before()
    start_once(chaos, 0, *options)
    refused = 0
    for n in range(1, chaos.allocations + 10, step):
        before()
        failed, status, words = start_once(chaos, n, *options)
        lines = words.splitlines()
        if status == 7:
            assert len(lines) <= 1, (n, words)
            continue
        assert failed and status == 1, (n, status, words)
        # a state file that could not be written may be written after all, at the end
        again = len(lines) == 2 and lines[1].endswith("can be written again")
        assert (len(lines) == 1 or again) and lines[0].startswith("swcxl: "), (n, words)
        refused += 1
    assert start_once(chaos, 0, *options)[1:] == (7, "")
    return refused


def test_a_start_without_memory_works_or_says_why_not(chaos, tmp_path):
    """Every allocation there is, with all that a start can have but a state file."""
    files = ("--socket-path", tmp_path / "vfio", "--qmp", tmp_path / "qmp", "--pid-file",
             tmp_path / "pid", "--trace", tmp_path / "trace")
    assert start_at_each(chaos, 1, files) > 20
    assert sorted(os.listdir(tmp_path)) == ["chaos", "trace"]


@pytest.mark.parametrize("new", [True, False])
def test_a_start_with_a_state_file(chaos, tmp_path, new):
    """SQLite asks for memory in more than a thousand places: some of them, others each time."""
    state = tmp_path / "state"

    def remove():
        if new:
            for name in str(state), f"{state}-wal":
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name)

    start_once(chaos, 0, "--state", str(state))
    assert start_at_each(chaos, 23 if new else 9, ("--state", str(state)), remove) > 20


# ---- in service ----------------------------------------------------------------------------------


def requests():
    """(command, arguments) of many kinds, none of which depends on another."""
    path = "mem0"
    yield "query-status", {}
    yield "query-qmp-schema", {}
    yield "swcxl-query-device", {}
    yield "swcxl-query-stats", {}
    yield "swcxl-plant-poison", {"start": VOLATILE + 4096, "length": 64}
    yield "swcxl-plant-poison", {"ranges": [[VOLATILE + 8192 * i, 64] for i in range(1, 40)]}
    yield "swcxl-query-poison", {}
    yield "swcxl-write-media", {"start": VOLATILE, "data": "a5" * 300}
    yield "swcxl-read-media", {"start": VOLATILE, "length": 300}
    yield "cxl-inject-poison", {"path": path, "start": VOLATILE, "length": 64}
    yield "swcxl-inject-event", {"log": "fatal", "type": UUID, "data": "00" * 80}
    yield "swcxl-query-events", {"log": "fatal"}
    yield "cxl-inject-correctable-error", {"path": path, "type": "cache-data-ecc"}
    yield "swcxl-cci", {"opcode": 0x4300, "payload": "00" * 8 + "4000000000000000"}
    yield "swcxl-cci", {"opcode": 0x4103, "payload": "0000000000000000" + "aa" * 200}
    yield "cxl-add-dynamic-capacity", {
        "path": path, "host-id": 0, "selection-policy": "free", "region": 0, "tag": "x",
        "extents": [{"offset": 0, "len": 2 << 20}]}
    yield "swcxl-reset", {"type": "conventional"}
    yield "nosuch", {}


def attempt(device, name, args):
    """A request on a connection of its own: its value, or None when it failed."""
    try:
        with Qmp(device.qmp_path) as qmp:
            return qmp.cmd(name, **args)
    except QmpError as error:
        return error
    except (OSError, AssertionError):
        return None  # the connection ended


@pytest.mark.parametrize("durable", [False, True], ids=["volatile", "durable"])
def test_a_request_without_memory_is_one_request(chaos, tmp_path, durable):
    options = ("--state", tmp_path / "state") if durable else ()
    with Daemon("--volatile", "256M", "--persistent", "256M", "--dc-regions", "1", *options,
                env=chaos.env) as device:
        most = 0
        for name, args in requests():
            lost = refused = 0
            for n in range(1, 400, 3 if durable else 1):
                chaos.failed = 0
                chaos.fail_in = n
                result = attempt(device, name, args)
                failed, chaos.fail_in = chaos.failed, 0
                assert device.proc.poll() is None, (name, n, device.proc.returncode, device.stderr())
                lost += result is None
                refused += isinstance(result, QmpError)
                # whatever happened to that one, the next one is served
                with Qmp(device.qmp_path) as qmp:
                    assert qmp.cmd("query-status")["running"], (name, n)
                if durable and "state file" in str(result):  # its memory: tried again in a second
                    with Qmp(device.qmp_path) as qmp:
                        wait_until("it can be written", lambda: works(qmp))
                elif not failed:
                    break
            assert result is not None, name  # with memory it is answered, and done
            if name not in ("nosuch", "cxl-inject-poison", "cxl-add-dynamic-capacity"):
                assert not isinstance(result, QmpError), (name, result)
            assert failed == 0, (name, n)
            most = max(most, n)
        assert most > 10
        if durable:
            with Qmp(device.qmp_path) as qmp:
                wait_until("all is written", lambda: works(qmp))
        assert_serves(device)
        assert all("memory" in line or "can be written again" in line
                   for line in device.stderr().splitlines()), device.stderr()


def works(qmp):
    try:
        qmp.cmd("swcxl-plant-poison", start=VOLATILE, length=64)
        return True
    except QmpError:
        return False


def session(device):
    """What a VMM and its guest do."""
    with QemuClient(device.socket) as client:
        client.start()
        box = Mailbox(client, mapped="registers")
        results = [box.command(0x4000)[0]]
        results.append(box.command(0x4301, struct.pack("<Q", VOLATILE))[0])
        results.append(box.command(0x4300, struct.pack("<QQ", VOLATILE, 64))[0])
        results.append(box.command(0x4302, struct.pack("<Q", VOLATILE) + bytes(64))[0])
        return results


def test_a_connection_without_memory_however_many_there_are(chaos):
    """Tables that grow with the number of descriptors are among what needs memory."""
    with Daemon("--volatile", "256M", env=chaos.env) as device, contextlib.ExitStack() as stack:
        for count in range(64):
            for n in range(1, 12):
                chaos.fail_in = n
                with contextlib.suppress(OSError, AssertionError, QmpError):
                    Qmp(device.qmp_path).close()
                chaos.fail_in = 0
                assert device.proc.poll() is None, (count, n, device.stderr())
            stack.enter_context(Qmp(device.qmp_path))
        stack.close()
        assert_serves(device)


@pytest.mark.parametrize("durable", [False, True], ids=["volatile", "durable"])
def test_a_vmm_without_memory_is_one_connection(chaos, tmp_path, durable):
    options = ("--state", tmp_path / "state") if durable else ()
    with Daemon("--volatile", "256M", "--persistent", "256M", *options, env=chaos.env) as device:
        for n in range(1, 500, 5 if durable else 1):
            chaos.failed = 0
            chaos.fail_in = n
            with contextlib.suppress(VfioError, Closed, AssertionError, OSError):
                session(device)
            failed, chaos.fail_in = chaos.failed, 0
            assert device.proc.poll() is None, (n, device.proc.returncode, device.stderr())
            # the state file is tried again within a second, if it was its memory
            wait_until("the next one is served", lambda: session(device) == [0, 0, 0, 0])
            if not failed:
                break
        assert n > 5 and not failed


def test_no_memory_for_a_while(chaos, tmp_path):
    """Everything fails meanwhile, and nothing is broken afterwards."""
    with Daemon("--volatile", "256M", "--persistent", "256M", "--state", tmp_path / "state",
                env=chaos.env) as device, Qmp(device.qmp_path) as qmp:
        for i in range(20):
            set_lsa(qmp, 4096 + i, b"x")  # acknowledged
            chaos.fail_for = 1 << 40
            chaos.fail_in = 1
            for name, args in requests():
                attempt(device, name, args)
                assert device.proc.poll() is None, (name, device.proc.returncode, device.stderr())
            with contextlib.suppress(VfioError, Closed, AssertionError, OSError):
                session(device)
            chaos.fail_in = chaos.fail_for = 0
            with Qmp(device.qmp_path) as late:
                wait_until("it can be written", lambda: works(late))
    with Daemon("--volatile", "256M", "--persistent", "256M", "--state",
                tmp_path / "state") as device, Qmp(device.qmp_path) as qmp:
        assert cci(qmp, 0x4102, struct.pack("<II", 4096, 21)) == b"x" * 20 + b"\0"


# ---- threads -------------------------------------------------------------------------------------


def test_no_thread_for_commits_is_said_at_the_start(chaos, tmp_path):
    chaos.no_threads = 1
    done = subprocess.run([program(), "--volatile", "256M", "--state", str(tmp_path / "state"),
                           "--run", "exit 7"], capture_output=True, text=True, timeout=20,
                          env={**os.environ, **chaos.env})
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    assert "thread" in done.stderr


def test_no_threads_later_do_not_matter(chaos, tmp_path):
    with Daemon("--volatile", "256M", "--persistent", "256M", "--state", tmp_path / "state",
                env=chaos.env) as device:
        chaos.no_threads = 1
        with Qmp(device.qmp_path) as qmp:
            qmp.cmd("swcxl-plant-poison", start=VOLATILE, length=64)


# ---- as a system does it -------------------------------------------------------------------------


def test_an_address_space_that_is_full(chaos, tmp_path):
    """Nothing larger than what is left can be had, by any library: large requests are errors or
    end their connection, small ones work."""
    with Daemon("--volatile", "256M", "--persistent", "256M", "--state", tmp_path / "state",
                env=chaos.env) as device, Qmp(device.qmp_path) as good:
        with open(f"/proc/{device.proc.pid}/statm") as file:
            size = int(file.read().split()[0]) * 4096
        old = resource.prlimit(device.proc.pid, resource.RLIMIT_AS, (size + (3 << 20), -1))
        large = [("swcxl-write-media", {"start": VOLATILE, "data": "a5" * (1 << 20)}),
                 ("swcxl-read-media", {"start": VOLATILE, "length": 1 << 20}),
                 ("swcxl-plant-poison", {"ranges": [[VOLATILE + 128 * i, 64] for i in range(20000)]}),
                 ("query-qmp-schema", {}),
                 ("swcxl-query-poison", {})]
        failed = 0
        for _ in range(3):
            for name, args in large:
                failed += not isinstance(attempt(device, name, args), (dict, list))
                assert device.proc.poll() is None, (name, device.proc.returncode, device.stderr())
                assert good.cmd("query-status")["running"]
            with contextlib.suppress(VfioError, Closed, AssertionError, OSError):
                session(device)
            assert device.proc.poll() is None, (device.proc.returncode, device.stderr())
        assert failed > 3
        resource.prlimit(device.proc.pid, resource.RLIMIT_AS, old)
        wait_until("it can be written", lambda: works(good))
        for name, args in large:
            assert isinstance(attempt(device, name, args), (dict, list)), name
        wait_until("it is served", lambda: session(device) == [0, 0, 0, 0])


def test_what_fails_half_way_gives_back_what_it_has(chaos):
    """Each request fails at each of its allocations, many times over: memory stays what it was."""
    def resident():
        with open(f"/proc/{device.proc.pid}/statm") as file:
            return int(file.read().split()[1]) * 4096

    def torment(rounds):
        for _ in range(rounds):
            for name, args in requests():
                for n in range(1, 15):
                    chaos.fail_in = n
                    attempt(device, name, args)
            for n in range(1, 15):
                chaos.fail_in = n
                with contextlib.suppress(VfioError, Closed, AssertionError, OSError):
                    session(device)
            chaos.fail_in = 0

    with Daemon("--volatile", "256M", "--persistent", "256M", "--dc-regions", "1",
                env=chaos.env) as device:
        torment(4)
        before, failed = resident(), chaos.failed
        torment(16)
        assert chaos.failed > failed + 1000
        assert resident() < before + (256 << 10)
