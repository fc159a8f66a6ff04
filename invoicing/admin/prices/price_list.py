"""Price lists as files: what the price book says as CSV or XLSX, and a file read back with a dry run first.

Each row is checked as the price form checks what a person types, all rows in one transaction: a file does nothing that
a form would refuse, and it does all or nothing.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import Resource
from import_export.results import RowResult
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from tablib import Dataset

from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.number_formats import short_text
from billing_platform.lib.spreadsheet_cells import safe_cell, without_guard
from invoicing.admin.prices.price_cells import COLUMNS, NEEDED, column_of, row_of, typed
from invoicing.admin.prices.price_row_form import PriceRowForm
from invoicing.admin.prices.price_words import unknown_metric_text, validity_text, whole_price_text
from invoicing.models import PricingRule
from invoicing.selectors.price_coverage import is_known, known_metrics
from invoicing.services.prices.billed_months import lock_prices
from invoicing.services.prices.price_list import PriceList
from organisations.models import Organisation

MOST_ROWS = 2000
LARGEST_FILE = 2 * 1024 * 1024
LARGEST_UNPACKED = 30 * 1024 * 1024
LINE = "line"  # the column that holds the row's number in the file, beside those of the file

Rows = list[dict[str, str]]


class Outcome(StrEnum):
    ADDED = "Added"
    CHANGED = "Changed"
    UNCHANGED = "Unchanged"
    REFUSED = "Refused"


@dataclass(frozen=True, slots=True)
class RowReport:
    """What becomes of one row of the file. `problems` are sentences, with the column before them where there is one."""

    line: int
    about: str
    outcome: Outcome
    price: str = ""
    before: str = ""
    problems: tuple[str, ...] = ()
    note: str = ""  # what to look at; it keeps nothing from being imported


@dataclass(frozen=True, slots=True)
class Report:
    rows: tuple[RowReport, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(row.outcome == outcome for row in self.rows)

    @property
    def is_refused(self) -> bool:
        return bool(self.count(Outcome.REFUSED))

    @property
    def changes(self) -> int:
        return self.count(Outcome.ADDED) + self.count(Outcome.CHANGED)

    @property
    def sentence(self) -> str:
        counts = [(outcome, self.count(outcome)) for outcome in Outcome]
        return ", ".join(f"{count:,} {outcome.lower()}" for outcome, count in counts if count) or "The file has no rows"

    @property
    def worth_showing(self) -> list[RowReport]:
        """Refused rows first; rows without a change are only counted."""
        shown = [row for row in self.rows if row.outcome != Outcome.UNCHANGED]
        return sorted(shown, key=lambda row: (row.outcome != Outcome.REFUSED, row.line))


# --- out ------------------------------------------------------------------------------------------------------------


def cells_of(rules: Iterable[PricingRule]) -> Iterable[list[str]]:
    """The header and a row for each rule; no cell begins as a formula does."""
    yield list(COLUMNS)
    for rule in rules:
        row = row_of(rule)
        yield [safe_cell(row[column]) for column in COLUMNS]


def as_xlsx(rules: Iterable[PricingRule]) -> bytes:
    """The same as a spreadsheet. All cells are text, so that numbers keep their decimals."""
    header, *rows = cells_of(rules)
    content: bytes = Dataset(*rows, headers=header, title="Prices").export("xlsx")
    return content


# --- in -------------------------------------------------------------------------------------------------------------


def read_file(name: str, content: bytes) -> Rows:
    """The rows of a file by column, with their line numbers. Raises InvalidInput at `file`."""
    if len(content) > LARGEST_FILE:
        raise InvalidInput.field("file", f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB.")
    header, *lines = _cells_of_xlsx(content) if name.lower().endswith(".xlsx") else _cells_of_csv(content)
    names = [cell.strip().lower() for cell in header]
    _check_header(names)
    rows = [
        {LINE: str(number)} | dict.fromkeys(COLUMNS, "") | dict(zip(names, cells, strict=False))
        for number, cells in enumerate(lines, start=2)
        if any(cells)
    ]
    if len(rows) > MOST_ROWS:
        raise InvalidInput.field("file", f"The file has more than {MOST_ROWS:,} rows: import it in parts.")
    return rows


def _check_header(names: list[str]) -> None:
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name and name not in COLUMNS]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    for found, words in ((missing, "lacks the columns"), (unknown, "has unknown columns:"), (twice, "has twice:")):
        if found:
            named = ", ".join(found)
            raise InvalidInput.field("file", f"The file {words} {named}. Export the prices to see how it looks.")


def _cells_of_csv(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput.field("file", "The file is no text in UTF-8: save it as “CSV UTF-8”, or as XLSX.") from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)  # where a comma is the decimal sign, spreadsheets write semicolons
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise InvalidInput.field("file", f"The file can't be read as CSV: {error}.") from None
    return [[_text(cell) for cell in line] for line in lines] or [[]]


def _cells_of_xlsx(content: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > LARGEST_UNPACKED:
                raise InvalidInput.field("file", "The spreadsheet is too large when it is unpacked.")
        found = Dataset().load(content, format="xlsx", headers=False)
        formulas = _formulas_of(content)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError):
        raise InvalidInput.field("file", "The file can't be read as a spreadsheet (XLSX).") from None
    for row, column, place in formulas:
        if found[row - 1][column - 1] is None:  # a program wrote it, and no spreadsheet has worked it out
            raise InvalidInput.field("file", f"Cell {place} has a formula without a result: write the value there.")
    return [[_text(cell) for cell in line] for line in found] or [[]]


def _formulas_of(content: bytes) -> list[tuple[int, int, str]]:
    """Row, column and name of each cell with a formula."""
    sheet = load_workbook(io.BytesIO(content), read_only=True).active
    cells = (cell for row in sheet.iter_rows() for cell in row)
    return [(cell.row, cell.column, cell.coordinate) for cell in cells if cell.data_type == "f"]


def _text(cell: Any) -> str:
    """A cell as it would stand in a CSV file. A number of a spreadsheet has the digits that the spreadsheet shows."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return without_guard(cell).strip()
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return ("yes" if cell else "no") if isinstance(cell, bool) else short_text(Decimal(str(cell)))


def import_rows(rows: Rows, *, user: Any, reason: str, dry_run: bool) -> Report:
    """Add and change the prices of a list, all or none. A dry run checks the same, and stores nothing.

    Rows that change a rule go first, so that a price may end and the next one begin in one file.
    """
    ordered = sorted(rows, key=lambda row: not row["id"])
    headers = [LINE, *COLUMNS]
    dataset = Dataset(*([row[name] for name in headers] for row in ordered), headers=headers)
    with transaction.atomic():
        if not dry_run:
            lock_prices(to_change_them=True)
        resource = PriceListResource(ordered, user=user, reason=reason)
        resource.import_data(dataset, use_transactions=False, raise_errors=False)
        report = Report(tuple(sorted(resource.reports, key=lambda each: each.line)))
        if not dry_run and not report.is_refused:
            resource.prices.store()
    return report


class PriceListResource(Resource):
    """Each row becomes what a person would type into the price form."""

    class Meta:
        instance_loader_class = BaseInstanceLoader
        import_id_fields = ()  # rows find their rules by themselves

    def __init__(self, rows: Rows, *, user: Any, reason: str) -> None:
        super().__init__()
        self.user, self.reason = user, reason
        self.reports: list[RowReport] = []
        customers = Organisation.objects.for_organisations(user)
        self.by_slug = {each.slug: each for each in customers.filter(slug__in={row["customer"] for row in rows})}
        self.by_key = {str(each.pk): each for each in self.by_slug.values()}
        self.prices = self._prices(rows)
        self.metrics = known_metrics(row["metric"] for row in rows)

    def _prices(self, rows: Rows) -> PriceList:
        """What the rows change and what they are checked against."""
        keys = {key for row in rows if (key := _key(row["id"])) is not None}
        rules = PricingRule.objects.for_organisations(self.user).filter(pk__in=keys).select_related("organisation")
        changing = list(rules)
        customers = {each.pk for each in self.by_slug.values()} | {rule.organisation_id for rule in changing}
        return PriceList(
            changing=changing,
            customers=None if None in customers or any(not row["customer"] for row in rows) else customers,
            metric_names={row["metric"] for row in rows},
        )

    def import_row(self, row: Mapping[str, str], instance_loader: Any, **kwargs: Any) -> Any:
        """The library's step for one row."""
        result = self.get_row_result_class()()
        report = self._import(row)
        self.reports.append(report)
        result.import_type = _TYPES[report.outcome]
        if report.outcome == Outcome.REFUSED:
            refusal = DomainError("This row is refused.")
            result.errors.append(self.get_error_result_class()(refusal, row=row, number=report.line))
        return result

    def _import(self, row: Mapping[str, str]) -> RowReport:
        about = f"{row['metric']} ({row['unit']}) for {row['customer'] or 'every customer'}, from {row['first_day']}"
        line = int(row[LINE])
        try:
            rule = self._stored(row)
            form = self._form(row, rule)
            if not form.has_changes():
                return RowReport(line, about, Outcome.UNCHANGED)
            before = _said(rule) if rule is not None else ""
            saved = form.save_by_service()
        except _Refused as refused:
            return RowReport(line, about, Outcome.REFUSED, problems=refused.problems)
        except DomainError as error:
            return RowReport(line, about, Outcome.REFUSED, problems=tuple(_problems_of(error)))
        outcome = Outcome.CHANGED if rule is not None else Outcome.ADDED
        note = "" if is_known(saved, self.metrics) else unknown_metric_text(saved.metric_name, saved.unit)
        return RowReport(line, about, outcome, price=_said(saved), before=before, note=note)

    def _stored(self, row: Mapping[str, str]) -> PricingRule | None:
        if not row["id"]:
            return None
        key = _key(row["id"])
        if key is None or key not in self.prices.known:
            raise _Refused("id: There is no such price. Leave the cell empty to add one.")
        return self.prices.known[key]

    def _form(self, row: Mapping[str, str], rule: PricingRule | None) -> PriceRowForm:
        """The valid form of a row. Raises _Refused."""
        sent, unreadable = typed(row)
        customer = self.by_slug.get(row["customer"])
        if row["customer"] and customer is None:
            unreadable["customer"] = "There is no such customer: write the customer's short name (slug)."
        if unreadable:
            raise _Refused(*(f"{column}: {sentence}" for column, sentence in unreadable.items()))
        sent["organisation"] = str(customer.pk) if customer else ""
        sent["reason"] = self.reason
        verb = "add" if rule is None else "change"
        form = PriceRowForm(sent, rule=rule, prices=self.prices, customers=self.by_key)
        form.permitted = lambda each: self.user.has_perm(f"invoicing.{verb}_pricingrule", each)
        if not all(form.permitted(each) for each in (PricingRule(organisation=customer), rule) if each is not None):
            raise _Refused("customer: You need this permission for the customer, or for every customer.")
        if not form.is_valid():
            raise _Refused(
                *(f"{column_of(name)}: {said}" for name, sentences in form.errors.items() for said in sentences)
            )
        return form


def _key(cell: str) -> UUID | None:
    try:
        return UUID(cell)
    except ValueError:
        return None


_TYPES = {
    Outcome.ADDED: RowResult.IMPORT_TYPE_NEW,
    Outcome.CHANGED: RowResult.IMPORT_TYPE_UPDATE,
    Outcome.UNCHANGED: RowResult.IMPORT_TYPE_SKIP,
    Outcome.REFUSED: RowResult.IMPORT_TYPE_ERROR,
}


class _Refused(Exception):
    """A row that can't be imported, with its problems."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems


def _problems_of(error: DomainError) -> Iterable[str]:
    named = {name: told for name, told in error.details.items() if isinstance(error, InvalidInput)}
    if not named:
        yield error.message
    for name, sentences in named.items():
        yield from (f"{column_of(name)}: {sentence}" for sentence in sentences)


def _said(rule: PricingRule) -> str:
    return f"{whole_price_text(rule.body(), rule.currency)}, {validity_text(rule.effective_from, rule.effective_to)}"
