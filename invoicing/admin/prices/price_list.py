"""Price lists as files: what the price book says as CSV or XLSX, and a file read back with a dry run first.

Each row is checked as the price form checks what a person types, all rows in one transaction: a file does nothing that
a form would refuse, and it does all or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import Resource
from import_export.results import RowResult
from tablib import Dataset

from billing_platform.lib.admin.list_import import Outcome, Report, RowReport
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.http.table_files import LINE, Rows, read_rows
from billing_platform.lib.spreadsheet_cells import safe_cell
from invoicing.admin.prices.price_cells import COLUMNS, NEEDED, column_of, row_of, typed
from invoicing.admin.prices.price_row_form import PriceRowForm
from invoicing.admin.prices.price_words import unknown_metric_text, validity_text, whole_price_text
from invoicing.models import PricingRule
from invoicing.selectors.price_coverage import is_known, known_metrics
from invoicing.services.prices.billed_months import lock_prices
from invoicing.services.prices.price_list import PriceList
from organisations.models import Organisation

MOST_ROWS = 2000
HINT = "Export the prices to see how it looks."


# --- out ------------------------------------------------------------------------------------------------------------


def cells_of(rules: Iterable[PricingRule]) -> Iterable[list[str]]:
    """The header and a row for each rule; no cell begins as a formula does."""
    yield list(COLUMNS)
    for rule in rules:
        row = row_of(rule)
        yield [safe_cell(row[column]) for column in COLUMNS]


# --- in -------------------------------------------------------------------------------------------------------------


def read_file(name: str, content: bytes) -> Rows:
    """The rows of a file by column, with their line numbers. Raises InvalidInput at `file`."""
    return read_rows(name, content, columns=COLUMNS, needed=NEEDED, most_rows=MOST_ROWS, hint=HINT)


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
        return RowReport(line, about, outcome, after=_said(saved), before=before, note=note)

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
