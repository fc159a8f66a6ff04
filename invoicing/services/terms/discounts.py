"""Discounts: add, change, end and delete them, and note what an invoice uses of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import DomainError, NotFound
from invoicing.lines import Line
from invoicing.models import Discount, DiscountRedemption, Invoice, RecurringFee
from invoicing.services.prices.billed_months import lock_prices
from organisations.models import Organisation


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
    discount = _locked(discount_id)
    if set(changes) - {"effective_to"} and discount.used().exists():
        raise DomainError("This discount is on an issued invoice: end it, and add another.", code="DISCOUNT_IN_USE")
    for name, value in changes.items():
        setattr(discount, name, value)
    discount.full_clean()
    discount.save()
    return discount


@transaction.atomic
def delete_discount(*, discount_id: UUID) -> None:
    """Delete a discount that no invoice used; a draft that shows it is computed again before it is issued.

    Raises DomainError DISCOUNT_IN_USE for one that is on an invoice, be it void.
    """
    discount = _locked(discount_id)
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


def _locked(discount_id: UUID) -> Discount:
    lock_prices(to_change_them=True)  # before the row's lock: issuing an invoice takes both locks in this order
    discount: Discount | None = (
        Discount.objects.select_for_update(of=("self",))
        .select_related("organisation", "recurring_fee")
        .filter(pk=discount_id)
        .first()
    )
    if discount is None:
        raise NotFound("There is no such discount.")
    return discount
