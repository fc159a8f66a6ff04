"""Why no invoice is made, as a class where a caller tells the reason apart."""

from __future__ import annotations

from billing_platform.lib.errors import DomainError


class NothingToBill(DomainError):
    """The month has no usage to bill, or the draft has no lines."""

    code = "NOTHING_TO_BILL"
