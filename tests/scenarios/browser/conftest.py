"""One Chromium for the tests of a module; the platform is the scenarios' own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.scenarios.browser.chromium import chromium, executable


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if executable() is None and "CI" not in os.environ:  # CI installs it
        pytest.skip("No Chromium here: apt-get install chromium, or set CHROMIUM")
    with chromium() as browser:
        yield browser
