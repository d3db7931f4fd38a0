# SPDX-License-Identifier: MIT
"""Health and alerts: what happens to the device, as cxl list and the kernel's events show it."""

from scenario import check, same, test
from scenarios.memdev_base import ALERTS, MEDIA_STATUS, NO_SIGN, MemdevBase

# swcxl-set-health's names, in the order of their numbers.
MEDIA = ("normal", "not-ready", "write-persistency-lost", "all-data-lost", "write-persistency-loss-at-power-loss",
         "write-persistency-loss-at-shutdown", "write-persistency-loss-imminent", "all-data-loss-at-power-loss",
         "all-data-loss-at-shutdown", "all-data-loss-imminent")
STATUS = {"maintenance-needed": "maintenance_needed", "performance-degraded": "performance_degraded",
          "replace-hardware": "hw_replacement_needed"}

# cxl set-alert-config's options, and what they set: threshold and name in the alerts of cxl list.
THRESHOLDS = {"life-used": (60, "life_used"), "over-temperature": (70, "dev_over_temperature"),
              "under-temperature": (10, "dev_under_temperature"),
              "volatile-mem-err": (1000, "corrected_volatile_mem_err"), "pmem-err": (500, "corrected_pmem_err")}


class MemdevHealth(MemdevBase):
    def set_health(self, **values):
        self.device.qmp.command("swcxl-set-health", **values)

    def health(self):
        return self.memdev("-H")["health"]

    def alerts(self):
        return self.memdev("-A")["alert_config"]

    def expect_event(self, since, event_type, log, **fields):
        trace = self.guest.wait_traces("cxl_memory_module", 1, since, event_type=event_type, log=log)[0]
        same("event", {key: trace[key] for key in fields}, {key: str(value) for key, value in fields.items()})

    @test
    def health_follows_what_happens(self):
        before = self.health()
        self.set_health(temperature=-3, life_used=33, health_status=["maintenance-needed"],
                        corrected_volatile_error_count=7, corrected_persistent_error_count=8)
        same("health", self.health(), before | {
            "temperature": -3 & NO_SIGN, "ext_temperature": "critical", "life_used_percent": 33,
            "maintenance_needed": True, "volatile_errors": 7, "pmem_errors": 8})
        same("and as the device says", self.health(), self.expected_health())
        self.set_health(temperature=25, life_used=0, health_status=[], corrected_volatile_error_count=0,
                        corrected_persistent_error_count=0)
        same("health", self.health(), before)

    @test
    def health_status_bits_are_shown_and_told(self):
        for name, shown in STATUS.items():
            since = self.guest.mark()
            self.set_health(health_status=[name])
            health = self.health()
            same("health status", {bit for bit in STATUS.values() if health[bit]}, {shown})
            self.guest.wait_traces("cxl_memory_module", 1, since, event_type="Health Status Change")
        self.set_health(health_status=[])

    @test
    def media_status_is_shown_and_told(self):
        for number, name in list(enumerate(MEDIA))[1:] + [(0, "normal")]:
            since = self.guest.mark()
            self.set_health(media_status=name)
            health = self.health()
            same(f"media status {name}", [bit for bit in MEDIA_STATUS if health[bit]], [MEDIA_STATUS[number]])
            self.guest.wait_traces("cxl_memory_module", 1, since, event_type="Media Status Change")

    # --- alerts

    @test
    def alerts_are_set_by_cxl(self):
        before = self.alerts()
        options = " ".join(f"--{option}-threshold {value} --{option}-alert on"
                           for option, (value, _) in THRESHOLDS.items())
        self.guest.sh(f"cxl set-alert-config mem0 {options}")
        expected = {f"{name}_prog_warn_threshold": value for value, name in THRESHOLDS.values()}
        expected |= {f"{name}_prog_warn_threshold_valid": True for name in ALERTS}
        same("alerts", self.alerts(), before | expected)
        same("and as the device says", self.alerts(), self.expected_alerts())

    @test
    def thresholds_raise_events(self):
        for values, event_type, back in (
                ({"life_used": 60}, "Life Used Change", {"life_used": 0}),
                ({"temperature": 70}, "Temperature Change", {"temperature": 25}),
                ({"temperature": 10}, "Temperature Change", {"temperature": 25})):
            since = self.guest.mark()
            self.set_health(**values)
            name, value = *values, *values.values()
            field = {"life_used": "life_used", "temperature": "device_temp"}[name]
            self.expect_event(since, event_type, "Warning", **{field: value, f"as_{field.replace('device', 'dev')}":
                                                               "Warning"})
            shown = self.health()[{"life_used": "ext_life_used", "temperature": "ext_temperature"}[name]]
            same("level", shown, "warning")
            self.set_health(**back)

    @test
    def corrected_errors_raise_events(self):
        for name, limit, field in (("corrected_volatile_error_count", 1000, "cor_vol_err_cnt"),
                                   ("corrected_persistent_error_count", 500, "cor_per_err_cnt")):
            self.set_health(**{name: limit - 1})
            since = self.guest.mark()
            self.set_health(**{name: limit})
            trace = self.guest.wait_traces("cxl_memory_module", 1, since, log="Warning")[0]
            same("event", (trace[field], trace[f"as_{field}"]), (str(limit), "Warning"))
            self.set_health(**{name: 0})

    @test
    def alerts_switched_off_are_silent(self):
        off = " ".join(f"--{option}-alert off" for option in THRESHOLDS)
        self.guest.sh(f"cxl set-alert-config mem0 {off}")
        same("valid alerts", [name for name in ALERTS if self.alerts()[f"{name}_prog_warn_threshold_valid"]], [])
        since = self.guest.mark()
        self.set_health(temperature=70, life_used=60)
        # What is told of the hardware shows that it would have been told of these by now.
        self.set_health(health_status=["replace-hardware"])
        self.guest.wait_traces("cxl_memory_module", 1, since, event_type="Health Status Change")
        self.guest.mark()
        types = {trace["event_type"] for trace in self.guest.traces("cxl_memory_module", since)}
        same("types of events", types, {"Health Status Change"})
        same("levels", [self.health()[name] for name in ("ext_temperature", "ext_life_used")], ["normal"] * 2)
        self.set_health(temperature=25, life_used=0, health_status=[])

    @test
    def critical_values_are_failures(self):
        for values, event_type, shown in (({"life_used": 95}, "Life Used Change", "ext_life_used"),
                                          ({"temperature": 95}, "Temperature Change", "ext_temperature"),
                                          ({"temperature": 0}, "Temperature Change", "ext_temperature")):
            since = self.guest.mark()
            self.set_health(**values)
            self.expect_event(since, event_type, "Failure")
            same("level", self.health()[shown], "critical")
            self.set_health(temperature=25, life_used=0)
        check("the device is well", not any(self.health()[name] for name in STATUS.values()))
