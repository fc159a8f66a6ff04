"""The one error type of business rules: a sentence for people, a code for programs, a status for HTTP."""

from __future__ import annotations

from typing import Any


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
