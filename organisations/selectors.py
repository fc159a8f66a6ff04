"""Questions about sellers and customers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from organisations.models import BillingEntity, Organisation
from organisations.scoping import Actor

LUT_NOTICE = timedelta(days=30)
"""A new letter of undertaking is needed for each financial year, and the application takes some weeks."""


def sellers_with_ending_lut(*, today: date) -> QuerySet[BillingEntity]:
    """Sellers whose letter of undertaking has expired or ends soon, and who have customers for whom it is needed:
    customers abroad or in a Special Economic Zone."""
    needing: Any = Organisation.objects.filter(~Q(country="IN") | Q(is_sez=True), is_active=True)
    return BillingEntity.objects.filter(
        Exists(needing.filter(billing_entity=OuterRef("pk"))),
        ~Q(lut_number=""),
        country="IN",
        lut_valid_to__lte=today + LUT_NOTICE,
    )


def customers_to_check(*, actor: Actor, today: date) -> Any:
    """Active customers of sellers with GST whose GSTIN was looked up too long ago (GSTIN_CHECK_DAYS), or never. The day
    so many days after the last check is due."""
    days = settings.GSTIN_CHECK_DAYS
    customers = Organisation.objects.for_organisations(actor)
    if not days:
        return customers.none()
    due = Q(gstin_checked_on__isnull=True) | Q(gstin_checked_on__lte=today - timedelta(days=days))
    return customers.filter(due, ~Q(gstin=""), ~Q(billing_entity__gstin=""), is_active=True)


def is_check_due(customer: Organisation, *, today: date) -> bool:
    """The same of one customer, whoever its seller is."""
    days, last = settings.GSTIN_CHECK_DAYS, customer.gstin_checked_on
    return bool(days and customer.gstin and (last is None or last <= today - timedelta(days=days)))
