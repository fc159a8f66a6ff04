"""What an e-invoice is made of: its document, the JSON, what is found in it, and what is printed once it has an IRN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME
from invoicing.documents import InvoiceDocument, Registration
from invoicing.models import CreditNote, EInvoice, Invoice
from invoicing.returns.e_invoice import e_invoice
from invoicing.returns.e_invoice_buyer import Buyer
from invoicing.returns.e_invoice_finding import Finding, blocking
from invoicing.returns.e_invoice_lints import lints_of
from invoicing.returns.signed_texts import PublicKey, read_public_key
from invoicing.selectors.documents import invoice_document
from organisations.models import Organisation
from organisations.selectors import is_check_due

_ACK_DATE = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Checked:
    """The JSON of a document, and what the portal would refuse in it today."""

    payload: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def obstacles(self) -> list[Finding]:
        return blocking(self.findings)

    @property
    def sentences(self) -> str:
        return " ".join(found.message for found in self.obstacles)


def checked(e_invoice_: EInvoice) -> Checked:
    """Made anew from the frozen document: the same each time, but for the days that have passed."""
    payload = e_invoice(document_of(e_invoice_))
    found = lints_of(
        payload,
        today=clock.today(INDIAN_TIME),
        reported_within_30_days=e_invoice_.billing_entity.e_invoices_within_30_days,
        buyer=_buyer(e_invoice_.organisation, payload["BuyerDtls"].get("Gstin", "")),
    )
    return Checked(payload, tuple(found))


def _buyer(customer: Organisation, gstin: str) -> Buyer | None:
    if customer.gstin != gstin:
        return None
    return Buyer(customer.is_sez, customer.gstin_checked_on, is_check_due(customer, today=clock.today(INDIAN_TIME)))


def document_of(e_invoice_: EInvoice) -> InvoiceDocument:
    """The frozen document that the e-invoice is of."""
    return frozen(e_invoice_.document)


def frozen(issued: Invoice | CreditNote) -> InvoiceDocument:
    """The document of an invoice or a credit note as it was issued."""
    return invoice_document(issued) if isinstance(issued, Invoice) else InvoiceDocument.from_json(issued.document)


def e_invoice_of(document: Invoice | CreditNote) -> EInvoice | None:
    """None where the document needed none when it was issued, and does not now."""
    path = "invoice" if isinstance(document, Invoice) else "credit_note"
    found: EInvoice | None = (
        EInvoice.objects.select_related("organisation", "billing_entity", "invoice", "credit_note")
        .filter(**{path: document})
        .first()
    )
    return found


def registration_of(document: Invoice | CreditNote) -> Registration | None:
    """What is printed of the IRN (Rule 46 (r)); None without one in force."""
    found = e_invoice_of(document) if document.seller_gstin else None
    if found is None or found.status != EInvoice.Status.GENERATED or found.ack_at is None:
        return None
    day = found.ack_at.astimezone(INDIAN_TIME).strftime(_ACK_DATE)
    return Registration(irn=found.irn, ack_number=found.ack_number, ack_date=day, signed_qr=found.signed_qr)


def find_by_number(*, seller_gstin: str, number: str) -> EInvoice | None:
    """The e-invoice of a document, by what the portal says of it: numbers are unique for each GSTIN."""
    found: EInvoice | None = EInvoice.objects.filter(seller_gstin=seller_gstin.upper(), number=number.upper()).first()
    return found


def portals_key() -> PublicKey | None:
    """The portal's key, with which it signs; None where the installation does not know it. Raises SignedTextError."""
    return read_public_key(settings.IRP_PUBLIC_KEY) if settings.IRP_PUBLIC_KEY else None
