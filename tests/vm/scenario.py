# SPDX-License-Identifier: MIT
"""What all scenarios share: a device, a guest beside it, tests in their order, and ways to compare.

A scenario is a class in scenarios/, its tests are the methods marked @test. A test is named for what it
proves, with the rule's name where there is one.
"""

import contextlib
import json
import traceback

from guest import BDF, Device, Failure, Guest, build_image, wait_for

SERIAL = 0x5c0ffee
MIB = 1 << 20

# Records that fit into the poison list, by default.
LIST_MAX = 256

# Names and severities of the sources: as plants take them, as the kernel and cxl-cli print them, and the
# log that the device's rules give an error of this source when it is discovered (D-36).
SOURCES = {"internal": ("Internal", "Failure"), "external": ("External", "Warning"),
           "vendor": ("Vendor", "Failure"), "injected": ("Injected", "Informational"),
           "unknown": ("Unknown", "Failure")}


def same(what, got, expected):
    if got == expected:
        return
    if isinstance(got, set) and isinstance(expected, set):
        def some(values):
            shown = sorted(values, key=repr)[:8]
            return " ".join(hex(v) if isinstance(v, int) else repr(v) for v in shown) or "none"
        raise Failure(f"{what}: got {len(got)}, expected {len(expected)}; "
                      f"missing: {some(expected - got)}; too many: {some(got - expected)}")
    if isinstance(got, dict) and isinstance(expected, dict):
        differ = [key for key in {**expected, **got} if got.get(key, same) != expected.get(key, same)]
        raise Failure(f"{what}:" + "".join(f"\n  {key}: got {got.get(key, 'nothing')!r},"
                                           f" expected {expected.get(key, 'nothing')!r}" for key in differ))
    raise Failure(f"{what}: got {got!r}, expected {expected!r}")


def check(what, truth):
    if not truth:
        raise Failure(what)


def one_each(what, traces):
    """{DPA: trace}; no DPA may come twice."""
    by_dpa = {trace.dpa(): trace for trace in traces}
    same(f"number of {what}, each DPA once", len(traces), len(by_dpa))
    return by_dpa


def test(function):
    function.is_test = True
    return function


class Scenario:
    """Tests that share devices and a guest, which run before the first test does.

    Mostly there is one device, self.device; self.devices has all. state_dir is a folder for what outlives them,
    in memory where possible: Linux waits for a mailbox no longer than 2 s, a disk that others use may take more.
    """

    name = None
    count = 1
    options = ()
    state_dir = None
    device = guest = None
    devices = ()

    def __init__(self, kernel):
        self.kernel = kernel
        with open(f"{build_image()}/kernel-{kernel}/release") as file:
            self.label = file.read().split("+")[0].split("-")[0]

    @classmethod
    def tests(cls):
        """In the order of the source; a class' own come after those of its bases, from the first base on."""
        names = [name for base in cls.__bases__ if issubclass(base, Scenario) for name in base.tests()]
        own = [name for name, member in vars(cls).items() if getattr(member, "is_test", False)]
        return list(dict.fromkeys(names + own))

    def run(self, report):
        """Runs every test and reports each: report(name, why it failed or None)."""
        todo = self.tests()
        try:
            self.start_devices()
            self.before_boot()
            self.start_guest()
            while todo:
                report(self.title(todo[0]), self.attempt(todo[0]))
                todo.pop(0)
        except Exception as error:
            # Without a device or a guest no test can pass.
            reason = explain(error)
            for name in todo:
                report(self.title(name), reason)
                reason = "as above"
        finally:
            for running in (self.guest, *self.devices):
                if running:
                    running.__exit__()

    def start_devices(self):
        """Their serial numbers count up from SERIAL."""
        self.devices = []
        for i in range(self.count):
            self.devices.append(Device(*self.options, "--serial", f"{SERIAL + i:x}").__enter__())
        self.device = self.devices[0]

    def start_guest(self):
        self.guest = Guest(self.kernel, *self.devices)
        try:
            self.guest.__enter__()
        except Failure as failure:
            raise Failure("\n".join([str(failure), *(d.diagnose() for d in self.devices)])) from None

    def title(self, name):
        return f"linux-{self.label} {self.name} {name}"

    def attempt(self, name):
        try:
            getattr(self, name)()
        except Exception as error:
            return f"{explain(error)}\n{self.news()}"
        return None

    shown = None

    def news(self):
        """What the guest and the device say, unless it was shown with the failure before."""
        now = "\n".join(process.diagnose() for process in (self.guest, *self.devices))
        if now == self.shown:
            return "(no news from the guest and the device)"
        self.shown = now
        return now

    def before_boot(self):
        pass

    # --- what several scenarios do and check

    @contextlib.contextmanager
    def standing_still(self):
        """The guest's processors stand still: what the device logs meanwhile is in its logs until the end."""
        self.guest.qmp.command("stop")
        try:
            yield
        finally:
            self.guest.qmp.command("cont")

    def wait_drained(self, most=0):
        """Waits until no event log of the device has more records than this."""
        wait_for("the guest's reading of the logs",
                 lambda: all(log["count"] <= most for log in self.device.query()["logs"].values()), pause=0.02)

    def drivers(self):
        """The device's drivers: {device: driver} of the PCI function and everything on the CXL bus but decoders."""
        output = self.guest.sh(f"""
            cd /sys/bus/pci/devices; echo {BDF} $(basename $(readlink {BDF}/driver))
            cd /sys/bus/cxl/devices
            for device in *; do
                case $device in root*|decoder*) continue;; esac
                echo $device $(basename "$(readlink $device/driver)")
            done""")
        return dict((line + " -").split(" ")[:2] for line in output.splitlines())

    expected_drivers = {BDF: "cxl_pci", "mem0": "cxl_mem", "port1": "cxl_port", "endpoint2": "cxl_port",
                        "nvdimm-bridge0": "cxl_nvdimm_bridge"}

    def expect_drivers(self):
        def missing():
            bound = self.drivers()
            return {device: driver for device, driver in self.expected_drivers.items()
                    if bound.get(device) != driver}
        # The endpoint's port may be probed a moment after the agent is up.
        try:
            wait_for("all drivers", lambda: not missing(), 20, 0.5)
        except Failure:
            raise Failure(f"not bound: {missing()}; bound: {self.drivers()}") from None

    def expect_quiet_kernel(self, *expected):
        """No warning or error about CXL or the device but with an expected text, no warning of its own faults."""
        subjects = ("cxl", "nvdimm", "nd_bus", "nmem", BDF)
        traps = ("Call Trace", "WARNING:", "BUG:", "Oops", "cut here", "Kernel panic")
        log = self.guest.kernel_log()
        check("the kernel log does not mention the device: the wrong log?",
              any(BDF in text for _, text in log))
        bad = [text for level, text in log
               if level <= 4 and any(subject in text.lower() for subject in subjects)
               and not any(known in text for known in expected)
               or any(trap in text for trap in traps)]
        check("the kernel complains:\n" + "\n".join(bad), not bad)

    def json(self, command):
        """What a command prints, which has to succeed."""
        return json.loads(self.guest.sh(f"{command} 2>/dev/null") or "[]")

    def memdev(self, options="", memdev="mem0"):
        """cxl list's object of the memory device."""
        found = self.json(f"cxl list -m {memdev} {options}")
        same("number of memory devices in cxl list", len(found), 1)
        return found[0]

    def listed(self):
        """{(DPA, length, source)} of the poison list as the kernel reads it."""
        return {(record.dpa(), int(record["dpa_length"], 16), record["source"])
                for record in self.guest.poison_list()}

    def debugfs(self, operation, *lines, on="mem0"):
        """Injects or clears poison at the DPAs, on a memory device or at offsets in a region."""
        addresses = " ".join(f"{line:#x}" for line in lines)
        self.guest.sh(f"set -e; for dpa in {addresses}; do"
                      f" echo $dpa >/sys/kernel/debug/cxl/{on}/{operation}_poison; done")


def explain(error):
    if isinstance(error, Failure):
        return str(error)
    return "".join(traceback.format_exception(error)).rstrip()
