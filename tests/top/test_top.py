# SPDX-License-Identifier: MIT
"""swcxl-top in a real terminal, tmux: what is on the screen, and that it is put back."""

import os
import re
import subprocess
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))

from daemon import Daemon, program, wait_until  # noqa: E402

SWCXLTOP = os.environ.get("SWCXLTOP") or os.path.join(os.path.dirname(program()), "swcxl-top")
MIB = 1 << 20
SECOND = 10**9


class Terminal:
    """A shell's screen on which swcxl-top runs between two lines of text."""

    def __init__(self, folder, *options, columns=80, lines=24, env=()):
        self.socket = str(folder / "tmux")
        script = folder / "script"
        words = " ".join(f"'{word}'" for word in (SWCXLTOP, "--interval", "0.1", *map(str, options)))
        script.write_text(f"echo BEFORE; stty -a > {folder}/before; {words}; echo AFTER $?;\n"
                          f"stty -a > {folder}/after; exec sleep 1000\n")
        self.log = folder / "sanitizer"
        settings = [f"ASAN_OPTIONS=log_path={self.log}:abort_on_error=1:detect_leaks=0", *env]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", lines,
                  " ".join(["env", *settings, "sh", str(script)]))

    def tmux(self, *args):
        return subprocess.run(["tmux", "-S", self.socket, *map(str, args)], check=True,
                              stdout=subprocess.PIPE, universal_newlines=True).stdout

    def text(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def resize(self, columns, lines):
        self.tmux("resize-window", "-x", columns, "-y", lines)

    def shows(self, *patterns):
        """Waits until all of that is on the screen; the screen."""
        def look():
            text = self.text()
            return text if all(re.search(pattern, text, re.M) for pattern in patterns) else None

        try:
            return wait_until(f"{patterns} on the screen", look)
        except AssertionError:
            print(self.text())
            raise

    def map(self):
        """{address of a row: its cells}"""
        rows = re.findall(r"^[vpd ] ([0-9a-f]{12}) (.*)$", self.text(), re.M)
        return {int(address, 16): cells.rstrip() for address, cells in rows}

    def map_shows(self, address, cells):
        """Waits until the row begins with these cells."""
        wait_until(f"{cells!r} at {address:#x}: {self.map()}",
                   lambda: self.map().get(address, "").startswith(cells))

    def end(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], stderr=subprocess.DEVNULL)
        for name in os.listdir(os.path.dirname(self.log)):
            if name.startswith("sanitizer"):
                with open(os.path.join(os.path.dirname(self.log), name)) as file:
                    pytest.fail(file.read())


@pytest.fixture
def terminal(tmp_path):
    terminals = []

    def terminal(*options, **kwargs):
        terminals.append(Terminal(tmp_path, *options, **kwargs))
        return terminals[-1]

    yield terminal
    for each in terminals:
        each.end()


@pytest.fixture
def device():
    with Daemon("--volatile", "256M", "--clock", "virtual", "--name", "dut", vfio=False) as device, \
            device.qmp() as qmp:
        device.plant = lambda start, length=64, **args: qmp.cmd(
            "swcxl-plant-poison", start=start, length=length, **args)
        device.cmd = qmp.cmd
        yield device


def watch(terminal, device, **kwargs):
    screen = terminal("--qmp", device.qmp_path, **kwargs)
    screen.shows(r"^v 000000000000 [.#?!X>]")
    return screen


# --- what is on the screen

def test_what_is_planted_shows(terminal, device):
    screen = watch(terminal, device)
    text = screen.shows(r"swcxl-top  dut  CXL 3\.2  serial 0x", r"^ Poison +0 lines in 0 ranges$",
                        r"^ All of 256 MiB, a cell is 512 KiB\.  At 0x0: no poison$",
                        r"^ Health +good, 25 C", r"^ Background none since the last reset$",
                        r"^ List +\[ +0/256\]$")
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) == 24
    assert screen.map() == {row * 32 * MIB: "." * 64 for row in range(8)}
    device.plant(0)
    device.plant(33 * MIB, 128, known=False)
    device.plant(64 * MIB, 64, permanent=True)
    screen.map_shows(0, "#...")
    screen.map_shows(32 * MIB, "..?.")
    screen.map_shows(64 * MIB, "X...")
    screen.shows(r"^ Poison +4 lines in 3 ranges, 2 latent, 1 permanent", r"^ List +\[\| +2/256\]$",
                 r"At 0x0: 1 poisoned, 1 listed$")


def test_overflow_shows(terminal, device):
    for i in range(300):
        device.plant(i * MIB // 2)
    screen = watch(terminal, device)
    screen.shows(r"^ List +\[\|+256/256\] OVERFLOW: errors are missing$")
    cells = "".join(screen.map().values())
    assert cells.count("#") == 256 and cells.count("!") == 44
    screen.shows(r"^ Events +info 0, warning 0, failure 256 \+44 lost, fatal 0$")


def test_scan_shows_where_it_is(terminal, device):
    screen = watch(terminal, device)
    device.plant(200 * MIB, 64, known=False)
    screen.map_shows(192 * MIB, "." * 16 + "?")
    device.cmd("swcxl-cci", opcode=0x4304, payload=(0).to_bytes(8, "little").hex() +
               (256 * MIB // 64).to_bytes(8, "little").hex() + "00")
    device.cmd("swcxl-clock-step", nanoseconds=2097152000 // 2)
    screen.shows(r"^ Background \[\|{16} +50 %\] Scan Media at 0x8000000$", "> scan")
    screen.map_shows(128 * MIB, ">")
    device.cmd("swcxl-clock-step", nanoseconds=2 * SECOND)
    screen.shows(r"^ Background none; Scan Media ended at 100 %: Success")
    screen.map_shows(192 * MIB, "." * 16 + "#")
    assert ">" not in "".join(screen.map().values())


def test_many_ranges_come_in_parts(terminal, device):
    """More ranges than one answer looks at, a row of the map apart."""
    for i in range(20):
        device.cmd("swcxl-plant-poison", known=False,
                   ranges=[[(i * 1000 + n) * 8192, 64] for n in range(1000)])
    screen = watch(terminal, device)
    screen.shows("20000 lines in 20000 ranges, 20000 latent", "At 0x0: 64 poisoned, 64 latent")
    stats = device.cmd("swcxl-query-stats")["qmp"]["commands"]
    commands = {command["name"] for command in stats}
    assert "swcxl-query-map" in commands and "swcxl-query-poison" not in commands  # it shows no list
    wait_until("every cell up to the last error",
               lambda: "".join(screen.map().values()) == "?" * 313 + "." * 199)


def test_dynamic_capacity(terminal):
    with Daemon("--volatile", "256M", "--dc-regions", "1", vfio=False) as device, device.qmp() as qmp:
        screen = watch(terminal, device)
        screen.shows(r"^ All of 512 MiB, a cell is 1 MiB", r"- no host's")
        assert screen.map()[256 * MIB] == "-" * 64
        qmp.cmd("cxl-add-dynamic-capacity", path="mem0", host_id=0, selection_policy="prescriptive",
                region=0, extents=[{"offset": 2 * MIB, "len": 4 * MIB}])
        screen.map_shows(256 * MIB, "--++++--")
        qmp.cmd("swcxl-cci", opcode=0x4802, payload="01000000" "00000000" + "0000201000000000"
                "0000400000000000" "0000000000000000")
        screen.map_shows(256 * MIB, "--....--")


def test_events_and_their_logs(terminal, device):
    device.cmd("swcxl-cci", opcode=0x0301, payload=(1700000000 * SECOND).to_bytes(8, "little").hex())
    device.plant(0x1000)
    device.cmd("swcxl-clock-step", nanoseconds=SECOND)
    device.plant(0x2000, source="external")
    screen = watch(terminal, device)
    text = screen.shows(r"EVENT \(all logs\)", "0x1000", "0x2000")
    first, second = re.findall(r"^ \w+ +\d+  (\d\d:\d\d:\d\d)  (0x\w+) +media-ecc-error", text, re.M)
    assert (first, second) == (("22:13:21", "0x2000"), ("22:13:20", "0x1000"))
    screen.keys("l", "l")
    screen.shows(r"EVENT \(warning\)")
    assert "0x1000" not in screen.text()
    screen.keys("l")
    screen.shows(r"EVENT \(failure\)", "0x1000")
    screen.keys("l", "l")  # fatal; the device has no dynamic capacity
    screen.shows(r"EVENT \(all logs\)")


# --- keys

def test_zoom(terminal, device):
    device.plant(100 * MIB + 0x12340)
    screen = watch(terminal, device)
    screen.shows(r"^v 000006000000 \.{8}#")
    screen.keys("n")
    screen.shows(r"At 0x6400000: 1 poisoned, 1 listed$")
    screen.keys("+")
    screen.shows(r"^ 64 MiB of 256 MiB, a cell is 128 KiB\.  At 0x6400000: 1 poisoned")
    for _ in range(12):
        screen.keys("Enter", "n")
    screen.shows(r"^ 32 KiB of 256 MiB, a cell is 64 B\.  At 0x")
    for _ in range(2 * 20):  # in whichever part of the former cell it is: down to it
        if "At 0x6412340: 1 poisoned" in screen.text():
            break
        screen.keys("-", "n", "+")
    screen.keys("-")
    screen.shows(r"^ 128 KiB of 256 MiB, a cell is 256 B")
    screen.keys("0")
    screen.shows(r"^ All of 256 MiB")
    screen.keys("-")
    screen.shows(r"^ All of 256 MiB")


def test_arrows_take_the_window_along(terminal, device):
    screen = watch(terminal, device)
    screen.keys("Right", "Right", "Down")
    screen.shows(r"At 0x2100000: no poison")
    screen.keys("Up", "Left", "Up", "Left", "Left")  # the last ones lead nowhere
    screen.shows(r"At 0x0: no poison")
    screen.keys("+")
    screen.shows(r"^ 64 MiB of 256 MiB", r"^v 000000000000")
    screen.keys(*["Down"] * 8)
    screen.shows(r"^v 000000800000", r"^v 000004000000", r"At 0x4000000")
    screen.keys(*["Down"] * 100)
    screen.shows(r"At 0xf800000")
    screen.keys(*["Up"] * 100)
    screen.shows(r"^v 000000000000", r"At 0x0")


def test_pause(terminal, device):
    screen = watch(terminal, device)
    screen.keys("Space")
    screen.shows("PAUSED")
    device.plant(0, 6400)
    device.cmd("swcxl-clock-step", nanoseconds=60 * SECOND)
    subprocess.run(["sleep", "0.5"], check=True)
    assert "0 lines in 0 ranges" in screen.shows("PAUSED")
    assert screen.map()[0] == "." * 64
    screen.keys("Space")
    screen.shows("100 lines in 1 ranges", "up 0:01:00")
    assert "PAUSED" not in screen.text()


def test_help_is_ended_by_any_key(terminal, device):
    screen = watch(terminal, device)
    screen.keys("?")
    screen.shows("a closer look at where the cursor is", "the end")
    screen.keys("q")  # ends the help alone
    screen.shows(r"^v 000006000000 \.{64}")
    assert "closer look" not in screen.text()


# --- sizes

@pytest.mark.parametrize("columns, lines, cells", [(80, 24, 64), (160, 50, 128), (47, 14, 32), (300, 70, 256),
                                                   (40, 10, 16)])
def test_it_fits(terminal, device, columns, lines, cells):
    screen = watch(terminal, device, columns=columns, lines=lines)
    rows = screen.map()
    assert {len(row) for row in rows.values()} == {cells}
    text = screen.text()
    assert len(text.splitlines()) == lines and text.splitlines()[-1].startswith(" q quit")
    assert max(map(len, text.splitlines())) <= columns


def test_resize(terminal, device):
    device.plant(64 * MIB)
    screen = watch(terminal, device)
    screen.resize(160, 50)
    screen.shows(r"^v 000000000000 .{128}$", r"^ q quit")
    wait_until("the error again", lambda: "".join(screen.map().values()).count("#") == 1)
    screen.resize(30, 6)
    screen.shows("Too small: 40 x 10 at least")
    screen.resize(80, 24)
    screen.map_shows(64 * MIB, "#...")
    screen.shows(r"^ q quit")


# --- beginning and end

def restored(screen, folder):
    """The screen is the shell's again, with its cursor, its echo and its lines."""
    text = screen.shows(r"^AFTER \d+$")
    assert text.splitlines()[0] == "BEFORE" and "swcxl-top  dut" not in text
    assert screen.tmux("display", "-p", "#{alternate_on} #{cursor_flag}").split() == ["0", "1"]
    wait_until("stty", lambda: (folder / "after").exists() and (folder / "after").read_text())
    assert (folder / "after").read_text() == (folder / "before").read_text()
    return int(re.search(r"^AFTER (\d+)$", text, re.M).group(1))


def test_quit_restores_the_screen(terminal, device, tmp_path):
    screen = watch(terminal, device)
    assert screen.tmux("display", "-p", "#{alternate_on} #{cursor_flag}").split() == ["1", "0"]
    screen.keys("q")
    assert restored(screen, tmp_path) == 0


def pid_of(device):
    out = subprocess.run(["pgrep", "-f", f"{SWCXLTOP}.*{device.qmp_path}"], check=True,
                         stdout=subprocess.PIPE, universal_newlines=True).stdout
    for pid in map(int, out.split()):
        if os.readlink(f"/proc/{pid}/exe") == os.path.realpath(SWCXLTOP):
            return pid
    raise AssertionError("it does not run")


@pytest.mark.parametrize("number", [1, 3, 15])
def test_signals_restore_the_screen(terminal, device, tmp_path, number):
    screen = watch(terminal, device)
    os.kill(pid_of(device), number)
    assert restored(screen, tmp_path) == 128 + number


def test_interrupt_from_the_keyboard(terminal, device, tmp_path):
    screen = watch(terminal, device)
    screen.keys("C-c")
    # The shell in between gets it as well and may end of it; what is asked for is the screen.
    wait_until("the shell's screen", lambda: "swcxl-top  dut" not in (screen_or_nothing(screen)))


def screen_or_nothing(screen):
    try:
        return screen.text()
    except subprocess.CalledProcessError:
        return ""


def test_device_that_goes_and_comes_back(terminal, tmp_path):
    path = str(tmp_path / "qmp")
    screen = terminal("--qmp", path)
    screen.shows("^ Cannot connect", "Trying again until it is there")
    assert f"Cannot connect to {path}: nothing is there. Start a device there: 'swcxl --volatile " \
        f"256M --qmp {path} &'" in " ".join(screen.text().split())
    with Daemon("--volatile", "256M", "--name", "one", "--qmp", path, vfio=False) as device, \
            device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=0, length=64)
        screen.shows("swcxl-top  one", r"^v 000000000000 #")
        assert "Trying again" not in screen.text()
        wait_until("all of the map", lambda: len("".join(screen.map().values())) == 512)
    screen.shows("Cannot connect|closed the connection", "This is how it was then. Trying again.",
                 "swcxl-top  one", r"^v 000000000000 #\.{63}$")
    screen.resize(80, 50)  # nobody is there to ask what lies in smaller cells
    screen.shows(r"^v 000000000000$", "Trying again")
    with Daemon("--volatile", "512M", "--name", "two", "--qmp", path, vfio=False):
        screen.shows("swcxl-top  two", r"^ All of 512 MiB", r"^v 000000000000 \.")
        assert "Trying again" not in screen.text()


def test_colours_unless_they_are_not_wanted(terminal, device, tmp_path):
    device.plant(0, 64, permanent=True)
    screen = watch(terminal, device, env=["NO_COLOR="])
    screen.map_shows(0, "X")
    assert re.search(r"\033\[[0-9;]*31m", screen.text("-e"))
    (tmp_path / "plain").mkdir()
    plain = Terminal(tmp_path / "plain", "--qmp", device.qmp_path, env=["NO_COLOR=1"])
    try:
        plain.map_shows(0, "X")
        assert not re.search(r"\033\[[0-9;]*3[1-7]m", plain.text("-e"))
    finally:
        plain.end()


def run(*args, **env):
    return subprocess.run([SWCXLTOP, *args], env={**os.environ, "SWCXL_QMP": "", **env},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True)


@pytest.mark.parametrize("args, text", [
    ([], "Say which device: --qmp SOCK (or set SWCXL_QMP)"),
    (["--qmp", "/nowhere"], "This needs a terminal. 'swcxlctl status' and 'swcxlctl map' print"),
    (["--qmp"], "--qmp needs an argument. See 'swcxl-top --help'"),
    (["--frobnicate"], "--frobnicate is no option. See 'swcxl-top --help'"),
    (["status"], "'status' is no option: arguments there are none"),
    (["--interval", "soon", "--qmp", "x"], "--interval needs a number of seconds, 0.05 to 3600, and 'soon'"),
    (["--interval", "0", "--qmp", "x"], "--interval needs a number"),
    (["--interval", "nan", "--qmp", "x"], "--interval needs a number"),
])
def test_usage(args, text):
    result = run(*args)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith("swcxl-top: " + text) and result.stderr.count("\n") == 1


def test_unknown_terminal(terminal, tmp_path):
    screen = terminal("--qmp", "/nowhere", env=["TERM=frobnicator"])
    screen.shows(r"^swcxl-top: The terminal 'frobnicator' is not known here", r"^AFTER 2$")


def test_help_and_version():
    result = run("--help")
    assert result.returncode == 0 and result.stdout.startswith("Usage: swcxl-top [--qmp SOCK]")
    assert re.fullmatch(r"swcxl-top \d+\.\d+\.\d+\n", run("--version").stdout)


def test_manual():
    with open(os.path.join(TOP, "man", "swcxl-top.1")) as file:
        text = file.read()
    options = set(re.findall(r"^  --([a-z]+)", run("--help").stdout, re.M))
    assert set(re.findall(r"Fl -([a-z]+)", text)) == options
    with open(os.path.join(TOP, "src", "top", "draw.c")) as file:
        keys = re.search(r'#define KEYS "(.*)"', file.read()).group(1)
    for key in ("q", "?", "arrows", "+", "-", "0", "n", "l", "space"):
        assert key in keys.split()
        name = key if key.isalpha() and len(key) > 1 else re.escape(key)
        assert re.search(rf"^\.It (Cm )?(\\&)?{name}\b|^\.It (Cm )?(\\&)?{name}( |$)", text,
                         re.M | re.I), key
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "style", os.path.join(TOP, "man", "swcxl-top.1")],
                          stdout=subprocess.PIPE, universal_newlines=True).stdout
    assert [line for line in lint.splitlines() if "referenced manual not found" not in line] == []
