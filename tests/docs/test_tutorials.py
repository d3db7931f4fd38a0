# SPDX-License-Identifier: MIT
"""The tutorials happen. docs/tutorials/README.md says how they are run."""

import asyncio
import json
import os
import re
import shlex
import subprocess

import pytest
import yaml

from daemon import TREE, Daemon
from markdown import TUTORIALS, blocks, tutorials
from qemu_line import expect_as_tested
from session import LIBSWCXL, Shell, steps

# Blocks that are run elsewhere: in a guest by tests/vm, which also gives QEMU its options.
ELSEWHERE = {("console", "guest"), ("console", "qemu"), ("text", "")}


@pytest.mark.parametrize("name", tutorials())
def test_tutorial(name):
    happened = 0
    with Shell() as shell:
        for language, word, text in blocks(os.path.join(TUTORIALS, name)):
            if (language, word) in ELSEWHERE:
                continue
            if language == "console" and word in ("", "host"):
                shell.session(text)
                happened += 1
            else:
                assert word, f"{name}: nobody runs a block of {language}"
                with open(os.path.join(shell.directory, word), "w") as file:
                    file.write(text)
    assert happened


def test_qemu_is_started_as_in_the_tests_of_guests():
    """By hand and by libvirt; `-nographic` and the disk are the reader's."""
    found = {(language, word): text for language, word, text in blocks(os.path.join(TUTORIALS, "2-qemu.md"))}
    ((command, _),) = steps(found["console", "qemu"])
    words = [word for word in shlex.split(command.replace("\\\n", " "))[1:] if word != "-nographic"]
    assert {"cpu", "machine"} <= {word[1:] for word in words[::2]}
    assert expect_as_tested(words) == "cxl.sock"
    arguments = re.findall(r"<qemu:arg value='(.*)'/>", found["xml", "domain.xml"])
    assert expect_as_tested(arguments) == "/run/swcxl/cxl.sock"


def test_there_are_all_of_them():
    assert [name[0] for name in tutorials()] == list("123456")
    with open(os.path.join(TUTORIALS, "README.md")) as file:
        assert re.findall(r"\]\((\d-\S+)\)", file.read()) == tutorials()


def test_the_program_that_embeds_is_short_and_plain_c():
    path = os.path.join(TREE, "examples", "embed.c")
    with open(path) as file:
        assert len(file.readlines()) <= 100
    for compiler, language in (("gcc", "c11"), ("clang", "c11")):
        subprocess.run([compiler, f"-std={language}", "-Wall", "-Wextra", "-pedantic", "-Werror",
                        "-fsyntax-only", "-I", os.path.join(TREE, "include"), path], check=True)
    # And the header is one of C++ as well.
    subprocess.run(["clang", "-x", "c++", "-std=c++11", "-Wall", "-Werror", "-fsyntax-only", "-I",
                    os.path.join(TREE, "include"), "-include", "swcxl/swcxl.h", "/dev/null"], check=True)
    assert os.path.exists(LIBSWCXL)


def test_the_jobs_of_ci_run_the_test():
    """Their scripts, but for those that fetch and build swcxl, which is what is tested here."""
    folder = os.path.join(TREE, "examples", "ci")
    with open(os.path.join(folder, "github.yml")) as file:
        steps = yaml.safe_load(file)["jobs"]["policy"]["steps"]
    with open(os.path.join(folder, "gitlab-ci.yml")) as file:
        gitlab = yaml.safe_load(file)["policy"]
    github = [step["run"] for step in steps if "run" in step]
    for scripts in (github, gitlab["before_script"] + gitlab["script"]):
        with Shell() as shell:
            for language, word, text in blocks(os.path.join(TUTORIALS, "3-ci.md")):
                if language == "sh":
                    path = os.path.join(shell.directory, word)
                    with open(path, "w") as file:
                        file.write(text)
                    os.chmod(path, 0o755)
            # Stand-ins for what needs the net or takes minutes.
            for name, action in (("apt-get", ":"), ("git", "mkdir swcxl"),
                                 ("make", "ln -s ../build swcxl/build")):
                path = os.path.join(shell.directory, "build", name)
                with open(path, "w") as file:
                    file.write(f"#!/bin/sh\n{action}\n")
                os.chmod(path, 0o755)
            shell.run("export GITHUB_PATH=$PWD/github-path SWCXL_GIT=https://example.org/swcxl")
            printed = "".join(shell.run(script) for script in scripts)
            assert "The policy holds." in printed
            shell.run("rm build/swcxl; test ! -e github-path || test -x $(cat github-path)/swcxlctl")


def test_the_conversation_of_qemu_qmp():
    """As the client of the QEMU project holds it: its order, its ids, its way of negotiating."""
    async def main(path):
        reader, writer = await asyncio.open_unix_connection(path, limit=1 << 20)
        events = []

        async def receive():
            return json.loads(await reader.readline())

        async def execute(number, command, arguments=None):
            request = {"execute": command, "id": f"__qmp#{number:05d}"}
            if arguments is not None:
                request["arguments"] = arguments
            writer.write(json.dumps(request).encode())
            await writer.drain()
            while True:
                message = await receive()
                if "event" not in message:
                    assert message["id"] == request["id"]
                    return message["return"]
                assert set(message["timestamp"]) == {"seconds", "microseconds"}
                events.append(message)

        greeting = (await receive())["QMP"]
        assert {"version", "capabilities"} <= set(greeting)
        enable = {"enable": ["oob"]} if "oob" in greeting["capabilities"] else {}
        assert await execute(0, "qmp_capabilities", enable) == {}
        assert await execute(1, "swcxl-plant-poison", {"start": 8192, "length": 64}) == {}
        (event,) = events
        assert (event["event"], event["data"]["log"]) == ("SWCXL_EVENT_RECORD", "failure")
        writer.close()
        await writer.wait_closed()

    with Daemon("--volatile", "256M", vfio=False) as device:
        asyncio.run(main(device.qmp_path))
