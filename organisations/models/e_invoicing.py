"""Which documents of a seller need an IRN of the e-invoice portal, and how they get it (CGST Rule 48 (4))."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing_platform.lib.validators import validate_business_date


class SellersEInvoicing(models.Model):
    """Who must make e-invoices: sellers with a turnover of more than ₹5 crore in any year since 2017-18."""

    e_invoices_from = models.DateField(
        "e-invoices from",
        null=True,
        blank=True,
        validators=[validate_business_date],
        help_text="Documents of this day and later need an IRN, unless their customer is unregistered in India. "
        "Empty: none does.",
    )
    e_invoices_within_30_days = models.BooleanField(
        "30-day limit",
        default=False,
        help_text="The portal takes documents for 30 days only: a turnover of ₹10 crore or more.",
    )
    e_invoices_hold_mail = models.BooleanField(
        "hold e-mails for the IRN",
        default=True,
        help_text="A document without its IRN is no valid invoice (Rule 48 (5)): it is sent once it has one.",
    )
    e_invoices_by_client = models.BooleanField(
        "fetch IRNs",
        default=False,
        help_text="Each document is registered through the provider that the installation is set up for. "
        "Otherwise the IRN is uploaded or typed in.",
    )

    class Meta:
        abstract = True


NEEDS_A_GSTIN = models.CheckConstraint(
    condition=Q(e_invoices_from__isnull=True) | ~Q(gstin=""),
    name="e_invoices_need_a_gstin",
    violation_error_message="E-invoices are made under a GSTIN: enter it first.",
)
