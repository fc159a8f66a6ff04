"""What changing a fee, a minimum or a discount has in common: the locks, and that an invoiced one can only be ended."""

from __future__ import annotations

from copy import copy
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from billing_platform.lib.errors import DomainError, NotFound
from invoicing.models import Discount, MinimumCharge, RecurringFee
from invoicing.services.prices.billed_months import lock_prices

Term = TypeVar("Term", RecurringFee, MinimumCharge, Discount)


def locked_term(terms: QuerySet[Term], *, pk: UUID) -> Term:
    """Lock the prices, then the row: issuing an invoice takes both locks in this order. Raises NotFound."""
    lock_prices(to_change_them=True)
    term = terms.select_for_update(of=("self",)).filter(pk=pk).first()
    if term is None:
        raise NotFound(f"There is no such {terms.model._meta.verbose_name}.")
    return term


def change_term(term: Term, changes: dict[str, Any], *, is_billed: bool, called: str, code: str) -> Term:
    """Set and check the changed values, without saving; returns the term as it was before.

    Raises ValidationError with the name of the field, and DomainError with this code if the term is on an issued
    invoice and anything but its end changes.
    """
    if is_billed and set(changes) - {"effective_to"}:
        raise DomainError(f"This {called} is on an issued invoice: end it, and add another.", code=code)
    before = copy(term)
    for name, value in changes.items():
        setattr(term, name, value)
    term.full_clean()
    return before
