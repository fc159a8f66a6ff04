"""How a call to Razorpay can fail: whether it happened there, and whether another try may help."""

from __future__ import annotations

from typing import Any

from billing_platform.lib.errors import DomainError

UNKNOWN = ("does not exist", "not a valid id")


class GatewayError(DomainError):
    """Razorpay refused, or its answer never came. `ambiguous`: it may have happened; look up before trying again.

    `is_passing`: the same call may succeed within seconds, after `retry_after` seconds if Razorpay named them.
    """

    code = "GATEWAY_ERROR"
    status = 502

    def __init__(
        self,
        message: str,
        *,
        ambiguous: bool = False,
        is_passing: bool = False,
        retry_after: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(message, **kwargs)
        self.ambiguous = ambiguous
        self.is_passing = is_passing
        self.retry_after = retry_after


class GatewayRefused(GatewayError):
    """Razorpay refused the request and changed nothing. `transient`: asking again later may help."""

    def __init__(self, message: str, *, transient: bool = False, http_status: int | None = None, **kwargs: Any) -> None:
        super().__init__(message, ambiguous=False, details={"gateway_status": http_status}, **kwargs)
        self.transient = transient

    @property
    def says_unknown(self) -> bool:
        """Razorpay has no such thing. Any other refusal, such as of our keys, says nothing of it."""
        return not self.transient and any(words in self.message for words in UNKNOWN)


class GatewayUnclear(GatewayError):
    """No answer, or one that can't be read: it may have happened. Look up before trying again."""

    def __init__(self, message: str, **kwargs: Any) -> None:
        super().__init__(message, ambiguous=True, **kwargs)


class GatewayNotConfigured(GatewayError):
    """This installation has no keys of Razorpay."""

    code = "GATEWAY_NOT_CONFIGURED"
    status = 409
