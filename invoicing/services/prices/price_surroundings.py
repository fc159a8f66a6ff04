"""What a change of prices is checked against: the stored prices of its metrics, customers' months, and their usage.

Each is read once, however many changes of a price list ask for it; what they changed so far is put in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from typing import Any, Self, TypeAlias
from uuid import UUID

from django.db.models import F, Q

from billing_platform.lib.periods import BillingPeriod
from events.models import UsagePeriod
from events.usage.metering import UsedOn, days_with_usage
from invoicing.models import Invoice, LatePrice, PricingRule, UsageWriteOff
from invoicing.pricing.rules import Rule
from organisations.models import Organisation

Place: TypeAlias = tuple[UUID, date]
"""A customer and the first day of a month."""
_Metric: TypeAlias = tuple[str, str]
_ByCustomer: TypeAlias = dict[UUID, list[Place]]


class Surroundings:
    """`customers` are those whose prices change; None where a price of all customers does."""

    def __init__(self, *, customers: Collection[UUID] | None, metric_names: Collection[str]) -> None:
        self.customers = customers
        self._prices: defaultdict[_Metric, defaultdict[UUID | None, dict[UUID, PricingRule]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        self._read: dict[tuple[Any, ...], _ByCustomer] = {}
        self._currencies: dict[UUID, str] = {}
        self._late: dict[UUID, set[Place]] = {}
        self._metric_names = {*metric_names}
        self._written_off: list[UsageWriteOff] | None = None
        for rule in PricingRule.objects.filter(metric_name__in=metric_names).select_related("organisation"):
            self.put(rule)

    @classmethod
    def of(cls, rules: Iterable[PricingRule]) -> Self:
        """What some rules are checked against."""
        rules = list(rules)
        customers = {rule.organisation_id for rule in rules if rule.organisation_id is not None}
        is_for_all = any(rule.organisation_id is None for rule in rules)
        return cls(customers=None if is_for_all else customers, metric_names={rule.metric_name for rule in rules})

    # --- prices ---------------------------------------------------------------------------------------------------

    def put(self, rule: PricingRule) -> None:
        """From here on the rule is stored as it is now."""
        self._prices[_metric(rule)][rule.organisation_id][rule.pk] = rule

    def take(self, rule: PricingRule) -> None:
        """From here on the rule is not stored."""
        del self._prices[_metric(rule)][rule.organisation_id][rule.pk]

    def rules(self, rule: PricingRule, customer: UUID) -> list[Rule]:
        """The prices of the rule's metric that are for the customer: own ones and global ones, in its currency or to be
        exchanged into it."""
        found, currency = self._prices[_metric(rule)], self.currency(customer)
        return [
            each.as_rule()
            for owner in (customer, None)
            for each in found[owner].values()
            if each.currency == currency or each.may_be_exchanged
        ]

    def currency(self, customer: UUID) -> str:
        """The currency that a customer is billed in."""
        if not self._currencies:
            customers = Organisation.objects.order_by()
            wanted = customers if self.customers is None else customers.filter(pk__in=self.customers)
            self._currencies = dict(wanted.values_list("pk", "currency"))
        return self._currencies[customer]

    def overlapping(self, rule: PricingRule) -> PricingRule | None:
        """The first other price of the same usage on some of the rule's days."""
        first, after = rule.effective_from, rule.effective_to or date.max
        others = [
            other
            for other in self._prices[_metric(rule)][rule.organisation_id].values()
            if other.pk != rule.pk
            and other.dimensions == rule.dimensions
            and (other.currency == rule.currency or (other.may_be_exchanged and rule.may_be_exchanged))
            and other.effective_from < after
            and first < (other.effective_to or date.max)
        ]
        return min(others, key=lambda other: other.effective_from, default=None)

    # --- months and usage -----------------------------------------------------------------------------------------

    def months_invoiced(self, rule: PricingRule, start: date) -> list[Place]:
        """The months from `start` on that are invoiced in the rule's currency (if it may be exchanged: in any), of the
        customers for whom it is."""
        invoices = Invoice.objects.issued().billing().filter(currency=F("organisation__currency"))

        def read() -> Iterable[Place]:
            found = self._of_customers(invoices.filter(_reached(rule, "currency"), period_start__gte=start))
            return list(found.values_list("organisation_id", "period_start").distinct())

        return self._theirs(rule, ("invoiced", rule.may_be_exchanged or rule.currency, start), read)

    def months_open(self, rule: PricingRule, first: date) -> list[Place]:
        """The months that may count usage from a day on and have no issued invoice, of the same customers."""
        start = BillingPeriod.of(first).start
        periods = UsagePeriod.objects.filter(_reached(rule, "organisation__currency"), month__gte=start)

        def read() -> Iterable[Place]:
            issued = self._of_customers(Invoice.objects.issued().billing().filter(period_start__gte=start))
            invoiced = {*issued.values_list("organisation_id", "period_start")}
            found = self._of_customers(periods).values_list("organisation_id", "month")
            return (place for place in found if place not in invoiced)

        return self._theirs(rule, ("open", rule.may_be_exchanged or rule.currency, start), read)

    def months_counted(self, customers: Collection[UUID], start: date) -> list[Place]:
        """The months of some customers that may have counted usage of a month, or of later ones."""
        periods = UsagePeriod.objects.filter(organisation__in=customers, month__gte=start).order_by()
        return list(periods.values_list("organisation_id", "month"))

    def written_off(self, rule: PricingRule) -> list[UsageWriteOff]:
        """What is written off of the rule's metric, of the customers for whom it is, by month."""
        if self._written_off is None:
            standing = UsageWriteOff.objects.standing().filter(metric_name__in=self._metric_names)
            rows = self._of_customers(standing).select_related("organisation")
            self._written_off = list(rows.order_by("month", "organisation__name", "created_at"))
        return [
            each
            for each in self._written_off
            if (each.metric_name, each.unit) == _metric(rule) and rule.organisation_id in (None, each.organisation_id)
        ]

    def charged_late(self, rule: PricingRule) -> set[Place]:
        """The invoiced months for which the rule came late, and that no issued invoice charges by it yet."""
        if rule.pk not in self._late:
            late = LatePrice.objects.not_issued().filter(pricing_rule=rule.pk).order_by()
            self._late[rule.pk] = {*late.values_list("organisation_id", "month")}
        return self._late[rule.pk]

    def used(self, rule: PricingRule, first: date, after: date, counted_in: Sequence[Place]) -> list[UsedOn]:
        """The usage of the rule's metric on days `[first, after)`, of what these months count."""
        return days_with_usage(metric=(rule.metric_name, rule.unit), counted_in=counted_in, first=first, after=after)

    def _theirs(self, rule: PricingRule, asked: tuple[Any, ...], read: Callable[[], Iterable[Place]]) -> list[Place]:
        """What is read once, of the customers for whom the rule is."""
        if asked not in self._read:
            by_customer: defaultdict[UUID, list[Place]] = defaultdict(list)
            for each in read():
                by_customer[each[0]].append(each)
            self._read[asked] = dict(by_customer)
        found = self._read[asked]
        if rule.organisation_id is not None:
            return found.get(rule.organisation_id, [])
        return [each for rows in found.values() for each in rows]

    def _of_customers(self, rows: Any) -> Any:
        rows = rows.order_by()
        return rows if self.customers is None else rows.filter(organisation__in=self.customers)


def _metric(rule: PricingRule) -> _Metric:
    return rule.metric_name, rule.unit


def _reached(rule: PricingRule, column: str) -> Q:
    """Customers of the rule's currency; of any, if the rule may be exchanged."""
    return Q() if rule.may_be_exchanged else Q(**{column: rule.currency})
