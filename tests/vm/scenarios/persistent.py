# SPDX-License-Identifier: MIT
"""Both kinds of capacity, where the kernel brings its nvdimm code too."""

from guest import BDF
from scenario import MIB, SERIAL, Scenario, same, test


class PersistentMemory(Scenario):
    name = "persistent"
    options = ("--volatile", "256M", "--persistent", "256M")
    expected_drivers = {**Scenario.expected_drivers, "pmem0": "cxl_nvdimm"}

    @test
    def drivers_bind(self):
        self.expect_drivers()

    @test
    def kernel_log_is_quiet_after_boot(self):
        self.expect_quiet_kernel()

    @test
    def cxl_list_shows_both_capacities(self):
        memdev = self.memdev("-I")
        expected = {"ram_size": 256 * MIB, "pmem_size": 256 * MIB, "serial": SERIAL, "host": BDF}
        same("cxl list", {key: memdev.get(key) for key in expected}, expected)

    @test
    def list_covers_both_partitions_P3(self):
        self.device.plant(256 * MIB - 64, 128)  # one plant, but a record never crosses the boundary
        self.debugfs("inject", 256 * MIB + 0x1000)
        self.device.plant(512 * MIB - 64, 64, source="external")
        same("poison list in the guest", self.listed(),
             {(256 * MIB - 64, 64, "Internal"), (256 * MIB, 64, "Internal"),
              (256 * MIB + 0x1000, 64, "Injected"), (512 * MIB - 64, 64, "External")})

    @test
    def persistent_poison_survives_a_reset_D39(self):
        self.guest.reboot()
        self.expect_drivers()
        # Volatile poison is gone with its content, injected poison by the device's setting (I-5).
        same("poison list in the guest", self.listed(),
             {(256 * MIB, 64, "Internal"), (512 * MIB - 64, 64, "External")})
        self.expect_quiet_kernel()
