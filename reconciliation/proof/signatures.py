"""Ed25519 signatures of statements: the installation's key, and the keys that are believed. Keys are never logged."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from billing_platform.lib.errors import DomainError

KEY_BYTES = 32
KEY_ID_LENGTH = 16


class NoSigningKey(DomainError):
    """Statements are never made without a signature."""

    code = "PROOF_KEY_MISSING"


class NotAKey(ValueError):
    """The text is no key: a sentence says so, and does not repeat it."""


def new_key() -> str:
    """A seed for PROOF_SIGNING_KEY, in base64."""
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def public_key_of(seed: str) -> str:
    """The public key in base64. Raises NotAKey."""
    return base64.b64encode(_private(seed).public_key().public_bytes_raw()).decode()


def key_id_of(public_key: str) -> str:
    """A name for a public key (base64): the first 16 hex digits of its SHA-256. Raises NotAKey."""
    return sha256(_decoded(public_key)).hexdigest()[:KEY_ID_LENGTH]


def own_public_key() -> str:
    """Of the key that signs now. Raises NoSigningKey."""
    seed = settings.PROOF_SIGNING_KEY
    if not seed:
        raise NoSigningKey(
            "There is no key to sign statements with. `manage.py proof_key` makes one: set it as PROOF_SIGNING_KEY."
        )
    try:
        return public_key_of(seed)
    except NotAKey:
        raise NoSigningKey(
            "PROOF_SIGNING_KEY is no key: it is 32 bytes in base64. `manage.py proof_key` makes one."
        ) from None


def sign(content: str) -> str:
    """The signature in base64 over the UTF-8 of the text, by PROOF_SIGNING_KEY. Raises NoSigningKey."""
    own_public_key()
    return base64.b64encode(_private(settings.PROOF_SIGNING_KEY).sign(content.encode())).decode()


def is_signed(content: str, signature: str, public_key: str) -> bool:
    try:
        _public(public_key).verify(base64.b64decode(signature, validate=True), content.encode())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def by_id(public_keys: Iterable[str]) -> dict[str, str]:
    """Public keys by their names. Raises NotAKey."""
    return {key_id_of(key): key for key in public_keys}


def believed_keys() -> Mapping[str, str]:
    """The public keys of the settings by their names: that of PROOF_SIGNING_KEY, and PROOF_PUBLIC_KEYS. What is no key
    is left out; `manage.py check` tells of it."""
    found = {}
    for key in settings.PROOF_PUBLIC_KEYS:
        try:
            found[key_id_of(key)] = key
        except NotAKey:
            continue
    try:
        own = own_public_key()
    except NoSigningKey:
        return found
    return found | {key_id_of(own): own}


def _private(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_decoded(seed))


def _public(key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(_decoded(key))


def _decoded(text: str) -> bytes:
    try:
        decoded = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != KEY_BYTES:
        raise NotAKey("This is no key: a key is 32 bytes in base64.")
    return decoded
