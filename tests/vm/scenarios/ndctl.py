# SPDX-License-Identifier: MIT
"""What ndctl's own tests ask of its mock devices, asked of two swcxl devices, with the same numbers.

The mock's geometry makes the tests' addresses legal: 1 GiB volatile, then 1 GiB persistent. A file for each of
the tests; they share the guest, and what one of them creates goes with it.
"""

from scenario import test
from scenarios.ndctl_events import NdctlEvents
from scenarios.ndctl_firmware import NdctlFirmware
from scenarios.ndctl_labels import NdctlLabels
from scenarios.ndctl_poison import NdctlPoison
from scenarios.ndctl_sanitize import SECONDS, NdctlSanitize


class Ndctl(NdctlPoison, NdctlEvents, NdctlSanitize, NdctlFirmware, NdctlLabels):
    name = "ndctl"
    options = ("--volatile", "1G", "--persistent", "1G", "--event-log-max", "15",
               "--sanitize-time", f"{SECONDS}s")

    @test
    def kernel_log_is_quiet_after_everything(self):
        # What the kernel says of poison in a region, once, and of what the tests do wrong on purpose.
        self.expect_quiet_kernel("poison inject dpa:", "poison clear dpa:", "exceeds region size",
                                 "Failed to get security state : -16")
