# SPDX-License-Identifier: MIT
"""Dynamic capacity from inside the guest, beside the driver that does not know it.

No released kernel drives dynamic capacity, so swcxlctl does what its driver would do, through the mailboxes. The
host is the fabric manager. The kernel leaves the fifth event log alone and its interrupt off: it is polled.
"""

from guest import BDF, wait_for
from scenario import MIB, Scenario, check, same, test

BLOCK = 2 * MIB
STATIC = 256 * MIB
REGION = [STATIC, STATIC + 256 * MIB]
TOP = STATIC + 512 * MIB
MAX = 16
# Records of an event log that fit into a mailbox payload of 4 KiB.
PAGE = (4096 - 32) // 128


def spans(rows):
    return [(row["start"], row["length"]) for row in rows]


def words(*extents):
    return " ".join(f"{start:#x}+{length:#x}" for start, length in extents)


class DynamicCapacity(Scenario):
    name = "dc"
    options = ("--volatile", "256M", "--dc-regions", "2", "--dc-region-size", "256M", "--dc-block-size", "2M",
               "--dc-flags", "1=sanitize", "--poison-list-max", str(MAX), "--scan-ns-per-line", "20")

    # --- the two sides

    def ctl(self, command):
        return self.json(f"swcxlctl --pci {BDF} {command} --json")

    def refused(self, command, text):
        status, output = self.guest.run(f"swcxlctl --pci {BDF} {command}")
        check(f"'{command}' ended with status {status}: {output}", status == 1 and text in output)

    def offer(self, region, *extents, tag=""):
        """The fabric manager offers these."""
        self.device.qmp.command(
            "cxl-add-dynamic-capacity", path="mem0", host_id=0, selection_policy="prescriptive", region=region,
            tag=tag, extents=[{"offset": start - REGION[region], "len": length} for start, length in extents])

    def reclaim(self, region, *extents, forced=False, sanitize=False):
        self.device.qmp.command(
            "cxl-release-dynamic-capacity", path="mem0", host_id=0, removal_policy="prescriptive", region=region,
            forced_removal=forced, sanitize_on_release=sanitize,
            extents=[{"offset": start - REGION[region], "len": length} for start, length in extents])

    def state(self):
        return self.device.query()["dynamic-capacity"]

    def expect_extents(self, *extents):
        """Both sides say that the host has these."""
        same("extents in the guest", spans(self.ctl("dc extents")["extents"]), list(extents))
        same("extents on the host", spans(self.state()["accepted"]), list(extents))

    def found(self, command):
        return {(row["start"], row["source"]) for row in self.ctl(command)["records"]}

    # --- tests

    @test
    def drivers_bind_as_without(self):
        self.expect_drivers()
        self.expect_quiet_kernel()
        same("static capacity", self.memdev()["ram_size"], STATIC)

    @test
    def regions_are_seen_by_4800h(self):
        config = self.ctl("dc config")
        same("regions", [(row["start"], row["length"], row["decode-length"], row["block-size"], row["flags"])
                         for row in config["regions"]],
             [(REGION[0], 256 * MIB, 256 * MIB, BLOCK, []), (REGION[1], 256 * MIB, 256 * MIB, BLOCK, ["sanitize"])])
        same("counters", (config["extents-max"], config["extents-available"]), (1024, 1024))
        status = self.ctl("status")
        same("capacity", (status["capacity"], status["dynamic-capacity"]["capacity"]), (TOP, 512 * MIB))

    @test
    def nothing_waits_at_first(self):
        self.expect_extents()
        self.refused("dc respond all", "No offer waits for an answer")
        self.refused("dc release requested", "Nothing is asked for")

    @test
    def offers_are_polled_for_and_seen_in_their_order_A1(self):
        self.guest.sh(f"(swcxlctl --pci {BDF} wait event --log dynamic-capacity --timeout 60"
                      " >/run/wait.out 2>&1; echo $? >/run/wait.status) &")
        self.offer(0, (REGION[0], 8 * MIB), (REGION[0] + 16 * MIB, 4 * MIB), tag="db1")
        self.offer(1, (REGION[1], 4 * MIB))
        self.offer(0, (REGION[0] + 64 * MIB, 2 * MIB))
        status = wait_for("the end of 'swcxlctl wait event'",
                          lambda: self.guest.run("cat /run/wait.status 2>/dev/null")[1].strip(), 60, 0.2)
        same("its end", (status, self.guest.sh("cat /run/wait.out")),
             ("0", "There are records in the dynamic-capacity log.\n"))
        document = self.ctl("dc extents")
        same("groups", [(group["type"], group["waits"], group["complete"], spans(group["extents"]))
                        for group in document["groups"]],
             [("add-capacity", True, True, [(REGION[0], 8 * MIB), (REGION[0] + 16 * MIB, 4 * MIB)]),
              ("add-capacity", True, True, [(REGION[1], 4 * MIB)]),
              ("add-capacity", True, True, [(REGION[0] + 64 * MIB, 2 * MIB)])])
        same("tag", document["groups"][0]["extents"][0]["tag"], b"db1".ljust(16, b"\0").hex())
        self.expect_extents()
        same("what the kernel traced of it", [trace.text for trace in self.guest.traces("cxl_generic_event")], [])

    @test
    def a_part_is_accepted_A3(self):
        answer = self.ctl(f"dc respond {words((REGION[0], 4 * MIB), (REGION[0] + 16 * MIB, 4 * MIB))}")
        same("records cleared", answer["cleared"], 2)
        self.expect_extents((REGION[0], 4 * MIB), (REGION[0] + 16 * MIB, 4 * MIB))
        same("records left", self.device.query()["logs"]["dynamic-capacity"]["count"], 2)

    @test
    def all_is_accepted_in_another_region(self):
        self.ctl("dc respond all")
        self.expect_extents((REGION[0], 4 * MIB), (REGION[0] + 16 * MIB, 4 * MIB), (REGION[1], 4 * MIB))

    @test
    def none_is_accepted_A7(self):
        same("accepted", self.ctl("dc respond none")["accepted"], [])
        self.expect_extents((REGION[0], 4 * MIB), (REGION[0] + 16 * MIB, 4 * MIB), (REGION[1], 4 * MIB))
        same("refused on the host", spans(self.state()["refused"])[-1], (REGION[0] + 64 * MIB, 2 * MIB))
        self.refused("dc respond none", "No offer waits for an answer")

    @test
    def poison_is_known_where_the_host_has_capacity_D45(self):
        self.known = {0x1000, REGION[0] + 0x40, REGION[0] + 16 * MIB, REGION[1] + 4 * MIB - 64}
        self.hidden = {REGION[0] + 100 * MIB, TOP - 64}
        for dpa in self.known | self.hidden:
            self.device.plant(dpa)
        same("poison list of the device", self.found("poison list"), {(dpa, "internal") for dpa in self.known})
        same("of what the kernel asks for", {dpa for dpa, _, _ in self.listed()}, {0x1000})
        same("list over two regions", self.found(f"poison list {REGION[0] + 16 * MIB:#x}-{TOP:#x}"),
             {(dpa, "internal") for dpa in self.known if dpa >= REGION[0] + 16 * MIB})

    @test
    def poison_is_injected_and_cleared_only_there_D46(self):
        self.guest.sh(f"swcxlctl --pci {BDF} inject {REGION[1]:#x}; swcxlctl --pci {BDF} clear {REGION[1]:#x}")
        self.refused(f"inject {REGION[1] + 4 * MIB:#x}", "Invalid Physical Address")
        self.refused(f"clear {REGION[0] + 100 * MIB:#x}", "Invalid Physical Address")
        check("the other's poison is still there", REGION[0] + 100 * MIB in self.device.poison())

    @test
    def scan_finds_what_the_host_has_in_all_regions_D6(self):
        self.latent = {STATIC - 64, REGION[0] + 2 * MIB, REGION[1] + 0x1000}
        for dpa in self.latent:
            self.device.plant(dpa, known=False, source="external")
        self.device.plant(TOP - 128, known=False)
        scan = self.ctl("scan --no-events")
        same("range", (scan["start"], scan["length"]), (0, TOP))
        same("found", {row["start"] for row in scan["records"]}, self.known | self.latent)
        check("what nobody may see stays latent", not self.device.poison()[TOP - 128]["known"])
        same("listed", {dpa for dpa, _ in self.found("poison list")}, self.known | self.latent)

    @test
    def overflow_is_recovered_by_a_scan_over_accepted_capacity_too_E6(self):
        lines = [REGION[0] + 0x10000 * n for n in range(1, 25)]
        for dpa in lines:
            self.device.plant(dpa, source="vendor")
        check("the list has overflowed", self.ctl("poison list")["overflow"])
        self.guest.sh(f"swcxlctl --pci {BDF} clear {' '.join(map(hex, lines))}")
        # Without what the host was given, the device is not all that there is.
        self.ctl(f"scan 0-{STATIC:#x} --no-events")
        check("it is still in overflow", self.ctl("poison list")["overflow"])
        self.ctl("scan --no-events")
        after = self.ctl("poison list")
        check("the list is complete", not after["overflow"] and after["complete"])
        same("listed", {row["start"] for row in after["records"]}, self.known | self.latent)

    @test
    def map_tells_free_capacity_from_clean(self):
        unallocated = self.ctl("map")["unallocated"]
        same("bytes that are not the host's", sum(unallocated), 512 * MIB - 12 * MIB)
        text = self.guest.sh(f"swcxlctl --pci {BDF} map {REGION[0]:#x} 32M | sed -n 2p")
        # 128 KiB each: 4 MiB are the host's.
        same("in a picture", text.split()[1], "1" + "." * 15 + "1" + "." * 15 + "-" * 32)

    @test
    def request_to_release_is_answered_and_sanitizes_D47(self):
        gone = REGION[0] + 16 * MIB
        self.reclaim(0, (gone, 4 * MIB), sanitize=True)
        group, = self.ctl("dc extents")["groups"]
        same("request", (group["type"], group["waits"], spans(group["extents"])),
             ("release-capacity", True, [(gone, 4 * MIB)]))
        self.refused("dc respond all", "No offer waits")
        same("released", spans(self.ctl("dc release requested")["released"]), [(gone, 4 * MIB)])
        self.expect_extents((REGION[0], 4 * MIB), (REGION[1], 4 * MIB))
        self.known.discard(gone)
        same("listed", {dpa for dpa, _ in self.found("poison list")}, self.known | self.latent)
        check("its poison has gone", gone not in self.device.poison())
        same("groups", self.ctl("dc extents")["groups"], [])

    @test
    def part_is_released_unasked_B5(self):
        self.ctl(f"dc release {words((REGION[0] + 2 * MIB, 2 * MIB))}")
        self.expect_extents((REGION[0], 2 * MIB), (REGION[1], 4 * MIB))
        self.refused(f"dc release {words((REGION[0] + 2 * MIB, 2 * MIB))}", "Invalid Physical Address")
        same("listed", {dpa for dpa, _ in self.found("poison list")},
             {dpa for dpa in self.known | self.latent if not REGION[0] + 2 * MIB <= dpa < REGION[1]})

    @test
    def forced_release_is_seen_afterwards(self):
        self.reclaim(1, (REGION[1], 4 * MIB), forced=True)
        group, = self.ctl("dc extents")["groups"]
        same("notice", (group["type"], group["waits"], spans(group["extents"])),
             ("forced-capacity-release", False, [(REGION[1], 4 * MIB)]))
        text = self.guest.sh(f"swcxlctl --pci {BDF} status")
        check(f"status tells of it: {text}", "Dynamic     2 MiB of 512 MiB with the host, in 1 extent; "
                                             "1 taken by force\n" in text)
        self.ctl("dc release none")
        self.expect_extents((REGION[0], 2 * MIB))
        same("listed", {dpa for dpa, _ in self.found("poison list")},
             {dpa for dpa in self.known | self.latent if dpa < REGION[0] + 2 * MIB})
        same("region 1 was sanitized", {dpa for dpa in self.device.poison() if REGION[1] <= dpa < REGION[1] + 4 * MIB},
             set())

    @test
    def offered_again_it_has_its_errors_again_D47(self):
        back = REGION[0] + 2 * MIB
        check("its poison is on the media", back in self.device.poison())
        self.offer(0, (back, 2 * MIB))
        check("what is on offer may be known", back in {dpa for dpa, _ in self.found("poison list")})
        self.ctl("dc respond all")
        same("listed", {dpa for dpa, _ in self.found("poison list")},
             {dpa for dpa in self.known | self.latent if dpa < REGION[0] + 4 * MIB})

    @test
    def offer_that_is_taken_back_is_answered_in_vain(self):
        self.offer(0, (REGION[0] + 32 * MIB, 2 * MIB))
        self.reclaim(0, (REGION[0] + 32 * MIB, 2 * MIB), forced=True)
        self.refused("dc respond all", "The device has no such offer any more")
        same("groups", self.ctl("dc extents")["groups"], [])
        same("offers on the host", (self.state()["offers"], self.state()["dead-offers"]), (0, 0))

    @test
    def offer_longer_than_a_page_of_records_is_taken_whole_A2(self):
        extents = [(REGION[1] + 2 * n * BLOCK, BLOCK) for n in range(PAGE + 9)]
        self.offer(1, *extents)
        document = self.ctl("dc extents")
        same("what can be seen", (len(document["groups"][0]["extents"]), document["groups"][0]["complete"],
                                  document["more"]), (PAGE, False, True))
        same("records cleared", self.ctl("dc respond all")["cleared"], len(extents))
        self.expect_extents((REGION[0], 2 * MIB), (REGION[0] + 2 * MIB, 2 * MIB), *extents)
        self.ctl("dc release all")
        self.expect_extents()

    @test
    def driver_is_none_the_worse(self):
        self.expect_drivers()
        self.expect_quiet_kernel()
        same("events lost", [event.text for event in self.guest.traces("cxl_overflow")], [])
        with_policy = self.device.cci(0x0102)
        same("interrupt policy of the fifth log", with_policy[4] & 3, 0)
