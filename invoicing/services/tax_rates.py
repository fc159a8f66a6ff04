"""Tax rates: the one that ships with the platform, and adding others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing_platform.lib.gst import INDIA
from billing_platform.lib.law import GST_BEGAN
from invoicing.models import TaxRate

STANDARD_RATE = Decimal(18)  # software and hosting services, all States, since GST began


def ensure_standard_rate() -> None:
    """A new installation can bill in India at once; whoever keeps rates of their own is left alone."""
    if not TaxRate.objects.exists():
        TaxRate.objects.create(name="GST 18%", rate=STANDARD_RATE, effective_from=GST_BEGAN)


@transaction.atomic
def add_tax_rate(
    *,
    name: str,
    rate: Decimal,
    effective_from: date,
    country: str = INDIA,
    tax_name: str = "",
    sac: str = "",
    effective_to: date | None = None,
) -> TaxRate:
    """A new rate; `effective_from` and `effective_to` are half-open. Raises ValidationError, also for two rates of one
    country and SAC on the same day."""
    tax_rate = TaxRate(
        name=name,
        country=country,
        tax_name=tax_name,
        rate=rate,
        sac=sac,
        effective_from=effective_from,
        effective_to=effective_to,
    )
    tax_rate.full_clean()
    tax_rate.save()
    return tax_rate


@transaction.atomic
def update_tax_rate(*, tax_rate: TaxRate, **changes: Any) -> TaxRate:
    """Change a rate for invoices that are issued from now on: issued ones keep theirs. Raises ValidationError."""
    tax_rate.refresh_from_db(from_queryset=TaxRate.objects.select_for_update())
    for name, value in changes.items():
        setattr(tax_rate, name, value)
    tax_rate.full_clean()
    tax_rate.save()
    return tax_rate
