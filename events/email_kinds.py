"""The kinds of e-mails that events sends: alerts."""

from __future__ import annotations

from organisations.models import Purpose
from organisations.notifications.kinds import Kind

KINDS = (
    Kind("alert", "Alert", "events/alert", Purpose.TECHNICAL, may_be_switched_off=True),
    Kind("alert_recovered", "Alert is over", "events/alert_recovered", Purpose.TECHNICAL, may_be_switched_off=True),
    Kind(
        "alert_test",
        "Test of an alert rule",
        "events/alert_test",
        Purpose.TECHNICAL,
        why="It is sent only when somebody asks for it.",
    ),
)
