"""Whether a draft may be issued by itself: each rule by its numbers, and which of them comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from invoicing.computing.approval import (
    Approval,
    ApprovalRules,
    IssuingFacts,
    Reason,
    demands_of_approval,
    edited_by_hand,
    end_of_grace,
    fingerprint_of,
    issue_decision,
)
from invoicing.gst_heads import TaxHead
from invoicing.lines import Line, LineKind

INDIA = ZoneInfo("Asia/Kolkata")


def moment(text: str, zone: ZoneInfo = INDIA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def facts(total: str = "1180.00", *, history: str = "", **fields: Any) -> IssuingFacts:
    """A draft in rupees on 1 December, 02:00, under rules that demand nothing unless the test says so."""
    values: dict[str, Any] = {
        "now": moment("2026-12-01 02:00"),
        "zone": INDIA,
        "currency": "INR",
        "edited": False,
        "fingerprint": "seen",
        "rules": ApprovalRules(),
    }
    return IssuingFacts(total=Decimal(total), history=[Decimal(each) for each in history.split()], **values | fields)


def approval(fingerprint: str = "seen") -> Approval:
    return Approval(fingerprint, Decimal("1000.00"), "bob", moment("2026-12-02 10:00"))


BOUND = Reason("FAR_ABOVE_USUAL", "Far too much.")
RULES = ApprovalRules(above=Decimal("1000.00"), first=True)


@pytest.mark.parametrize(
    ("drafted", "days", "zone", "issued"),
    [
        ("2026-12-01 02:00", 3, "Asia/Kolkata", "2026-12-04 02:00"),
        ("2026-12-01 02:00", 0, "Asia/Kolkata", "2026-12-01 02:00"),
        ("2026-11-30 23:30", 1, "Asia/Kolkata", "2026-12-01 23:30"),
        # clocks go back on 1 November 2026 at 02:00 in New York: three calendar days are 73 hours
        ("2026-10-31 09:00", 3, "America/New_York", "2026-11-03 09:00"),
        # and forward on 14 March 2027
        ("2027-03-13 09:00", 3, "America/New_York", "2027-03-16 09:00"),
    ],
)
def test_grace_ends_at_the_same_time_of_day(drafted: str, days: int, zone: str, issued: str) -> None:
    seller = ZoneInfo(zone)
    in_utc = moment(drafted, seller).astimezone(ZoneInfo("UTC"))
    assert end_of_grace(drafted_at=in_utc, days=days, zone=seller) == moment(issued, seller)


@pytest.mark.parametrize(
    ("total", "rules", "history", "demanded"),
    [
        # above an amount: the amount itself is allowed
        ("1000.00", ApprovalRules(above=Decimal("1000.00")), "", ""),
        ("1000.01", ApprovalRules(above=Decimal("1000.00")), "", "₹1,000.01 is above ₹1,000.00"),
        # mean of 900, 1000, 1100 is 1000: 20 % allow 800.00 to 1200.00
        ("1200.00", ApprovalRules(change_percent=Decimal(20)), "900 1000 1100", ""),
        ("1200.01", ApprovalRules(change_percent=Decimal(20)), "900 1000 1100", "20% above ₹1,000.00, the mean of the"),
        ("800.00", ApprovalRules(change_percent=Decimal(20)), "900 1000 1100", ""),
        ("799.99", ApprovalRules(change_percent=Decimal(20)), "900 1000 1100", "20% below ₹1,000.00"),
        ("500.00", ApprovalRules(change_percent=Decimal(20)), "900 1000 1100", "50% below ₹1,000.00"),
        # only the last three count: the mean of 100, 100, 100 is 100
        ("100.00", ApprovalRules(change_percent=Decimal(0)), "100 100 100 9000", ""),
        # (100 + 100 + 101) / 3 is 100.333…: 0.33 % below it is just allowed by 0.34 %, not by 0.33 %
        ("100.00", ApprovalRules(change_percent=Decimal("0.34")), "100 100 101", ""),
        ("100.00", ApprovalRules(change_percent=Decimal("0.33")), "100 100 101", "0.3% below ₹100.33"),
        # one month is compared with itself; none is no comparison
        ("200.00", ApprovalRules(change_percent=Decimal(50)), "100", "100% above ₹100.00, the last month invoice"),
        ("200.00", ApprovalRules(change_percent=Decimal(50)), "", ""),
        # after months of nothing anything is a change
        ("0.00", ApprovalRules(change_percent=Decimal(50)), "0 0", ""),
        ("1.00", ApprovalRules(change_percent=Decimal(50)), "0 0", "not nothing"),
    ],
)
def test_a_total_demands_approval(total: str, rules: ApprovalRules, history: str, demanded: str) -> None:
    sentences = " ".join(reason.sentence for reason in demands_of_approval(facts(total, history=history, rules=rules)))
    assert demanded in sentences
    assert bool(sentences) == bool(demanded)


@pytest.mark.parametrize(
    ("rules", "issued_before", "edited", "codes"),
    [
        (ApprovalRules(first=True), False, False, ["FIRST_INVOICE"]),
        (ApprovalRules(first=True), True, True, []),
        (ApprovalRules(edited=True), False, True, ["EDITED_BY_HAND"]),
        (ApprovalRules(edited=True), False, False, []),
        (ApprovalRules(first=True, edited=True), False, True, ["FIRST_INVOICE", "EDITED_BY_HAND"]),
    ],
)
def test_a_first_and_an_edited_invoice(
    rules: ApprovalRules, issued_before: bool, edited: bool, codes: list[str]
) -> None:
    found = demands_of_approval(facts(rules=rules, issued_before=issued_before, edited=edited))
    assert [reason.code for reason in found] == codes


IN_GRACE = {"grace_ends": moment("2026-12-04 02:00")}
OVER = {"grace_ends": moment("2026-12-01 02:00")}
HELD = {"hold": "Drafts only until 31 Dec 2026."}
DEMANDS = {"rules": RULES, "issued_before": False}


@pytest.mark.parametrize(
    ("fields", "bounds", "step", "codes"),
    [
        ({}, (), "issue", []),
        (IN_GRACE, (), "wait", ["GRACE"]),
        (OVER, (), "issue", []),
        (DEMANDS, (), "approve", ["ABOVE_AMOUNT", "FIRST_INVOICE"]),
        ({**DEMANDS, **IN_GRACE}, (), "wait", ["GRACE", "ABOVE_AMOUNT", "FIRST_INVOICE"]),
        ({**DEMANDS, **OVER}, (), "approve", ["ABOVE_AMOUNT", "FIRST_INVOICE"]),
        # approved: neither rules nor grace nor bounds keep it
        ({**DEMANDS, **IN_GRACE, "approval": approval()}, (BOUND,), "issue", []),
        # approved as it was before: told, and asked again
        (
            {**DEMANDS, "approval": approval("other")},
            (),
            "approve",
            ["ABOVE_AMOUNT", "FIRST_INVOICE", "APPROVAL_LAPSED"],
        ),
        # what demands nothing needs no approval, even if one has lapsed
        ({"approval": approval("other")}, (), "issue", []),
        (HELD, (), "wait", ["DRAFT_ONLY"]),
        (
            {**DEMANDS, **HELD, "approval": approval()},
            (BOUND,),
            "wait",
            ["DRAFT_ONLY", "ABOVE_AMOUNT", "FIRST_INVOICE"],
        ),
        ({}, (BOUND,), "park", ["FAR_ABOVE_USUAL"]),
        (IN_GRACE, (BOUND,), "wait", ["GRACE"]),
        (DEMANDS, (BOUND,), "park", ["FAR_ABOVE_USUAL", "ABOVE_AMOUNT", "FIRST_INVOICE"]),
    ],
)
def test_what_comes_first(fields: dict[str, Any], bounds: tuple[Reason, ...], step: str, codes: list[str]) -> None:
    decision = issue_decision(facts(**fields), out_of_bounds=bounds)
    assert (decision.step, [reason.code for reason in decision.reasons]) == (step, codes)
    assert decision.at == (fields["grace_ends"] if codes[:1] == ["GRACE"] else None)


def test_the_sentences_name_people_and_times() -> None:
    lapsed = issue_decision(facts(rules=RULES, approval=approval("other"))).sentences
    assert "since bob approved it at ₹1,000.00 on 2 Dec 2026, 10:00 IST" in lapsed
    waits = issue_decision(facts(**IN_GRACE)).sentences
    assert waits == "It is a draft until 4 Dec 2026, 02:00 IST; usage that comes until then is in."


# --- what an approval is bound to -----------------------------------------------------------------------------------

LINE = Line(
    kind=LineKind.USAGE,
    amount=Decimal("100.00"),
    heads=(TaxHead("IGST", Decimal(18)),),
    quantity=Decimal(10),
    sac="998315",
)


def fingerprint(*lines: Line, total: str = "118.00", currency: str = "INR") -> str:
    return fingerprint_of(lines=lines, total=Decimal(total), currency=currency)


def test_the_same_draft_read_from_the_database_has_the_same_fingerprint() -> None:
    stored = replace(LINE, quantity=Decimal("10.00000000"), heads=(TaxHead("IGST", Decimal("18.000")),))
    assert fingerprint(LINE) == fingerprint(stored, total="118.0000")


@pytest.mark.parametrize(
    "other",
    [
        replace(LINE, amount=Decimal("100.01")),
        replace(LINE, quantity=Decimal(11)),
        replace(LINE, description="Something else"),
        replace(LINE, discount=Decimal("1.00")),
        replace(LINE, heads=(TaxHead("IGST", Decimal(12)),)),
        replace(LINE, sac="998314"),
    ],
)
def test_another_line_is_another_draft(other: Line) -> None:
    assert fingerprint(LINE) != fingerprint(other)


def test_another_total_currency_or_order_is_another_draft() -> None:
    second = replace(LINE, amount=Decimal("5.00"))
    known = {fingerprint(LINE), fingerprint(LINE, total="118.01"), fingerprint(LINE, currency="USD")}
    assert len(known | {fingerprint(LINE, second), fingerprint(second, LINE)}) == 5


def test_typed_lines_make_a_draft_edited() -> None:
    assert not edited_by_hand([LINE])
    assert edited_by_hand([LINE, replace(LINE, kind=LineKind.ONE_OFF)])
