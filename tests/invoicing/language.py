"""Helpers for tests of invoicing: usage on a day, a price, a month, and the time after the month."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import time_machine

from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.services import partitions
from events.services.accepting import Form, accept_events
from events.services.settling import chunks
from invoicing.models import Invoice, PricingRule
from invoicing.services import drafting, issuing
from invoicing.services.prices.price_book import create_pricing_rule
from organisations.models import Organisation, Project

OCTOBER = BillingPeriod.parse("2026-10")
NOVEMBER = BillingPeriod.parse("2026-11")
_ids = itertools.count(1)


@contextmanager
def at(text: str, zone: str = "Asia/Kolkata") -> Iterator[None]:
    """As if it were this moment, told in Indian time unless said otherwise."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    with time_machine.travel(moment, tick=False):
        yield


def after_october() -> Any:
    """The 1st of November, 10:00 in India; it is November in New York too."""
    return at("2026-11-01 10:00")


def used(
    project: Project,
    quantity: Any,
    *,
    on: str = "2026-10-10",
    metric: str = "api_calls",
    unit: str = "call",
    happened: str = "",
    **metadata: str,
) -> None:
    """Report usage at noon of a local day, and settle it. It `happened` then, unless told otherwise."""
    with at(f"{on} 12:00", project.organisation.time_zone):
        partitions.ensure_partitions()
        event = {
            "event_id": f"e{next(_ids)}",
            "metric_name": metric,
            "unit": unit,
            "metric_value": str(quantity),
            "metadata": metadata,
        }
        if happened:
            event["timestamp"] = happened
        accept_events(project=project, body=msgspec.json.encode({"events": [event]}), form=Form.BATCH)
        chunks.settle_pending()


def metric(name: str = "api_calls", unit: str = "call", *, dimensions: tuple[str, ...] = ()) -> Metric:
    found, _created = Metric.objects.get_or_create(
        organisation=None, name=name, unit=unit, defaults={"aggregation": "sum", "dimensions": list(dimensions)}
    )
    return found


def per_unit(unit_price: str, **fields: Any) -> PricingRule:
    """A price per unit, for everybody unless `organisation` says otherwise, from April 2026."""
    return price({"model": "per_unit", "unit_price": unit_price}, **fields)


def price(body: dict[str, Any], **fields: Any) -> PricingRule:
    values: dict[str, Any] = {
        "metric_name": "api_calls",
        "unit": "call",
        "currency": "INR",
        "effective_from": date(2026, 4, 1),
    }
    return create_pricing_rule(price=body, **values | fields)


def draft(organisation: Organisation, period: BillingPeriod = OCTOBER) -> Invoice:
    with after_october():
        return drafting.create_draft(organisation=organisation, period=period)


def issued(organisation: Organisation, period: BillingPeriod = OCTOBER) -> Invoice:
    """October's invoice, finalized on the 1st of November."""
    with after_october():
        invoice = drafting.create_draft(organisation=organisation, period=period)
        return issuing.finalize_invoice(invoice_id=invoice.pk)


def one_off(organisation: Organisation, unit_price: str = "100.00", quantity: str = "1") -> Invoice:
    line = {"description": "Onboarding", "quantity": quantity, "unit_price": unit_price}
    return drafting.create_one_off_draft(organisation=organisation, lines=[line])


def amounts(invoice: Invoice) -> list[Decimal]:
    return [line.amount for line in invoice.lines.order_by("position")]


def taxes(invoice: Invoice) -> dict[str, Decimal]:
    """Each head's sum over the lines."""
    found: dict[str, Decimal] = {}
    for tax in invoice.taxes.all():
        found[tax.name] = found.get(tax.name, Decimal(0)) + tax.amount
    return found


def pictures(page: Any) -> list[str]:
    """Names of the pictures on a page of a PDF. QR codes, which are written into the page itself, are none."""
    return [picture.name for picture in page.images if not picture.name.startswith("~")]
