"""What a failed call to Razorpay means: refused for good, refused for now (429 and the like), or unclear."""

from __future__ import annotations

import requests
from urllib3.exceptions import NewConnectionError

from payments.gateways.errors import GatewayError, GatewayRefused, GatewayUnclear
from payments.gateways.session import Answer

REFUSALS_OF_THE_EDGE = {401, 403, 404, 405, 413, 429}
"""Said before the request reached what answers with an error object. Another status without one proves nothing."""
IN_PROGRESS = "still in progress"
"""Razorpay's word for a request whose idempotency key another request is using at this moment."""


def outcome_of(error: Exception, answer: Answer | None) -> GatewayError:
    """Refused when the answer, or the lack of a connection, proves that nothing happened; otherwise unclear."""
    if answer is None:
        if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
            return GatewayRefused("Razorpay can't be reached.", transient=True, is_passing=True)
        return GatewayUnclear(f"Razorpay gave no answer ({type(error).__name__}).", is_passing=True)
    code = str((answer.error or {}).get("code", "")).upper()
    description = str((answer.error or {}).get("description") or "")
    is_refusal = 400 <= answer.status < 500 and (answer.error is not None or answer.status in REFUSALS_OF_THE_EDGE)
    if code in ("GATEWAY_ERROR", "SERVER_ERROR") or not is_refusal:
        message = f"Razorpay answered {answer.status}: {description or 'no reason given'}"
        return GatewayUnclear(message, is_passing=True, retry_after=answer.retry_after)
    if answer.status == 409 and IN_PROGRESS in description:
        return GatewayUnclear(f"Razorpay is still at the same request: {description}", is_passing=True)
    is_final = answer.status in (400, 409) and code == "BAD_REQUEST_ERROR"
    return GatewayRefused(
        description or f"Razorpay refused the request ({answer.status}).",
        transient=not is_final,
        http_status=answer.status,
        is_passing=answer.status == 429,
        retry_after=answer.retry_after,
    )


def is_outage(answer: Answer | None) -> bool:
    """Whether a failed call says that Razorpay is away, and not that it refused this one request."""
    return answer is None or answer.status >= 500


def _never_connected(error: Exception) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)
