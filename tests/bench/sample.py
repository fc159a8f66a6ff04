"""The events of the benchmarks: four metrics, two dimensions, about 240 bytes each."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

METRICS = [("api_calls", "call"), ("storage", "gb"), ("bandwidth", "gb"), ("compute", "second")]
DIMENSIONS = ["region", "tier"]
BATCH = 1_000
MARK = b"@@@@@@@@@@@@"
"""Stands for the part of every id that differs from request to request."""

_SPAN_SECONDS = 6 * 3600


def batch_template() -> bytes:
    """A request of 1,000 events; put twelve other characters in place of MARK to make it a new one."""
    draw = random.Random(1)
    start = datetime.now(UTC) - timedelta(seconds=_SPAN_SECONDS)
    events = []
    for number in range(BATCH):
        metric, unit = METRICS[number % len(METRICS)]
        events.append(
            {
                "event_id": f"{draw.getrandbits(64):016x}{MARK.decode()}{number:04d}",
                "metric_name": metric,
                "metric_value": round(draw.uniform(0, 100), 4),
                "unit": unit,
                "timestamp": (start + timedelta(seconds=draw.randrange(_SPAN_SECONDS))).isoformat(),
                "metadata": {
                    "region": draw.choice(["in", "us", "eu"]),
                    "tier": draw.choice(["free", "paid"]),
                    "path": f"/v1/items/{number}",
                    "status": 200,
                },
            }
        )
    return json.dumps({"events": events}).encode()


def batches(count: int, prefix: str) -> list[bytes]:
    """`count` requests whose ids occur nowhere else as long as the four-letter prefix doesn't."""
    template = batch_template()
    return [template.replace(MARK, f"{prefix:.4}{number:08d}".encode()) for number in range(count)]
