"""Admin pages of usage: metrics, what was accepted, counted and refused, and the months."""

from events.admin.dead_letter import DeadLetterAdmin
from events.admin.event_batch import EventBatchAdmin
from events.admin.hot_log_day import HotLogDayAdmin
from events.admin.metric import MetricAdmin
from events.admin.organisation import UsageOfOrganisation, UsageOfProject
from events.admin.usage_aggregate import UsageAggregateAdmin
from events.admin.usage_correction import UsageCorrectionAdmin
from events.admin.usage_event import UsageEventAdmin
from events.admin.usage_period import UsagePeriodAdmin

__all__ = [
    "DeadLetterAdmin",
    "EventBatchAdmin",
    "HotLogDayAdmin",
    "MetricAdmin",
    "UsageAggregateAdmin",
    "UsageCorrectionAdmin",
    "UsageEventAdmin",
    "UsageOfOrganisation",
    "UsageOfProject",
    "UsagePeriodAdmin",
]
