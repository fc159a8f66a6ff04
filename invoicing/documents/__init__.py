"""The invoice as a document: one frozen value, and its rendering to PDF."""

from invoicing.documents.document import (
    BankDetails,
    DocumentLine,
    DocumentTax,
    ExchangeNote,
    InvoiceDocument,
    Party,
)
from invoicing.documents.pdf import render_pdf

__all__ = [
    "BankDetails",
    "DocumentLine",
    "DocumentTax",
    "ExchangeNote",
    "InvoiceDocument",
    "Party",
    "render_pdf",
]
