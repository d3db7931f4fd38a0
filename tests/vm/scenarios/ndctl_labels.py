# SPDX-License-Identifier: MIT
"""After ndctl's cxl-labels: the label storage area, written, read back and zeroed, compared byte by byte."""

import hashlib

from scenario import same, test
from scenarios.ndctl_base import NdctlBase

LSA_SIZE = 128 << 10
GET_LSA = 0x4102
PART = 2048


class NdctlLabels(NdctlBase):
    def lsa(self, device):
        """The area as the device itself has it."""
        content = b""
        for offset in range(0, LSA_SIZE, PART):
            request = offset.to_bytes(4, "little") + PART.to_bytes(4, "little")
            content += device.cci(GET_LSA, request)
        return content

    def nmems(self):
        """ndctl's names of the devices, in the devices' order; their ids are the serial numbers."""
        found = {int(dimm["id"]): dimm["dev"] for dimm in self.json("ndctl list -Di")}
        return [found[self.memdev(memdev=memdev)["serial"]] for memdev in self.memdevs()]

    def sha256(self, path):
        return self.guest.sh(f"sha256sum {path}").split()[0]

    @test
    def labels_are_read_by_cxl(self):
        for memdev, device in zip(self.memdevs(), self.devices):
            self.guest.sh(f"cxl read-labels -o /run/labels {memdev}")
            same("size", int(self.guest.sh("stat -c %s /run/labels")), LSA_SIZE)
            same("content", self.sha256("/run/labels"), hashlib.sha256(self.lsa(device)).hexdigest())

    @test
    def labels_written_by_ndctl_are_what_is_read(self):
        for nmem, device in zip(self.nmems(), self.devices):
            self.guest.sh(f"head -c {LSA_SIZE} /dev/urandom >/run/written &&"
                          f" ndctl write-labels -i /run/written {nmem}")
            self.guest.sh(f"ndctl read-labels -o /run/read {nmem} && cmp /run/written /run/read")
            same("content on the host", hashlib.sha256(self.lsa(device)).hexdigest(), self.sha256("/run/written"))

    @test
    def labels_are_zeroed_by_ndctl(self):
        for nmem, device in zip(self.nmems(), self.devices):
            self.guest.sh(f"ndctl zero-labels {nmem} && ndctl read-labels -o /run/read {nmem}")
            self.guest.sh(f"head -c {LSA_SIZE} /dev/zero | cmp - /run/read")
            same("content on the host", self.lsa(device), bytes(LSA_SIZE))
