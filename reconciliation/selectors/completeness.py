"""The completeness statement: of one customer's month, where everything went, from events received to money paid out.

It is a row of sections. Each says a whole and the parts that it must come to, and whole and parts are read in different
places: requests and ledger, ledger and aggregates, invoices and their lines, credit notes, allocations. What is left
over is a difference. Events are numbers of events; money is in the invoice's currency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count

from billing_platform.lib.database.consistent_read import consistent_read
from billing_platform.lib.database.sql import query
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from events.selectors.month_events import MonthOfEvents, events_of_month
from invoicing.services.billed_events import BilledEvents, billed_events
from organisations.models import Organisation
from reconciliation.models import CheckName, Discrepancy

_MONEY = query(__file__, "month_of_money")


class Topic(StrEnum):
    """The sections, in order."""

    RECEIVED = "Events received"
    COUNTED = "Events counted"
    USAGE = "Usage of the month"
    BILLED = "Usage and invoice lines"
    CHARGED = "Lines of invoices"
    INVOICED = "Invoices"
    OWED = "What became of the invoices"
    PAID = "What is paid"


class Name(StrEnum):
    """What a part is called."""

    COUNTED = "Counted"
    DUPLICATES = "Duplicates"
    DEAD_LETTERS = "Dead letters"
    NOT_SETTLED = "Not settled yet"
    HERE = "Counted in this month"
    ELSEWHERE = "Counted in another month"
    RECEIVED_HERE = "Received and counted in this month"
    FROM_ELSEWHERE = "Received in another month"
    VOIDED = "Voided or replaced"
    REPLACEMENTS = "Replacements"
    ON_LINES = "On invoice lines"
    UNPRICED = "Without a price"
    WRITTEN_OFF = "Written off"
    NOT_BILLED_YET = "Not billed yet"
    TEST = "Of test projects"
    USAGE_LINES = "Usage"
    LATE_LINES = "Late usage"
    OTHER_LINES = "Fees, minimums and one-offs"
    LINES = "Lines"
    DISCOUNTS = "Discounts"
    TAX = "Tax"
    ROUND_OFF = "Round-off"
    CREDIT_NOTES = "Credit notes"
    PAID = "Paid"
    GIVEN_BACK = "Given back"
    OUTSTANDING = "Outstanding"
    PAID_OUT = "Paid out by Razorpay"
    AT_RAZORPAY = "Not paid out yet"
    OFFLINE = "By bank transfer or cheque"
    WITHHELD = "Tax withheld"


OPEN = frozenset({Name.NOT_SETTLED, Name.UNPRICED, Name.NOT_BILLED_YET, Name.OUTSTANDING, Name.AT_RAZORPAY})
"""What is still to come, or waits for somebody."""


class Part(NamedTuple):
    name: Name
    value: Decimal


@dataclass(frozen=True, slots=True)
class Section:
    """A whole and its parts, some of them negative. Without a currency it is a number of events."""

    topic: Topic
    whole: Decimal
    parts: tuple[Part, ...]
    currency: str = ""

    @property
    def difference(self) -> Decimal:
        """What the parts lack; negative: what they have too much."""
        return self.whole - sum((part.value for part in self.parts), ZERO)


class Standing(StrEnum):
    DIFFERS = "Does not add up"
    WAITS = "Adds up so far"
    COMPLETE = "Complete"


@dataclass(frozen=True, slots=True)
class Statement:
    """`charged_otherwise` is how many metrics the last check of lines found charged otherwise than priced, and
    `discrepancies` how many of all checks stand on days of the month."""

    organisation: Organisation
    month: BillingPeriod
    sections: tuple[Section, ...]
    charged_otherwise: int = 0
    discrepancies: int = 0

    @property
    def standing(self) -> Standing:
        if self.charged_otherwise or any(section.difference for section in self.sections):
            return Standing.DIFFERS
        waits = any(part.value for section in self.sections for part in section.parts if part.name in OPEN)
        return Standing.WAITS if waits else Standing.COMPLETE

    def parts(self, name: Name) -> Iterator[tuple[Decimal, str]]:
        """The values of a part with their currencies: none, or one for each section that has it."""
        for section in self.sections:
            for part in section.parts:
                if part.name == name:
                    yield part.value, section.currency

    @property
    def differences(self) -> list[Section]:
        return [section for section in self.sections if section.difference]


def statements(month: BillingPeriod, organisations: Collection[Organisation]) -> list[Statement]:
    """Of these customers those that have anything in the month; what does not add up first, then what waits."""
    ids = [each.pk for each in organisations]
    with consistent_read():
        events = events_of_month(month, ids)
        billed = billed_events(organisations, month)
        # a clock that was wrong when a month was closed is no difference
        doubtful = [pk for pk in ids if _usage(events.get(pk), billed.get(pk)).difference]
        events |= events_of_month(month, doubtful, whenever_counted=True) if doubtful else {}
        money = _money(month, ids)
        lines, standing = _charged_otherwise(month, ids), _discrepancies(month, ids)
    found = []
    for each in organisations:
        sections = (*_of_events(events.get(each.pk), billed.get(each.pk)), *money.get(each.pk, ()))
        if sections:
            found.append(Statement(each, month, sections, lines.get(each.pk, 0), standing.get(each.pk, 0)))
    return sorted(found, key=_worst_first)


def _worst_first(statement: Statement) -> tuple[Any, ...]:
    order = list(Standing).index(statement.standing)
    return order, -len(statement.differences), -statement.discrepancies, statement.organisation.name


def _section(topic: Topic, whole: Decimal | int, *parts: tuple[Name, Decimal | int], currency: str = "") -> Section:
    return Section(topic, Decimal(whole), tuple(Part(name, Decimal(value)) for name, value in parts), currency)


def _of_events(events: MonthOfEvents | None, billed: BilledEvents | None) -> Iterator[Section]:
    if events is None and billed is None:
        return
    events, billed = events or MonthOfEvents(), billed or BilledEvents()
    yield _section(
        Topic.RECEIVED,
        events.received,
        (Name.COUNTED, events.counted),
        (Name.DUPLICATES, events.duplicates),
        (Name.DEAD_LETTERS, events.dead_lettered),
        (Name.NOT_SETTLED, events.not_settled),
    )
    yield _section(Topic.COUNTED, events.counted, (Name.HERE, events.here), (Name.ELSEWHERE, events.elsewhere))
    yield _usage(events, billed)
    yield _section(
        Topic.BILLED,
        billed.all,
        (Name.ON_LINES, billed.on_lines),
        (Name.UNPRICED, billed.unpriced),
        (Name.WRITTEN_OFF, billed.written_off),
        (Name.NOT_BILLED_YET, billed.not_billed_yet),
        (Name.TEST, billed.of_test_projects),
    )


def _usage(events: MonthOfEvents | None, billed: BilledEvents | None) -> Section:
    events, billed = events or MonthOfEvents(), billed or BilledEvents()
    return _section(
        Topic.USAGE,
        billed.all,
        (Name.RECEIVED_HERE, events.here),
        (Name.FROM_ELSEWHERE, events.from_elsewhere),
        (Name.VOIDED, -events.voided),
        (Name.REPLACEMENTS, events.replacements),
    )


class _Money(NamedTuple):
    """A row of month_of_money.sql."""

    subtotal: Decimal
    total: Decimal
    round_off: Decimal
    paid: Decimal
    given_back: Decimal
    outstanding: Decimal
    usage: Decimal
    late_usage: Decimal
    other: Decimal
    discount: Decimal
    tax: Decimal
    credit_notes: Decimal
    paid_out: Decimal
    at_razorpay: Decimal
    offline: Decimal
    withheld: Decimal


def _money(month: BillingPeriod, ids: list[UUID]) -> dict[UUID, list[Section]]:
    found: defaultdict[UUID, list[Section]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_MONEY, {"month": month.start, "after": month.end, "organisations": ids})
        for organisation_id, currency, *amounts in cursor.fetchall():
            found[organisation_id] += _of_money(_Money(*amounts), currency)
    return found


def _of_money(money: _Money, currency: str) -> Iterator[Section]:
    yield _section(
        Topic.CHARGED,
        money.subtotal,
        (Name.USAGE_LINES, money.usage),
        (Name.LATE_LINES, money.late_usage),
        (Name.OTHER_LINES, money.other),
        currency=currency,
    )
    yield _section(
        Topic.INVOICED,
        money.total,
        (Name.LINES, money.subtotal),
        (Name.DISCOUNTS, -money.discount),
        (Name.TAX, money.tax),
        (Name.ROUND_OFF, money.round_off),
        currency=currency,
    )
    yield _section(
        Topic.OWED,
        money.total,
        (Name.CREDIT_NOTES, money.credit_notes),
        (Name.PAID, money.paid),
        (Name.GIVEN_BACK, money.given_back),
        (Name.OUTSTANDING, money.outstanding),
        currency=currency,
    )
    yield _section(
        Topic.PAID,
        money.paid,
        (Name.PAID_OUT, money.paid_out),
        (Name.AT_RAZORPAY, money.at_razorpay),
        (Name.OFFLINE, money.offline),
        (Name.WITHHELD, money.withheld),
        currency=currency,
    )


def _charged_otherwise(month: BillingPeriod, ids: list[UUID]) -> dict[UUID, int]:
    rows = Discrepancy.objects.standing().filter(
        check_name=CheckName.INVOICE_LINES, organisation__in=ids, facts__month=str(month)
    )
    return dict(rows.order_by().values_list("organisation_id").annotate(Count("pk")))


def _discrepancies(month: BillingPeriod, ids: list[UUID]) -> dict[UUID, int]:
    rows = Discrepancy.objects.standing().filter(organisation__in=ids, day__gte=month.start, day__lt=month.end)
    return dict(rows.order_by().values_list("organisation_id").annotate(Count("pk")))
