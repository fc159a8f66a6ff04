"""Recurring fees: add, change, end and delete them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import DomainError
from invoicing.computing.days import Days, days_of
from invoicing.models import RecurringFee
from invoicing.services.prices.billed_months import lock_prices
from invoicing.services.terms.billed_terms import changed_days, refuse_billed_days
from invoicing.services.terms.changing import change_term, locked_term
from organisations.models import Organisation, Project

_CHARGED = ("amount", "currency", "project_id", "description", "sac")
_FEES = RecurringFee.objects.select_related("organisation", "project")
_INSTEAD = "To charge for earlier days, draft a one-off invoice."


@transaction.atomic
def add_recurring_fee(
    *,
    organisation: Organisation,
    description: str,
    amount: Decimal,
    effective_from: date,
    effective_to: date | None = None,
    currency: str = "",
    project: Project | None = None,
    sac: str = "",
) -> RecurringFee:
    """Add a fee; the currency is the customer's: any other one is refused.

    Raises ValidationError with the name of the field, and DomainError TERMS_REACH_BILLED_MONTH if it began in a month
    that is invoiced already.
    """
    lock_prices(to_change_them=True)
    fee = RecurringFee(
        organisation=organisation,
        project=project,
        description=description,
        amount=amount,
        currency=currency or organisation.currency,
        sac=sac,
        effective_from=effective_from,
        effective_to=effective_to,
    )
    fee.full_clean()
    _refuse([days_of(fee)], fee)
    fee.save()
    return fee


@transaction.atomic
def update_recurring_fee(*, fee_id: UUID, **changes: Any) -> RecurringFee:
    """Change a fee. One that is on an issued invoice can only be ended: raises DomainError FEE_IN_USE.

    A change that reaches into an invoiced month raises DomainError TERMS_REACH_BILLED_MONTH.
    """
    fee: RecurringFee = locked_term(_FEES, pk=fee_id)
    before = change_term(fee, changes, is_billed=fee.is_billed, called="fee", code="FEE_IN_USE")
    _refuse(changed_days(before, fee, apart_from_days=_CHARGED), fee)
    fee.save()
    return fee


@transaction.atomic
def delete_recurring_fee(*, fee_id: UUID) -> None:
    """Delete a fee that was never invoiced; a draft that shows it is computed again before it is issued.

    Raises DomainError FEE_IN_USE for one that is on an invoice, be it void, or that a discount is for.
    """
    fee: RecurringFee = locked_term(_FEES, pk=fee_id)
    if fee.invoice_lines.exclude(invoice__number="").exists():
        raise DomainError("This fee was invoiced: end it instead.", code="FEE_IN_USE")
    if (discount := fee.discounts.first()) is not None:
        raise DomainError(
            f"The discount “{discount.name}” is for this fee: delete or end that first.",
            code="FEE_IN_USE",
            details={"discount": str(discount.pk)},
        )
    fee.delete()


def _refuse(days: list[Days], fee: RecurringFee) -> None:
    refuse_billed_days(
        days, organisation=fee.organisation, currency=fee.currency, what="a recurring fee", instead=_INSTEAD
    )
