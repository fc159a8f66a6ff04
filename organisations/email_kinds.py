"""The kinds of e-mails that organisations sends."""

from __future__ import annotations

from organisations.models import Purpose
from organisations.notifications.kinds import Kind

KINDS = (
    Kind(
        "webhook_endpoint_disabled",
        "Webhook endpoint disabled",
        "organisations/webhook_endpoint_disabled",
        Purpose.TECHNICAL,
        may_be_switched_off=True,
    ),
)
