# SPDX-License-Identifier: MIT
"""swcxlctl --qmp: every command against a real device."""

import json
import os
import subprocess
import time

import pytest
from ctl import DONE, NO_CONNECTION, REFUSED, SWCXLCTL, TOP, USAGE, Ctl

MIB = 1 << 20
SOURCES = ("external", "internal", "injected", "vendor", "unknown")
SCAN = 2097152  # us that a scan of 256 MiB takes
CLOCK = (1700000000 * 10**9).to_bytes(8, "little").hex()  # 2023-11-14 22:13:20 UTC


def rows(document):
    return [(row["start"], row["length"], row["source"]) for row in document]


# --- status

def test_status(virtual):
    _, ctl = virtual
    assert ctl.ok("status") == """\
Device      CXL memory device, firmware swcxl 0.1.0, name test, serial 0x0000000000001234, CXL 3.2
Capacity    256 MiB, 256 MiB volatile at 0x000000000000
Poison      0 of at most 256 records in the list
            0 poisoned lines on the media, 0 of them injected
Injection   no limit; resets remove injected poison
Background  none since the last reset
Events      informational 0, warning 0, failure 0, fatal 0
Clock       not set
"""
    ctl.ok("cci", "0301", CLOCK)
    ctl.ok("plant", "--random", "300")
    ctl.ok("inject", 0)
    ctl.ok("scan", "--no-wait")
    ctl.ok("clock", "step", "1s")
    lines = ctl.ok("status").splitlines()
    assert lines[2] == ("Poison      256 of at most 256 records in the list; OVERFLOW since "
                        "2023-11-14 22:13:20.000000 UTC: errors are missing from it")
    assert lines[3].startswith("            301 poisoned lines on the media, ")
    assert lines[5] == "Background  Scan Media: 47 %"
    assert lines[7] == "Clock       2023-11-14 22:13:21.000000 UTC"
    ctl.ok("clock", "step", "2s")
    assert ctl.ok("status").splitlines()[5] == \
        "Background  none now; the last one, Scan Media, ended at 100 %: Success"


def test_status_of_security(start):
    _, ctl = start("--persistent", "256M")
    ctl.ok("cci", "4501", "01" + "00" * 63 + "aa" * 32)
    assert ctl.ok("status").splitlines()[2] == "Security    user-set"
    ctl.ok("reset")
    assert ctl.ok("status").splitlines()[2] == "Security    user-set, locked"
    ctl.ok("cci", "4502", "01" + "00" * 31 + "aa" * 32)
    ctl.ok("cci", "4400")
    assert ctl.ok("status").splitlines()[2] == "Media       disabled"


def test_status_as_json(start):
    _, ctl = start("--persistent", "512M", "--inject-limit", "7", "--injected-persists", "on",
                   "--name", "two")
    status = ctl.json("status")
    assert status.pop("device")["name"] == "two"
    log = {"count": 0, "max": 256, "more": False, "overflow": False, "lost": 0}
    assert status == {
        "transport": "qmp", "firmware": "swcxl 0.1.0", "capacity": 768 * MIB, "volatile": 256 * MIB,
        "persistent": 512 * MIB, "lsa": 128 << 10, "timestamp": 0, "inject-limit": 7,
        "injected-persists": True, "dynamic-capacity": None,
        "poison-list": {"count": 0, "max": 256, "overflow": False, "overflow-timestamp": 0,
                        "scan-in-progress": False},
        "background": {"opcode": 0, "percent": 0, "return-code": 0, "running": False},
        "logs": {"informational": log, "warning": log, "failure": log, "fatal": log},
    }
    text = ctl.ok("status")
    assert "Capacity    768 MiB, 256 MiB volatile at 0x000000000000, " \
           "512 MiB persistent at 0x000010000000, label area 128 KiB\n" in text
    assert "Injection   at most 7 lines; resets keep injected poison\n" in text


# --- plant, inject, clear, poison list

def test_plant_and_list(virtual):
    _, ctl = virtual
    assert ctl.ok("plant", "4K", "128") == "Planted 1 error, 2 lines (128 B).\n"
    ctl.ok("plant", "1M+4K", "--source", "vendor", "--permanent")
    ctl.ok("plant", "0x200000-0x200040", "--source", "external")
    ctl.ok("plant", "0x200040", "64", "--latent", "--source", "unknown")
    ctl.ok("inject", "0xffffFC0")
    assert ctl.ok("poison", "list") == """\
DPA                 LINES        SIZE  SOURCE
0x000000001000          2       128 B  Internal
0x000000100000         64       4 KiB  Vendor
0x000000200000          1        64 B  External
0x00000fffffc0          1        64 B  Injected
4 records, 68 lines (4.2 KiB): 1 External, 1 Internal, 1 Injected, 1 Vendor.
"""
    assert ctl.ok("poison", "list", "--media") == """\
DPA                 LINES        SIZE  SOURCE    KNOWN  LISTED  PERMANENT
0x000000001000          2       128 B  Internal    yes     yes  no
0x000000100000         64       4 KiB  Vendor      yes     yes  yes
0x000000200000          1        64 B  External    yes     yes  no
0x000000200040          1        64 B  Unknown      no      no  no
0x00000fffffc0          1        64 B  Injected    yes     yes  no
5 rows, 69 lines (4.3 KiB): 4 known to the device, 4 in its list.
"""
    assert ctl.ok("poison", "list", "1M", "2M", "--limit", "1") == """\
DPA                 LINES        SIZE  SOURCE
0x000000100000         64       4 KiB  Vendor
... and 1 more
2 records, 65 lines (4.1 KiB): 1 External, 1 Vendor.
"""
    assert ctl.json("poison", "list", "0x1040+64") == {
        "overflow": False, "overflow-timestamp": 0, "scan-in-progress": False, "complete": True,
        "records": [{"start": 0x1040, "length": 64, "source": "internal"}]}
    assert ctl.json("poison", "list", "2M", "128", "--media") == {"rows": [
        {"start": 0x200000, "length": 64, "source": "external", "known": True, "listed": True,
         "permanent": False},
        {"start": 0x200040, "length": 64, "source": "unknown", "known": False, "listed": False,
         "permanent": False}]}
    assert ctl.ok("poison", "list", "0", "0") == "0 records, 0 lines (0 B).\n"
    ctl.fails(REFUSED, "Get Poison List: Invalid Physical Address (000Fh). 'swcxlctl status' shows "
              "which addresses the device has.", "poison", "list", "256M", "64")


def test_plant_outside_the_device(virtual):
    _, ctl = virtual
    text = "Range of 0x40 bytes at 0x10000000 is outside of the device, which has 0x10000000 bytes"
    assert ctl.fails(REFUSED, text, "plant", "256M", "64").err == \
        f"swcxlctl: {text}. 'swcxlctl status' shows which addresses the device has.\n"
    ctl.fails(USAGE, "1 line (64 B) from 0x000010", "plant", "256M+1M", "--random", "5")
    assert ctl.json("poison", "list", "--media")["rows"] == []


def test_plant_from_a_file(virtual, tmp_path):
    _, ctl = virtual
    file = tmp_path / "errors"
    file.write_text("""\
# start length [source] [latent] [permanent]
0x1000 64
4K+0 64 # no
""")
    ctl.fails(USAGE, "errors, line 3: this is not 'start length [source] [latent] [permanent]'",
              "plant", "--from", file)
    assert ctl.json("poison", "list")["records"] == []
    file.write_text("""\
# start length [source] [latent] [permanent]

0x1000 64 # the rest of a line is a comment
\t8K  4K external latent\r
1M 64 permanent vendor
""")
    assert ctl.ok("plant", "--from", file) == \
        "Planted 3 errors, 66 lines (4.1 KiB), 1 of them latent.\n"
    planted = ctl.json("plant", "--from", "-", "--source", "unknown", "--latent",
                       stdin="2M 64\n3M 64 injected")
    assert planted == {"planted": [
        {"start": 2 * MIB, "length": 64, "source": "unknown", "known": False, "permanent": False},
        {"start": 3 * MIB, "length": 64, "source": "injected", "known": False, "permanent": False}]}
    media = ctl.json("poison", "list", "--media")["rows"]
    assert [(row["start"], row["source"], row["known"], row["permanent"]) for row in media] == [
        (0x1000, "internal", True, False), (0x2000, "external", False, False),
        (MIB, "vendor", True, True),
        (2 * MIB, "unknown", False, False), (3 * MIB, "injected", False, False)]
    ctl.fails(USAGE, "Cannot open /nowhere/at/all: No such file or directory", "plant", "--from",
              "/nowhere/at/all")
    ctl.fails(USAGE, "-, line 2: this is not", "plant", "--from", "-", stdin="\n64 64 laten")


@pytest.mark.parametrize("line, text", [
    ("0x40000000 64", "1 line (64 B) from 0x000040000000 on is not all in the device, which has "
                      "256 MiB"),
    ("256M-64 64", "this is not 'start length [source] [latent] [permanent]'"),
    ("0xfffffc0 128", "2 lines (128 B) from 0x00000fffffc0 on is not all in the device"),
    ("0xffffffffffffffc0 64", "1 line (64 B) from 0xffffffffffffffc0 on is not all in"),
    ("0x3000 0", "the length is 0"),
    ("0x3000 63", "start and length are multiples of 64"),
    ("0x3001 64", "start and length are multiples of 64"),
    ("0x3000 -64", "this is not 'start length"),
    ("0x3000 64 cosmic", "this is not 'start length"),
    ("0x3000", "this is not 'start length"),
])
def test_wrong_line_of_a_file_plants_nothing(virtual, tmp_path, line, text):
    _, ctl = virtual
    file = tmp_path / "errors"
    for position in (1, 2, 3):
        lines = ["0x1000 64", "0x2000 64"]
        lines.insert(position - 1, line)
        file.write_text("\n".join(lines))
        result = ctl.fails(USAGE, f"errors, line {position}: {text}", "plant", "--from", file)
        assert result.err.endswith(". Nothing was planted\n")
        assert ctl.json("poison", "list", "--media")["rows"] == []


def test_device_that_refuses_a_line_of_a_file(start):
    _, ctl = start("--ranges-max", "2")
    ctl.fails(REFUSED, "-, line 4, after 2 of 3 errors were planted: ", "plant", "--from", "-",
              stdin="0 64\n\n4K 64\n8K 64 vendor")
    assert len(ctl.json("poison", "list")["records"]) == 2
    assert ctl.json("clear", "0", "4K") == {"cleared": 2}
    ctl.fails(REFUSED, "-, lines 2 to 4: The device holds as many", "plant", "--from", "-",
              stdin="\n0 64\n4K 64\n8K 64")
    assert ctl.json("poison", "list", "--media")["rows"] == []
    result = ctl.run("plant", "--random", "5")
    assert result.status == REFUSED and ", after 2 of 5 errors were planted: " in result.err


def splitmix(seed):
    """SplitMix64, as published."""
    mask = 2**64 - 1
    while True:
        seed = seed + 0x9E3779B97F4A7C15 & mask
        z = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        yield z ^ z >> 31


def test_random_errors_come_from_the_seed(virtual):
    _, ctl = virtual
    planted = ctl.json("plant", "--random", "50", "--seed", "7", "1M+1M")["planted"]
    random, slot = splitmix(7), MIB // 64 // 50
    expected = []
    for i in range(50):
        line = i * slot + 1 + next(random) % (slot - 1)
        expected.append((MIB + line * 64, 64, SOURCES[next(random) % 5]))
    assert sorted(rows(planted)) == expected
    assert rows(planted) != expected  # not in the order of addresses
    assert rows(ctl.json("poison", "list")["records"]) == expected


def test_random_errors_are_spread_over_the_device(virtual):
    _, ctl = virtual
    ctl.ok("plant", "--random", "1000", "--latent", "--source", "vendor")
    media = ctl.json("poison", "list", "--media")["rows"]
    assert len(media) == 1000
    for row in media:
        assert (row["length"], row["source"], row["known"]) == (64, "vendor", False)
    slot = 256 * MIB // 64 // 1000 * 64
    assert [row["start"] // slot for row in media] == list(range(1000))
    assert all(row["start"] % slot for row in media)  # no two of them touch
    other = ctl.json("plant", "--random", "1000", "--seed", "2")
    assert ctl.json("plant", "--random", "1000") != other
    ctl.fails(USAGE, "64 KiB has room for 1 to 512 errors apart from each other", "plant",
              "--random", "513", "0", "64K")
    ctl.fails(USAGE, "256 MiB has room for 1 to 2097152 errors", "plant", "--random", "0")
    ctl.ok("plant", "--random", "512", "0", "64K")


def test_inject_up_to_the_limit(start):
    _, ctl = start("--inject-limit", "2")
    result = ctl.run("inject", "0", "0x1000+192")
    assert (result.status, result.out) == (REFUSED, "")
    text = "Inject Poison at 0x000000001040, after {}: Inject Poison Limit Reached (0010h). " \
        "Clear injected poison first: 'swcxlctl poison list' shows it, 'swcxlctl clear' removes it."
    assert result.err == f"swcxlctl: {text.format('2 lines')}\n"
    assert ctl.run("inject", "0x1040", "--json").json == {"error": {
        "status": 1, "text": text.format("0 lines"),
        "return-code": 16, "return-code-name": "Inject Poison Limit Reached"}}
    assert ctl.json("clear", "0x1000") == {"cleared": 1}
    assert ctl.json("inject", "0x1040") == {"injected": 1}


def test_clear_writes(virtual):
    daemon, ctl = virtual
    ctl.ok("plant", "0", "256")
    ctl.ok("plant", "4K", "64", "--permanent")
    assert ctl.ok("clear", "64-192", "--data", "DE AD be:ef") == "Cleared 2 lines (128 B).\n"
    ctl.ok("clear", "0xc0")
    assert rows(ctl.json("poison", "list")["records"]) == [
        (0, 64, "internal"), (0x1000, 64, "internal")]
    with daemon.qmp() as qmp:
        written = qmp.cmd("swcxl-read-media", start=64, length=192)["data"]
    assert written == "deadbeef" * 32 + "00" * 64
    ctl.fails(REFUSED, "Clear Poison at 0x000000001000, after 1 line: Permanent Media Failure "
              "(0011h). This line is damaged for good", "clear", "0", "4K")


def test_overflow_is_shown(virtual):
    _, ctl = virtual
    ctl.ok("cci", "0301", CLOCK)
    ctl.ok("plant", "--random", "300")
    assert ctl.ok("poison", "list", "--limit", "0").splitlines()[-1] == (
        "Overflow since 2023-11-14 22:13:20.000000 UTC: errors are missing from this list. A scan "
        "of the whole device builds it anew ('swcxlctl scan').")
    assert "more" not in ctl.ok("poison", "list", "--limit", "0")
    assert "more" not in ctl.ok("poison", "list", "--media", "--limit", "0")
    document = ctl.json("poison", "list")
    assert len(document["records"]) == 256
    assert (document["overflow"], document["overflow-timestamp"], document["complete"]) == (
        True, 1700000000000000000, False)


def test_long_list_comes_in_pages(start):
    _, ctl = start("--payload", "256", "--poison-list-max", "1000", "--event-log-max", "10")
    ctl.ok("plant", "--random", "1000")
    document = ctl.json("poison", "list")
    assert len(document["records"]) == 1000 and document["complete"]
    assert ctl.ok("events", "--limit", "0").count("Overflow of the ") == 3


def test_media_of_many_rows_comes_in_pages(start):
    _, ctl = start("--ranges-max", "200000")
    ctl.ok("plant", "--random", "70000", "--latent", "--source", "vendor")
    assert len(ctl.json("poison", "list", "--media")["rows"]) == 70000


def test_list_of_a_device_without_one_for_volatile_memory(start):
    _, ctl = start("--persistent", "256M", "--volatile-list", "off")
    ctl.ok("plant", "--random", "10")
    assert ctl.ok("poison", "list").endswith("The device keeps no list for its volatile memory.\n")
    document = ctl.json("poison", "list")
    assert len(document["records"]) == 5 and not document["complete"]


# --- scan

def test_scan_step_by_step(virtual):
    _, ctl = virtual
    ctl.fails(REFUSED, "Get Scan Media Results (there has been no scan since the last reset): "
              "Unsupported (0003h)", "scan", "results")
    ctl.ok("plant", "--random", "10", "--latent")
    assert ctl.json("scan", "--no-wait", "--no-events") == {
        "start": 0, "length": 256 * MIB, "events": False, "estimate-ms": SCAN // 1000,
        "not-started": None}
    ctl.ok("clock", "step", "1s")
    assert ctl.ok("poison", "list").endswith(
        "Scanning: a scan is running, and the list may change until it ends.\n")
    assert ctl.json("poison", "list")["scan-in-progress"] is True
    ctl.fails(REFUSED, "Get Scan Media Results: Busy (0006h)", "scan", "results")
    ctl.fails(REFUSED, "The scan has not ended within 0.2 s", "wait", "scan", "--timeout", "0.2")
    process = ctl.popen("wait", "scan", "--json")
    time.sleep(0.2)
    assert process.poll() is None
    ctl.ok("clock", "step", f"{SCAN - 1000000}us")
    out, err = process.communicate(timeout=10)
    assert process.returncode == DONE and err == ""
    assert ctl.json("wait", "scan") == {"scanned": True, "percent": 100, "return-code": 0,
                                        "return-code-name": "Success"}
    results = ctl.json("scan", "results")
    assert not results["stopped-prematurely"] and results["restart"] is None
    assert len(results["records"]) == 10
    assert ctl.json("events")["failure"]["records"] == []


def test_scan_in_one_go(start):
    _, ctl = start("--scan-ns-per-line", "200")
    ctl.ok("plant", "1M", "4K", "--source", "external")
    ctl.ok("plant", "2M", "64", "--latent")
    result = ctl.run("scan")
    lines = result.out.splitlines()
    assert result.status == DONE
    assert lines[0].startswith("Scan Media ended after ") and lines[0].endswith(": Success.")
    assert lines[1:] == [
        "DPA                 LINES        SIZE  SOURCE",
        "0x000000100000         64       4 KiB  External",
        "0x000000200000          1        64 B  Internal",
        "2 records, 65 lines (4.1 KiB): 1 External, 1 Internal."]
    assert result.err.splitlines()[0] == \
        "Scanning 4194304 lines (256 MiB) from 0x000000000000, which takes about 838 ms"
    document = ctl.json("scan", "1M", "64")
    assert document.pop("elapsed-ms") < 10000
    assert document == {
        "start": MIB, "length": 64, "events": True, "estimate-ms": 1, "return-code": 0,
        "return-code-name": "Success",
        "stopped-prematurely": False, "restart": None,
        "records": [{"start": MIB, "length": 64, "source": "external"}]}
    ctl.fails(REFUSED, "Scan Media: Invalid Physical Address (000Fh)", "scan", "0-257M")


def test_short_scan_is_reported_short(start):
    _, ctl = start()
    for _ in range(3):
        scan = ctl.json("scan", "0", "1M")
        assert scan["estimate-ms"] == 8 and scan["elapsed-ms"] < 60


def test_scan_with_little_room_for_results(start):
    _, ctl = start("--scan-ns-per-line", "1", "--scan-results-max", "4")
    ctl.ok("plant", "--random", "10", "--source", "vendor")
    out = ctl.ok("scan", "--limit", "0")
    restart = ctl.json("scan", "results")["restart"]
    assert out.endswith(f"""\
4 records, 4 lines (256 B): 4 Vendor.
Stopped before the end: {restart['length'] // 64} lines ({restart['length'] / MIB:.1f} MiB) from \
{restart['start']:#014x} on are not scanned. Go on with
  swcxlctl scan {restart['start']:#x} {restart['length']:#x}
""")
    document = ctl.json("scan", restart["start"], restart["length"])
    assert document["records"][0]["start"] == restart["start"]
    document = ctl.json("scan", "--continue")
    assert len(document["records"]) == 10 and not document["stopped-prematurely"]


def test_scan_across_partitions_that_are_scanned_apart(start):
    _, ctl = start("--persistent", "256M", "--span", "reject", "--scan-ns-per-line", "1")
    ctl.ok("plant", "--random", "10")
    assert len(ctl.json("scan")["records"]) == 10
    assert ctl.json("scan")["estimate-ms"] == 8
    started = ctl.json("scan", "--no-wait")
    assert started == {"start": 0, "length": 256 * MIB, "events": True, "estimate-ms": 4,
                       "not-started": {"start": 256 * MIB, "length": 256 * MIB}}
    ctl.ok("wait", "scan")
    assert ctl.ok("scan", "--no-wait") == """\
Scan Media has started. 'swcxlctl wait scan' waits for its end.
The device scans its partitions one by one: 4194304 lines (256 MiB) from 0x000000000000 on are \
being scanned,
4194304 lines (256 MiB) from 0x000010000000 on are not. When the scan has ended, go on with
  swcxlctl scan 0x10000000 0x10000000
"""
    ctl.ok("wait", "scan")
    ctl.fails(REFUSED, "a device may refuse a range that spans two of them", "scan", "255M", "2M")


def test_abort(virtual):
    _, ctl = virtual
    assert ctl.ok("abort") == "No background operation is running.\n"
    ctl.ok("plant", "1M", "64")
    process = ctl.popen("scan", "--json")
    while not ctl.json("status")["background"]["running"]:
        time.sleep(0.01)
    ctl.fails(REFUSED, "Scan Media: Busy (0006h)", "scan")
    ctl.ok("clock", "step", "500ms")
    assert ctl.json("abort") == {"was-running": True, "opcode": 0x4304, "percent": 23,
                                 "return-code": 0x12, "running": False}
    out, _ = process.communicate(timeout=10)
    assert process.returncode == REFUSED
    assert '"return-code-name": "Aborted"' in out and '"stopped-prematurely": true' in out
    result = ctl.run("wait", "scan")
    assert (result.status, result.out) == (
        DONE, "No scan is running. The last one ended at 23 %: Aborted.\n")
    assert ctl.json("wait", "scan") == {"scanned": True, "percent": 23, "return-code": 0x12,
                                        "return-code-name": "Aborted"}


def test_abort_of_a_scan_that_is_waited_for(virtual):
    _, ctl = virtual
    ctl.ok("scan", "--no-wait")
    process = ctl.popen("wait", "scan")
    time.sleep(0.3)
    ctl.ok("abort")
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (REFUSED, "Scan Media has ended at 0 %: Aborted.\n")


def test_reset_ends_a_scan(virtual):
    _, ctl = virtual
    process = ctl.popen("scan")
    while not ctl.json("status")["background"]["running"]:
        time.sleep(0.01)
    time.sleep(0.2)
    ctl.ok("reset")
    _, err = process.communicate(timeout=10)
    assert process.returncode == REFUSED
    assert err.endswith("swcxlctl: The scan is gone: the device was reset, or another operation "
                        "has begun since. Start it again\n")


# --- wait, events

def test_wait_for_overflow(virtual):
    _, ctl = virtual
    ctl.fails(REFUSED, "The poison list has not overflowed within .1 s", "wait", "overflow",
              "--timeout", ".1")
    process = ctl.popen("wait", "overflow")
    time.sleep(0.3)
    assert process.poll() is None
    ctl.ok("plant", "--random", "257")
    assert process.communicate(timeout=10)[0] == "The poison list is in overflow.\n"
    assert ctl.json("wait", "overflow") == {"overflow-timestamp": 0}


def test_wait_for_an_event(virtual):
    _, ctl = virtual
    process = ctl.popen("wait", "event", "--log", "failure")
    either = ctl.popen("wait", "event", "--json")
    time.sleep(0.3)
    ctl.ok("plant", "0", "64", "--source", "external")
    assert '"log": "warning"' in either.communicate(timeout=10)[0]
    time.sleep(0.2)
    assert process.poll() is None
    ctl.ok("plant", "4K", "64")
    assert process.communicate(timeout=10)[0] == "There are records in the failure log.\n"


def test_events(virtual):
    _, ctl = virtual
    assert ctl.ok("events") == "0 records.\n"
    ctl.ok("cci", "0301", CLOCK)
    ctl.ok("clock", "step", "5ms")
    ctl.ok("inject", "0x1000")
    ctl.ok("plant", "8K", "128")
    assert ctl.ok("events") == """\
LOG               HANDLE  TIME                            DPA             EVENT
informational          1  2023-11-14 22:13:20.005000 UTC  0x000000001000  media ecc error, \
host inject poison
failure                1  2023-11-14 22:13:20.005000 UTC  0x000000002000  media ecc error, \
cause unknown, uncorrectable
2 records.
"""
    document = ctl.json("events", "--log", "informational")
    assert list(document) == ["informational"]
    log = document["informational"]
    record, = log.pop("records")
    assert log == {"count": 1, "more": False, "overflow": False, "lost": 0, "first-lost": 0,
                   "last-lost": 0}
    assert len(record.pop("data")) == 256
    assert record == {
        "log": "informational", "handle": 1, "related-handle": 0, "timestamp": 1700000000005000000,
        "uuid": "fbcd0a77-c260-417f-85a9-088b1621eba6", "type": "general-media",
        "severity": "informational", "flags": [],
        "dpa": 0x1000, "volatile": True, "not-repairable": False, "descriptor": [],
        "memory-event-type": "media-ecc-error", "transaction-type": "host-inject-poison"}
    assert ctl.json("events") == ctl.json("events")  # nothing is cleared


def test_events_are_the_device_s_own_decoding(virtual):
    daemon, ctl = virtual
    ctl.ok("plant", "--random", "300")
    ctl.ok("inject", "0")
    mine = ctl.json("events")
    with daemon.qmp() as qmp:
        for log in ("informational", "warning", "failure", "fatal"):
            theirs = qmp.cmd("swcxl-query-events", log=log)
            assert len(theirs) == mine[log]["count"] and not mine[log]["more"]
            for record, other in zip(mine[log]["records"], theirs):
                assert {key: other[key] for key in record if key != "log"} == {
                    key: value for key, value in record.items() if key != "log"}


def test_following_events(virtual):
    _, ctl = virtual
    ctl.ok("inject", "0")
    process = ctl.popen("events", "--follow", "--json")
    first = process.stdout.readline()
    ctl.ok("inject", "64")
    second = process.stdout.readline()
    ctl.ok("cci", "0101", "00 00 02 000000 0100 0200")
    ctl.ok("inject", "128")
    third = process.stdout.readline()
    process.terminate()
    process.communicate()
    assert [json.loads(line)["dpa"] for line in (first, second, third)] == [0, 64, 128]


# --- raw, clock, reset

def test_cci(virtual):
    _, ctl = virtual
    assert ctl.ok("cci", "0x4303", "0000000000000000", "00:00:40:00:00:00:00:00") == """\
Get Scan Media Capabilities (4303h): Success (0000h), 4 bytes
0000   31 08 00 00
"""
    assert ctl.ok("cci", "4100h").splitlines()[1:] == [
        "0000   01 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00",
        "0010   00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00"]
    assert ctl.json("cci", "4304", "00" * 8 + "01" + "00" * 8) == {
        "opcode": 0x4304, "return-code": 1, "return-code-name": "Background Command Started",
        "payload": ""}
    assert ctl.run("cci", "0007").out == "Command 0007h: Unsupported (0003h), 0 bytes\n"
    result = ctl.run("cci", "4301", "--json")
    assert result.status == REFUSED
    assert result.json == {"opcode": 0x4301, "return-code": 0x16,
                           "return-code-name": "Invalid Payload Length", "payload": ""}


def test_clock_step(virtual, start):
    _, ctl = virtual
    assert ctl.ok("clock", "step", "1500ms") == "The device is 1.500000000 s old now.\n"
    assert ctl.json("clock", "step", "1h") == {"now": 3601500000000}
    assert ctl.json("clock", "step", "1000000000") == {"now": 3602500000000}
    _, ctl = start()
    ctl.fails(REFUSED, "--clock virtual", "clock", "step", "1s")


def test_reset(start):
    _, ctl = start("--persistent", "256M")
    ctl.ok("plant", "0", "64")
    ctl.ok("plant", "4K", "64", "--permanent")
    ctl.ok("inject", "256M")
    assert ctl.ok("reset", "cxl") == "CXL reset done.\n"
    assert len(ctl.json("poison", "list")["records"]) == 2
    assert ctl.ok("reset") == "Conventional reset done.\n"
    assert rows(ctl.json("poison", "list")["records"]) == [(0x1000, 64, "internal")]
    assert ctl.json("reset", "conventional") == {"reset": "conventional"}
    assert ctl.ok("reset", "cold") == "Cold reset done.\n"
    assert ctl.ok("reset", "function") == "Function level reset done.\n"


# --- fault

def test_faults_are_made_shown_and_ended(virtual):
    _, ctl = virtual
    assert ctl.ok("fault") == "Nothing is to go wrong.\n"
    assert ctl.ok("fault", "return-code", "4000", "--value", "6") == "It will go wrong.\n"
    ctl.ok("fault", "delay", "0x4300", "--value", "250ms", "--count", "3")
    ctl.ok("fault", "short-reply", "0300", "--value", "3", "--count", "0")
    assert ctl.json("fault", "media-error") == {"fault": "media-error"}
    assert ctl.ok("fault") == (
        "return-code of Identify Memory Device (4000h), value 6, 1 to come\n"
        "delay of Get Poison List (4300h), value 250000000, 3 to come\n"
        "short-reply of Get Timestamp (0300h), value 3\n"
        "media-error\n")
    assert ctl.json("cci", "0300")["payload"] == "000000"
    assert [(f["fault"], f["hits"]) for f in ctl.json("fault")] == [
        ("return-code", 0), ("delay", 0), ("short-reply", 1), ("media-error", 0)]
    assert "short-reply of Get Timestamp (0300h), value 3, has happened 1 time\n" in \
        ctl.ok("fault")
    assert ctl.ok("fault", "clear") == "Nothing is to go wrong any more.\n"
    assert ctl.json("fault") == []


def test_faults_that_make_no_sense(virtual):
    _, ctl = virtual
    ctl.fails(USAGE, "There is no fault 'explode': clear, return-code, delay", "fault", "explode")
    ctl.fails(REFUSED, "needs an 'opcode'", "fault", "hang")
    ctl.fails(USAGE, "'xyz' is no opcode", "fault", "hang", "xyz")
    ctl.fails(USAGE, "--value 'soon' is not what a delay takes", "fault", "delay", "4300",
              "--value", "soon")
    assert ctl.json("fault") == []


# --- health

def test_health_is_shown_and_set(virtual):
    _, ctl = virtual
    assert ctl.ok("health") == (
        "Health      good\n"
        "Media       normal\n"
        "Life used   0 % (warning from 80 %, critical from 95 %)\n"
        "Temperature 25 C (warning from 85 C, critical from 95 C; warning down from 5 C, "
        "critical down from 0 C)\n"
        "Corrected   0 errors of volatile capacity\n"
        "Corrected   0 errors of persistent capacity\n"
        "Shutdowns   0 dirty\n")
    ctl.ok("cci", "4202", "0e 08 00 00 00 00 00 00 05 00 00 00")
    ctl.ok("cci", "4204", "01")
    ctl.ok("reset")
    ctl.ok("cci", "4202", "0e 08 00 00 00 00 00 00 05 00 00 00")
    assert ctl.ok("health", "temperature=-1", "life-used=80", "corrected-volatile-error-count=5",
                  "health-status=maintenance-needed,capacity-degraded",
                  "media-status=all-data-lost") == (
        "Health      maintenance-needed, capacity-degraded\n"
        "Media       all-data-lost\n"
        "Life used   80 % (warning from 80 %, critical from 95 %); warning\n"
        "Temperature -1 C (critical from 95 C, critical down from 0 C); critical\n"
        "Corrected   5 errors of volatile capacity (warning from 5); warning\n"
        "Corrected   0 errors of persistent capacity\n"
        "Shutdowns   1 dirty\n")
    assert ctl.ok("health", "health-status=", "temperature=32767", "life-used=255").startswith(
        "Health      good\nMedia       all-data-lost\nLife used   not known ("), "bits end too"
    assert "\nTemperature not known (" in ctl.ok("health")


def test_health_has_the_names_of_the_control_protocol(virtual):
    device, ctl = virtual
    ctl.ok("health", "temperature=90", "corrected-persistent-error-count=3")
    health = ctl.json("health")
    alerts = health.pop("alerts")
    with device.qmp() as qmp:
        theirs = qmp.cmd("swcxl-query-device")["health"]
    assert health == {key: theirs[key] for key in health}
    assert set(theirs) - set(health) == {"shutdown-dirty"}
    off = {"programmable": True, "enabled": False, "warning": 0}
    assert alerts == {
        "life-used": {"programmable": True, "enabled": True, "warning": 80, "critical": 95},
        "over-temperature": {"programmable": True, "enabled": True, "warning": 85, "critical": 95},
        "under-temperature": {"programmable": True, "enabled": True, "warning": 5, "critical": 0},
        "corrected-volatile-errors": off,
        "corrected-persistent-errors": {**off, "programmable": False}}, "there is no such capacity"


def test_health_that_cannot_be(virtual):
    _, ctl = virtual
    before = ctl.json("health")
    ctl.fails(USAGE, "'temperature' is no NAME=VALUE", "health", "temperature")
    ctl.fails(REFUSED, "Parameter 'humidity' is unexpected", "health", "humidity=3")
    ctl.fails(REFUSED, "expects a percentage", "health", "life-used=101")
    ctl.fails(REFUSED, "expected: integer", "health", "temperature=warm")
    assert ctl.json("health") == before


# --- map

def test_map(virtual):
    _, ctl = virtual
    ctl.ok("plant", "0", "64")
    ctl.ok("plant", "0xfffc0", "128", "--source", "vendor")
    ctl.ok("plant", "--random", "12", "64M+1M", "--latent")
    assert ctl.ok("map") == f"""\
0x000000000000
  poison  21{'.' * 62}
  latent  {'.' * 64}
  listed  21{'.' * 62}
0x000004000000
  poison  *{'.' * 63}
  latent  *{'.' * 63}
  listed  {'.' * 64}
0x000008000000
  poison  {'.' * 64}
  latent  {'.' * 64}
  listed  {'.' * 64}
0x00000c000000
  poison  {'.' * 64}
  latent  {'.' * 64}
  listed  {'.' * 64}

A character is 1 MiB: . without errors, 1 to 9 errors, * more. Errors:
poison     14 on the media
latent     12 of these, unknown to the device
listed      2 in the poison list
There are no scan results now.
"""
    ctl.ok("scan", "64M", "1M", "--no-wait")
    ctl.ok("clock", "step", "1s")
    document = ctl.json("map", "64M+512")
    assert (document["start"], document["length"], document["cell"]) == (64 * MIB, 512, 64)
    assert document["overflow"] is False
    assert {name: len(cells) for name, cells in document["layers"].items()} == {
        "poison": 8, "latent": 8, "listed": 8, "found": 8}
    assert sum(ctl.json("map")["layers"]["found"]) == 12
    assert ctl.ok("map", "0", "64").startswith(
        "0x000000000000\n  poison  1\n  latent  .\n  listed  1\n  found   .\n\n")


# --- the connection

def test_socket_from_the_environment(virtual):
    daemon, ctl = virtual
    by_environment = Ctl(SWCXL_QMP=daemon.qmp_path)
    assert by_environment.ok("status") == ctl.ok("status")


def test_device_that_ends(start):
    daemon, ctl = start("--clock", "virtual")
    waiting = [ctl.popen("wait", "overflow"), ctl.popen("scan"), ctl.popen("events", "--follow")]
    while not ctl.json("status")["background"]["running"]:
        time.sleep(0.01)
    time.sleep(0.3)
    with daemon.qmp() as qmp:
        qmp.cmd("quit")
    for process in waiting:
        _, err = process.communicate(timeout=10)
        assert process.returncode == NO_CONNECTION, err
        assert daemon.qmp_path in err.splitlines()[-1]
    ctl.fails(NO_CONNECTION, f"Start a device there: 'swcxl --volatile 256M --qmp {daemon.qmp_path} &'", "status")


@pytest.mark.parametrize("command", [
    "status", "plant 0 64", "inject 0", "clear 0", "poison list", "poison list --media", "map",
    "scan 0 64K", "scan results", "abort", "wait scan", "wait event", "events", "cci 4000",
    "reset"])
def test_json_is_one_document_and_nothing_else(start, command):
    _, ctl = start("--scan-ns-per-line", "1")
    ctl.ok("plant", "1M", "64")
    ctl.ok("scan", "0", "4K")
    result = ctl.run(*command.split(), "--json")
    assert result.status == DONE and result.err == "" and isinstance(result.json, dict), result


# --- the demo

def test_demo():
    """Every claim that it makes is checked by itself; here is what it has to explain."""
    start = time.monotonic()
    completed = subprocess.run([os.path.join(TOP, "examples", "demo")], timeout=60,
                               env={**os.environ, "SWCXLCTL": SWCXLCTL}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, universal_newlines=True)
    text = completed.stdout
    assert completed.returncode == 0, text
    assert time.monotonic() - start < 20
    before = text[:text.index("\nDPA ")]
    assert "DPA is the device physical address" in before
    for source in ("External", "Internal", "Injected", "Vendor", "Unknown"):
        assert source in before
    assert "That helps only if everything fits" in text[:text.index("$ swcxlctl scan ")]
    assert "xargs swcxlctl clear\nCleared 80 lines" in text
    assert "... and 240 more" not in text
