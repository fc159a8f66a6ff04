"""Rows that hold from `effective_from` up to, and not including, `effective_to`: empty means no end."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.db.models import Q

from organisations.scoping import TenantQuerySet


class DatedQuerySet(TenantQuerySet):
    def during(self, start: date, end: date) -> Self:
        """Those that hold on any day of `[start, end)`."""
        return self.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=start), effective_from__lt=end)
