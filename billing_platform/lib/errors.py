"""The errors of business rules: a sentence for people, a code for programs, a status for HTTP."""

from __future__ import annotations

from typing import Any

_LONGEST_QUOTE = 60


def quoted(value: object) -> str:
    """A value from outside, for an error message: shortened, and without characters that UTF-8 can't encode."""
    text = value if isinstance(value, str) else repr(value)
    shown = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
    return "“" + "".join(_visible(character) for character in shown) + "”"


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def writable(text: str) -> str:
    """The text with lone surrogates (halves of a character, which JSON may contain but UTF-8 can't) as \\ud800."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class DomainError(Exception):
    """A rule refuses a request. The admin shows the message, the API answers with it; they catch no other exception."""

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
    """The caller sent a wrong value. `details` maps each wrong field to its sentences."""

    code = "VALIDATION_ERROR"
    status = 400

    @classmethod
    def field(cls, name: str, message: str) -> InvalidInput:
        return cls(f"{name}: {message}", details={name: [message]})


class NotFound(DomainError):
    """The object does not exist, or the caller may not see it: both get the same answer."""

    code = "NOT_FOUND"
    status = 404
