# SPDX-License-Identifier: MIT
"""swcxlctl without a device: command line, help, manual, broken connections; and terminals."""

import fcntl
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import termios
import threading

import pytest
from ctl import DONE, NO_CONNECTION, REFUSED, SWCXLCTL, TOP, USAGE, Ctl
from daemon import Daemon
from fake_pci import Function, Model

NOWHERE = Ctl("--qmp", "/dev/null/at/all")  # nothing can ever appear there, so it is not waited for
BARE = Ctl()


def table(name):
    with open(os.path.join(TOP, "src", "cli", name)) as file:
        return file.read()


COMMANDS = re.findall(r'^COMMAND\(\w+, "([^"]+)"', table("commands.tbl.h"), re.M)
OPTIONS = re.findall(r'^OPTION\(\w+, *"([^"]+)"', table("options.tbl.h"), re.M)
GLOBAL = {"qmp", "pci", "json", "color", "help", "version"}


# --- what is wrong is said before a device is looked for

@pytest.mark.parametrize("args, text", [
    ([], "Say what to do. See 'swcxlctl --help'"),
    (["plan"], "There is no command 'plan'; the nearest is 'plant'. See 'swcxlctl --help'"),
    (["statsu"], "There is no command 'statsu'; the nearest is 'status'."),
    (["statu"], "There is no command 'statu'; the nearest is 'status'."),
    (["poisn", "list"], "There is no command 'poisn list'; the nearest is 'poison list'."),
    (["dcadd"], "There is no command 'dcadd'; the nearest is 'dc add'."),
    (["frobnicate"], "There is no command 'frobnicate'. See 'swcxlctl --help'"),
    (["x" * 200], "xxx'. See 'swcxlctl --help'"),
    (["poison"], "'poison' needs a subcommand: 'poison list'. See 'swcxlctl --help'"),
    (["poison", "lits"], "'poison' needs a subcommand: 'poison list'"),
    (["pois"], "There is no command 'pois'"),
    (["status", "now"], "'status' takes no arguments. See 'swcxlctl status --help'"),
    (["scan", "results", "all"], "'scan results' takes no arguments"),
    (["--colour", "status"], "There is no option --colour; the nearest is --color."),
    (["--frobnicate", "status"], "There is no option --frobnicate. See"),
    (["status", "--color", "red"], "--color takes auto, always or never, not 'red'"),
    (["status", "--timeout", "5"], "'status' has no option --timeout: it belongs to 'wait'"),
    (["scan", "--latent"], "'scan' has no option --latent: it belongs to 'plant'"),
    (["status", "--js"], "There is no option --js; the nearest is --json."),
    (["scan", "--no-ev"], "There is no option --no-ev; the nearest is --no-events."),
    (["scan", "--no"], "There is no option --no; the nearest is --no-"),
    (["scan", "--lim", "5"], "There is no option --lim; the nearest is --limit."),
    (["scan", "--lim=5"], "There is no option --lim; the nearest is --limit."),
    (["scan", "--lim"], "There is no option --lim; the nearest is --limit."),
    (["scan", "--"], "Say which device"),
    (["plant"], "Say where: a RANGE, --from FILE, or --random N"),
    (["plant", "0"], "A LENGTH must follow START 0"),
    (["plant", "0", "64", "64"], "Usage: swcxlctl plant [RANGE]"),
    (["plant", "0+64", "64"], "'0+64' is a whole range: nothing can follow it"),
    (["plant", "64-0"], "'64-0' is neither START+LENGTH nor START-END"),
    (["plant", "0", "-64"], "'-64' is negative, which no number here can be"),
    (["plant", "-64", "64"], "'-64' is negative, which no number here can be"),
    (["plant", "-6", "64"], "'-6' is negative"),
    (["plant", "-x"], "There is no option -x"),
    (["plant", "-x6"], "There is no option -x"),
    (["plant", "-h6"], "There is no option -6"),
    (["status", "--json=1"], "--json takes no argument"),
    (["plant", "0", "--", "-64"], "'-64' is no length"),
    (["plant", "1", "64"], "Addresses and lengths are multiples of 64"),
    (["plant", "0", "65"], "Addresses and lengths are multiples of 64"),
    (["plant", "0", "64", "--source", "cosmic"], "There is no source 'cosmic': external, "),
    (["plant", "0", "64", "--source", "reserved"], "There is no source 'reserved'"),
    (["plant", "0", "64", "--from", "x"], "Say where"),
    (["plant", "0", "64", "--seed", "1"], "--seed belongs to --random"),
    (["plant", "0", "64", "--random", "many"], "--random needs a number, and 'many' is none"),
    (["plant", "0", "64", "--random", "1"], "64 B has room for 1 to 0 errors"),
    (["inject"], "Usage: swcxlctl inject LINES... (see 'swcxlctl inject --help')"),
    (["inject", "0", "x"], "'x' is no address, START+LENGTH or START-END"),
    (["inject", "18446744073709551616"], "is no address"),
    (["inject", "18014398509481984T"], "is no address"),
    (["inject", "0x"], "is no address"),
    (["inject", "+64"], "is no address"),
    (["inject", "0x40h"], "is no address"),
    (["inject", "1KK"], "is no address"),
    (["inject", ""], "is no address"),
    (["clear", "0", "--data", "abc"], "--data needs 1, 2, 4, 8, 16, 32 or 64 bytes in hexadecimal"),
    (["clear", "0", "--data", "ababab"], "--data needs 1, 2, 4"),
    (["clear", "0", "--data", ""], "--data needs 1, 2, 4"),
    (["clear", "0", "--data", "ab" * 65], "--data needs 1, 2, 4"),
    (["wait"], "Usage: swcxlctl wait scan|overflow|event"),
    (["wait", "godot"], "Nothing to wait for is called 'godot'"),
    (["wait", "scan", "--timeout", "soon"], "--timeout needs a number of seconds"),
    (["wait", "scan", "--timeout", "-1"], "--timeout needs a number of seconds"),
    (["wait", "scan", "--timeout", "nan"], "--timeout needs a number of seconds"),
    (["wait", "scan", "--log", "fatal"], "--log belongs to 'wait event'"),
    (["wait", "event", "--log", "mild"], "There is no log 'mild'"),
    (["events", "--log", "mild"], "There is no log 'mild': informational, warning, "),
    (["events", "--limit", "x"], "--limit needs a number"),
    (["cci"], "Usage: swcxlctl cci OPCODE [HEX...]"),
    (["cci", "x"], "'x' is no opcode"),
    (["cci", "10000"], "'10000' is no opcode"),
    (["cci", "4300", "0"], "'0' is no payload"),
    (["cci", "4300", "0g"], "'0g' is no payload"),
    (["clock"], "'clock' needs a subcommand: 'clock step'"),
    (["clock", "step"], "Usage: swcxlctl clock step DURATION"),
    (["clock", "step", "5d"], "'5d' is no duration: 250ms, 5s, 2m; units are ns us ms s m h, and ns "
                              "when there is none"),
    (["clock", "step", ""], "'' is no duration"),
    (["clock", "step", "99999999999h"], "is no duration"),
    (["reset", "warm"], "'warm' is no reset"),
    (["plant", "0x3000", "0"], "The range at 0x3000 is empty: a LENGTH is at least 64, one line"),
    (["plant", "0", "0", "--random", "1"], "The range at 0x0 is empty"),
    (["inject", "0x60000+0"], "The range at 0x60000 is empty"),
    (["clear", "0", "64-64"], "The range at 0x40 is empty"),
    (["map", "0", "0"], "The range at 0x0 is empty"),
    (["scan", "0+0"], "The range at 0x0 is empty"),
    (["poison", "list", "0", "0", "--media"], "The range at 0x0 is empty"),
    (["status", "--pci", "mem0"], "'mem0' is no PCI function"),
    (["dc"], "'dc' needs a subcommand: 'dc config', 'dc extents', 'dc respond', 'dc release', "
             "'dc add', 'dc reclaim'"),
    (["dc", "respond", "al"], "'al' is neither START+LENGTH nor START-END"),
    (["dc", "respond", "0x1000"], "'0x1000' is neither START+LENGTH nor START-END"),
    (["dc", "respond", "0+0"], "The range '0+0' is empty"),
    (["dc", "respond", "0xffffffffffffffc0+128"], "is beyond all addresses"),
    (["dc", "release", "all", "none"], "'all' is neither START+LENGTH nor START-END"),
    (["dc", "release", "none", "--keep"], "'none' does nothing but clear records"),
    (["dc", "add"], "Say how much or what"),
    (["dc", "add", "0"], "A SIZE is more than 0"),
    (["dc", "add", "2M", "2M"], "A SIZE stands alone"),
    (["dc", "add", "2M", "0+2M"], "A SIZE stands alone"),
    (["dc", "add", "0+2M", "--policy", "free"], "Say how much or what"),
    (["dc", "add", "2M", "--policy", "prescriptive"], "Say how much or what"),
    (["dc", "add", "2M", "--policy", "best"], "There is no policy 'best'"),
    (["dc", "add", "--policy", "enable-shared-access"], "enable-shared-access needs --tag"),
    (["dc", "add", "2M", "--forced"], "'dc add' has no option --forced"),
    (["dc", "reclaim"], "Say what: --tag with or without a SIZE, or RANGEs"),
    (["dc", "reclaim", "2M"], "Say what: --tag"),
    (["dc", "reclaim", "--policy", "free"], "There is no policy 'free'"),
    (["dc", "reclaim", "--policy", "prescriptive", "--tag", "x"], "Say what: prescriptive needs"),
    (["dc", "add", "2M", "--region", "x"], "--region needs a number"),
    (["dc", "add", "2M", "--pci", "35:00.0"], "'dc add' needs the control socket"),
])
def test_usage(args, text):
    BARE.fails(USAGE, text, *args)


def test_option_without_its_argument():
    result = BARE.run("plant", "0", "64", "--source")
    assert result.status == USAGE and result.err == \
        "swcxlctl: --source needs an argument. See 'swcxlctl --help'\n"


def test_device_must_be_named():
    BARE.fails(USAGE, "Say which device: --qmp SOCK (or set SWCXL_QMP), or --pci BDF", "status")
    Ctl(SWCXL_QMP="").fails(USAGE, "Say which device", "status")


def test_options_stand_anywhere():
    for args in ("--limit 1 poison list", "poison --limit=1 list", "poison list --limit 1"):
        NOWHERE.fails(NO_CONNECTION, "Cannot connect to /dev/null/at/all", *args.split())
    NOWHERE.env["POSIXLY_CORRECT"] = "1"
    NOWHERE.fails(NO_CONNECTION, "Cannot connect to /dev/null/at/all", "poison", "--limit=1", "list")


# --- help and manual

def test_help_names_every_command():
    text = BARE.ok("--help")
    assert re.findall(r"^  ((?:dc |state )?[a-z]+(?: list| results| step)?) ", text.split("Options:")[0],
                      re.M) == COMMANDS
    assert max(map(len, text.splitlines())) <= 110
    assert BARE.ok("-h") == text


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    text = BARE.ok(*command.split(), "--help")
    assert text.startswith(f"Usage: swcxlctl {command}")
    assert BARE.ok("--help", *command.split()) == text


def test_every_option_belongs_to_a_command():
    shown = set(re.findall(r"^  --([a-z-]+)", BARE.ok("--help"), re.M))
    assert shown == GLOBAL
    for command in COMMANDS:
        shown |= set(re.findall(r"^  --([a-z-]+)", BARE.ok(*command.split(), "--help"), re.M))
    assert shown == set(OPTIONS)


def test_version():
    assert re.fullmatch(r"swcxlctl \d+\.\d+\.\d+\n", BARE.ok("--version"))


def manual():
    with open(os.path.join(TOP, "man", "swcxlctl.1")) as file:
        return file.read()


def test_manual_has_every_command_and_option():
    text = manual()
    for command in COMMANDS:
        first = command if " " in command else command + "( |$)"
        assert re.search(rf"^\.It Cm {first}", text, re.M), command
    assert set(re.findall(r"Fl -([a-z-]+)", text)) - {"clock", "run", "trace"} == set(OPTIONS)


def test_manual_gives_the_options_of_each_command():
    text = manual().split(".Sh PCI FUNCTIONS")[0]
    for command in COMMANDS:
        entries = re.findall(rf"^\.It Cm {command}(?: (?!results|list|step).*)?$", text, re.M)
        options = set(re.findall(r"Fl -([a-z-]+)", " ".join(entries)))
        shown = set(re.findall(r"^  --([a-z-]+)", BARE.ok(*command.split(), "--help"), re.M))
        assert options == shown, command


# --- connections

class Peer:
    """A socket that somebody else serves: sends an entry of its script for each line it gets."""

    def __init__(self, path, *script):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.script = script
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rb") as lines:
                for i, text in enumerate(self.script):
                    connection.sendall(text)
                    if text.endswith(b"\n") and not lines.readline():
                        break


GREETING = b'{"QMP": {"version": {}, "capabilities": []}}\r\n'
EMPTY = b'{"return": {}}\r\n'


@pytest.mark.parametrize("script, status, text", [
    ([b""], NO_CONNECTION, "closed the connection: it has ended, or has too many control clients"),
    ([b"220 mail.example.org\r\n"], NO_CONNECTION, "does not talk QMP"),
    ([b"[]\n"], NO_CONNECTION, "does not talk QMP"),
    ([b'{"hello": 1}\n'], NO_CONNECTION, "does not greet as a control socket"),
    ([GREETING, b""], NO_CONNECTION, "closed the connection"),
    ([GREETING, EMPTY, b'{"error": {"class": "CommandNotFound", "desc": "x"}}\n'], NO_CONNECTION,
     "This socket has no command swcxl-query-device: it is not the control socket of an swcxl"),
    ([GREETING, EMPTY, b'{"error": {"class": "GenericError", "desc": "no \\u001b[31m way"}}\n'],
     REFUSED, "no ?[31m way"),
    ([GREETING, EMPTY, b'{"event": "X"}\r\n{"return": {}}\r\n',
      b'{"return": {"payload": "0"}}\r\n'], NO_CONNECTION,
     "sent a payload that is not hexadecimal"),
])
def test_peer_that_is_no_device(tmp_path, script, status, text):
    Peer(tmp_path / "socket", *script)
    Ctl("--qmp", str(tmp_path / "socket")).fails(status, text, "status")


def test_peer_that_says_nothing(tmp_path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    listener.listen()
    result = Ctl("--qmp", str(tmp_path / "socket")).run("status")
    assert result.status == NO_CONNECTION and "does not greet as a control socket" in result.err


def test_no_connection_says_why_and_what_next(tmp_path):
    path = str(tmp_path / "socket")
    here = Ctl("--qmp", path)
    here.fails(NO_CONNECTION, f"Cannot connect to {path}: nothing is there. Start a device there: "
               f"'swcxl --volatile 256M --qmp {path} &'; or give the path", "status")
    Ctl(SWCXL_QMP=path).fails(NO_CONNECTION, f"Cannot connect to {path} ($SWCXL_QMP): nothing", "map")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
    here.fails(NO_CONNECTION, f"Cannot connect to {path}: no process listens any more, it has ended.",
               "status")
    (tmp_path / "file").write_text("")
    Ctl("--qmp", str(tmp_path / "file")).fails(NO_CONNECTION, "file is no socket: give the path that "
                                               "swcxl got as --qmp", "status")


def test_a_device_that_is_being_started_is_waited_for(tmp_path):
    """As in a script whose line before this one is `swcxl ... &`."""
    path = str(tmp_path / "socket")
    with subprocess.Popen([SWCXLCTL, "--qmp", path, "--json", "status"], stdout=subprocess.PIPE) as client, \
            Daemon("--volatile", "256M", "--qmp", path, vfio=False):
        assert json.loads(client.communicate()[0])["device"]
        assert client.returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a user who may not")
def test_no_permission_names_the_group(start):
    daemon, _ = start()
    os.chmod(daemon.dir, 0o755)
    command = ["setpriv", "--reuid=65534", "--clear-groups", SWCXLCTL, "--qmp", daemon.qmp_path, "status"]
    result = subprocess.run(command, stderr=subprocess.PIPE, universal_newlines=True)
    assert result.returncode == NO_CONNECTION
    assert result.stderr == (f"swcxlctl: No permission to connect to {daemon.qmp_path}: it is for the user "
                             "who started swcxl. Be that user, or have swcxl started with "
                             "'--socket-group GROUP', a group of yours\n")


def test_the_wrong_socket_of_a_device(tmp_path):
    with Daemon("--volatile", "256M") as device:
        Ctl("--qmp", device.socket).fails(NO_CONNECTION, "its --socket-path, which is for the VMM",
                                          "status")


def test_path_that_no_socket_can_have():
    ctl = Ctl("--qmp", "/" + "x" * 108)
    ctl.fails(USAGE, "is longer than the 107 characters that a unix socket may have", "status")


# --- terminals

def on_terminal(ctl, *args, columns=0, **env):
    """What the command prints on a terminal, standard error included."""
    leader, follower = pty.openpty()
    fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([SWCXLCTL, *ctl.first, *args], env={**ctl.env, "TERM": "xterm", **env},
                               stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    output = b""
    while True:
        if select.select([leader], [], [], 30)[0]:
            try:
                data = os.read(leader, 65536)
            except OSError:
                break
            output += data
            if not data:
                break
    os.close(leader)
    assert process.wait() == DONE
    return output.decode()


def test_colours_are_for_terminals(start):
    _, ctl = start()
    ctl.env.pop("NO_COLOR", None)
    ctl.ok("plant", "0", "64")
    assert "\033" not in ctl.ok("map") and "\033" not in ctl.ok("poison", "list")
    assert "\033[1;31m1\033[0m" in on_terminal(ctl, "map")
    assert "\033" not in on_terminal(ctl, "map", NO_COLOR="1")
    assert "\033[1;31m" in on_terminal(ctl, "map", NO_COLOR="")
    assert "\033" not in on_terminal(ctl, "map", TERM="dumb")
    assert "\033" not in on_terminal(ctl, "map", "--color", "never")
    assert "\033[1;31m" in ctl.ok("map", "--color", "always")
    assert "\033[1;31m" in on_terminal(ctl, "map", "--color=always", NO_COLOR="1")
    assert "\033" not in ctl.ok("map", "--color", "auto")


def rows_of_map(text):
    return re.findall(r"^  poison  ([.0-9*]+)\r?$", text, re.M)


@pytest.mark.parametrize("columns, cells", [(0, 64), (26, 16), (41, 16), (42, 32), (80, 64), (137, 64),
                                            (138, 128), (300, 256), (9999, 256)])
def test_map_fits_the_terminal(start, columns, cells):
    _, ctl = start()
    output = on_terminal(ctl, "map", columns=columns, NO_COLOR="1")
    assert [len(row) for row in rows_of_map(output)] == [cells] * 4
    assert [len(row) for row in rows_of_map(on_terminal(ctl, "map", COLUMNS=str(columns or 80),
                                                        NO_COLOR="1"))] == [cells] * 4


def test_map_in_a_pipe_is_that_of_80_columns_and_json_of_none(start):
    _, ctl = start()
    assert [len(row) for row in rows_of_map(ctl.ok("map"))] == [64] * 4
    ctl.env["COLUMNS"] = "300"
    assert [len(row) for row in rows_of_map(ctl.ok("map"))] == [256] * 4
    assert len(ctl.json("map")["layers"]["poison"]) == 256


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
def test_lines_fit_the_terminal(start, columns):
    _, ctl = start("--persistent", "256M", "--dc-regions", "2")
    ctl.env["COLUMNS"] = str(columns)
    ctl.ok("plant", "--random", "5")
    for args in (("status",), ("events",), ("health",), ("log", "command-effects"), ("dc", "config"),
                 ("plant", "--help"), ("--help",)):
        text = on_terminal(ctl, *args, NO_COLOR="1").replace("\r\n", "\n")
        assert max(map(len, text.splitlines())) <= columns, text
        # Nothing but blanks and ends of lines has come or gone.
        assert text.split() == ctl.ok(*args).split()
    coloured = on_terminal(ctl, "status")
    assert max(len(re.sub(r"\033\[[0-9;]*m", "", line)) for line in coloured.split("\r\n")) <= columns


def test_a_broken_line_begins_at_once():
    """Also where there is less room than text likes."""
    text = on_terminal(BARE, "--help", columns=30, NO_COLOR="1")
    assert text.startswith("Usage: swcxlctl")


@pytest.mark.parametrize("log, shown", [
    (b"one\ntwo", "one\ntwo\n"),
    (b"one\ntwo\n", "one\ntwo\n"),
    (b"one" + bytes(5), "one\n"),
    (b"\n", "\n"),
    (bytes(8), ""),
])
def test_a_last_line_without_an_end_is_shown(tmp_path, log, shown):
    """What a vendor puts into a log may end anywhere."""
    model = Model()
    model.debug = log
    with Function(tmp_path, model) as function:
        ctl = Ctl("--pci", function.BDF, SWCXL_SYSFS=str(tmp_path))
        assert ctl.ok("log", "vendor-debug") == shown
        assert on_terminal(ctl, "log", "vendor-debug").replace("\r\n", "\n") == shown


def test_broken_line_stays_in_its_column(start):
    _, ctl = start()
    text = on_terminal(ctl, "status", columns=80, NO_COLOR="1").replace("\r\n", "\n")
    assert re.match(r"Device      CXL memory device, .*\n {12}\S", text)
    long = re.sub(r"\n {12}(?! *\d+ poisoned)", " ", text)
    assert long == ctl.ok("status")
    lines = on_terminal(ctl, "plant", "--help", columns=60).replace("\r\n", "\n").splitlines()
    at = lines.index("  --latent              the device does not know of it until")
    assert lines[at + 1] == " " * 24 + "it scans or reads there"


def test_json_on_a_terminal_is_not_broken(start):
    _, ctl = start()
    ctl.ok("plant", "0", "64")
    document = on_terminal(ctl, "events", "--json", columns=40)
    assert len(json.loads(document)["failure"]["records"]) == 1


def test_progress_bar(start):
    _, ctl = start("--scan-ns-per-line", "250")
    output = on_terminal(ctl, "scan")
    bars = re.findall(r"\r\[(#*)(\.*)\] +(\d+) %  (0x[0-9a-f]{12})(  \S+ m?s left )?\033\[K",
                      output)
    assert len(bars) > 5
    percents = [int(percent) for _, _, percent, _, _ in bars]
    assert percents == sorted(percents) and percents[-1] <= 100
    for bar in re.findall(r"\r(\[[^\r]*)\033\[K", output):
        assert len(bar) < 80
    for done, rest, percent, _, _ in bars:
        assert len(done) == int(percent) * 35 // 100 and len(done) + len(rest) == 35
    assert output.endswith(": Success.\r\n0 records, 0 lines (0 B).\r\n")
    assert "\r\033[KScan Media ended" in output


def test_progress_bar_goes_on_from_part_to_part(start):
    _, ctl = start("--persistent", "256M", "--span", "reject", "--scan-ns-per-line", "100")
    output = on_terminal(ctl, "scan")
    bars = re.findall(r"\r\[#*\.*\] +(\d+) %  (0x[0-9a-f]{12})", output)
    percents = [int(percent) for percent, _ in bars]
    assert percents == sorted(percents) and min(percents) < 30 and max(percents) > 70
    for percent, at in bars:
        assert int(at, 16) // (5 << 20) == int(percent) * (512 << 20) // 100 // (5 << 20)


def test_progress_does_not_get_into_json(start):
    _, ctl = start("--scan-ns-per-line", "50")
    for args in (("scan",), ("wait", "scan"), ("abort",)):
        output = on_terminal(ctl, *args, "--json")
        assert "\033" not in output
        assert json.loads(output)["return-code"] == 0
