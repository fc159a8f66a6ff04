"""What waits for a person: each kind with how many, how much money, how old, and the list of the very same rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import xor
from typing import Any

from django.core.cache import cache
from django.db.models import CharField, Count, DecimalField, F, Min, Sum, Value
from django.http import HttpRequest
from django.urls import reverse

from billing_platform.lib.database.fingerprints import Fingerprint
from billing_platform.lib.money import Money, format_money
from events.models import DeadLetter, EventBatch, HotLogDay
from events.selectors.backlog import recent_conflicts
from invoicing.models import BillingRunItem, Invoice
from invoicing.models.invoice import amount_due
from invoicing.selectors import price_coverage
from invoicing.selectors.exchange_rates import customers_without_rate
from organisations.models import Notification
from organisations.operators_clock import operators_today, operators_zone
from organisations.selectors import sellers_with_ending_lut
from organisations.services import attention as seen
from payments.models import InboundWebhook, Payment
from payments.selectors import with_unallocated

REMEMBERED_SECONDS = 60
MONEY = DecimalField(max_digits=19, decimal_places=4)


@dataclass(frozen=True)
class Attention:
    """One kind of thing that waits. `facts` say how much money, how old; `fingerprint` changes with its rows."""

    kind: str
    one: str
    many: str
    count: int
    href: str
    facts: tuple[str, ...] = ()
    fingerprint: str = ""
    is_technical: bool = False

    @property
    def label(self) -> str:
        return self.one if self.count == 1 else self.many


@dataclass(frozen=True)
class Waiting:
    """What waits for one person: money first, then the rest of billing, technical things apart; and what was seen."""

    billing: tuple[Attention, ...]
    technical: tuple[Attention, ...]
    seen: tuple[Attention, ...]

    @property
    def badges(self) -> dict[str, int]:
        """How many rows wait, by the address of their list."""
        found: dict[str, int] = {}
        for item in (*self.billing, *self.technical):
            address = item.href.partition("?")[0]
            found[address] = found.get(address, 0) + item.count
        return found


def of(user: Any) -> Waiting:
    """Worked out now, and remembered for the pages that follow."""
    items = [item for item in _everything(user) if item.count]
    known = seen.seen_by(user) if user.is_authenticated else {}
    fresh = [item for item in items if known.get(item.kind) != item.fingerprint]
    waiting = Waiting(
        billing=tuple(item for item in fresh if not item.is_technical),
        technical=tuple(item for item in fresh if item.is_technical),
        seen=tuple(item for item in items if item not in fresh),
    )
    cache.set(_key(user), waiting.badges, REMEMBERED_SECONDS)
    return waiting


def badges(request: HttpRequest) -> dict[str, int]:
    """For the sidebar of every page. The front page works everything out, so its badges are of the same moment; what
    a person does on any page makes the next one ask again; what machines do is seen within a minute."""
    user: Any = request.user
    known: dict[str, int] | None = cache.get(_key(user))
    return of(user).badges if known is None else known


def forget(user: Any) -> None:
    """After something was done: the next page counts anew."""
    cache.delete(_key(user))


def _key(user: Any) -> str:
    return f"admin-badges:{user.pk}"


def _everything(user: Any) -> Iterator[Attention]:
    """In the order of the page."""
    if user.has_perm("invoicing.view_invoice"):
        yield from _money_due(user)
    if user.has_perm("payments.view_payment"):
        yield from _payments(user)
    if user.has_perm("invoicing.view_invoice"):
        yield from _invoices(user)
    if user.has_perm("invoicing.view_billingrunitem"):
        yield from _run_items(user)
    yield from _prices_and_rates(user)
    yield from _deliveries(user)
    yield from _usage(user)


def _money_due(user: Any) -> Iterator[Attention]:
    yield _counted(
        "overdue",
        ("invoice overdue", "invoices overdue"),
        Invoice.objects.for_organisations(user).overdue(on=operators_today()),
        _list("invoicing_invoice", attention="overdue"),
        amount=amount_due(),
        since="due_date",
    )


def _payments(user: Any) -> Iterator[Attention]:
    found = Payment.objects.for_organisations(user)
    yield _counted(
        "payment_failed",
        ("payment failed, and the invoice is still due", "payments failed, and the invoices are still due"),
        found.failed_and_due(),
        _list("payments_payment", attention="failed"),
        amount=F("amount"),
        since="attempted_at",
    )
    yield _counted(
        "not_placed",
        ("payment not credited in full", "payments not credited in full"),
        with_unallocated(found.not_placed()),
        _list("payments_payment", attention="problem"),
        amount=F("not_credited"),
        since="attempted_at",
    )
    yield _counted(
        "refunds",
        ("refund to decide: credit note, or ask again?", "refunds to decide: credit note, or ask again?"),
        found.refunds_to_decide(),
        _list("payments_payment", attention="refunded"),
        amount=F("amount_refunded"),
        since="attempted_at",
    )


def _invoices(user: Any) -> Iterator[Attention]:
    invoices = Invoice.objects.for_organisations(user)
    yield _counted(
        "unpriced_on_invoice",
        ("invoice with warnings", "invoices with warnings"),
        invoices.with_warnings(on=operators_today()),
        _list("invoicing_invoice", attention="warnings"),
        since="created_at",
    )
    yield _counted(
        "old_drafts",
        ("draft of a past month", "drafts of past months"),
        invoices.drafts_of_past_months(on=operators_today()),
        _list("invoicing_invoice", attention="old_drafts"),
        amount=F("total"),
        since="period_end",
    )


def _run_items(user: Any) -> Iterator[Attention]:
    items = BillingRunItem.objects.for_organisations(user)
    yield _counted(
        "unbilled",
        ("month without a live invoice", "months without a live invoice"),
        items.unbilled(),
        _list("invoicing_billingrunitem", attention="unbilled"),
        since="finished_at",
    )
    for status in ("parked", "failed"):
        yield _counted(
            f"item_{status}",
            (f"billing item {status}", f"billing items {status}"),
            items.filter(status=status),
            _list("invoicing_billingrunitem", status__exact=status),
            since="finished_at",
        )


def _prices_and_rates(user: Any) -> Iterator[Attention]:
    if user.has_perm("invoicing.view_pricingrule"):
        if user.has_perm("events.view_metric"):
            yield _counted(
                "unpriced",
                ("metric with usage and no price this month", "metrics with usage and no price this month"),
                price_coverage.unpriced_metrics(actor=user),
                _list("events_metric", price="missing"),
            )
        yield _counted(
            "price_ends",
            ("price ends within 30 days, and none follows", "prices end within 30 days, and none follows"),
            price_coverage.ending_prices(actor=user, today=operators_today()),
            _list("invoicing_pricingrule", attention="ending"),
        )
    if user.has_perm("organisations.view_organisation") and user.has_perm("invoicing.view_exchangerate"):
        yield _counted(
            "no_rate",
            (
                "customer whose currency has no exchange rate of the last 7 days",
                "customers whose currency has no exchange rate of the last 7 days",
            ),
            customers_without_rate(actor=user, today=operators_today()),
            _list("organisations_organisation", attention="no_rate"),
            named="currency",
        )
    if user.has_perm("organisations.view_billingentity"):
        yield _counted(
            "lut_ends",
            (
                "seller whose LUT has expired or ends within 30 days",
                "sellers whose LUT has expired or ends within 30 days",
            ),
            sellers_with_ending_lut(today=operators_today()),
            _list("organisations_billingentity", attention="lut"),
        )


def _deliveries(user: Any) -> Iterator[Attention]:
    if user.has_perm("payments.view_inboundwebhook"):
        yield _counted(
            "webhook_failed",
            ("webhook failed", "webhooks failed"),
            InboundWebhook.objects.for_organisations(user).filter(status="failed"),
            _list("payments_inboundwebhook", status__exact="failed"),
            since="received_at",
            is_technical=True,
        )
    if user.has_perm("organisations.view_notification"):
        yield _counted(
            "email_failed",
            ("e-mail failed", "e-mails failed"),
            Notification.objects.for_organisations(user).filter(status="failed"),
            _list("organisations_notification", status__exact="failed"),
            since="created_at",
            is_technical=True,
        )
    if user.has_perm("invoicing.view_invoice"):
        yield _counted(
            "pdf_failed",
            ("PDF failed", "PDFs failed"),
            Invoice.objects.for_organisations(user).filter(pdf_state=Invoice.PdfState.FAILED),
            _list("invoicing_invoice", pdf_state__exact="failed"),
            since="finalized_at",
            is_technical=True,
        )


def _usage(user: Any) -> Iterator[Attention]:
    if user.has_perm("events.view_eventbatch"):
        batches = EventBatch.objects.for_organisations(user)
        yield _counted(
            "quarantined",
            ("usage batch quarantined", "usage batches quarantined"),
            batches.filter(status=EventBatch.Status.QUARANTINED),
            _list("events_eventbatch", status__exact="quarantined"),
            since="received_at",
            is_technical=True,
        )
        yield _counted(
            "failing",
            ("usage batch failed and is tried again", "usage batches failed and are tried again"),
            batches.filter(status=EventBatch.Status.PENDING, attempts__gt=0),
            _list("events_eventbatch", status__exact="failing"),
            since="received_at",
            is_technical=True,
        )
        yield _counted(
            "conflicts",
            ("request with a known id but another body", "requests with a known id but another body"),
            recent_conflicts(actor=user),
            _list("events_eventbatch", status__exact="conflicts"),
            is_technical=True,
        )
    if user.has_perm("events.view_hotlogday"):
        yield _counted(
            "day_kept",
            ("day of accepted usage kept past its time", "days of accepted usage kept past their time"),
            HotLogDay.objects.for_organisations(user).kept(),
            _list("events_hotlogday", state="kept"),
            is_technical=True,
        )
    if user.has_perm("events.view_deadletter"):
        yield _counted(
            "dead_letters",
            ("dead letter open", "dead letters open"),
            DeadLetter.objects.for_organisations(user).filter(status="open"),
            _list("events_deadletter", status__exact="open"),
            since="first_seen_at",
            is_technical=True,
        )


def _counted(
    kind: str,
    names: tuple[str, str],
    rows: Any,
    href: str,
    *,
    amount: Any = None,
    since: str = "",
    named: str = "",
    is_technical: bool = False,
) -> Attention:
    """One query: how many rows, which, since when, and how much in each currency. `named` tells values of a column."""
    group = "currency" if amount is not None else named
    grouped = rows.order_by().annotate(of=F(group) if group else Value("", CharField())).values("of")
    asked: dict[str, Any] = {"number": Count("pk"), "which": Fingerprint("pk")}
    asked |= {"oldest": Min(since)} if since else {}
    asked |= {"money": Sum(amount, output_field=MONEY)} if amount is not None else {}
    found = sorted(grouped.annotate(**asked), key=lambda row: str(row["of"]))
    count = sum(row["number"] for row in found)
    facts = [format_money(Money(row["money"], row["of"])) for row in found] if amount is not None else []
    facts += [", ".join(row["of"] for row in found)] * bool(named and found)
    oldest = min((row["oldest"] for row in found if since and row["oldest"]), default=None)
    facts += [age] if (age := _age(oldest)) else []
    which = reduce(xor, (row["which"] or 0 for row in found), 0)
    return Attention(kind, *names, count, href, tuple(facts), f"{count}:{which}", is_technical)


def _age(oldest: date | datetime | None) -> str:
    """Whole days on the operators' calendar; nothing for what is of today."""
    if oldest is None:
        return ""
    day = oldest.astimezone(operators_zone()).date() if isinstance(oldest, datetime) else oldest
    days = (operators_today() - day).days
    return f"{days:,} day{'' if days == 1 else 's'}" if days > 0 else ""


def _list(name: str, **filters: str) -> str:
    query = "&".join(f"{key}={value}" for key, value in filters.items())
    return reverse(f"admin:{name}_changelist") + f"?{query}"
