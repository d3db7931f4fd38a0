# SPDX-License-Identifier: MIT
"""A swcxl process, a stock QEMU beside it, and the Linux guest inside: started, talked to, ended.

    with Device("--volatile", "256M") as device, Guest("new", device) as guest:
        guest.sh("cxl list")
        device.plant(0x1000)
        guest.wait_traces("cxl_general_media", 1)

Everything waits by polling with a generous limit and raises Failure when the limit is reached; nothing
relies on how fast a guest is. All processes end with the test, however it ends.
"""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# A guest boots in about 8 s on an idle machine, a command takes some 100 ms.
BOOT_S = 300
COMMAND_S = 120
# An emulated machine with two processors on a loaded one sometimes stands still in the kernel's
# first seconds (seen at its timers), long before the device's driver is there. Such a start is
# made again; a guest that has once talked to the device is never given a second chance.
STALL_S = 60
STARTS = 3



def bdf(index):
    """Where QEMU's topology below puts a device: bus 12 is the host bridge, 13 is behind its first root port."""
    return f"0000:{13 + index:02x}:00.0"


BDF = bdf(0)

TRACE = re.compile(r"^.*? (\d+\.\d+): (\w+): (.*)$")
FIELD = re.compile(r"(\w+)=('[^']*'|\S*)")


class Failure(Exception):
    """What a test expected did not happen."""


def wait_for(what, condition, seconds=COMMAND_S, pause=0.1):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"{seconds} s passed without {what}")
        time.sleep(pause)


def tail(path, lines=25):
    try:
        with open(path, errors="replace") as file:
            return "\n".join(line.rstrip()[:200] for line in file.readlines()[-lines:])
    except OSError:
        return "(nothing)"


def end(process, seconds=10):
    """SIGTERM, then SIGKILL; returns the exit status."""
    process.terminate()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class Lines:
    """A stream socket read line by line, with a limit on each."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def send(self, line):
        self.sock.settimeout(COMMAND_S)
        try:
            self.sock.sendall(line.encode() + b"\n")
        except OSError as error:
            raise Failure(f"cannot send: {error}") from None

    def receive(self, seconds):
        deadline = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            self.sock.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self.sock.recv(1 << 16)
            except TimeoutError:
                raise Failure(f"no answer within {seconds} s") from None
            except OSError as error:
                raise Failure(f"connection lost: {error}") from None
            if not data:
                raise Failure("connection closed")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace")


class Qmp:
    """A client of QEMU's control protocol, for QEMU and for swcxl alike."""

    def __init__(self, sock):
        self.lines = Lines(sock)
        self.events = []
        self.greeting = json.loads(self.lines.receive(COMMAND_S))
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        """Returns what the command returns; underscores in argument names stand for dashes."""
        request = {"execute": name}
        if arguments:
            request["arguments"] = {key.replace("_", "-"): value for key, value in arguments.items()}
        self.lines.send(json.dumps(request))
        while True:
            reply = json.loads(self.lines.receive(COMMAND_S))
            if "event" in reply:
                self.events.append(reply)
            elif "error" in reply:
                raise Failure(f"{name} {arguments}: {reply['error']}")
            else:
                return reply["return"]


class Device:
    """One swcxl process."""

    def __init__(self, *options):
        self.options = options
        self.dir = tempfile.mkdtemp()
        self.socket = self.path("vfio")
        self.process = None

    @staticmethod
    def program():
        return os.environ.get("SWCXL") or os.path.join(TOP, "build", "swcxl")

    def path(self, name):
        return os.path.join(self.dir, name)

    def command(self):
        return [self.program(), *self.options, "--socket-path", self.socket, "--qmp", self.path("qmp"),
                "--pid-file", self.path("pid"), "--trace", self.path("trace"), "--exit-with-parent"]

    def __enter__(self):
        try:
            with open(self.path("log"), "w") as log:
                self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            wait_for("swcxl's pid file", self.ready)
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(self.path("qmp"))
            self.qmp = Qmp(sock)
        except BaseException:
            self.__exit__()
            raise
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise Failure(f"swcxl ended with status {self.process.returncode}: {tail(self.path('log'))}")
        return os.path.exists(self.path("pid"))

    def __exit__(self, *_):
        if self.process:
            end(self.process)
        shutil.rmtree(self.dir, ignore_errors=True)

    def diagnose(self):
        status = self.process.poll()
        state = "running" if status is None else f"ended with status {status}"
        return (f"--- swcxl ({state})\n{tail(self.path('log'))}\n"
                f"--- swcxl's last commands\n{tail(self.path('trace'), 12)}")

    def was_used(self):
        """Has a guest rung a doorbell?"""
        channels = self.qmp.command("swcxl-query-stats")["channels"]
        return any(c["channel"] != "control" and c["count"] for c in channels)

    def plant(self, start, length=64, **arguments):
        self.qmp.command("swcxl-plant-poison", start=start, length=length, **arguments)

    def poison(self):
        """The media's truth: {line address: row}, a row for each line."""
        lines = {}
        for row in self.qmp.command("swcxl-query-poison"):
            for line in range(row["start"], row["start"] + row["length"], 64):
                lines[line] = row
        return lines

    def query(self):
        return self.qmp.command("swcxl-query-device")

    def cci(self, opcode, payload=b""):
        """A command on the control channel, which has to succeed; returns its output."""
        reply = self.qmp.command("swcxl-cci", opcode=opcode, payload=payload.hex())
        if reply["return-code"] != 0:
            raise Failure(f"return code {reply['return-code']:#x} of {opcode:04x}h {payload.hex()}")
        return bytes.fromhex(reply["payload"])


class GuestFile:
    """A growing text file in the guest; only what is new is fetched."""

    def __init__(self, guest, path):
        self.guest = guest
        self.path = path
        self.read = 0
        self.seen = []

    def lines(self):
        """All its whole lines so far."""
        output = self.guest.sh(f"tail -c +{self.read + 1} {self.path}")
        whole = output[:output.rfind("\n") + 1]
        self.read += len(whole.encode())
        self.seen += whole.splitlines()
        return self.seen


class Trace:
    """One line of the guest's trace: an event and its fields, quotes removed."""

    def __init__(self, line):
        match = TRACE.match(line)
        if not match:
            raise Failure(f"not a trace line (events lost?): {line}")
        self.event = match[2]
        self.text = match[3]
        self.fields = {key: value.strip("'") for key, value in FIELD.findall(self.text)}

    def __getitem__(self, key):
        return self.fields[key]

    def dpa(self):
        return int(self["dpa"], 16)

    def flag_set(self, key):
        return set(filter(None, self[key].split("|")))


class Guest:
    """A running QEMU with a Linux guest, each device behind a root port. kernel is "new" or "lts"."""

    def __init__(self, kernel, *devices):
        self.kernel = kernel
        self.devices = devices
        self.dir = tempfile.mkdtemp()
        self.process = None
        self.agent = None
        self.requests = 0
        self.marks = 0

    def path(self, name):
        return os.path.join(self.dir, name)

    def __enter__(self):
        try:
            self.boot()
        except BaseException as error:
            if isinstance(error, Failure):
                error.args = (f"{error}\n{self.diagnose()}",)
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            end(self.process)
        shutil.rmtree(self.dir, ignore_errors=True)

    def diagnose(self):
        return f"--- guest's console\n{tail(self.path('console'))}\n--- QEMU\n{tail(self.path('qemu.log'))}"

    def boot(self):
        for last in range(1, STARTS + 1):
            self.start()
            try:
                self.wait_up(STALL_S)
                return
            except Failure:
                if last == STARTS or any(device.was_used() for device in self.devices):
                    self.wait_up()  # it is on its way, and the machine is slow
                    return
            print("# a guest stood still before its drivers came: started again", flush=True)
            end(self.process)
            for name in ("agent", "qmp", "console"):
                os.unlink(self.path(name))

    def start(self):
        image = build_image()
        kernel = os.path.join(image, "kernel-" + self.kernel)
        make_initrd(image, kernel, self.path("initrd"))
        agent, qmp = self.listen("agent"), self.listen("qmp")
        with open(self.path("qemu.log"), "w") as log:
            self.process = subprocess.Popen(
                self.qemu(image, kernel), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=qemu_environment(image))
        self.agent = Lines(self.accept(agent))
        self.qmp = Qmp(self.accept(qmp))

    def qemu(self, image, kernel):
        return [
            *qemu_program(image),
            "-nodefaults", "-no-user-config", "-display", "none",
            # Nested virtualisation is not to be had everywhere. Linux creates CXL regions only where it sees
            # no hypervisor.
            "-accel", "tcg,thread=multi", "-cpu", "max,-hypervisor", "-smp", "2", "-m", "512M",
            "-machine", "q35,hpet=off,cxl=on,cxl-fmw.0.targets.0=cxl0,cxl-fmw.0.size=4G",
            "-device", "pxb-cxl,id=cxl0,bus=pcie.0,bus_nr=12",
            *self.behind_ports(),
            "-kernel", kernel + "/vmlinuz", "-initrd", self.path("initrd"),
            # No option here helps CXL: what works here works on a stock boot.
            "-append", "console=ttyS0 panic=-1",
            "-serial", "file:" + self.path("console"),
            "-device", "virtio-serial-pci,bus=pcie.0",
            "-chardev", "socket,id=agent,path=" + self.path("agent"),
            "-device", "virtserialport,chardev=agent,name=agent",
            "-qmp", "unix:" + self.path("qmp"),
            "-run-with", "exit-with-parent=on",
        ]

    def behind_ports(self):
        for i, device in enumerate(self.devices):
            yield from ("-device", f"cxl-rp,id=rp{i},bus=cxl0,port={i},chassis=0,slot={2 + i}", "-device", json.dumps(
                {"driver": "vfio-user-pci", "bus": f"rp{i}", "socket": {"type": "unix", "path": device.socket}}))

    def listen(self, name):
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(self.path(name))
        sock.listen()
        sock.settimeout(0.2)
        return sock

    def accept(self, sock):
        def connection():
            if self.process.poll() is not None:
                raise Failure(f"QEMU ended with status {self.process.returncode}")
            try:
                return sock.accept()[0]
            except TimeoutError:
                return None
        with sock:
            return wait_for("a connection from QEMU", connection)

    def wait_up(self, seconds=BOOT_S):
        """Waits for the guest's agent, after a start or a reboot."""
        deadline = time.monotonic() + seconds
        while True:
            line = self.agent.receive(deadline - time.monotonic()).split(" ")
            if line[0] == "hello":
                break
        self.release = line[1]
        self.trace = []
        self.trace_file = GuestFile(self, "/run/trace")

    def run(self, script, seconds=COMMAND_S):
        """Runs a bash script in the guest; returns (status, output). The guest itself enforces the limit."""
        self.requests += 1
        number = str(self.requests)
        self.agent.send(f"{number} {seconds} {base64.b64encode(script.encode()).decode()}")
        answer = self.agent.receive(seconds + COMMAND_S).split(" ")
        if answer[0] != number:
            raise Failure(f"the guest answered {answer[0]} to request {number} (did it reboot?)")
        return int(answer[1]), base64.b64decode(answer[2]).decode(errors="replace")

    def sh(self, script, seconds=COMMAND_S):
        """Like run(), but failing is not an option: returns the output."""
        status, output = self.run(script, seconds)
        if status != 0:
            raise Failure(f"status {status} in the guest from: {script}\n{output}")
        return output

    def reboot(self):
        self.requests += 1
        script = base64.b64encode(b"reboot -f").decode()
        self.agent.send(f"{self.requests} {COMMAND_S} {script}")
        self.wait_up()

    def quit(self):
        """Ends the VMM as `quit` on its monitor does; returns when the process has gone."""
        self.qmp.lines.send('{"execute": "quit"}')
        wait_for("QEMU's end", lambda: self.process.poll() is not None)

    def traces(self, event=None, since=0, **fields):
        """The cxl events traced since boot, those of one kind and with these fields, from number since on."""
        self.trace += [Trace(line) for line in self.trace_file.lines()[len(self.trace):]]
        return [trace for trace in self.trace[since:]
                if event in (None, trace.event) and all(trace[key] == value for key, value in fields.items())]

    def wait_traces(self, event, count, since=0, **fields):
        """Waits for count events and returns all that came by then, which may be more."""
        found = []

        def enough():
            found[:] = self.traces(event, since, **fields)
            return len(found) >= count
        try:
            wait_for(f"{count} {event} {fields}", enough, pause=0.3)
        except Failure as failure:
            raise Failure(f"{failure}: {len(found)} came") from None
        return found

    def mark(self):
        """Waits until all that has been traced was read; returns the position in the trace, for since."""
        self.marks += 1
        self.sh(f"echo mark {self.marks} >/sys/kernel/tracing/instances/swcxl/trace_marker")
        wait_for("the marker in the trace", lambda: any(
            trace.text == f"mark {self.marks}" for trace in self.traces("tracing_mark_write")))
        return len(self.trace)

    def poison_list(self, memdev="mem0"):
        """What the kernel reads as the device's poison list: one trace event a record."""
        since = self.mark()
        self.sh(f"echo 1 >/sys/bus/cxl/devices/{memdev}/trigger_poison_list")
        self.mark()
        return self.traces("cxl_poison", since, trace_type="List")

    def kernel_log(self):
        """[(level, text)] of the whole kernel log."""
        return [(int(level), text) for level, text in re.findall(r"^<(\d+)>(.*)$", self.sh("dmesg -r"), re.M)]


_image = []


def build_image():
    """The folder of the cached image; built by the first caller when absent."""
    if not _image:
        output = subprocess.run([os.path.join(HERE, "build-image")], stdout=subprocess.PIPE, check=True).stdout
        _image.append(output.decode().strip())
    return _image[0]


def qemu_program(image):
    """A later suite's program with its own C library, so that Debian 12 can run it."""
    root = image + "/qemu/usr"
    libraries = root + "/lib/x86_64-linux-gnu"
    return [libraries + "/ld-linux-x86-64.so.2", "--library-path", libraries, root + "/bin/qemu-system-x86_64",
            "-L", root + "/share/qemu", "-L", root + "/share/seabios"]


def qemu_environment(image):
    return {**os.environ, "QEMU_MODULE_DIR": f"{image}/qemu/usr/lib/x86_64-linux-gnu/qemu"}


def swcxlctl():
    return os.environ.get("SWCXLCTL") or os.path.join(TOP, "build", "swcxlctl")


def make_initrd(image, kernel, path):
    """Debian's userland, the kernel's modules, and on top what belongs to this source tree."""
    with tempfile.TemporaryDirectory() as top:
        os.makedirs(top + "/usr/bin")
        os.makedirs(top + "/usr/lib/x86_64-linux-gnu")
        shutil.copy(os.path.join(HERE, "guest-init"), top + "/init")
        shutil.copy(swcxlctl(), top + "/usr/bin/swcxlctl")
        with open(image + "/guest.cpio", "rb") as userland:
            listing = subprocess.run(["cpio", "-t", "--quiet"], stdin=userland, stdout=subprocess.PIPE, check=True)
        present = {os.path.basename(name) for name in listing.stdout.decode().split()}
        # A static program has no libraries; of a dynamic one bring those the guest does not have.
        needed = subprocess.run(["ldd", swcxlctl()], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
        for name, library in re.findall(r"(\S+) => (/\S+)", needed):
            if name not in present:
                shutil.copy(library, top + "/usr/lib/x86_64-linux-gnu/" + name)
        overlay = subprocess.run("find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0", shell=True, cwd=top,
                                 stdout=subprocess.PIPE, check=True).stdout
    with open(path, "wb") as initrd:
        for part in (image + "/guest.cpio", kernel + "/modules.cpio"):
            with open(part, "rb") as file:
                shutil.copyfileobj(file, initrd)
        initrd.write(overlay)
