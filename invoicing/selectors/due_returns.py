"""How the last GSTR-1 returns of each GSTIN stand: due, exported, filed. Days are those of India."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncMonth

from billing_platform.lib.gst import INDIA
from billing_platform.lib.law import gstr1_due_day
from billing_platform.lib.periods import BillingPeriod
from invoicing.gst_heads import SupplyKind
from invoicing.models import CreditNote, Filing, Invoice
from invoicing.returns.period import Frequency, ReturnPeriod
from invoicing.selectors.indian_deadlines import indian_today
from organisations.models import BillingEntity
from organisations.scoping import Actor, reaches_every_organisation

MONTHS = 3
"""Ended months that are looked at."""
NOTICE = timedelta(days=5)
"""How long before its due day a return is asked for."""


@dataclass(frozen=True, slots=True)
class ReturnStanding:
    """One return with documents that is not filed. `exported` is the newest version that has files."""

    period: ReturnPeriod
    due: date
    documents: int
    exported: int = 0

    def is_late(self, today: date) -> bool:
        return today > self.due

    def is_near(self, today: date) -> bool:
        """Its period is over, and it is due in some days."""
        return self.period.end <= today and self.due - NOTICE <= today


@dataclass(frozen=True, slots=True)
class Returns:
    """Of one GSTIN: those to file, the oldest first, and the one that was filed last."""

    to_file: tuple[ReturnStanding, ...] = ()
    last_filed: Filing | None = None


def due_returns(*, gstins: Collection[str], today: date) -> dict[str, Returns]:
    """Three queries, for however many GSTINs. A GSTIN files monthly, unless its newest return here is a quarter's or an
    IFF."""
    months = _ended_months(today)
    documents = _documents_by_month(gstins, months)
    filings = _filings(gstins, since=months[0].start)
    return {gstin: _returns(documents.get(gstin, {}), filings.get(gstin, []), today) for gstin in gstins}


def returns_due(*, actor: Actor) -> Any:
    """Sellers under whose GSTIN a return is due in some days, or late; none for who does not reach every customer."""
    if not reaches_every_organisation(actor):
        return BillingEntity.objects.none()
    today = indian_today()
    sellers = BillingEntity.objects.filter(country=INDIA, is_test=False).exclude(gstin="")
    found = due_returns(gstins=sorted(set(sellers.values_list("gstin", flat=True))), today=today)
    waiting = [gstin for gstin, each in found.items() if any(one.is_near(today) for one in each.to_file)]
    return sellers.filter(gstin__in=waiting)


def _ended_months(today: date) -> list[BillingPeriod]:
    months = [BillingPeriod.of(today).previous()]
    while len(months) < MONTHS:
        months.append(months[-1].previous())
    return months[::-1]


def _documents_by_month(gstins: Collection[str], months: list[BillingPeriod]) -> dict[str, dict[BillingPeriod, int]]:
    found: dict[str, dict[BillingPeriod, int]] = defaultdict(lambda: defaultdict(int))
    notes = CreditNote.objects.filter(kind=CreditNote.Kind.GST)
    for documents in (Invoice.objects.exclude(number=""), notes):
        mine = documents.filter(seller_gstin__in=gstins, issue_date__gte=months[0].start, issue_date__lt=months[-1].end)
        counted = mine.exclude(supply_kind=SupplyKind.NO_GST).order_by().annotate(month=TruncMonth("issue_date"))
        for row in counted.values("seller_gstin", "month").annotate(count=Count("pk")):
            found[row["seller_gstin"]][BillingPeriod.of(row["month"])] += row["count"]
    return found


def _filings(gstins: Collection[str], *, since: date) -> dict[str, list[Filing]]:
    """The newest first."""
    found: dict[str, list[Filing]] = defaultdict(list)
    rows = Filing.objects.filter(gstin__in=gstins, period_end__gt=since).order_by("-period_start", "-version")
    for filing in rows.defer("summary", "invoices", "void_invoices", "credit_notes"):
        found[filing.gstin].append(filing)
    return found


def _returns(documents: dict[BillingPeriod, int], filings: list[Filing], today: date) -> Returns:
    is_quarterly = bool(filings) and filings[0].frequency != Frequency.MONTHLY
    frequency = Frequency.QUARTERLY if is_quarterly else Frequency.MONTHLY
    counts: dict[ReturnPeriod, int] = defaultdict(int)
    for month, count in documents.items():
        counts[ReturnPeriod.of(month, frequency)] += count
    whole = [each for each in filings if each.frequency != Frequency.IFF]
    filed = [each for each in whole if each.status == Filing.Status.FILED]
    to_file = (_standing(period, count, whole) for period, count in counts.items() if not _covered(period, filed))
    return Returns(tuple(sorted(to_file, key=lambda each: each.period.start)), filed[0] if filed else None)


def _standing(period: ReturnPeriod, documents: int, filings: Iterable[Filing]) -> ReturnStanding:
    versions = [
        each.version
        for each in filings
        if each.status == Filing.Status.EXPORTED and (each.period_start, each.period_end) == (period.start, period.end)
    ]
    due = gstr1_due_day(period.end, quarterly=period.frequency != Frequency.MONTHLY)
    return ReturnStanding(period, due, documents, max(versions, default=0))


def _covered(period: ReturnPeriod, filed: Iterable[Filing]) -> bool:
    return any(each.period_start <= period.start and each.period_end >= period.end for each in filed)
