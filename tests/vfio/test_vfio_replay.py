# SPDX-License-Identifier: MIT
"""swcxlctl replay: what a guest and a person have done to one device, done to another one, gives
the same trace; and what is not the same is found."""

import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))

from ctl import NO_CONNECTION, Ctl  # noqa: E402
from daemon import Daemon, program  # noqa: E402
from test_vfio_doe import CXL, DISCOVERY, SIG, TABLE_ACCESS, Doe  # noqa: E402
from test_vfio_walk import Walk  # noqa: E402
from vfio_user import BAR0, BAR2, Client, Mailbox  # noqa: E402

SAME, DIFFERENT, CANNOT = 0, 1, 2
DYNAMIC = ["--dc-regions", "2", "--dc-region-size", "256M", "--dc-block-size", "4K"]


def replay(path, *args):
    return Ctl(SWCXL=program()).run("replay", path, *args)


def same(path):
    result = replay(path)
    assert result.status == SAME, result
    lines = sum(1 for _ in open(path))
    assert result.out == f"{path}: {lines} lines, and the same came of them.\n"


class RealWalk(Walk):
    """Time goes by itself."""

    def outside(self):
        start = self.random.randrange(8) * 64
        self.qmp.cmd("swcxl-plant-poison", start=start, length=64,
                     known=self.random.random() < 0.5)


@pytest.mark.parametrize("clock, kind", [("virtual", Walk), ("real", RealWalk)])
def test_a_random_walk(start, tmp_path, clock, kind):
    seed = int(os.environ.get("SWCXL_TEST_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
    print(f"SWCXL_TEST_SEED={seed}")
    path = tmp_path / "trace"
    device = start("--persistent", "256M", "--clock", clock, "--payload", "256",
                   "--poison-list-max", "3", "--inject-limit", "3", "--event-log-max", "5",
                   "--scan-results-max", "4", "--scan-ns-per-line", "1", "--trace", str(path))
    for _ in range(3):
        with device.qmp() as qmp, Client(device.socket) as client:
            walk = kind(seed, client, qmp)
            for _ in range(400):
                walk.step()
        seed += 1
    device.proc.terminate()
    device.wait()
    text = path.read_text()
    for part in (" cci primary ", " cci secondary ", " write config ", " write component ",
                 " reset attach", " qmp swcxl-plant-poison ", " claimed="):
        assert part in text, part
    same(path)


def life(device, qmp):
    """Some of everything that leaves a line."""
    with Client(device.socket) as client:
        box, other = Mailbox(client), Mailbox(client, secondary=True)
        box.ok(0x0301, struct.pack("<Q", 10 ** 18))
        box.ok(0x4301, struct.pack("<Q", 0x1000))
        qmp.cmd("swcxl-plant-poison", start=0x2000, length=128, known=False)
        box.ok(0x4304, struct.pack("<QQB", 0, 1 << 10, 0), rc=1)
        qmp.cmd("swcxl-clock-step", nanoseconds=10 ** 9)
        assert len(box.ok(0x4300, struct.pack("<QQ", 0, 1 << 10))) == 32 + 2 * 16
        other.ok(0x4305)
        other.ok(0x0100, b"\2")
        client.put(BAR0, 0x1144, 2)
        client.put_config(4, 6, 2)
        doe = Doe(client)
        doe.exchange(SIG, DISCOVERY, bytes(4))
        doe.read_entry(0)
        qmp.cmd("swcxl-fault", fault="delay", opcode=0x4000, value=5 * 10 ** 8)
        qmp.cmd("swcxl-fault", fault="return-code", opcode=0x4200, value=2)
        box.put_payload(b"")
        client.put(BAR2, box.base + 8, 0x4000, 8)
        client.put(BAR2, box.base + 4, 1)
        qmp.cmd("swcxl-clock-step", nanoseconds=10 ** 9)
        assert box.command(0x4200)[0] == 2
        with device.qmp() as second:
            part = bytes([1, 1]) + bytes(126 + 128)  # a transfer that ends with its connection
            second.cmd("swcxl-cci", opcode=0x0201, payload=part.hex())
        box.ok(0x0201, bytes([1, 1]) + bytes(126 + 128))
        qmp.cmd("swcxl-fault", fault="mailbox-not-ready")
        client.put(BAR2, box.base + 8, 0x4000, 8)
        client.put(BAR2, box.base + 4, 1)
        qmp.cmd("swcxl-clear-faults")
        qmp.cmd("cxl-inject-poison", path="someone", start=0x4000, length=64)
        qmp.cmd("swcxl-write-media", start=0x40, data="5a" * 64)
        qmp.cmd("swcxl-read-media", start=0x20, length=64)
        client.reset()
    qmp.cmd("swcxl-reset", type="cold")
    qmp.cmd("cxl-add-dynamic-capacity", path="someone", region=0,
            extents=[{"offset": 0, "len": 8192}],
            **{"host-id": 0, "selection-policy": "contiguous"})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("replay") / "trace"
    with Daemon("--volatile", "256M", "--persistent", "256M", "--name", "someone", "--serial", "77",
                "--clock", "virtual", *DYNAMIC, "--trace", path) as device, device.qmp() as qmp:
        life(device, qmp)
    return path


def test_the_same_comes_of_it(recorded):
    text = recorded.read_text()
    assert " object doe Table Access(" in text and " object doe Discovery(" in text
    assert " gone control2" in text and "write device mailbox-control = 0x00000001" in text
    same(recorded)


def test_nobody_needs_the_text(recorded, tmp_path):
    """It may be another one in another version: it is what differs then, not what is done."""
    path = tmp_path / "trace"
    path.write_text(recorded.read_text().replace("cci primary Inject Poison(address=0x1000)",
                                                 "cci primary Injecting Poison(at=0x1000)", 1))
    assert "Injecting" in path.read_text()
    same(path)


@pytest.mark.parametrize("old, new, line, field", [
    (r"out=0000000000000000000002000(?=.*\n.*Scan Media Results)", "out=0000000000000000000001000",
     "cci primary Get Poison List", "    in out digit 22, which the text does not show:\n"
     "    expected  1000"),
    (r"rc=0000(?= out=\n0 qmp swcxl-plant)", "rc=0006", "cci primary Inject Poison",
     "    in rc digit 4, which the text does not show:\n    expected  6 out=\n"
     "    got       0 out=\n"),
    (r"4301 in=0010000000000000", "4301 in=0011000000000000",
     "cci primary Get Poison List", "    expected  address=0x1000|injected\n"
     "    got       address=0x1100|injected\n"),
    (r"rc=0001 out=\n", "rc=0001 out=00\n", "cci primary Scan Media", "in out digit 1"),
    (r"in=01000000030000000000", "in=01000000030000000001", "object doe Discovery", "in in digit 20"),
    (r"(?<= 4301 in=0010000000000000) rc=0000", "", "cci primary Inject Poison",
     "    behind the text, which does not show it:\n"),
    (r'\{"data":? ?"[0-9a-f]{4}', '{"data": "ffff', "qmp swcxl-read-media", '"data": "ffff'),
    (r'qmp swcxl-write-media \{"start":64', 'qmp swcxl-write-media {"start":128',
     "qmp swcxl-read-media", "5a5a"),
    (r"\n\d+ cci primary Inject Poison[^\n]*", "", "cci primary Get Poison List",
     "    expected  count=2\n    got       count=1\n"),
    (r"\n\d+ qmp cxl-inject-poison[^\n]*", "", "", None),
])
def test_what_is_not_the_same_is_found(recorded, tmp_path, old, new, line, field):
    path, text = tmp_path / "trace", recorded.read_text()
    changed = re.sub(old, lambda _: new, text, count=1)
    assert changed != text
    path.write_text(changed)
    result = replay(path)
    if field is None:  # leaving out what leaves no mark is no difference
        assert result.status == SAME, result
        return
    assert result.status == DIFFERENT, result
    number = int(re.match(rf"{re.escape(str(path))}:(\d+): \d+ {re.escape(line)}", result.out)
                 .group(1))
    assert line in changed.splitlines()[number - 1]
    assert field in result.out, result


def test_replay_finds_its_program(recorded):
    """Beside swcxlctl, when $SWCXL does not say where it is and the path has none."""
    assert Ctl(SWCXL="", PATH="/nowhere").run("replay", recorded).status == SAME
    missing = Ctl(SWCXL="/nowhere/swcxl").run("replay", recorded)
    assert missing.status == NO_CONNECTION and "Cannot run /nowhere/swcxl" in missing.err, missing


def test_another_device_is_not_the_same(recorded):
    done = subprocess.run([program(), "--replay", recorded, "--poison-list-max", "1"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == DIFFERENT and "cci primary Get Poison List" in done.stdout


def test_a_line_that_was_cut_is_not_there(recorded, tmp_path):
    path = tmp_path / "trace"
    path.write_bytes(recorded.read_bytes()[:-20])
    assert replay(path).status == SAME


@pytest.mark.parametrize("old, new, text", [
    (r"swcxl-trace 2", "swcxl-trace 1", ":1: cannot be replayed: its format is older than this "),
    (r"swcxl-trace 2", "swcxl-trace 3", ":1: cannot be replayed: its format is newer than this "),
    (r"# swcxl-trace", "# something", ":1: cannot be replayed: it is no trace of swcxl"),
    (r"swcxl \S+ --name", "swcxl 9.8 --new-option=1 --name", " is a trace of swcxl 9.8, whose "
     "options this swcxl "),
    (r"swcxl \S+ --name", "swcxl 9.8 --sandbox=off --name", "options this swcxl "),
    (r"\n", " --name\n", "options this swcxl "),  # nothing of the command line is its value
    (r" \| 4301 in=0010", " | 4301 in=0010000000000000 claimed=9000 x", "claims more input than"),
    (r"\n0 reset attach", "\n0 reset attack", ": cannot be replayed: there is no such reset"),
    (r"\n0 reset attach", "\n0 preset attach", "there is no such kind of line"),
    (r"\n0 reset attach", "\nx reset attach", "it does not begin with a time, a kind and a name"),
    (r" in=0010000000000000", " in=001000000000000", "its digits are damaged"),
    (r" \| 4301 in", " 4301 in", "it ends before its digits"),
    (r"\n2000000000 ", "\n1 ", "its time is before that of the line above"),
    (r"cci primary", "cci primate", "there is no such channel"),
    (r"gone control2", "gone control9", "there is no such channel"),
])
def test_what_cannot_be_replayed(recorded, tmp_path, old, new, text):
    path, before = tmp_path / "trace", recorded.read_text()
    at = [m.start() for m in re.finditer(old, before)][-1 if "\\n2000" in old else 0]
    path.write_text(before[:at] + re.sub(old, lambda _: new, before[at:], count=1))
    result = replay(path)
    assert result.status == CANNOT and text in result.err, result
    assert not result.out


@pytest.mark.parametrize("number, status", [
    ((1 << 20) - 1, SAME), ((1 << 20) + 1, CANNOT), ((1 << 32) - 1, CANNOT),
    ((1 << 32) + 1, CANNOT), (-1, CANNOT),
])
def test_channels_are_bounded(recorded, tmp_path, number, status):
    """All before a channel are made, which takes its time."""
    path = tmp_path / "trace"
    header = recorded.read_text().splitlines()[0]
    path.write_text(f"{header}\n0 cci control{number} Get Log = 1 | 0401 in= rc=0016 out=\n")
    result = replay(path)
    assert result.status == status, result
    assert status == SAME or "there is no such channel" in result.err


@pytest.mark.parametrize("line", [
    'quit"}{"execute":"quit {} = {}', "quit {}} {} = {}", "quit\\u0022 {} = {}",
    "x {}} " + '{"execute": "swcxl-clear-faults"} ' * 150000 + "{} = {}",
    "x" + '"}{"execute":"swcxl-clear-faults' * 150000 + " {} = {}"],
    ids=["name", "arguments", "escape", "many-arguments", "many-names"])
def test_a_line_is_one_request(recorded, tmp_path, line):
    path = tmp_path / "trace"
    header = recorded.read_text().splitlines()[0]
    path.write_text(f"{header}\n0 qmp {line}\n")
    assert replay(path).status == CANNOT


def test_no_file_of_a_header_is_opened(recorded, tmp_path):
    path, file = tmp_path / "trace", tmp_path / "file"
    text = recorded.read_text().replace("\n", "\n# state mem0.state\n", 1)
    for option in ("state", "trace", "pid-file", "qmp"):
        path.write_text(text.replace(" --", f" --{option}={file} --", 1))
        assert replay(path).status == CANNOT
        assert not file.exists()


def test_a_file_of_anybody_does_not_reach_the_terminal(recorded, tmp_path):
    path, text = tmp_path / "trace", recorded.read_bytes()
    for control in (b"\x1b", b"\x7f", b"\r", b"\xc2\x9b"):
        for old in (b"cci primary Get", b"address=0x1000", b"swcxl-trace 2 swcxl "):
            path.write_bytes(text.replace(old, old[:-1] + control + old[-1:], 1))
            result = replay(path)
            assert control.decode() not in (result.out + result.err).replace("\r\n", "\n")


def test_nor_does_what_is_made_of_its_escapes(recorded, tmp_path):
    path, text = tmp_path / "trace", recorded.read_text()
    for control in ("\x7f", "\x9b"):
        words = {"path": f"/{control}/someone", "start": 64, "length": 64}
        path.write_text(text.replace(
            "\n", f"\n0 qmp  cxl-inject-poison {json.dumps(words)} = {{}}\n", 1))
        result = replay(path)
        assert result.status == DIFFERENT and "someone" in result.out
        assert control not in result.out


@pytest.mark.parametrize("word", ["x} = {y", '"} = {"', "[{", "\\", "\x7f", "\x9b", "\xc2\x80"])
def test_strings_of_a_client(start, tmp_path, word):
    path = tmp_path / "trace"
    device = start("--clock", "virtual", "--trace", str(path))
    with device.qmp() as qmp:
        qmp.cmd("cxl-inject-poison", path=f"/{word}/mem0", start=64, length=64)
    device.proc.terminate()
    device.wait()
    line = path.read_text().splitlines()[1]
    assert not re.search("[\x00-\x1f\x7f-\x9f]", line)
    assert json.loads(re.search("{.*?mem0.*?}", line)[0])["path"] == f"/{word}/mem0"
    same(path)


def test_more_input_than_a_payload(start, tmp_path):
    path = tmp_path / "trace"
    device = start("--clock", "virtual", "--trace", str(path))
    with device.qmp() as qmp:
        qmp.cmd("swcxl-cci", opcode=0x0400, payload="00" * 5000)
    device.proc.terminate()
    device.wait()
    assert " claimed=5000 rc=0016 " in path.read_text()
    same(path)


def test_a_file_that_is_not_there(tmp_path):
    result = replay(tmp_path / "nothing")
    assert result.status == CANNOT and "cannot read the trace" in result.err


def test_a_state_file_is_asked_for(tmp_path):
    state, path = tmp_path / "state", tmp_path / "trace"
    options = ["--persistent", "256M", "--clock", "virtual", "--state", state]
    with Daemon(*options, vfio=False) as device, device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=1 << 30, length=64)
    shutil.copy(state, tmp_path / "copy")
    ask = {"opcode": 0x4300, "payload": struct.pack("<QQ", 1 << 30, 1 << 22).hex()}
    with Daemon(*options, "--trace", path, vfio=False) as device, device.qmp() as qmp:
        assert qmp.cmd("swcxl-cci", **ask)["payload"][20:24] == "0100"
        qmp.cmd("swcxl-plant-poison", start=(1 << 30) + 128, length=64)
    assert path.read_text().splitlines()[1] == f"# state {state}"
    result = replay(path)
    assert result.status == CANNOT, result
    assert f"begins with what was in the state file {state}" in result.err
    assert replay(path, "--state", tmp_path / "copy").status == SAME
    assert replay(path, "--state", state).status == DIFFERENT  # it has changed since
    with Daemon("--trace", path, vfio=False):
        pass
    assert "begins without a state file" in replay(path, "--state", state).err


def test_the_options_that_do_not_go_with_it():
    done = subprocess.run([program(), "--replay", "x", "--qmp", "y"], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode == CANNOT and "--replay serves nobody" in done.stderr
