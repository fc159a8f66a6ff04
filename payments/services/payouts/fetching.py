"""Fetch payouts and their lines from Razorpay. Only what is missing is added, so that a fetch may be repeated."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Model, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.errors import NotFound
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.money import from_minor
from invoicing.rates import BOOKS
from payments.gateways import GatewayError, RazorpayGateway, gateway_of_environment, is_configured
from payments.gateways.values import GatewayPayout, ReconRow
from payments.models import Dispute, GatewayAccount, Payment, Payout, PayoutLine, Refund
from payments.services.banking.payouts import join_payouts
from payments.services.payment_reports import learn_fee
from payments.services.payouts.sums import sums

logger = logging.getLogger(__name__)

FETCHED_WITHIN = timedelta(days=10)
"""How far back a fetch goes: a payout takes days, and changes its status and gets its UTR meanwhile."""


def fetch_payouts(*, within: timedelta = FETCHED_WITHIN) -> int:
    """Fetch the payouts of each account that Razorpay began in the last days. Returns how many there are.

    A seller's former account pays out for days what it took before. An account that can't be asked now is asked by the
    next fetch. Bank lines that are payouts are marked as such.
    """
    count = 0
    for account in [None, *GatewayAccount.objects.in_use_since(clock.now() - within)]:
        if account is None and not is_configured():
            continue
        try:
            gateway = account.gateway if account else gateway_of_environment()
            count += _fetch(gateway, account, within)
        except GatewayError as error:
            key_id = account.key_id if account else "environment"
            logger.warning("payouts not fetched", extra={"account": key_id, "reason": error.message})
    join_payouts()
    return count


def read_again(*, key_id: str, razorpay_payout_id: str) -> None:
    """Read one payout and its lines from Razorpay, add what is missing, and join lines to what is ours by now.

    Safe to repeat. Raises NotFound for an account that is not set up any more, GatewayError.
    """
    account = None
    if not is_configured() or key_id != settings.RAZORPAY_KEY_ID:
        account = GatewayAccount.objects.filter(key_id=key_id).order_by("retired_at", "pk").last()
        if account is None:
            raise NotFound(f"The account {key_id} is not set up any more.")
    gateway = account.gateway if account else gateway_of_environment()
    report = gateway.fetch_payout(payout_id=razorpay_payout_id)
    rows = lines_of(gateway, [report])[report.id]
    store_payout(report, account)
    store_lines(report.id, rows)
    join_payouts()


def lines_of(gateway: RazorpayGateway, reports: Iterable[GatewayPayout]) -> dict[str, list[ReconRow]]:
    """What each of some payouts consists of, as far as Razorpay has reported it. Raises GatewayError.

    Razorpay's days are Indian. A payout's lines stand on the day on which it was begun, or on the next one.
    """
    found: dict[str, list[ReconRow]] = {report.id: [] for report in reports}
    begun = {report.created_at.astimezone(INDIAN_TIME).date() for report in reports}
    for day in sorted(begun | {day + timedelta(days=1) for day in begun}):
        for row in gateway.recon_rows(day):
            if row.is_paid_out and row.payout_id in found:
                found[row.payout_id].append(row)
    return found


def _fetch(gateway: RazorpayGateway, account: GatewayAccount | None, within: timedelta) -> int:
    """The bounds are fixed before the first page, so that rows which come meanwhile move none between pages."""
    until = clock.now()
    reports = list(gateway.payouts_between(until - within, until))
    for report in reports:
        store_payout(report, account)
    first = (until - within).astimezone(INDIAN_TIME).date()
    for day in sorted(_days_without_lines(reports, first)):
        by_payout: dict[str, list[ReconRow]] = defaultdict(list)
        for row in gateway.recon_rows(day):
            if row.payout_id and row.is_paid_out:
                by_payout[row.payout_id].append(row)
        for payout_id, rows in by_payout.items():
            store_lines(payout_id, rows)
    return len(reports)


def _days_without_lines(reports: Iterable[GatewayPayout], first: date) -> set[date]:
    """On which days to look for lines that are missing.

    Razorpay's days are Indian. A payout's lines stand on the day on which it was begun, or on the next one.
    """
    days = set()
    for report in reports:
        payout = Payout.objects.get(razorpay_payout_id=report.id)
        if payout.status != Payout.Status.FAILED and sums(payout).missing:
            day = report.created_at.astimezone(INDIAN_TIME).date()
            days |= {day, day + timedelta(days=1)}
    return {day for day in days if day >= first}


@transaction.atomic
def store_payout(report: GatewayPayout, account: GatewayAccount | None) -> None:
    """What Razorpay says of one payout of an account (None: the environment's). Safe to repeat."""
    first = Payout(
        gateway_account=account,
        razorpay_payout_id=report.id,
        status=Payout.Status.CREATED,
        amount=from_minor(report.amount_minor, BOOKS).amount,
        begun_at=report.created_at,
    )
    Payout.objects.bulk_create([first], ignore_conflicts=True)  # another fetch may be storing it
    payout = Payout.objects.select_for_update().get(razorpay_payout_id=report.id)
    if report.status in (Payout.Status.PROCESSED, Payout.Status.FAILED):  # an older answer takes neither back
        payout.status = Payout.Status(report.status)
    payout.utr = report.utr or payout.utr
    payout.fees = from_minor(report.fees_minor, BOOKS).amount
    payout.tax = from_minor(report.tax_minor, BOOKS).amount
    payout.save()


@transaction.atomic
def store_lines(payout_id: str, rows: list[ReconRow]) -> None:
    """The lines of one payout that are missing, joined to what is ours. Safe to repeat."""
    payout = Payout.objects.select_for_update().filter(razorpay_payout_id=payout_id).first()
    if payout is None:
        return  # begun before the days that are fetched, or of another account
    payments = {row.razorpay_payment_id: row for row in _ours(Payment, "razorpay_payment_id", rows, "payment_id")}
    refunds = {row.razorpay_refund_id: row for row in _ours(Refund, "razorpay_refund_id", rows, "entity_id")}
    disputes = {row.razorpay_dispute_id: row for row in _ours(Dispute, "razorpay_dispute_id", rows, "dispute_id")}
    lines = [
        PayoutLine(
            payout=payout,
            kind=row.type if row.type in PayoutLine.Kind.values else PayoutLine.Kind.ADJUSTMENT,
            entity_id=row.entity_id,
            payment=payments.get(row.payment_id),
            refund=refunds.get(row.entity_id),
            dispute=disputes.get(row.dispute_id),
            description=row.description[:255],
            happened_at=row.created_at,
            **{
                name: from_minor(getattr(row, f"{name}_minor"), BOOKS).amount
                for name in ("amount", "credit", "debit", "fee", "tax")
            },
        )
        for row in rows
    ]
    PayoutLine.objects.bulk_create(lines, ignore_conflicts=True, batch_size=1_000)
    _join(payout, lines)
    for line in lines:
        if line.kind == PayoutLine.Kind.PAYMENT and line.payment is not None and line.payment.fee is None:
            learn_fee(payment_id=line.payment.pk, currency=BOOKS, fee=line.fee, tax=line.tax)


_JOINED = ("payment_id", "refund_id", "dispute_id")


def _join(payout: Payout, right: Iterable[PayoutLine]) -> None:
    """What was recorded here only after its line was stored."""
    known = {(line.kind, line.entity_id): line for line in payout.lines.all()}
    apart = []
    for line in right:
        stored = known[line.kind, line.entity_id]
        names = [name for name in _JOINED if getattr(line, name) not in (None, getattr(stored, name))]
        for name in names:
            setattr(stored, name, getattr(line, name))
        apart += [stored] if names else []
    PayoutLine.objects.bulk_update(apart, ["payment", "refund", "dispute"], batch_size=1_000)


def _ours(model: type[Model], field: str, rows: list[ReconRow], name: str) -> QuerySet[Any]:
    ids = {getattr(row, name) for row in rows} - {""}
    return model._base_manager.filter(**{f"{field}__in": ids})
