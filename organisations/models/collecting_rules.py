"""How a seller asks for its money online: how long payment links and the links of pay pages open, and parts."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib.limits import (
    MAX_LINK_DAYS,
    MAX_PAY_PAGE_DAYS,
    MIN_PAY_PAGE_DAYS,
)

COLLECTING_WITHIN_BOUNDS = (
    Q(link_days__gte=1, link_days__lte=MAX_LINK_DAYS)
    & Q(pay_page_days__gte=MIN_PAY_PAGE_DAYS, pay_page_days__lte=MAX_PAY_PAGE_DAYS)
    & (Q(first_part_percent__isnull=True) | Q(first_part_percent__gte=1, first_part_percent__lte=99))
)


class SellersCollectingRules(models.Model):
    link_days = models.PositiveSmallIntegerField(
        "days of a payment link",
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_LINK_DAYS)],
        help_text="A payment link at Razorpay ends after so many days. Who asks again gets a new one.",
    )
    first_part_percent = models.PositiveSmallIntegerField(
        "smallest first part (%)",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(99)],
        help_text="A payment link may be paid in parts, of which the first is at least this much of the amount. "
        "Empty: payment links are paid at once.",
    )
    pay_page_days = models.PositiveSmallIntegerField(
        "days of a pay page's link",
        default=180,
        validators=[MinValueValidator(MIN_PAY_PAGE_DAYS), MaxValueValidator(MAX_PAY_PAGE_DAYS)],
        help_text="The link in an invoice's e-mail opens its pay page until so many days after the due date. "
        "Then the page offers to mail a new link.",
    )

    class Meta:
        abstract = True
