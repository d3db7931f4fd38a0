# SPDX-License-Identifier: MIT
"""The Containerfile without a container engine: does in chroots what its lines say, starts what it would
start as the user it names, and asks that for its version over the control socket.
usage: containerfile.py BASE.tar FOLDER, where BASE.tar is a minimal Debian. Called by tools/check-package, as root.

Not shown by this: that an engine reads the file, its registry's base image, its own confinement."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/lib"))
from daemon import Qmp, wait_until  # noqa: E402

BASE, FOLDER = sys.argv[1], Path(sys.argv[2])
ENTER = """mount -t proc proc "$0/proc"; mount --rbind /dev "$0/dev"; exec chroot "$@" """


def run(*args, **kwargs):
    subprocess.run([str(arg) for arg in args], check=True, stdin=subprocess.DEVNULL, **kwargs)


def chroot(root, command, *options):
    """The command line that runs a command in it."""
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", ENTER, str(root), *options,
            str(root), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", *command]


class Stage:
    def __init__(self, name):
        self.root = FOLDER / name
        self.user, self.workdir, self.entry, self.command = "0:0", "/", [], []
        self.root.mkdir(parents=True)
        run("tar", "-C", self.root, "--numeric-owner", "-xf", BASE)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")

    def copy(self, words, stages):
        origin = TOP
        if words[0].startswith("--from="):
            origin = stages[words.pop(0)[len("--from="):]].root
        source, target = words
        to = self.root / target.lstrip("/")
        to.mkdir(parents=True, exist_ok=True)
        if origin != TOP:
            run("cp", "-a", f"{origin}/{source.strip('/')}/.", to)
            return
        assert source == "."  # what git has, as .containerignore would
        names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, check=True,
                               capture_output=True, text=True).stdout.splitlines()
        for name in filter(lambda name: (TOP / name).is_file(), names):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, to / name)


def build():
    """The last stage."""
    text = (TOP / "Containerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.M).replace("\\\n", " ")
    stages, stage = {}, None
    for line in filter(None, map(str.strip, text.splitlines())):
        verb, _, rest = line.partition(" ")
        print(line, flush=True)
        if verb == "FROM":
            image, name = re.fullmatch(r"(debian:bookworm-slim)(?: AS (\w+))?", rest).groups()
            stage = stages[name or "last"] = Stage(name or "last")
        elif verb == "RUN":
            run(*chroot(stage.root, ["sh", "-c", rest]))
        elif verb == "COPY":
            stage.copy(shlex.split(rest), stages)
        elif verb in ("USER", "WORKDIR"):
            setattr(stage, verb.lower(), rest)
        elif verb in ("ENTRYPOINT", "CMD"):
            setattr(stage, {"ENTRYPOINT": "entry", "CMD": "command"}[verb], json.loads(rest))
        else:
            sys.exit(f"what is {verb}?")
    return stage


def try_it(stage):
    assert stage.user.split(":")[0] not in ("0", "root")
    shell = f'cd {stage.workdir} && exec "$@"'
    command = chroot(stage.root, ["sh", "-c", shell, "-", *stage.entry, *stage.command],
                     f"--userspec={stage.user}")
    at = stage.root / stage.workdir.lstrip("/")
    with subprocess.Popen(command) as process:
        try:
            wait_until("it listens", lambda: process.poll() is not None or os.path.exists(at / "qmp"))
            assert process.poll() is None, "it has ended"
            with Qmp(str(at / "qmp")) as qmp:
                print(qmp.cmd("query-version"), flush=True)
                qmp.cmd("quit")
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert os.listdir(at) == []


try_it(build())
