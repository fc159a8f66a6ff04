"""What a person types on a draft: lines beside the month's usage, the customer's order number, and notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.number_formats import format_money, short_text
from invoicing.computing.invoice import compute
from invoicing.lines import Line, LineKind
from invoicing.models import Invoice
from invoicing.services.approval_demands import note_edit, note_person
from invoicing.services.drafting import Draft, set_texts, store
from invoicing.services.facts.invoice_facts import as_typed, facts_of
from invoicing.services.locking import lock_billing, lock_draft
from invoicing.services.typed_lines import TypedLine, read_typed_lines
from organisations import audit


@transaction.atomic
def set_typed_lines(*, invoice_id: UUID, lines: Sequence[TypedLine]) -> Invoice:
    """Replace the typed lines of a draft by these, and compute it again. Lines of usage stay as they are computed.

    Computing again and finalizing keep typed lines. Raises InvalidInput at the field, also for a one-off invoice that
    would have no line left, and DomainError INVOICE_NOT_DRAFT.
    """
    invoice = lock_draft(invoice_id)
    lock_billing(invoice.organisation)
    given = read_typed_lines(lines, organisation=invoice.organisation, currency=invoice.currency)
    if not given and invoice.period is None:
        raise InvalidInput.field("lines", "A one-off invoice has at least one line: discard the draft instead.")
    before = typed_lines_of(invoice)
    if given == before:
        return invoice
    facts = replace(facts_of(invoice), lines=given)
    draft = Draft(invoice, facts, compute(facts))
    note_edit(invoice, draft.computed)
    store([draft])
    audit.note(invoice, typed_lines=(_in_words(before, invoice.currency), _in_words(given, invoice.currency)))
    return invoice


@transaction.atomic
def set_particulars(*, invoice_id: UUID, purchase_order: str, notes: str) -> Invoice:
    """The customer's order number and the notes that a draft will print. Raises ValidationError, and DomainError
    INVOICE_NOT_DRAFT."""
    invoice = lock_draft(invoice_id)
    set_texts(invoice, purchase_order=purchase_order, notes=notes)
    note_person(invoice)
    invoice.save(update_fields=["purchase_order", "notes", "edited_by", "updated_at"])
    return invoice


def typed_lines_of(invoice: Invoice) -> tuple[Line, ...]:
    """The lines of a draft that a person typed."""
    return tuple(as_typed(row) for row in invoice.lines.filter(kind=LineKind.ONE_OFF).order_by("position"))


def _in_words(lines: Iterable[Line], currency: str) -> str:
    """One sentence for the history: "Onboarding: 2 × ₹500.00 = ₹1,000.00"."""
    return "; ".join(
        f"{line.description}: {short_text(line.quantity)} × {short_text(line.unit_price or 0)} = "
        f"{format_money(line.amount, currency)}"
        for line in lines
    )
