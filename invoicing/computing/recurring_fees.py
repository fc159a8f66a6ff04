"""Recurring fees: a fixed amount a month, by its days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, short_text
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.days import Days, count, days_within, span_text
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.lines import Line, LineKind
from invoicing.steps import Step
from invoicing.totals import prorate


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee of one customer: `amount` for each whole month, on the days `[effective_from, effective_to)` of the
    customer's time zone. With a project, the line names it."""

    id: UUID
    description: str
    amount: Decimal
    currency: str
    effective_from: date
    effective_to: date | None = None
    sac: str = ""
    project_id: UUID | None = None
    project_name: str = ""


def fee_lines(fees: Iterable[Fee], period: BillingPeriod, currency: str) -> tuple[Line, ...]:
    """One line for each fee in the invoice's currency that has a day in the month; each fee is rounded by itself."""
    found = [
        _line(fee, days, period)
        for fee in fees
        if fee.currency == currency and (days := days_within(period, fee.effective_from, fee.effective_to))
    ]
    return tuple(line for line in found if line.amount != ZERO)


def fee_warnings(fees: Iterable[Fee], currency: str) -> list[DraftWarning]:
    """A fee in another currency is not billed: nothing exchanges it."""
    return [
        DraftWarning(
            WarningCode.FEE_IN_OTHER_CURRENCY,
            f"The recurring fee “{fee.description}” is not billed: it is in {fee.currency}, and the invoice in "
            f"{currency}. End it, and add one in {currency}.",
        )
        for fee in fees
        if fee.currency != currency
    ]


def _line(fee: Fee, days: Days, period: BillingPeriod) -> Line:
    whole, used = period.days, count(days)
    amount = prorate(fee.amount, days=used, of_days=whole, currency=fee.currency)
    is_whole = used == whole
    monthly = format_money(fee.amount, fee.currency)
    step = (
        Step(fee.description, Decimal(1), fee.amount, ZERO, fee.amount)
        if is_whole
        else Step.of_amount(f"{used} of {whole} days at {monthly} a month", amount)
    )
    parts = [fee.description, *([fee.project_name] if fee.project_name else []), span_text(days, period)]
    return Line(
        kind=LineKind.RECURRING,
        description=" · ".join(parts),
        quantity=Decimal(1) if is_whole else Decimal(used),
        unit_label=("month" if is_whole else "day" if used == 1 else "days"),
        unit_price=fee.amount if is_whole else None,
        amount=amount,
        sac=fee.sac,
        project_id=fee.project_id,
        service_start=days[0],
        service_end=days[1],
        recurring_fee_id=fee.id,
        price={"recurring_fee": str(fee.id), "amount": short_text(fee.amount), "days": used, "of_days": whole},
        steps=(step,),
    )
