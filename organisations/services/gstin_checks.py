"""Note that GSTINs of customers were looked up on the GST portal."""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from datetime import date
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.validators import require, validate_business_date
from organisations.audit import note_changed
from organisations.models import Organisation
from organisations.models.gstin_check import NOT_MADE_YET

PORTAL = "https://services.gst.gov.in/services/searchtp"
"""Where anybody looks up a GSTIN: legal name, status, and whether returns are filed."""


@transaction.atomic
def mark_gstins_checked(*, organisations: Collection[UUID], on: date) -> int:
    """Note the day on which the GSTINs of these customers were looked up; who has none is left out. Returns how many.

    Raises InvalidInput for a day to come in India.
    """
    if on > clock.today(INDIAN_TIME):
        raise InvalidInput.field("checked_on", NOT_MADE_YET)
    require("checked_on", on, validate_business_date)
    rows = Organisation.objects.select_for_update().filter(pk__in=organisations).exclude(gstin="").order_by("pk")
    pairs = []
    for customer in rows:
        before = copy(customer)
        customer.gstin_checked_on, customer.updated_at = on, clock.now()
        pairs.append((before, customer))
    Organisation.objects.bulk_update(
        [now for _before, now in pairs], ["gstin_checked_on", "updated_at"], batch_size=500
    )
    note_changed(pairs, ("gstin_checked_on",))
    return len(pairs)
