"""The kinds of e-mails that the root sends, to operators."""

from __future__ import annotations

from billing_platform.backoffice import digest, mailed_views
from organisations.models import Purpose
from organisations.notifications.kinds import Audience, Kind

KINDS = (
    Kind(
        digest.KIND,
        "Daily digest",
        "billing_platform/digest",
        Purpose.TECHNICAL,
        Audience.OPERATOR,
        why="It goes to operators: each switches it off on the page Daily digest.",
    ),
    Kind(
        mailed_views.KIND,
        "List by e-mail",
        "billing_platform/mailed_view",
        Purpose.TECHNICAL,
        Audience.OPERATOR,
        why="It goes to whoever asked for it: each ends it on its page in Lists by e-mail.",
        stays_with_its_readers=True,
    ),
)
