# SPDX-License-Identifier: MIT
"""Dynamic capacity over the control protocol: QEMU's two commands with every policy, references,
what is shown of it and what is told of it, poison across it. The host's part goes through
swcxl-cci, as its driver would do it."""

import resource
import struct

import pytest
from capacity import (BASE, BLOCK, DAY, MIB, OPTIONS, REGION, TAG, TEXT, U64, add, answer, at, cci,
                      clear_log, give_back, have, hold, records, reference, refused,
                      release, shown, state, told)
from daemon import QmpError, wait_until


@pytest.fixture
def qmp(dc):
    return dc


# ---- as QEMU's schema has them -------------------------------------------------------------------

ADD = {"path": "str", "host-id": "int", "selection-policy": "extent-selection-policy",
       "region": "int", "tag": "str", "extents": "[dynamic-capacity-extent]"}
RELEASE = {"path": "str", "host-id": "int", "removal-policy": "extent-removal-policy",
           "forced-removal": "bool", "sanitize-on-release": "bool", "region": "int", "tag": "str",
           "extents": "[dynamic-capacity-extent]"}
OPTIONAL = {"tag", "forced-removal", "sanitize-on-release"}


@pytest.mark.parametrize("command, members", [
    ("cxl-add-dynamic-capacity", ADD), ("cxl-release-dynamic-capacity", RELEASE)])
def test_arguments_are_qemus(checked, command, members):
    entry = checked.commands[command]
    found = checked.types[entry["arg-type"]]["members"]
    assert [(m["name"], m["type"]) for m in found] == list(members.items())
    assert {m["name"] for m in found if "default" in m} == OPTIONAL & set(members)
    assert checked.types[entry["ret-type"]]["members"] == []


def test_words_are_qemus(checked):
    assert checked.types["extent-selection-policy"]["values"] == \
        ["free", "contiguous", "prescriptive", "enable-shared-access"]
    assert checked.types["extent-removal-policy"]["values"] == ["tag-based", "prescriptive"]
    assert [(m["name"], m["type"]) for m in checked.types["dynamic-capacity-extent"]["members"]] \
        == [("offset", "int"), ("len", "int")]


@pytest.mark.parametrize("name, bits", [("host-id", 16), ("region", 8)])
def test_numbers_have_qemus_widths(qmp, name, bits):
    args = {"path": "mem0", "host-id": 0, "region": 0, "extents": []}
    for command, policy in (("add", {"selection-policy": "prescriptive"}),
                            ("release", {"removal-policy": "prescriptive"})):
        for value in (1 << bits, -1):
            with pytest.raises(QmpError, match=f"Parameter '{name}' expects uint{bits}_t"):
                qmp.cmd(f"cxl-{command}-dynamic-capacity", **{**args, **policy, name: value})


# ---- tags ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("tag, bytes_", [
    ("01020304-0506-0708-090a-0b0c0d0e0f10", "0102030405060708090a0b0c0d0e0f10"),
    ("AABBCCDD-EEFF-0011-2233-445566778899", "aabbccddeeff00112233445566778899"),
    ("0102030405060708090a0b0c0d0e0f10", "0102030405060708090a0b0c0d0e0f10"),
    ("FfFfFfFfFfFfFfFfFfFfFfFfFfFfFfFf", "ff" * 16),
    ("tag1", TAG), ("0", "30" + "00" * 15), ("0123456789abcdef", b"0123456789abcdef".hex()),
    ("\u00e4\n\"\\", "c3a40a225c" + "00" * 11), ("", "00" * 16), ("00" * 16, "00" * 16),
    (None, "00" * 16)])
def test_forms_of_tags(qmp, tag, bytes_):
    add(qmp, "free", (0, BLOCK), **({} if tag is None else {"tag": tag}))
    assert shown(qmp, "pending", "tag") == [(at(0), BLOCK, bytes_)]
    assert records(qmp, "tag") == [("add-capacity", at(0), BLOCK, bytes_)]
    answer(qmp, (at(0), BLOCK))
    assert shown(qmp, "accepted", "tag") == [(at(0), BLOCK, bytes_)]
    listed = cci(qmp, 0x4801, struct.pack("<II", 9, 0))
    assert listed[0x20:0x30].hex() == bytes_
    assert told(qmp) == [("accepted", at(0), BLOCK)]
    if bytes_ != "00" * 16:
        release(qmp, "tag-based", tag=bytes_)
        assert records(qmp, "tag")[1:] == [("release-capacity", at(0), BLOCK, bytes_)]


@pytest.mark.parametrize("tag", [
    "0123456789abcdefg", "x" * 17, "x" * 10000, "0102030405060708090a0b0c0d0e0f1",
    "0102030405060708090a0b0c0d0e0f100", "0102030405060708090a0b0c0d0e0f1g",
    "01020304-0506-0708-090a-0b0c0d0e0f1g", "01020304-0506-0708-090a-0b0c0d0e0f1",
    "01020304-0506-0708-090a-0b0c0d0e0f101", "010203040506-0708-090a-0b0c-0d0e0f10",
    "{01020304-0506-0708-090a-0b0c0d0e0f10}", "0x0102030405060708090a0b0c0d0e0f10", "\u00e4" * 9],
    ids=lambda tag: repr(tag[:40]))
def test_what_is_no_tag(qmp, tag):
    text = "Parameter 'tag' is no UUID, no 32 hexadecimal digits, and longer than 16 bytes"
    assert refused(qmp, add, "free", (0, BLOCK), tag=tag) == text
    assert refused(qmp, release, "tag-based", tag=tag) == text
    assert refused(qmp, reference, "add", tag) == refused(qmp, reference, "remove", tag) == text
    # The path comes first, and the device after it.
    assert refused(qmp, add, "free", path="mem1", tag=tag) == "Unable to resolve CXL type 3 device"
    assert refused(qmp, add, "free", region=9, tag=tag) == text


def test_text_does_not_end_within(qmp):
    for tag in ("a\0b", "\0", "tag1\0", "01020304-0506-0708-090a-0b0c0d0e0f10\0"):
        for do, policy in ((add, "free"), (release, "tag-based")):
            assert refused(qmp, do, policy, (0, BLOCK), tag=tag) == \
                "Invalid parameter type for 'tag', expected: string"
        assert refused(qmp, reference, "add", tag) == \
            "Invalid parameter type for 'tag', expected: string"


def test_a_tag_outside_of_sharable_regions_is_a_label(qmp):
    """Offers may share it; 32 digits, a UUID and a text are the same tag when their bytes are."""
    add(qmp, "free", (0, BLOCK), tag="tag1")
    add(qmp, "free", (0, BLOCK), tag=TAG)
    add(qmp, "free", (0, BLOCK), tag="74616731-0000-0000-0000-000000000000")
    add(qmp, "free", (0, BLOCK))
    assert state(qmp)["tags-available"] == 255
    for i in range(4):
        answer(qmp, (at(i * BLOCK), BLOCK))
    clear_log(qmp)
    release(qmp, "tag-based", tag="tag1")
    assert records(qmp) == [("release-capacity", at(i * BLOCK), BLOCK) for i in range(3)]


# ---- selecting -----------------------------------------------------------------------------------

@pytest.fixture
def holes(qmp):
    """Region 0 with holes of 1, 3 and 2 blocks, and the rest from block 12 on."""
    have(qmp, (BLOCK, BLOCK), (5 * BLOCK, 3 * BLOCK), (10 * BLOCK, 2 * BLOCK))
    told(qmp)
    return qmp


@pytest.mark.parametrize("policy, lengths, blocks", [
    ("free", [1], [(0, 1)]), ("free", [2], [(0, 1), (2, 1)]), ("free", [1, 2], [(0, 1), (2, 2)]),
    ("free", [7], [(0, 1), (2, 3), (8, 2), (12, 1)]),
    ("free", [122], [(0, 1), (2, 3), (8, 2), (12, 116)]),
    ("contiguous", [1], [(0, 1)]), ("contiguous", [2], [(2, 2)]), ("contiguous", [3], [(2, 3)]),
    ("contiguous", [1, 1], [(2, 2)]), ("contiguous", [4], [(12, 4)]),
    ("contiguous", [116], [(12, 116)])])
def test_free_and_contiguous(holes, policy, lengths, blocks):
    """The sum counts, offsets do not."""
    add(holes, policy, *((U64, length * BLOCK) for length in lengths), tag="tag1")
    want = [(at(start * BLOCK), length * BLOCK) for start, length in blocks]
    assert shown(holes, "pending", "tag", "offer", "region", "shared-sequence") == \
        [(*r, TAG, 1, 0, 0) for r in want]
    assert records(holes, "dc-event-flags", "tag", "region", "host-id", "shared-sequence") == [
        ("add-capacity", *r, ["more"] if r != want[-1] else [], TAG, 0, 0, 0) for r in want]


def test_prescriptive(holes):
    ranges = ((12 * BLOCK, BLOCK), (0, BLOCK), (REGION - BLOCK, BLOCK), (8 * BLOCK, 2 * BLOCK))
    add(holes, "prescriptive", *ranges)
    want = sorted((at(offset), length) for offset, length in ranges)
    assert shown(holes, "pending", "offer") == [(*r, 1) for r in want]
    assert records(holes) == [("add-capacity", *r) for r in want]
    assert state(holes)["offers"] == 1


def test_no_extents_are_nothing(qmp):
    before = state(qmp)
    add(qmp, "prescriptive")
    release(qmp, "prescriptive")
    release(qmp, "prescriptive", forced=True)
    assert state(qmp) == before and records(qmp) == [] and qmp.events == []


def test_whole_regions(qmp):
    for region in range(3):
        add(qmp, "contiguous", (0, REGION), region=region, tag=f"tag{region}")
        answer(qmp, (at(0, region), REGION))
    assert [(r["free"], r["length"]) for r in state(qmp)["regions"]] == [(0, REGION)] * 3
    assert shown(qmp, "accepted", "region") == [(at(0, n), REGION, n) for n in range(3)]


@pytest.mark.parametrize("revision", ["3.1", "3.2"])
def test_a_thousand_extents_are_one_offer(start, revision):
    qmp = start("--dc-regions", "1", "--dc-block-size", "64", "--event-log-max", "1024",
                "--cxl-revision", revision)
    offsets = [192 * i for i in range(1024)]
    add(qmp, "prescriptive", *((offset, 64) for offset in reversed(offsets)))
    shows = state(qmp)
    assert (shows["offers"], shows["extents-available"], shows["extents-max"]) == (1, 0, 1024)
    assert [extent["offer"] for extent in shows["pending"]] == [1] * 1024
    got = qmp.cmd("swcxl-query-events", log="dynamic-capacity")
    assert [record["dc-event-flags"] for record in got] == [["more"]] * 1023 + [[]]
    assert [record["start"] for record in got] == [at(offset) for offset in offsets]
    answer(qmp, *((at(offset), 64) for offset in offsets))
    assert len(told(qmp)) == 1024
    clear_log(qmp)
    release(qmp, "prescriptive", *((offset, 64) for offset in offsets))
    assert len(records(qmp)) == 1024
    give_back(qmp, *((at(offset), 64) for offset in offsets))
    assert told(qmp) == [("released", at(offset), 64) for offset in offsets]
    assert state(qmp)["extents-available"] == 1024 and state(qmp)["accepted"] == []


def test_before_3_1_each_extent_is_an_offer(start):
    qmp = start("--cxl-revision", "3.0", *OPTIONS)
    add(qmp, "prescriptive", (0, BLOCK), (4 * BLOCK, BLOCK))
    assert shown(qmp, "pending", "offer") == [(at(0), BLOCK, 1), (at(4 * BLOCK), BLOCK, 2)]
    assert records(qmp, "dc-event-flags", "validity") == [
        ("add-capacity", at(0), BLOCK, [], []), ("add-capacity", at(4 * BLOCK), BLOCK, [], [])]
    answer(qmp, (at(4 * BLOCK), BLOCK), rc=0x0f)
    answer(qmp, (at(0), BLOCK))
    assert shown(qmp, "pending", "offer") == [(at(4 * BLOCK), BLOCK, 1)]


# ---- what the host makes of offers ---------------------------------------------------------------

def test_the_lists_generation_counts_on_through_resets(qmp):
    """And begins anew with a state that is imported, as with a process."""
    have(qmp, (0, BLOCK))
    have(qmp, (BLOCK, BLOCK))
    generation = state(qmp)["generation"]
    for kind in "cold", "conventional", "cxl", "function":
        qmp.cmd("swcxl-reset", type=kind)
        assert state(qmp)["generation"] == generation + 1, kind  # region 0 is volatile
    parts = qmp.cmd("swcxl-export-state")
    assert generation > 0 and parts["next"] == ""
    qmp.cmd("swcxl-import-state", state=parts)
    assert state(qmp)["generation"] == 0


def test_an_offer_is_accepted_in_parts(qmp, checked):
    add(qmp, "prescriptive", (0, 4 * BLOCK), (8 * BLOCK, 2 * BLOCK), tag="tag1")
    add(qmp, "free", (0, BLOCK))
    assert shown(qmp, "pending", "offer") == [
        (at(0), 4 * BLOCK, 1), (at(4 * BLOCK), BLOCK, 2), (at(8 * BLOCK), 2 * BLOCK, 1)]
    generation = state(qmp)["generation"]
    answer(qmp, (at(BLOCK), BLOCK), (at(9 * BLOCK), BLOCK))
    assert told(qmp, checked) == [
        ("refused", at(0), BLOCK), ("accepted", at(BLOCK), BLOCK),
        ("refused", at(2 * BLOCK), 2 * BLOCK), ("refused", at(8 * BLOCK), BLOCK),
        ("accepted", at(9 * BLOCK), BLOCK)]
    shows = state(qmp)
    assert shown(qmp, "accepted", "tag", "referenced", "release-requested", "sanitize") == [
        (at(BLOCK), BLOCK, TAG, False, False, False),
        (at(9 * BLOCK), BLOCK, TAG, False, False, False)]
    assert shown(qmp, "refused", "tag", "reason", "region", "shared-sequence") == [
        (start, length, TAG, "refused", 0, 0) for start, length in
        ((at(0), BLOCK), (at(2 * BLOCK), 2 * BLOCK), (at(8 * BLOCK), BLOCK))]
    assert shown(qmp, "pending", "offer") == [(at(4 * BLOCK), BLOCK, 1)]
    assert shows["generation"] != generation and shows["offers"] == 1
    assert shows["extents-available"] == 1024 - 3 and shows["tags-available"] == 255
    assert shows["regions"][0]["free"] == REGION - 3 * BLOCK
    answer(qmp)
    assert told(qmp) == [("refused", at(4 * BLOCK), BLOCK)]
    assert state(qmp)["offers"] == 0 and state(qmp)["pending"] == []


def test_refusals_are_the_last_64(qmp):
    for i in range(70):
        add(qmp, "prescriptive", (i * BLOCK, BLOCK))
        answer(qmp)
        clear_log(qmp)
    assert shown(qmp, "refused", "reason") == \
        [(at(i * BLOCK), BLOCK, "refused") for i in range(6, 70)]


def test_events_have_all_of_an_extent(qmp, checked):
    """Of a sharable region, whose extents are numbered as they are named."""
    add(qmp, "prescriptive", (4 * BLOCK, BLOCK), (0, 2 * BLOCK), region=2, tag="tag1")
    answer(qmp, (at(0, 2), 2 * BLOCK), (at(4 * BLOCK, 2), BLOCK))
    news = [event for event in qmp.events if event["event"] == "SWCXL_DC_EXTENT"]
    for event in news:
        checked.check_event(event)
    assert [event["data"] for event in news] == [
        {"change": "accepted", "region": 2, "start": at(0, 2), "length": 2 * BLOCK, "tag": TAG,
         "shared-sequence": 1},
        {"change": "accepted", "region": 2, "start": at(4 * BLOCK, 2), "length": BLOCK,
         "tag": TAG, "shared-sequence": 0}]


def test_a_record_is_news_when_the_log_was_empty(qmp, checked):
    add(qmp, "free", (0, BLOCK))
    add(qmp, "free", (0, BLOCK))
    event, = qmp.events
    checked.check_event(event)
    assert (event["event"], event["data"]) == ("SWCXL_EVENT_RECORD", {
        "log": "dynamic-capacity", "handle": 1, "type": "ca95afa7-f183-4018-8c2f-95268e101a2a"})
    log = qmp.cmd("swcxl-query-device")["logs"]["dynamic-capacity"]
    assert log == {"count": 2, "max": 256, "overflow": False, "lost": 0, "first-lost": 0,
                   "last-lost": 0}
    clear_log(qmp)
    add(qmp, "free", (0, BLOCK))
    assert [e["data"]["handle"] for e in qmp.events] == [1, 3]


def test_a_record_is_decoded(qmp):
    cci(qmp, 0x0301, struct.pack("<Q", 1_700_000_000_000_000_000))
    add(qmp, "prescriptive", (BLOCK, BLOCK), region=1, tag="tag1")
    record, = qmp.cmd("swcxl-query-events", log="dynamic-capacity")
    data = bytes.fromhex(record.pop("data"))
    assert data[0x30:] == struct.pack("<BBHBB2xQQ16sH30xII", 0, 1, 0, 1, 0, at(BLOCK, 1), BLOCK,
                                      b"tag1", 0, 1023, 255)
    assert record == {
        "uuid": "ca95afa7-f183-4018-8c2f-95268e101a2a", "type": "dynamic-capacity", "length": 128,
        "severity": "informational", "flags": [], "handle": 1, "related-handle": 0,
        "timestamp": 1_700_000_000_000_000_000, "maint-op-class": 0, "maint-op-subclass": 0,
        "ld-id": 0, "head-id": 0, "dc-event-type": "add-capacity", "validity": ["available"],
        "host-id": 0, "region": 1, "dc-event-flags": [], "start": at(BLOCK, 1),
        "extent-length": BLOCK, "tag": TAG, "shared-sequence": 0, "available-extents": 1023,
        "available-tags": 255}


# ---- release -------------------------------------------------------------------------------------

def test_release_asks_and_the_host_decides(qmp):
    have(qmp, (0, 4 * BLOCK), (8 * BLOCK, BLOCK), tag="tag1")
    told(qmp)
    release(qmp, "prescriptive", (BLOCK, 2 * BLOCK), (8 * BLOCK, BLOCK))
    assert records(qmp, "dc-event-flags", "tag") == [
        ("release-capacity", at(BLOCK), 2 * BLOCK, ["more"], TAG),
        ("release-capacity", at(8 * BLOCK), BLOCK, [], TAG)]
    # DC-4: it still has it all.
    assert shown(qmp, "accepted", "release-requested", "sanitize") == [
        (at(0), 4 * BLOCK, True, False), (at(8 * BLOCK), BLOCK, True, False)]
    give_back(qmp, (at(2 * BLOCK), BLOCK))
    assert told(qmp) == [("released", at(2 * BLOCK), BLOCK)]
    assert shown(qmp, "accepted", "tag", "release-requested") == [
        (at(0), 2 * BLOCK, TAG, True), (at(3 * BLOCK), BLOCK, TAG, False),
        (at(8 * BLOCK), BLOCK, TAG, True)]
    give_back(qmp, (at(0), 2 * BLOCK), (at(8 * BLOCK), BLOCK))
    assert told(qmp) == [("released", at(0), 2 * BLOCK), ("released", at(8 * BLOCK), BLOCK)]
    assert shown(qmp, "accepted", "release-requested") == [(at(3 * BLOCK), BLOCK, False)]


def test_release_by_tag_takes_the_lowest_first(qmp):
    have(qmp, (0, 2 * BLOCK), (4 * BLOCK, 2 * BLOCK), tag="tag1")
    have(qmp, (2 * BLOCK, BLOCK), tag="tag2")
    add(qmp, "prescriptive", (16 * BLOCK, BLOCK), tag="tag1")
    clear_log(qmp)
    for lengths, want in (([3 * BLOCK], [(0, 2), (4, 1)]), ([BLOCK], [(0, 1)]),
                          ([BLOCK, BLOCK], [(0, 2)]), ([], [(0, 2), (4, 2)])):
        release(qmp, "tag-based", *((U64, length) for length in lengths), tag="tag1")
        assert records(qmp) == [("release-capacity", at(start * BLOCK), length * BLOCK)
                                for start, length in want]
        clear_log(qmp)


def test_forced_release_takes(qmp):
    have(qmp, (0, 4 * BLOCK), tag="tag1")
    told(qmp)
    release(qmp, "prescriptive", (BLOCK, BLOCK), forced=True)
    assert records(qmp, "tag") == [("forced-capacity-release", at(BLOCK), BLOCK, TAG)]
    assert shown(qmp, "accepted") == [(at(0), BLOCK), (at(2 * BLOCK), 2 * BLOCK)]
    # More than there is, as long as there is something.
    release(qmp, "prescriptive", (0, REGION), forced=True)
    assert records(qmp)[1:] == [("forced-capacity-release", at(0), BLOCK),
                                ("forced-capacity-release", at(2 * BLOCK), 2 * BLOCK)]
    assert state(qmp)["accepted"] == [] and told(qmp) == []


def test_forced_release_of_what_is_pending_leaves_a_dead_offer(qmp):
    add(qmp, "prescriptive", (0, BLOCK), (4 * BLOCK, BLOCK), tag="tag1")
    add(qmp, "prescriptive", (8 * BLOCK, BLOCK))
    release(qmp, "prescriptive", (4 * BLOCK, BLOCK), forced=True)
    shows = state(qmp)
    assert (shows["offers"], shows["dead-offers"], shows["refused"]) == (1, 1, [])
    assert shown(qmp, "pending", "offer") == [(at(8 * BLOCK), BLOCK, 2)]
    assert shows["extents-available"] == 1024 - 3  # DC-8
    assert [record[0] for record in records(qmp)] == ["add-capacity"] * 3
    answer(qmp, (at(8 * BLOCK), BLOCK), rc=0x0f)
    assert state(qmp)["dead-offers"] == 0
    answer(qmp, (at(8 * BLOCK), BLOCK))
    assert shown(qmp, "accepted") == [(at(8 * BLOCK), BLOCK)]


def test_sanitize_on_release(qmp):
    """With it content and poison go, without it they come back with the capacity (E-5)."""
    for sanitize, forced in ((False, False), (True, False), (None, True), (True, True)):
        have(qmp, (0, BLOCK))
        qmp.cmd("swcxl-write-media", start=at(0), data="a5" * 64)
        qmp.cmd("swcxl-plant-poison", start=at(64), length=64)
        release(qmp, "prescriptive", (0, BLOCK), sanitize=sanitize, forced=forced)
        if not forced:
            assert shown(qmp, "accepted", "release-requested", "sanitize") == \
                [(at(0), BLOCK, True, sanitize)]
            give_back(qmp, (at(0), BLOCK))
        assert qmp.cmd("swcxl-read-media", start=at(0), length=4)["data"] == "ffffffff"
        have(qmp, (0, BLOCK))
        assert qmp.cmd("swcxl-read-media", start=at(0), length=2)["data"] == \
            ("0000" if sanitize else "a5a5")
        assert len(qmp.cmd("swcxl-query-poison")) == (0 if sanitize else 1)
        give_back(qmp, (at(0), BLOCK))


# ---- time-outs -----------------------------------------------------------------------------------

def test_offers_and_requests_time_out(start, checked):
    qmp = start(*OPTIONS, "--dc-host-timeout", "1s")
    have(qmp, (0, 2 * BLOCK))
    told(qmp)
    add(qmp, "prescriptive", (4 * BLOCK, BLOCK), (8 * BLOCK, BLOCK), tag="tag1")
    qmp.cmd("swcxl-clock-step", nanoseconds=500_000_000)
    release(qmp, "prescriptive", (0, 2 * BLOCK))
    qmp.cmd("swcxl-clock-step", nanoseconds=499_999_999)
    assert told(qmp) == [] and state(qmp)["offers"] == 1
    qmp.cmd("swcxl-clock-step", nanoseconds=1)
    assert told(qmp, checked) == [("offer-timed-out", at(4 * BLOCK), BLOCK),
                                  ("offer-timed-out", at(8 * BLOCK), BLOCK)]
    shows = state(qmp)
    assert (shows["offers"], shows["dead-offers"], shows["pending"]) == (0, 1, [])
    assert shown(qmp, "refused", "reason") == [
        (at(4 * BLOCK), BLOCK, "offer-timed-out"), (at(8 * BLOCK), BLOCK, "offer-timed-out")]
    # What of the request is still the host's when its time is over; it may give it back later.
    give_back(qmp, (at(0), BLOCK))
    assert told(qmp) == [("released", at(0), BLOCK)]
    add(qmp, "prescriptive", (0, BLOCK))
    qmp.cmd("swcxl-clock-step", nanoseconds=500_000_000)
    assert told(qmp) == [("release-timed-out", at(BLOCK), BLOCK)]
    assert shown(qmp, "accepted", "release-requested") == [(at(BLOCK), BLOCK, False)]
    give_back(qmp, (at(BLOCK), BLOCK))
    assert told(qmp) == [("released", at(BLOCK), BLOCK)]
    answer(qmp)  # to the dead one
    answer(qmp, (at(0), BLOCK))
    assert told(qmp) == [("accepted", at(0), BLOCK)]


def test_without_a_time_out_hosts_have_for_ever(qmp):
    add(qmp, "free", (0, BLOCK))
    qmp.cmd("swcxl-clock-step", nanoseconds=10000 * DAY)
    assert state(qmp)["offers"] == 1 and told(qmp) == []
    answer(qmp, (at(0), BLOCK))


def test_a_request_of_several_extents_times_out_by_extent(start):
    qmp = start(*OPTIONS, "--dc-host-timeout", "1s")
    have(qmp, (0, BLOCK), tag="tag1")
    have(qmp, (BLOCK, BLOCK), tag="tag2")
    told(qmp)
    release(qmp, "prescriptive", (0, 2 * BLOCK))
    qmp.cmd("swcxl-clock-step", nanoseconds=10**9)
    assert [e["data"]["tag"][:8] for e in qmp.events if e["event"] == "SWCXL_DC_EXTENT"] == \
        ["74616731", "74616732"]
    assert told(qmp) == [("release-timed-out", at(0), BLOCK),
                         ("release-timed-out", at(BLOCK), BLOCK)]


# ---- references and shared capacity --------------------------------------------------------------

def test_a_reference_keeps_and_shared_access_gives_back(qmp):
    add(qmp, "free", (0, 2 * BLOCK), region=1, tag="tag1")
    reference(qmp, "add", "tag1")
    reference(qmp, "add", "tag1")  # again: nothing
    answer(qmp, (at(0, 1), 2 * BLOCK))
    assert shown(qmp, "accepted", "referenced") == [(at(0, 1), 2 * BLOCK, True)]
    qmp.cmd("swcxl-write-media", start=at(0, 1), data="a5" * 4)
    give_back(qmp, (at(0, 1), 2 * BLOCK))
    shows = state(qmp)
    assert shows["accepted"] == [] and shown(qmp, "held", "tag", "shared-sequence", "region") == \
        [(at(0, 1), 2 * BLOCK, TAG, 0, 1)]
    assert shows["regions"][1]["free"] == REGION - 2 * BLOCK
    assert (shows["extents-available"], shows["tags-available"]) == (1023, 255)
    assert qmp.cmd("swcxl-read-media", start=at(0, 1), length=4)["data"] == "ffffffff"
    # Which extents are named makes no difference.
    add(qmp, "enable-shared-access", (U64, U64), (1, 2), region=2, tag="tag1")
    assert shown(qmp, "pending", "offer", "tag") == [(at(0, 1), 2 * BLOCK, 1, TAG)]
    answer(qmp, (at(0, 1), 2 * BLOCK))
    assert qmp.cmd("swcxl-read-media", start=at(0, 1), length=4)["data"] == "a5" * 4
    reference(qmp, "remove", "tag1")
    reference(qmp, "remove", "tag1")  # again: nothing, as long as there is the tag
    assert shown(qmp, "accepted", "referenced") == [(at(0, 1), 2 * BLOCK, False)]
    give_back(qmp, (at(0, 1), 2 * BLOCK))
    assert state(qmp)["held"] == [] and state(qmp)["regions"][1]["free"] == REGION
    assert refused(qmp, reference, "remove", "tag1") == TEXT["UNKNOWN_TAG"]


def test_what_is_held_goes_with_its_reference(qmp):
    hold(qmp)
    reference(qmp, "remove", "tag1")
    shows = state(qmp)
    assert shows["held"] == [] and shows["regions"][1]["free"] == REGION
    assert (shows["extents-available"], shows["tags-available"]) == (1024, 256)


def test_what_is_offered_is_held_when_it_is_refused(qmp):
    add(qmp, "free", (0, BLOCK), region=1, tag="tag1")
    reference(qmp, "add", "tag1")
    answer(qmp)
    assert told(qmp) == [("refused", at(0, 1), BLOCK)]
    assert shown(qmp, "held") == [(at(0, 1), BLOCK)]


def test_shared_capacity_is_all_or_nothing(qmp):
    add(qmp, "prescriptive", (0, BLOCK), (4 * BLOCK, BLOCK), region=1, tag="tag1")
    answer(qmp, (at(0, 1), BLOCK), rc=0x1e)
    assert told(qmp) == [] and state(qmp)["offers"] == 1
    answer(qmp, (at(0, 1), BLOCK), (at(4 * BLOCK, 1), BLOCK))
    give_back(qmp, (at(0, 1), BLOCK), rc=0x1e)
    release(qmp, "tag-based", region=1, tag="tag1")
    assert [record[0] for record in records(qmp)][2:] == ["release-capacity"] * 2


# ---- regions -------------------------------------------------------------------------------------

def test_regions_are_shown(start):
    qmp = start("--dc-regions", "8", "--dc-region-size", "512M", "--dc-block-size", "4K",
                "--dc-flags", "0=0x5d", "--dc-flags", "6=read-only")
    add(qmp, "free", (0, 8192), region=7)
    assert state(qmp)["regions"] == [{
        "region": n, "start": BASE + n * 512 * MIB, "length": 512 * MIB, "block-size": 4096,
        "flags": {0: ["sanitize", "non-volatile", "sharable", "hw-coherency", "read-only"],
                  6: ["read-only"]}.get(n, []),
        "dsmad-handle": 2 + n, "free": 512 * MIB - 8192 * (n == 7)} for n in range(8)]
    for region in range(8, 256):
        assert refused(qmp, add, "free", (0, 4096), region=region) == TEXT["BAD_REGION"]


def test_every_key_is_always_there(start, qmp):
    keys = {"regions", "pending", "accepted", "held", "refused", "generation", "offers",
            "dead-offers", "extents-max", "extents-available", "tags-max", "tags-available"}
    without = start()
    assert set(state(qmp)) == set(state(without)) == keys
    assert not any(state(without).values())
    shows = state(qmp)
    assert [shows[key] for key in ("extents-max", "extents-available", "tags-max",
                                   "tags-available")] == [1024, 1024, 256, 256]


def test_capacity_is_all_and_partitions_are_the_static_one(start, qmp):
    with_, without = (q.cmd("swcxl-query-device") for q in (qmp, start()))
    assert (with_["capacity"], without["capacity"]) == (BASE + 3 * REGION, BASE)
    assert with_["partitions"] == without["partitions"]


def test_reset_drops_what_goes_with_the_power(start):
    qmp = start("--dc-regions", "2", "--dc-flags", "1=non-volatile")
    for region in range(2):
        have(qmp, (0, BLOCK), region=region)
    add(qmp, "free", (0, BLOCK), region=1)
    release(qmp, "prescriptive", (0, BLOCK), region=1)
    told(qmp)
    qmp.cmd("swcxl-reset", type="cxl")
    assert len(state(qmp)["accepted"]) == 2 and state(qmp)["offers"] == 1
    count = len(records(qmp))
    qmp.cmd("swcxl-reset", type="conventional")
    assert told(qmp) == [] and len(records(qmp)) == count  # DC-9
    assert shown(qmp, "accepted", "release-requested") == [(at(0, 1), BLOCK, False)]
    shows = state(qmp)
    assert (shows["pending"], shows["offers"], shows["dead-offers"]) == ([], 0, 0)


# ---- poison across it ----------------------------------------------------------------------------

def poison_list(qmp):
    """As the host gets it: (address, length)."""
    lines = qmp.cmd("swcxl-query-device")["capacity"] // 64
    reply = cci(qmp, 0x4300, struct.pack("<QQ", 0, lines))
    count = struct.unpack_from("<H", reply, 0x0a)[0]
    rows = [struct.unpack_from("<QI", reply, 0x20 + 16 * i) for i in range(count)]
    return [(address & ~63, lines * 64) for address, lines in rows]


def test_poison_of_unallocated_capacity_is_the_medias_alone(qmp):
    """D-45, D-46: it is in the media, and the host does not hear of it until it is offered."""
    qmp.cmd("swcxl-plant-poison", start=at(0), length=64)
    qmp.cmd("swcxl-plant-poison", start=at(64), length=64, known=False)
    assert qmp.events == [] and poison_list(qmp) == []
    assert [(r["start"], r["known"], r["listed"]) for r in qmp.cmd("swcxl-query-poison")] == \
        [(at(0), True, False), (at(64), False, False)]
    cci(qmp, 0x4301, struct.pack("<Q", at(0)), rc=0x0f)
    cci(qmp, 0x4302, struct.pack("<Q64x", at(0)), rc=0x0f)
    add(qmp, "free", (0, BLOCK))
    assert poison_list(qmp) == [(at(0), 64)]  # pending: it may be told
    cci(qmp, 0x4302, struct.pack("<Q64x", at(0)), rc=0x0f)
    answer(qmp, (at(0), BLOCK))
    assert poison_list(qmp) == [(at(0), 64)]
    cci(qmp, 0x4302, struct.pack("<Q64x", at(0)))
    cci(qmp, 0x4301, struct.pack("<Q", at(128)))
    assert poison_list(qmp) == [(at(128), 64)]
    give_back(qmp, (at(0), BLOCK))
    assert poison_list(qmp) == []
    assert [(r["start"], r["known"], r["listed"]) for r in qmp.cmd("swcxl-query-poison")] == \
        [(at(64), False, False), (at(128), True, False)]


def test_poison_across_the_bound_is_shown_and_told_by_what_the_host_has(qmp):
    have(qmp, (0, BLOCK), (2 * BLOCK, BLOCK))
    qmp.events.clear()
    qmp.cmd("swcxl-plant-poison", start=BASE - 128, length=2 * REGION)
    assert poison_list(qmp) == [(BASE - 128, 128), (at(0), BLOCK), (at(2 * BLOCK), BLOCK)]
    assert {r["listed"] for r in qmp.cmd("swcxl-query-poison", start=at(0), length=BLOCK)} == {True}
    assert {r["listed"] for r in qmp.cmd("swcxl-query-poison", start=at(BLOCK), length=BLOCK)} == \
        {False}
    rows = qmp.cmd("swcxl-query-poison")
    assert sum(row["length"] for row in rows) == 2 * REGION
    assert all(a["start"] + a["length"] == b["start"] for a, b in zip(rows, rows[1:]))
    with pytest.raises(QmpError, match="is outside of the device, which has 0x50000000 bytes"):
        qmp.cmd("swcxl-plant-poison", start=BASE + 3 * REGION, length=64)
    with pytest.raises(QmpError, match="is outside of the device"):
        qmp.cmd("swcxl-plant-poison", start=BASE + 3 * REGION - 64, length=128)


def test_content_of_what_the_host_does_not_have(start):
    """DC-6: it reads as ones, and what is written there is gone."""
    qmp = start("--dc-regions", "2", "--dc-flags", "1=read-only")

    def read(address, length=4):
        return qmp.cmd("swcxl-read-media", start=address, length=length)["data"]

    def write(address, data="a5a5a5a5"):
        qmp.cmd("swcxl-write-media", start=address, data=data)

    assert read(at(0)) == "ffffffff"
    write(at(0))
    assert read(BASE - 2) == "0000ffff"
    write(BASE - 2)
    assert read(BASE - 2) == "a5a5ffff"
    add(qmp, "free", (0, BLOCK))
    write(at(0))
    assert read(at(0)) == "ffffffff"  # pending is not yet the host's
    answer(qmp, (at(0), BLOCK))
    assert read(at(0)) == "00000000"
    write(at(0))
    write(at(BLOCK) - 2)
    assert read(at(0)) == "a5a5a5a5" and read(at(BLOCK) - 2) == "a5a5ffff"
    release(qmp, "prescriptive", (0, BLOCK))
    assert read(at(0)) == "a5a5a5a5"  # asked for is still the host's
    give_back(qmp, (at(0), BLOCK))
    assert read(at(0)) == "ffffffff"
    have(qmp, (0, BLOCK), region=1)
    write(at(0, 1))
    assert read(at(0, 1)) == "00000000"
    qmp.cmd("swcxl-plant-poison", start=at(0, 1), length=64)
    write(at(0, 1), "00" * 64)
    assert poison_list(qmp) == [(at(0, 1), 64)]


def test_reading_finds_no_latent_errors_in_what_the_host_does_not_have(qmp):
    qmp.cmd("swcxl-plant-poison", start=at(0), length=64, known=False)
    qmp.cmd("swcxl-read-media", start=at(0), length=64)
    qmp.cmd("swcxl-write-media", start=at(0), data="00" * 64)
    assert [row["known"] for row in qmp.cmd("swcxl-query-poison")] == [False]
    have(qmp, (0, BLOCK))
    qmp.cmd("swcxl-read-media", start=at(0), length=64)
    assert [row["known"] for row in qmp.cmd("swcxl-query-poison")] == [True]
    qmp.cmd("swcxl-write-media", start=at(0), data="00" * 64)
    assert qmp.cmd("swcxl-query-poison") == []


def test_qemus_injector_reaches_it(qmp):
    """Overlaps are refused as anywhere."""
    qmp.cmd("cxl-inject-poison", path="mem0", start=at(0), length=64)
    with pytest.raises(QmpError, match="Overlap with existing poisoned region not supported"):
        qmp.cmd("cxl-inject-poison", path="mem0", start=at(0), length=64)
    assert poison_list(qmp) == [] and len(qmp.cmd("swcxl-query-poison")) == 1


# ---- a state file that cannot be written ---------------------------------------------------------

def test_an_unwritable_state_file_refuses_changes(start, tmp_path):
    qmp = start(*OPTIONS, "--state", str(tmp_path / "state"))
    have(qmp, (0, BLOCK), region=1, tag="tag1")
    add(qmp, "free", (0, BLOCK))
    told(qmp)
    pid = qmp.device.proc.pid
    old = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, old[1]))
    with pytest.raises(QmpError, match="The state file cannot be written: disk I/O error"):
        qmp.cmd("swcxl-plant-poison", start=0, length=64)
    for do, args, more in ((add, ("free", (0, BLOCK)), {}),
                           (release, ("prescriptive", (0, BLOCK)), {"region": 1}),
                           (release, ("prescriptive", (0, BLOCK)), {"region": 1, "forced": True}),
                           (reference, ("add", "tag1"), {}), (reference, ("remove", "tag1"), {})):
        assert refused(qmp, do, *args, **more).startswith("The state file cannot be written: ")
    refused(qmp, lambda q: answer(q, (at(0), BLOCK), rc=4) or reference(q, "add", "tag1"))
    refused(qmp, lambda q: give_back(q, (at(0, 1), BLOCK), rc=4) or reference(q, "add", "tag1"))
    # What is only looked at.
    assert len(cci(qmp, 0x4801, struct.pack("<II", 9, 0))) == 0x10 + 0x28
    assert len(cci(qmp, 0x4800, b"\x08\x00")) == 8 + 3 * 0x28 + 16
    resource.prlimit(pid, resource.RLIMIT_FSIZE, old)

    def works():
        try:
            reference(qmp, "add", "tag1")
            return True
        except QmpError as error:
            assert error.desc.startswith("The state file cannot be written: ")
            return False

    wait_until("the state file is written again", works)
    answer(qmp, (at(0), BLOCK))
    assert shown(qmp, "accepted", "referenced") == [
        (at(0), BLOCK, False), (at(0, 1), BLOCK, True)]
