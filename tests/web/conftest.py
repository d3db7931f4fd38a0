# SPDX-License-Identifier: MIT
"""A device, swcxl-web beside it, and a browser for those tests that look at the page."""

import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
sys.path.insert(0, os.path.dirname(__file__))

from daemon import Daemon  # noqa: E402
from web import TOKEN, Web  # noqa: E402


@pytest.fixture
def start():
    """start(options of the device...) gives (device, web); its token is TOKEN."""
    running = []

    def start(*options, web=(), token=TOKEN):
        device = Daemon(*(options or ("--volatile", "256M", "--clock", "virtual")), vfio=False)
        running.append(device)
        running.append(Web(device, *web, token=token))
        return running[-2:]

    yield start
    for program in reversed(running):
        program.stop()


@pytest.fixture
def pair(start):
    return start()


@pytest.fixture(scope="session")
def chromium():
    from browser import Browser  # pylint: disable=import-outside-toplevel
    with Browser() as browser:
        yield browser


@pytest.fixture
def browser(chromium):
    """The one browser, as if it had just been started."""
    chromium.driver.get("about:blank")
    chromium.errors()
    chromium.size(1280, 800)
    chromium.scheme("light")
    return chromium
