"""Final documents for returns: those of a GSTIN and period, read from what was frozen, a page at a time.

Only documents with a number are final. What they say comes from their snapshots and the columns frozen with them, never
from customers, sellers, prices or rates of now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import F, Func, Q, QuerySet, Sum, TextField
from django.db.models.functions import Cast

from billing_platform.lib import clock
from billing_platform.lib.gst import INDIA
from billing_platform.lib.money import ZERO, round_money
from invoicing.documents import InvoiceDocument
from invoicing.gst_heads import SupplyKind
from invoicing.models import CreditNote, EInvoice, Filing, Invoice, NumberSequence
from invoicing.rates import BOOKS
from invoicing.returns.documents import (
    Amounts,
    DocumentKind,
    Irn,
    OriginalInvoice,
    ReturnDocument,
    pieces_of,
    value_of,
)
from invoicing.returns.period import Frequency, ReturnPeriod
from organisations.models import BillingEntity

PAGE = 500
"""Documents in memory at a time."""
_FROZEN = (
    "id", "number", "series", "sequence_number", "issue_date", "supply_kind", "place_of_supply", "seller_gstin",
    "taxable_in_rupees", "igst_in_rupees", "cgst_in_rupees", "sgst_in_rupees", "e_invoice__status",
    "e_invoice__ack_at",
)  # fmt: skip
_RUPEES = ("taxable", "igst", "cgst", "sgst")
_REGISTERED = (SupplyKind.B2B, SupplyKind.SEZ_WITH_PAYMENT, SupplyKind.SEZ_WITHOUT_PAYMENT)
_IRNS = {EInvoice.Status.PENDING: Irn.MISSING, EInvoice.Status.CANCELLED: Irn.CANCELLED}
_NEW_IRN = timedelta(days=2)
"""An e-invoice comes into the portal's own draft of the return two or three days after its IRN (GSTN)."""
_decode = msgspec.json.Decoder(InvoiceDocument).decode


@dataclass(frozen=True, slots=True)
class Contents:
    """Which documents a return has: of its period, and of the period before those that the filed return lacks.

    `changed` are invoices that the filed return before has, and that are void since. `furnished` are the documents that
    a filed IFF of the quarter has already; `withdrawn` those of them that are void since.
    """

    invoices: QuerySet[Invoice]
    credit_notes: QuerySet[CreditNote]
    changed: QuerySet[Invoice]
    withdrawn: QuerySet[Invoice]
    furnished: frozenset[UUID]
    before: Filing | None


def contents_of(gstin: str, period: ReturnPeriod) -> Contents:
    before = None if period.is_iff else _filed_before(gstin, period)
    iffs = _filed_iffs(gstin, period) if period.frequency == Frequency.QUARTERLY else []
    invoices = Invoice.objects.exclude(number="").filter(_of(gstin, period, before, "invoices"))
    notes = CreditNote.objects.filter(_of(gstin, period, before, "credit_notes"))
    if period.is_iff:
        invoices = invoices.filter(supply_kind__in=_REGISTERED)
        notes = notes.filter(supply_kind__in=_REGISTERED)
    return Contents(
        invoices=invoices.exclude(supply_kind=SupplyKind.NO_GST),
        credit_notes=notes.exclude(supply_kind=SupplyKind.NO_GST),
        changed=_void_since([before] if before else []),
        withdrawn=_void_since(iffs),
        furnished=frozenset(pk for each in iffs for pk in (*each.invoices, *each.credit_notes)),
        before=before,
    )


def documents_of(contents: Contents) -> Iterator[ReturnDocument]:
    """Invoices and credit notes, each by date; one page of them in memory."""
    yield from invoices_as_issued(contents.invoices)
    for row, document in _documents(contents.credit_notes, "document", _NOTE):
        is_commercial = row["kind"] == CreditNote.Kind.COMMERCIAL
        original = OriginalInvoice(row["invoice__number"], row["invoice__issue_date"], _value_of_invoice(row))
        yield _document(DocumentKind.CREDIT_NOTE, row, document, original=original, is_commercial=is_commercial)


def invoices_as_issued(invoices: QuerySet[Invoice]) -> Iterator[ReturnDocument]:
    """Void ones too, with what they said before."""
    for row, document in _documents(invoices, "document__content", ("status",)):
        yield _document(DocumentKind.INVOICE, row, document, is_void=row["status"] == Invoice.Status.VOID)


def ledger_of(contents: Contents) -> Amounts:
    """What the columns of the documents come to, added up by the database: invoices less notes, less what is void since
    it was filed. Documents that no return has are left out."""
    live = contents.invoices.exclude(status=Invoice.Status.VOID)
    notes = contents.credit_notes.filter(kind=CreditNote.Kind.GST)
    return _sum(live) + -_sum(notes) + -_sum(contents.changed)


def counts_of(contents: Contents) -> tuple[int, ...]:
    """Differ whenever the return does: documents are never changed or deleted, a void one stays void, and missing,
    cancelled and new IRNs are counted."""
    new = Q(e_invoice__status=EInvoice.Status.GENERATED, e_invoice__ack_at__gt=clock.now() - _NEW_IRN)
    void = contents.invoices.filter(status=Invoice.Status.VOID)
    irns = [
        documents.filter(worth_a_word)
        for documents in (contents.invoices, contents.credit_notes)
        for worth_a_word in (new, *(Q(e_invoice__status=status) for status in _IRNS))
    ]
    rows = (contents.invoices, void, contents.credit_notes, contents.changed, contents.withdrawn, *irns)
    return *(each.order_by().count() for each in rows), len(contents.furnished)


def changes_since(filing: Filing) -> tuple[int, int]:
    """Of an exported return's period: documents that it lacks, and invoices of it that are void since."""
    mine = Q(seller_gstin=filing.gstin, issue_date__gte=filing.period_start, issue_date__lt=filing.period_end)
    lacking = 0
    for rows, column in ((Invoice.objects.exclude(number=""), "invoices"), (CreditNote.objects.all(), "credit_notes")):
        chosen = rows.filter(mine).exclude(supply_kind=SupplyKind.NO_GST)
        if filing.period.is_iff:
            chosen = chosen.filter(supply_kind__in=_REGISTERED)
        lacking += chosen.exclude(pk__in=_ids(filing, column)).count()
    return lacking, _void_since([filing]).count()


def gstins() -> list[str]:
    """Of the sellers of now, and of all series that were numbered; not of test sellers, who file nothing."""
    sellers = BillingEntity.objects.exclude(gstin="").filter(country=INDIA).values_list("gstin", flat=True)
    numbered = NumberSequence.objects.filter(registration__regex=r"^[0-9A-Z]{15}$").order_by()
    tests = BillingEntity.objects.filter(is_test=True).values_list("gstin", flat=True)
    return sorted({*sellers, *numbered.values_list("registration", flat=True)} - {*tests})


def _of(gstin: str, period: ReturnPeriod, before: Filing | None, column: str) -> Q:
    """Of the period, or of the one before and not among the documents that were filed for it."""
    mine = Q(seller_gstin=gstin, issue_date__gte=period.start, issue_date__lt=period.end)
    if before is None:
        return mine
    earlier = Q(seller_gstin=gstin, issue_date__gte=before.period_start, issue_date__lt=before.period_end)
    return mine | (earlier & ~Q(pk__in=_ids(before, column)))


def _ids(filing: Filing, column: str) -> QuerySet[Any]:
    unnested = Func(F(column), function="unnest", set_returning=True)
    return Filing.objects.filter(pk=filing.pk).annotate(document=unnested).values("document")


def _filed_before(gstin: str, period: ReturnPeriod) -> Filing | None:
    filed = Filing.objects.filed().filter(gstin=gstin, period_end=period.start)
    return filed.exclude(frequency=Frequency.IFF).first()


def _filed_iffs(gstin: str, period: ReturnPeriod) -> list[Filing]:
    filed = Filing.objects.filed().filter(gstin=gstin, frequency=Frequency.IFF)
    return list(filed.filter(period_start__gte=period.start, period_end__lte=period.end).defer("summary"))


def _void_since(filings: list[Filing]) -> QuerySet[Invoice]:
    found = Q(pk=None)
    for each in filings:
        found |= Q(pk__in=_ids(each, "invoices")) & ~Q(pk__in=_ids(each, "void_invoices"))
    return Invoice.objects.filter(found, status=Invoice.Status.VOID)


def _sum(rows: QuerySet[Any]) -> Amounts:
    found = rows.order_by().aggregate(**{head: Sum(f"{head}_in_rupees") for head in _RUPEES})
    return Amounts(*(round_money(found[head] or ZERO, BOOKS) for head in _RUPEES))


_NOTE = (
    "kind", "invoice__number", "invoice__issue_date", "invoice__currency", "invoice__total",
    *(f"invoice__{head}_in_rupees" for head in _RUPEES),
)  # fmt: skip


def _documents(rows: QuerySet[Any], content: str, also: tuple[str, ...]) -> Iterator[tuple[Any, InvoiceDocument]]:
    """Columns and document of each row, in the order of date and id: each page begins where the last one ended."""
    ordered = rows.order_by("issue_date", "pk").annotate(content_text=Cast(content, TextField()))
    after = Q()
    while True:
        page = list(ordered.filter(after).values(*_FROZEN, *also, "content_text")[:PAGE])
        for row in page:
            yield row, _decode(row["content_text"])
        if len(page) < PAGE:
            return
        day, pk = page[-1]["issue_date"], page[-1]["id"]
        after = Q(issue_date__gte=day) & (Q(issue_date__gt=day) | Q(pk__gt=pk))


def _document(
    kind: DocumentKind,
    row: Any,
    document: InvoiceDocument,
    *,
    is_void: bool = False,
    is_commercial: bool = False,
    original: OriginalInvoice | None = None,
) -> ReturnDocument:
    booked = Amounts(*(round_money(row[f"{head}_in_rupees"] or ZERO, BOOKS) for head in _RUPEES))
    value, round_off = value_of(document)
    return ReturnDocument(
        id=row["id"],
        kind=kind,
        number=row["number"],
        series=row["series"],
        sequence_number=row["sequence_number"],
        issue_date=row["issue_date"],
        supply_kind=SupplyKind(row["supply_kind"]),
        place_of_supply=row["place_of_supply"],
        seller_gstin=row["seller_gstin"],
        customer_gstin=document.customer.gstin,
        customer_name=document.customer.name,
        value=value,
        round_off=round_off,
        pieces=pieces_of(document, booked),
        customer_email=document.customer.email,
        customer_pin=document.customer.postal_code,
        lut_number=document.lut_number,
        irn=_irn(row),
        is_void=is_void,
        is_commercial=is_commercial,
        original=original,
    )


def _irn(row: Any) -> Irn:
    given = row["e_invoice__ack_at"]
    if row["e_invoice__status"] == EInvoice.Status.GENERATED and given > clock.now() - _NEW_IRN:
        return Irn.NEW
    return _IRNS.get(row["e_invoice__status"], Irn.FINE)


def _value_of_invoice(row: Any) -> Decimal:
    """In rupees, tax included."""
    if row["invoice__currency"] == BOOKS:
        return round_money(row["invoice__total"], BOOKS)
    return round_money(sum((row[f"invoice__{head}_in_rupees"] or ZERO for head in _RUPEES), ZERO), BOOKS)
