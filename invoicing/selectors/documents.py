"""The document of an invoice, and its taxes added up."""

from __future__ import annotations

from collections.abc import Iterable

from billing_platform.lib.errors import DomainError
from invoicing.documents import InvoiceDocument
from invoicing.models import DocumentSnapshot, Invoice, InvoiceTax
from invoicing.tax import TaxAmount
from invoicing.totals import aggregate_taxes


def invoice_document(invoice: Invoice) -> InvoiceDocument:
    """The document of an invoice as it was issued. Raises DomainError INVOICE_NOT_FINALIZED for a draft."""
    snapshot = DocumentSnapshot.objects.filter(invoice=invoice).first()
    if snapshot is None:
        raise DomainError("A draft has no document yet: finalize the invoice first.", code="INVOICE_NOT_FINALIZED")
    return InvoiceDocument.from_json(snapshot.content)


def summed_taxes(taxes: Iterable[InvoiceTax]) -> tuple[TaxAmount, ...]:
    """The taxes added up to one row for each head and rate, as documents print them."""
    return aggregate_taxes(TaxAmount(tax.name, tax.rate, tax.taxable_amount, tax.amount) for tax in taxes)
