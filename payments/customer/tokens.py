"""Which invoice a link of a customer opens.

A link holds the invoice's random token (`Invoice.public_token`, 24 random bytes). Whoever has the link may see and pay
this one invoice, without an account, as long as the invoice exists; a token says nothing about any other invoice.
"""

from __future__ import annotations

from invoicing.models import Invoice


def invoice_of(token: str) -> Invoice | None:
    """The issued invoice, also if it was voided since, with its organisation and seller. A draft has no page."""
    invoices = Invoice.objects.exclude(number="").select_related("organisation", "billing_entity")
    invoice: Invoice | None = invoices.filter(public_token=token).first()
    return invoice
