"""What is asked before a bank line is booked: which invoices it pays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from billing_platform.lib.admin.base import ActionForm
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import quoted
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from invoicing.models import Invoice
from organisations.models import Organisation
from payments.banking.matching import Proposal
from payments.models import BankLine, Cheque
from payments.services.banking.cheques import cheques_of
from payments.services.banking.payouts import reads_like_a_payout
from payments.services.banking.proposing import proposals_for

AT_ONCE = 50
_LOOKED_AT = 500


@dataclass(frozen=True)
class Choices:
    """A line with what it may pay."""

    line: BankLine
    proposals: list[Proposal]
    cheque: Cheque | None = None
    """Whose money it is: then it can be booked in no other way."""


def choices_of(line: BankLine) -> Choices:
    return Choices(line, proposals_for([line]).get(line.pk, []), cheques_of([line]).get(line.pk))


def sure_lines() -> list[tuple[BankLine, Proposal]]:
    """The oldest lines that wait and have a sure proposal, so many as are booked at once."""
    lines = list(BankLine.objects.waiting().select_related("payment").order_by("day", "row")[:_LOOKED_AT])
    found = proposals_for(lines)
    best = [(line, found[line.pk][0]) for line in lines if found.get(line.pk)]
    return [(line, proposal) for line, proposal in best if proposal.is_sure][:AT_ONCE]


def in_words(proposal: Proposal) -> str:
    """ "Nandi Logistics: INV/26-27/000012, INV/26-27/000019" """
    return f"{proposal.customer}: {', '.join(invoice.number for invoice in proposal.invoices)}"


def why(proposal: Proposal) -> str:
    text = "; ".join(proposal.reasons)
    return f"{text[:1].upper()}{text[1:]}."


class BookForm(ActionForm):
    proposal = forms.ChoiceField(required=False, label="It pays")
    invoice = forms.CharField(
        required=False,
        max_length=300,
        label="Or other invoices",
        help_text="The number of an open invoice, or numbers of one customer with commas between them.",
    )
    customer = forms.CharField(
        required=False,
        max_length=200,
        label="Or on account of a customer",
        help_text="The customer's name, where no invoice fits: the money waits for the next one.",
    )
    oldest_first = forms.BooleanField(required=False, label="Pay the invoices of this customer that are due first")
    accept_overpayment = forms.BooleanField(required=False, label="Keep the rest as credit")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        proposals = self.obj.proposals
        if self.obj.cheque is not None:
            self.fields = {"once": self.fields["once"]}
            return
        self.fields["proposal"].choices = [
            *((each.key, in_words(each)) for each in proposals),
            ("", "None of these"),
        ]
        if not proposals:
            del self.fields["proposal"]
            self.fields["invoice"].label = "It pays the invoices"
        if not self._is_more_than_due():
            del self.fields["accept_overpayment"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.obj.cheque is not None:
            return cleaned
        typed = self._typed()
        if cleaned.get("customer"):
            self._check_customer(cleaned["customer"])
        elif typed and len(typed) != len(self._numbers()):
            missing = sorted(self._numbers() - {invoice.number for invoice in typed})
            self.add_error("invoice", f"{quoted(missing[0])} is no open invoice of this seller in this currency.")
        elif self._numbers() and not typed:
            self.add_error("invoice", "There is no such open invoice of this seller in this currency.")
        elif not typed and self._proposed() is None:
            self.add_error("invoice", "Say which invoice it pays, or of which customer it is.")
        elif "accept_overpayment" in self.fields and not cleaned.get("accept_overpayment"):
            self.add_error("accept_overpayment", "It is more than is due: keep the rest as credit?")
        return cleaned

    @property
    def answers(self) -> dict[str, Any]:
        typed = [] if self.obj.cheque else self._typed()
        return {
            "cheque": self.obj.cheque,
            "proposal": None if typed or self.obj.cheque else self._proposed(),
            "invoice_ids": [invoice.pk for invoice in typed],
            "organisation": self._customers().first() if self.cleaned_data.get("customer") else None,
            "oldest_first": bool(self.cleaned_data.get("oldest_first")),
            "accept_overpayment": bool(self.cleaned_data.get("accept_overpayment")),
        }

    def _check_customer(self, name: str) -> None:
        if self._numbers():
            self.add_error("customer", "Say either which invoices it pays, or of which customer it is.")
        elif not self._customers().exists():
            self.add_error("customer", f"No customer is called {quoted(name)}: write the name as its page has it.")
        elif self._customers().count() > 1:
            self.add_error("customer", "Several customers are called so: book it on an invoice of the right one.")

    def _customers(self) -> QuerySet[Organisation]:
        name = self.cleaned_data.get("customer", "").strip()
        return Organisation.objects.filter(Q(name__iexact=name) | Q(legal_name__iexact=name))

    def _numbers(self) -> set[str]:
        return {text.strip() for text in self.data.get("invoice", "").split(",")} - {""}

    def _typed(self) -> list[Invoice]:
        line, numbers = self.obj.line, self._numbers()
        if not numbers:
            return []
        rows = Invoice.objects.collectable().filter(
            billing_entity=line.billing_entity_id, currency=line.currency, number__in=numbers
        )
        return list(rows.order_by("due_date", "number"))

    def _proposed(self) -> Proposal | None:
        chosen = self.data.get("proposal")
        return next((each for each in self.obj.proposals if each.key == chosen), None)

    def _is_more_than_due(self) -> bool:
        typed, proposed = self._typed(), self._proposed()
        dues = [each.amount_due for each in typed] or [each.due for each in (proposed.invoices if proposed else ())]
        return bool(dues) and self.obj.line.amount > sum(dues, ZERO)


class ReasonForm(ActionForm):
    reason = forms.CharField(max_length=REASON_LENGTH, help_text="For the log; no customer sees it.")


class SureForm(ActionForm):
    """The lines and proposals that the page shows: those, and no others, are booked."""

    chosen = forms.JSONField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            shown = {str(line.pk): proposal.key for line, proposal in sure_lines()}
            self.initial["chosen"] = shown

    def clean_chosen(self) -> dict[UUID, str]:
        try:
            return {UUID(line): str(key) for line, key in dict(self.cleaned_data["chosen"]).items()}
        except (TypeError, ValueError, json.JSONDecodeError):
            raise forms.ValidationError("This page was not complete. Please confirm again.") from None


def line_facts(_request: HttpRequest, choices: Choices) -> Iterator[tuple[str, Any]]:
    line = choices.line
    yield "Came in", f"{format_money(line.amount, line.currency)} on {day_text(line.day)}"
    yield "The bank says", line.narration
    yield "Reference", line.reference
    if choices.cheque is not None:
        cheque = choices.cheque
        yield "It is", f"{cheque} of {cheque.organisation}, {cheque.bank}: it has cleared"
    for place, each in enumerate(choices.proposals, start=1):
        yield f"Proposal {place}", proposal_text(each, line.currency)


def line_warnings(_request: HttpRequest, choices: Choices) -> Iterator[str]:
    if reads_like_a_payout(choices.line):
        yield "This reads like a payout of Razorpay's, whose payments are recorded already: don't book it twice."


def proposal_text(proposal: Proposal, currency: str) -> Any:
    dues = format_html_join(
        ", ", "{} ({})", ((each.number, format_money(each.due, currency)) for each in proposal.invoices)
    )
    return format_html("<b>{}</b>: {}<br>{}", proposal.customer, dues, why(proposal))


def sure_facts(_request: HttpRequest, _none: Any) -> Iterator[tuple[str, Any]]:
    for line, proposal in sure_lines():
        yield str(line), proposal_text(proposal, line.currency)


def no_sure_lines(request: HttpRequest, _none: Any) -> Iterator[str]:
    if request.method != "POST" and not sure_lines():
        yield "No line has a sure proposal: open each line, and choose."
