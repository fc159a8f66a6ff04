"""The kinds of e-mails that organisations sends."""

from __future__ import annotations

from organisations.models import Purpose
from organisations.notifications.kinds import Audience, Kind
from organisations.services import mentions

KINDS = (
    Kind(
        "portal_link",
        "Link to the portal",
        "organisations/portal_link",
        Purpose.FINANCE,
        why="It is sent only when somebody asks for it.",
    ),
    Kind(
        "webhook_endpoint_disabled",
        "Webhook endpoint disabled",
        "organisations/webhook_endpoint_disabled",
        Purpose.TECHNICAL,
        may_be_switched_off=True,
    ),
    Kind(
        "details_request_decided",
        "Change of details decided",
        "organisations/details_request_decided",
        Purpose.BILLING,
        why="It answers what the customer asked for, and warns whoever did not ask.",
    ),
    Kind(
        mentions.KIND,
        "Mention in a note",
        "organisations/note_mention",
        Purpose.TECHNICAL,
        Audience.OPERATOR,
        why="It goes to the colleague whom a note names.",
    ),
)
