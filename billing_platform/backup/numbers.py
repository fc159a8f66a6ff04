"""The numbers by which a database is known again: of each table, and the sums that people know it by."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, QuerySet, Sum
from psycopg import sql

from billing_platform.backup.manifest import Statement, TableNumbers
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import plain_text
from events.models import UsageEvent
from invoicing.models import CreditNote, Invoice
from payments.models import Payment, PaymentAllocation, Refund
from reconciliation.models import DailyStatement

# Whole tables: a partition is counted with its parent. What an extension brought is not ours.
_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
      AND NOT EXISTS (
          SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
      )
    ORDER BY relname
"""
_NUMBERS = "SELECT count(*), COALESCE(bit_xor(hashtextextended(each::text, 0)), 0) FROM {table} AS each"


def table_names() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return [name for (name,) in cursor.fetchall()]


def table_numbers() -> dict[str, TableNumbers]:
    """Of each table, from one pass over its rows. Same rows give the same numbers on any server."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL bytea_output = 'hex'")
        for name in table_names():
            cursor.execute(sql.SQL(_NUMBERS).format(table=sql.Identifier("public", name)))
            found[name] = TableNumbers(*cursor.fetchone())
    return found


def sums() -> dict[str, str]:
    """What the platform adds up to, by currency: for people who compare."""
    return dict(_sums())


def _sums() -> Iterator[tuple[str, str]]:
    ledger = UsageEvent.objects.aggregate(count=Count("pk"), sum=Sum("quantity"))
    yield "entries of the ledger", _text(ledger["count"], ledger["sum"])
    issued, received = Invoice.objects.exclude(number=""), Payment.objects.received()
    yield from _by_currency("invoices with a number", issued, "total", "currency")
    yield from _by_currency("paid on invoices", issued, "amount_paid", "currency")
    yield from _by_currency("credit notes", CreditNote.objects.all(), "total", "invoice__currency")
    yield from _by_currency("payments received", received, "amount", "currency")
    yield from _by_currency("allocations", PaymentAllocation.objects.all(), "amount", "payment__currency")
    yield from _by_currency("refunds", Refund.objects.all(), "amount", "payment__currency")


def _by_currency(what: str, rows: QuerySet[Any], amount: str, currency: str) -> Iterator[tuple[str, str]]:
    for code, count, total in rows.order_by(currency).values_list(currency).annotate(Count("pk"), Sum(amount)):
        yield f"{what}, {code}", _text(count, total)


def _text(count: int, total: Decimal | None) -> str:
    return f"{count}, in all {plain_text(total or ZERO)}"


def last_statement() -> Statement | None:
    last = DailyStatement.objects.order_by("-number").first()
    return Statement(last.number, last.day.isoformat(), last.hash) if last else None


def migrations() -> list[str]:
    rows = MigrationRecorder(connection).migration_qs.order_by("id").values_list("app", "name")
    return [f"{app}.{name}" for app, name in rows]
