"""Reconciliation of so many events, and of so many invoices: seconds, and the most memory of a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from tests.bench.billing import COPIED as SERIES
from tests.bench.billing import hear, processes, tell
from tests.bench.platform import Platform

EVENT_CHECKS = ("hot_log", "aggregates")
INVOICE_CHECKS = ("document_sums", "document_files", "number_series", "balances", "invoice_lines")
_CUSTOMERS = 50

_RECONCILE = """
import django, resource, sys, time
from datetime import date, timedelta
django.setup()
from billing_platform.lib import clock
from reconciliation.services.running import do_check, start_run
print("ready", flush=True)
first, last, ahead, *names = sys.stdin.readline().split()
now = clock.now
clock.now = lambda: now() + timedelta(days=int(ahead))  # what arrived today is of a day that is over
run = start_run(first_day=date.fromisoformat(first), last_day=date.fromisoformat(last), checks=names)
said = []
for name in names:
    check = run.checks.get(check_name=name)
    begun = time.perf_counter()
    while check.status in ("waiting", "at_work"):
        do_check(check_id=check.pk)
        check.refresh_from_db()
    assert (check.status, check.found) == ("done", 0), (name, check.last_failure, check.found)
    said += [check.compared, time.perf_counter() - begun]
status = open("/proc/self/status").read()  # of this program alone: what getrusage says may be its parent's
print("done", int(status.partition("VmHWM:")[2].split()[0]) / 1024, *said, flush=True)
"""

_COPIES = f"SELECT id FROM invoicing_invoice WHERE series = '{SERIES}'"
_CLONE = """
    DELETE FROM payments_paymentallocation WHERE invoice_id IN ({copies});
    DELETE FROM payments_payment WHERE invoice_id IN ({copies});
    DELETE FROM invoicing_documentsnapshot WHERE invoice_id IN ({copies});
    DELETE FROM invoicing_invoicetax WHERE invoice_id IN ({copies});
    DELETE FROM invoicing_invoiceline WHERE invoice_id IN ({copies});
    DELETE FROM invoicing_invoice WHERE series = '{series}';
    DELETE FROM invoicing_numbersequence WHERE series = '{series}';
    CREATE TEMPORARY TABLE clone AS
        SELECT template.id AS template, number AS running, %(first)s::date + (number %% %(days)s)::int AS day
        FROM generate_series(1, %(count)s) number
        JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS many
              FROM invoicing_invoice WHERE series = %(series)s) template ON template.place = number %% template.many;
    INSERT INTO invoicing_invoice ({invoice}) SELECT {of_invoice}
        FROM clone JOIN invoicing_invoice old ON old.id = template;
    INSERT INTO invoicing_invoiceline ({line}) SELECT {of_line}
        FROM clone JOIN invoicing_invoiceline old ON old.invoice_id = template;
    INSERT INTO invoicing_invoicetax ({tax}) SELECT {of_tax}
        FROM clone JOIN invoicing_invoicetax old ON old.invoice_id = template;
    INSERT INTO invoicing_documentsnapshot (id, created_at, updated_at, invoice_id, content)
        SELECT gen_random_uuid(), now(), now(), {twin_of_invoice},
               old.content || jsonb_build_object('number', '{series}' || running, 'issue_date', day)
        FROM clone JOIN invoicing_documentsnapshot old ON old.invoice_id = template;
    INSERT INTO payments_payment ({payment}) SELECT {of_payment}
        FROM clone JOIN payments_payment old ON old.invoice_id = template;
    INSERT INTO payments_paymentallocation ({allocation}) SELECT {of_allocation}
        FROM clone JOIN payments_paymentallocation old ON old.invoice_id = template;
    INSERT INTO invoicing_numbersequence (id, created_at, updated_at, registration, billing_entity_id, series, kind,
            financial_year, next_number)
        SELECT gen_random_uuid(), now(), now(), registration, billing_entity_id, '{series}', kind, financial_year,
            %(count)s + 1
        FROM invoicing_numbersequence WHERE series = %(series)s;
    DROP TABLE clone;
"""
_OF_INVOICE = {
    "number": f"'{SERIES}' || running",
    "series": f"'{SERIES}'",
    "sequence_number": "running",
    "issue_date": "day",
    "due_date": "day",
    "finalized_at": "day + interval '12 hours'",
    "public_token": "md5(old.id::text || running)",
}


def events_settled(platform: Platform, thousands: int) -> None:
    """So many thousand events more, received today and settled."""
    for start in range(0, thousands, 200):
        platform.accept(min(200, thousands - start))
        platform.settle()


def reconcile(
    first: date, last: date, checks: Sequence[str], *, ahead: int = 0
) -> tuple[float, dict[str, tuple[int, float]]]:
    """The most megabytes of memory; and by check how many things it compared, and its seconds. All must agree."""
    with processes([_RECONCILE]) as (process,):
        tell(process, f"{first} {last} {ahead} {' '.join(checks)}")
        megabytes, *said = hear(process, "done")
    pairs = zip(said[::2], said[1::2], strict=True)
    return float(megabytes), {name: (int(count), float(s)) for name, (count, s) in zip(checks, pairs, strict=True)}


def fill(month: date, days: int, count: int) -> None:
    """Issued invoices of four lines each, with taxes and documents, of which half are paid: copies of some that our
    services issued, so that everything adds up."""
    from django.db import connection

    from invoicing.models import DocumentSnapshot, Invoice, InvoiceLine, InvoiceTax, NumberSequence
    from payments.models import Payment, PaymentAllocation

    models = {
        "invoice": (Invoice, _OF_INVOICE),
        "line": (InvoiceLine, {"invoice_id": _twin("invoice_id")}),
        "tax": (InvoiceTax, {"invoice_id": _twin("invoice_id"), "line_id": _twin("line_id")}),
        "payment": (Payment, {"invoice_id": _twin("invoice_id")}),
        "allocation": (PaymentAllocation, {"invoice_id": _twin("invoice_id"), "payment_id": _twin("payment_id")}),
    }
    texts = {"series": SERIES, "copies": _COPIES, "twin_of_invoice": _twin("invoice_id")}
    for name, (model, changed) in models.items():
        columns = [field.column for field in model._meta.concrete_fields]
        texts[name] = ", ".join(columns)
        texts[f"of_{name}"] = ", ".join(
            ({"id": _twin("id")} | changed).get(column, f"old.{column}") for column in columns
        )
    where = {"first": month, "days": days, "count": count, "series": _templates()}
    tables = [
        DocumentSnapshot._meta.db_table,
        NumberSequence._meta.db_table,
        *(model._meta.db_table for model, _changed in models.values()),
    ]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in filter(str.strip, _CLONE.format(**texts).split(";")):
            cursor.execute(statement, where if "%(" in statement else None)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("ANALYZE")


def _twin(column: str) -> str:
    """The id of a copy follows from that of the row and the number: so copies find each other."""
    return f"md5(old.{column}::text || running)::uuid"


def _templates() -> str:
    """The series of the invoices to copy."""
    from invoicing.services import drafting, issuing
    from payments.services.offline import record_offline_payment
    from tests import factories

    seller = factories.billing_entity(name="Reconciled", gstin="29AAACB2894G1ZJ", invoice_prefix="Q", is_default=False)
    for number in range(_CUSTOMERS):
        customer = factories.organisation(f"Reconciled {number}", billing_entity=seller)
        lines = [{"description": f"Work {line}", "quantity": "3", "unit_price": "1234.57"} for line in range(4)]
        draft = drafting.create_one_off_draft(organisation=customer, lines=lines)
        invoice = issuing.finalize_invoice(invoice_id=draft.pk, send=False)
        if number % 2:
            record_offline_payment(
                invoice_id=invoice.pk,
                amount=invoice.total,
                method="bank_transfer",
                reference=f"UTR{number}",
                received_on=invoice.issue_date,
            )
    return str(invoice.series)


def last_of(month: date, days: int) -> date:
    return month + timedelta(days=days - 1)
