"""One look at the payouts that an account at Razorpay began on a day, and at ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import Q

from payments.gateways import GatewayRefused
from payments.gateways.values import GatewayPayout
from payments.models import Payout, PayoutLine
from payments.services.gateway_accounts import paid_out_by
from payments.services.payouts.fetching import lines_of
from reconciliation.checks.gateway.reading import Reading
from reconciliation.checks.payouts.comparing import (
    Amounts,
    Difference,
    Key,
    OurPayout,
    amounts_of,
    compare_lines,
    compare_payout,
    is_complete,
)
from reconciliation.findings import Finding, Tally


def look(reading: Reading, tally: Tally, read: set[str]) -> list[Finding]:
    """What differs. `read` is told which payouts Razorpay knows. It is read first, then ours, which follows it."""
    theirs = {each.id: each for each in reading.gateway.payouts_between(reading.since, reading.until)}
    lines = _lines_there(reading, theirs.values())
    ours = _ours(reading, theirs)
    for name in ours.keys() - theirs.keys():
        report = _fetched(reading, name)
        if report is not None:
            theirs[name] = report  # begun on another day: it is compared there
            del ours[name]
    read.update(theirs)
    tally.compared += len(ours.keys() | theirs.keys()) + sum(len(rows) for rows in lines.values())
    found = [
        _finding(reading, name, each)
        for name in sorted(ours.keys() | lines.keys())
        for each in compare_payout(ours.get(name), theirs.get(name))
    ]
    for name, rows in lines.items():
        if name in ours and is_complete(theirs[name], rows):
            found += [_finding(reading, name, each) for each in compare_lines(_lines_here(name), rows)]
    return found


def _lines_there(reading: Reading, reports: Iterable[GatewayPayout]) -> dict[str, dict[Key, Amounts]]:
    known = PayoutLine.Kind.values
    return {
        name: {(row.type if row.type in known else "adjustment", row.entity_id): amounts_of(row) for row in rows}
        for name, rows in lines_of(reading.gateway, list(reports)).items()
    }


def _lines_here(payout: str) -> dict[Key, Amounts]:
    rows = PayoutLine.objects.filter(payout__razorpay_payout_id=payout)
    values = rows.values_list("kind", "entity_id", *Amounts._fields)
    return {(kind, name): Amounts(*amounts) for kind, name, *amounts in values}


def _ours(reading: Reading, theirs: Mapping[str, GatewayPayout]) -> dict[str, OurPayout]:
    on_the_day = Q(begun_at__gte=reading.since, begun_at__lte=reading.until) & paid_out_by(reading.gateway)
    rows = Payout.objects.filter(on_the_day | Q(razorpay_payout_id__in=theirs))
    return {row.razorpay_payout_id: OurPayout(row.status, row.amount, row.utr) for row in rows}


def _fetched(reading: Reading, name: str) -> GatewayPayout | None:
    try:
        return reading.gateway.fetch_payout(payout_id=name)
    except GatewayRefused as refusal:
        if not refusal.says_unknown:
            raise
        return None


def _finding(reading: Reading, payout: str, difference: Difference) -> Finding:
    kind, name = difference.line or ("", "")
    return Finding(
        difference.kind,
        subject=f"{payout} {kind} {name}".strip(),
        about=f"{kind.capitalize()} {name} in payout {payout}" if difference.line else f"Payout {payout}",
        day=reading.day,
        expected=difference.expected,
        found=difference.found,
        worth=difference.worth,
        facts={"payout_id": payout, "key_id": reading.gateway.key_id},
    )
