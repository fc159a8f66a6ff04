"""What became of the events that a billing month counts: on lines, without a price, written off, or not billed yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db.models import Sum

from billing_platform.lib.periods import BillingPeriod
from events.selectors.month_events import DayOfEvents, counted_days
from events.usage.metered import MetricKey
from invoicing.models import Invoice, UsageWriteOff
from invoicing.pricing.rules import RulesOfMonth
from invoicing.services.facts.month_facts import RuleBook
from organisations.models import Organisation


@dataclass(slots=True)
class BilledEvents:
    """One customer's events as the aggregates have them, each a number of events. Those of test projects are never
    billed; of the others `on_lines` have a price, and the month has its invoice. `unpriced` waits for a price or a
    write-off."""

    on_lines: int = 0
    unpriced: int = 0
    written_off: int = 0
    not_billed_yet: int = 0
    of_test_projects: int = 0

    @property
    def all(self) -> int:
        return self.on_lines + self.unpriced + self.written_off + self.not_billed_yet + self.of_test_projects


class _Usage(NamedTuple):
    """A metric of a customer in a month of use: what is written off at once."""

    organisation_id: UUID
    month: BillingPeriod
    metric: MetricKey


def billed_events(organisations: Collection[Organisation], month: BillingPeriod) -> dict[UUID, BilledEvents]:
    """By the ids of the customers of whom the month counts anything. As many queries for a thousand as for one."""
    by_id = {each.pk: each for each in organisations}
    invoices = Invoice.objects.issued().billing().filter(organisation__in=by_id, period_start=month.start)
    is_invoiced = set(invoices.order_by().values_list("organisation_id", flat=True))
    found: dict[UUID, BilledEvents] = {}
    unpriced: Counter[_Usage] = Counter()
    for day, is_priced in _days(by_id, month):
        each = found.setdefault(day.organisation_id, BilledEvents())
        if day.is_test:
            each.of_test_projects += day.event_count
        elif not is_priced:
            unpriced[_usage_of(day)] += day.event_count
        elif day.organisation_id in is_invoiced:
            each.on_lines += day.event_count
        else:
            each.not_billed_yet += day.event_count
    written_off = _written_off(by_id, month, unpriced)
    for usage, events in unpriced.items():
        off = max(min(written_off.get(usage, 0), events), 0)
        found[usage.organisation_id].written_off += off
        found[usage.organisation_id].unpriced += events - off
    return found


def _days(by_id: Mapping[UUID, Organisation], month: BillingPeriod) -> list[tuple[DayOfEvents, bool]]:
    """What the month counts, and whether a price covers it."""
    days = list(counted_days(month, list(by_id)))
    book = RuleBook(list(by_id.values()), {BillingPeriod.of(day.day) for day in days})
    rules: dict[tuple[UUID, BillingPeriod], RulesOfMonth] = {}
    for day in days:
        place = day.organisation_id, BillingPeriod.of(day.day)
        if place not in rules:
            owner = by_id[day.organisation_id]
            rules[place] = RulesOfMonth(book.of(owner, place[1]), place[1], owner.currency)
    return [(day, rules[day.organisation_id, BillingPeriod.of(day.day)].choose(day) is not None) for day in days]


def _usage_of(day: DayOfEvents) -> _Usage:
    return _Usage(day.organisation_id, BillingPeriod.of(day.day), (day.metric_name, day.unit))


def _written_off(
    by_id: Mapping[UUID, Organisation], month: BillingPeriod, unpriced: Mapping[_Usage, int]
) -> dict[_Usage, int]:
    """How many events were written off. A write-off is of a month of use: for late usage there is what the month itself
    left of it."""
    rows = UsageWriteOff.objects.standing().filter(
        organisation__in=by_id, month__in={usage.month.start for usage in unpriced}
    )
    names = ("organisation_id", "month", "metric_name", "unit")
    found = {
        _Usage(organisation_id, BillingPeriod.of(start), (name, unit)): events
        for organisation_id, start, name, unit, events in rows.order_by()
        .values_list(*names)
        .annotate(Sum("event_count"))
    }
    for earlier in {usage.month for usage in found if usage.month != month}:
        for day, is_priced in _days(by_id, earlier):
            if not is_priced and not day.is_test and (usage := _usage_of(day)) in found and usage.month == earlier:
                found[usage] -= day.event_count
    return found
