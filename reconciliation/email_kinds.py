"""The kinds of e-mails that reconciliation sends, to operators."""

from __future__ import annotations

from organisations.models import Purpose
from organisations.notifications.kinds import Audience, Kind

WHY = "It goes to operators: RECONCILIATION_MAIL_TO says to which."

KINDS = (
    Kind(
        "reconciliation_summary",
        "Result of the daily reconciliation",
        "reconciliation/summary",
        Purpose.FINANCE,
        Audience.OPERATOR,
        why=WHY,
    ),
    Kind(
        "reconciliation_late",
        "Daily reconciliation is late",
        "reconciliation/late",
        Purpose.TECHNICAL,
        Audience.OPERATOR,
        why=WHY,
    ),
)
