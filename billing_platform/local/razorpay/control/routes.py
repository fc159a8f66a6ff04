"""Every address under /_sim."""

from __future__ import annotations

from billing_platform.local.razorpay.control import balance, mandates, past, payments, switches, webhooks
from billing_platform.local.razorpay.control.endpoint import Route

ROUTES: list[Route] = [
    *switches.ROUTES,
    *payments.ROUTES,
    *mandates.ROUTES,
    *balance.ROUTES,
    *webhooks.ROUTES,
    *past.ROUTES,
]
