"""How fast a file of usage is stored and accepted, against the same events in batches of the API, in one process."""

from __future__ import annotations

import io
import time
import uuid
from typing import Any

from tests.bench.platform import Platform
from tests.bench.sample import batches


def import_and_accept(platform: Platform, thousands: int) -> tuple[float, float]:
    """Rows a second of a file, and events a second of batches of a thousand: each validated and in the hot log."""
    from events.services.accepting import accept_events
    from events.services.importing import process_import, start_import

    bodies = batches(thousands, uuid.uuid4().hex[:4])
    started = time.perf_counter()
    for body in bodies:
        accept_events(project=platform.project, body=body)
    accepted = 1000 * thousands / (time.perf_counter() - started)
    file = io.BytesIO(b"".join(map(_lines, batches(thousands, uuid.uuid4().hex[:4]))))
    started = time.perf_counter()
    made = start_import(project=platform.project, file=file, file_name="bench.ndjson", by="bench", most_bytes=1 << 32)
    process_import(import_id=made.pk)
    return 1000 * thousands / (time.perf_counter() - started), accepted


def _lines(body: bytes) -> bytes:
    import msgspec

    events: dict[str, list[Any]] = msgspec.json.decode(body)
    return b"".join(msgspec.json.encode(event) + b"\n" for event in events["events"])
