"""Whether a draft may be issued by itself: it may, it waits, a person has to approve it, or it is parked.

Nothing here reads a clock or a database. The monthly run asks `issue_decision` between computing and issuing, and so
does finalizing by hand. The safety bounds (`invoicing.computing.safety_bounds`) come in as reasons, worked out before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Protocol
from zoneinfo import ZoneInfo

from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.money import ZERO, exact_arithmetic, round_money, with_places
from billing_platform.lib.number_formats import format_money, format_percent, short_text
from invoicing.computing.safety_bounds import USUAL_MONTHS
from invoicing.lines import Line, LineKind


class IssueStep(StrEnum):
    """What becomes of a draft now."""

    ISSUE = "issue"
    WAIT = "wait"
    APPROVE = "approve"
    PARK = "park"


class ReasonCode(StrEnum):
    """Why a draft is not issued by itself. Reasons of safety bounds have codes of their own."""

    DRAFT_ONLY = "DRAFT_ONLY"
    GRACE = "GRACE"
    ABOVE_AMOUNT = "ABOVE_AMOUNT"
    CHANGED_MUCH = "CHANGED_MUCH"
    FIRST_INVOICE = "FIRST_INVOICE"
    EDITED_BY_HAND = "EDITED_BY_HAND"
    APPROVAL_LAPSED = "APPROVAL_LAPSED"


class AnyReason(Protocol):
    """A code for programs and a sentence for people."""

    @property
    def code(self) -> str: ...

    @property
    def sentence(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """The rules of one customer, its seller's where it has none of its own.

    `draft_days`: calendar days from the run's draft to issuing. `above`: a total above it needs approval, in the
    customer's currency, tax included. `change_percent`: so does a total that differs by more from the mean of the last
    invoices; `first`: the customer's first invoice; `edited`: a draft with lines that a person typed.
    """

    draft_days: int = 0
    above: Decimal | None = None
    change_percent: Decimal | None = None
    first: bool = False
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """The last approval of a draft: of what it was then, as `fingerprint` says."""

    fingerprint: str
    total: Decimal
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class IssuingFacts:
    """What the decision is made from.

    `history` are the totals of the customer's last issued month invoices in the draft's currency, the latest first;
    `issued_before`: it has any issued invoice. Without lines there is nothing to issue, and nothing to approve. `zone`
    is the seller's: times in sentences are written in it. `grace_ends` is None where nothing has to be waited for, as
    when a person finalizes. `hold` is the sentence of a hold that forbids issuing. `fingerprint` is that of the draft
    as computed now; it is compared with that of an approval.
    """

    now: datetime
    zone: ZoneInfo
    currency: str
    total: Decimal
    edited: bool
    fingerprint: str
    rules: ApprovalRules
    history: Sequence[Decimal] = ()
    issued_before: bool = True
    has_lines: bool = True
    grace_ends: datetime | None = None
    hold: str = ""
    approval: Approval | None = None

    @property
    def is_approved(self) -> bool:
        return self.approval is not None and self.approval.fingerprint == self.fingerprint


@dataclass(frozen=True, slots=True)
class Decision:
    """`at` is the end of the wait, if a time ends it."""

    step: IssueStep
    reasons: tuple[AnyReason, ...] = ()
    at: datetime | None = None

    @property
    def sentences(self) -> str:
        return " ".join(reason.sentence for reason in self.reasons)


def end_of_grace(*, drafted_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of day, `days` calendar days later in `zone`, the seller's: a day in which clocks are changed is a
    day too."""
    return (drafted_at.astimezone(zone) + timedelta(days=days)).astimezone(drafted_at.tzinfo)


def issue_decision(facts: IssuingFacts, *, out_of_bounds: Sequence[AnyReason] = ()) -> Decision:
    """What becomes of a draft now, with every reason why it is not simply issued.

    A hold is above an approval, and an approval above everything else: a person has seen exactly this draft. Whoever
    approves within the grace has it issued early. `out_of_bounds` are the safety bounds that the draft is beyond.
    """
    demands: tuple[AnyReason, ...] = tuple(demands_of_approval(facts)) if facts.has_lines else ()
    if facts.hold and facts.has_lines:
        return Decision(IssueStep.WAIT, (Reason(ReasonCode.DRAFT_ONLY, facts.hold), *demands))
    if facts.is_approved:
        return Decision(IssueStep.ISSUE)
    if facts.grace_ends is not None and facts.now < facts.grace_ends:
        reasons = (_in_grace(facts.grace_ends, facts.zone), *demands, *_lapsed(facts))
        return Decision(IssueStep.WAIT, reasons, facts.grace_ends)
    if out_of_bounds:
        return Decision(IssueStep.PARK, (*out_of_bounds, *demands, *_lapsed(facts)))
    if demands:
        return Decision(IssueStep.APPROVE, (*demands, *_lapsed(facts)))
    return Decision(IssueStep.ISSUE)


def demands_of_approval(facts: IssuingFacts) -> Iterator[Reason]:
    """Each of the customer's rules that the draft falls under."""
    rules, total = facts.rules, _money(facts.total, facts)
    if rules.above is not None and facts.total > rules.above:
        yield Reason(ReasonCode.ABOVE_AMOUNT, f"The total of {total} is above {_money(rules.above, facts)}.")
    if rules.change_percent is not None and (change := _change(facts, rules.change_percent)):
        yield Reason(ReasonCode.CHANGED_MUCH, f"The total of {total} is {change}.")
    if rules.first and not facts.issued_before:
        yield Reason(ReasonCode.FIRST_INVOICE, "It is the customer's first invoice.")
    if rules.edited and facts.edited:
        yield Reason(ReasonCode.EDITED_BY_HAND, "It has lines that were typed by hand.")


def edited_by_hand(lines: Iterable[Line]) -> bool:
    """A person typed some of it: a line of a month's draft, or a one-off invoice."""
    return any(line.kind == LineKind.ONE_OFF for line in lines)


def fingerprint_of(*, lines: Iterable[Line], total: Decimal, currency: str) -> str:
    """What a person approves: currency, total, and each line with its taxes and days. Another day, or another rate
    into rupees, is the same draft."""
    content = [currency, short_text(total), [_line(line) for line in lines]]
    return sha256(json.dumps(content, separators=(",", ":"), default=str).encode()).hexdigest()


def _line(line: Line) -> list[object]:
    heads = sorted([head.name, short_text(head.rate)] for head in line.heads)
    amounts = [short_text(each) for each in (line.quantity, line.amount, line.discount)]
    days = [str(each) for each in (line.service_start, line.service_end, line.used_in)]
    return [line.kind, line.description, line.sac, line.metric_name, line.unit, amounts, days, heads]


def _change(facts: IssuingFacts, allowed: Decimal) -> str:
    """How far the total is from the mean of the last invoices; empty where it is near enough or there is no mean."""
    last = facts.history[:USUAL_MONTHS]
    count, before = len(last), sum(last, ZERO)
    if not count:
        return ""
    with exact_arithmetic():
        difference = facts.total * count - before
        if before <= ZERO:
            return "not nothing, as the last invoices were" if difference else ""
        if abs(difference) * 100 <= allowed * before:
            return ""
    percent = with_places(abs(difference) * 100 / before, 1)
    mean = _money(round_money(before / count, facts.currency), facts)
    which = "the last month invoice" if count == 1 else f"the mean of the last {count} month invoices"
    way = "above" if difference > ZERO else "below"
    return f"{format_percent(percent)} {way} {mean}, {which}; {format_percent(allowed)} is allowed"


def _in_grace(ends: datetime, zone: ZoneInfo) -> Reason:
    return Reason(ReasonCode.GRACE, f"It is a draft until {time_text(ends, zone)}; usage that comes until then is in.")


def _lapsed(facts: IssuingFacts) -> tuple[Reason, ...]:
    approval = facts.approval
    if approval is None or facts.is_approved:
        return ()
    then = _money(approval.total, facts)
    sentence = (
        f"The draft has changed since {approval.by} approved it at {then} on {time_text(approval.at, facts.zone)}: "
        "the approval does not hold any more."
    )
    return (Reason(ReasonCode.APPROVAL_LAPSED, sentence),)


def _money(amount: Decimal, facts: IssuingFacts) -> str:
    return format_money(amount, facts.currency)
