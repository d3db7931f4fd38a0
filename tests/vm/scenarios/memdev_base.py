# SPDX-License-Identifier: MIT
"""What the device says of itself, as cxl list has to show it.

Asked on the control channel, and decoded here by the tables of CXL r3.2 8.2.10.9. Objects are to be compared
whole: no member may be missing, none may be new.
"""

import struct

from guest import BDF
from scenario import MIB, SERIAL, Scenario

UNIT = 256 * MIB
IDENTIFY, GET_PARTITION_INFO, GET_HEALTH_INFO = 0x4000, 0x4100, 0x4200
GET_FW_INFO, GET_ALERT_CONFIGURATION = 0x0200, 0x4201

MEDIA_STATUS = ("media_normal", "media_not_ready", "media_persistence_lost", "media_data_lost",
                "media_powerloss_persistence_loss", "media_shutdown_persistence_loss",
                "media_persistence_loss_imminent", "media_powerloss_data_loss", "media_shutdown_data_loss",
                "media_data_loss_imminent")
# cxl prints temperatures below 0 as if they had no sign.
NO_SIGN = 0xffff
LEVELS = ("normal", "warning", "critical")
ALERTS = ("life_used", "dev_over_temperature", "dev_under_temperature", "corrected_volatile_mem_err",
          "corrected_pmem_err")


class MemdevBase(Scenario):
    def expected_health(self):
        (health, media, additional, life, temperature, dirty, volatile, persistent) = struct.unpack(
            "<BBBBhIII", self.device.cci(GET_HEALTH_INFO))
        return {"maintenance_needed": bool(health & 1), "performance_degraded": bool(health & 2),
                "hw_replacement_needed": bool(health & 4),
                **{name: media == number for number, name in enumerate(MEDIA_STATUS)},
                "ext_life_used": LEVELS[additional & 3], "ext_temperature": LEVELS[additional >> 2 & 3],
                "ext_corrected_volatile": LEVELS[additional >> 4 & 1],
                "ext_corrected_persistent": LEVELS[additional >> 5 & 1],
                "life_used_percent": life, "temperature": temperature & NO_SIGN, "dirty_shutdowns": dirty,
                "volatile_errors": volatile, "pmem_errors": persistent}

    def expected_partitions(self):
        total, volatile_only, persistent_only, align = struct.unpack_from("<QQQQ", self.device.cci(IDENTIFY), 16)
        active_volatile, active_persistent, next_volatile, next_persistent = struct.unpack(
            "<QQQQ", self.device.cci(GET_PARTITION_INFO))
        sizes = {"total_size": total, "volatile_only_size": volatile_only, "persistent_only_size": persistent_only,
                 "partition_alignment_size": align}
        if align:
            sizes |= {"active_volatile_size": active_volatile, "active_persistent_size": active_persistent,
                      "next_volatile_size": next_volatile, "next_persistent_size": next_persistent}
        return {name: size * UNIT for name, size in sizes.items()}

    def expected_alerts(self):
        (valid, writable, life_critical, life, over_critical, under_critical, over, under, volatile,
         persistent) = struct.unpack("<BBBBhhhhHH", self.device.cci(GET_ALERT_CONFIGURATION))
        alerts = {f"{name}_prog_warn_threshold_{word}": bool(bits >> bit & 1)
                  for word, bits in (("valid", valid), ("writable", writable)) for bit, name in enumerate(ALERTS)}
        return {**alerts, "life_used_crit_alert_threshold": life_critical, "life_used_prog_warn_threshold": life,
                "dev_over_temperature_crit_alert_threshold": over_critical,
                "dev_under_temperature_crit_alert_threshold": under_critical,
                "dev_over_temperature_prog_warn_threshold": over, "dev_under_temperature_prog_warn_threshold": under,
                "corrected_volatile_mem_err_prog_warn_threshold": volatile,
                "corrected_pmem_err_prog_warn_threshold": persistent}

    def expected_firmware(self):
        info = self.device.cci(GET_FW_INFO)
        slots = [text.rstrip(b"\0").decode() for (text,) in struct.iter_unpack("16s", info[16:])]
        firmware = {"num_slots": info[0], "active_slot": info[1] & 7, "online_activate_capable": bool(info[2] & 1),
                    "fw_update_in_progress": False}
        if info[1] >> 3 & 7:
            firmware["staged_slot"] = info[1] >> 3 & 7
        return firmware | {f"slot_{number}_version": text for number, text in enumerate(slots, 1) if text}

    def expected_memdev(self):
        partitions = self.device.query()["partitions"]
        return {"memdev": "mem0", "ram_size": partitions["volatile"]["length"],
                "pmem_size": partitions["persistent"]["length"], "serial": SERIAL, "host": BDF,
                "firmware_version": self.device.cci(IDENTIFY)[:16].rstrip(b"\0").decode(), "poison_injectable": True,
                "health": self.expected_health(), "partition_info": self.expected_partitions(),
                "alert_config": self.expected_alerts(), "firmware": self.expected_firmware()}
