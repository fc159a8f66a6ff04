"""The invoice or credit note as a document: one frozen value, and its rendering to PDF."""

from invoicing.documents.document import (
    BankDetails,
    CreditedInvoice,
    DocumentLine,
    DocumentParty,
    DocumentTax,
    ExchangeNote,
    InvoiceDocument,
)
from invoicing.documents.pdf import check_layout, render_pdf
from invoicing.documents.standing import AS_ISSUED, Registration, Stage, Standing

__all__ = [
    "AS_ISSUED",
    "BankDetails",
    "CreditedInvoice",
    "DocumentLine",
    "DocumentParty",
    "DocumentTax",
    "ExchangeNote",
    "InvoiceDocument",
    "Registration",
    "Stage",
    "Standing",
    "check_layout",
    "render_pdf",
]
