"""How a retry collects: by a charge on a mandate where there is one, or else by a payment link in an e-mail.

A way that needs no customer is registered in `AppConfig.ready()` of payments, and answers None for an invoice whose
customer can't be charged so. The link is what remains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from billing_platform.lib.registry import Registry
from invoicing.models import Invoice
from payments.errors import NotPayableOnline
from payments.gateways import GatewayNotConfigured, GatewayRefused
from payments.models import PaymentOrder, RetryTry
from payments.services.collection import create_payment_link

Way = RetryTry.Way


@dataclass(frozen=True)
class Asked:
    """What was begun. `refused` is why it can come to nothing: then the attempt has failed already. `remark` is why
    the customer is asked without a link."""

    way: str
    order: PaymentOrder | None = None
    refused: str = ""
    remark: str = ""


Charge = Callable[[UUID], Asked | None]
"""Charges what is due on an invoice, once however often it is called, and doesn't wait for the outcome. None: the
customer has no mandate that allows it. Raises DomainError if it has to be tried again later."""

charges: Registry[Charge] = Registry()


def ask(invoice: Invoice) -> Asked:
    """Collect what is due on an invoice. Call it outside transactions.

    Raises DomainError, mostly GatewayError, when nothing is known to have happened and it may be tried again.
    """
    for charge in charges:
        asked = charge(invoice.pk)
        if asked is not None:
            return asked
    try:
        return Asked(Way.LINK, order=create_payment_link(invoice_id=invoice.pk))
    except (NotPayableOnline, GatewayNotConfigured) as known:
        return Asked(Way.LINK, remark=known.message)
    except GatewayRefused as refusal:
        if refusal.transient:
            raise
        return Asked(Way.LINK, remark=refusal.message)
