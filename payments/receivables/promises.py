"""What customers promised to pay: the latest promise of each invoice, and whether its day passed without the money."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from billing_platform.lib.periods import start_of_day
from invoicing.models import Invoice
from invoicing.models.invoice import InvoiceQuerySet
from organisations.operators_clock import operators_today, operators_zone
from payments.models import ReminderPause


@dataclass(frozen=True, slots=True)
class Promise:
    """The latest one of an invoice: it is paid by the end of `last_day`. Broken: that day is over."""

    last_day: date
    is_broken: bool


def with_broken_promise(invoices: InvoiceQuerySet) -> InvoiceQuerySet:
    """Those whose latest promise was broken, on the operators' calendar, with its last day (`promised_until`) and who
    wrote it down (`promised_to`)."""
    today = operators_today()
    broken: InvoiceQuerySet = _with_promise(invoices.collectable(), today).filter(_broken(today))
    return broken


def promises(*, organisations: Collection[UUID], day: date) -> dict[UUID, Promise]:
    """Of customers' invoices, the promises that were known by the end of a day of the operators' calendar; broken: if
    something is still due. One query."""
    promised = ReminderPause.objects.filter(kind=ReminderPause.Kind.PROMISE, invoice__organisation__in=organisations)
    rows = _with_promise(Invoice.objects.filter(pk__in=promised.values("invoice")), day).exclude(promised_until=None)
    found = rows.order_by().annotate(is_broken=_broken(day)).values_list("pk", "promised_until", "is_broken")
    return {pk: Promise(last_day, is_broken) for pk, last_day, is_broken in found}


def _with_promise(invoices: InvoiceQuerySet, day: date) -> InvoiceQuerySet:
    """With the last promise that was written down by the end of a day. A pause that came later doesn't mend it."""
    known = ReminderPause.objects.filter(
        invoice=OuterRef("pk"),
        kind=ReminderPause.Kind.PROMISE,
        created_at__lt=start_of_day(day + timedelta(days=1), operators_zone()),
    )
    latest = known.order_by("-created_at")
    promised: InvoiceQuerySet = invoices.annotate(
        promised_until=Subquery(latest.values("last_day")[:1]), promised_to=Subquery(latest.values("placed_by")[:1])
    )
    return promised


def _broken(day: date) -> Q:
    return Q(promised_until__lt=day)
