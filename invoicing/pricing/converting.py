"""Usage in the units that are priced: a metric may convert and round the quantity of each meter's month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from billing_platform.lib.money import ZERO
from events.usage.conversion import Conversions, Converted, converted
from events.usage.metered import MeteredUsage, MetricKey, MetricWords
from invoicing.pricing.month_facts import UsedMonth
from invoicing.steps import Step


def converted_month(used: UsedMonth, conversions: Conversions) -> UsedMonth:
    """All usage of a month, that of other invoices included: the difference to them is in priced units then."""
    if not conversions:
        return used
    before = used.invoiced_before
    return replace(
        used,
        usage=converted(used.usage, conversions),
        invoiced_before=before
        and replace(
            before,
            usage=converted(before.usage, conversions),
            usage_with_late=converted(before.usage_with_late, conversions),
        ),
        first_events={
            metric: tuple(replace(event, quantity=conversions[metric].of_one_event(event.quantity)) for event in events)
            if metric in conversions
            else events
            for metric, events in used.first_events.items()
        },
    )


def billed_words(words: Mapping[MetricKey, MetricWords], conversions: Conversions) -> Mapping[MetricKey, MetricWords]:
    """The words of what is priced."""
    if not conversions:
        return words
    return {
        metric: conversions[metric].billed_words(of_usage) if metric in conversions else of_usage
        for metric, of_usage in words.items()
    }


def conversion_notes(
    rows: Sequence[MeteredUsage],
    conversions: Conversions,
    words: Mapping[MetricKey, MetricWords],
    *,
    is_part: bool,
) -> list[Step]:
    """How the quantity of a line came about, if it was converted. `words` are those of the usage; `is_part`: the line
    has some days of the month only."""
    conversion = conversions.get(rows[0].metric) if rows else None
    if conversion is None:
        return []
    told = Converted(
        measured=sum((row.measured or ZERO for row in rows), ZERO),
        billed=sum((row.quantity for row in rows), ZERO),
        meters=len({row.meter for row in rows}),
        is_part=is_part,
    )
    return [Step.note(sentence) for sentence in conversion.in_words(told, words[rows[0].metric])]
