# SPDX-License-Identifier: MIT
"""Faults on demand, as a real driver meets them: each that swcxl-fault knows."""

import re
import time

from guest import BDF, wait_for
from scenario import Scenario, check, same, test

IDENTIFY, SET_TIMESTAMP, CLEAR_EVENT_RECORDS = 0x4000, 0x0301, 0x0101
GET_POISON_LIST, INJECT_POISON, CLEAR_POISON, SCAN_MEDIA = 0x4300, 0x4301, 0x4302, 0x4304
SANITIZE = 0x4400
SECOND = 1000000000
DEBUGFS = "/sys/kernel/debug/cxl/mem0/"


class Faults(Scenario):
    name = "faults"
    options = ("--volatile", "256M", "--scan-ns-per-line", "100", "--sanitize-time", "1s")

    def attempt(self, name):
        """A test that failed leaves no fault to the next."""
        reason = super().attempt(name)
        if reason:
            self.clear_faults()
            self.guest.run(f"cd /sys/bus/pci/drivers/cxl_pci; echo {BDF} >unbind; echo {BDF} >bind")
        return reason

    def fault(self, fault, **arguments):
        self.device.qmp.command("swcxl-fault", fault=fault, **arguments)

    def clear_faults(self):
        self.device.qmp.command("swcxl-clear-faults")

    def waiting_faults(self):
        return [fault["fault"] for fault in self.device.qmp.command("swcxl-query-faults")]

    def write(self, path, value):
        """What bash says of writing this to a file: nothing, or the name of an error."""
        status, output = self.guest.run(f"echo {value} >{path}")
        error = re.search(r"write error: (.*)$", output, re.M)
        same(f"status of {output}", status, 1 if error else 0)
        return error and error[1]

    def inject(self, dpa):
        return self.write(DEBUGFS + "inject_poison", f"{dpa:#x}")

    def read_list(self):
        return self.write("/sys/bus/cxl/devices/mem0/trigger_poison_list", 1)

    def expect_well(self):
        """All works as if nothing had happened."""
        same("faults", self.waiting_faults(), [])
        self.expect_drivers()
        since = self.guest.mark()
        same("inject", self.inject(0x77000), None)
        self.guest.wait_traces("cxl_general_media", 1, since, dpa="77000")
        check("the line is listed", 0x77000 in {dpa for dpa, _, _ in self.listed()})
        self.debugfs("clear", 0x77000)

    def kernel_says(self, since):
        """The kernel's messages since then: a number of lines."""
        return "\n".join(text for _, text in self.guest.kernel_log()[since:])

    def rebind(self):
        """Unbinds and binds the driver; what bash says of binding."""
        same("unbind", self.write("/sys/bus/pci/drivers/cxl_pci/unbind", BDF), None)
        return self.bind()

    def bind(self):
        return self.write("/sys/bus/pci/drivers/cxl_pci/bind", BDF)

    # --- a command

    @test
    def return_codes_become_errnos(self):
        for code, error in ((0x10, "Device or resource busy"), (0x0f, "Bad address"),
                            (0x05, "No such device or address"), (0x04, "No such device or address")):
            self.fault("return-code", opcode=INJECT_POISON, value=code)
            same(f"inject, return code {code:#x}", self.inject(0x1000), error)
            same("poison on the host", self.device.poison(), {})
        self.expect_well()

    @test
    def return_code_comes_as_often_as_told(self):
        self.fault("return-code", opcode=GET_POISON_LIST, value=4, count=3)
        same("reading the list", [self.read_list() for _ in range(4)], ["No such device or address"] * 3 + [None])
        self.expect_well()

    @test
    def short_reply_is_an_input_output_error(self):
        self.fault("short-reply", opcode=GET_POISON_LIST, value=31)
        same("reading the list", [self.read_list() for _ in range(2)], ["Input/output error", None])
        self.expect_well()

    @test
    def delay_within_the_drivers_patience_is_only_slow(self):
        self.fault("delay", opcode=INJECT_POISON, value=SECOND)
        start = time.monotonic()
        same("inject", self.inject(0x2000), None)
        check("it took a second", time.monotonic() - start >= 1)
        same("poison on the host", set(self.device.poison()), {0x2000})
        self.debugfs("clear", 0x2000)
        self.expect_well()

    @test
    def delay_beyond_the_drivers_patience_times_out(self):
        # The driver waits for 2 s. No event comes of this command: an interrupt thread that cannot read the
        # logs would not rest until it can.
        self.debugfs("inject", 0x3000)
        before = len(self.guest.kernel_log())
        self.fault("delay", opcode=CLEAR_POISON, value=15 * SECOND)
        same("clear", self.write(DEBUGFS + "clear_poison", "0x3000"), "Connection timed out")
        check("the kernel says so", "mailbox timeout" in self.kernel_says(before))
        same("the command was executed", self.device.poison(), {})
        wait_for("the end of the delay", lambda: self.read_list() is None, 90, 1)
        self.expect_well()

    @test
    def hang_blocks_the_mailbox_until_it_is_cleared(self):
        before = len(self.guest.kernel_log())
        self.fault("hang", opcode=GET_POISON_LIST)
        same("reading the list", self.read_list(), "Connection timed out")
        same("the next command", self.write(DEBUGFS + "clear_poison", "0x4000"), "Device or resource busy")
        text = self.kernel_says(before)
        check(f"the kernel says so: {text}", "mailbox timeout" in text and "mailbox queue busy" in text)
        self.clear_faults()
        self.expect_well()

    @test
    def records_come_again_when_they_cannot_be_cleared(self):
        before = len(self.guest.kernel_log())
        since = self.guest.mark()
        self.fault("return-code", opcode=CLEAR_EVENT_RECORDS, value=4, count=2)
        self.device.plant(0x5000)
        traces = self.guest.wait_traces("cxl_general_media", 3, since, dpa="5000")
        same("handles", len({trace["handle"] for trace in traces}), 1)
        wait_for("an empty log", lambda: self.device.query()["logs"]["failure"]["count"] == 0)
        check("the kernel says so", "Failed to clear events" in self.kernel_says(before))
        self.debugfs("clear", 0x5000)
        self.expect_well()

    @test
    def stuck_scan_ends_when_it_is_cleared(self):
        self.fault("stuck-background", opcode=SCAN_MEDIA)
        self.guest.sh(f"(swcxlctl --pci {BDF} scan >/run/scan.out 2>&1; echo $? >/run/scan.status) &")
        duration = 256 * 2**20 // 64 * 100  # ns, by the options
        wait_for("a scan", lambda: self.device.query()["scan"]["running"])
        begun = self.device.query()["now"]
        wait_for("twice the scan's duration", lambda: self.device.query()["now"] > begun + 2 * duration)
        state = self.device.query()["background"]
        same("operation", (state["opcode"], state["running"]), (SCAN_MEDIA, True))
        check("it does not end", state["percent"] < 100)
        # The driver's own commands go on beside it.
        same("reading the list", self.read_list(), None)
        self.clear_faults()
        wait_for("the end of swcxlctl scan", lambda: self.guest.run("cat /run/scan.status")[1].strip() == "0")
        self.expect_well()

    @test
    def stuck_sanitize_ends_when_it_is_cleared(self):
        state = "/sys/bus/cxl/devices/mem0/security/state"
        self.fault("stuck-background", opcode=SANITIZE)
        self.guest.sh("echo 1 >/sys/bus/cxl/devices/mem0/security/sanitize")
        begun = self.device.query()["now"]
        wait_for("thrice its duration", lambda: self.device.query()["now"] > begun + 3 * SECOND)
        same("state", self.guest.sh(f"cat {state}").strip(), "sanitize")
        same("the driver lets nothing through", self.read_list(), "Device or resource busy")
        self.clear_faults()
        self.guest.sh("cxl wait-sanitize mem0")
        same("state", self.guest.sh(f"cat {state}").strip(), "disabled")
        self.expect_well()

    # --- the driver's probe

    @test
    def probe_fails_with_its_first_command_and_works_the_next_time(self):
        for opcode in (IDENTIFY, SET_TIMESTAMP):
            self.fault("return-code", opcode=opcode, value=4)
            check("it does not bind", self.rebind())
            same("bind again", self.bind(), None)
            self.expect_well()

    @test
    def probe_forgives_a_device_without_a_clock(self):
        self.fault("return-code", opcode=SET_TIMESTAMP, value=3)
        same("bind", self.rebind(), None)
        self.expect_well()

    def bound(self):
        return {device: driver for device, driver in self.drivers().items() if device in (BDF, "mem0")}

    @test
    def media_not_ready_leaves_a_device_without_memory(self):
        for state in ("media-not-ready", "media-error"):
            before = len(self.guest.kernel_log())
            self.fault(state)
            same("media status", self.device.query()["media"]["status"], state.removeprefix("media-"))
            same("bind", self.rebind(), None)
            same("drivers", self.bound(), {BDF: "cxl_pci", "mem0": "-"})
            text = self.kernel_says(before)
            check(f"the kernel says so: {text}", "Media not active" in text)
            same("state", self.memdev("--idle")["state"], "disabled")
            size = self.guest.sh("cat /sys/bus/cxl/devices/mem0/ram/size 2>/dev/null || echo 0").strip()
            check(f"no capacity: {size}", int(size, 0) <= 1)  # the kernel's resource of nothing has size 1
            self.clear_faults()
            same("bind", self.rebind(), None)
            self.expect_well()

    @test
    def media_error_under_a_bound_driver_refuses_poison(self):
        for state in ("media-not-ready", "media-error"):
            self.fault(state)
            same("inject", self.inject(0x6000), "No such device or address")
            same("reading the list", self.read_list(), "No such device or address")
            self.clear_faults()
            self.expect_well()

    @test
    def mailbox_not_ready_fails_the_probe_in_the_end(self):
        before = len(self.guest.kernel_log())
        self.guest.sh("echo 3 >/sys/module/cxl_pci/parameters/mbox_ready_timeout")
        self.fault("mailbox-not-ready")
        check("it does not bind", self.rebind())
        text = self.kernel_says(before)
        check(f"the kernel says so: {text}", "timeout awaiting mailbox" in text)
        self.clear_faults()
        same("bind", self.bind(), None)
        self.expect_well()
        self.fault("mailbox-not-ready")
        same("inject", self.inject(0x6000), "No such device or address")
        self.clear_faults()
        self.expect_well()

    def expect_timeout_message(self, since, state):
        text = self.kernel_says(since)
        check(f"the kernel says so: {text}",
              re.search(rf"mailbox timeout \(opcode: 0x4300\), device state.* {state}", text))

    @test
    def fatal_device_is_named_in_the_kernels_log(self):
        before = len(self.guest.kernel_log())
        self.fault("fatal")
        self.fault("hang", opcode=GET_POISON_LIST)
        same("reading the list", self.read_list(), "Connection timed out")
        self.expect_timeout_message(before, "fatal")
        self.clear_faults()
        self.expect_well()

    @test
    def halted_firmware_answers_nothing(self):
        before = len(self.guest.kernel_log())
        self.fault("firmware-halt")
        same("reading the list", self.read_list(), "Connection timed out")
        self.expect_timeout_message(before, "firmware-halt")
        check("it cannot be probed either", self.rebind())
        self.clear_faults()
        same("bind", self.bind(), None)
        self.expect_well()

    @test
    def power_cycle_ends_a_firmware_halt(self):
        self.fault("firmware-halt")
        self.fault("fatal")
        self.guest.reboot()
        same("drivers after a reboot", self.bound(), {BDF: "-"})
        same("faults after a reboot", sorted(self.waiting_faults()), ["fatal", "firmware-halt"])
        self.device.qmp.command("swcxl-reset", type="cold")
        same("bind", self.bind(), None)
        self.expect_well()
