"""`manage.py` with the environment of the platform that is running: its database, its keys, its addresses.

While nothing runs, `run.manage_alone` starts the servers for one command.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from billing_platform.local import processes
from billing_platform.local.errors import LocalError
from billing_platform.local.keys import write_private
from billing_platform.local.process_table import CHECKOUT, MARK


def remember(var_dir: Path, environment: dict[str, str]) -> None:
    """Write the variables that differ from our own environment to a file that only its owner can read (it has keys)."""
    own = {name: value for name, value in environment.items() if os.environ.get(name) != value}
    write_private(_file(var_dir), own)


def forget(var_dir: Path) -> None:
    _file(var_dir).unlink(missing_ok=True)


def manage(var_dir: Path, arguments: list[str]) -> int:
    """Run a management command against what runs here. Raises LocalError when nothing does."""
    if not is_running(var_dir):
        raise LocalError(f"Nothing is running in {var_dir}: start it with `make run`.")
    return call(arguments, os.environ | json.loads(_file(var_dir).read_text()))


def is_running(var_dir: Path) -> bool:
    """A launcher that was killed leaves the file, but no processes."""
    return _file(var_dir).exists() and any(processes.running_with_environment(MARK, str(var_dir)))


def call(arguments: list[str], settings: dict[str, str]) -> int:
    return subprocess.call([sys.executable, "manage.py", *arguments], cwd=CHECKOUT, env=settings)


def _file(var_dir: Path) -> Path:
    return var_dir / "environment.json"
