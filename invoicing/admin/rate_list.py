"""A list of exchange rates as a file: each row is checked as the form checks what a person types, and the file does all
or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError

from billing_platform.lib.admin.list_import import Outcome, Report, RowReport
from billing_platform.lib.errors import quoted
from billing_platform.lib.http.table_files import LINE, Rows, read_rows
from billing_platform.lib.number_formats import NumberError, parse_decimal, short_text
from invoicing.models import ExchangeRate
from invoicing.rates import Rate
from invoicing.services.exchange_rates import store_rates

COLUMNS = ("base", "target", "rate", "date", "source")
MOST_ROWS = 5000
HINT = f"Its columns are {', '.join(COLUMNS)}."
_COLUMN_OF = {"as_of": "date"}

Key = tuple[str, str, date]


def read_file(name: str, content: bytes) -> Rows:
    """The rows of a file by column, with their line numbers. Raises InvalidInput at `file`."""
    return read_rows(name, content, columns=COLUMNS, needed=COLUMNS, most_rows=MOST_ROWS, hint=HINT)


def import_rates(rows: Rows, *, dry_run: bool) -> Report:
    """Add the rates of a list, all or none. A dry run checks the same, and stores nothing."""
    checked = [(int(row[LINE]), row, *_read(row)) for row in rows]
    known = _known([rate for _line, _row, rate, _problems in checked if rate is not None])
    reports, new = [], []
    for line, row, rate, problems in checked:
        about = f"1 {row['base']} in {row['target']} on {row['date']}"
        if rate is None:
            reports.append(RowReport(line, about, Outcome.REFUSED, problems=problems))
            continue
        there = known.get(_key(rate))
        if there is None:
            known[_key(rate)] = rate.rate
            new.append(rate)
            reports.append(RowReport(line, about, Outcome.ADDED, after=rate.text))
        elif there == rate.rate:
            reports.append(RowReport(line, about, Outcome.UNCHANGED))
        else:
            sentence = f"rate: There is another rate of this day, {short_text(there)}: a published rate stays as it is."
            reports.append(RowReport(line, about, Outcome.REFUSED, problems=(sentence,)))
    report = Report(tuple(reports))
    if not dry_run and not report.is_refused:
        store_rates(new)
    return report


def _key(rate: Rate) -> Key:
    return rate.base, rate.target, rate.as_of


def _known(rates: Sequence[Rate]) -> dict[Key, Decimal]:
    stored = ExchangeRate.objects.filter(as_of__in={rate.as_of for rate in rates})
    return {(each.base, each.target, each.as_of): each.rate for each in stored}


def _read(row: dict[str, str]) -> tuple[Rate | None, tuple[str, ...]]:
    """The rate of a row, or what is wrong with it."""
    problems: list[str] = []
    value, day = Decimal(1), date(2020, 1, 1)
    try:
        value = parse_decimal(row["rate"])
    except NumberError as error:
        problems.append(f"rate: {error}")
    try:
        day = date.fromisoformat(row["date"])
    except ValueError:
        problems.append(f"date: {quoted(row['date'])} is no day: write it as 2026-11-30.")
    found = ExchangeRate(
        base=row["base"].upper(), target=row["target"].upper(), rate=value, as_of=day, source=row["source"]
    )
    try:
        found.full_clean(validate_unique=False, validate_constraints=False)
        if found.base == found.target:
            problems.append("target: Choose another currency than the base currency.")
    except ValidationError as error:
        for field, sentences in error.message_dict.items():
            problems += [f"{_COLUMN_OF.get(field, field)}: {sentence}" for sentence in sentences]
    return (None, tuple(problems)) if problems else (found.as_rate(), ())
