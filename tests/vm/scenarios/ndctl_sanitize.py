# SPDX-License-Identifier: MIT
"""After ndctl's cxl-sanitize: refused while a region maps the device, else 3 seconds in the background."""

import time

from guest import wait_for
from scenario import check, same, test
from scenarios.ndctl_base import NdctlBase

SANITIZE = 0x4400
SECONDS = 3


class NdctlSanitize(NdctlBase):
    """Comes after NdctlEvents, whose region it needs."""

    def security(self, memdev, name, value=None):
        path = f"/sys/bus/cxl/devices/{memdev}/security/{name}"
        return self.guest.run(f"echo {value} >{path}" if value else f"cat {path}")

    @test
    def sanitize_of_an_active_memdev_is_refused(self):
        for memdev, device in zip(self.memdevs(), self.devices):
            for name in ("sanitize", "erase"):
                status, output = self.security(memdev, name, 1)
                check(f"{name}: {status}, {output}", status != 0 and "resource busy" in output)
            same("background operation", device.query()["background"]["opcode"], 0)
        self.destroy_region(self.ram_region)

    @test
    def sanitize_is_waited_for(self):
        memdev, device = self.memdevs()[0], self.device
        device.plant(0x1000)
        device.plant(0x50000000, permanent=True)
        device.qmp.command("swcxl-write-media", start=0x40000000, data="5a" * 64)
        self.guest.sh("echo 0 >/run/before; echo 0 >/run/after")
        start = time.monotonic()
        self.guest.sh(f"""
            set -e
            echo 1 >/sys/bus/cxl/devices/{memdev}/security/sanitize
            cat /sys/bus/cxl/devices/{memdev}/security/state >/run/before
            cxl wait-sanitize {memdev}
            cat /sys/bus/cxl/devices/{memdev}/security/state >/run/after""")
        took = time.monotonic() - start
        check(f"it took {took:.1f} s, more than 2", took > 2)
        same("state before and after", self.guest.sh("cat /run/before /run/after").split(), ["sanitize", "disabled"])
        background = device.query()["background"]
        same("background operation", (background["opcode"], background["percent"], background["return-code"],
                                      background["running"]), (SANITIZE, 100, 0, False))

    @test
    def sanitize_leaves_nothing_but_permanent_errors_D41(self):
        same("poison on the host", set(self.device.poison()), {0x50000000})
        same("content", self.device.qmp.command("swcxl-read-media", start=0x40000000, length=64)["data"], "00" * 64)
        same("poison list in the guest", {record.dpa() for record in self.guest.poison_list(self.memdevs()[0])},
             {0x50000000})
        check("the other device is as it was", self.devices[1].query()["background"]["opcode"] == 0)

    @test
    def driver_keeps_its_hands_off_while_a_sanitize_runs(self):
        memdev, device = self.memdevs()[1], self.devices[1]
        same("sanitize", self.security(memdev, "sanitize", 1)[0], 0)
        same("state", self.security(memdev, "state")[1].strip(), "sanitize")
        status, output = self.guest.run(f"echo 1 >/sys/bus/cxl/devices/{memdev}/trigger_poison_list")
        check(f"the list cannot be read: {output}", status != 0 and "resource busy" in output)
        status, output = self.security(memdev, "sanitize", 1)
        check(f"no second one: {output}", status != 0 and "resource busy" in output)
        self.guest.sh(f"cxl wait-sanitize {memdev}")
        wait_for("reading the list", lambda: self.guest.run(
            f"echo 1 >/sys/bus/cxl/devices/{memdev}/trigger_poison_list")[0] == 0)
        same("background operation", device.query()["background"]["return-code"], 0)

    @test
    def erase_takes_the_content_at_once(self):
        memdev, device = self.memdevs()[1], self.devices[1]
        device.qmp.command("swcxl-write-media", start=0x2000, data="a5" * 64)
        self.guest.sh(f"echo 1 >/sys/bus/cxl/devices/{memdev}/security/erase")
        same("content", device.qmp.command("swcxl-read-media", start=0x2000, length=64)["data"], "00" * 64)
        same("state", self.security(memdev, "state")[1].strip(), "disabled")
