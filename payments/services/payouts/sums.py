"""What a payout consists of: from what payers paid down to what arrived at the bank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from billing_platform.lib.money import ZERO
from payments.models import Payout, PayoutLine

Kind = PayoutLine.Kind
CSV_COLUMNS = (
    "kind", "razorpay_id", "payment", "invoice", "customer", "happened_at", "amount", "fee_without_gst", "gst_on_fee",
    "credit", "debit", "description",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sums:
    """In rupees. paid − fees − gst − refunds − other = net; `missing` is what the lines lack of the transfer.
    `refund_fees`, with the GST in it, is a part of `refunds`: what Razorpay took for making them at once."""

    paid: Decimal
    fees: Decimal
    gst: Decimal
    refunds: Decimal
    other: Decimal
    refund_fees: Decimal
    refund_fees_gst: Decimal
    net: Decimal
    missing: Decimal


def sums(payout: Payout) -> Sums:
    lines = payout.lines.aggregate(
        refund_fees=Sum("fee", filter=Q(kind=Kind.REFUND), default=ZERO),
        refund_fees_gst=Sum("tax", filter=Q(kind=Kind.REFUND), default=ZERO),
        paid=Sum("amount", filter=Q(kind=Kind.PAYMENT), default=ZERO),
        fee=Sum("fee", filter=Q(kind=Kind.PAYMENT), default=ZERO),
        tax=Sum("tax", filter=Q(kind=Kind.PAYMENT), default=ZERO),
        refunds=Sum("debit", filter=Q(kind=Kind.REFUND), default=ZERO),
        credit=Sum("credit", default=ZERO),
        debit=Sum("debit", default=ZERO),
    )
    net = lines["credit"] - lines["debit"]
    rest = lines["paid"] - lines["fee"] - lines["refunds"] - net
    return Sums(
        paid=lines["paid"],
        fees=lines["fee"] - lines["tax"],
        gst=lines["tax"],
        refunds=lines["refunds"],
        refund_fees=lines["refund_fees"],
        refund_fees_gst=lines["refund_fees_gst"],
        other=rest,
        net=net,
        missing=payout.amount - net,
    )


def csv_rows(payout: Payout) -> Iterator[tuple[Any, ...]]:
    """The header, and each line of a payout, the oldest first."""
    yield CSV_COLUMNS
    lines = payout.lines.select_related("payment__invoice", "payment__organisation")
    for line in lines.iterator(chunk_size=1_000):
        payment = line.payment
        yield (
            line.kind,
            line.entity_id,
            payment.razorpay_payment_id if payment else "",
            payment.invoice.number if payment and payment.invoice else "",
            payment.organisation.name if payment else "",
            f"{line.happened_at:%Y-%m-%dT%H:%M:%SZ}",
            *(f"{each:.2f}" for each in (line.amount, line.fee - line.tax, line.tax, line.credit, line.debit)),
            line.description,
        )
