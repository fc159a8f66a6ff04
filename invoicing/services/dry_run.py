"""The dry run: what a month's billing run would make of each customer by now. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.invoice import Computed, compute
from invoicing.computing.safety_bounds import MonthDraft, MonthTotal, OutOfBounds
from invoicing.models import BillingRunItem
from invoicing.selectors.month_history import month_histories
from invoicing.selectors.safety_bounds import out_of_bounds_of
from invoicing.services.billing_run import left_to_do, who_is_billed
from invoicing.services.facts import facts_of_months
from organisations.models import Organisation

CHUNK = 200
"""Customers whose facts are read together."""


class Outcome(Enum):
    """What would become of a customer's month, in words for people."""

    ISSUED = "Issued"
    PARKED = "Parked for review"
    REFUSED = "Can't be issued"
    NOTHING = "Nothing to bill"
    LEFT_ALONE = "Left alone"
    NOT_OVER = "Month not over"


@dataclass(frozen=True, slots=True)
class DryRow:
    """One customer. `total` is with tax, `before` what the month before was invoiced at; None where there is none.
    `remarks` say why it is not simply issued, and what would stay unbilled."""

    organisation: Organisation
    outcome: Outcome
    total: Decimal | None = None
    lines: int = 0
    before: Decimal | None = None
    remarks: tuple[str, ...] = ()

    @property
    def difference(self) -> Decimal | None:
        """To the month before; None where one of the two is missing."""
        return None if self.total is None or self.before is None else self.total - self.before


def customers_of(period: BillingPeriod) -> list[Organisation]:
    """Everybody whom the month concerns, by name: also those that are billed already, and whose month is not over."""
    ready, not_over = who_is_billed(period)
    return sorted((*ready, *(each for each, _end in not_over)), key=lambda each: each.name)


def dry_run(*, period: BillingPeriod, organisations: Sequence[Organisation]) -> Iterator[DryRow]:
    """A row for each of the organisations, in their order; worked out as they are asked for, some hundred at a time."""
    due = {organisation.pk for organisation in left_to_do(period=period)}
    states = {
        item.organisation_id: item
        for item in BillingRunItem.objects.filter(run__period_start=period.start).select_related("invoice")
    }
    for start in range(0, len(organisations), CHUNK):
        chunk = organisations[start : start + CHUNK]
        computed = _computed([each for each in chunk if each.pk in due], period)
        histories = month_histories(organisations=[each.pk for each in chunk], before=period)
        drafts = {
            organisation.pk: _draft(organisation, found, period)
            for organisation in chunk
            if isinstance(found := computed.get(organisation.pk), Computed)
        }
        bounds = out_of_bounds_of(chunk, drafts, period=period)
        for organisation in chunk:
            before = _month_before(histories.get(organisation.pk, ()), period)
            found = computed.get(organisation.pk)
            if found is None:
                yield _untouched(organisation, states.get(organisation.pk), before)
            elif isinstance(found, DomainError):
                yield DryRow(organisation, Outcome.REFUSED, before=before, remarks=(found.message,))
            else:
                yield _worked_out(organisation, found, before, bounds.get(organisation.pk, ()))


def _computed(organisations: list[Organisation], period: BillingPeriod) -> dict[object, Computed | DomainError]:
    """The month's invoice of each, or the rule that refuses to work it out."""
    found: dict[object, Computed | DomainError] = {}
    for pk, facts in (facts_of_months(organisations, period) if organisations else {}).items():
        try:
            found[pk] = compute(facts)
        except DomainError as error:
            found[pk] = error
    return found


def _draft(organisation: Organisation, computed: Computed, period: BillingPeriod) -> MonthDraft:
    remarks = tuple(warning.message for warning in computed.warnings)
    return MonthDraft(period.start, computed.currency, computed.totals.total, len(computed.lines), remarks)


def _month_before(history: Sequence[MonthTotal], period: BillingPeriod) -> Decimal | None:
    previous = period.previous().start
    return next((each.total for each in history if each.month == previous), None)


def _untouched(organisation: Organisation, item: BillingRunItem | None, before: Decimal | None) -> DryRow:
    """With the total of the invoice or draft that the month has already."""
    if item is None:
        return DryRow(organisation, Outcome.NOT_OVER, before=before)
    total = item.invoice.total if item.invoice else None
    return DryRow(organisation, Outcome.LEFT_ALONE, total, before=before, remarks=(item.get_status_display(),))


def _worked_out(
    organisation: Organisation, computed: Computed, before: Decimal | None, bounds: Sequence[OutOfBounds]
) -> DryRow:
    blocking = tuple(warning.message for warning in computed.warnings if warning.blocks)
    others = tuple(warning.message for warning in computed.warnings if not warning.blocks)
    reasons = tuple(reason.sentence for reason in bounds)
    total = computed.totals.total
    if not computed.lines and not bounds:
        return DryRow(organisation, Outcome.NOTHING, total=ZERO, before=before, remarks=others)
    outcome = Outcome.PARKED if reasons else Outcome.REFUSED if blocking else Outcome.ISSUED
    told = tuple(dict.fromkeys((*blocking, *reasons, *others)))
    return DryRow(organisation, outcome, total, len(computed.lines), before, told)
