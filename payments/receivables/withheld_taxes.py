"""Tax withheld, added up as the seller's income-tax return asks for it: by customer, quarter and code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from billing_platform.lib.law import certificate_due_day
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import money_text, short_text
from payments.models import WithheldTax
from payments.withholding import quarter_text

State = WithheldTax.CertificateState
CSV_COLUMNS = (
    "customer", "gstin", "quarter", "withheld_on", "section_code", "invoice", "currency", "value_without_gst", "rate",
    "tax_withheld", "certificate", "form", "certificate_due", "certificate_number", "certificate_date",
    "certificate_amount", "last_asked",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WithheldSum:
    """In its currency. withheld = certified + to come; a certificate that names another amount is to come."""

    customer_id: UUID
    customer: str
    quarter_start: date
    code: str
    currency: str
    count: int
    withheld: Decimal
    certified: Decimal

    @property
    def quarter(self) -> str:
        return quarter_text(self.quarter_start)

    @property
    def to_come(self) -> Decimal:
        return self.withheld - self.certified

    @property
    def due_day(self) -> date:
        return certificate_due_day(self.quarter_start)


def withheld_sums(taxes: QuerySet[WithheldTax]) -> list[WithheldSum]:
    """Of those that stand, the newest quarter first, then by customer and code. One query."""
    received = Q(certificate_state=State.RECEIVED)
    rows = (
        taxes.exclude(payment__status="reversed")
        .order_by("-quarter_start", "payment__organisation__name", "section_code", "payment__currency")
        .values(
            "quarter_start",
            code=F("section_code"),
            customer_id=F("payment__organisation"),
            customer=F("payment__organisation__name"),
            currency=F("payment__currency"),
        )
        .annotate(
            count=Count("pk"),
            withheld=Sum("payment__amount"),
            certified=Sum("payment__amount", filter=received, default=ZERO),
        )
    )
    return [WithheldSum(**row) for row in rows]


def register_rows(taxes: QuerySet[WithheldTax]) -> Iterator[tuple[Any, ...]]:
    """The header, and each tax withheld that stands, the oldest first: for the return, and against form 168."""
    yield CSV_COLUMNS
    rows = taxes.exclude(payment__status="reversed").select_related("payment__organisation", "payment__invoice")
    for tax in rows.order_by("deducted_on", "created_at").iterator(chunk_size=1_000):
        payment = tax.payment
        code, customer = payment.currency, payment.organisation
        yield (
            customer.name,
            customer.gstin,
            tax.quarter,
            tax.deducted_on,
            tax.section_code,
            payment.asked_for.number,
            code,
            money_text(tax.taxable_value, code) if tax.taxable_value else "",
            short_text(tax.rate) if tax.rate is not None else "",
            money_text(payment.amount, code),
            tax.get_certificate_state_display(),
            tax.form,
            tax.due_day,
            tax.certificate_number,
            tax.certificate_on or "",
            money_text(tax.certificate_amount, code) if tax.certificate_amount else "",
            tax.asked_at.astimezone(customer.zone).date() if tax.asked_at else "",
        )
