"""What was invoiced, by month and by customer: read from issued invoices, so that it costs little for many of them.

Amounts are before tax, discounts taken off, by currency: never added up across currencies. One-off invoices are left
out, as in `services/costs.py`; credit notes are not taken off.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, F, Sum

from invoicing.models import Invoice
from invoicing.models.invoice import InvoiceQuerySet
from organisations.scoping import Actor


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
    """Of the customers that an actor may see, in order; `months` are first days."""
    rows = (
        _of_months(actor, months)
        .order_by("period_start", "currency")
        .values_list("period_start", "currency")
        .annotate(cost=Sum(F("subtotal") - F("discount_total")), invoices=Count("pk"))
    )
    return tuple(InvoicedMonth(*row) for row in rows)


def top_customers(*, actor: Actor, months: Collection[date], most: int = 10) -> tuple[InvoicedCustomer, ...]:
    """Those who were invoiced most, of each currency."""
    found: list[InvoicedCustomer] = []
    currencies = sorted({row.currency for row in invoiced_by_month(actor=actor, months=months)})
    for currency in currencies:
        rows = (
            _of_months(actor, months)
            .filter(currency=currency)
            .order_by()
            .values_list("organisation_id", "organisation__name", "currency")
            .annotate(cost=Sum(F("subtotal") - F("discount_total")))
            .order_by("-cost", "organisation__name")[:most]
        )
        found += [InvoicedCustomer(*row) for row in rows]
    return tuple(found)


def _of_months(actor: Actor, months: Collection[date]) -> InvoiceQuerySet:
    return Invoice.objects.for_organisations(actor).issued().billing().filter(period_start__in=list(months))
