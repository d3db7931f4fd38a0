# SPDX-License-Identifier: MIT
"""A device that answers what no device does, over its control socket: an end with a status, and
nothing that a terminal would obey. (tests/fuzz/fuzz_ctl.c looks for more of it.)"""

import json
import os
import socket
import threading

import pytest

from ctl import DONE, NO_CONNECTION, Ctl
from daemon import Daemon

EVIL = "\x1b[2J\x07\x7f\x9b2J"


class Liar:
    """Between swcxlctl and a device: what a command returns becomes lie(its name, what it was)."""

    def __init__(self, device, path):
        self.device, self.path, self.lie = device, path, lambda command, value: value
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client = self.listener.accept()[0]
            with client, client.makefile("rw", newline="\n") as stream, \
                    socket.socket(socket.AF_UNIX) as peer:
                peer.connect(self.device.qmp_path)
                with peer.makefile("rw", newline="\n") as truth:
                    self.talk(stream, truth)

    def talk(self, stream, truth):
        stream.write(truth.readline())
        stream.flush()
        for line in stream:
            truth.write(line)
            truth.flush()
            answer = json.loads(truth.readline())
            while "event" in answer:
                answer = json.loads(truth.readline())
            if "return" in answer:
                answer = {"return": self.lie(json.loads(line)["execute"], answer["return"])}
            stream.write(json.dumps(answer) + "\n")
            stream.flush()


@pytest.fixture
def liar(tmp_path):
    device = Daemon("--volatile", "256M", "--dc-regions", "2", "--name", "mem0", "--trace",
                    str(tmp_path / "trace"), vfio=False)
    yield Liar(device, os.path.join(tmp_path, "liar"))
    device.stop()


def replace(wanted, *path):
    """A lie about one command: what stands at the path is a value, at its end."""
    *keys, value = path

    def lie(command, truth):
        if command != wanted:
            return truth
        if not keys:
            return value
        place = truth
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        return truth
    return lie


@pytest.mark.parametrize("words, command", [
    (["fault"], "swcxl-query-faults"),
    (["poison", "list", "--media"], "swcxl-query-poison"),
    (["map"], "swcxl-query-poison"),
    (["status"], "swcxl-query-device"),
    (["status"], "swcxl-cci"),
    (["reset"], "swcxl-reset"),
    (["state", "export"], "swcxl-export-state"),
    (["state", "diff", "live", "live"], "swcxl-export-state"),
    (["dc", "add", "256M"], "swcxl-query-device"),
    (["trace"], "swcxl-query-device"),
])
@pytest.mark.parametrize("value", [None, 1, "text", [{}], {"a": 1}])
def test_answer_of_another_type(liar, words, command, value):
    takes = dict if command not in ("swcxl-query-faults", "swcxl-query-poison") else list
    liar.lie = replace(command, value)
    result = Ctl("--qmp", liar.path).run(*words)
    assert 0 <= result.status <= 3, result
    if not isinstance(value, takes):
        assert result.status == NO_CONNECTION and f"returns what {command} does not" in result.err, result


@pytest.mark.parametrize("value", [None, 1, "text", {}, [], [None, 1, [], {}]])
def test_member_of_another_type(liar, value):
    ctl = Ctl("--qmp", liar.path)
    for member in ("name", "security", "media", "poison-list", "logs", "dynamic-capacity", "background", "scan"):
        liar.lie = replace("swcxl-query-device", member, value)
        for words in (["status"], ["dc", "config"], ["dc", "respond"], ["dc", "reclaim", "--tag", "00" * 16]):
            assert 0 <= ctl.run(*words).status <= 3, (member, words)
    for member in ("regions", "pending", "accepted"):
        liar.lie = replace("swcxl-query-device", "dynamic-capacity", member, value)
        for words in (["dc", "config"], ["dc", "add", "256M"], ["dc", "reclaim", "--tag", "00" * 16]):
            assert 0 <= ctl.run(*words).status <= 3, (member, words)
    liar.lie = replace("swcxl-query-device", "dynamic-capacity", "regions", 0, "flags", value)
    assert ctl.run("dc", "config").status == DONE


def test_state_without_records(liar):
    for value in (None, {}, "text"):
        liar.lie = replace("swcxl-export-state", "records", value)
        Ctl("--qmp", liar.path).fails(NO_CONNECTION, "a state without a list of records", "state", "export")


@pytest.mark.parametrize("words, lie", [
    (["status"], replace("swcxl-query-device", "name", EVIL)),
    (["status"], replace("swcxl-query-device", "serial", EVIL)),
    (["status"], replace("swcxl-query-device", "cxl-revision", EVIL)),
    (["status"], replace("swcxl-query-device", "media", "status", EVIL)),
    (["status"], replace("swcxl-query-device", "security", {EVIL: True})),
    (["status", "--json"], replace("swcxl-query-device", "name", EVIL)),
    (["dc", "config"], replace("swcxl-query-device", "dynamic-capacity", "regions", 0, "flags", [EVIL])),
    (["dc", "config", "--json"],
     replace("swcxl-query-device", "dynamic-capacity", "regions", 0, "flags", [EVIL])),
    (["fault"], replace("swcxl-query-faults", [{"fault": EVIL}])),
    (["trace"], replace("swcxl-query-device", "trace", EVIL)),
    (["trace", "--json"], replace("swcxl-query-device", "trace", EVIL)),
    (["state", "export"], replace("swcxl-export-state", "device", EVIL)),
    (["state", "export"], replace("swcxl-export-state", "records", 0, {EVIL: EVIL})),
])
def test_nothing_reaches_a_terminal_as_its_control(liar, words, lie):
    liar.lie = lie
    result = Ctl("--qmp", liar.path).run(*words)
    text = result.out + result.err
    assert "2J" in text
    assert all(c == "\n" or (c >= " " and not "\x7f" <= c < "\xa0") for c in text), result
    if "--json" in words or words == ["state", "export"]:
        assert EVIL in str(json.loads(result.out)) or "2J" in json.dumps(json.loads(result.out))


def test_list_that_does_not_go_on_ends(liar):
    rows = [{"start": 0, "length": 0}] * 65536
    liar.lie = replace("swcxl-query-poison", rows)
    assert "65536 rows" in Ctl("--qmp", liar.path).ok("poison", "list", "--media", "--limit", "1")
