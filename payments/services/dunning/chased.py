"""Who is asked again, and what happens next: for one invoice, or for a page of overdue ones, with a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from billing_platform.lib import clock
from invoicing.models import Invoice
from invoicing.models.invoice import amount_due
from organisations.models import BillingEntity, BillingHold
from organisations.scoping import Actor
from organisations.services.holds import standing_holds
from payments.dunning.reminder_steps import next_step
from payments.models import DunningRules, MandateCharge, PaymentRetry, Reminder, ReminderPause
from payments.services.dunning.quiet import HOLDS

ORDERS = {"amount": ("currency", "-due", "due_date"), "days": ("due_date", "currency", "-due")}
"""Amounts of different currencies can't be compared: each currency stands together."""


@dataclass
class Chased:
    """One invoice. `next_reminder` is the customer's day, also while something keeps it from being sent then."""

    invoice: Invoice
    days_late: int
    rules: DunningRules
    reminders: list[Reminder] = field(default_factory=list)  # newest first
    plan: PaymentRetry | None = None
    pause: ReminderPause | None = None
    broken: ReminderPause | None = None
    holds: list[BillingHold] = field(default_factory=list)
    debit: MandateCharge | None = None
    next_reminder: date | None = None

    @property
    def last_sent(self) -> Reminder | None:
        return next((each for each in self.reminders if each.status == Reminder.Status.SENT), None)

    @property
    def quiet(self) -> str:
        """The sentence of what keeps everybody from asking; "" if nothing does."""
        if self.holds:
            return self.holds[0].sentence
        return self.pause.sentence if self.pause else ""


def overdue(*, actor: Actor, order: str, seller: BillingEntity | None = None) -> QuerySet[Invoice]:
    """Invoices on which something is due and late by the day in India, with `due`; the order is "amount" or "days"."""
    rows = Invoice.objects.for_organisations(actor).overdue(clock.today("Asia/Kolkata")).annotate(due=amount_due())
    rows = rows.real() if seller is None else rows.filter(billing_entity=seller)
    return rows.select_related("organisation__billing_entity").order_by(*ORDERS[order], "number")  # type: ignore[no-any-return]


def chased(invoices: Sequence[Invoice]) -> list[Chased]:
    """What was done about each invoice and what comes next, in the order given."""
    ids = [invoice.pk for invoice in invoices]
    reminders = _by_invoice(Reminder.objects.filter(invoice__in=ids).order_by("-created_at", "-step"))
    pauses = _by_invoice(ReminderPause.objects.filter(invoice__in=ids).order_by("-created_at"))
    plans = _by_invoice(PaymentRetry.objects.filter(invoice__in=ids).order_by("-created_at"))
    debits = _by_invoice(MandateCharge.objects.live().filter(invoice__in=ids))
    rules = {row.billing_entity_id: row for row in DunningRules.objects.all()}
    holds: defaultdict[UUID, list[BillingHold]] = defaultdict(list)
    for kind in HOLDS:
        for customer, found in standing_holds(
            organisations={invoice.organisation_id for invoice in invoices}, kind=kind
        ).items():
            holds[customer] += found
    rows = []
    for invoice in invoices:
        row = Chased(
            invoice=invoice,
            days_late=max((_today(invoice) - invoice.due_date).days, 0) if invoice.due_date else 0,
            rules=rules.get(invoice.billing_entity_id) or DunningRules(billing_entity_id=invoice.billing_entity_id),
            reminders=reminders[invoice.pk],
            plan=next(iter(plans[invoice.pk]), None),
            holds=holds[invoice.organisation_id],
            debit=next(iter(debits[invoice.pk]), None),
        )
        _add_pauses(row, pauses[invoice.pk])
        row.next_reminder = _next_reminder(row)
        rows.append(row)
    return rows


def _add_pauses(row: Chased, pauses: list[ReminderPause]) -> None:
    today = _today(row.invoice)
    open_one = next((each for each in pauses if each.ended_at is None), None)
    if open_one is not None and (open_one.last_day is None or open_one.last_day >= today):
        row.pause = open_one
    promise = next((each for each in pauses if each.kind == ReminderPause.Kind.PROMISE), None)
    if promise is not None and promise.last_day is not None and promise.last_day < today:
        row.broken = promise


def _next_reminder(row: Chased) -> date | None:
    invoice = row.invoice
    if not (row.rules.reminders_on and invoice.issue_date and invoice.due_date and invoice.is_collectable):
        return None
    known = [each.step for each in row.reminders if each.step is not None]
    return next_step(
        steps=row.rules.steps, issued=invoice.issue_date, due=invoice.due_date, today=_today(invoice), known=known
    )


def _today(invoice: Invoice) -> date:
    return clock.today(invoice.organisation.time_zone)


def _by_invoice(rows: QuerySet[Any]) -> defaultdict[UUID, list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.invoice_id].append(row)
    return found
