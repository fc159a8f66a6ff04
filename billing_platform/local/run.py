"""`make run`: starts servers, migrates, makes demo data, starts the processes, and prints the addresses."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe

from billing_platform.local import demo, keys, manage, processes, receiver
from billing_platform.local.account import say
from billing_platform.local.embedded import Services, services
from billing_platform.local.errors import LocalError
from billing_platform.local.keys import write_private
from billing_platform.local.ports import free_port, reserve
from billing_platform.local.process_table import CHECKOUT, Addresses, commands, environment, source_directories
from billing_platform.local.supervisor import Supervisor, stop_left_over

WEB_PORT, SANDBOX_PORT, RECEIVER_PORT = 8000, 8001, 8002
READY_PATIENCE = 180


def run(var_dir: Path, *, reload: bool = False) -> int:
    """Run the platform until Ctrl-C or until a process ends. Returns the exit code.

    With `reload`, a change of the code starts the processes again.
    """
    _stop_politely_on_signals()
    try:
        with _servers(var_dir) as found:
            (var_dir / "run.json").unlink(missing_ok=True)
            stop_left_over(var_dir)
            try:
                return _run_platform(var_dir, found, watch=source_directories() if reload else [])
            finally:
                stop_left_over(var_dir)
                (var_dir / "run.json").unlink(missing_ok=True)
                manage.forget(var_dir)
    except KeyboardInterrupt:
        say("Stopped.")
        return 0


def manage_alone(var_dir: Path, arguments: list[str]) -> int:
    """Run one management command on the servers, without web, worker and beat: `restore` wants nobody else there.

    Raises LocalError where `make run` never was.
    """
    if not keys.are_made(var_dir):
        raise LocalError(f"There is no platform in {var_dir} yet: make it with `make run`.")
    _stop_politely_on_signals()
    try:
        with _servers(var_dir) as found, _reserved_addresses() as addresses:
            secrets = keys.load_or_make(var_dir)
            settings = environment(var_dir=var_dir, services=found, addresses=addresses, secrets=secrets)
            (var_dir / "prometheus").mkdir(mode=0o700, exist_ok=True)
            return manage.call(arguments, settings)
    except KeyboardInterrupt:
        say("Stopped.")
        return 1


def _stop_politely_on_signals() -> None:
    """As on Ctrl-C, until the supervisor takes over; nohup keeps its meaning."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


@contextmanager
def _servers(var_dir: Path) -> Iterator[Services]:
    """The servers of DATABASE_URL and REDIS_URL, and own servers for those that are not set."""
    database_url, redis_url = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    with services(var_dir, durable=True, postgres=not database_url, valkey=not redis_url) as own:
        say("PostgreSQL: " + ("DATABASE_URL" if database_url else _short(var_dir / "postgresql")))
        say("Valkey:     " + ("REDIS_URL" if redis_url else _short(var_dir / "valkey")))
        yield Services(database_url=database_url or own.database_url, redis_url=redis_url or own.redis_url)


def _run_platform(var_dir: Path, found: Services, *, watch: list[Path]) -> int:
    secrets = keys.load_or_make(var_dir)
    with _reserved_addresses() as addresses:
        settings = environment(var_dir=var_dir, services=found, addresses=addresses, secrets=secrets)
        manage.remember(var_dir, settings)
        facts_file = demo.facts_file(var_dir)
        settings[receiver.FACTS] = str(facts_file)
        _prepare(var_dir, settings, seed_to=facts_file if demo.is_due(facts_file) else None)
        if demo.is_unwanted() and not facts_file.exists():
            _make_admin(facts_file, settings)
        supervisor = Supervisor(commands(addresses), settings, watch)
        say("Starting " + ", ".join(commands(addresses)) + " …")
        announcer = _Announcer(supervisor, var_dir, addresses, facts_file, settings)
        announcer.start()
        supervisor.loop()
        announcer.join()
    return _verdict(supervisor, announcer)


@contextmanager
def _reserved_addresses() -> Iterator[Addresses]:
    with ExitStack() as held:

        def address(name: str, preferred: int) -> str:
            port = held.enter_context(reserve(_port(name, preferred))).getsockname()[1]
            return f"http://127.0.0.1:{port}"

        yield Addresses(
            base_url=address("web process", int(os.environ.get("PORT") or WEB_PORT)),
            sandbox_url=None if os.environ.get("RAZORPAY_KEY_ID") else address("Razorpay sandbox", SANDBOX_PORT),
            receiver_url=address("webhook receiver", RECEIVER_PORT),
        )


def _port(name: str, preferred: int) -> int:
    port = free_port(preferred)
    if port != preferred:
        say(f"Port {preferred} is in use: the {name} takes {port}.")
    return port


def _prepare(var_dir: Path, settings: dict[str, str], *, seed_to: Path | None) -> None:
    (var_dir / "mail").mkdir(mode=0o700, exist_ok=True)
    shutil.rmtree(var_dir / "prometheus", ignore_errors=True)  # counts start anew with the processes
    (var_dir / "prometheus").mkdir(mode=0o700)
    say("Migrating the database …")
    _manage("migrate", "--no-input", settings=settings)
    _manage("collectstatic", "--no-input", settings=settings)
    if seed_to:
        say("Making demo data (first start only) …")
        _manage("seed_demo", "--run-json", str(seed_to), settings=settings)
        seed_to.chmod(0o600)


def _make_admin(facts_file: Path, settings: dict[str, str]) -> None:
    """The one who sets an empty platform up. A database that has an admin of this name keeps it."""
    login = {"username": "admin", "password": token_urlsafe(12)}
    asked = {"DJANGO_SUPERUSER_PASSWORD": login["password"]}
    address = ("--username", login["username"], "--email", "admin@localhost.localdomain")
    with suppress(LocalError):
        _manage("createsuperuser", "--no-input", *address, settings={**settings, **asked})
        write_private(facts_file, {"logins": {"admin": login}})


def _manage(*arguments: str, settings: dict[str, str]) -> None:
    """Run a management command; show its output only if it fails. Raises LocalError then."""
    command = [sys.executable, "manage.py", *arguments]
    result = subprocess.run(command, cwd=CHECKOUT, env=settings, capture_output=True, text=True, check=False)
    if result.stderr.startswith("CommandError: "):  # a sentence for the person at the terminal
        raise LocalError(result.stderr.removeprefix("CommandError: ").strip())
    if result.returncode != 0:
        end = "\n".join((result.stdout + result.stderr).strip().splitlines()[-30:])
        raise LocalError(f"`manage.py {arguments[0]}` failed:\n{end}")


class _Announcer(threading.Thread):
    """Waits until the platform is ready, then prints its addresses; gives up after a while."""

    def __init__(
        self,
        supervisor: Supervisor,
        var_dir: Path,
        addresses: Addresses,
        facts_file: Path,
        settings: dict[str, str],
    ) -> None:
        super().__init__(daemon=True)
        self.supervisor, self.var_dir, self.addresses = supervisor, var_dir, addresses
        self.facts_file, self.settings = facts_file, settings
        self.problem = ""

    def run(self) -> None:
        processes.wait_until(self._is_ready_or_stopping, seconds=READY_PATIENCE, pause=0.5)
        if self.supervisor.stopping:
            return
        if self.problem:
            self.problem = f"The platform was not ready after {READY_PATIENCE} s: {self.problem}"
            self.supervisor.terminate()
            return
        facts = json.loads(self.facts_file.read_text()) if self.facts_file.exists() else {}
        try:
            demo.tell_past(self.facts_file, facts, self.addresses)
            demo.attempt_payment(self.facts_file, facts, self.addresses)
            demo.listen(self.facts_file, facts, self.addresses)
        except OSError as error:
            say(f"What the demo lacks could not be made ({error}); the next start tries again.")
        file = self.var_dir / "run.json"
        content = demo.run_json(facts, self.addresses, self.settings)
        write_private(file, content)
        self.supervisor.printer.stop_holding(show=False)
        say(demo.welcome(content, mail=_short(self.var_dir / "mail"), run_json=_short(file)))

    def _is_ready_or_stopping(self) -> bool:
        self.problem = "" if self.supervisor.stopping else _unreadiness(self.addresses.base_url)
        return not self.problem


def _unreadiness(base_url: str) -> str:
    """The reasons that /health/ready gives for not being ready; empty when the platform is ready."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{base_url}/health/ready", timeout=10):
            return ""
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read(2000).decode(errors='replace')}"
    except OSError as error:
        return str(error)


def _verdict(supervisor: Supervisor, announcer: _Announcer) -> int:
    if not supervisor.ended_first and not announcer.problem:
        say("Stopped.")
        return 0
    supervisor.printer.stop_holding(show=True)
    if announcer.problem:
        raise LocalError(announcer.problem)
    names = " and ".join(f"{name} (exit code {code})" for name, code in supervisor.ended_first.items())
    raise LocalError(f"Stopped, because {names} ended by itself; its last lines above say why.")


def _short(path: Path) -> str:
    """The path relative to the current directory, if that is shorter."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
