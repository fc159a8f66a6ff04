"""The dry run as rows of a file, for the download and for the command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from billing_platform.lib.number_formats import money_text
from invoicing.services.dry_run import DryRow

COLUMNS = ("customer", "slug", "outcome", "currency", "lines", "total", "month_before", "difference", "remarks")


def csv_rows(rows: Iterable[DryRow]) -> Iterator[tuple[str, ...]]:
    """The heading, then a line for each customer; amounts with tax, in the customer's currency, empty where there are
    none."""
    yield COLUMNS
    for row in rows:
        currency = row.organisation.currency
        amounts = (_amount(each, currency) for each in (row.total, row.before, row.difference))
        name, slug = row.organisation.name, row.organisation.slug
        yield (name, slug, row.outcome.value, currency, str(row.lines), *amounts, " ".join(row.remarks))


def _amount(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else money_text(amount, currency)
