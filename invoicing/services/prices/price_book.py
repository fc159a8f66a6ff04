"""The price book: add, change and end price rules, and preview a price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text, last_day_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound, quoted
from billing_platform.lib.limits import MAX_PRICE_DIMENSIONS, PRICE_DIMENSION_LENGTH, REASON_LENGTH
from billing_platform.lib.money import Money
from billing_platform.lib.number_formats import exact_money_text
from billing_platform.lib.validators import require, validate_line
from events.selectors.metric_words import WordBook
from invoicing.computing.days import days_of
from invoicing.models import PricingRule
from invoicing.pricing import Price, Usage, price_from_dict
from invoicing.selectors.price_audience import price_audience
from invoicing.selectors.price_coverage import forget_unpriced_usage
from invoicing.services.prices.billed_months import bill_late, changed_days, lock_prices, refuse_billed_months
from organisations.models import Organisation
from organisations.webhooks.announcing import announce_all

CHANGED = "price.changed"


@dataclass(frozen=True, slots=True)
class Preview:
    """The cost of a quantity, before and after rounding, with the steps of its computation."""

    exact_amount: str
    amount: Money
    explanation: list[dict[str, str]]


@transaction.atomic
def create_pricing_rule(
    *,
    metric_name: str,
    unit: str,
    currency: str,
    price: Mapping[str, Any],
    effective_from: date,
    effective_to: date | None = None,
    organisation: Organisation | None = None,
    dimensions: Mapping[str, str] | None = None,
    pool: str = PricingRule.Pool.ORGANISATION,
    may_be_exchanged: bool = False,
    bills_late: bool = False,
    reason: str = "",
) -> PricingRule:
    """Add a rule; `price` is the price part of api.md's rule body. The audit log keeps the reason.

    With `bills_late`, it may reach into invoiced months: what had no price there is charged by the next invoice.

    Raises InvalidInput with the name of the field (PriceError is one), DomainError PRICE_OVERLAP if another rule
    applies on some of the days, DomainError PRICE_REACHES_BILLED_MONTH, and USAGE_WRITTEN_OFF.
    """
    lock_prices(to_change_them=True)
    rule = PricingRule(
        organisation=organisation,
        metric_name=metric_name,
        unit=unit,
        currency=currency,
        dimensions=check_dimensions(dimensions or {}),
        pool=pool,
        may_be_exchanged=may_be_exchanged,
        effective_from=effective_from,
        effective_to=effective_to,
    )
    set_price(rule, price)
    _save(rule, reason)
    if bills_late:
        bill_late(rule)
    else:
        refuse_billed_months([(rule, days_of(rule))])
    return rule


@transaction.atomic
def update_pricing_rule(
    *, rule_id: UUID, price: Mapping[str, Any] | None = None, reason: str = "", **changes: Any
) -> PricingRule:
    """Change a rule. One that is on an issued invoice can only be ended: raises DomainError PRICE_IN_USE.

    A change that reaches into an invoiced month raises DomainError PRICE_REACHES_BILLED_MONTH.
    """
    rule = _locked(rule_id)
    _check_changeable(rule, {*changes, *(["price"] if price is not None else [])})
    before = copy(rule)
    for name, value in changes.items():
        setattr(rule, name, check_dimensions(value) if name == "dimensions" else value)
    if price is not None:
        set_price(rule, {**rule.body(), **price})
    _save(rule, reason)
    refuse_billed_months(changed_days(before, rule))
    return rule


@transaction.atomic
def new_version(
    *,
    rule_id: UUID,
    price: Mapping[str, Any],
    effective_from: date,
    effective_to: date | None = None,
    pool: str | None = None,
    may_be_exchanged: bool | None = None,
    reason: str = "",
) -> PricingRule:
    """Ends a rule the day before `effective_from`, and adds a rule for the same usage from that day on.

    Raises what `create_pricing_rule` raises, and InvalidInput if the day is not after the first day of the old rule,
    or leaves days without a price between the two.
    """
    old = _locked(rule_id)
    check_follows(old, effective_from)
    before, old = old, ended(old, effective_from)
    if before.effective_to != effective_from:
        _save(old, reason)
    rule = following(old, effective_from)
    rule.effective_to, rule.pool = effective_to, pool or old.pool
    if may_be_exchanged is not None:
        rule.may_be_exchanged = may_be_exchanged
    set_price(rule, price)
    _save(rule, reason)
    refuse_billed_months([*changed_days(before, old), (rule, days_of(rule))])
    return rule


@transaction.atomic
def delete_pricing_rule(*, rule_id: UUID, reason: str = "") -> None:
    """Delete a rule that no invoice names, neither a draft nor a void one. The audit log keeps the reason.

    Raises DomainError PRICE_IN_USE, and PRICE_REACHES_BILLED_MONTH as a change of the rule does.
    """
    rule = _locked(rule_id)
    if rule.invoice_lines.exists():
        raise DomainError("This price is on an invoice or a draft: end it instead.", code="PRICE_IN_USE")
    refuse_billed_months([(rule, days_of(rule))])
    rule.reason_of_change = check_reason(reason)
    gone = {"id": str(rule.pk), "deleted": True}
    announce_all(
        CHANGED,
        owners={rule.pk: rule.organisation_id},
        audiences=_audiences([rule]),
        occasion="deleted",
        payloads={rule.pk: gone},
    )
    rule.delete()
    transaction.on_commit(forget_unpriced_usage, robust=True)


def ended(rule: PricingRule, effective_to: date) -> PricingRule:
    """The rule as it would be if it ended before a day; not stored."""
    changed = copy(rule)
    changed.effective_to = effective_to
    return changed


def following(old: PricingRule, effective_from: date) -> PricingRule:
    """A rule for the same usage as another one, from a day on; without a price, and not stored."""
    return PricingRule(
        organisation=old.organisation,
        metric_name=old.metric_name,
        unit=old.unit,
        currency=old.currency,
        dimensions=old.dimensions,
        may_be_exchanged=old.may_be_exchanged,
        effective_from=effective_from,
    )


def check_follows(old: PricingRule, effective_from: date) -> None:
    """Raises InvalidInput if a version that begins on this day would not follow the rule without a gap."""
    if effective_from <= old.effective_from:
        first = day_text(old.effective_from)
        sentence = f"The price that it follows begins on {first}: choose a later day."
    elif old.effective_to is not None and effective_from > old.effective_to:
        ends, latest = last_day_text(old.effective_to), day_text(old.effective_to)
        sentence = f"The price that it follows ends on {ends}: begin on {latest} at the latest, or add a price."
    else:
        return
    raise InvalidInput.field("effective_from", sentence)


def preview(*, price: Price, currency: str, usage: Usage) -> Preview:
    """The cost of a quantity. Nothing is stored."""
    charge = price.charge(usage)
    return Preview(
        exact_amount=exact_money_text(charge.exact_amount, currency),
        amount=Money(charge.exact_amount, currency).quantized(),
        explanation=charge.explanation(),
    )


def check_dimensions(dimensions: Mapping[str, Any]) -> dict[str, str]:
    if len(dimensions) > MAX_PRICE_DIMENSIONS:
        raise InvalidInput.field("dimensions", f"Name at most {MAX_PRICE_DIMENSIONS} dimensions.")
    for name, value in dimensions.items():
        if not isinstance(value, str) or not value or max(len(name), len(value)) > PRICE_DIMENSION_LENGTH:
            sentence = f"The name and the value of a dimension are texts of 1 to {PRICE_DIMENSION_LENGTH} characters."
            raise InvalidInput.field(f"dimensions.{name}", sentence)
        for text in (name, value):
            require(f"dimensions.{quoted(name)}", text, validate_line)
    return dict(dimensions)


def check_reason(reason: str) -> str:
    """The reason without spaces around it; raises InvalidInput at `reason`."""
    reason = reason.strip()
    require("reason", reason, validate_line)
    if len(reason) > REASON_LENGTH:
        raise InvalidInput.field("reason", f"Write at most {REASON_LENGTH} characters.")
    return reason


def set_price(rule: PricingRule, body: Mapping[str, Any]) -> None:
    price = price_from_dict(body)
    rule.model, rule.parameters = price.model.name, price.model.to_dict()
    rule.free_units, rule.minimum, rule.maximum = price.free_units, price.minimum, price.maximum
    rule.charge_at_zero = price.charge_at_zero


def _locked(rule_id: UUID) -> PricingRule:
    lock_prices(to_change_them=True)  # before the row's lock: issuing an invoice takes both locks in this order
    rule: PricingRule | None = PricingRule.objects.select_for_update(of=("self",)).filter(pk=rule_id).first()
    if rule is None:
        raise NotFound("There is no such pricing rule.")
    return rule


def _check_changeable(rule: PricingRule, names: set[str]) -> None:
    if names - {"effective_to"} and rule.is_billed:
        raise in_use()


def in_use() -> DomainError:
    return DomainError("This price is on an issued invoice: end it, and add another.", code="PRICE_IN_USE")


def _save(rule: PricingRule, reason: str) -> None:
    rule.reason_of_change = check_reason(reason)
    if (other := overlapping(rule)) is not None:
        raise overlap_of(rule, other)
    rule.full_clean()
    try:
        with transaction.atomic():
            rule.save()
    except IntegrityError as error:  # another transaction added a rule at the same time
        if (other := overlapping(rule)) is None:
            raise
        raise overlap_of(rule, other) from error
    announce_prices([rule])


def announce_prices(rules: Iterable[PricingRule]) -> None:
    """Tell outgoing webhooks, and whoever counts usage without a price, of rules that were stored. Each rule is one
    message, and so is its next change."""
    stored = list(rules)
    owners = {rule.pk: rule.organisation_id for rule in stored}
    announce_all(CHANGED, owners=owners, audiences=_audiences(stored), occasion=clock.now().isoformat())
    transaction.on_commit(forget_unpriced_usage, robust=True)


def _audiences(rules: Iterable[PricingRule]) -> dict[UUID, list[UUID]]:
    return price_audience([rule.pk for rule in rules if rule.organisation_id is None], event_type=CHANGED)


def overlapping(rule: PricingRule) -> PricingRule | None:
    """The first other rule for the same usage that applies on some of the days; None if there is none."""
    is_exchanged_too = Q(may_be_exchanged=True) if rule.may_be_exchanged else Q(pk__in=())
    same = PricingRule.objects.filter(
        Q(currency=rule.currency) | is_exchanged_too,
        organisation=rule.organisation,
        metric_name=rule.metric_name,
        unit=rule.unit,
        dimensions=rule.dimensions,
    ).exclude(pk=rule.pk)
    return same.during(rule.effective_from, rule.effective_to or date.max).order_by("effective_from").first()


def overlap_of(rule: PricingRule, other: PricingRule, words: WordBook | None = None) -> DomainError:
    """The error that names the other rule and its days, and says how both rules are possible."""
    until = f"to {last_day_text(other.effective_to)}" if other.effective_to else "on"
    if other.effective_from < rule.effective_from:
        way_out = f"end that price on {last_day_text(rule.effective_from)} first"
    elif other.effective_from > rule.effective_from:
        way_out = f"end the new price on {last_day_text(other.effective_from)}, or change the other one"
    else:
        way_out = "change that price, or begin the new one later"
    named = (words or WordBook(rule.organisation)).words(rule.metric_name, rule.unit)
    if other.currency != rule.currency:
        return DomainError(
            f"“{named.name}” ({rule.unit}) has a price in {other.currency} that may be exchanged from "
            f"{day_text(other.effective_from)} {until}: of one usage, one price may be exchanged at a time.",
            code="PRICE_OVERLAP",
            details={"pricing_rule": str(other.pk)},
        )
    return DomainError(
        f"“{named.name}” ({rule.unit}) has a price from {day_text(other.effective_from)} {until} already: {way_out}.",
        code="PRICE_OVERLAP",
        details={"pricing_rule": str(other.pk)},
    )
