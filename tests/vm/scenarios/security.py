# SPDX-License-Identifier: MIT
"""After ndctl's cxl-security: the life of a passphrase, through ndctl and the kernel's keys.

Its mock is locked by a file in sysfs; here the guest reboots, which is what locks a device. The keys are gone
with the guest, whose files are in memory; they come back as files on a disk would, and are loaded.
"""

from scenario import Scenario, check, same, test

MASTER_KEY = "nvdimm-master"
KEYS = "/etc/ndctl/keys"


class Security(Scenario):
    name = "security"
    options = ("--volatile", "256M", "--persistent", "256M")

    def keys(self, script):
        """A script whose session has the user's keyring, where the kernel looks for keys."""
        return self.guest.sh(f"set -e; keyctl new_session >/dev/null; keyctl link @u @s; {script}")

    def ndctl(self, command):
        return self.keys(f"ndctl {command}")

    def ndctl_fails(self, command):
        status, output = self.guest.run(f"keyctl new_session >/dev/null; keyctl link @u @s; ndctl {command}")
        check(f"ndctl {command} fails: {output}", status != 0)

    def dimm(self):
        dimm, = self.json("ndctl list -Di")
        return dimm

    def state(self):
        """What ndctl says, what the kernel says, and what the device says of its user passphrase and lock."""
        dimm, security = self.dimm(), self.device.query()["security"]
        return dimm["security"], security["user-set"], security["locked"]

    DISABLED, UNLOCKED, LOCKED = ("disabled", False, False), ("unlocked", True, False), ("locked", True, True)

    @test
    def keys_are_made(self):
        self.expect_drivers()
        same("state", self.state(), self.DISABLED)
        self.keys(f"""
            head -c 32 /dev/urandom | keyctl padd user {MASTER_KEY} @u
            keyctl pipe $(keyctl search @u user {MASTER_KEY}) >{KEYS}/{MASTER_KEY}.blob""")

    def setup(self):
        self.ndctl(f"setup-passphrase nmem0 -k user:{MASTER_KEY}")
        same("state after setup", self.state(), self.UNLOCKED)

    def remove(self):
        self.ndctl("remove-passphrase nmem0")
        same("state after removal", self.state(), self.DISABLED)

    @test
    def setup_and_remove(self):
        self.setup()
        self.remove()

    @test
    def setup_and_update(self):
        self.setup()
        self.ndctl("update-passphrase nmem0")
        same("state", self.state(), self.UNLOCKED)
        self.remove()

    @test
    def setup_and_erase(self):
        self.device.qmp.command("swcxl-write-media", start=0x10000000, data="77" * 64)
        self.device.qmp.command("swcxl-write-media", start=0x1000, data="88" * 64)
        self.setup()
        self.ndctl("sanitize-dimm -c nmem0")
        same("state", self.state(), self.DISABLED)
        same("content", self.read(0x10000000), "00" * 64)

    def read(self, start):
        return self.device.qmp.command("swcxl-read-media", start=start, length=64)["data"]

    @test
    def sanitize_and_erase_by_sysfs_want_no_passphrase(self):
        self.setup()
        for name in ("sanitize", "erase"):
            status, output = self.guest.run(f"echo 1 >/sys/bus/cxl/devices/mem0/security/{name}")
            check(f"{name} is refused: {output}", status != 0 and "Invalid argument" in output)
        same("state", self.state(), self.UNLOCKED)
        self.remove()

    @test
    def reboot_locks_I6(self):
        self.device.plant(0x10000000)
        self.device.qmp.command("swcxl-write-media", start=0x10001000, data="99" * 64)
        self.setup()
        self.files = self.guest.sh(f"cd {KEYS}; tar c * | base64 -w 0")
        self.guest.reboot()
        self.wait_bound()
        same("state", self.state(), self.LOCKED)
        check("the content is out of reach", self.read(0x10001000) != "99" * 64)
        status, _ = self.guest.run("echo 0x10000040 >/sys/kernel/debug/cxl/mem0/inject_poison")
        check("no poison can be injected", status != 0)
        same("poison on the host", set(self.device.poison()), {0x10000000})

    def wait_bound(self):
        """Locked, the nvdimm has no driver; all else has."""
        self.expected_drivers = {**Scenario.expected_drivers, "pmem0": "cxl_nvdimm"}
        self.expect_drivers()

    @test
    def keys_are_loaded(self):
        self.guest.sh(f"cd {KEYS}; echo {self.files} | base64 -d | tar x")
        self.ndctl("load-keys")
        dimm = self.dimm()
        self.keys(f"keyctl search @u user {MASTER_KEY}; keyctl search @u encrypted nvdimm:{dimm['id']}")

    @test
    def enabling_the_dimm_unlocks(self):
        self.guest.sh("ndctl disable-dimm nmem0")  # the kernel has enabled it, locked as it was
        self.ndctl("enable-dimm nmem0")
        same("state", self.state(), self.UNLOCKED)
        same("content", self.read(0x10001000), "99" * 64)
        self.debugfs("inject", 0x10000040)
        same("poison list in the guest", {(dpa, length) for dpa, length, _ in self.listed()},
             {(0x10000000, 64), (0x10000040, 64)})
        self.debugfs("clear", 0x10000000, 0x10000040)
        self.remove()

    # --- the master passphrase

    def master_set(self):
        return self.device.query()["security"]["master-set"]

    @test
    def master_passphrase_is_set_and_updated_while_security_is_off(self):
        self.setup()
        self.ndctl_fails(f"setup-passphrase nmem0 -m -k user:{MASTER_KEY}")
        check("it was refused", not self.master_set())
        self.remove()
        self.ndctl(f"setup-passphrase nmem0 -m -k user:{MASTER_KEY}")
        check("the device has a master passphrase", self.master_set())
        self.ndctl("update-passphrase nmem0 -m")

    @test
    def master_passphrase_erases(self):
        self.setup()
        self.ndctl("sanitize-dimm -c -m nmem0")
        same("content", self.read(0x10001000), "00" * 64)
        same("passphrases", [self.master_set(), self.device.query()["security"]["user-set"]], [True, False])
        same("state", self.dimm()["security"], "disabled")
        # The user's key has not gone with the passphrase.
        self.keys(f"keyctl unlink $(keyctl search @u encrypted nvdimm:{self.dimm()['id']}) @u; rm {KEYS}/nvdimm_*")

    # --- the end: a frozen device can only be thawed by its power

    @test
    def freeze_refuses_all(self):
        self.setup()
        self.ndctl("freeze-security nmem0")
        same("frozen", (self.dimm()["security_frozen"], self.device.query()["security"]["frozen"]), (True, True))
        self.ndctl_fails("remove-passphrase nmem0")
        self.ndctl_fails("update-passphrase nmem0")
        same("state", self.state(), self.UNLOCKED)

    @test
    def power_thaws(self):
        self.device.qmp.command("swcxl-reset", type="cold")
        security = self.device.query()["security"]
        same("security", (security["frozen"], security["locked"], security["user-set"]), (False, True, True))
