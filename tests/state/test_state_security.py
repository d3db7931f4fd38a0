# SPDX-License-Identifier: MIT
"""Sanitize and security over the end of the process, which is a loss of power, whenever it comes."""

import signal

import pytest
from snapshot import VOLATILE, cci, lsa, set_lsa

SECOND = 10 ** 9
USER, MASTER = b"\xaa" * 32, b"\xbb" * 32


def passphrase(kind, *words):
    return bytes((kind,)) + bytes(31) + b"".join(words)


def kill(device):
    device.proc.send_signal(signal.SIGKILL)
    device.wait()


def media(qmp):
    return qmp.cmd("swcxl-query-device")["media"]["status"]


def security(qmp):
    return {key for key, value in qmp.cmd("swcxl-query-device")["security"].items() if value}


@pytest.mark.parametrize("when", [0, 3 * SECOND - 1])
def test_a_sanitize_that_is_cut_short(start, when):
    """Disabled from its start on, until one succeeds; nothing of what it was to wipe is readable."""
    device = start()
    with device.qmp() as qmp:
        qmp.cmd("swcxl-write-media", start=VOLATILE, data="11" * 64)
        qmp.cmd("swcxl-plant-poison", start=VOLATILE + 64, length=64)
        set_lsa(qmp, 0, b"label")
        cci(qmp, 0x4400, rc=1)
        qmp.cmd("swcxl-clock-step", nanoseconds=when)
    for _ in range(2):
        kill(device)
        device = start()
        with device.qmp() as qmp:
            assert media(qmp) == "disabled"
            cci(qmp, 0x4102, bytes((0, 0, 0, 0, 5, 0, 0, 0)), rc=7)
            assert qmp.cmd("swcxl-read-media", start=VOLATILE, length=4)["data"] != "11" * 4
            assert qmp.cmd("swcxl-query-events", log="failure") == []
    with device.qmp() as qmp:
        cci(qmp, 0x4400, rc=1)
        qmp.cmd("swcxl-clock-step", nanoseconds=3 * SECOND)
        assert media(qmp) == "ready"
    kill(device)
    with start().qmp() as qmp:
        assert media(qmp) == "ready"
        assert qmp.cmd("swcxl-read-media", start=VOLATILE, length=4)["data"] == "00" * 4
        assert qmp.cmd("swcxl-query-poison") == [] and lsa(qmp) == bytes(128 << 10)


def test_passphrases(start):
    """They are kept, and lock; a freeze and the count of wrong ones go with the power."""
    device = start()
    with device.qmp() as qmp:
        qmp.cmd("swcxl-write-media", start=VOLATILE, data="22" * 64)
        cci(qmp, 0x4501, passphrase(0, bytes(32), MASTER))
        cci(qmp, 0x4501, passphrase(1, bytes(32), USER))
        for _ in range(3):
            cci(qmp, 0x4502, passphrase(0, USER), rc=0x14)
        cci(qmp, 0x4504)
        assert security(qmp) == {"user-set", "master-set", "frozen", "master-attempts-exhausted"}
    kill(device)
    device = start()
    with device.qmp() as qmp:
        assert security(qmp) == {"user-set", "master-set", "locked"}
        assert qmp.cmd("swcxl-read-media", start=VOLATILE, length=4)["data"] != "22" * 4
        cci(qmp, 0x4503, MASTER, rc=0x14)
        cci(qmp, 0x4503, USER)
        assert qmp.cmd("swcxl-read-media", start=VOLATILE, length=4)["data"] == "22" * 4
    kill(device)
    device = start()
    with device.qmp() as qmp:
        assert "locked" in security(qmp), "locked anew"
        cci(qmp, 0x4505, passphrase(0, MASTER))
    kill(device)
    with start().qmp() as qmp:
        assert security(qmp) == {"master-set"}
        assert qmp.cmd("swcxl-read-media", start=VOLATILE, length=4)["data"] == "00" * 4


def test_ranges_that_were_not_zeroed_in_time(start):
    """Media Operations act at their end: what did not come to that has not happened."""
    device = start()
    with device.qmp() as qmp:
        qmp.cmd("swcxl-write-media", start=VOLATILE, data="33" * 64)
        cci(qmp, 0x4402, bytes((1, 1, 0, 0, 1, 0, 0, 0)) + VOLATILE.to_bytes(8, "little") +
            (64).to_bytes(8, "little"), rc=1)
        qmp.cmd("swcxl-clock-step", nanoseconds=3 * SECOND - 1)
    kill(device)
    device = start()
    with device.qmp() as qmp:
        qmp.cmd("swcxl-clock-step", nanoseconds=3 * SECOND)
        assert qmp.cmd("swcxl-read-media", start=VOLATILE, length=4)["data"] == "33" * 4
