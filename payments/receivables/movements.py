"""What changed customers' accounts: documents, money that came, tax withheld, money that went back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from billing_platform.lib.database.sql import query
from organisations.models import BillingEntity, Organisation
from organisations.scoping import EVERY_ORGANISATION, Actor, reachable_organisations

_ACCOUNT, _BALANCES = query(__file__, "account"), query(__file__, "balances")


class MovementKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    VOID = "void"
    PAYMENT = "payment"
    TDS = "tds"
    REVERSAL = "reversal"
    REFUND = "refund"
    FAILED_REFUND = "failed_refund"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"


@dataclass(frozen=True, slots=True)
class Movement:
    """`amount` is positive where the customer owes more by it. `about` is the number of the invoice that a note, a
    payment or a refund is about; `number` is empty where money has no reference."""

    currency: str
    day: date
    kind: MovementKind
    number: str
    about: str
    due_date: date | None
    amount: Decimal
    subject_id: UUID


def reach_of(actor: Actor) -> list[UUID] | None:
    """The customers whose accounts an actor may see, for a query; None for all."""
    reach = reachable_organisations(actor)
    return None if reach is EVERY_ORGANISATION else list(reach)


def movements(*, organisation: Organisation, seller: BillingEntity, last: date) -> list[Movement]:
    """A customer's account with a seller from its beginning to the end of a day; by currency, the oldest first."""
    rows = run(_ACCOUNT, organisations=[organisation.pk], seller=seller.pk, day=last)
    return [Movement(row[0], row[1], MovementKind(row[2]), *row[3:]) for row in rows]


def balances(*, organisations: list[UUID] | None, seller: UUID | None, day: date) -> dict[tuple[UUID, str], Decimal]:
    """What customers owe at the end of a day, by customer and currency; below zero: the seller owes it. One query."""
    rows = run(_BALANCES, organisations=organisations, seller=seller, day=day)
    return {(organisation_id, currency): amount for organisation_id, currency, amount in rows if amount}


def run(
    statement: str, *, organisations: list[UUID] | None, seller: UUID | None, day: date, **more: list[UUID]
) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"organisations": organisations, "seller": seller, "day": day, **more})
        found: list[Any] = cursor.fetchall()
    return found
