# SPDX-License-Identifier: MIT
"""swcxlctl log: the logs of 8.2.10.5, as people and scripts see them."""

import subprocess

import pytest
from ctl import REFUSED, SWCXLCTL, USAGE


def state(text):
    """name=value, a line each"""
    return dict(line.split("=") for line in text.splitlines())


def test_logs_are_listed(virtual):
    _, ctl = virtual
    lines = ctl.ok("log").splitlines()
    assert lines[0].split()[0] == "command-effects" and lines[0].endswith("  only read")
    assert lines[1:] == [
        "vendor-debug          16 KiB    can be cleared",
        "component-state-dump  4 KiB     can be cleared, can be populated, populates itself, "
        "outlives a cold reset"]
    logs = ctl.json("log")
    assert [log["log"] for log in logs] == ["command-effects", "vendor-debug",
                                            "component-state-dump"]
    assert logs[0]["size"] == 4 * len(ctl.json("log", "command-effects"))
    assert logs[2] == {"log": "component-state-dump", "size": 4096, "clear": True,
                       "populate": True, "auto-populate": True, "persistent": True}


def test_command_effects(virtual):
    _, ctl = virtual
    lines = ctl.ok("log", "command-effects").splitlines()
    assert "4304  0140  Scan Media                          background abort" in lines
    assert lines[0].startswith("0005  0000  Request Abort Background Operation") and \
        lines[0].endswith(" -")
    entries = {entry["opcode"]: entry for entry in ctl.json("log", "command-effects")}
    assert entries[0x4300] == {"opcode": 0x4300, "name": "Get Poison List",
                               "effects": ["secondary-mailbox"]}
    assert entries[0x0202]["effects"] == [
        "configuration-at-cold-reset", "configuration", "background", "abort",
        "configuration-at-conventional-reset", "configuration-at-cxl-reset"]


def test_vendor_debug(virtual):
    _, ctl = virtual
    assert ctl.ok("log", "vendor-debug") == ""
    ctl.ok("clock", "step", "1500ms")
    ctl.fails(REFUSED, "Invalid Physical Address", "inject", "1G")
    text = ctl.ok("log", "vendor-debug")
    assert text.startswith("[1.500000000] control") and \
        text.endswith(" 4301 inject_poison: Invalid Physical Address\n")
    assert ctl.json("log", "vendor-debug") == {"log": "vendor-debug", "text": text}
    assert ctl.ok("log", "vendor-debug", "clear") == "Cleared.\n"
    assert ctl.ok("log", "vendor-debug") == ""
    assert ctl.json("log", "vendor-debug", "clear") == {"log": "vendor-debug", "running": False}


def test_state_dump(virtual):
    _, ctl = virtual
    dump = "component-state-dump"
    assert ctl.ok("log", dump) == "Not populated.\n"
    assert ctl.json("log", dump)["populated"] is False
    ctl.ok("plant", "0", "64")
    assert ctl.ok("log", dump, "populate") == "It is being populated.\n"
    ctl.fails(REFUSED, "Retry Required", "log", dump)
    ctl.ok("clock", "step", "100ms")
    first, text = ctl.ok("log", dump).split("\n", 1)
    assert first == "Populated on request, time -."
    assert state(text)["media.poisoned-lines"] == "1" and state(text)["now"] == "100000000"
    document = ctl.json("log", dump)
    assert document.pop("text") == text
    assert document == {"log": dump, "populated": True, "automatic": False, "triggers": 0,
                        "event-log": "", "handle": 0, "timestamp": 0}


def test_state_dump_after_something_fatal(virtual):
    daemon, ctl = virtual
    dump = "component-state-dump"
    ctl.ok("cci", "0301", (1700000000 * 10**9).to_bytes(8, "little").hex())
    with daemon.qmp() as qmp:
        qmp.cmd("swcxl-inject-event", log="fatal", type="memory-module", count=3)
    first, text = ctl.ok("log", dump).split("\n", 1)
    assert first == ("Populated by record 1 of the fatal log, time 2023-11-14 22:13:20.000000 UTC; "
                     "2 triggers since.")
    assert state(text)["logs.fatal.count"] == "1"
    document = ctl.json("log", dump)
    assert (document["automatic"], document["triggers"], document["event-log"],
            document["handle"]) == (True, 3, "fatal", 1)
    ctl.ok("log", dump, "clear")
    assert ctl.ok("log", dump) == "Not populated.\n"


def test_what_cannot_be_done_to_a_log(virtual):
    _, ctl = virtual
    ctl.fails(REFUSED, "no log 'syslog'", "log", "syslog")
    ctl.fails(USAGE, "'eat' is nothing that is done to a log", "log", "vendor-debug", "eat")
    ctl.fails(REFUSED, "Invalid Input", "log", "command-effects", "clear")
    ctl.fails(REFUSED, "Invalid Input", "log", "vendor-debug", "populate")


def test_with_the_smallest_payload(start):
    _, ctl = start("--payload", "256", "--clock", "virtual")
    ctl.fails(REFUSED, "Invalid Physical Address", "inject", "1G")
    assert "inject_poison: Invalid Physical Address\n" in ctl.ok("log", "vendor-debug")
    ctl.ok("log", "component-state-dump", "populate")
    ctl.ok("clock", "step", "1s")
    assert "version=" in ctl.ok("log", "component-state-dump")


def lose(ctl, *args):
    with open("/dev/full", "w") as full:
        done = subprocess.run([SWCXLCTL, *ctl.first, *args], env=ctl.env, stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == REFUSED and "Cannot write the output" in done.stderr


@pytest.mark.parametrize("refusals", [1, 200])
def test_an_output_that_is_lost(virtual, refusals):
    """With more than a stream's buffer holds, what is lost is lost before the end."""
    device, ctl = virtual
    with device.qmp() as qmp:
        for i in range(refusals):  # the same ones would be one line
            qmp.cmd("swcxl-cci", opcode=0x4301 + i % 2, payload="ff" * (8 + 64 * (i % 2)))
    assert len(ctl.ok("log", "vendor-debug")) > 40 * refusals
    lose(ctl, "log", "vendor-debug")
    lose(ctl, "log", "--help")
