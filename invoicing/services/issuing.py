"""Turn a draft into a document: computed a last time, frozen, numbered."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing_platform.lib import clock
from billing_platform.lib.database.bulk import insert_objects, update_rows
from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from events.services.months import close_period
from invoicing.computing.approval import IssueStep
from invoicing.computing.invoice import Computed
from invoicing.documents import InvoiceDocument, check_layout
from invoicing.draft_warnings import WarningCode
from invoicing.errors import NothingToBill
from invoicing.models import BillingRunItem, DocumentSnapshot, Invoice
from invoicing.services import snapshots
from invoicing.services.delivery import begin_deliveries
from invoicing.services.drafting import Draft, draft_anew, is_stored, store, take_over
from invoicing.services.e_invoices.needed import begin_e_invoices
from invoicing.services.facts.issuing_facts import ToIssue, as_json, decide
from invoicing.services.locking import lock_billing, lock_draft, lock_items
from invoicing.services.numbering import registration_of, take_numbers
from invoicing.services.prices.billed_months import lock_prices
from invoicing.signals import invoices_issued
from invoicing.totals import check_document
from organisations import audit
from organisations.notifications.recipients import recipients_of_many
from organisations.webhooks.announcing import announce_all

logger = logging.getLogger(__name__)

Status = Invoice.Status
ItemStatus = BillingRunItem.Status


@dataclass(frozen=True, slots=True)
class Ready:
    """A draft that may be issued: `invoice` with its columns frozen, `document` complete but for the number."""

    draft: Draft
    invoice: Invoice
    document: InvoiceDocument

    @property
    def frozen(self) -> Draft:
        """The draft as it is stored before it is issued."""
        return replace(self.draft, invoice=self.invoice)


@transaction.atomic
def finalize_invoice(*, invoice_id: UUID, send: bool = True) -> Invoice:
    """Turn a draft into a document: close its month, compute it a last time, freeze, check, number it.

    Its PDF is made afterwards, and then e-mailed to the customer's billing address unless `send` is false.

    All in one transaction: if anything refuses, the draft is as it was and no number is gone. Raises DomainError
    INVOICE_NOT_DRAFT, PERIOD_NOT_OVER, USAGE_UNSETTLED, NOTHING_TO_BILL, NEGATIVE_TOTAL, EXCHANGE_RATE_MISSING,
    TAX_UNDETERMINED, TAX_RATE_MISSING, UNPRINTABLE_LETTERS, DOCUMENT_NOT_DRAWABLE, APPROVAL_REQUIRED or BILLING_HELD.
    """
    items = lock_items(invoice_id)
    invoice = lock_draft(invoice_id)
    lock_billing(invoice.organisation)
    if invoice.period is not None:
        close_period(organisation=invoice.organisation, period=invoice.period)
    lock_prices(to_change_them=False)
    draft = draft_anew(invoice)
    ready = prepare(draft)
    check_decision(draft)
    if not is_stored(draft):
        store([ready.frozen])
    issue([ready], send=send)
    for item in items:
        _billed_by(item, ready.invoice)
    return ready.invoice


def check_decision(draft: Draft) -> None:
    """A person may issue before the grace ends, but not without the approval that the customer's rules demand, and not
    while a hold keeps drafts back. Raises DomainError APPROVAL_REQUIRED or BILLING_HELD, with the reasons."""
    invoice = draft.invoice
    (decision,) = decide([ToIssue(invoice.organisation, draft.computed, invoice.period, invoice_id=invoice.pk)])
    if decision.step == IssueStep.ISSUE:
        return
    details = {"reasons": as_json(decision.reasons)}
    if decision.step == IssueStep.WAIT:
        raise DomainError(f"Nothing is issued. {decision.sentences}", code="BILLING_HELD", details=details)
    raise DomainError(f"It has to be approved before. {decision.sentences}", code="APPROVAL_REQUIRED", details=details)


def prepare(draft: Draft) -> Ready:
    """Freeze what a draft will say and check it, before anything is written: no number is needed for that. The draft
    itself stays as it is.

    Raises the DomainErrors of `finalize_invoice` that concern the draft itself.
    """
    invoice, facts, computed = copy(draft.invoice), draft.facts, draft.computed
    check_issuable(computed)
    take_over(replace(draft, invoice=invoice))
    if problems := check_document(computed.lines, computed.totals.taxes, invoice, invoice.currency):
        raise DomainError(" ".join(problems), code="INVOICE_DOES_NOT_ADD_UP", status=500)
    invoice.issue_date = facts.day
    invoice.due_date = facts.day + timedelta(days=facts.customer.payment_terms_days)
    snapshots.freeze_columns(invoice, facts, computed)
    document = snapshots.build_document(invoice, facts, computed)
    check_drawable(document)
    return Ready(draft, invoice, document)


def issue(ready: Sequence[Ready], *, send: bool = True) -> None:
    """Number and freeze stored drafts, in the caller's transaction, in a few statements for all of them.

    The caller holds the locks of `finalize_invoice`, and has closed the months. Other workers wait for the counter from
    the first number until the commit: what needs no number is done before.
    """
    if not ready:
        return
    begin_deliveries(_recipients(ready) if send else {each.invoice: [] for each in ready})
    _check_references_now()
    _number(ready)
    now = clock.now()
    for each in ready:
        each.invoice.status, each.invoice.finalized_at, each.invoice.updated_at = Status.FINALIZED, now, now
        each.invoice.warnings = [found for found in each.invoice.warnings if found["code"] != WarningCode.ISSUE_SOON]
    insert_objects([DocumentSnapshot(invoice=each.invoice, content=_content(each)) for each in ready])
    _save([each.invoice for each in ready], _ISSUED)
    begin_e_invoices([(each.invoice, each.document) for each in ready])
    _settle_what_is_nothing([each.invoice for each in ready])
    audit.note_changed(((each.draft.invoice, each.invoice) for each in ready), _ISSUED)
    _announce([each.invoice for each in ready])
    told = partial(invoices_issued.send_robust, sender=Invoice, invoice_ids=[each.invoice.pk for each in ready])
    transaction.on_commit(told, robust=True)


def _recipients(ready: Sequence[Ready]) -> dict[Invoice, list[str]]:
    """Of the customers as their documents have them, and their contacts."""
    customers = {each.invoice.organisation_id: each.draft.facts.customer.billing_email for each in ready}
    addresses = recipients_of_many(customers, "invoice_issued")
    return {each.invoice: addresses[each.invoice.organisation_id] for each in ready}


def _announce(invoices: Sequence[Invoice]) -> None:
    announce_all("invoice.finalized", owners={each.pk: each.organisation_id for each in invoices})
    paid = {each.pk: each.organisation_id for each in invoices if each.status == Status.PAID}
    announce_all("invoice.paid", owners=paid, occasion="of nothing")


_ISSUED = (
    "status", "number", "series", "financial_year", "sequence_number", "issue_date", "due_date", "seller_gstin",
    "supply_kind", "place_of_supply", "taxable_in_rupees", "igst_in_rupees", "cgst_in_rupees", "sgst_in_rupees",
    "finalized_at", "pdf_state", "updated_at", "warnings",
)  # fmt: skip


def _check_references_now() -> None:
    """Foreign keys are checked at commit, unless somebody asks: then the counter would be locked meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def _content(ready: Ready) -> dict[str, Any]:
    return replace(ready.document, number=ready.invoice.number).to_json()


def _save(invoices: Sequence[Invoice], columns: Sequence[str]) -> None:
    update_rows(Invoice, columns, [(each.pk, *(getattr(each, name) for name in columns)) for each in invoices])


def _settle_what_is_nothing(invoices: Sequence[Invoice]) -> None:
    """An invoice of nothing is paid at once: there is nothing to collect."""
    of_nothing = [each for each in invoices if each.total == ZERO]
    for each in of_nothing:
        each.status = Status.PAID
    _save(of_nothing, ["status"])


def _number(ready: Sequence[Ready]) -> None:
    """Counters are locked in one order, so that two workers with several sellers can't wait for each other."""
    by_counter: defaultdict[tuple[str, str, date], list[Ready]] = defaultdict(list)
    for each in ready:
        entity = each.invoice.billing_entity
        by_counter[registration_of(entity), entity.invoice_prefix, each.draft.facts.day].append(each)
    for (_registration, series, day), members in sorted(by_counter.items(), key=lambda each: each[0]):
        entity = members[0].invoice.billing_entity
        numbers = take_numbers(len(members), billing_entity=entity, series=series, on=day)
        for each, number in zip(members, numbers, strict=True):
            each.invoice.number, each.invoice.series = number.text, number.series
            each.invoice.financial_year, each.invoice.sequence_number = number.financial_year, number.sequence_number


def check_issuable(computed: Computed) -> None:
    """Raises DomainError for what keeps the content of a draft from being issued, whoever wants to issue it."""
    for warning in computed.warnings:
        if warning.blocks:
            raise DomainError(warning.message, code=warning.code)
    if not computed.lines:
        raise NothingToBill("There is nothing to bill on this invoice.")
    if computed.totals.total < ZERO:
        total = format_money(computed.totals.total, computed.currency)
        raise DomainError(f"The total of {total} is negative.", code="NEGATIVE_TOTAL")


def check_drawable(document: InvoiceDocument) -> None:
    """What can't be drawn must not be issued: its customer would never get it, and its number would be gone."""
    try:
        check_layout(document)
    except Exception as error:  # whatever ReportLab, a picture or a font may throw
        logger.exception("document not drawable")
        raise DomainError(
            f"The invoice can't be drawn as a PDF ({error}). Shorten the names, addresses and texts on it.",
            code="DOCUMENT_NOT_DRAWABLE",
        ) from error


def _billed_by(item: BillingRunItem, invoice: Invoice) -> None:
    """An operator drafted and finalized the month by hand; the worker of a run notes its own end itself."""
    if item.status not in (ItemStatus.PENDING, ItemStatus.CLAIMED):
        item.status, item.reason, item.reasons, item.invoice = ItemStatus.DONE, "", [], invoice
        item.finished_at = clock.now()
        item.save(update_fields=["status", "reason", "reasons", "invoice", "finished_at", "updated_at"])
