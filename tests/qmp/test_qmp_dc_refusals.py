# SPDX-License-Identifier: MIT
"""Dynamic capacity over the control protocol: every text of include/swcxl/dc_errors.tbl.h, in QEMU's
order where QEMU has it. What is refused changes nothing."""

import pytest
from capacity import (BLOCK, OPTIONS, REGION, TABLE, TEXT, U64, add, answer, at, clear_log, have,
                      hold, reference, refused, release, shown)


@pytest.fixture
def qmp(dc):
    return dc


# ---- what is wrong: every text of the table, and nothing changes ---------------------------------

def no_regions(start):
    qmp = start()
    texts = {refused(qmp, add, "prescriptive", (0, BLOCK)),
             refused(qmp, add, "free", region=255), refused(qmp, release, "tag-based", host=1),
             refused(qmp, reference, "add", "x"), refused(qmp, reference, "remove", "x"),
             refused(qmp, add, "free", (0, U64), (0, U64))}
    return texts


def bad_host(start):
    qmp = start(*OPTIONS)
    return {refused(qmp, do, policy, (0, BLOCK), host=host, region=region)
            for do, policy in ((add, "free"), (add, "prescriptive"), (release, "prescriptive"))
            for host in (1, 65535) for region in (0, 255)}


def bad_region(start):
    qmp = start(*OPTIONS)
    return {refused(qmp, do, policy, (0, BLOCK), region=region)
            for do, policy in ((add, "free"), (add, "enable-shared-access"),
                               (release, "tag-based"), (release, "prescriptive"))
            for region in (*range(3, 256, 36), 255)}


def empty(start):
    qmp = start(*OPTIONS)
    return {refused(qmp, add, "prescriptive", (0, 0)), refused(qmp, release, "prescriptive", (0, 0)),
            refused(qmp, add, "prescriptive", (0, BLOCK), (BLOCK, 0)),
            refused(qmp, add, "free", (0, 0), (BLOCK, 0)), refused(qmp, add, "contiguous")}


def misaligned(start):
    qmp = start(*OPTIONS)
    have(qmp, (0, 4 * BLOCK), tag="tag1")
    return {refused(qmp, do, "prescriptive", r, **more)
            for do, more in ((add, {}), (release, {}), (release, {"forced": True}))
            for r in ((1, BLOCK), (0, 1), (64, BLOCK), (0, BLOCK - 64), (0, U64), (U64, BLOCK))} | {
                refused(qmp, add, "free", (0, BLOCK), (0, 64)),
                refused(qmp, add, "contiguous", (0, 1)),
                refused(qmp, release, "tag-based", (0, 64), tag="tag1")}


def beyond(start):
    qmp = start(*OPTIONS)
    return {refused(qmp, do, "prescriptive", r, region=region)
            for do in (add, release) for region in (0, 2)
            for r in ((REGION, BLOCK), (REGION - BLOCK, 2 * BLOCK), (0, REGION + BLOCK),
                      (-BLOCK, BLOCK), (-BLOCK, 2 * BLOCK), (U64 - BLOCK + 1, BLOCK),
                      (BLOCK, U64 - BLOCK + 1), (1 << 63, 1 << 63), (0, 1 << 63))}


def overlap(start):
    qmp = start(*OPTIONS)
    have(qmp, (0, 8 * BLOCK))
    return {refused(qmp, do, "prescriptive", *ranges) for do, base in ((add, 16), (release, 0))
            for ranges in (
                ((base * BLOCK, BLOCK), (base * BLOCK, BLOCK)),
                ((base * BLOCK, 3 * BLOCK), ((base + 1) * BLOCK, BLOCK)),
                (((base + 1) * BLOCK, BLOCK), (base * BLOCK, 3 * BLOCK)),
                ((base * BLOCK, BLOCK), ((base + 2) * BLOCK, BLOCK), (base * BLOCK, 2 * BLOCK)))}


def already_added(start):
    qmp = start(*OPTIONS)
    have(qmp, (2 * BLOCK, 2 * BLOCK))
    add(qmp, "prescriptive", (4 * BLOCK, BLOCK))
    return {refused(qmp, add, "prescriptive", r) for r in
            ((2 * BLOCK, BLOCK), (3 * BLOCK, BLOCK), (BLOCK, 2 * BLOCK), (0, REGION),
             (3 * BLOCK, 2 * BLOCK))}


def still_pending(start):
    qmp = start(*OPTIONS)
    add(qmp, "prescriptive", (2 * BLOCK, 2 * BLOCK))
    return {refused(qmp, add, "prescriptive", r) for r in
            ((2 * BLOCK, BLOCK), (3 * BLOCK, BLOCK), (BLOCK, 2 * BLOCK), (0, REGION))}


def still_held(start):
    qmp = start(*OPTIONS)
    hold(qmp)
    return {refused(qmp, add, "prescriptive", r, region=1, tag=tag) for tag in ("tag1", "tag2")
            for r in ((0, BLOCK), (BLOCK, 4 * BLOCK))}


def not_there(start):
    qmp = start(*OPTIONS)
    have(qmp, (0, 2 * BLOCK))
    hold(qmp)
    return {refused(qmp, release, "prescriptive", (2 * BLOCK, BLOCK)),
            refused(qmp, release, "prescriptive", (BLOCK, 2 * BLOCK)),
            refused(qmp, release, "prescriptive", (2 * BLOCK, BLOCK), forced=True),
            refused(qmp, release, "prescriptive", (0, BLOCK), region=2),
            refused(qmp, release, "prescriptive", (0, 2 * BLOCK), region=1),
            refused(qmp, release, "prescriptive", (0, 2 * BLOCK), region=1, forced=True)}


def not_yet(start):
    qmp = start(*OPTIONS)
    have(qmp, (0, 2 * BLOCK))
    add(qmp, "prescriptive", (2 * BLOCK, BLOCK))
    add(qmp, "free", (0, BLOCK), tag="tag1")
    return {refused(qmp, release, "prescriptive", (2 * BLOCK, BLOCK)),
            refused(qmp, release, "prescriptive", (0, 3 * BLOCK)),
            refused(qmp, release, "prescriptive", (2 * BLOCK, 4 * BLOCK)),
            refused(qmp, release, "tag-based", tag="tag1")}


def no_space(start):
    qmp = start(*OPTIONS)
    have(qmp, (8 * BLOCK, BLOCK))
    return {refused(qmp, add, "free", (0, REGION)),
            refused(qmp, add, "free", (0, REGION - BLOCK), (0, BLOCK)),
            refused(qmp, add, "free", (0, 1 << 63)),
            # More than 64 bits have room for is not little.
            refused(qmp, add, "free", (0, 1 << 63), (0, 1 << 63)),
            refused(qmp, add, "free", (0, U64), (0, BLOCK + 1)),
            refused(qmp, add, "free", *[(0, U64)] * 9)}


def no_stretch(start):
    qmp = start(*OPTIONS)
    have(qmp, (REGION // 2, BLOCK))
    return {refused(qmp, add, "contiguous", (0, REGION // 2 + BLOCK)),
            refused(qmp, add, "contiguous", (0, REGION // 2), (0, BLOCK)),
            refused(qmp, add, "contiguous", (0, U64), (0, U64))}


def too_much(start):
    qmp = start(*OPTIONS)
    have(qmp, (0, 2 * BLOCK), tag="tag1")
    have(qmp, (4 * BLOCK, BLOCK), tag="tag2")
    return {refused(qmp, release, "tag-based", (0, length), tag="tag1", forced=forced)
            for length in (3 * BLOCK, REGION, 1 << 63) for forced in (False, True)} | {
                refused(qmp, release, "tag-based", (0, U64), (0, U64), tag="tag1")}


def too_many(start):
    qmp = start("--dc-regions", "1", "--dc-block-size", "64", "--event-log-max", "65535")
    texts = {refused(qmp, add, "prescriptive", *((128 * i, 64) for i in range(n)))
             for n in (1025, 5000)}
    add(qmp, "prescriptive", *((128 * i, 64) for i in range(1024)))
    texts.add(refused(qmp, add, "free", (0, 64)))
    return texts


def too_many_tags(start):
    qmp = start("--dc-regions", "1", "--event-log-max", "300", "--dc-block-size", "64")
    for i in range(256):
        add(qmp, "free", (0, 64), tag=f"tag{i}")
    add(qmp, "free", (0, 64), tag="tag7")
    add(qmp, "free", (0, 64))
    return {refused(qmp, add, policy, (REGION // 2, 64), tag="one more")
            for policy in ("free", "contiguous", "prescriptive")}


def no_tag(start):
    qmp = start(*OPTIONS)
    return {refused(qmp, add, policy, (0, BLOCK), region=1, **tag)
            for policy in ("free", "contiguous", "prescriptive", "enable-shared-access")
            for tag in ({}, {"tag": ""}, {"tag": "00" * 16},
                        {"tag": "00000000-0000-0000-0000-000000000000"})} | {
                refused(qmp, release, "tag-based", (0, BLOCK)),
                refused(qmp, release, "tag-based", tag=""), refused(qmp, reference, "add", ""),
                refused(qmp, reference, "remove", "")}


def tag_in_use(start):
    qmp = start(*OPTIONS)
    add(qmp, "free", (0, BLOCK), region=1, tag="tag1")
    add(qmp, "free", (0, BLOCK), region=0, tag="tag2")
    return {refused(qmp, add, policy, (8 * BLOCK, BLOCK), region=region, tag="tag1")
            for policy in ("free", "contiguous", "prescriptive") for region in (0, 1, 2)} | {
                refused(qmp, add, "free", (0, BLOCK), region=1, tag="tag2")}


def unknown_tag(start):
    qmp = start(*OPTIONS)
    have(qmp, (0, BLOCK), tag="tag1")
    return {refused(qmp, release, "tag-based", tag="tag2"),
            refused(qmp, release, "tag-based", tag="tag1", region=1),
            refused(qmp, add, "enable-shared-access", region=1, tag="tag2"),
            refused(qmp, reference, "add", "tag2"), refused(qmp, reference, "remove", "tag2"),
            # Only sharable capacity can be kept.
            refused(qmp, reference, "add", "tag1")}


def not_sharable(start):
    qmp = start(*OPTIONS)
    have(qmp, (0, BLOCK), tag="tag1")
    return {refused(qmp, add, "enable-shared-access", region=0, tag="tag1"),
            refused(qmp, add, "enable-shared-access", region=0, tag="tag2"),
            refused(qmp, add, "enable-shared-access", region=1, tag="tag1")}


def has_access(start):
    qmp = start(*OPTIONS)
    add(qmp, "free", (0, BLOCK), region=1, tag="tag1")
    texts = {refused(qmp, add, "enable-shared-access", region=1, tag="tag1")}
    answer(qmp, (at(0, 1), BLOCK))
    return texts | {refused(qmp, add, "enable-shared-access", region=region, tag="tag1")
                    for region in (1, 2)}


def part_of_shared(start):
    qmp = start(*OPTIONS)
    have(qmp, (0, 2 * BLOCK), (4 * BLOCK, BLOCK), region=1, tag="tag1")
    return {refused(qmp, release, "prescriptive", *ranges, region=1, forced=forced)
            for ranges in (((0, BLOCK),), ((0, 2 * BLOCK),), ((4 * BLOCK, BLOCK),),
                           ((0, BLOCK), (4 * BLOCK, BLOCK)))
            for forced in (False, True)} | {
                refused(qmp, release, "tag-based", (0, 2 * BLOCK), region=1, tag="tag1")}


def log_full(start):
    qmp = start(*OPTIONS, "--event-log-max", "4")
    have(qmp, (0, BLOCK), (2 * BLOCK, BLOCK))
    add(qmp, "prescriptive", (8 * BLOCK, BLOCK), (10 * BLOCK, BLOCK), (12 * BLOCK, BLOCK))
    texts = {refused(qmp, add, "prescriptive", (16 * BLOCK, BLOCK), (18 * BLOCK, BLOCK)),
             refused(qmp, release, "prescriptive", (0, BLOCK), (2 * BLOCK, BLOCK))}
    add(qmp, "free", (0, BLOCK))
    texts |= {refused(qmp, add, "free", (0, BLOCK)), refused(qmp, add, "contiguous", (0, BLOCK)),
              refused(qmp, release, "prescriptive", (0, BLOCK))}
    release(qmp, "prescriptive", (0, BLOCK), forced=True)  # goes on without the record
    assert [extent[0] for extent in shown(qmp, "accepted")] == [at(2 * BLOCK)]
    log = qmp.cmd("swcxl-query-device")["logs"]["dynamic-capacity"]
    assert (log["count"], log["overflow"], log["lost"]) == (4, True, 1)
    clear_log(qmp)
    release(qmp, "prescriptive", (2 * BLOCK, BLOCK))
    return texts


# A policy is always one of those that the enum has: only a program in C can ask for another.
@pytest.mark.parametrize("name", [name for name, _ in TABLE if name != "BAD_POLICY"])
def test_every_refusal(start, name):
    assert globals()[name.lower()](start) == {TEXT[name]}


def test_the_table_has_qemus_texts():
    assert len(TABLE) == len(TEXT) == len(set(TEXT.values())) >= 25
    assert {"No dynamic capacity support from the device", "region id is too large",
            "extent with 0 length is not allowed",
            "dpa or len is not aligned to region block size",
            "extent range is beyond the region end",
            "duplicate or overlapped extents are detected",
            "cannot add DPA already accessible to the same LD",
            "cannot add DPA again while still pending",
            "cannot release extent with non-existing DPA range",
            "cannot release extent with pending DPA range",
            "Selection policy not supported"} <= set(TEXT.values())


# Each breaks all rules from its own on: which is told is the order in which they are checked.
ORDER = [
    ({"path": "nosuch", "host": 1, "region": 9}, "Unable to resolve CXL type 3 device"),
    ({"host": 1, "region": 9}, TEXT["BAD_HOST"]),
    ({"region": 9}, TEXT["BAD_REGION"]),
    ({"ranges": [(1, 0)]}, TEXT["EMPTY"]),
    ({"ranges": [(REGION + 1, BLOCK)]}, TEXT["MISALIGNED"]),
    ({"ranges": [(BLOCK, REGION)]}, TEXT["BEYOND"]),
]


@pytest.mark.parametrize("do", [add, release])
@pytest.mark.parametrize("args, text", ORDER)
def test_checks_are_in_qemus_order(qmp, do, args, text):
    have(qmp, (0, 2 * BLOCK))
    args = dict(args)
    ranges = args.pop("ranges", [(1, 0)])
    assert refused(qmp, do, "prescriptive", *ranges, **args) == text


def test_each_extent_is_checked_in_turn(qmp):
    """The first that is wrong decides, whatever is wrong with the others."""
    have(qmp, (0, 2 * BLOCK))
    add(qmp, "prescriptive", (2 * BLOCK, 2 * BLOCK))
    free, added, pending = (8 * BLOCK, BLOCK), (0, BLOCK), (3 * BLOCK, BLOCK)
    wrong = [((0, 0), "EMPTY"), ((64, BLOCK), "MISALIGNED"), ((REGION, BLOCK), "BEYOND")]
    for do, good, taken in (
            (add, free, [(added, "ALREADY_ADDED"), (pending, "STILL_PENDING"),
                         ((0, 4 * BLOCK), "ALREADY_ADDED")]),
            (release, added, [(free, "NOT_THERE"), (pending, "NOT_YET"),
                              ((BLOCK, 4 * BLOCK), "NOT_YET")])):
        rows = [*wrong, (good, "OVERLAP"), *taken]
        for first, text in rows:
            for second, _ in rows:
                assert refused(qmp, do, "prescriptive", good, first, second) == TEXT[text]
