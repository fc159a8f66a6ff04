"""The supervisor, with stand-ins for the platform's processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil

from billing_platform.local import processes
from billing_platform.local.process_table import CHECKOUT, MARK
from billing_platform.local.supervisor import stop_left_over

SUPERVISE = """
import json, os, sys
from pathlib import Path
from billing_platform.local import supervisor
supervisor.STOP_PATIENCE = float(sys.argv[2])
supervisor = supervisor.Supervisor(json.loads(sys.argv[1]), dict(os.environ), [Path(name) for name in sys.argv[3:]])
supervisor.printer.stop_holding(show=True)
supervisor.loop()
print("ended first:", supervisor.ended_first, flush=True)
"""
# Like a Celery worker: the main process waits for its child, which is in the middle of something.
WORKER = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, lambda *_: None)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2); print('task done', flush=True)"])
print("working", flush=True)
child.wait()
"""
DEAF = """
import signal, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"])
print(child.pid, flush=True)
child.wait()
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


def supervise(*watched: Path, patience: float = 30, **commands: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*python(SUPERVISE), json.dumps(commands), str(patience), *map(str, watched)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_when_one_process_ends_the_others_are_stopped_and_it_is_named() -> None:
    with supervise(
        web=python("import time; time.sleep(600)"), worker=python("print('no broker'); raise SystemExit(3)")
    ) as run:
        output, _ = run.communicate(timeout=60)
    assert "ended first: {'worker': 3}" in output
    assert "worker | no broker" in output


def test_a_stop_waits_for_the_task_in_progress() -> None:
    with supervise(worker=python(WORKER)) as run:
        assert run.stdout is not None
        assert "working" in run.stdout.readline()
        run.send_signal(signal.SIGTERM)
        output, _ = run.communicate(timeout=60)
    assert "task done" in output
    assert "ended first: {}" in output


def test_a_process_that_will_not_stop_is_killed_with_its_children() -> None:
    with supervise(patience=0.5, worker=python(DEAF)) as run:
        assert run.stdout is not None
        child = int(run.stdout.readline().split()[-1])
        run.send_signal(signal.SIGTERM)
        output, _ = run.communicate(timeout=60)
    assert "ended first: {}" in output
    assert processes.wait_until(lambda: not psutil.pid_exists(child), seconds=10)


def test_a_change_of_the_code_starts_the_processes_again(tmp_path: Path) -> None:
    code = tmp_path / "code.py"

    def write(text: str) -> None:
        """At once, as editors do: nobody runs half a file."""
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").rename(code)

    write("print('first', flush=True); import time; time.sleep(600)")
    with supervise(tmp_path, web=[sys.executable, str(code)]) as run:
        assert run.stdout is not None
        lines = [run.stdout.readline()]
        write("print('second', flush=True); raise SystemExit(1)")
        lines += [run.stdout.readline() for _ in range(3)]
        write("print('third', flush=True); import time; time.sleep(600)")
        lines += [run.stdout.readline() for _ in range(2)]
        run.send_signal(signal.SIGTERM)
        output, _ = run.communicate(timeout=60)
    assert [line.partition("| ")[2].strip() for line in lines if "has changed" not in line] == [
        "first",
        "second",
        "ended (exit code 1); the next change of the code starts it again.",
        "third",
    ]
    assert "ended first: {}" in output


def test_processes_that_outlived_their_launcher_are_ended_and_no_others(tmp_path: Path) -> None:
    sleep = ["sleep", "60"]
    with (
        subprocess.Popen(sleep, env={**os.environ, MARK: str(tmp_path)}) as ours,
        subprocess.Popen(sleep, env={**os.environ, MARK: f"{tmp_path}-other"}) as of_another_checkout,
    ):
        try:
            stop_left_over(tmp_path)
            assert ours.poll() is not None
            assert of_another_checkout.poll() is None
        finally:
            of_another_checkout.kill()
    assert list(processes.running_with_environment(MARK, str(tmp_path))) == []
