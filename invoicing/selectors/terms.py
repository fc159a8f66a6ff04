"""Questions about recurring fees, minimum charges and discounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum

from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from invoicing.models import Invoice, MinimumCharge, RecurringFee


def organisations_with_terms(*, period: BillingPeriod) -> set[UUID]:
    """Customers who owe something for the month also if they used nothing and are not active: they have a fee or a
    minimum of their own on some of its days."""
    fees = RecurringFee.objects.during(period.start, period.end)
    own = MinimumCharge.objects.during(period.start, period.end).filter(organisation__isnull=False, amount__gt=0)
    return {*fees.values_list("organisation", flat=True), *own.values_list("organisation", flat=True)}


def with_use(discounts: Any) -> Any:
    """Discounts with what issued invoices use of them that bill their month: `used_times` and `used_amount`."""
    issued = Q(redemptions__invoice__in=Invoice.objects.issued().billing())
    counted = discounts.select_related("organisation", "recurring_fee").annotate(
        used_times=Count("redemptions", filter=issued),
        used_amount=Sum("redemptions__amount", filter=issued, default=ZERO),
    )
    return counted.order_by("organisation__name", "-effective_from", "name", "pk")  # counting has no order by itself
