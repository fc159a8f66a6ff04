"""Why a month can't be closed, as a class where a caller tells the reason apart."""

from __future__ import annotations

from billing_platform.lib.errors import DomainError


class UsageUnsettled(DomainError):
    """Requests received in the month are not settled yet: the month can be closed later, without anybody's help."""

    code = "USAGE_UNSETTLED"
