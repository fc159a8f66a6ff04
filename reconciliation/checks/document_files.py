"""Documents as issued and as stored: the frozen document, the columns beside it, and the file of its PDF."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Q

from billing_platform.lib.database.parts import in_parts
from billing_platform.lib.database.sql import query
from invoicing.models import CreditNote, Invoice
from invoicing.services.stored_pdfs import FileState, StoredPdf, check
from reconciliation.checks.reading import days, rows
from reconciliation.findings import Finding, FindingKind, Tally, Window

_DOCUMENTS = query(__file__, "documents_as_issued")
_LINES = query(__file__, "lines_as_issued")
_KINDS = {FileState.CHANGED: FindingKind.PDF_CHANGED, FileState.LOST: FindingKind.PDF_LOST}


def find(window: Window, tally: Tally) -> Iterator[Finding]:
    """Documents by their issue dates. Each stored PDF is read and hashed; a storage that doesn't answer fails the
    check."""
    for row in rows(_DOCUMENTS, days(window)):
        yield _document(row)
    for row in rows(_LINES, days(window)):
        yield _line(row)
    for noun, model, issued_at in (("Invoice", Invoice, "finalized_at"), ("Credit note", CreditNote, "created_at")):
        for document in in_parts(_with_pdf(model, issued_at, window)):
            tally.compared += 1
            yield from _file(noun, document)


def _with_pdf(model: type[Any], issued_at: str, window: Window) -> Any:
    """Documents of the days, and those of the day before that were issued since (see invoice_sums.sql)."""
    before = Q(issue_date=window.first - timedelta(days=1), **{f"{issued_at}__gte": window.start})
    within = Q(issue_date__gte=window.first, issue_date__lte=window.last)
    found = model.objects.exclude(pdf="").filter(within | before)
    if window.organisation_id is not None:
        found = found.filter(organisation=window.organisation_id)
    columns = ("number", "issue_date", "organisation_id", "pdf", "pdf_sha256")
    return found.only(*columns).order_by("issue_date", "pk")


def _document(row: Any) -> Finding:
    noun, pk, number, organisation_id, issued, _currency, stored, document = row
    kind = FindingKind.DOCUMENT_MISSING if document is None else FindingKind.DOCUMENT_DIFFERS
    return Finding(
        kind,
        subject=str(pk),
        about=f"{noun} {number}",
        day=issued,
        expected=document or "the document as it was issued",
        found=stored if document else "none",
        organisation_id=organisation_id,
        facts={"document_id": str(pk)},
    )


def _line(row: Any) -> Finding:
    pk, number, organisation_id, issued, position, stored, printed = row
    return Finding(
        FindingKind.LINE_DIFFERS,
        subject=f"{pk} {position}",
        about=f"Invoice {number}, line {position}",
        day=issued,
        expected=printed or "no such line in the document as it was issued",
        found=stored or "no such line",
        organisation_id=organisation_id,
    )


def _file(noun: str, document: Any) -> Iterator[Finding]:
    found = check(StoredPdf.of(document))
    if found.state == FileState.UNREAD:
        raise OSError(f"The file storage did not give out the PDF of {document.number}.")
    if found.state in _KINDS:
        yield Finding(
            _KINDS[found.state],
            subject=str(document.pk),
            about=f"PDF of {noun.lower()} {document.number}",
            day=document.issue_date,
            expected=f"SHA-256 {document.pdf_sha256}",
            found=f"SHA-256 {found.sha256}" if found.sha256 else "no file",
            organisation_id=document.organisation_id,
            facts={"document_id": str(document.pk), "noun": noun},
        )
