"""Runs the process table under honcho until one process ends or somebody says stop."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from honcho import manager as honcho
from honcho.printer import Message, Printer

from billing_platform.local import processes
from billing_platform.local.process_table import CHECKOUT, MARK

STOP_PATIENCE = 30  # a worker finishes the task it is at


class Supervisor(honcho.Manager):  # type: ignore[misc]
    """honcho's manager, quieter and gentler."""

    def __init__(self, commands: dict[str, list[str]], environment: dict[str, str]) -> None:
        self.printer = _QuietPrinter(sys.stdout)
        super().__init__(printer=self.printer)
        honcho.KILL_WAIT = STOP_PATIENCE
        self._procmgr = _MainProcessFirst()
        self.stopping = False
        self.ended_first: dict[str, int] = {}  # name → exit code of what ended before we asked for it
        for name, command in commands.items():
            self.add_process(name, "exec " + shlex.join(command), env=environment, cwd=str(CHECKOUT))

    def terminate(self) -> None:
        if not self.stopping:
            self.stopping, self.ended_first = True, self._ended()
        if not self._all_started():  # honcho can't stop a process that has not told its pid yet
            threading.Timer(0.2, self.terminate).start()
            return
        super().terminate()

    def _ended(self) -> dict[str, int]:
        return {name: state["returncode"] for name, state in self._processes.items() if "returncode" in state}


class _QuietPrinter(Printer):  # type: ignore[misc]
    """The lines of the processes, without honcho's own; those of the start only if it fails."""

    def __init__(self, output: TextIO) -> None:
        super().__init__(output)
        self._held: list[Message] = []
        self._holding = True

    def write(self, message: Message) -> None:
        if message.name == honcho.SYSTEM_PRINTER_NAME:
            return
        if self._holding:
            self._held.append(message)
        else:
            super().write(message)

    def stop_holding(self, *, show: bool) -> None:
        self._holding = False
        for message in self._held if show else []:
            super().write(message)
        self._held = []


class _MainProcessFirst:
    """SIGTERM goes to the process, not to its group: Celery's children would drop the task they are at."""

    def terminate(self, pid: int) -> None:
        _quietly(os.kill, pid, signal.SIGTERM)

    def kill(self, pid: int) -> None:
        _quietly(os.killpg, pid, signal.SIGKILL)


def _quietly(send: Any, pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        send(pid, number)


def stop_left_over(var_dir: Path) -> None:
    """End what a launcher of this directory left running, because it was killed or lost its terminal."""
    ours = [found for found in processes.running_with_environment(MARK, str(var_dir)) if found.pid != os.getpid()]
    processes.stop(ours, signal=signal.SIGTERM, patience=STOP_PATIENCE)
