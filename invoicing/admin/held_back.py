"""What keeps an invoice back: days of grace, an approval that is due, a hold on its customer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils.html import format_html

from billing_platform.lib.admin.base import badge
from billing_platform.lib.admin.display import action_url, anchor
from invoicing.computing.approval import IssueStep, ReasonCode
from invoicing.computing.invoice import Computed
from invoicing.models import BillingRunItem, CreditNote, Invoice
from invoicing.selectors.e_invoices import e_invoice_of
from invoicing.services.facts.issuing_facts import ToIssue, decide
from organisations.models import BillingHold

Kind = BillingHold.Kind


def with_what_keeps_back(invoices: Any) -> Any:
    """Rows with the run's items and the customer's standing holds, read once for all."""
    standing = BillingHold.objects.standing().select_related("organisation__billing_entity").order_by("starts_at", "pk")
    return invoices.prefetch_related(
        "billing_run_items", Prefetch("organisation__billing_holds", queryset=standing, to_attr="holds_now")
    )


def badges_of(invoice: Invoice) -> list[Any]:
    """For the list: what the draft waits for, and which hold is about the invoice as it stands."""
    found = [badge("Needs approval", "warning")] if invoice.is_draft and invoice.approval_needed else []
    if _waits(invoice):
        found.append(badge("Waits", "info"))
    return found + [badge(hold.get_kind_display(), "warning") for hold in _relevant_holds(invoice)]


def held_back_by(page: Any, invoice: Invoice) -> Iterator[tuple[Any, str, Any]]:
    """A mark, a sentence and perhaps a link, for each thing that keeps the invoice or its e-mail back."""
    if invoice.is_draft:
        yield from ((badge("Waits", "info"), item.reason, "") for item in _waits(invoice))
        for reason in invoice.approval_needed:
            yield badge("Needs approval", "warning"), reason["message"], ""
    for hold in _relevant_holds(invoice):
        yield badge(hold.get_kind_display(), "warning"), f"{hold.span}: {hold.reason}", anchor(page, hold, "Open")


def _waits(invoice: Invoice) -> list[BillingRunItem]:
    """Items whose draft waits for a time; one that waits for a hold is told of by the hold."""
    if not invoice.is_draft:
        return []
    drafted = [item for item in invoice.billing_run_items.all() if item.status == BillingRunItem.Status.DRAFTED]
    return [item for item in drafted if not (item.reasons and item.reasons[0]["code"] == ReasonCode.DRAFT_ONLY)]


def decision_obstacles(invoice: Invoice, computed: Computed) -> Iterator[str]:
    """Why a person may not issue the draft now, with the way to approve it."""
    (decision,) = decide([ToIssue(invoice.organisation, computed, invoice.period, invoice_id=invoice.pk)])
    if decision.step == IssueStep.WAIT:
        yield f"Nothing is issued. {decision.sentences}"
    elif decision.step != IssueStep.ISSUE:
        address = action_url(invoice, "approve")
        way = format_html('<a class="text-link" href="{}">Approve</a>', address)
        yield format_html("It has to be approved before. {} {}", decision.sentences, way)


def no_email_warnings(_request: HttpRequest, invoice: Invoice) -> list[str]:
    """What the e-mail waits for: the end of holds, and the IRN."""
    found = [f"It is sent after the hold. {hold.sentence}" for hold in holds_of(invoice, Kind.NO_EMAIL)]
    return [*found, "It is sent as soon as it has its IRN."] if lacks_irn(invoice) else found


def mail_waits_for(document: Invoice | CreditNote) -> str:
    """What comes before the e-mail that waits, to follow "as soon as"."""
    if lacks_irn(document):
        return "it has its IRN"
    return "nothing holds it back" if document.pdf_state == Invoice.PdfState.READY else "the PDF is made"


def lacks_irn(document: Invoice | CreditNote) -> bool:
    """Whether the document is not sent for that."""
    found = e_invoice_of(document)
    return found is not None and found.holds_mail


def _relevant_holds(invoice: Invoice) -> list[BillingHold]:
    found = holds_of(invoice, Kind.DRAFT_ONLY) if invoice.is_draft else []
    if invoice.number and invoice.sent_at is None and invoice.status != Invoice.Status.VOID:
        found = found + holds_of(invoice, Kind.NO_EMAIL)
    return found + holds_of(invoice, Kind.NO_COLLECTION) if invoice.is_collectable else found


def holds_of(invoice: Invoice, kind: str) -> list[BillingHold]:
    organisation: Any = invoice.organisation
    known = getattr(organisation, "holds_now", None)
    return [hold for hold in (organisation.standing_holds if known is None else known) if hold.kind == kind]
