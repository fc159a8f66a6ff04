"""The page that takes a bank's statement as a file, after a dry run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.list_import import Answers, ListImport, Outcome, Report, RowReport
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.table_files import LINE, Cells, Rows, read_cells
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.vocabularies import currency_choices
from organisations.models import BillingEntity
from organisations.scoping import reaches_every_organisation
from payments.banking.layouts import Column, widest_row
from payments.models import BankLine
from payments.models.bank_statement import ACCOUNT_LENGTH
from payments.services.banking.importing import Imported, import_statement, is_statement

MOST_ROWS = 5000
_HEADER = "Which column is which?"
_COLUMNS = {
    Column.DAY: "Column of the day",
    Column.NARRATION: "Column of the text",
    Column.REFERENCE: "Column of the reference",
    Column.CREDIT: "Column of money that came in",
    Column.AMOUNT: "Or the column of all amounts",
    Column.SIGN: "Column that says Cr or Dr",
    Column.BALANCE: "Column of the balance",
}


class StatementAnswers(Answers):
    """The columns are asked for only where they are not known."""

    seller = forms.ModelChoiceField(BillingEntity.objects.order_by("-is_default", "name"), empty_label=None)
    account = forms.CharField(
        max_length=ACCOUNT_LENGTH,
        required=False,
        help_text="The account's last digits, where the seller has several. Write it the same each time.",
    )
    currency = forms.ChoiceField(choices=currency_choices, initial="INR")
    column_day, column_narration, column_reference, column_credit, column_amount, column_sign, column_balance = (
        forms.CharField(label=label, max_length=100, required=False) for label in _COLUMNS.values()
    )


class BankStatementPages(ListImport):
    """Gives the page of bank lines the button Import."""

    import_template = "admin/payments/bank_import.html"
    import_title = "Import a bank statement"
    import_most_rows = MOST_ROWS
    import_answers = StatementAnswers

    def may_import(self, request: HttpRequest) -> bool:
        """A statement tells of all of a seller's customers."""
        user: Any = request.user
        return bool(user.has_perm("payments.book_bankline", BankLine())) and reaches_every_organisation(user)

    def read_file(self, name: str, content: bytes) -> Rows:
        cells = read_cells(content, most_rows=MOST_ROWS, is_table=is_statement)
        return [
            {LINE: str(number), **{str(place): text for place, text in enumerate(row)}}
            for number, row in enumerate(cells, start=1)
        ]

    def import_rows(self, request: HttpRequest, rows: Rows, answers: Mapping[str, Any], *, dry_run: bool) -> Report:
        cells: Cells = [[text for place, text in row.items() if place != LINE] for row in rows]
        currency = answers["currency"]
        done = import_statement(
            seller=answers["seller"],
            cells=cells,
            currency=currency,
            account=answers["account"],
            columns={column: answers.get(f"column_{column.value}", "") for column in _COLUMNS},
            uploaded_by=request.user,
            dry_run=dry_run,
        )
        if done.header_is_unknown:
            return Report((_ask_for_columns(cells),))
        return Report(tuple(_reports(done, currency)))

    def _show(self, request: HttpRequest, form: forms.Form, report: Report | None = None) -> HttpResponse:
        """The columns are asked for after a file whose columns are not known."""
        asks = report is not None and any(row.about == _HEADER for row in report.rows)
        for column in _COLUMNS:
            name = f"column_{column.value}"
            if not asks and not form[name].value():
                del form.fields[name]
        return super()._show(request, form, report)


def _ask_for_columns(cells: Cells) -> RowReport:
    number = widest_row(cells)
    seen = ", ".join(filter(None, cells[number])) if cells else ""
    sentence = (
        f"No row names a day, a text and an amount as banks do. Write below which column is which of: {seen[:500]}"
    )
    return RowReport(number + 1, _HEADER, Outcome.REFUSED, problems=(sentence,))


def _reports(done: Imported, currency: str) -> list[RowReport]:
    refused = [RowReport(each.row, "", Outcome.REFUSED, problems=(each.sentence,)) for each in done.problems]
    new = [
        RowReport(line.row, _about(line, currency), Outcome.ADDED, after=line.narration or line.reference)
        for line in done.new
    ]
    return [*refused, *new, *(RowReport(each.row, _about(each, currency), Outcome.UNCHANGED) for each in done.known)]


def _about(line: Any, currency: str) -> str:
    return f"{day_text(line.day)}, {format_money(line.amount, currency)}"
