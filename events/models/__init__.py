"""Usage: the metrics, the hot log of accepted requests, the ledger of counted events and its aggregates."""

from events.models.alert import Alert
from events.models.alert_rule import AlertRule, AlertRuleState
from events.models.dead_letter import DeadLetter
from events.models.event_batch import EventBatch
from events.models.hot_log_day import HotLogDay
from events.models.hot_log_tally import HotLogTally
from events.models.metric import Metric
from events.models.usage_aggregate import UsageAggregate
from events.models.usage_correction import UsageCorrection
from events.models.usage_distinct import UsageDistinct
from events.models.usage_event import UsageEvent
from events.models.usage_import import UsageImport, UsageImportPart
from events.models.usage_level import UsageLevel
from events.models.usage_period import UsagePeriod

__all__ = [
    "Alert",
    "AlertRule",
    "AlertRuleState",
    "DeadLetter",
    "EventBatch",
    "HotLogDay",
    "HotLogTally",
    "Metric",
    "UsageAggregate",
    "UsageCorrection",
    "UsageDistinct",
    "UsageEvent",
    "UsageImport",
    "UsageImportPart",
    "UsageLevel",
    "UsagePeriod",
]
