"""A fixed list of malformed requests: wrong events, wrong bodies and wrong compression."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

SINGLE, BATCH = "/api/v1/events", "/api/v1/events/batch"
JSON, LINES = "application/json", "application/x-ndjson"
GZIP = {"Content-Encoding": "gzip"}

_DEEP = "[" * 100_000 + "]" * 100_000
_DIGITS = "9" * 100_000
_NOT_TEXT = [
    "null", "true", "0", "-1.5", "1e400", "[]", "{}", '["a"]', '""', '"\\u0000"', '"a\\u0000b"', '"\\ud800"',
    '"\\udc00\\ud800"', '"\\ud83d"', '"\\x41"', '"\\u12"', '"a\nb"', '"\t"', "NaN", "Infinity", _DIGITS, _DEEP,
    "'a'", "a", "undefined", '"a" "b"', '"a', "",
]  # fmt: skip

BAD_FIELDS: dict[str, list[str]] = {
    "event_id": [*_NOT_TEXT, f'"{"x" * 256}"', f'"{"é" * 256}"', f'"{"x" * 1_000_000}"'],
    "metric_name": [*_NOT_TEXT, f'"{"x" * 101}"', f'"{"नाम" * 40}"'],
    "unit": [*_NOT_TEXT, f'"{"x" * 51}"'],
    "metric_value": [
        "null", "true", "false", "[]", "{}", "[1]", '{"a": 1}', '""', '" "', '"abc"', "-1", '"-1"', "-1e-8", "1e400",
        "-1e400", '"1e400"', "1e21", "1E+21", "1e999999999999", '"1e999999999999"', "1e-9", "0.000000001",
        "1.123456789",
        "100000000000000000000", _DIGITS, f'"{_DIGITS}"', f"0.{_DIGITS}", f"1e{_DIGITS}", '"NaN"', '"nan"', '"sNaN"',
        '"Infinity"', '"-inf"', '"1,000"', '"1_000"', '"0x10"', '"1 2"', '"--1"', '"1e"', '"e5"', '"१२३"', '"１２"',
        '"∞"', '"½"', '"1\\u0000"', '"\\ud800"', '"1\\n2"', "NaN", "Infinity", "-Infinity", "nan", "01", "+1", ".5",
        "5.", "1e", "1e+", "0x10", "--1", "1_000", "1,5", "1 2", "1.2.3", "-", _DEEP, "", "１",
    ],
    "timestamp": [
        "true", "0", "1763630000", "1e400", "[]", "{}", '""', '"yesterday"', '"2026-11-20"', '"2026-11-20T10:00:00"',
        '"2026-02-30T10:00:00Z"', '"2026-13-01T10:00:00Z"', '"2026-11-20T25:00:00Z"', '"2026-11-20T10:00:00+25:00"',
        '"2026-11-20T10:00:00 IST"', '"0000-01-01T00:00:00Z"', '"0001-01-01T00:00:00+14:00"', '"2001-01-01T00:00:00Z"',
        '"2999-01-01T00:00:00Z"', '"9999-12-31T23:59:59-12:00"', '"+12026-11-20T10:00:00Z"',
        '"2026-11-20T10:00:00Z\\u0000"',
        f'"{_DIGITS}"', '"\\ud800"', "NaN", _DEEP,
    ],
    "metadata": [
        "[]", '"a"', "1", "true", '[{"a": 1}]', '{"a"}', '{"a": }', "{1: 2}", '{"a": 1,}', '{"a": NaN}', '{"a": 1e400}',
        '{"a": -1e999999}', f'{{"a": {_DIGITS}}}', f'{{"a": {_DEEP}}}', '{"a": ' * 50 + "1" + "}" * 50,
        f'{{"a": {"[" * 40 + "]" * 40}}}', '{"a": "\\u0000"}', '{"a\\u0000": 1}', '{"a": ["b", {"c": "\\u0000"}]}',
        '{"a": "\\ud800"}', '{"\\udfff": 1}', f'{{"a": "{"x" * 8192}"}}', '{"a": 1', '{"a": "b}', _DEEP,
    ],
}  # fmt: skip

BAD_BODIES: list[bytes] = [
    b"", b" ", b"\n\n", b"\x00", b"\xef\xbb\xbf", b"null", b"true", b"7", b'"a"', b"[]", b"[[]]", b"{}", b"}", b"]",
    b"{", b"[", b"{{}}", b"[1, 2", b"hello", b"a=1&b=2", b"<event/>", b"\xff\xfe{\x00}\x00", b"\x80", b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf5\x80\x80\x80", b"NaN", b"-", b"1e400", b"9" * 100_000, b"[" * 100_000, b"{" * 100_000, b"[" * 5_000_000,
    b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b'{"a":' * 100_000, b'"' * 100_001,
    b'{"events": null}', b'{"events": {}}', b'{"events": "a"}', b'{"events": 1}', b'{"events": []}',
    b'{"events": [[]]}',
    b'{"events": [null]}', b'{"events": [1, "a", true]}', b'{"event": []}', b'{"events": [{}]} trailing',
    b'{"events": [' + b"{}," * 9 + b"]}", b"\\", b"\\u0041", b"// comment\n{}", b"{'a': 1}", b"\x1f\x8b\x08", b"--\r\n",
]  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One malformed request, or a mixed one with `good` events in it that must not be lost."""

    name: str
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    good: int = 0
    names_field: str = ""
    may_be_valid: bool = False
    """Mutated at random: perhaps harmless."""


def good_event(event_id: str) -> str:
    return (
        f'{{"event_id": "{event_id}", "metric_name": "api_calls", "metric_value": 1.5, "unit": "call", '
        f'"timestamp": null, "metadata": {{"path": "/v1/\\u00e9", "n": [1, 2]}}}}'
    )


def bad_events() -> Iterator[tuple[str, str]]:
    """The field that is wrong, and the event's text."""
    good = {"event_id": '"bad"', "metric_name": '"api_calls"', "metric_value": "1", "unit": '"call"'}
    for name, texts in BAD_FIELDS.items():
        for text in texts:
            members = good | {name: text}
            yield name, "{" + ", ".join(f'"{key}": {value}' for key, value in members.items()) + "}"
    for name in good:
        yield name, "{" + ", ".join(f'"{key}": {value}' for key, value in good.items() if key != name) + "}"
        if name != "metric_value":  # where what is sent last counts, as JSON parsers have it
            yield name, "{" + ", ".join([f'"{name}": 1', *(f'"{key}": {value}' for key, value in good.items())]) + "}"


def requests() -> Iterator[Request]:
    """All of them; ids of good events are unique."""
    yield from _alone()
    yield from _beside_good_ones()
    yield from _bodies()
    yield from _mutations(600)
    yield from _damaged_gzip()
    yield from _wrappings()


def _alone() -> Iterator[Request]:
    for number, (name, text) in enumerate(bad_events()):
        body = text.encode()
        named = name if is_json(text) else ""
        yield Request(f"{name} {number}", SINGLE, body, names_field=named)
        yield Request(f"{name} {number} in a batch", BATCH, b'{"events": [%s]}' % body)
        yield Request(f"{name} {number} on a line", BATCH, body, content_type=LINES)
        yield Request(f"{name} {number} zipped", SINGLE, gzip.compress(body, 1), GZIP, names_field=named)


def _beside_good_ones() -> Iterator[Request]:
    """Whether the batch as a whole is JSON depends on the bad event; of lines, the good ones always count."""
    for number, (name, text) in enumerate(bad_events()):
        before, after = good_event(f"before-{number}"), good_event(f"after-{number}")
        good = 2 if is_json(text) else 0
        batch = f'{{"events": [{before}, {text}, {after}]}}'.encode()
        yield Request(f"{name} {number} between good ones", BATCH, batch, good=good)
        if "\n" not in text:
            lines = "\n".join([before.replace("before", "line"), text, after.replace("after", "last")]).encode()
            yield Request(f"{name} {number} between good lines", BATCH, lines, content_type=LINES, good=2)


def is_json(text: str) -> bool:
    """As strictly as the standard says: no NaN, no raw control characters, no lone surrogates."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        json.dumps(json.loads(text, parse_constant=refuse, parse_int=str), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def _bodies() -> Iterator[Request]:
    for number, body in enumerate(BAD_BODIES):
        for path, content_type in ((SINGLE, JSON), (BATCH, JSON), (BATCH, LINES)):
            yield Request(f"body {number}", path, body, content_type=content_type)
        yield Request(f"body {number} zipped", BATCH, gzip.compress(body, 1), GZIP)


def _mutations(count: int) -> Iterator[Request]:
    """Bytes of good requests changed, dropped, doubled, cut off."""
    draw = random.Random(20261121)
    for number in range(count):
        events = [good_event(f"mutated-{number}-{position}") for position in range(3)]
        path, content_type, text = draw.choice(
            [
                (SINGLE, JSON, events[0]),
                (BATCH, JSON, '{"events": [' + ", ".join(events) + "]}"),
                (BATCH, LINES, "\n".join(events)),
            ]
        )
        body = bytearray(text.encode())
        for _ in range(draw.randint(1, 4)):
            place = draw.randrange(len(body))
            match draw.randrange(5):
                case 0:
                    body[place] = draw.randrange(256)
                case 1:
                    del body[place : place + draw.randint(1, 20)]
                case 2:
                    body[place:place] = draw.choice(
                        [b'"', b"{", b"]", b"\\", b",", b"\x00", b"\xff", b"1e999", b"\\ud800"]
                    )
                case 3:
                    body[place:place] = body[place : place + draw.randint(1, 60)]
                case _:
                    del body[max(place, 1) :]
            body = body or bytearray(b"{")
        yield Request(f"mutation {number}", path, bytes(body), content_type=content_type, may_be_valid=True)


def _damaged_gzip() -> Iterator[Request]:
    body = gzip.compress(b'{"events": [%s]}' % good_event("zipped").encode(), mtime=0)
    damaged = [body[:length] for length in range(0, len(body), 7)]
    damaged += [body + tail for tail in (b"\x00", b"garbage", body, b"\n")]
    damaged += [body[:-8] + b"\x00" * 8, body[:-4] + b"\xff" * 4, b"\x1f\x8b" + body[4:], body[:2] + b"\xff" + body[3:]]
    damaged += [zlib.compress(b"{}"), gzip.compress(body), b"plain", good_event("plain").encode()]
    for number, wrapped in enumerate(damaged):
        yield Request(f"gzip {number}", BATCH, wrapped, GZIP)


def _wrappings() -> Iterator[Request]:
    body = good_event("wrapped").encode()
    for encoding in ("br", "deflate", "zstd", "gzip, gzip", "identity, gzip", "x-gzip", "\t", "GZIP;q=1"):
        yield Request(f"encoding {encoding}", SINGLE, body, {"Content-Encoding": encoding})
    for kind in (
        "text/plain",
        "text/csv",
        "multipart/form-data; boundary=a",
        "application/xml",
        "application/jsonp",
        "*/*",
    ):
        yield Request(f"type {kind}", SINGLE, body, content_type=kind)
    for charset in ("utf-16", "utf-32"):
        yield Request(f"charset {charset}", SINGLE, body.decode().encode(charset), content_type=JSON)
    yield Request("lines to one", SINGLE, body, content_type=LINES)


def bombs() -> list[Request]:
    """Small on the wire, or cheap to write, and large for whoever unpacks them."""
    many = [b"{},", b"1,", b"[],", b'"",', b"null,"]
    return [
        Request("a gigabyte of zeros", BATCH, _zeros(1024), GZIP),
        Request("a gigabyte of zeros, zipped twice", BATCH, gzip.compress(_zeros(1024)), GZIP),
        Request("a gigabyte of brackets", BATCH, _repeated(b"[" * 1024 * 1024, 1024), GZIP),
        *[
            Request(f"millions of {part!r}", BATCH, gzip.compress(_long_list(part), 1), GZIP, may_be_valid=False)
            for part in many
        ],
        Request("millions of short lines", BATCH, gzip.compress(b"11\n" * 3_400_000, 1), GZIP, LINES),
        Request("millions of empty lines", BATCH, gzip.compress(b"\n" * 10_000_000, 1), GZIP, LINES),
    ]


def _long_list(part: bytes) -> bytes:
    room = 10 * 1024 * 1024 - 100
    return b'{"events": [' + (part * (room // len(part)))[:-1] + b"]}"


def _zeros(megabytes: int) -> bytes:
    return _repeated(bytes(1024 * 1024), megabytes)


def _repeated(chunk: bytes, times: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join([*[packer.compress(chunk) for _ in range(times)], packer.flush()])
