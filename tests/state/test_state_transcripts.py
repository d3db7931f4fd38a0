# SPDX-License-Identifier: MIT
"""The transcripts of all commands, on devices with a state file: with doorbells that wait, each
command answers as it does without, and what it has left in the file when the device is killed is
what a device takes back."""

import copy
import signal

import pytest
from daemon import Daemon
from test_golden import FILES, SCENES, Player

pytestmark = pytest.mark.usefixtures("fast")


class Killed(Player):
    """Plays a scene, and ends with a loss of power."""

    def __init__(self, scene, file):
        scene = copy.copy(scene)
        scene.options = scene.options + ["--state", str(file)]
        super().__init__(scene, "trapped")
        self.options = self.device.args[1:self.device.args.index("--socket-path")]
        self.device.stop = self.power_off

    def power_off(self):
        device = self.device
        device.proc.send_signal(signal.SIGKILL)
        device.wait()
        words = device.stderr()
        device.kill()
        assert words == ""


@pytest.mark.parametrize("name", FILES)
def test_transcript(name, tmp_path):
    played = 0
    for scene in SCENES:
        if scene.name != name or not scene.serves("trapped"):
            continue
        file = tmp_path / f"state{scene.number}"
        player = Killed(scene, file)
        player.play()
        with Daemon(*player.options) as device:
            assert device.stderr() == ""
        played += 1
    assert played
