"""What one customer paid, month by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.db.models.functions import Coalesce, TruncDate, TruncMonth

from organisations.models import Organisation
from payments.models import Payment
from payments.models.payment_queryset import HELD, MONEY


@dataclass(frozen=True, slots=True)
class PaidMonth:
    """Money that came in within a month and stayed, in one currency."""

    month: date
    currency: str
    received: Decimal


def paid_by_month_of(organisation: Organisation, *, first: date, last: date, zone: ZoneInfo) -> tuple[PaidMonth, ...]:
    """Of the days from `first` to `last`, both included, cut in `zone`; tax certificates are no money."""
    payments = Payment.objects.filter(organisation=organisation).collected(first, last, zone)
    day = Coalesce("received_on", TruncDate("paid_at", tzinfo=zone))
    rows = (
        payments.annotate(month=TruncMonth(day))
        .order_by("month", "currency")
        .values_list("month", "currency")
        .annotate(received=Sum(HELD, output_field=MONEY))
    )
    return tuple(PaidMonth(*row) for row in rows)
