"""Drafts: an invoice computed and stored, so that it can be looked at, changed and computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.limits import MAX_LINES
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.invoice import Computed, compute
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.errors import NothingToBill
from invoicing.lines import Line
from invoicing.models import Invoice, InvoiceLine, InvoiceTax
from invoicing.services.discounts import store_redemptions
from invoicing.services.facts import LINE_COLUMNS, facts_of, month_facts, one_off_facts
from invoicing.services.locking import lock_billing, lock_draft
from invoicing.services.typed_lines import TypedLine, read_typed_lines
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class Draft:
    """A stored draft with the facts that it was computed from: as long as they hold, it need not be computed again."""

    invoice: Invoice
    facts: InvoiceFacts
    computed: Computed

    @property
    def is_empty(self) -> bool:
        """Nothing was used that could be billed, and nothing needs a person's attention."""
        return not self.computed.lines and not self.computed.warnings


def create_draft(*, organisation: Organisation, period: BillingPeriod) -> Invoice:
    """Draft the invoice of a month.

    Raises DomainError INVOICE_EXISTS when the month has a live invoice, NothingToBill when nothing was used.
    """
    return draft_month(organisation=organisation, period=period).invoice


@transaction.atomic
def draft_month(*, organisation: Organisation, period: BillingPeriod) -> Draft:
    """`create_draft`, for a caller that issues the invoice next."""
    lock_billing(organisation)
    existing = Invoice.objects.live().filter(organisation=organisation, period_start=period.start).first()
    if existing is not None:
        raise DomainError(
            f"{organisation.name} has an invoice for {month_text(period)} already.",
            code="INVOICE_EXISTS",
            details={"invoice": str(existing.pk)},
        )
    facts = month_facts(organisation=organisation, period=period)
    computed = compute(facts)
    if not computed.lines and not computed.warnings:
        raise NothingToBill(f"{organisation.name} used nothing in {month_text(period)}.")
    invoice = _new_invoice(organisation, period_start=period.start, period_end=period.end)
    _store(invoice, computed)
    return Draft(invoice, facts, computed)


@transaction.atomic
def create_one_off_draft(*, organisation: Organisation, lines: Sequence[TypedLine]) -> Invoice:
    """Draft an invoice of given lines: `{description, quantity, unit_price, sac?}`. Raises InvalidInput."""
    if not lines:
        raise InvalidInput.field("lines", f"Give 1 to {MAX_LINES} lines.")
    currency = organisation.currency
    given = read_typed_lines(lines, organisation=organisation, currency=currency)
    invoice = _new_invoice(organisation)
    _store(invoice, compute(one_off_facts(organisation=organisation, currency=currency, lines=given)))
    return invoice


def recompute_draft(*, invoice_id: UUID) -> Invoice:
    """Compute a draft again from today's usage, prices and rates. Raises DomainError INVOICE_NOT_DRAFT."""
    return draft_again(invoice_id=invoice_id).invoice


@transaction.atomic
def draft_again(*, invoice_id: UUID) -> Draft:
    """`recompute_draft`, for a caller that issues the invoice next."""
    invoice = lock_draft(invoice_id)
    lock_billing(invoice.organisation)
    facts = facts_of(invoice)
    return Draft(invoice, facts, store_computed(invoice, facts))


@transaction.atomic
def delete_draft(*, invoice_id: UUID) -> None:
    """Delete a draft; its month can be drafted again. Raises DomainError INVOICE_NOT_DRAFT."""
    lock_draft(invoice_id).delete()


def store_computed(invoice: Invoice, facts: InvoiceFacts) -> Computed:
    """Compute the draft from these facts and store the result. The seller is the organisation's of today."""
    computed = compute(facts)
    invoice.billing_entity = invoice.organisation.billing_entity
    invoice.currency = computed.currency
    _store(invoice, computed)
    return computed


def computed_anew(invoice: Invoice) -> Computed:
    """What a draft comes to by now; nothing is stored. A one-off keeps its lines and currency."""
    return compute(facts_of(invoice))


def compute_month(*, organisation: Organisation, period: BillingPeriod) -> Computed:
    """What the invoice of a month would be by now; nothing is stored."""
    return compute(month_facts(organisation=organisation, period=period))


def line_columns(line: Line) -> dict[str, Any]:
    """The columns of a line's row, without invoice and position."""
    same = {name: getattr(line, name) for name in LINE_COLUMNS}
    return {
        **same,
        "dimensions": dict(line.dimensions),
        "explanation": [step.to_json() for step in line.steps],
        "discounts": [discount.to_json() for discount in line.discounts],
    }


def _new_invoice(organisation: Organisation, **values: date) -> Invoice:
    return Invoice.objects.create(
        organisation=organisation,
        billing_entity=organisation.billing_entity,
        currency=organisation.currency,
        **values,
    )


def _store(invoice: Invoice, computed: Computed) -> None:
    """Replace lines and taxes of a draft, and its sums."""
    invoice.taxes.all().delete()
    invoice.lines.all().delete()
    rows = [
        InvoiceLine(invoice=invoice, position=position, **line_columns(line))
        for position, line in enumerate(computed.lines, 1)
    ]
    InvoiceLine.objects.bulk_create(rows)
    InvoiceTax.objects.bulk_create(
        InvoiceTax(invoice=invoice, line=row, **{each.name: getattr(tax, each.name) for each in fields(tax)})
        for row, taxes in zip(rows, computed.totals.line_taxes, strict=True)
        for tax in taxes
    )
    store_redemptions(invoice, computed.lines)
    totals = computed.totals
    invoice.subtotal, invoice.discount_total = totals.subtotal, totals.discount_total
    invoice.tax_total, invoice.round_off, invoice.total = totals.tax_total, totals.round_off, totals.total
    invoice.warnings = [warning.to_json() for warning in computed.warnings]
    invoice.save()
