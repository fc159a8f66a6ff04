"""What is noted on a draft that a person made or changed: who it was, and why somebody has to approve it."""

from __future__ import annotations

from datetime import datetime

from invoicing.computing.approval import IssueStep
from invoicing.computing.invoice import Computed
from invoicing.models import BillingRunItem, Invoice
from invoicing.services.facts.issuing_facts import ToIssue, as_json, decide
from organisations.audit import acting_person


def note_edit(invoice: Invoice, computed: Computed) -> None:
    """A person drafted it by hand, or typed on it: with four eyes, another person has to approve it. The caller holds
    the draft's lock, and saves it."""
    note_person(invoice)
    note_demands(invoice, computed)


def note_person(invoice: Invoice) -> None:
    """Who typed on it something that no total depends on, such as notes."""
    person = acting_person()
    if person and person not in invoice.edited_by:
        invoice.edited_by = [*invoice.edited_by, person]


def note_demands(invoice: Invoice, computed: Computed) -> None:
    """Why somebody has to approve the draft as it is computed now; nothing while it still waits for other reasons."""
    asked = ToIssue(
        invoice.organisation, computed, invoice.period, invoice_id=invoice.pk, drafted_at=_drafted_by_the_run(invoice)
    )
    (decision,) = decide([asked])
    invoice.approval_needed = as_json(decision.reasons) if decision.step == IssueStep.APPROVE else []


def _drafted_by_the_run(invoice: Invoice) -> datetime | None:
    found: datetime | None = (
        BillingRunItem.objects.filter(invoice=invoice, drafted_at__isnull=False)
        .values_list("drafted_at", flat=True)
        .first()
    )
    return found
