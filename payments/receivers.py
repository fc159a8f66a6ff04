"""Wakes collection when an invoice is issued or voided. A lost signal costs minutes: the sweep is the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from billing_platform.lib.work.waking import wake, wake_each
from invoicing.signals import invoice_voided, invoices_issued


def connect() -> None:
    invoices_issued.connect(_collect, dispatch_uid="payments.receivers.collect")
    invoice_voided.connect(_close, dispatch_uid="payments.receivers.close")


def _collect(sender: Any, *, invoice_ids: Sequence[UUID], **_: Any) -> None:
    wake_each("payments.tasks.collect_invoice", invoice_ids)


def _close(sender: Any, *, invoice_id: UUID, **_: Any) -> None:
    wake("payments.tasks.retire_orders", invoice_id)
