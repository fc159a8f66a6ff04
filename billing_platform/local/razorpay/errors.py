"""Razorpay's error envelope, as an exception."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]

INPUT_ERROR: JSON = {
    "source": "business",
    "step": "payment_initiation",
    "reason": "input_validation_failed",
    "metadata": {},
}
NOT_APPLICABLE: JSON = {"source": "NA", "step": "NA", "reason": "NA", "metadata": {}}


class RazorpayError(Exception):
    """A refusal, with the description and the HTTP status that Razorpay gives it."""

    def __init__(
        self,
        description: str,
        *,
        field: str | None = None,
        status: int = 400,
        code: str = "BAD_REQUEST_ERROR",
        details: JSON | None = None,
    ) -> None:
        super().__init__(description)
        self.status = status
        self.error: JSON = {"code": code, "description": description}
        if field is not None:
            self.error["field"] = field
        self.error |= INPUT_ERROR if details is None else details

    def envelope(self) -> JSON:
        return {"error": self.error}


def wrong_secret() -> RazorpayError:
    return RazorpayError("Authentication failed", status=401, details={})


def wrong_key() -> RazorpayError:
    return RazorpayError("The api key provided is invalid", status=401, details=NOT_APPLICABLE)


def url_not_found() -> RazorpayError:
    return RazorpayError("The requested URL was not found on the server.", details=NOT_APPLICABLE)


def server_error() -> RazorpayError:
    return RazorpayError(
        "The server encountered an error. The incident has been reported to admins.",
        status=500,
        code="SERVER_ERROR",
        details=NOT_APPLICABLE,
    )


def unavailable() -> RazorpayError:
    return RazorpayError(
        "We are facing some trouble completing your request at the moment. Please try again shortly.",
        status=503,
        code="SERVER_ERROR",
        details=NOT_APPLICABLE,
    )


def gateway_error() -> RazorpayError:
    return RazorpayError(
        "Payment processing failed due to error at bank or wallet gateway",
        status=502,
        code="GATEWAY_ERROR",
        details={
            "source": "gateway",
            "step": "payment_authorization",
            "reason": "gateway_technical_error",
            "metadata": {},
        },
    )


def too_many_requests() -> RazorpayError:
    return RazorpayError("Too many requests, please try again after some time.", status=429, details={})
