"""A believable quarter of demo data, made through the services: usage, prices, two invoiced months, payments.

The figures are the same on every machine (one seed for the random numbers); keys and passwords never are.
"""

from __future__ import annotations

import json
import os
import random
import secrets
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from billing_platform.lib import clock
from billing_platform.lib.money import round_money
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.selectors import unsettled_batches
from events.services.accepting import accept_events
from events.services.settling import settle_pending
from invoicing.models import Invoice, PricingRule
from invoicing.services.billing_run import process_item, start_billing_run
from invoicing.services.exchange_rates import add_exchange_rate
from organisations.models import ApiKey, BillingEntity, Membership, Organisation, Project
from organisations.services import api_keys, onboarding
from payments.services.offline import record_offline_payment

SEED = 1947
EVENTS_PER_DAY = 8
SELLER = {
    "name": "Metrics Cloud",
    "legal_name": "Metrics Cloud Private Limited",
    "email": "billing@metrics-cloud.example",
    "phone": "+91 80 4000 0000",
    "address_line1": "12 Residency Road",
    "city": "Bengaluru",
    "postal_code": "560025",
    "state_code": "29",
    "gstin": "29AAACA1234A1ZG",
    "lut_number": "AD290426000001X",
    "bank_name": "Example Bank, Residency Road",
    "bank_account_number": "000123456789",
    "bank_ifsc": "EXMP0000123",
    "bank_swift": "EXMPINBB",
    "bank_address": "12 Residency Road, Bengaluru 560025, India",
    "correspondent_bank": "Example Bank New York, EXMPUS33, account 0001-234567",
    "upi_id": "metricscloud@example",
    "is_default": True,
}


@dataclass(frozen=True)
class Customer:
    """One organisation of the demo, and its usage: metric → (unit, a usual day's quantity)."""

    fields: dict[str, Any]
    usage: dict[str, dict[str, tuple[str, int]]]


CUSTOMERS = [
    Customer(
        fields={
            "name": "Nandi Logistics",
            "legal_name": "Nandi Logistics Private Limited",
            "billing_email": "accounts@nandi-logistics.example",
            "address_line1": "4th Floor, 88 Mysore Road",
            "city": "Bengaluru",
            "postal_code": "560026",
            "state_code": "29",
            "gstin": "29AABCN4321K1ZF",
            "payment_terms_days": 15,
        },
        usage={
            "Fleet API": {"api_calls": ("call", 180_000), "sms": ("message", 900)},
            "Driver app": {"api_calls": ("call", 60_000)},
        },
    ),
    Customer(
        fields={
            "name": "Konkan Retail",
            "legal_name": "Konkan Retail LLP",
            "billing_email": "finance@konkan-retail.example",
            "address_line1": "21 Senapati Bapat Marg",
            "city": "Mumbai",
            "postal_code": "400013",
            "state_code": "27",
            "gstin": "27AAEFK5678L1ZP",
            "payment_terms_days": 30,
        },
        usage={"Storefront": {"api_calls": ("call", 240_000), "sms": ("message", 2_500), "pdf_exports": ("file", 40)}},
    ),
    Customer(
        fields={
            "name": "Lakeside Software",
            "legal_name": "Lakeside Software Inc.",
            "billing_email": "ap@lakeside.example",
            "address_line1": "500 Lake Street",
            "city": "Madison, WI",
            "postal_code": "53703",
            "country": "US",
            "currency": "USD",
            "time_zone": "America/Chicago",
            "payment_terms_days": 45,
        },
        usage={"Platform": {"api_calls": ("call", 320_000)}},
    ),
]

# (metric, unit): what people read, for one and for several.
METRICS = {
    ("api_calls", "call"): ("API calls", "call", "calls"),
    ("sms", "message"): ("Text messages", "message", "messages"),
    ("pdf_exports", "file"): ("PDF exports", "file", "files"),
}

# (organisation or None for all, metric, unit, currency, price of one). pdf_exports has none: a revenue leak to see.
PRICES = [
    (None, "api_calls", "call", "INR", "0.0150"),
    (None, "sms", "message", "INR", "0.18"),
    ("Konkan Retail", "api_calls", "call", "INR", "0.0125"),
    (None, "api_calls", "call", "USD", "0.00025"),
]

# (organisation, how many months ago, share of the total, method): what is not here stays unpaid.
PAYMENTS = [
    ("Nandi Logistics", 2, Decimal("1"), "bank_transfer"),
    ("Nandi Logistics", 1, Decimal("0.9"), "bank_transfer"),
    ("Nandi Logistics", 1, Decimal("0.1"), "tds"),
    ("Lakeside Software", 2, Decimal("1"), "bank_transfer"),
]


class Command(BaseCommand):
    help = "Make demo data: three organisations, a quarter of usage, two invoiced months. Does nothing the second time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--run-json", type=Path, help="Where to write keys and log-ins (readable by you alone).")

    def handle(self, *args: Any, **options: Any) -> None:
        if BillingEntity.objects.filter(name=SELLER["name"]).exists():
            self.stdout.write("The demo data is there already.")
            return
        seller = _make_seller()
        organisations = {customer.fields["name"]: _make_customer(customer, seller) for customer in CUSTOMERS}
        _make_prices(organisations)
        facts = _make_people_and_keys(organisations["Nandi Logistics"])
        current = BillingPeriod.containing(clock.now(), ZoneInfo(seller.time_zone))
        months = [current.previous().previous(), current.previous(), current]
        _report_usage(organisations, first=months[0].start)
        for month in months[:2]:
            _bill(month)
        _collect(organisations, months)
        if options["run_json"]:
            _write_private(options["run_json"], facts)
        self.stdout.write("Made the demo data.")


def _make_seller() -> BillingEntity:
    """The letter of undertaking covers the financial years around today: it is given for a year at a time."""
    today = clock.today("Asia/Kolkata")
    seller = BillingEntity(
        **SELLER, lut_valid_from=date(today.year - 1, 4, 1), lut_valid_to=date(today.year + 2, 3, 31)
    )
    seller.full_clean()
    seller.save()
    return seller


def _make_customer(customer: Customer, seller: BillingEntity) -> Organisation:
    organisation = onboarding.create_organisation(**customer.fields, billing_entity=seller)
    for name in customer.usage:
        onboarding.create_project(organisation=organisation, name=name)
    return organisation


def _make_prices(organisations: dict[str, Organisation]) -> None:
    this_month = clock.today("Asia/Kolkata").replace(day=1)
    for (name, unit), (display_name, one, many) in METRICS.items():
        Metric.objects.create(name=name, unit=unit, display_name=display_name, unit_name=one, unit_name_plural=many)
    for owner, metric, unit, currency, price in PRICES:
        rule = PricingRule(
            organisation=organisations[owner] if owner else None,
            metric_name=metric,
            unit=unit,
            currency=currency,
            model="per_unit",
            parameters={"unit_price": price},
            effective_from=(this_month - timedelta(days=200)).replace(day=1),
        )
        rule.full_clean()
        rule.save()


def _make_people_and_keys(organisation: Organisation) -> dict[str, Any]:
    logins, users = {}, {}
    for role in Membership.Role.values:
        password = secrets.token_urlsafe(12)
        users[role] = get_user_model().objects.create_user(
            role, f"{role}@metrics-cloud.example", password, is_staff=True
        )
        Membership.objects.create(user=users[role], organisation=None, role=role)
        logins[role] = {"username": role, "password": password}
    project = organisation.projects.get(name="Fleet API")
    admin_key = api_keys.issue_admin_key(
        owner=users[Membership.Role.ADMIN], name="Demo back office", scope=ApiKey.Scope.ADMIN
    )
    project_key = api_keys.issue_project_key(project=project, name="Demo application")
    return {
        "admin_key": admin_key.secret,
        "project_key": project_key.secret,
        "organisation_id": str(organisation.pk),
        "project_id": str(project.pk),
        "logins": logins,
    }


def _report_usage(organisations: dict[str, Organisation], *, first: date) -> None:
    """Send every project's events as its application would, in one batch a day of its own; then settle them."""
    now = clock.now()
    horizon = (now - timedelta(days=settings.EVENTS_HORIZON_DAYS - 1)).date()
    dice = random.Random(SEED)  # noqa: S311  (plausible figures, not a secret)
    for customer in CUSTOMERS:
        organisation = organisations[customer.fields["name"]]
        for name, metrics in customer.usage.items():
            project = organisation.projects.get(name=name)
            for day in _days(first, clock.today(organisation.time_zone)):
                events = _events_of(project, day, (day - first).days, metrics, dice)
                sent = [event for event in events if day > horizon and event["timestamp"] <= now.isoformat()]
                if sent:
                    accept_events(project=project, body=json.dumps({"events": sent}).encode())
    while unsettled_batches():
        settle_pending()


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)


def _events_of(
    project: Project, day: date, age: int, metrics: dict[str, tuple[str, int]], dice: random.Random
) -> list[dict[str, Any]]:
    """A day's usage: quieter at week-ends, growing a little from month to month, never two days alike."""
    events = []
    zone = ZoneInfo(project.organisation.time_zone)
    for metric, (unit, usual) in metrics.items():
        level = Decimal(usual) * (300 + age) / 300
        quiet = 40 if day.weekday() >= 5 else 8
        for slot in range(EVENTS_PER_DAY):
            if dice.randrange(100) < quiet:
                continue
            at = datetime.combine(day, time(hour=slot * 3, minute=dice.randrange(60)), zone).astimezone(UTC)
            quantity = int(level / EVENTS_PER_DAY * dice.randrange(70, 131) / 100)
            events.append(
                {
                    "event_id": f"{project.name}-{metric}-{at:%Y%m%d%H}".lower().replace(" ", "-"),
                    "metric_name": metric,
                    "metric_value": quantity,
                    "unit": unit,
                    "timestamp": at.isoformat(),
                    "metadata": {"region": dice.choice(["in-south", "in-west"])},
                }
            )
    return events


def _bill(month: BillingPeriod) -> None:
    """The monthly run as it was on the first of the following month, when the last time zone had closed."""
    with clock.standing_at(datetime.combine(month.end, time(hour=7), UTC)):
        rate = Decimal("84.1250") + month.start.month * Decimal("0.0625")
        add_exchange_rate(base="USD", target="INR", rate=rate, as_of=month.end, source="Demo reference rate")
        run = start_billing_run(period=month, requested_by="demo data")
        for item in run.items.all():
            process_item(item_id=item.pk)


def _collect(organisations: dict[str, Organisation], months: list[BillingPeriod]) -> None:
    for name, months_ago, share, method in PAYMENTS:
        month = months[2 - months_ago]
        invoice = Invoice.objects.get(organisation=organisations[name], period_start=month.start)
        amount = round_money(invoice.total * share, invoice.currency)
        received_on = min(month.end + timedelta(days=12), clock.today("Asia/Kolkata"))
        with clock.standing_at(datetime.combine(received_on, time(hour=6), UTC)):
            record_offline_payment(
                invoice_id=invoice.pk,
                amount=amount,
                method=method,
                reference=f"DEMO-{month}-{method}".upper(),
                received_on=received_on,
            )


def _write_private(path: Path, facts: dict[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=2)
