"""The files in which processes count for Prometheus, if several of them share a directory."""

from __future__ import annotations

import os
from socket import gethostname

from prometheus_client import values

_MACHINE = gethostname()


def name_by_machine() -> None:
    """Name each process's file by machine and pid: in containers that share the directory, pids come twice."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        values.ValueClass = values.MultiProcessValue(_process)  # type: ignore[no-untyped-call]


def _process() -> str:
    return f"{_MACHINE}-{os.getpid()}"
