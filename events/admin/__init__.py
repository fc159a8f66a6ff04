"""Admin pages of usage: metrics, what was accepted, counted and refused, the months, and alerts."""

from events.admin.alert import AlertAdmin
from events.admin.alert_rule import AlertRuleAdmin
from events.admin.dead_letter import DeadLetterAdmin
from events.admin.event_batch import EventBatchAdmin
from events.admin.hot_log_day import HotLogDayAdmin
from events.admin.metric import MetricAdmin
from events.admin.organisation import UsageOfOrganisation, UsageOfProject
from events.admin.usage_aggregate import UsageAggregateAdmin
from events.admin.usage_correction import UsageCorrectionAdmin
from events.admin.usage_event import UsageEventAdmin
from events.admin.usage_import import ImportsOfProject, UsageImportAdmin
from events.admin.usage_period import UsagePeriodAdmin

__all__ = [
    "AlertAdmin",
    "AlertRuleAdmin",
    "DeadLetterAdmin",
    "EventBatchAdmin",
    "HotLogDayAdmin",
    "ImportsOfProject",
    "MetricAdmin",
    "UsageAggregateAdmin",
    "UsageCorrectionAdmin",
    "UsageEventAdmin",
    "UsageImportAdmin",
    "UsageOfOrganisation",
    "UsageOfProject",
    "UsagePeriodAdmin",
]
