"""What an operator decides about a parked month: it goes out as it stands."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from events.services.months import close_period
from invoicing.models import BillingRunItem
from invoicing.services.approving import approve_invoice

Status = BillingRunItem.Status
APPROVED = "Nothing to bill, as somebody has checked."
NO_DRAFT = "no draft"
"""Stands for the fingerprint where the approver saw that there is no draft."""


@transaction.atomic
def approve_parked(
    *, item_id: UUID, approver: AbstractBaseUser | AnonymousUser, fingerprint: str = ""
) -> BillingRunItem:
    """Approve and issue the draft of a parked month, and e-mail it; or end a month in which nothing was used, without
    an invoice.

    The invoice is what usage and prices give at this moment; with the `fingerprint` of the draft that the approver saw,
    it is that draft or none. Raises DomainError ITEM_NOT_PARKED or DRAFT_CHANGED, and what approving raises, such as
    NEGATIVE_TOTAL.
    """
    item: BillingRunItem = (
        BillingRunItem.objects.select_for_update(of=("self",)).select_related("organisation", "run").get(pk=item_id)
    )
    if item.status != Status.PARKED:
        raise DomainError(f"{item} is not parked.", code="ITEM_NOT_PARKED")
    if item.invoice_id is not None:
        approve_invoice(invoice_id=item.invoice_id, approver=approver, fingerprint=fingerprint)
    elif fingerprint not in ("", NO_DRAFT):
        raise DomainError("The draft that you looked at is gone: look at the month again.", code="DRAFT_CHANGED")
    else:
        close_period(organisation=item.organisation, period=item.run.period)
        fields = item.end()
        item.status, item.reason, item.reasons, item.finished_at = Status.SKIPPED, APPROVED, [], clock.now()
        item.save(update_fields=["status", "reason", "reasons", "finished_at", *fields])
    item.refresh_from_db()
    return item
