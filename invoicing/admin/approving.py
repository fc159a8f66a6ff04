"""Adds to an invoice's page what keeps a draft from being issued by itself, and the button that approves it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from billing_platform.lib.admin.base import ActionForm, extends, object_action
from billing_platform.lib.errors import DomainError
from billing_platform.lib.number_formats import format_money
from invoicing.admin.held_back import held_back_by, holds_of
from invoicing.admin.invoice import InvoiceExtension
from invoicing.admin.invoice_asking import finalize_obstacles
from invoicing.admin.invoice_parts import Moment
from invoicing.computing.approval import issue_decision
from invoicing.computing.invoice import Computed
from invoicing.models import BillingRunItem, Invoice, InvoiceApproval
from invoicing.services.approving import HELD_BACK, approve_invoice, check_four_eyes
from invoicing.services.drafting import computed_anew
from invoicing.services.facts.issuing_facts import ToIssue, issuing_facts
from organisations.models import BillingHold

Kind = BillingHold.Kind


@dataclass(frozen=True)
class ToApprove:
    """A draft, and what it would be as computed now."""

    invoice: Invoice
    computed: Computed

    @classmethod
    def now(cls, invoice: Invoice) -> ToApprove:
        return cls(invoice, computed_anew(invoice))

    @property
    def asked(self) -> ToIssue:
        invoice = self.invoice
        return ToIssue(invoice.organisation, self.computed, invoice.period, invoice_id=invoice.pk)


class ApproveForm(ActionForm):
    """`obj` is a ToApprove: what is approved is exactly what this page shows."""

    fingerprint = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fingerprint"].initial = self.obj.asked.fingerprint


def approve_facts(_request: HttpRequest, draft: ToApprove) -> list[tuple[str, Any]]:
    invoice, computed = draft.invoice, draft.computed
    (facts,) = issuing_facts([draft.asked])
    because = [reason.sentence for reason in issue_decision(facts).reasons]
    for item in invoice.billing_run_items.all():
        because += [item.reason] if item.status == BillingRunItem.Status.PARKED else []
    last = [format_money(total, computed.currency) for total in facts.history]
    return [
        ("Customer", invoice.organisation.name),
        ("Period", invoice.period_label),
        ("Lines", f"{len(computed.lines):,}"),
        ("Total", format_money(computed.totals.total, computed.currency)),
        *([("Last months", ", ".join(last))] if last else []),
        ("Why", " ".join(dict.fromkeys(because)) or "Nothing demands it."),
        ("Drafted or edited by", ", ".join(invoice.edited_by) or "the billing run"),
    ]


def approve_obstacles(request: HttpRequest, draft: ToApprove) -> Iterable[str]:
    yield from finalize_obstacles(request, draft)  # type: ignore[arg-type]  # the same two attributes
    try:
        check_four_eyes(draft.invoice, request.user)
    except DomainError as error:
        yield error.message


FOR_A_RUN = (
    "The approval holds for exactly this draft, which is issued and e-mailed at once, also before its days of grace "
    "are over: usage of the month that comes later goes on the next invoice."
)
BY_HAND = "The approval holds for exactly this draft, which can be finalized then."


def is_held_back(invoice: Invoice) -> bool:
    return any(item.status in HELD_BACK for item in invoice.billing_run_items.all())


def waits_for_approval(invoice: Invoice) -> bool:
    return invoice.is_draft and (bool(invoice.approval_needed) or is_held_back(invoice))


def what_came_of(invoice: Invoice) -> str:
    if invoice.number:
        return f"Approved, and issued as {invoice.number}."
    return "Approved. It is issued when the hold ends." if holds_of(invoice, Kind.DRAFT_ONLY) else "Approved."


@extends(Invoice)
class ApprovalOfInvoice(InvoiceExtension):
    related_lists = ((InvoiceApproval, "invoice__id__exact"),)

    @object_action(
        label="Approve",
        permission="invoicing.approve_invoice",
        when=waits_for_approval,
        form=ApproveForm,
        confirm=lambda invoice: FOR_A_RUN if is_held_back(invoice) else BY_HAND,
        about=ToApprove.now,
        facts=approve_facts,
        obstacles=approve_obstacles,
        icon="verified",
    )
    def approve(self, request: HttpRequest, invoice: Invoice, *, fingerprint: str) -> str:
        approved = approve_invoice(invoice_id=invoice.pk, approver=request.user, fingerprint=fingerprint)
        return what_came_of(approved)

    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        if obj is None or not list(held_back_by(self.page, obj)):
            return shown
        title = "Not issued yet" if obj.is_draft else "On hold"
        return [(title, {"fields": (self.held_back,), "classes": ("warnings",)}), *shown]

    def moments(self, invoice: Invoice) -> list[Moment]:
        return [
            (row.created_at, f"Approved by {row.approved_by}", format_money(row.total, row.currency))
            for row in invoice.approvals.all()
        ]

    @admin.display(description="Held back by")
    def held_back(self, invoice: Invoice) -> Any:
        return format_html(
            '<ul class="warning-list warning-box">{}</ul>',
            format_html_join("", "<li>{} {} {}</li>", held_back_by(self.page, invoice)),
        )
