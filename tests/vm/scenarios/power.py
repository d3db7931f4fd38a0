# SPDX-License-Identifier: MIT
"""Power cycles: the VM and the device end, and both start again on the same state file.

First the power fails: the guest stands still amid what the device has just logged, and both processes are
killed. Then it is switched off, and the device ends as it is told to.
"""

import hashlib
import signal

from guest import wait_for
from records import LOGS
from scenario import MIB, Scenario, check, same, test

LOG_MAX = 64
LIST_MAX = 64
START = 256 * MIB  # of persistent capacity
LSA_SIZE = 128 << 10
GET_SHUTDOWN_STATE = 0x4203

# More than the list holds, in persistent capacity; what power takes; and what not even power takes.
PERSISTENT = [START + number * 0x10000 for number in range(LIST_MAX + 6)]
VOLATILE, INJECTED, PERMANENT = 0x1000, START + 0x8000, 0x2000
LOST = {"failure": 10, "warning": 1, "informational": 0, "fatal": 0}


class PowerCycle(Scenario):
    name = "power"
    options = ("--volatile", "256M", "--persistent", "256M", "--event-log-max", f"{LOG_MAX}",
               "--poison-list-max", f"{LIST_MAX}")

    def start_devices(self):
        self.options = (*type(self).options, "--state", f"{self.state_dir}/power")
        super().start_devices()

    def power_off(self, how):
        """Both processes end; the device's by this signal."""
        self.device.process.send_signal(how)
        status = self.device.process.wait(30)
        same("the device's exit status", status, 0 if how == signal.SIGTERM else -how)
        self.guest.__exit__()
        self.device.__exit__()

    # --- what is to stay

    def records(self):
        return {log: self.device.qmp.command("swcxl-query-events", log=log) for log in LOGS}

    def list_in_guest(self):
        return sorted((record.dpa(), record["dpa_length"], record["source"], record["flags"].replace("More|", ""),
                       record["overflow_time"]) for record in self.guest.poison_list())

    def labels_in_guest(self):
        nmem = self.json("ndctl list -D")[0]["dev"]
        return self.guest.sh(f"ndctl read-labels -o /run/labels {nmem} 2>/dev/null; sha256sum /run/labels").split()[0]

    # --- the first life

    @test
    def list_overflows(self):
        self.expect_drivers()
        for dpa in (VOLATILE, PERMANENT):
            self.device.plant(dpa, permanent=dpa == PERMANENT, source="external")
        self.debugfs("inject", INJECTED)
        for number, dpa in enumerate(PERSISTENT):
            wait_for("the guest's reading", lambda: self.device.query()["logs"]["failure"]["count"] < LOG_MAX // 2)
            self.device.plant(dpa, source=("internal", "vendor")[number % 2])
        state = self.device.query()["poison-list"]
        same("poison list", (state["count"], state["overflow"]), (LIST_MAX, True))
        records = self.list_in_guest()
        same("records in the guest", len(records), LIST_MAX)
        check("they show the overflow", all("Overflow" in record[3] for record in records))
        # What power takes leaves the list with it.
        self.list_to_stay = [record for record in records if record[0] not in (VOLATILE, INJECTED)]
        same("records to stay", len(self.list_to_stay), LIST_MAX - 2)
        self.poison_to_stay = {dpa: row for dpa, row in self.device.poison().items()
                               if dpa not in (VOLATILE, INJECTED)}
        same("poison to stay", set(self.poison_to_stay), {PERMANENT, *PERSISTENT})

    @test
    def labels_are_written(self):
        nmem = self.json("ndctl list -D")[0]["dev"]
        self.guest.sh(f"head -c {LSA_SIZE} /dev/urandom >/run/written && ndctl write-labels -i /run/written {nmem}")
        self.labels = self.guest.sh("sha256sum /run/written").split()[0]
        same("labels read back", self.labels_in_guest(), self.labels)

    @test
    def firmware_is_staged(self):
        self.guest.sh("head -c 65536 /dev/urandom >/run/image; cxl update-firmware -F /run/image --wait mem0")
        firmware = self.device.query()["firmware"]
        same("firmware", (firmware["active"], firmware["staged"], firmware["slots"][1]["size"]), (1, 2, 65536))
        crc32 = int(self.guest.sh("crc32 /run/image").split()[0], 16)
        same("checksum", firmware["slots"][1]["crc32"], crc32)
        self.slots = firmware["slots"]

    @test
    def power_fails_with_events_in_the_logs(self):
        self.wait_drained()
        self.guest.qmp.command("stop")
        for number, log in enumerate(LOGS, 1):
            self.device.qmp.command("swcxl-inject-event", log=log, type="dram",
                                    count=LOG_MAX if LOST[log] else number,
                                    fields={"dpa": number * 0x40, "row": number})
            if LOST[log]:
                self.device.qmp.command("swcxl-inject-event", log=log, type="general-media", count=LOST[log])
        before = self.device.query()
        self.events, self.logs, self.overflow = self.records(), before["logs"], before["poison-list"]
        same("lost records", {log: self.logs[log]["lost"] for log in LOGS}, LOST)
        check("records have a time", all(record["timestamp"] for log in LOGS for record in self.events[log]))
        same("shutdown state, which Linux has armed", self.device.cci(GET_SHUTDOWN_STATE)[0] & 1, 1)
        self.power_off(signal.SIGKILL)

    # --- the second life

    @test
    def device_has_it_all_before_a_guest_boots(self):
        self.start_devices()
        state = self.device.query()
        same("event logs", state["logs"], self.logs)
        same("events", self.records(), self.events)
        same("poison", self.device.poison(), self.poison_to_stay)
        same("poison list", {key: state["poison-list"][key] for key in ("overflow", "overflow-timestamp")},
             {"overflow": True, "overflow-timestamp": self.overflow["overflow-timestamp"]})
        same("the device's clock", state["timestamp"], 0)

    @test
    def guest_reads_the_same_events(self):
        self.start_guest()
        self.expect_drivers()
        self.guest.mark()
        traces = self.guest.traces()
        for log in LOGS:
            got = [(trace["handle"], trace["time"] if "time" in trace.fields else "", trace["row"])
                   for trace in traces if trace.event == "cxl_dram" and trace["log"] == log.capitalize()]
            same(f"handles, times and rows in {log}", got, [
                (f"{record['handle']:x}", str(record["timestamp"]), str(record["row"]))
                for record in self.events[log]])
        overflows = sorted(trace.text.split("log=")[1] for trace in traces if trace.event == "cxl_overflow")
        logs = self.logs
        same("overflows", overflows, sorted(
            f"{log.capitalize()} : {lost} records from {logs[log]['first-lost']} to {logs[log]['last-lost']}"
            for log, lost in LOST.items() if lost))

    @test
    def guest_reads_the_same_poison_list(self):
        same("poison list in the guest", self.list_in_guest(), self.list_to_stay)

    @test
    def guest_reads_the_same_labels(self):
        same("labels", self.labels_in_guest(), self.labels)

    @test
    def staged_firmware_is_active(self):
        firmware = self.device.query()["firmware"]
        same("firmware", firmware, {"active": 2, "staged": 0, "transferring": False, "slots": self.slots})
        shown = self.memdev("-F")
        same("active slot and version", (shown["firmware"]["active_slot"], shown["firmware_version"]),
             (2, self.slots[1]["revision"]))
        check("nothing is staged", "staged_slot" not in shown["firmware"])

    @test
    def dirty_shutdown_is_counted(self):
        same("dirty shutdowns", self.memdev("-H")["health"]["dirty_shutdowns"], 1)

    # --- the third

    @test
    def what_was_undone_stays_undone(self):
        nmem = self.json("ndctl list -D")[0]["dev"]
        self.guest.sh(f"ndctl zero-labels {nmem}")
        gone = {dpa for dpa, row in self.device.poison().items() if row["listed"] and dpa != PERMANENT}
        self.debugfs("clear", *gone)
        self.wait_drained()
        left = self.device.poison()
        self.power_off(signal.SIGTERM)
        self.start_devices()
        self.start_guest()
        self.expect_drivers()
        same("poison on the host", self.device.poison(), left)
        same("poison list in the guest", [record[0] for record in self.list_in_guest()], [PERMANENT])
        same("labels", self.labels_in_guest(), hashlib.sha256(bytes(LSA_SIZE)).hexdigest())
        same("dirty shutdowns", self.memdev("-H")["health"]["dirty_shutdowns"], 2)  # nothing has disarmed it
        self.guest.mark()
        same("events", [t.text for t in self.guest.traces() if "handle" in t.fields], [])
        self.expect_quiet_kernel()
