# SPDX-License-Identifier: MIT
"""swcxl-set-health, and what swcxl-query-device says of health. The rules are in the transcripts of
4200h to 4204h and in tests/unit/health_test.c."""

import pytest
from daemon import Daemon, QmpError

HEALTHY = {
    "health-status": [], "media-status": "normal", "life-used": 0, "life-used-level": "normal",
    "temperature": 25, "temperature-level": "normal", "dirty-shutdown-count": 0,
    "corrected-volatile-error-count": 0, "corrected-volatile-level": "normal",
    "corrected-persistent-error-count": 0, "corrected-persistent-level": "normal",
    "shutdown-dirty": False,
}


def health(qmp):
    return qmp.cmd("swcxl-query-device")["health"]


def test_what_is_left_out_stays(qmp):
    assert health(qmp) == HEALTHY
    expected = dict(HEALTHY)
    for change, more in (
            ({"temperature": 88}, {"temperature-level": "warning"}),
            ({"life-used": 96}, {"life-used-level": "critical"}),
            ({"corrected-volatile-error-count": (1 << 32) - 1}, {}),
            ({"corrected-persistent-error-count": 7}, {}),
            ({"health-status": ["replace-hardware", "capacity-degraded"]}, {}),
            ({"media-status": "all-data-loss-imminent"}, {}),
            ({}, {})):
        assert qmp.cmd("swcxl-set-health", **change) == {}
        expected.update(change, **more)
        assert health(qmp) == expected


def test_events_carry_the_same_names(qmp):
    qmp.cmd("swcxl-set-health", **{"temperature": -3, "life-used": 5})
    record, = qmp.cmd("swcxl-query-events", log="failure")
    assert record["type"] == "memory-module"
    assert record["device-event-type"] == "temperature-change"
    for name in ("life-used", "temperature", "dirty-shutdown-count",
                 "corrected-volatile-error-count", "corrected-persistent-error-count"):
        assert record[name] == health(qmp)[name]
    assert (record["health-status"], record["media-status"], record["additional-status"]) == \
        (0, 0, 8)


@pytest.mark.parametrize("args, text", [
    ({"life-used": 101}, "Parameter 'life-used' expects a percentage, or 255"),
    ({"life-used": 254, "temperature": 99}, "Parameter 'life-used' expects a percentage, or 255"),
    ({"life-used": 256}, "Parameter 'life-used' expects uint8_t"),
    ({"temperature": 32768}, "Parameter 'temperature' expects int16_t"),
    ({"health-status": ["bogus"]},
     "Parameter 'health-status[0]' does not accept value 'bogus'"),
    ({"media-status": "ready"}, "Parameter 'media-status' does not accept value 'ready'"),
])
def test_bad_arguments_change_nothing(qmp, args, text):
    with pytest.raises(QmpError) as error:
        qmp.cmd("swcxl-set-health", **args)
    assert error.value.desc == text
    assert health(qmp) == HEALTHY and qmp.cmd("swcxl-query-events", log="failure") == []


def test_shutdown_state_shows(qmp):
    qmp.cmd("swcxl-cci", opcode=0x4204, payload="01")
    assert health(qmp) == {**HEALTHY, "shutdown-dirty": True}
    qmp.cmd("swcxl-reset", type="cold")
    assert health(qmp) == {**HEALTHY, "dirty-shutdown-count": 1}


@pytest.mark.parametrize("revision", ["2.0", "3.0", "3.1", "3.2"])
def test_the_device_makes_records_that_every_revision_knows(revision):
    with Daemon("--volatile", "256M", "--clock", "virtual", "--cxl-revision", revision,
                vfio=False) as device, device.qmp() as qmp:
        qmp.cmd("swcxl-set-health", temperature=90)
        record, = qmp.cmd("swcxl-query-events", log="warning")
        data = bytes.fromhex(record["data"])
        assert data[0x20:0x30] == bytes(16) and data[0x43:] == bytes(61)
