# SPDX-License-Identifier: MIT
"""After ndctl's cxl-update-firmware: images of 8 and 16 MiB, waited for and not, on two devices, cancelled."""

from guest import wait_for
from scenario import MIB, check, same, test
from scenarios.ndctl_base import NdctlBase

TRANSFER_FW, ACTIVATE_FW = 0x0201, 0x0202
FULL, ONLINE = 0, 0
PATH = "/run/image"


class NdctlFirmware(NdctlBase):
    def make_image(self, size):
        """Random bytes in the guest; returns their checksum."""
        return int(self.guest.sh(f"head -c {size} /dev/urandom >{PATH} && crc32 {PATH}").split()[0], 16)

    def firmware(self, device):
        return device.query()["firmware"]

    def expect_slot(self, device, slot, size, crc32):
        got = self.firmware(device)["slots"][slot - 1]
        same(f"slot {slot} of the device", (got["slot"], got["size"], got["crc32"]), (slot, size, crc32))

    def update(self, options):
        """cxl update-firmware; what it prints of the devices' firmware."""
        return [memdev["firmware"] for memdev in self.json(f"cxl update-firmware {options}")]

    def shown(self, memdev):
        return self.memdev("-F", memdev)["firmware"]

    def wait_complete(self, memdev):
        wait_for("the end of the update", lambda: not self.shown(memdev)["fw_update_in_progress"], 120, 1)

    def command(self, opcode, payload):
        """On the control channel, until it has ended there."""
        reply = self.device.qmp.command("swcxl-cci", opcode=opcode, payload=payload.hex())
        check(f"return code {reply['return-code']}", reply["return-code"] in (0, 1))
        wait_for("the end of the command", lambda: not self.device.query()["background"]["running"])
        same("return code", self.device.query()["background"]["return-code"], 0)

    @test
    def firmware_starts_from_slot_2(self):
        """As ndctl's mock does; so a management controller fills and activates it."""
        self.command(TRANSFER_FW, bytes([FULL, 2]).ljust(128, b"\0") + b"boot" * 32)
        self.command(ACTIVATE_FW, bytes([ONLINE, 2]))
        shown = self.shown(self.memdevs()[0])
        same("firmware", {key: shown.get(key) for key in ("num_slots", "active_slot", "staged_slot",
                                                          "fw_update_in_progress")},
             {"num_slots": 3, "active_slot": 2, "staged_slot": None, "fw_update_in_progress": False})

    @test
    def firmware_update_is_waited_for(self):
        memdev = self.memdevs()[0]
        crc32 = self.make_image(8 * MIB)
        firmware, = self.update(f"-F {PATH} --wait {memdev}")
        same("firmware", (firmware["fw_update_in_progress"], firmware["staged_slot"], firmware["active_slot"]),
             (False, 3, 2))
        self.expect_slot(self.device, 3, 8 * MIB, crc32)
        same("versions", [firmware[f"slot_{n}_version"] for n in (1, 2, 3)],
             [slot["revision"] for slot in self.firmware(self.device)["slots"]])

    @test
    def firmware_update_goes_on_by_itself(self):
        memdev = self.memdevs()[0]
        crc32 = self.make_image(16 * MIB)
        firmware, = self.update(f"-F {PATH} {memdev}")
        same("update in progress", firmware["fw_update_in_progress"], True)
        self.wait_complete(memdev)
        self.expect_slot(self.device, 3, 16 * MIB, crc32)

    @test
    def firmware_of_two_devices_is_updated(self):
        memdevs = " ".join(self.memdevs())
        crc32 = self.make_image(16 * MIB)
        for options, expected in ((f"-F {PATH}", True), ("--wait", False)):
            same(f"updates in progress after {options}",
                 [f["fw_update_in_progress"] for f in self.update(f"{options} {memdevs}")], [expected] * 2)
        self.expect_slot(self.devices[0], 3, 16 * MIB, crc32)
        self.expect_slot(self.devices[1], 2, 16 * MIB, crc32)

    @test
    def firmware_update_is_cancelled(self):
        """Parts that take long leave time for it; the slot stays as it was."""
        memdev, before = self.memdevs()[0], self.firmware(self.device)
        self.device.qmp.command("swcxl-fault", fault="delay", opcode=TRANSFER_FW, value=50000000, count=0)
        self.make_image(16 * MIB)
        firmware, = self.update(f"-F {PATH} {memdev}")
        same("update in progress", firmware["fw_update_in_progress"], True)
        wait_for("a transfer", lambda: self.firmware(self.device)["transferring"])
        self.update(f"--cancel {memdev}")
        self.wait_complete(memdev)
        self.device.qmp.command("swcxl-clear-faults")
        same("firmware", self.firmware(self.device), before)
