"""The one error type of business rules: a sentence for people, a code for programs, a status for HTTP."""

from __future__ import annotations

from typing import Any

_LONGEST_QUOTE = 60


def quoted(value: object) -> str:
    """What somebody sent, for an error sentence: short, and in characters that can be written."""
    text = value if isinstance(value, str) else repr(value)
    shown = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
    return "“" + "".join(_visible(character) for character in shown) + "”"


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def writable(text: str) -> str:
    """Half of a character (a lone surrogate, which JSON can carry) has no bytes in UTF-8: it is shown as \\ud800."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class DomainError(Exception):
    """A rule said no. Faces turn it into a red message or an HTTP answer; nothing else is caught by them."""

    code = "CONFLICT"
    status = 409

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status
        self.details = details or {}


class InvalidInput(DomainError):
    """The caller sent something that can't be right; `details` maps each bad field to its sentences."""

    code = "VALIDATION_ERROR"
    status = 400

    @classmethod
    def field(cls, name: str, message: str) -> InvalidInput:
        return cls(f"{name}: {message}", details={name: [message]})


class NotFound(DomainError):
    """There is no such object, or it belongs to somebody else: both look the same from outside."""

    code = "NOT_FOUND"
    status = 404


class GatewayError(DomainError):
    """The payment gateway refused, or its answer never came. `ambiguous` says which: look up before trying again."""

    code = "GATEWAY_ERROR"
    status = 502

    def __init__(self, message: str, *, ambiguous: bool = False, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.ambiguous = ambiguous
