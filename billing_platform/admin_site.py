"""The operators' admin site."""

from __future__ import annotations

from unfold.sites import UnfoldAdminSite


class OperatorSite(UnfoldAdminSite):
    pass
