"""Tell outgoing webhooks of invoices whose due date has just passed."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME
from invoicing.models import Invoice
from organisations.models import Organisation
from organisations.webhooks.announcing import announce_all

LOOKS_BACK = timedelta(days=3)
"""Longer than the job is ever away. Older ones are no news to an endpoint that is new."""


@transaction.atomic
def announce_overdue(*, organisation: Organisation | None = None) -> int:
    """Each invoice once; of one customer, or of all but test customers. How many are overdue since so
    recently. Safe to repeat."""
    today = clock.today(INDIAN_TIME)
    rows = Invoice.objects.overdue(today).filter(due_date__gte=today - LOOKS_BACK)
    rows = rows.real() if organisation is None else rows.filter(organisation=organisation)
    owners = dict(rows.values_list("pk", "organisation_id"))
    announce_all("invoice.overdue", owners=owners)
    return len(owners)
