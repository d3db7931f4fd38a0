# SPDX-License-Identifier: MIT
"""--trace: the format that swcxl(1) documents, complete enough to be replayed."""

import contextlib
import json
import re
import struct
import subprocess

import pytest
from daemon import Daemon, QmpError, program

CCI = re.compile(r"(\d+) cci (\w+) ([0-9a-f]{4}) ([a-z0-9_]+|-) in=([0-9a-f]*) "
                 r"rc=([0-9a-f]{4}) \(([^)]*)\) out=([0-9a-f]*)")
QMP = re.compile(r"(\d+) qmp (\{.*\})")


def traced(tmp_path, do, *options):
    path = tmp_path / "trace"
    with Daemon("--volatile", "256M", "--persistent", "256M", "--clock", "virtual", *options,
                "--trace", str(path), vfio=False) as device, device.qmp() as qmp:
        qmp.device = device
        do(qmp)
        before = path.read_text()
    assert path.read_text() == before, "lines are there when the command has been answered"
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
    assert words[:4] == ["#", "swcxl-trace", "1", "swcxl"]
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
    time, channel, opcode, name, payload, rc, rc_name, out = CCI.fullmatch(lines[2]).groups()
    assert (time, channel, opcode, name) == ("0", "control1", "4304", "scan_media")
    assert payload == struct.pack("<QQB", 0, 1 << 22, 0).hex()
    assert (rc, rc_name, out) == ("0001", "Background Command Started", "")
    assert lines[6] == "1000000000 cci control1 c123 - in=00 rc=0003 (Unsupported) out="
    time, request = QMP.fullmatch(lines[0]).groups()
    assert time == "0" and json.loads(request) == {
        "execute": "swcxl-plant-poison",
        "arguments": {"start": 0, "length": 640, "source": "external", "known": False}}


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
    names = re.findall(r'"execute": "([a-z-]+)"', "".join(lines))
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
    assert [CCI.fullmatch(line).group(2) for line in lines if " cci " in line] == \
        [f"control{n}" for n in (1, 2, 1, 2, 1, 4)]
    replay(lines, seen[0])


def replay(trace, state):
    header, *lines = trace
    with Daemon(*header.split()[5:], "--clock", "virtual", vfio=False) as device, \
            device.qmp() as qmp, contextlib.ExitStack() as stack:
        now, channels = 0, {}
        for line in lines:
            cci, control = CCI.fullmatch(line), QMP.fullmatch(line)
            time = int((cci or control).group(1))
            if time > now:
                qmp.cmd("swcxl-clock-step", nanoseconds=time - now)
                now = time
            if cci:
                if cci.group(2) not in channels:
                    channels[cci.group(2)] = stack.enter_context(device.qmp())
                result = channels[cci.group(2)].cmd(
                    "swcxl-cci", opcode=int(cci.group(3), 16), payload=cci.group(5))
                assert result == {"return-code": int(cci.group(6), 16), "payload": cci.group(8)}
            else:
                assert "return" in qmp.execute(control.group(2))
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
