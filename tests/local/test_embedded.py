"""The private servers: reachable, durable, and never in anybody's way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from billing_platform.local import processes
from billing_platform.local.embedded import Services, services
from billing_platform.local.errors import LocalError
from billing_platform.local.postgres import Postgres
from billing_platform.local.process_table import CHECKOUT


@pytest.fixture
def home() -> Iterator[Path]:
    """Not tmp_path: as root, PostgreSQL's own account has to pass, and pytest keeps closing its directories."""
    with tempfile.TemporaryDirectory(prefix="billing-test-") as directory:
        yield Path(directory) / "var"


@contextmanager
def other_process_using(var_dir: Path, *, durable: bool) -> Iterator[str]:
    """Another run; gives the address of its database."""
    code = (
        "import sys; from pathlib import Path; from billing_platform.local.embedded import services\n"
        f"with services(Path(sys.argv[1]), durable={durable}) as s: print(s.database_url, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(var_dir)]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        yield next(line for line in process.stdout if line.startswith("postgresql://"))
        process.communicate()


def query(found: Services, sql: str) -> object:
    with psycopg.connect(found.database_url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgresql/data/postmaster.pid").read_text().split("\n")[0]))


def test_both_servers_answer_and_are_gone_afterwards(home: Path) -> None:
    with services(home) as found:
        assert query(found, "SELECT current_setting('server_version_num')::int / 10000") == 18
        assert redis.Redis.from_url(found.redis_url).ping()
        server = postmaster(home)
    assert not server.is_running()
    with pytest.raises(psycopg.OperationalError):
        query(found, "SELECT 1")
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(found.redis_url).ping()


def test_only_the_durable_instance_waits_for_the_disk(home: Path) -> None:
    with services(home / "run", durable=True, valkey=False) as found:
        assert query(found, "SHOW fsync") == "on"
    with services(home / "test", valkey=False) as found:
        assert query(found, "SHOW fsync") == "off"


def test_there_is_no_tcp_port_to_collide_with(home: Path) -> None:
    with services(home, valkey=False):
        sockets = postmaster(home).net_connections(kind="inet")
        assert [one for one in sockets if one.status == psutil.CONN_LISTEN] == []


def test_the_application_may_use_gist_extensions_but_is_no_superuser(home: Path) -> None:
    with services(home, valkey=False) as found:
        query(found, "CREATE EXTENSION btree_gist")
        assert query(found, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        assert query(found, "SELECT count(*) > 0 FROM pg_stat_statements") is True


def test_only_tests_may_step_around_triggers(home: Path) -> None:
    step_around = "SET session_replication_role = replica"
    with services(home / "test", valkey=False) as found:
        query(found, step_around)
    with (
        services(home / "run", durable=True, valkey=False) as found,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        query(found, step_around)


def test_data_survives_a_restart_and_a_crash(home: Path) -> None:
    with services(home, durable=True) as found:
        query(found, "CREATE TABLE kept AS SELECT 1 AS number")
        redis.Redis.from_url(found.redis_url).set("queued", "task")
    with services(home, durable=True) as found:
        assert query(found, "SELECT count(*) FROM kept") == 1
        assert redis.Redis.from_url(found.redis_url).get("queued") == b"task"
        query(found, "INSERT INTO kept VALUES (2)")
        redis.Redis.from_url(found.redis_url).set("queued", "another")
        for process in [postmaster(home), *processes.running_with(str(home / "valkey/valkey.conf"))]:
            process.send_signal(signal.SIGKILL)
    with services(home, durable=True) as found:
        assert query(found, "SELECT count(*) FROM kept") == 2
        assert redis.Redis.from_url(found.redis_url).get("queued") == b"another"


def test_a_stranger_with_the_pid_of_the_dead_server_is_left_alone(home: Path) -> None:
    with services(home, valkey=False):
        owner = (home / "postgresql/data").stat()
    as_the_server = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], cwd="/", **as_the_server) as stranger:
        file = home / "postgresql/data/postmaster.pid"
        file.write_text(f"{stranger.pid}\n{home}/postgresql/data\n1\n5432\n\n\n0 0\nready\n")
        with services(home, valkey=False) as found:
            assert query(found, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_that_outlived_its_launcher_is_replaced(home: Path) -> None:
    home.mkdir()
    forgotten = Postgres(home / "postgresql", durable=False)
    forgotten.start()
    left_over = postmaster(home)
    with services(home, valkey=False) as found:
        assert not left_over.is_running() or left_over.status() == psutil.STATUS_ZOMBIE
        assert query(found, "SELECT 1") == 1
    forgotten.stop()


def test_a_second_run_of_one_directory_is_refused(home: Path) -> None:
    with (
        other_process_using(home, durable=True),
        pytest.raises(LocalError, match="Already running"),
        services(home, durable=True),
    ):
        pass


def test_a_second_test_run_takes_the_directory_beside_it(home: Path) -> None:
    with other_process_using(home / "test", durable=False) as first, services(home / "test") as second:
        assert "test%2Fpostgresql" in first
        assert "test-2%2Fpostgresql" in second.database_url
        assert query(second, "SELECT 1") == 1


@pytest.mark.parametrize("name", ["a space", "a,comma", 'it\'s "quoted"', "long" * 30, "ünï"])
def test_the_checkout_may_be_anywhere(home: Path, name: str) -> None:
    with services(home / name) as found:
        assert query(found, "SELECT 1") == 1
        assert redis.Redis.from_url(found.redis_url).ping()
        directory = Path(psycopg.conninfo.conninfo_to_dict(found.database_url)["host"])
    assert directory.is_relative_to(home) or not directory.exists()


def test_variables_meant_for_another_postgresql_are_ignored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGHOST", "db.example.com")
    with services(home, valkey=False) as found:
        assert query(found, "SELECT 1") == 1


def test_throw_away_data_that_will_not_open_is_made_anew(home: Path) -> None:
    with services(home, valkey=False):
        pass
    (home / "postgresql/data/global/pg_control").unlink()
    with services(home, valkey=False) as found:
        assert query(found, "SELECT 1") == 1


def test_durable_data_that_will_not_open_is_never_replaced(home: Path) -> None:
    with services(home, durable=True, valkey=False):
        pass
    control = home / "postgresql/data/global/pg_control"
    aside = control.rename(home / "pg_control")
    with pytest.raises(LocalError, match="PostgreSQL did not start"), services(home, durable=True, valkey=False):
        pass
    aside.rename(control)
    with services(home, durable=True, valkey=False) as found:
        assert query(found, "SELECT 1") == 1


def test_the_queue_is_closed_to_those_without_the_password(home: Path) -> None:
    with services(home, postgres=False) as found:
        port = redis.Redis.from_url(found.redis_url).connection_pool.connection_kwargs["port"]
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port).ping()
        assert (home / "valkey/valkey.conf").stat().st_mode & 0o077 == 0


def test_nobody_else_may_enter_the_directory_of_the_socket(home: Path) -> None:
    with services(home / "short", valkey=False) as found:
        directory = Path(psycopg.conninfo.conninfo_to_dict(found.database_url)["host"])
        assert directory.stat().st_mode & 0o777 == 0o700
