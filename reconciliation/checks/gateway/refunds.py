"""Refunds: what Razorpay gave back of our payments, and what we recorded of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from django.db.models import Q

from payments.gateways import GatewayRefund
from payments.models import Payment, Refund
from payments.services.gateway_accounts import asked_through
from reconciliation.checks.gateway.comparing import OurRefund, compare_refund
from reconciliation.checks.gateway.reading import Reading, Side, finding_of
from reconciliation.findings import Finding


class RefundSide(Side[GatewayRefund]):
    def listed(self, reading: Reading) -> Iterator[GatewayRefund]:
        return reading.gateway.refunds_between(reading.since, reading.until)

    def fetched(self, reading: Reading, name: str) -> GatewayRefund:
        return reading.gateway.fetch_refund(refund_id=name)

    def expected(self, reading: Reading) -> Iterable[str]:
        """Razorpay's own time of a refund is not stored: one that is expected on the wrong day is found by its id."""
        asked = Q(asked_here=True, sent_at__gte=reading.since, sent_at__lte=reading.until)
        made_elsewhere = Q(asked_here=False, created_at__gte=reading.since, created_at__lte=reading.until)
        rows = Refund.objects.filter(
            asked_through(reading.gateway, "payment__order__"),
            asked | made_elsewhere,
            kind=Refund.Kind.GATEWAY,
            razorpay_refund_id__isnull=False,
        )
        if reading.organisation_id is not None:
            rows = rows.filter(payment__organisation=reading.organisation_id)
        return rows.order_by("razorpay_refund_id").values_list("razorpay_refund_id", flat=True)

    def judge(self, reading: Reading, theirs: Mapping[str, GatewayRefund | None]) -> Iterator[tuple[str, Finding]]:
        """A refund of a payment that is not recorded here comes with the payment."""
        rows = Refund.objects.filter(razorpay_refund_id__in=theirs).select_related("payment__organisation")
        known: dict[str, Refund] = {row.razorpay_refund_id or "": row for row in rows}
        ids = {report.payment_id for name, report in theirs.items() if name not in known and report}
        payments = Payment.objects.filter(razorpay_payment_id__in=ids).select_related("organisation")
        by_id: dict[str, Payment] = {row.razorpay_payment_id or "": row for row in payments}
        for name, report in theirs.items():
            row = known.get(name)
            payment = row.payment if row else by_id.get(report.payment_id) if report else None
            if payment is None or reading.organisation_id not in (None, payment.organisation_id):
                continue
            for difference in compare_refund(_ours(row) if row else None, report, payment.currency):
                yield (
                    name,
                    finding_of(
                        reading,
                        difference,
                        name=name,
                        about=f"Refund {name} of payment {payment} of {payment.organisation.name}",
                        organisation_id=payment.organisation_id,
                        facts={"order_id": str(payment.order_id), "payment_id": payment.razorpay_payment_id or ""},
                    ),
                )


def _ours(row: Refund) -> OurRefund:
    return OurRefund(
        payment_id=row.payment.razorpay_payment_id or "",
        status=row.status,
        amount=row.amount,
        currency=row.currency,
    )
