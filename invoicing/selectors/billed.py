"""What was billed: the totals of issued invoices with tax, by month of issue, and how much of it was paid."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, F, Sum
from django.db.models.functions import TruncMonth

from billing_platform.lib.periods import BillingPeriod
from invoicing.models import Invoice
from organisations.scoping import Actor


@dataclass(frozen=True, slots=True)
class BilledMonth:
    """All invoices of one month of issue in one currency, what credit notes took back taken off."""

    month: date
    currency: str
    billed: Decimal
    paid: Decimal
    invoices: int


def billed_between(*, actor: Actor, first: date, last: date) -> dict[str, Decimal]:
    """By currency, what was billed on the days from `first` to `last`, both included, as in `billed_by_month`."""
    rows = (
        Invoice.objects.for_organisations(actor)
        .real()
        .issued()
        .filter(issue_date__gte=first, issue_date__lte=last)
        .order_by("currency")
        .values_list("currency")
        .annotate(billed=Sum(F("total") - F("amount_credited")))
    )
    return dict(rows)


def billed_by_month(*, actor: Actor, months: Collection[date]) -> tuple[BilledMonth, ...]:
    """Of the customers that an actor may see, in order; `months` are first days. One query."""
    rows = (
        Invoice.objects.for_organisations(actor)
        .real()
        .issued()
        .filter(issue_date__gte=min(months), issue_date__lt=BillingPeriod.of(max(months)).end)
        .annotate(month=TruncMonth("issue_date"))
        .order_by("month", "currency")
        .values_list("month", "currency")
        .annotate(billed=Sum(F("total") - F("amount_credited")), paid=Sum("amount_paid"), invoices=Count("pk"))
    )
    return tuple(BilledMonth(*row) for row in rows)
