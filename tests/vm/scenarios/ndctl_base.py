# SPDX-License-Identifier: MIT
"""What the ports of ndctl's tests share: two devices and regions over both."""

from guest import bdf, wait_for
from scenario import SERIAL, Scenario, same


class NdctlBase(Scenario):
    count = 2

    def memdevs(self):
        """The kernel's names of the devices, in the devices' order: it probes them in any."""
        if not hasattr(self, "_memdevs"):
            # The endpoints may be probed a moment after the agent is up.
            wait_for("both endpoints", lambda: len(self.json("cxl list -E")) == self.count, pause=0.5)
            found = {memdev["serial"]: memdev for memdev in self.json("cxl list -M")}
            same("serials and hosts", {serial: memdev["host"] for serial, memdev in found.items()},
                 {SERIAL + i: bdf(i) for i in range(self.count)})
            self._memdevs = [found[SERIAL + i]["memdev"] for i in range(self.count)]
        return self._memdevs

    def create_region(self, kind, options=""):
        """A region over both devices, each a target of the interleave, in the devices' order."""
        output = self.guest.sh(f"cxl create-region -d decoder0.0 -t {kind} -w 2 {options} -m"
                               f" {' '.join(self.memdevs())}", 120)
        regions = [region for region in self.json("cxl list -RT") if region["type"] == kind]
        same(f"number of {kind} regions, after: {output}", len(regions), 1)
        same("region", {key: regions[0][key] for key in ("interleave_ways", "decode_state")},
             {"interleave_ways": 2, "decode_state": "commit"})
        same("targets", [mapping["memdev"] for mapping in
                         sorted(regions[0]["mappings"], key=lambda mapping: mapping["position"])], self.memdevs())
        return regions[0]

    def destroy_region(self, region):
        self.guest.sh(f"ndctl disable-region all 2>/dev/null; cxl destroy-region -f {region['region']}", 120)
        same("regions", [r for r in self.json("cxl list -R") if r["region"] == region["region"]], [])
