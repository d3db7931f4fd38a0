# SPDX-License-Identifier: MIT
"""Dynamic capacity over the control protocol: short forms of what a fabric manager does, and of
what the host's driver does, through swcxl-cci."""

import os
import re
import struct

import pytest
from daemon import TREE, QmpError

MIB = 1 << 20
BASE = 512 * MIB  # of region 0, above 256 MiB volatile and as much persistent
REGION = 256 * MIB
BLOCK = 2 * MIB
U64 = (1 << 64) - 1
DAY = 24 * 3600 * 10**9
TAG = "74616731" + "00" * 12  # as it is shown
OPTIONS = ("--dc-regions", "3", "--dc-flags", "1=sharable", "--dc-flags", "2=sharable")
with open(os.path.join(TREE, "include", "swcxl", "dc_errors.tbl.h")) as _file:
    TABLE = re.findall(r"^DC_ERROR\((\w+), +\w+, +\"(.*)\"\)", _file.read(), re.M)
TEXT = dict(TABLE)


def extents(*ranges):
    return [{"offset": offset, "len": length} for offset, length in ranges]


def add(qmp, policy, *ranges, region=0, host=0, path="mem0", **more):
    qmp.cmd("cxl-add-dynamic-capacity", path=path, region=region, extents=extents(*ranges),
            **{"host-id": host, "selection-policy": policy}, **more)


def release(qmp, policy, *ranges, region=0, host=0, path="mem0", forced=None, sanitize=None,
            **more):
    if forced is not None:
        more["forced-removal"] = forced
    if sanitize is not None:
        more["sanitize-on-release"] = sanitize
    qmp.cmd("cxl-release-dynamic-capacity", path=path, region=region, extents=extents(*ranges),
            **{"host-id": host, "removal-policy": policy}, **more)


def reference(qmp, verb, tag):
    qmp.cmd(f"swcxl-{verb}-dc-reference", tag=tag)


def cci(qmp, opcode, payload=b"", rc=0):
    result = qmp.cmd("swcxl-cci", opcode=opcode, payload=payload.hex())
    assert result["return-code"] == rc, f"{opcode:04x}: {result}"
    return bytes.fromhex(result["payload"])


def at(offset, region=0):
    return BASE + region * REGION + offset


def answer(qmp, *ranges, opcode=0x4802, rc=0):
    """The host's answer: (address, length) pairs, in as many payloads as that takes."""
    for i in range(0, max(len(ranges), 1), 100):
        part = ranges[i:i + 100]
        payload = struct.pack("<IB3x", len(part), i + 100 < len(ranges))
        cci(qmp, opcode, payload + b"".join(struct.pack("<QQ8x", *r) for r in part), rc)


def give_back(qmp, *ranges, **more):
    answer(qmp, *ranges, opcode=0x4803, **more)


def clear_log(qmp):
    """The host has handled all records of the log."""
    while True:
        handles = [r["handle"] for r in qmp.cmd("swcxl-query-events", log="dynamic-capacity")[:200]]
        if not handles:
            return
        cci(qmp, 0x0101, struct.pack(f"<BBB3x{len(handles)}H", 4, 0, len(handles), *handles))


def have(qmp, *ranges, region=0, **more):
    """Capacity that is offered and accepted."""
    add(qmp, "prescriptive", *ranges, region=region, **more)
    answer(qmp, *((at(offset, region), length) for offset, length in ranges))
    clear_log(qmp)


def state(qmp):
    return qmp.cmd("swcxl-query-device")["dynamic-capacity"]


def shown(qmp, kind, *keys):
    return [tuple(extent[key] for key in ("start", "length", *keys)) for extent in state(qmp)[kind]]


def records(qmp, *keys):
    return [tuple(record[key] for key in ("dc-event-type", "start", "extent-length", *keys))
            for record in qmp.cmd("swcxl-query-events", log="dynamic-capacity")]


def told(qmp, checked=None):
    """What SWCXL_DC_EXTENT events have told since the last time."""
    qmp.cmd("query-status")
    news = [event for event in qmp.events if event["event"] == "SWCXL_DC_EXTENT"]
    qmp.events.clear()
    if checked:
        for event in news:
            checked.check_event(event)
    return [(e["data"]["change"], e["data"]["start"], e["data"]["length"]) for e in news]


def refused(qmp, do, *args, **more):
    """The text of a refusal, which has changed nothing."""
    def look():
        return (state(qmp), qmp.cmd("swcxl-query-events", log="dynamic-capacity"),
                qmp.cmd("swcxl-query-poison"))

    told(qmp)
    before = look()
    with pytest.raises(QmpError) as error:
        do(qmp, *args, **more)
    assert error.value.cls == "GenericError"
    assert look() == before
    assert told(qmp) == []
    return error.value.desc


def hold(qmp, region=1):
    """Capacity that only a reference keeps."""
    have(qmp, (0, 2 * BLOCK), region=region, tag="tag1")
    reference(qmp, "add", "tag1")
    give_back(qmp, (at(0, region), 2 * BLOCK))
