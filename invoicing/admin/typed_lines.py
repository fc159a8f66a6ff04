"""Lines that a person types: the form of a one-off invoice, and what may be edited on a draft."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.base import ActionForm, Extension, extends, object_action
from billing_platform.lib.admin.rows import Row, RowsField, RowsWidget
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.limits import NOTES_LENGTH, PURCHASE_ORDER_LENGTH
from billing_platform.lib.number_formats import format_money, short_text
from invoicing.models import Invoice
from invoicing.services import drafting, editing
from organisations.models import Organisation

COLUMNS = {
    "description": "What is charged",
    "quantity": "Quantity",
    "unit_price": "Price of one, before tax",
    "sac": "SAC",
}
HELP = "A negative price takes something off. Without a SAC, a line has the seller's."


def lines_field(**traits: Any) -> RowsField:
    return RowsField(widget=RowsWidget(COLUMNS, add="Add line"), help_text=HELP, **traits)


def particulars() -> tuple[forms.Field, forms.Field]:
    order = forms.CharField(
        label="Purchase order number",
        max_length=PURCHASE_ORDER_LENGTH,
        required=False,
        help_text="Empty: the one on the customer's page, if there is one.",
    )
    notes = forms.CharField(
        max_length=NOTES_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Printed below the totals.",
    )
    return order, notes


class OneOffForm(ActionForm):
    lines = lines_field()
    purchase_order, notes = particulars()


class LinesForm(ActionForm):
    """The typed lines of a draft, as they are."""

    lines = lines_field(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lines"].initial = list(_typed(self.obj))


class ParticularsForm(ActionForm):
    purchase_order, notes = particulars()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purchase_order"].initial = self.obj.purchase_order
        self.fields["notes"].initial = self.obj.notes


def _typed(invoice: Invoice) -> Iterator[Row]:
    for line in editing.typed_lines_of(invoice):
        yield {
            "description": line.description,
            "quantity": short_text(line.quantity),
            "unit_price": short_text(line.unit_price or 0),
            "sac": line.sac,
        }


class RowRefusal:
    """Within it, a refusal of `lines[1].quantity` is one of the field `lines`, and names the row: people count from
    1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, error: BaseException | None, _traceback: Any) -> None:
        if isinstance(error, DomainError):
            named = [_in_row(path, sentences) for path, sentences in error.details.items() if path.startswith("lines[")]
            if named:
                raise InvalidInput(" ".join(named), details={"lines": named}) from error


def _in_row(path: str, sentences: Any) -> str:
    index, _bracket, column = path.removeprefix("lines[").partition("].")
    return f"Row {int(index) + 1}, {COLUMNS.get(column, column)}: {' '.join(sentences)}"


@extends(Organisation)
class OneOffInvoices(Extension):
    @object_action(
        label="Draft one-off invoice",
        permission="invoicing.create_invoice",
        form=OneOffForm,
        confirm="For work that is not metered. Tax is added by the customer's place of supply.",
        facts=lambda _request, organisation: [
            ("Customer", organisation.name),
            ("Currency", organisation.currency),
            ("Seller", organisation.billing_entity.name),
        ],
        icon="post_add",
    )
    def create_one_off(
        self, request: HttpRequest, organisation: Organisation, *, lines: list[Row], purchase_order: str, notes: str
    ) -> HttpResponse:
        with RowRefusal():
            draft = drafting.create_one_off_draft(
                organisation=organisation, lines=lines, purchase_order=purchase_order, notes=notes
            )
        return self.page.done(request, "The invoice was drafted.", draft)


@extends(Invoice)
class EditedDraft(Extension):
    @object_action(
        label="Edit lines",
        permission="invoicing.create_invoice",
        when=lambda invoice: invoice.is_draft,
        form=LinesForm,
        confirm="Lines of usage and fees are computed; these stand below them. They stay when the draft is "
        "computed again.",
        facts=lambda _request, invoice: [
            ("Customer", invoice.organisation.name),
            ("Period", invoice.period_label),
            ("Total now", format_money(invoice.total, invoice.currency)),
        ],
        icon="edit_note",
    )
    def edit_lines(self, request: HttpRequest, invoice: Invoice, *, lines: list[Row]) -> str:
        with RowRefusal():
            edited = editing.set_typed_lines(invoice_id=invoice.pk, lines=lines)
        return f"The draft comes to {format_money(edited.total, edited.currency)}."

    @object_action(
        label="Order number and notes",
        permission="invoicing.create_invoice",
        when=lambda invoice: invoice.is_draft,
        form=ParticularsForm,
        confirm="Both are printed on the invoice.",
        icon="sticky_note_2",
    )
    def edit_particulars(self, request: HttpRequest, invoice: Invoice, *, purchase_order: str, notes: str) -> str:
        editing.set_particulars(invoice_id=invoice.pk, purchase_order=purchase_order, notes=notes)
        return "The draft has them."
