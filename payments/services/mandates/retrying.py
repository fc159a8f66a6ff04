"""How a retry of dunning debits a mandate."""

from __future__ import annotations

from uuid import UUID

from payments.errors import NotChargeable, NotPayableOnline
from payments.gateways import GatewayNotConfigured
from payments.models import MandateCharge
from payments.services.dunning.ways import Asked, Way
from payments.services.mandates.charging import charge_invoice


def debit_again(invoice_id: UUID) -> Asked | None:
    """The live debit of an invoice, or a new one; None if the customer has no mandate that allows it."""
    live = MandateCharge.objects.live().filter(invoice_id=invoice_id).select_related("order").first()
    if live is not None:
        return Asked(Way.MANDATE, order=live.order)
    try:
        return Asked(Way.MANDATE, order=charge_invoice(invoice_id=invoice_id, cause=MandateCharge.Cause.RETRY).order)
    except (NotChargeable, NotPayableOnline, GatewayNotConfigured):
        return None  # the link's way says why, should nothing be payable online
