"""The steps of the completeness statement's waterfalls: what became of what was received, and of what was billed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from billing_platform.lib.admin.charts.waterfall import Step, Tone
from billing_platform.lib.money import ZERO
from reconciliation.selectors.completeness import Name, Section, Topic

Sections = dict[Topic, Section]


def events_steps(sections: Sections) -> list[Step]:
    """From events received to events on invoice lines; what is nothing is left out."""
    received, counted, usage, billed = (
        sections[topic] for topic in (Topic.RECEIVED, Topic.COUNTED, Topic.USAGE, Topic.BILLED)
    )
    steps = [Step.total("Received", received.whole)]
    steps += _less(received, Name.DUPLICATES, Name.DEAD_LETTERS, Name.NOT_SETTLED)
    steps += [Step.difference(-received.difference), Step.total("Counted", counted.whole)]
    steps += [*_less(counted, Name.ELSEWHERE), Step.difference(-counted.difference)]
    steps += _more(usage, Name.FROM_ELSEWHERE, Name.VOIDED, Name.REPLACEMENTS)
    steps += [Step.difference(usage.difference), Step.total("Usage of the month", usage.whole)]
    steps += _less(billed, Name.TEST, Name.UNPRICED, Name.WRITTEN_OFF, Name.NOT_BILLED_YET)
    steps += [Step.difference(-billed.difference), Step.total("On invoice lines", _value(billed, Name.ON_LINES))]
    return _without_nothing(steps)


def money_steps(sections: Sections) -> list[Step]:
    """From lines to what Razorpay has paid out, in one currency."""
    charged, invoiced, owed, paid = (
        sections[topic] for topic in (Topic.CHARGED, Topic.INVOICED, Topic.OWED, Topic.PAID)
    )
    steps = [Step.total("Lines", charged.whole - charged.difference), Step.difference(charged.difference)]
    steps += _more(invoiced, Name.DISCOUNTS, Name.TAX, Name.ROUND_OFF)
    steps += [Step.difference(invoiced.difference), Step.total("Invoices", invoiced.whole)]
    steps += _less(owed, Name.CREDIT_NOTES, Name.GIVEN_BACK, Name.OUTSTANDING)
    steps += [Step.difference(-owed.difference), Step.total("Paid", paid.whole)]
    steps += _less(paid, Name.OFFLINE, Name.WITHHELD, Name.AT_RAZORPAY)
    steps += [Step.difference(-paid.difference), Step.total("Paid out by Razorpay", _value(paid, Name.PAID_OUT))]
    return _without_nothing(steps)


def _value(section: Section, name: Name) -> Decimal:
    return sum((part.value for part in section.parts if part.name == name), ZERO)


def _less(section: Section, *names: Name) -> list[Step]:
    return [Step.change(name.value, -_value(section, name)) for name in names]


def _more(section: Section, *names: Name) -> list[Step]:
    return [Step.change(name.value, _value(section, name)) for name in names]


def _without_nothing(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step.value or step.tone == Tone.TOTAL]
