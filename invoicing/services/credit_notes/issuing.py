"""Issue credit notes: the only way to take back something of an invoice that somebody may have seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.law import last_day_for_credit_note
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.money import ZERO
from billing_platform.lib.validators import require, validate_printed_paragraphs
from invoicing.computing.credit_notes import (
    Note,
    Wanted,
    all_that_is_left,
    compute_note,
    supplied_on,
)
from invoicing.documents import InvoiceDocument
from invoicing.gst_heads import CGST, IGST, SGST, UTGST, SupplyKind
from invoicing.models import BillingRunItem, CreditNote, CreditNoteLine, CreditNoteTax, Invoice
from invoicing.selectors.credit_notes import creditable
from invoicing.selectors.documents import invoice_document
from invoicing.services.credit_notes.credit_note_delivery import begin_delivery
from invoicing.services.credit_notes.credit_note_documents import build_document
from invoicing.services.e_invoices.needed import begin_e_invoices
from invoicing.services.issuing import check_drawable
from invoicing.services.locking import lock_billing, lock_invoice, lock_items, require_issued
from invoicing.services.numbering import registration_of, take_number
from invoicing.services.paid_total import save_standing
from invoicing.services.unbilled_months import wait_for_a_person
from invoicing.signals import invoice_credited
from organisations.notifications.recipients import recipients
from organisations.webhooks.announcing import announce

Kind, Reason = CreditNote.Kind, CreditNote.Reason


@dataclass(frozen=True, slots=True)
class Why:
    """The reason of a note, from the list and in words."""

    reason: str
    text: str = ""

    def check(self) -> None:
        """Raises InvalidInput at `reason` or `reason_text`."""
        if self.reason not in Reason.values:
            raise InvalidInput.field("reason", f"Choose one of {', '.join(Reason.values)}.")
        if self.reason == Reason.OTHER and not self.text:
            raise InvalidInput.field("reason_text", "Say in words what the reason is.")
        if len(self.text) > REASON_LENGTH:
            raise InvalidInput.field("reason_text", f"Use at most {REASON_LENGTH} characters.")
        require("reason_text", self.text, validate_printed_paragraphs)


@dataclass(frozen=True, slots=True)
class Corrections:
    """Of a note that gives back corrections of usage: the month that counted them, by its first day, and what is given
    back of each line's amount before its discount, by the line's position."""

    counted_in: date
    amounts: Mapping[int, Decimal]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a note would do, worked out and not issued."""

    note: Note
    kind: str
    last_day: date | None  # for a note that reduces GST; None where none is charged
    due: Decimal  # what the customer owes afterwards
    excess: Decimal  # what is paid and then no more owed: to refund, or to credit to another invoice


def look_ahead(
    *,
    invoice: Invoice,
    lines: Sequence[Wanted] | None,
    kind: str | None = None,
    bill_again: bool = False,
    on: date | None = None,
) -> Outlook:
    """What a credit note over these lines, or over all that is left, would be by now. Nothing is stored. A note that
    lets the month be billed anew cancels the supply: it also takes back the tax of commercial notes before it.

    Raises DomainError INVOICE_NOT_FINALIZED, INVOICE_VOID, INVOICE_CREDITED or CREDIT_NOTE_TOO_LATE, and InvalidInput.
    """
    require_issued(invoice)
    if not invoice.is_creditable:
        raise DomainError(f"Nothing of invoice {invoice} is left to credit.", code="INVOICE_CREDITED")
    day = on or clock.today(invoice.billing_entity.time_zone)
    last_day = last_day_of(invoice)
    if bill_again:
        _check_month(invoice, last_day, day)
    chosen = _kind(invoice, kind, day, last_day)
    facts, with_tax, in_returns = creditable(invoice), chosen != Kind.COMMERCIAL, chosen == Kind.GST
    cancels = bill_again and with_tax and lines is None
    wanted = all_that_is_left(facts, cancels=cancels) if lines is None else lines
    note = compute_note(facts, wanted, with_tax=with_tax, in_returns=in_returns, cancels=cancels)
    if bill_again and note.total != invoice.amount_owed:
        raise InvalidInput.field(
            "bill_again", "Only a credit note over all that is left, tax included, lets the month be billed anew."
        )
    due = invoice.amount_due - note.total
    return Outlook(note, chosen, last_day, due=max(due, ZERO), excess=max(-due, ZERO))


def last_day_of(invoice: Invoice) -> date | None:
    """The last day on which a credit note may reduce the GST of an issued invoice; None where none is charged."""
    if invoice.supply_kind == SupplyKind.NO_GST or invoice.issue_date is None:
        return None
    return last_day_for_credit_note(supplied_on(invoice.issue_date, invoice.period))


@transaction.atomic
def issue_credit_note(
    *,
    invoice_id: UUID,
    lines: Sequence[Wanted] | None,
    why: Why,
    kind: str | None = None,
    bill_again: bool = False,
    send: bool = True,
    corrections: Corrections | None = None,
) -> CreditNote:
    """Take back parts of an issued invoice, or all that is left of it if `lines` is None.

    `kind` is the GST note where the invoice has GST, unless a commercial one is asked for: it gives no tax back, and is
    the only one possible after the last day for GST. `bill_again` releases the invoice's month, which then waits to be
    billed anew, as after voiding; only a note over all that is left can, and it
    takes back the tax that commercial notes left owed, too. What customers paid above what they still owe
    is taken off the invoice in the same transaction, and waits on the payment to be refunded or credited elsewhere.

    Raises NotFound; DomainError INVOICE_NOT_FINALIZED, INVOICE_VOID, INVOICE_CREDITED, CREDIT_NOTE_TOO_LATE,
    SERIES_FULL or DOCUMENT_NOT_DRAWABLE; InvalidInput for `lines`, `kind`, `reason`, `reason_text` and `bill_again`.
    """
    why = replace(why, text=why.text.strip())
    why.check()
    invoice, items = _lock(invoice_id, with_month=bill_again)
    day = clock.today(invoice.billing_entity.time_zone)
    outlook = look_ahead(invoice=invoice, lines=lines, kind=kind, bill_again=bill_again, on=day)
    note = _new_note(invoice, outlook, why, day, bill_again=bill_again)
    original = invoice_document(invoice)
    check_drawable(build_document(note, outlook.note, original))
    _store(note, outlook.note, original, corrections)
    invoice.amount_credited += note.total
    invoice.is_released = bill_again
    invoice_credited.send(sender=Invoice, invoice=invoice)
    save_standing(invoice)
    if bill_again:
        invoice.save(update_fields=["is_released", "updated_at"])
        wait_for_a_person(items, invoice, f"Invoice {invoice} was credited by {note} to be billed anew")
    begin_e_invoices([(note, InvoiceDocument.from_json(note.document))])
    begin_delivery(note, to=recipients(invoice.organisation, "credit_note_issued") if send else [])
    announce("credit_note.issued", organisation_id=note.organisation_id, object_id=note.pk)
    return note


def _lock(invoice_id: UUID, *, with_month: bool) -> tuple[Invoice, list[BillingRunItem]]:
    """The invoice, locked after its month and its customer's money, as everywhere."""
    items = lock_items(invoice_id) if with_month else []
    unlocked = Invoice.objects.select_related("organisation").filter(pk=invoice_id).first()
    if unlocked is None:
        raise NotFound("There is no such invoice.")
    if with_month:
        lock_billing(unlocked.organisation)
    advisory_lock(LockSpace.CUSTOMER_MONEY, unlocked.organisation_id)
    return lock_invoice(invoice_id), items


def _kind(invoice: Invoice, kind: str | None, day: date, last_day: date | None) -> str:
    if kind is not None and kind not in Kind.values:
        raise InvalidInput.field("kind", f"Choose one of {', '.join(Kind.values)}.")
    if last_day is None:
        if kind == Kind.GST:
            raise InvalidInput.field("kind", f"Invoice {invoice} has no GST to take back.")
        return Kind.TAX if invoice.tax_total and kind != Kind.COMMERCIAL else Kind.COMMERCIAL
    if (kind or Kind.GST) == Kind.COMMERCIAL:
        return Kind.COMMERCIAL
    if day > last_day:
        raise DomainError(
            f"{day_text(last_day)} was the last day on which a credit note could take back GST of invoice {invoice} "
            "(CGST Act, section 34 (2)). A commercial credit note is possible: it gives no tax back.",
            code="CREDIT_NOTE_TOO_LATE",
            details={"last_day": last_day.isoformat(), "possible_kind": Kind.COMMERCIAL.value},
        )
    return Kind.GST


def _check_month(invoice: Invoice, last_day: date | None, day: date) -> None:
    """Raises InvalidInput at `bill_again` where the invoice's month can't be billed anew."""
    if invoice.period is None:
        raise InvalidInput.field("bill_again", "A one-off invoice has no month to be billed anew.")
    if last_day is not None and day > last_day and invoice.tax_total:
        raise InvalidInput.field(
            "bill_again",
            f"{day_text(last_day)} was the last day on which GST of invoice {invoice} could be taken back: its month "
            "can't be billed anew. Give back what was too much by a commercial note, and charge what is missing by a "
            "one-off invoice.",
        )


def _new_note(invoice: Invoice, outlook: Outlook, why: Why, day: date, *, bill_again: bool) -> CreditNote:
    computed, books = outlook.note, outlook.note.in_rupees
    return CreditNote(
        organisation=invoice.organisation,
        billing_entity=invoice.billing_entity,
        invoice=invoice,
        kind=outlook.kind,
        reason=why.reason,
        reason_text=why.text,
        bill_again=bill_again,
        issue_date=day,
        currency=invoice.currency,
        subtotal=computed.subtotal,
        tax_total=computed.tax_total,
        round_off=computed.round_off,
        total=computed.total,
        seller_gstin=invoice.seller_gstin,
        supply_kind=invoice.supply_kind,
        place_of_supply=invoice.place_of_supply,
        taxable_in_rupees=books.taxable_amount if books else None,
        igst_in_rupees=books.of_heads(IGST) if books else None,
        cgst_in_rupees=books.of_heads(CGST) if books else None,
        sgst_in_rupees=books.of_heads(SGST, UTGST) if books else None,
    )


def _store(note: CreditNote, computed: Note, original: InvoiceDocument, corrections: Corrections | None) -> None:
    """Number and store the note with its lines and taxes. The number comes last: other notes wait for it."""
    of_usage = corrections.amounts if corrections else {}
    note.usage_counted_in = corrections.counted_in if corrections else None
    entity = note.billing_entity
    number = take_number(
        billing_entity=entity,
        series=entity.credit_note_prefix,
        on=note.issue_date,
        registration=note.seller_gstin or registration_of(entity),
    )
    note.number, note.series = number.text, number.series
    note.financial_year, note.sequence_number = number.financial_year, number.sequence_number
    note.document = build_document(note, computed, original).to_json()
    note.save()
    ids = dict(note.invoice.lines.values_list("position", "pk"))
    rows = [
        CreditNoteLine(
            credit_note=note,
            invoice_line_id=ids[line.position],
            amount=line.amount,
            quantity=line.quantity,
            usage_amount=of_usage.get(line.position),
        )
        for line in computed.lines
    ]
    CreditNoteLine.objects.bulk_create(rows)
    CreditNoteTax.objects.bulk_create(
        CreditNoteTax(credit_note=note, line=row, **{each.name: getattr(tax, each.name) for each in fields(tax)})
        for row, line in zip(rows, computed.lines, strict=True)
        for tax in line.taxes
    )
