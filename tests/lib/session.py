# SPDX-License-Identifier: MIT
"""Shell sessions as documents show them, run as they stand. Manuals and tutorials share this.

In the text of a session, a line that begins with "$ " or "# " is typed, and what stands below it
appears, but that "..." stands for any text, or for any lines where it is alone on one, and that
white space of any kind is as good as any other, so that long lines can be folded. Where nothing is
shown, nothing is compared. A command goes on in the next line when the shell wants more of it.
Every command has to succeed.

When a command has ended in "&", the sockets that it names by --qmp and --socket-path are waited
for, as anybody does who types by hand.
"""

import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

from daemon import REPORT, TIMEOUT, TREE, program, wait_until

SWCXLCTL = os.environ.get("SWCXLCTL") or os.path.join(TREE, "build", "swcxlctl")
LIBSWCXL = os.environ.get("LIBSWCXL") or os.path.join(TREE, "build", "libswcxl.a")


def wants_more(command):
    """Would an interactive shell ask for another line?"""
    if command.endswith("\\"):
        return True
    said = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True).stderr
    return bool(re.search("unexpected (EOF|end of file)|here-document", said))


def steps(text):
    """[(command, what it is said to print)] of a session."""
    found, typing = [], False
    for line in text.splitlines():
        if typing:
            found[-1][0] += "\n" + line
        elif line[:2] in ("$ ", "# "):
            found.append([line[2:], ""])
        else:
            assert found, f"no command before: {line}"
            found[-1][1] += line + "\n"
            continue
        typing = wants_more(found[-1][0])
    assert not typing, f"unfinished: {found[-1][0]}"
    return found


def same(shown, printed):
    """Is that what the document shows?"""
    pattern = re.escape(" ".join(shown.split())).replace(r"\.\.\.", ".*")
    pattern = pattern.replace(r"\ .*\ ", r"\ (?:.*\ )?")  # whole lines, or none
    pattern = re.sub(r"\\ \.\*$", r"(?:\\ .*)?", pattern)
    return re.fullmatch(pattern, " ".join(printed.split()), re.S) is not None


class Shell:
    """A bash in a directory that looks like the top of a built tree, with build/ in its PATH."""

    def __init__(self, **env):
        self.directory = tempfile.mkdtemp(prefix="swcxl-test-")
        build = os.path.join(self.directory, "build")
        os.mkdir(build)
        for name, path in (("swcxl", program()), ("swcxlctl", SWCXLCTL)):
            os.symlink(os.path.abspath(path), os.path.join(build, name))
        # The library may be an archive that has to stay in its place; the linker takes this too.
        with open(os.path.join(build, "libswcxl.a"), "w") as file:
            file.write(f"INPUT({os.path.abspath(LIBSWCXL)})\n")
        for name in ("include", "examples", "docs", "completions"):
            os.symlink(os.path.join(TREE, name), os.path.join(self.directory, name))
        clean = {name: value for name, value in os.environ.items()
                 if name not in ("SWCXL_QMP", "SWCXL_SOCKET", "SWCXL_SYSFS")}
        env = {**clean, "LC_ALL": "C.UTF-8", "PATH": f"{build}:/usr/bin:/bin", **env}
        self.process = subprocess.Popen(["bash", "--norc"], cwd=self.directory, env=env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.output = b""

    def read_until(self, mark, timeout):
        deadline = time.monotonic() + timeout
        while not (found := re.search(mark, self.output)):
            ready, _, _ = select.select([self.process.stdout], [], [],
                                        max(deadline - time.monotonic(), 0))
            data = os.read(self.process.stdout.fileno(), 1 << 16) if ready else b""
            assert data, ("the shell has ended" if ready else f"not done in {timeout} s") + \
                ":\n" + self.output.decode(errors="replace")
            self.output += data
        before, self.output = self.output[:found.start()], self.output[found.end():]
        return before.decode(errors="replace"), int(found[1])

    def run(self, script, status=0, timeout=4 * TIMEOUT):
        """What a script prints; its last command must end with that status."""
        path = os.path.join(self.directory, ".step")
        with open(path, "w") as file:
            file.write(script + "\n")
        # From a file, so that commands which read their standard input do not read the script.
        self.process.stdin.write(f". {shlex.quote(path)} </dev/null; "
                                 f"printf '\\n\\036%d\\n' $?\n".encode())
        self.process.stdin.flush()
        printed, ended = self.read_until(rb"\n\x1e(\d+)\n", timeout)
        assert ended == status, f"status {ended} from:\n{script}\n{printed}"
        assert not REPORT.search(printed), printed
        if script.rstrip().endswith("&"):
            self.wait_for_sockets(script)
        return printed

    def wait_for_sockets(self, script):
        for option, path in re.findall(r"--(qmp|socket-path)[ =](\S+)", script):
            path = os.path.join(self.directory, os.path.expandvars(shlex.split(path)[0]))
            wait_until(f"the socket of --{option} {path}", lambda p=path: os.path.exists(p))

    def session(self, text):
        for command, shown in steps(text):
            printed = self.run(command)
            assert not shown or same(shown, printed), \
                f"$ {command}\nis said to print\n{shown}\nand prints\n{printed}"

    def close(self):
        """Ends the shell and all that it has started, the devices first by the usual signal."""
        self.signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=TIMEOUT)
        finally:
            self.signal(signal.SIGKILL)
            self.process.wait()
            shutil.rmtree(self.directory, ignore_errors=True)

    def signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
