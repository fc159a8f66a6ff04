"""Razorpay: its values, its errors, and the gateway that the environment configures."""

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
    "gateway_of_environment",
    "is_configured",
]


def is_configured() -> bool:
    """Whether the environment has keys, for sellers without an account of their own."""
    return bool(settings.RAZORPAY_KEY_ID and settings.RAZORPAY_KEY_SECRET)


def gateway_of_environment() -> RazorpayGateway:
    """Razorpay with the keys of the environment. Raises GatewayNotConfigured when there are none."""
    if not is_configured():
        raise GatewayNotConfigured("Online payment is not set up: there are no keys of Razorpay.")
    return RazorpayGateway(
        key_id=settings.RAZORPAY_KEY_ID,
        key_secret=settings.RAZORPAY_KEY_SECRET,
        base_url=settings.RAZORPAY_BASE_URL,
        timeout=settings.RAZORPAY_TIMEOUT_SECONDS,
    )
