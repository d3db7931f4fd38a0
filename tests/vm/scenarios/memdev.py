# SPDX-License-Identifier: MIT
"""The memory device as cxl list shows it, and what cxl changes of it. A file for each subject, one guest for all."""

from scenario import test
from scenarios.memdev_health import MemdevHealth
from scenarios.memdev_list import MemdevList
from scenarios.memdev_partition import MemdevPartition


class MemoryDevice(MemdevList, MemdevHealth, MemdevPartition):
    name = "memdev"
    options = ("--volatile", "512M", "--partitionable", "512M", "--persistent", "256M", "--lsa", "64K")

    @test
    def cdat_follows_the_partitions(self):
        self.cdat_is_a_table_of_the_partitions()

    @test
    def kernel_log_is_quiet_after_everything(self):
        self.expect_quiet_kernel()
