"""Invoices with a last day in Indian law: export money must come in by it, or GST can be taken back until it.

Days are those of India: `today` is the date there.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Case, DateField, F, Func, IntegerField, Q, Value, When

from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME, REALISATION, RUPEES, RealisationMonths, last_day_for_credit_note
from billing_platform.lib.periods import financial_year_start, next_financial_year_start
from invoicing.computing.credit_notes import WARN_DAYS
from invoicing.gst_heads import SupplyKind
from invoicing.models import Invoice
from organisations.scoping import Actor

REALISATION_NOTICE = timedelta(days=60)
"""A customer is reminded, or the bank is asked for more time, before the last day."""
EXPORTS = (SupplyKind.EXPORT_WITH_PAYMENT, SupplyKind.EXPORT_WITHOUT_PAYMENT)


def indian_today() -> date:
    return clock.today(INDIAN_TIME)


class _AfterMonths(Func):
    """A date and so many months, as `law.add_months` adds them."""

    template = "(%(expressions)s)::date"
    arg_joiner = " + interval '1 month' * "


def _realise_by() -> Func:
    """`law.last_day_to_realise` for the database."""
    since = [When(issue_date__gte=rule.day, then=_months(rule.value)) for rule in reversed(REALISATION)]
    months = Case(*since, default=_months(REALISATION[0].value), output_field=IntegerField())
    return _AfterMonths(F("issue_date"), months, output_field=DateField())


def _months(rule: RealisationMonths) -> Case:
    return Case(When(currency=RUPEES, then=Value(rule.in_rupees)), default=Value(rule.other))


def unpaid_exports(*, actor: Actor) -> Any:
    """Each with `realise_by`, the last day on which its money may come in. Money that was asked for and paid in rupees
    is that of an invoice in rupees: a payment is in its invoice's currency."""
    exports = Invoice.objects.for_organisations(actor).real().collectable().filter(supply_kind__in=EXPORTS)
    return exports.annotate(realise_by=_realise_by())


def exports_to_realise_soon(*, actor: Actor, today: date) -> Any:
    """Unpaid exports whose last day is near, or has passed."""
    return unpaid_exports(actor=actor).filter(realise_by__lte=today + REALISATION_NOTICE)


def year_to_credit(today: date) -> tuple[date, date, date]:
    """The financial year whose last day for credit notes comes next: its first and last day, and that day."""
    current = financial_year_start(today)
    before = current - timedelta(days=1)
    last_day = last_day_for_credit_note(before)
    if today <= last_day:
        return financial_year_start(before), before, last_day
    end = next_financial_year_start(today) - timedelta(days=1)
    return current, end, last_day_for_credit_note(end)


def open_invoices_to_credit(*, actor: Actor, today: date) -> Any:
    """Invoices with GST of that year for which money is still asked: what is in dispute, or will never be paid, has to
    be credited by then, or its tax stays owed."""
    first, last, _until = year_to_credit(today)
    day_after = last + timedelta(days=1)
    supplied = Q(period_end__isnull=True, issue_date__range=(first, last)) | Q(
        period_end__gt=first, period_end__lte=day_after
    )
    opened = Invoice.objects.for_organisations(actor).real().collectable().filter(supplied)
    return opened.exclude(supply_kind=SupplyKind.NO_GST)


def credits_end_soon(*, actor: Actor, today: date) -> Any:
    """The same within the last days; none before."""
    _first, _last, until = year_to_credit(today)
    found = open_invoices_to_credit(actor=actor, today=today)
    return found if until <= today + timedelta(days=WARN_DAYS) else found.none()
