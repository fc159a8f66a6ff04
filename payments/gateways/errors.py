"""How a call to Razorpay can fail: whether it happened there, and whether another try may help."""

from __future__ import annotations

from typing import Any

from billing_platform.lib.errors import DomainError


class GatewayError(DomainError):
    """Razorpay refused, or its answer never came. `ambiguous`: it may have happened; look up before trying again."""

    code = "GATEWAY_ERROR"
    status = 502

    def __init__(self, message: str, *, ambiguous: bool = False, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.ambiguous = ambiguous


class GatewayRefused(GatewayError):
    """Razorpay refused the request and changed nothing. `transient`: asking again later may help."""

    def __init__(self, message: str, *, transient: bool = False, http_status: int | None = None) -> None:
        super().__init__(message, ambiguous=False, details={"gateway_status": http_status})
        self.transient = transient


class GatewayUnclear(GatewayError):
    """No answer, or one that can't be read: it may have happened. Look up before trying again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ambiguous=True)


class GatewayNotConfigured(GatewayError):
    """This installation has no keys of Razorpay."""

    code = "GATEWAY_NOT_CONFIGURED"
    status = 409
