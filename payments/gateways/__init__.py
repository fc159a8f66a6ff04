"""Razorpay: its values, its errors, and the gateway that is configured."""

from __future__ import annotations

from django.conf import settings

from payments.gateways.errors import GatewayError, GatewayNotConfigured, GatewayRefused, GatewayUnclear
from payments.gateways.razorpay import RazorpayGateway
from payments.gateways.values import GatewayLink, GatewayOrder, GatewayPayment, GatewayRefund, PayerDetails

__all__ = [
    "GatewayError",
    "GatewayLink",
    "GatewayNotConfigured",
    "GatewayOrder",
    "GatewayPayment",
    "GatewayRefund",
    "GatewayRefused",
    "GatewayUnclear",
    "PayerDetails",
    "RazorpayGateway",
    "current_gateway",
    "is_configured",
]


def is_configured() -> bool:
    return bool(settings.RAZORPAY_KEY_ID and settings.RAZORPAY_KEY_SECRET)


def current_gateway() -> RazorpayGateway:
    """Razorpay with the configured keys. Raises GatewayNotConfigured when there are none."""
    if not is_configured():
        raise GatewayNotConfigured("Online payment is not set up: RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET are empty.")
    return RazorpayGateway(
        key_id=settings.RAZORPAY_KEY_ID,
        key_secret=settings.RAZORPAY_KEY_SECRET,
        base_url=settings.RAZORPAY_BASE_URL,
        timeout=settings.RAZORPAY_TIMEOUT_SECONDS,
    )
