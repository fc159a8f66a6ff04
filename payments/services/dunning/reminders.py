"""Remind customers before, on and after the due date: one e-mail for each step ever, late rather than never."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, NotFound
from invoicing.models import Invoice
from organisations.models import BillingEntity, Organisation
from payments.dunning.reminder_steps import steps_now
from payments.models import DunningRules, Reminder
from payments.models.dunning_rules import rules_of
from payments.services.dunning import letters, quiet

FROM_HOUR, TO_HOUR = 9, 20
"""Reminders are sent in these hours of the customer's day: from 09:00, and late ones before 20:00."""

Status = Reminder.Status


def invoices_to_remind(*, limit: int = 1000) -> list[UUID]:
    """Invoices for which a step is due, and was neither sent nor skipped: one query for each seller and time zone."""
    found: list[UUID] = []
    stored = {rules.billing_entity_id: rules for rules in DunningRules.objects.all()}
    for seller in BillingEntity.objects.filter(is_test=False):
        rules = stored.get(seller.pk) or DunningRules(billing_entity=seller)
        for zone in _open_zones() if rules.reminders_on and rules.steps else ():
            theirs = Invoice.objects.filter(billing_entity=seller, organisation__time_zone=zone)
            due = _with_a_step_due(theirs.collectable(), rules.steps, clock.today(zone))
            rows = quiet.not_quiet(due, time_zone=zone).order_by("due_date", "pk")
            found += rows.values_list("pk", flat=True)[: limit - len(found)]
    return found


def reminders_due_of(organisation: Organisation) -> list[UUID]:
    """The same of one customer, at any hour."""
    rules = rules_of(organisation.billing_entity_id)
    if not (rules.reminders_on and rules.steps):
        return []
    theirs = Invoice.objects.filter(organisation=organisation, billing_entity=organisation.billing_entity_id)
    due = _with_a_step_due(theirs.collectable(), rules.steps, clock.today(organisation.time_zone))
    return list(due.order_by("due_date", "pk").values_list("pk", flat=True))


@transaction.atomic
def send_due_reminder(*, invoice_id: UUID) -> Reminder | None:
    """Send the latest step that is due, and note the missed ones before it as skipped. None if there is none, if it is
    not between 09:00 and 20:00 for the customer, or if nobody is to ask for now."""
    invoice = _locked(invoice_id)
    rules = rules_of(invoice.billing_entity_id)
    if not (invoice.is_collectable and rules.reminders_on and _is_day(invoice.organisation.time_zone)):
        return None
    if quiet.why_quiet(invoice) or quiet.live_debit(invoice):
        return None
    due = steps_now(steps=rules.steps, **_days(invoice), known=known_steps(invoice))
    if due.send is None:
        return None
    amount = invoice.amount_due
    Reminder.objects.bulk_create(
        Reminder(invoice=invoice, step=step, status=Status.SKIPPED, amount=amount) for step in due.skip
    )
    email = letters.queue_reminder(invoice, key=str(due.send), rules=rules)
    sent: Reminder = Reminder.objects.create(
        invoice=invoice, step=due.send, status=Status.SENT, amount=amount, email=email
    )
    return sent


@transaction.atomic
def send_reminder_now(*, invoice_id: UUID, by: str) -> Reminder:
    """Send one at once, besides the steps, at any hour, also while reminders are off or paused.

    Raises NotFound, and DomainError INVOICE_NOT_COLLECTABLE or CUSTOMER_HELD.
    """
    invoice = _locked(invoice_id)
    if not invoice.is_collectable:
        raise DomainError(f"Nothing is due on invoice {invoice}.", code="INVOICE_NOT_COLLECTABLE")
    for hold in invoice.organisation.standing_holds:
        if hold.kind in quiet.HOLDS:
            raise DomainError(f"{invoice.organisation} is held. {hold.sentence}", code="CUSTOMER_HELD")
    number = Reminder.objects.filter(invoice=invoice, step__isnull=True).count() + 1
    email = letters.queue_reminder(invoice, key=f"by-hand-{number}", rules=rules_of(invoice.billing_entity_id))
    sent: Reminder = Reminder.objects.create(
        invoice=invoice, status=Status.SENT, amount=invoice.amount_due, email=email, sent_by=by[:200]
    )
    return sent


def known_steps(invoice: Invoice) -> list[int]:
    rows = Reminder.objects.filter(invoice=invoice, step__isnull=False)
    return list(rows.values_list("step", flat=True))


def _with_a_step_due(invoices: QuerySet[Invoice], steps: list[int], today: date) -> QuerySet[Invoice]:
    """`steps_now` for the database: the latest step whose day has come, unless it or a later one is known."""
    wanted = Q()
    after = sorted(steps)
    for step, later in zip(after, [*after[1:], None], strict=True):
        reached = Q(due_date__lte=today - timedelta(days=step), issue_date__lt=F("due_date") + timedelta(days=step))
        if later is not None:
            reached &= Q(due_date__gt=today - timedelta(days=later))
        known = Reminder.objects.filter(invoice=OuterRef("pk"), step__gte=step)
        wanted |= reached & Q(~Exists(known))
    return invoices.filter(wanted)


def _open_zones() -> Iterator[str]:
    """The time zones of customers where it is day now."""
    zones = Organisation.objects.order_by("time_zone").values_list("time_zone", flat=True).distinct()
    return (zone for zone in zones if _is_day(zone))


def _is_day(zone: str) -> bool:
    return FROM_HOUR <= clock.now().astimezone(ZoneInfo(zone)).hour < TO_HOUR


def _days(invoice: Invoice) -> dict[str, date]:
    today = clock.today(invoice.organisation.time_zone)
    issued, due = invoice.issue_date or today, invoice.due_date or today
    return {"issued": issued, "due": due, "today": today}


def _locked(invoice_id: UUID) -> Invoice:
    rows = Invoice.objects.select_for_update(of=("self",), no_key=True)
    invoice: Invoice | None = rows.select_related("organisation", "billing_entity").filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound("There is no such invoice.")
    return invoice
