"""What was invoiced, by month and by customer: read from issued invoices, so that it costs little for many of them.

Amounts are before tax, discounts taken off, by currency: never added up across currencies. One-off invoices are left
out, as in `services/costs.py`; credit notes are not taken off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from django.db.models import Count, F, Sum, Window
from django.db.models.functions import RowNumber

from billing_platform.lib.slow_answers import remembered
from invoicing.models import Invoice
from invoicing.models.invoice import InvoiceQuerySet
from organisations.models import Organisation
from organisations.scoping import Actor, reaches_every_organisation

T = TypeVar("T")
_COST = F("subtotal") - F("discount_total")


@dataclass(frozen=True, slots=True)
class InvoicedMonth:
    """All invoices of one month in one currency."""

    month: date
    currency: str
    cost: Decimal
    invoices: int


@dataclass(frozen=True, slots=True)
class InvoicedCustomer:
    """One customer's invoices of some months in one currency."""

    organisation_id: UUID
    name: str
    currency: str
    cost: Decimal


def invoiced_by_month(*, actor: Actor, months: Collection[date]) -> tuple[InvoicedMonth, ...]:
    """Of the customers that an actor may see, in order; `months` are first days. Like the other answer here, it is
    remembered where it took long."""
    return _remembered("months", actor, months, lambda: _invoiced_by_month(actor, months))


def invoiced_by_month_of(organisation: Organisation, *, months: Collection[date]) -> tuple[InvoicedMonth, ...]:
    """Of one customer, in order; of a test customer too."""
    invoices = Invoice.objects.filter(organisation=organisation).issued().billing()
    return _by_month(invoices.filter(period_start__in=list(months)))


def _invoiced_by_month(actor: Actor, months: Collection[date]) -> tuple[InvoicedMonth, ...]:
    return _by_month(_of_months(actor, months))


def _by_month(invoices: InvoiceQuerySet) -> tuple[InvoicedMonth, ...]:
    rows = (
        invoices.order_by("period_start", "currency")
        .values_list("period_start", "currency")
        .annotate(cost=Sum(_COST), invoices=Count("pk"))
    )
    return tuple(InvoicedMonth(*row) for row in rows)


def top_customers(*, actor: Actor, months: Collection[date], most: int = 10) -> tuple[InvoicedCustomer, ...]:
    """Those who were invoiced most, of each currency."""
    return _remembered(f"top-{most}", actor, months, lambda: _top_customers(actor, months, most))


def _top_customers(actor: Actor, months: Collection[date], most: int) -> tuple[InvoicedCustomer, ...]:
    place = Window(RowNumber(), partition_by="currency", order_by=("-cost", "organisation__name"))
    rows = (
        _of_months(actor, months)
        .order_by()
        .values("organisation_id", "organisation__name", "currency")
        .annotate(cost=Sum(_COST))
        .annotate(place=place)
        .filter(place__lte=most)
        .order_by("currency", "place")
    )
    return tuple(
        InvoicedCustomer(row["organisation_id"], row["organisation__name"], row["currency"], row["cost"])
        for row in rows
    )


def _remembered(question: str, actor: Actor, months: Collection[date], ask: Callable[[], T]) -> T:
    """Of all customers the answer is the same for everybody who reaches them. Of a few it never takes long."""
    if not reaches_every_organisation(actor):
        return ask()
    return remembered(f"invoiced:{question}:{min(months)}:{max(months)}:{len(months)}", ask, old_too=True)


def _of_months(actor: Actor, months: Collection[date]) -> InvoiceQuerySet:
    invoices = Invoice.objects.for_organisations(actor).real()
    return invoices.issued().billing().filter(period_start__in=list(months))
