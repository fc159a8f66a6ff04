"""Alert rules: add, change, delete or retire, mute and test them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from events import emails
from events.alerts.judging import looks
from events.models import Alert, AlertRule, AlertRuleState
from events.services.alerting.observers import Asked, read_all
from events.services.alerting.sentences import seen_sentence
from organisations.models import Notification, Organisation
from organisations.notifications.rendering import in_language

TERMS = frozenset({"kind", "span", "operator", "thresholds", "step", "least_usage", "metric", "project"})
"""What a rule says. With a change of it the rule begins anew."""
LONGEST_MUTE = timedelta(days=366)
_ANY_PERIOD = timedelta(days=62)  # the last month that is over ended within it


@transaction.atomic
def add_rule(*, organisation: Organisation, **fields: Any) -> AlertRule:
    """Add a rule, to be judged at once. Raises ValidationError with the name of the field."""
    rule = AlertRule(organisation=organisation, **fields)
    rule.full_clean()
    rule.save()
    AlertRuleState.objects.create(rule=rule)
    return rule


@transaction.atomic
def update_rule(*, rule_id: UUID, **changes: Any) -> AlertRule:
    """Change a rule. One that says something else from now on, or is switched off or on, begins anew: what was open is
    over, and thresholds that hold now fire. Raises ValidationError with the name of the field, NotFound, and
    DomainError ALERT_RULE_RETIRED."""
    rule, state = _locked(rule_id)
    begins_anew = any(getattr(rule, name) != value for name, value in changes.items() if name in {*TERMS, "is_active"})
    for name, value in changes.items():
        setattr(rule, name, value)
    if begins_anew:
        rule.judged_since = clock.now()
    rule.full_clean()
    rule.save()
    if begins_anew:
        now = clock.now()
        rule.alerts.filter(ended_at__isnull=True).update(state=Alert.State.OVER, ended_at=now)
        state.period_start = state.period_end = state.value = None
        state.due_at = now
        state.save()
    return rule


@transaction.atomic
def remove_rule(*, rule_id: UUID) -> bool:
    """Delete a rule that never fired. One that has is retired: its alerts are history, so it stays, is judged no more,
    leaves the lists, and gives its name free; what was open is over. Whether it was deleted.

    Raises NotFound, and DomainError ALERT_RULE_RETIRED.
    """
    rule, _state = _locked(rule_id)
    if not rule.alerts.exists():
        rule.delete()
        return True
    rule.is_active, rule.retired_at = False, clock.now()
    rule.save(update_fields=["is_active", "retired_at", "updated_at"])
    rule.alerts.filter(ended_at__isnull=True).update(state=Alert.State.OVER, ended_at=rule.retired_at)
    return False


@transaction.atomic
def mute_rule(*, rule_id: UUID, until: datetime, reason: str) -> AlertRule:
    """Note alerts of the rule until then, and tell nobody. Raises InvalidInput for a moment that has passed or lies
    more than a year ahead."""
    rule, _state = _locked(rule_id)
    if not clock.now() < until <= clock.now() + LONGEST_MUTE:
        raise InvalidInput.field("until", "Choose a moment within the next year.")
    rule.muted_until, rule.mute_reason = until, reason.strip()
    rule.full_clean()
    rule.save()
    return rule


@transaction.atomic
def unmute_rule(*, rule_id: UUID) -> AlertRule:
    """Tell of alerts again. What fired meanwhile stays untold."""
    rule, _state = _locked(rule_id)
    rule.muted_until, rule.mute_reason = None, ""
    rule.save()
    return rule


@transaction.atomic
def send_test(*, rule_id: UUID) -> Notification:
    """Mail the rule's recipients what it sees now. No alert is noted."""
    rule, _state = _locked(rule_id)
    with in_language(rule.organisation.language):
        sentence = sees_now(rule)
    return emails.queue_test(rule, sentence=sentence, occasion=uuid4().hex)


def sees_now(rule: AlertRule) -> str:
    """The newest period that the rule judges, in a sentence: "API calls: 351 calls in November 2026"."""
    now = clock.now()
    last = looks(rule.terms, now=now, since=now - _ANY_PERIOD, zone=rule.organisation.zone)[-1:]
    ((reading,),) = read_all([Asked(rule, tuple(last), now)])
    return seen_sentence(rule, reading)


def lock_state(*, rule_id: UUID) -> AlertRuleState | None:
    """How a rule stands: locked before the rule itself."""
    found: AlertRuleState | None = AlertRuleState.objects.select_for_update(of=("self",)).filter(rule=rule_id).first()
    return found


def _locked(rule_id: UUID) -> tuple[AlertRule, AlertRuleState]:
    """Judging locks the state first too. Raises NotFound, and DomainError ALERT_RULE_RETIRED."""
    state = lock_state(rule_id=rule_id)
    if state is None:
        raise NotFound("There is no such alert rule.")
    rule: AlertRule = (
        AlertRule.objects.select_for_update(of=("self",))
        .select_related("organisation__billing_entity", "metric", "project")
        .get(pk=rule_id)
    )
    if rule.is_retired:
        raise DomainError("This rule is retired: add another one.", code="ALERT_RULE_RETIRED")
    return rule, state
