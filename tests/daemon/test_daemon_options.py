# SPDX-License-Identifier: MIT
"""The command line: every option, valid and not. What is wrong with it is one line on stderr and
status 2, before any socket is touched."""

import json
import os
import re
import socket
import subprocess

import pytest
from daemon import Daemon, program

G = 1 << 30
T = 1 << 40


def run(*args, **kwargs):
    return subprocess.run([program(), *args], capture_output=True, text=True, timeout=20, **kwargs)


def refused(*args):
    """The line that says why."""
    done = run(*args)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.startswith("swcxl: ") and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.endswith("\n")
    return done.stderr[len("swcxl: "):-1]


# name: (values that are taken and what `config` shows then, values that are refused)
OPTIONS = {
    "volatile": ([("256M", G // 4), ("0", 0), ("1024m", G), ("1G", G), ("1t", T),
                  (str(G // 2), G // 2)],
                 ["", "x", "1X", "1GB", "-1", "1.5G", " 1G", "0x10", "17T", "G", "255M",
                  "99999999999999999999", "16777216T"]),
    "persistent": ([("512M", G // 2), ("2G", 2 * G)], ["1", "no", "17T"]),
    "serial": ([("1", "0x0000000000000001"), ("0xDEADbeef", "0x00000000deadbeef"),
                ("ffffffffffffffff", "0xffffffffffffffff")],
               ["0", "0x", "g", "10000000000000000", "-1", ""]),
    "cxl-revision": ([("2.0", "2.0"), ("3.0", "3.0"), ("3.1", "3.1"), ("3.2", "3.2")],
                     ["1.1", "3", "3.2 ", "", "2.0|3.0"]),
    "poison-list-max": ([("1", 1), ("16777215", 16777215)], ["0", "16777216", "-1", "1K"]),
    "inject-limit": ([("0", 0), ("65535", 65535)], ["65536", "x"]),
    "injected-persists": ([("on", True), ("off", False)], ["yes", "1", "ON", ""]),
    "volatile-list": ([("on", True), ("off", False)], ["true"]),
    "span": ([("accept", "accept"), ("reject", "reject")], ["refuse"]),
    "scan-ns-per-line": ([("1", 1), ("1000000", 1000000)], ["0", "-5"]),
    "estimate": ([("on", True), ("off", False)], ["maybe"]),
    "scan-results-max": ([("0", 0), ("4294967295", 4294967295)], ["4294967296"]),
    "during-scan": ([("apply", "apply"), ("freeze", "freeze"), ("busy", "busy")], ["ignore"]),
    "payload": ([("256", 256), ("1M", 1 << 20), ("4K", 4096)], ["255", "300", "2M", "0"]),
    "lsa": ([("0", 0), ("64K", 65536), ("16M", 1 << 24)], ["1", "16777217", "4294967294", "x"]),
    "event-log-max": ([("1", 1), ("65535", 65535)], ["0", "65536"]),
    "media-memory-max": ([("1M", 1 << 20), ("1T", T)], ["x"]),
    "ranges-max": ([("1", 1), ("100", 100)], ["0", "x"]),
    "hdm-commit": ([("accept", "accept"), ("refuse", "refuse")], ["reject"]),
    "partitionable": ([("0", 0), ("256M", 256 << 20)], ["1", "100M", "17T", "x"]),
    "sanitize-time": ([("3s", 3 * 10**9), ("3", 3 * 10**9), ("0", 0), ("5ns", 5), ("2us", 2000),
                       ("7ms", 7 * 10**6), ("1m", 60 * 10**9), ("720h", 2592000 * 10**9)],
                      ["", "s", "1.5s", "3S", "3 s", "721h", "2592001", "18446744073709551615h"]),
    "fw-time": ([("250ms", 25 * 10**7)], ["-1"]),
    "maintenance-time": ([("9ns", 9)], ["soon"]),
    "dc-regions": ([("0", 0), ("1", 1), ("8", 8)], ["9", "-1", "x", "1M", "", "0x1"]),
    "dc-region-size": ([("256M", G // 4), ("512m", G // 2), ("15T", 15 * T)],
                       ["0", "1", "255M", "300M", "17T", "16T", "x", ""]),
    "dc-block-size": ([("64", 64), ("4K", 4096), ("256M", G // 4)],
                      ["0", "32", "63", "96", "3M", "512M", "16T", "17T", "x", ""]),
    "dc-flags": ([("0=sanitize", ["0=sanitize"]), ("0=non-volatile", ["0=non-volatile"]),
                  ("0=sharable", ["0=sharable"]), ("0=hw-coherency", ["0=hw-coherency"]),
                  ("0=read-only", ["0=read-only"]),
                  ("0=read-only,sharable,sharable", ["0=sharable,read-only"]),
                  ("0=0x5d", ["0=sanitize,non-volatile,sharable,hw-coherency,read-only"]),
                  ("0=0X40", ["0=read-only"]), ("0=0x0", []), ("7=0x0", [])],
                 ["", "0", "=", "=sharable", "x=sharable", "-1=sharable", "0 =sharable", "0=",
                  "0=none", "0=,", "0=sharable,", "0=,sharable", "0=sharable read-only",
                  "0=SHARABLE", "0=sharabl", "0=sharable,0x40", "0=64", "0=0x", "0=0xg", "0=0x2",
                  "0=0x20", "0=0x80", "0=0x100", "0=0x10000000000000000", "0=0x5d,sharable",
                  "1=sharable", "7=0x40", "8=sharable", "8=0x0", "18446744073709551616=sharable",
                  "256=sharable"]),
    "dc-decode-length": ([("units", "units"), ("bytes", "bytes")], ["bits", "256M", ""]),
    "dc-host-timeout": ([("0", 0), ("1ns", 1), ("5", 5 * 10**9), ("720h", 2592000 * 10**9)],
                        ["721h", "-1", "never", ""]),
    "clock": ([("real", "real"), ("virtual", "virtual")], ["fake"]),
}
# What the device itself finds wrong is called by what it is rather than by its option.
FIELDS = {"volatile": "capacit", "partitionable": "capacit", "persistent": "capacit",
          "lsa": "label storage", "payload": "payload",
          "dc-region-size": "dc-region-size", "dc-block-size": "dc-block-size",
          "dc-flags": "dc-flags"}
# What an option means something with, whether its value is good or not.
WITH = {"dc-region-size": ["--dc-regions", "1"], "dc-block-size": ["--dc-regions", "1"],
        "dc-flags": ["--dc-regions", "1"]}
NEEDED = {"volatile": {"0": ["--persistent", "256M"]}, "lsa": {"0": ["--persistent", "256M"]}}


@pytest.mark.parametrize("name, value, shown", [
    (name, *valid) for name, (values, _) in OPTIONS.items() for valid in values])
def test_valid_values_make_the_device(name, value, shown):
    more = NEEDED.get(name, {}).get(value, [])
    if name == "lsa":
        more = ["--persistent", "256M"]
    more += WITH.get(name, [])
    with Daemon(f"--{name}", value, *more, vfio=False) as device, device.qmp() as qmp:
        assert qmp.cmd("swcxl-query-device")["config"][name] == shown


@pytest.mark.parametrize("name, value", [
    (name, value) for name, (_, values) in OPTIONS.items() for value in values])
def test_invalid_values_are_refused(name, value, tmp_path):
    more = WITH.get(name, [])
    line = refused(f"--{name}", value, *more, "--qmp", str(tmp_path / "qmp"))
    assert re.search(f"--{name}|{FIELDS.get(name)}", line), line
    assert refused(*more, f"--{name}={value}", "--qmp", str(tmp_path / "qmp")) == line
    assert os.listdir(tmp_path) == []


def test_every_option_that_makes_the_device_is_tested():
    with Daemon(vfio=False) as device, device.qmp() as qmp:
        assert set(qmp.cmd("swcxl-query-device")["config"]) == set(OPTIONS) | {"strict"}


def help_text():
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_help_names_every_option_once_with_its_default():
    names = re.findall(r"^  --([a-z-]+)", help_text(), re.M)
    assert names == [line[2:] for line in run("--long-options").stdout.split()]
    assert len(names) == len(set(names))


def test_defaults_are_those_that_help_shows():
    units = {"K": 1 << 10, "M": 1 << 20, "G": G}
    with Daemon(vfio=False) as device, device.qmp() as qmp:
        config = qmp.cmd("swcxl-query-device")["config"]
    checked = 0
    for name, default in re.findall(r"^  --([a-z-]+) .*\[(.*)\]$", help_text(), re.M):
        if name not in config or name in ("serial", "lsa", "dc-region-size"):
            continue
        if name.endswith("-time"):
            number, unit = re.fullmatch(r"(\d+)(m?s)", default).groups()
            default = int(number) * {"ms": 10**6, "s": 10**9}[unit]
        elif default[-1] in units:
            default = int(default[:-1]) * units[default[-1]]
        shown = config[name]
        if isinstance(shown, bool):
            shown = "on" if shown else "off"
        assert str(shown) == str(default), name
        checked += 1
    assert checked >= 15


def test_later_options_are_unknown():
    for name in ("dc-region", "dc", "stat", "foo", "vol", "v",
                 "help-me"):
        assert f"unknown option '--{name}'" in refused(f"--{name}", "1")


def test_beginnings_of_names_are_no_names():
    assert "unknown option '--volatil'" in refused("--volatil", "1G", "--qmp", "/nowhere/qmp")


def test_no_socket_at_all():
    for args in ([], ["--volatile", "1G"], ["--trace", "/nowhere/trace"]):
        assert "--socket-path, --fd, --qmp and --run" in refused(*args)


@pytest.mark.parametrize("args, words", [
    (["stray"], "unexpected argument 'stray'"),
    (["--qmp", "q", "stray"], "unexpected argument 'stray'"),
    (["--"], "unexpected argument '--'"),
    (["-v"], "unexpected argument '-v'"),
    (["--strict=1"], "--strict takes no argument"),
    (["--help=me"], "--help takes no argument"),
    (["--qmp"], "--qmp needs an argument: PATH"),
    (["--name", "", "--qmp", "q"], "--name: the argument is empty"),
    (["--name", "a/b", "--qmp", "q"], "--name: "),
    (["--name", "a b", "--qmp", "q"], "--name: "),
    (["--name", "x" * 65, "--qmp", "q"], "--name: "),
    (["--qmp", "q" * 108], "--qmp: a socket's path has at most 107 bytes, and this one 108"),
    (["--socket-path", "/" + "q" * 200], "--socket-path: a socket's path has at most 107 bytes"),
    (["--socket-path", "s", "--fd", "3"], "--socket-path and --fd exclude each other"),
    (["--socket-path", "s", "--qmp", "s"], "--socket-path and --qmp name the same socket"),
    (["--socket-path", "s", "--qmp", ".//s"], "--socket-path and --qmp name the same socket"),
    (["--socket-path", "/tmp/s", "--qmp", "/usr/../tmp/s"],
     "--socket-path and --qmp name the same socket"),
    (["--socket-path", "/nowhere/s", "--qmp", "/nowhere/s"],
     "--socket-path and --qmp name the same socket"),
    (["--fd", "-1"], "--fd: '-1' is not a number"),
    (["--fd", "x"], "--fd: 'x' is not a number"),
    (["--fd", "2147483648"], "--fd: 2147483648 is not within 0 to 2147483647"),
    (["--sanitize-time", "3000000000", "--qmp", "q"],
     "--sanitize-time: 3000000000 is not within 0s to 2592000s"),
    (["--poll", "1001ms", "--socket-path", "s"], "--poll: 1001ms is not within 0s to 1s"),
    (["--poll", "-1us", "--socket-path", "s"], "--poll: '-1us' is not a"),
    (["--sandbox", "yes", "--qmp", "q"], "--sandbox: 'yes' is not one of on|log|off"),
    (["--socket-group", "no such group", "--qmp", "q"],
     "--socket-group: there is no group 'no such group'"),
    (["--socket-group", "4294967295", "--qmp", "q"], "there is no group '4294967295'"),
    (["--socket-group", "-1", "--qmp", "q"], "there is no group '-1'"),
    (["--poll", "fast", "--socket-path", "s"], "--poll: 'fast' is not a"),
    (["--log-level", "loud", "--qmp", "q"], "--log-level: 'loud' is not one of "
                                            "error|warning|info|debug"),
    (["--trace", "", "--qmp", "q"], "--trace: the argument is empty"),
    (["--pid-file", "", "--qmp", "q"], "--pid-file: the argument is empty"),
    (["--run", ""], "--run: the argument is empty"),
    (["--volatile", "0", "--qmp", "q"], "capacity"),
    (["--volatile", "16T", "--persistent", "16T", "--qmp", "q"], "16T"),
    (["--dc-regions", "9", "--qmp", "q"], "--dc-regions: 9 is not within 0 to 8"),
    (["--dc-regions", "1", "--cxl-revision", "2.0", "--qmp", "q"],
     "dc-regions needs CXL revision 3.0 or later"),
    (["--dc-regions", "1", "--dc-region-size", "300M", "--qmp", "q"],
     "dc-region-size must be a multiple of 256M, and not 0"),
    (["--dc-regions", "1", "--dc-region-size", "0", "--qmp", "q"],
     "dc-region-size must be a multiple of 256M, and not 0"),
    (["--dc-regions", "2", "--dc-region-size", "8T", "--qmp", "q"],
     "the capacity, dc-regions times dc-region-size with it, must not be more than 16T"),
    (["--dc-regions", "8", "--dc-region-size", "16T", "--qmp", "q"],
     "the capacity, dc-regions times dc-region-size with it, must not be more than 16T"),
    (["--volatile", "0", "--persistent", "256M", "--dc-regions", "1", "--dc-region-size", "16T",
      "--qmp", "q"],
     "the capacity, dc-regions times dc-region-size with it, must not be more than 16T"),
    (["--dc-regions", "1", "--dc-region-size", "768M", "--dc-block-size", "512M", "--qmp", "q"],
     "dc-block-size must be a power of two, at least 64, that divides dc-region-size"),
    (["--volatile", "256M", "--dc-regions", "1", "--dc-region-size", "512M", "--dc-block-size",
      "512M", "--qmp", "q"], "that divides dc-region-size and the static capacity"),
    (["--dc-regions", "1", "--dc-block-size", "3M", "--qmp", "q"],
     "dc-block-size must be a power of two, at least 64, that divides dc-region-size"),
    (["--dc-flags", "0=sharable", "--qmp", "q"],
     "dc-flags is about a region that is not there: the first is 0, and dc-regions says how many"),
    (["--dc-regions", "2", "--dc-flags", "2=sharable", "--qmp", "q"],
     "dc-flags is about a region that is not there"),
    (["--dc-flags", "0=none", "--qmp", "q"],
     "--dc-flags: 'none' is not one of sanitize, non-volatile, sharable, hw-coherency, read-only"),
    (["--dc-flags", "sharable", "--qmp", "q"],
     "--dc-flags: 'sharable' is not N=FLAGS, as in 0=sharable,read-only or 0=0x48"),
    (["--dc-flags", "8=sharable", "--qmp", "q"], "--dc-flags: region 8 is not within 0 to 7"),
    (["--dc-flags", "0=0x2", "--qmp", "q"],
     "--dc-flags: '0x2' is not a hexadecimal number, or has bits that are no flags: those that "
     "are make 0x5d"),
    (["--dc-host-timeout", "721h", "--qmp", "q"],
     "--dc-host-timeout: 721h is not within 0s to 2592000s"),
    (["--dc-flags"], "--dc-flags needs an argument: N=FLAGS"),
    (["--qmp", "a\nb", "--volatile", "1\n2"], "--volatile: '1?2' is not a size"),
])
def test_wrong_command_lines(args, words, tmp_path):
    done = subprocess.run([program(), *args], capture_output=True, text=True, cwd=tmp_path,
                          timeout=20)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("swcxl: ") and done.stderr.count("\n") == 1, done.stderr
    assert words in done.stderr
    assert os.listdir(tmp_path) == []


def test_the_last_of_a_repeated_option_counts():
    with Daemon("--volatile", "1G", "--volatile=512M", vfio=False) as device, device.qmp() as qmp:
        assert qmp.cmd("swcxl-query-device")["capacity"] == G // 2


def test_strict_is_a_flag():
    with Daemon("--strict", vfio=False) as device, device.qmp() as qmp:
        assert qmp.cmd("swcxl-query-device")["config"]["strict"] is True


def test_name_is_the_path_and_makes_the_serial_number():
    """FNV-1a of the name, as the manual says."""
    serials = set()
    for name in ("mem0", "mem1", "a.b-c_9"):
        want = 0xcbf29ce484222325
        for byte in name.encode():
            want = (want ^ byte) * 0x100000001b3 % (1 << 64)
        with Daemon("--name", name, vfio=False) as device, device.qmp() as qmp:
            state = qmp.cmd("swcxl-query-device")
            assert state["name"] == name
            assert int(state["serial"], 16) == want
            qmp.cmd("cxl-inject-poison", path=f"/machine/peripheral/{name}", start=0, length=64)
            serials.add(state["serial"])
    assert len(serials) == 3


def test_lsa_follows_persistent_capacity():
    for args, want in ((["--volatile", "256M"], 0),
                       (["--persistent", "256M"], 128 << 10),
                       (["--persistent", "256M", "--lsa", "0"], 0),
                       (["--lsa", "64K"], 64 << 10)):
        with Daemon(*args, vfio=False) as device, device.qmp() as qmp:
            assert qmp.cmd("swcxl-query-device")["config"]["lsa"] == want


def test_regions_have_a_size_when_there_are_any():
    for args, want in (([], 0), (["--dc-region-size", "1G"], 0), (["--dc-regions", "2"], G // 4),
                       (["--dc-regions", "2", "--dc-region-size", "1G"], G)):
        with Daemon(*args, vfio=False) as device, device.qmp() as qmp:
            state = qmp.cmd("swcxl-query-device")
            assert state["config"]["dc-region-size"] == want
            assert [region["length"] for region in state["dynamic-capacity"]["regions"]] == \
                [want] * state["config"]["dc-regions"]


def test_dynamic_capacity_is_enough_capacity():
    """And as much as there can be."""
    for args in (["--volatile", "0", "--dc-regions", "1"],
                 ["--volatile", "0", "--dc-regions", "8", "--dc-region-size", "2T"],
                 ["--volatile", "0", "--dc-regions", "1", "--dc-region-size", "16T",
                  "--dc-block-size", "16T"]):
        with Daemon(*args, vfio=False) as device, device.qmp() as qmp:
            regions = qmp.cmd("swcxl-query-device")["dynamic-capacity"]["regions"]
            assert regions[0]["start"] == 0


def test_each_region_has_the_flags_that_it_was_given_last():
    with Daemon("--dc-regions", "8", "--dc-flags", "3=sharable", "--dc-flags=0=0x4",
                "--dc-flags", "7=read-only,sharable", "--dc-flags", "3=sanitize",
                "--dc-flags", "5=sharable", "--dc-flags", "5=0x0", vfio=False) as device, \
            device.qmp() as qmp:
        state = qmp.cmd("swcxl-query-device")
        assert state["config"]["dc-flags"] == \
            ["0=non-volatile", "3=sanitize", "7=sharable,read-only"]
        assert [region["flags"] for region in state["dynamic-capacity"]["regions"]] == [
            ["non-volatile"], [], [], ["sanitize"], [], [], [], ["sharable", "read-only"]]


def test_version():
    done = run("--version")
    assert done.returncode == 0 and re.fullmatch(r"swcxl \d+\.\d+\S*\n", done.stdout)


def test_capabilities_are_json():
    done = run("--print-capabilities")
    capabilities = json.loads(done.stdout)
    assert done.returncode == 0
    assert capabilities["type"] == "cxl-type3"
    assert run("--version").stdout == f"swcxl {capabilities['version']}\n"
    assert {"vfio-user", "qmp", "run", "dynamic-capacity", "sandbox"} <= set(capabilities["features"])
    assert "".join(f"--{name}\n" for name in capabilities["options"]) == \
        run("--long-options").stdout


def test_what_prints_comes_before_what_is_missing():
    """A probe needs no socket."""
    for name in ("help", "version", "print-capabilities", "long-options"):
        assert run("--volatile", "1G", f"--{name}").returncode == 0
        assert "unknown option" in refused("--bogus", f"--{name}")


def test_options_are_refused_before_a_live_socket_is_touched(tmp_path):
    path = str(tmp_path / "qmp")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        listener.settimeout(0.2)
        refused("--qmp", path, "--volatile", "1")
        with pytest.raises(TimeoutError):
            listener.accept()
