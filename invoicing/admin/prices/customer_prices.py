"""The prices of one customer, metric by metric: its own ones beside those for everybody."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import badge
from billing_platform.lib.admin.display import anchor
from invoicing.admin.prices.price_words import dimensions_text, price_text, validity_text
from invoicing.models import PricingRule
from invoicing.selectors.price_coverage import AppliedPrice, prices_of
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class ShownPrice:
    price: SafeString | str
    where: str
    days: str
    state: SafeString
    reason: str


@dataclass(slots=True)
class MetricPrices:
    """One row of the table. `give_own` leads to a copy of the present price for everybody, for this customer."""

    metric: str
    own: list[ShownPrice] = field(default_factory=list)
    shared: list[ShownPrice] = field(default_factory=list)
    give_own: str = ""


def prices_by_metric_of(organisation: Organisation, *, page: Any, user: Any, today: date) -> list[MetricPrices]:
    """The present and next prices. `page` is the admin page that shows them."""
    may_add = user.has_perm("invoicing.add_pricingrule", PricingRule(organisation=organisation))
    rows: defaultdict[tuple[str, str], MetricPrices] = defaultdict(lambda: MetricPrices(""))
    for price in prices_of(organisation, today=today):
        rule = price.rule
        row = rows[rule.metric_name, rule.unit]
        row.metric = f"{rule.metric_name} ({rule.unit})"
        is_own = rule.organisation_id is not None
        (row.own if is_own else row.shared).append(_shown(price, page, today))
        if may_add and not is_own and not row.give_own and rule.holds_on(today):
            row.give_own = _copy_url(rule, organisation)
    for row in rows.values():
        row.give_own = "" if row.own else row.give_own
    return list(rows.values())


def _shown(price: AppliedPrice, page: Any, today: date) -> ShownPrice:
    rule = price.rule
    state = badge("In force", "success") if rule.holds_on(today) else badge("To come", "info")
    return ShownPrice(
        price=anchor(page, rule, price_text(rule)),
        where=dimensions_text(rule.dimensions),
        days=validity_text(rule.effective_from, rule.effective_to),
        state=state if price.is_used else badge("Not used"),
        reason="" if rule.organisation_id is not None else price.reason.value,
    )


def _copy_url(rule: PricingRule, organisation: Organisation) -> str:
    query = urlencode({"copy_of": rule.pk, "organisation": organisation.pk})
    return f"{reverse('admin:invoicing_pricingrule_add')}?{query}"
