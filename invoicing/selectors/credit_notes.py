"""What is left of an invoice to credit, and what its credit notes gave back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import DecimalField, F, Sum
from django.db.models.functions import Coalesce

from billing_platform.lib.money import ZERO
from invoicing.computing.credit_notes import Creditable, CreditableLine
from invoicing.documents import InvoiceDocument
from invoicing.gst_heads import TaxAmount
from invoicing.models import CreditNote, CreditNoteLine, CreditNoteTax, Invoice, InvoiceLine
from invoicing.rates import Rate
from invoicing.selectors.documents import invoice_document

BEFORE_DISCOUNT = Coalesce(
    "usage_amount",
    F("amount") * F("invoice_line__amount") / (F("invoice_line__amount") - F("invoice_line__discount")),
    output_field=DecimalField(),
)
"""What a line of a credit note took back, before the discount of its invoice's line. (A line that is discounted to
nothing can't be credited.)"""


@dataclass
class _Taken:
    """What notes took back of one line."""

    amount: Decimal = ZERO
    quantity: Decimal = ZERO
    with_tax: Decimal = ZERO


def creditable(invoice: Invoice) -> Creditable:
    """An issued invoice as its next credit note sees it: four queries, whatever it holds."""
    notes = CreditNote.objects.filter(invoice=invoice)
    taken, taxes = _taken(notes), _taxes_taken(notes)
    rows = invoice.lines.order_by("position").prefetch_related("taxes")
    round_off = notes.aggregate(credited=Sum("round_off"))["credited"] or ZERO
    return Creditable(
        currency=invoice.currency,
        total=invoice.total,
        total_credited=invoice.amount_credited,
        round_off_left=invoice.round_off - round_off,
        lines=tuple(_line(row, taken[row.pk], taxes[row.pk]) for row in rows),
        rate=_rate(invoice_document(invoice)),
    )


def credit_notes_of(invoice: Invoice) -> list[CreditNote]:
    """Oldest first, without their documents."""
    return list(CreditNote.objects.filter(invoice=invoice).defer("document").order_by("created_at"))


def _taken(notes: Iterable[CreditNote]) -> defaultdict[UUID, _Taken]:
    found: defaultdict[UUID, _Taken] = defaultdict(_Taken)
    rows = CreditNoteLine.objects.filter(credit_note__in=notes).order_by()
    for line, kind, amount, quantity in rows.values_list("invoice_line", "credit_note__kind", "amount", "quantity"):
        taken = found[line]
        taken.amount += amount
        taken.quantity += quantity or ZERO
        taken.with_tax += amount if kind != CreditNote.Kind.COMMERCIAL else ZERO
    return found


def _taxes_taken(notes: Iterable[CreditNote]) -> defaultdict[UUID, dict[str, Decimal]]:
    found: defaultdict[UUID, dict[str, Decimal]] = defaultdict(dict)
    rows = CreditNoteTax.objects.filter(credit_note__in=notes).order_by()
    for line, name, amount in rows.values_list("line__invoice_line", "name", "amount"):
        found[line][name] = found[line].get(name, ZERO) + amount
    return found


def _line(row: InvoiceLine, taken: _Taken, taxes: dict[str, Decimal]) -> CreditableLine:
    return CreditableLine(
        position=row.position,
        quantity=row.quantity,
        taxable=row.amount - row.discount,
        taxes=tuple(TaxAmount(tax.name, tax.rate, tax.taxable_amount, tax.amount) for tax in row.taxes.all()),
        credited=taken.amount,
        quantity_credited=taken.quantity,
        credited_with_tax=taken.with_tax,
        taxes_credited=taxes,
    )


def _rate(document: InvoiceDocument) -> Rate | None:
    """The rate of the invoice holds for its notes too: they take back that supply (CGST rule 34)."""
    note = document.exchange
    return Rate(note.base, note.target, note.rate, note.as_of, note.source) if note else None
