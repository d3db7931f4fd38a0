# SPDX-License-Identifier: MIT
"""What --json prints is what docs/json says, of every command in each of its forms. (All other tests
of swcxlctl hold the documents that they ask for against the same schema.)"""

import json
import os
import re
import subprocess

import json_schema
import pytest
from ctl import TOP, USAGE, Ctl
from fake_pci import Function, Model

with open(os.path.join(TOP, "src", "cli", "commands.tbl.h")) as file:
    COMMANDS = re.findall(r'^COMMAND\(\w+, "([^"]+)"', file.read(), re.M)


def test_every_command_has_a_schema():
    assert set(json_schema.COMMANDS) - {"failure"} == set(COMMANDS) - {"replay", "state diff"}


@pytest.mark.parametrize("words", ["replay x", "state diff x x"])
def test_some_have_no_document(words):
    Ctl().fails(USAGE, " has no --json", *words.split(), "--json")


def test_the_file_is_what_the_table_makes():
    made = subprocess.run([os.path.join(TOP, "tools", "json-schemas"), "--check"])
    assert made.returncode == 0, "run tools/json-schemas"


def test_a_key_that_is_not_in_the_schema_is_found():
    assert json_schema.check("inject", {"injected": 1})
    for document in ({"injected": 1, "new": 1}, {}, {"injected": "1"}, []):
        with pytest.raises(AssertionError, match="no document of this form"):
            json_schema.check("inject", document)
    with pytest.raises(AssertionError, match="no document of this form"):
        json_schema.check("poison list", {"rows": [{"start": 0}]})


def seen_forms(ctl):
    """Drives a device through everything; yields (command, form)."""
    def say(*args):
        command = json_schema.command_of(args)
        return command, json_schema.check(command, ctl.json(*args))

    yield say("status")
    yield say("plant", "--random", "300", "--latent")
    yield say("plant", "1M", "4K", "--source", "vendor", "--permanent")
    yield say("inject", "0x40")
    yield say("clear", "0x40")
    yield say("poison", "list")
    yield say("poison", "list", "--media")
    yield say("scan", "0", "1M")
    yield say("scan", "--no-wait")
    yield say("abort")
    yield say("wait", "scan")
    yield say("scan", "results")
    yield say("map")
    ctl.ok("plant", "0", "512M", "--random", "300", "--seed", "2")
    yield say("wait", "overflow", "--timeout", "20")
    yield say("wait", "event", "--timeout", "20")
    yield say("events")
    yield say("dc", "config")
    yield say("dc", "add", "8M", "--tag", "db1")
    yield say("dc", "respond")
    yield say("dc", "respond", "all")
    yield say("dc", "extents")
    yield say("dc", "reclaim", "--tag", "db1")
    yield say("dc", "release")
    yield say("dc", "release", "requested")
    yield say("log")
    yield say("log", "command-effects")
    yield say("log", "vendor-debug")
    yield say("log", "component-state-dump")
    yield say("log", "component-state-dump", "populate")
    yield say("cci", "4000")
    yield say("health")
    yield say("health", "life-used=90")
    yield say("fault", "return-code", "4300", "--value", "6")
    yield say("fault")
    yield say("fault", "clear")
    yield say("reset", "cxl")
    yield say("state", "export")
    yield say("status")


def first_followed(ctl):
    process = ctl.popen("events", "--follow", "--json")
    try:
        document = json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()
    return "events", json_schema.check("events", document)


def test_every_form_of_every_command(start, tmp_path):
    _, ctl = start("--persistent", "256M", "--dc-regions", "1", "--scan-ns-per-line", "10")
    seen = set(seen_forms(ctl))
    ctl.ok("plant", "2M", "64")
    seen.add(first_followed(ctl))
    _, virtual = start("--clock", "virtual", "--trace", str(tmp_path / "trace"))
    seen.add(("clock step", json_schema.check("clock step", virtual.json("clock", "step", "1s"))))
    virtual.ok("inject", 0)
    lines = virtual.ok("trace", str(tmp_path / "trace"), "--json").splitlines()
    seen |= {("trace", json_schema.check("trace", json.loads(line))) for line in lines}
    ctl.ok("state", "export", str(tmp_path / "state"))
    seen.add(("state import", json_schema.check("state import", ctl.json("state", "import", tmp_path / "state"))))
    seen.add(("bench", bench_form(tmp_path)))
    seen.add(("failure", json_schema.check("failure", ctl.run("inject", "1T", "--json").json)))
    wanted = {(command, form["description"]) for command in json_schema.COMMANDS
              for form in json_schema.forms(command)}
    assert seen == wanted


def bench_form(tmp_path):
    with Function(tmp_path, Model(), driver=None) as function:
        ctl = Ctl("--pci", function.BDF, SWCXL_SYSFS=str(tmp_path))
        return json_schema.check("bench", ctl.json("bench", "identify", "--count", "2"))


def test_the_manual_has_every_key():
    """The JSON section names, for each command, keys of its documents and no others, and all keys
    of all documents but those of the control protocol."""
    with open(os.path.join(TOP, "man", "swcxlctl.1")) as file:
        section = re.search(r"^\.Sh JSON$(.*?)^\.Sh ", file.read(), re.M | re.S).group(1)
    words = set()
    for line in re.findall(r"^\.Va (.*)$", section, re.M):
        words |= set(line.replace(",", " ").split()) - {";", ".", ":"}
    with open(os.path.join(TOP, "src", "cli", "json.tbl.h")) as file:
        rows = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    keys = set(re.findall(r'\b(?:MEMBER|MAYBE)\("([^"]+)"', rows))
    logs = {"informational", "warning", "failure", "fatal", "dynamic-capacity"}
    records = {"setting", "poison", "list", "overflow", "content", "data", "lsa", "extent", "added", "referenced",
               "sanitize", "sequence", "event", "shows", "record", "lost-events", "lost", "first-lost", "last-lost"}
    assert words - keys - records == {"dpa", "not-repairable", "descriptor", "memory-event-type",
                                      "transaction-type"} - keys
    assert keys - words - logs - {"programmable"} == set(), "not in the manual"
