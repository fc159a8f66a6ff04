"""Which letter of undertaking a seller has on a day, and who needs another one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing_platform.lib.gst import INDIA
from billing_platform.lib.periods import financial_year_start, next_financial_year_start
from invoicing.models import LetterOfUndertaking
from organisations.models import BillingEntity, Organisation

LUT_NOTICE = timedelta(days=30)
"""A new letter of undertaking is needed for each financial year, and the application takes some weeks."""
_A_DAY = timedelta(days=1)


def letters_of(sellers: Iterable[UUID]) -> dict[UUID, list[LetterOfUndertaking]]:
    """All letters of some sellers, the oldest first; one query."""
    found: defaultdict[UUID, list[LetterOfUndertaking]] = defaultdict(list)
    for letter in LetterOfUndertaking.objects.filter(billing_entity__in=sellers).order_by("valid_from"):
        found[letter.billing_entity_id].append(letter)
    return dict(found)


def letter_on(letters: Iterable[LetterOfUndertaking], day: date) -> LetterOfUndertaking | None:
    """The one of a seller's letters that holds on a day: the database lets no two hold."""
    return next((letter for letter in letters if letter.valid_from <= day <= letter.valid_to), None)


def day_of_notice(today: date) -> date:
    """The day for which a letter should be known by now."""
    return today + LUT_NOTICE + _A_DAY


def sellers_with_ending_lut(*, today: date) -> QuerySet[BillingEntity]:
    """Sellers whose letter of undertaking has expired or ends soon, without another one that follows, and who have
    customers for whom it is needed: customers abroad or in a Special Economic Zone."""
    needing: Any = Organisation.objects.real().filter(~Q(country=INDIA) | Q(is_sez=True), is_active=True)
    letters = LetterOfUndertaking.objects.filter(billing_entity=OuterRef("pk"))
    covered = Q(Exists(letters.on(today))) & Q(Exists(letters.on(day_of_notice(today))))
    return BillingEntity.objects.filter(
        ~covered,
        Exists(letters),
        Exists(needing.filter(billing_entity=OuterRef("pk"))),
        country=INDIA,
    )


def days_of_next_letter(seller: UUID, *, today: date) -> tuple[date, date]:
    """The days of the letter that a seller needs next: of this financial year, or of what is left of the first one
    that has none."""
    first = financial_year_start(today)
    last_known = LetterOfUndertaking.objects.filter(billing_entity=seller).order_by("-valid_to").first()
    if last_known is not None:
        first = max(first, last_known.valid_to + _A_DAY)
    return first, next_financial_year_start(first) - _A_DAY
