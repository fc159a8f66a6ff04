"""Disputes: what a payer's bank asks back, until when Razorpay takes an answer, and the answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, F, Value, When
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    ReadOnlyAdmin,
    attention_filter,
    badge,
    link,
    money,
    object_action,
    short_time,
    status,
    when,
)
from billing_platform.lib.admin.display import EMPTY, action_url
from billing_platform.lib.money import exponent
from payments.admin.allocating import amount_of
from payments.admin.dispute_document import DisputeDocumentInline
from payments.models import Dispute, DisputeDocument
from payments.models.dispute import SUMMARY_LENGTH
from payments.models.dispute_document import LARGEST
from payments.services.disputes import answering, contesting, evidence, recording
from payments.services.disputes.looking import DEADLINE_IS_NEAR

Status = Dispute.Status
TONES = {
    Status.OPEN: "warning",
    Status.UNDER_REVIEW: "info",
    Status.LOST: "danger",
    Status.WON: "success",
    Status.CLOSED: "",
}
DASHBOARD = "https://dashboard.razorpay.com/app/disputes/"
OFTEN_EMPTY = {
    "evidence_note": "evidence_note",
    "contested": "contested_amount",
    "contested_at": "contested_at",
    "contested_by": "contested_by",
    "accepted_at": "accepted_at",
    "accepted_by": "accepted_by",
    "deducted": "amount_deducted",
    "lost": "amount_taken",
    "deducted_at": "deducted_at",
    "returned_at": "returned_at",
}
"""Fields of the page, and what they show: left out while there is nothing."""
AttentionFilter = attention_filter(open=("To answer", lambda disputes, _user: disputes.to_answer()))


class EvidenceForm(ActionForm):
    note = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=SUMMARY_LENGTH,
        help_text="What was delivered and when, and which files prove it. Stored here; nothing is sent.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].initial = self.obj.evidence_note


class ContestForm(EvidenceForm):
    field_order = ("amount", "note", "once")
    amount = forms.CharField(max_length=40, help_text="The payer gets the rest.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dispute = self.obj
        self.fields["amount"].initial = f"{dispute.amount:.{exponent(dispute.currency)}f}"
        self.fields["note"].help_text = "What was delivered and when, and what each file proves. The bank reads it."

    def clean_amount(self) -> Decimal:
        return amount_of(self.cleaned_data["amount"])


class DocumentForm(ActionForm):
    file = forms.FileField(
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
        help_text=f"PDF, PNG or JPEG, at most {LARGEST // 1024 // 1024} MB.",
    )
    proof = forms.ChoiceField(choices=DisputeDocument.Proof.choices, label="What it is")


def dispute_facts(_request: HttpRequest, dispute: Dispute) -> Iterator[tuple[str, Any]]:
    """The facts that each confirmation page of a dispute shows first."""
    payment = dispute.payment
    yield "Customer", payment.organisation.name
    yield "Invoice", str(payment.invoice)
    yield "Payment", f"{payment}, {payment.shown(payment.amount)}"
    yield "Asked back", payment.shown(dispute.amount)
    yield "Reason", dispute.reason or dispute.reason_code
    yield "Answer by", answer_by(dispute)
    names = dispute.documents.values_list("name", flat=True)
    yield "Files", ", ".join(names) or "None yet"


def what_is_missing(_request: HttpRequest, dispute: Dispute) -> Iterator[Any]:
    if not dispute.documents.exists():
        url = action_url(dispute, "add_document")
        yield format_html('Razorpay wants at least one file. <a class="text-link" href="{}">Add a file</a>', url)


def answer_by(dispute: Dispute) -> Any:
    if dispute.respond_by is None:
        return EMPTY
    if not dispute.can_be_answered:
        return when(dispute.respond_by)
    left = dispute.respond_by - clock.now()
    tone = "danger" if left < DEADLINE_IS_NEAR else "info"
    return format_html("{} {}", when(dispute.respond_by), badge(time_left(left), tone))


def time_left(left: timedelta) -> str:
    if left < timedelta(days=2):
        return f"{int(left.total_seconds()) // 3600} hours left"
    return f"{left.days} days left"


def what_follows(_request: HttpRequest, dispute: Dispute) -> Iterator[str]:
    payment = dispute.payment
    if dispute.is_suspected_fraud:
        yield "It is a suspected fraud: Razorpay deducts nothing. Refund the payment afterwards."
    else:
        yield (
            f"Razorpay takes {payment.shown(dispute.amount)} out of its next payout, and invoice {payment.invoice} is"
            " due again by as much. There is no way back."
        )


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    empty_hint = "Razorpay reports here when a payer's bank asks a payment back. With luck this list stays empty."
    list_on_a_phone = ("razorpay_dispute_id", "disputed", "state", "deadline")
    list_display = ("razorpay_dispute_id", "customer", "payment_link", "disputed", "phase", "state", "deadline", "lost")
    list_filter = (AttentionFilter, "status", "phase", "payment__organisation", "raised_at")
    search_fields = (
        "razorpay_dispute_id",
        "payment__razorpay_payment_id",
        "payment__invoice__number",
        "payment__organisation__name",
    )
    list_select_related = ("payment__organisation", "payment__invoice")
    ordering = (
        Case(When(status=Status.OPEN, then=Value(0)), default=Value(1)).asc(),
        F("respond_by").asc(nulls_last=True),
    )
    fieldsets = (
        (None, {"fields": ("state", "deadline", "disputed", "customer", "invoice", "payment_link", "next_step")}),
        ("What the payer's bank says", {"fields": ("phase", "reason", "reason_code", "raised")}),
        (
            "Our answer",
            {
                "fields": (
                    "evidence_note",
                    "contested",
                    "contested_at",
                    "contested_by",
                    "accepted_at",
                    "accepted_by",
                )
            },
        ),
        ("Money", {"fields": ("deducted", "lost", "deducted_at", "returned_at")}),
        ("At Razorpay", {"fields": ("razorpay_dispute_id", "dashboard")}),
    )

    inlines = (DisputeDocumentInline,)

    disputed = money("amount", "Asked back")
    contested = money("contested_amount", "Contested")
    deducted = money("amount_deducted", "Deducted by Razorpay")
    lost = money("amount_taken", "Went back")
    state = status("status", TONES, "State")
    payment_link = link("payment")
    invoice = link("payment__invoice", "Invoice")
    customer = link("payment__organisation", "Customer")
    raised = short_time("raised_at", "Raised")

    def sections(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without what there is not yet."""
        found = []
        for name, options in self.fieldsets:
            fields = tuple(
                each for each in options["fields"] if each not in OFTEN_EMPTY or getattr(obj, OFTEN_EMPTY[each])
            )
            if fields:
                found.append((name, {"fields": fields}))
        return found

    @admin.display(description="Answer by", ordering="respond_by")
    def deadline(self, dispute: Dispute) -> Any:
        return answer_by(dispute)

    @admin.display(description="Next step")
    def next_step(self, dispute: Dispute) -> str:
        if dispute.status == Status.OPEN and dispute.is_answered:
            return "It is answered; Razorpay's word is still to come, and is asked for every hour."
        if dispute.can_be_answered:
            return "Add the files that prove your side and contest it, or accept it."
        if dispute.status == Status.UNDER_REVIEW:
            return "The payer's bank looks at the evidence, which takes weeks."
        if dispute.status == Status.OPEN:
            return "The deadline is over, and Razorpay takes no answer any more."
        if dispute.status == Status.LOST and dispute.is_suspected_fraud:
            return "Refund the payment."
        if dispute.status == Status.LOST and dispute.amount_taken:
            return "The invoice asks for the money again: talk to the customer, or credit the invoice."
        return "Nothing is to be done now."

    @admin.display(description="Razorpay's dashboard")
    def dashboard(self, dispute: Dispute) -> SafeString:
        return format_html(
            '<a class="text-link" href="{}" target="_blank" rel="noopener noreferrer">Open it there</a>',
            f"{DASHBOARD}{dispute.razorpay_dispute_id}",
        )

    # --- what may be done ---------------------------------------------------------------------------------------

    @object_action(
        label="Add a file",
        permission="payments.answer_dispute",
        when=lambda dispute: dispute.can_be_answered,
        form=DocumentForm,
        confirm="Stored here, and sent when the dispute is contested.",
        facts=dispute_facts,
        icon="attach_file",
    )
    def add_document(self, request: HttpRequest, dispute: Dispute, *, file: Any, proof: str) -> str:
        content = file.read(LARGEST + 1)
        name = file.name or "file"
        evidence.add_document(dispute_id=dispute.pk, proof=proof, name=name, content=content, added_by=request.user)
        return f"{name} is added. Contest the dispute once all files are here."

    @object_action(
        label="Contest",
        permission="payments.answer_dispute",
        when=lambda dispute: dispute.can_be_answered,
        form=ContestForm,
        confirm="The files and this text go to the payer's bank, which decides within weeks. Razorpay takes one answer:"
        " it can't be changed afterwards.",
        facts=dispute_facts,
        obstacles=what_is_missing,
        danger=True,
        icon="gavel",
    )
    def contest(self, request: HttpRequest, dispute: Dispute, *, note: str, amount: Decimal) -> str:
        found = contesting.contest_dispute(dispute_id=dispute.pk, note=note, amount=amount, contested_by=request.user)
        return f"Razorpay has the evidence: the dispute is {found.get_status_display().lower()}."

    @object_action(
        label="Note evidence",
        permission="payments.answer_dispute",
        when=lambda dispute: not dispute.is_answered,
        form=EvidenceForm,
        confirm="A draft of what the files prove. Nothing is sent.",
        facts=dispute_facts,
        icon="edit_note",
    )
    def note_evidence(self, request: HttpRequest, dispute: Dispute, *, note: str) -> str:
        answering.note_evidence(dispute_id=dispute.pk, note=note)
        return "The note is stored."

    @object_action(
        label="Accept",
        permission="payments.answer_dispute",
        when=lambda dispute: dispute.can_be_answered,
        confirm="The payer is right, and gets the money back.",
        facts=dispute_facts,
        warnings=what_follows,
        danger=True,
        icon="thumb_down",
    )
    def accept(self, request: HttpRequest, dispute: Dispute) -> str:
        found = answering.accept_dispute(dispute_id=dispute.pk, accepted_by=request.user)
        return f"Razorpay took the answer: the dispute is {found.get_status_display().lower()}."

    @object_action(
        label="Ask Razorpay again",
        permission="payments.answer_dispute",
        confirm="Fetches how the dispute stands now. It changes nothing at Razorpay.",
        facts=dispute_facts,
        icon="sync",
    )
    def refresh(self, request: HttpRequest, dispute: Dispute) -> str:
        found = recording.refresh_dispute(dispute=dispute)
        return f"The dispute is {found.get_status_display().lower()}."
