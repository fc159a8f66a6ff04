"""What the usage lines of many organisations' invoices are computed from: usage, rules, earlier invoices, words.

Each source takes as many queries for a thousand organisations as for one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from django.db.models import F, Q, Sum

from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from events.selectors.conversions import words_and_conversions
from events.selectors.metric_words import WordBook
from events.usage.first_events import first_events
from events.usage.metered import MeteredUsage, MetricKey, MetricWords
from events.usage.metering import Asked, metered, usage_of_organisations
from invoicing.models import CreditNoteLine, Invoice, InvoiceLine, PricingRule
from invoicing.models.late_price import late_prices_of
from invoicing.pricing.month_facts import FirstEvents, InvoicedBefore, MonthFacts, UsedMonth
from invoicing.pricing.rules import Rule
from invoicing.selectors.credit_notes import BEFORE_DISCOUNT
from invoicing.services.facts.rate_facts import rates_of_months
from organisations.models import Organisation

Place = tuple[UUID, BillingPeriod]
"""An organisation, and a month in which it used something."""

Usage = tuple[MeteredUsage, ...]


def months_of(
    organisations: Collection[Organisation], period: BillingPeriod, counted: Mapping[UUID, Usage] | None = None
) -> dict[UUID, MonthFacts]:
    """`MonthFacts` of each organisation, by its id. `counted` is the usage that the period counts, where it is read."""
    by_id = {each.pk: each for each in organisations}
    if counted is None:
        counted = usage_of_organisations(organisations=list(organisations), period=period)
    usage = _by_month(counted)
    late_prices = _late_prices(by_id, period)
    for place in late_prices:
        usage.setdefault(place, ())
    rules = RuleBook(organisations, {period, *(month for _pk, month in usage)})
    for each in organisations:
        if any(rule.is_due_without_usage for rule in rules.own(each, period)):
            usage.setdefault((each.pk, period), ())
    before = _invoiced_before(by_id, usage, period, late_prices)
    months = {
        place: UsedMonth(
            place[1],
            rows,
            rules.of(by_id[place[0]], place[1]),
            before.get(place),
            late_prices=frozenset(late_prices.get(place, ())),
        )
        for place, rows in usage.items()
    }
    if rules.exchanges:
        rates = rates_of_months(by_id, {place: used.rules for place, used in months.items()}, period)
        months |= {place: replace(months[place], rates=found, rates_of=day) for place, (day, found) in rates.items()}
    first = first_events_of(by_id, months, {place: (*_periods(used), period) for place, used in months.items()})
    books, conversions = words_and_conversions(organisations)
    found: defaultdict[UUID, list[UsedMonth]] = defaultdict(list)
    for place, used in months.items():
        found[place[0]].append(replace(used, first_events=first[place]) if place in first else used)
    return {
        each.pk: MonthFacts(
            period,
            each.currency,
            tuple(found[each.pk]),
            words_of(books[each.pk], found[each.pk]),
            conversions[each.pk],
        )
        for each in organisations
    }


@dataclass(frozen=True, slots=True)
class Counted:
    """What happened in a month, as the invoiced months `counted_in` have it."""

    counted_in: tuple[BillingPeriod, ...]
    usage: Usage


def months_again(
    by_id: Mapping[UUID, Organisation], counted: Mapping[Place, Counted], late_prices: Mapping[Place, Collection[UUID]]
) -> dict[Place, MonthFacts]:
    """What months of use that are invoiced would be priced anew from, beside what issued invoices charged for them: the
    difference of the two is what they have wrong. By the `late_prices`, nothing was charged so far. The organisations
    are by their ids."""
    organisations = list(by_id.values())
    rules = RuleBook(organisations, {month for _pk, month in counted})
    charged = _charged(by_id, counted, None)
    months = {
        (pk, month): UsedMonth(
            month,
            each.usage,
            rules.of(by_id[pk], month),
            charged[pk, month].as_facts(each.usage, each.usage),
            late_prices=frozenset(late_prices.get((pk, month), ())),
        )
        for (pk, month), each in counted.items()
    }
    if rules.exchanges:
        rates = rates_of_months(by_id, {place: used.rules for place, used in months.items()}, None)
        months |= {place: replace(months[place], rates=found, rates_of=day) for place, (day, found) in rates.items()}
    first = first_events_of(by_id, months, {place: each.counted_in for place, each in counted.items()})
    books, conversions = words_and_conversions(organisations)
    return {
        (pk, month): MonthFacts(
            month if month in counted[pk, month].counted_in else max(counted[pk, month].counted_in, default=month),
            by_id[pk].currency,
            (replace(used, first_events=first.get((pk, month), {})),),
            words_of(books[pk], [used]),
            conversions[pk],
        )
        for (pk, month), used in months.items()
    }


def _by_month(counted: Mapping[UUID, Usage]) -> dict[Place, Usage]:
    """The usage by organisation and the month it happened in, oldest month first."""
    return {
        (pk, month): tuple(usage)
        for pk, rows in counted.items()
        for month, usage in groupby(sorted(rows, key=_used_in), key=_used_in)
    }


def _used_in(row: MeteredUsage) -> BillingPeriod:
    return row.used_in


class RuleBook:
    """The prices that apply to some organisations in some months. A global rule is read once for all of them."""

    def __init__(self, organisations: Collection[Organisation], months: Collection[BillingPeriod]) -> None:
        self._found: dict[tuple[UUID | None, str, BillingPeriod], tuple[Rule, ...]] = {}
        self._rules: defaultdict[tuple[UUID | None, str], list[Rule]] = defaultdict(list)
        self._exchanged: defaultdict[UUID | None, list[Rule]] = defaultdict(list)
        if not months:
            return
        rules = PricingRule.objects.applying_to_any(organisations).during(
            min(month.start for month in months), max(month.end for month in months)
        )
        for row in rules.order_by("metric_name", "unit", "-effective_from", "pk"):
            rule = row.as_rule()
            self._rules[row.organisation_id, row.currency].append(rule)
            if row.may_be_exchanged:
                self._exchanged[row.organisation_id].append(rule)

    @property
    def exchanges(self) -> bool:
        """Whether any of the prices may be exchanged: of most price books none may."""
        return any(self._exchanged.values())

    def own(self, organisation: Organisation, month: BillingPeriod) -> tuple[Rule, ...]:
        """Its own rules, in its currency or to be exchanged into it, that hold on any day of the month."""
        return self._holding(organisation.pk, organisation.currency, month)

    def of(self, organisation: Organisation, month: BillingPeriod) -> tuple[Rule, ...]:
        """The same together with the global rules."""
        own = self.own(organisation, month)
        shared = self._holding(None, organisation.currency, month)
        return (*own, *shared) if own else shared

    def _holding(self, owner: UUID | None, currency: str, month: BillingPeriod) -> tuple[Rule, ...]:
        key = owner, currency, month
        if key not in self._found:
            foreign = [rule for rule in self._exchanged.get(owner, ()) if rule.currency != currency]
            rules = [*self._rules.get((owner, currency), ()), *foreign]
            self._found[key] = tuple(rule for rule in rules if rule.holds_within(month))
        return self._found[key]


def _late_prices(by_id: Collection[UUID], period: BillingPeriod) -> dict[Place, list[UUID]]:
    """The prices of earlier months that came after their invoices, and are still to be charged by."""
    found: defaultdict[Place, list[UUID]] = defaultdict(list)
    for pk, month, rule in late_prices_of(by_id, before=period.start, besides=period.start):
        found[pk, BillingPeriod.of(month)].append(rule)
    return dict(found)


def _invoiced_before(
    by_id: Mapping[UUID, Organisation],
    usage: Mapping[Place, Usage],
    period: BillingPeriod,
    late_prices: Collection[Place],
) -> dict[Place, InvoicedBefore]:
    """What live invoices of other periods say of the months that have usage, where there are such invoices. Where a
    price came late, they are all that the customer has of the month and later ones: they count usage without a line."""
    found = _charged(by_id, usage, period)
    if late_prices:
        _add_invoiced_periods(found, late_prices, period)
    places = sorted(found.keys() & usage.keys(), key=lambda place: (place[1], place[0]))
    questions: list[Asked] = []
    for pk, month in places:
        others = tuple(sorted(found[pk, month].periods))
        questions.append(Asked(by_id[pk], others, month))
        questions.append(Asked(by_id[pk], (*others, period), month))
    answers = metered(questions)
    return {
        place: found[place].as_facts(invoiced, with_late)
        for place, invoiced, with_late in zip(places, answers[::2], answers[1::2], strict=True)
    }


def _add_invoiced_periods(
    found: defaultdict[Place, _Charges], late_prices: Collection[Place], period: BillingPeriod
) -> None:
    months: defaultdict[UUID, list[BillingPeriod]] = defaultdict(list)
    for pk, month in late_prices:
        months[pk].append(month)
        found[pk, month]  # also where no invoice is left
    issued = Invoice.objects.issued().billing().filter(organisation__in=months, period_start__isnull=False)
    others = issued.exclude(period_start=period.start).order_by()
    for pk, start in others.values_list("organisation_id", "period_start"):
        for month in months[pk]:
            if month.start <= start:
                found[pk, month].periods.add(BillingPeriod.of(start))


def first_events_of(
    by_id: Mapping[UUID, Organisation],
    months: Mapping[Place, UsedMonth],
    counted_in: Mapping[Place, tuple[BillingPeriod, ...]],
) -> dict[Place, FirstEvents]:
    """The first events of the used metrics whose prices let some go free. Such prices are few: of most organisations,
    nothing is read."""
    wanted = {place: most for place, used in months.items() if (most := _free_events(used))}
    questions = [Asked(by_id[pk], counted_in[pk, month], month) for pk, month in wanted]
    return dict(zip(wanted, first_events(questions, list(wanted.values())), strict=True))


def _free_events(used: UsedMonth) -> dict[MetricKey, int]:
    """How many events of a meter may be free, at the most, by metric."""
    found: dict[MetricKey, int] = {}
    for rule in used.rules:
        if rule.free_events:
            found[rule.metric] = max(found.get(rule.metric, 0), rule.free_events)
    if not found:
        return found
    before = used.invoiced_before.usage_with_late if used.invoiced_before else ()
    metrics = {row.metric for row in (*used.usage, *before)}
    return {metric: most for metric, most in found.items() if metric in metrics}


def _periods(used: UsedMonth) -> tuple[BillingPeriod, ...]:
    return used.invoiced_before.periods if used.invoiced_before else ()


def _sums() -> defaultdict[MetricKey, Decimal]:
    return defaultdict(Decimal)


@dataclass
class _Charges:
    """`InvoicedBefore` of one place, while it is read."""

    periods: set[BillingPeriod] = field(default_factory=set)
    charged: defaultdict[MetricKey, Decimal] = field(default_factory=_sums)
    given_back: defaultdict[MetricKey, Decimal] = field(default_factory=_sums)
    left: defaultdict[MetricKey, Decimal] = field(default_factory=_sums)

    def as_facts(self, usage: Usage, usage_with_late: Usage) -> InvoicedBefore:
        sums = dict(self.charged), dict(self.given_back), dict(self.left)
        return InvoicedBefore(sums[0], usage, usage_with_late, tuple(sorted(self.periods)), sums[1], sums[2])


def _charged(
    by_id: Mapping[UUID, Organisation], places: Iterable[Place], period: BillingPeriod | None
) -> defaultdict[Place, _Charges]:
    """What invoices of other periods charged for usage of the months, by metric and before tax, and the periods of
    those invoices; without what credit notes gave back because usage was corrected. Only in the currency of today:
    rupees can't be set against dollars, so after a change of currency what comes late is priced by itself.

    Without a period: what all issued invoices charged."""
    invoices = Invoice.objects.billing() if period else Invoice.objects.issued().billing()
    found: defaultdict[Place, _Charges] = defaultdict(_Charges)
    months = {month.start for _pk, month in places}
    lines = (
        InvoiceLine.objects.filter(
            _of_other_periods("invoice", period),
            invoice__in=invoices.filter(organisation__in=by_id, currency=F("organisation__currency")),
            used_in__in=months,
        )
        .order_by()
        .values_list("invoice__organisation_id", "used_in", "invoice__period_start", "metric_name", "unit")
        .annotate(charged=Sum("amount"))
    )
    for pk, used_in, period_start, name, unit, amount in lines:
        charges = found[pk, BillingPeriod.of(used_in)]
        charges.charged[name, unit] += amount
        charges.left[name, unit] += amount
        if period_start is not None:
            charges.periods.add(BillingPeriod.of(period_start))
    _take_off_credit_notes(found, by_id, months, period)
    return found


def _of_other_periods(path: str, period: BillingPeriod | None, as_well: Q | None = None) -> Q:
    """Invoices of other periods, and others `as_well`; without a period all."""
    if period is None:
        return Q()
    others = ~Q(**{f"{path}__period_start": period.start})
    return others if as_well is None else others | as_well


def _take_off_credit_notes(
    found: defaultdict[Place, _Charges],
    by_id: Mapping[UUID, Organisation],
    months: set[date],
    period: BillingPeriod | None,
) -> None:
    """A note that gives back a correction of usage covers the month that counted the correction, and less is charged
    then; also if its invoice was released afterwards, but then nothing of it is charged. Any other note leaves what was
    charged as it is: what it took back is not billed again."""
    lines = (
        CreditNoteLine.objects.filter(
            _of_other_periods("credit_note__invoice", period, Q(credit_note__invoice__is_released=True)),
            credit_note__organisation__in=by_id,
            credit_note__currency=F("credit_note__organisation__currency"),
            invoice_line__used_in__in=months,
        )
        .order_by()
        .values_list(
            "credit_note__organisation_id",
            "invoice_line__used_in",
            "credit_note__usage_counted_in",
            "credit_note__invoice__is_released",
            "invoice_line__metric_name",
            "invoice_line__unit",
        )
        .annotate(taken=Sum(BEFORE_DISCOUNT), of_usage=Sum("usage_amount"))
    )
    for pk, used_in, counted_in, is_released, name, unit, taken, of_usage in lines:
        charges, metric = found[pk, BillingPeriod.of(used_in)], (name, unit)
        if not is_released:
            charges.left[metric] -= taken
            charges.charged[metric] -= of_usage or ZERO
        if period is not None and counted_in == period.start:
            charges.given_back[metric] += of_usage or ZERO
        elif counted_in is not None:
            charges.periods.add(BillingPeriod.of(counted_in))


def words_of(book: WordBook, months: Sequence[UsedMonth]) -> dict[MetricKey, MetricWords]:
    due = {rule.metric: "" for month in months for rule in month.rules if rule.is_due_without_usage}
    covered = {
        row.metric: row.aggregation
        for month in months
        for row in (*month.usage, *(month.invoiced_before.usage_with_late if month.invoiced_before else ()))
    }
    return {
        metric: book.words(*metric).counted_by(aggregation) for metric, aggregation in sorted((due | covered).items())
    }
