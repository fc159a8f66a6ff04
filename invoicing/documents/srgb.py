"""The colour profile of sRGB, which tells archives what the colours of a PDF are.

It is of version 2 of ICC.1, the only one that PDF/A-1 knows, and so small that it can stand in each document.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache

_WHITE = (0xF6D6, 0x10000, 0xD32D)  # D50, as in all profiles; 16 bits after the point
_PRIMARIES = {b"r": (0x6FA2, 0x38F5, 0x0390), b"g": (0x6299, 0xB785, 0x18DA), b"b": (0x24A0, 0x0F84, 0xB6CF)}
"""Of IEC 61966-2-1, seen under D50."""
_STEPS = 256
_HEADER = 128


@cache
def packed_srgb() -> bytes:
    """The profile, compressed."""
    return zlib.compress(srgb(), 9)


def srgb() -> bytes:
    """The same bytes in each process: it says that it was made on 1 January 2026."""
    curve = b"curv" + bytes(4) + struct.pack(f">I{_STEPS}H", _STEPS, *map(_linear, range(_STEPS)))
    tags = {b"desc": _description(b"sRGB"), b"cprt": b"text" + bytes(4) + b"CC0\0", b"wtpt": _xyz(_WHITE)}
    tags |= {letter + b"XYZ": _xyz(value) for letter, value in _PRIMARIES.items()}
    tags |= {letter + b"TRC": curve for letter in _PRIMARIES}
    start = _HEADER + 4 + 12 * len(tags)
    table, body, places = struct.pack(">I", len(tags)), b"", dict[bytes, int]()
    for name, content in tags.items():
        if content not in places:  # the curve of all three colours stands there once
            places[content] = start + len(body)
            body += content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, places[content], len(content))
    return _header(start + len(body)) + table + body


def _header(size: int) -> bytes:
    made = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", b"RGB ", b"XYZ ") + made + b"acsp"
    return head.ljust(68, b"\0") + struct.pack(">3I", *_WHITE) + bytes(48)


def _linear(step: int) -> int:
    """How much light a colour's value gives: the curve of IEC 61966-2-1."""
    value = step / (_STEPS - 1)
    light = value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
    return round(light * 0xFFFF)


def _xyz(value: tuple[int, int, int]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3I", *value)


def _description(text: bytes) -> bytes:
    """In ASCII only: the descriptions in Unicode and in Apple's script code are empty."""
    return b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(4 + 4 + 2 + 1 + 67)
