"""Payment gateways: the interface, and the one that is configured."""

from __future__ import annotations

from django.conf import settings

from payments.gateways.razorpay import RazorpayGateway
from payments.gateways.values import (
    Gateway,
    GatewayLink,
    GatewayNotConfigured,
    GatewayOrder,
    GatewayPayment,
    GatewayRefund,
    GatewayRefused,
    GatewayUnclear,
    PayerDetails,
)

__all__ = [
    "Gateway",
    "GatewayLink",
    "GatewayNotConfigured",
    "GatewayOrder",
    "GatewayPayment",
    "GatewayRefund",
    "GatewayRefused",
    "GatewayUnclear",
    "PayerDetails",
    "current_gateway",
    "is_configured",
]


def is_configured() -> bool:
    return bool(settings.RAZORPAY_KEY_ID and settings.RAZORPAY_KEY_SECRET)


def current_gateway() -> Gateway:
    """The configured gateway; raises GatewayNotConfigured when there is none."""
    if not is_configured():
        raise GatewayNotConfigured("Online payment is not set up: RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET are empty.")
    return RazorpayGateway(
        key_id=settings.RAZORPAY_KEY_ID,
        key_secret=settings.RAZORPAY_KEY_SECRET,
        base_url=settings.RAZORPAY_BASE_URL,
        timeout=settings.RAZORPAY_TIMEOUT_SECONDS,
    )
