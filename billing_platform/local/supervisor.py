"""Runs the process table until one process ends by itself, or somebody says stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from billing_platform.local import processes
from billing_platform.local.process_table import CHECKOUT, MARK

STOP_PATIENCE = 30  # seconds: a worker finishes the task it is at
LAST_WORDS = 1  # second: an orphan of an ended process may hold its output open for ever
LOOK_EVERY = 0.2  # seconds
RELOADED = (".py", ".html", ".txt", ".sql")  # code, templates of pages and e-mails, statements


class Supervisor:
    """Starts the processes, prints their lines, and stops all of them when one ends.

    `watch` is for developers: a change below these directories starts all processes again, and a process that ends by
    itself (a syntax error) stops nobody; the next change starts it again.
    """

    def __init__(self, commands: dict[str, list[str]], environment: dict[str, str], watch: Iterable[Path] = ()) -> None:
        self.printer = Printer(sys.stdout, width=max(map(len, commands)))
        self.stopping = False
        self.ended_first: dict[str, int] = {}  # name → exit code of what ended before we asked for it
        self._commands, self._environment, self._watch = commands, environment, list(watch)
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._readers: list[threading.Thread] = []

    def loop(self) -> None:
        """Until `terminate`, a signal, or the end of a process. All processes have ended when this returns."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup keeps its meaning
                signal.signal(number, lambda *_: self.terminate())
        looks = self._looks()
        next(looks)  # the watch begins before the start: no change is missed
        try:
            self._start_all()
            while not self.stopping:
                self._note_ended()
                if next(looks) and not self.stopping:
                    self._restart()
        finally:
            self.stopping = True
            self._stop_all()

    def terminate(self) -> None:
        self.stopping = True

    def _looks(self) -> Iterator[bool]:
        """Again and again after a pause: has a watched file changed?"""
        if self._watch:
            from watchfiles import watch  # a developer's package; nobody else needs it

            for changes in watch(
                *self._watch,
                watch_filter=lambda _change, path: path.endswith(RELOADED),
                rust_timeout=int(LOOK_EVERY * 1000),
                yield_on_timeout=True,
                raise_interrupt=False,
            ):
                yield bool(changes)
        while True:
            yield False
            time.sleep(LOOK_EVERY)

    def _start_all(self) -> None:
        for name, command in self._commands.items():
            self._running[name] = process = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C is for us; we pass it on
            )
            reader = threading.Thread(target=self._print_lines, args=(name, process), daemon=True)
            reader.start()
            self._readers.append(reader)

    def _print_lines(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.printer.write(name, line)

    def _note_ended(self) -> None:
        ended = {name: code for name, process in self._running.items() if (code := process.poll()) is not None}
        if self._watch:
            for name, code in ended.items():
                del self._running[name]
                self.printer.stop_holding(show=True)
                self.printer.write(name, f"ended (exit code {code}); the next change of the code starts it again.\n")
        elif ended and not self.stopping:
            self.stopping, self.ended_first = True, ended

    def _restart(self) -> None:
        self.printer.stop_holding(show=True)  # a developer wants to see what comes of a change
        self.printer.write("reload", "The code has changed: all processes start again.\n")
        self._stop_all()
        if not self.stopping:
            self._start_all()

    def _stop_all(self) -> None:
        """SIGTERM goes to the process, not to its group: Celery's children would drop the task they are at."""
        for process in self._running.values():
            process.terminate()
        end = time.monotonic() + STOP_PATIENCE
        for process in self._running.values():
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for reader in self._readers:
            reader.join(LAST_WORDS)
        self._running.clear()
        self._readers.clear()


class Printer:
    """The lines of the processes, each after its process's name; those of the start only if it fails."""

    def __init__(self, output: TextIO, *, width: int) -> None:
        self._output, self._width = output, width
        self._held: list[str] = []
        self._holding = True
        self._lock = threading.Lock()

    def write(self, name: str, line: str) -> None:
        with self._lock:
            line = f"{name:<{self._width}} | {line}"
            if self._holding:
                self._held.append(line)
            else:
                self._print(line)

    def stop_holding(self, *, show: bool) -> None:
        with self._lock:
            self._holding = False
            if show:
                self._print(*self._held)
            self._held = []

    def _print(self, *lines: str) -> None:
        self._output.writelines(lines)
        self._output.flush()


def stop_left_over(var_dir: Path) -> None:
    """End what a launcher of this directory left running, because it was killed or lost its terminal."""
    ours = [found for found in processes.running_with_environment(MARK, str(var_dir)) if found.pid != os.getpid()]
    processes.stop(ours, signal=signal.SIGTERM, patience=STOP_PATIENCE)
