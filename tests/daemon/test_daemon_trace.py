# SPDX-License-Identifier: MIT
"""--trace: the format that swcxl(1) documents, complete enough to be replayed."""

import contextlib
import json
import re
import struct
import subprocess

import pytest
from daemon import Daemon, QmpError, program

CCI = re.compile(r"(?P<time>\d+) cci (?P<channel>\w+) (?P<text>.*) \| (?P<opcode>[0-9a-f]{4}) "
                 r"in=(?P<input>[0-9a-f]*)( claimed=(?P<claimed>\d+))? rc=(?P<rc>[0-9a-f]{4}) "
                 r"out=(?P<out>[0-9a-f]*)")
QMP = re.compile(r"(?P<time>\d+) qmp (?P<command>[a-z-]+) (?P<arguments>\{.*\}) = "
                 r"(?P<result>\{.*\})")
GONE = re.compile(r"(?P<time>\d+) gone (?P<channel>control\d+)")


def traced(tmp_path, do, *options):
    path = tmp_path / "trace"
    with Daemon("--volatile", "256M", "--persistent", "256M", "--clock", "virtual", *options,
                "--trace", str(path), vfio=False) as device, device.qmp() as qmp:
        qmp.device = device
        do(qmp)
        before = path.read_text()
    rest = path.read_text().removeprefix(before)
    assert all(GONE.fullmatch(line) for line in rest.splitlines()), \
        "lines are there when the command has been answered"
    return before.splitlines()


DYNAMIC = ["--dc-regions", "2", "--dc-region-size", "512M", "--dc-block-size", "4K",
           "--dc-flags", "1=sharable,non-volatile", "--dc-flags=0=0x1", "--dc-decode-length=bytes",
           "--dc-host-timeout", "1ms"]
DC = 512 << 20  # where dynamic capacity begins


def work(qmp):
    """Something of everything."""
    qmp.cmd("swcxl-plant-poison", start=0, length=640, source="external", known=False)
    qmp.cmd("cxl-inject-poison", path="/x/mem0", start=0x1000, length=64)
    qmp.cmd("swcxl-cci", opcode=0x4304, payload=struct.pack("<QQB", 0, 1 << 22, 0).hex())
    qmp.cmd("swcxl-clock-step", nanoseconds=1_000_000_000)
    qmp.cmd("swcxl-write-media", start=0, data="00" * 64)
    qmp.cmd("swcxl-read-media", start=0x40, length=1)
    qmp.cmd("swcxl-cci", opcode=0x4300, payload=struct.pack("<QQ", 0, 1 << 22).hex())
    qmp.cmd("swcxl-cci", opcode=0xC123, payload="00")
    qmp.cmd("swcxl-clock-step", nanoseconds=2_000_000_000)
    qmp.cmd("swcxl-reset", type="cxl")
    qmp.cmd("swcxl-cci", opcode=0x4301, payload=struct.pack("<Q", 0x2000).hex())


def dynamic_work(qmp):
    """Capacity comes and goes, with poison in it, by answers, time-outs and force."""
    def add(policy, region, length, **more):
        qmp.cmd("cxl-add-dynamic-capacity", path="mem0", region=region,
                extents=[{"offset": 0, "len": length}],
                **{"host-id": 0, "selection-policy": policy}, **more)

    def cci(opcode, *extents):
        payload = struct.pack("<II", len(extents), 0)
        payload += b"".join(struct.pack("<QQQ", *extent, 0) for extent in extents)
        reply = qmp.cmd("swcxl-cci", opcode=opcode, payload=payload.hex())
        assert reply["return-code"] == 0

    qmp.cmd("swcxl-plant-poison", start=DC + 0x1000, length=128)
    add("free", 0, 1 << 20)
    cci(0x4802, (DC, 1 << 19))
    qmp.cmd("swcxl-write-media", start=DC, data="a5" * 64)
    add("contiguous", 1, 8192, tag="one")
    qmp.cmd("swcxl-add-dc-reference", tag="one")
    cci(0x4802, (DC + (512 << 20), 8192))
    cci(0x4803, (DC + (512 << 20), 8192))
    add("enable-shared-access", 1, 0, tag="one")
    qmp.cmd("swcxl-clock-step", nanoseconds=2_000_000)
    cci(0x4802)
    qmp.cmd("swcxl-remove-dc-reference", tag="one")
    qmp.cmd("cxl-release-dynamic-capacity", path="mem0", region=0,
            extents=[{"offset": 0, "len": 4096}],
            **{"host-id": 0, "removal-policy": "prescriptive", "forced-removal": True})


def look(qmp):
    state = qmp.cmd("swcxl-query-device")
    return (state["media"], state["poison-list"], state["scan"], state["now"],
            state["dynamic-capacity"], qmp.cmd("swcxl-query-poison"),
            [qmp.cmd("swcxl-query-events", log=log)
             for log in ("informational", "failure", "dynamic-capacity")])


@pytest.mark.parametrize("more", [[], DYNAMIC], ids=["static", "dynamic"])
def test_the_header_makes_the_same_device(tmp_path, more):
    options = ["--serial", "77", "--payload=8K", "--strict", "--during-scan", "busy",
               "--injected-persists", "on", "--name", "x", *more]
    configs = []

    def note(qmp):
        configs.append(qmp.cmd("swcxl-query-device")["config"])

    header = traced(tmp_path, note, *options)[0]
    words = header.split()
    assert words[:4] == ["#", "swcxl-trace", "2", "swcxl"]
    version = subprocess.run([program(), "--version"], capture_output=True, text=True).stdout
    assert version == f"swcxl {words[4]}\n"
    assert all(word.startswith("--") for word in words[5:])
    with Daemon(*words[5:], "--clock", "virtual", vfio=False) as device, device.qmp() as qmp:
        note(qmp)
    assert configs[0] == configs[1]


def test_every_line_has_the_documented_form(tmp_path):
    lines = traced(tmp_path, work)[1:]
    assert len(lines) == 9
    for line in lines:
        assert CCI.fullmatch(line) or QMP.fullmatch(line), line
    payload = struct.pack("<QQB", 0, 1 << 22, 0).hex()
    assert lines[2] == "0 cci control1 Scan Media(address=0x0, lines=0x400000, flags=0) = " \
        f"Background Command Started | 4304 in={payload} rc=0001 out="
    assert lines[6] == \
        "1000000000 cci control1 Command c123h(data=0) = Unsupported | c123 in=00 rc=0003 out="
    line = QMP.fullmatch(lines[0])
    assert line["time"] == "0" and line["command"] == "swcxl-plant-poison"
    assert json.loads(line["arguments"]) == {"start": 0, "length": 640, "source": "external",
                                             "known": False}
    assert json.loads(QMP.fullmatch(lines[4])["result"]) == {"data": "00"}


def test_replay_gives_the_same_device(tmp_path):
    """As swcxl(1) says: the options of the header, the clock stepped to each line's time, and a
    connection for each channel."""
    seen = []

    def do(qmp):
        work(qmp)
        seen.append(look(qmp))

    replay(traced(tmp_path, do), seen[0])


def test_replay_gives_the_same_dynamic_capacity(tmp_path):
    seen = []

    def do(qmp):
        dynamic_work(qmp)
        seen.append(look(qmp))

    lines = traced(tmp_path, do, *DYNAMIC)
    names = [line["command"] for line in map(QMP.fullmatch, lines) if line]
    assert names.count("cxl-add-dynamic-capacity") == 3 and {
        "cxl-release-dynamic-capacity", "swcxl-add-dc-reference", "swcxl-remove-dc-reference",
        } <= set(names)
    capacity = seen[0][4]
    assert capacity["accepted"] and [r["reason"] for r in capacity["refused"]] == \
        ["refused", "offer-timed-out"]
    replay(lines, seen[0])


def test_replay_keeps_the_cursors_of_channels_apart(tmp_path):
    """Two clients read the poison list in parts, the second begins when the first is half done,
    a third goes before it has said anything, and a fourth comes when it has gone."""
    seen = []
    ask = {"opcode": 0x4300, "payload": struct.pack("<QQ", 0, 1 << 22).hex()}

    def do(first):
        for line in range(40):
            first.cmd("swcxl-plant-poison", start=line * 128, length=64)
        with first.device.qmp() as second:
            first.device.qmp().close()
            parts = [qmp.cmd("swcxl-cci", **ask)["payload"]
                     for qmp in (first, second, first, second, first)]
        with first.device.qmp() as fourth:
            parts.append(fourth.cmd("swcxl-cci", **ask)["payload"])
        assert parts[0] == parts[1] == parts[5] and parts[2] == parts[3] != parts[0]
        seen.append(look(first))

    lines = traced(tmp_path, do, "--payload", "512")
    assert [CCI.fullmatch(line)["channel"] for line in lines if " cci " in line] == \
        [f"control{n}" for n in (1, 2, 1, 2, 1, 4)]
    replay(lines, seen[0])


def replay(trace, state):
    header, *lines = trace
    with Daemon(*header.split()[5:], "--clock", "virtual", vfio=False) as device, \
            device.qmp() as qmp, contextlib.ExitStack() as stack:
        now, channels = 0, {}
        for line in lines:
            cci, control, gone = CCI.fullmatch(line), QMP.fullmatch(line), GONE.fullmatch(line)
            time = int((cci or control or gone)["time"])
            if time > now:
                qmp.cmd("swcxl-clock-step", nanoseconds=time - now)
                now = time
            if cci:
                if cci["channel"] not in channels:
                    channels[cci["channel"]] = stack.enter_context(device.qmp())
                result = channels[cci["channel"]].cmd(
                    "swcxl-cci", opcode=int(cci["opcode"], 16), payload=cci["input"])
                assert result == {"return-code": int(cci["rc"], 16), "payload": cci["out"]}
            elif control:
                assert qmp.cmd(control["command"], **json.loads(control["arguments"])) == \
                    json.loads(control["result"])
            else:
                channels.pop(gone["channel"]).close()
        assert look(qmp) == state


def test_what_changed_nothing_is_not_traced(tmp_path):
    def do(qmp):
        for name, args in [("swcxl-plant-poison", {"start": 1, "length": 64}),
                           ("swcxl-write-media", {"start": 0, "data": "0"}),
                           ("swcxl-reset", {"type": "bogus"})]:
            with pytest.raises(QmpError):
                qmp.cmd(name, **args)
        qmp.cmd("swcxl-query-poison")
        qmp.cmd("swcxl-query-device")
        qmp.cmd("query-status")
        qmp.cmd("swcxl-clock-step", nanoseconds=1000)

    assert len(traced(tmp_path, do)) == 1


def test_a_trace_is_its_owners(tmp_path):
    """It has passphrases in it."""
    traced(tmp_path, lambda qmp: None)
    assert (tmp_path / "trace").stat().st_mode & 0o777 == 0o600


def test_a_trace_that_cannot_be(tmp_path):
    done = subprocess.run([program(), "--qmp", str(tmp_path / "q"), "--trace", "/nowhere/trace"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert done.stderr == "swcxl: cannot write the trace /nowhere/trace: " \
                          "No such file or directory\n"


def test_a_full_disk_ends_the_trace_and_not_the_device():
    with Daemon("--trace", "/dev/full", vfio=False) as device, device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=0, length=64)
        assert device.stderr() == "swcxl: warning: the trace ends here: cannot write " \
                                  "/dev/full: No space left on device\n"
