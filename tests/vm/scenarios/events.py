# SPDX-License-Identifier: MIT
"""Events as programs see them: everything injected is in rasdaemon's database and in cxl monitor's output.

Column by column and member by member, and against all columns and members that there are: one that a newer
rasdaemon or kernel adds makes the test fail until it is compared too. Injected is while the guest's processors
stand still; so the logs can be read back before the guest empties them, and each record's handle and
timestamp are known exactly.
"""

import re
import time

from guest import BDF
from listeners import Monitor, Rasdaemon
from records import LOGS, Injection, ras_time
from scenario import SERIAL, Scenario, check, same, test

LOG_MAX = 64
LIST_MAX = 64

# Every field of every type, each with a value of its own. A PLDM component: both its ids are valid.
HEADER = {"flags": 0x3c, "maint-op-class": 0x21, "maint-op-subclass": 0x32, "ld-id": 0x4354, "head-id": 0x65}
PLDM = {"component-id": b"\x03EntityResoID-%#".hex(), "is-comp-id-pldm": True}
ADDRESS = {"dpa": 0x1234540, "volatile": True, "not-repairable": True, "descriptor": 7, "transaction-type": 7}
PLACE = {"nibble-mask": 0xa1b2c3, "bank-group": 0x1d, "bank": 0x2e, "row": 0x3f4051, "column": 0x6273}
FULL = {
    "general-media": {**HEADER, **PLDM, **ADDRESS, "memory-event-type": 5, "channel": 0xc1, "rank": 0xd2,
                      "device": 0xe3f405, "cme-ev-flags": 3, "cme-count": 0x112233, "sub-type": 4},
    "dram": {**HEADER, **PLDM, **ADDRESS, "memory-event-type": 5, "channel": 0x91, "rank": 0x82, **PLACE,
             "correction-mask": [0x0102030405060708, 0x1112131415161718, 0x2122232425262728, 0x3132333435363738],
             "sub-channel": 0x84, "cme-ev-flags": 2, "cvme-count": 0x445566, "sub-type": 3},
    "memory-module": {**HEADER, **PLDM, "device-event-type": 7, "health-status": 0xb, "media-status": 6,
                      "additional-status": 0x36, "life-used": 77, "temperature": -13,
                      "dirty-shutdown-count": 0x01020304, "corrected-volatile-error-count": 0x05060708,
                      "corrected-persistent-error-count": 0x090a0b0c, "sub-type": 2},
    "memory-sparing": {**HEADER, **PLDM, "sparing-flags": 6, "result": 1, "resources-available": 2,
                       "channel": 0x71, "rank": 0x62, **PLACE, "sub-channel": 0x95}}
# Few fields, and what QEMU's commands cannot do without.
ECC = {"dpa": 0x40, "descriptor": 1, "memory-event-type": 0, "transaction-type": 1}
SPARSE = {"general-media": {**ECC, "rank": 1, "component-id": b"not of PLDM kind".hex()},
          "dram": {**ECC, "channel": 9, "bank": 7, "column": 0x1234},
          "memory-module": {**FULL["memory-module"], "device-event-type": 3, "sub-type": 0},
          "memory-sparing": {"result": 0, "row": 0x123456}}
for _name in (*PLDM, *HEADER):
    del SPARSE["memory-module"][_name]

RELATED = {"related-handle": 0x7687}
VENDOR = "ba5eba11-abcd-efeb-a55a-a55aa5a55aa5"
VENDOR_DATA = bytes(range(1, 81))


def injections():
    """Each type with all its fields and with few, through each command that can; and with all but none valid."""
    for kind in FULL:
        if kind != "memory-sparing":  # QEMU has no command for it
            yield Injection("failure", kind, FULL[kind], as_qemu=True)
            yield Injection("informational", kind, SPARSE[kind], as_qemu=True)
        yield Injection("fatal", kind, FULL[kind] | RELATED)
        yield Injection("warning", kind, SPARSE[kind])
        yield Injection("failure", kind, FULL[kind], valid=False)
    yield Injection("failure", VENDOR, HEADER | RELATED, VENDOR_DATA)
    yield Injection("informational", VENDOR, data=VENDOR_DATA[:5])


class Events(Scenario):
    name = "events"
    # Small logs and a small list overflow without thousands of rows.
    options = ("--volatile", "256M", "--event-log-max", f"{LOG_MAX}",
               "--poison-list-max", f"{LIST_MAX}")

    def inject(self, todo):
        """Injects all at once; returns what the kernel is to trace, [(injection, {field: value})]."""
        with self.standing_still():
            before = self.device.query()
            same("records in the logs", [before["logs"][log]["count"] for log in LOGS], [0, 0, 0, 0])
            for injection in todo:
                injection.inject(self.device.qmp.command)
            records = {log: self.device.qmp.command("swcxl-query-events", log=log) for log in LOGS}
            after = self.device.query()["timestamp"]
        traced = []
        for injection in todo:
            record = records[injection.log].pop(0)
            check("the record's time is that of its injection", before["timestamp"] <= record["timestamp"] <= after)
            traced.append((injection, injection.traced(SERIAL, record["handle"], record["timestamp"])))
        same("records that were not injected", [records[log] for log in LOGS], [[], [], [], []])
        return traced

    def expect_rows(self, table, expected, since=0):
        """The table's rows since then, but for their ids and the time of their storing, which is the guest's."""
        rows = self.rasdaemon.rows(table, since)
        now = time.time()
        for row in rows:
            del row["id"]
            stored = time.mktime(time.strptime(row.pop("timestamp"), "%Y-%m-%d %H:%M:%S +0000")) - time.timezone
            check(f"stored at {stored}, about now, {now}", abs(now - stored) < 1000)
        same(f"number of rows in {table}", len(rows), len(expected))
        key = lambda row: (row.get("log_type", ""), row.get("hdr_handle", 0), row.get("dpa", 0))  # noqa: E731
        for row, wanted in zip(sorted(rows, key=key), sorted(expected, key=key)):
            same(f"row of {table}", row, wanted)

    # --- each record

    @test
    def every_record_comes_once(self):
        self.rasdaemon = Rasdaemon(self.guest)
        self.monitor = Monitor(self.guest)
        since = self.guest.mark()
        self.traced = self.inject([*injections()])
        stored = [i for i, _ in self.traced if i.kind != "memory-sparing"]
        self.rasdaemon.wait(len(stored))
        self.printed = self.monitor.wait(len(self.traced))
        self.guest.mark()
        events = [(e.event, e["log"], e["handle"]) for e in self.guest.traces(since=since) if "handle" in e.fields]
        same("trace events", sorted(events), sorted((i.event(), i.log.capitalize(), f"{trace['hdr_handle']:x}")
                                                    for i, trace in self.traced))

    @test
    def handles_count_up_in_each_log(self):
        for log in LOGS:
            handles = [trace["hdr_handle"] for i, trace in self.traced if i.log == log]
            same(f"handles in {log}", handles, [*range(handles[0], handles[0] + len(handles))])
            check("no record has handle 0", handles[0] > 0)

    def expect_table(self, kind):
        rows = [i.row(trace) for i, trace in self.traced if i.kind == kind]
        check("there is something to compare", rows)
        self.expect_rows(f"{Injection('fatal', kind).event()}_event".replace("event_event", "event"), rows)

    @test
    def general_media_columns_are_what_was_injected(self):
        self.expect_table("general-media")

    @test
    def dram_columns_are_what_was_injected(self):
        self.expect_table("dram")

    @test
    def memory_module_columns_are_what_was_injected(self):
        self.expect_table("memory-module")

    @test
    def generic_columns_are_what_was_injected(self):
        self.expect_table(VENDOR)

    @test
    def rasdaemon_says_what_memory_sparing_was_injected(self):
        """It has no table for these records and prints them."""
        said = [text.split(" ", 3)[3] for text in self.rasdaemon.text("cxl_memory_sparing")]
        same("texts", sorted(said), sorted(self.sparing_text(trace) for i, trace in self.traced
                                           if i.kind == "memory-sparing"))

    def sparing_text(self, trace):
        flags = {2: "PERMANENT_CONDITION", 3: "MAINTENANCE_NEEDED", 4: "PERFORMANCE_DEGRADED",
                 5: "HARDWARE_REPLACEMENT_NEEDED", 6: "MAINT_OP_SUB_CLASS_VALID", 7: "LOGICAL_DEV_ID_VALID",
                 8: "DEV_HEAD_ID_VALID"}
        sparing = {0: "QUERY_RESOURCES", 1: "HARD_SPARING", 2: "DEVICE_INITIATED"}

        def named(names, value):
            return "".join(f"'{name}' " for bit, name in names.items() if value >> bit & 1)

        def valid(bits, bit, text):
            return text if bits >> bit & 1 else ""
        header, v = trace["hdr_flags"], trace["validity_flags"]
        component = bytes(trace["comp_id"])
        text = (f"memdev:mem0 host:{BDF} serial:{SERIAL:#x} log type:{LOGS[trace['log']].capitalize()} "
                f"hdr_uuid:{trace['hdr_uuid']} {named(flags, header)}hdr_handle:{trace['hdr_handle']:#x} "
                f"hdr_related_handle:{trace['hdr_related_handle']:#x} "
                f"hdr_timestamp:{ras_time(trace['hdr_timestamp'])} hdr_length:{trace['hdr_length']} "
                f"hdr_maint_op_class:{trace['hdr_maint_op_class']} "
                + valid(header, 6, f"hdr_maint_op_sub_class:{trace['hdr_maint_op_sub_class']} ")
                + valid(header, 7, f"hdr_ld_id:{trace['hdr_ld_id']:#x} ")
                + valid(header, 8, f"hdr_head_id:{trace['hdr_head_id']:#x} ")
                + f"flags:{trace['flags']:#x} {named(sparing, trace['flags'])}result:{trace['result']:#x} "
                f"spare resources available:{trace['res_avail']} ")
        for bit, name in ((0, "channel"), (9, "sub_channel"), (1, "rank"), (2, "nibble_mask"), (3, "bank_group"),
                          (4, "bank"), (5, "row"), (6, "column")):
            text += valid(v, bit, f"{name}:{trace[name]} ")
        text += valid(v, 7, "comp_id:" + component.hex(" ") + " ")
        return text + valid(v, 8, "comp_id_pldm_valid_flags:'PLDM Entity ID' 'Resource ID' "
                            f"PLDM Entity ID:{component[1:7].hex(' ')} Resource ID:{component[7:11].hex(' ')} ")

    @test
    def cxl_monitor_shows_every_field(self):
        def key(event):
            return event["log"], event["hdr_handle"]
        expected = [{"system": "cxl", "event": i.event(), **trace} for i, trace in self.traced]
        for event in self.printed:
            check("monitor's own time", event.pop("timestamp") > 0)
        same("number of events", len(self.printed), len(expected))
        for event, wanted in zip(sorted(self.printed, key=key), sorted(expected, key=key)):
            same("event", event, wanted)

    # --- many records

    @test
    def nothing_is_lost_in_a_storm_that_the_guest_can_follow(self):
        """1000 records, injected while the guest reads, faster than it does but never into a full log."""
        before = len(self.rasdaemon.stored())
        rows = len(self.rasdaemon.rows("cxl_general_media_event"))
        dpas = [number * 0x40 for number in range(1000)]
        for dpa in dpas:
            if dpa % 0x200 == 0:
                self.wait_drained(LOG_MAX // 2)
            self.device.qmp.command("swcxl-inject-event", log="warning", type="general-media", fields={"dpa": dpa})
        self.rasdaemon.wait(before + len(dpas))
        same("DPAs in rasdaemon's order",
             [row["dpa"] for row in self.rasdaemon.rows("cxl_general_media_event", rows)], dpas)
        same("events lost", [e.text for e in self.guest.traces("cxl_overflow")], [])

    @test
    def overflow_is_counted_exactly(self):
        """More records than a log holds while the guest does not look, another number for each log."""
        before = len(self.rasdaemon.stored())
        lost = {"informational": 1, "warning": 44, "failure": 300, "fatal": 1000}
        since = self.guest.mark()
        with self.standing_still():
            for log, number in lost.items():
                for count in (LOG_MAX, 1, number - 1):
                    if count:
                        self.device.qmp.command("swcxl-inject-event", log=log, type="dram", count=count)
            logs = self.device.query()["logs"]
        same("lost records", {log: logs[log]["lost"] for log in LOGS}, lost)
        check("the later records were lost later", all(logs[log]["first-lost"] < logs[log]["last-lost"]
                                                       for log in LOGS if lost[log] > 1))
        self.rasdaemon.wait(before + 4 * LOG_MAX + 4)
        rows = [{"memdev": "mem0", "host": BDF, "serial": SERIAL, "log_type": log.capitalize(), "count": number,
                 "first_ts": ras_time(logs[log]["first-lost"]), "last_ts": ras_time(logs[log]["last-lost"])}
                for log, number in lost.items()]
        self.expect_rows("cxl_overflow_event", rows)
        self.guest.mark()
        texts = [re.sub(r"^.*log=", "log=", e.text) for e in self.guest.traces("cxl_overflow", since)]
        same("overflows traced, to the nanosecond", sorted(texts), sorted(
            f"log={log.capitalize()} : {number} records from {logs[log]['first-lost']} to {logs[log]['last-lost']}"
            for log, number in lost.items()))

    @test
    def logs_work_as_before_after_an_overflow(self):
        since = self.guest.mark()
        for log in LOGS:
            self.device.qmp.command("swcxl-inject-event", log=log, type="dram", fields={"dpa": 0x7c0})
            self.guest.wait_traces("cxl_dram", 1, since, log=log.capitalize(), dpa="7c0")
        self.wait_drained()
        same("overflow flags", [self.device.query()["logs"][log]["overflow"] for log in LOGS], [False] * 4)

    # --- poison

    def poison_row(self, trace_type, dpa, length, source, flags=0, overflow_ts=0):
        """region and the addresses are the host's; rasdaemon takes a UUID's bytes for a text, and nil is none."""
        return {"memdev": "mem0", "host": BDF, "serial": SERIAL, "trace_type": trace_type, "region": "",
                "region_uuid": "", "hpa": -1, "hpa_alias0": -1, "dpa": dpa, "dpa_length": length,
                "source": source, "flags": flags, "overflow_ts": ras_time(overflow_ts)}

    @test
    def poison_columns_are_what_the_list_holds(self):
        before = len(self.rasdaemon.stored())
        for dpa, length, source in ((0x10000, 64, "external"), (0x20000, 128, "internal"), (0x40000, 64, "vendor"),
                                    (0x50000, 4096, "unknown")):
            self.device.plant(dpa, length, source=source)
        self.debugfs("inject", 0x30000)
        self.debugfs("clear", 0x10000)
        self.guest.poison_list()
        self.rasdaemon.wait(before + 5 + 2 + 4)  # an event for each new error, both commands, the list
        self.expect_rows("cxl_poison_event", [
            self.poison_row("Inject", 0x30000, 64, "Unknown"), self.poison_row("Clear", 0x10000, 64, "Unknown"),
            self.poison_row("List", 0x20000, 128, "Internal"), self.poison_row("List", 0x30000, 64, "Injected"),
            self.poison_row("List", 0x40000, 64, "Vendor"), self.poison_row("List", 0x50000, 4096, "Unknown")])

    @test
    def poison_columns_show_an_overflow(self):
        before = len(self.rasdaemon.stored())
        rows = len(self.rasdaemon.rows("cxl_poison_event"))
        for number in range(LIST_MAX):
            self.wait_drained(LOG_MAX // 2)
            self.device.plant(0x100000 + number * 0x1000)
        self.rasdaemon.wait(before + LIST_MAX)
        state = self.device.query()["poison-list"]
        check("the list has overflowed", state["overflow"])
        same("records", state["count"], LIST_MAX)
        self.guest.poison_list()
        self.rasdaemon.wait(before + 2 * LIST_MAX)
        got = self.rasdaemon.rows("cxl_poison_event", rows)
        same("flags", {row["flags"] & ~1 for row in got}, {2})
        same("overflow times", {row["overflow_ts"] for row in got}, {ras_time(state["overflow-timestamp"])})
        same("errors", {row["dpa"] for row in got}, {row["start"] for row in
             self.device.qmp.command("swcxl-query-poison") if row["listed"]})

    @test
    def kernel_log_is_quiet_after_everything(self):
        self.expect_quiet_kernel()
