"""Pages and API at volume: 10,000 customers, a million invoices and 20 million events, asked over HTTP.

    python -m tests.bench.volume            # VOLUME_SCALE=0.01 for trying; the data stands until the scale changes

A few customers are billed by our services; the rest are copies of them, written by SQL past the triggers: each customer
has an invoice for each of the last hundred months, of the last three one in five not paid, and usage in these. Then
a signed-in operator and an admin key ask a server of its own for every list of the sidebar, and for what is read most.
Prints the 95th percentile of each page beside its aim, and writes var/volume.json.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from billing_platform.local.embedded import services
from tests.bench.platform import ROOT, serving_as_run

SCALE = float(os.environ.get("VOLUME_SCALE", "1"))
REQUESTS = int(os.environ.get("VOLUME_REQUESTS", "40"))
PAGE_AIM, API_AIM = 300, 100
AS_DEPLOYED = {"shared_buffers": "1GB", "effective_cache_size": "2GB"}  # as deploy/compose.yaml has it
LONGEST_S = 30  # of one address; a page that is far too slow is asked less often, at least five times


@dataclass(frozen=True)
class Address:
    """What is asked, and within how many milliseconds it should be answered."""

    name: str
    path: str
    aim: int


@dataclass(frozen=True)
class Answered:
    address: Address
    p50: float
    p95: float
    requests: int
    kilobytes: int
    status: int

    @property
    def is_missed(self) -> bool:
        return self.status != 200 or self.p95 > self.address.aim

    def row(self) -> str:
        mark = (
            ""
            if self.status == 200 and not self.is_missed
            else f"  {self.status} MISS"
            if self.status != 200
            else "  MISS"
        )
        return (
            f"{self.address.name:<58}{self.p50:>9,.0f}{self.p95:>9,.0f}{self.address.aim:>7}"
            f"{self.requests:>5}{self.kilobytes:>7,} kB{mark}"
        )


def main() -> None:
    with services(ROOT / "var" / "volume", durable=True, settings=AS_DEPLOYED) as running:
        os.environ |= {
            "DATABASE_URL": running.database_url,
            "REDIS_URL": running.redis_url,
            "DJANGO_SETTINGS_MODULE": "billing_platform.settings",
            "SECRET_KEY": secrets.token_urlsafe(50),  # the same for all web processes
            "RATE_LIMIT_ADMIN_KEY": "1000000/m",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
        }
        _may_pass_triggers(running.database_url)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("collectstatic", "--no-input", verbosity=0)  # pages name their files by them
        from tests.bench.volume_asking import addresses, ask, signed_in
        from tests.bench.volume_data import fill

        started = time.perf_counter()
        print(fill(SCALE), f"in {time.perf_counter() - started:,.0f} s", flush=True)  # noqa: T201
        found = []
        with serving_as_run(running.database_url, "/health") as url:
            root = url.removesuffix("/health")
            cookies, key = signed_in(root)
            print(f"{'':<58}{'p50 ms':>9}{'p95 ms':>9}{'aim':>7}", flush=True)  # noqa: T201
            only = sys.argv[1] if len(sys.argv) > 1 else ""
            for address in addresses():
                if only in address.name:
                    answered = ask(root, address, cookies, key, requests=REQUESTS, seconds=LONGEST_S)
                    print(answered.row(), flush=True)  # noqa: T201
                    found.append(answered)
    missed = [each for each in found if each.is_missed]
    print(f"{len(missed)} of {len(found)} missed their aim")  # noqa: T201
    _write(ROOT / "var" / "volume.json", {each.address.name: round(each.p95, 1) for each in found})


def _may_pass_triggers(database_url: str) -> None:
    """The platform's role is no superuser; to fill a database of a bench it steps past the triggers."""
    superuser = database_url.replace("://billing@", "://postgres@")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("GRANT SET ON PARAMETER session_replication_role TO billing")


def _write(path: Path, numbers: dict[str, Any]) -> None:
    path.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
