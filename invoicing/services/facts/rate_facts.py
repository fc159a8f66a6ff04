"""The exchange rates of prices in another currency than their customer's: of months that are billed for the first time,
and of months that have rates already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from django.db.models import F

from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from invoicing.models import Invoice, InvoiceLine
from invoicing.pricing.rules import Rule
from invoicing.rates import Published, Rate
from invoicing.selectors.exchange_rates import published
from organisations.models import Organisation

Place = tuple[UUID, BillingPeriod]
Rates = dict[str, Rate]
"""By the currency that a price is in, to the customer's."""

_A_DAY = timedelta(days=1)


def rates_of_months(
    by_id: Mapping[UUID, Organisation], rules: Mapping[Place, Sequence[Rule]], period: BillingPeriod | None
) -> dict[Place, tuple[date, Rates]]:
    """For each month that needs any: the day whose rates are wanted, and the rates. Of most customers nothing is read.

    A month's rate of a currency is fixed by the first invoice that uses it: what is billed late for the month has it
    too. Else it is the last rate up to the month's last day where the customer is; in a running month, up to today.
    """
    wanted = {
        place: foreign
        for place, of_place in rules.items()
        if (foreign := {rule.currency for rule in of_place} - {by_id[place[0]].currency})
    }
    if not wanted:
        return {}
    fixed = _fixed(by_id, wanted, period)
    known: dict[date, Published] = {}
    found: dict[Place, tuple[date, Rates]] = {}
    for place, foreign in wanted.items():
        customer, month = by_id[place[0]], place[1]
        day = min(month.end - _A_DAY, clock.today(customer.time_zone))
        if day not in known:
            known[day] = published(at=day)
        rates = {code: known[day].between(code, customer.currency, day=day) for code in foreign}
        found[place] = day, {code: rate for code, rate in rates.items() if rate is not None} | fixed[place]
    return found


def _fixed(
    by_id: Mapping[UUID, Organisation], wanted: Mapping[Place, set[str]], period: BillingPeriod | None
) -> defaultdict[Place, Rates]:
    """The rates on lines of live invoices of other periods (without a period: of all); of several the one that was
    written first."""
    lines = (
        InvoiceLine.objects.filter(
            invoice__in=Invoice.objects.billing().filter(
                organisation__in={pk for pk, _month in wanted}, currency=F("organisation__currency")
            ),
            used_in__in={month.start for _pk, month in wanted},
            price__has_key="exchange",
        )
        .exclude(invoice__period_start=period and period.start)
        .order_by("created_at", "pk")
        .values_list("invoice__organisation_id", "used_in", "price__exchange")
    )
    found: defaultdict[Place, Rates] = defaultdict(dict)
    for pk, used_in, content in lines:
        rate = Rate.from_json(content)
        if rate.target == by_id[pk].currency:
            found[pk, BillingPeriod.of(used_in)].setdefault(rate.base, rate)
    return found
