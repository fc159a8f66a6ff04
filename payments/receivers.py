"""Wakes collection as soon as an invoice is issued. The sweep is the truth: a lost signal costs minutes, not money."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

from invoicing.signals import invoice_issued, invoice_voided

logger = logging.getLogger(__name__)


def connect() -> None:
    invoice_issued.connect(_collect, dispatch_uid="payments.receivers.collect")
    invoice_voided.connect(_close, dispatch_uid="payments.receivers.close")


def _collect(sender: Any, *, invoice_id: UUID, **_: Any) -> None:
    _wake("payments.tasks.collect_invoice", invoice_id)


def _close(sender: Any, *, invoice_id: UUID, **_: Any) -> None:
    _wake("payments.tasks.close_collections", invoice_id)


def _wake(task: str, invoice_id: UUID) -> None:
    """By name: tasks import the services. A broker that is down must not undo the issuing of an invoice."""
    try:
        current_app.send_task(task, [str(invoice_id)])
    except OperationalError as error:
        logger.warning("collection not woken", extra={"invoice": str(invoice_id), "reason": str(error)})
