"""Payment requests: the orders and links that we asked Razorpay to make, and what it holds under their ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from django.db.models import QuerySet

from payments.gateways import GatewayOrder
from payments.gateways.values import GatewayLink
from payments.models import PaymentOrder
from payments.services.gateway_accounts import asked_through
from reconciliation.checks.gateway.comparing import OurRequest, compare_request
from reconciliation.checks.gateway.reading import Reading, Side, finding_of
from reconciliation.findings import Finding

Kind = PaymentOrder.Kind


class OrderSide(Side[GatewayOrder]):
    moves = False

    def listed(self, reading: Reading) -> Iterator[GatewayOrder]:
        return reading.gateway.orders_between(reading.since, reading.until)

    def fetched(self, reading: Reading, name: str) -> GatewayOrder:
        return reading.gateway.fetch_order(order_id=name)

    def expected(self, reading: Reading) -> Iterable[str]:
        rows = _asked(reading).filter(kind__in=[Kind.ORDER, Kind.DEBIT], razorpay_order_id__isnull=False)
        return _names(rows, "razorpay_order_id")

    def judge(self, reading: Reading, theirs: Mapping[str, GatewayOrder | None]) -> Iterator[tuple[str, Finding]]:
        """Of a link the link is compared, not the order that Razorpay made for it."""
        rows = PaymentOrder.objects.filter(razorpay_order_id__in=theirs).exclude(kind=Kind.LINK)
        return _judge(reading, {row.razorpay_order_id or "": row for row in _with_names(rows)}, theirs)


class LinkSide(Side[GatewayLink]):
    """Razorpay lists links by no time: those that we asked for on the day are fetched, each by its id."""

    moves = False

    def listed(self, reading: Reading) -> Iterator[GatewayLink]:
        return iter(())

    def fetched(self, reading: Reading, name: str) -> GatewayLink:
        return reading.gateway.fetch_link(link_id=name)

    def expected(self, reading: Reading) -> Iterable[str]:
        rows = _asked(reading).filter(kind=Kind.LINK, razorpay_link_id__isnull=False)
        return _names(rows, "razorpay_link_id")

    def judge(self, reading: Reading, theirs: Mapping[str, GatewayLink | None]) -> Iterator[tuple[str, Finding]]:
        rows = _with_names(PaymentOrder.objects.filter(razorpay_link_id__in=theirs))
        return _judge(reading, {row.razorpay_link_id or "": row for row in rows}, theirs)


def _names(rows: QuerySet[PaymentOrder], field: str) -> Iterator[str]:
    return (name for name in rows.order_by(field).values_list(field, flat=True) if name)


def _asked(reading: Reading) -> QuerySet[PaymentOrder]:
    """Asked for on the day. Made hours later after failures, it is found by its id."""
    rows: QuerySet[PaymentOrder] = PaymentOrder.objects.filter(
        asked_through(reading.gateway), sent_at__gte=reading.since, sent_at__lte=reading.until
    )
    if reading.organisation_id is not None:
        rows = rows.filter(invoice__organisation=reading.organisation_id)
    return rows


def _with_names(rows: QuerySet[PaymentOrder]) -> QuerySet[PaymentOrder]:
    return rows.select_related("invoice__organisation")


def _judge(
    reading: Reading, known: Mapping[str, PaymentOrder], theirs: Mapping[str, GatewayOrder | GatewayLink | None]
) -> Iterator[tuple[str, Finding]]:
    for name, row in known.items():
        invoice = row.invoice
        if reading.organisation_id not in (None, invoice.organisation_id):
            continue
        for difference in compare_request(OurRequest(row.amount, row.currency), theirs[name]):
            yield (
                name,
                finding_of(
                    reading,
                    difference,
                    name=name,
                    about=f"{row.get_kind_display()} {name} of {invoice.organisation.name} for invoice {invoice}",
                    organisation_id=invoice.organisation_id,
                    facts={"order_id": str(row.pk)},
                ),
            )
