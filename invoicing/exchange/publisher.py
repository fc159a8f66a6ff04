"""What every publisher of exchange rates does, and how it fails."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from invoicing.rates import Rate


class PublisherError(Exception):
    """The publisher could not be asked, or its answer is not what it publishes. The message is a sentence."""


class Publisher(Protocol):
    @property
    def source(self) -> str:
        """What documents say where a rate is from."""

    def published(self, *, since: date, until: date) -> list[Rate]:
        """The rates of the days from `since` to `until`, both included, oldest first; none for a day without.

        Raises PublisherError.
        """
