"""Questions about sellers and customers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from organisations.models import BillingEntity, Organisation

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
