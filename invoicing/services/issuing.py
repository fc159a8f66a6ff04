"""Turn a draft into a document: computed a last time, frozen, numbered."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from events.services.months import close_period
from invoicing.computing.invoice import Computed
from invoicing.documents import InvoiceDocument, check_layout
from invoicing.errors import NothingToBill
from invoicing.gst_heads import TaxHead
from invoicing.models import BillingRunItem, DocumentSnapshot, Invoice
from invoicing.selectors.documents import summed_taxes
from invoicing.services import snapshots
from invoicing.services.billed_months import lock_prices
from invoicing.services.delivery import begin_delivery
from invoicing.services.drafting import Draft, store_computed
from invoicing.services.facts import facts_of, line_of
from invoicing.services.locking import lock_billing, lock_draft, lock_items
from invoicing.services.numbering import take_number
from invoicing.signals import invoice_issued
from invoicing.totals import check_document

logger = logging.getLogger(__name__)

Status = Invoice.Status
ItemStatus = BillingRunItem.Status


@transaction.atomic
def finalize_invoice(*, invoice_id: UUID, send: bool = True, drafted: Draft | None = None) -> Invoice:
    """Turn a draft into a document: close its month, compute it a last time, freeze, check, number it.

    Its PDF is made afterwards, and then e-mailed to the customer's billing address unless `send` is false. A caller
    that has just drafted the invoice passes `drafted`: if its facts still hold, the draft is not computed again.

    All in one transaction: if anything refuses, the draft is as it was and no number is gone. Raises DomainError
    INVOICE_NOT_DRAFT, PERIOD_NOT_OVER, USAGE_UNSETTLED, NOTHING_TO_BILL, NEGATIVE_TOTAL, EXCHANGE_RATE_MISSING,
    TAX_UNDETERMINED, TAX_RATE_MISSING, UNPRINTABLE_LETTERS or DOCUMENT_NOT_DRAWABLE.
    """
    items = lock_items(invoice_id)
    invoice = lock_draft(invoice_id)
    lock_billing(invoice.organisation)
    if invoice.period is not None:
        close_period(organisation=invoice.organisation, period=invoice.period)
    lock_prices(to_change_them=False)
    facts = facts_of(invoice)
    computed = drafted.computed if drafted and drafted.facts == facts else store_computed(invoice, facts)
    _check_issuable(computed)
    _check_stored(invoice, computed)
    invoice.issue_date = facts.day
    invoice.due_date = facts.day + timedelta(days=facts.customer.payment_terms_days)
    snapshots.freeze_columns(invoice, facts, computed)
    document = snapshots.build_document(invoice, facts, computed)
    _check_drawable(document)  # before the number: a seller's other invoices wait for that until we commit
    _number(invoice, facts.day)
    invoice.status, invoice.finalized_at = Status.FINALIZED, clock.now()
    begin_delivery(invoice, to=[facts.customer.billing_email] if send else [])
    content = replace(document, number=invoice.number).to_json()
    DocumentSnapshot.objects.create(invoice=invoice, content=content)
    invoice.save()
    if invoice.total == ZERO:  # nothing to collect
        invoice.status = Status.PAID
        invoice.save(update_fields=["status", "updated_at"])
    for item in items:
        _billed_by(item, invoice)
    transaction.on_commit(partial(invoice_issued.send_robust, sender=Invoice, invoice_id=invoice.pk), robust=True)
    return invoice


def _check_issuable(computed: Computed) -> None:
    for warning in computed.warnings:
        if warning.blocks:
            raise DomainError(warning.message, code=warning.code)
    if not computed.lines:
        raise NothingToBill("There is nothing to bill on this invoice.")
    if computed.totals.total < ZERO:
        total = format_money(computed.totals.total, computed.currency)
        raise DomainError(f"The total of {total} is negative.", code="NEGATIVE_TOTAL")


def _check_stored(invoice: Invoice, computed: Computed) -> None:
    """The stored rows are what was computed, and add up when worked out again from the rows alone. A disagreement is a
    fault of ours and must never be printed."""
    rows = list(invoice.lines.order_by("position").prefetch_related("taxes"))
    taxes = [tax for row in rows for tax in row.taxes.all()]
    stored = tuple(
        replace(line_of(row), heads=tuple(TaxHead(tax.name, tax.rate) for tax in row.taxes.all())) for row in rows
    )
    problems = [] if stored == computed.lines else ["The stored lines are not the computed ones."]
    problems += check_document(stored, summed_taxes(taxes), invoice, invoice.currency)
    if problems:
        raise DomainError(" ".join(problems), code="INVOICE_DOES_NOT_ADD_UP", status=500)


def _check_drawable(document: InvoiceDocument) -> None:
    """What can't be drawn must not be issued: its customer would never get it, and its number would be gone."""
    try:
        check_layout(document)
    except Exception as error:
        logger.exception("document not drawable")
        raise DomainError(
            f"The invoice can't be drawn as a PDF ({error}). Shorten the names, addresses and texts on it.",
            code="DOCUMENT_NOT_DRAWABLE",
        ) from error


def _number(invoice: Invoice, issue_date: date) -> None:
    entity = invoice.billing_entity
    number = take_number(billing_entity=entity, series=entity.invoice_prefix, on=issue_date)
    invoice.number, invoice.series = number.text, number.series
    invoice.financial_year, invoice.sequence_number = number.financial_year, number.sequence_number


def _billed_by(item: BillingRunItem, invoice: Invoice) -> None:
    """An operator drafted and finalized the month by hand; the worker of a run notes its own end itself."""
    if item.status not in (ItemStatus.PENDING, ItemStatus.CLAIMED):
        item.status, item.reason, item.reasons, item.invoice = ItemStatus.DONE, "", [], invoice
        item.finished_at = clock.now()
        item.save(update_fields=["status", "reason", "reasons", "invoice", "finished_at", "updated_at"])
