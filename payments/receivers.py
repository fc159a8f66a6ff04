"""Wakes collection when an invoice is issued or voided. A lost signal costs minutes: the sweep is the truth."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from billing_platform.lib.work.waking import wake
from invoicing.signals import invoice_issued, invoice_voided


def connect() -> None:
    invoice_issued.connect(_collect, dispatch_uid="payments.receivers.collect")
    invoice_voided.connect(_close, dispatch_uid="payments.receivers.close")


def _collect(sender: Any, *, invoice_id: UUID, **_: Any) -> None:
    wake("payments.tasks.collect_invoice", invoice_id)


def _close(sender: Any, *, invoice_id: UUID, **_: Any) -> None:
    wake("payments.tasks.retire_orders", invoice_id)
