"""The audit log as we show and protect it."""

from __future__ import annotations

import pgtrigger
from auditlog.models import LogEntry


class AuditEntry(LogEntry):
    """django-auditlog's entry, made append-only by the database."""

    class Meta:
        proxy = True
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
