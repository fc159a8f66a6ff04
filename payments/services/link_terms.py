"""Until when a payment link may be paid, and how small its first part may be: as the seller has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.money import exponent, with_places
from invoicing.models import Invoice
from payments.gateways.payable_amounts import MINIMUM, TWO_OF_THREE_DECIMALS
from payments.models import PaymentOrder

ENDS_SOON = timedelta(hours=1)
"""Who asks for a link that ends so soon gets a new one. Razorpay makes none that ends within 15 minutes."""
ENDS_IN = timedelta(minutes=20)
"""A link that was paid in part can't be cancelled: it is made to end so soon. Razorpay's least is 15 minutes."""


@dataclass(frozen=True)
class LinkTerms:
    expires_at: datetime | None = None
    first_part: Decimal | None = None


AT_ONCE = LinkTerms()
"""Of an order: it has no end, and is paid in one go."""


def terms_of(invoice: Invoice, kind: str) -> LinkTerms:
    """Of a request for what is due on an invoice now."""
    if kind != PaymentOrder.Kind.LINK:
        return AT_ONCE
    seller = invoice.billing_entity
    ends = (clock.now() + timedelta(days=seller.link_days)).replace(microsecond=0)
    return LinkTerms(ends, first_part(invoice.amount_due, invoice.currency, seller.first_part_percent))


def first_part(amount: Decimal, currency: str, percent: int | None) -> Decimal | None:
    """The smallest first part of an amount, in the decimals that Razorpay takes; None where it is paid at once.

    Example: 30 % of INR 1,180.05 is 354.02 (354.015). A small amount, of which a part would be below Razorpay's
    minimum, is paid at once.
    """
    if percent is None:
        return None
    places = 2 if currency in TWO_OF_THREE_DECIMALS else exponent(currency)
    part = max(with_places(amount * percent / 100, places), Decimal(MINIMUM))
    return part if amount - part >= MINIMUM else None


def ends_soon(order: PaymentOrder) -> bool:
    return order.expires_at is not None and order.expires_at <= clock.now() + ENDS_SOON
