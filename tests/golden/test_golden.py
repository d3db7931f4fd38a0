# SPDX-License-Identifier: MIT
"""Transcripts of the command interface: what the specification says that a device answers.

Each file of this directory is named for a command, and is read line by line:

    # text                       a comment: the rule or section that what follows shows
    ! --poison-list-max 4        begins a scene: a fresh device with these options, in addition to
                                 DEFAULTS below
    > 4300  00*8  04 00*7        a request: opcode (hex), payload
    < 0000  00*10  01 00 ..      the reply to it: return code (hex), payload
    @ clock-step 500             something else happens, or is so: see class Steps

Payloads are bytes in hex; "00*20" is 20 of them (decimal), ".." is one that is not compared, text
in quotes is its characters, and a line that begins with a blank goes on with the one before. Runs
of blanks group fields as the specification's tables do. No reply means that any will do.

Every scene runs on each channel: the control socket, the primary mailbox with its payload as
messages and as mapped memory; and on the secondary mailbox when that serves all that the scene
asks. Where the specification makes channels differ, a line may be for one of them alone:
">control", "<mailbox" (either one), "@primary", "<secondary"; such a reply is preferred to one
for all.

Expectations are computed by hand from the specification. When one fails, first suppose that the
device is wrong.
"""

import os
import re
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TREE, "tests", "lib"))

from daemon import Daemon, QmpError  # noqa: E402
from tables import command_rows  # noqa: E402
from vfio_user import Client, Mailbox  # noqa: E402

DEFAULTS = ["--volatile 256M", "--persistent 256M", "--clock virtual", "--serial 1122334455667788"]
CHANNELS = ["control", "trapped", "mapped", "secondary"]
# Names in a line, and the channels that they mean.
MEANT = {"": CHANNELS, "control": ["control"], "primary": ["trapped", "mapped"],
         "mailbox": CHANNELS[1:], "secondary": ["secondary"]}


def return_codes():
    """include/swcxl/rc.tbl.h: {identifier: code}"""
    with open(os.path.join(TREE, "include", "swcxl", "rc.tbl.h")) as file:
        return {name: int(code, 16)
                for code, name in re.findall(r"^RC\((0x\w+),\s*(\w+),", file.read(), re.M)}


ROWS = command_rows()
RC = return_codes()


def possible_codes(opcode):
    """The return codes that a row says its command can give: its own, and those of the checks
    that the dispatcher makes for it."""
    rest = ROWS[opcode][1]
    names = set(re.findall(r"CAN\((\w+)\)", rest)) | {"INVALID_PAYLOAD_LENGTH"}
    names.add("BACKGROUND_STARTED" if "EFF_BACKGROUND" in rest else "SUCCESS")
    if re.search("NEEDS_LSA|NEEDS_PARTITIONABLE|NEEDS_DC", rest):
        names.add("UNSUPPORTED")
    if "ON_SECONDARY" not in rest or "OFF_MAILBOX" in rest:
        names.add("UNSUPPORTED_MAILBOX")
    if re.search("EFF_BACKGROUND|SCAN_RULES", rest):
        names.add("BUSY")
    if "NEEDS_MEDIA" in rest:
        names |= {"RETRY_REQUIRED", "INTERNAL_ERROR"}
        if "DISABLED_TOO" not in rest:
            names.add("MEDIA_DISABLED")
    if re.search("NEEDS_UNLOCKED|NOT_FROZEN", rest):
        names.add("INVALID_SECURITY_STATE")
    return {RC[name] for name in names}


# ---- reading -------------------------------------------------------------------------------------


class Line:
    """A line of a transcript, with its continuations."""

    def __init__(self, number, text, comment):
        self.number, self.kind, self.comment = number, text[0], comment
        self.only, _, self.rest = text[1:].partition(" ")
        assert self.only in MEANT, f"line {number}: no channel is called {self.only!r}"

    def meant_for(self, channel):
        return channel in MEANT[self.only]

    @property
    def code(self):
        return int(self.rest.split()[0], 16)

    @property
    def bytes(self):
        return parse_bytes(without_text(self.rest).split()[1:])


def without_text(line):
    """Text in quotes as bytes."""
    return re.sub('"([^"]*)"', lambda text: text[1].encode().hex(" "), line)


def parse_bytes(words):
    """[byte or None for one that is not compared]"""
    found = []
    for word in words:
        byte, _, times = word.partition("*")
        assert re.fullmatch(r"[0-9a-f]{2}|\.\.", byte), f"{word!r} is no byte"
        found += [None if byte == ".." else int(byte, 16)] * int(times or "1")
    return found


class Scene:
    """A device and what happens to it."""

    def __init__(self, name, number, options):
        self.name, self.number, self.options, self.lines = name, number, options.split(), []

    def serves(self, channel):
        """Does the scene run on a channel?"""
        requests = [line for line in self.lines if line.kind == ">" and line.meant_for(channel)]
        if channel == "secondary":
            return requests and all("ON_SECONDARY" in ROWS.get(line.code, ("", "ON_SECONDARY"))[1] or line.only
                                    for line in requests)
        return bool(requests)

    def __repr__(self):
        return f"{self.name}:{self.number}"


def read(name):
    """The scenes of a file."""
    scenes, comment, logical = [], "", []
    with open(os.path.join(HERE, name)) as file:
        for number, text in enumerate(file.read().split("\n"), 1):
            if text[:1] == " ":
                logical[-1][1] += " " + text.strip()
            elif text:
                logical.append([number, text])
    for number, text in logical:
        if text[0] == "#":
            comment = text[1:].strip()
        elif text[0] == "!":
            scenes.append(Scene(name, number, text[1:]))
        else:
            assert text[0] in "<>@", f"{name}:{number}: {text!r}"
            scenes[-1].lines.append(Line(number, text, comment))
    return scenes


FILES = sorted(name for name in os.listdir(HERE) if re.match(r"[0-9a-f]{4}-.*\.txt$", name))
SCENES = [scene for name in FILES for scene in read(name)]


# ---- playing -------------------------------------------------------------------------------------


def number(word):
    return int(word, 0)


def parse_extents(text):
    """[offset+length,..], bytes; offset+length*times/stride is so many of them."""
    found = []
    for extent in re.findall(r"[^\[\],]+", text):
        start, _, times = extent.partition("*")
        offset, length = map(number, start.split("+"))
        times, stride = map(number, times.split("/")) if times else (1, 0)
        found += [{"offset": offset + i * stride, "len": length} for i in range(times)]
    return found


class Steps:
    """What the lines with "@" do, over a control connection of their own."""

    def __init__(self, player, qmp):
        self.player, self.qmp = player, qmp

    def arguments(self, words):
        """name=value: numbers, true and false, names, [names,of,bits]; and extents."""
        found = {}
        for word in words:
            name, value = word.split("=")
            if name == "extents":
                found[name] = parse_extents(value)
                continue
            if value in ("true", "false"):
                found[name] = value == "true"
            else:
                found[name] = number(value) if re.match(r"-?\d", value) else value
            if value.startswith("["):
                found[name] = [word for word in value[1:-1].split(",") if word]
        return found

    def clock_step(self, *words):
        """clock-step NANOSECONDS"""
        self.qmp.cmd("swcxl-clock-step", nanoseconds=number(words[0]))

    def plant(self, *words):
        """plant start=.. length=.. source=.. known=.. permanent=..   (a line, internal)"""
        self.qmp.cmd("swcxl-plant-poison", **{"length": 64, **self.arguments(words)})

    def inject(self, *words):
        """inject start=.. length=..   QEMU's cxl-inject-poison"""
        self.qmp.cmd("cxl-inject-poison", path="mem0", **{"length": 64, **self.arguments(words)})

    def dc_add(self, *words):
        """dc-add selection-policy=.. region=.. tag=.. extents=[..]   QEMU's
        cxl-add-dynamic-capacity; a last word "= error" when it is refused"""
        self.dc("cxl-add-dynamic-capacity", words, {"selection-policy": "prescriptive"})

    def dc_release(self, *words):
        """dc-release removal-policy=.. forced-removal=.. sanitize-on-release=.. and as above"""
        self.dc("cxl-release-dynamic-capacity", words, {"removal-policy": "prescriptive"})

    def dc_reference(self, *words):
        """dc-reference add|remove tag=..   a fabric manager's reference"""
        self.qmp.cmd(f"swcxl-{words[0]}-dc-reference", **self.arguments(words[1:]))

    def dc(self, command, words, defaults):
        refused = words[-2:] == ("=", "error")
        arguments = self.arguments(words[:-2] if refused else words)
        try:
            self.qmp.cmd(command, path="mem0", **{"host-id": 0, "region": 0, "extents": [],
                                                  **defaults, **arguments})
        except QmpError:
            assert refused, "it is refused"
            return
        assert not refused, "it is not refused"

    def extents(self, *words):
        """extents accepted|pending|held offset+length..   all that the management side sees in
        that state, from the beginning of the first region on"""
        device = self.qmp.cmd("swcxl-query-device")["dynamic-capacity"]
        first = device["regions"][0]["start"]
        expected = [tuple(map(number, word.split("+"))) for word in words[1:]]
        got = [(row["start"] - first, row["length"]) for row in device[words[0]]]
        assert got == expected, f"{words[0]}: {got}"

    def event(self, *words):
        """event log=.. count=..   records of the memory module type enter a log"""
        self.qmp.cmd("swcxl-inject-event", type="memory-module", **self.arguments(words))

    def fault(self, *words):
        """fault fault=KIND opcode=.. value=.. count=.."""
        self.qmp.cmd("swcxl-fault", **self.arguments(words))

    def clear_faults(self):
        """clear-faults"""
        self.qmp.cmd("swcxl-clear-faults")

    def device(self, *words):
        """device media.status=ready ..   what swcxl-query-device says, by a path of its keys"""
        device = self.qmp.cmd("swcxl-query-device")
        for path, expected in self.arguments(words).items():
            got = device
            for key in path.split("."):
                got = got[key]
            assert got == expected, f"{path} is {got}"

    def health(self, *words):
        """health NAME=VALUE..   swcxl-set-health"""
        self.qmp.cmd("swcxl-set-health", **self.arguments(words))

    def reset(self, *words):
        """reset conventional|cxl|cold"""
        self.qmp.cmd("swcxl-reset", type=words[0])

    def write(self, *words):
        """write START bytes   a host's write"""
        data = bytes(parse_bytes(words[1:]))
        self.qmp.cmd("swcxl-write-media", start=number(words[0]), data=data.hex())

    def read(self, *words):
        """read START bytes   a host's read, and what it gets"""
        expected = bytes(parse_bytes(words[1:]))
        got = self.qmp.cmd("swcxl-read-media", start=number(words[0]), length=len(expected))
        assert got["data"] == expected.hex()

    def poison(self, *words):
        """poison start=.. length=.. source=.. known=.. listed=.. permanent=..   a row of the
        media's truth, which begins there; poison none: there is not a row"""
        rows = self.qmp.cmd("swcxl-query-poison")
        if words == ("none",):
            assert rows == []
            return
        expected = self.arguments(words)
        row = [row for row in rows if row["start"] == expected["start"]]
        assert row, f"no row begins there: {rows}"
        assert {key: row[0][key] for key in expected} == expected

    def cci(self, *words):
        """cci OPCODE bytes = RC bytes   a command on another channel"""
        at = words.index("=")
        payload = bytes(parse_bytes(words[1:at]))
        reply = self.qmp.cmd("swcxl-cci", opcode=int(words[0], 16), payload=payload.hex())
        assert reply["return-code"] == int(words[at + 1], 16), f"return code {reply}"
        compare(bytes.fromhex(reply["payload"]), parse_bytes(words[at + 2:]))

    def background(self, *words):
        """background OPCODE running|ended PERCENT RC   as the channel itself shows it: by its
        registers, or by 0002h"""
        running, opcode, percent, rc = self.player.background()
        got = f"{opcode:04x} {'running' if running else 'ended'} {percent} {rc:04x}"
        assert got == " ".join(words)


def compare(got, expected):
    """Bytes that came against those expected; a difference is shown with what is around it."""
    def show(values, at):
        return " ".join(".." if value is None else f"{value:02x}" for value in values[at:at + 16])

    for at in range(max(len(got), len(expected))):
        if at >= len(got) or at >= len(expected) or expected[at] not in (got[at], None):
            row = at & ~15
            raise AssertionError(f"{len(got)} bytes, expected {len(expected)}; first difference at "
                                 f"{at:#x}; from {row:#x} on\n      got {show(list(got), row)}\n"
                                 f" expected {show(expected, row)}")


class Player:
    """Plays a scene on a channel."""

    def __init__(self, scene, channel):
        self.scene, self.channel = scene, channel
        named = {option for option in scene.options if option.startswith("--")}
        options = scene.options + [word for pair in DEFAULTS if pair.split()[0] not in named
                                   for word in pair.split()]
        self.device = Daemon(*options, vfio=channel != "control")

    def play(self):
        with self.device as device, device.qmp() as qmp:
            self.qmp = self.mailbox = None
            if self.channel == "control":
                with device.qmp() as self.qmp:
                    self.lines(qmp)
            else:
                with Client(device.socket) as client:
                    self.mailbox = Mailbox(client, self.channel == "secondary",
                                           self.channel == "mapped")
                    self.lines(qmp)

    def command(self, opcode, payload):
        if self.qmp:
            reply = self.qmp.cmd("swcxl-cci", opcode=opcode, payload=payload.hex())
            return reply["return-code"], bytes.fromhex(reply["payload"])
        return self.mailbox.command(opcode, payload)

    def background(self):
        if self.mailbox:
            return self.mailbox.background()
        rc, out = self.command(0x0002, b"")
        assert rc == 0
        return bool(out[0] & 1), out[2] | out[3] << 8, out[0] >> 1, out[4] | out[5] << 8

    def lines(self, qmp):
        steps, lines, i = Steps(self, qmp), self.scene.lines, 0
        while i < len(lines):
            line = lines[i]
            i += 1
            replies = []
            while line.kind == ">" and i < len(lines) and lines[i].kind == "<":
                replies.append(lines[i])
                i += 1
            if not line.meant_for(self.channel):
                continue
            try:
                self.line(line, replies, steps)
                continue
            except (AssertionError, QmpError) as error:
                wrong = f"{self.scene.name}:{line.number} on {self.channel}: " \
                        f"{line.kind} {line.rest}\n# {line.comment}\n{error}"
            pytest.fail(wrong, pytrace=False)

    def line(self, line, replies, steps):
        if line.kind == "@":
            words = line.rest.split()
            getattr(steps, words[0].replace("-", "_"))(*words[1:])
            return
        assert line.kind == ">", "a reply without a request"
        rc, out = self.command(line.code, bytes(line.bytes))
        mine = [reply for reply in replies if reply.meant_for(self.channel)]
        if not mine:
            assert not replies, "replies, but none for this channel"
            return
        reply = max(mine, key=lambda reply: -len(MEANT[reply.only]))
        assert f"{rc:04x}" == f"{reply.code:04x}", f"return code {rc:04x}, not {reply.code:04x}"
        compare(out, reply.bytes)


@pytest.mark.parametrize("scene, channel", [
    pytest.param(scene, channel, id=f"{scene}-{channel}")
    for scene in SCENES for channel in CHANNELS if scene.serves(channel)])
def test_transcript(scene, channel):
    Player(scene, channel).play()


# ---- completeness --------------------------------------------------------------------------------


# What a command never answers though its row says so, and why.
# There is no protocol to send to; the first answer of a channel that finds no memory.
NEVER = {0x4600: {RC["SUCCESS"]}, **dict.fromkeys((0x4802, 0x4803), {RC["INTERNAL_ERROR"]})}


@pytest.mark.parametrize("opcode", ROWS, ids=lambda opcode: f"{opcode:04x}")
def test_command_has_a_transcript(opcode):
    """A file of its own, in which it is asked, and gives every code that its row says it can."""
    name = f"{opcode:04x}-{ROWS[opcode][0].replace('_', '-')}.txt"
    assert name in FILES, f"tests/golden/{name} is missing"
    lines = [line for scene in SCENES if scene.name == name for line in scene.lines]
    assert any(line.kind == ">" and line.code == opcode for line in lines)
    codes = {line.code for line in lines if line.kind == "<"}
    codes |= {int(line.rest.split()[-1], 16) for line in lines
              if line.kind == "@" and line.rest.startswith(f"background {opcode:04x} ended")}
    missing = possible_codes(opcode) - codes - NEVER.get(opcode, set())
    assert not missing, f"{name} shows no {' '.join(f'{code:04x}' for code in sorted(missing))}"


def test_every_transcript_belongs_to_a_command():
    names = {f"{opcode:04x}-{name.replace('_', '-')}.txt" for opcode, (name, _) in ROWS.items()}
    assert {name for name in FILES if name not in names} <= {"ffff-unsupported.txt"}


# Rules that no test of this tree can be about, and why.
EXEMPT = {
    "C-4": "there is no extended metadata",
    "S-5": "advice to hosts",
    "DC-7": "the device has one host",
    "R-1": "about the source's form", "R-3": "about the source's form",
    "R-7": "about a comment", "R-9": "about the source's form", "R-10": "about the source's form",
    "R-12": "about comments",
}


def rule_ids():
    """docs/RULES.md: a table's rows that begin with an identifier."""
    with open(os.path.join(TREE, "docs", "RULES.md")) as file:
        return re.findall(r"^\| ([A-Z]{1,2}-\d+) \|", file.read(), re.M)


def cited_rules():
    """Every rule that a file under tests/ names."""
    found = set()
    for folder, _, names in os.walk(os.path.join(TREE, "tests")):
        for name in names:
            path = os.path.join(folder, name)
            if not name.endswith((".py", ".c", ".h", ".txt")) or os.path.samefile(path, __file__):
                continue
            with open(path, errors="replace") as file:
                found |= set(re.findall(r"\b[A-Z]{1,2}-\d+\b", file.read()))
    return found


def test_every_rule_has_a_test():
    """A test that shows a rule names it."""
    rules, cited = rule_ids(), cited_rules()
    assert len(rules) > 100 and len(set(rules)) == len(rules)
    missing = [rule for rule in rules if rule not in cited and rule not in EXEMPT]
    assert not missing, f"no test names {' '.join(missing)}"


def test_exemptions_are_needed():
    rules, cited = rule_ids(), cited_rules()
    needless = [rule for rule in EXEMPT if rule in cited or rule not in rules]
    assert not needless, f"no longer exempt: {' '.join(needless)}"
