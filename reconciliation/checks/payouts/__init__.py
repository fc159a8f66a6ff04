"""Payouts and payments: each payout of a UTC day is Razorpay's, its lines add up, and each line is what it pays out.

What differs from Razorpay is read a second time, a while later, as payouts may be fetched meanwhile. An account that
can't be read to the end fails the check. What stands here alone is compared without any account, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from billing_platform.lib.database.sql import query
from billing_platform.lib.errors import DomainError
from billing_platform.lib.number_formats import format_money
from invoicing.rates import BOOKS
from payments.gateways import GatewayError
from payments.services.gateway_accounts import gateways_of_day
from payments.services.payouts.fetching import FETCHED_WITHIN
from reconciliation.checks.gateway.reading import Reading, reading_of, wait_for_messages
from reconciliation.checks.payouts.reading import look
from reconciliation.checks.reading import days, differing, largest, rows
from reconciliation.findings import Finding, FindingKind, Tally, Window

_LINES = query(__file__, "payout_lines")
_SUMS = query(__file__, "payout_sums")
_NAMES = {FindingKind.PAYOUT_LINE_NET: ("net",), FindingKind.PAYOUT_LINE_AMOUNT: ("amount", "fee", "GST in it")}


def find(window: Window, tally: Tally) -> Iterator[Finding]:
    """Days on which Razorpay began them. Of one customer: only lines. Raises DomainError ACCOUNT_NOT_READ,
    GATEWAY_NOT_CONFIGURED."""
    found: list[Finding] = []
    read: set[str] = set()
    if window.organisation_id is None:
        for reading in _readings(window):
            found += _seen_twice(reading, tally, read)
    yield from found
    for row in rows(_LINES, days(window)):
        yield _line(row)
    if window.organisation_id is None:
        for row in rows(_SUMS, days(window)):
            if row[0] not in read:
                yield _sum(row)


def _readings(window: Window) -> Iterator[Reading]:
    """A former account pays out for days what it took before."""
    for day in window.days:
        whole = Window(day, day)
        for gateway in gateways_of_day(whole.start - FETCHED_WITHIN, whole.end):
            reading = reading_of(gateway, window, day)
            if reading is not None:
                yield reading


def _seen_twice(reading: Reading, tally: Tally, read: set[str]) -> list[Finding]:
    try:
        first = look(reading, tally, read)
        if not first:
            return []
        wait_for_messages()
        names = {(each.kind, each.subject) for each in first}
        return [each for each in look(reading, Tally(), read) if (each.kind, each.subject) in names]
    except GatewayError as error:
        text = f"Account {reading.gateway.key_id} could not be read to the end: {error.message}"
        raise DomainError(text, code="ACCOUNT_NOT_READ") from error


def _line(row: Any) -> Finding:
    fault, payout, key_id, kind, name, organisation_id, day, right, written = row
    is_apart = fault == FindingKind.PAYOUT_LINE_APART
    names = _NAMES.get(fault, ())[: len(right)]
    return Finding(
        FindingKind(fault),
        subject=f"{payout} {kind} {name}",
        about=f"{kind.capitalize()} {name} in payout {payout}",
        day=day,
        expected=f"joined to {kind} {name}" if is_apart else differing(names, right, written, BOOKS),
        found="not joined to it" if is_apart else differing(names, written, right, BOOKS),
        organisation_id=organisation_id,
        worth=None if is_apart else largest(right, written),
        facts={"payout_id": payout, "key_id": key_id or settings.RAZORPAY_KEY_ID},
    )


def _sum(row: Any) -> Finding:
    payout, day, transferred, added_up = row
    return Finding(
        FindingKind.PAYOUT_SUM,
        subject=payout,
        about=f"Payout {payout}",
        day=day,
        expected=f"{format_money(transferred, BOOKS)}, as it was transferred",
        found=f"{format_money(added_up, BOOKS)} by its lines",
        worth=abs(transferred - added_up),
        facts={"payout_id": payout},
    )
