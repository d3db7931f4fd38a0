# SPDX-License-Identifier: MIT
"""Exit statuses as swcxlctl(1) has them, and what errors tell a person to do next. (What is wrong
with a command line is in test_command_line.py.)"""

import os
import re

from ctl import DONE, NO_CONNECTION, REFUSED, TOP, USAGE, Ctl


def test_exit_statuses(start):
    daemon, ctl = start("--inject-limit", "1")
    assert ctl.run("inject", "0").status == DONE
    refused = ctl.fails(REFUSED, "Inject Poison Limit Reached (0010h). Clear injected poison", "inject", "64")
    assert refused.out == ""
    error = ctl.run("inject", "64", "--json").json["error"]
    assert (error["status"], error["return-code"]) == (1, 0x10)
    assert ctl.run("wait", "overflow", "--timeout", "0").status == REFUSED
    ctl.fails(USAGE, "is no address", "inject", "x")
    Ctl("--qmp", daemon.qmp_path + "x").fails(NO_CONNECTION, "Cannot connect to", "status")


def test_manual_and_help_tell_the_same_statuses():
    with open(os.path.join(TOP, "man", "swcxlctl.1")) as file:
        section = re.search(r"^\.Sh EXIT STATUS$(.*?)^\.Sh ", file.read(), re.M | re.S).group(1)
    assert re.findall(r"^\.It (\d+)", section, re.M) == ["0", "1", "2", "3"]
    assert "\nExit status: 0 done, 1 refused by the device, 2 a wrong command line, 3 no device.\n" in \
        Ctl().ok("--help")


def test_advice_is_about_the_command_that_was_refused(start):
    _, ctl = start("--persistent", "256M", "--span", "reject", "--dc-regions", "1")
    ctl.fails(REFUSED, "Invalid Input (0002h). Check the range: 'swcxlctl status'", "scan", "255M", "2M")
    ctl.fails(REFUSED, "Invalid Input (0002h). 'swcxlctl log' shows which", "log", "vendor-debug", "populate")
    ctl.fails(REFUSED, "'swcxlctl dc config' shows the regions and their blocks", "dc", "add", "100G")
    ctl.fails(REFUSED, "swcxl-qmp(7) has the names and values, under swcxl-set-health", "health", "foo=1")
    ctl.fails(REFUSED, "swcxl-qmp(7) tells what each kind needs", "fault", "return-code", "4300")
    ctl.fails(USAGE, "There is no fault 'dealy'; the nearest is 'delay'", "fault", "dealy")
    ctl.fails(USAGE, "There is no fault 'nonsense': clear, return-code, delay, hang, ", "fault", "nonsense")


def test_every_return_code_has_advice():
    with open(os.path.join(TOP, "include", "swcxl", "rc.tbl.h")) as file:
        codes = set(re.findall(r"^RC\(\w+, (\w+),", file.read(), re.M))
    with open(os.path.join(TOP, "src", "cli", "report.c")) as file:
        advised = set(re.findall(r"\{SWCXL_(\w+), \w+,", file.read()))
    assert codes - advised == {"SUCCESS", "BACKGROUND_STARTED"}
