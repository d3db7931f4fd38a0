# SPDX-License-Identifier: MIT
"""Pictures are small, whole, and show what is so."""

import os
import re
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


def test_the_way_of_a_command_is_that_of_the_sources():
    """Each file in the picture exists, and has the function that stands beside it."""
    with open(os.path.join(FOLDER, "command.svg")) as file:
        picture = file.read()
    for name in re.findall(r"\b(?:src|include)/[\w/.-]+\w", picture):
        assert os.path.exists(os.path.join(TREE, name)), name
    boxes = re.findall(r'class="file"[^>]*>([^<]+)</text>\s*<text class="call"[^>]*>([^<]+)<', picture)
    assert len(boxes) >= 10
    for name, functions in boxes:
        with open(os.path.join(TREE, name)) as file:
            text = file.read()
        for function in re.findall(r"(\w+)\(\)", functions):
            assert re.search(rf"\b{function}\(", text), f"{name} knows no {function}()"
    down = [name for name, _ in boxes[:6]]
    assert len(down) == 6 and down[0].startswith("src/front/") and down[-1].startswith("src/media/")


def test_recording_is_what_happens():
    done = subprocess.run([os.path.join(FOLDER, "record"), "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
