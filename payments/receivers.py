"""Wakes collection when an invoice is issued or voided: a lost signal costs minutes, the sweep is the truth. And takes
payments off an invoice that a credit note makes smaller, in the note's own transaction; and asks for an invoice again
once the question is closed for which that was paused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from billing_platform.lib.work.waking import wake, wake_each
from invoicing.models import Invoice, InvoiceQuestion
from invoicing.signals import invoice_credited, invoice_voided, invoices_issued, question_closed
from payments.services.credit_notes import take_back_excess
from payments.services.dunning.pauses import end_pause_for


def connect() -> None:
    invoices_issued.connect(_collect, dispatch_uid="payments.receivers.collect")
    invoice_voided.connect(_close, dispatch_uid="payments.receivers.close")
    invoice_credited.connect(_take_back, dispatch_uid="payments.receivers.take_back")
    question_closed.connect(_ask_again, dispatch_uid="payments.receivers.ask_again")


def _collect(sender: Any, *, invoice_ids: Sequence[UUID], **_: Any) -> None:
    wake_each("payments.tasks.use_credit", invoice_ids)
    wake_each("payments.tasks.collect_invoice", invoice_ids)


def _close(sender: Any, *, invoice_id: UUID, **_: Any) -> None:
    wake("payments.tasks.retire_orders", invoice_id)


def _take_back(sender: Any, *, invoice: Invoice, **_: Any) -> None:
    take_back_excess(invoice)


def _ask_again(sender: Any, *, question: InvoiceQuestion, **_: Any) -> None:
    end_pause_for(question)
