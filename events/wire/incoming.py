"""What an event may look like: bytes from outside become validated rows, or a list of what is wrong with which.

Pure: no Django, no database. msgspec checks shape and types in C; the loop below looks only at what a schema can't
say. A quantity stays the text that was sent, so no float ever touches it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from billing_platform.lib.limits import QUANTITY_INTEGER_DIGITS, QUANTITY_PLACES
from billing_platform.lib.number_formats import NumberError, parse_decimal, plain_text

MAX_METADATA_BYTES = 8192
MAX_NESTING = 32
MOST_PLACES = 10_000  # jsonb takes 16,383 decimals
FUTURE = timedelta(days=1)
_MOST_COMMAS = 500_000  # fifty for each event

_Name = Annotated[str, Meta(min_length=1, max_length=100)]
_Unit = Annotated[str, Meta(min_length=1, max_length=50)]
_EventId = Annotated[str, Meta(min_length=1, max_length=255)]

# What nearly every quantity looks like; anything else takes the slow way through parse_decimal.
_PLAIN_QUANTITY = re.compile(rb'"?([0-9]{1,20}(?:\.[0-9]{1,8})?)"?').fullmatch
_LINES = re.compile(rb"[^\n]+").finditer
# PostgreSQL's jsonb refuses numbers smaller than 1e-16383, and zero with an exponent of more than five digits.
_GREAT_EXPONENT = re.compile(rb"[0-9][eE][-+]?[0-9]{4}").search
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
# A time finer than a microsecond: msgspec would round it up, into another month or to another price.
_FINE = re.compile(rb"\.[0-9]{7,}(?:[Zz]|[-+])").search
_BEYOND_MICROSECONDS = re.compile(r"(?<=\.[0-9]{6})[0-9]+")


class Event(msgspec.Struct, gc=False):
    """The fields of one event. Unknown ones are ignored."""

    event_id: _EventId
    metric_name: _Name
    metric_value: Raw
    unit: _Unit
    timestamp: Annotated[datetime, Meta(tz=True)] | None = None
    metadata: Raw = Raw(b"null")


class AcceptedEvent(msgspec.Struct, array_like=True, gc=False):
    """An event that was checked, as `packing.pack` writes it: a list of these fields, in this order.

    `quantity` is a decimal number as text, `timestamp` is in UTC (None: as received), `metadata` is an object as JSON.
    """

    event_id: str
    metric_name: str
    unit: str
    quantity: str
    timestamp: datetime | None
    metadata: Raw | None


class _Batch(msgspec.Struct):
    events: list[Event]


class _RawBatch(msgspec.Struct):
    events: list[Raw]


class _IdOnly(msgspec.Struct):
    event_id: str = ""


class _TimestampOnly(msgspec.Struct):
    timestamp: str | None = None


class MalformedBody(ValueError):
    """The body as a whole can't be read."""


class TooManyEvents(ValueError):
    """More events than one request may hold."""


@dataclass(frozen=True, slots=True)
class Rejection:
    index: int
    event_id: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed now: the oldest and the newest timestamp, and how many events."""

    oldest: datetime
    newest: datetime
    max_events: int

    @classmethod
    def at(cls, instant: datetime, *, horizon: timedelta, max_events: int) -> Limits:
        return cls(instant - horizon, instant + FUTURE, max_events)


class _Refused(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


_event_decoder = msgspec.json.Decoder(Event)
_batch_decoder = msgspec.json.Decoder(_Batch)
_raw_batch_decoder = msgspec.json.Decoder(_RawBatch)
_id_decoder = msgspec.json.Decoder(_IdOnly)
_timestamp_decoder = msgspec.json.Decoder(_TimestampOnly)
_object_decoder = msgspec.json.Decoder(dict[str, Any])
_encoder = msgspec.json.Encoder(decimal_format="number")


def read_one(body: bytes, limits: Limits) -> tuple[list[AcceptedEvent], list[Rejection]]:
    """A single event object."""
    _check_text(body)
    return _read_each([Raw(body)], limits)


def read_batch(body: bytes, limits: Limits) -> tuple[list[AcceptedEvent], list[Rejection]]:
    """`{"events": [...]}`. The whole is decoded at once; event by event only if one of them is wrong."""
    _check_text(body)
    try:
        events = _batch_decoder.decode(body).events
        _check_count(events, limits)
        if _may_be_fine(body):
            _cut_to_microseconds(events, _raw_batch_decoder.decode(body).events)
        return _check_all(events, body, limits)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedBody(_sentence(error)) from None
    if body.count(b",") > _MOST_COMMAS:  # `[1,1,…]` would become five million objects
        raise TooManyEvents(f"More values in one request than {limits.max_events:,} events have.")
    try:
        raws = _raw_batch_decoder.decode(body).events
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedBody(_sentence(error)) from None
    return _read_each(raws, limits)


def read_lines(body: bytes, limits: Limits) -> tuple[list[AcceptedEvent], list[Rejection]]:
    """NDJSON: one event a line, empty lines ignored."""
    _check_text(body)
    filled = (line[0] for line in _LINES(body) if not line[0].isspace())
    lines = list(islice(filled, limits.max_events + 1))  # no more than that: ten megabytes hold five million lines
    _check_count(lines, limits)
    try:
        events = [_event_decoder.decode(line) for line in lines]
        if _may_be_fine(body):
            _cut_to_microseconds(events, lines)
        return _check_all(events, body, limits)
    except (msgspec.DecodeError, RecursionError):
        return _read_each([Raw(line) for line in lines], limits)


def _check_text(body: bytes) -> None:
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise MalformedBody(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from None


def _check_count(events: Sequence[Any], limits: Limits) -> None:
    if len(events) > limits.max_events:
        raise TooManyEvents(f"More than {limits.max_events:,} events in one request.")


def _read_each(raws: Sequence[Raw], limits: Limits) -> tuple[list[AcceptedEvent], list[Rejection]]:
    _check_count(raws, limits)
    rows: list[AcceptedEvent] = []
    rejected: list[Rejection] = []
    for index, raw in enumerate(raws):
        try:
            event = _event_decoder.decode(raw)
            _cut_to_microseconds([event], [raw])
        except (msgspec.DecodeError, RecursionError) as error:
            rejected.append(Rejection(index, _event_id_of(raw), "VALIDATION_ERROR", _sentence(error)))
            continue
        try:
            rows.append(_check(event, limits, _is_suspicious(bytes(raw))))
        except _Refused as error:
            rejected.append(Rejection(index, event.event_id, error.code, str(error)))
    return rows, rejected


def _check_all(events: Sequence[Event], body: bytes, limits: Limits) -> tuple[list[AcceptedEvent], list[Rejection]]:
    suspicious = _is_suspicious(body)
    rows: list[AcceptedEvent] = []
    rejected: list[Rejection] = []
    for index, event in enumerate(events):
        try:
            rows.append(_check(event, limits, suspicious))
        except _Refused as error:
            rejected.append(Rejection(index, event.event_id, error.code, str(error)))
    return rows, rejected


def _cut_to_microseconds(events: Sequence[Event], raws: Sequence[Any]) -> None:
    """Never later than what was sent: the digits beyond a microsecond are dropped, however many there are."""
    for event, raw in zip(events, raws, strict=True):
        if event.timestamp is not None and _may_be_fine(bytes(raw)):
            sent = _timestamp_decoder.decode(raw).timestamp or ""
            event.timestamp = msgspec.convert(_BEYOND_MICROSECONDS.sub("", sent), datetime)


def _may_be_fine(text: bytes) -> bool:
    """Digits and their point may be escaped, too. (One byte is found ten times as fast as several.)"""
    return (b"." in text and _FINE(text) is not None) or (b"\\" in text and b"\\u00" in text)


def _is_suspicious(text: bytes) -> bool:
    """Whether a control character may be somewhere in it: escaped, DEL, or beyond ASCII."""
    return b"\\" in text or b"\x7f" in text or not text.isascii()


def _check(event: Event, limits: Limits, suspicious: bool) -> AcceptedEvent:
    """What a schema can't say."""
    plain = _PLAIN_QUANTITY(event.metric_value)
    quantity = plain[1].decode() if plain else _odd_quantity(bytes(event.metric_value))
    moment = event.timestamp
    if moment is not None:
        if not limits.oldest <= moment <= limits.newest:
            raise _Refused(
                "TIMESTAMP_OUT_OF_RANGE",
                f"timestamp must lie between {limits.oldest:%Y-%m-%dT%H:%M:%SZ} and {limits.newest:%Y-%m-%dT%H:%M:%SZ}",
            )
        if moment.tzinfo is not UTC:
            moment = moment.astimezone(UTC)
    metadata = _check_metadata(event.metadata, suspicious)
    if suspicious:
        _refuse_odd_text(event)
    if event.event_id[-1] == "/":
        raise _Refused("VALIDATION_ERROR", "event_id must not end with a slash: asked for, it could not be found")
    return AcceptedEvent(event.event_id, event.metric_name, event.unit, quantity, moment, metadata)


def _refuse_odd_text(event: Event) -> None:
    """NUL, which PostgreSQL can't store; and ids that `GET /events/{event_id}` would take for another one's."""
    for name in ("event_id", "metric_name", "unit"):
        if "\x00" in getattr(event, name):
            raise _Refused("VALIDATION_ERROR", f"{name} must not hold NUL characters")
    if _CONTROL(event.event_id):
        raise _Refused("VALIDATION_ERROR", "event_id must not hold control characters, such as a line break or a tab")


def _odd_quantity(raw: bytes) -> str:
    """Exponents, signs, spaces, too many digits, and whatever else is not a number at all."""
    try:
        value = msgspec.json.decode(raw) if raw[:1] == b'"' else raw.decode()
        number = parse_decimal(value, places=QUANTITY_PLACES, max_digits=QUANTITY_INTEGER_DIGITS)
    except NumberError as error:
        raise _Refused("INVALID_QUANTITY", f"metric_value: {str(error)[0].lower()}{str(error)[1:]}") from None
    if number < 0:
        raise _Refused("INVALID_QUANTITY", "metric_value must not be negative")
    return plain_text(abs(number))


def _check_metadata(raw: Raw, suspicious: bool) -> Raw | None:
    """An object of at most 8 KB, not nested deeper than 32, that PostgreSQL can store. Stored as it was sent."""
    text = bytes(raw)
    if text == b"null" or text == b"{}":
        return None
    if len(text) > MAX_METADATA_BYTES:
        raise _Refused(
            "METADATA_TOO_LARGE", f"metadata is {len(text)} bytes long; at most {MAX_METADATA_BYTES} are taken"
        )
    try:
        value = _object_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _Refused("INVALID_METADATA", f"metadata: {_sentence(error)}") from None
    if text.count(b"{") + text.count(b"[") > MAX_NESTING and _depth(value) > MAX_NESTING:
        raise _Refused("INVALID_METADATA", f"metadata is nested deeper than {MAX_NESTING} levels")
    hidden = suspicious and b"\\u0000" in text
    if hidden and _holds_nul(value):
        raise _Refused("INVALID_METADATA", "metadata must not hold NUL characters")
    # A NUL may still hide under a key that comes again: jsonb reads the first one, too.
    return _written_anew(text) if hidden or _GREAT_EXPONENT(text) else raw


def _written_anew(text: bytes) -> Raw:
    """The same object without what jsonb refuses to read: repeated keys, and exponents that no number needs."""
    return Raw(_encoder.encode(json.loads(text, parse_float=_number, parse_int=_number)))


def _number(text: str) -> Decimal:
    """Exactly; zero without its exponent, and what is too small for jsonb is zero as well."""
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond Decimal's own: msgspec has read it, so it is next to nothing
        return Decimal(0)
    return number if number and int(number.as_tuple().exponent) > -MOST_PLACES else Decimal(0)


def _depth(value: Any) -> int:
    deepest = 0
    level: list[Any] = [value]
    while level:
        deepest += 1
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
    return deepest


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(child) for key, child in value.items())
    return isinstance(value, list) and any(_holds_nul(child) for child in value)


def _event_id_of(raw: Raw) -> str | None:
    try:
        return _id_decoder.decode(raw).event_id[:255] or None
    except (msgspec.DecodeError, RecursionError):
        return None


def _sentence(error: Exception) -> str:
    """What msgspec says, with the field in front: "unit: expected `str`, got `int`"."""
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    text, _, place = str(error).partition(" - at `$")
    if text == "Input data was truncated":
        return "the JSON ends before it is complete"
    field = place.strip("`").lstrip(".")
    return f"{field}: {text[0].lower()}{text[1:]}" if field else text
