# SPDX-License-Identifier: MIT
"""What a device keeps, as far as a control client can see it: equal before and after a power
cycle."""

import contextlib
import os
import random

from daemon import program

LOGS = ("informational", "warning", "failure", "fatal")
VOLATILE = 256 << 20  # bytes of volatile capacity: persistent capacity begins there


def cci(qmp, opcode, payload=b"", rc=0):
    result = qmp.cmd("swcxl-cci", opcode=opcode, payload=payload.hex())
    assert result["return-code"] == rc, (hex(opcode), result)
    return bytes.fromhex(result["payload"])


def set_lsa(qmp, offset, data):
    cci(qmp, 0x4103, offset.to_bytes(4, "little") + bytes(4) + data)


def lsa(qmp, size=128 << 10, step=4096):
    return b"".join(cci(qmp, 0x4102, at.to_bytes(4, "little") + min(step, size - at).to_bytes(4, "little"))
                    for at in range(0, size, step))


def poison_list(qmp, start, length):
    """All pages of Get Poison List: flags but for More, overflow timestamp, records."""
    records, restart = b"", 1
    while True:
        page = cci(qmp, 0x4300, (start | restart).to_bytes(8, "little") +
                   (length // 64).to_bytes(8, "little"))
        restart = 0
        records += page[32:]
        if not page[0] & 1:
            return page[0] & ~4, page[2:10], records


def snapshot(qmp, start=VOLATILE, length=VOLATILE):
    """The whole state, of the media a range."""
    device = qmp.cmd("swcxl-query-device")
    return {
        "poison": qmp.cmd("swcxl-query-poison", start=start, length=length),
        "list": poison_list(qmp, start, length),
        "overflow": (device["poison-list"]["overflow"],
                     device["poison-list"]["overflow-timestamp"]),
        "logs": device["logs"],
        "events": {log: qmp.cmd("swcxl-query-events", log=log) for log in (*LOGS, "dynamic-capacity")},
        "lsa": lsa(qmp),
        "health": cci(qmp, 0x4200),
    }


def assert_same(now, before):
    for key in before:
        assert now[key] == before[key], key


def random_change(qmp, rng):
    """One of many things, in the 64 KiB where the partitions meet and above."""
    start = VOLATILE + 64 * rng.randrange(1024)
    length = 64 * rng.randrange(1, 40)
    kind = rng.randrange(9)
    if kind < 3:
        qmp.cmd("swcxl-plant-poison", start=start, length=length, known=rng.random() < 0.7,
                source=rng.choice(("internal", "external", "vendor", "injected")),
                permanent=rng.random() < 0.1)
    elif kind == 3:
        qmp.cmd("swcxl-write-media", start=start + rng.randrange(64),
                data=rng.choice((bytes(length), rng.randbytes(length))).hex())
    elif kind == 4:
        qmp.cmd("swcxl-read-media", start=start, length=length)
    elif kind == 5:
        data = rng.choice((bytes, rng.randbytes))(rng.randrange(1, 3000))
        set_lsa(qmp, rng.randrange((128 << 10) - len(data)), data)
    elif kind == 6:
        qmp.cmd("swcxl-inject-event", log=rng.choice(LOGS), type="%08x-0000-0000-0000-%012x" %
                (rng.getrandbits(32), rng.getrandbits(48)), data=rng.randbytes(20).hex())
    elif kind == 7:
        log = rng.randrange(4)
        events = qmp.cmd("swcxl-query-events", log=LOGS[log])[:rng.randrange(1, 8)]
        if events:
            handles = b"".join(e["handle"].to_bytes(2, "little") for e in events)
            cci(qmp, 0x0101, bytes((log, 0, len(events), 0, 0, 0)) + handles)
    else:
        qmp.cmd("swcxl-cci", opcode=0x4302, payload=(start.to_bytes(8, "little") +
                                                     rng.randbytes(64)).hex())


def change_at_random(qmp, n, seed):
    rng = random.Random(seed)
    for _ in range(n):
        random_change(qmp, rng)


@contextlib.contextmanager
def impatient():
    """Devices that are started meanwhile wait, and give up, at 64 KiB of changes already."""
    here = program()
    os.environ["SWCXL"] = os.path.join(os.path.dirname(here), "tests", "state", "swcxl-impatient")
    assert os.path.exists(os.environ["SWCXL"]), "a build with -Dtests=true has it"
    try:
        yield
    finally:
        os.environ["SWCXL"] = here
