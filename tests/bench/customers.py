"""Customers to be billed: each with four metrics, priced by tiers, by volume, by packages and by the unit."""

from __future__ import annotations

import uuid
from datetime import date

from billing_platform.lib.periods import BillingPeriod
from tests.bench.sample import METRICS

USED_A_DAY = 40  # of each metric; a customer's tiers and packages are passed within the month
_TIERS = [{"up_to": "500", "unit_price": "2"}, {"up_to": None, "unit_price": "1.5"}]
PRICES = [
    {"model": "graduated", "tiers": _TIERS},
    {"model": "volume", "tiers": _TIERS},
    {"model": "package", "package_price": "90", "package_size": "100"},
    {"model": "per_unit", "unit_price": "0.0123"},
]
_STATES = {"29": "560001", "27": "400001"}  # where the seller is, and another State: CGST with SGST, and IGST


def customers_with_prices(count: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """New customers with one project each, and the prices if they are not there yet: (organisation, project)."""
    from events.models import Metric
    from invoicing.models import PricingRule
    from invoicing.services.prices.price_book import create_pricing_rule
    from organisations.models import Organisation, Project
    from tests.factories import billing_entity

    if not PricingRule.objects.exists():
        for (name, unit), price in zip(METRICS, PRICES, strict=True):
            Metric.objects.create(name=name, unit=unit)
            create_pricing_rule(
                metric_name=name, unit=unit, currency="INR", price=price, effective_from=date(2020, 1, 1)
            )
    seller, batch = billing_entity(), uuid.uuid4().hex[:6]
    states = list(_STATES.items())
    made = [
        Organisation(
            name=f"Customer {batch} {number}",
            slug=f"customer-{batch}-{number}",
            legal_name=f"Customer {number} Private Limited",
            billing_email=f"accounts@customer-{batch}-{number}.example",
            address_line1=f"{number} Main Street",
            city="Somewhere",
            postal_code=states[number % 2][1],
            state_code=states[number % 2][0],
            billing_entity=seller,
        )
        for number in range(count)
    ]
    Organisation.objects.bulk_create(made, batch_size=1_000)
    projects = [Project(organisation=organisation, name="Main") for organisation in made]
    Project.objects.bulk_create(projects, batch_size=1_000)
    return [(project.organisation_id, project.pk) for project in projects]


def use(customers: list[tuple[uuid.UUID, uuid.UUID]], period: BillingPeriod) -> None:
    """Usage of every day of a month and of each metric, as settling leaves it: straight into the aggregates."""
    from django.db import connection

    organisations, projects = (list(column) for column in zip(*customers, strict=True))
    parameters = {
        "organisations": organisations,
        "projects": projects,
        "month": period.start,
        "days": period.days,
        "used": USED_A_DAY,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_usageperiod (id, created_at, updated_at, organisation_id, month, closed_by)
            SELECT gen_random_uuid(), now(), now(), organisation_id, %(month)s, ''
            FROM unnest(%(organisations)s::uuid[]) AS customers (organisation_id)
            """,
            parameters,
        )
        cursor.execute(
            """
            INSERT INTO events_usageaggregate
                (organisation_id, project_id, metric_id, dimensions, hour, counted_in, total, event_count)
            SELECT customers.organisation_id, project_id, m.id, '{}',
                (%(month)s::date + day + time '12:00') AT TIME ZONE 'Asia/Kolkata',
                %(month)s, %(used)s, %(used)s
            FROM unnest(%(organisations)s::uuid[], %(projects)s::uuid[]) AS customers (organisation_id, project_id),
                events_metric m, generate_series(0, %(days)s - 1) AS days (day)
            WHERE m.organisation_id IS NULL
            """,
            parameters,
        )
        cursor.execute("ANALYZE")
