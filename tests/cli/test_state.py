# SPDX-License-Identifier: MIT
"""swcxlctl state: all that a device has, out and in again, and compared."""

import json
import random
import struct
import time

import pytest
from ctl import DONE, NO_CONNECTION, REFUSED, USAGE, Ctl
from daemon import Daemon, QmpError

OPTIONS = ["--volatile", "256M", "--persistent", "256M", "--partitionable", "256M", "--lsa", "2K",
           "--clock", "virtual", "--poison-list-max", "20", "--event-log-max", "12",
           "--fw-time", "1ms", "--dc-regions", "2", "--dc-region-size", "256M", "--dc-block-size",
           "4K", "--dc-flags", "1=sharable,non-volatile"]
TOP = 768 << 20


def cci(qmp, opcode, payload=b""):
    return qmp.cmd("swcxl-cci", opcode=opcode, payload=payload.hex())["return-code"]


def live(qmp, rng):
    """A life that leaves something of everything."""
    assert cci(qmp, 0x0301, struct.pack("<Q", 10 ** 18)) == 0
    for _ in range(60):
        start = rng.randrange(TOP // 64) * 64
        qmp.cmd("swcxl-plant-poison", start=start, length=64, known=rng.random() < 0.7,
                permanent=rng.random() < 0.2,
                source=rng.choice(["internal", "external", "injected", "vendor", "unknown"]))
        qmp.cmd("swcxl-write-media", start=rng.randrange(TOP // 64) * 64,
                data=rng.randbytes(64 * rng.randrange(1, 40)).hex())
    assert cci(qmp, 0x4103, struct.pack("<II", 100, 0) + rng.randbytes(200)) == 0
    assert cci(qmp, 0x4101, struct.pack("<QB", rng.randrange(2), 0)) == 0
    assert cci(qmp, 0x4204, b"\1") == 0
    assert cci(qmp, 0x0201, bytes([0, 2]) + bytes(126) + bytes(1024)) == 1
    qmp.cmd("swcxl-clock-step", nanoseconds=10 ** 9)
    qmp.cmd("swcxl-set-health", **{"life-used": 90})
    qmp.cmd("cxl-add-dynamic-capacity", path="mem0", region=1, tag="one",
            extents=[{"offset": 0, "len": 8192}],
            **{"host-id": 0, "selection-policy": "contiguous"})
    assert cci(qmp, 0x4802, struct.pack("<IIQQQ", 1, 0, TOP + (256 << 20), 8192, 0)) == 0


@pytest.fixture(scope="module")
def device():
    with Daemon(*OPTIONS, vfio=False) as device, device.qmp() as qmp:
        live(qmp, random.Random(7))
        yield device


@pytest.fixture
def ctl(device):
    return Ctl("--qmp", device.qmp_path)


@pytest.fixture(scope="module")
def state(device):
    return Ctl("--qmp", device.qmp_path).ok("state", "export")


def kinds(text):
    return {next(iter(record)) for record in json.loads(text)["records"]}


def test_it_has_everything_and_reads_well(state):
    assert kinds(state) == {"setting", "poison", "list", "overflow", "content", "lsa", "extent",
                            "event", "lost-events"}
    lines = state.splitlines()
    assert lines[0] == '{"swcxl-state": 1,' and lines[-1] == "]}"
    assert all(json.loads(line.rstrip(",")) for line in lines[3:-1])  # a record a line
    document = json.loads(state)
    assert document["device"]["volatile"] == 256 << 20
    assert [r["poison"] for r in document["records"] if "poison" in r] == \
        sorted(r["poison"] for r in document["records"] if "poison" in r)
    assert any(r.get("setting") == "shutdown" and r["state"] == 1 for r in document["records"])


@pytest.mark.parametrize("seed", range(3))
def test_a_fresh_device_becomes_the_same(tmp_path, seed):
    file = tmp_path / "state.json"
    with Daemon(*OPTIONS, vfio=False) as first, Daemon(*OPTIONS, "--serial", "99",
                                                       vfio=False) as second:
        with first.qmp() as qmp:
            live(qmp, random.Random(seed))
        with second.qmp() as qmp:
            live(qmp, random.Random(100 + seed))
            one, other = Ctl("--qmp", first.qmp_path), Ctl("--qmp", second.qmp_path)
            assert one.ok("state", "export", file) == ""
            assert other.run("state", "diff", file, "live").status == REFUSED
            assert "records.\n" in other.ok("state", "import", file)
            before, after = (json.loads(c.ok("state", "export")) for c in (one, other))
            assert before["records"] == after["records"]
            assert before["device"].pop("serial") != after["device"].pop("serial")
            assert before["device"] == after["device"]
            assert cci(qmp, 0x4000) == 0
            other.ok("status")
    assert file.stat().st_mode & 0o777 == 0o600


def test_parts_fit_and_belong_together(device):
    with device.qmp() as qmp:
        qmp.cmd("swcxl-write-media", start=0, data="5a" * (1 << 20))
        qmp.cmd("swcxl-write-media", start=1 << 20, data="5a" * (1 << 20))
        parts, part = [], {"next": ""}
        while part["next"] or not parts:
            part = qmp.cmd("swcxl-export-state", next=part["next"])
            assert len(json.dumps(part)) < 300 << 10
            parts.append(part)
        assert len(parts) > 8 and len({part["generation"] for part in parts}) == 1
        qmp.cmd("swcxl-write-media", start=0, data="5b" * 64)
        assert qmp.cmd("swcxl-export-state")["generation"] != parts[0]["generation"]


def test_what_is_different(ctl, tmp_path, device):
    before = tmp_path / "before"
    ctl.ok("state", "export", before)
    assert ctl.ok("state", "diff", before, before) == ctl.ok("state", "diff", before, "live") == ""
    with device.qmp() as qmp:
        assert cci(qmp, 0x4204, b"\0") == 0
        qmp.cmd("swcxl-plant-poison", start=0x140, length=64, known=False)
    result = ctl.run("state", "diff", before, "live")
    assert result.status == REFUSED and result.out.splitlines() == [
        '- { "setting": "shutdown", "state": 1, "dirty-count": 0 }',
        '+ { "setting": "shutdown", "state": 0, "dirty-count": 0 }',
        '+ { "poison": 320, "length": 64, "source": "internal", "known": false, '
        '"permanent": false }']


def edit(state, change):
    document = json.loads(state)
    change(document)
    return json.dumps(document)


def first(document, kind):
    return next(record for record in document["records"] if kind in record)


def setting(document, name):
    return next(record for record in document["records"] if record.get("setting") == name)


@pytest.mark.parametrize("change, text", [
    (lambda d: first(d, "poison").pop("known"), "'known' is missing"),
    (lambda d: first(d, "poison").update(known=None), "'known' is null"),
    (lambda d: first(d, "poison").update(poison=None), "'poison' is null"),
    (lambda d: first(d, "event").update(shows=None), "'shows' is null"),
    (lambda d: first(d, "poison").update(known=1), "'known' is neither true nor false"),
    (lambda d: first(d, "poison").update(source="sun"), "'source' is no source"),
    (lambda d: first(d, "poison").update(colour="red"), "it has a member too many"),
    (lambda d: first(d, "poison").update(poison=-64), "'poison' is no whole number from 0 on"),
    (lambda d: first(d, "poison").update(poison=1), "such a device cannot have that"),
    (lambda d: first(d, "poison").update(poison=1 << 50), "such a device cannot have that"),
    (lambda d: first(d, "content").update(data="zz" * 64), "no hexadecimal digit"),
    (lambda d: first(d, "content").update(data="5a"), "not whole lines of 64 bytes"),
    (lambda d: first(d, "lsa").update(lsa=1 << 20), "such a device cannot have that"),
    (lambda d: first(d, "event").update(event="loud"), "'event' is no event-log"),
    (lambda d: first(d, "event").pop("record"), "'record' is missing"),
    (lambda d: setting(d, "partition").update(share=9), "such a device cannot have that"),
    (lambda d: setting(d, "firmware").update(slot=[{}]), "'content' is missing"),
    (lambda d: setting(d, "shutdown").update(state=300), "'state' is more than 255"),
    (lambda d: setting(d, "media").update(setting="mead"), "there is no such setting"),
    (lambda d: d["records"].append(setting(d, "partition")), "this setting came before"),
    (lambda d: d["records"].append({"x": 1}), "it is of no kind that is known"),
    (lambda d: d["records"].append(7), "it is no object"),
    (lambda d: d.pop("device"), "'device' is missing"),
    (lambda d: d["device"].update(volatile=512 << 20),
     "The state is of a device with --volatile 536870912, and this one has 268435456"),
    (lambda d: d["device"].pop("lsa"), "'device' has no number 'lsa'"),
    (lambda d: d.update({"swcxl-state": 2}), "has format 2, and this program knows 1"),
    (lambda d: d.pop("swcxl-state"), "is no state of a device"),
    (lambda d: d.update(records={}), "has no list of 'records'"),
])
def test_what_is_damaged_changes_nothing(ctl, state, tmp_path, change, text):
    file, before = tmp_path / "state", ctl.ok("state", "export")
    file.write_text(edit(state, change))
    ctl.fails(REFUSED, text, "state", "import", file)
    assert ctl.ok("state", "export") == before


def test_where_it_is_damaged(ctl, state, tmp_path):
    file, lines = tmp_path / "state", state.splitlines()
    number = next(i for i, line in enumerate(lines) if "poison" in line)
    file.write_text("\n".join([*lines[:number], lines[number].replace(":", "", 1), *lines[number + 1:]]))
    ctl.fails(REFUSED, f"{file}:{number + 1}: ", "state", "import", file)
    document = json.loads(state)
    n = document["records"].index(first(document, "poison")) + 1
    first(document, "poison")["source"] = "sun"
    file.write_text(json.dumps(document))
    ctl.fails(REFUSED, f"{file}: Record {n}: 'source' is no source", "state", "import", file)


def test_passphrases_are_for_those_who_ask(tmp_path):
    secret = "ab" * 32
    with Daemon(*OPTIONS, vfio=False) as device, device.qmp() as qmp:
        ctl, file = Ctl("--qmp", device.qmp_path), tmp_path / "state"
        assert cci(qmp, 0x4501, bytes([1]) + bytes(63) + bytes.fromhex(secret)) == 0
        file.write_text(ctl.ok("state", "export"))
        assert secret not in file.read_text() and '"set": 1' in file.read_text()
        ctl.fails(REFUSED, "passphrases were set, and are not there", "state", "import", file)
        ctl.ok("state", "export", "--secrets", file)
        assert secret in file.read_text()
        ctl.ok("state", "import", file)
        assert cci(qmp, 0x4503, bytes(32)) != 0, "locked, as after power"
        assert cci(qmp, 0x4503, bytes.fromhex(secret)) == 0


def test_it_is_durable(tmp_path, state):
    file, store = tmp_path / "state.json", tmp_path / "store"
    file.write_text(state)
    with Daemon(*OPTIONS, "--state", store, vfio=False) as device, device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=(512 << 20) + 64, length=64, permanent=True)
        Ctl("--qmp", device.qmp_path).ok("state", "import", file)
        device.proc.kill()
        device.wait()
        device.status = device.proc.returncode
    with Daemon(*OPTIONS, "--state", store, vfio=False) as device:
        after = json.loads(Ctl("--qmp", device.qmp_path).ok("state", "export"))["records"]
    for record in json.loads(state)["records"]:
        if "lsa" in record or "extent" in record or record.get("permanent"):
            assert record in after, record


def test_it_is_replayed(tmp_path, state):
    file, trace = tmp_path / "state", tmp_path / "trace"
    file.write_text(state)
    with Daemon(*OPTIONS, "--trace", trace, vfio=False) as device, device.qmp() as qmp:
        Ctl("--qmp", device.qmp_path).ok("state", "import", file)
        assert cci(qmp, 0x4300, struct.pack("<QQ", 0, TOP // 64)) == 0
    assert Ctl().run("replay", trace).status == DONE


def test_one_import_at_a_time(ctl, device, state):
    document = json.loads(state)
    with device.qmp() as other:
        with device.qmp() as qmp:
            qmp.cmd("swcxl-import-state", state={**document, "records": []}, more=True)
            with pytest.raises(QmpError, match="Another connection has begun"):
                other.cmd("swcxl-import-state", state=document)
            with pytest.raises(QmpError, match="no list|missing"):  # an error ends it
                qmp.cmd("swcxl-import-state", state={**document, "records": 1}, more=True)
            other.cmd("swcxl-import-state", state=document)
            qmp.cmd("swcxl-import-state", state={**document, "records": []}, more=True)
            qmp.cmd("swcxl-import-state")  # ... but drops it
            other.cmd("swcxl-import-state", state=document)
            qmp.cmd("swcxl-import-state", state={**document, "records": []}, more=True)
        before = ctl.ok("state", "export")  # the one that had begun has gone, and nothing happened
        assert json.loads(before)["records"] == document["records"]
        other.cmd("swcxl-import-state", state=document)


def test_an_idle_import_gives_way(ctl, device, state):
    """Who begins one and says nothing more keeps nobody out; and what it sends then is not taken
    for a state of its own."""
    document = json.loads(state)
    part = {**document, "records": []}
    with device.qmp() as idle, device.qmp() as other:
        idle.cmd("swcxl-import-state", state=part, more=True)
        time.sleep(3)
        idle.cmd("swcxl-import-state", state=part, more=True)
        time.sleep(3)
        with pytest.raises(QmpError, match="Another connection has begun"):
            other.cmd("swcxl-import-state", state=document)
        time.sleep(2.5)
        other.cmd("swcxl-import-state", state=document)
        with pytest.raises(QmpError, match="No part had come for 5 seconds.*begin again"):
            idle.cmd("swcxl-import-state", state=part)
        assert json.loads(ctl.ok("state", "export"))["records"] == document["records"]
        idle.cmd("swcxl-import-state", state=part)
        assert json.loads(ctl.ok("state", "export"))["records"] != document["records"]


@pytest.mark.parametrize("name", ["persistent", "partitionable", "lsa", "dc-regions"])
def test_a_capacity_is_no_negative_number(device, state, name):
    document = json.loads(state)
    with device.qmp() as qmp:
        for value in -1, -(1 << 63), 0.5, "0":
            document["device"][name] = value
            with pytest.raises(QmpError, match=f"'device' has no number '{name}'"):
                qmp.cmd("swcxl-import-state", state=document)


def numbers(value):
    """(object or list, key) of each number in it."""
    for key in value if isinstance(value, dict) else range(len(value)):
        if isinstance(value[key], (dict, list)):
            yield from numbers(value[key])
        elif type(value[key]) is int:
            yield value, key


def test_no_number_is_negative_or_broken(ctl, device, state):
    """Wherever it stands: 2^64 - 1 and 0 are what such a number could be taken for."""
    document, before = json.loads(state), ctl.ok("state", "export")
    all_records, seen = document["records"], set()
    with device.qmp() as qmp:
        for record in all_records:
            for place, key in numbers(record):
                kept = place[key]
                document["records"] = [record]
                for place[key] in -1, -(1 << 63), -0.5, 0.5, kept + 0.5, str(kept):
                    with pytest.raises(QmpError, match=f"Record 1: '{key}' is no whole number"):
                        qmp.cmd("swcxl-import-state", state=document)
                place[key] = kept
                seen.add(key)
        document["records"] = all_records
        for document["swcxl-state"] in -1, -(1 << 63), 0.5, 1.5, "1", True, None:
            with pytest.raises(QmpError, match="'swcxl-state'"):
                qmp.cmd("swcxl-import-state", state=document)
    assert {"poison", "list", "length", "timestamp", "content", "lsa", "dirty-count"} < seen
    assert ctl.ok("state", "export") == before


def test_what_a_client_may_say_wrong(device):
    with device.qmp() as qmp:
        with pytest.raises(QmpError, match="'swcxl-state' is missing"):
            qmp.cmd("swcxl-import-state", state={})
        for bad in "x", "1", "1:2:3", "1:", "-1:x":
            reply = qmp.execute(json.dumps({"execute": "swcxl-export-state",
                                            "arguments": {"next": bad}}))
            assert "'next' is not what" in reply["error"]["desc"], bad
        assert qmp.cmd("swcxl-export-state", next="99:0")["next"] == ""
    Ctl().fails(USAGE, "needs the control socket", "state", "export", "--pci", "00:01.0")
    Ctl("--qmp", "/nowhere").fails(NO_CONNECTION, "Cannot connect", "state", "export")
