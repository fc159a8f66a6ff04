"""When somebody last looked a customer's GSTIN up on the GST portal: its form does not tell that it is active."""

from __future__ import annotations

import pgtrigger
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.validators import validate_business_date

NOT_MADE_YET = "A check of a day to come was not made yet."


class CheckedGstin(models.Model):
    """A customer loses its input tax credit with a wrong or cancelled GSTIN, and the seller's return is refused."""

    gstin_checked_on = models.DateField(
        "GSTIN checked on",
        null=True,
        blank=True,
        validators=[validate_business_date],
        help_text="When it was last looked up on the GST portal. Another GSTIN is not checked.",
    )

    class Meta:
        abstract = True

    def clean(self) -> None:
        super().clean()
        if self.gstin_checked_on is not None and self.gstin_checked_on > clock.today(INDIAN_TIME):
            raise ValidationError({"gstin_checked_on": NOT_MADE_YET})


ONLY_A_GSTIN_IS_CHECKED = models.CheckConstraint(
    condition=Q(gstin_checked_on__isnull=True) | ~Q(gstin=""),
    name="only_a_gstin_is_checked",
    violation_error_message="The customer has no GSTIN that could be checked.",
)

TRIGGERS = [
    pgtrigger.Trigger(
        name="another_gstin_is_not_checked",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("gstin"),  # type: ignore[no-untyped-call]  # pgtrigger has no types
        condition=pgtrigger.Q(old__gstin__df=pgtrigger.F("new__gstin")),
        func="""
            IF NEW.gstin_checked_on IS NOT DISTINCT FROM OLD.gstin_checked_on THEN
                NEW.gstin_checked_on := NULL;
            END IF;
            RETURN NEW;
        """,
    ),
]
