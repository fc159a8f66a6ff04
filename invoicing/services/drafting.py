"""Drafts: an invoice computed and stored, so that it can be looked at, changed and computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from billing_platform.lib.database.bulk import insert_objects
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.limits import MAX_LINES
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.invoice import Computed, compute
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.errors import NothingToBill
from invoicing.models import Invoice
from invoicing.services.approval_demands import note_demands, note_edit
from invoicing.services.draft_rows import delete_lines, insert_lines, read_rows, rows_of
from invoicing.services.facts.invoice_facts import facts_of, month_facts, one_off_facts
from invoicing.services.locking import lock_billing, lock_draft, lock_items
from invoicing.services.terms.discounts import store_redemptions
from invoicing.services.typed_lines import TypedLine, read_typed_lines
from invoicing.services.unbilled_months import park_without_draft
from organisations import audit
from organisations.models import Organisation
from organisations.webhooks.announcing import announce_all


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice that is no document yet, the facts that it is computed from, and what they come to."""

    invoice: Invoice
    facts: InvoiceFacts
    computed: Computed

    @property
    def is_empty(self) -> bool:
        """Nothing is on it, and nothing was left off it."""
        return self.computed.is_empty


@transaction.atomic
def create_draft(*, organisation: Organisation, period: BillingPeriod) -> Invoice:
    """Draft the invoice of a month, as a person's wish.

    Raises DomainError INVOICE_EXISTS when the month has a live invoice, NothingToBill when nothing was used.
    """
    lock_billing(organisation)
    existing = Invoice.objects.billing().filter(organisation=organisation, period_start=period.start).first()
    if existing is not None:
        raise DomainError(
            f"{organisation.name} has an invoice for {month_text(period)} already.",
            code="INVOICE_EXISTS",
            details={"invoice": str(existing.pk)},
        )
    facts = month_facts(organisation=organisation, period=period)
    draft = Draft(month_invoice(organisation, period), facts, compute(facts))
    if draft.is_empty:
        raise NothingToBill(f"{organisation.name} used nothing in {month_text(period)}.")
    note_edit(draft.invoice, draft.computed)
    store([draft])
    return draft.invoice


@transaction.atomic
def create_one_off_draft(
    *, organisation: Organisation, lines: Sequence[TypedLine], purchase_order: str = "", notes: str = ""
) -> Invoice:
    """Draft an invoice of given lines: `{description, quantity, unit_price, sac?}`. Raises InvalidInput, and
    ValidationError for the texts."""
    if not lines:
        raise InvalidInput.field("lines", f"Give 1 to {MAX_LINES} lines.")
    currency = organisation.currency
    given = read_typed_lines(lines, organisation=organisation, currency=currency)
    facts = one_off_facts(organisation=organisation, currency=currency, lines=given)
    draft = Draft(Invoice(organisation=organisation), facts, compute(facts))
    set_texts(draft.invoice, purchase_order=purchase_order, notes=notes)
    note_edit(draft.invoice, draft.computed)
    store([draft])
    return draft.invoice


@transaction.atomic
def recompute_draft(*, invoice_id: UUID) -> Invoice:
    """Compute a draft again from today's usage, prices and rates. Raises DomainError INVOICE_NOT_DRAFT."""
    invoice = lock_draft(invoice_id)
    lock_billing(invoice.organisation)
    draft = draft_anew(invoice)
    note_demands(invoice, draft.computed)
    store([draft])
    return invoice


def set_texts(invoice: Invoice, *, purchase_order: str, notes: str) -> None:
    """What a person writes on a draft beside its lines. Nothing is saved. Raises ValidationError."""
    invoice.purchase_order, invoice.notes = purchase_order.strip(), notes.strip()
    texts = {"purchase_order", "notes"}
    invoice.clean_fields(exclude={each.name for each in Invoice._meta.fields} - texts)


@transaction.atomic
def delete_draft(*, invoice_id: UUID) -> None:
    """Delete a draft; its month can be drafted again. Raises DomainError INVOICE_NOT_DRAFT.

    A month of a billing run that waited for approval waits for a person as a parked one."""
    items = lock_items(invoice_id)
    lock_draft(invoice_id).delete()
    for item in items:
        park_without_draft(item)


def draft_anew(invoice: Invoice) -> Draft:
    """A draft as it would be computed by now; nothing is stored. A one-off keeps its lines and currency."""
    facts = facts_of(invoice)
    return Draft(invoice, facts, compute(facts))


def computed_anew(invoice: Invoice) -> Computed:
    """What a draft comes to by now."""
    return draft_anew(invoice).computed


def compute_month(*, organisation: Organisation, period: BillingPeriod) -> Computed:
    """What the invoice of a month would be by now; nothing is stored."""
    return compute(month_facts(organisation=organisation, period=period))


def month_invoice(organisation: Organisation, period: BillingPeriod) -> Invoice:
    """The invoice of a month, not stored yet."""
    return Invoice(organisation=organisation, period_start=period.start, period_end=period.end)


def store(drafts: Sequence[Draft]) -> None:
    """Store the invoices, new ones and others, with the lines, taxes and sums that were computed. The seller is the
    organisation's of today. A few statements for all of them: the caller has locked what must not change meanwhile."""
    for draft in drafts:
        take_over(draft)
    known = [draft.invoice for draft in drafts if not draft.invoice._state.adding]
    new = [draft.invoice for draft in drafts if draft.invoice._state.adding]
    delete_lines([invoice.pk for invoice in known])
    for invoice in known:
        invoice.save()
    insert_objects(new)
    audit.note_created(new)
    rows = {draft.invoice.pk: rows_of(draft.computed) for draft in drafts}
    insert_lines(rows)
    store_redemptions({draft.invoice: draft.computed.lines for draft in drafts}, known)
    announce_all("invoice.drafted", owners={invoice.pk: invoice.organisation_id for invoice in new})
    if read_rows(rows) != {pk: lines for pk, lines in rows.items() if lines}:  # a fault of ours: never to be printed
        raise DomainError("The stored lines are not the computed ones.", code="INVOICE_DOES_NOT_ADD_UP", status=500)


def take_over(draft: Draft) -> None:
    """Set the invoice's columns as they were computed. Nothing is saved."""
    invoice, computed = draft.invoice, draft.computed
    invoice.billing_entity = invoice.organisation.billing_entity
    invoice.currency = computed.currency
    for name in _SUMS:
        setattr(invoice, name, getattr(computed.totals, name))
    invoice.warnings = [warning.to_json() for warning in computed.warnings]


def is_stored(draft: Draft) -> bool:
    """Whether the database holds exactly what was computed: then it need not be written again."""
    invoice, computed = draft.invoice, draft.computed
    entity_id = invoice.organisation.billing_entity_id
    if (invoice.billing_entity_id, invoice.currency) != (entity_id, computed.currency):
        return False
    if any(getattr(invoice, name) != getattr(computed.totals, name) for name in _SUMS):
        return False
    if invoice.warnings != [warning.to_json() for warning in computed.warnings]:
        return False
    return read_rows([invoice.pk]).get(invoice.pk, []) == rows_of(computed)


_SUMS = ("subtotal", "discount_total", "tax_total", "round_off", "total")
