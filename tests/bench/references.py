"""What PostgreSQL itself does with the same rows: the measure of accepting and of settling."""

from __future__ import annotations

import json
import time
import uuid

import psycopg

from tests.bench.sample import batches

ROWS = 10_000
"""Per commit."""

_COLUMNS = """
    organisation_id uuid, project_id uuid, event_id varchar(255) COLLATE "C", metric varchar(100),
    quantity numeric(28, 8), occurred_at timestamptz, metadata jsonb
"""
_UNIQUE = "UNIQUE (organisation_id, project_id, event_id, received_month)"


class References:
    """Tables of the same columns: without index, with the ledger's unique key, and a stage."""

    def __init__(self, database_url: str) -> None:
        self.connection = psycopg.connect(database_url, autocommit=True)
        for table, extra in {"bench_bare": "", "bench_keyed": f", {_UNIQUE}"}.items():
            self.connection.execute(f"DROP TABLE IF EXISTS {table}")
            self.connection.execute(
                f"CREATE TABLE {table} ({_COLUMNS}, received_month date NOT NULL DEFAULT '2026-11-01'{extra})"
            )
        self.connection.execute(f"CREATE TEMPORARY TABLE bench_stage ({_COLUMNS})")
        self.organisation_id, self.project_id = uuid.uuid4(), uuid.uuid4()
        self.names = "organisation_id, project_id, event_id, metric, quantity, occurred_at, metadata"

    def chunks(self, count: int) -> list[str]:
        """Ready-made COPY text, 10,000 rows each."""
        requests = batches(count * 10, uuid.uuid4().hex[:4])
        texts = ["".join(self._line(event) for event in json.loads(body)["events"]) for body in requests]
        return ["".join(texts[number : number + 10]) for number in range(0, len(texts), 10)]

    def _line(self, event: dict[str, object]) -> str:
        return (
            f"{self.organisation_id}\t{self.project_id}\t{event['event_id']}\t{event['metric_name']}\t"
            f"{event['metric_value']}\t{event['timestamp']}\t{json.dumps(event['metadata'])}\n"
        )

    def copy(self, chunks: list[str], table: str = "bench_bare") -> float:
        """Rows per second of raw COPY."""
        started = time.perf_counter()
        for chunk in chunks:
            self._copy(chunk, table)
        return len(chunks) * ROWS / (time.perf_counter() - started)

    def settle(self, chunks: list[str]) -> float:
        """Rows per second of COPY into a stage and INSERT … SELECT … ON CONFLICT DO NOTHING."""
        started = time.perf_counter()
        for chunk in chunks:
            with self.connection.transaction():
                self._copy(chunk, "bench_stage")
                self.connection.execute(
                    f"INSERT INTO bench_keyed ({self.names}) SELECT {self.names} FROM bench_stage "
                    "ON CONFLICT DO NOTHING"
                )
                self.connection.execute("TRUNCATE bench_stage")
        return len(chunks) * ROWS / (time.perf_counter() - started)

    def _copy(self, chunk: str, table: str) -> None:
        with self.connection.cursor() as cursor, cursor.copy(f"COPY {table} ({self.names}) FROM STDIN") as copy:
            copy.write(chunk)
