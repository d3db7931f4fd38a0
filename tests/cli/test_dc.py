# SPDX-License-Identifier: MIT
"""swcxlctl dc, and what other subcommands say of dynamic capacity, against a real device."""

import pytest
from ctl import DONE, REFUSED, USAGE

MIB = 1 << 20
R0, R1 = 256 * MIB, 512 * MIB


@pytest.fixture
def dc(start):
    """Two regions, of which the second is sharable."""
    _, ctl = start("--dc-regions", "2", "--dc-flags", "0=sanitize", "--dc-flags", "1=sharable",
                   "--clock", "virtual", "--name", "test", "--serial", "1234")
    return ctl


@pytest.fixture
def plain(start):
    _, ctl = start("--dc-regions", "2", "--scan-ns-per-line", "1")
    return ctl


def spans(rows):
    return [(row["start"], row["length"]) for row in rows]


def held(ctl):
    return spans(ctl.json("dc", "extents")["extents"])


def groups(ctl):
    return [(group["type"], group["waits"], spans(group["extents"]))
            for group in ctl.json("dc", "extents")["groups"]]


# --- config

def test_config(dc):
    assert dc.ok("dc", "config") == """\
DPA             REGION      LENGTH      DECODE       BLOCK  HANDLE  FLAGS
0x000010000000       0     256 MiB     256 MiB       2 MiB       2  sanitize
0x000020000000       1     256 MiB     256 MiB       2 MiB       3  sharable
2 regions, 512 MiB. The device tells decode lengths in units of 256 MiB.
It can keep track of 1024 more of 1024 extents, and of 256 more of 256 tags.
"""
    dc.ok("dc", "add", "4M", "--tag", "x")
    document = dc.json("dc", "config")
    assert document.pop("regions")[1] == {
        "region": 1, "start": R1, "length": 256 * MIB, "decode-length": 256 * MIB,
        "block-size": 2 * MIB, "dsmad-handle": 3, "flags": ["sharable"]}
    assert document == {"decode-length-in-bytes": False, "extents-max": 1024,
                        "extents-available": 1023, "tags-max": 256, "tags-available": 255}


def test_config_in_bytes_and_before_counters(start):
    _, ctl = start("--dc-regions", "1", "--dc-region-size", "512M", "--dc-decode-length", "bytes",
                   "--cxl-revision", "3.0")
    document = ctl.json("dc", "config")
    assert document["regions"][0]["decode-length"] == 512 * MIB
    assert document["decode-length-in-bytes"] is True
    assert document["extents-max"] is document["tags-available"] is None
    assert "256 MiB" not in ctl.ok("dc", "config").splitlines()[-1]
    assert ctl.ok("dc", "config").endswith("1 region, 512 MiB. The device tells decode lengths in "
                                           "bytes.\n")


@pytest.mark.parametrize("command", ["config", "extents", "respond all", "release all", "add 2M"])
def test_device_without(start, command):
    _, ctl = start()
    ctl.fails(REFUSED, "Get Dynamic Capacity Configuration: Unsupported (0003h). The device has no "
              "dynamic capacity", "dc", *command.split())


# --- what waits

def test_extents(dc):
    assert dc.ok("dc", "extents") == "0 extents, 0 B; generation 0.\nNothing waits for an answer.\n"
    dc.ok("dc", "add", "2M")
    dc.ok("dc", "respond", "all")
    dc.ok("dc", "add", "0x10400000+2M", "0x10800000+4M", "--tag",
          "00112233-4455-6677-8899-aabbccddeeff")
    dc.ok("dc", "add", "4M", "--region", "1", "--tag", "shared")
    dc.ok("dc", "reclaim", "0x10000000+2M")
    assert dc.ok("dc", "extents") == """\
EXTENT                            SIZE  REGION  TAG
0x000010000000+0x200000          2 MiB       0  -
1 extent, 2 MiB; generation 1.

In the event log, oldest first:
Offer, the next to answer: swcxlctl dc respond all|none|RANGE...
  0x000010400000+0x200000          2 MiB       0  00112233-4455-6677-8899-aabbccddeeff
  0x000010800000+0x400000          4 MiB       0  00112233-4455-6677-8899-aabbccddeeff
Offer
  0x000020000000+0x400000          4 MiB       1  "shared"
Request to release: swcxlctl dc release requested|none
  0x000010000000+0x200000          2 MiB       0  -
"""
    document = dc.json("dc", "extents")
    assert document["generation"] == 1 and document["more"] is False
    assert document["extents"] == [{"region": 0, "start": R0, "length": 2 * MIB, "tag": "0" * 32,
                                    "shared-sequence": 0}]
    assert document["groups"][1] == {
        "type": "add-capacity", "waits": True, "complete": True, "extents": [
            {"region": 1, "start": R1, "length": 4 * MIB, "tag": b"shared".ljust(16, b"\0").hex(),
             "shared-sequence": 0, "handle": 4}]}


def test_long_list_comes_in_pages(start):
    """More extents than fit into a payload, offered in more records, and answered in more entries
    than do."""
    _, ctl = start("--dc-regions", "2", "--dc-block-size", "1M")
    ctl.ok("dc", "add", *(f"{R0 + 4 * n * MIB:#x}+1M" for n in range(60)))
    ctl.ok("dc", "add", "256M", "--region", "1")
    assert ctl.json("dc", "respond", "all")["cleared"] == 60
    parts = [f"{R1 + n * MIB:#x}+1M" for n in range(256) if n % 4 != 3]
    ctl.ok("dc", "respond", *parts)
    assert len(held(ctl)) == 60 + 192
    lines = ctl.ok("dc", "extents", "--limit", "5").splitlines()
    assert lines[6] == "... and 247 more" and lines[7] == "252 extents, 252 MiB; generation 2."
    document = ctl.json("dc", "release", "all")
    assert len(document["released"]) == 252
    assert ctl.ok("dc", "extents").startswith("0 extents, 0 B; generation 3.\n")  # all at once


# --- respond

def test_respond(dc):
    dc.fails(REFUSED, "No offer waits for an answer", "dc", "respond")
    dc.fails(REFUSED, "No offer waits for an answer", "dc", "respond", "none")
    dc.ok("dc", "add", "0x10000000+8M", "0x10a00000+2M")
    assert dc.ok("dc", "respond") == """\
The oldest offer:
  EXTENT                            SIZE  REGION  TAG
  0x000010000000+0x800000          8 MiB       0  -
  0x000010a00000+0x200000          2 MiB       0  -
Answer it with 'swcxlctl dc respond all', 'none', or the RANGEs to accept.
"""
    document = dc.json("dc", "respond")
    assert document["complete"] is True and len(document["offer"]) == 2
    assert groups(dc)[0][1] is True  # and nothing has happened
    dc.fails(USAGE, "0x10800000+2M is not all in the oldest offer", "dc", "respond",
             "0x10800000+2M")
    dc.fails(REFUSED, "Invalid Extent List (001Eh). Ranges are whole blocks", "dc", "respond",
             "0x10000000+1M")
    assert groups(dc)[0][1] is True
    assert dc.ok("dc", "respond", "0x10000000+2M", "0x10400000-0x10600000", "0x10a00000+2M") == \
        "Accepted 6 MiB of 10 MiB on offer; 2 records cleared from the log.\n"
    assert held(dc) == [(R0, 2 * MIB), (R0 + 4 * MIB, 2 * MIB), (R0 + 10 * MIB, 2 * MIB)]
    dc.ok("dc", "add", "2M")
    assert dc.json("dc", "respond", "none") == {
        "offer": [{"region": 0, "start": R0 + 2 * MIB, "length": 2 * MIB, "tag": "0" * 32,
                   "shared-sequence": 0, "handle": 3}], "accepted": [], "cleared": 1}
    assert groups(dc) == []


def test_range_across_extents_of_an_offer(dc):
    dc.ok("dc", "add", "0x10000000+2M", "0x10200000+2M")
    assert spans(dc.json("dc", "respond", "0x10000000+4M")["accepted"]) == [
        (R0, 2 * MIB), (R0 + 2 * MIB, 2 * MIB)]


def test_kept_records(dc):
    dc.ok("dc", "add", "2M")
    assert dc.ok("dc", "respond", "all", "--keep") == \
        "Accepted 2 MiB of 2 MiB on offer; 0 records cleared from the log.\n"
    assert "Offer, which has its answer\n" in dc.ok("dc", "extents")
    dc.fails(REFUSED, "No offer waits", "dc", "respond", "all")
    dc.ok("dc", "add", "2M")
    assert dc.json("dc", "respond", "all")["cleared"] == 2


def test_offers_that_the_device_has_not_any_more(dc):
    text = "The device has no such offer any more"
    dc.ok("dc", "add", "2M")
    assert dc.ok("dc", "reclaim", "--forced", "0x10000000+2M") == \
        "Taken from the host: 0 B. Withdrawn from offer: 2 MiB.\n"
    result = dc.run("dc", "respond", "all", "--json")
    assert result.status == REFUSED and text in result.err
    assert result.json["error"]["return-code"] == 0xf
    assert groups(dc) == []
    dc.ok("dc", "add", "2M")
    dc.ok("reset")  # the records stay, the offer does not
    assert len(groups(dc)) == 1
    result = dc.run("dc", "respond", "none", "--keep")
    assert result.status == REFUSED and "Invalid Input (0002h). " + text in result.err
    assert len(groups(dc)) == 1
    result = dc.run("dc", "respond", "none")
    assert result.status == REFUSED and "Its records are cleared" in result.err
    assert groups(dc) == []


def test_offer_whose_records_somebody_has_cleared(dc):
    dc.ok("dc", "add", "2M")
    dc.ok("cci", "0101", "04 00 01 000000 0100")
    dc.fails(REFUSED, "the device waits for 1 answer: somebody has cleared the records", "dc",
             "respond", "all")
    dc.ok("cci", "4802", "0000000000000000")
    dc.fails(REFUSED, "No offer waits for an answer", "dc", "respond", "all")


def test_shared_capacity_is_accepted_as_a_whole(dc):
    dc.fails(REFUSED, "a tag is required", "dc", "add", "4M", "--region", "1")
    dc.ok("dc", "add", f"{R1:#x}+2M", f"{R1 + 4 * MIB:#x}+2M", "--tag", "s")
    dc.fails(REFUSED, "sharable capacity is accepted as a whole", "dc", "respond", f"{R1:#x}+2M")
    dc.ok("dc", "respond", "all")
    assert dc.ok("dc", "extents").splitlines()[2].endswith('"s", number 1')
    dc.fails(REFUSED, "sharable capacity with one tag is released as a whole", "dc", "release",
             f"{R1:#x}+2M")


# --- release

def test_release(dc):
    dc.fails(REFUSED, "Nothing is asked for. Name the RANGEs", "dc", "release")
    dc.fails(REFUSED, "Nothing is asked for that the host has", "dc", "release", "requested")
    dc.fails(REFUSED, "There is nothing to decline", "dc", "release", "none")
    dc.fails(REFUSED, "The host has no dynamic capacity", "dc", "release", "all")
    dc.ok("dc", "add", "16M")
    dc.ok("dc", "respond", "all")
    dc.ok("dc", "reclaim", "0x10000000+4M")
    dc.ok("dc", "reclaim", "0x10000000+2M", "0x10200000+6M")  # some of it twice
    assert dc.ok("dc", "release") == """\
Request to release:
  0x000010000000+0x400000          4 MiB       0  -
Request to release:
  0x000010000000+0x200000          2 MiB       0  -
  0x000010200000+0x600000          6 MiB       0  -
Release with 'swcxlctl dc release requested', or RANGEs; 'none' declines and clears the records.
"""
    assert len(dc.json("dc", "release")["requests"]) == 2
    # A part of what is asked for: the rest still is.
    assert dc.ok("dc", "release", "0x10000000+2M") == \
        "Released 2 MiB; 0 records cleared from the log.\n"
    assert [waits for _, waits, _ in groups(dc)] == [True, True]
    document = dc.json("dc", "release", "requested")
    assert sum(length for _, length in spans(document["released"])) == 6 * MIB
    assert document["cleared"] == 3 and groups(dc) == []
    assert held(dc) == [(R0 + 8 * MIB, 8 * MIB)]
    dc.fails(REFUSED, "Invalid Physical Address (000Fh). The host has not all of this", "dc",
             "release", "0x10000000+2M")
    dc.fails(REFUSED, "Invalid Extent List (001Eh). Ranges are whole blocks", "dc", "release",
             "0x10800000+1M")


def test_request_comes_first(dc):
    dc.ok("dc", "add", "4M")
    dc.ok("dc", "respond", "all")
    dc.ok("dc", "reclaim", "0x10000000+2M")
    dc.fails(REFUSED, "No offer waits for an answer", "dc", "respond", "all")
    dc.ok("dc", "add", "2M")
    assert groups(dc)[0][0] == "release-capacity"
    dc.fails(REFUSED, "A request to release comes before the offer", "dc", "respond", "all")
    assert len(groups(dc)) == 2
    assert dc.ok("dc", "release", "none") == "Released nothing; 1 record cleared from the log.\n"
    dc.ok("dc", "reclaim", "0x10000000+2M")
    dc.fails(REFUSED, "An offer comes first in the log", "dc", "release", "none")
    assert dc.json("dc", "release", "requested")["cleared"] == 0  # behind the offer
    assert groups(dc)[1][:2] == ("release-capacity", False)
    assert dc.json("dc", "respond", "all")["cleared"] == 2


def test_forced_release_is_a_notice(dc):
    dc.ok("dc", "add", "4M", "--tag", "t")
    dc.ok("dc", "respond", "all")
    assert dc.ok("dc", "reclaim", "--tag", "t", "2M", "--forced") == "Taken from the host: 2 MiB.\n"
    assert groups(dc) == [("forced-capacity-release", False, [(R0, 2 * MIB)])]
    assert "Taken by force: the host has lost it\n" in dc.ok("dc", "extents")
    assert dc.ok("dc", "release").startswith("Taken by force, nothing to answer:\n  0x000010000000")
    dc.ok("dc", "release", "none")
    assert groups(dc) == []


# --- the fabric manager

def test_add(dc):
    document = dc.json("dc", "add", "4M", "--policy", "contiguous", "--tag", "11" * 16)
    assert document == {"offered": [{"region": 0, "start": R0, "length": 4 * MIB, "tag": "11" * 16,
                                     "shared-sequence": 0, "offer": 1}]}
    text = dc.ok("dc", "add", "0x20000000-0x20400000", "--tag", "s")
    assert text.startswith("EXTENT")
    assert '0x000020000000+0x400000          4 MiB       1  "s"\n' in text
    dc.fails(REFUSED, "the region has not so much free capacity", "dc", "add", "512M")
    dc.fails(REFUSED, "dpa or len is not aligned", "dc", "add", "1M")
    dc.fails(USAGE, "There is no region 2: the device has 2", "dc", "add", "2M", "--region", "2")
    dc.fails(USAGE, "0x0+2M is not in one region", "dc", "add", "0x0+2M")
    dc.fails(USAGE, "0x1fe00000+4M is not in one region", "dc", "add", "0x1fe00000+4M")
    dc.fails(USAGE, "0x20000000+2M is in region 1, not in 0", "dc", "add", "0x10000000+2M",
             "0x20000000+2M")
    dc.fails(USAGE, "0x20000000+2M is in region 1, not in 0", "dc", "add", "0x20000000+2M",
             "--region", "0")
    dc.fails(REFUSED, "the host has access to that tag already", "dc", "add", "--policy",
             "enable-shared-access", "--region", "1", "--tag", "s")


def test_reclaim(dc):
    dc.ok("dc", "add", "8M", "--tag", "t")
    dc.ok("dc", "respond", "all")
    document = dc.json("dc", "reclaim", "--tag", "t", "2M", "--sanitize")
    requested, = document.pop("requested")
    assert (requested["start"], requested["length"], requested["sanitize"]) == (R0, 8 * MIB, True)
    assert document == {"forced": False, "sanitize": True, "taken": 0, "withdrawn": 0}
    document = dc.json("dc", "reclaim", "0x10400000+2M", "--forced")
    assert (document["taken"], document["withdrawn"]) == (2 * MIB, 0)
    dc.fails(REFUSED, "nothing has that tag", "dc", "reclaim", "--tag", "u")


# --- what others say

def test_status(dc):
    dc.ok("dc", "add", "8M")
    dc.ok("dc", "respond", "all")
    dc.ok("dc", "add", "2M")
    dc.ok("dc", "reclaim", "0x10000000+2M")
    dc.ok("dc", "reclaim", "0x10400000+2M", "--forced")
    lines = dc.ok("status").splitlines()
    assert lines[1:3] == [
        "Capacity    768 MiB, 256 MiB volatile at 0x000000000000, 512 MiB dynamic at 0x000010000000",
        "Dynamic     6 MiB of 512 MiB with the host, in 2 extents; 1 offer to answer; 1 request to "
        "release; 1 taken by force"]
    status = dc.json("status")
    assert status["capacity"] == 768 * MIB and status["volatile"] == 256 * MIB
    assert status["dynamic-capacity"] == {
        "regions": 2, "capacity": 512 * MIB, "allocated": 6 * MIB, "extents": 2, "offers": 1,
        "requests": 1, "forced": 1, "more": False}


def test_events(dc):
    dc.ok("cci", "0301", (1700000000 * 10**9).to_bytes(8, "little").hex())
    dc.ok("dc", "add", "0x10000000+2M", "0x10400000+4M", "--tag", "db1")
    assert dc.ok("events", "--log", "dynamic-capacity") == """\
LOG               HANDLE  TIME                            DPA             EVENT
dynamic-capacity       1  2023-11-14 22:13:20.000000 UTC  0x000010000000  add capacity, region 0, \
2 MiB, tag "db1", available 1022 extents, 255 tags; more follows
dynamic-capacity       2  2023-11-14 22:13:20.000000 UTC  0x000010400000  add capacity, region 0, \
4 MiB, tag "db1", available 1022 extents, 255 tags
2 records.
"""
    record = dc.json("events")["dynamic-capacity"]["records"][0]
    assert (record["type"], record["dc-event-type"], record["start"], record["extent-length"]) == \
        ("dynamic-capacity", "add-capacity", R0, 2 * MIB)
    assert record["dc-event-flags"] == ["more"]


def test_wait_for_an_event(dc, start):
    dc.fails(REFUSED, "No event was logged within 0.1 s", "wait", "event", "--log",
             "dynamic-capacity", "--timeout", "0.1")
    process = dc.popen("wait", "event", "--log", "dynamic-capacity")
    dc.ok("dc", "add", "2M")
    assert process.communicate(timeout=10)[0] == \
        "There are records in the dynamic-capacity log.\n"
    _, without = start()
    without.fails(REFUSED, "The device has no dynamic-capacity log", "wait", "event", "--log",
                  "dynamic-capacity")


def test_scan_and_list_reach_the_top(plain):
    plain.ok("dc", "add", "0x2fe00000+2M")
    plain.ok("dc", "respond", "all")
    plain.ok("plant", "0x2fffffc0", "64", "--latent")
    plain.ok("plant", "0x10000000", "64", "--latent")
    scan = plain.json("scan")
    assert (scan["start"], scan["length"], spans(scan["records"])) == \
        (0, 768 * MIB, [(0x2fffffc0, 64)])
    assert spans(plain.json("poison", "list")["records"]) == [(0x2fffffc0, 64)]
    assert len(plain.json("poison", "list", "--media")["rows"]) == 2


def test_list_of_a_device_without_one_for_volatile_memory(start):
    _, ctl = start("--dc-regions", "2", "--dc-flags", "1=non-volatile", "--volatile-list", "off")
    ctl.ok("dc", "add", "2M", "--region", "1")
    ctl.ok("dc", "respond", "all")
    ctl.ok("plant", f"{R1:#x}", "64")
    document = ctl.json("poison", "list")
    assert spans(document["records"]) == [(R1, 64)] and document["complete"] is False
    text = ctl.ok("poison", "list")
    assert "no list for its volatile memory" in text
    assert "no list for some of its dynamic capacity" in text


def test_scan_in_parts(start):
    _, ctl = start("--persistent", "256M", "--dc-regions", "2", "--span", "reject",
                   "--scan-ns-per-line", "1")
    ctl.ok("plant", "256M", "64", "--latent")
    scan = ctl.json("scan")
    assert (scan["length"], scan["return-code"]) == (1024 * MIB, 0)
    assert spans(scan["records"]) == [(256 * MIB, 64)]
    rest = ctl.json("scan", "--no-wait")["not-started"]
    assert (rest["start"], rest["length"]) == (256 * MIB, 768 * MIB)


def test_map(dc):
    dc.ok("dc", "add", "0x10000000+8M", "0x10a00000+2M")
    dc.ok("dc", "respond", "all")
    dc.ok("plant", "0x10800000", "64")
    lines = dc.ok("map", "0xff00000-0x10e00000").splitlines()
    assert lines[1] == "  poison  " + "." * 64
    document = dc.json("map", "0xf000000+32M")
    cell = document["cell"]
    assert sum(document["unallocated"]) == 6 * MIB
    where = (0, 16, 23, 24, 25, 26, 27, 28)
    assert [document["unallocated"][at * MIB // cell] for at in where] == \
        [0, 0, 0, cell, cell, 0, 0, cell]
    whole = dc.ok("map").splitlines()
    # A character is 3 MiB: regions begin in the 86th, capacity ends in the 90th.
    assert whole[1] == "  poison  " + "." * 64
    assert whole[5] == "  poison  " + "." * 24 + "1." + "-" * 38
    assert "- likewise and not the host's" in dc.ok("map")
    assert "unallocated" in document and sum(dc.json("map")["unallocated"]) == 502 * MIB


def test_map_without(start):
    _, ctl = start()
    assert ctl.json("map")["unallocated"] is None and "likewise" not in ctl.ok("map")


def test_json_is_one_document(dc):
    dc.ok("dc", "add", "4M")
    for command in ("dc config", "dc extents", "dc respond", "dc respond 0x10000000+2M",
                    "dc reclaim 0x10000000+2M", "dc release", "dc release requested", "dc add 2M"):
        result = dc.run(*command.split(), "--json")
        assert result.status == DONE and result.err == "" and isinstance(result.json, dict), result
