"""Minimum charges: add, change, end and delete them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import DomainError
from invoicing.computing.days import Days, days_of
from invoicing.models import MinimumCharge
from invoicing.services.prices.billed_months import lock_prices
from invoicing.services.terms.billed_terms import changed_days, refuse_billed_days
from invoicing.services.terms.changing import change_term, locked_term
from organisations.models import Organisation

_CHARGED = ("organisation_id", "amount", "currency", "sac")
_INSTEAD = "What was charged for an invoiced month stays as it is."


@transaction.atomic
def add_minimum_charge(
    *,
    amount: Decimal,
    currency: str,
    effective_from: date,
    effective_to: date | None = None,
    organisation: Organisation | None = None,
    sac: str = "",
) -> MinimumCharge:
    """Add a minimum, for one customer or (without organisation) for all with this currency.

    Raises ValidationError with the name of the field, and DomainError TERMS_REACH_BILLED_MONTH if it began in a month
    for which one of these customers is invoiced already.
    """
    lock_prices(to_change_them=True)
    minimum = MinimumCharge(
        organisation=organisation,
        amount=amount,
        currency=currency,
        sac=sac,
        effective_from=effective_from,
        effective_to=effective_to,
    )
    minimum.full_clean()
    _refuse([days_of(minimum)], minimum)
    minimum.save()
    return minimum


@transaction.atomic
def update_minimum_charge(*, minimum_id: UUID, **changes: Any) -> MinimumCharge:
    """Change a minimum. One that is on an issued invoice can only be ended: raises DomainError MINIMUM_IN_USE.

    A change that reaches into an invoiced month raises DomainError TERMS_REACH_BILLED_MONTH.
    """
    minimum: MinimumCharge = locked_term(MinimumCharge.objects.all(), pk=minimum_id)
    before = change_term(minimum, changes, is_billed=minimum.is_billed, called="minimum", code="MINIMUM_IN_USE")
    _refuse(changed_days(before, minimum, apart_from_days=_CHARGED), minimum)
    minimum.save()
    return minimum


@transaction.atomic
def delete_minimum_charge(*, minimum_id: UUID) -> None:
    """Delete a minimum that reaches no invoiced month; a draft that shows it is computed again before it is issued.

    Raises DomainError MINIMUM_IN_USE for one that is on an invoice, be it void, and TERMS_REACH_BILLED_MONTH.
    """
    minimum: MinimumCharge = locked_term(MinimumCharge.objects.all(), pk=minimum_id)
    if minimum.invoice_lines.exclude(invoice__number="").exists():
        raise DomainError("This minimum was invoiced: end it instead.", code="MINIMUM_IN_USE")
    _refuse([days_of(minimum)], minimum)
    minimum.delete()


def _refuse(days: list[Days], minimum: MinimumCharge) -> None:
    refuse_billed_days(
        days, organisation=minimum.organisation, currency=minimum.currency, what="this minimum", instead=_INSTEAD
    )
