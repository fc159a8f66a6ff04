"""Many prices added and changed together: checked one after the other as single ones are, and stored at the end.

What they are checked against is read once, so that a list of thousands holds up invoices that are being issued for
seconds only; a list that is only checked holds up nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.database.bulk import insert_objects
from events.selectors.metric_words import WordBook
from invoicing.computing.days import Days, days_of
from invoicing.models import InvoiceLine, PricingRule
from invoicing.services.prices import price_book
from invoicing.services.prices.billed_months import changed_days, refuse_billed_months
from invoicing.services.prices.price_surroundings import Surroundings
from organisations.audit import note_changed, note_created

Change = tuple[PricingRule, PricingRule]
"""A rule before and after."""


class PriceList:
    """Take the lock of prices before you make one that is stored.

    `changing` are the rules that may be changed, `customers` those whose prices change (None: there are prices of all
    customers among them), `metric_names` those of new prices.
    """

    def __init__(
        self,
        *,
        changing: Collection[PricingRule],
        customers: Collection[UUID] | None,
        metric_names: Collection[str],
    ) -> None:
        self.known = {rule.pk: rule for rule in changing}
        self.around = Surroundings(
            customers=customers, metric_names={*metric_names, *(rule.metric_name for rule in changing)}
        )
        issued = InvoiceLine.objects.exclude(invoice__number="").exclude(invoice__status="void")
        self._billed = {*issued.filter(pricing_rule__in=self.known).order_by().values_list("pricing_rule", flat=True)}
        self._added: dict[UUID, PricingRule] = {}
        self._changed: list[Change] = []
        self._words: dict[UUID | None, WordBook] = {}

    def add(self, *, price: Mapping[str, Any], reason: str = "", **columns: Any) -> PricingRule:
        """As `create_pricing_rule`, with the same refusals."""
        rule = PricingRule(**columns)
        price_book.set_price(rule, price)
        self._check(rule, reason, [(rule, days_of(rule))])
        self.around.put(rule)
        self._added[rule.pk] = rule
        return rule

    def change(
        self, *, rule: PricingRule, price: Mapping[str, Any] | None = None, reason: str = "", **columns: Any
    ) -> PricingRule:
        """As `update_pricing_rule`, with the same refusals. `rule` is one of `known`, which has the new one then."""
        if rule.pk in self._billed and (price is not None or {*columns} - {"effective_to"}):
            raise price_book.in_use()
        changed = copy(rule)
        for name, value in columns.items():
            setattr(changed, name, value)
        if price is not None:
            price_book.set_price(changed, {**changed.body(), **price})
        self.around.take(rule)
        self.around.put(changed)
        try:
            self._check(changed, reason, changed_days(rule, changed))
        except Exception:  # whatever it is, it goes on: the rules are as before
            self.around.take(changed)
            self.around.put(rule)
            raise
        self.known[rule.pk] = changed
        self._changed.append((rule, changed))
        return changed

    @transaction.atomic
    def store(self) -> None:
        """Writes everything, with its audit entries: changes in their order, since each makes room for the next."""
        for _before, rule in self._changed:
            rule.updated_at = clock.now()
            PricingRule.objects.filter(pk=rule.pk).update(**{name: getattr(rule, name) for name in _COLUMNS})
        insert_objects([*self._added.values()])
        note_changed(self._changed)
        note_created(self._added.values())
        price_book.announce_prices([*self._added.values(), *(rule for _before, rule in self._changed)])

    def _check(self, rule: PricingRule, reason: str, days: list[tuple[PricingRule, Days]]) -> None:
        rule.reason_of_change = price_book.check_reason(reason)
        price_book.check_dimensions(rule.dimensions)
        if (other := self.around.overlapping(rule)) is not None:
            raise price_book.overlap_of(rule, other, self._words_for(rule))
        rule.full_clean(exclude={"organisation"}, validate_unique=False, validate_constraints=False)
        refuse_billed_months(days, around=self.around)

    def _words_for(self, rule: PricingRule) -> WordBook:
        if rule.organisation_id not in self._words:
            self._words[rule.organisation_id] = WordBook(rule.organisation)
        return self._words[rule.organisation_id]


_COLUMNS = tuple(field.attname for field in PricingRule._meta.concrete_fields if field.name not in ("id", "created_at"))
