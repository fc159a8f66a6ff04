"""The forms of an invoice's actions, and the facts and warnings that the confirmation pages show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html

from billing_platform.lib import clock
from billing_platform.lib.admin.base import ActionForm
from billing_platform.lib.admin.display import action_url
from billing_platform.lib.dates_in_words import day_text, last_day_text
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from invoicing.admin.mends import Warned, warning_text
from invoicing.computing.invoice import Computed
from invoicing.emails import sent_to
from invoicing.models import Invoice
from invoicing.services.drafting import computed_anew
from invoicing.services.numbering import expected_number
from invoicing.services.voiding import why_not_voidable
from organisations.notifications.recipients import listed

SEND, HOLD = "send", "hold"


def amount_of(invoice: Invoice) -> str:
    return format_money(invoice.total, invoice.currency)


def standing(invoice: Invoice) -> list[tuple[str, Any]]:
    """The facts that each confirmation page of an invoice shows first: customer, period, lines and total."""
    return [
        ("Customer", invoice.organisation.name),
        ("Period", invoice.period_label),
        ("Lines", f"{invoice.lines.count():,}"),
        ("Total", amount_of(invoice)),
    ]


# --- finalizing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ToFinalize:
    """A draft, and the invoice as it would be computed now."""

    invoice: Invoice
    computed: Computed

    @classmethod
    def now(cls, invoice: Invoice) -> ToFinalize:
        return cls(invoice, computed_anew(invoice))


class FinalizeForm(ActionForm):
    """`obj` is a ToFinalize."""

    e_mail = forms.ChoiceField(label="E-mail", choices=[])
    bill_anyway = forms.BooleanField(
        required=False, help_text="The warnings above are known, and the invoice goes out all the same."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        address = listed(self.obj.invoice.organisation, "invoice_issued")
        self.fields["e_mail"].choices = [(SEND, f"Send now to {address}"), (HOLD, "Do not send yet")]
        self.warned = any(not warning.blocks for warning in self.obj.computed.warnings)
        if not self.warned:
            del self.fields["bill_anyway"]

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        if self.warned and not answers.get("bill_anyway"):
            self.add_error("bill_anyway", "Tick this to bill in spite of the warnings, or mend them first.")
        return answers

    @property
    def answers(self) -> dict[str, Any]:
        return {"send": self.cleaned_data["e_mail"] == SEND}


def finalize_facts(_request: HttpRequest, draft: ToFinalize) -> list[tuple[str, Any]]:
    """As it would be finalized now: usage, prices and addresses may have changed since it was drafted."""
    invoice, computed, organisation = draft.invoice, draft.computed, draft.invoice.organisation
    entity = organisation.billing_entity
    currency = organisation.currency if invoice.period else invoice.currency
    return [
        ("Customer", organisation.name),
        ("Period", invoice.period_label),
        ("Lines", f"{len(computed.lines):,}"),
        ("Total", format_money(computed.totals.total, currency)),
        ("Number, probably", expected_number(billing_entity=entity, on=clock.today(entity.time_zone))),
        ("E-mail to", listed(organisation, "invoice_issued")),
    ]


def finalize_warnings(_request: HttpRequest, draft: ToFinalize) -> list[str]:
    page = Warned.finalize_page(draft.invoice)
    return [warning_text(warning, page) for warning in draft.computed.warnings if not warning.blocks]


def finalize_obstacles(_request: HttpRequest, draft: ToFinalize) -> Iterable[str]:
    """Why the draft can't be finalized, each with the way out."""
    invoice, computed = draft.invoice, draft.computed
    organisation, period = invoice.organisation, invoice.period
    if period is not None and clock.now() < period.bounds(organisation.zone)[1]:
        yield (
            f"The month runs until {last_day_text(period.end)} ({organisation.time_zone}): "
            f"the invoice can be finalized from {day_text(period.end)} on."
        )
    if not computed.lines:
        yield "There is nothing to bill on this invoice: discard the draft, or price what was used."
    if computed.totals.total < ZERO:
        yield "The total is negative: it can't be invoiced. Press “Credit and finalize” on the draft's page."
    for warning in computed.warnings:
        if warning.blocks:
            yield warning_text(warning, Warned.finalize_page(invoice))


# --- voiding ------------------------------------------------------------------------------------------------------


class VoidForm(ActionForm):
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), help_text="Stored with the invoice.")


def void_facts(_request: HttpRequest, invoice: Invoice) -> list[tuple[str, Any]]:
    """The document and its recipients; where it can be voided, also what becomes of both and of its month."""
    told = sent_to(invoice)
    known = [*standing(invoice), ("Number", invoice.number), ("Sent to", ", ".join(told) or "nobody")]
    if why_not_voidable(invoice):
        return known
    return [
        *known,
        ("Cancellation", f"is e-mailed to {', '.join(told)}" if told else "no e-mail: nobody was sent the invoice"),
        ("Its month", _month_after_void(invoice)),
    ]


def void_obstacles(_request: HttpRequest, invoice: Invoice) -> Iterable[str]:
    """An invoice that somebody may have seen is credited: the page leads to that."""
    obstacle = why_not_voidable(invoice)
    if obstacle:
        address = action_url(invoice, "credit")
        asked = "?everything=on" + ("&bill_again=on" if invoice.period else "")
        yield format_html('{} <a class="text-link" href="{}">Credit all of it</a>', obstacle, address + asked)


def _month_after_void(invoice: Invoice) -> str:
    if invoice.period is None:
        return "a one-off invoice has none"
    return (
        f"{invoice.period_label} is without an invoice, and needs attention until it is billed again or left unbilled"
    )


def later_charges(_request: HttpRequest, invoice: Invoice) -> list[str]:
    """Other invoices that charge late usage of the same month. They stay valid: a new invoice of the month deducts what
    they charged."""
    if invoice.period is None:
        return []
    others = (
        Invoice.objects.billing()
        .filter(organisation=invoice.organisation, lines__used_in=invoice.period_start)
        .exclude(pk=invoice.pk)
        .distinct()
    )
    return [
        f"{other} charges late usage of {invoice.period_label}. It stays; when the month is billed again, what it "
        "charged is taken off."
        for other in others
    ]
