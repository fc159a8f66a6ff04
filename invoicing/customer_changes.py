"""Consequences of a change to a customer for invoices and prices, registered with `organisations.customer_changes`."""

from __future__ import annotations

from collections.abc import Iterable

from invoicing.models import Invoice, PricingRule
from organisations.customer_changes import Consequence
from organisations.models import Organisation


def currency_consequences(before: Organisation, after: Organisation) -> Iterable[Consequence]:
    """Refuse another currency once a month is billed: late usage of that month is charged in its currency."""
    if before.currency == after.currency:
        return
    billed = Invoice.objects.live().filter(organisation=before).order_by("-created_at").first()
    if billed is not None:
        way_out = "discard the draft first" if billed.is_draft else f"create another customer for {after.currency}"
        yield Consequence(
            "currency",
            f"{before.name} has invoices in {billed.currency} ({billed}), so its currency is fixed: {way_out}.",
            code="CURRENCY_FIXED",
        )
        return
    own = PricingRule.objects.filter(organisation=before, currency=before.currency).count()
    if own:
        prices = "1 price" if own == 1 else f"{own} prices"
        yield Consequence(
            "currency",
            f"{prices} of its own in {before.currency} will not apply any more: usage is billed by prices in "
            f"{after.currency}.",
        )
