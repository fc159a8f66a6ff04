"""GSTR-1 of a month with so many invoices: seconds, and the most memory of a process of its own."""

from __future__ import annotations

from datetime import date

from tests.bench.billing import hear, processes, tell

GSTIN = "29AAACB2894G1ZJ"
_CUSTOMERS = 60

_READ = """
import django, sys, time
django.setup()
from billing_platform.lib.periods import BillingPeriod
from invoicing.returns.period import ReturnPeriod
from invoicing.services.returns.files import return_files
print("ready", flush=True)
gstin, month, *formats = sys.stdin.readline().split()
begun = time.perf_counter()
period = ReturnPeriod.of(BillingPeriod.parse(month))
with return_files(gstin=gstin, period=period, formats=tuple(formats)) as (reading, files):
    assert not reading.is_blocked and reading.reconciliation.agrees, reading.gstr1.lints
    documents, size = reading.gstr1.documents, sum(len(each.file.read()) for each in files)
seconds = time.perf_counter() - begun
status = open("/proc/self/status").read()  # of this program alone: what getrusage says may be its parent's
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print("done", documents, seconds, peak, size, flush=True)
"""

_CLONE = """
    DELETE FROM invoicing_documentsnapshot USING invoicing_invoice old
        WHERE invoice_id = old.id AND old.seller_gstin = %(gstin)s AND old.series = 'B/26-27/'
        AND old.issue_date >= %(first)s AND old.issue_date < %(first)s::date + %(days)s;
    DELETE FROM invoicing_invoice WHERE seller_gstin = %(gstin)s AND series = 'B/26-27/'
        AND issue_date >= %(first)s AND issue_date < %(first)s::date + %(days)s;
    CREATE TEMPORARY TABLE clone AS
        SELECT gen_random_uuid() AS id, template.id AS template, number AS running,
               %(first)s::date + (number %% %(days)s)::int AS day
        FROM generate_series(%(start)s, %(stop)s) number
        JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS many
              FROM invoicing_invoice WHERE seller_gstin = %(gstin)s AND series = %(series)s) template
          ON template.place = number %% template.many;
    INSERT INTO invoicing_invoice ({columns})
        SELECT {values} FROM clone JOIN invoicing_invoice old ON old.id = clone.template;
    INSERT INTO invoicing_documentsnapshot (id, created_at, updated_at, invoice_id, content)
        SELECT gen_random_uuid(), now(), now(), clone.id,
               jsonb_set(old.content, '{{number}}', to_jsonb('B/26-27/' || clone.running))
        FROM clone JOIN invoicing_documentsnapshot old ON old.invoice_id = clone.template;
    DROP TABLE clone;
"""
_CLONED = {
    "id": "clone.id",
    "number": "'B/26-27/' || clone.running",
    "series": "'B/26-27/'",
    "sequence_number": "clone.running",
    "issue_date": "clone.day",
    "due_date": "clone.day",
    "public_token": "replace(clone.id::text, '-', '')",
}


def fill(month: date, days: int, count: int, *, after: int) -> None:
    """Invoices of a month, copies of a few that were issued by our services: registered and unregistered, in the
    State and in others, small and large, with the numbers from `after` + 1 on."""
    from django.db import connection

    from invoicing.models import Invoice

    series = _templates()
    columns = [field.column for field in Invoice._meta.concrete_fields]
    values = ", ".join(_CLONED.get(column, f"old.{column}") for column in columns)
    clone = _CLONE.format(columns=", ".join(columns), values=values)
    with connection.cursor() as cursor:
        for table in ("invoice", "documentsnapshot"):
            cursor.execute(f"ALTER TABLE invoicing_{table} DISABLE TRIGGER USER")
        where = {"first": month, "days": days, "start": after + 1, "stop": after + count}
        for statement in filter(str.strip, clone.split(";")):
            cursor.execute(statement, {**where, "gstin": GSTIN, "series": series} if "%(" in statement else None)
        for table in ("invoice", "documentsnapshot"):
            cursor.execute(f"ALTER TABLE invoicing_{table} ENABLE TRIGGER USER")
        cursor.execute("ANALYZE invoicing_invoice, invoicing_documentsnapshot")


def read(month: date, *formats: str) -> tuple[int, float, float, int]:
    """Documents, seconds, the most megabytes of memory, and bytes of the files."""
    with processes([_READ]) as (process,):
        tell(process, f"{GSTIN} {month:%Y-%m} {' '.join(formats)}")
        documents, seconds, megabytes, size = hear(process, "done")
    return int(documents), float(seconds), float(megabytes), int(size)


def _templates() -> str:
    """The series of the invoices to copy, which are issued the first time."""
    from invoicing.models import Invoice
    from invoicing.services import drafting, issuing

    found = Invoice.objects.filter(seller_gstin=GSTIN, series__startswith="T/").values_list("series", flat=True).first()
    if found:
        return str(found)
    for number in range(_CUSTOMERS):
        customer = _customer(number)
        for price in ("100.10", "250000") if number % 10 == 0 else ("1234.57",):
            lines = [{"description": f"Work {line}", "quantity": "1", "unit_price": price} for line in range(4)]
            draft = drafting.create_one_off_draft(organisation=customer, lines=lines)
            invoice = issuing.finalize_invoice(invoice_id=draft.pk, send=False)
    return str(invoice.series)


def _customer(number: int):  # type: ignore[no-untyped-def]
    from billing_platform.lib.gst import gstin_check_character
    from tests import factories

    seller = factories.billing_entity(name="Returns", gstin=GSTIN, invoice_prefix="T", is_default=False)
    state = ("29", "27", "33")[number % 3]
    gstin = f"{state}AAACB{number:04d}H1Z"
    fields = {} if number % 5 == 0 else {"gstin": gstin + gstin_check_character(gstin)}
    pin = {"29": "560001", "27": "400001", "33": "600001"}[state]
    return factories.organisation(
        f"Returns {number}", billing_entity=seller, state_code=state, postal_code=pin, **fields
    )
