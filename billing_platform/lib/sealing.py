"""Secrets that the database stores encrypted: keys of other companies' services, typed in by operators.

Fernet (AES-128-CBC and HMAC-SHA256) with the keys of `ENCRYPTION_KEYS`, newest first: the first one seals, each of them
opens. A dump of the database alone tells nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from billing_platform.lib.errors import DomainError

BEGINNING = "gAAAAA"
"""How every sealed text begins: the version of Fernet, and a time before the year 2106. Tables check for it."""


class SealBroken(DomainError):
    """A sealed text that none of the keys opens."""

    code = "SEAL_BROKEN"


def seal(secret: str) -> str:
    return _sealer().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises SealBroken when the key that sealed it is not among `ENCRYPTION_KEYS` any more."""
    try:
        return _sealer().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBroken(
            "A stored secret can't be read: ENCRYPTION_KEYS lacks the key that it was encrypted with. Type it in again,"
            " or restore the key."
        ) from None


def seal_anew(sealed: str) -> str:
    """The same secret, sealed with the newest key. Raises SealBroken."""
    return seal(unseal(sealed))


def holds(sealed: str, secret: str) -> bool:
    """Whether this very secret is sealed in it; False if it can't be read."""
    try:
        return hmac.compare_digest(unseal(sealed).encode(), secret.encode())
    except SealBroken:
        return False


def ending(sealed: str) -> str:
    """The last four characters, by which people tell secrets apart; "?" if it can't be read."""
    try:
        return unseal(sealed)[-4:]
    except SealBroken:
        return "?"


def _sealer() -> MultiFernet:
    return _made(tuple(settings.ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def _made(keys: Sequence[str]) -> MultiFernet:
    """Any text may be a key: its SHA-256 is what Fernet takes. The text has to be long and random."""
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys])
