# SPDX-License-Identifier: MIT
"""After ndctl's cxl-events: what one trigger yields in the trace, and that a region is named where one maps."""

from records import NIL
from scenario import check, same, test
from scenarios.ndctl_base import NdctlBase

GENERIC_INFO = "ba5eba11-abcd-efeb-a55a-a55aa5a55aa5"
GENERIC_FATAL = "abcdefeb-ba11-ba5e-a55a-a55aa5a55aa5"


class NdctlEvents(NdctlBase):
    """The logs have room for 15 records."""

    def trigger(self, device):
        def inject(log, kind, count=1, **fields):
            device.qmp.command("swcxl-inject-event", log=log, type=kind, fields=fields, count=count)
        with self.standing_still():
            inject("informational", GENERIC_INFO)
            inject("informational", "general-media", dpa=0x2000)
            inject("informational", "memory-module")
            inject("failure", "memory-module", 17)
            inject("fatal", GENERIC_FATAL)
            inject("fatal", "dram", dpa=0x8000)

    def triggered(self, index):
        since = self.guest.mark()
        self.trigger(self.devices[index])
        for log, count in (("Informational", 3), ("Fatal", 2), ("Failure", 15)):
            self.guest.wait_traces(None, count, since, log=log)
        self.guest.wait_traces("cxl_overflow", 1, since)
        self.guest.mark()
        return [trace for trace in self.guest.traces(since=since) if trace.event.startswith("cxl_")]

    @test
    def events_of_a_trigger(self):
        traces = self.triggered(0)
        count = {text: sum(text in f"{trace.event} {trace.text}" for trace in traces)
                 for text in ("cxl_overflow", "log=Fatal", "log=Failure", "log=Informational")}
        same("lines", count, {"cxl_overflow": 1, "log=Fatal": 2, "log=Failure": 16, "log=Informational": 3})
        overflow = [trace.text for trace in traces if trace.event == "cxl_overflow"][0]
        check(f"2 records were lost: {overflow}", "log=Failure : 2 records from " in overflow)
        same("regions", {trace["region"] for trace in traces if "region" in trace.fields}, {""})

    @test
    def events_name_the_region(self):
        self.ram_region = region = self.create_region("ram", "-s 1G")
        for index, memdev in enumerate(self.memdevs()):
            traces = {trace.event: trace for trace in self.triggered(index)}
            for event, dpa in (("cxl_general_media", 0x2000), ("cxl_dram", 0x8000)):
                granularity = region["interleave_granularity"]
                offset = dpa // granularity * granularity * 2 + index * granularity + dpa % granularity
                got = {key: traces[event][key] for key in ("memdev", "dpa", "region", "region_uuid", "hpa")}
                same(event, got, {"memdev": memdev, "dpa": f"{dpa:x}", "region": region["region"],
                                  "region_uuid": NIL, "hpa": f"{region['resource'] + offset:x}"})
