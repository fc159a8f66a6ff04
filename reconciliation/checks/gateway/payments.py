"""Payments: what Razorpay took for our requests, and what we recorded of it.

An account may serve other systems as well. A payment is ours if it belongs to an order of ours, as for its message
(`payments.inbox.handlers`); the payment with which a payer registers a mandate is looked after by the mandate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum

from billing_platform.lib.money import ZERO
from payments.gateways import GatewayPayment, GatewayRefused, RazorpayGateway
from payments.models import Mandate, Payment, PaymentOrder, Refund
from payments.services.gateway_accounts import asked_through
from reconciliation.checks.gateway.comparing import WITHOUT_MONEY, OurPayment, compare_payment
from reconciliation.checks.gateway.reading import Reading, Side, finding_of
from reconciliation.findings import Finding

_BY_BANK = Q(kind=Refund.Kind.BANK)
_ON_ITS_WAY = Q(kind=Refund.Kind.GATEWAY, status=Refund.Status.PENDING, razorpay_refund_id__isnull=True)


class PaymentSide(Side[GatewayPayment]):
    def __init__(self) -> None:
        self._strangers: dict[str, list[str]] = {}
        """By an order that we don't know, the payments of it that brought money."""
        self._placed: dict[str, PaymentOrder] = {}
        """Orders among them that are ours after all."""

    def listed(self, reading: Reading) -> Iterator[GatewayPayment]:
        return reading.gateway.payments_between(reading.since, reading.until)

    def fetched(self, reading: Reading, name: str) -> GatewayPayment:
        return reading.gateway.fetch_payment(payment_id=name)

    def expected(self, reading: Reading) -> Iterable[str]:
        rows = Payment.objects.filter(
            asked_through(reading.gateway, "order__"),
            kind=Payment.Kind.GATEWAY,
            attempted_at__gte=reading.since,
            attempted_at__lte=reading.until,
        ).exclude(status__in=WITHOUT_MONEY)
        if reading.organisation_id is not None:
            rows = rows.filter(organisation=reading.organisation_id)
        return rows.order_by("razorpay_payment_id").values_list("razorpay_payment_id", flat=True)

    def after_the_list(self, reading: Reading) -> Iterable[str]:
        """Payments of links and orders whose order at Razorpay we never learnt. Few wait for that, so they are asked
        for rather than each payment of somebody else."""
        waiting = _without_order_id(reading).iterator() if self._strangers else iter(())
        for order in waiting:
            known = _order_at_razorpay(reading.gateway, order)
            if known in self._strangers:
                self._placed[known] = order
        return [name for known in self._placed for name in self._strangers[known]]

    def judge(self, reading: Reading, theirs: Mapping[str, GatewayPayment | None]) -> Iterator[tuple[str, Finding]]:
        rows = Payment.objects.filter(razorpay_payment_id__in=theirs).select_related("order__invoice__organisation")
        known: dict[str, Payment] = {row.razorpay_payment_id or "": row for row in rows}
        orders = self._orders(report for name, report in theirs.items() if name not in known and report)
        refunds = _refunds_of(known.values())
        for name, report in theirs.items():
            payment = known.get(name)
            order = payment.order if payment else orders.get(report.order_id) if report else None
            if order is None or reading.organisation_id not in (None, order.invoice.organisation_id):
                continue
            ours = _ours(payment, *refunds.get(payment.pk, (ZERO, ZERO))) if payment else None
            for difference in compare_payment(ours, report):
                yield (
                    name,
                    finding_of(
                        reading,
                        difference,
                        name=name,
                        about=f"Payment {name} of {order.invoice.organisation.name} for invoice {order.invoice}",
                        organisation_id=order.invoice.organisation_id,
                        facts={"order_id": str(order.pk), "payment_id": name},
                    ),
                )

    def _orders(self, reports: Iterable[GatewayPayment]) -> dict[str, PaymentOrder]:
        """Our requests, by Razorpay's order, of payments that are not recorded; strangers are noted."""
        unknown = [report for report in reports if report.order_id]
        ids = {report.order_id for report in unknown}
        rows = PaymentOrder.objects.filter(razorpay_order_id__in=ids).select_related("invoice__organisation")
        found: dict[str, PaymentOrder] = {row.razorpay_order_id or "": row for row in rows} | self._placed
        of_mandates = set(Mandate.objects.filter(razorpay_order_id__in=ids).values_list("razorpay_order_id", flat=True))
        for report in unknown:
            if report.order_id not in found.keys() | of_mandates and report.status not in WITHOUT_MONEY:
                names = self._strangers.setdefault(report.order_id, [])
                if report.id not in names:
                    names.append(report.id)
        return found


def _without_order_id(reading: Reading) -> QuerySet[PaymentOrder]:
    """Requests that Razorpay was asked for until the end of the day, and that were not over before it began."""
    rows: QuerySet[PaymentOrder] = PaymentOrder.objects.filter(
        asked_through(reading.gateway),
        razorpay_order_id__isnull=True,
        sent_at__isnull=False,
        sent_at__lte=reading.until,
    ).exclude(closed_at__lt=reading.since)
    return rows.select_related("invoice__organisation")


def _order_at_razorpay(gateway: RazorpayGateway, order: PaymentOrder) -> str:
    """ "" if there is none: nobody has opened the link, or the order was never made."""
    if order.kind != PaymentOrder.Kind.LINK:
        found = gateway.find_order(receipt=order.receipt)
        return found.id if found else ""
    if order.razorpay_link_id is None:
        named = gateway.find_link(reference=order.receipt)
        return named.order_id if named else ""
    try:
        return gateway.fetch_link(link_id=order.razorpay_link_id).order_id
    except GatewayRefused as refusal:
        if not refusal.says_unknown:
            raise
        return ""


def _refunds_of(payments: Iterable[Payment]) -> dict[Any, tuple[Decimal, Decimal]]:
    """By payment: what went back by bank transfer, and what Razorpay has not confirmed."""
    rows = Refund.objects.filter(payment__in=[payment.pk for payment in payments]).order_by().values("payment")
    sums = rows.annotate(
        by_bank=Sum("amount", filter=_BY_BANK, default=ZERO), waiting=Sum("amount", filter=_ON_ITS_WAY, default=ZERO)
    )
    return {row["payment"]: (row["by_bank"], row["waiting"]) for row in sums}


def _ours(payment: Payment, by_bank: Decimal, on_its_way: Decimal) -> OurPayment:
    return OurPayment(
        state="captured" if payment.paid_at is not None else payment.status,
        amount=payment.amount,
        currency=payment.currency,
        fee=payment.fee,
        tax=payment.tax,
        given_back=payment.amount_refunded - by_bank,
        on_its_way=on_its_way,
    )
