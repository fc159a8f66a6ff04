"""Questions about customers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q

from organisations.models import Organisation
from organisations.scoping import Actor


def customers_to_check(*, actor: Actor, today: date) -> Any:
    """Active customers of sellers with GST whose GSTIN was looked up too long ago (GSTIN_CHECK_DAYS), or never. The day
    so many days after the last check is due."""
    days = settings.GSTIN_CHECK_DAYS
    customers = Organisation.objects.for_organisations(actor).real()
    if not days:
        return customers.none()
    due = Q(gstin_checked_on__isnull=True) | Q(gstin_checked_on__lte=today - timedelta(days=days))
    return customers.filter(due, ~Q(gstin=""), ~Q(billing_entity__gstin=""), is_active=True)


def is_check_due(customer: Organisation, *, today: date) -> bool:
    """The same of one customer, whoever its seller is."""
    days, last = settings.GSTIN_CHECK_DAYS, customer.gstin_checked_on
    return bool(days and customer.gstin and (last is None or last <= today - timedelta(days=days)))
