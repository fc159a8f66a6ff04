"""Letters of undertaking: enter, correct and remove them. Issued documents keep the letter that they name."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction

from invoicing.models import LetterOfUndertaking
from organisations.models import BillingEntity


@transaction.atomic
def add_letter(*, billing_entity: BillingEntity, number: str, valid_from: date, valid_to: date) -> LetterOfUndertaking:
    """A seller's letter from its first to its last day, both included. Raises ValidationError, also where another
    letter of the seller holds on one of these days."""
    letter = LetterOfUndertaking(billing_entity=billing_entity, number=number, valid_from=valid_from, valid_to=valid_to)
    letter.full_clean()
    letter.save()
    return letter


@transaction.atomic
def update_letter(*, letter: LetterOfUndertaking, **changes: Any) -> LetterOfUndertaking:
    """Correct a letter for documents that are issued from now on. Raises ValidationError."""
    letter.refresh_from_db(from_queryset=LetterOfUndertaking.objects.select_for_update())
    for name, value in changes.items():
        setattr(letter, name, value)
    letter.full_clean()
    letter.save()
    return letter


@transaction.atomic
def remove_letter(*, letter: LetterOfUndertaking) -> None:
    """Without it, exports on its days are charged integrated tax."""
    letter.delete()
