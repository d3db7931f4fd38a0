# SPDX-License-Identifier: MIT
"""swcxl-fault, swcxl-query-faults, swcxl-clear-faults: what is asked for, and what is refused."""

import pytest
from daemon import Daemon, QmpError


@pytest.fixture
def qmp():
    with Daemon("--volatile", "256M", vfio=False) as device, device.qmp() as connection:
        yield connection


def row(fault, opcode=0, value=0, count=1, hits=0):
    return {"fault": fault, "opcode": opcode, "value": value, "count": count, "hits": hits}


def test_faults_are_shown_until_they_have_happened(qmp):
    assert qmp.cmd("swcxl-query-faults") == []
    qmp.cmd("swcxl-fault", fault="return-code", opcode=0x4000, value=6, count=2)
    qmp.cmd("swcxl-fault", fault="short-reply", opcode=0x0300, value=3)
    qmp.cmd("swcxl-fault", fault="media-error")
    assert qmp.cmd("swcxl-query-faults") == [
        row("return-code", 0x4000, 6, 2), row("short-reply", 0x0300, 3),
        row("media-error", count=0)]
    assert qmp.cmd("swcxl-cci", opcode=0x4000) == {"return-code": 6, "payload": ""}
    assert qmp.cmd("swcxl-cci", opcode=0x0300) == {"return-code": 0, "payload": "000000"}
    assert qmp.cmd("swcxl-query-faults") == [
        row("return-code", 0x4000, 6, 1, 1), row("media-error", count=0)]
    qmp.cmd("swcxl-clear-faults")
    assert qmp.cmd("swcxl-query-faults") == []
    assert qmp.cmd("swcxl-cci", opcode=0x4000)["return-code"] == 0


def test_count_0_lasts(qmp):
    qmp.cmd("swcxl-fault", fault="return-code", opcode=0x4000, value=5, count=0)
    for _ in range(3):
        assert qmp.cmd("swcxl-cci", opcode=0x4000)["return-code"] == 5
    assert qmp.cmd("swcxl-query-faults") == [row("return-code", 0x4000, 5, 0, 3)]


def test_the_same_fault_twice_happens_in_its_order(qmp):
    qmp.cmd("swcxl-fault", fault="return-code", opcode=0x4000, value=5)
    qmp.cmd("swcxl-fault", fault="return-code", opcode=0x4000, value=6)
    codes = [qmp.cmd("swcxl-cci", opcode=0x4000)["return-code"] for _ in range(3)]
    assert codes == [5, 6, 0]


def test_a_state_is_there_once(qmp):
    qmp.cmd("swcxl-fault", fault="fatal")
    qmp.cmd("swcxl-fault", fault="fatal")
    assert qmp.cmd("swcxl-query-faults") == [row("fatal", count=0)]


def test_an_opcode_that_the_device_does_not_have(qmp):
    qmp.cmd("swcxl-fault", fault="return-code", opcode=0xc123, value=0)
    assert qmp.cmd("swcxl-cci", opcode=0xc123)["return-code"] == 0
    assert qmp.cmd("swcxl-cci", opcode=0xc123)["return-code"] == 3


def test_media_status_is_what_query_device_shows(qmp):
    for fault, shown in (("media-not-ready", "not-ready"), ("media-error", "error")):
        qmp.cmd("swcxl-fault", fault=fault)
        assert qmp.cmd("swcxl-query-device")["media"]["status"] == shown
        qmp.cmd("swcxl-clear-faults")
    assert qmp.cmd("swcxl-query-device")["media"]["status"] == "ready"


@pytest.mark.parametrize("args, text", [
    ({}, "Parameter 'fault' is missing"),
    ({"fault": "explode"}, "Parameter 'fault' does not accept value 'explode'"),
    ({"fault": "hang"}, "Fault 'hang' needs an 'opcode'"),
    ({"fault": "return-code", "opcode": 1}, "Fault 'return-code' needs a 'value'"),
    ({"fault": "return-code", "opcode": 1, "value": 65536}, "no return code"),
    ({"fault": "delay", "opcode": 1}, "Fault 'delay' needs a 'value'"),
    ({"fault": "short-reply", "opcode": 1}, "Fault 'short-reply' needs a 'value'"),
    ({"fault": "hang", "opcode": 1, "value": 1}, "Fault 'hang' takes no 'value'"),
    ({"fault": "stuck-background", "opcode": 1, "value": 1}, "takes no 'value'"),
    ({"fault": "fatal", "opcode": 1}, "is a state of the device"),
    ({"fault": "fatal", "count": 1}, "is a state of the device"),
    ({"fault": "fatal", "value": 1}, "takes no 'value'"),
    ({"fault": "hang", "opcode": 65536}, "uint16"),
    ({"fault": "hang", "opcode": 1, "more": 1}, "Parameter 'more' is unexpected"),
])
def test_what_makes_no_sense_is_refused(qmp, args, text):
    with pytest.raises(QmpError, match=text):
        qmp.cmd("swcxl-fault", **args)
    assert qmp.cmd("swcxl-query-faults") == []


def test_there_are_64_at_a_time(qmp):
    for opcode in range(64):
        qmp.cmd("swcxl-fault", fault="hang", opcode=opcode)
    with pytest.raises(QmpError, match="64 faults already"):
        qmp.cmd("swcxl-fault", fault="hang", opcode=1)
    assert len(qmp.cmd("swcxl-query-faults")) == 64
