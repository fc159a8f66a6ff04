"""What customers' last months were invoiced at: what is usual for each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.safety_bounds import USUAL_MONTHS, MonthTotal
from invoicing.models import Invoice


def month_histories(
    *, organisations: Collection[UUID], before: BillingPeriod, months: int = USUAL_MONTHS
) -> dict[UUID, tuple[MonthTotal, ...]]:
    """The last issued month invoices of each customer before a month, the latest first, with tax and less credits.

    Left out are void ones, those whose month is to be billed anew, and those in a currency that the customer no longer
    has. One query for any number of customers; who was never invoiced is not in the answer.
    """
    latest = Window(RowNumber(), partition_by=F("organisation"), order_by=F("period_start").desc())
    rows = (
        Invoice.objects.issued()
        .billing()
        .filter(organisation__in=organisations, period_start__lt=before.start, currency=F("organisation__currency"))
        .annotate(place=latest)
        .filter(place__lte=months)
        .order_by("organisation", "-period_start")
        .values_list("organisation", "period_start", F("total") - F("amount_credited"))
    )
    found: defaultdict[UUID, list[MonthTotal]] = defaultdict(list)
    for organisation_id, month, total in rows:
        found[organisation_id].append(MonthTotal(month, total))
    return {organisation_id: tuple(totals) for organisation_id, totals in found.items()}
