"""Questions about collection: what is still to be asked for, and what came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from billing_platform.lib import clock
from invoicing.models import Invoice
from organisations.scoping import Actor
from payments.models import InboundWebhook, Payment, PaymentOrder

CAPTURE_AFTER = timedelta(minutes=5)
"""How long automatic capture may take before we capture ourselves."""


@dataclass(frozen=True)
class Collected:
    """What came in, in one currency."""

    currency: str
    amount: Decimal
    payments: int


def collected(*, actor: Actor, since: datetime) -> tuple[Collected, ...]:
    """Money received since an instant, by currency: captured by the gateway or recorded by an operator."""
    rows = (
        Payment.objects.for_organisations(actor)
        .received()
        .filter(paid_at__gte=since)
        .values("currency")
        .annotate(total=Sum("amount"), payments=Count("pk"))
        .order_by("currency")
    )
    return tuple(Collected(row["currency"], row["total"], row["payments"]) for row in rows)


def invoices_to_collect(*, limit: int = 500) -> list[UUID]:
    """Issued and unpaid invoices for which no order asks for what is due now.

    One that the gateway refused for this very amount waits for an operator: asking again would change nothing.
    """
    same_amount = PaymentOrder.objects.filter(
        invoice=OuterRef("pk"), kind=PaymentOrder.Kind.ORDER, amount=OuterRef("due"), currency=OuterRef("currency")
    )
    settled = Q(status__in=[PaymentOrder.Status.OPEN, PaymentOrder.Status.FAILED])
    waiting = Q(status=PaymentOrder.Status.CREATED, next_attempt_at__gt=clock.now())
    invoices = (
        Invoice.objects.collectable()
        .annotate(due=F("total") - F("amount_paid"))
        .exclude(Exists(same_amount.filter(settled | waiting)))
        .order_by("issue_date", "pk")
    )
    return list(invoices.values_list("pk", flat=True)[:limit])


def retired_orders() -> QuerySet[PaymentOrder]:
    """Live orders of invoices that ask for nothing any more, or for another amount."""
    return PaymentOrder.objects.live().exclude(
        invoice__in=Invoice.objects.collectable(), amount=F("invoice__total") - F("invoice__amount_paid")
    )


def links_to_close(*, limit: int = 100) -> list[UUID]:
    due = Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=clock.now())
    return list(PaymentOrder.objects.links_to_close().filter(due).values_list("pk", flat=True)[:limit])


def payments_to_capture(*, limit: int = 100) -> list[UUID]:
    rows = Payment.objects.uncaptured(before=clock.now() - CAPTURE_AFTER).order_by("updated_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def due_webhooks(*, limit: int = 500) -> list[UUID]:
    rows = InboundWebhook.objects.due(clock.now()).order_by("next_attempt_at")
    return list(rows.values_list("pk", flat=True)[:limit])


@dataclass(frozen=True)
class WebhookBacklog:
    pending: int
    failed: int


def webhook_backlog() -> WebhookBacklog:
    """For health and metrics: what waits, and what was given up and needs a person."""
    Status = InboundWebhook.Status
    counts = InboundWebhook.objects.aggregate(
        pending=Count("pk", filter=Q(status__in=[Status.PENDING, Status.PROCESSING])),
        failed=Count("pk", filter=Q(status=Status.FAILED)),
    )
    return WebhookBacklog(**counts)
