# SPDX-License-Identifier: MIT
"""cxl set-partition: what is asked for, and what is there after the reset."""

from scenario import MIB, check, same, test
from scenarios.memdev_base import MemdevBase


class MemdevPartition(MemdevBase):
    def sizes(self):
        info = self.memdev("-I")
        return info["ram_size"] // MIB, info["pmem_size"] // MIB

    @test
    def set_partition_waits_for_a_reset(self):
        same("ram and pmem", self.sizes(), (1024, 256))
        # What becomes persistent begins anew, what stays volatile is lost with the reset.
        self.device.plant(1024 * MIB)
        self.debugfs("inject", 0x100000)
        self.guest.sh("cxl set-partition -t pmem -s 256M mem0")
        info = self.memdev("-I")["partition_info"]
        same("partitions", info, self.expected_partitions())
        same("next partitions", [info[f"next_{kind}_size"] // MIB for kind in ("volatile", "persistent")], [768, 512])
        same("ram and pmem", self.sizes(), (1024, 256))

    @test
    def set_partition_is_there_after_the_reset(self):
        self.guest.reboot()
        self.expect_drivers()
        same("ram and pmem", self.sizes(), (768, 512))
        same("partitions", self.memdev("-I")["partition_info"], self.expected_partitions())
        same("poison on the host", set(self.device.poison()), {1024 * MIB})
        same("poison list in the guest", self.listed(), {(1024 * MIB, 64, "Internal")})

    @test
    def set_partition_beyond_the_capacity_is_refused(self):
        status, _ = self.guest.run("cxl set-partition -t pmem -s 1G mem0")
        check("it fails", status != 0)
        same("partitions", self.memdev("-I")["partition_info"], self.expected_partitions())
