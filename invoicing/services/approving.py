"""Approve a draft: one person's yes to exactly what it is now, recorded for ever; and who may not say it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.number_formats import format_money
from invoicing.computing.approval import AnyReason, Reason, ReasonCode, fingerprint_of, issue_decision
from invoicing.models import BillingRunItem, Invoice, InvoiceApproval
from invoicing.services.drafting import Draft, draft_anew, store
from invoicing.services.facts.invoice_facts import stored_lines
from invoicing.services.facts.issuing_facts import ToIssue, as_json, issuing_facts
from invoicing.services.issuing import check_issuable, finalize_invoice
from invoicing.services.locking import lock_billing, lock_draft, lock_items

ItemStatus = BillingRunItem.Status
HELD_BACK = (ItemStatus.DRAFTED, ItemStatus.APPROVAL, ItemStatus.PARKED)
"""Items of a run whose draft was not issued by itself."""


@transaction.atomic
def approve_invoice(*, invoice_id: UUID, approver: AbstractBaseUser | AnonymousUser, fingerprint: str = "") -> Invoice:
    """Approve a draft as it is computed now. What a billing run keeps back is issued with that; another draft can be
    finalized. If anything on it changes before, the approval does not hold any more.

    `fingerprint` is that of the draft that the approver saw (`ToIssue.fingerprint`): another one is refused. Raises
    DomainError INVOICE_NOT_DRAFT, PERIOD_NOT_OVER, DRAFT_CHANGED, ALREADY_APPROVED, FOUR_EYES, and what finalizing the
    draft raises.
    """
    items = lock_items(invoice_id)
    invoice = lock_draft(invoice_id)
    check_four_eyes(invoice, approver)
    _check_month(invoice)
    lock_billing(invoice.organisation)
    draft = draft_anew(invoice)
    asked = _asked(draft)
    if fingerprint and fingerprint != asked.fingerprint:
        now = format_money(asked.computed.totals.total, asked.computed.currency)
        raise DomainError(
            f"The draft has changed since you looked at it, and is {now} now: look at it again.", code="DRAFT_CHANGED"
        )
    check_issuable(asked.computed)
    (facts,) = issuing_facts([asked])
    if facts.is_approved and facts.approval is not None:
        raise DomainError(f"{facts.approval.by} has approved this draft already.", code="ALREADY_APPROVED")
    _record(invoice, asked, _reasons(items, issue_decision(facts).reasons), approver)
    invoice.approval_needed = []
    store([draft])
    held_back = [item for item in items if item.status in HELD_BACK]
    if not held_back:
        return invoice
    if facts.hold:
        _wait_for_the_end_of(facts.hold, held_back)
        return invoice
    return finalize_invoice(invoice_id=invoice_id)


def check_four_eyes(invoice: Invoice, approver: AbstractBaseUser | AnonymousUser) -> None:
    """Raises DomainError FOUR_EYES for a person who drafted the invoice by hand or typed on it, if the seller wants two
    people to see it."""
    name = approver.get_username()
    if invoice.organisation.billing_entity.four_eyes and name in invoice.edited_by:
        raise DomainError(
            f"{name} drafted or edited this invoice, so another person has to approve it.", code="FOUR_EYES"
        )


def stored_fingerprint(invoice: Invoice) -> str:
    """That of a draft as it is stored, which is the computed one until something changes."""
    return fingerprint_of(lines=stored_lines(invoice), total=invoice.total, currency=invoice.currency)


def _asked(draft: Draft) -> ToIssue:
    invoice = draft.invoice
    return ToIssue(invoice.organisation, draft.computed, invoice.period, invoice_id=invoice.pk)


def _reasons(items: Iterable[BillingRunItem], reasons: Iterable[AnyReason]) -> list[dict[str, Any]]:
    """Why approval was needed: the rules of now, and what the run parked it for."""
    parked = [reason for item in items if item.status == ItemStatus.PARKED for reason in item.reasons]
    return [*as_json(reasons), *parked]


def _record(
    invoice: Invoice, asked: ToIssue, reasons: list[dict[str, Any]], approver: AbstractBaseUser | AnonymousUser
) -> None:
    InvoiceApproval.objects.create(
        organisation=asked.organisation,
        invoice=invoice,
        period_start=asked.period.start if asked.period else None,
        currency=asked.computed.currency,
        total=asked.computed.totals.total,
        fingerprint=asked.fingerprint,
        reasons=reasons,
        approved_by=approver.get_username()[:200],
    )


def _check_month(invoice: Invoice) -> None:
    if invoice.period is not None and clock.now() < invoice.period.bounds(invoice.organisation.zone)[1]:
        raise DomainError(f"{invoice.period_label} is not over yet: its draft still changes.", code="PERIOD_NOT_OVER")


def _wait_for_the_end_of(hold: str, items: Iterable[BillingRunItem]) -> None:
    """Approved, and issued when the hold ends."""
    for item in items:
        item.status, item.reason = ItemStatus.DRAFTED, hold
        item.reasons = as_json([Reason(ReasonCode.DRAFT_ONLY, hold)])
        item.save(update_fields=["status", "reason", "reasons", "updated_at"])
