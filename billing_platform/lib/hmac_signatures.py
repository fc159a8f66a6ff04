"""HMAC-SHA256 signatures, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac


def sign(payload: bytes, secret: str) -> str:
    """The HMAC-SHA256 of the raw bytes, in lower-case hex."""
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def verify(payload: bytes, signature: str, *secrets: str) -> bool:
    """Whether one of the secrets made this signature. Several are valid while the secret is being changed."""
    given = signature.encode("utf-8", "replace")
    matches = [hmac.compare_digest(sign(payload, secret).encode(), given) for secret in secrets if secret]
    return any(matches)
