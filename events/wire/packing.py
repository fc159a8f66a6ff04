"""How a batch's events are packed for the hot log: as compact JSON, deflated when that helps."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw

from events.wire.incoming import AcceptedEvent

# Level 1 takes a microsecond an event and a quarter of the space; higher levels cost more and save little.
_LEVEL = 1
_NOT_WORTH_IT = 200

UNSTORABLE = "unstorable_base64"
"""The key under which a dead letter holds metadata that PostgreSQL refuses, in base64."""

DAMAGED = (zlib.error, msgspec.DecodeError)
"""What reading packed events raises if they are damaged."""

_encoder = msgspec.json.Encoder()


class StoredEvent(msgspec.Struct, array_like=True, gc=False):
    """One accepted event, in the order of `incoming.AcceptedEvent`."""

    event_id: str
    metric_name: str
    unit: str
    quantity: str
    timestamp: str | None
    metadata: Raw

    def as_sent(self) -> dict[str, Any]:
        """The event again as its sender wrote it, for people."""
        return self._named(self.metadata_dict())

    def as_json(self) -> str:
        """The same for dead letters, its numbers exact."""
        return _encoder.encode(self._named(self.metadata)).decode()

    def as_storable_json(self) -> str:
        """The same with its metadata wrapped up, for what PostgreSQL refuses to store as JSON."""
        wrapped = {UNSTORABLE: base64.b64encode(bytes(self.metadata)).decode()}
        return _encoder.encode(self._named(wrapped)).decode()

    def _named(self, metadata: Any) -> dict[str, Any]:
        return {
            "event_id": self.event_id,
            "metric_name": self.metric_name,
            "metric_value": self.quantity,
            "unit": self.unit,
            "timestamp": self.timestamp,
            "metadata": metadata,
        }

    def metadata_dict(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = _metadata_decoder.decode(self.metadata)
        return found


@dataclass(frozen=True, slots=True)
class UnreadableRequest:
    """A whole batch whose packed events are damaged, in the place of an event."""

    batch_id: UUID
    packed_events: bytes

    @property
    def event_id(self) -> str:
        return f"batch {self.batch_id}"

    def as_json(self) -> str:
        return _encoder.encode({"base64": base64.b64encode(self.packed_events).decode()}).decode()

    as_storable_json = as_json


_decoder = msgspec.json.Decoder(list[StoredEvent])
_metadata_decoder = msgspec.json.Decoder(dict[str, Any] | None)


def pack(rows: Sequence[AcceptedEvent | StoredEvent]) -> bytes:
    text = _encoder.encode(rows)
    return text if len(text) < _NOT_WORTH_IT else zlib.compress(text, _LEVEL)


def unpack_text(packed_events: bytes) -> bytes:
    """The JSON of packed events. Raises one of DAMAGED."""
    return packed_events if packed_events[:1] == b"[" else zlib.decompress(packed_events)


def decode(text: bytes) -> list[StoredEvent]:
    """The events in that JSON. Raises one of DAMAGED."""
    return _decoder.decode(text)


def unpack(packed_events: bytes) -> list[StoredEvent]:
    return decode(unpack_text(packed_events))
