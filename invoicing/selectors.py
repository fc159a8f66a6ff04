"""Questions about what is owed; answers are querysets or frozen values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, DecimalField, Exists, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from billing_platform.lib.errors import DomainError
from billing_platform.lib.limits import EXCHANGE_RATE_WARN_DAYS
from billing_platform.lib.money import ZERO
from invoicing.documents import InvoiceDocument
from invoicing.models import BillingRun, BillingRunItem, DocumentSnapshot, ExchangeRate, Invoice, InvoiceTax
from invoicing.models.exchange_rate import BOOKS
from invoicing.models.invoice import amount_due
from invoicing.tax import TaxAmount
from invoicing.totals import aggregate_taxes
from organisations.models import Organisation
from organisations.operators_clock import operators_today
from organisations.scoping import ALL, Actor, reachable_organisations


@dataclass(frozen=True, slots=True)
class Receivables:
    """What is still owed in one currency; overdue is part of outstanding."""

    currency: str
    outstanding: Decimal
    outstanding_count: int
    overdue: Decimal
    overdue_count: int


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a billing run is, by the items an actor may see."""

    pending: int
    claimed: int
    done: int
    skipped: int
    failed: int
    parked: int
    voided: int
    left_unbilled: int

    @property
    def is_finished(self) -> bool:
        return not self.waiting

    @property
    def waiting(self) -> int:
        return self.pending + self.claimed

    @property
    def troubled(self) -> int:
        """Without an invoice that they should have."""
        return self.failed + self.parked + self.voided

    @property
    def total(self) -> int:
        return self.waiting + self.done + self.skipped + self.troubled + self.left_unbilled


def receivables(*, actor: Actor, on: date | None = None) -> tuple[Receivables, ...]:
    """Outstanding and overdue money per currency, of the invoices an actor may see."""
    day = on or operators_today()
    due = amount_due()
    late = Q(due_date__lt=day)
    money = DecimalField(max_digits=19, decimal_places=4)
    rows = (
        Invoice.objects.for_organisations(actor)
        .collectable()
        .order_by("currency")
        .values("currency")
        .annotate(
            outstanding=Sum(due, output_field=money),
            outstanding_count=Count("pk"),
            overdue=Coalesce(Sum(due, filter=late, output_field=money), ZERO, output_field=money),
            overdue_count=Count("pk", filter=late),
        )
    )
    return tuple(Receivables(**row) for row in rows)


def invoice_document(invoice: Invoice) -> InvoiceDocument:
    """The issued document, word for word. Raises DomainError INVOICE_NOT_FINALIZED for a draft."""
    snapshot = DocumentSnapshot.objects.filter(invoice=invoice).first()
    if snapshot is None:
        raise DomainError("A draft has no document yet: finalize the invoice first.", code="INVOICE_NOT_FINALIZED")
    return InvoiceDocument.from_json(snapshot.content)


def summed_taxes(taxes: Iterable[InvoiceTax]) -> tuple[TaxAmount, ...]:
    """One row for each head and rate, as documents print it."""
    return aggregate_taxes(TaxAmount(tax.name, tax.rate, tax.taxable_amount, tax.amount) for tax in taxes)


def latest_rate(*, base: str, target: str, at: date) -> ExchangeRate | None:
    """The last rate published up to a day, however old."""
    return ExchangeRate.objects.filter(base=base, target=target, as_of__lte=at).order_by("-as_of").first()


BY_API, BY_SCHEDULE = "API", "schedule"
STAFF = "the seller's staff"


def names_people(actor: Actor) -> bool:
    """Whether the name of whoever started a run, which belongs to all, may be shown: to who works for all of them."""
    return reachable_organisations(actor) is ALL


def requester(run: BillingRun, *, named: bool) -> str:
    """Who gave the run something to do last; a person's name only where `named`."""
    return run.requested_by if named or run.requested_by in (BY_API, BY_SCHEDULE) else STAFF


def run_progress(*, run: BillingRun, actor: Actor) -> RunProgress:
    visible = BillingRunItem.objects.for_organisations(actor).filter(run=run)
    counts = Counter(dict(visible.order_by().values_list("status").annotate(Count("pk"))))
    return RunProgress(**{status: counts[status] for status in BillingRunItem.Status.values})


def customers_without_rate(*, actor: Actor, today: date) -> Any:
    """Active customers whose invoices need an exchange rate, for which none of the last days is known: with an
    old one they carry a warning, and without any they can't be finalized (invoicing.services.exchange_rates)."""
    known = ExchangeRate.objects.filter(
        base=OuterRef("currency"), target=BOOKS, as_of__range=(today - timedelta(days=EXCHANGE_RATE_WARN_DAYS), today)
    )
    return Organisation.objects.for_organisations(actor).filter(
        ~Exists(known), ~Q(currency=BOOKS), ~Q(billing_entity__gstin=""), is_active=True, billing_entity__country="IN"
    )
