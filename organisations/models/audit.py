"""The audit log: entries scoped by organisation, and protected by the database."""

from __future__ import annotations

from typing import Self

from auditlog.models import LogEntry

from billing_platform.lib.database.append_only import append_only
from organisations.scoping import EVERY_ORGANISATION, Actor, TenantQuerySet, reachable_organisations


class AuditQuerySet(TenantQuerySet):
    """Entries scoped by the organisation that is stored with each change, as text in a JSON column."""

    def for_organisations(self, actor: Actor) -> Self:
        reachable = reachable_organisations(actor)
        if reachable is EVERY_ORGANISATION:
            return self
        return self.filter(additional_data__organisation__in=[str(pk) for pk in reachable])


class AuditEntry(LogEntry):  # type: ignore[misc]  # django-auditlog has no types
    """An entry of django-auditlog. Triggers refuse to change or delete it."""

    objects = AuditQuerySet.as_manager()

    class Meta:
        proxy = True
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        triggers = append_only()
