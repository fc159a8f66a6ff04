"""The page that asks for a credit note: the invoice's lines, what is left of each, and what the note would do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest

from billing_platform.lib import clock
from billing_platform.lib.admin.base import ActionForm
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.limits import QUANTITY_PLACES, REASON_LENGTH
from billing_platform.lib.money import exponent
from billing_platform.lib.number_formats import NumberError, format_money, format_percent, parse_decimal, plain_text
from invoicing.admin.invoice_line import quantity_text
from invoicing.computing.credit_notes import WARN_DAYS, Creditable, CreditableLine, Wanted
from invoicing.models import CreditNote, Invoice, InvoiceLine
from invoicing.selectors.credit_notes import creditable
from invoicing.services.credit_notes.issuing import Outlook, Why, last_day_of, look_ahead
from invoicing.services.credit_notes.usage_credits import planned
from invoicing.services.voiding import why_not_voidable
from organisations.notifications.recipients import listed

Kind, Reason = CreditNote.Kind, CreditNote.Reason
SEND, HOLD = "send", "hold"


@dataclass(frozen=True)
class ToCredit:
    """An invoice, and what is left of it to credit."""

    invoice: Invoice
    facts: Creditable
    rows: tuple[InvoiceLine, ...]
    last_day: date | None
    today: date

    @classmethod
    def now(cls, invoice: Invoice) -> ToCredit:
        today = clock.today(invoice.billing_entity.time_zone)
        rows = tuple(invoice.lines.order_by("position"))
        return cls(invoice, creditable(invoice), rows, last_day_of(invoice), today)

    @property
    def is_late(self) -> bool:
        return self.last_day is not None and self.today > self.last_day

    def shown(self, amount: Decimal) -> str:
        return format_money(amount, self.invoice.currency)


@dataclass(frozen=True)
class FormLine:
    """A line of the invoice in the form's table."""

    position: int
    description: str
    quantity: str
    taxable: str
    credited: str
    left: str
    amount: Any  # the form's fields; None where nothing is left
    by_quantity: Any


class CreditNoteForm(ActionForm):
    """`obj` is a ToCredit. Nothing is issued before the page has shown what the note does: `seen` is the total that
    it showed."""

    everything = forms.BooleanField(required=False, label="Credit all that is left")
    reason = forms.ChoiceField(choices=[("", "---------"), *Reason.choices])
    reason_text = forms.CharField(
        required=False,
        label="Reason in words",
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Printed on the note.",
    )
    kind = forms.ChoiceField(
        required=False,
        choices=[(Kind.GST, "Credit note: gives tax back"), (Kind.COMMERCIAL, "Commercial: no tax is given back")],
    )
    bill_again = forms.BooleanField(
        required=False,
        label="Bill the month anew",
        help_text="The invoice's month is released, and waits to be billed again. Only with all that is left; "
        "the tax that commercial notes left owed is taken back too.",
    )
    e_mail = forms.ChoiceField(label="E-mail", choices=[])
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        address = listed(self.obj.invoice.organisation, "credit_note_issued")
        self.fields["e_mail"].choices = [(SEND, f"Send now to {address}"), (HOLD, "Do not send")]
        if self.obj.last_day is None:
            del self.fields["kind"]
        elif self.obj.is_late:
            self.fields["kind"].choices = [(Kind.COMMERCIAL, "Commercial: no tax is given back")]
        if self.obj.invoice.period is None:
            del self.fields["bill_again"]
        for line in self.obj.facts.lines:
            if line.left:
                for name in ("quantity", "amount"):
                    named = {"aria-label": f"Credit of line {line.position}: {name}", "inputmode": "decimal"}
                    widget = forms.TextInput(attrs=named)
                    self.fields[f"{name}_{line.position}"] = forms.CharField(
                        required=False, max_length=40, widget=widget
                    )
        self.outlook, self.refusal = self._look_ahead()

    @property
    def lines(self) -> list[FormLine]:
        by_position = {line.position: line for line in self.obj.facts.lines}
        return [self._line(row, by_position[row.position]) for row in self.obj.rows]

    @property
    def others(self) -> list[Any]:
        """The fields that stand below the table of lines."""
        return [field for field in self if not re.match(r"(amount|quantity)_\d+$|seen$", field.name)]

    @property
    def preview(self) -> list[tuple[str, str]]:
        return preview_rows(self.obj, self.outlook) if self.outlook else []

    @property
    def total_shown(self) -> str:
        return plain_text(self.outlook.note.total) if self.outlook else ""

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        if self.refusal is not None:
            self._add_refusal(self.refusal)
        elif not self.errors and answers.get("seen") != self.total_shown:
            self.add_error(None, "See below what the note will do, then press the button once more.")
        if answers.get("reason") == Reason.OTHER and not answers.get("reason_text", "").strip():
            self.add_error("reason_text", "Say in words what the reason is.")
        return answers

    @property
    def answers(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {
            "lines": self._wanted(),
            "why": Why(cleaned["reason"], cleaned["reason_text"]),
            "kind": cleaned.get("kind") or None,
            "bill_again": cleaned.get("bill_again", False),
            "send": cleaned["e_mail"] == SEND,
        }

    def _typed(self, name: str) -> str:
        """What stands in a field: sent, or asked about by the page itself while somebody types."""
        value = self.data.get(name) if self.is_bound else self.initial.get(name)
        return str(value or "").strip()

    def _look_ahead(self) -> tuple[Outlook | None, DomainError | None]:
        try:
            lines = self._wanted()
            if lines == []:
                return None, DomainError("Say what to credit.") if self.is_bound else None
            kind = self._typed("kind") or (Kind.COMMERCIAL if self.obj.is_late else None)
            again = bool(self._typed("bill_again"))
            return look_ahead(invoice=self.obj.invoice, lines=lines, kind=kind, bill_again=again), None
        except DomainError as error:
            return None, error

    def _wanted(self) -> list[Wanted] | None:
        """What is wanted of each line; None for all that is left. Raises DomainError for what is no number."""
        if self._typed("everything"):
            return None
        found = []
        for line in self.obj.facts.lines:
            amount, quantity = (self._number(line, name) for name in ("amount", "quantity"))
            if amount is not None and quantity is not None:
                raise DomainError(f"Line {line.position}: give either an amount or a quantity.")
            if amount is not None or quantity is not None:
                found.append(Wanted(line.position, amount, quantity))
        return found

    def _number(self, line: CreditableLine, name: str) -> Decimal | None:
        text = self._typed(f"{name}_{line.position}").replace(",", "")
        if not text:
            return None
        places = exponent(self.obj.invoice.currency) if name == "amount" else QUANTITY_PLACES
        try:
            return parse_decimal(text, places=places, max_digits=14)
        except NumberError as error:
            raise DomainError(f"Line {line.position}, {name}: {error}") from None

    def _add_refusal(self, error: DomainError) -> None:
        wanted = self._positions()
        for place, sentences in error.details.items():
            found = re.match(r"lines\[(\d+)\]\.(amount|quantity)$", place)
            if found:
                self.add_error(f"{found[2]}_{wanted[int(found[1])]}", sentences)
                return
        if "bill_again" in error.details and "bill_again" in self.fields:
            self.add_error("bill_again", error.details["bill_again"])
            return
        said = [sentences for sentences in error.details.values() if isinstance(sentences, list)]
        self.add_error(None, said[0] if said else error.message)

    def _positions(self) -> list[int]:
        return [each.position for each in self._wanted() or ()]

    def _line(self, row: InvoiceLine, line: CreditableLine) -> FormLine:
        fields = [self[f"{name}_{row.position}"] if line.left else None for name in ("amount", "quantity")]
        return FormLine(
            position=row.position,
            description=row.description,
            quantity=quantity_text(row),
            taxable=self.obj.shown(line.taxable),
            credited=self.obj.shown(line.credited) if line.credited else "",
            left=self.obj.shown(line.left),
            amount=fields[0],
            by_quantity=fields[1],
        )


class CorrectionsForm(ActionForm):
    e_mail = forms.ChoiceField(label="E-mail", choices=[])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        address = listed(self.obj.organisation, "credit_note_issued")
        self.fields["e_mail"].choices = [(SEND, f"Send the documents now to {address}"), (HOLD, "Do not send")]

    @property
    def answers(self) -> dict[str, Any]:
        return {"send": self.cleaned_data["e_mail"] == SEND}


def corrections_facts(_request: HttpRequest, draft: Invoice) -> list[tuple[str, Any]]:
    """Which credit notes a negative draft would become, worked out by now."""
    rows = [("Customer", draft.organisation.name), ("Draft", format_money(draft.total, draft.currency))]
    try:
        plans = planned(draft)
    except DomainError:
        return rows
    for plan in plans:
        if plan.obstacle is not None:
            continue
        note = plan.outlook.note
        rows.append((f"Credit note for {plan.invoice}", format_money(note.total, note.currency)))
        if plan.not_given_back:
            lapsed = format_money(plan.not_given_back, note.currency)
            rows.append(("Not given back", f"{lapsed}: {plan.invoice} has a typed deduction that was never paid"))
    return rows


def corrections_obstacles(_request: HttpRequest, draft: Invoice) -> list[str]:
    try:
        plans = planned(draft)
    except DomainError as error:
        return [error.message]
    return [plan.obstacle for plan in plans if plan.obstacle is not None]


def preview_rows(to_credit: ToCredit, outlook: Outlook) -> list[tuple[str, str]]:
    """What the note would say, and what the customer would owe then."""
    note, shown = outlook.note, to_credit.shown
    rows = [("Taxable value", shown(note.subtotal))]
    rows += [(f"{tax.name} {format_percent(tax.rate)}", shown(tax.amount)) for tax in note.taxes]
    rows += [("Round-off", shown(note.round_off))] if note.round_off else []
    rows += [("Credited in all", shown(note.total))]
    rows += [("Due on the invoice before", shown(to_credit.invoice.amount_due))]
    rows += [("Due on the invoice afterwards", shown(outlook.due))]
    if outlook.excess:
        rows += [("Paid too much then", f"{shown(outlook.excess)}: to refund, or to credit to another invoice")]
    return rows


def credit_facts(_request: HttpRequest, to_credit: ToCredit) -> list[tuple[str, Any]]:
    invoice = to_credit.invoice
    last_day = to_credit.last_day
    return [
        ("Customer", invoice.organisation.name),
        ("Total", to_credit.shown(invoice.total)),
        ("Credited before", to_credit.shown(invoice.amount_credited)),
        ("Paid", to_credit.shown(invoice.amount_paid)),
        ("Due now", to_credit.shown(invoice.amount_due)),
        ("GST can be taken back until", day_text(last_day) if last_day else "no GST was charged"),
    ]


def credit_warnings(_request: HttpRequest, to_credit: ToCredit) -> list[str]:
    last_day, invoice, found = to_credit.last_day, to_credit.invoice, []
    if last_day is not None and to_credit.is_late:
        found.append(
            f"{day_text(last_day)} was the last day on which GST of this invoice could be taken back. A commercial "
            "credit note is possible: the tax stays owed."
        )
    elif last_day is not None and (last_day - to_credit.today).days <= WARN_DAYS:
        found.append(f"GST of this invoice can be taken back until {day_text(last_day)}: after that, it stays owed.")
    if invoice.is_voidable and not why_not_voidable(invoice):
        found.append("Nobody has seen this invoice yet: you may void it instead.")
    return found
