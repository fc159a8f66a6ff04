"""One platform, as `make run` starts it, for all scenarios; they go on with it after it was killed.

tests/workers.py keeps those that share one on one worker of pytest-xdist.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.running import Platform
from tests.scenarios.unattended import Unattended


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    with _directory() as directory:
        running = Platform(directory / "var")
        running.start()
        yield running
        assert running.stop() == 0


@pytest.fixture(scope="module")
def unattended() -> Iterator[Unattended]:
    """Another one, whose processes are killed one by one and started again."""
    with _directory() as directory:
        platform = Unattended(directory / "var")
        try:
            platform.start()
            yield platform
        finally:
            platform.stop()


@contextmanager
def _directory() -> Iterator[Path]:
    """None of pytest's: whenever another run begins, it closes those to all but their owner, and PostgreSQL, which
    must not run as root, may have an account of its own."""
    with tempfile.TemporaryDirectory(prefix="billing-scenarios-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)
