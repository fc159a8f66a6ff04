"""A seller's logo as a PDF holds it, made once for all of its documents in a process."""

from __future__ import annotations

import hashlib
import zlib
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

from PIL import Image


class PackedPicture(NamedTuple):
    name: str
    width: int
    height: int
    filter: str
    content: bytes


@lru_cache(maxsize=64)
def packed(content: bytes) -> PackedPicture:
    """A PNG or JPEG. What is transparent becomes white, as the paper is: PDF/A-1 knows no transparency."""
    picture = Image.open(BytesIO(content), formats=("PNG", "JPEG"))
    width, height = picture.size
    name = hashlib.sha256(content).hexdigest()[:16]
    if picture.format == "JPEG" and picture.mode == "RGB":
        return PackedPicture(name, width, height, "DCTDecode", content)
    opaque = Image.new("RGB", picture.size, "white")
    layer = picture.convert("RGBA")
    opaque.paste(layer, mask=layer)
    return PackedPicture(name, width, height, "FlateDecode", zlib.compress(opaque.tobytes(), 9))


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    picture = packed(content)
    return picture.width, picture.height
