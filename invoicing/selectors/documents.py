"""The document of an invoice, its taxes added up, and the address of its pay page."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse

from billing_platform.lib.errors import DomainError
from invoicing.documents import InvoiceDocument
from invoicing.gst_heads import TaxAmount
from invoicing.models import DocumentSnapshot, Invoice, InvoiceTax
from invoicing.selectors.pay_page_links import newest_access
from invoicing.totals import aggregate_taxes


def invoice_document(invoice: Invoice) -> InvoiceDocument:
    """The document of an invoice as it was issued. Raises DomainError INVOICE_NOT_FINALIZED for a draft."""
    snapshot = DocumentSnapshot.objects.filter(invoice=invoice).first()
    if snapshot is None:
        raise DomainError("A draft has no document yet: finalize the invoice first.", code="INVOICE_NOT_FINALIZED")
    return InvoiceDocument.from_json(snapshot.content)


def pay_page_url(invoice: Invoice) -> str:
    """The absolute address of the page where the customer pays. Anybody with the address can see and pay the invoice,
    until the link ends or is revoked: then the page offers to mail a new one."""
    return page_address(newest_access(invoice).token)


def page_address(token: str) -> str:
    """Of the pay page that a token opens. The page belongs to payments: invoicing knows only its name."""
    return str(settings.SITE_URL) + reverse("payments:pay", kwargs={"token": token})


def summed_taxes(taxes: Iterable[InvoiceTax]) -> tuple[TaxAmount, ...]:
    """The taxes added up to one row for each head and rate, as documents print them."""
    return aggregate_taxes(TaxAmount(tax.name, tax.rate, tax.taxable_amount, tax.amount) for tax in taxes)
