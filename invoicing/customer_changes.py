"""Consequences of a change to a customer for invoices and prices, registered with `organisations.customer_changes`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.gst import place_of_supply_label
from events.selectors.months import has_usage
from invoicing.gst_heads import CustomerTaxProfile, SellerTaxProfile, TaxError, place_of_supply, tax_heads
from invoicing.models import Discount, Invoice, MinimumCharge, PricingRule, RecurringFee
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
    for model, one in ((RecurringFee, "recurring fee"), (MinimumCharge, "minimum charge"), (Discount, "discount")):
        terms = model.objects.filter(organisation=before).exclude(currency__in=["", after.currency]).count()
        if terms:
            yield Consequence(
                "currency",
                f"{_counted(terms, one)} in another currency than {after.currency} will not count: end what is agreed "
                f"in {before.currency}, and add it in {after.currency}.",
            )
    own = PricingRule.objects.filter(organisation=before, currency=before.currency).count()
    if own:
        prices = _counted(own, "price")
        yield Consequence(
            "currency",
            f"{prices} of its own in {before.currency} will not apply any more: usage is billed by prices in "
            f"{after.currency}.",
        )


def leaving_consequences(before: Organisation, after: Organisation) -> Iterable[Consequence]:
    """Ask before a customer with fees is made inactive: they are charged until they are ended."""
    if not before.is_active or after.is_active:
        return
    today = clock.today(before.time_zone)
    still = Q(effective_to__isnull=True) | Q(effective_to__gt=today)
    running = RecurringFee.objects.filter(still, organisation=before).count()
    running += MinimumCharge.objects.filter(still, organisation=before, amount__gt=0).count()
    if running:
        yield Consequence(
            "is_active",
            f"{_counted(running, 'recurring fee or minimum', 'recurring fees and minimums')} of {before.name} "
            "will be charged every month, whether the customer is active or not, until you end them.",
        )


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"


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


def tax_notice(before: Organisation, after: Organisation) -> Iterable[str]:
    """Which taxes the next invoices have, where the tax details change: "IGST instead of CGST and SGST"."""
    if (before.gstin, before.state_code) == (after.gstin, after.state_code):
        return
    today = clock.today(before.billing_entity.time_zone)
    try:
        (old, _), (new, place) = _taxes(before, today), _taxes(after, today)
    except TaxError as error:
        yield str(error)
        return
    same = "as until now" if old == new else f"instead of {old}"
    supplied = f" Place of supply: {place_of_supply_label(place)}." if place else ""
    yield f"Next invoices: {new}, {same}.{supplied} Invoices that are issued stay as they are."


def _taxes(customer: Organisation, day: date) -> tuple[str, str]:
    """The names of the taxes, and the State of supply."""
    seller = customer.billing_entity
    context = place_of_supply(
        SellerTaxProfile(seller.country, seller.gstin, seller.state_code, pays_igst_without_lut=True),
        CustomerTaxProfile(
            customer.country, customer.gstin, customer.state_code, customer.is_sez, bool(customer.state_code)
        ),
        on=day,
    )
    heads = [head.name for head in tax_heads(context, Decimal(18))]
    return " and ".join(heads) or "no GST", context.place_of_supply
