# SPDX-License-Identifier: MIT
"""docs/tutorials/2-qemu.md, whose blocks for the guest are typed there and compared with what appears; and
the README's line for QEMU."""

import os
import re
import shlex
import subprocess
import sys

from guest import TOP, Device, build_image, qemu_environment, qemu_program, swcxlctl
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

    @test
    def the_readme_s_line_for_qemu_works_as_it_stands(self):
        """Its monitor is asked, behind the firmware, what there is below the root port."""
        with open(os.path.join(TOP, "README.md")) as file:
            line = re.search(r"^    qemu-system-x86_64 (.*?)\n\n", file.read(), re.M | re.S)[1]
        image = build_image()
        with Device("--volatile", "256M") as device:
            words = shlex.split(line.replace("\\\n", " ").replace("/tmp/cxl.sock", device.socket))
            done = subprocess.run(
                ["sh", "-c", '{ sleep 10; printf "\\001cinfo pci\\n"; sleep 2; echo quit; } | "$@"', "sh",
                 *qemu_program(image), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace", timeout=180, env=qemu_environment(image))
            check(f"QEMU ended with status {done.returncode}:\n{done.stdout}", done.returncode == 0)
            check(f"there is no CXL memory device:\n{done.stdout}", "1e98:5c31" in done.stdout)
