"""What a failed call to Razorpay means: refused for good, refused for now (429 and the like), or unclear."""

from __future__ import annotations

import requests
from urllib3.exceptions import NewConnectionError

from payments.gateways.errors import GatewayError, GatewayRefused, GatewayUnclear
from payments.gateways.session import Answer


def outcome_of(error: Exception, answer: Answer | None) -> GatewayError:
    """Refused when the answer, or the lack of a connection, proves that nothing happened; otherwise unclear."""
    if answer is None:
        if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
            return GatewayRefused("Razorpay can't be reached.", transient=True)
        return GatewayUnclear(f"Razorpay gave no answer ({type(error).__name__}).")
    code = str((answer.error or {}).get("code", "")).upper()
    if code in ("GATEWAY_ERROR", "SERVER_ERROR") or not 400 <= answer.status < 500:
        return GatewayUnclear(f"Razorpay answered {answer.status}: {_description(answer) or 'no reason given'}")
    permanent = answer.status == 400 and code == "BAD_REQUEST_ERROR"
    message = _description(answer) or f"Razorpay refused the request ({answer.status})."
    return GatewayRefused(message, transient=not permanent, http_status=answer.status)


def _description(answer: Answer) -> str:
    return str((answer.error or {}).get("description") or "")


def _never_connected(error: Exception) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)
