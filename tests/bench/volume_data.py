"""Data at volume: a few customers billed by our services, and copies of them by SQL, past the triggers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from billing_platform.lib.periods import BillingPeriod, financial_year

CUSTOMERS, MONTHS, TRAIL_MONTHS = 10_000, 100, 12
USED_MONTHS, USED_DAYS = 3, 28  # the same days of every month, so that each month uses the same
HOURS = (9, 12, 15, 18)
EVENTS_AN_HOUR = 3
METRICS = (("api_calls", "call"), ("storage", "GB"))
TEMPLATES = 20
SERIES = "V/"


def fill(scale: float) -> str:
    """Makes what is not there yet, and says what there is. Data of another scale is refused: remove var/volume."""
    from organisations.models import Organisation

    count = max(int(CUSTOMERS * scale), TEMPLATES)
    there = Organisation.objects.filter(slug__startswith="volume-").count()
    if there == 0:
        _make(count)
    elif there != count:
        raise SystemExit(f"var/volume has {there:,} customers, not {count:,}: remove it, or say VOLUME_SCALE.")
    return _said()


def _make(count: int) -> None:
    from django.db import connection, transaction

    months = _months()
    with transaction.atomic():
        templates = _templates(months[-1])
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET synchronous_commit = off; SET work_mem = '256MB'; SET maintenance_work_mem = '512MB'")
        _vacuum_ledger(cursor, by_itself=False)
        _customers(cursor, count, templates)
        _usage(cursor, months[-USED_MONTHS + 1 :])
        _documents(cursor, months)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM (ANALYZE)")
        _vacuum_ledger(cursor, by_itself=True)


def _vacuum_ledger(cursor: Any, *, by_itself: bool) -> None:
    """Our VACUUM would cancel PostgreSQL's own where they meet. A BRIN index that is left half summarized in this way
    names nearly all pages for any range, until it is made anew."""
    cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events_usageevent'::regclass")
    for (partition,) in cursor.fetchall():
        cursor.execute(f"ALTER TABLE {partition} SET (autovacuum_enabled = {by_itself})")


def _months() -> list[BillingPeriod]:
    """The last hundred whole months."""
    from organisations.operators_clock import operators_today

    month, found = BillingPeriod.of(operators_today()), []
    for _month in range(MONTHS):
        month = month.previous()
        found.append(month)
    return found[::-1]


# --- what is copied ---------------------------------------------------------------------------------------------------


def _templates(month: BillingPeriod) -> Sequence[Any]:
    """Ids of the invoices to copy: of last month, issued, four in five of them paid."""
    from django.db import connection

    from events.models import Metric
    from invoicing.models import Invoice
    from invoicing.services import drafting, issuing
    from invoicing.services.prices.price_book import create_pricing_rule
    from organisations.models import Organisation
    from payments.services.offline import record_offline_payment
    from tests import factories

    seller = factories.billing_entity(name="Volume", gstin="29AAACB2894G1ZJ", invoice_prefix="T")
    for (name, unit), price in zip(METRICS, ("0.5", "2.25"), strict=True):
        Metric.objects.get_or_create(organisation=None, name=name, unit=unit)
        create_pricing_rule(
            metric_name=name,
            unit=unit,
            currency="INR",
            price={"model": "per_unit", "unit_price": price},
            effective_from=date(2017, 7, 1),
        )
    owners = [
        factories.organisation(f"Template {number}", billing_entity=seller, state_code="27" if number % 2 else "29")
        for number in range(TEMPLATES)
    ]
    for owner in owners:
        factories.project(owner)
    with connection.cursor() as cursor:
        _usage(cursor, [month], slug="template-%")
    for number, owner in enumerate(Organisation.objects.filter(pk__in=[each.pk for each in owners]).order_by("slug")):
        draft = drafting.create_draft(organisation=owner, period=month)
        invoice = issuing.finalize_invoice(invoice_id=draft.pk)
        if number % 5:
            record_offline_payment(
                invoice_id=invoice.pk,
                amount=invoice.total,
                method="bank_transfer",
                reference=f"UTR{number:06d}",
                received_on=invoice.issue_date,
            )
    return list(
        Invoice.objects.filter(organisation__in=owners).order_by("organisation__slug").values_list("pk", flat=True)
    )


# --- copies -----------------------------------------------------------------------------------------------------------

_TEMPLATE = """
    CREATE TEMPORARY TABLE template AS
    SELECT chosen.place - 1 AS place, id, organisation_id
    FROM invoicing_invoice JOIN unnest(%s::uuid[]) WITH ORDINALITY AS chosen (id, place) USING (id)
"""
_CUSTOMER = """
    CREATE TEMPORARY TABLE customer AS
    SELECT number, gen_random_uuid() AS id, gen_random_uuid() AS project, own.organisation_id AS owner,
        paid.id AS template, own.id AS own_template, paid.id AS paid_template
    FROM generate_series(1, %s) number
    JOIN template own ON own.place = number %% %s
    JOIN template paid ON paid.place = own.place + CASE WHEN own.place %% 5 = 0 THEN 1 ELSE 0 END
"""
_OPEN_MONTHS = "UPDATE customer SET template = own_template"
_NUMBER = f"'{SERIES}' || lpad((base + customer.number)::text, 8, '0')"


def _customers(cursor: Any, count: int, templates: Sequence[Any]) -> None:
    from organisations.models import Organisation, Project

    cursor.execute(_TEMPLATE, [list(templates)])
    cursor.execute(_CUSTOMER, [count, len(templates)])
    _copy(
        cursor,
        Organisation,
        "customer JOIN {old} old ON old.id = owner",
        {
            "id": "customer.id",
            "name": "'Volume ' || number",
            "slug": "'volume-' || lpad(number::text, 6, '0')",
            "created_at": "now() - interval '9 years'",
        },
    )
    _copy(
        cursor,
        Project,
        "customer JOIN {old} old ON old.organisation_id = owner",
        {"id": "customer.project", "organisation_id": "customer.id"},
    )


def _usage(cursor: Any, months: Sequence[BillingPeriod], slug: str = "volume-%") -> None:
    """Aggregates, the ledger and the months of them; with the running month for the customers themselves."""
    from events.services.partitions import ensure_partitions
    from organisations.operators_clock import operators_today

    running = BillingPeriod.of(operators_today())
    every = [*months, running] if slug.startswith("volume") else list(months)
    _partitions(ensure_partitions, every)
    where = {
        "slug": slug,
        "hours": list(HOURS),
        "events": EVENTS_AN_HOUR,
        "days": USED_DAYS,
        "today": operators_today(),
        "running": running.start,
    }
    for month in every:
        where["month"] = month.start
        cursor.execute(_PERIODS, where)
        cursor.execute(_AGGREGATES, where)
        if slug.startswith("volume"):
            cursor.execute(_LEDGER, where)


_PERIODS = """
    INSERT INTO events_usageperiod (id, created_at, updated_at, organisation_id, month, closed_at, closed_by)
    SELECT gen_random_uuid(), now(), now(), id, %(month)s,
        CASE WHEN %(month)s < %(running)s AND slug LIKE 'volume-%%' THEN now() END, ''
    FROM organisations_organisation WHERE slug LIKE %(slug)s
"""
_AGGREGATES = """
    INSERT INTO events_usageaggregate
        (organisation_id, project_id, metric_id, dimensions, hour, counted_in, total, event_count)
    SELECT o.id, p.id, m.id, '{}', hour, %(month)s, 40 * %(events)s, %(events)s
    FROM organisations_organisation o JOIN organisations_project p ON p.organisation_id = o.id,
        events_metric m, generate_series(0, %(days)s - 1) day, unnest(%(hours)s) clock,
        LATERAL (SELECT (%(month)s::date + day + make_time(clock, 0, 0)) AT TIME ZONE o.time_zone AS hour) at
    WHERE o.slug LIKE %(slug)s AND m.organisation_id IS NULL AND %(month)s::date + day < %(today)s
"""
_LEDGER = """
    INSERT INTO events_usageevent (organisation_id, project_id, metric_id, event_id, kind, quantity, occurred_at,
        received_at, received_month, hour, counted_in, counted_on, is_late, dimensions, metadata, batch_id, "position")
    SELECT a.organisation_id, project_id, metric_id, 'v-' || a.id || '-' || number, 'usage', 40, at, at,
        date_trunc('month', at AT TIME ZONE 'UTC')::date, hour, counted_in, (at AT TIME ZONE 'UTC')::date, false,
        dimensions, NULL, md5(a.organisation_id::text || hour)::uuid, number
    FROM events_usageaggregate a JOIN organisations_organisation o ON o.id = a.organisation_id,
        generate_series(0, %(events)s - 1) number, LATERAL (SELECT hour + number * interval '3 minutes' AS at) moment
    WHERE counted_in = %(month)s AND o.slug LIKE %(slug)s ORDER BY at
"""


def _partitions(ensure: Any, months: Sequence[BillingPeriod]) -> None:
    from datetime import UTC, datetime

    for month in months:
        ensure(at=datetime(month.start.year, month.start.month, 1, tzinfo=UTC))


def _documents(cursor: Any, months: Sequence[BillingPeriod]) -> None:
    """Invoices with lines, taxes, documents, payments and their trail, month by month."""
    cursor.execute("SELECT max(number) FROM customer")
    (count,) = cursor.fetchone()
    for place, month in enumerate(months):
        cursor.execute("DROP TABLE IF EXISTS span")
        if place == MONTHS - USED_MONTHS:
            cursor.execute(_OPEN_MONTHS)
        span = [month.start, month.end, month.end, place * count, financial_year(month.end)]
        cursor.execute(_SPAN, span)
        for model, source, changed in _copied():
            _copy(cursor, model, source, {"id": _twin("id"), **_DATES, **changed})
        if place >= MONTHS - TRAIL_MONTHS:
            _copy_trail(cursor)


_SPAN = """
    CREATE TEMPORARY TABLE span AS
    SELECT %s::date AS first, %s::date AS after, %s::date AS issued, %s::bigint AS base, %s AS year
"""
_DATES = dict.fromkeys(("created_at", "updated_at", "finalized_at"), "span.issued + interval '10 hours'")
_OF_TEMPLATE = "customer JOIN {old} old ON old.id = template, span"
_OF_INVOICE = "customer JOIN {old} old ON old.invoice_id = template, span"


def _copied() -> list[tuple[Any, str, dict[str, str]]]:
    """What is copied, from where, and with which columns changed."""
    from invoicing.models import DocumentSnapshot, Invoice, InvoiceDelivery, InvoiceLine, InvoiceTax
    from payments.models import Payment, PaymentAllocation

    invoice = {
        "organisation_id": "customer.id",
        "number": _NUMBER,
        "series": f"'{SERIES}'",
        "sequence_number": "base + customer.number",
        "financial_year": "span.year",
        "period_start": "span.first",
        "period_end": "span.after",
        "issue_date": "span.issued",
        "due_date": "span.issued + 15",
        "public_token": "md5(old.id::text || customer.number || span.first)",
    }
    of_invoice = {"invoice_id": _twin("invoice_id")}
    line = {
        "project_id": "customer.project",
        "used_in": "span.first",
        "service_start": "span.first",
        "service_end": "span.after",
    }
    content = f"old.content || jsonb_build_object('number', {_NUMBER}, 'issue_date', span.issued)"
    paid = dict.fromkeys(("paid_at", "attempted_at"), "span.issued + interval '5 days'")
    payment = {"organisation_id": "customer.id", "received_on": "span.issued + 5", **paid}
    return [
        (Invoice, _OF_TEMPLATE, invoice),
        (InvoiceLine, _OF_INVOICE, of_invoice | line),
        (InvoiceTax, _OF_INVOICE, of_invoice | {"line_id": _twin("line_id")}),
        (DocumentSnapshot, _OF_INVOICE, of_invoice | {"content": content}),
        (InvoiceDelivery, _OF_INVOICE, of_invoice | {"next_attempt_at": "NULL"}),
        (Payment, _OF_INVOICE, of_invoice | payment),
        (PaymentAllocation, _OF_INVOICE, of_invoice | {"payment_id": _twin("payment_id")}),
    ]


def _copy_trail(cursor: Any) -> None:
    """Of the last year, what the audit log says of each invoice."""
    from auditlog.models import LogEntry

    source = "customer JOIN {old} old ON old.object_pk = template::text, span"
    at = "span.issued + interval '10 hours'"
    _copy(cursor, LogEntry, source, {
        "id": "nextval(pg_get_serial_sequence('auditlog_logentry', 'id'))",
        "object_pk": f"({_twin('object_pk')})::text",
        "timestamp": at,
    })  # fmt: skip


def _copy(cursor: Any, model: Any, source: str, changed: dict[str, str]) -> None:
    """Rows of a model from others of it (`old`), with some columns changed."""
    columns = [field.column for field in model._meta.concrete_fields]
    values = ", ".join(changed.get(column, f"old.{column}") for column in columns)
    table = model._meta.db_table
    quoted = ", ".join(f'"{column}"' for column in columns)
    cursor.execute(f"INSERT INTO {table} ({quoted}) SELECT {values} FROM {source.format(old=table)}")


def _twin(column: str) -> str:
    """The id of a copy follows from that of the row, the customer and the month: so copies find each other."""
    return f"md5(old.{column}::text || customer.number || span.first)::uuid"


def _said() -> str:
    from django.db import connection

    counts = []
    tables = ("organisations_organisation", "invoicing_invoice", "payments_payment", "events_usageaggregate",
              "events_usageevent")  # fmt: skip
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            counts.append(f"{cursor.fetchone()[0]:,} {table.partition('_')[2]}")
    return ", ".join(counts)
