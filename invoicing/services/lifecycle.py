"""An invoice's life: draft, finalized, sent, paid; or void. Every change of status is made here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, quoted
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.validators import require, validate_printed_paragraphs
from events.services.months import close_period
from invoicing.documents import InvoiceDocument, check_layout
from invoicing.emails import invoice_emails, queue_cancellation_email
from invoicing.models import BillingRun, BillingRunItem, DocumentSnapshot, Invoice
from invoicing.selectors.documents import summed_taxes
from invoicing.services import snapshots
from invoicing.services.billed_months import lock_prices
from invoicing.services.delivery import begin_delivery, deliver_to, distinct, end_delivery
from invoicing.services.drafting import (
    Computed,
    create_draft,
    create_one_off_draft,
    delete_draft,
    lock_draft,
    lock_invoice,
    lock_months,
    recompute_draft,
    recompute_locked,
    require_issued,
)
from invoicing.services.numbering import take_number
from invoicing.signals import invoice_issued, invoice_voided
from invoicing.tax import TaxHead
from invoicing.totals import Line, check_document
from organisations.models import Notification

__all__ = [
    "create_draft",
    "create_one_off_draft",
    "delete_draft",
    "finalize_invoice",
    "recompute_draft",
    "send_invoice",
    "void_invoice",
]

logger = logging.getLogger(__name__)

MAX_ADDRESSES = 10
"""To which one e-mail goes at most."""

Status = Invoice.Status
ItemStatus = BillingRunItem.Status


@transaction.atomic
def finalize_invoice(*, invoice_id: UUID, send: bool = True) -> Invoice:
    """Turn a draft into a document: close its month, compute it a last time, freeze, check, number it.

    Its PDF is made afterwards, and then e-mailed to the customer's billing address unless `send` is false.

    All in one transaction: if anything refuses, the draft is as it was and no number is gone. Raises DomainError
    INVOICE_NOT_DRAFT, PERIOD_NOT_OVER, USAGE_UNSETTLED, NOTHING_TO_BILL, NEGATIVE_TOTAL, EXCHANGE_RATE_MISSING,
    TAX_UNDETERMINED, TAX_RATE_MISSING, UNPRINTABLE_LETTERS or DOCUMENT_NOT_DRAWABLE.
    """
    items = _lock_items(invoice_id)
    invoice = lock_draft(invoice_id)
    lock_months(invoice.organisation)
    if invoice.period is not None:
        close_period(organisation=invoice.organisation, period=invoice.period)
    lock_prices(to_change_them=False)
    computed = recompute_locked(invoice)
    _check_issuable(invoice, computed)
    _check_arithmetic(invoice)
    _freeze(invoice, computed)
    document = snapshots.build_document(invoice)
    _check_drawable(document)  # before the number: a seller's other invoices wait for that until we commit
    _number(invoice, computed.day)
    invoice.status, invoice.finalized_at = Status.FINALIZED, clock.now()
    begin_delivery(invoice, to=[invoice.customer["email"]] if send else [])
    invoice.save()
    content = replace(document, number=invoice.number).to_json()
    DocumentSnapshot.objects.create(invoice=invoice, content=content)
    if invoice.total == ZERO:  # nothing to collect
        invoice.status = Status.PAID
        invoice.save(update_fields=["status", "updated_at"])
    for item in items:
        _billed_by(item, invoice)
    transaction.on_commit(partial(invoice_issued.send_robust, sender=Invoice, invoice_id=invoice.pk), robust=True)
    return invoice


@transaction.atomic
def send_invoice(*, invoice_id: UUID, to: Sequence[str] | None = None) -> Invoice:
    """E-mail an issued invoice with its PDF: once more to the addresses given, or to the customer's billing address if
    that was not sent it yet. Without a PDF yet, the e-mail waits for it.

    Raises DomainError INVOICE_NOT_FINALIZED for a draft and INVOICE_VOID for a void one, InvalidInput for `to`.
    """
    invoice = lock_invoice(invoice_id)
    require_issued(invoice)
    wanted = _addresses(to) if to is not None else _not_sent_yet(invoice, invoice.organisation.billing_email)
    deliver_to(invoice, wanted)
    return invoice


def _not_sent_yet(invoice: Invoice, address: str) -> list[str]:
    """The address, unless an e-mail to it is under way or has arrived. One that was given up counts as never sent."""
    sent = invoice_emails(invoice).exclude(status=Notification.Status.FAILED)
    return [] if any(address in email.recipients for email in sent) else [address]


def validate_email_address(value: Any) -> None:
    try:
        validate_email(value)
    except ValidationError:
        raise ValidationError(f"{quoted(value)} is no e-mail address.") from None


def _addresses(given: Sequence[str]) -> list[str]:
    found = distinct(address.strip() for address in given)
    if not 1 <= len(found) <= MAX_ADDRESSES:
        raise InvalidInput.field("to", f"Give 1 to {MAX_ADDRESSES} e-mail addresses.")
    for address in found:
        require("to", address, validate_email_address)
    return found


@transaction.atomic
def void_invoice(*, invoice_id: UUID, reason: str) -> Invoice:
    """Cancel an invoice that nothing was paid on, or that asks for nothing. Its number stays taken, and whoever was
    sent it is told by e-mail.

    Its month is not billed by that, and waits for a person: its billing run item says so until the month is billed
    again (`start_billing_run`, `retry_item`) or left unbilled on purpose (`leave_unbilled`). Raises DomainError
    INVOICE_NOT_VOIDABLE once money has come in: that is corrected by a credit note.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidInput.field("reason", "Say why the invoice is void.")
    require("reason", reason, validate_printed_paragraphs)
    items = _lock_items(invoice_id)
    invoice = lock_invoice(invoice_id)
    if not invoice.is_draft and not invoice.is_voidable:
        raise DomainError(
            f"Invoice {invoice} is {invoice.get_status_display().lower()} and can't be voided.",
            code="INVOICE_NOT_VOIDABLE",
        )
    invoice.status, invoice.voided_at, invoice.void_reason = Status.VOID, clock.now(), reason
    invoice.save(update_fields=["status", "voided_at", "void_reason", "updated_at"])
    end_delivery(invoice)
    queue_cancellation_email(invoice)
    if invoice.period is not None and invoice.number:
        _wait_for_a_person(items, invoice, invoice.period)
    transaction.on_commit(partial(invoice_voided.send_robust, sender=Invoice, invoice_id=invoice.pk), robust=True)
    return invoice


def _lock_items(invoice_id: UUID) -> list[BillingRunItem]:
    """The run's item of the invoice's month, if there is one: locked before the invoice, as by a worker of the run."""
    month = Invoice.objects.filter(pk=invoice_id, period_start__isnull=False)
    items = BillingRunItem.objects.select_for_update(of=("self",)).filter(
        organisation__in=month.values("organisation"), run__period_start__in=month.values("period_start")
    )
    return list(items.select_related("run", "organisation"))


def _billed_by(item: BillingRunItem, invoice: Invoice) -> None:
    """An operator drafted and finalized the month by hand; the worker of a run notes its own end itself."""
    if item.status not in (ItemStatus.PENDING, ItemStatus.CLAIMED):
        item.status, item.reason, item.invoice = ItemStatus.DONE, "", invoice
        item.finished_at = clock.now()
        item.save(update_fields=["status", "reason", "invoice", "finished_at", "updated_at"])


def _wait_for_a_person(items: list[BillingRunItem], invoice: Invoice, period: BillingPeriod) -> None:
    """The month is without an invoice. One that no run ever took up gets its item now, or nothing would tell of it.
    An item that a worker will take up anyway stays as it is: the run bills the month."""
    ended = {
        "status": ItemStatus.VOIDED,
        "invoice": invoice,
        "reason": f"Invoice {invoice} was voided: {invoice.void_reason}",
        "finished_at": clock.now(),
    }
    if not items:
        run, _created = BillingRun.objects.get_or_create(
            period_start=period.start, defaults={"requested_by": "void of an invoice"}
        )
        item = BillingRunItem(run=run, organisation=invoice.organisation, **ended)
        BillingRunItem.objects.bulk_create([item], ignore_conflicts=True)  # a run may have been started meanwhile
    for item in items:
        if item.status not in (ItemStatus.PENDING, ItemStatus.CLAIMED):
            for name, value in ended.items():
                setattr(item, name, value)
            item.save(update_fields=[*ended, "updated_at"])


def _check_issuable(invoice: Invoice, computed: Computed) -> None:
    for warning in computed.warnings:
        if warning.get("blocks"):
            raise DomainError(warning["message"], code=warning["code"])
    if not computed.lines:
        raise DomainError("There is nothing to bill on this invoice.", code="NOTHING_TO_BILL")
    if invoice.total < ZERO:
        raise DomainError(f"The total of {invoice.total} is negative.", code="NEGATIVE_TOTAL")


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


def _freeze(invoice: Invoice, computed: Computed) -> None:
    """Copy onto the invoice whatever it must keep saying when the originals change."""
    if computed.supply is None:
        raise ValueError("Without a supply the draft had a warning that blocks.")
    entity = invoice.billing_entity
    invoice.issue_date = computed.day
    invoice.due_date = computed.day + timedelta(days=invoice.organisation.payment_terms_days)
    invoice.seller = snapshots.seller_snapshot(entity)
    invoice.customer = snapshots.customer_snapshot(invoice.organisation)
    invoice.supply = snapshots.supply_snapshot(computed.supply)
    invoice.exchange = snapshots.exchange_snapshot(
        entity=entity,
        currency=invoice.currency,
        taxable=invoice.subtotal - invoice.discount_total,
        taxes=computed.totals.taxes,
        on=computed.day,
    )


def _number(invoice: Invoice, issue_date: date) -> None:
    entity = invoice.billing_entity
    number = take_number(billing_entity=entity, series=entity.invoice_prefix, on=issue_date)
    invoice.number, invoice.series = number.text, number.series
    invoice.financial_year, invoice.sequence_number = number.financial_year, number.sequence_number


def _check_arithmetic(invoice: Invoice) -> None:
    """Worked out once more from what is stored. A disagreement is a fault of ours and must never be printed."""
    taxes = list(invoice.taxes.all())
    heads: dict[UUID, tuple[TaxHead, ...]] = {}
    for tax in taxes:
        heads[tax.line_id] = (*heads.get(tax.line_id, ()), TaxHead(tax.name, tax.rate))
    lines = [Line(line.kind, line.amount, heads.get(line.pk, ())) for line in invoice.lines.all()]
    problems = check_document(lines, summed_taxes(taxes), invoice, invoice.currency)
    if problems:
        raise DomainError(" ".join(problems), code="INVOICE_DOES_NOT_ADD_UP", status=500)
