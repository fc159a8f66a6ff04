"""Judge the rules that are due: read for all of them at once, note what fired and recovered, and tell.

A chunk of rules is one transaction that holds the rows of their states, so each rule is judged by one worker at a time,
and reads after it has the lock. A worker that dies leaves nothing behind: the rules are due as before. The database
holds an alert once for each rule, threshold and period.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max, Q

from billing_platform.lib import clock
from billing_platform.lib.database.bulk import update_rows
from events.alerts.judging import Known, Look, Reading, judge, looks
from events.alerts.windows import HOUR, containing
from events.models import Alert, AlertRule, AlertRuleState
from events.services.alerting.observers import Asked, read_all
from events.services.alerting.sentences import fired_sentence
from events.services.alerting.telling import FIRED, RECOVERED, announce_alerts, tell_fired, tell_recovered

CHUNK = 1_000
AFTER_THE_HOUR = timedelta(minutes=5)
"""Each rule is judged once an hour at least, so long after it began: what the hour's end sent is settled by then."""
SOON = timedelta(seconds=40)
"""Rules of a customer with new usage are judged so soon after they were judged last."""
_A_MOMENT = timedelta(microseconds=1)

State, Notice = Alert.State, Alert.Notice


@dataclass
class _Judged:
    """One rule with its state, what is known of it, and what follows."""

    rule: AlertRule
    state: AlertRuleState
    known: list[Known] = field(default_factory=list)
    last_told: datetime | None = None
    fired: list[Alert] = field(default_factory=list)
    recovered: list[tuple[UUID, Reading]] = field(default_factory=list)


def judge_due(*, seconds: int = 25) -> int:
    """Judge until nothing is due, or until time is up. How many rules were judged."""
    deadline, judged = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        chunk = _judge_chunk()
        if not chunk:
            break
        judged += chunk
    return judged


@transaction.atomic
def note_usage(*, organisations: Collection[UUID]) -> None:
    """Usage of these customers was settled: their rules are due within seconds, instead of at the next hour."""
    soon = clock.now()
    later = Q(due_at__gt=soon) & (Q(judged_at__isnull=True) | Q(due_at__gt=F("judged_at") + SOON))
    states = AlertRuleState.objects.filter(later, rule__organisation__in=organisations, rule__is_active=True)
    due = list(states.select_for_update(of=("self",)).order_by("pk"))  # in one order: two workers don't deadlock
    rows = [(state.pk, max(soon, state.judged_at + SOON) if state.judged_at else soon) for state in due]
    update_rows(AlertRuleState, ["due_at"], rows)


@transaction.atomic
def _judge_chunk() -> int:
    now = clock.now()
    states = (
        AlertRuleState.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(due_at__lte=now, rule__is_active=True)
        .exclude(rule__organisation__is_test=True)  # by the time of now nothing of theirs is usual
        .select_related("rule__organisation__billing_entity", "rule__project", "rule__metric")
        .order_by("due_at", "pk")[:CHUNK]
    )
    rules = [_Judged(state.rule, state) for state in states]
    if rules:
        _end_what_is_over(rules, now)
        asked = [Asked(each.rule, tuple(_looks(each, now)), now) for each in rules]
        readings = read_all(asked)
        _read_known(rules, readings)
        for each, seen in zip(rules, readings, strict=True):
            for reading in seen:
                _judge(each, reading, now)
            each.state.judged_at, each.state.due_at = now, _next(each.rule, now)
        _write(rules)
    return len(rules)


def _looks(judged: _Judged, now: datetime) -> list[Look]:
    """A period that was judged is judged once more: late usage may have changed it."""
    rule, state = judged.rule, judged.state
    since = rule.judged_since
    if not rule.terms.is_running and state.period_end is not None:
        since = max(since, state.period_end - _A_MOMENT)
    return looks(rule.terms, now=now, since=since, zone=rule.organisation.zone)


def _next(rule: AlertRule, now: datetime) -> datetime:
    return containing(HOUR, now, rule.organisation.zone).end + AFTER_THE_HOUR


def _end_what_is_over(rules: Sequence[_Judged], now: datetime) -> None:
    """What added up ends with its period: it did not recover, and nobody is told."""
    running = [each.rule.pk for each in rules if each.rule.terms.is_running]
    over = Alert.objects.filter(rule__in=running, ended_at__isnull=True, period_end__lte=now)
    over.update(state=State.OVER, ended_at=now)


def _read_known(rules: Sequence[_Judged], readings: Sequence[Sequence[Reading]]) -> None:
    """The alerts that are open, and those of the periods being judged; and when each rule told somebody last."""
    by_rule = {each.rule.pk: each for each in rules}
    starts = {reading.period.start for seen in readings for reading in seen}
    alerts = Alert.objects.filter(Q(ended_at__isnull=True) | Q(period_start__in=starts), rule__in=by_rule)
    for pk, rule, threshold, start, ended in alerts.values_list(
        "pk", "rule_id", "threshold", "period_start", "ended_at"
    ):
        by_rule[rule].known.append(Known(pk, threshold, start, is_open=ended is None))
    cooling = [each.rule.pk for each in rules if each.rule.cool_down_minutes]
    told = Alert.objects.filter(rule__in=cooling, notice=Notice.SENT).order_by().values("rule_id")
    for row in told.annotate(last=Max("fired_at")):
        by_rule[row["rule_id"]].last_told = row["last"]


def _judge(judged: _Judged, reading: Reading, now: datetime) -> None:
    rule, state = judged.rule, judged.state
    previous = state.value if state.period_start == reading.period.start else None
    verdict = judge(rule.terms, reading, previous=previous, known=judged.known)
    for threshold in verdict.fired:
        alert = _alert(judged, reading, threshold, now)
        judged.fired.append(alert)
        judged.known.append(Known(alert.pk, threshold, alert.period_start, is_open=True))
    judged.recovered += [(pk, reading) for pk in verdict.recovered]
    gone = set(verdict.recovered)
    judged.known = [Known(e.id, e.threshold, e.period_start, e.is_open and e.id not in gone) for e in judged.known]
    if state.period_start is None or reading.period.start >= state.period_start:
        state.period_start, state.period_end = reading.period.start, reading.period.end
        state.value = reading.value


def _alert(judged: _Judged, reading: Reading, threshold: Decimal, now: datetime) -> Alert:
    rule = judged.rule
    return Alert(
        organisation=rule.organisation,
        rule=rule,
        threshold=threshold,
        period_start=reading.period.start,
        period_end=reading.period.end,
        value=reading.value or Decimal(0),
        quantity=reading.quantity,
        usual=reading.usual,
        sentence=fired_sentence(rule, reading, threshold),
        notice=_notice(judged, now),
        fired_at=now,
    )


def _notice(judged: _Judged, now: datetime) -> str:
    if judged.rule.is_muted:
        return Notice.MUTED
    cools = timedelta(minutes=judged.rule.cool_down_minutes)
    is_cooling = judged.last_told is not None and now < judged.last_told + cools
    return Notice.COOLING_DOWN if is_cooling else Notice.SENT


def _write(rules: Sequence[_Judged]) -> None:
    Alert.objects.bulk_create([alert for each in rules for alert in each.fired])
    fired = [alert for each in rules if each.fired for alert in tell_fired(each.rule, each.fired)]
    recovered = [alert for each in rules if each.recovered for alert in _recover(each)]
    announce_alerts(FIRED, fired)
    announce_alerts(RECOVERED, recovered)
    columns = ["due_at", "judged_at", "period_start", "period_end", "value"]
    states = [each.state for each in rules]
    update_rows(AlertRuleState, columns, [(state.pk, *(getattr(state, name) for name in columns)) for state in states])


def _recover(judged: _Judged) -> list[Alert]:
    """Those that are told of. Alerts that a person acknowledges at this moment wait for us, or we for them."""
    readings = dict(judged.recovered)
    locked = Alert.objects.select_for_update().filter(pk__in=readings).order_by("pk")  # as `acknowledge_all_like` does
    alerts = sorted(locked, key=lambda alert: alert.threshold)
    by_reading: defaultdict[Reading, list[Alert]] = defaultdict(list)
    for alert in alerts:
        reading = readings[alert.pk]
        alert.state, alert.ended_at, alert.value_at_end = State.RECOVERED, judged.state.judged_at, reading.value
        by_reading[reading].append(alert)
    ends = ["state", "ended_at", "value_at_end"]
    update_rows(Alert, ends, [(alert.pk, *(getattr(alert, name) for name in ends)) for alert in alerts])
    return [alert for reading, those in by_reading.items() for alert in tell_recovered(judged.rule, those, reading)]
