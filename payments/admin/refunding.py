"""Adds to a payment's page: refunds through Razorpay, and the credit note of a refund that was made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.base import ActionForm, extends, object_action
from billing_platform.lib.admin.extensions import Extension
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.money import ZERO, exponent
from billing_platform.lib.number_formats import format_money, plain_text
from organisations.notifications.recipients import listed
from payments.admin.allocating import amount_of
from payments.models import Payment, Refund
from payments.services.refunding.asking import (
    IF_LOST,
    default_afterwards,
    disputed,
    refund_payment,
    refundable,
    why_not_refundable,
)
from payments.services.refunding.notes import Proposal, issue_note_of_refund, proposed_note
from payments.services.refunding.outlook import ARRIVES, RefundOutlook, refund_outlook

Status, Afterwards = Refund.Status, Refund.Afterwards


class GiveBackForm(ActionForm):
    """`obj` is the payment. Nothing is sent before the page has shown what this amount does, which `seen` names."""

    amount = forms.CharField(max_length=40)
    afterwards = forms.ChoiceField(choices=Afterwards.choices, label="The invoice")
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=REASON_LENGTH,
        help_text="Printed on the credit note, and in the e-mail to the customer.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        payment = self.obj
        most = refundable(payment)
        self.fields["amount"].initial = f"{most:.{exponent(payment.currency)}f}"
        self.fields["amount"].help_text = f"In {payment.currency}; at most {payment.shown(most)}."
        self.fields["afterwards"].initial = default_afterwards(payment.invoice)
        self.fields["seen"].initial = _seen(most, self.fields["afterwards"].initial)
        if payment.allocated <= ZERO:
            del self.fields["afterwards"]

    def clean_amount(self) -> Decimal:
        return amount_of(self.cleaned_data["amount"])

    def clean(self) -> dict[str, Any]:
        """For another amount than the one that the page told about, the page tells about that one, and asks again."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "amount" in cleaned and not self.errors:
            now = _seen(cleaned["amount"], cleaned.get("afterwards", ""))
            if ZERO < cleaned["amount"] <= refundable(self.obj) and cleaned.get("seen") != now:
                self.data = {**self.data.dict(), "seen": now}  # type: ignore[attr-defined]  # a QueryDict
                self.add_error(None, "See above what this refund does, then press the button once more.")
        return cleaned

    @property
    def answers(self) -> dict[str, Any]:
        return {name: value for name, value in super().answers.items() if name != "seen"}


class ReasonForm(ActionForm):
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), max_length=REASON_LENGTH, initial="Paid twice, or more than was due"
    )


class ReasonOfNoteForm(ActionForm):
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), max_length=REASON_LENGTH, help_text="Printed on the credit note."
    )


def what_it_does(request: HttpRequest, payment: Payment) -> list[tuple[str, Any]]:
    """The facts of the page, for the amount that was typed, or for all that is left."""
    return list(_told(_outlook(request, payment)))


def what_to_mind(request: HttpRequest, payment: Payment) -> list[str]:
    outlook = _outlook(request, payment)
    sentences = []
    if outlook.is_old:
        sentences.append(
            "The payment is older than 6 months: the bank may refuse. Then transfer the money back: a credit note makes"
            " it the payment's excess, and Record refund notes the transfer."
        )
    if payment.fee:
        sentences.append(f"Razorpay does not give its fee of {payment.shown(payment.fee)} back.")
    if outlook.worth is not None and outlook.worth.kind is not None:
        sentences.append("The last day for a GST credit note is over: the note is commercial, and the tax stays owed.")
    if held := disputed(payment):
        sentences.append(f"{payment.shown(held)} of the payment is disputed, and no part of this refund. {IF_LOST}")
    if outlook.note_refusal:
        sentences.append(f"No credit note can be issued: {outlook.note_refusal}")
    if outlook.in_parts:
        sentences.append(outlook.in_parts)
    return sentences


def the_excess(_request: HttpRequest, payment: Payment) -> list[tuple[str, Any]]:
    return list(_told(refund_outlook(payment=payment, amount=payment.unallocated)))


def refund_without_note(payment: Payment) -> Refund | None:
    """The refund made elsewhere about which somebody has to decide: the newest without a note."""
    if not payment.allocations.filter(answer="open").exists():
        return None
    rows = payment.refunds.filter(credit_note__isnull=True, afterwards="").exclude(status=Status.FAILED)
    found: Refund | None = rows.order_by("created_at").last()
    return found


def note_facts(proposal: Proposal | None) -> list[tuple[str, Any]]:
    if proposal is None:
        return [("Credit note", "Nothing is left to credit.")]
    note = proposal.worth.outlook.note
    taken = format_money(proposal.amount, proposal.invoice.currency)
    return [
        ("Taken off", f"{taken} of invoice {proposal.invoice}"),
        ("Credit note", _note_text(note, proposal.worth.kind)),
    ]


@extends(Payment)
class RefundsOfPayment(Extension):
    related_lists = ((Refund, "payment__id__exact"),)

    @object_action(
        label="Refund",
        permission="payments.refund_payment",
        when=lambda payment: why_not_refundable(payment) is None,
        form=GiveBackForm,
        confirm="Razorpay gives the money back to where it was paid from. What is asked for is set aside at once.",
        facts=what_it_does,
        warnings=what_to_mind,
        danger=True,
        icon="undo",
    )
    def refund(self, request: HttpRequest, payment: Payment, **answers: Any) -> HttpResponse:
        return self._shown(request, refund_payment(payment_id=payment.pk, request_key=key_of_page(request), **answers))

    @object_action(
        label="Refund the excess",
        permission="payments.refund_excess",
        when=lambda payment: payment.unallocated > ZERO and why_not_refundable(payment) is None,
        form=ReasonForm,
        confirm="Gives back what is credited to no invoice: a second payment, or what was paid above the amount due.",
        facts=the_excess,
        icon="assignment_return",
    )
    def refund_excess(self, request: HttpRequest, payment: Payment, *, reason: str) -> HttpResponse:
        made = refund_payment(
            payment_id=payment.pk,
            amount=payment.unallocated,
            reason=reason,
            request_key=key_of_page(request),
            only_excess=True,
        )
        return self._shown(request, made)

    @object_action(
        label="Credit note for the refund",
        permission="invoicing.issue_creditnote",
        when=lambda payment: refund_without_note(payment) is not None,
        form=ReasonOfNoteForm,
        confirm="The refund was not made here. If the supply or a part of its price is taken back, GST wants a credit"
        " note.",
        facts=lambda _request, payment: note_facts(_proposal(payment)),
        icon="request_quote",
    )
    def note_of_refund(self, request: HttpRequest, payment: Payment, *, reason: str) -> HttpResponse:
        refund = refund_without_note(payment)
        assert refund is not None  # noqa: S101  (the action asks)
        note = issue_note_of_refund(refund_id=refund.pk, reason=reason)
        return self.page.done(request, f"Credit note {note.number} is issued for the refund.", note)

    def _shown(self, request: HttpRequest, refund: Refund) -> HttpResponse:
        return show_refund(self.page, request, refund)


def show_refund(page: Any, request: HttpRequest, refund: Refund) -> HttpResponse:
    """Say how the refund stands, and go to its page."""
    amount = format_money(refund.amount, refund.currency)
    if refund.status == Status.FAILED:
        said = f"The refund of {amount} failed: {refund.failure}"
        return page.warned(request, said, refund)  # type: ignore[no-any-return]
    if refund.razorpay_refund_id is None:
        said = (
            f"The refund of {amount} is stored, and is sent as soon as Razorpay answers. {refund.last_failure}".strip()
        )
        return page.warned(request, said, refund)  # type: ignore[no-any-return]
    note = f" Credit note {refund.credit_note.number} is issued." if refund.credit_note else ""
    if refund.note_problem:
        return page.warned(request, f"Razorpay refunds {amount}. No credit note: {refund.note_problem}", refund)  # type: ignore[no-any-return]
    return page.done(request, f"Razorpay refunds {amount}.{note}", refund)  # type: ignore[no-any-return]


def _proposal(payment: Payment) -> Proposal | None:
    refund = refund_without_note(payment)
    return proposed_note(refund) if refund is not None else None


def key_of_page(request: HttpRequest) -> str:
    """Names the request that this page makes once."""
    return f"page:{request.POST.get('once', '')}"


def _seen(amount: Decimal, afterwards: str) -> str:
    return f"{plain_text(amount)} {afterwards}".strip()


def _outlook(request: HttpRequest, payment: Payment) -> RefundOutlook:
    try:
        typed = amount_of(request.POST.get("amount", ""))
    except forms.ValidationError:
        typed = ZERO
    most = refundable(payment)
    amount = typed if ZERO < typed <= most else most
    afterwards = request.POST.get("afterwards", "")
    return refund_outlook(
        payment=payment, amount=amount, afterwards=afterwards if afterwards in Afterwards.values else ""
    )


def _told(outlook: RefundOutlook) -> Iterator[tuple[str, Any]]:
    payment = outlook.payment
    shown = payment.shown
    yield "Customer", payment.organisation.name
    yield "Paid", f"{shown(payment.amount)} by {payment.get_method_display_name()}"
    if payment.amount_refunded:
        yield "Refunded before, or set aside", shown(payment.amount_refunded)
    yield "This refund", f"{shown(outlook.amount)} of {shown(payment.net)} that is left"
    if outlook.excess:
        yield "Of the excess", f"{shown(outlook.excess)}, which no invoice was credited with"
    if outlook.invoice is not None:
        yield "Taken off", f"{shown(outlook.off_invoice)} of invoice {outlook.invoice}"
        if outlook.worth is not None:
            yield "Credit note", _note_text(outlook.worth.outlook.note, outlook.worth.kind)
        else:
            yield "Credit note", "None"
        due = shown(outlook.invoice.amount_due)
        yield "The invoice afterwards", f"{outlook.invoice.get_status_display()}; due: {due}"
    yield "The money arrives", ARRIVES
    yield "E-mail to", listed(payment.organisation, "refund_done")


def _note_text(note: Any, kind: str | None) -> str:
    total, value = (format_money(amount, note.currency) for amount in (note.total, note.subtotal))
    if kind is not None or not note.taxes:
        return f"{total}, without tax{' (commercial)' if kind is not None else ''}"
    heads: dict[str, Decimal] = {}
    for tax in note.taxes:
        heads[tax.name] = heads.get(tax.name, ZERO) + tax.amount
    taxes = ", ".join(f"{name} {format_money(amount, note.currency)}" for name, amount in heads.items())
    return f"{total}: value {value}, {taxes}"
