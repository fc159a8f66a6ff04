"""A month below nothing: corrections of usage are given back by credit notes, and the rest is invoiced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.money import ZERO, Money, allocate, round_money
from billing_platform.lib.number_formats import format_money
from events.services.months import close_period
from invoicing.computing.credit_notes import Wanted
from invoicing.lines import Line, LineKind
from invoicing.models import BillingRunItem, CreditNote, Invoice, InvoiceLine
from invoicing.selectors.credit_notes import creditable
from invoicing.services.credit_notes.issuing import (
    Corrections,
    Kind,
    Outlook,
    Reason,
    Why,
    issue_credit_note,
    last_day_of,
    look_ahead,
)
from invoicing.services.drafting import computed_anew
from invoicing.services.issuing import finalize_invoice
from invoicing.services.locking import lock_billing, lock_draft, lock_items
from invoicing.services.prices.billed_months import lock_prices


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the draft: its credit notes, and the invoice over the rest, if anything was left to bill."""

    notes: tuple[CreditNote, ...]
    invoice: Invoice | None


@dataclass(slots=True)
class Plan:
    """What is given back of one invoice: of its lines' taxable values, and before their discounts. `not_given_back` was
    charged and never owed, because a typed deduction was larger than what is left of the usage."""

    invoice: Invoice
    taxable: dict[int, Decimal] = field(default_factory=dict)
    amounts: dict[int, Decimal] = field(default_factory=dict)
    not_given_back: Decimal = ZERO

    def add(self, position: int, amount: Decimal, taxable: Decimal) -> None:
        self.amounts[position] = self.amounts.get(position, ZERO) + amount
        self.taxable[position] = self.taxable.get(position, ZERO) + taxable

    def with_all_of(self, rows: Iterable[InvoiceLine], left: Mapping[int, Decimal]) -> Plan:
        """The same with all that is left of these lines."""
        grown = Plan(self.invoice, dict(self.taxable), dict(self.amounts))
        for row in rows:
            grown.taxable[row.position] = left[row.position]
            whole = row.amount if row.amount < ZERO else _before_discount(row, left[row.position], row.invoice.currency)
            grown.amounts[row.position] = whole
        return grown

    @property
    def outlook(self) -> Outlook:
        """The note that it would be. Raises InvalidInput where the invoice has not that much to credit."""
        return look_ahead(invoice=self.invoice, lines=self.wanted, kind=self.kind)

    @property
    def obstacle(self) -> str | None:
        """Why no note over it is possible."""
        try:
            _ = self.outlook
        except InvalidInput as error:
            sentence = next(iter(error.details.values()))[0]
            return f"Invoice {self.invoice} can't give the corrections back by itself. {sentence} Credit it by hand."
        except DomainError as error:  # a typed deduction and credit notes have given all of it back before
            amount = format_money(sum(self.taxable.values(), ZERO), self.invoice.currency)
            return f"{error.message} The draft takes it back again: type a line over {amount} on it."
        return None

    @property
    def kind(self) -> str | None:
        """A commercial note where the last day for GST is over."""
        last_day = last_day_of(self.invoice)
        is_late = last_day is not None and clock.today(self.invoice.billing_entity.time_zone) > last_day
        return Kind.COMMERCIAL if is_late else None

    @property
    def wanted(self) -> list[Wanted]:
        return [Wanted(position, amount=amount) for position, amount in sorted(self.taxable.items())]


@transaction.atomic
def credit_corrections(*, invoice_id: UUID, send: bool = True) -> Settled:
    """Give back what a negative draft takes back of earlier months, by a credit note against each invoice that charged
    it, the newest first; then finalize the rest. A draft of which nothing is left is deleted.

    Late usage is billed by difference, which knows these notes: neither is given back twice. All in one transaction.
    Raises DomainError NOT_NEGATIVE for a draft that is not negative, NOTHING_TO_CREDIT where no invoice charged what is
    taken back, and whatever `finalize_invoice` and `issue_credit_note` raise.
    """
    items = lock_items(invoice_id)
    invoice = lock_draft(invoice_id)
    lock_billing(invoice.organisation)
    if invoice.period is not None:
        close_period(organisation=invoice.organisation, period=invoice.period)
    lock_prices(to_change_them=False)
    notes = tuple(_credit(each, invoice, send=send) for each in planned(invoice))
    if not computed_anew(invoice).lines:
        invoice.delete()
        for item in items:
            _end(item, notes)
        return Settled(notes, None)
    return Settled(notes, finalize_invoice(invoice_id=invoice_id, send=send))


def planned(invoice: Invoice) -> list[Plan]:
    """What is given back of which invoice by now, in the order of the notes to issue. Nothing is stored.

    Raises DomainError NOT_NEGATIVE or NOTHING_TO_CREDIT.
    """
    computed = computed_anew(invoice)
    if computed.totals.total >= ZERO:
        total = format_money(computed.totals.total, computed.currency)
        raise DomainError(f"The draft comes to {total}: it can be finalized.", code="NOT_NEGATIVE")
    plans: dict[UUID, Plan] = {}
    for line in computed.lines:
        if line.kind == LineKind.LATE_USAGE and line.amount < ZERO:
            _spread(_Owed.by(line), invoice, plans)
    if not plans:
        raise DomainError("No invoice charged what the draft takes back.", code="NOTHING_TO_CREDIT")
    _make_fit(invoice, plans)
    return list(plans.values())


@dataclass(frozen=True, slots=True)
class _Owed:
    """An amount of one metric's usage in one month that is to be given back."""

    used_in: date | None
    metric: tuple[str, str]
    amount: Decimal

    @classmethod
    def by(cls, line: Line | InvoiceLine) -> _Owed:
        """What a line below zero gives back."""
        return cls(line.used_in, (line.metric_name, line.unit), -line.amount)


def _make_fit(draft: Invoice, plans: dict[UUID, Plan]) -> None:
    """Lines below zero make an invoice come to less than it charged. Where more is planned of it than there is, more of
    its lines are taken back with it, until a note over them is possible."""
    checked: set[UUID] = set()
    while waiting := [plan for pk, plan in plans.items() if pk not in checked]:
        plan = waiting[0]
        checked.add(plan.invoice.pk)
        if plan.obstacle is not None:
            for row in _taken_back_too(plan):
                _spread(_Owed.by(row), draft, plans, apart_from=checked)


def _taken_back_too(plan: Plan) -> list[InvoiceLine]:
    """Adds lines to the plan, and returns those below zero that gave back earlier usage: an earlier invoice has to give
    that back instead. First those alone; then all that the invoice charged for the corrected usage, too: what was used
    is billed again by the draft. If neither is enough, a deduction that a person typed takes as much as was used, or
    more, and all of the invoice goes back."""
    if not plan.invoice.is_creditable:
        return []
    left = {line.position: line.left for line in creditable(plan.invoice).lines}
    rows = [row for row in plan.invoice.lines.order_by("position") if left[row.position]]
    corrected = {_usage_of(row) for row in rows if row.position in plan.taxable}
    deductions = [row for row in rows if row.kind == LineKind.LATE_USAGE and row.amount < ZERO]
    charges = [row for row in rows if row.amount > ZERO and row.metric_name and _usage_of(row) in corrected]
    for more in (deductions, [*deductions, *charges]):
        grown = plan.with_all_of(more, left)
        if grown.obstacle is None:
            plan.taxable, plan.amounts = grown.taxable, grown.amounts
            return deductions
    rest = sum(left.values(), ZERO) - sum((row.amount for row in deductions), ZERO)
    if sum(plan.taxable.values(), ZERO) < rest:
        return []  # the page says what is in the way
    plan.not_given_back = sum(plan.taxable.values(), ZERO) - rest
    plan.taxable = {position: amount for position, amount in left.items() if amount}
    plan.amounts |= {row.position: row.amount for row in deductions}
    return deductions


def _usage_of(row: InvoiceLine) -> tuple[date | None, str, str]:
    return row.used_in, row.metric_name, row.unit


def _charging(draft: Invoice, owed: _Owed, apart_from: Collection[UUID]) -> list[InvoiceLine]:
    """The lines of issued invoices that charged for the metric in that month, of the newest invoice first."""
    rows = InvoiceLine.objects.filter(
        invoice__in=Invoice.objects.issued().billing().filter(organisation=draft.organisation),
        invoice__currency=draft.organisation.currency,
        used_in=owed.used_in,
        metric_name=owed.metric[0],
        unit=owed.metric[1],
        amount__gt=0,
    ).exclude(invoice__in=apart_from)
    return list(rows.select_related("invoice__billing_entity").order_by("-invoice__issue_date", "invoice", "position"))


def _spread(owed: _Owed, draft: Invoice, plans: dict[UUID, Plan], *, apart_from: Collection[UUID] = ()) -> None:
    """Take the amount off what the invoices charged, in proportion within each of them, until it is given back or
    nothing is left."""
    rest = owed.amount
    by_invoice: defaultdict[Invoice, list[InvoiceLine]] = defaultdict(list)
    for row in _charging(draft, owed, apart_from):
        by_invoice[row.invoice].append(row)
    for invoice, rows in by_invoice.items():
        currency = invoice.currency
        left = {each.position: each.left for each in creditable(invoice).lines}
        for position, planned_before in plans[invoice.pk].taxable.items() if invoice.pk in plans else ():
            left[position] -= planned_before
        whole = [_before_discount(row, left[row.position], currency) for row in rows]
        given = min(rest, sum(whole, ZERO))
        if given <= ZERO:
            continue
        own = plans.setdefault(invoice.pk, Plan(invoice))
        for row, most, part in zip(rows, whole, allocate(Money(given, currency), whole), strict=True):
            if part.amount > ZERO:
                taxable = left[row.position] if part.amount == most else _after_discount(row, part.amount, currency)
                own.add(row.position, part.amount, taxable)
        rest -= given


def _before_discount(row: InvoiceLine, left: Decimal, currency: str) -> Decimal:
    if left <= ZERO or not row.discount:
        return max(left, ZERO)
    return (Money(left, currency) * row.amount).divided(row.amount - row.discount).quantized().amount


def _after_discount(row: InvoiceLine, amount: Decimal, currency: str) -> Decimal:
    if not row.discount:
        return amount
    return round_money((Money(amount, currency) * (row.amount - row.discount)).divided(row.amount).amount, currency)


def _credit(each: Plan, draft: Invoice, *, send: bool) -> CreditNote:
    if draft.period_start is None:
        raise ValueError("Late usage is on invoices of months.")
    return issue_credit_note(
        invoice_id=each.invoice.pk,
        lines=each.wanted,
        why=Why(Reason.QUANTITY_TOO_HIGH, f"Usage was corrected in {month_text(draft.period_start)}."),
        kind=each.kind,
        send=send,
        corrections=Corrections(draft.period_start, each.amounts),
    )


def _end(item: BillingRunItem, notes: Iterable[CreditNote]) -> None:
    """Nothing of the month is left to bill. An item that a worker will take up ends by itself."""
    if item.status in (BillingRunItem.Status.PENDING, BillingRunItem.Status.CLAIMED):
        return
    numbers = ", ".join(note.number for note in notes)
    item.status, item.invoice = BillingRunItem.Status.SKIPPED, None
    item.reason, item.finished_at = f"Credited by {numbers}; nothing else to bill.", clock.now()
    item.save(update_fields=["status", "invoice", "reason", "finished_at", "updated_at"])
