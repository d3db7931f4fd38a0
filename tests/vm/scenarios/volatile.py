# SPDX-License-Identifier: MIT
"""The main job: errors come, the list overflows, Scan Media finds everything, the list is rebuilt."""

import os
import random
import signal
import time

from guest import BDF, wait_for
from scenario import LIST_MAX, MIB, SERIAL, SOURCES, Scenario, check, one_each, same, test

# Records of the poison list that fit into a mailbox payload of 4 KiB, the default.
PAGE = (4096 - 32) // 16

SET_FEATURE = 0x0502
PATROL_SCRUB = bytes.fromhex("96dad7d6fde8482ba73375774e06db8a")


class VolatileMemory(Scenario):
    name = "volatile"
    # 256 MiB at this rate are a scan of 8.4 s: long enough to be seen at work, even on a busy machine.
    options = ("--volatile", "256M", "--scan-ns-per-line", "2000")

    BEFORE = {0x40000: "internal", 0x8000040: "external"}
    BEFORE_LATENT = 0x9000000

    def before_boot(self):
        for dpa, source in self.BEFORE.items():
            self.device.plant(dpa, source=source)
        self.device.plant(self.BEFORE_LATENT, known=False)

    @test
    def errors_planted_before_boot_survive_the_resets_of_startup_D39(self):
        same("poison on the host", set(self.device.poison()), {*self.BEFORE, self.BEFORE_LATENT})
        same("poison list in the guest", self.listed(),
             {(dpa, 64, SOURCES[source][0]) for dpa, source in self.BEFORE.items()})

    @test
    def events_from_before_boot_are_read_in_the_probe_D39(self):
        events = one_each("events", self.guest.wait_traces("cxl_general_media", len(self.BEFORE)))
        same("events' DPAs and logs", {(dpa, event["log"]) for dpa, event in events.items()},
             {(dpa, SOURCES[source][1]) for dpa, source in self.BEFORE.items()})

    @test
    def drivers_bind(self):
        self.expect_drivers()

    @test
    def kernel_log_is_quiet_after_boot(self):
        self.expect_quiet_kernel()

    @test
    def cxl_list_shows_size_serial_and_host(self):
        memdev = self.memdev()
        expected = {"memdev": "mem0", "ram_size": 256 * MIB, "serial": SERIAL, "host": BDF,
                    "poison_injectable": True}
        same("cxl list", {key: memdev.get(key) for key in expected}, expected)
        check("there is no persistent capacity", "pmem_size" not in memdev)

    @test
    def cxl_list_media_errors_are_exact_D11(self):
        # Neighbours of one source are one record, of two sources two.
        self.device.plant(0x50000, 128)
        self.device.plant(0x50080, 64)
        self.device.plant(0x500c0, 64, source="external")
        self.device.plant(0x60000, 64, source="vendor")
        self.device.plant(0x70000, 64, source="unknown")
        self.device.plant(256 * MIB - 64, 64, source="injected")
        expected = [(0x40000, 64, "Internal"), (0x50000, 192, "Internal"), (0x500c0, 64, "External"),
                    (0x60000, 64, "Vendor Specific"), (0x70000, 64, "Unknown"), (0x8000040, 64, "External"),
                    (256 * MIB - 64, 64, "Injected")]
        errors = self.memdev("--media-errors").get("media_errors", [])
        same("media errors", sorted((e["offset"], e["length"], e["source"]) for e in errors), expected)
        check("no flags without overflow or scan", not any("flags" in error for error in errors))

    @test
    def inject_through_debugfs_I2(self):
        since = self.guest.mark()
        self.debugfs("inject", 0x200000)
        row = self.device.poison().get(0x200000)
        check("the device has no poison there", row)
        same("poison on the host", (row["length"], row["source"], row["known"], row["listed"], row["permanent"]),
             (64, "injected", True, True, False))
        event = self.guest.wait_traces("cxl_general_media", 1, since, dpa="200000")[0]
        same("event", {key: event[key] for key in ("memdev", "host", "serial", "log", "dpa", "dpa_flags",
                                                   "descriptor", "type", "transaction_type")},
             {"memdev": "mem0", "host": BDF, "serial": str(SERIAL), "log": "Informational", "dpa": "200000",
              "dpa_flags": "VOLATILE", "descriptor": "", "type": "ECC Error",
              "transaction_type": "Host Inject Poison"})
        check("the list has the line as injected", (0x200000, 64, "Injected") in self.listed())
        same("number of events", len(self.guest.traces("cxl_general_media", since, dpa="200000")), 1)

    @test
    def inject_on_poison_succeeds_without_an_event_I3(self):
        since = self.guest.mark()
        before = self.device.poison()
        self.debugfs("inject", 0x200000, 0x40000)
        # A third, new line shows that an event would have come by now.
        self.debugfs("inject", 0x300000)
        self.guest.wait_traces("cxl_general_media", 1, since, dpa="300000")
        same("events", [e.dpa() for e in self.guest.traces("cxl_general_media", since)], [0x300000])
        after = self.device.poison()
        del after[0x300000]
        same("poison on the host", after, before)

    @test
    def clear_through_debugfs_C2(self):
        self.debugfs("clear", 0x200000, 0x300000, 0x40000)
        gone = {0x200000, 0x300000, 0x40000}
        same("cleared lines still poisoned", gone & set(self.device.poison()), set())
        same("cleared lines still listed", gone & {dpa for dpa, _, _ in self.listed()}, set())
        self.debugfs("clear", 0x200000)  # clean by now: a success all the same

    @test
    def clear_in_the_middle_splits_a_record_C6(self):
        self.debugfs("clear", 0x50040)
        records = {record for record in self.listed() if 0x50000 <= record[0] < 0x500c0}
        same("records", records, {(0x50000, 64, "Internal"), (0x50080, 64, "Internal")})

    @test
    def every_error_can_be_cleared_from_the_guest(self):
        self.debugfs("clear", *self.device.poison())
        same("poison on the host", self.device.poison(), {})
        same("poison list in the guest", self.listed(), set())

    # --- overflow. The errors are spread over the media, planted in an order unlike that of their addresses.

    def plan(self):
        lines = random.Random(1).sample(range(256 * MIB // 0x10000), 305)
        addresses = [line * 0x10000 + 0x40 for line in lines]
        kinds = ("internal", "external", "vendor")
        # No log gets more than its 256 records, so that none may be lost however slowly the guest reads.
        self.errors = {dpa: kinds[i % 3] for i, dpa in enumerate(addresses[:300])}
        self.latent = addresses[300:]
        self.planted = addresses[:300]

    @test
    def planted_errors_reach_the_guest_as_events_P4(self):
        self.plan()
        since = self.guest.mark()
        for dpa, source in self.errors.items():
            self.device.plant(dpa, source=source)
        for dpa in self.latent:
            self.device.plant(dpa, known=False)
        events = one_each("events", self.guest.wait_traces("cxl_general_media", 300, since))
        same("events' DPAs", set(events), set(self.errors))
        same("events' logs", {dpa: event["log"] for dpa, event in events.items()},
             {dpa: SOURCES[source][1] for dpa, source in self.errors.items()})
        same("transaction types", {event["transaction_type"] for event in events.values()}, {"Unknown"})
        self.plant_events = events

    @test
    def events_of_unlisted_errors_say_so_P17(self):
        flags = {dpa: event.flag_set("descriptor") for dpa, event in self.plant_events.items()}
        same("all are uncorrectable", {dpa for dpa, f in flags.items() if "UNCORRECTABLE_EVENT" not in f}, set())
        same("errors beyond the list's limit", {dpa for dpa, f in flags.items() if "POISON_LIST_OVERFLOW" in f},
             set(self.planted[LIST_MAX:]))

    def expect_overflowed(self, dpas):
        """The guest reads exactly these records, each with the overflow flag and the device's timestamp."""
        records = self.guest.poison_list()
        same("poison list in the guest", {record.dpa() for record in records}, set(dpas))
        same("number of records", len(records), len(dpas))
        same("records without the overflow flag",
             {record.dpa() for record in records if "Overflow" not in record.flag_set("flags")}, set())
        state = self.device.query()["poison-list"]
        same("overflow times in the guest", {int(record["overflow_time"]) for record in records},
             {state["overflow-timestamp"]})
        check("the guest has set the device's clock, so the time is not 0", state["overflow-timestamp"])
        same("poison list on the host", (state["count"], state["max"], state["overflow"]),
             (len(dpas), LIST_MAX, True))
        return records

    @test
    def overflow_flag_reaches_the_guest_P13(self):
        self.expect_overflowed(self.planted[:LIST_MAX])

    @test
    def long_list_comes_in_pages_with_more_P10(self):
        more = ["More" in record.flag_set("flags") for record in self.guest.poison_list()]
        same("records with the More flag", more, [True] * PAGE + [False] * (LIST_MAX - PAGE))

    @test
    def cxl_list_media_errors_show_the_overflow_P13(self):
        errors = self.memdev("--media-errors")["media_errors"]
        same("number of media errors", len(errors), LIST_MAX)
        same("errors without the overflow flag",
             {error["offset"] for error in errors if "Overflow" not in error.get("flags", "")}, set())

    @test
    def clear_makes_no_room_in_a_frozen_list_D17(self):
        gone = self.planted[0]
        self.debugfs("clear", gone)
        self.expect_overflowed(self.planted[1:LIST_MAX])
        del self.errors[gone]

    # --- scan, from inside the guest

    def start_scan(self, options=""):
        self.guest.sh(f"""
            rm -f /run/scan.status
            (swcxlctl --pci {BDF} scan {options} --json >/run/scan.out 2>&1; echo $? >/run/scan.status) &""")

    def end_scan(self):
        """Waits for swcxlctl, and expects the device to say the same as its exit status."""
        status = wait_for("the end of swcxlctl scan",
                          lambda: self.guest.run("cat /run/scan.status 2>/dev/null")[1].strip(), 90, 0.5)
        output = self.guest.sh("cat /run/scan.out")
        check(f"swcxlctl scan ended with status {status}: {output}", status == "0")
        state = self.device.query()
        same("scan still running", state["scan"]["running"], False)
        background = state["background"]
        same("background operation", (background["opcode"], background["percent"], background["return-code"],
                                      background["running"]), (0x4304, 100, 0, False))

    @test
    def scan_from_the_guest_runs_beside_the_bound_driver_S1(self):
        self.unlisted = {dpa for dpa, row in self.device.poison().items() if not row["listed"]}
        same("errors not in the list", self.unlisted, {*self.planted[LIST_MAX:], *self.latent})
        self.overflow_time = self.device.query()["poison-list"]["overflow-timestamp"]
        self.scan_mark = self.guest.mark()
        self.start_scan()
        wait_for("a running scan", lambda: self.device.query()["scan"]["running"], 30, 0.05)
        self.during_scan = self.guest.poison_list()
        self.percent_during = self.device.query()["background"]["percent"]
        self.end_scan()
        self.expect_drivers()

    @test
    def scan_in_progress_flag_reaches_the_guest_P15(self):
        check(f"the list was read while the scan ran (then {self.percent_during} %)", self.percent_during < 100)
        same("number of records during the scan", len(self.during_scan), LIST_MAX - 1)
        same("records without the flag", {record.dpa() for record in self.during_scan
                                          if "Scanning" not in record.flag_set("flags")}, set())

    @test
    def scan_finds_everything_and_says_so_in_events_S8(self):
        self.errors.update(dict.fromkeys(self.latent, "internal"))
        self.guest.wait_traces("cxl_general_media", len(self.errors), self.scan_mark)
        self.guest.mark()
        events = one_each("events", self.guest.traces("cxl_general_media", self.scan_mark))
        same("events' DPAs", set(events), set(self.errors))
        same("transaction types", {event["transaction_type"] for event in events.values()}, {"Host Scan Media"})
        same("events' logs (D-36)", {dpa: event["log"] for dpa, event in events.items()},
             {dpa: SOURCES[source][1] for dpa, source in self.errors.items()})
        same("errors not in the list (D-37)",
             {dpa for dpa, event in events.items() if "POISON_LIST_OVERFLOW" in event.flag_set("descriptor")},
             self.unlisted)

    @test
    def rebuild_that_does_not_fit_keeps_the_overflow_D24(self):
        self.expect_overflowed(sorted(self.errors)[:LIST_MAX])
        newer = self.device.query()["poison-list"]["overflow-timestamp"]
        check(f"the rebuild overflowed at {newer}, after {self.overflow_time}", newer > self.overflow_time)
        same("latent errors not known after the scan",
             {dpa for dpa in self.latent if not self.device.poison()[dpa]["known"]}, set())

    @test
    def scan_rebuilds_the_list_and_removes_the_overflow_D24(self):
        # Some listed, some not.
        gone = sorted(self.errors)[::5]
        self.debugfs("clear", *gone)
        for dpa in gone:
            del self.errors[dpa]
        check("the rest fits", 200 < len(self.errors) < LIST_MAX)
        self.scan_mark = self.guest.mark()
        self.start_scan("--no-events")
        self.end_scan()
        records = self.guest.poison_list()
        same("poison list in the guest", {(record.dpa(), record["source"]) for record in records},
             {(dpa, SOURCES[source][0]) for dpa, source in self.errors.items()})
        same("number of records", len(records), len(self.errors))
        same("flags", {record["flags"] for record in records}, {""})
        same("overflow times", {record["overflow_time"] for record in records}, {"0"})
        state = self.device.query()["poison-list"]
        same("poison list on the host", (state["count"], state["overflow"], state["overflow-timestamp"]),
             (len(self.errors), False, 0))

    @test
    def scan_without_events_logs_nothing_S8(self):
        self.guest.mark()
        same("events of the scan", [e.text for e in self.guest.traces("cxl_general_media", self.scan_mark)], [])

    @test
    def no_event_log_overflowed(self):
        self.guest.mark()
        same("events lost", [event.text for event in self.guest.traces("cxl_overflow")], [])

    @test
    def kernel_log_is_quiet_after_everything(self):
        self.expect_quiet_kernel()

    # --- what a host cannot do, and the patrol does

    PERMANENT = 0xa00000

    @test
    def permanent_error_cannot_be_cleared(self):
        self.device.plant(self.PERMANENT, permanent=True)
        status, output = self.guest.run(f"echo {self.PERMANENT:#x} >/sys/kernel/debug/cxl/mem0/clear_poison")
        check(f"clearing fails: {output}", status != 0 and "No such device or address" in output)
        check("the error is still there", self.PERMANENT in self.device.poison())

    @test
    def patrol_finds_a_latent_error_and_says_so(self):
        """In an hour it passes all; the error is a little ahead of it."""
        since = self.guest.mark()
        self.device.cci(SET_FEATURE, PATROL_SCRUB + bytes(4 + 2) + bytes([1]) + bytes(9) + bytes([1, 1]))
        dpa = self.device.query()["scrub"]["position"] + 0x20000 & ~0x3f | 0x40
        self.device.plant(dpa, known=False)
        event = self.guest.wait_traces("cxl_general_media", 1, since, dpa=f"{dpa:x}")[0]
        same("event", {key: event[key] for key in ("log", "type", "transaction_type", "descriptor")},
             {"log": "Failure", "type": {"new": "Scrub Media ECC Error", "lts": "0x4"}[self.kernel],
              "transaction_type": "Internal Media Scrub", "descriptor": "UNCORRECTABLE_EVENT"})
        check("the line is listed", (dpa, 64, "Internal") in self.listed())
        self.device.cci(SET_FEATURE, PATROL_SCRUB + bytes(4 + 2) + bytes([1]) + bytes(9) + bytes([1, 0]))
        self.debugfs("clear", dpa)

    # --- resets and a second VMM

    def expect_only_permanent(self):
        self.expect_drivers()
        self.expect_quiet_kernel()
        same("poison on the host", set(self.device.poison()), {self.PERMANENT})
        same("poison list in the guest", self.listed(), {(self.PERMANENT, 64, "Internal")})
        # Interrupts work again.
        since = self.guest.mark()
        self.debugfs("inject", 0x200000)
        self.guest.wait_traces("cxl_general_media", 1, since, dpa="200000", log="Informational")

    @test
    def guest_reboot_leaves_permanent_errors_only_D39(self):
        self.guest.reboot()
        self.expect_only_permanent()

    @test
    def second_vmm_attaches_to_the_same_device_D39(self):
        process = self.device.process.pid
        self.guest.quit()
        self.guest.__exit__()
        self.start_guest()
        same("the device's process", (self.device.process.pid, self.device.process.poll()), (process, None))
        self.expect_only_permanent()

    @test
    def device_outlives_its_vmm_and_ends_cleanly(self):
        self.guest.quit()
        time.sleep(0.5)
        same("the device's end", self.device.process.poll(), None)
        self.device.process.send_signal(signal.SIGTERM)
        same("exit status", self.device.process.wait(10), 0)
        same("sockets left behind",
             [name for name in ("vfio", "qmp") if os.path.exists(self.device.path(name))], [])
