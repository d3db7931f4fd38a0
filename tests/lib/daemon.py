# SPDX-License-Identifier: MIT
"""Starting swcxl and talking to its control socket: what every test of the whole program needs.

    with Daemon("--volatile", "256M", "--clock", "virtual") as device, device.qmp() as qmp:
        qmp.cmd("swcxl-plant-poison", start=0, length=64)

The program is $SWCXL, or build/swcxl of this tree. A device that ends with another status than
expected, or with a sanitizer's report on stderr, fails the test that started it.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TIMEOUT = float(os.environ.get("SWCXL_TEST_TIMEOUT", "20"))

# What a broken process leaves on stderr.
REPORT = re.compile(r"Sanitizer|runtime error:|Assertion|stack smashing|double free|corrupt")


def program():
    return os.environ.get("SWCXL") or os.path.join(TREE, "build", "swcxl")


def wait_until(what, condition, timeout=TIMEOUT):
    """The first true value of condition(), or an AssertionError."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.005)


class Daemon:
    """A running swcxl. Options are its command line; sockets that they do not name are added:
    a control socket, and with vfio=True a vfio-user socket. It is ready when the constructor
    returns. `status` is the exit status that is expected of it at the end; `timeout` how long it
    may take to start, to end and to answer."""

    def __init__(self, *options, vfio=True, qmp=True, status=0, env=None, pass_fds=(),
                 timeout=TIMEOUT):
        self.status, self.timeout = status, timeout
        self.dir = tempfile.mkdtemp(prefix="swcxl-test-")
        self.socket = self._option(options, "--socket-path")
        self.qmp_path = self._option(options, "--qmp")
        args = [program(), *map(str, options)]
        if vfio and not self.socket and "--fd" not in options:
            self.socket = os.path.join(self.dir, "vfio")
            args += ["--socket-path", self.socket]
        if qmp and not self.qmp_path:
            self.qmp_path = os.path.join(self.dir, "qmp")
            args += ["--qmp", self.qmp_path]
        self.pid_file = self._option(options, "--pid-file")
        if not self.pid_file:
            self.pid_file = os.path.join(self.dir, "pid")
            args += ["--pid-file", self.pid_file]
        self.args = args
        self._stderr = open(os.path.join(self.dir, "stderr"), "wb+")
        self.proc = subprocess.Popen(args, stdin=subprocess.DEVNULL, stderr=self._stderr,
                                     env={**os.environ, **(env or {})}, pass_fds=pass_fds)
        try:
            wait_until("the device is ready", self._ready, timeout)
        except BaseException:
            self.kill()
            raise

    @staticmethod
    def _option(options, name):
        for i, option in enumerate(options):
            if option == name:
                return options[i + 1]
            if str(option).startswith(name + "="):
                return option[len(name) + 1:]
        return None

    def _ready(self):
        if self.proc.poll() is not None:
            raise AssertionError(f"{' '.join(self.args)} ended with {self.proc.returncode}: "
                                 f"{self.stderr()}")
        return os.path.exists(self.pid_file)

    def stderr(self):
        self._stderr.flush()
        with open(self._stderr.name, "rb") as file:
            return file.read().decode(errors="replace")

    def qmp(self, **kwargs):
        """A new control connection."""
        return Qmp(self.qmp_path, **{"timeout": self.timeout, **kwargs})

    def wait(self, timeout=None):
        """Waits for the end; the exit status."""
        return self.proc.wait(timeout or self.timeout)

    def stop(self):
        """Ends it as a service manager would, and checks how it ended."""
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        try:
            self.wait()
            assert not REPORT.search(self.stderr()), self.stderr()
            assert self.proc.returncode == self.status, \
                f"status {self.proc.returncode}, not {self.status}: {self.stderr()}"
        finally:
            self.kill()

    def kill(self):
        """Ends it somehow, checks nothing, cleans up."""
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        self._stderr.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if kind is None:
            self.stop()
            return
        # Why the test failed matters more than how the device ends, but may be its fault.
        words = self.stderr()
        if words:
            print(f"stderr of swcxl:\n{words}")
        self.kill()


class QmpError(Exception):
    """An error reply."""

    def __init__(self, error):
        super().__init__(f"{error['class']}: {error['desc']}")
        self.cls = error["class"]
        self.desc = error["desc"]


class Qmp:
    """A control connection: negotiated, unless told otherwise. Events are kept in `events`, in
    the order in which they came."""

    # Called with (command, returned value) for every success: tests of the schema hook in here.
    check = None

    def __init__(self, path, negotiate=True, timeout=TIMEOUT):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.buffer = b""
        self.events = []
        self.greeting = self.recv()
        if negotiate:
            self.cmd("qmp_capabilities")

    def send(self, data):
        """Bytes or text as they are; anything else as JSON."""
        if isinstance(data, str):
            data = data.encode()
        elif not isinstance(data, (bytes, bytearray)):
            data = json.dumps(data).encode()
        self.socket.sendall(data)

    def recv_line(self):
        """The next line as bytes, without its end; b"" at the end of the connection."""
        while b"\n" not in self.buffer:
            data = self.socket.recv(1 << 20)
            if not data:
                return b""
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        assert line.endswith(b"\r"), line[-80:]
        return line[:-1]

    def recv(self):
        """The next message of any kind; None at the end of the connection."""
        line = self.recv_line()
        return json.loads(line.decode()) if line else None

    def recv_reply(self):
        """The next message that is not an event."""
        while True:
            message = self.recv()
            if message is None or "event" not in message:
                return message
            self.events.append(message)

    def execute(self, request):
        """Sends a request, whatever it is, and returns the whole reply."""
        self.send(request)
        return self.recv_reply()

    def cmd(self, name, **args):
        """Runs a command; '_' in names stands for '-'. Returns its value or raises QmpError."""
        if name != "qmp_capabilities":
            name = name.replace("_", "-")
        request = {"execute": name}
        if args:
            request["arguments"] = {k.replace("_", "-"): v for k, v in args.items()}
        reply = self.execute(request)
        assert reply is not None, f"{name}: the connection was closed"
        if "error" in reply:
            raise QmpError(reply["error"])
        if Qmp.check:
            Qmp.check(name, reply["return"])
        return reply["return"]

    def wait_event(self, name, timeout=TIMEOUT):
        """The next event of that name, which is taken out of `events`."""
        deadline = time.monotonic() + timeout
        while True:
            for i, event in enumerate(self.events):
                if event["event"] == name:
                    return self.events.pop(i)
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                message = self.recv()
            finally:
                self.socket.settimeout(timeout)
            assert message is not None, f"{name} has not come: the connection was closed"
            assert "event" in message, message
            self.events.append(message)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
