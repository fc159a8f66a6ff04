"""Amounts that customers owe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, DecimalField, Q, Sum
from django.db.models.functions import Coalesce

from billing_platform.lib.money import ZERO
from invoicing.models import Invoice
from invoicing.models.invoice import amount_due
from organisations.operators_clock import operators_today
from organisations.scoping import Actor


@dataclass(frozen=True, slots=True)
class Receivables:
    """The amounts due in one currency. `outstanding` includes `overdue`."""

    currency: str
    outstanding: Decimal
    outstanding_count: int
    overdue: Decimal
    overdue_count: int


def receivables(*, actor: Actor, on: date | None = None) -> tuple[Receivables, ...]:
    """Outstanding and overdue amounts per currency, of the invoices that an actor may see."""
    day = on or operators_today()
    due = amount_due()
    late = Q(due_date__lt=day)
    money = DecimalField(max_digits=19, decimal_places=4)
    rows = (
        Invoice.objects.for_organisations(actor)
        .real()
        .collectable()
        .order_by("currency")
        .values("currency")
        .annotate(
            outstanding=Sum(due, output_field=money),
            outstanding_count=Count("pk"),
            overdue=Coalesce(Sum(due, filter=late, output_field=money), ZERO, output_field=money),
            overdue_count=Count("pk", filter=late),
        )
    )
    return tuple(Receivables(**row) for row in rows)
