"""The portal's signed texts (JWT, RS256): what they say, and whether the portal's key signed them.

Only signatures are checked here, and nothing is signed or decrypted: that needs no secret, and no more than the
arithmetic of RFC 8017. The expected block is made whole and compared, so that nothing of the signature is parsed.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, urlsafe_b64decode
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

import msgspec

LONGEST = 200_000
"""Characters of a signed text: a signed invoice of a thousand items fits."""
_PART = re.compile(r"[A-Za-z0-9_-]+")
_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of SHA-256 (RFC 8017, 9.2)
_SEQUENCE, _BITS, _INTEGER = 0x30, 0x03, 0x02


class SignedTextError(ValueError):
    """What was given is no signed text of the portal, or no public key; the sentence says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    modulus: int
    exponent: int

    @property
    def size(self) -> int:
        return (self.modulus.bit_length() + 7) // 8


def said_by(text: str) -> dict[str, Any]:
    """What a signed text says: the object that its `data` holds. Numbers come exact, as Decimal.

    Raises SignedTextError. Who signed it is another question: `is_signed_by`.
    """
    parts = text.strip().split(".")
    if len(text) > LONGEST or len(parts) != 3 or not all(map(_PART.fullmatch, parts)):
        raise SignedTextError("It is no signed text: three parts of letters, digits, - and _ are expected.")
    claims = _json(_unpacked(parts[1]))
    data = claims.get("data", claims) if isinstance(claims, dict) else claims
    content = _json(data.encode()) if isinstance(data, str) else data
    if not isinstance(content, dict):
        raise SignedTextError("It is no signed text of the portal: it holds no data.")
    return content


def is_signed_by(text: str, key: PublicKey) -> bool:
    """Whether the key signed the text, by RSASSA-PKCS1-v1_5 with SHA-256. Raises SignedTextError."""
    signed, _, signature = text.strip().rpartition(".")
    number = int.from_bytes(_unpacked(signature))
    if number >= key.modulus:
        return False
    shown = pow(number, key.exponent, key.modulus).to_bytes(key.size)
    digest = _SHA256_PREFIX + sha256(signed.encode()).digest()
    return shown == b"\x00\x01" + b"\xff" * (key.size - len(digest) - 3) + b"\x00" + digest


def read_public_key(pem: str) -> PublicKey:
    """An RSA key in PEM: -----BEGIN PUBLIC KEY-----. Raises SignedTextError."""
    lines = [line.strip() for line in pem.strip().splitlines()]
    if len(lines) < 3 or lines[0] != "-----BEGIN PUBLIC KEY-----":
        raise SignedTextError("A public key in PEM is expected: -----BEGIN PUBLIC KEY-----.")
    try:
        whole = b64decode("".join(lines[1:-1]), validate=True)
        _algorithm, bits = _children(_value(whole, _SEQUENCE))
        modulus, exponent = _children(_value(_value(bits, _BITS)[1:], _SEQUENCE))
        key = PublicKey(int.from_bytes(_value(modulus, _INTEGER)), int.from_bytes(_value(exponent, _INTEGER)))
    except (ValueError, IndexError) as error:
        raise SignedTextError("The public key can't be read: it is no RSA key.") from error
    if key.modulus.bit_length() < 2048 or key.exponent < 3:
        raise SignedTextError("The public key is too weak: 2048 bits are expected.")
    return key


def _unpacked(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as error:
        raise SignedTextError("It is no signed text: a part of it can't be decoded.") from error


def _json(content: bytes) -> Any:
    try:
        return _DECODER.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SignedTextError("It is no signed text of the portal: what it holds is no JSON.") from error


_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def _element(content: bytes) -> tuple[int, bytes, bytes]:
    """Kind and value of the first DER element, and what follows it."""
    length, start = content[1], 2
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(content[2:start])
    if start + length > len(content):
        raise ValueError("cut off")
    return content[0], content[start : start + length], content[start + length :]


def _value(content: bytes, kind: int) -> bytes:
    found, value, _rest = _element(content)
    if found != kind:
        raise ValueError("another kind of element")
    return value


def _children(content: bytes) -> list[bytes]:
    found = []
    while content:
        _kind, _inner, rest = _element(content)
        found.append(content[: len(content) - len(rest)])
        content = rest
    return found
