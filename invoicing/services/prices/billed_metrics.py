"""A metric that is billed keeps its conversion: the check is registered with `events.metric_changes`."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from uuid import UUID

from django.db.models import Max

from billing_platform.lib.errors import DomainError
from events.models import Metric
from events.selectors.conversions import PLAIN, conversion_of
from events.usage.conversion import Conversion
from invoicing.models import Invoice, InvoiceLine
from invoicing.services.prices.billed_months import invoiced_in_words, lock_prices

CODE = "METRIC_IS_BILLED"


def refuse_to_convert_what_is_billed(before: Metric | None, after: Metric) -> None:
    """Raises DomainError METRIC_IS_BILLED if a live invoice has usage of a metric that is to be converted otherwise.

    A month that a credit note released is billed anew, by any conversion.

    Late usage is billed by pricing its whole month anew. Converted otherwise, one late event would charge (or credit)
    the difference for everything that was invoiced.
    """
    if _factors(before) == _factors(after):
        return
    lock_prices(to_change_them=True)
    billed = _billed(after)
    if not billed:
        return
    raise DomainError(
        f"Usage of {after} is invoiced already: {invoiced_in_words(billed)}. Another conversion or rounding would "
        "price these months anew with the next late usage. Let usage come under another name or unit, and convert "
        "that; or void these invoices (or credit them, with the month to be billed anew) "
        "first, and bill the months again.",
        code=CODE,
        details={"invoiced": [{"organisation": str(pk), "period": f"{month:%Y-%m}"} for pk, month in billed.items()]},
    )


def _factors(metric: Metric | None) -> tuple[Fraction, str, int]:
    """Without the words: those may change."""
    found = Conversion() if metric is None else conversion_of(metric)
    return Fraction(found.multiplier) / Fraction(found.divisor), found.rounding, found.places


def _billed(metric: Metric) -> dict[UUID, date]:
    """The customers that were billed for the metric by this definition, with the last month used in."""
    lines = InvoiceLine.objects.filter(
        invoice__in=Invoice.objects.issued().filter(is_released=False),
        metric_name=metric.name,
        unit=metric.unit,
        used_in__isnull=False,
    )
    if metric.organisation is not None:
        lines = lines.filter(invoice__organisation=metric.organisation)
    else:
        others = Metric.objects.filter(name=metric.name, unit=metric.unit).exclude(PLAIN).exclude(organisation=None)
        lines = lines.exclude(invoice__organisation__in=others.values("organisation"))
    found = lines.order_by().values_list("invoice__organisation_id").annotate(Max("used_in"))
    return dict(found)
