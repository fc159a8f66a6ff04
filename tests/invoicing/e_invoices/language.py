"""Helpers for tests of e-invoices: a document of a moment, and what the portal would give for it."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from typing import Any

from django.db import DatabaseError, transaction

from invoicing.models import CreditNote, EInvoice, Invoice
from invoicing.returns.e_invoice import as_json, e_invoice
from invoicing.returns.e_invoice_answer import Registered, read_answer
from invoicing.selectors.e_invoices import document_of
from invoicing.services import issuing
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from organisations.models import BillingEntity, Organisation
from organisations.services.sellers import update_seller
from tests import factories
from tests.invoicing.language import at, one_off
from tests.local.irp.portal import answer_for

ACKNOWLEDGED = "2026-10-05 11:00:00"


def making_seller() -> BillingEntity:
    """Makes e-invoices from April 2026 on, within 30 days, and mails nothing without its IRN."""
    return update_seller(
        seller=factories.billing_entity(), e_invoices_from=date(2026, 4, 1), e_invoices_within_30_days=True
    )


def customer_with_gstin(seller: BillingEntity, **fields: Any) -> Organisation:
    return factories.organisation("Bharat", gstin=factories.KARNATAKA_GSTIN, billing_entity=seller, **fields)


def issued_on(moment: str, customer: Organisation, price: str = "1000.00") -> Invoice:
    with at(moment):
        return issuing.finalize_invoice(invoice_id=one_off(customer, price).pk)


def credited(invoice: Invoice, *, at_moment: str = "2026-10-06 10:00", **fields: Any) -> CreditNote:
    with at(at_moment):
        return issue_credit_note(invoice_id=invoice.pk, lines=None, why=Why("cancelled"), **fields)


def answer(found: EInvoice, *, acknowledged: str = ACKNOWLEDGED, **changed: Any) -> dict[str, Any]:
    """What the portal gives for a document, as in its files. `changed` are blocks of the document with other values."""
    payload = json.loads(as_json(e_invoice(document_of(found))))
    for block, values in changed.items():
        payload[block] |= values
    irn = sha256(f"{found.seller_gstin}{payload['DocDtls']['No']}".encode()).hexdigest()
    return answer_for(payload, irn=irn, ack_number="112010000000001", at=acknowledged)


def registered(found: EInvoice, **changed: Any) -> Registered:
    return read_answer(answer(found, **changed))


def again(found: EInvoice) -> EInvoice:
    return EInvoice.objects.select_related("billing_entity", "invoice", "credit_note").get(pk=found.pk)


def refused(found: EInvoice, **columns: Any) -> str:
    """The words with which PostgreSQL refuses to change these columns; empty if it does not."""
    try:
        with transaction.atomic():
            EInvoice.objects.filter(pk=found.pk).update(**columns)
    except DatabaseError as error:
        return str(error)
    return ""
