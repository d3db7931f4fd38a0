# SPDX-License-Identifier: MIT
"""Dynamic capacity in a state file: extents of non-volatile regions outlive power, with what is on
their media; files of the format before it become files of this one; nothing damaged is believed."""

import contextlib
import shutil
import signal
import sqlite3
import struct
import subprocess

import pytest
from daemon import program
from snapshot import assert_same, cci, change_at_random, poison_list, snapshot
from test_state_file import LIMITS, OPTIONS, refused, sql
from test_state_restart import both_ends, power_off

MIB = 1 << 20
REGION = (512 * MIB, 768 * MIB)  # a volatile one and a non-volatile one
BLOCK = 2 * MIB
DC = ("--dc-regions", 2, "--dc-flags", "1=non-volatile,sharable")


def offer(qmp, region, tag, *offsets):
    qmp.cmd("cxl-add-dynamic-capacity", path="mem0", region=region, tag=tag,
            extents=[{"offset": offset, "len": BLOCK} for offset in offsets],
            **{"host-id": 0, "selection-policy": "prescriptive"})


def update(qmp, opcode, *starts, rc=0):
    entries = b"".join(struct.pack("<QQ8x", start, BLOCK) for start in starts)
    cci(qmp, opcode, struct.pack("<I4x", len(starts)) + entries, rc)


def dynamic(qmp):
    return qmp.cmd("swcxl-query-device")["dynamic-capacity"]


def extents(qmp):
    return cci(qmp, 0x4801, struct.pack("<II", 100, 0))[0x10:]


def make(qmp):
    """An extent in the volatile region; two of a tag, referenced, one of another tag and a held one
    in the other; an offer, a request; content and poison."""
    offer(qmp, 0, "", 0)
    update(qmp, 0x4802, REGION[0])
    for tag, *offsets in (("two", 0, 4 * BLOCK), ("one", 2 * BLOCK), ("held", 6 * BLOCK)):
        offer(qmp, 1, tag, *offsets)
        update(qmp, 0x4802, *(REGION[1] + offset for offset in offsets))
    for tag in "two", "held":
        qmp.cmd("swcxl-add-dc-reference", tag=tag)
    update(qmp, 0x4803, REGION[1] + 6 * BLOCK)
    offer(qmp, 1, "offered", 10 * BLOCK)
    qmp.cmd("cxl-release-dynamic-capacity", path="mem0", region=1, tag="one", extents=[],
            **{"host-id": 0, "removal-policy": "tag-based"})
    for start in REGION:
        qmp.cmd("swcxl-plant-poison", start=start + 0x1000, length=128)
        qmp.cmd("swcxl-write-media", start=start, data="5a" * 64)
    qmp.cmd("swcxl-plant-poison", start=REGION[1] + 10 * BLOCK, length=64)  # of what is offered
    qmp.cmd("swcxl-plant-poison", start=REGION[1] + 6 * BLOCK, length=64)  # of what nobody has


@both_ends
def test_what_outlives_power(start, how):
    device = start(*DC)
    with device.qmp() as qmp:
        make(qmp)
        before = dynamic(qmp)
        listed = extents(qmp)
        events = qmp.cmd("swcxl-query-events", log="dynamic-capacity")
        assert len(before["pending"]) == 1 and len(events) == 7
    power_off(device, how)
    with start(*DC).qmp() as qmp:
        now = dynamic(qmp)
        assert now["pending"] == now["refused"] == [] and now["offers"] == now["dead-offers"] == 0
        kept = [{**extent, "release-requested": False} for extent in before["accepted"]
                if extent["region"] == 1]
        assert now["accepted"] == kept and len(kept) == 3
        assert now["held"] == before["held"] and len(now["held"]) == 1
        assert extents(qmp) == listed[0x28:], "the first was that of the volatile region"
        assert qmp.cmd("swcxl-query-events", log="dynamic-capacity") == events
        poison = {row["start"]: row for row in qmp.cmd("swcxl-query-poison", start=REGION[0])}
        assert {at: row["listed"] for at, row in poison.items()} == {
            REGION[1] + 0x1000: True, REGION[1] + 6 * BLOCK: False, REGION[1] + 10 * BLOCK: False}
        assert len(poison_list(qmp, 0, 1024 * MIB)[2]) == 16
        assert qmp.cmd("swcxl-read-media", start=REGION[1], length=64)["data"] == "5a" * 64
        assert qmp.cmd("swcxl-read-media", start=REGION[0], length=64)["data"] == "ff" * 64
        # what was offered is free again, and the held extent is what it was
        offer(qmp, 1, "again", 10 * BLOCK)
        qmp.cmd("swcxl-remove-dc-reference", tag="held")
        assert dynamic(qmp)["held"] == []


@both_ends
def test_what_was_acknowledged_is_there(start, how):
    """Responses and releases, each by itself the last thing that happened."""
    device = start(*DC)
    with device.qmp() as qmp:
        offer(qmp, 1, "a", 0, 2 * BLOCK)
        update(qmp, 0x4802, REGION[1], REGION[1] + 2 * BLOCK)
    power_off(device, how)
    device = start(*DC)
    with device.qmp() as qmp:
        assert len(dynamic(qmp)["accepted"]) == 2
        update(qmp, 0x4803, REGION[1], REGION[1] + 2 * BLOCK)
    power_off(device, how)
    device = start(*DC)
    with device.qmp() as qmp:
        assert dynamic(qmp)["accepted"] == [] and extents(qmp) == b""
        offer(qmp, 1, "b", 0)
        update(qmp, 0x4802, REGION[1])
        qmp.cmd("cxl-release-dynamic-capacity", path="mem0", region=1, extents=[{"offset": 0, "len": BLOCK}],
                **{"host-id": 0, "removal-policy": "prescriptive", "forced-removal": True,
                   "sanitize-on-release": True})
    power_off(device, how)
    with start(*DC).qmp() as qmp:
        assert dynamic(qmp)["accepted"] == []


def test_sanitizing_of_held_capacity_is_not_forgotten(start):
    """It was released with sanitize-on-release; a reference kept it; it is free after a restart."""
    device = start(*DC)
    with device.qmp() as qmp:
        offer(qmp, 1, "t", 0)
        update(qmp, 0x4802, REGION[1])
        qmp.cmd("swcxl-add-dc-reference", tag="t")
        qmp.cmd("swcxl-plant-poison", start=REGION[1] + 64, length=64)
        qmp.cmd("cxl-release-dynamic-capacity", path="mem0", region=1, tag="t", extents=[],
                **{"host-id": 0, "removal-policy": "tag-based", "sanitize-on-release": True})
        update(qmp, 0x4803, REGION[1])
        assert len(qmp.cmd("swcxl-query-poison")) == 1
    power_off(device, signal.SIGKILL)
    with start(*DC).qmp() as qmp:
        assert len(qmp.cmd("swcxl-query-poison")) == 1
        qmp.cmd("swcxl-remove-dc-reference", tag="t")
        assert qmp.cmd("swcxl-query-poison") == []


# ---- options -------------------------------------------------------------------------------------

@pytest.fixture
def made(start, file):
    device = start(*DC)
    with device.qmp() as qmp:
        make(qmp)
    device.stop()
    return file


def test_regions_are_the_files(made):
    for options, text in (
            ((), "is of a device with --dc-regions 2, and not 0"),
            (("--dc-regions", 3, *DC[2:]), "is of a device with --dc-regions 2, and not 3"),
            ((*DC, "--dc-region-size", "512M"), "is of a device with --dc-region-size 268435456, and not 536870912"),
            ((*DC, "--dc-block-size", "4M"), "table 'extent' is damaged, or --dc-block-size is not what it was")):
        assert text in refused(made, *OPTIONS, *options)


def test_what_else_may_change(made, start):
    """A smaller block fits; a region that is volatile from now on has lost its extents."""
    device = start("--dc-regions", 2, "--dc-block-size", "1M", "--dc-host-timeout", "1s",
                   "--dc-decode-length", "bytes")
    with device.qmp() as qmp:
        found = dynamic(qmp)
        assert found["accepted"] == found["held"] == []
    device.stop()


def test_a_region_that_is_no_longer_sharable_keeps_nothing(made, start):
    """Nobody could end a reference in it: what only one kept is free, the host's is the host's."""
    options = (*DC[:2], "--dc-flags", "1=non-volatile")
    device = start(*options)
    with device.qmp() as qmp:
        found = dynamic(qmp)
        assert found["held"] == []
        assert [extent["referenced"] for extent in found["accepted"]] == [False] * 3
        offer(qmp, 1, "", 6 * BLOCK)
        update(qmp, 0x4803, REGION[1])
        offer(qmp, 1, "", 0)
    device.stop()
    assert sql(made, "SELECT count(*) FROM extent WHERE attr <> 1") == [(0,)]


def test_a_region_that_has_become_sharable(start):
    """What has no tag there is shared with nobody, and what has one not with other regions: B-2."""
    options = (*DC[:2], "--dc-flags", "0=non-volatile", "--dc-flags")
    device = start(*options, "1=non-volatile")
    with device.qmp() as qmp:
        for region in range(2):
            for tag, offset in ("", 0), ("tag", 4 * BLOCK):
                offer(qmp, region, tag, offset)
                update(qmp, 0x4802, REGION[region] + offset)
    device.stop()
    with start(*options, "1=non-volatile,sharable").qmp() as qmp:
        qmp.cmd("cxl-release-dynamic-capacity", path="mem0", region=1,
                extents=[{"offset": 0, "len": BLOCK}],
                **{"host-id": 0, "removal-policy": "prescriptive", "forced-removal": True})
        update(qmp, 0x4803, REGION[1] + 4 * BLOCK)
        assert len(dynamic(qmp)["accepted"]) == 2


def test_a_file_without_dynamic_capacity_stays_so(start, file):
    start().stop()
    assert "is of a device with --dc-regions 0, and not 2" in refused(file, *OPTIONS, *DC)
    start("--dc-block-size", "1M", "--dc-region-size", "1G").stop()


# ---- formats, damage -----------------------------------------------------------------------------

def test_the_first_format_becomes_this_one(start, file):
    """A file as older programs left it: all of what it holds is there, and then extents can be."""
    device = start(*LIMITS)
    with device.qmp() as qmp:
        change_at_random(qmp, 200, 7)
        before = snapshot(qmp)
    device.stop()
    sql(file, "DROP TABLE extent", "DELETE FROM meta WHERE key LIKE 'dc-%'", "PRAGMA user_version = 1")
    for _ in range(2):
        device = start(*LIMITS)
        with device.qmp() as qmp:
            assert_same(snapshot(qmp), before)
        device.stop()
        assert sql(file, "PRAGMA user_version") == [(2,)]
        assert sql(file, "SELECT count(*) FROM extent") == [(0,)]


@pytest.mark.parametrize("change", [
    "start = start + 64", "length = length + 64", "length = 0", "length = -2097152",
    f"start = {REGION[0] - BLOCK}", f"start = {REGION[1] + 256 * MIB}", "start = -2097152",
    f"start = {REGION[1] - BLOCK}, length = {2 * BLOCK}", f"length = {4 * BLOCK}",
    "attr = 0", "attr = 8", "attr = 4", "attr = 257", "data = x'00'", "data = zeroblob(19)", "data = zeroblob(0)",
])
def test_damaged_extents_are_not_believed(made, tmp_path, change):
    file = tmp_path / "damaged"
    shutil.copy(made, file)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
        first = db.execute("SELECT min(start) FROM extent WHERE start >= ?", (REGION[1],)).fetchone()[0]
        assert db.execute(f"UPDATE extent SET {change} WHERE start = ?", (first,)).rowcount == 1
    before = file.read_bytes()
    assert "table 'extent' is damaged" in refused(file, *OPTIONS, *DC)
    assert file.read_bytes() == before


def test_extents_over_each_other_are_not_believed(made):
    """DC-3; and the file stays what it was."""
    for start, length in ((REGION[1] + BLOCK, 2 * BLOCK), (REGION[1] + BLOCK, 16 * BLOCK)):
        sql(made, f"INSERT INTO extent VALUES ({start}, {length}, 1, zeroblob(18))")
        before = made.read_bytes()
        assert "table 'extent' is damaged" in refused(made, *OPTIONS, *DC)
        assert made.read_bytes() == before
        sql(made, f"DELETE FROM extent WHERE start = {start}")


def test_more_extents_than_a_device_has_are_not_believed(made):
    with contextlib.closing(sqlite3.connect(made)) as db:
        db.execute("DELETE FROM extent")
        db.executemany("INSERT INTO extent VALUES (?, 1024, 1, zeroblob(18))",
                       [(REGION[1] + 2048 * i,) for i in range(1025)])
        db.commit()
    options = (*OPTIONS, *DC, "--dc-block-size", 1024)
    assert "table 'extent' is damaged" in refused(made, *options)
    sql(made, f"DELETE FROM extent WHERE start = {REGION[1]}")
    done = subprocess.run([program(), "--state", str(made), *map(str, options), "--run", "true"], timeout=20)
    assert done.returncode == 0


@pytest.mark.parametrize("tags", [256, 257])
def test_more_tags_than_a_device_has_are_not_believed(made, start, tags):
    """DC-8: the counters of 4800h would wrap."""
    with contextlib.closing(sqlite3.connect(made)) as db:
        db.execute("DELETE FROM extent")
        db.executemany("INSERT INTO extent VALUES (?, 2097152, 1, ?)", [
            (REGION[1] + BLOCK * i, struct.pack("<I14x", 1 + i)) for i in range(128)])
        db.executemany("INSERT INTO extent VALUES (?, 1048576, 1, ?)", [
            (REGION[0] + BLOCK // 2 * i, struct.pack("<I14x", 129 + i)) for i in range(tags - 128)])
        db.commit()
    options = (*DC, "--dc-block-size", "1M")
    if tags > 256:
        before = sql(made, "SELECT * FROM extent")
        assert "table 'extent' is damaged" in refused(made, *OPTIONS, *options)
        assert sql(made, "SELECT * FROM extent") == before
        return
    with start(*options).qmp() as qmp:
        found = dynamic(qmp)
        assert len(found["accepted"]) == 128 and found["tags-available"] == 128
