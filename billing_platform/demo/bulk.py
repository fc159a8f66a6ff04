"""A finished bulk job: the invoices of a month were sent to whoever has not got them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from billing_platform.lib.periods import BillingPeriod
from invoicing.bulk_verbs import SEND
from invoicing.models import Invoice
from organisations.services.bulk.preview import preview
from organisations.services.bulk.running import run_job
from organisations.services.bulk.starting import start_job


def send_a_month_again(*, by: Any, month: BillingPeriod) -> None:
    rows = Invoice.objects.filter(period_start=month.start)
    job = start_job(
        verb=SEND, rows=rows, maker=by, options={}, token=uuid4(), seal=preview(SEND, rows, {}).seal, query=""
    )
    run_job(job_id=job.pk)
