"""The kinds of e-mails that the root sends, to operators."""

from __future__ import annotations

from billing_platform.backoffice.digest import KIND
from organisations.models import Purpose
from organisations.notifications.kinds import Audience, Kind

KINDS = (
    Kind(
        KIND,
        "Daily digest",
        "billing_platform/digest",
        Purpose.TECHNICAL,
        Audience.OPERATOR,
        why="It goes to operators: each switches it off on the page Daily digest.",
    ),
)
