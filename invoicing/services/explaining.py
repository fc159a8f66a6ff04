"""Explain a line: its price version, the meters, corrections and events behind it, and whether it comes out again.

What an issued line was computed from never changes: its price is frozen on it, the usage of its month is closed, and a
price that is on an issued invoice can only be ended. So the line can be computed again at any time, by the same pure
functions, from what was known when the invoice was issued.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from billing_platform.lib import clock
from billing_platform.lib.money import ZERO, round_money
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.periods import BillingPeriod, start_of_day
from events.models import Metric, UsageCorrection, UsageEvent
from events.selectors import ledger_pages
from events.selectors.conversions import conversions_of
from events.selectors.metric_words import WordBook
from events.usage.first_events import first_events
from events.usage.metered import Meter, MeteredUsage, MetricKey
from events.usage.metering import Asked, metered
from invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine, LatePrice, PricingRule
from invoicing.pricing.month_facts import InvoicedBefore, MonthFacts, UsedMonth
from invoicing.pricing.rating import rate
from invoicing.pricing.rules import Rule, RulesOfMonth
from invoicing.rates import Rate
from invoicing.selectors.credit_notes import BEFORE_DISCOUNT
from invoicing.services.deciding_events import deciding_events

A_DAY = timedelta(days=1)
USAGE_KINDS = (InvoiceLine.Kind.USAGE, InvoiceLine.Kind.LATE_USAGE)
EVENTS_AT_ONCE = 2000
MOST_METERS = 200
"""So many meters are named when events are looked for; of more, the line's own dimensions have to do."""


@dataclass(frozen=True, slots=True)
class MeterUse:
    """What one meter contributed to a line, in all and on each day."""

    project_id: UUID
    project_name: str
    dimensions: tuple[tuple[str, str], ...]
    quantity: Decimal
    event_count: int
    days: tuple[MeteredUsage, ...]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The amount that the line has when it is computed again. `amount` is None where it does not come out at all."""

    amount: Decimal | None
    currency: str
    agrees: bool
    sentence: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LineExplanation:
    """`events` are the ledger's entries that the line bills, corrections' entries included; newest first.

    `decided_by` are the ids of those whose value was taken, of a metric that takes the greatest or the latest.
    `versions` are the prices of the month that late usage was priced by: its whole month is priced anew.
    """

    line: InvoiceLine
    meters: tuple[MeterUse, ...]
    corrections: tuple[UsageCorrection, ...]
    event_count: int
    events: QuerySet[UsageEvent]
    decided_by: frozenset[int]
    versions: tuple[PricingRule, ...]
    recomputed: Recomputed


def explain_line(line: InvoiceLine) -> LineExplanation:
    """Reads the usage behind a line and computes the line again. Nothing is stored."""
    is_usage = line.kind in USAGE_KINDS and line.used_in is not None and line.invoice.period is not None
    rows = _rows_of(line) if is_usage else ()
    meters = _meters(rows)
    events = _events(line, meters) if is_usage else UsageEvent.objects.none()
    return LineExplanation(
        line=line,
        meters=meters,
        corrections=tuple(_corrections(line)) if is_usage else (),
        event_count=sum(meter.event_count for meter in meters),
        events=events,
        decided_by=_decided_by(line, meters, events),
        versions=tuple(_versions(line)) if is_usage and line.kind == InvoiceLine.Kind.LATE_USAGE else (),
        recomputed=_recomputed(line) if is_usage else _from_steps(line),
    )


def events_of(explained: LineExplanation) -> Iterator[UsageEvent]:
    """All events of an explanation, newest first, page by page: however many there are, few are held at once."""
    page = ledger_pages.page_before(explained.events, size=EVENTS_AT_ONCE)
    while True:
        yield from page.events
        if page.older is None:
            return
        page = ledger_pages.page_before(explained.events, size=EVENTS_AT_ONCE, before=page.older)


# --- the usage behind it --------------------------------------------------------------------------------------------


def _period(line: InvoiceLine) -> BillingPeriod:
    period: BillingPeriod | None = line.invoice.period
    if period is None:
        raise ValueError("a one-off bills no usage")
    return period


def _month(line: InvoiceLine) -> BillingPeriod:
    return BillingPeriod.of(line.used_in or _period(line).start)


def _metric(line: InvoiceLine) -> MetricKey:
    return line.metric_name, line.unit


def _counted(line: InvoiceLine, *periods: BillingPeriod) -> tuple[MeteredUsage, ...]:
    """Usage of the line's metric that happened in its month and was counted in these periods."""
    asked = Asked(line.invoice.organisation, periods, _month(line))
    return tuple(row for row in metered([asked])[0] if row.metric == _metric(line))


def _is_priced_late(line: InvoiceLine) -> bool:
    """Whether its price came after the month was invoiced, and it is the first line that charges by it."""
    late = LatePrice.objects.filter(
        organisation=line.invoice.organisation_id, month=_month(line).start, pricing_rule=line.pricing_rule_id
    )
    if line.kind != InvoiceLine.Kind.LATE_USAGE or not late.exists():
        return False
    before = _others(line).values("pk")
    return not InvoiceLine.objects.filter(
        invoice__in=before, pricing_rule=line.pricing_rule_id, used_in=_month(line).start
    ).exists()


def _periods(line: InvoiceLine) -> tuple[BillingPeriod, ...]:
    """The months that counted what the line charges: its invoice's. Of a price that came late, all that were invoiced
    before it, too."""
    found = {_period(line)}
    if _is_priced_late(line):
        months = _others(line).filter(period_start__gte=_month(line).start)
        found |= {BillingPeriod.of(start) for start in months.values_list("period_start", flat=True) if start}
    return tuple(sorted(found))


def _rows_of(line: InvoiceLine) -> tuple[MeteredUsage, ...]:
    """The rows that the line's price version priced; of late usage, those that its invoice's month counted."""
    periods = _periods(line)
    rows = [row for row in _counted(line, *periods) if line.project_id in (None, row.project_id)]
    is_difference = line.kind == InvoiceLine.Kind.LATE_USAGE and not _is_priced_late(line)
    if is_difference or line.pricing_rule is None:
        return tuple(rows)
    rules, key = RulesOfMonth(_rules(line), _month(line), line.invoice.currency), line.pricing_rule.as_rule().key
    start, end = line.service_start or date.min, line.service_end or date.max
    in_days = [row for row in rows if start <= row.day < end]
    return tuple(row for row in in_days if (chosen := rules.choose(row)) is not None and chosen.key == key)


def _rules(line: InvoiceLine) -> tuple[Rule, ...]:
    """The prices of the line's metric in its month, as in `PricingRuleQuerySet.applying_to`; in the invoice's currency,
    which the customer may have left since."""
    month = _month(line)
    owners = Q(organisation=line.invoice.organisation) | Q(organisation=None)
    currencies = Q(currency=line.invoice.currency) | Q(may_be_exchanged=True)
    found = PricingRule.objects.filter(owners, currencies, metric_name=line.metric_name)
    return tuple(rule.as_rule() for rule in found.filter(unit=line.unit).during(month.start, month.end))


def _meters(rows: Sequence[MeteredUsage]) -> tuple[MeterUse, ...]:
    by_meter: defaultdict[Meter, list[MeteredUsage]] = defaultdict(list)
    for row in rows:
        by_meter[row.meter].append(row)
    return tuple(
        MeterUse(
            project_id=days[0].project_id,
            project_name=days[0].project_name,
            dimensions=days[0].dimensions,
            quantity=sum((day.quantity for day in days), ZERO),
            event_count=sum(day.event_count for day in days),
            days=tuple(sorted(days, key=lambda day: day.day)),
        )
        for days in by_meter.values()
    )


def _bounds(line: InvoiceLine) -> tuple[datetime, datetime]:
    """The instants between which the line's usage happened."""
    month, zone = _month(line), line.invoice.organisation.zone
    start, end = line.service_start or month.start, line.service_end or month.end
    return start_of_day(start, zone), start_of_day(end, zone)


def _events(line: InvoiceLine, meters: Sequence[MeterUse]) -> QuerySet[UsageEvent]:
    first, after = _bounds(line)
    organisation = line.invoice.organisation
    found = UsageEvent.objects.filter(
        organisation=organisation,
        metric__in=Metric.objects.filter(name=line.metric_name, unit=line.unit).values("pk"),
        counted_in__in=[period.start for period in _periods(line)],
        hour__gte=first,
        hour__lt=after,
        received_month__gte=BillingPeriod.of((first - A_DAY).date()).start,
        project_id__in={meter.project_id for meter in meters},
    ).select_related("project")
    if len(meters) <= MOST_METERS:
        return found.filter(dimensions__in=[dict(each) for each in {meter.dimensions for meter in meters}])
    return found.filter(dimensions__contains=line.dimensions)


def _decided_by(line: InvoiceLine, meters: Sequence[MeterUse], events: QuerySet[UsageEvent]) -> frozenset[int]:
    """Of a line that bills its own month only: late usage is a difference, which no single event makes."""
    if line.kind != InvoiceLine.Kind.USAGE or not meters:
        return frozenset()
    quantities = {(meter.project_id, meter.dimensions): meter.quantity for meter in meters}
    return deciding_events(events, aggregation=meters[0].days[0].aggregation, quantities=quantities)


def _versions(line: InvoiceLine) -> QuerySet[PricingRule]:
    """The prices that hold for usage of the line's month, of what was invoiced before and of what came late."""
    before = _invoiced_before(line)
    periods = (*before.periods, _period(line)) if before else (_period(line),)
    rules = RulesOfMonth(_rules(line), _month(line), line.invoice.currency)
    rows = [row for row in _counted(line, *periods) if line.project_id in (None, row.project_id)]
    chosen = {rule.id for row in rows if (rule := rules.choose(row)) is not None}
    found: QuerySet[PricingRule] = PricingRule.objects.filter(pk__in=chosen).order_by("effective_from", "pk")
    return found


def _corrections(line: InvoiceLine) -> QuerySet[UsageCorrection]:
    """Corrections of the line's usage that its invoice's month counted."""
    first, after = _bounds(line)
    found = UsageCorrection.objects.filter(
        organisation=line.invoice.organisation,
        counted_in__in=[period.start for period in _periods(line)],
        metric__name=line.metric_name,
        metric__unit=line.unit,
        hour__gte=first,
        hour__lt=after,
    )
    return (found if line.project_id is None else found.filter(project=line.project_id)).select_related("project")


# --- computed again -------------------------------------------------------------------------------------------------


def _recomputed(line: InvoiceLine) -> Recomputed:
    """The line anew, from what its invoice was issued from."""
    period, month = _period(line), _month(line)
    before = _invoiced_before(line)
    rules = _rules(line)
    wanted = {_metric(line): most} if (most := max((rule.free_events for rule in rules), default=0)) else {}
    periods = (*before.periods, period) if before else (period,)
    asked = Asked(line.invoice.organisation, periods, month)
    used = UsedMonth(
        month,
        _counted(line, period),
        rules,
        before,
        first_events([asked], [wanted])[0],
        rates=_rates(line),
        late_prices=frozenset({line.pricing_rule_id} if line.pricing_rule_id and _is_priced_late(line) else ()),
    )
    words = {_metric(line): WordBook(line.invoice.organisation).words(*_metric(line))}
    conversions = conversions_of([line.invoice.organisation])[line.invoice.organisation_id]
    rated = rate(MonthFacts(period, line.invoice.currency, (used,), words, conversions))
    place = (
        line.kind,
        line.pricing_rule_id,
        line.service_start,
        line.project_id,
        tuple(sorted(line.dimensions.items())),
    )
    found = [
        each.amount
        for each in rated.lines
        if (each.kind, each.pricing_rule_id, each.service_start, each.project_id, each.dimensions) == place
    ]
    return _compared(line, found[0] if len(found) == 1 else None, "From the usage and the price behind it")


def _rates(line: InvoiceLine) -> dict[str, Rate]:
    """The rates that lines for the month are frozen with, the line's own first."""
    frozen = InvoiceLine.objects.filter(
        invoice__organisation=line.invoice.organisation_id,
        invoice__currency=line.invoice.currency,
        used_in=_month(line).start,
        price__has_key="exchange",
    )
    contents = [line.price.get("exchange"), *frozen.order_by("created_at").values_list("price__exchange", flat=True)]
    rates = [Rate.from_json(content) for content in reversed(contents) if content]
    return {rate.base: rate for rate in rates}


def _moment(line: InvoiceLine) -> datetime:
    return line.invoice.finalized_at or clock.now()


def _others(line: InvoiceLine) -> QuerySet[Invoice]:
    """The invoices of other months that stood when the line's invoice was issued (a draft: by now)."""
    invoice, moment = line.invoice, _moment(line)
    stood = Q(voided_at=None) | Q(voided_at__gt=moment)
    others = Invoice.objects.filter(
        stood,
        organisation=invoice.organisation_id,
        currency=invoice.currency,
        finalized_at__lt=moment,
        period_start__isnull=False,
    ).exclude(period_start=_period(line).start)
    released = CreditNote.objects.filter(bill_again=True, created_at__lte=moment).values("invoice")
    found: QuerySet[Invoice] = others.exclude(pk__in=released)
    return found


def _invoiced_before(line: InvoiceLine) -> InvoicedBefore | None:
    """What invoices of other months had charged for the line's month when its invoice was issued (a draft: by now)."""
    invoice, period = line.invoice, _period(line)
    moment, others = _moment(line), _others(line)
    lines = InvoiceLine.objects.filter(invoice__in=others, used_in=_month(line).start).order_by()
    notes = CreditNoteLine.objects.filter(  # those of a released invoice too: they gave corrections back all the same
        credit_note__organisation=invoice.organisation_id,
        credit_note__currency=invoice.currency,
        credit_note__created_at__lte=moment,
        invoice_line__used_in=_month(line).start,
    ).order_by()
    starts = {*lines.values_list("invoice__period_start", flat=True)}
    starts |= {*notes.values_list("credit_note__usage_counted_in", flat=True)}
    counted = {BillingPeriod.of(start) for start in starts - {None}} | {*_periods(line)}
    periods = tuple(sorted(counted - {period}))
    if not periods:
        return None
    metric = _metric(line)
    sums = lines.filter(metric_name=line.metric_name, unit=line.unit).aggregate(charged=Sum("amount", default=ZERO))
    taken = notes.filter(
        invoice_line__in=lines, invoice_line__metric_name=line.metric_name, invoice_line__unit=line.unit
    ).aggregate(charged=Sum("usage_amount", default=ZERO), left=Sum(BEFORE_DISCOUNT, default=ZERO))
    return InvoicedBefore(
        {metric: sums["charged"] - taken["charged"]},
        _counted(line, *periods),
        _counted(line, *periods, period),
        periods,
        left={metric: sums["charged"] - taken["left"]},
    )


def _from_steps(line: InvoiceLine) -> Recomputed:
    """Of a fee, a minimum or a typed line: its own steps, which say everything."""
    exact = sum((step.quantity * step.unit_price + step.flat_fee for step in line.steps), ZERO)
    return _compared(line, round_money(exact, line.invoice.currency), "From its own steps")


def _compared(line: InvoiceLine, amount: Decimal | None, from_what: str) -> Recomputed:
    agrees, currency = amount == line.amount, line.invoice.currency
    if amount is None:
        outcome = "this line does not come out: usage or prices are not what they were"
    elif agrees:
        outcome = f"the line comes to {format_money(amount, currency)} again"
    else:
        outcome = f"the line comes to {format_money(amount, currency)}, not to {format_money(line.amount, currency)}"
    return Recomputed(amount, currency, agrees, f"{from_what}, {outcome}.", clock.now())
