"""What events adds to shared pages: usage, and what of it could not be counted."""

from __future__ import annotations

from billing_platform.lib.admin.contributions import Contribution, Group, SidebarItem, Urgency, Verb, Waits
from billing_platform.lib.admin.finding import Finds
from events import set_up
from events.models import (
    Alert,
    AlertRule,
    AlertRuleState,
    DeadLetter,
    EventBatch,
    HotLogDay,
    HotLogTally,
    Metric,
    UsageAggregate,
    UsageCorrection,
    UsageEvent,
    UsageImport,
    UsageImportPart,
    UsageLevel,
    UsagePeriod,
)
from events.selectors.backlog import recent_conflicts
from events.timeline import TELLS
from organisations.scoping import reaches_every_organisation

BACKOFFICE = Contribution(
    set_up=set_up.steps,
    sidebar=(
        SidebarItem(Group.USAGE, UsageAggregate, "monitoring", key="u"),
        SidebarItem(Group.USAGE, UsageEvent, "list_alt", key="e"),
        SidebarItem(Group.USAGE, UsageImport, "upload_file"),
        SidebarItem(Group.USAGE, DeadLetter, "mail_off", key="x"),
        SidebarItem(Group.USAGE, UsageCorrection, "undo"),
        SidebarItem(Group.USAGE, Metric, "speed"),
        SidebarItem(Group.USAGE, UsagePeriod, "calendar_month"),
        SidebarItem(Group.USAGE, Alert, "notifications"),
        SidebarItem(Group.USAGE, AlertRule, "add_alert"),
        SidebarItem(Group.SYSTEM, EventBatch, "inbox"),
        # a day holds the usage of all organisations
        SidebarItem(Group.SYSTEM, HotLogDay, "inventory", reaches_every_organisation),
    ),
    waits=(
        Waits(
            kind="alerts",
            one="alert firing",
            many="alerts firing",
            rows=lambda user: Alert.objects.for_organisations(user).filter(state=Alert.State.FIRING),
            model=Alert,
            filters={"state__exact": "firing"},
            urgency=Urgency.BILLING,
            since="fired_at",
        ),
        Waits(
            kind="quarantined",
            one="usage batch quarantined",
            many="usage batches quarantined",
            rows=lambda user: EventBatch.objects.for_organisations(user).filter(status=EventBatch.Status.QUARANTINED),
            model=EventBatch,
            filters={"status__exact": "quarantined"},
            urgency=Urgency.TECHNICAL,
            since="received_at",
        ),
        Waits(
            kind="failing",
            one="usage batch failed and is tried again",
            many="usage batches failed and are tried again",
            rows=lambda user: EventBatch.objects.for_organisations(user).filter(
                status=EventBatch.Status.PENDING, attempts__gt=0
            ),
            model=EventBatch,
            filters={"status__exact": "failing"},
            urgency=Urgency.TECHNICAL,
            since="received_at",
        ),
        Waits(
            kind="usage_imports",
            one="import of usage stopped",
            many="imports of usage stopped",
            rows=lambda user: UsageImport.objects.for_organisations(user).filter(status=UsageImport.Status.FAILED),
            model=UsageImport,
            filters={"status__exact": "failed"},
            urgency=Urgency.TECHNICAL,
            since="created_at",
        ),
        Waits(
            kind="conflicts",
            one="request with a known id but another body",
            many="requests with a known id but another body",
            rows=lambda user: recent_conflicts(actor=user),
            model=EventBatch,
            filters={"status__exact": "conflicts"},
            urgency=Urgency.TECHNICAL,
        ),
        Waits(
            kind="day_retained",
            one="day of accepted usage retained past its time",
            many="days of accepted usage retained past their time",
            rows=lambda user: HotLogDay.objects.for_organisations(user).retained(),
            model=HotLogDay,
            filters={"state": "retained"},
            urgency=Urgency.TECHNICAL,
        ),
        Waits(
            kind="dead_letters",
            one="dead letter open",
            many="dead letters open",
            rows=lambda user: DeadLetter.objects.for_organisations(user).filter(status=DeadLetter.Status.OPEN),
            model=DeadLetter,
            filters={"status__exact": "open"},
            urgency=Urgency.TECHNICAL,
            since="first_seen_at",
            ever=DeadLetter.objects.for_organisations,
        ),
    ),
    mends={
        "alerts": Verb("Acknowledge", "events.acknowledge_alert", "acknowledge_many"),
        "quarantined": Verb("Retry", "events.retry_eventbatch"),
        "failing": Verb("Retry", "events.retry_eventbatch"),
        "usage_imports": Verb("Try now", "events.add_usageimport"),
        "day_retained": Verb("Verify", "events.verify_hotlogday"),
        "dead_letters": Verb("Replay", "events.replay_deadletter", "replay_many"),
    },
    finds=(
        Finds(Metric, "speed", within=("name", "display_name"), about=lambda _metric: "Metric"),
        Finds(
            DeadLetter,
            "mail_off",
            whole=("event_id",),
            related=("organisation",),
            about=lambda letter: f"Dead letter of {letter.organisation}",
            is_last_resort=True,
        ),
        Finds(
            UsageEvent,
            "list_alt",
            searched=True,
            related=("project__organisation",),
            about=lambda event: f"Usage event of {event.project}",
            is_last_resort=True,
        ),
    ),
    tells=TELLS,
    operators_may=frozenset(
        {
            "add_metric",
            "change_metric",
            "add_usagecorrection",
            "add_usageimport",
            "replay_deadletter",
            "discard_deadletter",
            "retry_eventbatch",
            "verify_hotlogday",
            "add_alertrule",
            "change_alertrule",
            "delete_alertrule",
            "mute_alertrule",
            "acknowledge_alert",
        }
    ),
    unwatched=frozenset(
        {EventBatch, HotLogTally, UsageEvent, UsageAggregate, UsageLevel, AlertRuleState, UsageImportPart}
    ),
)
