"""A statement of account: what a customer owed a seller, what moved it in some days, and what is owed after them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from billing_platform.lib.money import ZERO
from organisations.models import BillingEntity, Organisation
from payments.receivables.ageing import OpenInvoice, open_invoices
from payments.receivables.movements import Movement, movements


@dataclass(frozen=True, slots=True)
class Entry:
    movement: Movement
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Account:
    """One currency. `opening` and `closing` are below zero where the seller owes.

    closing = due + returned − not_credited. `returned` was paid and given back, and the invoices do not ask for it
    again; `not_credited` is money that is credited to no invoice.
    """

    currency: str
    opening: Decimal
    entries: tuple[Entry, ...]
    closing: Decimal
    invoices: tuple[OpenInvoice, ...]  # that are due at the end, the oldest first

    @property
    def due(self) -> Decimal:
        return sum((invoice.due for invoice in self.invoices), ZERO)

    @property
    def returned(self) -> Decimal:
        return sum((invoice.returned for invoice in self.invoices), ZERO)

    @property
    def not_credited(self) -> Decimal:
        return self.due + self.returned - self.closing

    @property
    def debits(self) -> Decimal:
        return sum((entry.movement.amount for entry in self.entries if entry.movement.amount > ZERO), ZERO)

    @property
    def credits(self) -> Decimal:
        """As a positive amount."""
        return -sum((entry.movement.amount for entry in self.entries if entry.movement.amount < ZERO), ZERO)


@dataclass(frozen=True, slots=True)
class Statement:
    """From the first to the last day, both included, in the seller's time zone."""

    organisation: Organisation
    seller: BillingEntity
    first: date
    last: date
    accounts: tuple[Account, ...]


def statement(*, organisation: Organisation, seller: BillingEntity, first: date, last: date) -> Statement:
    """A customer's account with a seller, in each currency that has any. A past span says the same at any later time,
    unless money is recorded for a day within it. Three queries."""
    moved = movements(organisation=organisation, seller=seller, last=last)
    left = list(open_invoices(organisation=organisation.pk, seller=seller.pk, day=last))
    accounts = tuple(
        _account(currency, list(rows), first, [invoice for invoice in left if invoice.currency == currency])
        for currency, rows in groupby(moved, key=attrgetter("currency"))
    )
    return Statement(organisation, seller, first, last, accounts)


def _account(currency: str, moved: list[Movement], first: date, invoices: list[OpenInvoice]) -> Account:
    opening = balance = sum((each.amount for each in moved if each.day < first), ZERO)
    entries = []
    for each in moved:
        if each.day >= first:
            balance += each.amount
            entries.append(Entry(each, balance))
    invoices.sort(key=lambda invoice: (invoice.due_date, invoice.number))
    return Account(currency, opening, tuple(entries), balance, tuple(invoices))
