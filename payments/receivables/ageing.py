"""Ageing: what is due, by how many days after the due date, as of today or of a past day, and what was promised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from billing_platform.lib.database.consistent_read import consistent_read
from billing_platform.lib.database.sql import query
from billing_platform.lib.money import ZERO
from billing_platform.lib.slow_answers import remembered
from organisations.models import BillingEntity
from organisations.scoping import Actor
from payments.models import PaymentAllocation
from payments.models.payment_allocation import given_back
from payments.receivables.movements import balances, reach_of, run
from payments.receivables.promises import Promise, promises


class Bucket(StrEnum):
    """Days after the due date. The due date itself is in time."""

    NOT_DUE = "Not due"
    TO_30 = "1–30 days"
    TO_60 = "31–60 days"
    TO_90 = "61–90 days"
    OLDER = "Over 90 days"


_LAST_DAYS = ((0, Bucket.NOT_DUE), (30, Bucket.TO_30), (60, Bucket.TO_60), (90, Bucket.TO_90))
_BUCKETS = tuple(Bucket)
_NOTHING_DUE = dict.fromkeys(Bucket, ZERO)
_OF_DAYS = "SUM(not_settled) FILTER (WHERE %(day)s - due_date {})"
_SUMS = (
    _OF_DAYS.format(f"<= {_LAST_DAYS[0][0]}"),
    *(_OF_DAYS.format(f"BETWEEN {before + 1} AND {last}") for (before, _), (last, _) in pairwise(_LAST_DAYS)),
    _OF_DAYS.format(f"> {_LAST_DAYS[-1][0]}"),
)

_OF_ALL = query(__file__, "perhaps_open")
_OF_SOME = "SELECT * FROM invoicing_invoice WHERE organisation_id = ANY(%(organisations)s::uuid[])"
_THESE = "SELECT * FROM invoicing_invoice WHERE id = ANY(%(invoices)s::uuid[])"
_AGED, _AGED_OF_SOME = (query(__file__, "aged", which=which, sums=",\n".join(_SUMS)) for which in (_OF_ALL, _OF_SOME))
_OWED, _OWED_OF_SOME = (query(__file__, "owed", which=which) for which in (_OF_ALL, _OF_SOME))
_OPEN_OF_SOME, _OPEN_OF_THESE = (query(__file__, "open_invoices", which=which) for which in (_OF_SOME, _THESE))
_CUSTOMERS, _PERHAPS_NOT_CREDITED = query(__file__, "customers"), query(__file__, "perhaps_not_credited")


class OpenInvoice(NamedTuple):
    """`due` is what was asked for at the end of the day; `returned` was paid and given back, and was not asked for
    again."""

    id: UUID
    organisation_id: UUID
    currency: str
    number: str
    issue_date: date
    due_date: date
    due: Decimal
    returned: Decimal

    def days_late(self, day: date) -> int:
        return (day - self.due_date).days


class Customer(NamedTuple):
    """What pages and files say of a customer: thousands of them, of which a page shows fifty."""

    id: UUID
    name: str
    gstin: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class Promised:
    """What is due of invoices that a customer promised to pay; `day` is the earliest of the days promised."""

    day: date
    due: Decimal
    invoices: int


@dataclass(slots=True)
class Aged:
    """One customer and currency, or all of a currency. `balance` is that of the statement of account: what is due and
    what was given back, less money that is credited to no invoice. What was promised is known after `add_promises`."""

    currency: str
    buckets: dict[Bucket, Decimal] = field(default_factory=_NOTHING_DUE.copy)
    due: Decimal = ZERO  # the sum of the buckets
    returned: Decimal = ZERO
    balance: Decimal = ZERO
    oldest: date | None = None  # due date of the oldest invoice that is late
    customer: Customer | None = None
    broken: Promised | None = None
    promised: Promised | None = None

    @property
    def name(self) -> str:
        return self.customer.name if self.customer else ""

    @property
    def late(self) -> Decimal:
        return self.due - self.buckets[Bucket.NOT_DUE]

    @property
    def not_credited(self) -> Decimal:
        return self.due + self.returned - self.balance

    def add(self, left: Sequence[Decimal | None], oldest: date | None, returned: Decimal) -> None:
        """What is not settled of some invoices, by bucket; or of one, of which some was returned."""
        for bucket, amount in zip(_BUCKETS, left, strict=True):
            if amount is not None:
                self.buckets[bucket] += amount - returned
                self.due += amount - returned
        self.returned += returned
        if oldest and any(amount != returned for amount in left[1:] if amount is not None):
            self.oldest = min(oldest, self.oldest or oldest)


@dataclass(frozen=True, slots=True)
class Owed:
    """In one currency; `due` includes `late`."""

    due: Decimal = ZERO
    late: Decimal = ZERO

    def __add__(self, other: Owed) -> Owed:
        return Owed(self.due + other.due, self.late + other.late)


class Order(StrEnum):
    """Amounts of different currencies can't be compared: of what is late, each currency stands together."""

    LATE = "late"
    PROMISES = "promises"  # broken ones first, the oldest of them at the top; then as above


@dataclass(frozen=True, slots=True)
class Ageing:
    """Customers in the order that was asked for, and the totals of each currency."""

    day: date
    rows: list[Aged]
    totals: list[Aged]


class _Rows(dict[tuple[UUID, str], Aged]):
    """By customer and currency; each begins with nothing."""

    def __missing__(self, key: tuple[UUID, str]) -> Aged:
        row = self[key] = Aged(key[1])
        return row


def bucket_of(days_late: int) -> Bucket:
    for last, bucket in _LAST_DAYS:
        if days_late <= last:
            return bucket
    return Bucket.OLDER


def ageing(*, actor: Actor, day: date, seller: BillingEntity | None = None, order: Order | str = Order.LATE) -> Ageing:
    """What customers owed at the end of a day, of those whom an actor may see.

    A past day is worked out anew from the days of documents and money: what came later does not count. Five queries,
    however many customers there are, and two more in the order of promises. Test customers are left out, unless their
    seller is asked about.
    """
    reach, seller_id = reach_of(actor), seller.pk if seller else None
    rows = _Rows()
    with consistent_read():  # a payment that comes meanwhile is in both, what is due and the balance, or in none
        for key, left, oldest, returned in _aged(reach, seller_id, day):
            rows[key].add(left, oldest, returned)
        for key, balance in _balances(rows, reach, seller_id, day).items():
            rows[key].balance = balance
    reached = list({organisation_id for organisation_id, _currency in rows})
    customers = {row[0]: Customer(*row) for row in run(_CUSTOMERS, organisations=reached, seller=None, day=day)}
    for (organisation_id, _currency), aged in rows.items():
        aged.customer = customers[organisation_id]
    owing = [aged for aged in rows.values() if aged.due or aged.returned or aged.balance]
    if seller is None:
        owing = [aged for aged in owing if aged.customer and not aged.customer.is_test]
    owing.sort(key=lambda aged: (aged.currency, -aged.late, -aged.due, aged.name))
    totals = list(_totals(owing))
    if order == Order.PROMISES:
        add_promises(owing, day, seller=seller)
        owing.sort(key=lambda aged: aged.broken.day if aged.broken else date.max)
    return Ageing(day, owing, totals)


def _balances(
    rows: Mapping[tuple[UUID, str], Aged], reach: list[UUID] | None, seller: UUID | None, day: date
) -> dict[tuple[UUID, str], Decimal]:
    """Of all customers together, accounts are added up only where they may hold more than open invoices: adding up a
    million of them took most of a second."""
    if reach is not None or seller is not None:
        return balances(organisations=reach, seller=seller, day=day)
    others = run(_PERHAPS_NOT_CREDITED, organisations=None, seller=None, day=day)
    added_up = {organisation_id for (organisation_id,) in others}
    open_only = {key: aged.due + aged.returned for key, aged in rows.items() if key[0] not in added_up}
    return balances(organisations=list(added_up), seller=None, day=day) | open_only


def _aged(
    reach: list[UUID] | None, seller: UUID | None, day: date
) -> Iterator[tuple[tuple[UUID, str], list[Decimal | None], date | None, Decimal]]:
    """By customer and currency: what is not settled by bucket, the oldest due date that is over, and what of it was
    returned."""
    found = run(_AGED if reach is None else _AGED_OF_SOME, organisations=reach, seller=seller, day=day)
    returned = _returned({row[2]: ZoneInfo(row[3]) for row in found if row[2]}, day)
    for organisation_id, currency, pk, _zone, oldest, *left in found:
        back = min(returned.get(pk, ZERO), *filter(None, left)) if pk else ZERO
        yield (organisation_id, currency), left, oldest, back


def add_promises(rows: Iterable[Aged], day: date, *, seller: BillingEntity | None = None) -> None:
    """Say of each row of an ageing what was promised, as it was known at the end of its day. Two queries."""
    owners = {(aged.customer.id, aged.currency): aged for aged in rows if aged.customer}
    found = promises(organisations={pk for pk, _currency in owners}, day=day)
    seller_id = seller.pk if seller else None
    invoices = run(_OPEN_OF_THESE, organisations=None, seller=seller_id, day=day, invoices=list(found))
    theirs: defaultdict[tuple[UUID, str], list[tuple[Promise, Decimal]]] = defaultdict(list)
    for invoice in _open(invoices, day):
        if invoice.due:
            theirs[invoice.organisation_id, invoice.currency].append((found[invoice.id], invoice.due))
    for owner, aged in owners.items():
        aged.broken = _together([(each.last_day, due) for each, due in theirs[owner] if each.is_broken])
        aged.promised = _together([(each.last_day, due) for each, due in theirs[owner] if not each.is_broken])


def _together(promised: list[tuple[date, Decimal]]) -> Promised | None:
    if not promised:
        return None
    return Promised(min(day for day, _due in promised), sum((due for _day, due in promised), ZERO), len(promised))


def open_invoices(*, organisation: UUID, seller: UUID, day: date) -> Iterator[OpenInvoice]:
    """Invoices with something due, or given back and not asked for again, at the end of a day."""
    return _open(run(_OPEN_OF_SOME, organisations=[organisation], seller=seller, day=day), day)


def _open(found: list[Any], day: date) -> Iterator[OpenInvoice]:
    returned = _returned({row[0]: ZoneInfo(row[6]) for row in found if row[-1]}, day)
    for pk, organisation_id, currency, number, issued, due_date, _zone, left, _some in found:
        back = min(returned.get(pk, ZERO), left)
        yield OpenInvoice(pk, organisation_id, currency, number, issued, due_date, left - back, back)


def owed(*, actor: Actor, day: date) -> dict[str, Owed]:
    """By currency, what was due at the end of a day and how much of it was late, as in the totals of the ageing. One
    query, and one more where money was given back; of all customers it is remembered where it took long."""
    reach = reach_of(actor)
    return _owed(reach, day) if reach is not None else remembered(f"owed:{day}", lambda: _owed(None, day))


def _owed(reach: list[UUID] | None, day: date) -> dict[str, Owed]:
    found = run(_OWED if reach is None else _OWED_OF_SOME, organisations=reach, seller=None, day=day)
    returned = _returned({pk: ZoneInfo(zone) for _currency, _late, pk, zone, _left in found if pk}, day)
    sums: defaultdict[str, Owed] = defaultdict(Owed)
    for currency, is_late, pk, _zone, left in found:
        sums[currency] += Owed(due := left - min(returned.get(pk, ZERO), left), due if is_late else ZERO)
    return dict(sums)


def _returned(zones: dict[UUID, ZoneInfo], day: date) -> dict[UUID, Decimal]:
    """What of each invoice was given back and not asked for again, at the end of a day of its seller."""
    if not zones:
        return {}
    kinds = (PaymentAllocation.Kind.REFUND, PaymentAllocation.Kind.RESTORED)
    allocations = PaymentAllocation.objects.filter(invoice__in=zones, kind__in=kinds).order_by(
        "invoice_id", "payment_id", "created_at", "kind"
    )
    found: defaultdict[UUID, Decimal] = defaultdict(lambda: ZERO)
    for (invoice_id, _payment), rows in groupby(allocations, key=attrgetter("invoice_id", "payment_id")):
        found[invoice_id] += given_back(_as_of(rows, day, zones[invoice_id]))
    return found


def _as_of(rows: Iterable[PaymentAllocation], day: date, zone: ZoneInfo) -> Iterator[PaymentAllocation]:
    """The rows of the days up to this one, with the answers of those days. An answer is the last change of a row, and
    no answer follows the one that asks again."""
    for row in rows:
        if row.created_at.astimezone(zone).date() > day:
            continue
        if row.answer == PaymentAllocation.Answer.ASKED_AGAIN and row.updated_at.astimezone(zone).date() > day:
            row.answer = PaymentAllocation.Answer.OPEN
        yield row


def _totals(rows: list[Aged]) -> Iterator[Aged]:
    for currency, chosen in groupby(rows, key=attrgetter("currency")):
        total = Aged(currency)
        for aged in chosen:
            for bucket, amount in aged.buckets.items():
                total.buckets[bucket] += amount
            total.due += aged.due
            total.returned += aged.returned
            total.balance += aged.balance
            total.oldest = min(filter(None, (total.oldest, aged.oldest)), default=None)
        yield total
