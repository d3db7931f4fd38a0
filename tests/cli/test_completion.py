# SPDX-License-Identifier: MIT
"""Completion: what the programs offer, and that bash and zsh, with somebody at the keyboard, take it."""

import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import time

import pytest
from ctl import SWCXLCTL, TOP

sys.path.insert(0, os.path.join(TOP, "tests", "lib"))
from daemon import TIMEOUT, program  # noqa: E402


def table(*path):
    with open(os.path.join(TOP, "src", *path)) as file:
        return file.read()


COMMANDS = re.findall(r'^COMMAND\(\w+, "([^"]+)"', table("cli", "commands.tbl.h"), re.M)


def offered(name, *words):
    done = subprocess.run([name, "--complete", *words], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def words_of(*words):
    return {line.split("\t")[0] for line in offered(SWCXLCTL, *words)}


def enum(name):
    text = re.search(rf'^ENUM\(\w+, "{name}",(.*?)\)\)$', table("tbl", "qmp.tbl.h"), re.M | re.S)[1]
    return set(re.findall(r'VALUE\("([^"]+)"', text))


def test_every_command_is_offered_word_by_word():
    assert words_of("") == {command.split()[0] for command in COMMANDS}
    assert words_of("s") == {"status", "scan", "state"}
    for first in {command.split()[0] for command in COMMANDS if " " in command}:
        seconds = {command.split()[1] for command in COMMANDS if command.startswith(first + " ")}
        assert seconds <= words_of(first, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_offers_the_options_that_its_help_has(command):
    text = subprocess.run([SWCXLCTL, *command.split(), "--help"], capture_output=True, text=True).stdout
    own = set(re.findall(r"^  (--[a-z-]+)", text, re.M))
    assert words_of(*command.split(), "--") == own | {"--qmp", "--pci", "--json", "--help", "--version"}


def test_the_values_of_the_tables_are_offered():
    sources = enum("source")
    assert words_of("plant", "--source", "") == sources
    assert words_of("plant", "--source=") == {f"--source={source}" for source in sources}
    assert words_of("plant", "--source", "=", "i") == {"internal", "injected"}
    assert words_of("plant", "--source", "=") == sources
    assert words_of("events", "--log", "") == words_of("wait", "event", "--log", "") == enum("event-log")
    assert words_of("dc", "add", "--policy", "") == enum("extent-selection-policy")
    assert words_of("dc", "reclaim", "8M", "--policy", "") == enum("extent-removal-policy")
    assert words_of("fault", "") == enum("fault") | {"clear"}
    assert words_of("fault", "delay", "") == set()
    assert words_of("wait", "") == {"scan", "overflow", "event"}
    assert words_of("reset", "") == enum("reset")
    assert words_of("dc", "respond", "0+2M", "") == {"all", "none"}
    assert words_of("log", "") == set(re.findall(r'^LOG_UUID\(\w+, *"([^"]+)"', table("tbl", "uuids.tbl.h"), re.M))
    assert words_of("log", "vendor-debug", "") == {"clear", "populate"}
    assert words_of("--qmp", "") == {":sockets"}
    assert words_of("plant", "--from", "") == {":files"}
    assert words_of("plant", "0", "") == set()
    assert words_of("replay", "") == words_of("trace", "") == {":files"}
    for name, argument in re.findall(r'^OPTION\(\w+, *"([^"]+)", *"(FILE|SOCK)"', table("cli", "options.tbl.h"), re.M):
        assert words_of(f"--{name}", "") == {":files" if argument == "FILE" else ":sockets"}, name


def test_values_that_have_no_table_are_those_of_the_manual():
    health = re.search(r'^COMMAND\(set_health,(.*?)\)\)$', table("tbl", "qmp.tbl.h"), re.M | re.S)[1]
    assert words_of("health", "") == {name + "=" for name in re.findall(r'ARG_\w+\(\w+, "([^"]+)"', health)}
    with open(os.path.join(TOP, "src", "cli", "cmd_bench.c")) as file:
        tests = set(re.findall(r'^\t\{"([a-z-]+)",', file.read(), re.M))
    assert words_of("bench", "") == tests | {"all"}


def test_the_device_offers_its_options_and_their_words():
    rows = re.findall(r'^(?:DEVICE_OPTION|PROCESS_OPTION|ACTION)\("([^"]+)"', table("tbl", "options.tbl.h"), re.M)
    assert {line.split("\t")[0] for line in offered(program(), "--")} == {f"--{row}" for row in rows}
    assert offered(program(), "--strict", "--clo")[0].startswith("--clock\t")
    assert offered(program(), "--clock", "") == ["real", "virtual"]
    assert offered(program(), "--clock=v") == ["--clock=virtual"]
    assert offered(program(), "--estimate", "=", "on") == ["on"]
    assert offered(program(), "--state", "x") == [":files"]
    assert offered(program(), "--volatile", "") == []


# --- shells

START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             "PS1=\necho $BASH_VERSION >/dev/null; . {completions}/swcxl.bash\n"),
    "zsh": (["zsh", "-f", "-i"],
            "PS1= RPS1=; fpath=({completions} $fpath); autoload -U compinit; compinit -u -D\n"),
}
# In place of the programs: what they are asked to complete they complete, and what they are asked to do is kept.
STAND_IN = '#!/bin/sh\n[ "$1" = --complete ] && exec {program} "$@"\nprintf "%s\\n" "$@" >words.new; mv words.new words\n'


@pytest.fixture(params=sorted(START))
def keyboard(request, tmp_path):
    """keyboard(text) types a line and gives the words that the program then got."""
    argv, start = START[request.param]
    assert shutil.which(argv[0]), f"{argv[0]} is not installed"
    for name, path in (("swcxl", program()), ("swcxlctl", SWCXLCTL)):
        (tmp_path / name).write_text(STAND_IN.format(program=os.path.abspath(path)))
        (tmp_path / name).chmod(0o755)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.environ.update(PATH=f"{tmp_path}:/usr/bin:/bin", TERM="dumb", HOME=str(tmp_path))
        os.execvp(argv[0], argv)
    seen = b""

    def listen(seconds):
        nonlocal seen
        while select.select([terminal], [], [], seconds)[0]:
            seen += os.read(terminal, 65536)

    def wait_for(what, condition):
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            listen(0.05)
            assert time.monotonic() < deadline, f"{what}: {seen.decode(errors='replace')}"

    def keyboard(text):
        words = tmp_path / "words"
        words.unlink(missing_ok=True)
        *parts, last = text.split("\t")
        for part in parts:
            os.write(terminal, part.encode() + b"\t")
            listen(0.5)  # what a shell does with a TAB, it does before it takes more
        os.write(terminal, last.encode() + b"\n")
        wait_for(text, words.exists)
        return words.read_text().splitlines()

    ready = tmp_path / "ready"
    os.write(terminal, start.format(completions=os.path.join(TOP, "completions")).encode()
             + b"touch ready\n")
    wait_for("the shell is ready", ready.exists)
    yield keyboard
    os.close(terminal)
    os.waitpid(pid, 0)


def test_shells_complete(keyboard, tmp_path):
    assert keyboard("swcxlctl statu\t") == ["status"]
    assert keyboard("swcxlctl scan res\t--js\t") == ["scan", "results", "--json"]
    assert keyboard("swcxlctl plant 0 64 --so\tven\t--la\t") == \
        ["plant", "0", "64", "--source", "vendor", "--latent"]
    assert keyboard("swcxlctl plant 0 64 --source=ven\t") == ["plant", "0", "64", "--source=vendor"]
    assert keyboard("swcxlctl health temp\t300") == ["health", "temperature=300"]
    assert keyboard("swcxl --clo\tvirt\t") == ["--clock", "virtual"]
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "device.sock"))
        assert keyboard("swcxlctl --qmp dev\tmap") == ["--qmp", "device.sock", "map"]
    (tmp_path / "errors.txt").write_text("0 64\n")
    assert keyboard("swcxlctl plant --from err\t") == ["plant", "--from", "errors.txt"]
