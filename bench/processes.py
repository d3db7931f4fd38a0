# SPDX-License-Identifier: MIT
"""What the benchmarks of whole programs start: swcxl, and QEMU with its own cxl-type3 and no guest.

Figures go to stdout, a JSON object a line; words for people to stderr.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TREE, "tests", "vm"))
from guest import build_image  # noqa: E402

SWCXL = os.environ.get("SWCXL") or os.path.join(TREE, "build", "swcxl")
CLIENT = os.path.join(os.path.dirname(os.path.abspath(SWCXL)), "bench", "control_client")
WAIT_S = 30
PAUSE_S = 0.0002  # leaves the processor to whom we wait for


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def emit(**figure):
    print(json.dumps(figure), flush=True)


def image():
    """Where QEMU is, made if it has to be; None when it cannot be made."""
    try:
        return build_image()
    except subprocess.CalledProcessError:
        return None


class Process:
    """A program with a control socket. It runs when the constructor returns, which is before
    anybody can connect."""

    def __init__(self, command, env=None):
        self.started = time.monotonic()
        self.proc = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                     env={**os.environ, **(env or {})})

    def connect(self):
        """Tries until the socket accepts; the connection."""
        while True:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(self.qmp)
                return sock
            except OSError:
                sock.close()
                time.sleep(PAUSE_S)
            if self.proc.poll() is not None or time.monotonic() - self.started > WAIT_S:
                raise SystemExit(f"{self.proc.args[0]} does not come up")

    def proc_file(self, name, key):
        """A number of /proc/PID/name."""
        with open(f"/proc/{self.proc.pid}/{name}") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(key + ":"))

    def anonymous(self):
        """Bytes that are this process's alone, whatever else runs."""
        return self.proc_file("smaps_rollup", "Anonymous") * 1024

    def wakeups(self):
        """How often any of its threads has gone to sleep."""
        total = 0
        for task in os.listdir(f"/proc/{self.proc.pid}/task"):
            total += self.proc_file(f"task/{task}/status", "voluntary_ctxt_switches")
        return total

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        try:
            self.proc.wait(WAIT_S)
        finally:
            self.proc.kill()
            self.proc.wait()
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Swcxl(Process):
    name = "mem0"

    def __init__(self, *options, state=False, vfio=False):
        self.dir = tempfile.mkdtemp(prefix="swcxl-bench-")
        self.qmp = os.path.join(self.dir, "qmp")
        if state:
            options += ("--state", os.path.join(self.dir, "state"))
        if vfio:
            options += ("--socket-path", os.path.join(self.dir, "vfio"))
        super().__init__([SWCXL, "--volatile", "256M", *options, "--qmp", self.qmp])


class Qemu(Process):
    """A machine that stands still, with the one device that is asked."""

    name = "mem0"

    def __init__(self):
        root = image() + "/qemu/usr"
        libraries = root + "/lib/x86_64-linux-gnu"
        self.dir = tempfile.mkdtemp(prefix="swcxl-bench-")
        self.qmp = os.path.join(self.dir, "qmp")
        super().__init__([
            # A later suite's program with its own C library: see tests/vm/build-image.
            libraries + "/ld-linux-x86-64.so.2", "--library-path", libraries,
            root + "/bin/qemu-system-x86_64", "-L", root + "/share/qemu",
            "-L", root + "/share/seabios", "-nodefaults", "-no-user-config", "-display", "none",
            "-S", "-m", "256M", "-machine", "q35,cxl=on",
            "-object", "memory-backend-ram,id=vmem,size=256M",
            "-device", "pxb-cxl,id=cxl0,bus=pcie.0,bus_nr=12",
            "-device", "cxl-rp,id=rp0,bus=cxl0,port=0,chassis=0,slot=2",
            "-device", f"cxl-type3,bus=rp0,volatile-memdev=vmem,id={self.name}",
            "-qmp", f"unix:{self.qmp},server=on,wait=off",
        ], {"QEMU_MODULE_DIR": libraries + "/qemu"})


class Qmp:
    """The least that a client has to be."""

    def __init__(self, sock):
        self.file = sock.makefile("rwb")
        sock.close()
        self.receive()
        self.command("qmp_capabilities")

    def receive(self):
        while True:
            message = json.loads(self.file.readline())
            if "event" not in message:
                return message

    def event(self, name):
        """Waits for it."""
        while json.loads(self.file.readline()).get("event") != name:
            pass

    def raw(self, request):
        self.file.write(request)
        self.file.flush()
        reply = self.receive()
        if "return" not in reply:
            raise SystemExit(f"{request[:80]}: {reply}")
        return reply["return"]

    def command(self, name, **arguments):
        return self.raw(json.dumps({"execute": name, "arguments": arguments}).encode())

    def close(self):
        self.file.close()
