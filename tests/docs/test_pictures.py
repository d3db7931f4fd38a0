# SPDX-License-Identifier: MIT
"""Pictures are small, whole, and show what is so."""

import os
import subprocess
import xml.etree.ElementTree

import pytest

from daemon import TREE

FOLDER = os.path.join(TREE, "docs", "pictures")
PICTURES = sorted(name for name in os.listdir(FOLDER) if name.endswith(".svg"))


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_small_and_needs_nothing_else(name):
    path = os.path.join(FOLDER, name)
    assert os.path.getsize(path) < 100_000
    root = xml.etree.ElementTree.parse(path).getroot()
    for element in root.iter():
        tag = element.tag.split("}")[1]
        assert tag not in ("script", "image", "foreignObject", "use"), tag  # GitHub shows none of these
        assert not any(key.endswith("href") for key in element.attrib)
    assert "title" in {element.tag.split("}")[1] for element in root}


def test_recording_is_what_happens():
    done = subprocess.run([os.path.join(FOLDER, "record"), "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
