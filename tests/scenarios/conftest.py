"""One platform, as `make run` starts it, for all scenarios: they share it and go on after it was killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.running import Platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform(tmp_path_factory.mktemp("platform", numbered=True) / "var")
    running.start()
    yield running
    assert running.stop() == 0
