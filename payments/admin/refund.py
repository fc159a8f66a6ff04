"""Refunds: asked for here, made in Razorpay's dashboard, or recorded by an operator."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.base import (
    ReadOnlyAdmin,
    attention_filter,
    link,
    money,
    object_action,
    short_time,
    status,
)
from billing_platform.lib.admin.work import WORK, work_column
from payments.admin.payment import REFUND_TONES
from payments.admin.refunding import ReasonOfNoteForm, key_of_page, note_facts, show_refund
from payments.models import Refund
from payments.services.refunding import sending
from payments.services.refunding.asking import refund_payment
from payments.services.refunding.notes import issue_note_of_refund, proposed_note

Status = Refund.Status

AttentionFilter = attention_filter(
    held_up=("Razorpay could not be asked", lambda refunds, _user: refunds.held_up()),
    failed=("Failed: to try again?", lambda refunds, _user: refunds.failed_and_not_tried_again()),
    no_note=("Without the credit note", lambda refunds, _user: refunds.without_their_note()),
)
OFTEN_EMPTY = ("failure", "reason", "retry_of", "note_problem", "reference", "bank_reference", "sent_at", "ended_at")


def may_be_tried_again(refund: Refund) -> bool:
    return Refund.objects.failed_and_not_tried_again().filter(pk=refund.pk).exists()


def may_get_a_note(refund: Refund) -> bool:
    """Cheap: whether there is something to work a note out for."""
    if refund.credit_note_id is not None or refund.status == Status.FAILED:
        return False
    undecided = refund.afterwards == "" and refund.payment.allocations.filter(answer="open").exists()
    return bool(refund.note_problem) or (undecided and refund.razorpay_refund_id is not None)


def how_it_stands(_request: HttpRequest, refund: Refund) -> list[tuple[str, Any]]:
    rows = [
        ("Customer", refund.payment.organisation.name),
        ("Payment", str(refund.payment)),
        ("Amount", refund.payment.shown(refund.amount)),
        ("Status", refund.get_status_display()),
        ("Left of the payment", refund.payment.shown(refund.payment.net)),
    ]
    rows += [("Why it failed", refund.failure)] if refund.failure else []
    rows += [("Last failure", refund.last_failure)] if refund.last_failure else []
    return rows


class NoteForm(ReasonOfNoteForm):
    """`obj` is the refund."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.obj.reason:  # known already, and never changes
            del self.fields["reason"]


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    empty_hint = "Refund a payment on its page. Refunds of Razorpay's dashboard stand here too, and transfers back."
    ordering = ("-created_at",)
    list_on_a_phone = ("label", "customer", "returned", "state")
    list_display = ("label", "customer", "payment_link", "returned", "kind", "state", "note", "refunded_on")
    list_filter = (AttentionFilter, "status", "kind", "asked_here", "payment__organisation", "refunded_on")
    search_fields = (
        "refund_number",
        "razorpay_refund_id",
        "bank_reference",
        "reference",
        "payment__razorpay_payment_id",
        "payment__reference",
    )
    list_select_related = ("payment__organisation", "credit_note")
    fieldsets = (
        (None, {"fields": ("label", "payment", "returned", "state", "failure", "reason", "refunded_on", "retry_of")}),
        ("The invoice", {"fields": ("invoice", "taken_off", "afterwards", "credit_note", "note_problem")}),
        (
            "On its way",
            {
                "fields": (
                    "kind",
                    "asked_here",
                    "razorpay_refund_id",
                    "bank_reference",
                    "reference",
                    "sent_at",
                    "ended_at",
                    "recorded",
                )
            },
        ),
        WORK,
    )

    returned = money("amount", "Amount")
    taken_off = money("off_invoice", "Taken off it")
    state = status("status", REFUND_TONES, "Status")
    payment_link = link("payment")
    customer = link("payment__organisation", "Customer")
    note = link("credit_note", "Credit note")
    recorded = short_time("created_at", "Recorded")
    work = work_column()

    def sections(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without what the refund does not have."""
        return [
            (
                name,
                {"fields": tuple(each for each in options["fields"] if each not in OFTEN_EMPTY or getattr(obj, each))},
            )
            for name, options in self.fieldsets
            if obj is None or name != "The invoice" or obj.invoice_id or obj.credit_note_id or obj.note_problem
        ]

    @admin.display(description="Refund", ordering="created_at")
    def label(self, refund: Refund) -> str:
        return str(refund)

    @object_action(
        label="Ask Razorpay",
        permission="payments.refund_excess",
        when=sending.may_be_asked_about,
        confirm="Sends the refund if Razorpay does not have it yet, and asks how it stands. It is never made twice.",
        facts=how_it_stands,
        icon="sync",
    )
    def ask_razorpay(self, request: HttpRequest, refund: Refund) -> HttpResponse:
        return show_refund(self, request, sending.ask_razorpay(refund_id=refund.pk))

    @object_action(
        label="Try again",
        permission="payments.refund_payment",
        when=may_be_tried_again,
        confirm="Another refund of the same amount, for the same reason. A refund that failed stays on record. If"
        " Razorpay's balance was too low, add money to it first. If the bank refuses, transfer the money back instead,"
        " and record the refund on the payment's page.",
        facts=how_it_stands,
        danger=True,
        icon="replay",
    )
    def try_again(self, request: HttpRequest, refund: Refund) -> HttpResponse:
        made = refund_payment(
            payment_id=refund.payment_id,
            amount=refund.amount,
            reason=refund.reason,
            afterwards=refund.afterwards,
            retry_of=refund.pk,
            request_key=key_of_page(request),
        )
        return show_refund(self, request, made)

    @object_action(
        label="Nothing more to do",
        permission="payments.place_payment",
        when=may_be_tried_again,
        confirm="Nothing more is to be done about this refund: the customer got the money another way, or gets none.",
        facts=how_it_stands,
        icon="done",
    )
    def close(self, request: HttpRequest, refund: Refund) -> str:
        sending.close_failed(refund_id=refund.pk)
        return "The refund waits for nobody any more."

    @object_action(
        label="Issue credit note",
        permission="invoicing.issue_creditnote",
        when=may_get_a_note,
        form=NoteForm,
        confirm="The invoice is credited with what the refund took off it, by its own tax heads and rates.",
        facts=lambda request, refund: [*how_it_stands(request, refund), *note_facts(proposed_note(refund))],
        icon="request_quote",
    )
    def issue_note(self, request: HttpRequest, refund: Refund, reason: str = "") -> HttpResponse:
        note = issue_note_of_refund(refund_id=refund.pk, reason=reason)
        return self.done(request, f"Credit note {note.number} is issued for the refund.", note)
