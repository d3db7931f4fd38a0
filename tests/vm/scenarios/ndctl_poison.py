# SPDX-License-Identifier: MIT
"""After ndctl's cxl-poison: inject, list and clear, by memory device, by region and by offset in a region."""

from guest import bdf
from scenario import SERIAL, check, same, test
from scenarios.ndctl_base import NdctlBase

DPAS = (0x40000000, 0x40001000, 0x600, 0x0)


class NdctlPoison(NdctlBase):
    def media_errors(self, options):
        """As cxl list shows them. It reads the format of every trace event first, which takes a guest seconds."""
        return self.json(f"cxl list {options} --media-errors")[0].get("media_errors", [])

    def cxl_each(self, command, memdev):
        dpas = " ".join(f"{dpa:#x}" for dpa in DPAS)
        self.guest.sh(f"set -e; for dpa in {dpas}; do cxl {command} {memdev} -a $dpa; done")

    @test
    def poison_by_memdev(self):
        memdev = self.memdevs()[0]
        self.debugfs("inject", *DPAS, on=memdev)
        errors = [(e["offset"], e["length"], e["source"]) for e in self.media_errors(f"-m {memdev}")]
        same("media errors", sorted(errors), sorted((dpa, 64, "Injected") for dpa in DPAS))
        same("poison on the host", set(self.device.poison()), set(DPAS))
        self.debugfs("clear", *DPAS, on=memdev)
        same("media errors", self.media_errors(f"-m {memdev}"), [])
        same("poison on the host", self.device.poison(), {})

    @test
    def poison_by_cxl_commands(self):
        memdev, device = self.memdevs()[1], self.devices[1]
        self.cxl_each("inject-media-poison", memdev)
        same("poison on the host", set(device.poison()), set(DPAS))
        same("poison list in the guest", {record.dpa() for record in self.guest.poison_list(memdev)}, set(DPAS))
        same("poison on the other device", self.device.poison(), {})
        self.cxl_each("clear-media-poison", memdev)
        same("poison on the host", device.poison(), {})

    @test
    def poison_beyond_the_device_is_refused(self):
        memdev = self.memdevs()[0]
        for dpa in (0x80000000, 0x20, (1 << 64) - 64):
            status, _ = self.guest.run(f"echo {dpa:#x} >/sys/kernel/debug/cxl/{memdev}/inject_poison")
            check(f"{dpa:#x} cannot be injected", status != 0)
        same("poison on the host", self.device.poison(), {})

    @test
    def poison_by_region(self):
        region = self.region = self.create_region("pmem")
        for memdev in self.memdevs():
            self.debugfs("inject", 0x40000000, on=memdev)
        errors = self.media_errors(f"-r {region['region']}")
        # The first line of each target: they take turns, granule by granule.
        same("media errors", sorted((e["offset"], e["length"], e["source"]) for e in errors),
             [(0, 64, "Injected"), (region["interleave_granularity"], 64, "Injected")])
        for memdev in self.memdevs():
            self.debugfs("clear", 0x40000000, on=memdev)
        same("media errors", self.media_errors(f"-r {region['region']}"), [])

    @test
    def poison_by_offset_in_a_region(self):
        region = self.region
        name, granularity = region["region"], region["interleave_granularity"]
        for position, offset in enumerate((0, granularity)):
            for operation in ("inject", "clear"):
                since = self.guest.mark()
                self.debugfs(operation, offset, on=name)
                self.guest.mark()
                trace = self.guest.traces("cxl_poison", since)[-1]
                same(f"{operation} at {offset:#x}",
                     {key: trace[key] for key in ("trace_type", "region", "hpa", "host", "serial", "dpa")},
                     {"trace_type": operation.capitalize(), "region": name,
                      "hpa": f"{region['resource'] + offset:#x}", "host": bdf(position),
                      "serial": str(SERIAL + position), "dpa": "0x40000000"})
                same("poison on the host", {*self.devices[position].poison()},
                     {0x40000000} if operation == "inject" else set())

    @test
    def poison_beyond_a_region_is_refused(self):
        region = self.region
        for operation in ("inject", "clear"):
            for offset in (region["size"], 2 * region["size"]):
                path = f"/sys/kernel/debug/cxl/{region['region']}/{operation}_poison"
                status, _ = self.guest.run(f"echo {offset:#x} >{path}")
                check(f"{operation} at offset {offset:#x} fails", status != 0)
        same("poison on the hosts", [device.poison() for device in self.devices], [{}, {}])
        self.destroy_region(region)
