# SPDX-License-Identifier: MIT
"""One guest with several CXL memory devices: QEMU's own, and swcxl reached in different ways.

All are behind root ports of one machine, so that the same guest, the same program and the same QEMU meet
them in turn, and what disturbs one disturbs the others.
"""

import collections
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tests", "vm"))
from guest import Device, Failure, Guest, bdf, build_image, wait_for  # noqa: E402

CAPACITY = "256M"
LSA = "128K"
STRIDE = 4096
TRACES = ("memory_region_ops_read", "memory_region_ops_write", "vfio_user_send_write", "vfio_user_recv_hdr")


class PROCESSORS:
    """The VMM and the devices beside it have processors of their own. A guest with as many as the host would
    leave none to the other side, and two that wait for each other must not share one by chance."""

    all = sorted(os.sched_getaffinity(0))
    device = all[-1:]
    vmm = all[:-1] or all

    @staticmethod
    def pin(processors):
        return ["taskset", "-c", ",".join(map(str, processors))]


class Native:
    """QEMU's cxl-type3. What QEMU calls on the devices of a guest says nothing of it."""

    name = "QEMU cxl-type3"

    def was_used(self):
        return False

    def diagnose(self):
        return ""

    def received(self):
        return 0

    def arguments(self, port):
        return ("-object", f"memory-backend-ram,id=ram,size={CAPACITY}",
                "-object", f"memory-backend-ram,id=lsa,size={LSA}",
                "-device", f"cxl-type3,id=native,bus={port},volatile-memdev=ram,lsa=lsa,sn=1")


class Swcxl(Device):
    """swcxl as it is used, without a trace. by_messages: its payloads cannot be mapped, so every access to
    them is a message; that is what it does where it cannot make the memory, as under this limit."""

    def __init__(self, name, *options, by_messages=False):
        super().__init__("--volatile", CAPACITY, "--lsa", LSA, "--poison-list-max", "16384",
                         "--scan-ns-per-line", "1", *options)
        self.name = name
        self.prefix = PROCESSORS.pin(PROCESSORS.device)
        if by_messages:
            self.prefix += ["env", "--ignore-signal=XFSZ", "prlimit", "--fsize=4096"]

    def command(self):
        return [*self.prefix, self.program(), *self.options, "--socket-path", self.socket,
                "--qmp", self.path("qmp"), "--pid-file", self.path("pid"), "--exit-with-parent"]

    def diagnose(self):
        return f"--- {self.name}: status {self.process.poll()}"

    def received(self):
        """Messages so far, as swcxl counts them."""
        return self.qmp.command("swcxl-query-stats")["vfio-user"]["messages"]

    def arguments(self, port):
        return ("-device", json.dumps({"driver": "vfio-user-pci", "bus": port,
                                       "socket": {"type": "unix", "path": self.socket}}))

    @classmethod
    def has_option(cls, name):
        done = subprocess.run([cls.program(), "--long-options"], stdout=subprocess.PIPE, check=True)
        return name in done.stdout.decode().replace("--", "").split()


class Machine(Guest):
    """The guest; devices are named by their number."""

    def qemu(self, image, kernel):
        command = super().qemu(image, kernel)
        command[command.index("-smp") + 1] = str(min(2, len(PROCESSORS.vmm)))
        return [*PROCESSORS.pin(PROCESSORS.vmm), *command]

    def behind_ports(self):
        for i, device in enumerate(self.devices):
            yield from ("-device", f"cxl-rp,id=rp{i},bus=cxl0,port={i},chassis=0,slot={2 + i}")
            yield from device.arguments(f"rp{i}")

    def wait_drivers(self):
        """Until Linux has a memory device for each; their names."""
        folders = " ".join(f"/sys/bus/pci/devices/{bdf(i)}" for i in range(len(self.devices)))

        def names():
            found = self.run(f"for f in {folders}; do basename $f/mem*; done")[1].split()
            return found if len(found) == len(self.devices) and "mem*" not in found else None
        self.memdevs = wait_for("all drivers", names, pause=0.5)
        return self.memdevs

    def plant(self, index, start, count):
        """Errors of one line each, none of which touch."""
        device = self.devices[index]
        for n in range(start, start + count):
            if isinstance(device, Native):
                self.qmp.command("cxl-inject-poison", path="/machine/peripheral/native", start=n * STRIDE, length=64)
            else:
                device.plant(n * STRIDE)

    def unbind(self):
        for i in range(len(self.devices)):
            self.sh(f"echo {bdf(i)} >/sys/bus/pci/drivers/cxl_pci/unbind")

    def trigger(self, index, count):
        """Nanoseconds for a write to trigger_poison_list, which has the kernel read the list: the median."""
        times = self.sh(f"""
            exec 4>/sys/bus/cxl/devices/{self.memdevs[index]}/trigger_poison_list
            for ((i = 0; i <= {count}; i++)); do times[i]=${{EPOCHREALTIME/./}}; echo 1 >&4; done
            for ((i = 0; i < {count}; i++)); do echo $((times[i + 1] - times[i])); done""").split()
        return 1000 * sorted(map(int, times))[count // 2]

    def bench(self, index, tests, count, runs=1):
        """{test: row of swcxlctl bench}; a test that the device refuses has no runs."""
        command = f"swcxlctl --json --pci {bdf(index)} bench {tests} --count {count} --runs {runs} --bytes 2K"
        status, output = self.run(command)
        try:
            rows = {row["name"]: row for row in json.loads(output)["tests"]}
        except (ValueError, KeyError):
            raise Failure(f"{self.devices[index].name}: {command}: status {status}: {output}") from None
        for row in rows.values():
            if row["return-code"]:
                print(f"# {self.devices[index].name}: {row['name']}: {row['return-code-name']}", file=sys.stderr)
        return rows

    # --- counting

    def set_traces(self, on):
        for event in TRACES:
            self.qmp.lines.send(json.dumps({"execute": "trace-event-set-state",
                                            "arguments": {"name": event, "enable": on}}))
            while "event" in (answer := json.loads(self.qmp.lines.receive(10))):
                pass
            if "error" in answer:
                raise Failure(f"{event}: {answer['error']}")

    def count(self, index, test, counts=(2, 12)):
        """What one command costs: Counter of exits (accesses that the VMM sees), round trips (messages that
        are answered), messages and bytes on the socket. The difference of two runs, of which one is longer, is
        free of what surrounds them."""
        some, more = (self.traced(index, test, count) for count in counts)
        more.subtract(some)
        return {key: value / (counts[1] - counts[0]) for key, value in more.items()}

    def traced(self, index, test, count):
        device = self.devices[index]
        native = isinstance(device, Native)
        region = re.compile(r"name '(mailbox|cap-array|device-registers|cxl_dev.*)'$" if native else
                            rf"name 'vfio-user:{re.escape(device.socket)} BAR 2'$")
        log = self.path("qemu.log")
        start, before = os.path.getsize(log), device.received()
        self.set_traces(True)
        try:
            self.bench(index, test, count)
        finally:
            self.set_traces(False)
        received = device.received() - before
        found = collections.Counter(exits=0, round_trips=0, messages=0, bytes=0)
        with open(log, errors="replace") as file:
            file.seek(start)
            for line in file:
                event, _, rest = line.partition(" ")
                if event.startswith("memory_region_ops"):
                    found["exits"] += bool(region.search(rest.rstrip()))
                elif native:
                    continue
                elif event == "vfio_user_send_write":
                    found["messages"] += 1
                    found["bytes"] += int(rest.rsplit(" ", 1)[1], 16)
                elif event == "vfio_user_recv_hdr":
                    found["round_trips"] += 1
                    found["messages"] += 1
                    found["bytes"] += int(re.search(r"size (\w+)", rest)[1], 16)
        # All devices that speak vfio-user are in the trace, and only this one has anything to say.
        sent = found["messages"] - found["round_trips"]
        if sent != received:
            print(f"# {device.name}: QEMU sent {sent} messages, swcxl counts {received}", file=sys.stderr)
        return found
