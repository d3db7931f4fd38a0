# SPDX-License-Identifier: MIT
"""The memory device as cxl list shows it, all of it; its partitions moved; its CDAT.

What cxl list has to say is made up from the device's own answers, asked on the control channel and decoded
here by the tables of CXL r3.2 8.2.10.9. Objects are compared whole: no member may be missing, none may be new.
"""

import base64
import struct

from guest import BDF
from scenario import MIB, SERIAL, Scenario, check, same, test

UNIT = 256 * MIB
GET_LOG, IDENTIFY, GET_PARTITION_INFO, GET_HEALTH_INFO = 0x0401, 0x4000, 0x4100, 0x4200
GET_FW_INFO, GET_ALERT_CONFIGURATION = 0x0200, 0x4201
CEL = bytes.fromhex("0da9c0b5bf414b788f7996b1623b3f17")

MEDIA_STATUS = ("media_normal", "media_not_ready", "media_persistence_lost", "media_data_lost",
                "media_powerloss_persistence_loss", "media_shutdown_persistence_loss",
                "media_persistence_loss_imminent", "media_powerloss_data_loss", "media_shutdown_data_loss",
                "media_data_loss_imminent")
LEVELS = ("normal", "warning", "critical")
ALERTS = ("life_used", "dev_over_temperature", "dev_under_temperature", "corrected_volatile_mem_err",
          "corrected_pmem_err")


class MemoryDevice(Scenario):
    name = "memdev"
    options = ("--volatile", "512M", "--partitionable", "512M", "--persistent", "256M", "--lsa", "64K")

    # --- what the device says

    def cci(self, opcode, payload=b""):
        reply = self.device.qmp.command("swcxl-cci", opcode=opcode, payload=payload.hex())
        same(f"return code of {opcode:04x}h", reply["return-code"], 0)
        return bytes.fromhex(reply["payload"])

    def expected_health(self):
        (health, media, additional, life, temperature, dirty, volatile, persistent) = struct.unpack(
            "<BBBBhIII", self.cci(GET_HEALTH_INFO))
        return {"maintenance_needed": bool(health & 1), "performance_degraded": bool(health & 2),
                "hw_replacement_needed": bool(health & 4),
                **{name: media == number for number, name in enumerate(MEDIA_STATUS)},
                "ext_life_used": LEVELS[additional & 3], "ext_temperature": LEVELS[additional >> 2 & 3],
                "ext_corrected_volatile": LEVELS[additional >> 4 & 1],
                "ext_corrected_persistent": LEVELS[additional >> 5 & 1],
                "life_used_percent": life, "temperature": temperature, "dirty_shutdowns": dirty,
                "volatile_errors": volatile, "pmem_errors": persistent}

    def expected_partitions(self):
        total, volatile_only, persistent_only, align = struct.unpack_from("<QQQQ", self.cci(IDENTIFY), 16)
        active_volatile, active_persistent, next_volatile, next_persistent = struct.unpack(
            "<QQQQ", self.cci(GET_PARTITION_INFO))
        sizes = {"total_size": total, "volatile_only_size": volatile_only, "persistent_only_size": persistent_only,
                 "partition_alignment_size": align}
        if align:
            sizes |= {"active_volatile_size": active_volatile, "active_persistent_size": active_persistent,
                      "next_volatile_size": next_volatile, "next_persistent_size": next_persistent}
        return {name: size * UNIT for name, size in sizes.items()}

    def expected_alerts(self):
        (valid, writable, life_critical, life, over_critical, under_critical, over, under, volatile,
         persistent) = struct.unpack("<BBBBhhhhHH", self.cci(GET_ALERT_CONFIGURATION))
        alerts = {f"{name}_prog_warn_threshold_{word}": bool(bits >> bit & 1)
                  for word, bits in (("valid", valid), ("writable", writable)) for bit, name in enumerate(ALERTS)}
        return {**alerts, "life_used_crit_alert_threshold": life_critical, "life_used_prog_warn_threshold": life,
                "dev_over_temperature_crit_alert_threshold": over_critical,
                "dev_under_temperature_crit_alert_threshold": under_critical,
                "dev_over_temperature_prog_warn_threshold": over, "dev_under_temperature_prog_warn_threshold": under,
                "corrected_volatile_mem_err_prog_warn_threshold": volatile,
                "corrected_pmem_err_prog_warn_threshold": persistent}

    def expected_firmware(self):
        info = self.cci(GET_FW_INFO)
        slots = [text.rstrip(b"\0").decode() for (text,) in struct.iter_unpack("16s", info[16:])]
        firmware = {"num_slots": info[0], "active_slot": info[1] & 7, "online_activate_capable": bool(info[2] & 1),
                    "fw_update_in_progress": False}
        if info[1] >> 3 & 7:
            firmware["staged_slot"] = info[1] >> 3 & 7
        return firmware | {f"slot_{number}_version": text for number, text in enumerate(slots, 1) if text}

    def supported(self):
        """The opcodes in the Command Effects Log."""
        log = self.cci(GET_LOG, CEL + struct.pack("<II", 0, 4 * self.cel_entries))
        return {opcode for opcode, _ in struct.iter_unpack("<HH", log)}

    @property
    def cel_entries(self):
        logs = self.cci(0x0400)
        entries = {uuid: size for uuid, size in struct.iter_unpack("<16sI", logs[8:])}
        return entries[CEL] // 4

    def expected_memdev(self):
        partitions = self.device.query()["partitions"]
        supported = self.supported()
        later = {"alert_config": (GET_ALERT_CONFIGURATION, self.expected_alerts),
                 "firmware": (GET_FW_INFO, self.expected_firmware)}
        later = {name: expected() for name, (opcode, expected) in later.items() if opcode in supported}
        return {"memdev": "mem0", "ram_size": partitions["volatile"]["length"],
                "pmem_size": partitions["persistent"]["length"], "serial": SERIAL, "host": BDF,
                "firmware_version": self.cci(IDENTIFY)[:16].rstrip(b"\0").decode(), "poison_injectable": True,
                "health": self.expected_health(), "partition_info": self.expected_partitions(),
                **later}

    # --- tests

    def endpoint(self):
        """The endpoint of cxl list -vvv, with the memory device in it."""
        root, = self.json("cxl list -vvv")
        port, = root["ports:root0"]
        endpoint, = port["endpoints:port1"]
        return endpoint

    @test
    def cxl_list_shows_everything_and_it_is_right(self):
        self.expect_drivers()
        endpoint = self.endpoint()
        same("memory device", endpoint["memdev"], self.expected_memdev())
        same("endpoint", {key: endpoint[key] for key in ("host", "parent_dport", "decoders_committed")},
             {"host": "mem0", "parent_dport": "0000:0c:00.0", "decoders_committed": 0})
        decoders = endpoint[f"decoders:{endpoint['endpoint']}"]
        same("decoders", [(d["interleave_ways"], d["state"]) for d in decoders], [(1, "disabled")] * 4)

    @test
    def cxl_list_shows_errors_beside_the_rest(self):
        self.device.plant(0x1000)
        self.device.plant(512 * MIB - 64, 128, source="external")
        expected = self.expected_memdev() | {"media_errors": [
            {"offset": 0x1000, "length": 64, "source": "Internal"},
            {"offset": 512 * MIB - 64, "length": 128, "source": "External"}]}
        same("memory device", self.endpoint()["memdev"], expected)
        self.debugfs("clear", 0x1000, 512 * MIB - 64, 512 * MIB)

    def cdat(self):
        path = "/sys/bus/cxl/devices/endpoint2/CDAT"
        return base64.b64decode(self.guest.sh(f"base64 {path}"))

    @test
    def cdat_is_a_table_of_the_partitions(self):
        table = self.cdat()
        length, revision, _, sequence = struct.unpack_from("<IBB6xI", table)
        same("length", len(table), length)
        same("sum of all bytes", sum(table) & 0xff, 0)
        check(f"revision {revision}, sequence {sequence}", revision in (1, 2))
        entries, at = [], 16
        while at < length:
            kind, size = struct.unpack_from("<BxH", table, at)
            check(f"an entry of type {kind} at {at} has {size} bytes", 4 <= size <= length - at)
            entries.append((kind, table[at + 4:at + size]))
            at += size
        # DSMAS: handle, flags (bit 2: non-volatile), first byte, length.
        areas = {handle: (bool(flags & 4), base, size) for handle, flags, base, size in
                 (struct.unpack("<BB2xQQ", data) for kind, data in entries if kind == 0)}
        partitions = self.device.query()["partitions"]
        same("memory areas", sorted(areas.values()), sorted(
            (kind == "persistent", part["start"], part["length"]) for kind, part in partitions.items()))
        # DSLBIS: latencies and bandwidths of each area, none of them 0.
        for handle in areas:
            figures = {data[2]: struct.unpack_from("<QH", data, 4) for kind, data in entries
                       if kind == 1 and data[0] == handle}
            same("read and write latency and bandwidth", sorted(figures), [1, 2, 4, 5])
            check(f"figures of area {handle}: {figures}", all(unit and entry for unit, entry in figures.values()))
        # DSEMTS: a memory type for each area.
        same("areas with a type", sorted(data[0] for kind, data in entries if kind == 4), sorted(areas))

    # --- partitions

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
        self.cdat_is_a_table_of_the_partitions()

    @test
    def set_partition_beyond_the_capacity_is_refused(self):
        status, _ = self.guest.run("cxl set-partition -t pmem -s 1G mem0")
        check("it fails", status != 0)
        same("partitions", self.memdev("-I")["partition_info"], self.expected_partitions())

    @test
    def kernel_log_is_quiet_after_everything(self):
        self.expect_quiet_kernel()
