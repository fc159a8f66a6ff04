"""The daily digest: what waits for one operator, and yesterday in numbers, of the customers that this one may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse

from billing_platform.backoffice import attention
from billing_platform.backoffice.attention import Attention, Waiting
from billing_platform.lib import clock
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.number_formats import format_number, format_sums
from events.models import UsageAggregate
from events.usage.recent import daily_usage
from invoicing.models import Invoice
from organisations.models import Notification, NotificationEvent
from organisations.notifications.outbox import queue_email
from organisations.operators_clock import on_operators_clock, operators_today, operators_zone
from organisations.services.digest_choices import choice_of, digest_readers
from payments import selectors as payments
from payments.models import Payment
from reconciliation.models import Discrepancy

KIND = "digest"
A_DAY = timedelta(days=1)
IN_SUBJECT = 2

Number = tuple[str, str, str]
"""What is counted, how much it is, and the address of its list."""


@transaction.atomic
def send_digest(*, user_id: int) -> Notification | None:
    """Queue one operator's digest of today, once a day however often it is asked for. None for a person who does not
    want it, or not on a day on which nothing waits."""
    user: Any = get_user_model().objects.filter(pk=user_id).first()
    if user is None or not digest_readers().filter(pk=user.pk).exists():
        return None
    with on_operators_clock():
        today, waiting = operators_today(), attention.of(user)
        if not _waits(waiting) and not choice_of(user).when_nothing_waits:
            return None
        return queue_email(
            organisation=None,
            kind=KIND,
            dedupe_key=f"{KIND}:{user.pk}:{clock.today('UTC')}",  # both runs of a morning are on one day there
            recipients=[user.email],
            context=digest_words(user, waiting, today),
        )


def digest_words(user: Any, waiting: Waiting, today: date) -> dict[str, Any]:
    """The context of the letter."""
    lines = _waits(waiting)
    return {
        "name": user.get_full_name() or user.get_username(),
        "day": today,
        "yesterday": today - A_DAY,
        "headline": headline([f"{format_number(each.count)} {each.label}" for each in lines]),
        "billing": [_line(each) for each in waiting.billing],
        "technical": [_line(each) for each in waiting.technical],
        "numbers": [(title, said, _absolute(url)) for title, said, url in numbers_of(user, today - A_DAY)],
        "dashboard": _absolute(reverse("admin:index")),
        "choice": _absolute(reverse("admin:digest")),
    }


def headline(titles: Sequence[str]) -> str:
    """ "7 invoices overdue, 1 payment failed and 14 more"; "" where nothing waits."""
    more = len(titles) - IN_SUBJECT
    return ", ".join(titles[:IN_SUBJECT]) + (f" and {more} more" if more > 0 else "")


def numbers_of(user: Any, day: date) -> Iterator[Number]:
    """A day of the operators' calendar in numbers; only those that the user may see."""
    zone = operators_zone()
    start = datetime.combine(day, time(), zone)
    within = (start, start + A_DAY)
    if user.has_perm("events.view_usageaggregate"):
        events = sum(each.event_count for each in daily_usage(actor=user, days=2) if each.day == day)
        yield "Events counted", format_number(events), list_address(UsageAggregate)
    if user.has_perm("invoicing.view_invoice"):
        issued = Invoice.objects.for_organisations(user).real().issued().filter(issue_date=day)
        yield "Billed", _worth(issued, "total"), list_address(Invoice)
    if user.has_perm("payments.view_payment"):
        found = [row for row in payments.collected(actor=user, first=day, last=day, zone=zone) if row.count]
        sums = format_sums((row.currency, row.received) for row in found)
        yield "Collected", _said(sum(row.count for row in found), sums), list_address(Payment, collected="month")
        failed = Payment.objects.for_organisations(user).real().filter(status=Payment.Status.FAILED)
        failed = failed.filter(attempted_at__gte=within[0], attempted_at__lt=within[1])
        yield "Payments failed", _worth(failed, "amount"), list_address(Payment, status__exact="failed")
    if user.has_perm("organisations.view_notification"):
        yield "E-mails bounced", format_number(_bounced(user, *within)), list_address(Notification)
    if user.has_perm("reconciliation.view_discrepancy"):
        standing = Discrepancy.objects.for_organisations(user).standing().count()
        yield "Discrepancies to decide", format_number(standing), list_address(Discrepancy, attention="standing")


def _bounced(user: Any, since: datetime, until: datetime) -> int:
    bounced = Q(kind=NotificationEvent.Kind.BOUNCED, happened_at__gte=since, happened_at__lt=until)
    found: int = NotificationEvent.objects.for_organisations(user).filter(bounced).count()
    return found


def _worth(rows: QuerySet[Any], column: str) -> str:
    found = list(rows.order_by().values("currency").annotate(number=Count("pk"), money=Sum(column)))
    return _said(sum(row["number"] for row in found), format_sums((row["currency"], row["money"]) for row in found))


def _said(count: int, sums: str) -> str:
    return f"{format_number(count)}, {sums}" if count else "0"


def _waits(waiting: Waiting) -> tuple[Attention, ...]:
    return (*waiting.billing, *waiting.technical)


def _line(each: Attention) -> dict[str, str]:
    """ "3 payments failed", "₹1,20,274.92, 4 days", and the list of the very same rows."""
    return {
        "title": f"{format_number(each.count)} {each.label}",
        "note": _joined(each.facts),
        "url": _absolute(each.href),
    }


def _joined(facts: Iterable[str]) -> str:
    return " · ".join(facts)


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
