"""Usage of invoiced months beside the lines that charge it: what is on a line, what has no price, and what differs.

It is read as the biller reads it, meter by meter, in the unit that is priced, and compared by metric and month of use:
a line for late usage says no more. All issued invoices of a customer together have charged what the months count that
they are for; usage that was reported after them is counted in a later month, and is still to come.

Where quantities don't add up from invoice to invoice (the greatest value of a month that was billed again, a rounded
conversion, a correction that a credit note gave back, a price that came late and whose month was billed again later),
the month is priced once more, and amounts tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from billing_platform.lib.batches import batches
from billing_platform.lib.database.consistent_read import consistent_read
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.selectors.conversions import conversions_of
from events.usage.conversion import NONE, Conversion, Conversions, converted
from events.usage.metered import MeteredUsage, MetricKey
from events.usage.metering import Asked, metered
from invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine, LatePrice
from invoicing.pricing.rating import rate
from invoicing.pricing.rules import RulesOfMonth
from invoicing.services.facts.month_facts import Counted, Place, RuleBook, months_again
from organisations.models import Organisation

_AT_ONCE = 200
_ADDED_UP = (Metric.Aggregation.SUM, Metric.Aggregation.COUNT)
_PLAIN = Conversion()


@dataclass(slots=True)
class ChargedUsage:
    """One metric of a customer in one month of use. Quantities are in the unit that is priced.

    `used` is what the customer's invoiced months count, `unpriced` the part of it that no price covers, `on_lines` what
    lines of its issued invoices say, late ones included, and `to_come` what the next invoice charges by a price that
    came after the month's invoice. `charged_off` is set where they do not agree: how much less was charged than the
    usage costs, in the customer's currency, before tax; negative where more was.
    """

    organisation_id: UUID
    month: BillingPeriod
    metric: MetricKey
    currency: str
    used: Decimal = ZERO
    event_count: int = 0
    unpriced: Decimal = ZERO
    unpriced_events: int = 0
    on_lines: Decimal = ZERO
    to_come: Decimal = ZERO
    aggregation: str = ""
    charged_off: Decimal | None = None

    @property
    def not_on_lines(self) -> Decimal:
        """Usage that a price covered, and no line has; negative where lines have more than was used."""
        return self.used - self.unpriced - self.to_come - self.on_lines

    @property
    def differs(self) -> bool:
        return self.charged_off is not None


def charged_usage(places: Iterable[Place]) -> Iterator[ChargedUsage]:
    """Of customers' months of use, by metric. Months may be many: some are held in memory at a time, each part as of
    one moment. Of a month that no issued invoice counts there is nothing to tell."""
    for part in batches(places, _AT_ONCE):
        with consistent_read():
            found = _Part(part).read()
        yield from found


def places_charged(*, first: date, last: date, organisation_id: UUID | None = None) -> Iterator[tuple[Place, date]]:
    """The months of use that invoices issued on these days have lines or usage of, each with such a day. A month may
    come more than once, by another invoice."""
    invoices = Invoice.objects.issued().billing().filter(issue_date__range=(first, last), period_start__isnull=False)
    if organisation_id is not None:
        invoices = invoices.filter(organisation=organisation_id)
    rows = invoices.order_by("pk").values_list("pk", "organisation_id", "period_start", "issue_date")
    for part in batches(rows.iterator(chunk_size=_AT_ONCE), _AT_ONCE):
        with consistent_read():
            found = _places_of(part)
        yield from found.items()


def _places_of(invoices: Collection[tuple[UUID, UUID, date, date]]) -> dict[Place, date]:
    owners = Organisation.objects.in_bulk({each[1] for each in invoices})
    days = {pk: issued for pk, _owner, _month, issued in invoices}
    found = {(owner, BillingPeriod.of(month)): issued for _pk, owner, month, issued in invoices}
    lines = InvoiceLine.objects.filter(invoice__in=list(days), used_in__isnull=False).order_by()
    for pk, owner, month in lines.values_list("invoice", "invoice__organisation_id", "used_in").distinct():
        found.setdefault((owner, BillingPeriod.of(month)), days[pk])
    asked = [Asked(owners[owner], (BillingPeriod.of(month),)) for _pk, owner, month, _issued in invoices]
    for (_pk, owner, _month, issued), usage in zip(invoices, metered(asked), strict=True):
        for month in {row.used_in for row in usage}:
            found.setdefault((owner, month), issued)
    return found


@dataclass
class _Charge:
    """What issued invoices say of one metric and month."""

    on_lines: Decimal = ZERO
    has_notes: bool = False  # credit notes gave corrections of its usage back
    was_late: bool = False  # one of its prices came late
    currencies: set[str] = field(default_factory=set)


def _is_doubtful(row: ChargedUsage, charge: _Charge) -> bool:
    """After a change of currency, the prices of today say nothing of what was charged in another one."""
    return bool(row.not_on_lines or charge.has_notes) and charge.currencies <= {row.currency}


_Charges = defaultdict[Place, defaultdict[MetricKey, _Charge]]


@dataclass
class _Part:
    """Some places, read together: as many queries for two hundred as for one."""

    places: list[Place]
    owners: dict[UUID, Organisation] = field(init=False)
    conversions: Mapping[UUID, Conversions] = field(init=False)

    def read(self) -> list[ChargedUsage]:
        self.owners = Organisation.objects.in_bulk({pk for pk, _month in self.places})
        self.conversions = conversions_of(list(self.owners.values()))
        charges, counted, late = self._charges(), self._counted(), self._late_prices()
        rules = RuleBook(list(self.owners.values()), {month for _pk, month in self.places})
        found: list[ChargedUsage] = []
        doubtful: defaultdict[Place, list[ChargedUsage]] = defaultdict(list)
        for place, each in counted.items():
            chosen = RulesOfMonth(rules.of(self.owners[place[0]], place[1]), place[1], self.owners[place[0]].currency)
            rows = self._beside(place, each.usage, chosen, late[place], charges[place])
            found += rows
            if doubts := [row for row in rows if _is_doubtful(row, charges[place][row.metric])]:
                doubtful[place] = doubts
        if doubtful:
            self._price_again(doubtful, {place: counted[place] for place in doubtful}, charges, late)
        return found

    def _counted(self) -> dict[Place, Counted]:
        """What the months count that have an issued invoice, or whose corrections a credit note gave back instead."""
        invoices = Invoice.objects.issued().billing().filter(organisation__in=self.owners, period_start__isnull=False)
        notes = CreditNote.objects.filter(organisation__in=self.owners, usage_counted_in__isnull=False)
        periods: defaultdict[UUID, set[BillingPeriod]] = defaultdict(set)
        for rows, month in (invoices, "period_start"), (notes, "usage_counted_in"):
            for owner, start in rows.order_by().values_list("organisation_id", month):
                periods[owner].add(BillingPeriod.of(start))
        asked = [
            Asked(self.owners[pk], tuple(sorted(each for each in periods[pk] if each >= month)), month)
            for pk, month in self.places
        ]
        answers = zip(self.places, asked, metered(asked), strict=True)
        return {place: Counted(question.counted_in, usage) for place, question, usage in answers}

    def _late_prices(self) -> defaultdict[Place, set[UUID]]:
        found: defaultdict[Place, set[UUID]] = defaultdict(set)
        late = LatePrice.objects.not_issued().filter(organisation__in=self.owners)
        for owner, month, rule in late.values_list("organisation_id", "month", "pricing_rule_id"):
            found[owner, BillingPeriod.of(month)].add(rule)
        return found

    def _charges(self) -> _Charges:
        months = {month.start for _pk, month in self.places}
        invoices = Invoice.objects.issued().billing().filter(organisation__in=self.owners)
        lines = InvoiceLine.objects.filter(invoice__in=invoices, used_in__in=months).exclude(metric_name="").order_by()
        named = lines.values_list("invoice__organisation_id", "used_in", "metric_name", "unit")
        found: _Charges = defaultdict(lambda: defaultdict(_Charge))
        by_currency = named.annotate(quantity_of_lines=Sum("quantity"))
        for owner, month, name, unit, quantity, currency in by_currency.values_list(
            "invoice__organisation_id", "used_in", "metric_name", "unit", "quantity_of_lines", "invoice__currency"
        ):
            charge = found[owner, BillingPeriod.of(month)][name, unit]
            charge.on_lines += quantity
            charge.currencies.add(currency)
        notes = CreditNoteLine.objects.filter(
            usage_amount__isnull=False, credit_note__organisation__in=self.owners, invoice_line__used_in__in=months
        )
        for owner, month, name, unit in notes.values_list(
            "credit_note__organisation_id",
            "invoice_line__used_in",
            "invoice_line__metric_name",
            "invoice_line__unit",
        ).distinct():
            found[owner, BillingPeriod.of(month)][name, unit].has_notes = True
        late = LatePrice.objects.filter(organisation__in=self.owners, month__in=months)
        for owner, month, name, unit in late.values_list(
            "organisation_id", "month", "pricing_rule__metric_name", "pricing_rule__unit"
        ):
            if (name, unit) in found[owner, BillingPeriod.of(month)]:
                found[owner, BillingPeriod.of(month)][name, unit].was_late = True
        return found

    def _beside(
        self,
        place: Place,
        rows: Sequence[MeteredUsage],
        rules: RulesOfMonth,
        late_prices: Collection[UUID],
        charges: Mapping[MetricKey, _Charge],
    ) -> list[ChargedUsage]:
        """By metric, in order."""
        owner = self.owners[place[0]]
        found: dict[MetricKey, ChargedUsage] = {}
        for row in converted(rows, self.conversions[owner.pk]):
            each = found.setdefault(row.metric, ChargedUsage(owner.pk, place[1], row.metric, owner.currency))
            each.used += row.quantity
            each.event_count += row.event_count
            each.aggregation = row.aggregation
            rule = rules.choose(row)
            if rule is None:
                each.unpriced += row.quantity
                each.unpriced_events += row.event_count
            elif rule.id in late_prices:
                each.to_come += row.quantity
        for metric, charge in charges.items():
            each = found.setdefault(metric, ChargedUsage(owner.pk, place[1], metric, owner.currency))
            each.on_lines = charge.on_lines
        return [found[metric] for metric in sorted(found)]

    def _price_again(
        self,
        doubtful: Mapping[Place, list[ChargedUsage]],
        counted: Mapping[Place, Counted],
        charges: _Charges,
        late: Mapping[Place, Collection[UUID]],
    ) -> None:
        """Set `charged_off` of those that differ. What the next invoice charges by a late price is not missing yet."""
        for place, facts in months_again(self.owners, counted, late).items():
            (used,) = facts.months
            lines = [line for line in rate(facts).lines if line.pricing_rule_id not in used.late_prices]
            amounts = {line.metric: line.amount for line in lines}
            charged = used.invoiced_before.charged if used.invoiced_before else {}
            for each in doubtful[place]:
                off = amounts.get(each.metric, -charged.get(each.metric, ZERO))
                rounding = self.conversions[place[0]].get(each.metric, _PLAIN).rounding
                adds_up = each.aggregation in ("", *_ADDED_UP) and rounding == NONE
                charge = charges[place][each.metric]
                if off or (adds_up and not (charge.has_notes or charge.was_late)):
                    each.charged_off = off
