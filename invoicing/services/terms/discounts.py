"""Discounts: add, change, end and delete them, and note what an invoice uses of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import DomainError
from invoicing.lines import Line
from invoicing.models import Discount, DiscountRedemption, Invoice, RecurringFee
from invoicing.services.prices.billed_months import lock_prices
from invoicing.services.terms.changing import change_term, locked_term
from organisations.models import Organisation

_DISCOUNTS = Discount.objects.select_related("organisation", "recurring_fee")


@transaction.atomic
def add_discount(
    *,
    organisation: Organisation,
    name: str,
    effective_from: date,
    effective_to: date | None = None,
    percent: Decimal | None = None,
    amount: Decimal | None = None,
    currency: str = "",
    metric_name: str = "",
    unit: str = "",
    recurring_fee: RecurringFee | None = None,
    times: int | None = None,
    carries_remainder: bool = False,
) -> Discount:
    """Add a discount: a percentage, or an amount in the customer's currency: any other one is refused.

    Raises ValidationError with the name of the field. Invoices that are issued already stay as they are.
    """
    lock_prices(to_change_them=True)
    discount = Discount(
        organisation=organisation,
        name=name,
        percent=percent,
        amount=amount,
        currency=currency,
        metric_name=metric_name,
        unit=unit,
        recurring_fee=recurring_fee,
        times=times,
        carries_remainder=carries_remainder,
        effective_from=effective_from,
        effective_to=effective_to,
    )
    discount.full_clean()
    discount.save()
    return discount


@transaction.atomic
def update_discount(*, discount_id: UUID, **changes: Any) -> Discount:
    """Change a discount. One that an issued invoice used can only be ended: raises DomainError DISCOUNT_IN_USE."""
    discount: Discount = locked_term(_DISCOUNTS, pk=discount_id)
    change_term(discount, changes, is_billed=discount.used().exists(), called="discount", code="DISCOUNT_IN_USE")
    discount.save()
    return discount


@transaction.atomic
def delete_discount(*, discount_id: UUID) -> None:
    """Delete a discount that no invoice used; a draft that shows it is computed again before it is issued.

    Raises DomainError DISCOUNT_IN_USE for one that is on an invoice, be it void.
    """
    discount: Discount = locked_term(_DISCOUNTS, pk=discount_id)
    if discount.redemptions.exclude(invoice__number="").exists():
        raise DomainError("This discount was used on an invoice: end it instead.", code="DISCOUNT_IN_USE")
    discount.delete()


def store_redemptions(lines: Mapping[Invoice, Iterable[Line]], known: Collection[Invoice]) -> None:
    """Replace what drafts would use of each discount. Only the `known` ones were stored before."""
    if known:
        DiscountRedemption.objects.filter(invoice__in=known).delete()
    DiscountRedemption.objects.bulk_create(
        redemption for invoice, own in lines.items() for redemption in redemptions_of(invoice, own)
    )


def redemptions_of(invoice: Invoice, lines: Iterable[Line]) -> list[DiscountRedemption]:
    """The rows that say what the invoice uses of each discount; not stored yet."""
    used: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for line in lines:
        for taken in line.discounts:
            used[taken.discount_id] += taken.amount
    return [DiscountRedemption(invoice=invoice, discount_id=pk, amount=amount) for pk, amount in used.items()]
