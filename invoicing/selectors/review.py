"""What a person needs to decide about parked months: the reasons, the total, and what is usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Count

from billing_platform.lib.money import ZERO, with_places
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.safety_bounds import MonthTotal, usual
from invoicing.models import BillingRunItem, InvoiceLine
from invoicing.selectors.month_history import month_histories

SHOWN_MONTHS = 6
"""Bars of the picture; the usual is made of the last three of them."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A parked month. `total` is the draft's, with tax; zero where nothing was drafted. `history` is the latest first.

    `ratio` is the total by the usual, to one decimal; None where nothing is usual."""

    name: str
    month: date
    currency: str
    total: Decimal
    lines: int
    reasons: tuple[tuple[str, str], ...]
    history: tuple[MonthTotal, ...]
    has_draft: bool

    @property
    def usual(self) -> Decimal | None:
        return usual(self.history, self.currency)

    @property
    def ratio(self) -> Decimal | None:
        return with_places(self.total / self.usual, 1) if self.usual else None

    @property
    def is_negative(self) -> bool:
        return self.has_draft and self.total < ZERO

    @property
    def may_be_approved(self) -> bool:
        """A negative total can't be issued, nor a draft without lines."""
        return self.total >= ZERO and (self.lines > 0 or not self.has_draft)


def reviewed(items: Sequence[BillingRunItem]) -> list[Reviewed]:
    """In the order of the items, which come with organisation, run and invoice. Two queries for each month."""
    histories: dict[UUID, tuple[MonthTotal, ...]] = {}
    for month in {item.run.period_start for item in items}:
        of_month = {item.organisation_id: item for item in items if item.run.period_start == month}
        found = month_histories(organisations=list(of_month), before=BillingPeriod.of(month), months=SHOWN_MONTHS)
        histories |= {of_month[pk].pk: totals for pk, totals in found.items()}
    counted = InvoiceLine.objects.filter(invoice__in=[item.invoice_id for item in items if item.invoice_id])
    lines = dict(counted.order_by().values_list("invoice").annotate(Count("pk")))
    return [_reviewed(item, histories.get(item.pk, ()), lines.get(item.invoice_id, 0)) for item in items]


def _reviewed(item: BillingRunItem, history: tuple[MonthTotal, ...], lines: int) -> Reviewed:
    draft, organisation = item.invoice, item.organisation
    return Reviewed(
        name=organisation.name,
        month=item.run.period_start,
        currency=draft.currency if draft else organisation.currency,
        total=draft.total if draft else ZERO,
        lines=lines,
        reasons=tuple((reason["code"], reason["message"]) for reason in item.reasons) or (("", item.reason),),
        history=history,
        has_draft=draft is not None,
    )
