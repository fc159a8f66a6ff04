"""Questions about collection: what is still to be asked for, and what came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Round
from django.utils.timezone import get_current_timezone

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.law import INDIAN_TIME, RUPEES
from billing_platform.lib.money import ZERO, Money, MoneyError, to_minor
from billing_platform.lib.work.claims import due, due_ids
from invoicing.models import Invoice
from invoicing.models.invoice import amount_due
from organisations.models import BillingHold, held
from organisations.scoping import Actor
from payments import gateways
from payments.errors import BeingDebited, NothingToCollect, NotPayableOnline
from payments.gateways import payable_amounts
from payments.gateways.circuit_breaker import CircuitBreaker, Outage
from payments.models import (
    AutoCollect,
    GatewayAccount,
    InboundWebhook,
    Mandate,
    MandateCharge,
    Payment,
    PaymentAllocation,
    PaymentOrder,
    Payout,
    Refund,
)
from payments.models.payment_queryset import HELD, MONEY
from payments.models.reminder_pause import paused

CAPTURE_AFTER = timedelta(minutes=5)
"""How long automatic capture may take before we capture ourselves."""
PAID_OUT_WITHIN = timedelta(days=7)
"""Two working days as a rule; with Sundays and bank holidays before and after."""


@dataclass(frozen=True)
class Collected:
    """Money that came in within some days, in one currency, without tax certificates and without what went back.

    `count` is the number of payments that make up `received`; `unallocated` is the part of `received` that is not
    credited to an invoice yet; `tds` stands beside `received` and is no part of it.
    """

    currency: str
    received: Decimal
    tds: Decimal
    unallocated: Decimal
    count: int


def collected(*, actor: Actor, first: date, last: date, zone: ZoneInfo) -> tuple[Collected, ...]:
    """Money of the days from `first` to `last`, both included, cut in `zone`; by currency.

    The payments that `received` counts are `Payment.objects.collected(…)`, and the payment list's `?collected=` shows
    exactly those.
    """
    standing = Payment.objects.for_organisations(actor).real().standing_between(first, last, zone)
    rows = (
        with_unallocated(standing)
        .filter(held__gt=0)
        .order_by("currency")
        .values("currency")
        .annotate(
            received=_total("held", ~Q(kind=Payment.Kind.TDS)),
            tds=_total("held", Q(kind=Payment.Kind.TDS)),
            unallocated=_total("not_credited", ~Q(kind=Payment.Kind.TDS)),
            count=Count("pk", filter=~Q(kind=Payment.Kind.TDS)),
        )
    )
    return tuple(Collected(**row) for row in rows)


def received_between(*, actor: Actor, first: date, last: date, zone: ZoneInfo) -> dict[str, Decimal]:
    """By currency, what `collected` says was received on these days."""
    standing = Payment.objects.for_organisations(actor).real().standing_between(first, last, zone)
    money = standing.exclude(kind=Payment.Kind.TDS).annotate(held=HELD).filter(held__gt=0)
    return dict(money.order_by("currency").values_list("currency").annotate(received=Sum("held", output_field=MONEY)))


def not_paid_out(payments: Any) -> Any:
    """Those of `payments` that Razorpay captured and that are in no payout, though the same account paid out what came
    days later."""
    later = Payout.objects.filter(begun_at__gte=OuterRef("paid_at") + PAID_OUT_WITHIN)
    of_seller = Exists(later.filter(gateway_account=OuterRef("order__gateway_account")))
    of_environment = Q(order__gateway_account__isnull=True) & Exists(later.filter(gateway_account__isnull=True))
    captured = payments.filter(kind=Payment.Kind.GATEWAY, paid_at__isnull=False, payout_lines__isnull=True)
    return captured.filter(of_seller | of_environment)


def with_unallocated(rows: Any) -> Any:
    """Payments with what is left of each (`held`), and what of that is credited to no invoice (`not_credited`)."""
    credited = PaymentAllocation.objects.filter(payment=OuterRef("pk")).order_by().values("payment")
    total = Subquery(credited.annotate(total=Sum("amount")).values("total"))
    return rows.annotate(held=HELD, not_credited=F("held") - Coalesce(total, ZERO, output_field=MONEY))


def _total(what: Any, which: Q) -> Coalesce:
    return Coalesce(Sum(what, filter=which, output_field=MONEY), ZERO, output_field=MONEY)


def account_in_use(seller_id: UUID) -> GatewayAccount | None:
    """A seller's own account at Razorpay; None if it has none, and uses the keys of the environment."""
    return GatewayAccount.objects.in_use().filter(billing_entity_id=seller_id).first()


def webhook_address(account: GatewayAccount | None) -> str:
    """Where Razorpay sends the messages of a seller's own account, or of the keys of the environment."""
    address = f"{settings.SITE_URL}/api/v1/webhooks/razorpay"
    return address if account is None else f"{address}/{account.pk}"


def can_collect(seller_id: UUID | None = None) -> bool:
    """Whether there are keys of Razorpay for a seller, or for any seller at all."""
    if gateways.is_configured():
        return True
    accounts = GatewayAccount.objects.in_use()
    return (accounts.filter(billing_entity_id=seller_id) if seller_id else accounts).exists()


def outages() -> dict[str, Outage | None]:
    """By key id of each account in use: since when Razorpay can't be reached with it, or None."""
    key_ids = list(GatewayAccount.objects.in_use().values_list("key_id", flat=True))
    if gateways.is_configured():
        key_ids.append(settings.RAZORPAY_KEY_ID)
    base_url = settings.RAZORPAY_BASE_URL
    return {key_id: CircuitBreaker(base_url=base_url, key_id=key_id).outage for key_id in key_ids}


def held_up_by_outage(requests: Any) -> Any:
    """Of payment requests, those that wait until Razorpay can be reached again: to be made, paid or closed there."""
    away = [key_id for key_id, outage in outages().items() if outage]
    if not away:
        return requests.none()
    sellers = GatewayAccount.objects.in_use().filter(key_id__in=away).values("billing_entity")
    theirs = Q(gateway_account__key_id__in=away)
    # Made with the keys of the environment; or those keys have moved to the seller since.
    if not gateways.is_configured():
        theirs |= Q(gateway_account__isnull=True, invoice__billing_entity__in=sellers)
    elif settings.RAZORPAY_KEY_ID in away:
        theirs |= Q(gateway_account__isnull=True)
    return (requests.live() | requests.links_to_close()).filter(theirs)


def about_outages(actor: Actor) -> tuple[str, ...]:
    """Since when Razorpay can't be reached, and what else waits for it; empty while it can."""
    known = [outage for outage in outages().values() if outage]
    if not known:
        return ()
    refunds = Refund.objects.for_organisations(actor).filter(status=Refund.Status.PENDING).count()
    debits = MandateCharge.objects.for_organisations(actor).live().count()
    since = time_text(min(outage.since for outage in known), get_current_timezone())
    counted = ((refunds, "refund", "refunds"), (debits, "debit", "debits"))
    waiting = [f"{count:,} {one if count == 1 else many}" for count, one, many in counted if count]
    return f"since {since}", *([f"{' and '.join(waiting)} pending"] if waiting else [])


def why_not_collectable(invoice: Invoice) -> DomainError | None:
    """Why Razorpay can't be asked for what is due on an invoice; None when it can.

    One of NothingToCollect, BeingDebited, GatewayNotConfigured and NotPayableOnline, for the caller to raise or to
    show. The API, the pay page and the admin's buttons all ask here first. The sweep asks the same of many invoices at
    once (`invoices_to_collect`), so an invoice that can't be paid online is nobody's failure and is never tried.
    """
    if not invoice.is_collectable:
        state = invoice.get_status_display().lower()
        return NothingToCollect(f"Invoice {invoice} is {state}: there is nothing to collect.")
    if MandateCharge.objects.asked().filter(invoice=invoice).exists():
        return BeingDebited(f"The payer's bank was asked to debit invoice {invoice}, and has not answered yet.")
    if invoice.organisation.is_test:
        return NotPayableOnline(f"Invoice {invoice} is a test customer's: nobody is asked for its money online.")
    if not can_collect(invoice.billing_entity_id):
        return gateways.GatewayNotConfigured("Online payment is not set up here.")
    try:
        minor = to_minor(Money(invoice.amount_due, invoice.currency))
    except MoneyError as error:
        return NotPayableOnline(str(error))
    reason = payable_amounts.why_not_payable(minor, invoice.currency)
    return NotPayableOnline(reason) if reason else None


def _payable_online() -> Q:
    """`payable_amounts.why_not_payable` for the database, of rows with `due`."""
    odd = Q(currency__in=payable_amounts.TWO_OF_THREE_DECIMALS) & ~Q(due=Round(F("due"), precision=2))
    return Q(currency__in=payable_amounts.CURRENCIES, due__gte=payable_amounts.MINIMUM) & ~odd


def _has_keys() -> Q:
    if gateways.is_configured():
        return Q()
    return Q(billing_entity__in=GatewayAccount.objects.in_use().values("billing_entity"))


def invoices_to_collect(*, limit: int = 500) -> list[UUID]:
    """Issued and unpaid invoices for which no order asks for what is due now, and which can be paid online.

    One that Razorpay refused for this very amount waits for an operator: asking again would change nothing. Customers
    whom a hold keeps from being asked are left out.
    """
    same_amount = PaymentOrder.objects.filter(
        invoice=OuterRef("pk"), kind=PaymentOrder.Kind.ORDER, amount=OuterRef("due"), currency=OuterRef("currency")
    )
    now = clock.now()
    asked = Q(status__in=[PaymentOrder.Status.OPEN, PaymentOrder.Status.FAILED])
    waiting = Q(status=PaymentOrder.Status.CREATED) & (Q(next_attempt_at__gt=now) | Q(claimed_until__gt=now))
    invoices = (
        Invoice.objects.real()
        .collectable()
        .annotate(due=amount_due())
        .filter(_payable_online(), _has_keys())
        .exclude(held(BillingHold.Kind.NO_COLLECTION))
        .exclude(Exists(same_amount.filter(asked | waiting)))
        .order_by("issue_date", "pk")
    )
    return list(invoices.values_list("pk", flat=True)[:limit])


def is_held(invoice_id: UUID) -> bool:
    """Nobody asks the invoice's customer to pay for now; who wants to pay may."""
    return Invoice.objects.filter(held(BillingHold.Kind.NO_COLLECTION), pk=invoice_id).exists()


def orders_to_retire() -> QuerySet[PaymentOrder]:
    """Live orders that ask for an amount which is not due, or through an account that the seller has left, and links
    that have ended. What was paid through one may wait for the fee to be named: until then nobody knows what is due.
    """
    in_use = GatewayAccount.objects.in_use().filter(billing_entity=OuterRef("invoice__billing_entity"))
    live = PaymentOrder.objects.live().with_received().annotate(in_use=Subquery(in_use.values("pk")))
    same_account = Q(gateway_account=F("in_use")) | Q(gateway_account__isnull=True, in_use__isnull=True)
    goes_on = Q(expires_at__isnull=True) | Q(expires_at__gt=clock.now())
    asked = Q(amount=F("received_total") + amount_due("invoice__"))
    waits = Exists(Payment.objects.filter(order=OuterRef("pk")).waiting_for_fee())
    to_retire: QuerySet[PaymentOrder] = live.exclude(
        same_account, goes_on, asked | waits, invoice__in=Invoice.objects.collectable()
    )
    return to_retire


def invoices_to_debit(*, limit: int = 500) -> list[UUID]:
    """Issued and unpaid invoices whose customer has a confirmed mandate, and for whose amount due no debit was tried
    yet. What becomes of a debit that failed, dunning decides."""
    in_use = GatewayAccount.objects.in_use().filter(billing_entity=OuterRef("account__billing_entity"))
    same_account = Q(account__gateway_account=F("in_use")) | Q(
        account__gateway_account__isnull=True, in_use__isnull=True
    )
    confirmed = Mandate.objects.annotate(in_use=Subquery(in_use.values("pk"))).filter(
        same_account,
        account__organisation=OuterRef("organisation"),
        account__billing_entity=OuterRef("billing_entity"),
        status=Mandate.Status.CONFIRMED,
        cancel_requested_at__isnull=True,
        expires_at__gt=clock.now(),
    )
    tried = MandateCharge.objects.filter(invoice=OuterRef("pk"), amount=OuterRef("due"))
    off = AutoCollect.objects.filter(organisation=OuterRef("organisation"), is_on=False)
    invoices = (
        Invoice.objects.real()
        .collectable()
        .annotate(due=amount_due())
        .filter(Exists(confirmed), _payable_online(), _has_keys(), currency=RUPEES)
        .exclude(held(BillingHold.Kind.NO_COLLECTION))
        .exclude(held(BillingHold.Kind.NO_EMAIL))  # no notice, no debit
        .exclude(paused(clock.today(INDIAN_TIME)))
        .exclude(Exists(tried))
        .exclude(Exists(off))
        .order_by("issue_date", "pk")
    )
    return list(invoices.values_list("pk", flat=True)[:limit])


def due_mandates(*, limit: int = 200) -> list[UUID]:
    return due_ids(Mandate.objects.all(), limit=limit)


def due_charges(*, limit: int = 500) -> list[UUID]:
    return due_ids(MandateCharge.objects.live(), limit=limit)


def links_to_close(*, limit: int = 100) -> list[UUID]:
    return due_ids(PaymentOrder.objects.links_to_close(), limit=limit)


def payments_to_capture(*, limit: int = 100) -> list[UUID]:
    rows = Payment.objects.uncaptured(before=clock.now() - CAPTURE_AFTER).order_by("updated_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def payments_without_fee(*, limit: int = 100) -> list[UUID]:
    """Payments larger than their order for which we still have to ask Razorpay whether the payer bore the fee."""
    rows = Payment.objects.without_fee(before=clock.now() - CAPTURE_AFTER)
    return list(rows.order_by("updated_at").values_list("pk", flat=True)[:limit])


def webhooks_are_due() -> bool:
    return due(InboundWebhook.objects.all()).exists()


@dataclass(frozen=True)
class WebhookBacklog:
    pending: int
    failed: int


def webhook_backlog() -> WebhookBacklog:
    """For health and metrics: what waits, and what was given up and needs a person."""
    Status = InboundWebhook.Status
    counts = InboundWebhook.objects.exclude(status__in=[Status.PROCESSED, Status.IGNORED]).aggregate(
        pending=Count("pk", filter=Q(status__in=[Status.PENDING, Status.PROCESSING])),
        failed=Count("pk", filter=Q(status=Status.FAILED)),
    )
    return WebhookBacklog(**counts)


# --- credit on account ----------------------------------------------------------------------------------------------


def payments_of_invoice(invoice: Invoice) -> QuerySet[Any]:
    """Made or tried for it, or credited to it, the latest first; `credited_here` is what of each is credited to it."""
    credits = PaymentAllocation.objects.filter(invoice=invoice).order_by()
    credited = list(credits.values_list("payment", flat=True).distinct())  # as values: each part uses its index
    here = credits.filter(payment=OuterRef("pk")).values("payment").annotate(total=Sum("amount")).values("total")
    found = Payment.objects.filter(Q(invoice=invoice) | Q(pk__in=credited)).order_by("-attempted_at")
    rows: QuerySet[Any] = found.annotate(credited_here=Coalesce(Subquery(here), ZERO, output_field=MONEY))
    return rows


def invoices_for(payment: Payment) -> QuerySet[Invoice]:
    """Open invoices that a payment may pay: of its customer, seller and currency, in the order of their due dates."""
    rows: QuerySet[Invoice] = Invoice.objects.collectable().filter(
        organisation=payment.organisation_id, billing_entity=payment.seller_id, currency=payment.currency
    )
    return rows.order_by("due_date", "number")


def credit_of(organisation_id: UUID) -> QuerySet[Payment]:
    """Money of a customer that the next invoice may use: on account, and what was more than due.

    A payment through Razorpay that never paid anything is none: it came for an invoice that was paid already, and waits
    for an operator to give it back.
    """
    paid_something = Exists(PaymentAllocation.objects.filter(payment=OuterRef("pk")))
    rows = Payment.objects.filter(organisation=organisation_id, status=Payment.Status.CAPTURED).with_credit()
    return rows.exclude(kind=Payment.Kind.TDS).filter(Q(kind=Payment.Kind.OFFLINE) | paid_something)


def invoices_that_credit_may_pay(*, limit: int = 500) -> list[UUID]:
    """Open invoices of customers who have credit and use it by itself; the oldest first."""
    owners = (
        Payment.objects.filter(status=Payment.Status.CAPTURED, organisation__uses_credit=True)
        .exclude(kind=Payment.Kind.TDS)
        .with_credit()
    )
    taken_off = PaymentAllocation.objects.filter(
        invoice=OuterRef("pk"), kind=PaymentAllocation.Kind.UNALLOCATED, payment__in=owners
    )
    debited = MandateCharge.objects.asked().filter(invoice=OuterRef("pk"))
    rows = Invoice.objects.real().collectable().filter(organisation__in=owners.values("organisation"))
    rows = rows.exclude(Exists(taken_off)).exclude(Exists(debited))
    return list(rows.order_by("due_date", "pk").values_list("pk", flat=True)[:limit])
