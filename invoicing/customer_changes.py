"""Consequences of a change to a customer for invoices and prices, registered with `organisations.customer_changes`."""

from __future__ import annotations

from collections.abc import Iterable

from billing_platform.lib.errors import InvalidInput
from events.selectors.months import has_usage
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


def time_zone_consequences(before: Organisation, after: Organisation) -> Iterable[Consequence]:
    """Refuse another time zone once usage was counted.

    Days and months of usage are those of the customer's time zone. In another zone, hours of an invoiced month would
    belong to a month that is not invoiced, and would be billed twice or never.
    """
    if before.time_zone != after.time_zone and has_usage(organisation=before):
        yield Consequence(
            "time_zone",
            f"The time zone stays {before.time_zone}: usage is counted by its days. To bill in another zone, create a "
            "new customer.",
            code=InvalidInput.code,
        )
