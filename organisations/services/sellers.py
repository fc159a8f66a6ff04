"""Create and change sellers: the legal entities whose names and numbers stand on invoices."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from organisations.models import BillingEntity
from organisations.seller_changes import refuse_what_is_known_against


@transaction.atomic
def create_seller(**fields: Any) -> BillingEntity:
    """A new seller. Raises ValidationError for what the model checks, such as a second default seller."""
    seller = BillingEntity(**fields)
    seller.full_clean()
    refuse_what_is_known_against(seller)
    seller.save()
    return seller


@transaction.atomic
def update_seller(*, seller: BillingEntity, **changes: Any) -> BillingEntity:
    """Change a seller's details. Issued invoices keep what they were issued with. Raises ValidationError."""
    seller.refresh_from_db(from_queryset=BillingEntity.objects.select_for_update())
    for name, value in changes.items():
        setattr(seller, name, value)
    seller.full_clean()
    refuse_what_is_known_against(seller)
    seller.save()
    return seller
