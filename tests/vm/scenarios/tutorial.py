# SPDX-License-Identifier: MIT
"""docs/tutorials/2-qemu.md, whose blocks for the guest are typed there and compared with what appears."""

import os
import shlex
import subprocess
import sys

from guest import TOP, swcxlctl
from scenario import Scenario, check, test

sys.path.insert(0, os.path.join(TOP, "tests", "lib"))
import session  # noqa: E402
from markdown import TUTORIALS, blocks  # noqa: E402

STEPS = [(word, step) for language, word, text in blocks(os.path.join(TUTORIALS, "2-qemu.md"))
         if language == "console" and word in ("host", "guest") for step in session.steps(text)]


class Tutorial(Scenario):
    name = "tutorial"
    options = tuple(shlex.split(STEPS[0][1][0])[1:5])

    def on_host(self, command):
        assert command.startswith("swcxlctl "), command
        return subprocess.run([swcxlctl(), "--qmp", self.device.path("qmp"), *shlex.split(command)[1:]],
                              check=True, capture_output=True, text=True).stdout

    @test
    def the_tutorial_happens(self):
        check(f"the device's options are {self.options}", self.options[::2] == ("--volatile", "--hdm-commit"))
        done = 0
        for word, (command, shown) in STEPS[2:]:
            if word == "host" and command.startswith("virt-"):
                continue
            printed = self.guest.sh(command) if word == "guest" else self.on_host(command)
            check(f"{command} is said to print\n{shown}\nand prints\n{printed}", session.same(shown, printed))
            done += 1
        check(f"{done} steps", done >= 5)
