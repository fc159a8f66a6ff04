"""What a bulk job would do: how many rows, how many of them are left alone and why, and sums by currency."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, QuerySet

from billing_platform.lib.money import ZERO
from organisations.models import BulkItem, BulkJob
from organisations.services.bulk.verbs import BulkVerb, Options

_COLUMNS = "item_object, item_name, item_organisation, item_amount, item_currency, item_seen, item_because"
_GROUPS = """
    SELECT item_because, item_currency, count(*), min(item_name), coalesce(sum(item_amount), 0),
           bit_xor(hashtextextended(concat_ws(' ', item_object, trim_scale(item_amount), item_seen, item_because), 0))
    FROM ({rows}) AS found GROUP BY 1, 2 ORDER BY 1, 2
"""
_CUSTOMERS = """
    SELECT count(DISTINCT item_organisation) FROM ({rows}) AS found
    JOIN organisations_organisation AS customer ON customer.id = item_organisation AND NOT customer.is_test
    WHERE item_because = ''
"""
_ITEMS = """
    SELECT object_id AS item_object, name AS item_name, organisation_id AS item_organisation, amount AS item_amount,
           currency AS item_currency, seen AS item_seen, reason AS item_because
    FROM organisations_bulkitem WHERE job_id = %s
"""
RUPEES = "INR"
OTHER_CURRENCIES = 100
"""One of another currency counts as so many rupees, where an amount is compared with the limit."""
_SALT = "bulk-preview"


@dataclass(frozen=True)
class Group:
    """Rows that are left alone for one reason, or done (`because` is empty), of one currency."""

    because: str
    currency: str
    count: int
    example: str
    total: Decimal
    fingerprint: int


@dataclass(frozen=True)
class Skipped:
    because: str
    count: int
    example: str


@dataclass(frozen=True)
class Preview:
    groups: tuple[Group, ...]
    customers: int = 0
    """Whom it is done for, without test customers: none of theirs is e-mailed."""

    @property
    def matching(self) -> int:
        return sum(group.count for group in self.groups)

    @property
    def ready(self) -> int:
        return sum(group.count for group in self.groups if not group.because)

    @property
    def sums(self) -> list[tuple[str, Decimal]]:
        """Of what would be done, by currency."""
        return [(group.currency, group.total) for group in self.groups if not group.because and group.currency]

    @property
    def skipped(self) -> list[Skipped]:
        """By reason, the most frequent first."""
        found: defaultdict[str, list[Group]] = defaultdict(list)
        for group in self.groups:
            if group.because:
                found[group.because].append(group)
        rows = [Skipped(why, sum(each.count for each in those), those[0].example) for why, those in found.items()]
        return sorted(rows, key=lambda row: (-row.count, row.because))

    @property
    def is_large(self) -> bool:
        """Whether the operator has to type the number of rows before it is done."""
        worth = sum((total if name == RUPEES else total * OTHER_CURRENCIES for name, total in self.sums), ZERO)
        return bool(self.ready > settings.BULK_TYPED_ABOVE_ROWS or worth > settings.BULK_TYPED_ABOVE_RUPEES)

    @property
    def seal(self) -> str:
        """What was shown, signed: the job does exactly this, or is not begun."""
        return signing.dumps([self._bound, self.ready, self.told_sums], salt=_SALT)

    @property
    def _bound(self) -> list[list[str]]:
        return [
            [group.because, group.currency, str(group.count), f"{group.total:.4f}", str(group.fingerprint)]
            for group in self.groups
        ]

    @property
    def told_sums(self) -> dict[str, str]:
        return {currency: f"{total:.4f}" for currency, total in self.sums}

    def is_sealed_by(self, seal: str) -> bool:
        shown = read_seal(seal)
        return shown is not None and shown[0] == self._bound


def read_seal(seal: str) -> tuple[list[list[str]], int, dict[str, str]] | None:
    """What a page showed: all that binds it, how many rows and their sums. None for a seal that is not ours."""
    try:
        bound, ready, sums = signing.loads(seal, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return bound, ready, sums


def preview(verb: BulkVerb, rows: QuerySet[Any], options: Options) -> Preview:
    """What the verb would do to these rows now."""
    try:
        sql, given = verb.judged(options, rows).query.sql_with_params()
    except EmptyResultSet:
        return Preview(())
    return _read(f"SELECT {_COLUMNS} FROM ({sql}) AS judged", given)  # noqa: S608  # made by Django


def preview_of(job: BulkJob) -> Preview:
    """The same of a job that was just confirmed, from its rows."""
    return _read(_ITEMS, (job.pk,))


def counts_of(job: BulkJob, items: QuerySet[BulkItem]) -> dict[str, int]:
    """How many of a job's rows are in each state, of those that somebody may see."""
    found = items.filter(job=job).order_by().values_list("state").annotate(Count("pk"))
    return dict.fromkeys(BulkItem.State.values, 0) | dict(found)


def _read(sql: str, given: Any) -> Preview:
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS.format(rows=sql), given)
        groups = tuple(Group(*row) for row in cursor.fetchall())
        cursor.execute(_CUSTOMERS.format(rows=sql), given)
        (customers,) = cursor.fetchone()
    return Preview(groups, customers)
